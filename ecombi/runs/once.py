"""Asks for a run only where the same has not been done yet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

from ecombi.errors import RunConflict
from ecombi.project import project_root
from ecombi.reports import find
from ecombi.runs.folders import target_of
from ecombi.runs.record import Run, State
from ecombi.runs.runner import Runner
from ecombi.runs.work import Progress


def ask_once(
    runner: Runner,
    report: str,
    values: Mapping[str, object],
    *,
    trigger: str,
    basis: str,
    as_of: date | None = None,
    out: Path | None = None,
    good: Callable[[Run], bool] | None = None,
) -> tuple[Run, bool]:
    """Ask for a run of a report, or find the one that has been asked for with the same parameters, code and basis.

    Args:
        runner: Runs it, later.
        report: Its name.
        values: Its parameters.
        trigger: What asks.
        basis: What else makes it another run, for example the number of the snapshot.
        as_of: The day that parameters which follow it begin from.
        out: Folder for the outputs.
        good: Whether an earlier success will do; None: if its document is still there.

    Returns:
        The run, and whether anything is left to be done.

    Raises:
        ParameterError: A value does not fit.
        UnknownReportError: There is no such report.
    """
    project = project_root(runner.settings.project)
    bound = find(report, project).bind(values, as_of=as_of)
    said = json.dumps([bound, runner.code.keep(project, report), basis, str(out or "")], sort_keys=True)
    first = key = f"{trigger}:{report}:{hashlib.sha256(said.encode()).hexdigest()[:32]}"
    while True:
        run, _ = runner.request(report, bound, trigger=trigger, idempotency_key=key, out=out)
        if run.state is not State.SUCCEEDED:
            return run, True
        if (good or is_published)(run):
            return run, False
        # Its key is taken for good, so the one that takes its place has another.
        key = f"{first}:after:{run.run_id}"


def is_published(run: Run) -> bool:
    """Whether the document of a run is where people look."""
    return target_of(run, "html").exists()


def run_asked(runner: Runner, asked: Sequence[Run], *, workers: int, progress: Progress | None = None) -> list[Run]:
    """Run what was asked for to its end; where that is cut short, what has not begun is cancelled.

    Returns:
        The runs as they are then, in the order given.
    """
    try:
        return runner.run_all([run.run_id for run in asked], workers=workers, progress=progress)
    except BaseException:
        for run in asked:
            if runner.store.get(run.run_id).state is State.QUEUED:
                _cancel(runner, run)
        raise


def _cancel(runner: Runner, run: Run) -> None:
    try:
        runner.store.cancel(run.run_id, at=runner.clock())
    except RunConflict:
        # It has just ended by itself.
        return
