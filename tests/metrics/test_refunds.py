"""Cancelled orders, partial refunds, refunds without goods or above what was paid, and exchanges, added up by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from tests.metrics.conftest import ENGINES
from tests.metrics.small_shops import Ask, asking, event, only, records, sale

LEDGER = [
    # cancelled the day after: a sale, then a return of all of it
    sale("cancelled", "2012-05-01", "40.00", qty=2),
    event("discount", "cancelled", "2012-05-01", "-4.00"),
    event("tax", "cancelled", "2012-05-01", "7.20"),
    event("shipping", "cancelled", "2012-05-01", "5.00"),
    event("return", "cancelled", "2012-05-02", "-36.00", ordered="2012-05-01", qty=-2),
    event("tax_refund", "cancelled", "2012-05-02", "-7.20", ordered="2012-05-01"),
    event("shipping_refund", "cancelled", "2012-05-02", "-5.00", ordered="2012-05-01"),
    # one of three units in June, and in May some money without goods
    sale("partial", "2012-05-03", "30.00", qty=3),
    event("return", "partial", "2012-05-06", "-2.50", ordered="2012-05-03"),
    event("return", "partial", "2012-06-04", "-10.00", ordered="2012-05-03", qty=-1),
    # more than was paid
    sale("over", "2012-05-07", "20.00"),
    event("return", "over", "2012-05-08", "-25.00", ordered="2012-05-07", qty=-1),
    # the goods cost 50.00 and only 40.00 were given back: the difference is a return the other way
    sale("kept", "2012-05-09", "50.00"),
    event("return", "kept", "2012-05-10", "-50.00", ordered="2012-05-09", qty=-1),
    event("return", "kept", "2012-05-10", "10.00", ordered="2012-05-09"),
    # a mug exchanged for a lamp, in one order
    sale("exchange", "2012-05-11", "100.00", sku="mug"),
    event("return", "exchange", "2012-05-14", "-100.00", ordered="2012-05-11", qty=-1, sku="mug"),
    event("sale", "exchange", "2012-05-14", "120.00", ordered="2012-05-11", qty=1, sku="lamp"),
    # a tip and a fee of its own are no sales
    event("adjustment", "exchange", "2012-05-11", "3.00"),
    event("fee", "exchange", "2012-05-11", "-1.00"),
]
ASKED = ["gross_sales", "discounts", "returns", "net_sales", "total_sales", "orders", "units", "units_returned"]
MAY = {"start": "2012-05-01", "end": "2012-06-01"}
JUNE = {"start": "2012-06-01", "end": "2012-07-01"}


@pytest.fixture(scope="module", params=ENGINES)
def ask(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, database: Callable[[], str]
) -> Iterator[Ask]:
    """The orders above on one engine after the other."""
    url = None if request.param == "duckdb" else database()
    with asking(tmp_path_factory.mktemp("refunds"), url, {"ledger": LEDGER}) as asked:
        yield asked


def test_every_refund_counts_on_its_own_day(ask: Ask) -> None:
    # gross 40 + 30 + 20 + 50 + 100 + 120; returns 36 + 2.50 + 25 + (50 − 10) + 100; tax and shipping came back in full
    assert only(ask(ASKED, **MAY)) == {
        "gross_sales": Decimal(360),
        "discounts": Decimal(4),
        "returns": Decimal("203.5"),
        "net_sales": Decimal("152.5"),
        "total_sales": Decimal("152.5"),
        "orders": 5,
        "units": 9,
        "units_returned": 5,
    }
    # (360 − 120 − 4) ÷ 5: no refund moves it, nor what was exchanged for
    assert only(ask(["aov", "return_rate"], **MAY)) == {"aov": 47.2, "return_rate": pytest.approx(5 / 9)}
    assert only(ask([*ASKED, "aov", "return_rate"], **JUNE)) == {
        **dict.fromkeys(ASKED, 0),
        "returns": Decimal(10),
        "net_sales": Decimal(-10),
        "total_sales": Decimal(-10),
        "units_returned": 1,
        "aov": None,
        "return_rate": None,
    }


def test_or_with_its_order(ask: Ask) -> None:
    assert only(ask(["returns", "net_sales", "units_returned", "return_rate"], basis="ordered", **MAY)) == {
        "returns": Decimal("213.5"),
        "net_sales": Decimal("142.5"),
        "units_returned": 6,
        "return_rate": pytest.approx(6 / 9),
    }
    assert only(ask(["returns", "net_sales"], basis="ordered", **JUNE)) == {"returns": 0, "net_sales": 0}


def test_net_sales_of_a_day_can_be_negative(ask: Ask) -> None:
    net = {row["day"].day: row["net_sales"] for row in records(ask("net_sales", grain="day", **MAY))}
    # the cancelled order less its discount; money without goods; 25 for 20; 40 of 50; a dearer lamp for a mug
    assert {day: net[day] for day in (1, 2, 6, 8, 10, 14)} == {1: 36, 2: -36, 6: -2.5, 8: -25, 10: -40, 14: 20}


def test_an_exchange_is_one_order_with_a_return_and_a_sale(ask: Ask) -> None:
    day = {"start": "2012-05-14", "end": "2012-05-15"}
    assert records(ask(["gross_sales", "returns", "units", "units_returned"], by="product", **day)) == [
        {"product": "lamp", "gross_sales": 120, "returns": 0, "units": 1, "units_returned": 0},
        {"product": "mug", "gross_sales": 0, "returns": 100, "units": 0, "units_returned": 1},
    ]
    assert only(ask("orders", start="2012-05-11", end="2012-05-15")) == {"orders": 1}
    assert only(ask(["orders", "aov", "average_order_total"], **day)) == {
        "orders": 0,
        "aov": None,
        "average_order_total": None,
    }
