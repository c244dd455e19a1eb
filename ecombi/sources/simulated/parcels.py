"""Parcels on their way to customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ecombi.sources.simulated.calendar import HOUR, Calendar
from ecombi.sources.simulated.columns import NONE, Bools, Ints, Timed, integers
from ecombi.sources.simulated.markets import CARRIERS, COUNTRIES
from ecombi.sources.simulated.pricing import Sold
from ecombi.sources.simulated.returns import Shipped

PAPERS_WRONG: Final = 6
"""Parcels of 1,009 whose papers are wrong."""
DAMAGED: Final = 9
"""Parcels of 1,013 that arrive damaged."""


@dataclass(frozen=True, slots=True)
class Parcels(Timed):
    """One row per parcel, `at` the moment it leaves.

    Attributes:
        number: Order number.
        parcel: See Shipped.
        country: Position in COUNTRIES.
        carrier: Position in CARRIERS.
        promised: Day number promised to the customer, counted from when the order should have left.
        delivered: UTC seconds; NONE where that is after the history.
        ordered_qty: Units the order asked for.
        shipped_qty: Units in the parcel.
        cost: Pennies the carrier charged.
        documented: Whether its papers are right.
        undamaged: Whether it arrives undamaged.
    """

    number: Ints
    parcel: Ints
    country: Ints
    carrier: Ints
    promised: Ints
    delivered: Ints
    ordered_qty: Ints
    shipped_qty: Ints
    cost: Ints
    documented: Bools
    undamaged: Bools


@dataclass(frozen=True, slots=True)
class ParcelLines(Timed):
    """One row per order line in a parcel, `at` the moment the parcel leaves.

    Attributes:
        number: Order number.
        parcel: See Shipped.
        line: Line of the order.
        sku: Position in the catalogue.
        qty: Units.
    """

    number: Ints
    parcel: Ints
    line: Ints
    sku: Ints
    qty: Ints


@dataclass(frozen=True, slots=True)
class Promises(Timed):
    """One row per order, `at` the moment it is placed.

    Attributes:
        number: Order number.
        promised: Day number by which it was promised, as for its parcels.
    """

    number: Ints
    promised: Ints


def promise(lines: Sold) -> Promises:
    """Say of each order of these lines by when the customer was told to have it."""
    _, first = np.unique(lines.number, return_index=True)
    orders = lines.take(first)
    return Promises(at=orders.at, number=orders.number, promised=_promised(orders))


def list_lines(calendar: Calendar, sold: Sold, shipped: Shipped) -> ParcelLines:
    """List what each parcel of `pack` holds; a line leaves as a whole."""
    return ParcelLines(
        at=_leaves(calendar, sold, shipped),
        number=sold.number,
        parcel=shipped.parcel,
        line=sold.line,
        sku=sold.sku,
        qty=sold.qty,
    )


def _promised(sold: Sold) -> Ints:
    carrier = integers([c.carrier for c in COUNTRIES])[sold.country]
    return sold.dispatch + integers([c.promised for c in CARRIERS])[carrier]


def _leaves(calendar: Calendar, sold: Sold, shipped: Shipped) -> Ints:
    return calendar.instant(shipped.leaves, 15 * HOUR + sold.number * 7_919 % (3 * HOUR))


def pack(calendar: Calendar, sold: Sold, shipped: Shipped) -> Parcels:
    """Pack the lines of an order that leave together into one parcel."""
    _, first, inverse = np.unique(sold.number * 1_000 + shipped.parcel, return_index=True, return_inverse=True)
    units = integers(np.bincount(inverse, weights=sold.qty, minlength=len(first)))
    sold, shipped = sold.take(first), shipped.take(first)
    carrier = integers([c.carrier for c in COUNTRIES])[sold.country]
    chance = (sold.number * 1_000 + shipped.parcel) * 2_654_435_761
    arriving = 9 * HOUR + sold.number * 15_485_863 % (9 * HOUR)
    delivered = calendar.instant(shipped.leaves + sold.transit, arriving)
    return Parcels(
        at=_leaves(calendar, sold, shipped),
        number=sold.number,
        parcel=shipped.parcel,
        country=sold.country,
        carrier=carrier,
        promised=_promised(sold),
        delivered=np.where(delivered < calendar.end, delivered, NONE),
        ordered_qty=sold.order_units,
        shipped_qty=units,
        cost=integers([c.base for c in CARRIERS])[carrier] + integers([c.per_unit for c in CARRIERS])[carrier] * units,
        documented=chance % 1_009 >= PAPERS_WRONG,
        undamaged=chance // 1_009 % 1_013 >= DAMAGED,
    )
