"""What is known about a run of a report, and the states it goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from ecombi.reports.parameters import Value

DEADLINE_SECONDS: Final = 900
ATTEMPTS: Final = 3
MEMORY_BYTES: Final = 2 * 1024**3

WARNING: Final = "warning"
"""Kind of the events that say what a reader will miss, and why."""


class State(StrEnum):
    """Where a run is. It moves only along `NEXT`."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing will happen any more."""
        return not NEXT[self]


NEXT: Final[Mapping[State, frozenset[State]]] = {
    # Failed where the process that asked for it is gone.
    State.QUEUED: frozenset({State.RUNNING, State.CANCELLED, State.FAILED}),
    # Back to the queue: a transient error with attempts left.
    State.RUNNING: frozenset({State.QUEUED, State.SUCCEEDED, State.FAILED, State.TIMED_OUT, State.CANCELLED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.TIMED_OUT: frozenset(),
    State.CANCELLED: frozenset(),
}

UNSUCCESSFUL: Final = frozenset({State.FAILED, State.TIMED_OUT, State.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A report somebody wants to have run.

    Attributes:
        report: Its name.
        parameters: Every declared parameter with its checked value.
        stem: Name of the outputs without their ending.
        folder: Where the outputs are published to, absolute.
        trigger: What asked for it: report, pipeline, schedule, backfill, retry or replay.
        identity: Row policy as JSON (`Identity.to_json`); None is the owner's.
        idempotency_key: At most one run that has not failed has it; a second request gets the first one's run.
        concurrency_key: At most one running run has it; None: the path of the outputs.
        deadline_seconds: For all attempts together.
        attempts_allowed: How often it is started where errors are transient.
        memory_bytes: For the kernel and all it starts; None: no limit.
        source_run: The run that this one retries or replays.
    """

    report: str
    parameters: Mapping[str, Value]
    stem: str
    folder: Path
    trigger: str
    identity: str | None = None
    idempotency_key: str | None = None
    concurrency_key: str | None = None
    deadline_seconds: int = DEADLINE_SECONDS
    attempts_allowed: int = ATTEMPTS
    memory_bytes: int | None = MEMORY_BYTES
    source_run: str | None = None

    @property
    def exclusive(self) -> str:
        """The concurrency key, or what stands in for it."""
        return self.concurrency_key or str(self.folder / self.stem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The process that runs something.

    Attributes:
        host: Name of the machine.
        pid: Its number there.
        started: When it started, as the system tells it; a number can be given again, this cannot.
    """

    host: str
    pid: int
    started: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a run did not succeed.

    Attributes:
        kind: Name of the error's class; `lost` where its runner was killed.
        message: In words, with every secret's value taken out.
        cell: The cell at fault, from 1 as the author counts.
        source: Its code.
    """

    kind: str
    message: str
    cell: int | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """What a run was computed from.

    Attributes:
        snapshot: Number of the published snapshot.
        snapshot_at: When it was published, aware.
        code_version: Hash of ecombi, the notebook and its YAML.
        lock_hash: Hash of the installed packages and their versions.
    """

    snapshot: int | None
    snapshot_at: datetime | None
    code_version: str
    lock_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as the application database has it. Times are aware, in UTC.

    Attributes:
        run_id: Sortable by time of request.
        request: What was asked for.
        state: Where it is.
        attempt: Number of the latest attempt, 0 before the first.
        requested_at: When it was asked for.
        not_before: A retry waits until then.
        started_at: Start of the first attempt.
        ended_at: When it got its last state.
        cancel_requested_at: When somebody asked for its end.
        owner: The process that runs it, ran it last, or asked for it and is to run it.
        kernel_pid: The kernel of the latest attempt.
        seen_at: When its runner last said that it is alive.
        cell: The cell that runs, from 1 as the author counts.
        cells: How many there are.
        cell_started_at: When the running cell began.
        pinned: What it is computed from, once it has started.
        outputs: Kind (notebook, html, pdf, xlsx, result, receipt) -> name below its folder.
        failure: Why it did not succeed, or why the latest attempt did not.
    """

    run_id: str
    request: Request
    state: State
    attempt: int
    requested_at: datetime
    not_before: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    owner: Owner | None = None
    kernel_pid: int | None = None
    seen_at: datetime | None = None
    cell: int | None = None
    cells: int | None = None
    cell_started_at: datetime | None = None
    pinned: Pinned | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in a run: a change of state, a cell, a line of output, an error, a note."""

    at: datetime
    attempt: int
    kind: str
    text: str
    cell: int | None = None
