"""What the reader of the sales dashboard has chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from traitlets import Unicode

from ecombi.dashboards.desk import Desk
from ecombi.dashboards.presets import question_of
from ecombi.dashboards.question import Question
from ecombi.dashboards.state import PeriodState, Values

DIMENSIONS: Mapping[str, str] = {"countries": "country", "channels": "channel", "categories": "category"}
"""Trait -> the dimension it narrows."""


class SalesState(PeriodState):
    """Period, comparison, basis, and what the figures are narrowed to.

    Attributes:
        countries: Countries that count; none for all.
        channels: Channels that count; none for all.
        categories: Categories that count; none for all.
        product: The product looked at in detail, or nothing.
    """

    countries = Values().tag(key="country")
    channels = Values().tag(key="channel")
    categories = Values().tag(key="category")
    product = Unicode("").tag(key="product")

    def ask(self, desk: Desk) -> Question:
        """Return the question it asks."""
        chosen = {dimension: getattr(self, name) for name, dimension in DIMENSIONS.items()}
        return question_of(self, desk.coverage, chosen, self.product)


def rehearsals(desk: Desk) -> Iterator[SalesState]:
    """Yield the states a reader is likely to come to first."""
    yield SalesState()
    for name, dimension in DIMENSIONS.items():
        state = SalesState()
        state.choose(name, desk.values(dimension)[:1])
        yield state
