"""Captures, fees, chargebacks, payouts and orders whose payments differ, worked out by hand from eight payments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecombi.metrics.answers import Answers
from ecombi.metrics.parameters import parameter, to_sql
from ecombi.metrics.payouts import payment_differences, payouts
from ecombi.metrics.tables import Tables
from ecombi.schema.periods import Period
from tests.metrics.loaded import ENGINES, NOVEMBER, Database, answers_on, figure, figures, sheet
from tests.metrics.small_shops import Rows, event, sale

PAYMENTS = sheet(
    "payments",
    """
payment_id order_id kind       method paid_at amount fee_amount payout_id
c1         o1       capture    card   11-02   30.00  0.60       P1
c2         o2       capture    card   11-03   20.00  0.50       P1
r1         o1       refund     card   11-04   -10.00 0.00       P1
c3         o3       capture    paypal 11-05   15.00  0.70       P2
b1         o2       chargeback card   11-20   -20.00 15.00      -
c4         -        capture    paypal 11-21   5.00   0.10       -
c5         o4       capture    card   11-21   12.00  0.30       -
c6         o4       capture    card   11-22   12.00  0.30       -
""",
)
LEDGER = [
    sale("o1", "2026-11-02", "30.00"),
    event("return", "o1", "2026-11-04", "-10.00", ordered="2026-11-02", qty=-1),
    sale("o2", "2026-11-03", "17.00"),
    event("discount", "o2", "2026-11-03", "-1.00"),
    event("tax", "o2", "2026-11-03", "2.50"),
    event("shipping", "o2", "2026-11-03", "4.00"),
    event("shipping_discount", "o2", "2026-11-03", "-4.00"),
    event("duty", "o2", "2026-11-03", "1.50"),
    event("fee", "o2", "2026-11-03", "-0.50"),
    event("chargeback", "o2", "2026-11-20", "-20.00", ordered="2026-11-03"),
    # Charged 14.99, collected 15.00.
    sale("o3", "2026-11-05", "14.99"),
    # Collected twice.
    sale("o4", "2026-11-21", "12.00"),
    # Not paid.
    sale("o5", "2026-11-23", "9.0001"),
    # Paid with a gift card.
    sale("o6", "2026-11-24", "10.00"),
    event("gift_card_redeem", "o6", "2026-11-24", "-10.00"),
    # Cancelled before it was paid.
    sale("o7", "2026-11-25", "8.00"),
    event("return", "o7", "2026-11-26", "-8.00", ordered="2026-11-25", qty=-1),
    # A gift card that nobody paid for.
    event("gift_card_issue", "o8", "2026-11-30", "25.00", qty=1),
    event("adjustment", None, "2026-11-30", "3.00"),
]
DAYS = {"start": NOVEMBER.start, "end": NOVEMBER.end}

Movement = tuple[str | None, str, Decimal]
"""Order, kind and amount."""


@pytest.fixture(scope="module", params=ENGINES)
def answers(
    request: pytest.FixtureRequest, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Answers]:
    rows: dict[str, Rows] = {"payments": PAYMENTS, "ledger": LEDGER}
    with answers_on(request.param, database, tmp_path_factory.mktemp("payments"), rows) as opened:
        yield opened


def test_what_was_collected_given_back_and_taken_back(answers: Answers) -> None:
    assert figure(answers, "payments_captured") == Decimal("94.0000")
    assert figures(answers, "payments_captured", by="payment_method") == {
        "card": Decimal("74.0000"),
        "paypal": Decimal("20.0000"),
    }
    assert figure(answers, "payments_refunded") == Decimal("10.0000")
    assert figure(answers, "chargebacks") == 1
    assert figure(answers, "chargeback_amount") == Decimal("20.0000")


def test_chargeback_rates_count_or_weigh(answers: Answers) -> None:
    assert figure(answers, "chargeback_rate") == pytest.approx(1 / 6)
    assert figure(answers, "chargeback_amount_rate") == pytest.approx(20 / 94)
    # Each on its own day: nothing was collected on the day of the chargeback.
    the_20th = Period(date(2026, 11, 20), date(2026, 11, 21))
    assert figure(answers, "chargebacks", the_20th) == 1
    assert figure(answers, "chargeback_rate", the_20th) is None
    assert figure(answers, "chargeback_amount_rate", the_20th) is None


def test_fees_are_those_of_chargebacks_too(answers: Answers) -> None:
    assert figure(answers, "payment_fees") == Decimal("17.5000")
    assert figure(answers, "fee_rate") == pytest.approx(17.5 / 94)
    assert figure(answers, "fee_rate", Period(date(2026, 11, 10), date(2026, 11, 11))) is None


def test_settled_and_unsettled_make_up_everything(answers: Answers) -> None:
    assert figure(answers, "settled_amount") == Decimal("55.0000")
    assert figure(answers, "unsettled_amount") == Decimal("9.0000")
    assert figure(answers, "net_payout") == Decimal("53.2000")
    everything = sum(Decimal(str(row["amount"])) for row in PAYMENTS)
    assert figure(answers, "settled_amount") + figure(answers, "unsettled_amount") == everything  # type: ignore[operator]


def test_a_payout_is_what_its_payments_sum_to(answers: Answers) -> None:
    found = answers.analyse(payouts, values=DAYS)
    assert found.to_dict("records") == [
        {
            "payout_id": "P1",
            "first_on": date(2026, 11, 2),
            "last_on": date(2026, 11, 4),
            "payments": 3,
            "captured_amount": Decimal("50.0000"),
            "refunded_amount": Decimal("10.0000"),
            "chargeback_amount": Decimal("0.0000"),
            "fee_amount": Decimal("1.1000"),
            "net_amount": Decimal("38.9000"),
        },
        {
            "payout_id": "P2",
            "first_on": date(2026, 11, 5),
            "last_on": date(2026, 11, 5),
            "payments": 1,
            "captured_amount": Decimal("15.0000"),
            "refunded_amount": Decimal("0.0000"),
            "chargeback_amount": Decimal("0.0000"),
            "fee_amount": Decimal("0.7000"),
            "net_amount": Decimal("14.3000"),
        },
    ]
    assert sum(found["net_amount"]) == figure(answers, "net_payout")


def test_a_payout_belongs_to_the_period_of_its_last_payment_and_is_whole(answers: Answers) -> None:
    fourth = answers.analyse(payouts, values={"start": date(2026, 11, 4), "end": date(2026, 11, 5)})
    assert fourth[["payout_id", "payments"]].to_numpy().tolist() == [["P1", 3]]
    assert answers.analyse(payouts, values={"start": date(2026, 11, 2), "end": date(2026, 11, 4)}).empty


def test_differences_are_found_to_the_last_decimal(answers: Answers) -> None:
    found = answers.analyse(payment_differences, values=DAYS)
    rows = {None if order != order else order: rest for order, *rest in found.to_numpy().tolist()}
    money = [
        (order, rest[0], *(Decimal(amount) for amount in rest[1:])) for order, rest in rows.items()
    ]  # order, last day, charged, captured, refunded, difference
    assert money == [
        ("o3", date(2026, 11, 5), Decimal("14.99"), 15, 0, Decimal("0.01")),
        (None, date(2026, 11, 21), 0, 5, 0, 5),
        ("o4", date(2026, 11, 22), 12, 24, 0, 12),
        ("o5", date(2026, 11, 23), Decimal("9.0001"), 0, 0, Decimal("-9.0001")),
        ("o8", date(2026, 11, 30), 25, 0, 0, -25),
    ]


def test_a_difference_shows_in_the_period_of_the_last_movement(answers: Answers) -> None:
    week = answers.analyse(payment_differences, values={"start": date(2026, 11, 1), "end": date(2026, 11, 22)})
    assert list(week["difference"]) == [Decimal("0.0100"), Decimal("5.0000")]


CHARGED = (
    "sale",
    "discount",
    "return",
    "tax",
    "tax_refund",
    "shipping",
    "shipping_discount",
    "shipping_refund",
    "duty",
    "tip",
)
GIFT_CARDS = ("gift_card_issue", "gift_card_redeem")
LEFT_OUT = ("fee", "chargeback", "adjustment", "stock_write_off")
ORDERS = st.sampled_from(["o1", "o2", "o3", None])
MONEY = st.decimals(-100, 100, places=4)
EVENTS = st.lists(st.tuples(ORDERS, st.sampled_from(CHARGED + GIFT_CARDS + LEFT_OUT), MONEY), max_size=12)
MOVEMENTS = st.lists(st.tuples(ORDERS, st.sampled_from(["capture", "refund", "chargeback"]), MONEY), max_size=12)


@pytest.fixture(scope="module")
def differences() -> Iterator[Callable[[list[Movement], list[Movement]], dict[str | None, Decimal]]]:
    """Finds the differences of events and payments, all of one day."""
    bound = {name: parameter(name, kind) for name, kind in payment_differences.bound.items()}
    sql = to_sql(payment_differences.build(Tables(), **bound), "duckdb")
    columns = "(order_id VARCHAR, kind VARCHAR, amount DECIMAL(18, 4), {} DATE DEFAULT DATE '2026-11-02')"
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE ledger {columns.format('event_on')}")
        connection.execute(f"CREATE TABLE payments {columns.format('paid_on')}")

        def of(events: list[Movement], payments: list[Movement]) -> dict[str | None, Decimal]:
            for table, rows in (("ledger", events), ("payments", payments)):
                connection.execute(f"DELETE FROM {table}")
                for row in rows:
                    connection.execute(f"INSERT INTO {table} (order_id, kind, amount) VALUES (?, ?, ?)", row)
            found = connection.execute(f"SELECT order_id, difference FROM ({sql})", DAYS).fetchall()
            return dict(found)

        yield of


@settings(deadline=None, max_examples=60)
@given(events=EVENTS, payments=MOVEMENTS)
def test_every_order_differs_by_what_is_collected_less_what_is_charged(
    differences: Callable[[list[Movement], list[Movement]], dict[str | None, Decimal]],
    events: list[Movement],
    payments: list[Movement],
) -> None:
    expected: dict[str | None, Decimal] = defaultdict(Decimal)
    for order, kind, amount in events:
        expected[order] -= amount if kind in CHARGED + GIFT_CARDS else 0
    for order, kind, amount in payments:
        expected[order] += amount if kind != "chargeback" else 0
    assert differences(events, payments) == {order: amount for order, amount in expected.items() if amount}
