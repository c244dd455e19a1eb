"""How long reports took, so that a run can say how long it will."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from ecombi.backends.state.database import unless_taken
from ecombi.backends.state.tables import run_spans

_KEPT: Final = 10


def expected(connection: Connection, report: str) -> dict[int, float]:
    """Return the median seconds of each cell in the latest successes; 0 is the whole run."""
    known = select(run_spans.c.cell, run_spans.c.seconds).where(run_spans.c.report == report)
    return {cell: median(seconds) for cell, seconds in connection.execute(known)}


def record(connection: Connection, report: str, seconds: Mapping[int, float]) -> None:
    """Add a success. Cells that it did not have are forgotten: the notebook has changed."""
    columns = run_spans.c
    for cell in sorted(seconds):
        unless_taken(connection, insert(run_spans).values(report=report, cell=cell, seconds=[]).returning(columns.cell))
    connection.execute(delete(run_spans).where(columns.report == report, columns.cell.not_in(seconds)))
    kept = select(columns.cell, columns.seconds).where(columns.report == report).order_by(columns.cell)
    for cell, before in connection.execute(kept.with_for_update()).all():
        after = [*before, seconds[cell]][-_KEPT:]
        connection.execute(
            update(run_spans).where(columns.report == report, columns.cell == cell).values(seconds=after)
        )
