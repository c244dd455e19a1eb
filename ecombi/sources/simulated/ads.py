"""Advertising: what the campaigns spent to bring the visits that came from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ecombi.sources.simulated.columns import Columns, Ints, integers
from ecombi.sources.simulated.draws import stream
from ecombi.sources.simulated.sessions import SOURCES, Sessions
from ecombi.sources.simulated.shop import Month, Shop

CLICKS_PER_SESSION: Final = 1.08
"""More clicks than sessions: some visitors leave before the page opens."""
USUAL_SESSIONS_PER_ORDER: Final = 37.0
"""What the prices of a click are for: an order costs as much in ads however many sessions it takes."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign with the truth about it.

    Attributes:
        name: Display name.
        source: Position in SOURCES.
        share: Of the sessions of that source.
        click_pence: Mean price of a click.
        click_rate: Clicks per impression.
    """

    name: str
    source: int
    share: float
    click_pence: float
    click_rate: float


CAMPAIGNS: Final = (
    Campaign("Brand search", SOURCES.index("paid_search"), 0.35, 28, 0.080),
    Campaign("Generic search", SOURCES.index("paid_search"), 0.40, 74, 0.030),
    Campaign("Shopping ads", SOURCES.index("paid_search"), 0.25, 52, 0.012),
    Campaign("Social prospecting", SOURCES.index("social"), 0.65, 41, 0.009),
    Campaign("Social retargeting", SOURCES.index("social"), 0.35, 58, 0.014),
    Campaign("Affiliate network", SOURCES.index("affiliate"), 1.00, 63, 0.020),
)


@dataclass(frozen=True, slots=True)
class AdSpend(Columns):
    """One row per day and campaign: `spend` in pennies, `campaign` a position in CAMPAIGNS."""

    day: Ints
    campaign: Ints
    spend: Ints
    impressions: Ints
    clicks: Ints


def simulate_ads(shop: Shop, month: Month, sessions: Sessions) -> AdSpend:
    """Return what a month's campaigns spent, given the sessions they brought."""
    rng = stream(shop.config.seed, "ads", month.number)
    days = month.last - month.first
    cell = (sessions.day - month.first) * len(SOURCES) + sessions.source
    visits = np.bincount(cell, minlength=days * len(SOURCES)).reshape(days, len(SOURCES))
    mine = visits[:, [c.source for c in CAMPAIGNS]] * np.array([c.share for c in CAMPAIGNS])
    clicks = integers(rng.poisson(mine * CLICKS_PER_SESSION))
    price = np.array([c.click_pence for c in CAMPAIGNS]) * USUAL_SESSIONS_PER_ORDER / shop.config.sessions_per_order
    spend = integers(np.rint(clicks * price * rng.normal(1, 0.06, clicks.shape)))
    impressions = clicks + integers(rng.poisson(clicks / np.array([c.click_rate for c in CAMPAIGNS])))
    return AdSpend(
        day=np.repeat(np.arange(month.first, month.last), len(CAMPAIGNS)),
        campaign=np.tile(np.arange(len(CAMPAIGNS)), days),
        spend=np.maximum(spend, 0).ravel(),
        impressions=impressions.ravel(),
        clicks=clicks.ravel(),
    )
