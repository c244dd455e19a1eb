"""What the supplier scorecard declares, on five purchase order lines worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

import ecombi
from ecombi.backends.warehouse import open_warehouse
from ecombi.metrics.rollups import TABLES
from ecombi.settings import load_settings
from tests.metrics.loaded import LOADED_AT, sheet
from tests.metrics.small_shops import publish_rows, sale
from tests.reports import shops
from tests.reports.asked import Asked, ask

ORDERS = """
po_id sku supplier_id ordered_on requested_on confirmed_on last_confirmed_on received_on ordered_qty received_qty unit_cost
P1 mug  S1 10-01 10-10 10-11 -     10-11 10 10 4.00
P2 mug  S1 10-10 10-20 10-20 10-24 10-24 10 8  4.00
P3 lamp S1 10-20 10-30 10-31 -     11-04 5  5  10.00
P4 mug  S1 11-01 11-05 11-05 -     -     20 0  4.00
P5 vase S2 10-05 10-15 10-15 -     10-14 4  4  5.00
"""  # noqa: E501 - one line per row, the names among them

# The lamps are sold out on the evenings of 1 to 3 November, while P3 is late.
EVENINGS = """
day sku on_hand committed incoming unit_cost
10-29 lamp 2 0 5 10.00
10-30 lamp 2 0 5 10.00
10-31 lamp 1 0 5 10.00
11-01 lamp 0 0 5 10.00
11-02 lamp 0 0 5 10.00
11-03 lamp 0 0 5 10.00
11-04 lamp 5 0 0 10.00
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """The scorecard of the 60 days up to 10 November 2026, held to the day first confirmed."""
    settings = load_settings(workspace=tmp_path_factory.mktemp("suppliers"))
    warehouse = open_warehouse(settings, TABLES)
    rows = {
        "ledger": [
            sale("o1", "2026-10-31", "30.00", sku="lamp"),
            sale("o2", "2026-11-01", "30.00", sku="lamp"),
            sale("o3", "2026-11-10", "9.00", sku="card"),
        ],
        "products": [{"sku": "lamp", "name": "Lamp"}, {"sku": "mug", "name": "Mug"}],
        "suppliers": [{"supplier_id": "S1", "name": "Stoke"}, {"supplier_id": "S2", "name": "Delft"}],
        "inventory_daily": sheet("inventory_daily", EVENINGS),
        "purchase_orders": sheet("purchase_orders", ORDERS),
    }
    publish_rows(warehouse, rows, loaded_at=LOADED_AT)
    warehouse.close()
    return ask("supplier_scorecard", {"end": "2026-11-11", "window_days": 60}, settings)


def test_on_time_and_in_full_is_held_to_three_days(asked: Asked) -> None:
    # As requested only P5; as first confirmed P1 and P5; as last confirmed P2 comes in time, but short of two units.
    names = ("supplier_otif_requested", "supplier_otif_confirmed", "supplier_otif_last_confirmed")
    assert asked.figures(*(f"promises.{name}" for name in names)) == [pytest.approx(n / 5) for n in (1, 2, 2)]
    assert "Supplier OTIF, as first confirmed, was 40.0%" in asked.text
    assert "Lines are held to the day first confirmed ." in asked.text


def test_lateness_is_counted_valued_and_measured(asked: Asked) -> None:
    # P2, P3 and P4: 40.00 + 50.00 + 80.00; those that came took 4 days more each.
    assert asked.figures("purchasing.late_lines", "purchasing.late_amount") == [3, Decimal(170)]
    assert asked.figure("purchasing.days_late") == pytest.approx(4.0)
    # 10 + 8 + 5 + 0 + 4 of 49 units.
    assert asked.figure("purchasing.supplier_fill_rate") == pytest.approx(27 / 49)
    assert asked.rows("late_by_supplier", "supplier", "late_amount", "late_lines") == [
        ("S1", Decimal(170), 3),
        ("S2", Decimal(0), 0),
    ]


def test_lead_times_have_a_mean_a_deviation_and_a_ninth_decile(asked: Asked) -> None:
    # 9, 10, 14 and 15 days: mean 12, squared distances 9 + 4 + 4 + 9 over 3, P90 14 + 0.7.
    names = ("supplier_lead_time", "supplier_lead_time_sd", "supplier_lead_time_p90")
    assert asked.figures(*(f"purchasing.{name}" for name in names)) == [
        pytest.approx(12.0),
        pytest.approx((26 / 3) ** 0.5),
        pytest.approx(14.7),
    ]
    # Of Stoke alone 10, 14 and 15.
    names = ("supplier", "lead_time_mean", "lead_time_p90", "otif_rate", "due_lines")
    assert asked.rows("scorecard", *names) == [
        ("S1", 13.0, pytest.approx(14.8), 0.25, 4),
        ("S2", 9.0, 9.0, 1.0, 1),
    ]


def test_open_orders_have_an_age_and_no_lead_time(asked: Asked) -> None:
    assert asked.figure("purchasing.open_purchase_lines") == 1
    # Ordered on 1 November, still open on the 10th.
    assert asked.rows("scorecard", "supplier", "received_lines", "open_lines", "open_days_max") == [
        ("S1", 3, 1, 9),
        ("S2", 1, 0, None),
    ]
    assert "No open line is older than nine of ten lines of its supplier take." in asked.text


def test_a_late_line_is_told_with_the_shelf_it_left_empty(asked: Asked) -> None:
    names = (
        "purchase_order",
        "due_on",
        "received_on",
        "days_late",
        "amount",
        "days_out",
        "missed_units",
        "missed_amount",
    )
    # Lamps: two sold on four mornings with stock, so 0.5 a day on three empty evenings. Of mugs nothing is known.
    assert asked.rows("lines_late", *names) == [
        ("P3", date(2026, 10, 31), date(2026, 11, 4), 4, Decimal(50), 3, 1.5, Decimal(15)),
        ("P4", date(2026, 11, 5), None, 5, Decimal(80), 0, None, None),
        ("P2", date(2026, 10, 20), date(2026, 10, 24), 4, Decimal(40), 0, None, None),
    ]
    assert asked.figures("late_line_count", "late_lines_with_empty_shelf") == [3, 1]
    assert asked.figures("missed_units", "missed_amount") == [1.5, Decimal(15)]
    assert "1 of 3 late lines met an empty shelf: up to 1.50 units, £15.00 at cost, were not there" in asked.text


@pytest.mark.slow
def test_a_shop_with_only_a_ledger_gets_words(tmp_path_factory: pytest.TempPathFactory) -> None:
    found = ask("supplier_scorecard", {}, shops.bare(tmp_path_factory.mktemp("bare")))
    for words in (
        "Supplier OTIF, as first confirmed, was not known. Purchase orders are not recorded.",
        "On time and in full by supplier: not known.",
        "Lead times by supplier, in days: not known.",
        "Open lines by supplier, ages in days: not known.",
        "Goods that were late, by supplier: not known. Purchase orders are not recorded.",
        "Late lines that met an empty shelf: not known.",
    ):
        assert words in found.text
    names = ("purchasing.late_lines", "purchasing.supplier_lead_time", "late_line_count", "missed_amount")
    assert found.figures(*names) == [None, None, None, None]
    assert "None" not in found.text


@pytest.mark.slow
def test_lines_counted_and_lines_listed_agree_on_a_simulated_shop(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = shops.simulated(tmp_path_factory.mktemp("simulated"))
    values = {"window_days": 120, "basis": "last_confirmed", "counted_in": "working", "top": 5}
    found = ask("supplier_scorecard", values, settings)
    with ecombi.open_workspace(settings.workspace) as ws:
        # The last day with a sale is the 13th.
        due = ws.query("supplier_otif_last_confirmed", start="2026-06-16", end="2026-10-14")
    assert found.figure("purchasing.supplier_otif_last_confirmed") == pytest.approx(
        due["supplier_otif_last_confirmed"][0]
    )
    assert found.figure("late_line_count") == found.figure("purchasing.late_lines") != 0
    assert "None" not in found.text
