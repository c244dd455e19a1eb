"""From a question to a plan: names checked, shape found, values bound. A shape met before costs no compilation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ecombi.errors import IncompatibleMetricsError, MetricError
from ecombi.metrics.catalogue import CATALOGUE, Catalogue
from ecombi.metrics.conditions import EVERY_ORDER_SOLD
from ecombi.metrics.definitions import DaysMeasure, Metric
from ecombi.metrics.dimensions import Dimension
from ecombi.metrics.marts import Mart
from ecombi.metrics.policy import OWNER, Identity
from ecombi.metrics.query import MetricQuery, Values
from ecombi.metrics.shapes import MONTHLY, MONTHS, Dialect, Filter, Scope, Shape, Side
from ecombi.metrics.state import Known
from ecombi.schema.periods import Grain, Period, add_months

Parameter = str | int | float | date | None

_LARGEST = 2**31 - 1
"""The largest whole number a filter may name: every engine can take it."""


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


def plan(
    query: MetricQuery,
    dialect: Dialect,
    *,
    catalogue: Catalogue = CATALOGUE,
    known: Known | None = None,
    identity: Identity = OWNER,
) -> Plan:
    """Plan a question.

    Args:
        query: The question.
        dialect: The engine that will answer.
        catalogue: Where names are looked up.
        known: What is known of the snapshot: its rollups, its last final day, its loads. None: nothing, so that the
            marts themselves are summed.
        identity: Who asks; the only place where rows are kept from people.

    Raises:
        UnknownMetricError: No metric of that name.
        UnknownDimensionError: No dimension of that name.
        IncompatibleMetricsError: The metrics cannot be cut that way.
        MetricError: A filter's value is not one the dimension can have.
        AccessDenied: The identity may not see what the metrics rest on.
    """
    from ecombi.metrics.compiler import compile_shape

    known = known or Known()
    shape = _shape(query, catalogue, known, identity)
    compiled = compile_shape(shape, dialect)
    bound = bound_by(query, catalogue, known, identity)
    params = {name: bound[name] for name in sorted(compiled.parameters)}
    return Plan(query=query, shape=shape, sql=compiled.sql, params=params, tables=compiled.tables)


def scope_of(identity: Identity, catalogue: Catalogue = CATALOGUE, *, as_of: datetime | None = None) -> Scope:
    """Return what can be known of a time, and may be seen by whoever asks."""
    return Scope(
        as_of=as_of is not None,
        policy=_filters(identity.allowed, catalogue),
        hidden=identity.hidden,
        nothing=identity.nothing,
    )


def bound_in(
    known: Known, identity: Identity, catalogue: Catalogue = CATALOGUE, *, as_of: datetime | None = None
) -> dict[str, Parameter]:
    """Return the values bound by the snapshot, the time and the policy."""
    bound: dict[str, Parameter] = {"final_until": (known if as_of is None else known.at(as_of)).final_until}
    if as_of is not None:
        bound["as_of_load"] = known.load_at(as_of)
    for name, values in identity.allowed:
        listed = _readable(catalogue.dimension(name), values)
        bound |= {f"policy_{name}_{i}": value for i, value in enumerate(listed)}
    return bound


def bound_by(query: MetricQuery, catalogue: Catalogue, known: Known, identity: Identity) -> dict[str, Parameter]:
    """Return every value that the SQL of a question may name."""
    bound = _bound(query, catalogue) | bound_in(known, identity, catalogue, as_of=query.as_of)
    final_until = bound["final_until"]
    for days in {measure.matures_days for name in query.metrics for measure in catalogue[name].measures()} - {0}:
        # The first day that has not had its days to settle.
        matured = final_until - timedelta(days=days) if isinstance(final_until, date) else None
        bound[f"matured_{days}"] = matured
    then = known.at(query.as_of) if query.as_of else known
    for mart, role in _dates(query, catalogue):
        table = mart.table.name
        first, last = then.recorded(table, role)
        bound |= {f"first_day_{table}_{role}": first, f"last_day_{table}_{role}": last}
    return bound


def _dates(query: MetricQuery, catalogue: Catalogue) -> set[tuple[Mart, str]]:
    """Return every mart that a question rests on, and the date its rows are counted on."""
    found = set()
    for measure in {measure for name in query.metrics for measure in catalogue[name].measures()}:
        found.add((measure.mart, measure.mart.role(measure.dated, query.basis)))
        if isinstance(measure, DaysMeasure):
            found |= {(mart, mart.role(None, query.basis)) for mart in measure.spans}
    return found


def _shape(query: MetricQuery, catalogue: Catalogue, known: Known, identity: Identity) -> Shape:
    metrics = tuple(catalogue[name] for name in query.metrics)
    by = tuple(catalogue.dimension(name) for name in query.by)
    where = (*_filters(query.where, catalogue), *_filters(query.without, catalogue, but=True))
    _check(metrics, (*by, *(f.dimension for f in where)), query)
    return Shape(
        metrics=metrics,
        by=by,
        grain=query.grain,
        basis=query.basis,
        starts=query.start is not None,
        ends=query.end is not None,
        compared=query.compare is not None,
        same_dates=same_dates(query),
        adjoining=query.compared is not None and query.compared.end == query.start,
        recorded=_recorded(query, metrics, known),
        fill=query.fill,
        # Only a rollup can be of months; without any, one SQL serves every period.
        whole_months=bool(known.built) and _whole_months(query),
        where=where,
        scope=scope_of(identity, catalogue, as_of=query.as_of),
        # An order may have been charged for in an earlier load than the one that brought its sale.
        built=tuple(name for name in known.built if not (query.as_of and name == EVERY_ORDER_SOLD)),
    )


def _filters(given: tuple[tuple[str, Values], ...], catalogue: Catalogue, *, but: bool = False) -> tuple[Filter, ...]:
    return tuple(
        Filter(
            dimension=catalogue.dimension(name),
            count=sum(value is not None for value in values),
            unknown=None in values,
            but=but,
        )
        for name, values in given
    )


def _whole_months(query: MetricQuery) -> bool:
    before = query.compared
    ends = [query.start, query.end, *((before.start, before.end) if before else ())]
    return all(day is None or day.day == 1 for day in ends)


def same_dates(query: MetricQuery) -> bool:
    """Whether days and hours stand beside those of the same date a year ago, not of the same position."""
    return query.compare == "year_ago" and query.grain in (Grain.DAY, Grain.HOUR)


def _recorded(query: MetricQuery, metrics: tuple[Metric, ...], known: Known) -> frozenset[tuple[str, str, Side]]:
    """Return table, date role and side of which every day compared is recorded.

    Without a grain it is enough that some are: the sum of the others is known.
    """
    if query.period is None or query.compared is None or same_dates(query):
        return frozenset()
    then = known.at(query.as_of) if query.as_of else known
    sides: dict[Side, tuple[date, date]] = {"_before": (query.compared.start, query.compared.last)}
    if query.grain is not None:
        sides = _buckets(query.period, query.compared, query.grain)
        if sides["_before"][1] > query.compared.last:
            # It ends before the last buckets asked for have one beside them.
            del sides["_before"]
    found: set[tuple[str, str, Side]] = set()
    for measure in {measure for metric in metrics for measure in metric.measures()}:
        table, role = measure.mart.table.name, measure.mart.role(measure.dated, query.basis)
        first, last = then.recorded(table, role)
        for side, (start, end) in sides.items():
            if query.grain is None:
                inside = first <= end and start <= last
            else:
                inside = _bucket_of(first, query.grain) <= start and end <= last
            if inside:
                found.add((table, role, side))
    return frozenset(found)


def _buckets(period: Period, before: Period, grain: Grain) -> dict[Side, tuple[date, date]]:
    """Return the first and the last time bucket of a period, and what stands beside them in the other one."""
    asked = _bucket_of(period.start, grain), _bucket_of(period.last, grain)
    shift = position_shift(before.start, period.start, grain)
    first, last = (add_months(day, -shift) if grain in MONTHLY else day - timedelta(days=shift) for day in asked)
    return {"": asked, "_before": (first, last)}


def _bucket_of(day: date, grain: Grain) -> date:
    """Return the first day of the time bucket of a day."""
    if grain is Grain.WEEK:
        return _monday(day)
    if grain not in MONTHLY:
        return day
    width = MONTHS[grain]
    return date(day.year, (day.month - 1) // width * width + 1, 1)


def _check(metrics: tuple[Metric, ...], dimensions: tuple[Dimension, ...], query: MetricQuery) -> None:
    for metric in metrics:
        for mart in {measure.mart for measure in metric.measures()}:
            for dimension in dimensions:
                if not dimension.fits(mart):
                    raise IncompatibleMetricsError(
                        f"{metric.label} ({metric.name}) cannot be cut by {dimension.name}: the records it is "
                        f"counted from, {mart.table.name}, do not say. Leave one of the two out."
                    )
            if query.grain is Grain.HOUR and not mart.hours:
                raise IncompatibleMetricsError(
                    f"{metric.label} ({metric.name}) cannot be cut by hour: the records it is counted from, "
                    f"{mart.table.name}, are kept by the day. Ask for it by day."
                )


def _bound(query: MetricQuery, catalogue: Catalogue) -> dict[str, Parameter]:
    bound: dict[str, Parameter] = {"start": query.start, "end": query.end}
    before = query.compared
    if before is not None and query.start is not None:
        bound |= {"start_before": before.start, "end_before": before.end}
        if query.grain is not None:
            grain = Grain.MONTH if same_dates(query) else query.grain
            bound["shift"] = position_shift(before.start, query.start, grain)
    for name, values in (*query.where, *query.without):
        listed = _readable(catalogue.dimension(name), values)
        bound |= {f"{name}_{i}": value for i, value in enumerate(listed)}
    return bound


def _readable(dimension: Dimension, values: Values) -> list[str | int]:
    known = [value for value in values if value is not None]
    if dimension.type == "string":
        return [str(value) for value in known]
    try:
        numbers = [int(value) for value in known]
    except ValueError:
        numbers = [_LARGEST + 1]
    if all(abs(number) <= _LARGEST for number in numbers):
        return [*numbers]
    raise MetricError(
        f"The filter on {dimension.name} has the values {known!r}, but {dimension.label.lower()} is a number. "
        f"{dimension.description}"
    )


def position_shift(before: date, now: date, grain: Grain) -> int:
    """Return how far the other range is moved to lie on the one asked for: months for grains of months, else days."""
    if grain in MONTHLY:
        width = MONTHS[grain]
        return (_months(now) // width - _months(before) // width) * width
    if grain is Grain.WEEK:
        return (_monday(now) - _monday(before)).days
    return (now - before).days


def _months(day: date) -> int:
    return day.year * 12 + day.month - 1


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
