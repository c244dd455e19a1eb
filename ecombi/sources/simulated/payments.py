"""Money at the payment providers: captures with their fees, refunds, chargebacks, and the payouts that settle them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ecombi.sources.simulated.calendar import DAY, HOUR, Calendar
from ecombi.sources.simulated.columns import NONE, Ints, Timed, integers
from ecombi.sources.simulated.config import ShopConfig
from ecombi.sources.simulated.draws import stream
from ecombi.sources.simulated.ledger import Code, Entries, entries
from ecombi.sources.simulated.markets import BANK, CARD, HOME, MARKETPLACE_PAYS, PAYPAL
from ecombi.sources.simulated.money import percentage
from ecombi.sources.simulated.pricing import Bills
from ecombi.sources.simulated.returns import Refunds

CAPTURE, REFUND, CHARGEBACK = range(3)
PAYMENT_KINDS: Final = ("capture", "refund", "chargeback")
PREFIX: Final = ("CA-", "RF-", "CB-")
CHARGEBACK_FEE: Final = 15_00
MARKETPLACE_FEE: Final = 1_200
"""Hundredths of a percent of the goods."""


@dataclass(frozen=True, slots=True)
class Payments(Timed):
    """One row per movement of money: pennies, negative for money going back; the fee is positive.

    `part` tells the refunds of an order apart and is NONE for the rest; `payout` is the number of the week it is
    settled for, NONE while open.
    """

    kind: Ints
    number: Ints
    part: Ints
    method: Ints
    amount: Ints
    fee: Ints
    payout: Ints


def captures(config: ShopConfig, calendar: Calendar, bills: Bills, month: int) -> tuple[list[Payments], list[Entries]]:
    """Capture what each order costs, and take back what turns out to be fraud 20 to 60 days later."""
    bills = bills.take(bills.total > 0)
    abroad, method = bills.country != HOME, bills.method
    by_card = percentage(bills.total, np.where(abroad, 290, 140)) + 20
    fee = np.select(
        [method == CARD, method == PAYPAL, method == MARKETPLACE_PAYS],
        [by_card, percentage(bills.total, 290) + 30, percentage(bills.goods, MARKETPLACE_FEE)],
        0,
    )
    by_bank = DAY + bills.number * 7_919 % DAY
    at = bills.at + np.where(method == BANK, by_bank, 2 + bills.number % 5)
    paid = _payments(calendar, CAPTURE, bills.number, at, method, bills.total, integers(fee))
    marketplace = method == MARKETPLACE_PAYS
    provider = ~marketplace & (fee > 0)
    ledger = [
        entries(Code.FP, bills.take(provider), -fee[provider], at=at[provider]),
        entries(Code.FM, bills.take(marketplace), -fee[marketplace], at=at[marketplace]),
    ]
    rng = stream(config.seed, "chargebacks", month)
    fraud = bills.take(bills.fraud)
    count = len(fraud)
    late = at[bills.fraud] + rng.integers(20, 60, count) * DAY + rng.integers(0, DAY, count)
    penalty = np.full(count, CHARGEBACK_FEE)
    lost = _payments(calendar, CHARGEBACK, fraud.number, late, fraud.method, -fraud.total, penalty)
    ledger += [entries(Code.CB, fraud, -fraud.total, at=late), entries(Code.FC, fraud, -penalty, at=late)]
    return [paid, lost], ledger


def refund_payments(calendar: Calendar, refunds: Refunds) -> Payments:
    """Pay back what did not go to a gift card."""
    paid = refunds.take((refunds.credited == 0) & (refunds.amount > 0))
    nothing = np.zeros(len(paid), np.int64)
    return _payments(calendar, REFUND, paid.number, paid.at, paid.method, -paid.amount, nothing, paid.part)


def payout_week(at: Ints) -> Ints:
    """Return the number of the week, Monday to Sunday in UTC."""
    return integers((at // DAY + 3) // 7)


def _payments(
    calendar: Calendar,
    kind: int,
    number: Ints,
    at: Ints,
    method: Ints,
    amount: Ints,
    fee: Ints,
    part: Ints | None = None,
) -> Payments:
    week = payout_week(at)
    settled = ((week + 1) * 7 - 1) * DAY + 6 * HOUR  # Wednesday of the week after, 06:00 UTC
    count = len(number)
    return Payments(
        at=at,
        kind=np.full(count, kind),
        number=number,
        part=np.full(count, NONE) if part is None else part,
        method=method,
        amount=amount,
        fee=fee,
        payout=np.where(settled < calendar.end, week, NONE),
    )
