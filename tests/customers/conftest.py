"""Small shops on both engines, and questions asked of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import duckdb
import pandas as pd
import psycopg
import pyarrow as pa
import pytest

from ecombi.backends.warehouse.ddl import ALL, missing
from ecombi.customers import Customers
from ecombi.customers.rfm import scores
from ecombi.metrics.analysing import compile_analysis, settled
from ecombi.metrics.analysis import Analysis
from ecombi.metrics.parameters import to_sql
from ecombi.metrics.shapes import Dialect, Scope
from ecombi.metrics.tables import DERIVED, Tables
from ecombi.schema import tables

ENGINES = ("duckdb", "postgres")
Rows = Iterable[Mapping[str, object]]


class Shop:
    """A shop's tables on one engine, and its customers to ask about."""

    def __init__(self, connection: Any, dialect: Dialect) -> None:
        self.connection = connection
        self.dialect = dialect
        self.final_until = date(2100, 1, 1)
        self.customers = Customers(self.analyse)
        for statement in missing(ALL, {}):
            connection.execute(statement)

    def load(self, table: str, rows: Rows) -> None:
        """Insert rows; what is not given is null."""
        listed = list(rows)
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

    def derive(self) -> None:
        """Fill the tables that follow from the ledger and the sessions."""
        for name in ("orders", "customers", "cohort_months", "customer_scores"):
            columns, select = _derived(name, self.dialect)
            self.connection.execute(f"DELETE FROM {name}")
            self.connection.execute(f"INSERT INTO {name} ({columns}) {select}")

    def analyse(
        self,
        analysis: Analysis,
        *,
        values: Mapping[str, object],
        options: Mapping[str, object],
        as_of: datetime | None = None,
    ) -> pd.DataFrame:
        """Compile an analysis, run it, and return its rows in the order of its keys."""
        assert as_of is None
        given = {"final_until": self.final_until, **values}
        compiled = compile_analysis(analysis, settled(analysis, options), Scope(), self.dialect)
        sql, params = compiled.sql, compiled.bind(given)
        if self.dialect == "postgres":
            for name in params:
                sql = sql.replace(f"${name}", f"%({name})s")
        found = self.connection.execute(sql, params)
        assert [column[0] for column in found.description] == list(analysis.fields)
        frame = pd.DataFrame(found.fetchall(), columns=list(analysis.fields), dtype=object)
        return frame.sort_values(list(analysis.keys), ignore_index=True).infer_objects()


@cache
def _derived(name: str, dialect: Dialect) -> tuple[str, str]:
    rows = scores(Tables()) if name == "customer_scores" else DERIVED[name](Tables())
    return ", ".join(rows.columns), to_sql(rows, dialect)


@pytest.fixture(scope="session")
def database(postgres_server: str) -> Iterator[str]:
    """URL of an empty database on the real server."""
    name = f"customers_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    yield f"{postgres_server.rsplit('/', 1)[0]}/{name}"
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest, database: str) -> Iterator[Callable[[], Shop]]:
    """Makes empty shops on one engine after the other."""
    opened: list[Any] = []

    def make() -> Shop:
        if request.param == "duckdb":
            connection: Any = duckdb.connect()
        else:
            connection = psycopg.connect(database, autocommit=True)
            schema = f"shop_{uuid.uuid4().hex}"
            connection.execute(f"CREATE SCHEMA {schema}")
            connection.execute(f"SET search_path TO {schema}")
        opened.append(connection)
        return Shop(connection, request.param)

    yield make
    for connection in opened:
        connection.close()


def sale(order: str, customer: str | None, day: str, amount: str = "10", **rest: object) -> dict[str, object]:
    """Return a sale as a ledger row: a mug for 10 at noon, unless something else is said."""
    return event("sale", order, customer, day, amount, **rest)


def event(kind: str, order: str, customer: str | None, day: str, amount: str, **rest: object) -> dict[str, object]:
    """Return a ledger row of an order of that day; `happened` is the day of the event itself, where it is later."""
    happened = str(rest.pop("happened", day))
    at, order_at = (datetime.fromisoformat(f"{d}T{rest.get('time', '12:00')}") for d in (happened, day))
    rest.pop("time", None)
    row = {
        "source": "test",
        "source_id": uuid.uuid4().hex,
        "kind": kind,
        "event_at": at,
        "order_at": order_at,
        "event_on": at.date(),
        "order_on": order_at.date(),
        "event_hour": at.hour,
        "order_hour": order_at.hour,
        "order_id": order,
        "customer_id": customer,
        "sku": "mug",
        "channel": "web",
        "country": "GB",
        "qty": 1,
        "amount": Decimal(amount),
        "cost_amount": None,
        "currency": "GBP",
        "fx_to_shop": Decimal(1),
        "loaded_at": datetime.fromisoformat("2030-01-01"),
        "load_id": 1,
    }
    assert set(rest) <= set(tables.ledger.columns.keys())
    return row | rest


def records(frame: pd.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    """Return the rows of these columns, None for no value."""
    plain = frame[list(columns)].astype(object)
    return list(plain.where(plain.notna(), None).itertuples(index=False, name=None))
