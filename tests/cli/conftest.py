"""A small simulated shop for the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import records


@pytest.fixture(scope="session")
def small_shop(tmp_path_factory) -> Path:
    """Workspace of a shop with 300 orders over three months; tests only read it."""
    workspace = tmp_path_factory.mktemp("cli") / "shop"
    records(
        "load",
        "simulated",
        "--orders",
        "300",
        "--years",
        "0.25",
        "--seed",
        "5",
        "--end",
        "2026-11-01",
        workspace=workspace,
    )
    return workspace
