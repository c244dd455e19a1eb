"""The ledger: what the money and quantity events of an order look like, each to the penny."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from ecombi.schema.kinds import Kind
from ecombi.sources.simulated.columns import NONE, Ints, Timed, integers
from ecombi.sources.simulated.pricing import Bills, Facts, Sold


class Code(IntEnum):
    """What an entry is, finer than its kind: kind, order, line and code name it once and for all."""

    SA = 0
    LD = 1
    OD = 2
    TX = 3
    SH = 4
    SD = 5
    GI = 6
    GR = 7
    FP = 8
    FM = 9
    R1 = 10
    R2 = 11
    T1 = 12
    T2 = 13
    SR = 14
    CB = 15
    FC = 16
    AJ = 17
    WO = 18
    G1 = 19
    G2 = 20


KIND_OF: Final = {
    Code.SA: Kind.SALE,
    Code.LD: Kind.DISCOUNT,
    Code.OD: Kind.DISCOUNT,
    Code.TX: Kind.TAX,
    Code.SH: Kind.SHIPPING,
    Code.SD: Kind.SHIPPING_DISCOUNT,
    Code.GI: Kind.GIFT_CARD_ISSUE,
    Code.GR: Kind.GIFT_CARD_REDEEM,
    Code.FP: Kind.FEE,
    Code.FM: Kind.FEE,
    Code.R1: Kind.RETURN,
    Code.R2: Kind.RETURN,
    Code.T1: Kind.TAX_REFUND,
    Code.T2: Kind.TAX_REFUND,
    Code.SR: Kind.SHIPPING_REFUND,
    Code.CB: Kind.CHARGEBACK,
    Code.FC: Kind.FEE,
    Code.AJ: Kind.ADJUSTMENT,
    Code.WO: Kind.STOCK_WRITE_OFF,
    Code.G1: Kind.GIFT_CARD_ISSUE,
    Code.G2: Kind.GIFT_CARD_ISSUE,
}
"""LD is a line's own discount, OD its share of the order's; 1 and 2 are the first and second parcel coming back, G
what they give back on a gift card."""


@dataclass(frozen=True, slots=True)
class Entries(Timed):
    """One row per ledger entry: amounts in pennies, NONE for null.

    `number` is the order number; adjustments and write-offs have a number of their own.
    """

    order_at: Ints
    code: Ints
    number: Ints
    line: Ints
    customer: Ints
    sku: Ints
    channel: Ints
    country: Ints
    qty: Ints
    amount: Ints
    cost: Ints
    currency: Ints
    fx: Ints


def entries(
    code: Code,
    facts: Facts,
    amount: Ints,
    *,
    at: Ints | None = None,
    line: Ints | None = None,
    sku: Ints | None = None,
    qty: Ints | None = None,
    cost: Ints | None = None,
) -> Entries:
    """Write one entry for each row of `facts`; without `at`, at the time of the order."""
    nothing, null = np.zeros(len(facts), np.int64), np.full(len(facts), NONE)
    return Entries(
        at=facts.at if at is None else at,
        order_at=facts.at,
        code=np.full(len(facts), int(code)),
        number=facts.number,
        line=null if line is None else line,
        customer=np.where(facts.customer < 0, NONE, facts.customer),
        sku=null if sku is None else sku,
        channel=facts.channel,
        country=facts.country,
        qty=nothing if qty is None else qty,
        amount=amount,
        cost=null if cost is None else cost,
        currency=facts.currency,
        fx=facts.fx,
    )


def sale_entries(sold: Sold) -> list[Entries]:
    """Write what is known of the lines when they are ordered: sale, discounts and tax."""
    parts = [entries(Code.SA, sold, sold.gross, line=sold.line, sku=sold.sku, qty=sold.qty, cost=sold.cost)]
    for code, amount in (
        (Code.LD, -sold.line_discount),
        (Code.OD, -sold.code_discount),
        (Code.TX, sold.tax),
    ):
        some = amount != 0
        rows = sold.take(some)
        # A discount moves no goods: it costs nothing where the cost is known.
        cost = np.where(rows.cost == NONE, NONE, 0) if KIND_OF[code] is Kind.DISCOUNT else None
        parts.append(entries(code, rows, amount[some], line=rows.line, sku=rows.sku, cost=cost))
    return parts


def bill_entries(bills: Bills) -> list[Entries]:
    """Write what is known of the orders when they are placed: shipping and gift cards."""
    parts = []
    for code, amount in (
        (Code.SH, bills.shipping),
        (Code.SD, -bills.shipping_discount),
        (Code.GI, bills.gift_card_bought),
        (Code.GR, -bills.gift_card_used),
    ):
        some = amount != 0
        parts.append(entries(code, bills.take(some), amount[some]))
    return parts


def orderless(code: Code, *, number: Ints, at: Ints, amount: Ints, sku: Ints, qty: Ints) -> Entries:
    """Write entries that belong to no order: adjustments and write-offs."""
    count = len(number)
    null = np.full(count, NONE)
    return Entries(
        at=at,
        order_at=at,
        code=np.full(count, int(code)),
        number=number,
        line=null,
        customer=null,
        sku=sku,
        channel=null,
        country=null,
        qty=qty,
        amount=amount,
        cost=null,
        currency=integers(np.zeros(count)),
        fx=np.full(count, 10**8),
    )
