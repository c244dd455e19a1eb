"""Fixtures for loading."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.etl.workbench import Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """An empty warehouse to load into."""
    bench = Workbench(tmp_path)
    yield bench
    bench.warehouse.close()
