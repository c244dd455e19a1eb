"""Finds runs in the application database."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, and_, or_, select

from ecombi.backends.state.tables import runs
from ecombi.errors import UnknownRunError
from ecombi.runs.record import UNSUCCESSFUL, Run
from ecombi.runs.rows import run_of

_LISTED: Final = 5


def find(connection: Connection, number: str) -> Run:
    """Return a run by its number, by what only its number begins with, or by the letters that only it ends with.

    Raises:
        UnknownRunError: There is none, or there are several.
    """
    column = runs.c.run_id
    fits = or_(column.startswith(number, autoescape=True), column.endswith(f"-{number}", autoescape=True))
    wanted = select(runs).where(fits).order_by(column).limit(_LISTED + 1)
    found = [run_of(row) for row in connection.execute(wanted)] if number else []
    if not found:
        raise unknown(number)
    if len(found) > 1:
        known = ", ".join(run.run_id for run in found[:_LISTED])
        more = " and others" if len(found) > _LISTED else ""
        raise UnknownRunError(f"{number!r} is part of {known}{more}. Write more of the number.")
    return found[0]


def one(connection: Connection, run_id: str) -> Run:
    """Return a run by its whole number, or raise UnknownRunError."""
    row = connection.execute(select(runs).where(runs.c.run_id == run_id)).one_or_none()
    if row is None:
        raise unknown(run_id)
    return run_of(row)


def unknown(number: str) -> UnknownRunError:
    """Return the error to raise for a number that no run has."""
    return UnknownRunError(f"There is no run {number!r}. `ecombi runs list` shows those that there are.")


def holder(connection: Connection, key: str | None) -> Run | None:
    """Return the run that has not failed and was asked for under this idempotency key."""
    if key is None:
        return None
    held = and_(runs.c.idempotency_key == key, runs.c.state.not_in(UNSUCCESSFUL))
    row = connection.execute(select(runs).where(held)).one_or_none()
    return run_of(row) if row else None
