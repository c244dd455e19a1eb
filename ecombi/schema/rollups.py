"""Rollups, declared as data: built after each load, picked by the metric planner where they can answer."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Table

from ecombi.schema import tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """A table of ledger sums per basis, day, `dimensions` and kind.

    Attributes:
        table: Where it is kept; its columns are basis, day, the dimensions, kind and the sums.
        dimensions: Names of the dimensions it keeps apart; every other one is summed over.
    """

    table: Table
    dimensions: tuple[str, ...]


ROLLUPS = (Rollup(table=tables.sales_daily, dimensions=("country", "channel", "category")),)
