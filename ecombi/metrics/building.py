"""The SQL that fills derived tables and rollups, in the dialect of the builder: the same expressions that answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import ibis
import ibis.expr.types as ir

from ecombi.metrics.compiler import total_of
from ecombi.metrics.definitions import Counted, DistinctMeasure, Measure, needed
from ecombi.metrics.parameters import parameter, to_sql
from ecombi.metrics.rollups import DistinctRollup, Rollup, rows_column
from ecombi.metrics.rows import TRUNCATE, counts, rows_of, with_dimensions
from ecombi.metrics.shapes import Leg, Shape
from ecombi.metrics.tables import Tables, unbound
from ecombi.schema.periods import Grain

TOUCHED = "touched_days"
"""Table that a build makes for an incremental rollup: role and day (or first of the month) of the rows to sum anew."""


@cache
def insert_sql(rows: Callable[[Tables], ir.Table]) -> str:
    """Return the rows of a derived table as a SELECT."""
    return to_sql(rows(Tables()), "duckdb")


@cache
def rollup_sql(rollup: Rollup, built: tuple[str, ...] = (), *, touched_only: bool = False) -> tuple[str, ...]:
    """Return the rows of a rollup, as SELECTs with its columns in order: one after the other, each takes less memory.

    Args:
        rollup: The rollup.
        built: What can be summed instead of the mart, as for a question: rollups that are up to date, and what is
            known of orders.
        touched_only: Only of the days in `TOUCHED`; else of those from `$first` up to and not including `$end`.
    """
    parts: list[ir.Table] = []
    for role in rollup.roles:
        if isinstance(rollup, DistinctRollup):
            parts += [_distinct(rollup, role, scope, touched_only) for scope in rollup.scopes]
        elif rollup.kept(role):
            parts.append(_part(rollup, role, built, touched_only))
    return tuple(to_sql(part, "duckdb") for part in parts)


def _part(rollup: Rollup, role: str, built: tuple[str, ...], touched_only: bool) -> ir.Table:
    kept = rollup.kept(role)
    leg = Leg(mart=rollup.mart, role=role, mode="sum", matures_days=0, measures=kept)
    shape = Shape(metrics=(), by=rollup.cuts, built=built)
    finer = shape.rollup(leg) is not None
    # Every row of the mart: to ask of each whether any measure counts it costs more than to sum it.
    rows = (
        rows_of(leg, shape, Tables())
        if finer
        else with_dimensions(
            rows_of(replace(leg, measures=()), replace(shape, built=()), Tables()),
            rollup.mart.table,
            needed(kept, built),
            Tables(),
        )
    )
    rows = _of_days(rows.filter(rows["on_day"].notnull()), rollup, role, touched_only)
    sums: dict[str, ir.Value] = {}
    for measure in kept:
        sums |= _summed_again(measure, rows) if finer else _kept(measure, rows)
    summed = rows.aggregate(sums, by={"day": rows["bucket"], **{name: rows[name] for name in rollup.dimensions}})
    summed = summed.filter(ibis.or_(*(summed[name].notnull() for name in sums)))
    return _in_order(rollup, summed.mutate(basis=ibis.literal(role)))


def _distinct(rollup: DistinctRollup, role: str, scope: tuple[str, ...], touched_only: bool) -> ir.Table:
    """Return how many rows of each day have which day of the row before; a row of the same day is no first one."""
    thing = rollup.counted.value
    leg = Leg(mart=rollup.mart, role=role, mode="sum", matures_days=0)
    rows = rows_of(leg, Shape(metrics=(), by=rollup.cuts), Tables())
    rows = rows.filter(rows["on_day"].notnull() & rows[thing].notnull()).select(thing, "on_day", *scope)
    if touched_only:
        rows = rows.semi_join(_of_days(rows, rollup, role, touched_only), thing)
    before = rows["on_day"].lag().over(group_by=[thing, *scope], order_by="on_day")
    rows = rows.mutate(previous_day=before)
    rows = rows.filter(rows["previous_day"].isnull() | (rows["previous_day"] < rows["on_day"]))
    rows = _of_days(rows, rollup, role, touched_only)
    summed = rows.aggregate(
        by={"day": rows["bucket"], **{name: rows[name] for name in (*scope, "previous_day")}},
        **{rollup.counted.name: rows.count()},
    )
    return _in_order(rollup, summed.mutate(basis=ibis.literal(role), scope=ibis.literal(rollup.scope(scope))))


def _in_order(rollup: Rollup, summed: ir.Table) -> ir.Table:
    """Return the columns of a rollup's table; null in those that the rows do not have."""
    schema = unbound(rollup.table).schema()
    columns = {name: summed[name] if name in summed.columns else ibis.null(kind) for name, kind in schema.items()}
    return summed.select(**{name: value.cast(schema[name]) for name, value in columns.items()})


def _of_days(rows: ir.Table, rollup: Rollup, role: str, touched_only: bool) -> ir.Table:
    """Add each row's `bucket`, and keep those of the days that are built."""
    bucket = rows["on_day"]
    if rollup.grain is not Grain.DAY:
        bucket = bucket.cast("timestamp").truncate(TRUNCATE[rollup.grain]).cast("date")
    rows = rows.mutate(bucket=bucket)
    if not touched_only:
        return rows.filter(rows["bucket"] >= parameter("first", "date"), rows["bucket"] < parameter("end", "date"))
    touched = ibis.table({"role": "string", "day": "date"}, name=TOUCHED)
    days = touched.filter(touched["role"] == role).select(touched_day="day")
    return rows.semi_join(days, rows["bucket"] == days["touched_day"])


def _kept(measure: Counted, rows: ir.Table) -> dict[str, ir.Value]:
    """Return the columns that keep a measure: null where no row counts, so that a 0 that was summed stays apart."""
    total = total_of(measure, rows)
    if isinstance(measure, DistinctMeasure) or (isinstance(measure, Measure) and measure.value is None):
        total = total.nullif(0)
    kept = {measure.name: total}
    if isinstance(measure, Measure) and measure.nothing is None:
        kept[rows_column(measure)] = rows.count(where=counts(measure, rows)).nullif(0)
    return kept


def _summed_again(measure: Counted, rows: ir.Table) -> dict[str, ir.Value]:
    """Return the same columns from a finer rollup."""
    names = [
        measure.name,
        *([rows_column(measure)] if isinstance(measure, Measure) and measure.nothing is None else []),
    ]
    return {name: rows[name].sum() for name in names}
