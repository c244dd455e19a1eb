"""The folders of runs: each appears whole by one rename, and is then copied to where people look."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ecombi.errors import ReportError
from ecombi.reports.output import publish_copies, publish_folder
from ecombi.reports.runner import ENDINGS
from ecombi.runs.record import Run

FILES: Final = {
    "notebook": "notebook.ipynb",
    "html": "report.html",
    "pdf": "report.pdf",
    "xlsx": "report.xlsx",
    "result": "result.json",
    "receipt": "receipt.json",
    "failed": "failed.ipynb",
}
"""Kind of output -> its name in the folder of its run."""

# Files are made with the permissions of the process, which one thread must not look up while another does.
_publishing = threading.Lock()


@dataclass(frozen=True, slots=True)
class RunFolders:
    """The folder runs/ of a workspace."""

    root: Path

    def of(self, run_id: str) -> Path:
        """Return where the outputs of a run are, once it is done."""
        return self.root / run_id

    def receipt(self, run_id: str) -> dict[str, Any] | None:
        """Return the receipt of a run; None where its outputs were not complete."""
        return self._read(run_id, "receipt")

    def result(self, run_id: str) -> dict[str, Any] | None:
        """Return what a run declared; None where it is not there."""
        return self._read(run_id, "result")

    def commit(self, run_id: str, outputs: Mapping[str, str | bytes]) -> None:
        """Let the outputs of a run appear, by kind, all at once.

        Raises:
            ReportError: The folder cannot be written.
        """
        files = {FILES[kind]: content for kind, content in outputs.items()}
        try:
            with _publishing:
                publish_folder(self.of(run_id), files)
        except OSError as error:
            raise ReportError(f"The outputs cannot be written to {self.of(run_id)}: {error.strerror}.") from error

    def publish(self, run: Run) -> dict[str, str]:
        """Copy the outputs of a run to where people look, and remove what an earlier run left there beside them.

        May be done again after it was cut short.

        Returns:
            Kind -> name in the run's folder.

        Raises:
            ReportError: The folder cannot be written.
        """
        there = {kind: name for kind, name in FILES.items() if (self.of(run.run_id) / name).exists()}
        targets = {kind: target_of(run, kind) for kind in ENDINGS}
        try:
            with _publishing:
                publish_copies(self.of(run.run_id), {name: targets[k] for k, name in there.items() if k in targets})
                # A failure leaves the documents of the last success where they are.
                stale = [] if "failed" in there else [kind for kind in targets if kind not in there]
                for kind in stale:
                    targets[kind].unlink(missing_ok=True)
        except OSError as error:
            raise ReportError(
                f"The reports cannot be written to {run.request.folder}: {error.strerror}. "
                f"They are in {self.of(run.run_id)}."
            ) from error
        return there

    def tidy(self, run: Run) -> None:
        """Remove what a killed runner left half-written of a run that nobody runs."""
        shutil.rmtree(self.root / f".{run.run_id}", ignore_errors=True)
        for kind in ENDINGS:
            target = target_of(run, kind)
            for left in target.parent.glob(f".{target.name}.*"):
                left.unlink(missing_ok=True)

    def half_filled(self) -> list[str]:
        """Return the runs whose folder was begun and has not appeared."""
        return [path.name[1:] for path in self.root.glob(".*") if path.is_dir()]

    def remove(self, run_id: str) -> None:
        """Remove the folder of a run."""
        shutil.rmtree(self.of(run_id), ignore_errors=True)

    def _read(self, run_id: str, kind: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads((self.of(run_id) / FILES[kind]).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise ReportError(f"{self.of(run_id) / FILES[kind]} is damaged: {error}.") from error
        return found


def target_of(run: Run, kind: str) -> Path:
    """Return where people find an output of a run."""
    return run.request.folder / f"{run.request.stem}{ENDINGS[kind]}"
