"""From a question to a plan: names checked, shape found, values bound. A shape met before costs no compilation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from ecombi.errors import IncompatibleMetricsError, MetricError
from ecombi.metrics.catalogue import CATALOGUE, Catalogue
from ecombi.metrics.definitions import Metric
from ecombi.metrics.dimensions import Dimension
from ecombi.metrics.query import MetricQuery, Values
from ecombi.metrics.shapes import MONTHLY, Dialect, Filter, Shape
from ecombi.schema.periods import Grain

Parameter = str | int | date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that is needed to answer a question on one engine.

    Attributes:
        query: The question.
        shape: What decided the SQL.
        sql: With $name placeholders.
        params: Their values.
        tables: The marts or rollups that are summed.
    """

    query: MetricQuery
    shape: Shape
    sql: str
    params: dict[str, Parameter]
    tables: tuple[str, ...]


def plan(query: MetricQuery, dialect: Dialect, *, catalogue: Catalogue = CATALOGUE, use_rollups: bool = True) -> Plan:
    """Plan a question.

    Args:
        query: The question.
        dialect: The engine that will answer.
        catalogue: Where names are looked up.
        use_rollups: False sums the marts themselves: the same figures, slower.

    Raises:
        UnknownMetricError: No metric of that name.
        UnknownDimensionError: No dimension of that name.
        IncompatibleMetricsError: The metrics cannot be cut that way.
        MetricError: A filter's value is not one the dimension can have.
    """
    from ecombi.metrics.compiler import compile_shape

    shape = _shape(query, catalogue, use_rollups=use_rollups)
    compiled = compile_shape(shape, dialect)
    bound = _bound(query, catalogue)
    params = {name: bound[name] for name in sorted(compiled.parameters)}
    return Plan(query=query, shape=shape, sql=compiled.sql, params=params, tables=compiled.tables)


def _shape(query: MetricQuery, catalogue: Catalogue, *, use_rollups: bool) -> Shape:
    metrics = tuple(catalogue[name] for name in query.metrics)
    by = tuple(catalogue.dimension(name) for name in query.by)
    where = tuple(
        Filter(dimension=catalogue.dimension(name), count=sum(v is not None for v in values), unknown=None in values)
        for name, values in query.where
    )
    _check(metrics, (*by, *(f.dimension for f in where)))
    return Shape(
        metrics=metrics,
        by=by,
        grain=query.grain,
        basis=query.basis,
        starts=query.start is not None,
        ends=query.end is not None,
        compared=query.compare is not None,
        same_dates=_same_dates(query),
        fill=query.fill,
        where=where,
        use_rollups=use_rollups,
    )


def _same_dates(query: MetricQuery) -> bool:
    return query.compare == "year_ago" and query.grain in (Grain.DAY, Grain.HOUR)


def _check(metrics: tuple[Metric, ...], dimensions: tuple[Dimension, ...]) -> None:
    for metric in metrics:
        for mart in {measure.mart for measure in metric.measures()}:
            for dimension in dimensions:
                if not dimension.fits(mart):
                    raise IncompatibleMetricsError(
                        f"{metric.label} ({metric.name}) cannot be cut by {dimension.name}: the records it is "
                        f"counted from, {mart.table.name}, do not say. Leave one of the two out."
                    )


def _bound(query: MetricQuery, catalogue: Catalogue) -> dict[str, Parameter]:
    bound: dict[str, Parameter] = {"start": query.start, "end": query.end}
    before = query.compared
    if before is not None and query.start is not None:
        bound |= {"start_before": before.start, "end_before": before.end}
        if query.grain is not None:
            grain = Grain.MONTH if _same_dates(query) else query.grain
            bound["shift"] = _shift(before.start, query.start, grain)
    for name, values in query.where:
        known = _readable(catalogue.dimension(name), values)
        bound |= {f"{name}_{i}": value for i, value in enumerate(known)}
    return bound


def _readable(dimension: Dimension, values: Values) -> list[str | int]:
    known = [value for value in values if value is not None]
    if dimension.type == "string":
        return [str(value) for value in known]
    try:
        return [int(value) for value in known]
    except ValueError:
        raise MetricError(
            f"The filter on {dimension.name} has the values {known!r}, but {dimension.label.lower()} is a number. "
            f"{dimension.description}"
        ) from None


def _shift(before: date, now: date, grain: Grain) -> int:
    """How far the earlier range is moved to lie on the later one: months for grains of months, else days."""
    if grain in MONTHLY:
        width = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}[grain]
        return (_months(now) // width - _months(before) // width) * width
    if grain is Grain.WEEK:
        return (_monday(now) - _monday(before)).days
    return (now - before).days


def _months(day: date) -> int:
    return day.year * 12 + day.month - 1


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
