"""Every question there is a name for: metrics, and analyses by area."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from ecombi.errors import UnknownMetricError, did_you_mean
from ecombi.metrics.catalogue import CATALOGUE

if TYPE_CHECKING:
    from ecombi.metrics.analysis import Analysis
    from ecombi.metrics.definitions import Metric


@cache
def analyses() -> Mapping[str, Analysis]:
    """Return every analysis by name."""
    from ecombi import customers, inventory
    from ecombi.metrics.bridge import bridge
    from ecombi.metrics.deliveries import DELIVERIES, HELD_BACK
    from ecombi.metrics.payouts import payment_differences, payouts
    from ecombi.metrics.stock_outs import stock_outs

    of_all = (bridge, payouts, payment_differences, stock_outs, DELIVERIES, HELD_BACK)
    return {**{found.name: found for found in of_all}, **customers.ANALYSES, **inventory.ANALYSES}


def explained(name: str) -> Metric | Analysis:
    """Return the metric or analysis of a name.

    Raises:
        UnknownMetricError: There is neither.
    """
    if name in CATALOGUE:
        return CATALOGUE[name]
    if name in analyses():
        return analyses()[name]
    known = [*CATALOGUE, *analyses()]
    raise UnknownMetricError(f"There is no metric or analysis {name!r}. {did_you_mean(name, known)}")
