"""What advertising costs, brings and leaves, on orders and campaigns added up by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

import pytest

from ecombi.errors import IncompatibleMetricsError
from tests.metrics.conftest import ENGINES
from tests.metrics.small_shops import Ask, asking, event, moment, only, records, sale, visit


def spent(on: str, campaign: str, source: str, amount: str, shown: int, clicked: int) -> dict[str, object]:
    return {
        "day": date.fromisoformat(on),
        "campaign": campaign,
        "traffic_source": source,
        "spend_amount": Decimal(amount),
        "impressions": shown,
        "clicks": clicked,
    }


def parcel(name: str, order: str, on: str, cost: str) -> dict[str, object]:
    return {
        "shipment_id": name,
        "order_id": order,
        "carrier": "Swiftway",
        "shipped_at": moment(on),
        "promised_on": date.fromisoformat(on),
        "ordered_qty": 1,
        "shipped_qty": 1,
        "cost_amount": Decimal(cost),
    }


LEDGER = [
    # ann ordered in April by paid search and in May by herself
    sale("a1", "2012-04-20", "15.00", customer_id="ann", cost_amount=Decimal("5.00")),
    sale("a2", "2012-05-10", "20.00", customer_id="ann", cost_amount=Decimal("8.00")),
    # ben: new by paid search, two products in one order, one of them returned in June
    sale("b1", "2012-05-03", "40.00", customer_id="ben", sku="lamp", cost_amount=Decimal("25.00")),
    sale("b1", "2012-05-03", "10.00", customer_id="ben", sku="mug", cost_amount=Decimal("4.00")),
    event("discount", "b1", "2012-05-03", "-5.00", customer_id="ben", sku="lamp", cost_amount=Decimal(0)),
    event("return", "b1", "2012-06-02", "-10.00", ordered="2012-05-03", qty=-1, customer_id="ben", sku="mug",
          cost_amount=Decimal("-4.00")),
    event("fee", "b1", "2012-05-03", "-1.50", customer_id="ben"),
    event("fee", None, "2012-05-31", "-2.50"),
    # cleo: new by mail; a guest by social
    sale("c1", "2012-05-04", "30.00", customer_id="cleo", cost_amount=Decimal("10.00")),
    sale("g1", "2012-05-05", "10.00", cost_amount=Decimal("4.00")),
    # of unknown cost, the day after
    sale("h1", "2012-07-01", "10.00", customer_id="hal"),
]  # fmt: skip
SESSIONS = [
    visit("s1", "2012-04-20", traffic_source="paid_search", order_id="a1"),
    visit("s2", "2012-05-03", traffic_source="paid_search", order_id="b1"),
    visit("s3", "2012-05-04", traffic_source="email", order_id="c1"),
    visit("s4", "2012-05-05", traffic_source="social", order_id="g1"),
]
SPEND = [
    spent("2012-05-01", "Brand", "paid_search", "8.00", 800, 20),
    spent("2012-05-31", "Brand", "paid_search", "2.00", 200, 0),
    spent("2012-05-02", "Gifts", "social", "4.00", 1000, 5),
    spent("2012-05-02", "Letter", "newsletter", "6.00", 0, 0),
]
PARCELS = [
    parcel("p1", "b1", "2012-05-04", "3.00"),
    parcel("p2", "b1", "2012-05-05", "2.00"),
    parcel("p3", "c1", "2012-05-31", "4.00"),
    parcel("p4", "g1", "2012-06-01", "9.00"),
]
APRIL = {"start": "2012-04-01", "end": "2012-05-01"}
MAY = {"start": "2012-05-01", "end": "2012-06-01"}


@pytest.fixture(scope="module", params=ENGINES)
def ask(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, database: Callable[[], str]
) -> Iterator[Ask]:
    """The orders, visits, campaigns and parcels above on one engine after the other."""
    url = None if request.param == "duckdb" else database()
    rows = {"ledger": LEDGER, "sessions": SESSIONS, "ad_spend": SPEND, "shipments": PARCELS}
    with asking(tmp_path_factory.mktemp("marketing"), url, rows) as asked:
        yield asked


def test_clicks_and_what_they_cost(ask: Ask) -> None:
    asked = ["ad_spend", "impressions", "clicks", "cost_per_click", "click_through_rate"]
    assert only(ask(asked, **MAY)) == {
        "ad_spend": Decimal(20),
        "impressions": 2000,
        "clicks": 25,
        "cost_per_click": 0.8,
        "click_through_rate": 0.0125,
    }
    assert records(ask(asked, by="campaign", **MAY)) == [
        {"campaign": "Brand", "ad_spend": 10, "impressions": 1000, "clicks": 20, "cost_per_click": 0.5,
         "click_through_rate": 0.02},
        {"campaign": "Gifts", "ad_spend": 4, "impressions": 1000, "clicks": 5, "cost_per_click": 0.8,
         "click_through_rate": 0.005},
        {"campaign": "Letter", "ad_spend": 6, "impressions": 0, "clicks": 0, "cost_per_click": None,
         "click_through_rate": None},
    ]  # fmt: skip


def test_each_acquisition_cost_has_its_own_customers(ask: Ask) -> None:
    # New in May: ben and cleo; ben by a paid source. Customers: those and ann. The newsletter is not a paid source.
    assert only(ask(["new_customers", "cac", "blended_cac", "paid_cac"], **MAY)) == {
        "new_customers": 2,
        "cac": 10.0,
        "blended_cac": pytest.approx(20 / 3),
        "paid_cac": 14.0,
    }


def test_acquisition_cost_by_source_is_over_the_customers_it_brought(ask: Ask) -> None:
    assert records(ask(["ad_spend", "new_customers", "cac"], by="traffic_source", **MAY)) == [
        {"traffic_source": "email", "ad_spend": 0, "new_customers": 1, "cac": 0.0},
        {"traffic_source": "newsletter", "ad_spend": 6, "new_customers": 0, "cac": None},
        {"traffic_source": "paid_search", "ad_spend": 10, "new_customers": 1, "cac": 10.0},
        {"traffic_source": "social", "ad_spend": 4, "new_customers": 0, "cac": None},
    ]


def test_a_source_that_is_not_among_the_paid_ones_has_no_return_on_spend(ask: Ask) -> None:
    assert records(ask(["ad_spend", "roas"], by="traffic_source", where={"traffic_source": "newsletter"}, **MAY)) == [
        {"traffic_source": "newsletter", "ad_spend": 6, "roas": None}
    ]


def test_attributed_sales_follow_the_visit_and_fall_with_a_later_return(ask: Ask) -> None:
    # b1: 40 + 10 − 5 − 10 = 35, returned in June, off May's; g1 10. Not a2 (no visit) nor c1 (by mail).
    assert only(ask(["attributed_sales", "roas"], **MAY)) == {"attributed_sales": 45, "roas": pytest.approx(45 / 14)}
    assert records(ask(["attributed_sales", "roas"], by="traffic_source", **MAY)) == [
        {"traffic_source": "paid_search", "attributed_sales": 35, "roas": 3.5},
        {"traffic_source": "social", "attributed_sales": 10, "roas": 2.5},
    ]


def test_sales_without_spend_have_no_return_on_it(ask: Ask) -> None:
    assert only(ask(["attributed_sales", "roas", "mer", "cac"], **APRIL)) == {
        "attributed_sales": Decimal(15),
        "roas": None,
        "mer": None,
        "cac": 0.0,
    }


def test_marketing_efficiency_is_sales_over_spend(ask: Ask) -> None:
    # May's sales: 20 + 40 + 10 − 5 + 30 + 10 = 105; the return is June's when booked and May's when ordered
    assert only(ask(["net_sales", "mer"], **MAY)) == {"net_sales": Decimal(105), "mer": 5.25}
    assert only(ask(["net_sales", "mer"], basis="ordered", **MAY)) == {"net_sales": Decimal(95), "mer": 4.75}


def test_contribution_margin_takes_off_fees_delivery_and_advertising_once(ask: Ask) -> None:
    # Two products and two parcels of one order multiply nothing:
    # 105 − (8 + 25 + 4 + 10 + 4) = 54; − 4 fees − (3 + 2 + 4) parcels of May − 20 = 21
    asked = ["gross_margin", "fees", "shipping_cost", "ad_spend", "contribution_margin", "contribution_margin_rate"]
    assert only(ask(asked, **MAY)) == {
        "gross_margin": Decimal(54),
        "fees": Decimal(4),
        "shipping_cost": Decimal(9),
        "ad_spend": Decimal(20),
        "contribution_margin": Decimal(21),
        "contribution_margin_rate": 0.2,
    }


def test_contribution_margin_by_source_sums_to_the_whole(ask: Ask) -> None:
    # paid search: 45 − 29 − 1.50 − 5 − 10 = −0.50; social: 10 − 4 − 4 = 2; email: 30 − 10 − 4 = 16;
    # without a visit: 20 − 8, less the fee of no order 2.50 = 9.50. The newsletter sold nothing: no margin is known.
    margins = {cell["traffic_source"]: cell["contribution_margin"]
               for cell in records(ask("contribution_margin", by="traffic_source", **MAY))}  # fmt: skip
    assert margins == {
        "paid_search": Decimal("-0.5"),
        "social": Decimal(2),
        "email": Decimal(16),
        "newsletter": None,
        None: Decimal("9.5"),
    }
    assert sum(margin for margin in margins.values() if margin is not None) - 6 == 21


def test_contribution_is_unknown_where_no_cost_is_known(ask: Ask) -> None:
    july = {"start": "2012-07-01", "end": "2012-08-01"}
    assert only(ask(["net_sales", "contribution_margin"], **july)) == {
        "net_sales": Decimal(10),
        "contribution_margin": None,
    }


def test_what_orders_do_not_know_of_campaigns_is_refused(ask: Ask) -> None:
    with pytest.raises(IncompatibleMetricsError, match="roas"):
        ask("roas", by="campaign")
