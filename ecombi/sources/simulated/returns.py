"""Parcels that come back: goods at what was paid for them, their tax, now and then the shipping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecombi.sources.simulated.calendar import HOUR, Calendar
from ecombi.sources.simulated.columns import NONE, Columns, Ints, Timed, integers
from ecombi.sources.simulated.ledger import Code, Entries, entries
from ecombi.sources.simulated.money import share
from ecombi.sources.simulated.pricing import Sold


@dataclass(frozen=True, slots=True)
class Shipped(Columns):
    """One row per line that left or will leave.

    Attributes:
        parcel: 1 for what was in stock at once; back-orders get 1 more for each day they waited.
        leaves: Day number when it leaves.
    """

    parcel: Ints
    leaves: Ints


@dataclass(frozen=True, slots=True)
class Refunds(Timed):
    """One row per parcel that comes back: pennies going back to the customer, positive.

    Attributes:
        number: Order number.
        part: Identity within the order: ten times the parcel it left in, plus 1 or 2.
        method: Position in PAYMENT_METHODS.
        amount: Goods, tax and shipping.
        credited: 1 where the money goes to a gift card, else 0.
    """

    number: Ints
    part: Ints
    method: Ints
    amount: Ints
    credited: Ints


def return_parcels(calendar: Calendar, sold: Sold, shipped: Shipped) -> tuple[list[Entries], list[Refunds]]:
    """Write what comes back of these lines, however late it is: the caller drops what is after the end."""
    found = [_parcel(calendar, sold, shipped, again) for again in (False, True)]
    return [part for parts, _ in found for part in parts], [refunds for _, refunds in found]


def _parcel(calendar: Calendar, sold: Sold, shipped: Shipped, again: bool) -> tuple[list[Entries], Refunds]:
    some = (sold.back_again if again else sold.back) > 0
    sold, shipped = sold.take(some), shipped.take(some)
    before = sold.back if again else np.zeros_like(sold.back)
    units = sold.back_again if again else sold.back
    resaleable = sold.shelf_again if again else sold.shelf

    def worth(amount: Ints) -> Ints:
        return share(amount, before + units, sold.qty) - share(amount, before, sold.qty)

    day = shipped.leaves + (sold.again_after if again else sold.back_after)
    at = calendar.instant(day, 9 * HOUR + sold.number * 104_729 % (8 * HOUR))
    goods, tax = worth(sold.net), worth(sold.tax)
    # What cannot be sold again gives no cost back.
    cost = np.where(sold.cost == NONE, NONE, -(sold.cost // sold.qty) * resaleable)
    goods_code, tax_code, credit_code = (Code.R2, Code.T2, Code.G2) if again else (Code.R1, Code.T1, Code.G1)
    taxed = tax > 0
    parts = [
        entries(goods_code, sold, -goods, at=at, line=sold.line, sku=sold.sku, qty=-units, cost=cost),
        entries(tax_code, sold.take(taxed), -tax[taxed], at=at[taxed], line=sold.line[taxed], sku=sold.sku[taxed]),
    ]
    shipping = np.zeros_like(goods)
    if not again:
        _, first = np.unique(sold.number, return_index=True)
        shipping[first] = np.where(shipped.parcel[first] == 1, sold.shipping_back[first], 0)
        given = shipping > 0
        parts.append(entries(Code.SR, sold.take(given), -shipping[given], at=at[given]))

    key = sold.number * 1_000 + shipped.parcel
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    amount = integers(np.bincount(inverse, weights=goods + tax + shipping, minlength=len(first)))
    refunds = Refunds(
        at=at[first],
        number=sold.number[first],
        part=shipped.parcel[first] * 10 + 1 + int(again),
        method=sold.method[first],
        amount=amount,
        credited=integers(sold.credited[first]),
    )
    credited = (refunds.credited > 0) & (amount > 0)
    parts.append(
        entries(
            credit_code,
            sold.take(first[credited]),
            amount[credited],
            at=refunds.at[credited],
            line=shipped.parcel[first[credited]],
        )
    )
    return parts, refunds
