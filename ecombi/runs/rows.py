"""How a run stands in the application database."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_

from ecombi.backends.state.tables import runs
from ecombi.runs.record import Failure, Owner, Pinned, Request, Run, State

_LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"
"""None that is easily taken for another."""


def new_run_id(at: datetime) -> str:
    """Return a number that sorts by time of request and is short enough to type: 20261122-183624-k7fq."""
    return f"{at.astimezone(UTC):%Y%m%d-%H%M%S}-{''.join(secrets.choice(_LETTERS) for _ in range(4))}"


def values_of(request: Request) -> dict[str, object]:
    """Return the columns of what was asked for."""
    return {
        "report": request.report,
        "parameters": dict(request.parameters),
        "stem": request.stem,
        "folder": str(request.folder),
        "identity": request.identity,
        "idempotency_key": request.idempotency_key,
        "concurrency_key": request.exclusive,
        "trigger": request.trigger,
        "source_run": request.source_run,
        "attempts_allowed": request.attempts_allowed,
        "deadline_seconds": request.deadline_seconds,
        "memory_bytes": request.memory_bytes,
    }


def values_of_owner(owner: Owner) -> dict[str, object]:
    """Return the columns of the process that runs it."""
    return {"host": owner.host, "runner_pid": owner.pid, "runner_started": owner.started}


def values_of_failure(failure: Failure) -> dict[str, object]:
    """Return the columns of why a run did not succeed."""
    return {
        "error": failure.message,
        "error_kind": failure.kind,
        "error_cell": failure.cell,
        "error_source": failure.source,
    }


def of_owner(owner: Owner) -> ColumnElement[bool]:
    """Say whether a run is in the hands of this process."""
    return and_(*(runs.c[name] == of for name, of in values_of_owner(owner).items()))


def run_by(owner: Owner) -> ColumnElement[bool]:
    """Say whether a run is running in the hands of this process."""
    return and_(runs.c.state == State.RUNNING, of_owner(owner))


def run_of(row: Row[Any]) -> Run:
    """Return the run that a row of the table `runs` stands for."""
    return Run(
        run_id=row.run_id,
        request=_request(row),
        state=State(row.state),
        attempt=row.attempt,
        requested_at=row.requested_at,
        not_before=row.not_before,
        started_at=row.started_at,
        ended_at=row.ended_at,
        cancel_requested_at=row.cancel_requested_at,
        owner=Owner(host=row.host, pid=row.runner_pid, started=row.runner_started) if row.host is not None else None,
        kernel_pid=row.kernel_pid,
        seen_at=row.seen_at,
        cell=row.cell,
        cells=row.cells,
        cell_started_at=row.cell_started_at,
        pinned=_pinned(row) if row.code_version is not None else None,
        outputs=row.outputs or {},
        failure=_failure(row) if row.error_kind is not None else None,
    )


def _request(row: Row[Any]) -> Request:
    return Request(
        report=row.report,
        parameters=row.parameters,
        stem=row.stem,
        folder=Path(row.folder),
        trigger=row.trigger,
        identity=row.identity,
        idempotency_key=row.idempotency_key,
        concurrency_key=row.concurrency_key,
        deadline_seconds=row.deadline_seconds,
        attempts_allowed=row.attempts_allowed,
        memory_bytes=row.memory_bytes,
        source_run=row.source_run,
    )


def _pinned(row: Row[Any]) -> Pinned:
    return Pinned(
        snapshot=row.snapshot, snapshot_at=row.snapshot_at, code_version=row.code_version, lock_hash=row.lock_hash
    )


def _failure(row: Row[Any]) -> Failure:
    return Failure(kind=row.error_kind, message=row.error, cell=row.error_cell, source=row.error_source)
