"""Where the shop sells, through which channels and by which carriers: facts and planted truth, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np


@dataclass(frozen=True, slots=True)
class Country:
    """A country the shop delivers to.

    Attributes:
        name: As the shop writes it.
        share: Of all customers.
        currency: What its customers pay in, ISO 4217.
        tax: On goods, in hundredths of a percent, on top of the price.
        shipping: Charged for an order, in pennies.
        carrier: Position in CARRIERS.
    """

    name: str
    share: float
    currency: str
    tax: int
    shipping: int
    carrier: int


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier with the truth about it.

    Attributes:
        name: Display name.
        promised: Days from dispatch to delivery it promises.
        late: Mean of the days it takes on top of the promise less one; a Poisson number.
        base: Charge for a parcel in pennies.
        per_unit: Charge for each unit in it, in pennies.
    """

    name: str
    promised: int
    late: float
    base: int
    per_unit: int


COUNTRIES: Final = (
    Country("United Kingdom", 0.460, "GBP", 2000, 495, 0),
    Country("Germany", 0.170, "EUR", 1900, 995, 2),
    Country("France", 0.120, "EUR", 2000, 995, 2),
    Country("Netherlands", 0.070, "EUR", 2100, 995, 2),
    Country("Ireland", 0.055, "EUR", 2300, 795, 1),
    Country("Spain", 0.040, "EUR", 2100, 1195, 2),
    Country("Sweden", 0.030, "SEK", 2500, 1295, 2),
    Country("Italy", 0.025, "EUR", 2200, 1195, 2),
    Country("Belgium", 0.015, "EUR", 2100, 995, 2),
    Country("United States", 0.015, "USD", 0, 1995, 3),
)
HOME: Final = 0
"""Position of the shop's own country."""

CARRIERS: Final = (
    Carrier("Swiftway", 2, 0.5, 260, 45),
    Carrier("Parcel Harbour", 3, 0.7, 390, 60),
    Carrier("Overland Express", 5, 0.8, 610, 85),
    Carrier("Blue Meridian Air", 8, 1.1, 1480, 190),
)

CURRENCIES: Final = ("GBP", "EUR", "SEK", "USD")
FIRST_RATE: Final = np.array([1.0, 0.846, 0.0752, 0.774])
"""Shop currency per unit on the first day; each rate walks from there."""
RATE_STEP: Final = np.array([0.0, 0.0028, 0.0034, 0.0041])

CHANNELS: Final = ("Online store", "App", "Marketplace", "Wholesale")
STORE, APP, MARKETPLACE, WHOLESALE = range(4)

PAYMENT_METHODS: Final = ("card", "paypal", "marketplace", "bank_transfer")
CARD, PAYPAL, MARKETPLACE_PAYS, BANK = range(4)
