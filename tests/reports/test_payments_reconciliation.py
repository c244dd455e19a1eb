"""What the payments report declares, on six orders added up by hand, to the cent."""

from __future__ import annotations

from decimal import Decimal

import pytest

import ecombi
from ecombi.backends.warehouse import open_warehouse
from ecombi.metrics.rollups import TABLES
from ecombi.settings import load_settings
from tests.metrics.loaded import LOADED_AT, sheet
from tests.metrics.small_shops import event, publish_rows, sale
from tests.reports import shops
from tests.reports.asked import Asked, ask

# o2 was a cent short, o5 was never collected, and an order with a strange name was collected without a charge.
PAYMENTS = """
payment_id order_id kind method paid_at amount fee_amount payout_id
m1 o1 capture    card   11-02 30.00  0.90  p1
m2 o2 capture    card   11-03 19.99  0.60  p1
m3 o3 capture    paypal 11-04 10.00  0.30  p1
m4 o4 capture    card   11-05 50.00  1.50  p2
m6 <b>o6</b> capture paypal 11-06 7.00   0.20  -
m7 o3 refund     paypal 11-08 -4.00  0.00  -
m8 o4 chargeback card   11-09 -50.00 15.00 -
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """The report of 1 to 10 November 2026."""
    settings = load_settings(workspace=tmp_path_factory.mktemp("payments"))
    warehouse = open_warehouse(settings, TABLES)
    ledger = [
        sale("o1", "2026-11-02", "30.00"),
        sale("o2", "2026-11-03", "20.00"),
        sale("o3", "2026-11-04", "10.00"),
        event("return", "o3", "2026-11-08", "-4.00", ordered="2026-11-04", qty=-1),
        sale("o4", "2026-11-05", "50.00"),
        sale("o5", "2026-11-10", "5.00"),
    ]
    publish_rows(warehouse, {"ledger": ledger, "payments": sheet("payments", PAYMENTS)}, loaded_at=LOADED_AT)
    warehouse.close()
    return ask("payments_reconciliation", {"start": "2026-11-01", "end": "2026-11-11"}, settings)


def test_what_customers_paid_is_led_to_what_arrives(asked: Asked) -> None:
    names = ("payments_captured", "payments_refunded", "chargeback_amount", "settled_amount", "unsettled_amount")
    captured, refunded, back, settled, unsettled = asked.figures(*(f"payments.{name}" for name in names))
    assert [captured, refunded, back] == [Decimal("116.99"), Decimal(4), Decimal(50)]
    # 30.00 + 19.99 + 10.00 + 50.00, and 7.00 − 4.00 − 50.00.
    assert [settled, unsettled] == [Decimal("109.99"), Decimal(-47)]
    assert asked.figures("payments.payment_fees", "payments.net_payout") == [Decimal("18.50"), Decimal("106.69")]
    assert asked.figure("statement_gap") == 0
    assert "It adds up to the cent" in asked.text
    assert "Fees of what was settled −£3.30 Net payout £106.69" in asked.text


def test_a_chargeback_costs_its_penalty_too(asked: Asked) -> None:
    assert asked.figure("payments.chargeback_rate") == pytest.approx(1 / 5)
    assert asked.figure("payments.fee_rate") == pytest.approx(18.50 / 116.99)
    assert asked.rows("by_method", "payment_method", "payments_captured", "payment_fees") == [
        ("card", Decimal("99.99"), Decimal(18)),
        ("paypal", Decimal(17), Decimal("0.5")),
    ]


def test_each_payout_is_taken_apart(asked: Asked) -> None:
    names = ("payout_id", "payments", "captured_amount", "fee_amount", "net_amount")
    assert asked.rows("payouts", *names) == [
        ("p1", 3, Decimal("59.99"), Decimal("1.80"), Decimal("58.19")),
        ("p2", 1, Decimal(50), Decimal("1.50"), Decimal("48.50")),
    ]
    assert "In all 2 captured − refunded − chargebacks − fees is the net amount, to the cent." in asked.text


def test_orders_paid_otherwise_than_charged_are_listed_with_their_amounts(asked: Asked) -> None:
    names = ("order_id", "charged_amount", "captured_amount", "difference")
    assert asked.rows("differences", *names) == [
        ("o2", Decimal(20), Decimal("19.99"), Decimal("-0.01")),
        ("<b>o6</b>", Decimal(0), Decimal(7), Decimal(7)),
        ("o5", Decimal(5), Decimal(0), Decimal(-5)),
    ]
    assert asked.figure("orders_that_differ") == 3
    assert "3 orders differ: too little came in for 2, too much for 1." in asked.text
    for words in ("£7.00 collected, nothing charged", "−£5.00 nothing collected", "−£0.01 too little collected"):
        assert words in asked.text


def test_what_came_from_outside_is_shown_as_text(asked: Asked) -> None:
    assert "&lt;b&gt;o6&lt;/b&gt;" in asked.html
    assert "<b>o6</b>" not in asked.html


def test_what_is_not_settled_stands_in_its_month(asked: Asked) -> None:
    assert asked.rows("not_settled", "unsettled_amount") == [(Decimal(-47),)]
    assert "Nov 2026 −£47.00" in asked.text


@pytest.mark.slow
def test_a_shop_with_only_a_ledger_gets_words_and_no_differences(tmp_path_factory: pytest.TempPathFactory) -> None:
    found = ask("payments_reconciliation", {}, shops.bare(tmp_path_factory.mktemp("bare")))
    for words in (
        "Payments captured were not known. Payments are not recorded.",
        "From captured to paid out: not known. Payments are not recorded.",
        "Payments captured by method: not known. Payments are not recorded.",
        "Not settled, by month: not known. Payments are not recorded.",
        "Orders that differ: not known. The records hold no payments of these days.",
    ):
        assert words in found.text
    # Without payments every order would differ by all it was charged.
    assert found.figures("orders_that_differ", "statement_gap", "payments.net_payout") == [None, None, None]
    assert "None" not in found.text


@pytest.mark.slow
def test_a_simulated_shop_adds_up_to_the_cent(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = shops.simulated(tmp_path_factory.mktemp("simulated"))
    days = {"start": "2026-09-01", "end": "2026-10-01"}
    found = ask("payments_reconciliation", days, settings)
    with ecombi.open_workspace(settings.workspace) as ws:
        payouts = ws.payouts(**days)
    assert found.figure("statement_gap") == 0
    assert [row[0] for row in found.rows("payouts", "net_amount")] == list(payouts["net_amount"]) != []
    assert "None" not in found.text
