"""Recorded purchase orders, as arrays: how long suppliers took, and what was under way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from ecombi.inventory.receipts import RECEIPTS
from ecombi.inventory.replay import Floats, Ints

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LeadTimes:
    """The lead times of the supplier of each product.

    Attributes:
        mean: Of its last deliveries before the first day, in days; not a number where there are fewer than two; [P].
        sd: Their sample standard deviation; [P].
        recorded: All of them up to the last day, in rising order, for each product.
    """

    mean: Floats
    sd: Floats
    recorded: Sequence[Ints]

    def draw(self, orders: int, *, seed: int) -> Ints:
        """Draw a recorded lead time for each order of each product, at least a day; [P, orders].

        The same seed draws the same ranks, so that another record of longer lead times gives longer ones.
        """
        ranks = np.random.default_rng([seed, 2]).random((len(self.recorded), orders))
        drawn = [found[(rank * len(found)).astype(np.int64)] for found, rank in zip(self.recorded, ranks, strict=True)]
        days: Ints = np.maximum(np.stack(drawn), 1)
        return days


def lead_times(lines: pd.DataFrame, products: Sequence[str], start: date) -> LeadTimes:
    """Read the lead times of the products' suppliers from the answer of `history.PURCHASE_RECEIPTS`.

    A delivery is what arrived of one purchase order on one day; a product's supplier is that of its last order before
    the first day.
    """
    sent = lines[_days(lines["ordered_on"]) < np.datetime64(start)]
    last = sent.sort_values(["ordered_on", "supplier"], ascending=[True, False]).drop_duplicates("product", keep="last")
    supplier = dict(zip(last["product"], last["supplier"], strict=True))
    took = _took(lines)
    known = _took(lines[(_days(lines["received_on"]) < np.datetime64(start))])
    recent = {name: found[-RECEIPTS:] for name, found in known.items()}
    moments = {name: (found.mean(), found.std(ddof=1)) for name, found in recent.items() if len(found) > 1}
    found = [moments.get(supplier.get(product, ""), (np.nan, np.nan)) for product in products]
    return LeadTimes(
        mean=np.array([mean for mean, _ in found], np.float64),
        sd=np.array([sd for _, sd in found], np.float64),
        recorded=[np.sort(took.get(supplier.get(product, ""), np.zeros(1, np.int64))) for product in products],
    )


def _took(lines: pd.DataFrame) -> Mapping[str, Ints]:
    """Return the days each delivery took, in the order they came, by supplier."""
    came = lines[lines["received_on"].notna()]
    came = came.drop_duplicates(["supplier", "purchase_order", "ordered_on", "received_on"])
    came = came.sort_values(["received_on", "purchase_order", "ordered_on"])
    took = (_days(came["received_on"]) - _days(came["ordered_on"])).astype(np.int64)
    return {str(name): took[rows] for name, rows in came.groupby("supplier").indices.items()}


def under_way(lines: pd.DataFrame, products: Sequence[str], start: date, days: int) -> tuple[Ints, Ints]:
    """Return what was ordered before the first day and arrived on each day, [P, D], and all that was under way, [P].

    A line that did not arrive by the last day is under way with the units ordered.
    """
    first, end = np.datetime64(start), np.datetime64(start + timedelta(days=days))
    ordered, received = _days(lines["ordered_on"]), _days(lines["received_on"])
    mine = lines["product"].isin(list(products)).to_numpy()
    # A comparison with a day that is not known is false.
    open_then = mine & (ordered < first) & ~(received < first)
    arrives = open_then & (received < end)
    row = {product: number for number, product in enumerate(products)}
    came = lines["received_qty"].to_numpy(np.int64)
    asked = lines["ordered_qty"].to_numpy(np.int64)
    codes = lines["product"].map(row).fillna(0).to_numpy(np.int64)
    arriving = np.zeros((len(products), days), np.int64)
    np.add.at(arriving, (codes[arrives], (received[arrives] - first).astype(np.int64)), came[arrives])
    pending = np.zeros(len(products), np.int64)
    np.add.at(pending, codes[open_then], np.where(arrives, came, asked)[open_then])
    return arriving, pending


def _days(column: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    import pandas as pd

    return pd.to_datetime(column).to_numpy().astype("datetime64[D]")
