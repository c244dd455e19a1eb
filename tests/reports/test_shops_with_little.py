"""Reports on a shop of which only sales are recorded, and on a simulated shop in the middle of a month."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ecombi.settings import Settings
from tests.reports import shops
from tests.reports.asked import ask

REPORTS: Mapping[str, tuple[Mapping[str, object], tuple[str, ...]]] = {
    "daily_sales": (
        {},
        ("Net sales by country: not known.", "Customers are not recorded.", "Cost of goods"),
    ),
    "weekly_executive_summary": (
        {},
        ("Customers are not recorded.", "What each country added: not known.", "Stock levels are not recorded."),
    ),
    "funnel_acquisition": (
        {"start": "2012-05-01", "end": "2012-06-01"},
        ("From a visit to an order: not known. Visits are not recorded.", "Advertising costs are not recorded."),
    ),
    "cohort_retention": (
        {},
        ("How many customers come back is not known.", "No order says who placed it", "Days between orders"),
    ),
    "rfm_segments": ({}, ("Nobody is known to have ordered before that day",)),
}
"""Report -> the values it is run with, and what it says of a shop of which only sales are recorded."""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A shop of five sales."""
    return shops.bare(tmp_path_factory.mktemp("bare"))


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A simulated shop."""
    return shops.simulated(tmp_path_factory.mktemp("simulated"))


OF_ONE_ORDER: Mapping[str, tuple[str, ...]] = {
    "cohort_retention": ("No customer of these days has had 90 days yet.", "nobody has ordered twice"),
    "daily_sales": ("Net sales were £10.00", "Wednesday 16 May 2012"),
    "data_quality": ("The one recorded day has an order.", "no row is held back"),
    "funnel_acquisition": ("Visits are not recorded.",),
    "inventory_replenishment": ("Stock levels are not recorded.",),
    "payments_reconciliation": ("Payments are not recorded.",),
    "product_performance": ("1 of 1 product (100.0%) brings 100.0% of net sales.",),
    "rfm_segments": ("1 customer has ordered so far.", "1 day"),
    "supplier_scorecard": ("Purchase orders are not recorded.",),
    "weekly_executive_summary": ("14–16 May 2012", "Net sales were £10.00"),
}
"""Report -> what it says of a shop of one order."""


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A shop of one order."""
    return shops.single(tmp_path_factory.mktemp("single"))


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_ONE_ORDER)
def test_one_order_is_enough_for_every_report(single: Settings, name: str) -> None:
    found = ask(name, {}, single)
    for words in OF_ONE_ORDER[name]:
        assert words in found.text
    assert not {"None", "nan", "NaN", "NaT", "inf"} & set(found.text.split())


@pytest.mark.slow
@pytest.mark.parametrize("name", REPORTS)
def test_what_is_not_recorded_is_said_in_words(bare: Settings, name: str) -> None:
    values, said = REPORTS[name]
    found = ask(name, values, bare)
    for words in said:
        assert words in found.text
    assert "None" not in found.text
    assert "nan" not in found.text.lower().split()


@pytest.mark.slow
@pytest.mark.parametrize("name", REPORTS)
def test_a_report_of_a_simulated_shop_declares_figures_and_tables(simulated: Settings, name: str) -> None:
    found = ask(name, {}, simulated)
    assert found.declared.figures
    assert any(table.rows for table in found.declared.tables.values())
    assert "None" not in found.text
    assert "nan" not in found.text.lower().split()
