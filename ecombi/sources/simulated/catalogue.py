"""Products with their popularity, and prices and costs that change from month to month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ecombi.sources.simulated.calendar import Calendar
from ecombi.sources.simulated.columns import Bools, Floats, Ints, integers
from ecombi.sources.simulated.config import ShopConfig
from ecombi.sources.simulated.draws import stream
from ecombi.sources.simulated.goods import BESTSELLERS, CATEGORIES, Item

PRODUCTS: Final = 420
ZIPF_EXPONENT: Final = 0.65
COST_UNKNOWN: Final = 0.04
"""Share of products whose cost the shop system does not know."""
SUPPLIERS_PER_CATEGORY: Final = 2


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The products, as arrays by product number, most popular first; prices are whole pennies by month and product.

    `cost` is what a unit costs the shop; `cost_known` says whether the shop system records it with a sale.
    `supplier` is a supplier's number. `popularity` sums to 1.
    """

    sku: tuple[str, ...]
    name: tuple[str, ...]
    category: Ints
    popularity: Floats
    supplier: Ints
    cost_known: Bools
    price: Ints
    cost: Ints


def make_catalogue(config: ShopConfig, calendar: Calendar) -> Catalogue:
    """Choose the products and lay out their prices over the months of the history."""
    rng = stream(config.seed, "catalogue")
    variants = [
        (*_variant(item, size, colour), number)
        for number, category in enumerate(CATEGORIES)
        for item in category.items
        for size in range(len(item.sizes))
        for colour in range(len(item.colours))
    ]
    # Behind the bestsellers the cheaper goods tend to be the more popular ones.
    lot = np.array([variant[2] for variant in variants]) * rng.lognormal(0, 0.6, len(variants))
    best = {sku: place - len(BESTSELLERS) for place, sku in enumerate(BESTSELLERS)}
    chosen = sorted(range(len(variants)), key=lambda v: (best.get(variants[v][0], 0), lot[v]))[:PRODUCTS]
    category = integers([variants[v][3] for v in chosen])
    weight = 1 / np.arange(1, len(chosen) + 1) ** ZIPF_EXPONENT
    price = _over_months(
        rng, integers([variants[v][2] for v in chosen]), len(calendar.months()), usual_change=0.02, step_pennies=50
    )
    cost_share = np.array([c.cost_share for c in CATEGORIES])[category] * rng.normal(1, 0.08, len(chosen))
    cost = _over_months(rng, integers(np.rint(price[0] * cost_share)), len(price), usual_change=0.012, step_pennies=1)
    return Catalogue(
        sku=tuple(variants[v][0] for v in chosen),
        name=tuple(variants[v][1] for v in chosen),
        category=category,
        popularity=weight / weight.sum(),
        supplier=category * SUPPLIERS_PER_CATEGORY + rng.integers(0, SUPPLIERS_PER_CATEGORY, len(chosen)),
        cost_known=rng.random(len(chosen)) >= COST_UNKNOWN,
        price=price,
        cost=cost,
    )


def _variant(item: Item, size: int, colour: int) -> tuple[str, str, int]:
    size_name, size_code, factor = item.sizes[size]
    colour_name, colour_code = item.colours[colour]
    sku = "-".join(code for code in (item.code, size_code, colour_code) if code)
    name = ", ".join(word for word in (item.name, size_name, colour_name) if word)
    return sku, name, round(item.pounds * factor) * 100


def _over_months(rng: np.random.Generator, first: Ints, months: int, *, usual_change: float, step_pennies: int) -> Ints:
    """Return pennies by month and product: about one product in eight changes on the first of a month."""
    changes = rng.random((months, len(first))) < 0.12
    step = np.where(changes, rng.normal(usual_change, 0.035, changes.shape), 0.0)
    step[0] = 0
    level = first / step_pennies * np.exp(np.cumsum(step, axis=0))
    return integers(np.maximum(np.rint(level), 1)) * step_pennies


def demand_weights(catalogue: Catalogue, calendar: Calendar, day: int, month: int) -> Floats:
    """Return how much each product is wanted on a day, in proportion, were all of them in stock.

    Popularity times (price over first price) to the power of minus elasticity, times the category's season, times the
    focus of a promotion.
    """
    elasticity = np.array([c.elasticity for c in CATEGORIES])[catalogue.category]
    wanted = catalogue.popularity * (catalogue.price[month] / catalogue.price[0]) ** -elasticity
    of_year = calendar.day(day).timetuple().tm_yday
    season = [1 + c.swing * float(np.cos(2 * np.pi * (of_year - c.peak) / 365.25)) for c in CATEGORIES]
    wanted = wanted * np.array(season)[catalogue.category]
    event = calendar.event_on(day)
    if event is not None and event.categories:
        focus = [event.focus if c.name in event.categories else 1.0 for c in CATEGORIES]
        wanted = wanted * np.array(focus)[catalogue.category]
    return np.asarray(wanted, dtype=np.float64)
