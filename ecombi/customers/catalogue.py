"""Every analysis of customers, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ecombi.customers.baskets import BASKET_PAIRS
from ecombi.customers.cohorts import COHORTS
from ecombi.customers.intervals import INTERVALS
from ecombi.customers.journeys import JOURNEYS, TRANSITIONS
from ecombi.customers.lifetime import CUSTOMER_VALUE, PURCHASE_HISTORY, PURCHASES_AFTER
from ecombi.customers.next_products import NEXT_PRODUCTS
from ecombi.customers.rfm import RFM, SEGMENT_SUMMARY
from ecombi.metrics.analysis import Analysis

ANALYSES: Final[Mapping[str, Analysis]] = {
    analysis.name: analysis
    for analysis in (
        RFM,
        SEGMENT_SUMMARY,
        COHORTS,
        BASKET_PAIRS,
        INTERVALS,
        NEXT_PRODUCTS,
        JOURNEYS,
        TRANSITIONS,
        CUSTOMER_VALUE,
        PURCHASE_HISTORY,
        PURCHASES_AFTER,
    )
}
