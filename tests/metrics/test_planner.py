"""The planner: rollups change the speed and never the figures; a shape met before is not compiled again."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from ecombi.errors import IncompatibleMetricsError, MetricError, UnknownDimensionError, UnknownMetricError
from ecombi.metrics import sales
from ecombi.metrics.answers import run
from ecombi.metrics.catalogue import CATALOGUE, Catalogue
from ecombi.metrics.compiler import compile_shape
from ecombi.metrics.definitions import Measure
from ecombi.metrics.marts import LEDGER, Basis
from ecombi.metrics.planner import plan
from ecombi.metrics.query import MetricQuery
from ecombi.schema import tables
from ecombi.schema.periods import Grain
from ecombi.schema.rollups import ROLLUPS
from tests.metrics.tiny_shop import SHOP

if TYPE_CHECKING:
    from ecombi.backends.warehouse import Warehouse
    from tests.metrics.conftest import Ask

SUMS = [name for name, metric in CATALOGUE.items() if all(isinstance(m, Measure) for m in metric.measures())]
KEPT = ROLLUPS[0].dimensions


def figures(
    query: MetricQuery, warehouse: Warehouse, *, use_rollups: bool
) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    planned = plan(query, warehouse.dialect, use_rollups=use_rollups)
    rows = warehouse.arrow(planned.sql, planned.params).to_pylist()
    return planned.tables, sorted((tuple(row.values()) for row in rows), key=repr)


def test_all_metrics_but_counts_of_orders_are_sums() -> None:
    assert set(CATALOGUE) - set(SUMS) == {"orders", "aov"}


@pytest.mark.parametrize("basis", list(Basis))
@pytest.mark.parametrize("grain", [None, *(grain for grain in Grain if grain is not Grain.HOUR)])
def test_the_rollup_gives_the_figures_of_the_ledger(warehouse: Warehouse, grain: Grain | None, basis: Basis) -> None:
    # Both engines run the same SQL but for its spelling: PostgreSQL need not see every subset.
    sizes = range(len(KEPT) + 1) if warehouse.dialect == "duckdb" else (0, len(KEPT))
    for by in (by for size in sizes for by in combinations(KEPT, size)):
        query = MetricQuery.of(SUMS, by=by, grain=grain, basis=basis, start="2012-01-10", end="2013-02-15")
        used, rolled_up = figures(query, warehouse, use_rollups=True)
        unused, summed = figures(query, warehouse, use_rollups=False)
        assert (used, unused) == (("sales_daily",), ("ledger",))
        assert rolled_up == summed


@pytest.mark.parametrize("metric", SUMS)
def test_the_rollup_gives_the_groups_of_the_ledger(warehouse: Warehouse, metric: str) -> None:
    query = MetricQuery.of(metric, by=["country", "weekday"], compare="previous", start="2012-04-01", end="2013-02-01",
                           where={"channel": ["web", None], "category": ["Kitchen", None]})  # fmt: skip
    used, rolled_up = figures(query, warehouse, use_rollups=True)
    _, summed = figures(query, warehouse, use_rollups=False)
    assert used == ("sales_daily",)
    assert rolled_up == summed


@pytest.mark.parametrize(
    "question",
    [
        {"metrics": "orders"},
        {"metrics": ["net_sales", "aov"]},
        {"metrics": "net_sales", "grain": "hour"},
        {"metrics": "net_sales", "by": "product"},
        {"metrics": "net_sales", "by": "customer_type"},
        {"metrics": "net_sales", "by": "hour_of_day"},
        {"metrics": "net_sales", "where": {"product_name": ["Mug"]}},
    ],
)
def test_what_the_rollup_does_not_keep_is_summed_from_the_ledger(question: dict[str, object]) -> None:
    assert plan(MetricQuery.of(**question), "duckdb").tables == ("ledger",)


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
    query = MetricQuery.of(list(CATALOGUE), by=["country", "category"], where={"channel": ["web", None]}, **period)
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
    twin = replace(LEDGER, rollups=())
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
    planned = plan(query, warehouse.dialect, catalogue=catalogue)
    assert planned.tables == ("sales_daily", "ledger")
    found = run(query, warehouse, SHOP, catalogue=catalogue)
    one = ask(["net_sales", "units"], by="country", grain="month", start="2012-01-01", end="2012-04-01", fill=True)
    assert found[["net_sales", "other_units"]].to_numpy().tolist() == one[["net_sales", "units"]].to_numpy().tolist()
    assert found["per_unit"].tolist()[:3] == [
        pytest.approx(value, nan_ok=True) for value in (float("nan"), 67 / 4, float("nan"))
    ]


def test_a_dimension_the_records_do_not_have_is_refused_in_words() -> None:
    spend = replace(
        sales.net_sales, name="spend", label="Ad spend", mart=replace(LEDGER, table=tables.ad_spend, rollups=())
    )
    catalogue = Catalogue({"spend": spend}, CATALOGUE.dimensions)
    with pytest.raises(
        IncompatibleMetricsError, match=r"Ad spend \(spend\) cannot be cut by category: .*ad_spend, do not say"
    ):
        plan(MetricQuery.of("spend", by="category"), "duckdb", catalogue=catalogue)


def test_a_number_is_refused_where_it_cannot_be_one() -> None:
    with pytest.raises(MetricError, match=r"weekday has the values \['Monday'\].*1 for Monday"):
        plan(MetricQuery.of("net_sales", where={"weekday": ["Monday"]}), "duckdb")
