"""What a simulated shop is made of: its size, its time and its seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from ecombi.errors import ConfigurationError

MOST_ORDERS = 20_000_000
MOST_YEARS = 12.0
EARLIEST_START = date(1990, 1, 1)
LATEST_END = date(2100, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopConfig:
    """Everything that decides what is simulated: two equal configs give the same bytes.

    Attributes:
        orders: Orders over all years, exactly, before `scale`.
        scale: Multiplies `orders`; 10 gives ten times the orders from ten times the customers.
        years: Length of the history in years of 365.25 days, at least a week.
        seed: Any whole number from 0 on.
        end: The day after the last one: nothing known on or after it exists in the data.
        sessions_per_order: Web and app sessions per order placed there; conversion is its inverse.

    Raises:
        ConfigurationError: A value is out of bounds.
    """

    orders: int = 20_000
    scale: float = 1.0
    years: float = 2.0
    seed: int = 7
    end: date = date(2026, 11, 1)
    sessions_per_order: float = 8.0

    def __post_init__(self) -> None:
        if not 0 < self.scale <= MOST_ORDERS:
            raise ConfigurationError(f"scale is {self.scale}. It must be above 0; 1 leaves the orders as they are.")
        if not 1 <= self.total_orders <= MOST_ORDERS:
            raise ConfigurationError(
                f"{self.orders} orders at scale {self.scale} would be {self.total_orders}. "
                f"Ask for 1 to {MOST_ORDERS:,} orders."
            )
        if not 7 / 365.25 <= self.years <= MOST_YEARS:
            raise ConfigurationError(f"years is {self.years}. It must be from 0.02 (a week) to {MOST_YEARS:g}.")
        if self.seed < 0:
            raise ConfigurationError(f"seed is {self.seed}. It must be a whole number from 0 on.")
        if not 3 <= self.sessions_per_order <= 200:
            raise ConfigurationError(f"sessions_per_order is {self.sessions_per_order}. It must be from 3 to 200.")
        if not EARLIEST_START <= self.start < self.end <= LATEST_END:
            raise ConfigurationError(
                f"The shop would trade from {self.start} to {self.end}. "
                f"It must lie between {EARLIEST_START} and {LATEST_END}."
            )

    @property
    def total_orders(self) -> int:
        """Orders that will be in the data."""
        return round(self.orders * self.scale)

    @property
    def start(self) -> date:
        """First day of trading."""
        return self.end - timedelta(days=round(self.years * 365.25))
