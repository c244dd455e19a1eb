"""Every test here runs on every engine unless it says otherwise; on Spark where it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ecombi.backends.warehouse import Warehouse, open_warehouse
from ecombi.settings import Settings
from tests.backends import shop


@pytest.fixture(params=["duckdb", "postgresql", pytest.param("spark", marks=pytest.mark.spark)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of an empty warehouse."""
    if request.param == "spark":
        given: Settings = request.getfixturevalue("spark_settings")
        return given.model_copy(update={"workspace": tmp_path / "workspace"})
    url = None if request.param == "duckdb" else request.getfixturevalue("postgres_url")
    return Settings(workspace=tmp_path / "workspace", database_url=url)


@pytest.fixture
def warehouse(settings: Settings) -> Iterator[Warehouse]:
    """An empty warehouse."""
    opened = open_warehouse(settings, shop.DERIVED)
    yield opened
    opened.close()
