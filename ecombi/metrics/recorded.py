"""Which days the records cover: nothing happened is 0, but a day nobody recorded has no value."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ecombi.metrics.marts import Mart
from ecombi.metrics.parameters import parameter
from ecombi.metrics.rows import TRUNCATE, moved, rows_of
from ecombi.metrics.shapes import Leg, Shape, Side
from ecombi.metrics.spans import ends, named
from ecombi.metrics.tables import Tables
from ecombi.schema.periods import Grain

_STEP = {Grain.HOUR: {"hours": 1}, Grain.DAY: {"days": 1}, Grain.WEEK: {"weeks": 1}, Grain.MONTH: {"months": 1},
         Grain.QUARTER: {"months": 3}, Grain.YEAR: {"years": 1}}  # fmt: skip


def recorded_days(mart: Mart, role: str, shape: Shape, tables: Tables) -> ir.Table:
    """Return one row: the first and the last day of a mart, on one of its dates; nulls where it is empty."""
    everything = Shape(metrics=(), basis=shape.basis, scope=shape.scope, built=shape.built)
    leg = Leg(mart=mart, role=role, mode="days", matures_days=0)
    days = rows_of(leg, everything, tables)["on_day"]
    name = named(mart, role)
    return days.as_table().aggregate(
        **{f"{name}_first": days.min().cast("timestamp"), f"{name}_last": days.max().cast("timestamp")}
    )


def is_recorded(sums: ir.Table, mart: Mart, role: str, shape: Shape, side: Side) -> ir.BooleanValue | None:
    """Return when a missing sum is 0; None: always."""
    if (mart.table.name, role, side) in shape.recorded:
        return None
    if shape.grain is None:
        # A total over days that were asked for is a sum; only the other range was not asked for day by day.
        return ibis.literal(False) if side else None
    first, last = ends(mart, role)
    bucket = sums[shape.grain.value]
    earlier = moved(bucket, shape, back=True) if side else bucket
    recorded = (earlier >= first.truncate(TRUNCATE[shape.grain])) & (earlier < last + ibis.interval(days=1))
    if side:
        # A shorter range has nothing to stand beside the last buckets.
        recorded &= earlier < parameter("end_before", "date").cast("timestamp")
    if side and shape.same_dates:
        # No year before has a day for a 29 February.
        recorded &= moved(earlier, shape) == bucket
    return recorded


def calendar(mart: Mart, role: str, shape: Shape, grain: Grain) -> ir.Table:
    """Return one row per time bucket that the period and the recorded days share."""
    first, last = ends(mart, role)
    end = last + ibis.interval(days=1)
    if shape.starts:
        first = ibis.greatest(first, parameter("start", "date").cast("timestamp"))
    if shape.ends:
        end = ibis.least(end, parameter("end", "date").cast("timestamp"))
    buckets = ibis.range(first.truncate(TRUNCATE[grain]), end, ibis.interval(**_STEP[grain]))
    return buckets.unnest().name(grain.value).as_table()
