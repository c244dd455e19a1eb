"""The supplier scorecard."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import ibis
import pytest

from ecombi.errors import MetricError
from ecombi.inventory.receipts import lead_time_sums
from ecombi.inventory.suppliers import SUPPLIERS
from ecombi.metrics.parameters import to_sql
from ecombi.metrics.tables import Tables
from tests.inventory.conftest import Shop, day, line, receipt, rows_of

UNTIL = day("05-01")


def load_spring(shop: Shop) -> None:
    """The window of 60 days begins on 2 March, a Monday. Every line is requested after 10 days."""
    march, april = day("03-02"), day("04-01")
    shop.load("suppliers", [{"supplier_id": "S1", "name": "Pottery", "country": None, "load_id": 1}])
    shop.load(
        "purchase_orders",
        [
            # After 8 and 12 days: one in time, one late but as confirmed.
            line("P1", "mug", "S1", march, march + timedelta(days=8)),
            line("P1", "pot", "S1", march, march + timedelta(days=12), confirmed_on=march + timedelta(days=12)),
            # After 20 days, 5 of 30 units missing, confirmed for the 12th day and then for the 20th.
            line(
                "P2",
                "mug",
                "S1",
                april,
                april + timedelta(days=20),
                ordered_qty=30,
                received_qty=25,
                unit_cost=Decimal("2.20"),
                confirmed_on=april + timedelta(days=12),
                last_confirmed_on=april + timedelta(days=20),
            ),
            # Open: 29 and 9 days old on 30 April; the first was due, the second is due on 1 May.
            line("P2", "pot", "S1", april, None, confirmed_on=april + timedelta(days=5)),
            line("P3", "mug", "S1", day("04-21"), None, unit_cost=Decimal("1.80")),
            # Sent before the window, received in it, after 14 days.
            line("P0", "mug", "S1", day("02-20"), day("03-06")),
            # Received after the window: still open.
            line("P4", "jar", "S2", day("04-29"), UNTIL),
            # Nothing of S3 lies in the window.
            line("P5", "jar", "S3", day("01-01"), day("01-09")),
        ],
    )


def test_the_scorecard_by_hand(shop: Shop) -> None:
    load_spring(shop)
    found = shop.inventory.suppliers(UNTIL, basis="requested", window_days=60)
    first, second = found.to_dict("records")
    # Lead times 8, 12, 20, 14: mean 13.5, squares 804: sd √((4 × 804 − 54²) ÷ 12) = 5
    # P90: sorted 8, 12, 14, 20; place 2.7: 14 + 0.7 × 6 = 18.2
    # Until every unit had come: 8, 12 and 14 days. By units: (80 + 120 + 500 + 140) ÷ 55 = 15.27
    # Median of the lines sent: 8, 9+, 12, 20, 29+: 4/5 × 2/3 × 1/2 = 0.267 at 20
    # First line: P1 8, P2 20, P0 14; all lines: P1 12, P0 14
    # Requested for 12 March twice, 11 April twice and 2 March (P0): 1 + 0 in time and in full
    # Prices: 20 + 20 + 66 + 20 + 18 = 144, at the first ones 20 + 20 + 60 + 20 + 20 = 140
    assert first == {
        "supplier": "S1",
        "supplier_name": "Pottery",
        "lines": 5,
        "received_lines": 4,
        "open_lines": 2,
        "open_days_mean": 19.0,
        "open_days_max": 29,
        "lead_time_mean": 13.5,
        "lead_time_sd": pytest.approx(5.0),
        "lead_time_cv": pytest.approx(5 / 13.5),
        "lead_time_p90": pytest.approx(18.2),
        "lead_time_full": pytest.approx(34 / 3),
        "lead_time_weighted": pytest.approx(840 / 55),
        "lead_time_median": 20,
        "first_receipt_mean": pytest.approx(14.0),
        "full_receipt_mean": pytest.approx(13.0),
        "due_lines": 5,
        "on_time_rate": pytest.approx(0.2),
        "in_full_rate": pytest.approx(0.6),
        "otif_rate": pytest.approx(0.2),
        "ordered_amount": Decimal("144.0000"),
        "price_drift": pytest.approx(144 / 140 - 1),
    }
    assert list(first) == list(SUPPLIERS.fields)
    assert (second["supplier"], second["supplier_name"], second["lines"], second["open_lines"]) == ("S2", None, 1, 1)
    assert (second["open_days_max"], second["received_lines"], second["lead_time_mean"]) == (1, 0, None)
    assert (second["lead_time_sd"], second["lead_time_p90"], second["due_lines"]) == (None, None, 0)
    assert (second["on_time_rate"], second["lead_time_median"], second["full_receipt_mean"]) == (None, None, None)


@pytest.mark.parametrize(
    ("basis", "due", "on_time", "in_full", "otif"),
    [
        # Confirmed: P1 pot by day 12, in time and in full; P2 mug by day 12, late and short; P2 pot open.
        ("first_confirmed", 3, 1, 1, 1),
        # P2 mug was moved to day 20: in time, but short.
        ("last_confirmed", 3, 2, 1, 1),
        ("requested", 5, 1, 3, 1),
    ],
)
def test_what_is_due_depends_on_the_basis(
    shop: Shop, basis: str, due: int, on_time: int, in_full: int, otif: int
) -> None:
    load_spring(shop)
    found = shop.inventory.suppliers(UNTIL, basis=basis, window_days=60)  # type: ignore[arg-type]
    rates = rows_of(found, "due_lines", "on_time_rate", "in_full_rate", "otif_rate")[0]
    assert rates == (due, *(pytest.approx(count / due) for count in (on_time, in_full, otif)))


def test_lead_times_in_working_days(shop: Shop) -> None:
    load_spring(shop)
    found = shop.inventory.suppliers(UNTIL, basis="requested", window_days=60, days="working")
    # Monday 2 March + 8 days: 6; + 12 to Saturday 14 March: 9 (P1). Wednesday 1 April + 20: 14 (P2). Friday 20 February
    # + 14: 10 (P0). Open since 1 April and 21 April, on Thursday 30 April: 21 and 7.
    assert rows_of(found, "lead_time_mean", "open_days_max", "open_days_mean")[0] == (39 / 4, 21, 14.0)


def test_an_order_that_came_short_is_no_full_receipt(shop: Shop) -> None:
    march = day("03-02")
    shop.load(
        "purchase_orders",
        [
            # Complete after 5 and 9 days; one unit of ten missing after 4; one line complete after 3, the other short.
            line("P1", "mug", "S1", march, march + timedelta(days=5)),
            line("P1", "pot", "S1", march, march + timedelta(days=9)),
            line("P2", "mug", "S1", march, march + timedelta(days=4), received_qty=9),
            line("P3", "mug", "S1", march, march + timedelta(days=3)),
            line("P3", "pot", "S1", march, march + timedelta(days=6), received_qty=0),
        ],
    )
    [found] = shop.inventory.suppliers(UNTIL, basis="requested", window_days=60).to_dict("records")
    # First lines: 5, 4 and 3 days. Every unit came of P1 alone, of the five lines of three.
    assert (found["first_receipt_mean"], found["full_receipt_mean"]) == (4.0, 9.0)
    assert (found["in_full_rate"], found["open_lines"]) == (pytest.approx(3 / 5), 0)
    # (5 + 9 + 3) × 10 + 4 × 9 + 6 × 0, of 39 units
    assert found["lead_time_weighted"] == pytest.approx(206 / 39)


def test_lines_that_came_in_several_receipts(shop: Shop) -> None:
    march, april = day("03-02"), day("04-01")
    shop.load(
        "receipts",
        [
            # 4, 4 and 2 units, whole after 12 days; of the 5 of 30 that are missing after 20 days nothing more came.
            receipt("P1", "mug", march + timedelta(days=6), 4),
            receipt("P1", "mug", march + timedelta(days=9), 4),
            receipt("P1", "mug", march + timedelta(days=12), 2),
            receipt("P2", "mug", april + timedelta(days=10), 15),
            receipt("P2", "mug", april + timedelta(days=20), 10),
            # Nobody ordered it.
            receipt("P9", "mug", march, 100),
        ],
    )
    shop.load(
        "purchase_orders",
        [
            # What it says of a receipt does not count where the receipts say more; of the pot they say nothing.
            line("P1", "mug", "S1", march, march + timedelta(days=6), received_qty=4),
            line("P1", "pot", "S1", march, march + timedelta(days=8)),
            line("P2", "mug", "S1", april, april + timedelta(days=10), ordered_qty=30, received_qty=15),
        ],
    )

    def card(until: date) -> tuple[object, ...]:
        found = shop.inventory.suppliers(until, basis="requested", window_days=60)
        return rows_of(
            found, "received_lines", "lead_time_mean", "lead_time_full", "lead_time_weighted", "first_receipt_mean",
            "full_receipt_mean", "due_lines", "on_time_rate", "in_full_rate", "otif_rate",
        )[0]  # fmt: skip

    # First receipts after 6, 8 and 10 days; whole after 12 and 8. Units: 24 + 36 + 24 + 80 + 150 + 200 over 45. Orders:
    # first 6 and 10, whole 12. Due after 10 days: the pot is on time and in full, the mug of P1 in full.
    assert card(UNTIL) == pytest.approx((3, 8.0, 10.0, 514 / 45, 8.0, 12.0, 3, 1 / 3, 2 / 3, 1 / 3))
    # On the morning after the 9th day two units were missing, and all that had come was in time.
    assert card(march + timedelta(days=10)) == pytest.approx(
        (2, 7.0, 8.0, (24 + 36 + 80) / 18, 6.0, None, 0, None, None, None)
    )
    # Reorder advice takes each day on which something of an order came for a delivery: 6, 8, 9, 12, 10 and 20 days.
    [sums] = shop.connection.execute(
        to_sql(lead_time_sums(Tables(), ibis.date("2026-05-01"), receipts=20), shop.dialect)
    ).fetchall()
    assert sums == ("S1", 6, 65, 36 + 64 + 81 + 144 + 100 + 400)


def test_days_that_are_not_final_are_left_out(shop: Shop) -> None:
    load_spring(shop)
    shop.final_until = day("03-11")
    found = shop.inventory.suppliers(basis="requested", window_days=60)
    # The line of S3 was due on 11 January, the second day of the window.
    assert rows_of(found, "supplier", "received_lines", "open_lines", "due_lines") == [("S1", 2, 1, 1), ("S3", 0, 0, 1)]


@pytest.mark.parametrize("wrong", [{"basis": "promised"}, {"basis": "requested", "days": "bank"}])
def test_what_there_is_not_is_refused(duck: Shop, wrong: dict[str, str]) -> None:
    with pytest.raises(MetricError, match="Unknown"):
        duck.inventory.suppliers(UNTIL, **wrong)  # type: ignore[arg-type]
