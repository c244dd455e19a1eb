"""From the shape of a question to SQL: ibis compiles, nothing runs here, and each shape is compiled once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import ibis
import ibis.expr.types as ir

from ecombi.metrics.definitions import Difference, DistinctMeasure, Measure, Metric, Ratio, Unit
from ecombi.metrics.dimensions import Dimension
from ecombi.metrics.marts import Basis, Mart
from ecombi.metrics.recorded import calendar, is_recorded, recorded_days
from ecombi.metrics.rows import Side, rows_of
from ecombi.metrics.shapes import Dialect, Shape
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

    Each mart and each range of days is summed on its own, then the sums are laid side by side: nothing is joined but
    lookups with one row per key, so no figure can be counted twice.
    """
    sides: tuple[Side, ...] = ("", "_before") if shape.compared else ("",)
    legs = [_leg(mart, shape, side) for mart in shape.marts for side in sides]
    if shape.fill and shape.grain is not None:
        legs.append(_every_bucket(legs, shape, shape.grain))
    sums = _side_by_side(legs, shape)
    if shape.compared:
        for mart in shape.marts:
            sums = sums.cross_join(recorded_days(mart, shape.basis))
    sql = _sql(_figures(sums, shape), dialect)
    rollups = [(mart, shape.rollup(mart)) for mart in shape.marts]
    return Compiled(
        sql=sql,
        parameters=frozenset(re.findall(r"\$(\w+)", sql)),
        tables=tuple((rollup.table if rollup else mart.table).name for mart, rollup in rollups),
    )


@lru_cache(maxsize=64)
def compile_values(dimension: Dimension, mart: Mart, dialect: Dialect) -> str:
    """Write the SQL that lists the known values of a dimension."""
    rows = rows_of(mart, Shape(metrics=(), by=(dimension,)))
    return _sql(rows.filter(rows[dimension.name].notnull()).select(dimension.name).distinct(), dialect)


@lru_cache(maxsize=64)
def compile_coverage(mart: Mart, basis: Basis, dialect: Dialect) -> str:
    """Write the SQL that finds the first and the last day of a mart."""
    days = recorded_days(mart, basis)
    first, last = (days[column] for column in days.columns)
    return _sql(days.select(first=first, end=last + ibis.interval(days=1)), dialect)


def _sql(expression: ir.Table, dialect: Dialect) -> str:
    return re.sub(r"'§(\w+)§'", r"$\1", str(ibis.to_sql(expression, dialect=dialect)))


def _type(measure: Metric) -> str:
    return "int64" if measure.unit is Unit.COUNT else _MONEY


def _leg(mart: Mart, shape: Shape, side: Side) -> ir.Table:
    """Sum one mart over one range of days: one row per key, one column per measure."""
    rows = rows_of(mart, shape, side)
    measures = shape.measures(mart)
    everything = {kind for measure in measures for kind in measure.kinds}

    def total(measure: Measure | DistinctMeasure) -> ir.Value:
        column = rows[measure.column]
        where = None if everything == set(measure.kinds) else rows["kind"].isin(measure.kinds)
        if isinstance(measure, DistinctMeasure):
            return column.nunique(where=where)
        summed = column.sum(where=where).cast(_type(measure))
        return -summed if measure.sign < 0 else summed

    return rows.aggregate({measure.name + side: total(measure) for measure in measures}, by=list(shape.keys))


def _every_bucket(legs: list[ir.Table], shape: Shape, grain: Grain) -> ir.Table:
    """One row per time bucket for each combination of dimensions that any leg has; no sums."""
    buckets = calendar(shape.marts[0], shape, grain)
    if not shape.by:
        return buckets
    names = [dimension.name for dimension in shape.by]
    combinations = _union([leg.select(*names) for leg in legs]).distinct()
    return combinations.cross_join(buckets)


def _side_by_side(legs: list[ir.Table], shape: Shape) -> ir.Table:
    """Bring legs with the same keys together: one row per key of any leg. Null keys meet too, as in no outer join."""
    if len(legs) == 1:
        return legs[0]
    columns = {name: kind for leg in legs for name, kind in leg.schema().items() if name not in shape.keys}
    padded = [
        leg.select(
            *shape.keys,
            **{name: leg[name] if name in leg.columns else ibis.null(kind) for name, kind in columns.items()},
        )
        for leg in legs
    ]
    stacked = _union(padded)
    # Each column has at most one value per key, so the largest is that value.
    return stacked.aggregate({name: stacked[name].max() for name in columns}, by=list(shape.keys))


def _union(tables: list[ir.Table]) -> ir.Table:
    return ibis.union(*tables) if len(tables) > 1 else tables[0]


def _figures(sums: ir.Table, shape: Shape) -> ir.Table:
    """Compute every metric from the sums, in both ranges, with its change."""
    columns: dict[str, ir.Value] = {}
    for metric in shape.metrics:
        columns[metric.name] = now = _value(sums, metric, shape, "")
        if shape.compared:
            columns[f"{metric.name}_before"] = before = _value(sums, metric, shape, "_before")
            columns[f"{metric.name}_change"] = _change(now, before, metric.unit)
    return sums.select(*shape.keys, **columns)


def _value(sums: ir.Table, metric: Metric, shape: Shape, side: Side) -> ir.Value:
    if isinstance(metric, Ratio):
        numerator, denominator = (_value(sums, part, shape, side).cast("float64") for part in metric.parts)
        return numerator / denominator.nullif(0)
    if isinstance(metric, Difference):
        minuend, subtrahend = (_value(sums, part, shape, side) for part in metric.parts)
        return minuend - subtrahend
    if not isinstance(metric, Measure | DistinctMeasure):
        raise TypeError(f"{type(metric).__name__} is no kind of metric the compiler knows.")
    value = sums[metric.name + side]
    if isinstance(metric, Measure) and metric.nothing is None:
        return value
    filled = value.coalesce(ibis.literal(0, _type(metric)))
    condition = is_recorded(sums, metric.mart, shape, side) if shape.compared else None
    return filled if condition is None else ibis.cases((condition, filled))


def _change(now: ir.Value, before: ir.Value, unit: Unit) -> ir.Value:
    now, before = now.cast("float64"), before.cast("float64")
    if unit is Unit.RATE:
        return now - before
    return (now - before) / before.abs().nullif(0)
