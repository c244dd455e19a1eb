"""What is an order, and what one is worth, where events of an order have other days and other numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ecombi.backends.warehouse import open_warehouse
from ecombi.errors import AccessDenied
from ecombi.metrics.answers import Answers
from ecombi.metrics.conditions import EVERY_ORDER_SOLD, UNAMENDED_ORDERS
from ecombi.metrics.policy import Identity
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.rollups import ROLLUPS, TABLES
from ecombi.metrics.shapes import UNIFORM_ORDERS
from ecombi.settings import load_settings
from tests.metrics.conftest import ENGINES
from tests.metrics.small_shops import SHOP, Rows, asking, event, only, publish_rows, records, sale
from tests.metrics.test_as_of import load

LATER = [
    # shipped, and so booked, three days after it was placed; refunded in full
    sale("shipped", "2012-08-02", "60.00", ordered="2012-07-30", sku="mug", country="GB", customer_id="ann"),
    event("discount", "shipped", "2012-08-02", "-6.00", ordered="2012-07-30", sku="mug", country="GB"),
    event("tax", "shipped", "2012-08-02", "10.80", ordered="2012-07-30", sku="mug", country="GB"),
    event("shipping", "shipped", "2012-08-02", "4.00", ordered="2012-07-30", country="GB"),
    event("return", "shipped", "2012-08-20", "-54.00", ordered="2012-07-30", qty=-1, sku="mug", country="GB"),
    # a mug exchanged for a lamp nine days later
    sale("exchange", "2012-08-05", "100.00", sku="mug", country="GB", customer_id="ann"),
    event("tax", "exchange", "2012-08-05", "20.00", sku="mug", country="GB"),
    event("return", "exchange", "2012-08-14", "-100.00", ordered="2012-08-05", qty=-1, sku="mug", country="GB"),
    sale("exchange", "2012-08-14", "120.00", ordered="2012-08-05", sku="lamp", country="GB", customer_id="ann"),
    event("tax", "exchange", "2012-08-14", "24.00", ordered="2012-08-05", sku="lamp", country="GB"),
    # two categories, and a discount in September
    sale("two", "2012-08-10", "20.00", sku="mug", country="FR"),
    sale("two", "2012-08-10", "40.00", sku="lamp", country="FR"),
    event("discount", "two", "2012-08-10", "-5.00", sku="lamp", country="FR"),
    event("discount", "two", "2012-09-03", "-8.00", ordered="2012-08-10", sku="lamp", country="FR"),
    # both: booked when shipped, and a lamp added later
    sale("both", "2012-08-12", "30.00", ordered="2012-07-31", sku="mug", country="FR"),
    sale("both", "2012-08-30", "45.00", ordered="2012-07-31", sku="lamp", country="FR"),
    # no orders: a gift card, sent in the post and a little cheaper, and a sale without a number
    event("gift_card_issue", "card", "2012-08-06", "50.00", qty=1, country="GB"),
    event("discount", "card", "2012-08-06", "-2.00", country="GB"),
    event("shipping", "card", "2012-08-06", "3.00", country="GB"),
    event("tax", "card", "2012-08-06", "0.60", country="GB"),
    sale(None, "2012-08-07", "25.00", country="GB"),
]
PRODUCTS = [
    {"sku": "mug", "name": "Mug", "category": "Kitchen"},
    {"sku": "lamp", "name": "Lamp", "category": "Home"},
]
SHOP_ROWS: dict[str, Rows] = {"ledger": LATER, "products": PRODUCTS}
AUGUST = {"start": "2012-08-01", "end": "2012-09-01"}
VALUES = ["orders", "aov", "average_order_total"]


@pytest.fixture(scope="module", params=ENGINES)
def answers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, database: Callable[[], str]
) -> Iterator[Answers]:
    """The orders above on one engine after the other."""
    url = None if request.param == "duckdb" else database()
    warehouse = open_warehouse(load_settings(workspace=tmp_path_factory.mktemp("orders"), database_url=url), TABLES)
    publish_rows(warehouse, SHOP_ROWS)
    yield Answers(warehouse, SHOP)
    warehouse.close()


def figures(answers: Answers, *metrics: str, **question: object) -> list[tuple[object, ...]]:
    """Return the rows of an answer, money and ratios as plain numbers."""
    found = answers.run(MetricQuery.of(metrics, **question))
    return [tuple(float(v) if isinstance(v, Decimal) else v for v in row.values()) for row in records(found)]


def test_only_what_was_booked_by_the_day_of_the_first_sale_is_in_an_average(answers: Answers) -> None:
    # Goods 60 + 100 + 20 + 40 + 30, discounts 6 + 5, over four orders; with tax 10.80 + 20 and shipping 4.
    assert figures(answers, *VALUES, **AUGUST) == [(4, 59.75, pytest.approx(68.45))]
    # The exchange 120, what was added 45 and the sale without a number 25 are sales all the same.
    assert figures(answers, "gross_sales", "discounts", "units", **AUGUST) == [(440.0, 13.0, 8)]


def test_the_average_of_a_day_is_of_the_orders_placed_on_it_too(answers: Answers) -> None:
    # July: 60 − 6 and 30, though booked in August. August: 100, and 20 + 40 − 5.
    months = {"grain": "month", "basis": "ordered", "start": "2012-07-01", "end": "2012-09-01"}
    assert [row[1:] for row in figures(answers, *VALUES, **months)] == [
        (2, 42.0, pytest.approx((54 + 10.8 + 4 + 30) / 2)),
        (2, 77.5, pytest.approx((100 + 20 + 55) / 2)),
    ]
    sold = figures(answers, "gross_sales", "discounts", **months)
    assert [row[1:] for row in sold] == [(135.0, 6.0), (305.0, 15.0)]


@pytest.mark.parametrize("day", ["2012-08-14", "2012-08-30", "2012-09-03"])
def test_what_is_booked_for_an_older_order_is_no_order(answers: Answers, day: str) -> None:
    one_day = {"start": day, "end": f"{day[:-2]}{int(day[-2:]) + 1:02d}"}
    assert figures(answers, *VALUES, **one_day) == [(0, None, None)]
    assert figures(answers, "gross_sales", "discounts", **one_day) != [(0.0, 0.0)]


def test_a_refund_later_moves_no_average(answers: Answers) -> None:
    assert figures(answers, *VALUES, start="2012-08-02", end="2012-08-03") == [(1, 54.0, pytest.approx(68.8))]
    assert figures(answers, *VALUES, start="2012-08-02", end="2012-08-21")[0][0] == 4
    assert figures(answers, "returns", *VALUES, start="2012-08-20", end="2012-08-21") == [(54.0, 0, None, None)]


def test_gift_cards_and_sales_without_a_number_are_no_orders(answers: Answers) -> None:
    days = {"start": "2012-08-06", "end": "2012-08-08"}
    assert figures(answers, "gross_sales", *VALUES, **days) == [(25.0, 0, None, None)]
    # Nor is what was charged for the gift card a part of any average, though it is a part of the sums.
    assert figures(answers, "discounts", "shipping", "tax", **days) == [(2.0, 3.0, pytest.approx(0.6))]
    [(orders, aov, total)] = figures(answers, *VALUES, start="2012-08-05", end="2012-08-08")
    assert (orders, aov, total) == (1, 100.0, 120.0)
    rows = answers.run(MetricQuery.of("average_order_total", **AUGUST)).rows()
    assert "card" not in set(rows["order_id"])


@pytest.mark.parametrize(
    ("cut", "mug", "lamp"),
    [("product", "mug", "lamp"), ("product_name", "Mug", "Lamp"), ("category", "Kitchen", "Home")],
)
def test_an_order_is_in_the_parts_it_was_placed_with(answers: Answers, cut: str, mug: str, lamp: str) -> None:
    # Mugs: 60 − 6, 100, 20 and 30 of four orders. Lamps: 40 − 5 of one; those of 120 and 45 came later.
    found = {row[0]: row[1:] for row in figures(answers, "gross_sales", "orders", "aov", by=cut, **AUGUST)}
    assert found == {mug: (210.0, 4, 51.0), lamp: (205.0, 1, 35.0), None: (25.0, 0, None)}
    assert figures(answers, "orders", by=cut, start="2012-08-14", end="2012-09-01") == []


@pytest.mark.parametrize("basis", ["booked", "ordered"])
@pytest.mark.parametrize("by", [[], ["country"], ["customer_type"], ["country", "product"], ["weekday"]])
@pytest.mark.parametrize("grain", [None, "day", "month"])
def test_rollups_change_no_figure(answers: Answers, by: list[str], grain: str | None, basis: str) -> None:
    question = {"by": by, "grain": grain, "basis": basis, "start": "2012-07-01", "end": "2012-10-01"}
    planned = answers.plan(MetricQuery.of(VALUES, **question))
    assert set(planned.tables) <= {*ROLLUPS, "ledger"}
    hidden = Answers(answers.warehouse, SHOP, identity=Identity.of("no_costs", hidden=["cost_amount"]))
    assert hidden.plan(MetricQuery.of(VALUES, **question)).tables == ("ledger",)
    assert figures(answers, *VALUES, **question) == figures(hidden, *VALUES, **question)


def test_orders_that_were_added_to_still_come_from_a_rollup(answers: Answers) -> None:
    known = answers.known().built
    assert UNIFORM_ORDERS in known
    assert UNAMENDED_ORDERS not in known
    assert set(answers.run(MetricQuery.of(VALUES, by="country")).passport.tables) <= set(ROLLUPS)


def test_the_rows_behind_an_average_are_the_original_ones(answers: Answers) -> None:
    rows = answers.run(MetricQuery.of("aov", **AUGUST)).rows()
    assert rows["order_value"].sum() == 239
    assert set(rows["orders"].dropna()) == {"shipped", "exchange", "two", "both"}
    assert answers.run(MetricQuery.of("aov", start="2012-08-14", end="2012-08-15")).rows().empty


def test_a_policy_leaves_the_averages_of_what_may_be_seen(answers: Answers) -> None:
    french = Answers(answers.warehouse, SHOP, identity=Identity.of("french", countries=["FR"]))
    # 20 + 40 − 5 and 30.
    expected = [(2, 42.5, 42.5)]
    assert figures(french, *VALUES, **AUGUST) == expected
    assert figures(french, *VALUES, without={"product": ["nothing"]}, **AUGUST) == expected
    assert figures(french, "orders", by="customer_type", **AUGUST) == [("guest", 2)]


def test_orders_cannot_be_told_without_the_days_they_were_booked_on(answers: Answers) -> None:
    blind = Answers(answers.warehouse, SHOP, identity=Identity.of("blind", hidden=["booked_on"]))
    assert figures(blind, "gross_sales", **AUGUST) == [(440.0,)]
    with pytest.raises(AccessDenied, match="booked_on"):
        blind.run(MetricQuery.of("aov", **AUGUST))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_day_stays_as_it_was_known_before_the_exchange(
    engine: str, tmp_path: Path, database: Callable[[], str]
) -> None:
    url = None if engine == "duckdb" else database()
    warehouse = open_warehouse(load_settings(workspace=tmp_path, database_url=url), TABLES)
    before, after = datetime(2012, 9, 1, 6, tzinfo=UTC), datetime(2012, 9, 8, 6, tzinfo=UTC)
    load(warehouse, {"ledger": [sale("o1", "2012-08-20", "50.00"), sale("o2", "2012-08-20", "30.00")]}, 1, before)
    answers = Answers(warehouse, SHOP)
    assert UNAMENDED_ORDERS in answers.known().built
    # The first sale of o1 turns out to be of the 18th; a lamp is added to o2.
    late = [
        sale("o1", "2012-08-18", "20.00", ordered="2012-08-18"),
        sale("o2", "2012-09-02", "70.00", ordered="2012-08-20"),
    ]
    load(warehouse, {"ledger": late}, 2, after)
    assert UNAMENDED_ORDERS not in answers.known().built
    assert figures(answers, "orders", "aov", **AUGUST, as_of=before) == [(2, 40.0)]
    assert figures(answers, "orders", "aov", grain="day", as_of=before)[0][1:] == (2, 40.0)
    for as_of in (None, after):
        assert [row[1:] for row in figures(answers, "orders", "aov", grain="day", as_of=as_of)] == [
            (1, 20.0),
            (1, 30.0),
        ]
        assert figures(answers, "orders", "aov", by="customer_type", as_of=as_of) == [("guest", 2, 25.0)]
    warehouse.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_charged_before_the_sale_counts_once_the_sale_is_there(
    engine: str, tmp_path: Path, database: Callable[[], str]
) -> None:
    url = None if engine == "duckdb" else database()
    warehouse = open_warehouse(load_settings(workspace=tmp_path, database_url=url), TABLES)
    before, after = datetime(2012, 9, 1, 6, tzinfo=UTC), datetime(2012, 9, 8, 6, tzinfo=UTC)
    early = [
        event("shipping", "o1", "2012-08-20", "4.00", country="GB"),
        sale("o2", "2012-08-20", "30.00", country="GB"),
    ]
    load(warehouse, {"ledger": early}, 1, before)
    answers = Answers(warehouse, SHOP)
    assert EVERY_ORDER_SOLD not in answers.known().built
    question = {"by": "country", **AUGUST}
    assert figures(answers, *VALUES, **question) == [("GB", 1, 30.0, 30.0)]
    # Its goods are booked when they are sent.
    load(warehouse, {"ledger": [sale("o1", "2012-08-25", "50.00", ordered="2012-08-20", country="GB")]}, 2, after)
    assert EVERY_ORDER_SOLD in answers.known().built
    assert set(answers.plan(MetricQuery.of(VALUES, **question)).tables) <= set(ROLLUPS)
    for as_of in (None, after):
        assert figures(answers, *VALUES, as_of=as_of, **question) == [("GB", 2, 40.0, 42.0)]
        by_product = figures(answers, "average_order_total", by=["customer_type", "product"], as_of=as_of, **AUGUST)
        assert by_product == [("guest", None, 42.0)]
    assert figures(answers, *VALUES, as_of=before, **question) == [("GB", 1, 30.0, 30.0)]
    warehouse.close()


def test_nothing_was_sold_so_there_are_no_orders(tmp_path: Path) -> None:
    rows: dict[str, Rows] = {"ledger": [event("discount", "o1", "2012-08-20", "-5.00")]}
    with asking(tmp_path, None, rows) as ask:
        assert only(ask(["discounts", *VALUES])) == {
            "discounts": 5,
            "orders": 0,
            "aov": None,
            "average_order_total": None,
        }


def test_a_credit_note_is_a_return_and_no_order(tmp_path: Path) -> None:
    notes = [
        sale("o1", "2012-05-01", "30.00", customer_id="c1"),
        event("return", "C3", "2012-06-01", "-30.00", qty=-1, customer_id="c1"),
        event("shipping_refund", "C3", "2012-06-01", "-5.00", customer_id="c1"),
    ]
    with asking(tmp_path, None, {"ledger": notes}) as ask:
        june = only(
            ask(["orders", "aov", "returns", "net_sales"], basis="ordered", start="2012-06-01", end="2012-07-01")
        )
        assert june == {"orders": 0, "aov": None, "returns": 30, "net_sales": -30}
        # It does not name its order, so nobody knows whether that was the customer's first.
        assert records(ask("returns", by="customer_type"))[-1] == {"customer_type": None, "returns": 30}
