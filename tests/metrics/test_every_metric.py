"""What holds for every metric in the catalogue, those to come included."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from ecombi.backends.warehouse import Warehouse, open_warehouse
from ecombi.metrics.answers import run
from ecombi.metrics.catalogue import CATALOGUE
from ecombi.metrics.definitions import Measure, Ratio, Unit
from ecombi.metrics.docs import EXAMPLE, pages
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.result import MONEY
from ecombi.settings import load_settings
from tests.metrics.conftest import publish
from tests.metrics.tiny_shop import SHOP, ledger_row

METRICS = list(CATALOGUE)
DIMENSIONS = list(CATALOGUE.dimensions)
ROOT = Path(__file__).parents[2]


def equal(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other), check_exact=False, rtol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_both_engines_give_the_same_table(warehouses: dict[str, Warehouse], metric: str) -> None:
    query = MetricQuery.of(
        metric, by=["country", "customer_type"], grain="week", compare="previous", start="2012-02-01", end="2012-03-15"
    )
    on_duckdb, on_postgres = (run(query, warehouse, SHOP) for warehouse in warehouses.values())
    assert len(on_duckdb) > 0
    equal(on_duckdb, on_postgres)


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"by": DIMENSIONS, "grain": "hour"},
        {"by": "category", "grain": "month", "basis": "ordered", "fill": True},
        {"grain": "hour", "fill": True, "start": "2012-03-24", "end": "2012-04-02"},
        {"grain": "quarter", "fill": True, "start": "2012-04-01", "end": "2013-01-01", "compare": "year_ago"},
    ],
)
def test_both_engines_agree_on_all_metrics_together(
    warehouses: dict[str, Warehouse], question: dict[str, object]
) -> None:
    on_duckdb, on_postgres = (run(MetricQuery.of(METRICS, **question), w, SHOP) for w in warehouses.values())
    assert len(on_duckdb) > 0
    equal(on_duckdb, on_postgres)


@pytest.mark.parametrize("metric", [m.name for m in CATALOGUE.values() if isinstance(m, Measure)])
@pytest.mark.parametrize("basis", ["booked", "ordered"])
def test_parts_of_a_sum_add_up_to_the_whole(warehouses: dict[str, Warehouse], metric: str, basis: str) -> None:
    warehouse = warehouses["duckdb"]
    whole = run(MetricQuery.of(metric, basis=basis), warehouse, SHOP)[metric].iloc[0]
    for cut in (
        *({"by": dimension} for dimension in DIMENSIONS),
        {"grain": "day"},
        {"by": ["country", "product"], "grain": "month"},
    ):
        parts = run(MetricQuery.of(metric, basis=basis, **cut), warehouse, SHOP)[metric]
        assert parts.dropna().sum() == whole, cut


def test_the_bases_agree_on_the_whole_ledger(warehouses: dict[str, Warehouse]) -> None:
    booked, ordered = (
        run(MetricQuery.of(METRICS, basis=basis), warehouses["duckdb"], SHOP) for basis in ("booked", "ordered")
    )
    equal(booked, ordered)


def test_identities_hold_in_every_cell(warehouse: Warehouse) -> None:
    cells = run(MetricQuery.of(METRICS, by=["country", "category", "customer_type"], grain="day"), warehouse, SHOP)
    assert (cells["net_sales"] == cells["gross_sales"] - cells["discounts"] - cells["returns"]).all()
    assert (cells["total_sales"] == cells["net_sales"] + cells["tax"] + cells["duties"] + cells["shipping"]).all()
    costed = cells[cells["cost_of_goods"].notna()]
    assert (costed["gross_margin"] == costed["net_sales"] - costed["cost_of_goods"]).all()
    assert cells.loc[cells["cost_of_goods"].isna(), "gross_margin"].isna().all()


@pytest.mark.parametrize("metric", CATALOGUE.values(), ids=lambda metric: metric.name)
def test_a_metric_says_what_it_is(metric: Measure) -> None:
    assert re.fullmatch(r"[a-z][a-z_]*[a-z]", metric.name)
    assert metric.formula.endswith(".")
    assert metric.description.endswith(".")
    assert "Left out:" in metric.description or isinstance(metric, Ratio)
    assert metric.source
    assert metric.owner
    assert metric.definition_version >= 1


def test_names_are_not_used_twice() -> None:
    names = [*METRICS, *DIMENSIONS, "hour", "day", "week", "month", "quarter", "year"]
    assert len(set(names)) == len(names)
    assert not {name for name in METRICS if hasattr(type(CATALOGUE), name)}


@pytest.mark.parametrize("compare", [None, "previous"])
def test_columns_have_the_type_of_their_unit(warehouse: Warehouse, compare: str | None) -> None:
    query = MetricQuery.of(METRICS, by=DIMENSIONS, grain="day", start="2012-02-01", end="2012-03-01", compare=compare)
    result = run(query, warehouse, SHOP)
    for metric in CATALOGUE.values():
        counted = "Int64" if compare else "int64"
        expected = "float64" if not metric.exact else counted if metric.unit is Unit.COUNT else pd.ArrowDtype(MONEY)
        assert result[metric.name].dtype == expected, metric.name
        if compare:
            assert result[f"{metric.name}_before"].dtype == expected
            assert result[f"{metric.name}_change"].dtype == "float64"
    assert result["day"].dtype == "datetime64[s]"
    assert result["country"].dtype == "str"
    assert result["weekday"].dtype == "int64"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], object]]:
    """The example shop of the documentation; gives the figure of a metric."""
    warehouse = open_warehouse(load_settings(workspace=tmp_path_factory.mktemp("example"), database_url=None))
    at = datetime(2026, 11, 2, 12, tzinfo=UTC)
    rows = [
        ledger_row(number, event_at=at, order_at=at, order_id=order, kind=kind.value, qty=units, amount=Decimal(amount),
                   cost_amount=None if cost is None else Decimal(cost))
        for number, (order, kind, units, amount, cost) in enumerate(EXAMPLE)
    ]  # fmt: skip
    publish(warehouse, rows, {})
    yield lambda metric: run(MetricQuery.of(metric), warehouse, SHOP)[metric].iloc[0]
    warehouse.close()


@pytest.mark.parametrize("metric", CATALOGUE.values(), ids=lambda metric: metric.name)
def test_the_worked_example_of_the_page_is_right(example: Callable[[str], object], metric: Measure) -> None:
    said = metric.example.rsplit("= ", 1)[1]
    found = example(metric.name)
    if metric.unit is Unit.RATE:
        assert f"{found:.1%}" == said
    elif metric.unit is Unit.COUNT:
        assert str(found) == said
    else:
        assert f"{found:.2f}" == said


def test_the_committed_pages_are_those_of_the_registry() -> None:
    folder = ROOT / "docs" / "metrics"
    assert {path.name: path.read_text("utf-8") for path in folder.glob("*.md")} == pages()
