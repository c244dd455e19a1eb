"""No figure is counted twice: two products with four order lines have the stock they have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

import pytest

from tests.metrics.conftest import ENGINES
from tests.metrics.small_shops import Ask, asking, event, only, records, sale

# Three lines of the mug and one of the lamp: joined by product, the stock would be 3 x 10 + 1 x 5 = 35.
LINES = [
    sale("o1", "2012-11-03", "20.00", sku="mug", qty=2, country="GB"),
    sale("o1", "2012-11-03", "40.00", sku="lamp", country="GB"),
    sale("o2", "2012-11-04", "10.00", sku="mug", country="FR"),
    sale("o3", "2012-11-05", "10.00", sku="mug", country="FR"),
    event("return", "o1", "2012-11-05", "-10.00", ordered="2012-11-03", sku="mug", qty=-1, country="GB"),
]
BOTH = {"metrics": ["net_sales", "on_hand", "orders", "stock_value"]}


def evening(day: int, sku: str, on_hand: int) -> dict[str, object]:
    cost = Decimal("4.00") if sku == "mug" else Decimal("25.00")
    on = date(2012, 11, day)
    return {"day": on, "sku": sku, "on_hand": on_hand, "committed": 0, "incoming": 0, "unit_cost": cost}


@pytest.fixture(scope="module", params=ENGINES)
def ask(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, database: Callable[[], str]
) -> Iterator[Ask]:
    url = database() if request.param == "postgres" else None
    stock = [evening(4, "mug", 11), evening(4, "lamp", 5), evening(5, "mug", 10), evening(5, "lamp", 5)]
    goods = [{"sku": sku, "name": sku.title(), "category": "Home"} for sku in ("mug", "lamp")]
    rows = {"ledger": LINES, "inventory_daily": stock, "products": goods}
    with asking(tmp_path_factory.mktemp("fan_out"), url, rows) as asked:
        yield asked


def test_stock_beside_sales_is_the_stock_there_is(ask: Ask) -> None:
    assert only(ask(**BOTH)) == {"net_sales": 70, "on_hand": 15, "orders": 3, "stock_value": 165}


def test_stock_beside_sales_by_product(ask: Ask) -> None:
    assert records(ask(**BOTH, by="product")) == [
        {"product": "lamp", "net_sales": 40, "on_hand": 5, "orders": 1, "stock_value": 125},
        {"product": "mug", "net_sales": 30, "on_hand": 10, "orders": 3, "stock_value": 40},
    ]


def test_stock_beside_sales_by_a_name_that_is_looked_up(ask: Ask) -> None:
    assert records(ask(**BOTH, by="category", where={"product": ["mug", "lamp"]})) == [
        {"category": "Home", "net_sales": 70, "on_hand": 15, "orders": 3, "stock_value": 165}
    ]


def test_stock_beside_sales_by_day(ask: Ask) -> None:
    found = records(ask(["net_sales", "on_hand"], grain="day", start="2012-11-03", end="2012-11-06"))
    assert [(row["net_sales"], row["on_hand"]) for row in found] == [(60, None), (10, 16), (0, 15)]


def test_a_filled_series_is_the_same_whichever_metric_is_named_first(ask: Ask) -> None:
    # Sales are recorded from 3 to 5 November, stock on the 4th and 5th only.
    one, other = (
        records(ask(names, grain="day", fill=True, where={"product": ["lamp"]}))
        for names in (["net_sales", "on_hand"], ["on_hand", "net_sales"])
    )
    assert one == other
    assert [(row["net_sales"], row["on_hand"]) for row in one] == [(40, None), (0, 5), (0, 5)]


def test_one_order_of_two_lines_pays_for_its_parcels_once(ask: Ask) -> None:
    # A ratio over two marts is the one total by the other: cost of goods is unknown, so only its divisor is.
    found = only(ask(["days_of_inventory", "sell_through", "percent_sold"], start="2012-11-05", end="2012-11-06"))
    # One mug sold on the day, 15 left, 16 in the evening before.
    assert found["percent_sold"] == pytest.approx(1 / 16)
    assert found["sell_through"] == pytest.approx(1 / 16)
