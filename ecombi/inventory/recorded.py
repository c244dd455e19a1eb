"""What happened, as arrays: one row per product, one column per day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import numpy as np

from ecombi.inventory.replay import Ints, Marks

if TYPE_CHECKING:
    import pandas as pd

Estimate = Literal["expected", "poisson"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recorded:
    """What is recorded of P products on D days.

    Attributes:
        products: Their keys, in order.
        start: The first day.
        units: Units sold; [P, D].
        moved: Units back on the shelf less those written off; [P, D].
        morning: Units available on the evening before each day; [P, D].
        morning_known: Whether that evening is recorded; [P, D].
        evening: Units available in the evening; [P, D].
        listed: Whether the evening is recorded; [P, D].
        unit_cost: The last recorded cost of each.
    """

    products: tuple[str, ...]
    start: date
    units: Ints
    moved: Ints
    morning: Ints
    morning_known: Marks
    evening: Ints
    listed: Marks
    unit_cost: tuple[Decimal, ...]

    @property
    def counts(self) -> Marks:
        """The days demand is measured on: with stock in the morning, or with a sale; [P, D]."""
        return self.morning_known & ((self.morning > 0) | (self.units > 0))

    @property
    def censored(self) -> Marks:
        """The days whose demand nobody saw: nothing there in the morning, and nothing sold; [P, D]."""
        return self.morning_known & ~self.counts

    def demand(self, estimate: Estimate = "expected", *, seed: int = 0) -> Ints:
        """Return the units wanted on each day: those sold, and on censored days an estimate.

        What was sold on a day that began with stock and ended without is a lower bound of what was wanted; it is taken
        as it is. On censored days the product is wanted at its mean rate of the days that count.

        Args:
            estimate: "expected" gives that rate, in whole units that keep up with its sum; "poisson" draws them.
            seed: Of the draws.
        """
        days = np.maximum(self.counts.sum(axis=1), 1)
        rate = np.where(self.counts, self.units, 0).sum(axis=1) / days
        expected = rate[:, None] * self.censored
        if estimate == "poisson":
            drawn: Ints = np.random.default_rng([seed, 1]).poisson(expected)
            return self.units + drawn
        # A sum that is whole on paper is whole, whatever the last digit of a float.
        whole: Ints = np.floor(np.cumsum(expected, axis=1) + 1e-9).astype(np.int64)
        steps: Ints = np.diff(whole, axis=1, prepend=0)
        return self.units + steps


def recorded(frame: pd.DataFrame) -> Recorded:
    """Lay out the answer of `history.PRODUCT_DAYS`, which begins on the evening before the first day."""
    import pandas as pd

    codes, products = pd.factorize(frame["product"], sort=True)
    on = pd.to_datetime(frame["day"]).to_numpy().astype("datetime64[D]")
    before = on.min()
    column = (on - before).astype(np.int64)
    shape = (len(products), int(column.max()) + 1)

    def laid_out(values: pd.Series) -> Ints:
        matrix = np.zeros(shape, np.int64)
        matrix[codes, column] = values.to_numpy(np.int64)
        return matrix

    known = np.zeros(shape, np.bool_)
    known[codes, column] = True
    available = laid_out(frame["available"])
    last = frame.assign(code=codes, column=column).sort_values("column").drop_duplicates("code", keep="last")
    cost = last.sort_values("code")["unit_cost"]
    return Recorded(
        products=tuple(products),
        start=before.astype(object) + timedelta(days=1),
        units=laid_out(frame["units"])[:, 1:],
        moved=laid_out(frame["moved"])[:, 1:],
        morning=available[:, :-1],
        morning_known=known[:, :-1],
        evening=available[:, 1:],
        listed=known[:, 1:],
        unit_cost=tuple(cost),
    )
