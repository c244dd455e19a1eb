"""The first and the last recorded day of a mart, and every day between those of several."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ecombi.metrics.marts import Mart
from ecombi.metrics.parameters import parameter
from ecombi.metrics.shapes import Leg, Shape, Side


def ends(mart: Mart, role: str) -> tuple[ir.Value, ir.Value]:
    """Return the first and the last recorded day of a mart, bound as `first_day_<mart>_<role>` and `last_day_...`."""
    first, last = (parameter(f"{end}_day_{named(mart, role)}", "date").cast("timestamp") for end in ("first", "last"))
    return first, last


def every_day(leg: Leg, shape: Shape, side: Side) -> ir.Table:
    """Return one row per day of a range of days, from the first to the last one recorded in any mart of the leg.

    Returns:
        The day as `on_day`, with or without rows in a mart.
    """
    found = [ends(mart, mart.role(None, shape.basis)) for mart in leg.spans]
    first, end = (
        ibis.least(*(day for day, _ in found)),
        ibis.greatest(*(day for _, day in found)) + ibis.interval(days=1),
    )
    if shape.starts:
        first = ibis.greatest(first, parameter(f"start{side}", "date").cast("timestamp"))
    if shape.ends:
        end = ibis.least(end, parameter(f"end{side}", "date").cast("timestamp"))
    # No engine can count backwards by a day more: a range of days that was never recorded has none.
    days = ibis.range(first, ibis.greatest(first, end), ibis.interval(days=1)).unnest().name("at").as_table()
    return days.select(on_day=days["at"].cast("date"))


def named(mart: Mart, role: str) -> str:
    """Return how a date of a mart is named in what is bound."""
    return f"{mart.table.name}_{role}"
