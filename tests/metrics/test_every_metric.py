"""What holds for every metric in the catalogue, those to come included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from ecombi.backends.warehouse import Warehouse
from ecombi.metrics.catalogue import CATALOGUE
from ecombi.metrics.definitions import Measure, Metric, SnapshotMeasure, Unit
from ecombi.metrics.docs import pages
from ecombi.metrics.marts import LEDGER
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.result import MONEY
from ecombi.workspace import Workspace
from tests.metrics.asking import run
from tests.metrics.tiny_shop import SHOP

METRICS = list(CATALOGUE)
OF_LEDGER = [name for name, metric in CATALOGUE.items() if all(m.mart is LEDGER for m in metric.measures())]
"""Metrics that can be cut by whatever a ledger row says."""
SUMS = [m.name for m in CATALOGUE.values() if isinstance(m, Measure) and not isinstance(m, SnapshotMeasure)]
OF_LEDGER_CUTS = [d.name for d in CATALOGUE.dimensions.values() if d.fits(LEDGER)]
NEVER_IN_THE_SIMULATED_SHOP = {"duties", "negative_stock_days", "tips"}
"""It charges no duties, is given no tips, and sells nothing it does not have or wait for."""
ROOT = Path(__file__).parents[2]
YEAR = {"start": "2026-01-01", "end": "2026-11-01"}

pytestmark = pytest.mark.xdist_group("whole_shop")


def equal(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other), check_exact=False, rtol=1e-9)


def cuts_of(metric: Metric) -> list[str]:
    """Return the dimensions that all rows of a metric have."""
    marts = {measure.mart for measure in metric.measures()}
    return [d.name for d in CATALOGUE.dimensions.values() if all(d.fits(mart) for mart in marts)]


def questions(metric: Metric) -> Iterator[dict[str, object]]:
    cuts = cuts_of(metric)
    yield {}
    yield {**YEAR, "grain": "month", "compare": "previous", "fill": True}
    yield {**YEAR, "grain": "week", "basis": "ordered"}
    for pair in list(pairwise(cuts))[::3]:
        yield {**YEAR, "by": pair}
    if "country" in cuts:
        where = {"country": ["Germany", "France", None]}
        yield {"start": "2026-09-01", "end": "2026-10-01", "by": "country", "where": where, "compare": "previous"}
        yield {**YEAR, "by": "country", "without": {"country": ["Germany"]}}


@pytest.mark.parametrize("name", METRICS)
def test_both_engines_give_the_same_table(whole_shop: dict[str, Workspace], name: str) -> None:
    for question in questions(CATALOGUE[name]):
        on_duckdb, on_postgres = (workspace.query(name, **question) for workspace in whole_shop.values())
        equal(on_duckdb, on_postgres)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_has_a_value_in_a_shop_with_rows_everywhere(whole_shop: dict[str, Workspace], name: str) -> None:
    # Over all of its time every customer is a new one.
    days = {"start": "2026-05-01"} if name.startswith("returning_") else {}
    [value] = whole_shop["duckdb"].query(name, **days)[name]
    assert value == value
    assert (value == 0) == (name in NEVER_IN_THE_SIMULATED_SHOP)


@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("basis", ["booked", "ordered"])
def test_parts_of_a_sum_add_up_to_the_whole(whole_shop: dict[str, Workspace], name: str, basis: str) -> None:
    workspace = whole_shop["duckdb"]
    [whole] = workspace.query(name, basis=basis)[name]
    cuts = cuts_of(CATALOGUE[name])
    for cut in (*({"by": dimension} for dimension in cuts), {"grain": "day"}, {"by": cuts[:2], "grain": "month"}):
        parts = workspace.query(name, basis=basis, **cut)[name]
        assert parts.dropna().sum() == whole, cut


def test_the_bases_agree_on_all_there_is(whole_shop: dict[str, Workspace]) -> None:
    booked, ordered = (
        whole_shop["duckdb"].query([name for name in METRICS if "60_days" not in name], basis=basis)
        for basis in ("booked", "ordered")
    )
    equal(booked, ordered)


def test_identities_hold_in_every_cell(warehouse: Warehouse) -> None:
    query = MetricQuery.of(OF_LEDGER, by=["country", "category", "customer_type"], grain="day")
    cells = run(query, warehouse, SHOP)
    assert (cells["net_sales"] == cells["gross_sales"] - cells["discounts"] - cells["returns"]).all()
    assert (cells["total_sales"] == cells["net_sales"] + cells["tax"] + cells["duties"] + cells["shipping"]).all()
    costed = cells[cells["cost_of_goods"].notna()]
    assert (costed["gross_margin"] == costed["net_sales"] - costed["cost_of_goods"]).all()
    assert cells.loc[cells["cost_of_goods"].isna(), "gross_margin"].isna().all()


@pytest.mark.parametrize("metric", CATALOGUE.values(), ids=lambda metric: metric.name)
def test_a_metric_says_what_it_is(metric: Metric) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", metric.name)
    assert metric.formula.endswith(".")
    assert metric.description.endswith(".")
    assert metric.example
    assert metric.source
    assert metric.owner
    assert metric.definition_version >= 1


def test_names_are_not_used_twice() -> None:
    measures = {measure.name for metric in CATALOGUE.values() for measure in metric.measures()}
    parts = {measure for metric in CATALOGUE.values() for measure in metric.measures()}
    assert len(parts) == len(measures)
    names = [*METRICS, *CATALOGUE.dimensions, "hour", "day", "week", "month", "quarter", "year"]
    assert len(set(names)) == len(names)
    assert not {name for name in METRICS if hasattr(type(CATALOGUE), name)}


def expected(metric: Metric, *, compared: bool) -> object:
    if not metric.exact:
        return "float64"
    if metric.unit is Unit.MONEY:
        return pd.ArrowDtype(MONEY)
    missing = any(isinstance(m, SnapshotMeasure) for m in metric.measures())
    return "Int64" if compared or missing else "int64"


@pytest.mark.parametrize("compare", [None, "previous"])
def test_columns_have_the_type_of_their_unit(warehouse: Warehouse, compare: str | None) -> None:
    query = MetricQuery.of(
        OF_LEDGER, by=OF_LEDGER_CUTS, grain="day", start="2012-02-01", end="2012-03-01", compare=compare
    )
    result = run(query, warehouse, SHOP)
    for name in OF_LEDGER:
        wanted = expected(CATALOGUE[name], compared=compare is not None)
        assert result[name].dtype == wanted, name
        if compare:
            assert result[f"{name}_before"].dtype == wanted
            assert result[f"{name}_change"].dtype == "float64"
    assert result["day"].dtype == "datetime64[s]"
    assert result["country"].dtype == "str"
    assert result["weekday"].dtype == "int64"


@pytest.mark.parametrize("name", METRICS)
def test_totals_have_the_type_of_their_unit(whole_shop: dict[str, Workspace], name: str) -> None:
    for workspace in whole_shop.values():
        assert workspace.query(name)[name].dtype == expected(CATALOGUE[name], compared=False)


def test_the_committed_pages_are_those_of_the_registry() -> None:
    folder = ROOT / "docs" / "metrics"
    assert {path.name: path.read_text("utf-8") for path in folder.glob("*.md")} == pages()
