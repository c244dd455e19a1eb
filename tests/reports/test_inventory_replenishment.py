"""What the inventory report declares, on a shop of two products worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

import ecombi
from ecombi.backends.warehouse import open_warehouse
from ecombi.metrics.rollups import TABLES
from ecombi.settings import Settings, load_settings
from tests.metrics.loaded import LOADED_AT, sheet
from tests.metrics.small_shops import event, publish_rows
from tests.reports import shops
from tests.reports.asked import Asked, ask

DAYS = [f"{month}-{day:02}" for month, day in ((11, n) for n in range(1, 11))]


def evening(number: int) -> str:
    """Two mugs leave every day; the lamps lie, but for the evening of the 5th, when all are lent."""
    day = DAYS[number - 1]
    return f"{day} mug {38 - 2 * number} 0 10 4.00\n{day} lamp {0 if number == 5 else 5} 0 0 10.00"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """The report of 3 to 10 November 2026."""
    settings = load_settings(workspace=tmp_path_factory.mktemp("stock"))
    warehouse = open_warehouse(settings, TABLES)
    mugs = [
        event("sale", f"o{day}", f"2026-{day}", "20.00", qty=2, sku="mug", cost_amount=Decimal("8.00"))
        for day in DAYS[1:]
    ]
    rows = {
        "ledger": mugs,
        "products": [
            {"sku": "mug", "name": "Mug", "category": "Kitchen"},
            {"sku": "lamp", "name": "Lamp", "category": "Home"},
        ],
        "suppliers": [{"supplier_id": "S1", "name": "Stoke"}],
        "inventory_daily": sheet(
            "inventory_daily", "day sku on_hand committed incoming unit_cost\n" + "\n".join(map(evening, range(1, 11)))
        ),
        "purchase_orders": sheet(
            "purchase_orders",
            """
            po_id sku supplier_id ordered_on requested_on received_on ordered_qty received_qty unit_cost
            P1 mug S1 10-01 10-10 10-11 20 20 4.00
            P2 mug S1 10-10 10-20 10-24 20 20 4.00
            P3 mug S1 11-05 11-20 - 10 0 4.00
            """,
        ),
    }
    publish_rows(warehouse, rows, loaded_at=LOADED_AT)
    warehouse.close()
    return ask("inventory_replenishment", {"start": "2026-11-03", "end": "2026-11-11"}, settings)


def test_the_stock_of_the_last_evening_and_of_the_days_is_declared(asked: Asked) -> None:
    names = ("stock_value", "on_hand", "available", "committed", "incoming")
    # 18 × 4.00 + 5 × 10.00
    assert asked.figures(*(f"stock.{name}" for name in names)) == [Decimal(122), 23, 23, 0, 10]
    # Value over eight evenings: mugs 200 × 4.00, lamps 7 × 50.00 = 1,150.00; 16 mugs cost 64.00.
    assert asked.figure("stock.inventory_turnover") == pytest.approx(64 / (1150 / 8))
    assert asked.figure("stock.days_in_inventory") == pytest.approx(1150 / 64)
    # One evening of sixteen; 23 units at 16 sold in 8 × 15/16 days.
    assert asked.figure("stock.stock_out_rate") == pytest.approx(1 / 16)
    assert asked.figure("stock.days_of_inventory") == pytest.approx(23 / (16 / 7.5))


def test_what_to_order_comes_from_the_formula_with_safety_stock(asked: Asked) -> None:
    assert asked.figures("products_in_stock_records", "products_to_order", "products_out", "products_no_advice") == [
        2,
        1,
        0,
        1,
    ]
    names = ("product", "position", "daily_units", "lead_days", "safety_stock", "reorder_point", "order_quantity")
    lamp, mug = asked.rows("advice", *names)
    # Nobody ever ordered a lamp, so its lead time is not known, and neither is when to order.
    assert lamp == ("lamp", 5, 0.0, None, None, None, None)
    # Lead time 10 and 14 days: 12, deviation √8; demand 2 a day without any. z is 1.645.
    safety = 1.6448536 * 8**0.5 * 2
    assert mug[:4] == ("mug", 28, 2.0, 12.0)
    assert mug[4] == pytest.approx(safety)
    assert mug[5] == pytest.approx(2 * (12 + 7) + safety)
    # Up to 47.3 + 2 × 30 = 107.3, less 28 on hand and under way.
    assert mug[6] == 80
    assert "1 of 2 products is at or below the reorder point. For 1 there is no reorder point" in asked.text


def test_days_without_stock_are_weighed_by_what_is_wanted(asked: Asked) -> None:
    names = ("part", "stock_out_days", "stock_out_rate", "lost_units", "demand_stock_out_rate")
    found = {row[0]: row[1:] for row in asked.rows("stock_outs", *names)}
    # Nobody wants a lamp, so a day without lamps loses nothing.
    assert found == {"Kitchen": (0, 0.0, 0.0, 0.0), "Home": (1, 0.125, 0.0, None)}


def test_the_nine_classes_are_declared(asked: Asked) -> None:
    cells = {
        row[:2]: row[2:] for row in asked.rows("class_cells", "abc", "xyz", "products", "net_sales", "stock_value")
    }
    assert len(cells) == 9
    assert cells["A", "Z"] == (1, Decimal(180), Decimal(72))
    assert cells["C", "Z"] == (1, Decimal(0), Decimal(50))
    assert "1 product in stock without a sale." in asked.text


def test_formulas_and_questions_are_told(asked: Asked) -> None:
    assert "Reorder advice Safety stock = z · √((L + R)·σ_d² + d²·σ_L²)." in asked.text
    assert "Reorder advice, as of the end of 10 Nov 2026" in asked.text
    assert "Stock-out rate Stock-out days ÷ days listed, over all products." in asked.text
    assert "$review_days = 7" in asked.text


def test_a_history_too_short_to_replay_is_said(asked: Asked) -> None:
    assert "Not known. Stock is recorded on 9 days, but the rule needs 56" in asked.text
    assert asked.figures("replay_stock_out_rate", "replay_stock_value") == [None, None]


@pytest.mark.slow
def test_a_shop_with_only_a_ledger_gets_words(tmp_path_factory: pytest.TempPathFactory) -> None:
    found = ask("inventory_replenishment", {}, shops.bare(tmp_path_factory.mktemp("bare")))
    for words in (
        "Stock value was not known. Stock levels are not recorded.",
        "What to order: not known. The records hold no stock of these days.",
        "There is no recorded stock to replay.",
        "Stock value by category: not known. Stock levels are not recorded.",
        "What met an empty shelf, by category: not known.",
    ):
        assert words in found.text
    assert found.figures("stock.stock_value", "products_to_order", "replay_stock_out_rate") == [None, None, None]
    assert "None" not in found.text


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A simulated shop of a year."""
    return shops.simulated(tmp_path_factory.mktemp("simulated"))


@pytest.mark.slow
def test_the_replay_of_history_is_that_of_the_workspace(simulated: Settings) -> None:
    found = ask("inventory_replenishment", {"replay_days": 60, "top": 5}, simulated)
    with ecombi.open_workspace(simulated.workspace) as ws:
        advice = ws.inventory.replay(ws.coverage.end, days=60)
    assert found.figures("replay_stock_out_rate", "replay_stock_out_rate_before") == [
        pytest.approx(advice.stock_out_rate),
        pytest.approx(advice.stock_out_rate_before),
    ]
    assert found.figures("replay_stock_value", "replay_products") == [advice.stock_value, advice.products]
    assert advice.sentence in found.text
    assert "None" not in found.text
