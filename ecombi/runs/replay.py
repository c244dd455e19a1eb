"""Executes a run again with the same code, parameters and snapshot, and compares what it declares."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecombi.errors import ReportError
from ecombi.project import project_root
from ecombi.reports.catalogue import find
from ecombi.reports.declared import Difference, differences
from ecombi.reports.runner import make
from ecombi.reports.scratch import scratch
from ecombi.runs.pinning import environment, keeps_snapshots, kept_snapshots
from ecombi.runs.receipt import result_hash
from ecombi.runs.record import Pinned, Run
from ecombi.runs.versions import packages, report_files
from ecombi.settings import Settings

if TYPE_CHECKING:
    from ecombi.runs.runner import Runner

_SHOWN = 12
"""Hexadecimal digits that people need to tell one version from another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What came of executing a run again.

    Attributes:
        original: The run.
        differences: Where what is declared now is not what was stored; nothing where they are equal.
        notes: What could not be the same, in words.
    """

    original: str
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether the same was declared."""
        return not self.differences

    def records(self) -> list[dict[str, object]]:
        """Return one record per difference; where there is none, one that says so."""
        if self.equal:
            return [{"run": self.original, "result": "equal"}]
        return [
            {"run": self.original, "place": one.path, "before": one.before, "now": one.after}
            for one in self.differences
        ]


def replay(run_id: str, runner: Runner) -> Replay:
    """Execute a run again and compare; nothing is stored.

    The code is the run's own where today's differs. The snapshot is the run's own where it is kept; otherwise every
    question is answered with what had been loaded when it was published.

    Raises:
        UnknownRunError: There is no such run.
        ReportError: It left no result, or it cannot be executed again.
    """
    run = runner.store.get(run_id)
    before, receipt = runner.folders.result(run.run_id), runner.folders.receipt(run.run_id)
    if before is None or receipt is None or run.pinned is None:
        raise ReportError(f"Run {run.run_id} is {run.state} and left no result to compare with.")
    notes = [*_tampered(before, receipt), *_other_packages(receipt)]
    with _code(runner, run, run.pinned, notes) as (project, code):
        report = find(run.request.report, project)
        known_at = receipt["known_at"] and datetime.fromisoformat(receipt["known_at"])
        settings = runner.settings.model_copy(update={"project": project, "known_at": known_at, "snapshot": None})
        made = make(
            report,
            run.request.parameters,
            settings=runner.settings,
            environment=_environment(settings, run, run.pinned, notes) | code,
            deadline=run.request.deadline_seconds,
            snapshot=run.pinned.snapshot,
            memory=run.request.memory_bytes,
            fork=not code,
        )
    if made.failure is not None:
        raise made.failure
    return Replay(original=run.run_id, differences=tuple(differences(before, dict(made.result))), notes=tuple(notes))


@contextmanager
def _code(runner: Runner, run: Run, pinned: Pinned, notes: list[str]) -> Iterator[tuple[Path, dict[str, str]]]:
    """Yield the project to run from, and the variables by which the run's own code comes first."""
    project = project_root(runner.settings.project)
    now = None
    if all(path.exists() for path in report_files(project, run.request.report).values()):
        now = runner.code.keep(project, run.request.report)
    if now == pinned.code_version:
        yield project, {}
        return
    then = pinned.code_version[:_SHOWN]
    changed = f"The code has changed since: it was {then}, it is {now[:_SHOWN] if now else 'gone'}."
    if not runner.code.has(pinned.code_version):
        notes.append(f"{changed} The run's own is not kept any more, so today's was executed.")
        yield project, {}
        return
    notes.append(f"{changed} The run's own was executed.")
    with scratch("replay") as folder:
        unpacked = runner.code.unpack(pinned.code_version, folder)
        known = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
        yield unpacked, {"PYTHONPATH": os.pathsep.join(known)}


def _environment(settings: Settings, run: Run, pinned: Pinned, notes: list[str]) -> dict[str, str]:
    name = f"{run.run_id} again"
    kept = {snapshot.number: snapshot.published_at for snapshot in kept_snapshots(settings)}
    if pinned.snapshot is None:
        return environment(settings, run.request, snapshot=None, run_id=name)
    if kept.get(pinned.snapshot) == pinned.snapshot_at:
        return environment(settings, run.request, snapshot=pinned.snapshot, run_id=name)
    why = "is not kept any more" if keeps_snapshots(settings) else "is not what the server holds any more"
    notes.append(f"Snapshot {pinned.snapshot} {why}: asked was what had been loaded by {pinned.snapshot_at}.")
    then = settings.model_copy(update={"known_at": settings.known_at or pinned.snapshot_at})
    return environment(then, run.request, snapshot=None, run_id=name)


def _tampered(result: Mapping[str, Any], receipt: Mapping[str, Any]) -> Iterator[str]:
    if result_hash(result) != receipt["result_sha256"]:
        yield "The stored result.json is not what the run declared: its hash is not the one on the receipt."


def _other_packages(receipt: Mapping[str, Any]) -> Iterator[str]:
    if receipt["python"] != platform.python_version():
        yield f"Python was {receipt['python']}, it is {platform.python_version()}."
    then, now = receipt["packages"], packages()
    changed = [
        f"{name} {then.get(name, 'absent')} -> {now.get(name, 'absent')}"
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    ]
    if changed:
        yield f"Other packages are installed: {', '.join(changed)}."
