"""The warehouse day by day: receipts, sales first come first served, back-orders, returns to stock, reorders.

Every unit sold takes a place in its product's queue, and every unit supplied serves the next place. A line can leave
once the supply has reached its last place, so stock is never negative and nobody overtakes. A product with nothing
left in the morning is not offered that day; what is sold beyond the stock during a day waits as a back-order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ecombi.sources.simulated.calendar import Calendar, next_dispatch
from ecombi.sources.simulated.catalogue import Catalogue
from ecombi.sources.simulated.columns import Columns, Floats, Ints, integers
from ecombi.sources.simulated.config import ShopConfig
from ecombi.sources.simulated.draws import choose, stream
from ecombi.sources.simulated.goods import CATEGORIES
from ecombi.sources.simulated.markets import WHOLESALE
from ecombi.sources.simulated.orders import Orders
from ecombi.sources.simulated.suppliers import SUPPLIERS, PurchaseLines, delivered, later, lead_moments, lead_time

HORIZON: Final = 300
"""Days after the history that something under way can still arrive on."""
REVIEW: Final = 7
"""Days between two looks at a supplier's products."""
COVER: Final = 30
"""Days of demand a purchase order is meant to last beyond the lead time and the review."""
SAFETY: Final = 1.1
"""Standard deviations of demand over the lead time kept as safety stock."""
SMOOTHING: Final = 1 / 30
DAMAGED: Final = 0.00004
"""Probability that a free unit is written off on a day."""
RESTOCKED: Final = 0.85
"""Share of returned goods that go back on the shelf."""
SECOND_PARCEL: Final = 0.10
"""Share of returned units that come back in a second parcel."""
MORE_UNITS: Final = 0.12
"""Probability that a unit in a basket is followed by one more."""
TRADE_UNITS: Final = (2, 11)
"""Fewest units, and one more than the most, of a wholesale line."""


@dataclass(frozen=True, slots=True)
class Lines(Columns):
    """One row per order line; `order` is its position in its month.

    Attributes:
        uid: Counts the lines of the whole history from 0.
        order: Position of its order among the month's.
        line: Line number within the order, from 1.
        sku: Product number.
        qty: Units.
        back: Units that come back in a first parcel.
        back_again: Units that come back in a second one.
        shelf: Units of the first parcel that can be sold again: all or none.
        shelf_again: The same of the second one.
        place: Its last place in the product's queue.
        dispatch: Day its order leaves, were all of it in stock.
        back_after: Days from dispatch to the first parcel coming back.
        again_after: Days from dispatch to the second one coming back.
    """

    uid: Ints
    order: Ints
    line: Ints
    sku: Ints
    qty: Ints
    back: Ints
    back_again: Ints
    shelf: Ints
    shelf_again: Ints
    place: Ints
    dispatch: Ints
    back_after: Ints
    again_after: Ints


@dataclass(frozen=True, slots=True)
class Served(Columns):
    """One row per line that got its goods: on which day, and on which day they leave."""

    uid: Ints
    day: Ints
    leaves: Ints


@dataclass(frozen=True, slots=True)
class StockDay(Columns):
    """One row per product and day: the stock in the evening and everything that moved it.

    on_hand = on_hand of the evening before + received + restocked − shipped − written_off. `lost` is the number of
    lines that would have been sold had the product been offered.
    """

    day: Ints
    sku: Ints
    on_hand: Ints
    committed: Ints
    incoming: Ints
    received: Ints
    restocked: Ints
    shipped: Ints
    written_off: Ints
    lost: Floats


class Stock:
    """The warehouse on one day after the other: `open_day`, then `sell` once, then `close_day`."""

    def __init__(self, config: ShopConfig, calendar: Calendar, catalogue: Catalogue, units_per_day: Floats) -> None:
        """Fill the shelves for the first weeks.

        Args:
            config: The shop.
            calendar: Its days.
            catalogue: Its products.
            units_per_day: Units of each product expected on a day of the customers' clock.
        """
        self._calendar, self._catalogue = calendar, catalogue
        self._rng = stream(config.seed, "stock")
        self._leaves = next_dispatch(calendar)
        self._return_probability = np.array([c.return_probability for c in CATEGORIES])[catalogue.category]
        self._lead, self._lead_sd = lead_moments(catalogue.supplier)
        self._rate = units_per_day.copy()
        until = np.minimum(integers(np.rint(self._lead)) + 2 * REVIEW, len(calendar.clock) - 1)
        self.opening = integers(np.ceil(units_per_day * calendar.clock[until] * 1.1) + 2)
        self._supply, self._demand = self.opening.copy(), np.zeros_like(self.opening)
        self._sent, self._incoming = np.zeros_like(self.opening), np.zeros_like(self.opening)
        shape = (calendar.days + HORIZON, len(self.opening))
        self._arrivals, self._ordered_qty = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        self._restock, self._dispatch = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        self._lost = np.zeros(shape[1])
        self._waiting: list[Lines] = []
        self._served: list[Served] = []
        self._purchases: list[PurchaseLines] = []
        self._seen = np.zeros_like(self.opening)
        self._uid = self._purchase_orders = 0

    def open_day(self, day: int) -> None:
        """Take in what arrives, and serve the back-orders it reaches."""
        self._supply += self._arrivals[day] + self._restock[day]
        self._incoming -= self._ordered_qty[day]
        waiting = Lines.concat(self._waiting) if self._waiting else None
        if waiting is not None:
            ready = waiting.place <= self._supply[waiting.sku]
            self._waiting = [] if ready.all() else [waiting.take(~ready)]
            self._serve(day, waiting.take(ready))

    def sell(self, day: int, orders: Orders, first: int, wanted: Floats) -> Lines:
        """Let the orders of a day choose among the products in stock.

        Args:
            day: Day number.
            orders: The orders of that day.
            first: Position of the first one in its month.
            wanted: Demand for each product, in proportion, were all in stock.
        """
        offered = self._supply > self._demand
        if not offered.any():
            offered = ~offered
        weights = np.where(offered, wanted, 0.0)
        lines = self._fill_baskets(orders, first, weights)
        self._lost = np.where(offered, 0.0, wanted) * (len(lines) / weights.sum())
        in_stock = lines.place <= self._supply[lines.sku]
        if not in_stock.all():
            self._waiting.append(lines.take(~in_stock))
        self._serve(day, lines.take(in_stock))
        return lines

    def close_day(self, day: int) -> StockDay:
        """Write off what was damaged, order from suppliers, and count."""
        free = self._supply - self._demand
        damaged = integers(self._rng.binomial(np.maximum(free, 0), DAMAGED))
        self._supply -= damaged
        self._sent += self._dispatch[day]
        self._reorder(day)
        products = len(self._supply)
        return StockDay(
            day=np.full(products, day),
            sku=np.arange(products),
            on_hand=self._supply - self._sent,
            committed=self._demand - self._sent,
            incoming=self._incoming.copy(),
            received=self._arrivals[day].copy(),
            restocked=self._restock[day].copy(),
            shipped=self._dispatch[day].copy(),
            written_off=damaged,
            lost=self._lost,
        )

    def served(self) -> Served:
        """Hand out the lines served since the last time."""
        empty = np.zeros(0, np.int64)
        served = Served.concat([Served(empty, empty, empty), *self._served])
        self._served = []
        return served

    def purchases(self) -> PurchaseLines:
        """Return all purchase order lines so far."""
        empty = np.zeros(0, np.int64)
        return PurchaseLines.concat([PurchaseLines(*[empty] * 11), *self._purchases])

    def _fill_baskets(self, orders: Orders, first: int, weights: Floats) -> Lines:
        rng, products = self._rng, len(weights)
        owner = np.repeat(np.arange(len(orders)), orders.lines)
        units = integers(rng.geometric(1 - MORE_UNITS, len(owner)))
        trade = orders.channel[owner] == WHOLESALE
        units[trade] = rng.integers(*TRADE_UNITS, int(trade.sum()))
        key, inverse = np.unique(owner * products + choose(rng, weights, len(owner)), return_inverse=True)
        qty = integers(np.bincount(inverse, weights=units, minlength=len(key)))
        owner, sku = np.divmod(key, products)
        probability = np.where(orders.fraud[owner], 0.0, self._return_probability[sku])
        returned = integers(rng.binomial(qty, probability))
        again = integers(rng.binomial(returned, SECOND_PARCEL))
        good = rng.random((2, len(key))) < RESTOCKED
        uid = self._uid + np.arange(len(key))
        self._uid += len(key)
        after = (orders.transit + orders.wait)[owner]
        return Lines(
            uid=uid,
            order=first + owner,
            line=np.arange(len(key)) - np.searchsorted(owner, owner) + 1,
            sku=sku,
            qty=qty,
            back=returned - again,
            back_again=again,
            shelf=np.where(good[0], returned - again, 0),
            shelf_again=np.where(good[1], again, 0),
            place=self._queue(sku, qty),
            dispatch=orders.dispatch[owner],
            back_after=after,
            again_after=after + orders.wait_again[owner],
        )

    def _queue(self, sku: Ints, qty: Ints) -> Ints:
        """Give each line its last place in its product's queue."""
        by_product = np.argsort(sku, kind="stable")
        total = np.cumsum(qty[by_product])
        start = np.searchsorted(sku[by_product], sku[by_product])
        before = total[start] - qty[by_product][start]
        place = np.empty_like(qty)
        place[by_product] = self._demand[sku[by_product]] + total - before
        self._demand += integers(np.bincount(sku, weights=qty, minlength=len(self._demand)))
        return place

    def _serve(self, day: int, lines: Lines) -> None:
        leaves = np.maximum(self._leaves[day], lines.dispatch)
        self._served.append(Served(lines.uid, np.full(len(lines), day), leaves))
        for when, sku, units, table in (
            (leaves, lines.sku, lines.qty, self._dispatch),
            (leaves + lines.back_after, lines.sku, lines.shelf, self._restock),
            (leaves + lines.again_after, lines.sku, lines.shelf_again, self._restock),
        ):
            some = units > 0
            np.add.at(table, (when[some], sku[some]), units[some])

    def _reorder(self, day: int) -> None:
        """Look at the suppliers whose turn it is: below the reorder point, order up to the level that lasts."""
        calendar, supplier = self._calendar, self._catalogue.supplier
        sold = self._demand - self._seen
        self._seen = self._demand.copy()
        self._rate += SMOOTHING * (sold / calendar.season[day] - self._rate)
        if calendar.weekday[day] > 4:
            return
        turn = supplier % 5 == calendar.weekday[day]
        lead = integers(np.rint(self._lead))
        clock = calendar.clock
        need = self._rate * (clock[day + lead + REVIEW] - clock[day])
        spread = SAFETY * np.sqrt(need + (self._rate * self._lead_sd) ** 2)
        level = np.ceil(self._rate * (clock[day + lead + REVIEW + COVER] - clock[day]) + spread)
        position = self._supply - self._demand + self._incoming
        wanting = np.flatnonzero(turn & (position <= need + spread) & (level > position))
        for number in np.unique(supplier[wanting]).tolist():
            mine = wanting[supplier[wanting] == number]
            self._order(day, number, mine, integers(level[mine]) - position[mine])

    def _order(self, day: int, supplier: int, sku: Ints, qty: Ints) -> None:
        rng, count = self._rng, len(sku)
        self._purchase_orders += 1
        received = day + lead_time(rng, SUPPLIERS[supplier])
        requested = day + round(SUPPLIERS[supplier].lead_mean)
        confirmed = requested + (int(rng.integers(1, 8)) if rng.random() < 0.25 else 0)
        arriving = delivered(rng, qty)
        rest_qty, after = later(rng, arriving)
        self._purchases.append(
            PurchaseLines(
                order=np.full(count, self._purchase_orders),
                sku=sku,
                supplier=np.full(count, supplier),
                ordered=np.full(count, day),
                requested=np.full(count, requested),
                confirmed=np.full(count, confirmed),
                received=np.full(count, received),
                rest=received + after,
                ordered_qty=qty,
                received_qty=arriving - rest_qty,
                rest_qty=rest_qty,
            )
        )
        self._incoming[sku] += qty
        self._arrivals[received, sku] += arriving - rest_qty
        self._ordered_qty[received, sku] += qty - rest_qty
        np.add.at(self._arrivals, (received + after, sku), rest_qty)
        np.add.at(self._ordered_qty, (received + after, sku), rest_qty)
