"""The tiny shop, published on both engines."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

import ecombi
from ecombi.backends.warehouse import Warehouse, open_warehouse
from ecombi.etl.marts import build_marts
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.result import Result
from ecombi.metrics.rollups import TABLES
from ecombi.schema import tables
from ecombi.settings import load_settings
from ecombi.sources.simulated.config import ShopConfig
from ecombi.workspace import Workspace
from tests.metrics import tiny_shop
from tests.metrics.asking import run

PUBLISHED = datetime(2013, 3, 1, 6, 30, tzinfo=UTC)
ENGINES = ("duckdb", "postgres")

Ask = Callable[..., Result]


def opened(folder: Path, database_url: str | None = None) -> Warehouse:
    """Open a warehouse: in a folder, or on PostgreSQL."""
    return open_warehouse(load_settings(workspace=folder, database_url=database_url), TABLES)


def publish(
    warehouse: Warehouse, rows: Iterable[Mapping[str, object]], products: Mapping[str, tuple[str, str | None]]
) -> None:
    """Replace the shop by these ledger rows and products, build the marts, publish."""
    money, rate = pa.decimal128(18, 4), pa.decimal128(18, 8)
    types = {"amount": money, "cost_amount": money, "fx_to_shop": rate, "qty": pa.int64()}
    listed = list(rows)
    names = [column.name for column in tables.ledger.columns if column.name != "source_row"]
    columns = {name: pa.array([row.get(name) for row in listed], types.get(name)) for name in names}
    events = pa.table(columns)  # noqa: F841 - read by name in the insert below
    goods = pa.table(  # noqa: F841 - read by name in the insert below
        {
            "sku": pa.array(products, pa.string()),
            "name": pa.array([name for name, _ in products.values()], pa.string()),
            "category": pa.array([category for _, category in products.values()], pa.string()),
        }
    )
    with warehouse.build() as build:
        connection = build.connection
        connection.execute("INSERT INTO shop VALUES ('tiny', 'GBP', 'Europe/London')")
        connection.execute(
            "INSERT INTO loads BY NAME SELECT 1 AS load_id, 'run' AS run_id, 'test' AS source, 'tiny' AS delivery, "
            "'print' AS fingerprint, $1 AS rows_in, $1 AS rows_new, 0 AS rows_known, 0 AS rows_quarantined, "
            "0 AS rows_duplicate, $2 AS loaded_at, 0 AS settle_hours",
            [len(listed), PUBLISHED.replace(tzinfo=None)],
        )
        connection.execute("INSERT INTO ledger BY NAME SELECT * FROM events")
        connection.execute("INSERT INTO products BY NAME SELECT *, 1 AS load_id FROM goods")
        build_marts(build)
        build.publish(at=PUBLISHED)


@pytest.fixture(scope="session")
def database(postgres_server: str) -> Iterator[Callable[[], str]]:
    """Makes empty databases on the real server, for the whole session; returns the URL of one."""
    made: list[str] = []

    def create() -> str:
        name = f"metrics_{uuid.uuid4().hex}"
        with psycopg.connect(postgres_server, autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{name}"')
        made.append(name)
        return f"{postgres_server.rsplit('/', 1)[0]}/{name}"

    yield create
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        for name in made:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def warehouses(tmp_path_factory: pytest.TempPathFactory, database: Callable[[], str]) -> Iterator[dict[str, Warehouse]]:
    """The tiny shop on DuckDB and on a real PostgreSQL."""
    urls = {"duckdb": None, "postgres": database()}
    made = {engine: opened(_folder(tmp_path_factory, engine), url) for engine, url in urls.items()}
    for warehouse in made.values():
        publish(warehouse, tiny_shop.ledger_rows(), tiny_shop.PRODUCTS)
    yield made
    for warehouse in made.values():
        warehouse.close()


def _folder(factory: pytest.TempPathFactory, name: str) -> Path:
    return factory.mktemp(name)


@pytest.fixture(scope="session", params=ENGINES)
def warehouse(request: pytest.FixtureRequest, warehouses: dict[str, Warehouse]) -> Warehouse:
    """The tiny shop on one engine after the other."""
    return warehouses[request.param]


@pytest.fixture(scope="session")
def ask(warehouse: Warehouse) -> Ask:
    """Asks a question as a notebook does."""

    def asked(metrics: object, **question: object) -> Result:
        return run(MetricQuery.of(metrics, **question), warehouse, tiny_shop.SHOP)

    return asked


FIRST_LOAD = datetime(2026, 10, 16, 6, tzinfo=UTC)
SECOND_LOAD = datetime(2026, 11, 1, 6, tzinfo=UTC)
WHOLE_SHOP = ShopConfig(orders=1_500, years=1.3, seed=11)


@pytest.fixture(scope="session")
def whole_shop(tmp_path_factory: pytest.TempPathFactory, database: Callable[[], str]) -> Iterator[dict[str, Workspace]]:
    """A simulated shop with rows in every table, on both engines, loaded in two parts: the second one on 1 November."""
    workspaces = {
        engine: ecombi.open_workspace(_folder(tmp_path_factory, f"whole_{engine}"), database_url=url)
        for engine, url in {"duckdb": None, "postgres": database()}.items()
    }
    for workspace in workspaces.values():
        workspace.loading.simulated(WHOLE_SHOP, until=date(2026, 10, 16), at=FIRST_LOAD)
        workspace.loading.simulated(WHOLE_SHOP, at=SECOND_LOAD)
    yield workspaces
    for workspace in workspaces.values():
        workspace.close()
