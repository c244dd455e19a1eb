"""Suppliers with known lead times, and the purchase orders sent to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ecombi.sources.simulated.columns import Columns, Floats, Ints

SHORT_DELIVERY: Final = 0.04
"""Share of purchase order lines that arrive with a tenth missing; the rest of them is cancelled."""
IN_TWO: Final = 0.08
"""Share of purchase order lines of which a third comes later."""
LATER: Final = (3, 15)
"""Fewest days, and one more than the most, that this third comes after the first receipt."""


@dataclass(frozen=True, slots=True)
class Supplier:
    """A supplier with the truth about it: mean and standard deviation of its lead time in calendar days."""

    name: str
    country: str
    lead_mean: float
    lead_sd: float


SUPPLIERS: Final = (
    Supplier("Atelier Minho", "Portugal", 24, 4.0),
    Supplier("Flanders Flax Mill", "Belgium", 15, 2.0),
    Supplier("Harris and Weir", "United Kingdom", 11, 2.0),
    Supplier("Ulaan Wool Works", "Mongolia", 46, 12.0),
    Supplier("Cerâmica do Oeste", "Portugal", 22, 3.0),
    Supplier("Stoke Pottery", "United Kingdom", 13, 3.0),
    Supplier("Fonderie du Nord", "France", 19, 3.5),
    Supplier("Ningbo Kitchen Goods", "China", 52, 11.0),
    Supplier("Denizli Textiles", "Türkiye", 29, 6.0),
    Supplier("Coimbatore Cotton", "India", 41, 9.0),
    Supplier("Lys og Form", "Denmark", 17, 2.5),
    Supplier("Shenzhen Luminaires", "China", 49, 13.0),
    Supplier("Vilnius Linen", "Lithuania", 20, 3.0),
    Supplier("Jaipur Looms", "India", 43, 10.0),
    Supplier("Hanoi Rattan", "Vietnam", 50, 12.0),
    Supplier("Black Forest Joinery", "Germany", 16, 3.0),
)
"""Two for each category, in the order of the categories."""


@dataclass(frozen=True, slots=True)
class PurchaseLines(Columns):
    """One row per line of a purchase order; days are day numbers, and may lie after the history.

    Attributes:
        order: Number of the purchase order.
        sku: Product number.
        supplier: Position in SUPPLIERS.
        ordered: Day it was sent.
        requested: Day asked for.
        confirmed: Day the supplier first named.
        received: Day it arrives.
        rest: Day the rest arrives, of a line that comes in two receipts; else the same day.
        ordered_qty: Units asked for.
        received_qty: Units that arrive on the first of these days.
        rest_qty: Units that arrive on the second one.
    """

    order: Ints
    sku: Ints
    supplier: Ints
    ordered: Ints
    requested: Ints
    confirmed: Ints
    received: Ints
    rest: Ints
    ordered_qty: Ints
    received_qty: Ints
    rest_qty: Ints


def lead_time(rng: np.random.Generator, supplier: Supplier) -> int:
    """Draw a lead time in days: gamma distributed with the supplier's mean and standard deviation."""
    shape = (supplier.lead_mean / supplier.lead_sd) ** 2
    return max(1, round(float(rng.gamma(shape, supplier.lead_mean / shape))))


def delivered(rng: np.random.Generator, ordered: Ints) -> Ints:
    """Return the units that arrive of those ordered."""
    short = rng.random(len(ordered)) < SHORT_DELIVERY
    return np.where(short, ordered - ordered // 10, ordered)


def later(rng: np.random.Generator, arriving: Ints) -> tuple[Ints, Ints]:
    """Return the units of those arriving that come in a second receipt, and how many days after the first."""
    in_two = rng.random(len(arriving)) < IN_TWO
    rest = np.where(in_two, arriving // 3, 0)
    return rest, np.where(rest > 0, rng.integers(*LATER, len(arriving)), 0)


def lead_moments(supplier: Ints) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of the lead time for each of these suppliers."""
    mean, sd = np.array([s.lead_mean for s in SUPPLIERS]), np.array([s.lead_sd for s in SUPPLIERS])
    return mean[supplier], sd[supplier]
