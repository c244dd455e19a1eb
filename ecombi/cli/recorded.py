"""Opening what runs reports, and saying how a run stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ecombi.cli.options import Format
from ecombi.cli.output import write

if TYPE_CHECKING:
    from ecombi.runs.record import Run
    from ecombi.runs.runner import Runner


@contextmanager
def open_runner(workspace: Path | None) -> Iterator[Runner]:
    """Open the runner of a workspace, after finding runs that were cut short.

    Raises:
        BackendError: The application database cannot be opened.
    """
    from ecombi.backends.state import open_state
    from ecombi.cli.clock import now
    from ecombi.runs.runner import Runner
    from ecombi.runs.store import RunStore
    from ecombi.settings import load_settings

    settings = load_settings(**({} if workspace is None else {"workspace": workspace}))
    state = open_state(settings)
    try:
        runner = Runner(settings, RunStore(state), clock=now)
        runner.recover()
        yield runner
    finally:
        state.close()


def summary(run: Run, expected: Mapping[int, float], *, at: datetime) -> dict[str, object]:
    """Return one line about a run.

    Args:
        run: The run.
        expected: Seconds its cells took in earlier runs; 0 is the whole.
        at: Now.
    """
    return {
        "run": run.run_id,
        "report": run.request.report,
        "outputs": run.request.stem,
        "state": run.state.value,
        "attempt": run.attempt,
        "requested": run.requested_at.isoformat(timespec="seconds"),
        "seconds": _elapsed(run, at),
        "now": standing(run, expected, at=at),
    }


def standing(run: Run, expected: Mapping[int, float], *, at: datetime) -> str | None:
    """Say which cell runs, for how long, and what is expected from earlier runs; or why the run did not succeed."""
    if run.state.value == "running":
        place = f"cell {run.cell} of {run.cells}" if run.cell else "starting"
        spent = seconds(_elapsed(run, at) or 0)
        usual = f" of about {seconds(expected[0])}" if 0 in expected else ""
        asked = ", asked to stop" if run.cancel_requested_at else ""
        return f"{place}, {spent}{usual}{asked}"
    if run.failure is not None and run.state.value != "succeeded":
        return run.failure.message.splitlines()[0]
    return None


def finish(run: Run, form: Format, *, quiet: bool = False) -> None:
    """Write what a run made, or raise what it failed with.

    Raises:
        EcombiError: The run did not succeed.
    """
    from ecombi.runs.runner import exit_error

    if error := exit_error(run):
        raise error
    if not quiet:
        write([produced(run)], form)


def produced(run: Run) -> dict[str, object]:
    """Return what a run made: the published documents."""
    documents = run.request.folder / run.request.stem
    return {
        "report": run.request.report,
        "run": run.run_id,
        "html": f"{documents}.html",
        "notebook": f"{documents}.ipynb",
        "seconds": _elapsed(run, run.ended_at) if run.ended_at else None,
    }


def seconds(count: float) -> str:
    """Write a time as people say it: 3.2 s, 4 min 05 s."""
    minutes, rest = divmod(count, 60)
    return f"{int(minutes)} min {rest:02.0f} s" if minutes else f"{rest:.1f} s"


def _elapsed(run: Run, at: datetime) -> float | None:
    if run.started_at is None:
        return None
    return round(max((run.ended_at or at) - run.started_at, timedelta()).total_seconds(), 2)
