"""What each line and each order of a month costs the customer, to the penny."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ecombi.sources.simulated.calendar import Calendar
from ecombi.sources.simulated.catalogue import Catalogue
from ecombi.sources.simulated.columns import NONE, Bools, Columns, Ints, integers
from ecombi.sources.simulated.config import ShopConfig
from ecombi.sources.simulated.draws import stream
from ecombi.sources.simulated.goods import CATEGORIES
from ecombi.sources.simulated.markets import APP, COUNTRIES, HOME, WHOLESALE
from ecombi.sources.simulated.money import allocate, percentage
from ecombi.sources.simulated.orders import Orders
from ecombi.sources.simulated.stock import Lines

TRADE_PERCENT: Final = 68
"""Wholesale price as a percentage of the retail price."""
CODE_PERCENT: Final = 10
"""Taken off the whole order by a discount code."""
CODE_SHARE: Final = (0.05, 0.30)
"""Of retail orders with a code: later ones and first ones."""
FREE_SHIPPING_FROM: Final = 120_00
TRADE_SHIPPING: Final = 25_00
SHIPPING_GIVEN_BACK: Final = 0.20
"""Share of orders whose shipping is refunded, once, if something of their first parcel comes back."""
GIFT_CARD_SHARE: Final = 0.012
"""Of orders in the shop's own store and app that also buy a gift card."""
GIFT_CARDS: Final = (25_00, 50_00, 100_00)
REDEEMED_IN_A_MONTH: Final = 0.35


@dataclass(frozen=True, slots=True)
class Facts(Columns):
    """What every event of an order shares: see Orders."""

    number: Ints
    at: Ints
    day: Ints
    customer: Ints
    country: Ints
    channel: Ints
    currency: Ints
    fx: Ints
    method: Ints


@dataclass(frozen=True, slots=True)
class Bills(Facts):
    """One row per order: pennies, none of them negative.

    `total` is what the customer pays: goods after discounts, tax, shipping less its discount, a gift card bought, less
    what a gift card paid. `goods` is the part before tax, shipping and gift cards; `shipping_back` is what a return
    would give back of the shipping.
    """

    goods: Ints
    tax: Ints
    shipping: Ints
    shipping_discount: Ints
    gift_card_bought: Ints
    gift_card_used: Ints
    total: Ints
    fraud: Bools
    shipping_back: Ints


@dataclass(frozen=True, slots=True)
class Sold(Facts):
    """One row per order line: pennies, none of them negative; `cost` is NONE where the shop does not know it.

    `net` is gross less both discounts. `shipping_back` is what the whole order gets back for shipping if something of
    its first parcel is returned, `credited` whether refunds go to a gift card. The rest is as in Lines and Orders.
    """

    uid: Ints
    line: Ints
    sku: Ints
    qty: Ints
    back: Ints
    back_again: Ints
    shelf: Ints
    shelf_again: Ints
    back_after: Ints
    again_after: Ints
    dispatch: Ints
    transit: Ints
    order_units: Ints
    shipping_back: Ints
    credited: Bools
    gross: Ints
    line_discount: Ints
    code_discount: Ints
    net: Ints
    tax: Ints
    cost: Ints


class GiftCards:
    """Gift cards that are out, by what is left on them."""

    def __init__(self) -> None:
        self.left: Ints = np.zeros(0, np.int64)

    def use(self, rng: np.random.Generator, payable: Ints, may_use: Bools) -> Ints:
        """Pay some orders with cards, one card each, and return what the cards paid of each order."""
        used = np.zeros_like(payable)
        cards = np.flatnonzero(rng.random(len(self.left)) < REDEEMED_IN_A_MONTH)
        candidates = np.flatnonzero(may_use)
        count = min(len(cards), len(candidates))
        chosen = rng.choice(candidates, count, replace=False)
        cards = cards[:count]
        used[chosen] = np.minimum(self.left[cards], payable[chosen])
        self.left[cards] -= used[chosen]
        self.left = self.left[self.left > 0]
        return used

    def buy(self, amount: Ints) -> None:
        """Hand out the cards bought; they can be used from the next month on."""
        self.left = np.concatenate([self.left, amount[amount > 0]])


def price_lines(
    config: ShopConfig, calendar: Calendar, catalogue: Catalogue, orders: Orders, lines: Lines, month: int
) -> Sold:
    """Price a month's lines; what depends on the whole bill is filled in by `settle`."""
    rng = stream(config.seed, "prices", month)
    owner, sku, qty = lines.order, lines.sku, lines.qty
    trade = orders.channel == WHOLESALE
    unit = catalogue.price[month][sku]
    unit = np.where(trade[owner], percentage(unit, TRADE_PERCENT * 100), unit)
    gross = unit * qty
    percent = np.where(trade[owner], 0, _event_percent(calendar, orders)[owner, catalogue.category[sku]])
    line_discount = percentage(gross, percent * 100)
    left = gross - line_discount
    later, first = CODE_SHARE
    coded = (rng.random(len(orders)) < np.where(orders.first, first, later)) & ~trade
    goods = integers(np.bincount(owner, weights=left, minlength=len(orders)))
    code_discount = np.zeros_like(gross)
    with_code = coded[owner]
    if with_code.any():
        position = np.cumsum(coded) - 1
        totals = percentage(goods[coded], CODE_PERCENT * 100)
        code_discount[with_code] = allocate(totals, left[with_code], position[owner[with_code]])
    net = left - code_discount
    untaxed = trade & (orders.country != HOME)
    rate = np.where(untaxed, 0, integers([c.tax for c in COUNTRIES])[orders.country])
    order_units = integers(np.bincount(owner, weights=qty, minlength=len(orders)))
    return Sold(
        number=orders.number[owner],
        at=orders.at[owner],
        day=orders.day[owner],
        customer=orders.customer[owner],
        country=orders.country[owner],
        channel=orders.channel[owner],
        currency=orders.currency[owner],
        fx=orders.fx[owner],
        method=orders.method[owner],
        uid=lines.uid,
        line=lines.line,
        sku=sku,
        qty=qty,
        back=lines.back,
        back_again=lines.back_again,
        shelf=lines.shelf,
        shelf_again=lines.shelf_again,
        back_after=lines.back_after,
        again_after=lines.again_after,
        dispatch=lines.dispatch,
        transit=orders.transit[owner],
        order_units=order_units[owner],
        shipping_back=np.zeros_like(gross),
        credited=np.zeros(len(lines), np.bool_),
        gross=gross,
        line_discount=line_discount,
        code_discount=code_discount,
        net=net,
        tax=percentage(net, rate[owner]),
        cost=np.where(catalogue.cost_known[sku], catalogue.cost[month][sku] * qty, NONE),
    )


def bill_orders(config: ShopConfig, orders: Orders, sold: Sold, owner: Ints, cards: GiftCards, month: int) -> Bills:
    """Add up a month's orders: goods, tax, shipping and gift cards."""
    rng = stream(config.seed, "bills", month)
    count = len(orders)

    def per_order(amount: Ints) -> Ints:
        return integers(np.bincount(owner, weights=amount, minlength=count))

    goods, tax = per_order(sold.net), per_order(sold.tax)
    trade = orders.channel == WHOLESALE
    shipping = np.where(trade, TRADE_SHIPPING, integers([c.shipping for c in COUNTRIES])[orders.country])
    free = ~trade & (goods >= FREE_SHIPPING_FROM)
    shipping_discount = np.where(free, shipping, 0)
    payable = goods + tax + shipping - shipping_discount
    own = orders.channel <= APP
    buys = own & (rng.random(count) < GIFT_CARD_SHARE)
    bought = np.where(buys, rng.choice(integers(GIFT_CARDS), count), 0)
    used = cards.use(rng, payable, own & ~buys & ~orders.fraud)
    cards.buy(bought)
    return Bills(
        number=orders.number,
        at=orders.at,
        day=orders.day,
        customer=orders.customer,
        country=orders.country,
        channel=orders.channel,
        currency=orders.currency,
        fx=orders.fx,
        method=orders.method,
        goods=goods,
        tax=tax,
        shipping=shipping,
        shipping_discount=shipping_discount,
        gift_card_bought=bought,
        gift_card_used=used,
        total=payable + bought - used,
        fraud=orders.fraud,
        shipping_back=np.where(rng.random(count) < SHIPPING_GIVEN_BACK, shipping - shipping_discount, 0),
    )


def settle(sold: Sold, bills: Bills, owner: Ints) -> Sold:
    """Tell each line what it must know of its order's bill."""
    return replace(sold, shipping_back=bills.shipping_back[owner], credited=(bills.gift_card_used > 0)[owner])


def _event_percent(calendar: Calendar, orders: Orders) -> Ints:
    """Return the percentage a promotion takes off, by order and category."""
    first, last = (int(orders.day.min()), int(orders.day.max()) + 1) if len(orders) else (0, 0)
    table = np.zeros((last - first, len(CATEGORIES)), np.int64)
    for day in range(first, last):
        event = calendar.event_on(day)
        if event is not None:
            table[day - first] = [
                event.percent if not event.categories or c.name in event.categories else 0 for c in CATEGORIES
            ]
    return table[orders.day - first]
