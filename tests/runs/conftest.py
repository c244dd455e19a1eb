"""Every test of the store runs on both forms of the application database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ecombi.backends.state import State, open_state
from ecombi.runs.store import RunStore
from ecombi.settings import Settings


@pytest.fixture(params=["sqlite", "postgresql"])
def state_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of an empty application database."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return Settings(workspace=tmp_path / "workspace", state_url=url)


@pytest.fixture
def state(state_settings: Settings) -> Iterator[State]:
    """An empty application database."""
    opened = open_state(state_settings)
    yield opened
    opened.close()


@pytest.fixture
def store(state: State) -> RunStore:
    """An empty store of runs."""
    return RunStore(state)
