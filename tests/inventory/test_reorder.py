"""Reorder advice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ecombi.errors import MetricError
from ecombi.inventory.reorder import REORDER
from ecombi.inventory.safety import reorder_point, safety_stock
from ecombi.metrics.dimensions import store
from ecombi.metrics.shapes import Filter, Scope
from tests.inventory.conftest import Shop, day, evenings, line, rows_of, sales, stock

UNTIL = day("03-11")
LAST = day("03-10")
PUBLISHED = {"until": UNTIL, "z": 1.65, "review_days": 0, "cover_days": 0}


def load_published(shop: Shop) -> None:
    """Three days of 80, 100 and 120 mugs: 100 ± 20. Deliveries after 5, 7 and 9 days: 7 ± 2."""
    shop.load("products", [{"sku": "mug", "name": "Mug", "category": "Kitchen", "load_id": 1}])
    shop.load("suppliers", [{"supplier_id": "S1", "name": "Pottery", "country": None, "load_id": 1}])
    shop.load(
        "inventory_daily",
        [*evenings("mug", day("03-07"), [999, 999, 999]), stock("mug", LAST, 900, 50, 100, "2.5")],
    )
    shop.load("ledger", sales("mug", {day("03-08"): 80, day("03-09"): 100, day("03-10"): 120}))
    shop.load(
        "purchase_orders",
        [
            line(f"P{days}", sku, "S1", day("02-01"), day("02-01") + timedelta(days=days))
            for days in (5, 7, 9)
            for sku in ("mug", "pot")
        ],
    )


def advice(shop: Shop, **values: Any) -> Any:
    return shop.analyse(REORDER, values=PUBLISHED | values, options={"window_days": 3})


def test_the_published_example(shop: Shop) -> None:
    load_published(shop)
    [row] = advice(shop).to_dict("records")
    assert row == {
        "product": "mug",
        "product_name": "Mug",
        "category": "Kitchen",
        "supplier": "S1",
        "supplier_name": "Pottery",
        "on_hand": 900,
        "committed": 50,
        "available": 850,
        "incoming": 100,
        "position": 950,
        "daily_units": 100.0,
        "daily_sd": 20.0,
        "lead_days": 7.0,
        "lead_sd": 2.0,
        "safety_stock": pytest.approx(341.35, abs=0.005),
        "reorder_point": pytest.approx(1041.35, abs=0.005),
        "days_left": 8.5,
        # 1,041.35 − 950, rounded up.
        "order_quantity": 92,
        "reorder": True,
        "stock_value": Decimal("2250.0000"),
        "is_negative": False,
    }


def test_review_and_cover_as_the_formula_says(shop: Shop) -> None:
    load_published(shop)
    [row] = advice(shop, review_days=7, cover_days=30).to_dict("records")
    given = {"demand": 100.0, "demand_sd": 20.0, "lead": 7.0, "lead_sd": 2.0, "z": 1.65, "review": 7.0}
    assert row["safety_stock"] == pytest.approx(safety_stock(**given))
    assert row["reorder_point"] == pytest.approx(reorder_point(**given))
    # 1.65 × √(14 × 400 + 40,000) = 352.34; 1,400 + 352.34 + 3,000 − 950 = 3,802.34
    assert row["order_quantity"] == 3803


def test_nothing_is_ordered_above_the_reorder_point(shop: Shop) -> None:
    load_published(shop)
    # Without safety stock the point is 700, below the position of 950.
    assert rows_of(advice(shop, z=0.0), "reorder_point", "order_quantity", "reorder") == [(700.0, 0, False)]


def test_open_orders_and_what_came_later_are_not_in_the_lead_time(shop: Shop) -> None:
    load_published(shop)
    shop.load("purchase_orders", [line("P0", "mug", "S1", day("01-01"), None)])
    shop.load("purchase_orders", [line("P99", "mug", "S1", day("01-01"), UNTIL, received_qty=3)])
    assert rows_of(advice(shop), "lead_days", "lead_sd") == [(7.0, 2.0)]


def test_only_the_last_deliveries_count(shop: Shop) -> None:
    load_published(shop)
    found = shop.analyse(REORDER, values=PUBLISHED, options={"window_days": 3, "receipts": 2})
    # 7 and 9 days: 8 ± √2.
    assert rows_of(found, "lead_days", "lead_sd") == [(8.0, pytest.approx(2**0.5))]


def test_the_supplier_is_that_of_the_last_order(shop: Shop) -> None:
    load_published(shop)
    shop.load("purchase_orders", [line("Q1", "mug", "S2", day("03-01"), None)])
    # S2 has delivered nothing yet, so there is no advice.
    found = rows_of(
        advice(shop), "supplier", "supplier_name", "lead_days", "reorder_point", "order_quantity", "reorder"
    )
    assert found == [("S2", None, None, None, None, False)]


def test_products_without_sales_last_for_no_number_of_days(shop: Shop) -> None:
    load_published(shop)
    shop.load("inventory_daily", evenings("pot", day("03-07"), [1, 1, 1, -4]))
    found = advice(shop)
    columns = ("product", "daily_units", "days_left", "reorder_point", "order_quantity", "stock_value", "is_negative")
    # Nothing is expected of pots, but four are owed.
    assert rows_of(found, *columns)[1] == ("pot", 0.0, None, 0.0, 4, Decimal("0.0000"), True)


def test_what_is_kept_after_a_load_answers_alike(shop: Shop) -> None:
    load_published(shop)
    shop.load("inventory_daily", evenings("pot", day("03-07"), [1, 0, 0, 0]))
    shop.keep_positions()
    kept = shop.inventory.reorder()
    assert kept.equals(shop.inventory.reorder(UNTIL))
    assert len(kept) == 2
    shop.connection.execute("UPDATE product_positions SET on_hand = 1")
    assert rows_of(shop.inventory.reorder(), "on_hand") == [(1,), (1,)]
    assert rows_of(shop.inventory.reorder(window_days=55), "on_hand") == [(900,), (0,)]


def test_an_earlier_day_is_answered_as_of_then(shop: Shop) -> None:
    load_published(shop)
    found = shop.inventory.reorder(LAST, window_days=2)
    assert rows_of(found, "on_hand", "daily_units") == [(999, 90.0)]


def test_a_shop_without_stock_has_no_advice(shop: Shop) -> None:
    shop.load("ledger", sales("mug", {day("03-08"): 1}))
    assert shop.inventory.reorder(window_days=10).empty


@pytest.mark.parametrize("wrong", [{"review_days": -1}, {"cover_days": -1}, {"window_days": 1}, {"receipts": 1}])
def test_what_cannot_be_is_refused_by_name(duck: Shop, wrong: dict[str, int]) -> None:
    [name] = wrong
    with pytest.raises(MetricError, match=f"^{name} is"):
        duck.inventory.reorder(date(2026, 3, 11), **wrong)  # type: ignore[arg-type]


def test_who_may_see_one_store_gets_advice_from_its_stock(shop: Shop) -> None:
    load_published(shop)
    loads = [(1, "ours"), (2, "theirs")]
    counts = ("rows_in", "rows_new", "rows_known", "rows_quarantined", "rows_duplicate")
    texts = ("run_id", "delivery", "fingerprint")
    shop.load(
        "loads",
        [
            {"load_id": load, "source": source, "loaded_at": datetime(2026, 3, 11, tzinfo=UTC).replace(tzinfo=None)}
            | dict.fromkeys(counts, 0)
            | dict.fromkeys(texts, source)
            for load, source in loads
        ],
    )
    shop.load("inventory_daily", [stock("pot", LAST, 5) | {"load_id": 2}])
    shop.keep_positions()
    scope = Scope(policy=(Filter(dimension=store, count=1, unknown=False),))
    assert rows_of(shop.analyse(REORDER, values=PUBLISHED, options={"kept": True}), "product") == [("mug",), ("pot",)]
    seen = shop.analyse(REORDER, values=PUBLISHED, options={"kept": True}, scope=scope, policy_store_0="theirs")
    assert rows_of(seen, "product", "on_hand") == [("pot", 5)]
