"""Replaying history under a reorder rule: day by day, all products at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ecombi.errors import MetricError

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Marks: TypeAlias = NDArray[np.bool_]

Unmet = Literal["lost", "waits"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Given:
    """What the days brought whatever the rule: P products, D days.

    Attributes:
        opening: Units available in the first morning, below 0 by what customers wait for; [P].
        demand: Units wanted on each day, 0 or more; [P, D].
        arriving: Units that were under way already, by the morning they arrive; [P, D].
        pending: Units under way in the first morning, also those that arrive after the last day; [P].
        moved: Units that came onto the shelf by themselves, negative for those that left it; [P, D].
        listed: Days that are counted; [P, D].
    """

    opening: Ints
    demand: Ints
    arriving: Ints
    pending: Ints
    moved: Ints
    listed: Marks


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """When to order, and up to which level, each [P, D]; a level that is not a number orders nothing.

    Attributes:
        reorder_point: Order when the inventory position in the evening is at or below it.
        order_up_to: The position to reach, rounded up to whole units.
        review_days: Every how many days the position is looked at, beginning on the first; 1 is every evening.
    """

    reorder_point: Floats
    order_up_to: Floats
    review_days: int = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """What would have happened, per product.

    opening + received + moved − sold = closing, where closing is below 0 by what still waits.

    Attributes:
        stock_out_days: Listed days that ended with nothing available.
        stock_days: Units available in the evening, summed over the listed days.
        received: Units that arrived.
        moved: Units that moved by themselves, less those that were not there to leave.
        sold: Units sold; where unmet demand waits, all that was wanted.
        unmet: Units wanted while there were none, whether lost or delivered later.
        ordered: Units ordered.
        orders: Orders placed.
        closing: Units available after the last day, less those that customers wait for.
    """

    stock_out_days: Ints
    stock_days: Ints
    received: Ints
    moved: Ints
    sold: Ints
    unmet: Ints
    ordered: Ints
    orders: Ints
    closing: Ints


def replay(given: Given, rule: Rule, lead_days: Ints, *, unmet: Unmet = "lost") -> Outcome:
    """Replay the days under a rule.

    In the morning what is due arrives, and serves whoever waits. During the day demand takes what there is; the rest is
    lost, or waits. Then come the moves. In the evening the stock is counted, and on a review day the position (stock −
    waiting + under way) is compared with the reorder point; an order placed that evening arrives in the morning
    `lead_days` later.

    Args:
        given: What the days brought.
        rule: When to order and how much.
        lead_days: Days the first, second, third... order of a product takes, 1 or more; [P, K], used over and over.
        unmet: What becomes of demand that finds nothing: "lost" as where a shop stops offering the product, or "waits"
            as back-orders. With "waits" and nothing written off, orders depend on demand alone, so longer lead times
            never give fewer stock-outs.

    Raises:
        MetricError: Arguments of different shapes, or below what they can be.
    """
    _check(given, rule, lead_days, unmet)
    products, days = given.demand.shape
    every, zero = np.arange(products), np.zeros(products, np.int64)
    net, under_way = given.opening.copy(), given.pending.copy()
    due, placed = given.arriving.copy(), zero.copy()
    stock_out_days, stock_days, received, moved = zero.copy(), zero.copy(), zero.copy(), zero.copy()
    sold, missed, ordered = zero.copy(), zero.copy(), zero.copy()
    for day in range(days):
        net, under_way = net + due[:, day], under_way - due[:, day]
        received += due[:, day]
        wanted = given.demand[:, day]
        served = np.minimum(wanted, np.maximum(net, 0))
        missed += wanted - served
        taken = served if unmet == "lost" else wanted
        net, sold = net - taken, sold + taken
        step = np.maximum(given.moved[:, day], -np.maximum(net, 0))
        net, moved = net + step, moved + step
        stock_out_days += given.listed[:, day] & (net <= 0)
        stock_days += np.where(given.listed[:, day], np.maximum(net, 0), 0)
        if day % rule.review_days:
            continue
        quantity = _wanting(rule, day, net + under_way)
        now = every[quantity > 0]
        arrives = day + lead_days[now, placed[now] % lead_days.shape[1]]
        in_time = arrives < days
        due[now[in_time], arrives[in_time]] += quantity[now[in_time]]
        placed[now] += 1
        under_way, ordered = under_way + quantity, ordered + quantity
    return Outcome(
        stock_out_days=stock_out_days,
        stock_days=stock_days,
        received=received,
        moved=moved,
        sold=sold,
        unmet=missed,
        ordered=ordered,
        orders=placed,
        closing=net,
    )


def _wanting(rule: Rule, day: int, position: Ints) -> Ints:
    """Return what to order of each product."""
    level = np.ceil(rule.order_up_to[:, day]) - position
    asks = (position <= rule.reorder_point[:, day]) & (level > 0)
    return np.where(asks, level, 0).astype(np.int64)


def _check(given: Given, rule: Rule, lead_days: Ints, unmet: str) -> None:
    shape = given.demand.shape
    matrices = (given.arriving, given.moved, given.listed, rule.reorder_point, rule.order_up_to)
    vectors = (given.opening, given.pending, lead_days[:, 0])
    if any(m.shape != shape for m in matrices) or any(v.shape != shape[:1] for v in vectors):
        raise MetricError(f"A replay of {shape[0]} products and {shape[1]} days needs a value for each of them.")
    if any((units < 0).any() for units in (given.demand, given.arriving, given.pending)):
        raise MetricError("Demand and what is under way are units: 0 or more.")
    if (given.arriving.sum(axis=1) > given.pending).any():
        raise MetricError("More arrives than is under way: what arrives is part of what is pending.")
    if (lead_days < 1).any() or rule.review_days < 1:
        raise MetricError("Lead times and the time between two reviews are 1 day or more.")
    if unmet not in ("lost", "waits"):
        raise MetricError(f"Unmet demand is 'lost' or 'waits', not {unmet!r}.")
