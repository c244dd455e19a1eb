"""The planner: rollups change the speed and never the figures; a shape met before is not compiled again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from ecombi.errors import IncompatibleMetricsError, MetricError, UnknownDimensionError, UnknownMetricError
from ecombi.metrics import sales
from ecombi.metrics.catalogue import CATALOGUE, Catalogue
from ecombi.metrics.compiler import compile_shape
from ecombi.metrics.conditions import EVERY_ORDER_SOLD, UNAMENDED_ORDERS
from ecombi.metrics.definitions import DaysMeasure, DistinctMeasure, QuantileMeasure
from ecombi.metrics.marts import LEDGER, Basis
from ecombi.metrics.parameters import names_in
from ecombi.metrics.planner import bound_by, plan
from ecombi.metrics.policy import OWNER, Identity
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.rollups import ROLLUPS, DistinctRollup, Rollup
from ecombi.metrics.shapes import UNIFORM_ORDERS
from ecombi.metrics.state import Known, Load
from ecombi.schema import tables
from ecombi.schema.periods import Grain, Period
from tests.metrics.asking import run
from tests.metrics.tiny_shop import SHOP

if TYPE_CHECKING:
    from ecombi.backends.warehouse import Warehouse
    from ecombi.workspace import Workspace
    from tests.metrics.conftest import Ask

SUMS = [rollup for rollup in ROLLUPS.values() if not isinstance(rollup, DistinctRollup)]
WHOLE = pytest.mark.xdist_group("whole_shop")
SUMMED = [name for name, metric in CATALOGUE.items() if {m.mart for m in metric.measures()} == {LEDGER}]
PERIOD = {"start": "2026-03-10", "end": "2026-10-20"}


def figures(
    query: MetricQuery, warehouse: Warehouse, known: Known | None = None
) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Return the tables that were summed, and the rows of the answer."""
    planned = plan(query, warehouse.dialect, known=known)
    rows = warehouse.arrow(planned.sql, bound(planned.sql, query, known)).to_pylist()
    return planned.tables, sorted((tuple(row.values()) for row in rows), key=repr)


def bound(sql: str, query: MetricQuery, known: Known | None) -> dict[str, object]:
    """Return the values of a question; what is not settled is left out as on the days of the whole shop."""
    final = replace(known or Known(), loads=FINAL.loads, last_day=FINAL.last_day)
    values = bound_by(query, CATALOGUE, final, OWNER)
    return {name: values[name] for name in sorted(names_in(sql))}


FINAL = Known(
    loads=(Load(load_id=1, source="simulated", at=datetime(2026, 11, 1, 6, tzinfo=UTC), settle_hours=0),),
    last_day=date(2026, 10, 31),
)


def rests_on(rollup: Rollup) -> list[str]:
    """Return the metrics that a rollup has all sums of."""
    kept = {*rollup.measures, *(m for m in MEASURES if isinstance(m, DaysMeasure) and m.mart is rollup.mart)}
    return [name for name, metric in CATALOGUE.items() if {*metric.measures()} <= kept]


MEASURES = {measure for metric in CATALOGUE.values() for measure in metric.measures()}


def splits(name: str) -> set[str]:
    """Return the dimensions whose parts share what a metric counts."""
    found = (m.splits for m in CATALOGUE[name].measures() if isinstance(m, DistinctMeasure))
    return {dimension for dimensions in found for dimension in dimensions or ()}


def subsets(rollup: Rollup) -> Iterator[tuple[str, ...]]:
    for size in range(len(rollup.dimensions) + 1):
        yield from combinations(rollup.dimensions, size)


def test_a_mart_with_rollups_keeps_every_sum_of_it() -> None:
    for rollup in SUMS:
        missing = {m for m in MEASURES if m.mart is rollup.mart} - set(rollup.measures)
        assert all(
            isinstance(m, DaysMeasure | QuantileMeasure) or (isinstance(m, DistinctMeasure) and m.splits is None)
            for m in missing
        ), rollup.name


@WHOLE
@pytest.mark.parametrize("rollup", SUMS, ids=lambda rollup: rollup.name)
def test_every_metric_by_every_subset_of_a_rollup_is_that_of_the_mart(
    whole_shop: dict[str, Workspace], rollup: Rollup
) -> None:
    warehouse = whole_shop["duckdb"].warehouse
    known = Known(built=(rollup.name, UNIFORM_ORDERS))
    names = rests_on(rollup)
    filtered = {rollup.dimensions[0]: [*whole_shop["duckdb"].answers.values(rollup.dimensions[0])[:2], None]}
    for number, by in enumerate(subsets(rollup)):
        whole = [name for name in names if splits(name) & set(rollup.dimensions) <= set(by)]
        # Every grain for every subset; filters and bases in turn.
        for turn, grain in enumerate((None, "month", "day"), number):
            where, basis = (None, filtered)[turn % 2], ("booked", "ordered")[turn // 2 % 2]
            query = MetricQuery.of(whole, by=by, grain=grain, where=where, basis=basis, **PERIOD)
            used, rolled_up = figures(query, warehouse, known)
            summed_of, summed = figures(query, warehouse)
            assert (used, summed_of) == ((rollup.name,), (rollup.mart.table.name,))
            assert rolled_up == summed, (by, grain, where, basis)
            assert rolled_up
        for name in set(names) - set(whole):
            # An order with two categories is one order: its parts are not summed.
            assert plan(MetricQuery.of(name, by=by), "duckdb", known=known).tables == (rollup.mart.table.name,)


COMPOSED = [name for name in CATALOGUE if not any(name in rests_on(rollup) for rollup in SUMS)]
"""Metrics that no single rollup has all sums of: of several marts, or in part not a sum."""


def cuts(name: str) -> tuple[str, ...]:
    """Return the dimensions of any rollup that a metric can be cut by."""
    marts = {measure.mart for measure in CATALOGUE[name].measures()}
    kept = dict.fromkeys(d for rollup in ROLLUPS.values() for d in rollup.cuts if rollup.mart in marts)
    return tuple(d.name for d in kept if all(d.fits(mart) for mart in marts))


@WHOLE
@pytest.mark.parametrize("by", sorted({cuts(name) for name in COMPOSED}), ids=lambda by: " ".join(by) or "whole")
def test_every_metric_of_several_marts_by_every_subset_is_that_of_the_marts(
    whole_shop: dict[str, Workspace], by: tuple[str, ...]
) -> None:
    answers = whole_shop["duckdb"].answers
    names = [name for name in COMPOSED if cuts(name) == by]
    sizes = range(len(by) + 1)
    for number, subset in enumerate(subset for size in sizes for subset in combinations(by, size)):
        grain, basis = (None, "month", "day")[number % 3], ("booked", "ordered")[number % 2]
        query = MetricQuery.of(names, by=subset, grain=grain, basis=basis, **PERIOD)
        _, rolled_up = figures(query, answers.warehouse, answers.known())
        summed_of, summed = figures(query, answers.warehouse)
        assert not set(summed_of) & set(ROLLUPS)
        assert rolled_up == summed, (subset, grain, basis)
        assert rolled_up


@WHOLE
@pytest.mark.parametrize("rollup", SUMS, ids=lambda rollup: rollup.name)
def test_a_rollup_of_days_knows_weekdays_and_what_it_is_compared_with(
    whole_shop: dict[str, Workspace], rollup: Rollup
) -> None:
    names = [name for name in rests_on(rollup) if not splits(name) & set(rollup.dimensions)]
    by = [rollup.dimensions[0], "weekday"]
    query = MetricQuery.of(names, by=by, compare="previous", without={"weekday": [7]}, **PERIOD)
    for workspace in whole_shop.values():
        used, rolled_up = figures(query, workspace.warehouse, Known(built=(rollup.name, UNIFORM_ORDERS)))
        _, summed = figures(query, workspace.warehouse)
        assert used == (rollup.name,)
        assert rolled_up == summed
        assert {row[1] for row in rolled_up} <= {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize(
    ("compare", "readings"), [("previous", 1), ("same_weekdays", 2), (Period(date(2026, 1, 1), date(2026, 3, 10)), 1)]
)
def test_a_rollup_is_read_once_where_what_it_is_compared_with_ends_where_it_begins(
    compare: str | Period, readings: int
) -> None:
    known = Known(built=("sales_by_day",))
    query = MetricQuery.of("net_sales", by="country", compare=compare, **PERIOD)

    assert plan(query, "duckdb", known=known).sql.count('"sales_by_day"') == readings


@WHOLE
def test_the_smallest_rollup_that_answers_is_picked(whole_shop: dict[str, Workspace]) -> None:
    answers = whole_shop["duckdb"].answers
    *built, uniform, unamended, sold = answers.known().built
    counted = [answers.warehouse.arrow(f"SELECT count(*) AS n FROM {name}")["n"][0].as_py() for name in built]
    assert (uniform, unamended, sold) == (UNIFORM_ORDERS, UNAMENDED_ORDERS, EVERY_ORDER_SOLD)
    assert set(built) == set(ROLLUPS)
    assert counted == sorted(counted)
    for rollup in SUMS:
        for by in subsets(rollup):
            [name, *_] = (n for n in rests_on(rollup) if not splits(n))
            smallest = next(
                b
                for b in built
                if ROLLUPS[b] in SUMS and ROLLUPS[b].mart is rollup.mart and set(by) <= set(ROLLUPS[b].dimensions)
            )
            assert answers.plan(MetricQuery.of(name, by=by)).tables == (smallest,)


@pytest.mark.parametrize(
    ("question", "table"),
    [
        ({"metrics": "orders"}, "sales_by_day"),
        ({"metrics": ["net_sales", "aov"], "by": "country", "grain": "day"}, "sales_by_day"),
        ({"metrics": "orders", "by": "category"}, "sales_daily"),
        ({"metrics": "orders", "where": {"category": ["Kitchen"]}}, "ledger"),
        ({"metrics": "orders", "by": "product"}, "products_by_day"),
        ({"metrics": "orders", "by": ["product", "country"]}, "products_daily"),
        ({"metrics": "net_sales", "where": {"category": ["Kitchen"]}}, "sales_daily"),
        ({"metrics": "net_sales", "where": {"weekday": [1]}, "by": "channel"}, "sales_by_day"),
        ({"metrics": "net_sales", "grain": "hour"}, "ledger"),
        ({"metrics": "net_sales", "by": "customer_type"}, "ledger"),
        ({"metrics": "net_sales", "by": "hour_of_day"}, "ledger"),
        ({"metrics": "net_sales", "where": {"product_name": ["Mug"]}}, "ledger"),
        ({"metrics": "net_sales", "by": "store"}, "ledger"),
        ({"metrics": "customers"}, "customers_by_day"),
        ({"metrics": "customers", "by": ["channel", "country"], "grain": "month"}, "customers_by_day"),
        ({"metrics": "customers", "by": "channel", "where": {"country": ["FR"]}}, "customers_by_day"),
        ({"metrics": "customers", "by": "channel", "where": {"country": [None]}}, "customers_by_day"),
        ({"metrics": "customers", "by": "country", "where": {"country": ["FR", "GB"]}}, "customers_by_day"),
        # A customer of both countries is one.
        ({"metrics": "customers", "where": {"country": ["FR", "GB"]}}, "orders"),
        ({"metrics": "customers", "by": "channel", "without": {"country": ["FR"]}}, "orders"),
        ({"metrics": "customers", "by": "weekday"}, "orders"),
        ({"metrics": "customers", "by": "traffic_source"}, "orders"),
    ],
)
def test_what_the_rollups_do_not_keep_is_summed_from_the_mart(question: dict[str, object], table: str) -> None:
    sums = ("sales_by_day", "orders_daily", "sales_daily", "products_by_day", "products_daily")
    built = (*sums, "customers_by_day", UNIFORM_ORDERS)
    assert plan(MetricQuery.of(**question), "duckdb", known=Known(built=built)).tables == (table,)
    if table != "ledger" and "orders" in question["metrics"]:
        # Some order goes on on a second day: the days of a rollup do not add up.
        assert plan(MetricQuery.of(**question), "duckdb", known=Known(built=built[:-1])).tables == ("ledger",)


@WHOLE
@pytest.mark.parametrize("basis", list(Basis))
@pytest.mark.parametrize("by", [(), ("country",), ("channel",), ("country", "channel")], ids=" ".join)
def test_customers_of_a_rollup_are_those_that_are_told_apart(
    whole_shop: dict[str, Workspace], by: tuple[str, ...], basis: Basis
) -> None:
    known = Known(built=("customers_by_day",))
    for workspace in whole_shop.values():
        for asked in (
            {**PERIOD},
            {},
            {**PERIOD, "grain": "day"},
            {**PERIOD, "grain": "month", "compare": "previous"},
            {**PERIOD, "grain": "week", "compare": "year_ago", "fill": True},
            {**PERIOD, "compare": "same_weekdays", "where": {"channel": ["App"]}},
            {**PERIOD, "compare": ("2026-05-01", "2026-12-01"), "where": {"country": ["Germany"], "channel": ["App"]}},
        ):
            query = MetricQuery.of("customers", by=by, basis=basis, **asked)
            used, rolled_up = figures(query, workspace.warehouse, known)
            counted_in, counted = figures(query, workspace.warehouse)
            assert (used, counted_in) == (("customers_by_day",), ("orders",))
            assert rolled_up == counted, asked
            assert rolled_up


@WHOLE
def test_who_may_see_one_country_sees_its_customers_in_the_rollup(whole_shop: dict[str, Workspace]) -> None:
    warehouse = whole_shop["duckdb"].warehouse
    query = MetricQuery.of("customers", by="channel", **PERIOD)
    for countries, table in ((["Germany"], "customers_by_day"), (["Germany", "France"], "orders")):
        identity = Identity.of("reader", countries=countries)
        answers = []
        for known in (Known(built=("customers_by_day",)), Known()):
            planned = plan(query, "duckdb", known=known, identity=identity)
            rows = warehouse.arrow(planned.sql, planned.params).to_pylist()
            answers.append((planned.tables, sorted(map(tuple, (row.values() for row in rows)))))
        (used, rolled_up), (_, counted) = answers
        assert used == (table,)
        assert rolled_up == counted
        assert rolled_up


@pytest.mark.parametrize("basis", list(Basis))
@pytest.mark.parametrize("grain", [grain for grain in Grain if grain is not Grain.HOUR])
def test_every_grain_of_the_tiny_shop_is_that_of_its_ledger(warehouse: Warehouse, grain: Grain, basis: Basis) -> None:
    known = Known(built=("sales_daily", UNIFORM_ORDERS))
    by = ROLLUPS["sales_daily"].dimensions
    query = MetricQuery.of(SUMMED, by=by, grain=grain, basis=basis, start="2012-01-10", end="2013-02-15")
    used, rolled_up = figures(query, warehouse, known)
    unused, summed = figures(query, warehouse)
    assert (used, unused) == (("sales_daily",), ("ledger",))
    assert rolled_up == summed


def test_a_shape_is_compiled_once_for_all_its_values() -> None:
    compile_shape.cache_clear()
    for day, countries in (
        ("2012-01-01", ["GB", "FR"]),
        ("2012-01-05", ["DE", "GB"]),
        ("2011-12-01", ["US", "O'Hara"]),
    ):
        plan(MetricQuery.of("net_sales", start=day, end="2012-02-01", where={"country": countries}), "duckdb")
    assert compile_shape.cache_info().misses == 1
    plan(MetricQuery.of("net_sales", start="2012-01-01", end="2012-02-01", where={"country": ["GB"]}), "duckdb")
    plan(MetricQuery.of("net_sales", start="2012-01-01", end="2012-02-01", where={"country": ["GB", "FR"]}), "postgres")
    assert compile_shape.cache_info().misses == 3


def test_planning_a_shape_met_before_takes_at_most_two_milliseconds() -> None:
    period = {"start": "2012-01-01", "end": "2012-02-01", "grain": "day", "compare": "year_ago"}
    query = MetricQuery.of(SUMMED, by=["country", "category"], where={"channel": ["web", None]}, **period)
    plan(query, "duckdb")
    laps = []
    for _ in range(50):
        begun = time.perf_counter()
        plan(query, "duckdb")
        laps.append(time.perf_counter() - begun)
    assert sorted(laps)[25] < 0.002


def test_values_are_bound_and_never_written_into_sql() -> None:
    evil = "GB'; DROP TABLE ledger; --"
    planned = plan(MetricQuery.of("net_sales", start="2012-01-01", where={"country": [evil]}), "postgres")
    assert evil not in planned.sql
    assert evil in planned.params.values()
    assert "2012" not in planned.sql


def test_the_catalogue_is_read_without_the_engines() -> None:
    code = "import sys, ecombi.metrics.docs, ecombi.metrics.format; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"ibis", "pandas", "pyarrow", "duckdb", "sqlglot", "psycopg"} & set(done.stdout.split())


def test_unknown_names_come_with_the_nearest_ones() -> None:
    with pytest.raises(UnknownMetricError, match=r"Unknown metric 'net_sale'\. Did you mean 'net_sales'"):
        plan(MetricQuery.of("net_sale"), "duckdb")
    with pytest.raises(UnknownDimensionError, match=r"Unknown dimension 'contry'\. Did you mean 'country'"):
        plan(MetricQuery.of("net_sales", by="contry"), "duckdb")
    with pytest.raises(UnknownDimensionError, match="Did you mean 'channel'"):
        plan(MetricQuery.of("net_sales", where={"chanel": ["web"]}), "duckdb")


def test_metrics_of_two_marts_are_summed_apart_and_laid_side_by_side(warehouse: Warehouse, ask: Ask) -> None:
    # The ledger once more, as a mart of its own: joined row by row the figures would multiply.
    twin = replace(LEDGER)
    other = replace(sales.units, name="other_units", mart=twin)
    catalogue = Catalogue(
        {
            "net_sales": sales.net_sales,
            "other_units": other,
            "per_unit": replace(sales.aov, name="per_unit", numerator=sales.net_sales, denominator=other),
        },
        CATALOGUE.dimensions,
    )
    query = MetricQuery.of(["net_sales", "other_units", "per_unit"], by="country", grain="month", compare="year_ago",
                           start="2012-01-01", end="2012-04-01", fill=True)  # fmt: skip
    found = run(query, warehouse, SHOP, catalogue=catalogue)
    assert found.passport.tables == ("sales_by_day", "ledger")
    one = ask(["net_sales", "units"], by="country", grain="month", start="2012-01-01", end="2012-04-01", fill=True)
    assert found[["net_sales", "other_units"]].to_numpy().tolist() == one[["net_sales", "units"]].to_numpy().tolist()
    assert found["per_unit"].tolist()[:3] == [
        pytest.approx(value, nan_ok=True) for value in (float("nan"), 67 / 4, float("nan"))
    ]


def test_a_dimension_the_records_do_not_have_is_refused_in_words() -> None:
    spend = replace(sales.net_sales, name="spend", label="Ad spend", mart=replace(LEDGER, table=tables.ad_spend))
    catalogue = Catalogue({"spend": spend}, CATALOGUE.dimensions)
    with pytest.raises(
        IncompatibleMetricsError, match=r"Ad spend \(spend\) cannot be cut by category: .*ad_spend, do not say"
    ):
        plan(MetricQuery.of("spend", by="category"), "duckdb", catalogue=catalogue)


def test_a_number_is_refused_where_it_cannot_be_one() -> None:
    with pytest.raises(MetricError, match=r"weekday has the values \['Monday'\].*1 for Monday"):
        plan(MetricQuery.of("net_sales", where={"weekday": ["Monday"]}), "duckdb")
    with pytest.raises(MetricError, match="1 for Monday"):
        plan(MetricQuery.of("net_sales", where={"weekday": [10**30]}), "duckdb")
