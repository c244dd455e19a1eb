"""A simulated shop every test of this folder reads, and nobody writes to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ecombi.sources.simulated import Manifest, ShopConfig, simulate

CONFIG = ShopConfig(orders=20_000, years=2, seed=7, end=date(2026, 11, 1))
TABLES = (
    "ledger", "products", "sessions", "payments", "inventory_daily", "suppliers", "purchase_orders", "receipts",
    "shipments", "shipment_lines", "promises", "ad_spend",
)  # fmt: skip


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    """Folder and manifest of a shop of 20,000 orders over two years."""
    folder = tmp_path_factory.mktemp("simulated") / "shop"
    return folder, simulate(CONFIG, folder)


@pytest.fixture(scope="session")
def db(shop: tuple[Path, Manifest]) -> Iterator[duckdb.DuckDBPyConnection]:
    """The shop's tables, and its truth in tables named truth_..., in DuckDB."""
    folder, _ = shop
    with duckdb.connect() as connection:
        for table in TABLES:
            connection.execute(f"CREATE TABLE {table} AS FROM '{folder / table}/*.parquet'")
        for table in ("customers", "calendar", "products", "prices", "stock_flows/*"):
            name = table.removesuffix("/*")
            connection.execute(f"CREATE TABLE truth_{name} AS FROM '{folder}/truth/{table}.parquet'")
        connection.execute(
            "CREATE FUNCTION shop_day(t) AS (((t AT TIME ZONE 'UTC') AT TIME ZONE 'Europe/London')::DATE)"
        )
        yield connection


@pytest.fixture(scope="session")
def truth(shop: tuple[Path, Manifest]) -> Any:
    """truth/truth.json."""
    return json.loads((shop[0] / "truth" / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture
def none(db: duckdb.DuckDBPyConnection) -> Any:
    """Assert that a query finds no row; show the first ones it finds."""

    def check(query: str) -> None:
        assert db.execute(query).fetchmany(3) == []

    return check
