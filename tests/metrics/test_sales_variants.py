"""The return rate over a fixed time after the order and the average order total, added up by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.metrics.conftest import ENGINES
from tests.metrics.small_shops import Ask, asking, event, only, sale

LEDGER = [
    # January has 31 days, February 29: sixty days after 10 January is 10 March.
    sale("a", "2012-01-10", "30.00", qty=3),
    event("return", "a", "2012-01-12", "-10.00", ordered="2012-01-10", qty=-1),
    event("return", "a", "2012-03-10", "-10.00", ordered="2012-01-10", qty=-1),
    event("return", "a", "2012-03-11", "-10.00", ordered="2012-01-10", qty=-1),
    event("return", "a", "2012-03-11", "-1.00", ordered="2012-01-10"),  # money without goods
    sale("b", "2012-02-01", "10.00"),
    # The last recorded day is 1 April, sixty days after 1 February.
    sale("c", "2012-02-02", "10.00"),
    event("return", "c", "2012-02-03", "-10.00", ordered="2012-02-02", qty=-1),
    sale("d", "2012-04-01", "10.00"),
    # An order with everything on it, refunded in full the day after, and a gift card.
    sale("e", "2012-03-30", "50.00"),
    event("discount", "e", "2012-03-30", "-5.00"),
    event("tax", "e", "2012-03-30", "9.00"),
    event("duty", "e", "2012-03-30", "1.00"),
    event("shipping", "e", "2012-03-30", "6.00"),
    event("shipping_discount", "e", "2012-03-30", "-2.00"),
    event("fee", "e", "2012-03-30", "-1.00"),
    event("gift_card_redeem", "e", "2012-03-30", "-20.00"),
    event("return", "e", "2012-03-31", "-45.00", ordered="2012-03-30", qty=-1),
    event("tax_refund", "e", "2012-03-31", "-9.00", ordered="2012-03-30"),
    event("shipping_refund", "e", "2012-03-31", "-4.00", ordered="2012-03-30"),
    sale("f", "2012-03-30", "10.00"),
    event("gift_card_issue", "g", "2012-03-30", "100.00", qty=1),
]
RATES = ["return_rate", "return_rate_60_days"]
JANUARY = {"start": "2012-01-01", "end": "2012-02-01"}
FEBRUARY = {"start": "2012-02-01", "end": "2012-03-01"}
MARCH = {"start": "2012-03-01", "end": "2012-04-01"}


@pytest.fixture(scope="module", params=ENGINES)
def ask(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, database: Callable[[], str]
) -> Iterator[Ask]:
    """The orders above on one engine after the other."""
    url = None if request.param == "duckdb" else database()
    with asking(tmp_path_factory.mktemp("returns"), url, {"ledger": LEDGER}) as asked:
        yield asked


def test_what_came_back_by_the_sixtieth_day_counts(ask: Ask) -> None:
    # two of three in time; when booked, one of three came back in January
    assert only(ask(RATES, **JANUARY)) == {
        "return_rate": pytest.approx(1 / 3),
        "return_rate_60_days": pytest.approx(2 / 3),
    }


def test_the_basis_changes_the_booked_rate_only(ask: Ask) -> None:
    assert only(ask(RATES, basis="ordered", **JANUARY)) == {
        "return_rate": 1.0,
        "return_rate_60_days": pytest.approx(2 / 3),
    }


def test_orders_that_have_not_had_sixty_days_do_not_count(ask: Ask) -> None:
    # the order of 1 February has, that of the 2nd has not
    assert only(ask(RATES, **FEBRUARY)) == {"return_rate": 0.5, "return_rate_60_days": 0.0}


def test_returns_of_earlier_orders_are_no_rate_of_a_day_without_sales(ask: Ask) -> None:
    tenth = {"start": "2012-03-10", "end": "2012-03-11"}
    assert only(ask([*RATES, "units_returned"], **tenth)) == {
        "return_rate": None,
        "return_rate_60_days": None,
        "units_returned": 1,
    }


@pytest.mark.parametrize("basis", ["booked", "ordered"])
def test_a_refund_moves_no_average_of_orders(ask: Ask, basis: str) -> None:
    # e: 50 − 5 + 9 + 1 + 6 − 2 = 59 and f 10, over two orders; without tax, duties and shipping 45 and 10
    assert only(ask(["orders", "aov", "average_order_total"], basis=basis, **MARCH)) == {
        "orders": 2,
        "aov": 27.5,
        "average_order_total": 34.5,
    }
