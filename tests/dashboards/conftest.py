"""The shop that can be added up by hand, seen through its dashboards."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

with warnings.catch_warnings():
    # The chart library sets traits in a way that its own dependency has deprecated: nothing that we could do about it.
    warnings.simplefilter("ignore", DeprecationWarning)
    import bqplot  # noqa: F401

from ecombi.dashboards.desk import Desk
from ecombi.workspace import Workspace, open_workspace
from tests.reports.hand_shop import open_shop


@pytest.fixture(scope="session")
def shop_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Workspace folder of the shop."""
    return open_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def workspace(shop_folder: Path) -> Iterator[Workspace]:
    """The shop's workspace, open."""
    with open_workspace(shop_folder) as opened:
        yield opened


@pytest.fixture
def desk(workspace: Workspace) -> Desk:
    """Where its dashboards ask."""
    return Desk(workspace)
