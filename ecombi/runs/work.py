"""One attempt at a run: from what it is computed from to its outputs in place, or to why there are none."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import Final, TypeAlias

from ecombi.errors import (
    DeadlinePassed,
    EcombiError,
    NotebookFailed,
    RunCancelled,
    RunConflict,
    SnapshotMoved,
    Transient,
)
from ecombi.project import project_root
from ecombi.reports.catalogue import find
from ecombi.reports.leaks import redact
from ecombi.reports.runner import Made, make
from ecombi.reports.secrets import known_secrets
from ecombi.runs.folders import RunFolders
from ecombi.runs.pinning import environment, keeps_snapshots, kept_snapshots, pin
from ecombi.runs.processes import this_process
from ecombi.runs.pulse import Active, Pulse
from ecombi.runs.receipt import receipt
from ecombi.runs.record import WARNING, Failure, Pinned, Run, State
from ecombi.runs.store import RunStore
from ecombi.runs.versions import CodeStore
from ecombi.settings import Settings

logger = logging.getLogger(__name__)

Progress: TypeAlias = Callable[[str, float], None]
"""Called with the name of a step and how much of it is done, 0 to 1."""

_LONGER: Final = 4
"""By how much each pause between attempts is longer than the one before."""


@dataclass(frozen=True, slots=True)
class Work:
    """What attempts need; see `ecombi.runs.runner.Runner`."""

    settings: Settings
    store: RunStore
    folders: RunFolders
    code: CodeStore
    pulse: Pulse
    clock: Callable[[], datetime]
    pdf: bool
    backoff: float
    fork: bool

    def once(self, run: Run, progress: Progress | None, stop: Event) -> None:
        """Make one attempt at a run that this process has claimed, and record how it ended.

        Args:
            run: As it was claimed.
            progress: Told after each cell how much is done.
            stop: Set when it is to end as if somebody had cancelled it.
        """
        try:
            secrets = known_secrets(self.settings)
        except EcombiError as error:
            self.store.fail(run.run_id, this_process(), failure_of(error, str(error)), at=self.clock())
            return
        expected = self.store.expected(run.request.report)
        active = Active(run, lambda text: redact(text, secrets), _told(run, expected, progress), stop)
        with self.pulse.of(active):
            try:
                self._recorded(run, active)
            except RunConflict as error:
                # Whoever has taken it over says how it ends.
                logger.warning("run=%s is not run here any more: %s", run.run_id, error)
        if progress:
            progress(_step(run), 1.0)

    def _recorded(self, run: Run, active: Active) -> None:
        try:
            self._attempt(run, active)
        except RunConflict:
            raise
        except EcombiError as error:
            self._give_back(run, active, error, failure_of(error, active.redact(str(error))))
        except (KeyboardInterrupt, SystemExit):
            stopped = Failure(kind=RunCancelled.__name__, message="It was stopped from outside.", cell=active.cell)
            self._end(run, active, stopped, State.CANCELLED)
            raise
        except Exception as error:
            # Nobody foresaw it: it ends this run, not those beside it.
            logger.exception("run=%s failed", run.run_id)
            said = active.redact(f"{type(error).__name__}: {error}")
            self._end(run, active, Failure(kind=type(error).__name__, message=said), State.FAILED)

    def _attempt(self, run: Run, active: Active) -> None:
        report = find(run.request.report, project_root(self.settings.project))
        pinned = pin(self.settings, self.code, report.name)
        self.store.pin(run.run_id, this_process(), pinned)
        made = make(
            report,
            run.request.parameters,
            settings=self.settings,
            environment=environment(self.settings, run.request, snapshot=pinned.snapshot, run_id=run.run_id),
            deadline=self._left(run),
            snapshot=pinned.snapshot,
            memory=run.request.memory_bytes,
            cancelled=lambda: active.to_end,
            listener=active,
            pdf=self.pdf,
            fork=self.fork,
        )
        if made.failure is not None and self._goes_again(run, made.failure):
            raise made.failure
        if made.failure is None:
            self._check_one_snapshot(pinned, made)
        self._put_in_place(run, active, pinned, made)

    def _put_in_place(self, run: Run, active: Active, pinned: Pinned, made: Made) -> None:
        """Let the outputs appear: from the rename inside `commit` on, the run is what its receipt says."""
        self.pulse.beat(active)
        if active.to_end:
            raise RunCancelled(f"Report {run.request.report} was cancelled.")
        for text in made.warnings:
            logger.warning("run=%s %s", run.run_id, text)
            self.store.note(run.run_id, WARNING, text, at=self.clock())
        failure = None if made.failure is None else failure_of(made.failure, str(made.failure))
        state = State.SUCCEEDED if made.failure is None else state_of(made.failure)
        said = receipt(
            run,
            pinned,
            made.documents,
            spans=active.spans,
            snapshots=made.declared.snapshots,
            settings=self.settings,
            at=self.clock(),
            result=made.result if failure is None else None,
            failure=failure,
            state=state,
            warnings=made.warnings,
        )
        self.folders.commit(run.run_id, {**made.documents, "receipt": said})
        outputs = self.folders.publish(run)
        if failure is not None:
            self.store.fail(run.run_id, this_process(), failure, at=self.clock(), state=state)
            return
        done = self.store.succeed(run.run_id, this_process(), at=self.clock(), outputs=outputs)
        if done.ended_at is not None and run.started_at is not None:
            whole = sum(active.spans.values()) if run.attempt > 1 else (done.ended_at - run.started_at).total_seconds()
            self.store.record_spans(run.request.report, {**active.spans, 0: whole})

    def _give_back(self, run: Run, active: Active, error: EcombiError, failure: Failure) -> None:
        """Record an error: to be tried again, or as the end."""
        if self._goes_again(run, error) and not active.lost:
            self._tell(active)
            self.store.again(run.run_id, this_process(), failure, at=self.clock(), not_before=self._next_time(run))
        else:
            self._end(run, active, failure, state_of(error))

    def _end(self, run: Run, active: Active, failure: Failure, state: State) -> None:
        self._tell(active)
        if not active.lost:
            self.store.fail(run.run_id, this_process(), failure, at=self.clock(), state=state)

    def _tell(self, active: Active) -> None:
        """Write down what was printed before the end is."""
        try:
            self.pulse.beat(active)
        except RunConflict as error:
            logger.warning("run=%s %s", active.run.run_id, error)

    def _goes_again(self, run: Run, error: EcombiError) -> bool:
        left = run.attempt < run.request.attempts_allowed and self._next_time(run) < self._end_of(run)
        return isinstance(error, Transient) and left

    def _next_time(self, run: Run) -> datetime:
        return self.clock() + timedelta(seconds=self.backoff * _LONGER ** (run.attempt - 1))

    def _left(self, run: Run) -> float:
        left = (self._end_of(run) - self.clock()).total_seconds()
        if left <= 0:
            words = f"Report {run.request.report} was not done after {run.request.deadline_seconds} seconds."
            raise DeadlinePassed(words, cell=0, source="")
        return left

    def _end_of(self, run: Run) -> datetime:
        return (run.started_at or self.clock()) + timedelta(seconds=run.request.deadline_seconds)

    def _check_one_snapshot(self, pinned: Pinned, made: Made) -> None:
        """A server shows its newest state only, so a publication in mid-run is found out afterwards."""
        if keeps_snapshots(self.settings):
            return
        now = next((snapshot.number for snapshot in kept_snapshots(self.settings)), None)
        if now != pinned.snapshot or len(made.declared.snapshots) > 1:
            raise SnapshotMoved(
                f"New data were published while the report ran: it began with snapshot {pinned.snapshot} "
                f"and ended with {now}. Run it again."
            )


def failure_of(error: EcombiError, words: str) -> Failure:
    """Return what is recorded of an error, in words that hold no secret."""
    cell = error.cell if isinstance(error, NotebookFailed) else None
    source = error.source if isinstance(error, NotebookFailed) else None
    return Failure(kind=type(error).__name__, message=words, cell=cell or None, source=source or None)


def state_of(error: EcombiError) -> State:
    """Return the state that an error ends a run in."""
    if isinstance(error, DeadlinePassed):
        return State.TIMED_OUT
    return State.CANCELLED if isinstance(error, RunCancelled) else State.FAILED


def _step(run: Run) -> str:
    return f"report {run.request.stem}"


def _told(run: Run, expected: Mapping[int, float], progress: Progress | None) -> Callable[[int, int], None]:
    """Tell how much is done by the seconds that cells took in earlier runs, or else by their number."""
    usual = {cell: seconds for cell, seconds in expected.items() if cell}
    whole = sum(usual.values())

    def told(cell: int, cells: int) -> None:
        if progress is None:
            return
        done = sum(seconds for number, seconds in usual.items() if number <= cell)
        progress(_step(run), min(done / whole if whole else cell / cells, 0.99))

    return told
