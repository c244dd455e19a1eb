"""From the shape of a question to SQL: ibis compiles, nothing runs here, and each shape is compiled once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from ecombi.metrics.definitions import (
    Counted,
    DaysMeasure,
    Difference,
    DistinctMeasure,
    Formula,
    Measure,
    Metric,
    QuantileMeasure,
    Ratio,
    Unit,
)
from ecombi.metrics.dimensions import Dimension
from ecombi.metrics.marts import Mart
from ecombi.metrics.parameters import names_in, parameter, to_sql
from ecombi.metrics.recorded import calendar, is_recorded, recorded_days
from ecombi.metrics.rollups import DistinctRollup, Rollup
from ecombi.metrics.rows import TRUNCATE, counts, in_range_asked, presence, rows_of
from ecombi.metrics.shapes import Dialect, Leg, Shape, Side
from ecombi.metrics.tables import Tables, in_sight
from ecombi.schema.periods import Grain

_MONEY = "decimal(38, 4)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """SQL with $name placeholders, the names of its parameters, and the tables it sums."""

    sql: str
    parameters: frozenset[str]
    tables: tuple[str, ...]


@lru_cache(maxsize=1024)
def compile_shape(shape: Shape, dialect: Dialect) -> Compiled:
    """Write the SQL for a shape.

    Each leg and each range of days is summed on its own, then the sums are laid side by side: nothing is joined but
    lookups with one row per key, so no figure can be counted twice.

    Raises:
        AccessDenied: A metric or dimension rests on a hidden column, or on rows the policy cannot divide.
    """
    tables = Tables(shape.scope)
    sides: tuple[Side, ...] = ("", "_before") if shape.compared else ("",)
    with in_sight(shape.scope, ", ".join(metric.label for metric in shape.metrics)):
        stacked = _stackable(shape)
        apart = [leg for leg in shape.legs if leg not in stacked and not _beside(leg, shape)]
        legs = [_stacked(stacked, shape, tables)] if stacked else []
        legs += [table for leg in apart for table in _legs(leg, shape, tables, sides)]
        if shape.fill and shape.grain is not None:
            legs.append(_every_bucket(legs, shape, shape.grain))
        sums = _side_by_side(legs, shape)
        for leg in shape.legs:
            for side in sides:
                if _beside(leg, shape):
                    sums = _with_days(sums, _leg(leg, shape, tables, side), shape)
        sql = _staged(_filled(sums, shape, sides), shape, sides, dialect)
    used = dict.fromkeys((shape.rollup(leg) or leg.mart).table.name for leg in shape.legs if not leg.spans)
    return Compiled(sql=sql, parameters=names_in(sql), tables=tuple(used))


@lru_cache(maxsize=256)
def compile_values(dimension: Dimension, mart: Mart, shape: Shape, dialect: Dialect) -> str:
    """Write the SQL that lists the known values of a dimension."""
    leg = Leg(mart=mart, role=next(iter(mart.days)), mode="sum", matures_days=0)
    with in_sight(shape.scope, dimension.label):
        rows = rows_of(leg, shape, Tables(shape.scope))
        return to_sql(rows.filter(rows[dimension.name].notnull()).select(dimension.name).distinct(), dialect)


@lru_cache(maxsize=64)
def compile_coverage(mart: Mart, role: str, shape: Shape, dialect: Dialect) -> str:
    """Write the SQL that finds the first and the last day of a mart."""
    with in_sight(shape.scope, "The days there are"):
        days = recorded_days(mart, role, shape, Tables(shape.scope))
    first, last = (days[column] for column in days.columns)
    return to_sql(days.select(first=first, end=last + ibis.interval(days=1)), dialect)


def total_of(measure: Counted, rows: ir.Table, *, everything: bool = False) -> ir.Value:
    """Return a measure over rows of its mart; `everything` says that each of these rows counts."""
    where = None if everything else counts(measure, rows)
    if isinstance(measure, DaysMeasure):
        return rows["on_day"].nunique(where=where)
    if isinstance(measure, DistinctMeasure):
        return rows[measure.value].nunique(where=where)
    if isinstance(measure, QuantileMeasure):
        # As a float: DuckDB would round what it interpolates between decimals to their scale.
        return read_value(measure.value, rows).cast("float64").quantile(measure.share, where=where)
    if not isinstance(measure, Measure):
        raise TypeError(f"{measure.name} is no measure.")
    if measure.value is None:
        counted = rows.count(where=where)
        return -counted if measure.sign < 0 else counted
    summed = read_value(measure.value, rows).sum(where=where).cast(type_of(measure))
    return -summed if measure.sign < 0 else summed


def type_of(measure: Metric) -> str:
    """Return the type of a sum: exact money, or whole units, days or rows."""
    return _MONEY if measure.unit is Unit.MONEY else "int64"


def read_value(value: object, rows: ir.Table) -> ir.Value:
    """Return a column of the rows, or what is computed from them."""
    return rows[value] if isinstance(value, str) else value(rows)  # type: ignore[operator]


def _legs(leg: Leg, shape: Shape, tables: Tables, sides: tuple[Side, ...]) -> list[ir.Table]:
    """Sum one leg over each range of days: in one table where one reading is enough."""
    if not shape.in_one_pass(leg):
        return [_leg(leg, shape, tables, side) for side in sides]
    rows = rows_of(leg, shape, tables, None)
    day, start = rows["on_day"], parameter("start", "date")
    if shape.grain is None:
        return [_rolled_up(leg, rows, shape, {"": day >= start, "_before": day < start})]
    return [_days_beside(leg, _rolled_up(leg, rows, shape, {"": None}), shape)]


def _stackable(shape: Shape) -> list[Leg]:
    """Return the legs whose rows can be summed at once: two or more that only sum, over one range of days."""
    if shape.compared or not shape.keys:
        # Without keys each leg is one row: to put those side by side takes an engine less.
        return []
    found = [leg for leg in shape.legs if _only_sums(leg, shape.rollup(leg))]
    return found if len(found) > 1 else []


def _only_sums(leg: Leg, rollup: Rollup | None) -> bool:
    if leg.mode != "sum" or isinstance(rollup, DistinctRollup):
        return False
    return all(_is_zero_of_nothing(m) and (rollup is not None or isinstance(m, Measure)) for m in leg.measures)


def _stacked(legs: list[Leg], shape: Shape, tables: Tables) -> ir.Table:
    """Sum several legs at once: an engine takes less to group all their rows than to group each leg and the sums."""
    rows = _below([_summands(leg, shape, tables) for leg in legs], shape)
    sums = {m.name: rows[m.name].sum().cast(type_of(m)) for leg in legs for m in leg.measures}
    return in_range_asked(rows.aggregate(sums, by=list(shape.keys)), shape, "")


def _summands(leg: Leg, shape: Shape, tables: Tables) -> ir.Table:
    """Return the rows of a leg that count, and what each of them adds to its measures."""
    rows = rows_of(leg, shape, tables)
    if shape.rollup(leg) is None:
        return rows.select(*shape.keys, **{m.name: _summand(m, rows) for m in leg.measures})
    names = [m.name for m in leg.measures]
    counted = ibis.or_(*(column.notnull() for column in _first_of_each_type(rows, names)))
    return rows.filter(counted).select(*shape.keys, *names)


def _summand(measure: Counted, rows: ir.Table) -> ir.Value:
    """Return what a row of the mart adds to a sum."""
    if not isinstance(measure, Measure):
        raise TypeError(f"{measure.name} is no sum.")
    value = ibis.literal(1, "int64") if measure.value is None else read_value(measure.value, rows)
    value = -value if measure.sign < 0 else value
    where = counts(measure, rows)
    return value if where is None else ibis.cases((where, value))


def _days_beside(leg: Leg, days: ir.Table, shape: Shape) -> ir.Table:
    """Put the sums of each day of the other range beside those of the day that it stands beside."""
    now = days["day"] >= parameter("start", "date")
    both = in_range_asked(days.mutate(is_now=now), shape, "_before", but="is_now")
    sums = {
        m.name + side: both[m.name].max(where=side_of)
        for side, side_of in (("", both["is_now"]), ("_before", ~both["is_now"]))
        for m in leg.measures
    }
    return both.aggregate(sums, by=list(shape.keys))


def _rolled_up(leg: Leg, rows: ir.Table, shape: Shape, counted: Mapping[Side, ir.BooleanValue | None]) -> ir.Table:
    """Sum the rows of a rollup that count on each side; None: all of them."""
    sums = {
        m.name + side: rows[m.name].sum(where=where).cast(type_of(m))
        for side, where in counted.items()
        for m in leg.measures
    }
    # A key without figures is none; what has no key has one row, whatever is in it.
    if not shape.keys:
        return rows.aggregate(sums)
    if all(presence(m) == m.name for m in leg.measures):
        summed = rows.aggregate(sums, by=list(shape.keys))
        return summed.filter(ibis.or_(*(column.notnull() for column in _first_of_each_type(summed, sums))))
    figures = ibis.or_(*(rows[presence(m)].sum().notnull() for m in leg.measures))
    return rows.aggregate(sums, by=list(shape.keys), having=[figures])


def _first_of_each_type(summed: ir.Table, names: Iterable[str]) -> list[ir.Value]:
    """Return columns of which one has a value where any of these has: fewer tests for the engine to work out."""
    alike: dict[object, list[ir.Value]] = {}
    for name in names:
        alike.setdefault(summed[name].type(), []).append(summed[name])
    return [ibis.coalesce(*columns) if len(columns) > 1 else columns[0] for columns in alike.values()]


def _leg(leg: Leg, shape: Shape, tables: Tables, side: Side) -> ir.Table:
    """Sum one leg over one range of days: one row per key, one column per measure."""
    rows = rows_of(leg, shape, tables, side)
    keys = [*(d.name for d in leg.parted_by(shape.by)), *([shape.grain.value] if shape.grain else [])]
    rollup = shape.rollup(leg)
    if rollup is not None and leg.mode != "days":
        first = _is_first(rows, "previous_day", shape, side) if isinstance(rollup, DistinctRollup) else None
        return in_range_asked(_rolled_up(leg, rows, shape, {side: first}), shape, side)
    totals = _totals(leg, rows, shape, side)
    used = {
        "on_day",
        *keys,
        *(field.name for total in totals.values() for field in total.op().find(ops.Field, filter=ops.Value)),
    }
    # Every column that is named has to be looked up by the engine.
    rows = rows.select(*(name for name in rows.columns if name in used))
    return in_range_asked(rows.aggregate(_totals(leg, rows, shape, side), by=keys), shape, side)


def _totals(leg: Leg, rows: ir.Table, shape: Shape, side: Side) -> dict[str, ir.Value]:
    """Return the measures of a leg over rows of its mart."""
    alike = len({(m.kinds, m.where) for m in leg.measures}) == 1
    totals: dict[str, ir.Value] = {}
    for measure in leg.measures:
        before = _row_before(measure, leg, shape)
        if before is None:
            totals[measure.name + side] = total_of(measure, rows, everything=alike)
        else:
            first, counted = _is_first(rows, before, shape, side), counts(measure, rows)
            totals[measure.name + side] = rows.count(where=first if counted is None else first & counted)
    return totals


def _row_before(measure: Counted, leg: Leg, shape: Shape) -> str | None:
    """Return the column of the mart with the day of the row before with the same value; None: it is of no use.

    It is that of all rows of the mart, so only where no filter or policy leaves some out and no dimension parts them.
    """
    if not isinstance(measure, DistinctMeasure):
        return None
    if shape.by or shape.where or shape.scope.policy or shape.grain is Grain.HOUR or leg.matures_days:
        return None
    return dict(measure.before).get(leg.role)


def _is_first(rows: ir.Table, before_on: str, shape: Shape, side: Side) -> ir.BooleanValue:
    """Return which rows are the first of their value in the range of days, or in their time bucket."""
    before = rows[before_on]
    starts = [parameter(f"start{side}", "date")] if shape.starts else []
    if shape.grain is not None:
        starts.append(rows["on_day"].cast("timestamp").truncate(TRUNCATE[shape.grain]).cast("date"))
    if not starts:
        return before.isnull()
    # Spark has no greatest of a single value.
    return before.isnull() | (before < (ibis.greatest(*starts) if len(starts) > 1 else starts[0]))


def _beside(leg: Leg, shape: Shape) -> bool:
    """Whether a leg has one row per time bucket where the others have one per dimension too."""
    return leg.parted_by(shape.by) != shape.by


def _with_days(sums: ir.Table, days: ir.Table, shape: Shape) -> ir.Table:
    keys = {f"days_{name}": name for name in shape.keys if name in days.columns}
    if not keys:
        return sums.cross_join(days)
    days = days.rename(keys)
    return sums.left_join(days, [sums[name] == days[of] for of, name in keys.items()]).drop(*keys)


def _every_bucket(legs: list[ir.Table], shape: Shape, grain: Grain) -> ir.Table:
    """One row per time bucket for each combination of dimensions that any leg has; no sums."""
    # Whichever metric is named first: a bucket is there where any of them is recorded.
    calendars = [calendar(mart, role, shape, grain) for mart, role in shape.calendars]
    buckets = ibis.union(*calendars, distinct=True) if len(calendars) > 1 else calendars[0]
    if not shape.by:
        return buckets
    names = [dimension.name for dimension in shape.by]
    combinations = _union([leg.select(*names) for leg in legs]).distinct()
    return combinations.cross_join(buckets)


def _side_by_side(legs: list[ir.Table], shape: Shape) -> ir.Table:
    """Bring legs with the same keys together: one row per key of any leg. Null keys meet too, as in no outer join."""
    if not shape.keys:
        # One row each.
        return reduce(ibis.Table.cross_join, legs)
    if len(legs) == 1:
        return legs[0]
    stacked = _below(legs, shape)
    # Each column has at most one value per key, so the largest is that value.
    sums = {name: stacked[name].max() for name in stacked.columns if name not in shape.keys}
    return stacked.aggregate(sums, by=list(shape.keys))


def _below(legs: list[ir.Table], shape: Shape) -> ir.Table:
    """Lay the rows of legs one below the other: each has no value in the columns of the others."""
    columns = {name: kind for leg in legs for name, kind in leg.schema().items() if name not in shape.keys}
    padded = [
        leg.select(
            *shape.keys,
            **{name: leg[name] if name in leg.columns else ibis.null(kind) for name, kind in columns.items()},
        )
        for leg in legs
    ]
    return _union(padded)


def _union(tables: list[ir.Table]) -> ir.Table:
    return ibis.union(*tables) if len(tables) > 1 else tables[0]


def _filled(sums: ir.Table, shape: Shape, sides: tuple[Side, ...]) -> ir.Table:
    """Put 0 where nothing happened, but not where nothing was recorded."""
    columns: dict[str, ir.Value] = {}
    for leg in shape.legs:
        for side in sides:
            recorded = is_recorded(sums, leg.mart, leg.role, shape, side) if shape.compared else None
            for measure in leg.measures:
                value = sums[measure.name + side]
                if _is_zero_of_nothing(measure):
                    value = value.coalesce(ibis.literal(0, type_of(measure)))
                    value = value if recorded is None else ibis.cases((recorded, value))
                columns[measure.name + side] = value
    return sums.select(*shape.keys, **columns)


def _is_zero_of_nothing(measure: Counted) -> bool:
    if isinstance(measure, Measure):
        return measure.nothing == 0
    return isinstance(measure, DistinctMeasure | DaysMeasure)


def _staged(measures: ir.Table, shape: Shape, sides: tuple[Side, ...], dialect: Dialect) -> str:
    """Write the steps one after the other: ibis would fold them into one and repeat each value wherever it is used."""
    steps: dict[str, ir.Table] = {}
    figures = measures
    if not all(isinstance(metric, Counted) for metric in shape.metrics):
        steps["measures"] = measures
        sums = ibis.table(measures.schema(), name="measures")
        values = {metric.name + side: _value(sums, metric, side) for metric in shape.metrics for side in sides}
        figures = sums.select(*shape.keys, **values)
    if shape.compared:
        steps["figures"] = figures
        figures = _changes(ibis.table(figures.schema(), name="figures"), shape)
    named = ",\n".join(f"{name} AS (\n{to_sql(step, dialect)}\n)" for name, step in steps.items())
    return f"WITH {named}\n{to_sql(figures, dialect)}" if steps else to_sql(figures, dialect)


def _value(sums: ir.Table, metric: Metric, side: Side) -> ir.Value:
    if isinstance(metric, Ratio):
        return _divided(*(_value(sums, part, side) for part in metric.parts))
    if isinstance(metric, Difference):
        return _value(sums, metric.minuend, side) - _value(sums, metric.subtrahend, side)
    if isinstance(metric, Formula):
        return metric.compute(*(_value(sums, part, side).cast("float64") for part in metric.parts))
    return sums[metric.name + side]


def _divided(numerator: ir.Value, denominator: ir.Value) -> ir.Value:
    """Divide; by 0 is no value. Not by nullif, as DuckDB would look up all of its argument twice."""
    return ibis.cases((denominator != 0, numerator.cast("float64") / denominator.cast("float64")))


def _changes(figures: ir.Table, shape: Shape) -> ir.Table:
    """Put the change of each metric behind its two figures."""
    columns: dict[str, ir.Value] = {}
    for metric in shape.metrics:
        now, before = figures[metric.name], figures[f"{metric.name}_before"]
        change = now.cast("float64") - before.cast("float64")
        if metric.unit is not Unit.RATE:
            change = _divided(change, before.abs())
        columns |= {metric.name: now, f"{metric.name}_before": before, f"{metric.name}_change": change}
    return figures.select(*shape.keys, **columns)
