"""Every test here runs on both engines unless it says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ecombi.backends.warehouse import Warehouse, open_warehouse
from ecombi.settings import Settings


@pytest.fixture(params=["duckdb", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of an empty warehouse."""
    url = None if request.param == "duckdb" else request.getfixturevalue("postgres_url")
    return Settings(workspace=tmp_path / "workspace", database_url=url)


@pytest.fixture
def warehouse(settings: Settings) -> Iterator[Warehouse]:
    """An empty warehouse."""
    opened = open_warehouse(settings)
    yield opened
    opened.close()
