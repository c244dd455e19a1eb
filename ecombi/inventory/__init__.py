"""Inventory: demand, reorder advice, classes of products, suppliers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ecombi.inventory.classes import CELLS, CLASSES
from ecombi.inventory.demand import DEMAND
from ecombi.inventory.facade import Analyse, Inventory
from ecombi.inventory.history import PRODUCT_DAYS, PURCHASE_RECEIPTS
from ecombi.inventory.late_lines import LATE_LINES
from ecombi.inventory.positions import STOCK_DAY
from ecombi.inventory.reorder import REORDER
from ecombi.inventory.suppliers import SUPPLIERS
from ecombi.metrics.analysis import Analysis

__all__ = ["ANALYSES", "Analyse", "Inventory"]

ANALYSES: Final[Mapping[str, Analysis]] = {
    analysis.name: analysis
    for analysis in (
        REORDER,
        DEMAND,
        CLASSES,
        CELLS,
        SUPPLIERS,
        PRODUCT_DAYS,
        PURCHASE_RECEIPTS,
        STOCK_DAY,
        LATE_LINES,
    )
}
"""Every analysis of the inventory by name."""
