"""Customers who buy at their own rate until they drop out: the Pareto/NBD model with known parameters.

Schmittlein, Morrison and Colombo (1987): while active, a customer buys as a Poisson process with rate λ; λ is gamma
distributed over customers, and so is the drop-out rate μ of their exponential lifetimes. Both run on the customers'
clock (see Calendar), which takes season and promotions out of it. New customers arrive so that the expected number of
orders grows along a straight line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ecombi.sources.simulated.calendar import YEARLY_GROWTH, Calendar
from ecombi.sources.simulated.columns import Columns, Floats, Ints, integers
from ecombi.sources.simulated.config import ShopConfig
from ecombi.sources.simulated.draws import choose, stream
from ecombi.sources.simulated.markets import COUNTRIES

RATE_SHAPE: Final = 0.60
RATE_SCALE: Final = 78.0
DROPOUT_SHAPE: Final = 0.65
DROPOUT_SCALE: Final = 95.0
"""r, α, s and β of the Pareto/NBD model, in days of the customers' clock."""

GUEST_SHARE: Final = 0.12
"""Share of orders without a customer."""

SEGMENTS: Final = ("everyday", "collector", "trade")
SEGMENT_SHARE: Final = np.array([0.72, 0.25, 0.03])
SEGMENT_LINES: Final = np.array([1.75, 2.8, 4.5])
"""Mean lines beyond the first in a customer's orders; each customer has a factor of their own on top."""

LINES_SHAPE: Final = 4.0
"""Shape of the gamma distribution, of mean 1, of the customers' own factor."""


@dataclass(frozen=True, slots=True)
class Customers(Columns):
    """One row per customer, in order of their first order.

    Attributes:
        country: Position in COUNTRIES.
        segment: Position in SEGMENTS.
        rate: True purchases per day of the clock while active.
        dropout_rate: True drop-outs per day of the clock.
        first: Clock reading of the first order.
        dropped: Clock reading of the drop-out, possibly after the history.
        lines: True mean of the lines beyond the first.
    """

    country: Ints
    segment: Ints
    rate: Floats
    dropout_rate: Floats
    first: Floats
    dropped: Floats
    lines: Floats


@dataclass(frozen=True, slots=True)
class Purchases(Columns):
    """One row per order of the history, in order of time: its clock reading and its customer, -1 for a guest."""

    reading: Floats
    customer: Ints


def simulate_customers(config: ShopConfig, calendar: Calendar) -> tuple[Customers, Purchases]:
    """Draw customers one by one until their orders fill the history; guests place the rest, so the total is exact."""
    rng = stream(config.seed, "customers")
    orders = config.total_orders
    wanted = orders - round(orders * GUEST_SHARE)
    length = float(calendar.clock[calendar.days])
    arrivals, trend = _arrivals(length, calendar.days)
    expected = wanted * float(arrivals.sum() / trend.sum())
    count = int(expected * 1.05 + 6 * np.sqrt(expected) + 10)

    grid = length / len(arrivals)
    first = (choose(rng, arrivals, count) + rng.random(count)) * grid
    rate = rng.gamma(RATE_SHAPE, 1 / RATE_SCALE, count)
    dropout_rate = rng.gamma(DROPOUT_SHAPE, 1 / DROPOUT_SCALE, count)
    dropped = first + np.minimum(rng.exponential(1.0, count) / np.maximum(dropout_rate, 1e-12), 1e6)
    active = np.minimum(dropped, length) - first
    repeats = integers(rng.poisson(rate * active))
    kept = int(np.searchsorted(np.cumsum(repeats + 1), wanted, side="right"))
    repeats = repeats[:kept]
    country = choose(rng, np.array([c.share for c in COUNTRIES]), kept)
    segment = choose(rng, SEGMENT_SHARE, kept)
    lines = SEGMENT_LINES[segment] * rng.gamma(LINES_SHAPE, 1 / LINES_SHAPE, kept)
    customers = Customers(country, segment, rate[:kept], dropout_rate[:kept], first[:kept], dropped[:kept], lines)
    by_arrival = np.argsort(customers.first, kind="stable")
    customers, active, repeats = customers.take(by_arrival), active[:kept][by_arrival], repeats[by_arrival]

    again = np.repeat(np.arange(kept), repeats)
    later = customers.first[again] + rng.random(len(again)) * active[again]
    guests = (choose(rng, trend, orders - kept - len(again)) + rng.random(orders - kept - len(again))) * grid
    reading = np.concatenate([customers.first, later, guests])
    customer = np.concatenate([np.arange(kept), again, np.full(len(guests), -1)])
    by_time = np.argsort(reading, kind="stable")
    return customers, Purchases(reading[by_time], integers(customer)[by_time])


def _arrivals(length: float, steps: int) -> tuple[Floats, Floats]:
    """Return the density of first orders that makes all orders follow the growth line, and that line.

    Orders at t = arrivals at t + arrivals before t times the mean rate of repeats at their age, solved forward.
    """
    grid = length / steps
    age = (np.arange(steps) + 0.5) * grid
    mean_rate = RATE_SHAPE / RATE_SCALE * (DROPOUT_SCALE / (DROPOUT_SCALE + age)) ** DROPOUT_SHAPE * grid
    trend = 1 + YEARLY_GROWTH * np.arange(steps) * grid / 365.25
    arrivals = np.zeros(steps)
    for step in range(steps):
        arrivals[step] = max(trend[step] - float((arrivals[:step] * mean_rate[:step][::-1]).sum()), 0.0)
    return arrivals, np.asarray(trend, dtype=np.float64)
