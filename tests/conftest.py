"""Fixtures every test can ask for: a real PostgreSQL, the real data sets."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests import servers
from tests.spark_cluster import spark_settings, spark_url

__all__ = ["spark_settings", "spark_url"]

ROOT = Path(__file__).parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let long tests begin first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a real PostgreSQL server: ECOMBI_TEST_POSTGRES_URL, or one started for this run. Missing is an error."""
    given = os.environ.get("ECOMBI_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    with servers.postgres() as url:
        yield url


@contextmanager
def empty_database(server: str) -> Iterator[str]:
    """Make an empty database on a server for as long as it is needed; yields its URL."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    yield f"{server.rsplit('/', 1)[0]}/{name}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of an empty database of its own on the real server."""
    with empty_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real data sets: ECOMBI_REAL_DATA, or ../shared/data. Skips without it, but fails where CI=true."""
    folder = Path(os.environ.get("ECOMBI_REAL_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        reason = f"The real data sets are not at {folder}. Set ECOMBI_REAL_DATA to their folder."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
