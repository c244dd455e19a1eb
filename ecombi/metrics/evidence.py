"""The rows behind a figure, and its passport: the question narrowed to the cell the figure stands in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import pandas as pd

from ecombi.errors import MetricError, did_you_mean
from ecombi.metrics.compiler import read_value, type_of
from ecombi.metrics.definitions import Counted, DistinctMeasure, Measure, Metric, QuantileMeasure
from ecombi.metrics.parameters import to_sql
from ecombi.metrics.passport import Cell, Passport
from ecombi.metrics.planner import Plan, position_shift, same_dates
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.rows import counts, rows_of
from ecombi.metrics.shapes import MONTHLY, Leg
from ecombi.metrics.tables import Tables
from ecombi.schema.periods import Grain, Period, add_months
from ecombi.schema.tables import key_of

if TYPE_CHECKING:
    from ecombi.metrics.answers import Answers
    from ecombi.metrics.result import Result


def rows_behind(answers: Answers, result: Result, cell: Cell, metric: str | None, *, before: bool) -> pd.DataFrame:
    """Return the rows a figure is computed from; see `Result.rows`.

    Returns:
        The columns of the mart; then, for each measure of the metric, a column of what the row adds to it, null where
        it adds nothing: the sum of the column is the measure. For a count of different things it is the thing.
    """
    found = _metric(result, metric)
    passport = result.passport
    query = replace(narrowed(result, cell), metrics=(found.name,))
    other = _beside(result, cell) if before else None
    if other is not None:
        query = replace(query, start=other.start, end=other.end)
    planned = answers.plan(query)
    frames = [_rows(answers, planned, leg) for leg in replace(planned.shape, built=()).legs]
    if passport.snapshot != answers.warehouse_number():
        raise MetricError(
            f"These figures are of snapshot {passport.snapshot}, and another one was published since. Ask again."
        )
    rows = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
    # Where no day stands beside the cell, its figure has no value, and no row is behind it.
    return rows.iloc[:0] if before and other is None else rows


def passport_of(result: Result, cell: Cell, metric: str | None) -> Passport:
    """Return the passport of one figure; see `Passport`."""
    found = _metric(result, metric)
    query = replace(narrowed(result, cell), metrics=(found.name,))
    if result.passport.compared is not None:
        query = replace(query, compare=_beside(result, cell))
    narrow = replace(result.passport, query=query, metrics=(found,))
    answers = getattr(result, "_answers", None)
    if answers is None:
        return narrow
    planned = answers.plan(query)
    return replace(narrow, sql=planned.sql, params=planned.params, tables=planned.tables)


def narrowed(result: Result, cell: Cell) -> MetricQuery:
    """Return the question for the figures of one row, of the range asked for.

    Raises:
        MetricError: The result has no such row.
    """
    query = result.passport.query
    row = _row(result, cell)
    keys = {name: row[name] for name in query.by}
    where = {**dict(query.where), **{name: (_plain(value),) for name, value in keys.items()}}
    without = tuple((name, values) for name, values in query.without if name not in keys)
    start, end = query.start, query.end
    if query.grain is not None:
        first = _bucket(query.grain, row)
        last = query.grain.end_of(first)
        start, end = max(first, start or first), min(last, end or last)
    if query.grain is Grain.HOUR:
        where["hour_of_day"] = (pd.Timestamp(str(row["hour"])).hour,)
    return replace(
        query,
        by=(),
        grain=None,
        fill=False,
        compare=None,
        elapsed=False,
        start=start,
        end=end,
        where=tuple(sorted(where.items())),
        without=without,
    )


def _beside(result: Result, cell: Cell) -> Period | None:
    """Return the days of the other range that stand beside a row; None where it is shorter, or has no 29 February.

    Raises:
        MetricError: The result has no such row, or there is no other range.
    """
    query = result.passport.query
    row = _row(result, cell)
    other = query.compared
    if other is None or query.start is None:
        raise MetricError("These figures are not compared with another range.")
    if query.grain is None:
        return other
    first = _bucket(query.grain, row)
    grain = Grain.MONTH if same_dates(query) else query.grain
    shift = position_shift(other.start, query.start, grain)
    if grain not in MONTHLY:
        beside = first - timedelta(days=shift)
    elif add_months(beside := add_months(first, -shift), shift) != first:
        return None
    start, end = max(beside, other.start), min(query.grain.end_of(beside), other.end)
    return Period(start, end) if start < end else None


def _bucket(grain: Grain, row: Mapping[str, object]) -> date:
    """Return the first day of the time bucket of a row."""
    return pd.Timestamp(str(row[grain.value])).date()


def _rows(answers: Answers, planned: Plan, leg: Leg) -> pd.DataFrame:
    shape = replace(planned.shape, built=())
    tables = Tables(shape.scope)
    rows = rows_of(leg, shape, tables)
    if leg.mode == "days":
        rows = rows.select(day=rows["on_day"]).distinct()
        return _read(answers, planned, rows.mutate(**{m.name: rows["day"] for m in leg.measures}), "day")
    visible = [column.name for column in leg.mart.table.columns if column.name in rows.columns]
    shares = {measure.name: _share(measure, rows) for measure in leg.measures}
    new = {name: value for name, value in shares.items() if name not in visible}
    return _read(answers, planned, rows.select(*visible, **new), *key_of(leg.mart.table))


def _share(measure: Counted, rows: ir.Table) -> ir.Value:
    """Return what a row adds to a measure: null where it does not count."""
    if isinstance(measure, DistinctMeasure):
        value: ir.Value = rows[measure.value]
    elif isinstance(measure, Measure) and measure.value is None:
        value = ibis.literal(measure.sign, "int64")
    elif isinstance(measure, Measure):
        value = read_value(measure.value, rows).cast(type_of(measure)) * ibis.literal(measure.sign, "int8")
        value = value.cast(type_of(measure))
    elif isinstance(measure, QuantileMeasure):
        value = read_value(measure.value, rows).cast("float64")
    else:
        raise TypeError(f"{measure.name} is not counted from rows.")
    counted = counts(measure, rows)
    return value if counted is None else ibis.cases((counted, value))


def _read(answers: Answers, planned: Plan, rows: ir.Table, *order: str) -> pd.DataFrame:
    sql = to_sql(rows.order_by([name for name in order if name in rows.columns]), answers.warehouse.dialect)
    bound = answers.bound(planned.query)
    table, _ = answers.read(sql, bound)
    frame: pd.DataFrame = table.to_pandas(
        types_mapper=lambda kind: pd.ArrowDtype(kind) if str(kind).startswith("decimal") else None
    )
    return frame


def _metric(result: Result, name: str | None) -> Metric:
    metrics = {metric.name: metric for metric in result.passport.metrics}
    if name is None:
        if len(metrics) > 1:
            raise MetricError(f"Say which figure: metric is one of {', '.join(metrics)}.")
        return next(iter(metrics.values()))
    if name not in metrics:
        raise MetricError(f"This result has no metric {name!r}. {did_you_mean(name, metrics)}")
    return metrics[name]


def _row(result: Result, cell: Cell) -> Mapping[str, object]:
    query = result.passport.query
    keys = [*query.by, *([query.grain.value] if query.grain else [])]
    if isinstance(cell, int):
        if not 0 <= cell < len(result):
            raise MetricError(f"This result has no row {cell}; it has {len(result)}, counted from 0.")
        return {key: result[key].iloc[cell] for key in keys}
    for name in cell:
        if name not in keys:
            raise MetricError(f"{name!r} is no key of this result. {did_you_mean(name, keys)}")
    here = pd.Series(True, index=result.index)
    for key in keys:
        if key not in cell:
            raise MetricError(f"Say which {key}: a row of this result is named by {', '.join(keys)}.")
        wanted = cell[key]
        here &= result[key].isna() if wanted is None else result[key] == _as_key(wanted, key, query)
    places = here.to_numpy().nonzero()[0]
    if len(places) == 0:
        raise MetricError(f"This result has no row with {dict(cell)!r}.")
    return {key: result[key].iloc[places[0]] for key in keys}


def _as_key(wanted: object, key: str, query: MetricQuery) -> object:
    if query.grain is not None and key == query.grain.value and isinstance(wanted, str | date | datetime):
        return pd.Timestamp(wanted)
    return wanted


def _plain(value: object) -> str | int | None:
    if value is None or pd.isna(value):  # type: ignore[call-overload]  # any value of a key column
        return None
    return value if isinstance(value, str) else int(value)  # type: ignore[call-overload]  # a whole number
