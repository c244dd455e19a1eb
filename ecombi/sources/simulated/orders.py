"""Orders of one month: when, by whom, through which channel, and what will become of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ecombi.sources.simulated.calendar import LAST_DISPATCH, Calendar, next_dispatch
from ecombi.sources.simulated.columns import Bools, Columns, Floats, Ints, integers
from ecombi.sources.simulated.config import ShopConfig
from ecombi.sources.simulated.customers import SEGMENTS, Customers, Purchases
from ecombi.sources.simulated.draws import choose, stream
from ecombi.sources.simulated.markets import (
    APP,
    BANK,
    CARD,
    CARRIERS,
    COUNTRIES,
    CURRENCIES,
    FIRST_RATE,
    MARKETPLACE,
    MARKETPLACE_PAYS,
    PAYPAL,
    RATE_STEP,
    STORE,
    WHOLESALE,
)

FIRST_NUMBER: Final = 1_000_001
GUEST_LINES: Final = 1.6
MARKETPLACE_SHARE: Final = 0.15
APP_SHARE: Final = (0.14, 0.25)
"""Of the orders of customers, on the first day and on the last."""
PAYPAL_SHARE: Final = 0.28
FRAUD_SHARE: Final = 0.0015
"""Of the orders paid by card or PayPal: charged back later, and nothing of them comes back."""
FX_SCALE: Final = 10**8


@dataclass(frozen=True, slots=True)
class Orders(Columns):
    """One row per order, in order of time on the customers' clock.

    Attributes:
        number: Order number.
        at: UTC seconds.
        day: Day number on the shop's calendar.
        second: Second of the day on the shop's clock.
        customer: Customer number, -1 for a guest.
        first: Whether it is the customer's first order.
        country: Position in COUNTRIES.
        channel: Position in CHANNELS.
        currency: Position in CURRENCIES.
        fx: Shop currency per unit of currency, times FX_SCALE.
        method: Position in PAYMENT_METHODS.
        fraud: Whether it will be charged back.
        lines: Products put in the basket; the same one twice makes one line.
        dispatch: Day number when it leaves, were all of it in stock.
        transit: Days from dispatch to delivery of each of its parcels.
        wait: Days from delivery to the first parcel coming back, if anything does.
        wait_again: Days from the first to the second one.
    """

    number: Ints
    at: Ints
    day: Ints
    second: Ints
    customer: Ints
    first: Bools
    country: Ints
    channel: Ints
    currency: Ints
    fx: Ints
    method: Ints
    fraud: Bools
    lines: Ints
    dispatch: Ints
    transit: Ints
    wait: Ints
    wait_again: Ints


class OrderBook:
    """Tells the orders of any stretch of the history."""

    def __init__(self, config: ShopConfig, calendar: Calendar, customers: Customers, purchases: Purchases) -> None:
        self._config, self._calendar = config, calendar
        self._customers, self._purchases = customers, purchases
        self._leaves = next_dispatch(calendar)
        self._fx = exchange_rates(config, calendar)

    def between(self, first_day: int, last_day: int) -> Orders:
        """Return the orders from one day up to and not including another."""
        calendar, customers = self._calendar, self._customers
        rng = stream(self._config.seed, "orders", first_day)
        start, stop = np.searchsorted(self._purchases.reading, calendar.clock[[first_day, last_day]])
        if last_day == calendar.days:
            stop = len(self._purchases)
        purchases = self._purchases.take(slice(int(start), int(stop)))
        count, buyer = len(purchases), purchases.customer
        known = buyer >= 0
        day, second = calendar.read_clock(purchases.reading)
        day = np.clip(day, first_day, last_day - 1)
        guest_country = choose(rng, np.array([c.share for c in COUNTRIES]), count)
        country = np.where(known, customers.country[buyer], guest_country)
        segment = np.where(known, customers.segment[buyer], 0)
        channel = self._channels(rng, known, segment, day)
        currency = integers([CURRENCIES.index(c.currency) for c in COUNTRIES])[country]
        online = np.where(rng.random(count) < PAYPAL_SHARE, PAYPAL, CARD)
        method = np.select([channel == MARKETPLACE, channel == WHOLESALE], [MARKETPLACE_PAYS, BANK], online)
        carrier = integers([c.carrier for c in COUNTRIES])[country]
        promised, late = np.array([c.promised for c in CARRIERS]), np.array([c.late for c in CARRIERS])
        return Orders(
            number=FIRST_NUMBER + int(start) + np.arange(count),
            at=calendar.instant(day, second),
            day=day,
            second=second,
            customer=buyer,
            first=known & (purchases.reading == customers.first[buyer]),
            country=country,
            channel=channel,
            currency=currency,
            fx=self._fx[day, currency],
            method=integers(method),
            fraud=(rng.random(count) < FRAUD_SHARE) & (method < MARKETPLACE_PAYS),
            lines=integers(1 + rng.poisson(np.where(known, customers.lines[buyer], GUEST_LINES))),
            dispatch=self._leaves[day + (second >= LAST_DISPATCH)],
            transit=integers(promised[carrier] - 1 + rng.poisson(late[carrier])),
            wait=integers(np.minimum(2 + rng.gamma(2.0, 4.5, count), 45)),
            wait_again=integers(3 + rng.integers(0, 18, count)),
        )

    def _channels(self, rng: np.random.Generator, known: Bools, segment: Ints, day: Ints) -> Ints:
        """Trade customers buy wholesale; guests need no account, so none of them is on the app."""
        at_start, at_end = APP_SHARE
        app = np.where(known, at_start + (at_end - at_start) * day / self._calendar.days, 0.0)
        lot = rng.random(len(day))
        retail = np.select([lot < app, lot < app + MARKETPLACE_SHARE], [APP, MARKETPLACE], STORE)
        return integers(np.where(segment == SEGMENTS.index("trade"), WHOLESALE, retail))


def exchange_rates(config: ShopConfig, calendar: Calendar) -> Ints:
    """Return shop currency per unit by day and currency, times FX_SCALE: each a random walk, the shop's own is 1."""
    rng = stream(config.seed, "exchange rates")
    steps: Floats = rng.normal(0, 1, (calendar.days, len(CURRENCIES))) * RATE_STEP
    steps[0] = 0
    return integers(np.rint(FIRST_RATE * np.exp(np.cumsum(steps, axis=0)) * FX_SCALE))
