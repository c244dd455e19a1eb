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
    sql = _staged(_filled(_side_by_side(legs, shape), shape, sides), shape, sides, dialect)
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


def _filled(sums: ir.Table, shape: Shape, sides: tuple[Side, ...]) -> ir.Table:
    """Put 0 where nothing happened, but not where nothing was recorded."""
    columns: dict[str, ir.Value] = {}
    for mart in shape.marts:
        if shape.compared:
            sums = sums.cross_join(recorded_days(mart, shape.basis))
    for mart in shape.marts:
        for side in sides:
            recorded = is_recorded(sums, mart, shape, side) if shape.compared else None
            for measure in shape.measures(mart):
                value = sums[measure.name + side]
                if isinstance(measure, DistinctMeasure) or measure.nothing == 0:
                    value = value.coalesce(ibis.literal(0, _type(measure)))
                    value = value if recorded is None else ibis.cases((recorded, value))
                columns[measure.name + side] = value
    return sums.select(*shape.keys, **columns)


def _staged(measures: ir.Table, shape: Shape, sides: tuple[Side, ...], dialect: Dialect) -> str:
    """Write the steps one after the other: ibis would fold them into one and repeat each value wherever it is used."""
    sums = ibis.table(measures.schema(), name="measures")
    figures = sums.select(
        *shape.keys,
        **{metric.name + side: _value(sums, metric, side) for metric in shape.metrics for side in sides},
    )
    steps = {"measures": measures}
    if shape.compared:
        steps["figures"] = figures
        figures = _changes(ibis.table(figures.schema(), name="figures"), shape)
    named = ",\n".join(f"{name} AS (\n{_sql(step, dialect)}\n)" for name, step in steps.items())
    return f"WITH {named}\n{_sql(figures, dialect)}"


def _value(sums: ir.Table, metric: Metric, side: Side) -> ir.Value:
    if isinstance(metric, Ratio):
        numerator, denominator = (_value(sums, part, side).cast("float64") for part in metric.parts)
        return numerator / denominator.nullif(0)
    if isinstance(metric, Difference):
        return _value(sums, metric.minuend, side) - _value(sums, metric.subtrahend, side)
    return sums[metric.name + side]


def _changes(figures: ir.Table, shape: Shape) -> ir.Table:
    """Put the change of each metric behind its two figures."""
    columns: dict[str, ir.Value] = {}
    for metric in shape.metrics:
        now, before = figures[metric.name], figures[f"{metric.name}_before"]
        change = now.cast("float64") - before.cast("float64")
        if metric.unit is not Unit.RATE:
            change = change / before.cast("float64").abs().nullif(0)
        columns |= {metric.name: now, f"{metric.name}_before": before, f"{metric.name}_change": change}
    return figures.select(*shape.keys, **columns)
