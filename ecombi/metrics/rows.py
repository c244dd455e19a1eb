"""The rows a question sums: a mart or its rollup, filtered, with one column per dimension and the time bucket."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from sqlalchemy import Table

from ecombi.metrics.definitions import Counted, Measure, needed
from ecombi.metrics.dimensions import Dimension, Lookup
from ecombi.metrics.parameters import parameter
from ecombi.metrics.rollups import DistinctRollup, Rollup, rows_column
from ecombi.metrics.shapes import Leg, Shape, Side
from ecombi.metrics.spans import every_day
from ecombi.metrics.tables import Tables, unbound
from ecombi.schema.periods import Grain

TRUNCATE = {Grain.HOUR: "h", Grain.DAY: "D", Grain.WEEK: "W", Grain.MONTH: "M", Grain.QUARTER: "Q", Grain.YEAR: "Y"}
"""The name ibis has for each grain."""


def rows_of(leg: Leg, shape: Shape, tables: Tables, side: Side | None = "") -> ir.Table:
    """Return the rows of a leg, of its mart or of a rollup, in one range of days; None: in both, which adjoin.

    Returns:
        One row per row of the mart or of the rollup: its columns, `on_day`, one per dimension, the time bucket in that
        range of days: a day, else the timestamp of its start.
    """
    rollup = shape.rollup(leg)
    days = every_day(leg, shape, side or "") if leg.spans else _in_period(_dated(leg, shape, tables), leg, shape, side)
    parted = leg.parted_by(shape.dimensions)
    if rollup is None:
        rows = with_dimensions(days, leg.mart.table, needed(leg.measures, shape.built), tables)
        rows = with_dimensions(_kept(rows, leg), leg.mart.table, parted, tables)
    else:
        rows = days
        computed = {d.name: d.read(rows, rows["on_day"], ibis.literal(True)) for d in parted if d.of_time and d.read}
        rows = rows.mutate(**computed) if computed else rows
        for condition in shape.scope.policy:
            rows = rows.filter(condition.passes(rows[condition.dimension.name], "policy_"))
    for condition in shape.where:
        if condition.dimension in parted:
            rows = rows.filter(condition.passes(rows[condition.dimension.name]))
    rows = _bucketed(rows, shape)
    return _one_day(rows, _bucketed(days, shape), leg, shape) if leg.mode in ("last", "opening") else rows


def counts(measure: Counted, rows: ir.Table) -> ir.BooleanValue | None:
    """Return which rows of the mart a measure counts; None: all of them."""
    tests: list[ir.BooleanValue] = []
    if measure.kinds:
        tests.append(rows["kind"].isin([kind.value for kind in measure.kinds]))
    if measure.where is not None:
        tests.append(measure.where(rows))
    return ibis.and_(*tests) if tests else None


def with_dimensions(rows: ir.Table, table: Table, dimensions: tuple[Dimension, ...], tables: Tables) -> ir.Table:
    """Add one column per dimension: the row's own, or what a lookup says; each lookup is joined once, by its key."""
    places = {d: d.lookup(table) for d in dimensions}
    for lookup in dict.fromkeys(lookup for lookup in places.values() if lookup is not None):
        wanted = dict.fromkeys(d.column for d, place in places.items() if place == lookup)
        names = tables.names(lookup.table, {lookup.key, *wanted, *(lookup.only or ())})
        if lookup.only is not None:
            names = names.filter(names[lookup.only[0]] > names[lookup.only[1]])
        found = names.select(
            **{_of(lookup, lookup.key): names[lookup.key]}, **{_of(lookup, name): names[name] for name in wanted}
        )
        rows = rows.left_join(found, rows[lookup.key] == found[_of(lookup, lookup.key)])
    values: dict[str, ir.Value] = {}
    for dimension, place in places.items():
        column = rows[_of(place, dimension.column) if place else dimension.column]
        known = rows[_of(place, place.key)].notnull() if place else ibis.literal(True)
        values[dimension.name] = dimension.read(rows, column, known) if dimension.read else column
    new = {name: value for name, value in values.items() if value.get_name() != name}
    return rows.mutate(**new) if new else rows


def _of(lookup: Lookup, column: str) -> str:
    """Return the name a lookup's column has beside those of the rows."""
    return lookup.prefix + column


def _dated(leg: Leg, shape: Shape, tables: Tables) -> ir.Table:
    """Return the mart or its rollup; the day on the date asked for is `on_day`, its hour `at_hour`."""
    rollup = shape.rollup(leg)
    if rollup is not None:
        rows = unbound(rollup.table)
        rows = rows.filter(rows["basis"] == leg.role)
        if isinstance(rollup, DistinctRollup):
            rows = rows.filter(rows["scope"] == rollup.scope(d.name for d in shape.seen))
        return rows.select(*_read(leg, shape, rollup), on_day=rows["day"])
    rows = tables[leg.mart.table]
    columns = leg.mart.columns(leg.role)
    day = ibis.coalesce(*(rows[column] for column in columns)) if len(columns) > 1 else rows[columns[0]]
    ranged = shape.starts or shape.ends or leg.matures_days
    if not ranged and all(leg.mart.table.c[column].nullable for column in columns):
        # What has not happened yet is on no day, so in no range of days.
        rows = rows.filter(day.notnull())
    if leg.mode == "opening":
        day = (day + ibis.interval(days=1)).cast("date")
    rows = rows.mutate(on_day=day)
    hour = leg.mart.hours.get(leg.role)
    return rows.mutate(at_hour=rows[hour]) if hour else rows


def _read(leg: Leg, shape: Shape, rollup: Rollup) -> list[str]:
    """Return the columns of a rollup that a leg needs: the engine looks up every one that is named."""
    needed = {d.name for d in shape.seen} | {"previous_day"}
    needed |= {column for measure in leg.measures for column in (measure.name, presence(measure))}
    return [column.name for column in rollup.table.columns if column.name in needed]


def _in_period(rows: ir.Table, leg: Leg, shape: Shape, side: Side | None) -> ir.Table:
    first, last = ("_before", "") if side is None else (side, side)
    day = rows["on_day"]
    if shape.rollup(leg) is not None and leg.mode == "opening":
        day = (day + ibis.interval(days=1)).cast("date")
        rows = rows.mutate(on_day=day)
    if shape.starts:
        rows = rows.filter(rows["on_day"] >= parameter(f"start{first}", "date"))
    if shape.ends:
        rows = rows.filter(rows["on_day"] < parameter(f"end{last}", "date"))
    if leg.matures_days:
        rows = rows.filter(rows["on_day"] < parameter(f"matured_{leg.matures_days}", "date"))
    return rows


def _kept(rows: ir.Table, leg: Leg) -> ir.Table:
    """Leave out the rows that no measure counts: they would only add keys without figures."""
    if leg.mode == "days":
        return rows
    conditions = [counts(measure, rows) for measure in leg.measures]
    given = [condition for condition in conditions if condition is not None]
    if not given or len(given) < len(conditions):
        return rows
    [where, *others] = dict.fromkeys(measure.where for measure in leg.measures)
    if others or not all(measure.kinds for measure in leg.measures):
        return rows.filter(ibis.or_(*given))
    kinds = sorted({kind.value for measure in leg.measures for kind in measure.kinds})
    rows = rows.filter(rows["kind"].isin(kinds))
    return rows if where is None else rows.filter(where(rows))


def presence(measure: Counted) -> str:
    """Return the column of a rollup that is null where no row counts."""
    return rows_column(measure) if isinstance(measure, Measure) and measure.nothing is None else measure.name


def _one_day(rows: ir.Table, days: ir.Table, leg: Leg, shape: Shape) -> ir.Table:
    """Keep the rows of the one day that stands for each bucket: the mart's, whatever the filters leave of it."""
    bucket = [shape.grain.value] if shape.grain else []
    chosen = days["on_day"].max() if leg.mode == "last" else days["on_day"].min()
    if not bucket:
        return rows.filter(rows["on_day"] == days.aggregate(chosen=chosen).as_scalar())
    picked = days.aggregate(by={"picked_bucket": days[bucket[0]]}, chosen=chosen)
    return rows.semi_join(picked, [rows[bucket[0]] == picked["picked_bucket"], rows["on_day"] == picked["chosen"]])


def moved(bucket: ir.Value, shape: Shape, *, back: bool = False) -> ir.Value:
    """Move a bucket of the other range onto its counterpart in the range asked for, or back."""
    shift = parameter("shift", "int32").as_interval("M" if shape.moved_by_months else "D")
    return bucket - shift if back else bucket + shift


def _bucketed(rows: ir.Table, shape: Shape) -> ir.Table:
    """Add the start of each row's time bucket."""
    if shape.grain is None:
        return rows
    if shape.grain is Grain.DAY:
        return rows.mutate(day=rows["on_day"])
    # A timestamp without a zone on every engine: PostgreSQL would truncate a date in the session's zone.
    start = rows["on_day"].cast("timestamp")
    if shape.grain is Grain.HOUR:
        start = start + rows["at_hour"].cast("int32").as_interval("h")
    else:
        start = start.truncate(TRUNCATE[shape.grain])
    return rows.mutate(**{shape.grain.value: start})


def in_range_asked(sums: ir.Table, shape: Shape, side: Side, *, but: str | None = None) -> ir.Table:
    """Give each time bucket of summed rows as a timestamp in the range asked for; past its end none has its place.

    Args:
        sums: Summed rows.
        shape: Of the question.
        side: The range they are of.
        but: Column that says which of them lie in the range asked for already.
    """
    if shape.grain is None:
        return sums
    name = shape.grain.value
    if shape.grain is Grain.DAY:
        sums = sums.mutate(day=sums["day"].cast("timestamp"))
    if not side:
        return sums
    counterpart = moved(sums[name], shape)
    if shape.same_dates:
        # A 29 February would fall on the 28th, or before the first day.
        sums = sums.filter(
            moved(counterpart, shape, back=True) == sums[name],
            counterpart >= parameter("start", "date").cast("timestamp"),
        )
        counterpart = moved(sums[name], shape)
    counterpart = counterpart if but is None else ibis.cases((sums[but], sums[name]), else_=counterpart)
    sums = sums.mutate(**{name: counterpart})
    return sums.filter(sums[name] < parameter("end", "date").cast("timestamp"))
