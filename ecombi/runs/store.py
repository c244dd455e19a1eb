"""Where runs are recorded: every change of state is one statement that only one process can win."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Final, NoReturn, TypeAlias

from sqlalchemy import ColumnElement, Connection, and_, case, delete, exists, func, insert, or_, select, update

from ecombi.backends.state import State as Database
from ecombi.backends.state.database import unless_taken
from ecombi.backends.state.tables import runs
from ecombi.errors import RunConflict
from ecombi.runs import events, lookup, spans
from ecombi.runs.record import UNSUCCESSFUL, WARNING, Event, Failure, Owner, Pinned, Request, Run, State
from ecombi.runs.rows import new_run_id, of_owner, run_by, run_of, values_of, values_of_failure, values_of_owner

_Runs: TypeAlias = list[Run]
_Texts: TypeAlias = list[str]
_Lines: TypeAlias = list[tuple[int, Event]]

_LIVE: Final = (State.QUEUED, State.RUNNING)
_CANCELLED_EARLY: Final = Failure(kind="RunCancelled", message="It was cancelled before it started.")


class RunStore:
    """The runs in an application database. Threads may share it, and any number of processes may have their own.

    Every method raises BackendUnavailable where the database cannot be reached or is locked for too long.

    Args:
        state: An open application database.
    """

    def __init__(self, state: Database) -> None:
        self._state = state

    def add(self, request: Request, *, at: datetime, by: Owner | None = None) -> tuple[Run, bool]:
        """Record that somebody wants a report.

        Args:
            request: What is wanted.
            at: Now.
            by: The process that asks and will run it; None where another one may.

        Returns:
            The queued run and True; or False with the run that has the idempotency key and has not failed.
        """
        with self._state.begin() as connection:
            while True:
                asked = insert(runs).values(
                    run_id=new_run_id(at),
                    state=State.QUEUED,
                    requested_at=at,
                    **values_of(request),
                    **(values_of_owner(by) if by else {}),
                )
                row = unless_taken(connection, asked.returning(runs))
                if row:
                    return events.write_state(connection, run_of(row), at=at), True
                # Not there either: the number was taken, or that run failed just now.
                known = lookup.holder(connection, request.idempotency_key)
                if known:
                    return known, False

    def get(self, run_id: str) -> Run:
        """Return a run by its number, by what only its number begins with, or by the letters that only it ends with.

        Raises:
            UnknownRunError: There is none, or there are several.
        """
        with self._state.read() as connection:
            return lookup.find(connection, run_id)

    def list(self, *, states: Collection[State] = (), report: str | None = None, limit: int = 50) -> _Runs:
        """Return the newest runs, newest first: all, or those in one of these states, or of one report."""
        wanted = select(runs).order_by(runs.c.requested_at.desc(), runs.c.run_id.desc()).limit(limit)
        if states:
            wanted = wanted.where(runs.c.state.in_(states))
        if report is not None:
            wanted = wanted.where(runs.c.report == report)
        with self._state.read() as connection:
            return [run_of(row) for row in connection.execute(wanted)]

    def reports(self) -> set[str]:
        """Return the reports of which a run is recorded, by name."""
        with self._state.read() as connection:
            return set(connection.scalars(select(runs.c.report).distinct()))

    def running(self) -> _Runs:
        """Return every run that is marked running, oldest first; the process of some may be gone."""
        wanted = select(runs).where(runs.c.state == State.RUNNING).order_by(runs.c.started_at, runs.c.run_id)
        with self._state.read() as connection:
            return [run_of(row) for row in connection.execute(wanted)]

    def drop(self, run_id: str, owner: Owner, failure: Failure, *, at: datetime) -> Run | None:
        """Record that a queued run will not be started: its process is gone. None where it is not queued any more."""
        queued = and_(runs.c.run_id == run_id, of_owner(owner), runs.c.state == State.QUEUED)
        with self._state.begin() as connection:
            run = _change(connection, queued, state=State.FAILED, ended_at=at, **values_of_failure(failure))
            return run and events.write_state(connection, run, failure.message, at=at)

    def claim(self, run_id: str, owner: Owner, *, at: datetime) -> Run | None:
        """Start the next attempt of a queued run.

        Returns:
            The running run; None where it is not queued, not due yet, or another running run has its concurrency key.
        """
        with self._state.begin() as connection:
            run = _claim(connection, run_id, owner, at)
            if run is None:
                lookup.one(connection, run_id)
            return run

    def claim_next(self, owner: Owner, *, at: datetime, only: Collection[str] | None = None) -> Run | None:
        """Start the next attempt of the oldest queued run that can be claimed, out of the runs `only` if given."""
        oldest = select(runs.c.run_id).where(_claimable(at)).order_by(runs.c.requested_at, runs.c.run_id).limit(1)
        if only is not None:
            oldest = oldest.where(runs.c.run_id.in_(only))
        with self._state.begin() as connection:
            # Where another process was faster, the next look does not find that run any more.
            while (run_id := connection.scalar(oldest)) is not None:
                run = _claim(connection, run_id, owner, at)
                if run:
                    return run
        return None

    def heartbeat(
        self,
        run_id: str,
        owner: Owner,
        *,
        at: datetime,
        kernel_pid: int | None = None,
        cell: int | None = None,
        cells: int | None = None,
    ) -> Run:
        """Say that the runner is alive, and what it is doing; what is None stays as it was.

        Returns:
            The run, which tells whether somebody asked for its end.

        Raises:
            RunConflict: This process does not run it any more.
        """
        told: dict[str, object] = {"kernel_pid": kernel_pid, "cell": cell, "cells": cells}
        values = {name: value for name, value in told.items() if value is not None}
        if cell is not None:
            values["cell_started_at"] = case((runs.c.cell.is_distinct_from(cell), at), else_=runs.c.cell_started_at)
        with self._held(run_id, owner, seen_at=at, **values) as (_, run):
            return run

    def pin(self, run_id: str, owner: Owner, pinned: Pinned) -> None:
        """Record what a running run is computed from.

        Raises:
            RunConflict: This process does not run it any more.
        """
        with self._held(
            run_id,
            owner,
            snapshot=pinned.snapshot,
            snapshot_at=pinned.snapshot_at,
            code_version=pinned.code_version,
            lock_hash=pinned.lock_hash,
        ):
            pass

    def succeed(self, run_id: str, owner: Owner, *, at: datetime, outputs: Mapping[str, str]) -> Run:
        """Record that a running run has come to a good end.

        Raises:
            RunConflict: This process does not run it any more.
        """
        nothing = dict.fromkeys(values_of_failure(_CANCELLED_EARLY))
        with self._held(run_id, owner, state=State.SUCCEEDED, ended_at=at, outputs=dict(outputs), **nothing) as (
            connection,
            run,
        ):
            return events.write_state(connection, run, at=at)

    def fail(self, run_id: str, owner: Owner, failure: Failure, *, at: datetime, state: State = State.FAILED) -> Run:
        """Record that a running run has come to a bad end: failed, timed out or cancelled.

        Raises:
            RunConflict: This process does not run it any more.
        """
        if state not in UNSUCCESSFUL:
            raise ValueError(f"A run does not fail by being {state}.")
        with self._held(run_id, owner, state=state, ended_at=at, **values_of_failure(failure)) as (connection, run):
            return events.write_state(connection, run, failure.message, at=at, cell=failure.cell)

    def again(self, run_id: str, owner: Owner, failure: Failure, *, at: datetime, not_before: datetime) -> Run:
        """Put a running run back into the queue after an error that may pass.

        Returns:
            The queued run; or the cancelled one, where somebody has asked for its end.

        Raises:
            RunConflict: This process does not run it any more.
        """
        goes_on = runs.c.cancel_requested_at.is_(None)
        with self._held(
            run_id,
            owner,
            state=case((goes_on, State.QUEUED), else_=State.CANCELLED),
            not_before=case((goes_on, not_before)),
            ended_at=case((goes_on, None), else_=at),
            **values_of_failure(failure),
        ) as (connection, run):
            return events.write_state(connection, run, failure.message, at=at, cell=failure.cell)

    def cancel(self, run_id: str, *, at: datetime) -> Run:
        """End a queued run, or ask the process that runs a running one to end it.

        Raises:
            RunConflict: It has ended already.
        """
        queued = runs.c.state == State.QUEUED
        early = {
            name: case((queued, to), else_=runs.c[name]) for name, to in values_of_failure(_CANCELLED_EARLY).items()
        }
        with self._state.begin() as connection:
            run = _change(
                connection,
                and_(runs.c.run_id == run_id, runs.c.state.in_(_LIVE)),
                state=case((queued, State.CANCELLED), else_=runs.c.state),
                ended_at=case((queued, at), else_=None),
                cancel_requested_at=func.coalesce(runs.c.cancel_requested_at, at),
                **early,
            )
            if run is None:
                ended = lookup.one(connection, run_id)
                raise RunConflict(f"Run {run_id} has ended ({ended.state}), so it cannot be cancelled.")
            if run.state is State.CANCELLED:
                return events.write_state(connection, run, _CANCELLED_EARLY.message, at=at)
            events.write(connection, run_id, run.attempt, "note", "Somebody asked for its end.", at=at)
            return run

    def adopt(self, run_id: str, old: Owner, new: Owner, *, at: datetime) -> Run | None:
        """Take over a running run from a process that is gone; None where it is not in that one's hands any more."""
        with self._state.begin() as connection:
            run = _change(connection, and_(runs.c.run_id == run_id, run_by(old)), seen_at=at, **values_of_owner(new))
            if run is None:
                lookup.one(connection, run_id)
                return None
            text = f"Process {new.pid} on {new.host} took it over from {old.pid} on {old.host}."
            events.write(connection, run_id, run.attempt, "note", text, at=at)
            return run

    def note(self, run_id: str, kind: str, text: str, *, at: datetime, cell: int | None = None) -> None:
        """Add a line to what happened in a run."""
        with self._state.begin() as connection:
            # Whoever writes about a run holds its row, so that its lines are numbered in the order they appear.
            held = select(runs.c.attempt).where(runs.c.run_id == run_id).with_for_update()
            attempt = connection.scalar(held)
            if attempt is None:
                raise lookup.unknown(run_id)
            events.write(connection, run_id, attempt, kind, text, at=at, cell=cell)

    def events(self, run_id: str, *, after: int = 0, limit: int | None = None) -> _Lines:
        """Return what happened in a run, each line with its number, from the first above `after`."""
        with self._state.read() as connection:
            lines = events.read(connection, run_id, after=after, limit=limit)
            if not lines:
                lookup.one(connection, run_id)
            return lines

    def warnings(self, run: Run) -> _Texts:
        """Return what a reader of a run's documents will miss, and why."""
        last = (event for _, event in self.events(run.run_id) if event.attempt == run.attempt)
        return [event.text for event in last if event.kind == WARNING]

    def expected(self, report: str) -> Mapping[int, float]:
        """Return the median seconds of each cell in the latest ten successes of a report; 0 is the whole run."""
        with self._state.read() as connection:
            return spans.expected(connection, report)

    def record_spans(self, report: str, seconds: Mapping[int, float]) -> None:
        """Record how long every cell of a success took; 0 is the whole run. Other cells of the report are forgotten."""
        with self._state.begin() as connection:
            spans.record(connection, report, seconds)

    def prune(self, *, before: datetime) -> _Texts:
        """Remove the runs that ended before then, with all that happened in them.

        Returns:
            Their numbers; the caller removes their folders.
        """
        old = delete(runs).where(runs.c.state.not_in(_LIVE), runs.c.ended_at < before).returning(runs.c.run_id)
        with self._state.begin() as connection:
            return sorted(connection.scalars(old))

    @contextmanager
    def _held(self, run_id: str, owner: Owner, **values: object) -> Iterator[tuple[Connection, Run]]:
        """Change a run that this process runs, or raise RunConflict."""
        with self._state.begin() as connection:
            run = _change(connection, and_(runs.c.run_id == run_id, run_by(owner)), **values)
            if run is None:
                _refuse(lookup.one(connection, run_id), owner)
            yield connection, run


def _change(connection: Connection, which: ColumnElement[bool], **values: object) -> Run | None:
    row = connection.execute(update(runs).where(which).values(**values).returning(runs)).one_or_none()
    return run_of(row) if row else None


def _claimable(at: datetime) -> ColumnElement[bool]:
    other = runs.alias()
    taken = exists().where(other.c.state == State.RUNNING, other.c.concurrency_key == runs.c.concurrency_key)
    return and_(runs.c.state == State.QUEUED, or_(runs.c.not_before.is_(None), runs.c.not_before <= at), ~taken)


def _claim(connection: Connection, run_id: str, owner: Owner, at: datetime) -> Run | None:
    started = update(runs).where(runs.c.run_id == run_id, _claimable(at)).returning(runs)
    row = unless_taken(
        connection,
        started.values(
            state=State.RUNNING,
            attempt=runs.c.attempt + 1,
            started_at=func.coalesce(runs.c.started_at, at),
            seen_at=at,
            **dict.fromkeys(("not_before", "kernel_pid", "cell", "cells", "cell_started_at")),
            **values_of_owner(owner),
        ),
    )
    if row is None:
        return None
    run = run_of(row)
    return events.write_state(connection, run, f"attempt {run.attempt}, process {owner.pid} on {owner.host}", at=at)


def _refuse(run: Run, owner: Owner) -> NoReturn:
    if run.state is not State.RUNNING or run.owner is None:
        raise RunConflict(f"Run {run.run_id} is {run.state}, not running.")
    raise RunConflict(
        f"Run {run.run_id} is run by process {run.owner.pid} on {run.owner.host}, "
        f"not by {owner.pid} on {owner.host} any more."
    )
