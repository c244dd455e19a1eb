"""Reorder rules: the levels of each day from the demand known by then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecombi.errors import MetricError
from ecombi.inventory.demand import WINDOW_DAYS
from ecombi.inventory.replay import Floats, Ints, Marks, Rule
from ecombi.inventory.safety import z_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ReorderRule:
    """How the reorder point and the level to order up to are set, as in the analysis `reorder`.

    Attributes:
        service_level: Share of replenishment cycles without a stock-out.
        review_days: Days between two looks at the stock.
        cover_days: Days of demand an order is meant to last beyond lead time and review.
        window_days: Days demand is measured over.
    """

    service_level: float = 0.95
    review_days: int = 7
    cover_days: int = 30
    window_days: int = WINDOW_DAYS

    def __post_init__(self) -> None:
        if self.review_days < 1 or self.cover_days < 0 or self.window_days < 2:
            raise MetricError(
                f"A rule with a review every {self.review_days} days, {self.cover_days} days of cover and a window of "
                f"{self.window_days} days cannot be followed. Use 1, 0 and 2 days or more."
            )

    def levels(self, units: Ints, counts: Marks, lead: Floats, lead_sd: Floats) -> Rule:
        """Return the levels in the evening of every day but those of the first window.

        Args:
            units: Units sold; [P, window_days + D].
            counts: Days that demand is measured on; of the same shape.
            lead: Mean lead time of each product; [P].
            lead_sd: Its standard deviation; [P].

        Returns:
            Levels [P, D]: each from the window that ends with its day. Not a number where fewer than two days of it
            count, or the lead time is not known.
        """
        z, window = z_of(self.service_level), self.window_days
        counted = np.where(counts, units, 0)
        days, total, squares = (_sums(part, window) for part in (counts.astype(np.int64), counted, counted * counted))
        some = np.where(days > 1, days, 2)
        demand = total / some
        variance = np.where(days > 1, (days * squares - total * total) / (some * (some - 1)), np.nan)
        interval, spread = lead[:, None] + self.review_days, lead_sd[:, None]
        safety = z * np.sqrt(interval * variance + demand * demand * spread * spread)
        point = demand * interval + safety
        return Rule(reorder_point=point, order_up_to=point + demand * self.cover_days, review_days=self.review_days)


def _sums(values: Ints, window: int) -> Ints:
    """Return the sums of the windows that end with each day but the first ones."""
    running = np.cumsum(values, axis=1)
    return running[:, window:] - running[:, :-window]
