"""Small shops on both engines, and questions asked of their inventory."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import ibis.expr.types as ir
import pandas as pd
import psycopg
import pyarrow as pa
import pytest

from ecombi.backends.warehouse.ddl import ALL, missing
from ecombi.inventory import Inventory, demand
from ecombi.inventory.positions import product_positions
from ecombi.metrics.analysis import Analysis
from ecombi.metrics.parameters import names_in, parameter, to_sql
from ecombi.metrics.rollups import ROLLUPS
from ecombi.metrics.shapes import Scope
from ecombi.metrics.tables import DERIVED, Tables

ENGINES = ("duckdb", "postgres")
ROLLUP = ROLLUPS[demand.ROLLUP].table
FILLED = (
    "ledger",
    "inventory_daily",
    "purchase_orders",
    "receipts",
    *("goods_receipts", "purchase_lines"),
    "products",
    "suppliers",
    "loads",
    "product_positions",
    ROLLUP.name,
)


class Shop:
    """A shop's tables on one engine, and its inventory to ask about."""

    def __init__(self, connection: Any, dialect: str) -> None:
        self.connection = connection
        self.dialect = dialect
        self.final_until = date(2100, 1, 1)
        self.inventory = Inventory(self.analyse)
        self._written: dict[object, str] = {}
        for statement in missing(ALL, {}, derived=[ROLLUP]):
            connection.execute(statement)

    def load(self, table: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Insert rows, all with the same columns; what is not given is null. Receipts are derived anew."""
        self._insert(table, list(rows))
        if table in ("purchase_orders", "receipts"):
            for derived in ("goods_receipts", "purchase_lines"):
                self.connection.execute(f"DELETE FROM {derived}")
                self._derive(derived, DERIVED[derived](Tables()))

    def _insert(self, table: str, listed: list[Mapping[str, object]]) -> None:
        names = list(listed[0])
        if self.dialect == "duckdb":
            incoming = pa.table({name: [row[name] for row in listed] for name in names})
            self.connection.register("incoming", incoming)
            self.connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
            self.connection.unregister("incoming")
            return
        with self.connection.cursor().copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:
            for row in listed:
                copy.write_row([row[name] for name in names])

    def empty(self) -> None:
        """Delete every row."""
        for table in FILLED:
            self.connection.execute(f"DELETE FROM {table}")

    def keep_positions(self) -> None:
        """Fill the table that is kept after each load."""
        self._derive("product_positions", product_positions(Tables()))

    def _derive(self, table: str, rows: ir.Table) -> None:
        self.connection.execute(f"INSERT INTO {table} ({', '.join(rows.columns)}) {to_sql(rows, self.dialect)}")

    def keep_sums(self) -> None:
        """Fill the rollup of products with the sums that are read from it."""
        self.connection.execute(
            f"""
            INSERT INTO {ROLLUP.name} (basis, day, product, units, net_sales, cost_of_goods)
            SELECT 'ordered', order_on, sku, sum(qty) FILTER (WHERE kind = 'sale'),
                   sum(amount) FILTER (WHERE kind IN ('sale', 'discount', 'return')),
                   sum(cost_amount) FILTER (WHERE kind IN ('sale', 'return'))
            FROM ledger GROUP BY order_on, sku
            """
        )

    def analyse(
        self,
        analysis: Analysis,
        *,
        values: Mapping[str, object],
        options: Mapping[str, object],
        as_of: datetime | None = None,
        scope: Scope | None = None,
        **policy: str,
    ) -> Any:
        """Compile an analysis, run it, and return its rows in the order of its keys."""
        assert as_of is None
        given = {"final_until": self.final_until, **values, **policy}
        sql = self._sql(analysis, {**analysis.options, **options}, scope)
        params = {name: given[name] for name in names_in(sql)}
        if self.dialect == "postgres":
            sql = sql.replace("%", "%%")
            for name in params:
                sql = sql.replace(f"${name}", f"%({name})s")
        found = self.connection.execute(sql, params)
        assert [column[0] for column in found.description] == list(analysis.fields)
        frame = pd.DataFrame(found.fetchall(), columns=list(analysis.fields), dtype=object)
        return frame.sort_values(list(analysis.keys), ignore_index=True) if analysis.keys else frame

    def _sql(self, analysis: Analysis, options: Mapping[str, Any], scope: Scope | None) -> str:
        shape = (analysis.name, tuple(sorted(options.items())), scope)
        if shape not in self._written:
            bound = {name: parameter(name, kind) for name, kind in analysis.bound.items()}
            self._written[shape] = to_sql(analysis.build(Tables(scope), **bound, **options), self.dialect)
        return self._written[shape]


@pytest.fixture(scope="session")
def database(postgres_server: str) -> Iterator[str]:
    """URL of an empty database on the real server."""
    name = f"inventory_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    yield f"{postgres_server.rsplit('/', 1)[0]}/{name}"
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def opened(database: str) -> Iterator[Callable[[str], Shop]]:
    """Returns the one shop of an engine."""
    shops: dict[str, Shop] = {}

    def shop_on(engine: str) -> Shop:
        if engine not in shops:
            connection: Any = duckdb.connect() if engine == "duckdb" else psycopg.connect(database, autocommit=True)
            shops[engine] = Shop(connection, engine)
        return shops[engine]

    yield shop_on
    for shop in shops.values():
        shop.connection.close()


@pytest.fixture(params=ENGINES)
def shop(request: pytest.FixtureRequest, opened: Callable[[str], Shop]) -> Shop:
    """An empty shop on one engine after the other."""
    found = opened(request.param)
    found.empty()
    found.final_until = date(2100, 1, 1)
    return found


@pytest.fixture
def duck(opened: Callable[[str], Shop]) -> Shop:
    """An empty shop on DuckDB, for what is asked of many random shops."""
    found = opened("duckdb")
    found.empty()
    found.final_until = date(2100, 1, 1)
    return found


def day(text: str) -> date:
    """Return a day of 2026, given as month and day."""
    return date.fromisoformat(f"2026-{text}")


def event(kind: str, sku: str, on: date, qty: int, amount: str = "0", cost: str | None = None) -> dict[str, object]:
    """Return a ledger row of an order of that day, at noon."""
    at = datetime.combine(on, time(12))
    return {
        "source": "test",
        "source_id": uuid.uuid4().hex,
        "kind": kind,
        "event_at": at,
        "order_at": at,
        "event_on": on,
        "order_on": on,
        "event_hour": 12,
        "order_hour": 12,
        "order_id": "A1",
        "sku": sku,
        "qty": qty,
        "amount": Decimal(amount),
        "cost_amount": None if cost is None else Decimal(cost),
        "currency": "GBP",
        "fx_to_shop": Decimal(1),
        "loaded_at": at,
        "load_id": 1,
    }


def sales(sku: str, units: Mapping[date, int]) -> list[dict[str, object]]:
    """Return a sale of each number of units, at 1.00 each."""
    return [event("sale", sku, on, qty, str(qty)) for on, qty in units.items()]


def stock(
    sku: str, on: date, on_hand: int, committed: int = 0, incoming: int = 0, cost: str = "2"
) -> dict[str, object]:
    """Return the stock of an evening."""
    return {
        "day": on,
        "sku": sku,
        "on_hand": on_hand,
        "committed": committed,
        "incoming": incoming,
        "unit_cost": Decimal(cost),
        "load_id": 1,
    }


def evenings(sku: str, first: date, available: Iterable[int]) -> list[dict[str, object]]:
    """Return the stock of one evening after the other."""
    return [stock(sku, first + timedelta(days=n), units) for n, units in enumerate(available)]


def line(po: str, sku: str, supplier: str, ordered: date, received: date | None, **rest: Any) -> dict[str, object]:
    """Return a line of a purchase order: 10 units for 2.00 each, requested after 10 days, unless told otherwise."""
    row: dict[str, object] = {
        "po_id": po,
        "sku": sku,
        "supplier_id": supplier,
        "ordered_on": ordered,
        "requested_on": ordered + timedelta(days=10),
        "confirmed_on": None,
        "last_confirmed_on": None,
        "received_on": received,
        "ordered_qty": 10,
        "received_qty": 10 if received else 0,
        "unit_cost": Decimal(2),
        "load_id": 1,
    }
    return row | rest


def receipt(po: str, sku: str, on: date, qty: int) -> dict[str, object]:
    """Return what came of a line on a day."""
    return {"po_id": po, "sku": sku, "received_on": on, "qty": qty, "load_id": 1}


def rows_of(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Return some columns as plain rows, with None for no value."""
    return [tuple(None if pd.isna(value) else value for value in row) for row in frame[list(columns)].to_numpy()]
