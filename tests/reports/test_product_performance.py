"""What the product report declares, on the shop added up by hand; its document is in test_reports.py."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import ecombi
from ecombi.settings import load_settings
from tests.reports import shops
from tests.reports.asked import Asked, ask


@pytest.fixture(scope="module")
def october(shop: Path) -> Asked:
    """The report of October 2026."""
    return ask("product_performance", {"start": "2026-10-01", "end": "2026-11-01"}, load_settings(workspace=shop))


def test_the_period_is_declared(october: Asked) -> None:
    # 50 + 40 − 4 + 40 + 20 − 10; costs 25 and 20 + 16 + 8 − 4.
    assert october.figures("now.net_sales", "now.units", "now.gross_margin") == [Decimal(136), 12, Decimal(71)]
    # One mug of twelve units came back.
    assert october.figures("now.return_rate", "now.cost_coverage") == [pytest.approx(1 / 12), pytest.approx(1.0)]


def test_products_are_declared_beside_the_period_before(october: Asked) -> None:
    names = ("product", "net_sales", "units", "net_sales_before", "net_sales_change")
    assert october.rows("by_product", *names) == [
        ("lamp", Decimal(36), 1, Decimal(0), None),
        ("mug", Decimal(100), 11, Decimal(80), pytest.approx(0.25)),
    ]
    assert october.rows("margin_by_product", "product", "gross_margin", "cost_coverage") == [
        ("lamp", Decimal(11), pytest.approx(1.0)),
        ("mug", Decimal(60), pytest.approx(1.0)),
    ]
    assert ("mug", Decimal(10), 1) in october.rows("returned", "product", "returns", "units_returned")


def test_the_change_is_taken_apart_to_the_cent(october: Asked) -> None:
    # From 8 mugs at 10: four units more at that price, a lamp for 40 among them, 4 of discount, 10 of returns.
    causes = {row[1]: row[2] for row in october.rows("causes") if row[0] == "the period before"}
    assert causes == {
        "volume": Decimal(40),
        "mix": Decimal(30),
        "price": Decimal(0),
        "discounts": Decimal(-4),
        "returns": Decimal(-10),
    }


def test_the_few_that_bring_most_are_counted(october: Asked) -> None:
    # The mug brings 73.5%, so the lamp crosses the 80% and is A too.
    found = [(row[0], row[1], row[3]) for row in october.rows("concentration")]
    assert found == [("A", 2, Decimal(1)), ("B", 0, Decimal(0)), ("C", 0, Decimal(0))]


def test_stock_nobody_recorded_is_not_zero(october: Asked) -> None:
    assert "Stock of what sold best: not known. Stock levels are not recorded." in october.text
    assert {row[1] for row in october.rows("stock_by_product", "product", "available")} == {None}


@pytest.mark.slow
def test_a_shop_with_only_a_ledger_gets_words(tmp_path_factory: pytest.TempPathFactory) -> None:
    found = ask("product_performance", {}, shops.bare(tmp_path_factory.mktemp("bare")))
    assert "Net sales by product: not known. The records of these days carry no product." in found.text
    assert found.figures("now.gross_margin", "now.gross_margin_rate") == [None, None]
    assert "None" not in found.text


@pytest.mark.slow
def test_a_simulated_shop_declares_what_the_workspace_answers(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = shops.simulated(tmp_path_factory.mktemp("simulated"))
    days = {"start": "2026-09-01", "end": "2026-10-01"}
    found = ask("product_performance", days, settings)
    with ecombi.open_workspace(settings.workspace) as ws:
        stock = ws.query(["net_sales", "available"], by="product", **days)
    listed = {row[0]: row[1:] for row in found.rows("stock_by_product", "product", "net_sales", "available")}
    assert listed == {row["product"]: (row["net_sales"], row["available"]) for row in stock.to_dict("records")}
    assert "Stock of what sold best" in found.text
    assert "None" not in found.text
