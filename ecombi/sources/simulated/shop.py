"""The simulated shop from its first day to its last, month after month."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from ecombi.sources.simulated.calendar import HOUR, Calendar, make_calendar
from ecombi.sources.simulated.catalogue import Catalogue, demand_weights, make_catalogue
from ecombi.sources.simulated.columns import NONE, integers
from ecombi.sources.simulated.config import ShopConfig
from ecombi.sources.simulated.customers import Customers, Purchases, simulate_customers
from ecombi.sources.simulated.draws import stream
from ecombi.sources.simulated.ledger import Code, Entries, orderless
from ecombi.sources.simulated.orders import OrderBook, Orders
from ecombi.sources.simulated.pricing import Bills, GiftCards, Sold, bill_orders, price_lines, settle
from ecombi.sources.simulated.returns import Shipped
from ecombi.sources.simulated.stock import Lines, Served, Stock, StockDay

UNITS_PER_ORDER: Final = 3.8
"""What the shop expects before it opens, to fill its shelves."""


@dataclass(frozen=True, slots=True)
class Month:
    """What happened in one month.

    Attributes:
        number: From 0.
        name: As in 2026-10.
        first: Its first day.
        last: The day after its last one.
        orders: Orders placed in it.
        bills: One per order.
        lines: The lines of these orders.
        sold: Lines that got their goods in this month, ordered in it or before.
        shipped: One row per row of `sold`.
        stock: Every product on every day.
    """

    number: int
    name: str
    first: int
    last: int
    orders: Orders
    bills: Bills
    lines: Sold
    sold: Sold
    shipped: Shipped
    stock: StockDay


class Shop:
    """A shop that is known in every detail.

    Attributes:
        config: What it is made of.
        calendar: Its days.
        catalogue: Its products.
        customers: Everyone who ever orders.
        stock: Its warehouse, at the point `trade` has reached.
    """

    def __init__(self, config: ShopConfig) -> None:
        self.config = config
        self.calendar: Calendar = make_calendar(config.start, (config.end - config.start).days)
        self.catalogue: Catalogue = make_catalogue(config, self.calendar)
        customers, purchases = simulate_customers(config, self.calendar)
        self.customers: Customers = customers
        self.purchases: Purchases = purchases
        self._book = OrderBook(config, self.calendar, customers, purchases)
        daily = config.total_orders / self.calendar.days * UNITS_PER_ORDER
        self.stock = Stock(config, self.calendar, self.catalogue, self.catalogue.popularity * daily)
        self._cards = GiftCards()

    def trade(self) -> Iterator[Month]:
        """Trade through the history, once."""
        waiting: Sold | None = None
        for number, (first, last) in enumerate(self.calendar.months()):
            orders = self._book.between(first, last)
            chosen, evenings = self._days(orders, number, first, last)
            lines = price_lines(self.config, self.calendar, self.catalogue, orders, chosen, number)
            bills = bill_orders(self.config, orders, lines, chosen.order, self._cards, number)
            lines = settle(lines, bills, chosen.order)
            pending = lines if waiting is None else Sold.concat([waiting, lines])
            sold, shipped, waiting = _deliver(pending, self.stock.served())
            name = f"{self.calendar.day(first):%Y-%m}"
            yield Month(number, name, first, last, orders, bills, lines, sold, shipped, evenings)

    def _days(self, orders: Orders, month: int, first: int, last: int) -> tuple[Lines, StockDay]:
        lines, evenings = [], []
        edges = np.searchsorted(orders.day, np.arange(first, last + 1))
        for day in range(first, last):
            start, stop = edges[day - first : day - first + 2].tolist()
            self.stock.open_day(day)
            wanted = demand_weights(self.catalogue, self.calendar, day, month)
            lines.append(self.stock.sell(day, orders.take(slice(start, stop)), start, wanted))
            evenings.append(self.stock.close_day(day))
        return Lines.concat(lines), StockDay.concat(evenings)


def _deliver(pending: Sold, served: Served) -> tuple[Sold, Shipped, Sold]:
    """Match lines with the goods they got; the rest goes on waiting."""
    order = np.argsort(served.uid, kind="stable")
    served = served.take(order)
    ready = np.isin(pending.uid, served.uid, assume_unique=True)
    sold = pending.take(ready)
    mine = served.take(np.searchsorted(served.uid, sold.uid))
    return sold, Shipped(parcel=mine.day - sold.day + 1, leaves=mine.leaves), pending.take(~ready)


def written_off(calendar: Calendar, stock: StockDay) -> Entries:
    """Write the units that were damaged, in the evening they were found."""
    rows = stock.take(stock.written_off > 0)
    return orderless(
        Code.WO,
        number=rows.day * 1_000 + rows.sku,
        at=calendar.instant(rows.day, np.full(len(rows), 19 * HOUR)),
        amount=np.zeros(len(rows), np.int64),
        sku=rows.sku,
        qty=-rows.written_off,
    )


def adjustments(shop: Shop, month: Month) -> Entries:
    """Write the month's few corrections that belong to no order, up to £30 either way."""
    rng = stream(shop.config.seed, "adjustments", month.number)
    count = int(rng.poisson(0.5 + len(month.orders) * 0.0004))
    day, second = rng.integers(month.first, month.last, count), rng.integers(8 * HOUR, 18 * HOUR, count)
    amount = rng.integers(1, 30_00, count) * np.where(rng.random(count) < 0.6, -1, 1)
    return orderless(
        Code.AJ,
        number=month.number * 1_000_000 + np.arange(count),
        at=shop.calendar.instant(integers(day), integers(second)),
        amount=integers(amount),
        sku=np.full(count, NONE),
        qty=integers(np.zeros(count)),
    )
