"""What a reorder rule would have done, beside what happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from ecombi.errors import MetricError
from ecombi.inventory.deliveries import lead_times, under_way
from ecombi.inventory.recorded import Estimate, Recorded, recorded
from ecombi.inventory.replay import Given, Ints, Marks, Outcome, Unmet, replay
from ecombi.inventory.rules import ReorderRule
from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Unit

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReplayAdvice:
    """A rule beside what happened, over the same products and days.

    Attributes:
        rule: The rule.
        start: First day of the replay.
        end: The day after its last one.
        products: How many products were replayed.
        left_out: How many were not: no stock recorded on the evening before the first day, or fewer than two deliveries
            of their supplier before it.
        stock_out_rate_before: Listed product days that ended with nothing available, as it happened.
        stock_out_rate: The same under the rule.
        stock_value_before: Available units at their last cost on a day, on average over the days, as it happened.
        stock_value: The same under the rule.
        unmet_units_before: Units wanted on days nobody saw the demand of, estimated, as it happened.
        unmet_units: Units wanted while there were none, under the rule.
        by_product: One row per product: product, stock_out_days_before, stock_out_days, stock_days_before, stock_days
            (units summed over the days), unmet_units_before, unmet_units, orders, ordered_units.
    """

    rule: ReorderRule
    start: date
    end: date
    products: int
    left_out: int
    stock_out_rate_before: float
    stock_out_rate: float
    stock_value_before: Decimal
    stock_value: Decimal
    unmet_units_before: int
    unmet_units: int
    by_product: pd.DataFrame

    @property
    def stock_change(self) -> float | None:
        """How much more stock the rule keeps: 0.11 is 11% more; None where there was none."""
        return float(self.stock_value / self.stock_value_before) - 1 if self.stock_value_before else None

    @property
    def sentence(self) -> str:
        """What the rule would have done, in words."""
        now, then = fmt.column([self.stock_out_rate, self.stock_out_rate_before], Unit.RATE)
        return f"With this rule you would have had {now} stock-out days instead of {then}{self._price}."

    @property
    def _price(self) -> str:
        change = self.stock_change
        if change is None:
            return ""
        size = f"{abs(change):.0%}"
        if size == "0%":
            return " for as much stock"
        return f" for {size} {'more' if change > 0 else 'less'} stock"

    def __str__(self) -> str:
        return self.sentence


def advise(
    days: pd.DataFrame,
    lines: pd.DataFrame,
    rule: ReorderRule,
    *,
    estimate: Estimate = "expected",
    unmet: Unmet = "lost",
    seed: int = 0,
) -> ReplayAdvice:
    """Replay what is recorded under a rule.

    Every evening of a review the rule knows the demand of the window up to then, and the lead times received before the
    first day. Lead times of its orders are drawn from the recorded ones. Goods that came back or were written off move
    as they did; what was under way on the first morning arrives as it did.

    Args:
        days: The answer of `history.PRODUCT_DAYS` for the rule's window and the days to replay.
        lines: The answer of `history.PURCHASE_RECEIPTS` for the same end.
        rule: The rule.
        estimate: What the demand of days is that nobody saw it on; see `Recorded.demand`.
        unmet: What becomes of demand that finds nothing; see `replay`.
        seed: Of all draws: the same seed gives the same advice.

    Raises:
        MetricError: There is nothing to replay.
    """
    if days.empty:
        raise MetricError("There is no recorded stock to replay. Load the stock of each day first.")
    past = recorded(days)
    window = rule.window_days
    length = past.units.shape[1] - window
    if length < 1:
        raise MetricError(
            f"Stock is recorded on {past.units.shape[1]} days, but the rule needs {window} to measure demand and at "
            "least one more to replay. Choose a shorter window."
        )
    start = past.start + timedelta(days=window)
    lead = lead_times(lines, past.products, start)
    used = past.morning_known[:, window] & ~np.isnan(lead.mean)
    if not used.any():
        raise MetricError(
            f"No product has stock recorded on the evening before {fmt.day(start)} and two deliveries of its supplier "
            "before that day. Replay later days."
        )
    demand = past.demand(estimate, seed=seed)[:, window:]
    arriving, pending = under_way(lines, past.products, start, length)
    given = Given(
        opening=past.morning[:, window],
        demand=demand,
        arriving=arriving,
        pending=pending,
        moved=past.moved[:, window:],
        listed=past.listed[:, window:],
    )
    levels = rule.levels(past.units, past.counts, lead.mean, lead.sd)
    outcome = replay(given, levels, lead.draw(length // rule.review_days + 1, seed=seed), unmet=unmet)
    return _compared(rule, start, past, outcome, demand - past.units[:, window:], used)


def _compared(
    rule: ReorderRule, start: date, past: Recorded, outcome: Outcome, unseen: Ints, used: Marks
) -> ReplayAdvice:
    import pandas as pd

    listed, evening = past.listed[:, rule.window_days :], past.evening[:, rule.window_days :]
    days = listed.shape[1]
    frame = pd.DataFrame(
        {
            "product": past.products,
            "stock_out_days_before": (listed & (evening <= 0)).sum(axis=1),
            "stock_out_days": outcome.stock_out_days,
            "stock_days_before": np.where(listed, np.maximum(evening, 0), 0).sum(axis=1),
            "stock_days": outcome.stock_days,
            "unmet_units_before": unseen.sum(axis=1),
            "unmet_units": outcome.unmet,
            "orders": outcome.orders,
            "ordered_units": outcome.ordered,
        }
    )
    costs = [cost for cost, one in zip(past.unit_cost, used, strict=True) if one]
    frame = frame[used].reset_index(drop=True)
    counted = max(int(listed[used].sum()), 1)
    return ReplayAdvice(
        rule=rule,
        start=start,
        end=start + timedelta(days=days),
        products=len(frame),
        left_out=int((~used).sum()),
        stock_out_rate_before=int(frame["stock_out_days_before"].sum()) / counted,
        stock_out_rate=int(frame["stock_out_days"].sum()) / counted,
        stock_value_before=_average(frame["stock_days_before"].tolist(), costs, days),
        stock_value=_average(frame["stock_days"].tolist(), costs, days),
        unmet_units_before=int(frame["unmet_units_before"].sum()),
        unmet_units=int(frame["unmet_units"].sum()),
        by_product=frame,
    )


def _average(units: list[int], costs: list[Decimal], days: int) -> Decimal:
    """Return the value of units summed over days, per day."""
    total = sum((count * cost for count, cost in zip(units, costs, strict=True)), Decimal(0))
    return (total / days).quantize(Decimal("0.0001"))
