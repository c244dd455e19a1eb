"""The steps of a pipeline: each file in pipelines/ says which, in one function `run`."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from ecombi.errors import ConfigurationError, EcombiError, PeriodError, did_you_mean
from ecombi.schema.periods import Grain, Period

if TYPE_CHECKING:
    from ecombi.cli.progress import Progress
    from ecombi.runs.record import Run
    from ecombi.runs.runner import Runner
    from ecombi.workspace import Workspace

logger = logging.getLogger(__name__)

_EMPTY: Mapping[str, object] = {
    "step": None, "name": None, "state": None, "rows_in": None, "rows_new": None, "rows_quarantined": None,
    "output": None, "seconds": None,
}  # fmt: skip


class Pipeline(Protocol):
    """The function `run` of a file in pipelines/."""

    def __call__(self, steps: Steps) -> None:
        """Do every step, or raise."""


class Steps:
    """What a pipeline can do, and what has been done.

    Args:
        ws: The workspace; at least one source has been loaded into it before.
        runner: Runs the reports, and records the runs.
        as_of: Rows of this day and later are not loaded and not reported. None: everything there is.
        at: The instant written as loaded_at.
        progress: Told about each step.
        workers: How many reports run at the same time.

    Attributes:
        ws: As given.
        as_of: As given.
        records: One per delivery loaded and per report asked for.
        error: What the first failed report stands for; None where all succeeded.
    """

    def __init__(
        self,
        ws: Workspace,
        runner: Runner,
        *,
        as_of: date | None,
        at: datetime,
        progress: Progress,
        workers: int = 2,
    ) -> None:
        self.records: list[Mapping[str, object]] = []
        self.error: EcombiError | None = None
        self.ws = ws
        self._runner = runner
        self.as_of = as_of
        self._at = at
        self._progress = progress
        self._workers = workers

    @property
    def last(self) -> date:
        """The day to report on: the last one before the as-of day that has records.

        Raises:
            PeriodError: The records begin later.
        """
        known = self.ws.coverage
        if self.as_of is None:
            return known.last
        if self.as_of <= known.start:
            raise PeriodError(
                f"No day before {self.as_of} has records: they go from {known}. Choose a later as-of day."
            )
        return min(known.last, self.as_of - timedelta(days=1))

    @property
    def week(self) -> Period:
        """The last whole week, Monday to Sunday, before the as-of day; without one, before the end of the records.

        Raises:
            PeriodError: No day of it has records.
        """
        known = self.ws.coverage
        until = self.as_of or known.end
        if until > known.start:
            monday = until - timedelta(days=until.weekday())
            week = Period(monday - timedelta(days=7), monday)
            if week.start < known.end and week.end > known.start:
                return week
        raise PeriodError(
            f"The last whole week before {until} has no records: they go from {known}. "
            "Choose another as-of day, or load what is missing."
        )

    def load(self) -> bool:
        """Load every remembered source once more, publish if the checks pass; whether there was anything new."""
        loaded = self.ws.loading.again(until=self.as_of, at=self._at, progress=self._progress)
        for one in loaded:
            self._record(
                step="load",
                name=f"{one.source}: {one.delivery}",
                state="nothing new" if one.skipped else "loaded",
                rows_in=one.rows_in,
                rows_new=one.rows_new,
                rows_quarantined=one.rows_quarantined,
                seconds=round(one.seconds, 2),
            )
        return not all(one.skipped for one in loaded)

    def reports(self, wanted: Mapping[str, Mapping[str, object]], *, as_of: date | None = None) -> None:
        """Run reports on the data there are now; what was run on them with the same parameters is left as it is.

        A failed one stops no other; `error` keeps the first.

        Args:
            wanted: Name -> its parameters.
            as_of: The day that parameters which follow it begin from; None: the day after the last one.
        """
        from ecombi.runs.once import ask_once, run_asked

        day = as_of or self.last + timedelta(days=1)
        basis = self._basis()
        asked: dict[str, tuple[Run, bool]] = {}
        for name, values in wanted.items():
            with self._others_go_on(name):
                asked[name] = ask_once(self._runner, name, values, trigger="pipeline", basis=basis, as_of=day)
        left = [run for run, to_do in asked.values() if to_do]
        ended = {
            run.run_id: run for run in run_asked(self._runner, left, workers=self._workers, progress=self._progress)
        }
        for run, to_do in asked.values():
            self._ended(ended.get(run.run_id, run), None if to_do else "done before")

    def backfill(self, name: str, *, since: date, each: Grain) -> None:
        """Run a report for every whole day, week or month from `since` on that has records and is missing."""
        from ecombi.reports import find
        from ecombi.runs.backfill import backfill, periods, plan

        start, end = max(since, self.ws.coverage.start), self.last + timedelta(days=1)
        if not periods(start, end, each):
            return
        with self._others_go_on(name):
            planned = plan(find(name, self.ws.project), start, end, each)
            filled = backfill(self._runner, name, planned, workers=self._workers, progress=self._progress)
            for one in filled:
                self._ended(one.run, "done before" if one.earlier else None)

    @contextmanager
    def _others_go_on(self, name: str) -> Iterator[None]:
        """Record a report that cannot be asked for as one that failed."""
        try:
            yield
        except EcombiError as error:
            self.error = self.error or error
            self._record(step="report", name=name, state="refused")

    def _basis(self) -> str:
        snapshot = self.ws.snapshot
        return f"snapshot {snapshot.number if snapshot else None}"

    def _ended(self, run: Run, state: str | None) -> None:
        from ecombi.runs.folders import target_of
        from ecombi.runs.runner import exit_error

        error = exit_error(run)
        self.error = self.error or error
        took = None if state or run.started_at is None or run.ended_at is None else run.ended_at - run.started_at
        self._record(
            step="report",
            name=run.request.stem,
            state=state or run.state.value,
            output=str(target_of(run, "failed" if error else "html")),
            seconds=took and round(took.total_seconds(), 2),
        )

    def _record(self, **values: object) -> None:
        self.records.append({**_EMPTY, **values})


def carry_out(
    name: str, ws: Workspace, runner: Runner, *, as_of: date | None, at: datetime, progress: Progress
) -> Steps:
    """Carry out the pipeline of that name.

    Returns:
        What was done; `error` says whether a report failed.

    Raises:
        ConfigurationError: No such pipeline; the message names those there are.
        EcombiError: A step other than a report failed; nothing after it was done.
    """
    steps = Steps(ws, runner, as_of=as_of, at=at, progress=progress)
    _load(name, ws.project)(steps)
    tomorrow = at.date() + timedelta(days=1)
    if as_of is not None and as_of > tomorrow and ws.snapshot is not None and as_of > ws.coverage.end:
        logger.warning("The as-of day %s has not come yet; the records go from %s.", as_of, ws.coverage)
    return steps


def _load(name: str, project: Path) -> Pipeline:
    known = {file.stem: file for file in (project / "pipelines").glob("*.py") if not file.stem.startswith("_")}
    if name not in known:
        raise ConfigurationError(f"Unknown pipeline {name!r}. {did_you_mean(name, known)}")
    spec = importlib.util.spec_from_file_location(f"pipelines.{name}", known[name])
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{known[name]} cannot be read as Python.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise ConfigurationError(
            f"{known[name]}, line {error.lineno}, cannot be read as Python: {error.msg}."
        ) from error
    if not callable(getattr(module, "run", None)):
        raise ConfigurationError(f"{known[name]} has no function run(steps).")
    return cast("Pipeline", module.run)
