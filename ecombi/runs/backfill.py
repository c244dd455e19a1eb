"""A report for every day, week or month of a stretch of time; what is done already is left as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from ecombi.errors import EmptyWarehouse, ParameterError, PeriodError
from ecombi.metrics.state import Known, known_of
from ecombi.project import project_root
from ecombi.reports import Report
from ecombi.reports.parameters import Value
from ecombi.runs.once import ask_once, is_published, run_asked
from ecombi.runs.record import Run, State
from ecombi.runs.runner import Runner
from ecombi.runs.work import Progress
from ecombi.schema.periods import Grain, Period, add_months
from ecombi.workspace import Workspace

EACH: Final = (Grain.DAY, Grain.WEEK, Grain.MONTH)

BASIS: Final = "booked"
"""By which date sales belong to a period."""

_ALL: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One run of a backfill.

    Attributes:
        period: What it is about.
        values: Every parameter of the report.
    """

    period: Period
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What came of it.

    Attributes:
        period: What it is about.
        run: Its run.
        earlier: It had been done before.
    """

    period: Period
    run: Run
    earlier: bool

    def record(self) -> dict[str, object]:
        """Return it as plain data, for printing."""
        spent = (
            None
            if self.run.started_at is None or self.run.ended_at is None
            else self.run.ended_at - self.run.started_at
        )
        return {
            "from": self.period.start.isoformat(),
            "to": self.period.end.isoformat(),
            "outputs": self.run.request.stem,
            "state": "done before" if self.earlier else self.run.state.value,
            "run": self.run.run_id,
            "seconds": None if self.earlier or spent is None else round(spent.total_seconds(), 2),
        }


def periods(start: date, end: date, each: Grain) -> list[Period]:
    """Return the whole days, weeks (from Monday) or months from `start` up to and not including `end`.

    Raises:
        PeriodError: `each` is another grain.
    """
    if each not in EACH:
        raise PeriodError(f"A backfill goes by day, week or month, not by {each}.")
    found: list[Period] = []
    # The calendar ends with the year 9999, and what would reach over its end is not whole.
    with suppress(OverflowError, ValueError):
        first = start
        if each is Grain.WEEK:
            first += timedelta(days=-start.weekday() % 7)
        elif each is Grain.MONTH and start.day > 1:
            first = add_months(start.replace(day=1), 1)
        while each.end_of(first) <= end:
            found.append(Period(first, each.end_of(first)))
            first = found[-1].end
    return found


def plan(
    report: Report, start: date, end: date, each: Grain, *, values: Mapping[str, object] | None = None
) -> list[Planned]:
    """Return the runs that a backfill consists of.

    Parameters that follow the as-of day follow the day after a period's last one. Of the others, `start` is its first
    day, `day` its last, and `end` the day after its last.

    Args:
        report: From `find`.
        start: First day.
        end: The day after the last one.
        each: day, week or month.
        values: Parameters that are the same in each run.

    Raises:
        PeriodError: There is no whole period.
        ParameterError: A value does not fit, or no parameter of the report follows the period.
    """
    following = any(p.from_as_of is not None for p in report.parameters)
    days = {p.name for p in report.parameters if p.kind == "Day" and p.from_as_of is None} & {"day", "start", "end"}
    if not days and not following:
        raise ParameterError(
            f"Report {report.name} has no parameter day, start or end, and none that follows the as-of day, "
            "so it would be the same for every period. Run it once: ecombi report " + report.name
        )

    def bound(period: Period) -> dict[str, Value]:
        own = {"day": period.last, "start": period.start, "end": period.end}
        mine = {name: day.isoformat() for name, day in own.items() if name in days}
        return report.bind({**mine, **(values or {})}, as_of=period.end)

    planned = [Planned(period=period, values=bound(period)) for period in periods(start, end, each)]
    if not planned:
        raise PeriodError(
            f"From {start} to {end} (not included) there is no whole {each}. Choose an earlier start, or a later end."
        )
    if len(planned) > 1 and planned[0].values == planned[1].values:
        raise ParameterError(
            f"Report {report.name}: the given parameters are the same for every period. Leave them out."
        )
    return planned


def backfill(
    runner: Runner,
    report: str,
    planned: Sequence[Planned],
    *,
    workers: int = 2,
    anew: bool = False,
    out: Path | None = None,
    progress: Progress | None = None,
) -> list[Filled]:
    """Run what has not been done. Cut short, it goes on from there when it is called again.

    A run is done where one succeeded with the same parameters and the same code, its document is still there, and no
    sales of its days have been loaded since. After a change of the report or of ecombi its figures may differ, so it is
    done anew.

    Args:
        runner: Runs the reports.
        report: Its name.
        planned: From `plan`.
        workers: How many run at the same time.
        anew: Do everything, whether it is done or not.
        out: Folder for the outputs; None: reports/ in the workspace.
        progress: Told how far each run is, 0 to 1.

    Returns:
        One per planned run, in order; a failed one stops no other.
    """
    began = runner.clock()
    earlier = {} if anew else _done(runner, report, out)
    known = _known(runner)

    def will_do(run: Run, period: Period) -> bool:
        return (
            run.requested_at >= began if anew else is_published(run) and _is_current(run, known.renewed(BASIS, period))
        )

    filled: list[Filled | Run] = []
    for one in planned:
        before = earlier.get(_key(one.values))
        if before is not None and will_do(before, one.period):
            filled.append(Filled(period=one.period, run=before, earlier=True))
            continue
        run, left = ask_once(
            runner,
            report,
            one.values,
            trigger="backfill",
            basis="",
            out=out,
            good=partial(will_do, period=one.period),
        )
        filled.append(run if left else Filled(period=one.period, run=run, earlier=True))
    asked = [run for run in filled if isinstance(run, Run)]
    ended = {run.run_id: run for run in run_asked(runner, asked, workers=workers, progress=progress)}
    return [
        Filled(period=one.period, run=ended[found.run_id], earlier=False) if isinstance(found, Run) else found
        for one, found in zip(planned, filled, strict=True)
    ]


def _done(runner: Runner, report: str, out: Path | None) -> dict[str, Run]:
    """Return the runs that need not be done again, by their parameters."""
    code = runner.code.keep(project_root(runner.settings.project), report)
    folder = (out or runner.settings.workspace / "reports").resolve()
    return {
        _key(run.request.parameters): run
        for run in reversed(runner.store.list(states=[State.SUCCEEDED], report=report, limit=_ALL))
        if run.request.identity is None
        and run.request.folder == folder
        and run.pinned is not None
        and run.pinned.code_version == code
    }


def _known(runner: Runner) -> Known:
    with Workspace(runner.settings) as ws:
        try:
            return known_of(ws.warehouse, ws.shop)
        except EmptyWarehouse:
            return Known()


def _is_current(run: Run, renewed: datetime | None) -> bool:
    """Whether a run read all that has come of its period; until the period has ended, that is only part of it."""
    read = run.pinned.snapshot_at if run.pinned else None
    return renewed is None or (read is not None and read >= renewed)


def _key(values: Mapping[str, Value]) -> str:
    return json.dumps(values, sort_keys=True)
