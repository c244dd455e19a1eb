"""Web and app sessions: the orders placed there, and the visits that ended before one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ecombi.sources.simulated.columns import NONE, Bools, Columns, Floats, Ints, integers
from ecombi.sources.simulated.draws import choose, stream
from ecombi.sources.simulated.markets import APP, COUNTRIES, STORE
from ecombi.sources.simulated.orders import Orders
from ecombi.sources.simulated.shop import Month, Shop

DEVICES: Final = ("desktop", "mobile", "tablet")
DEVICE_SHARE: Final = np.array([[0.38, 0.55, 0.07], [0.0, 0.92, 0.08]])
"""Of the sessions of the store and of the app."""
DEVICE_CONVERSION: Final = np.array([1.40, 0.75, 1.0])
"""Conversion compared with other devices; only the ratios matter."""

SOURCES: Final = ("organic_search", "paid_search", "direct", "email", "social", "affiliate")
SOURCE_SHARE: Final = np.array([0.30, 0.22, 0.18, 0.10, 0.13, 0.07])
SOURCE_CONVERSION: Final = np.array([1.05, 1.10, 1.25, 1.50, 0.45, 0.90])

STEPS: Final = ("viewed", "added", "checkout", "completed")
LAST_STEP: Final = np.array([0.40, 0.40, 0.14, 0.06])
"""Of the sessions without an order: share that saw no product, stopped after viewing, adding, starting a checkout."""
STEP_SECONDS: Final = np.array([25.0, 170.0, 110.0, 140.0])
"""Mean seconds from the step before to each step; exponential, and at least a second."""
BOTS: Final = 0.015
"""Visits of machines, beyond the visits that count, as a share of these; each looks at one product."""
BOUNCES: Final = 0.02
"""Visits that end within the second they begin in, beyond the visits that count, as a share of these."""
STAY_SECONDS: Final = 20.0
"""Mean seconds of a visit that saw no product; exponential, and at least a second."""
KNOWN_VISITORS: Final = 0.30
"""Share of store sessions without an order whose visitor is logged in; on the app everybody is."""


@dataclass(frozen=True, slots=True)
class Sessions(Columns):
    """One row per session, in order of time; NONE for a step that was not reached.

    Attributes:
        started: UTC seconds.
        customer: Customer number, NONE for an unknown visitor.
        channel: Position in CHANNELS.
        country: Position in COUNTRIES.
        device: Position in DEVICES.
        source: Position in SOURCES.
        viewed: First product view.
        added: First addition to the basket.
        checkout: First start of a checkout.
        completed: The moment of the order.
        order: Order number.
        ended: The last step; where there is none, when the page was left.
        bot: Whether a machine visited.
        day: Day number of the start of the visit, or of the order.
    """

    started: Ints
    customer: Ints
    channel: Ints
    country: Ints
    device: Ints
    source: Ints
    viewed: Ints
    added: Ints
    checkout: Ints
    completed: Ints
    order: Ints
    ended: Ints
    bot: Bools
    day: Ints


def conversion(sessions_per_order: float, channel: int) -> Floats:
    """Return the true share of a channel's sessions that end in an order, by device and source.

    Of the sessions that count: visits of machines and those under a second come on top.
    """
    relative = np.outer(DEVICE_CONVERSION, SOURCE_CONVERSION)
    mean = (relative * _mix(channel)).sum()
    return np.asarray(relative / mean / sessions_per_order, dtype=np.float64)


def simulate_sessions(shop: Shop, month: Month) -> Sessions:
    """Return the sessions of a month: one for each order of the store and the app, and the visits without one.

    Visits that do not count, of machines and under a second, are drawn apart: they change no other visit.
    """
    parts = []
    for channel in (STORE, APP):
        rng = stream(shop.config.seed, f"sessions {channel}", month.number)
        buyers = month.orders.take(month.orders.channel == channel)
        visits = round(len(buyers) * (shop.config.sessions_per_order - 1))
        parts.append(_buyers(rng, shop, buyers, channel))
        parts.append(_visits(rng, shop, visits, channel, month.first, month.last))
        rng = stream(shop.config.seed, f"uncounted sessions {channel}", month.number)
        parts.append(_uncounted(rng, shop, visits, channel, month.first, month.last))
    sessions = Sessions.concat(parts)
    return sessions.take(np.argsort(sessions.started, kind="stable"))


def _mix(channel: int) -> Floats:
    return np.outer(DEVICE_SHARE[channel], SOURCE_SHARE)


def _cells(rng: np.random.Generator, shop: Shop, channel: int, count: int, *, bought: bool) -> tuple[Ints, Ints]:
    """Draw device and source so that each pair converts at its true rate."""
    rate = conversion(shop.config.sessions_per_order, channel)
    weights = _mix(channel) * (rate if bought else 1 - rate)
    device, source = np.divmod(choose(rng, weights.ravel(), count), len(SOURCES))
    return device, source


def _gaps(rng: np.random.Generator, count: int) -> Ints:
    """Return the seconds from the step before to each step, one row per step."""
    return integers(1 + rng.exponential(1.0, (len(STEPS), count)) * STEP_SECONDS[:, None])


def _buyers(rng: np.random.Generator, shop: Shop, orders: Orders, channel: int) -> Sessions:
    count = len(orders)
    device, source = _cells(rng, shop, channel, count, bought=True)
    gaps = _gaps(rng, count)
    # Nobody visits before the shop opens, so the first visits are cut short.
    opening = int(shop.calendar.midnight[0])
    checkout = np.maximum(orders.at - gaps[3], opening)
    added = np.maximum(checkout - gaps[2], opening)
    viewed = np.maximum(added - gaps[1], opening)
    return Sessions(
        started=np.maximum(viewed - gaps[0], opening),
        customer=np.where(orders.customer < 0, NONE, orders.customer),
        channel=orders.channel,
        country=orders.country,
        device=device,
        source=source,
        viewed=viewed,
        added=added,
        checkout=checkout,
        completed=orders.at,
        order=orders.number,
        ended=orders.at,
        bot=np.zeros(count, np.bool_),
        day=orders.day,
    )


def _visits(rng: np.random.Generator, shop: Shop, count: int, channel: int, first: int, last: int) -> Sessions:
    calendar, customers = shop.calendar, shop.customers
    device, source = _cells(rng, shop, channel, count, bought=False)
    reading = rng.uniform(calendar.clock[first], calendar.clock[last], count)
    day, second = calendar.read_clock(reading)
    started = calendar.instant(day, second)
    depth = choose(rng, LAST_STEP, count)
    reached = started + np.cumsum(_gaps(rng, count), axis=0)
    reached[reached >= calendar.end] = NONE
    for step in range(len(STEPS)):
        reached[step, depth <= step] = NONE
    acquired = np.searchsorted(customers.first, reading)
    known = (acquired > 0) & (rng.random(count) < (1.0 if channel == APP else KNOWN_VISITORS))
    customer = np.where(known, integers(rng.random(count) * acquired), NONE)
    stranger = choose(rng, np.array([c.share for c in COUNTRIES]), count)
    left = np.minimum(started + integers(1 + rng.exponential(STAY_SECONDS, count)), calendar.end - 1)
    return Sessions(
        started=started,
        customer=customer,
        channel=np.full(count, channel),
        country=np.where(known, customers.country[np.where(known, customer, 0)], stranger),
        device=device,
        source=source,
        viewed=reached[0],
        added=reached[1],
        checkout=reached[2],
        completed=np.full(count, NONE),
        order=np.full(count, NONE),
        ended=np.where(reached[0] == NONE, left, reached.max(axis=0)),
        bot=np.zeros(count, np.bool_),
        day=day,
    )


def _uncounted(rng: np.random.Generator, shop: Shop, visits: int, channel: int, first: int, last: int) -> Sessions:
    """Return the visits that no conversion counts: machines that look at a product, and people gone at once."""
    bots, bounces = round(visits * BOTS), round(visits * BOUNCES)
    drawn = _visits(rng, shop, bots + bounces, channel, first, last)
    bot = np.arange(len(drawn)) < bots
    nobody = np.full(len(drawn), NONE)
    viewed = np.where(bot & (drawn.started + 1 < shop.calendar.end), drawn.started + 1, NONE)
    return replace(
        drawn,
        customer=nobody,
        viewed=viewed,
        added=nobody,
        checkout=nobody,
        ended=np.maximum(viewed, drawn.started),
        bot=bot,
    )
