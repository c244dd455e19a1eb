"""The rows a question sums: a mart or its rollup, filtered, with one column per dimension and the time bucket."""

from __future__ import annotations

from typing import Literal

import ibis
import ibis.expr.types as ir
from sqlalchemy import BigInteger, Date, DateTime, Integer, Numeric, SmallInteger, String, Table

from ecombi.metrics.dimensions import Dimension
from ecombi.metrics.marts import Mart
from ecombi.metrics.shapes import Filter, Shape
from ecombi.schema.periods import Grain

Side = Literal["", "_before"]

# SQLAlchemy's SmallInteger and BigInteger are Integers, so they come first.
_TYPES = (
    (BigInteger, "int64"),
    (SmallInteger, "int16"),
    (Integer, "int32"),
    (Date, "date"),
    (DateTime, "timestamp"),
    (String, "string"),
)
TRUNCATE = {Grain.HOUR: "h", Grain.DAY: "D", Grain.WEEK: "W", Grain.MONTH: "M", Grain.QUARTER: "Q", Grain.YEAR: "Y"}
"""The name ibis has for each grain."""


def parameter(name: str, kind: str) -> ir.Value:
    """A value that is bound when the SQL runs: a text nobody writes stands for it while ibis compiles."""
    return ibis.literal(f"§{name}§").cast(kind)


def rows_of(mart: Mart, shape: Shape, side: Side = "") -> ir.Table:
    """Return the rows of one mart, or of its rollup, in one range of days.

    Returns:
        One row per event, or per row of the rollup: the measures' columns, one per dimension, the time bucket.
    """
    rows = _in_period(_dated(mart, shape), shape, side)
    kinds = {kind for measure in shape.measures(mart) for kind in measure.kinds}
    if kinds:
        # Rows no measure counts would only add keys without figures.
        rows = rows.filter(rows["kind"].isin(sorted(kinds)))
    if shape.rollup(mart) is None:
        rows = _looked_up(rows, shape.dimensions)
    # A dimension that is a column under another name.
    renamed = {d.name: rows[d.column] for d in shape.dimensions if d.read is None and d.name not in rows.columns}
    rows = rows.mutate(**renamed) if renamed else rows
    computed = {d.name: d.read(rows) for d in shape.dimensions if d.read is not None}
    rows = rows.mutate(**computed) if computed else rows
    for condition in shape.where:
        rows = rows.filter(_passes(rows, condition))
    return _bucketed(rows, shape, side)


def _unbound(table: Table) -> ir.Table:
    def kind(column_type: object) -> str:
        if isinstance(column_type, Numeric):
            return f"decimal({column_type.precision}, {column_type.scale})"
        return next(name for known, name in _TYPES if isinstance(column_type, known))

    return ibis.table({column.name: kind(column.type) for column in table.columns}, name=table.name)


def _dated(mart: Mart, shape: Shape) -> ir.Table:
    """Return the mart or its rollup with the columns the question needs; the day on the basis asked for is `on_day`."""
    rollup = shape.rollup(mart)
    measured = {measure.column for measure in shape.measures(mart)}
    if rollup is not None:
        table = _unbound(rollup.table)
        table = table.filter(table["basis"] == shape.basis.value).rename(on_day="day")
        wanted = {d.name for d in shape.dimensions} | {d.column for d in shape.dimensions}
    else:
        table = _unbound(mart.table).rename(on_day=mart.day[shape.basis], at_hour=mart.hour[shape.basis])
        if "costed_amount" in measured:
            table = table.mutate(costed_amount=ibis.cases((table["cost_amount"].notnull(), table["amount"])))
        wanted = {d.lookup.key if d.lookup else d.column for d in shape.dimensions} | {"at_hour"}
    wanted |= measured | {"on_day", "kind"}
    return table.select(*(name for name in table.columns if name in wanted))


def _in_period(rows: ir.Table, shape: Shape, side: Side) -> ir.Table:
    if shape.starts:
        rows = rows.filter(rows["on_day"] >= parameter(f"start{side}", "date"))
    if shape.ends:
        rows = rows.filter(rows["on_day"] < parameter(f"end{side}", "date"))
    return rows


def _looked_up(rows: ir.Table, dimensions: tuple[Dimension, ...]) -> ir.Table:
    """Join each lookup once, by its key."""
    for lookup in dict.fromkeys(d.lookup for d in dimensions if d.lookup is not None):
        found = _unbound(lookup.table)
        columns = {d.column if d.read else d.name: found[d.column] for d in dimensions if d.lookup == lookup}
        key = f"{lookup.table.name}_key"
        found = found.select(found[lookup.key].name(key), **columns)
        rows = rows.left_join(found, rows[lookup.key] == found[key])
    return rows


def _passes(rows: ir.Table, condition: Filter) -> ir.BooleanValue:
    column = rows[condition.dimension.name]
    tests: list[ir.BooleanValue] = []
    if condition.count:
        names = [f"{condition.dimension.name}_{i}" for i in range(condition.count)]
        tests.append(column.isin([parameter(name, condition.dimension.type) for name in names]))
    if condition.unknown:
        tests.append(column.isnull())
    return ibis.or_(*tests)


def moved(bucket: ir.Value, shape: Shape, *, back: bool = False) -> ir.Value:
    """Move a bucket of the earlier range onto its counterpart in the later range, or back."""
    shift = parameter("shift", "int32").as_interval("M" if shape.moved_by_months else "D")
    return bucket - shift if back else bucket + shift


def _bucketed(rows: ir.Table, shape: Shape, side: Side) -> ir.Table:
    """Add the start of each row's time bucket, in the later range; what lies past its end has no counterpart there."""
    if shape.grain is None:
        return rows
    # A timestamp without a zone on both engines: PostgreSQL would truncate a date in the session's zone.
    start = rows["on_day"].cast("timestamp")
    if shape.grain is Grain.HOUR:
        start = start + rows["at_hour"].cast("int32").as_interval("h")
    elif shape.grain is not Grain.DAY:
        start = start.truncate(TRUNCATE[shape.grain])
    name = shape.grain.value
    rows = rows.mutate(**{name: start})
    if not side:
        return rows
    counterpart = moved(rows[name], shape)
    if shape.same_dates:
        # A 29 February would fall on the 28th, or before the first day.
        rows = rows.filter(
            moved(counterpart, shape, back=True) == rows[name],
            counterpart >= parameter("start", "date").cast("timestamp"),
        )
        counterpart = moved(rows[name], shape)
    rows = rows.mutate(**{name: counterpart})
    return rows.filter(rows[name] < parameter("end", "date").cast("timestamp"))
