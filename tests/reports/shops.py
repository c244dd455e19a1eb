"""Publishes a shop of a few rows in a workspace, for reports to run on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import ecombi
from ecombi.backends.warehouse import open_warehouse
from ecombi.metrics.rollups import TABLES
from ecombi.settings import Settings, load_settings
from ecombi.sources.simulated.config import ShopConfig
from tests.metrics.small_shops import Rows, publish_rows, sale


def opened(folder: Path, rows: Mapping[str, Rows]) -> Settings:
    """Publish these rows, table -> rows, and return the settings that report on them."""
    settings = load_settings(workspace=folder)
    warehouse = open_warehouse(settings, TABLES)
    publish_rows(warehouse, rows)
    warehouse.close()
    return settings


def bare(folder: Path) -> Settings:
    """Publish a shop of which only sales are known: no customer, channel, country, product, cost, visit or advert."""
    days = ("2012-04-10", "2012-05-08", "2012-05-15", "2012-05-16", "2012-05-31")
    return opened(folder, {"ledger": [sale(f"o{n}", day, "10.00") for n, day in enumerate(days)]})


def single(folder: Path) -> Settings:
    """Publish a shop of one order."""
    order = sale("o1", "2012-05-16", "10.00", customer_id="c1", country="FR", sku="P1")
    return opened(folder, {"ledger": [order]})


def simulated(folder: Path) -> Settings:
    """Load a simulated shop of 400 orders in one year, the last month of which is not over."""
    config = ShopConfig(orders=400, years=1.0, seed=3, end=datetime(2026, 10, 15, tzinfo=UTC).date())
    with ecombi.open_workspace(folder) as ws:
        ws.loading.simulated(config, at=datetime(2026, 10, 15, 6, tzinfo=UTC))
    return load_settings(workspace=folder)
