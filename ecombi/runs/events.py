"""What happened in a run, line by line."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from ecombi.backends.state.tables import run_events
from ecombi.runs.record import Event, Run


def write(
    connection: Connection, run_id: str, attempt: int, kind: str, text: str, *, at: datetime, cell: int | None = None
) -> None:
    """Add a line to a run, whose row this transaction holds: so later lines always have higher numbers."""
    connection.execute(
        insert(run_events).values(run_id=run_id, attempt=attempt, kind=kind, text=text, at=at, cell=cell)
    )


def write_state(connection: Connection, run: Run, why: str = "", *, at: datetime, cell: int | None = None) -> Run:
    """Add the line that tells a run's new state, and return the run."""
    write(connection, run.run_id, run.attempt, "state", f"{run.state}{why and ': '}{why}", at=at, cell=cell)
    return run


def read(connection: Connection, run_id: str, *, after: int, limit: int | None) -> list[tuple[int, Event]]:
    """Return the lines of a run with higher numbers than `after`, each with its number."""
    columns = run_events.c
    wanted = select(run_events).where(columns.run_id == run_id, columns.event_id > after).order_by(columns.event_id)
    return [
        (row.event_id, Event(at=row.at, attempt=row.attempt, kind=row.kind, text=row.text, cell=row.cell))
        for row in connection.execute(wanted.limit(limit))
    ]
