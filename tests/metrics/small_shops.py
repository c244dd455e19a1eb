"""Shops of a few rows, written in the test that needs them and published the way every load is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, Numeric, SmallInteger, String, Table

from ecombi.backends.warehouse import Warehouse, open_warehouse
from ecombi.etl.marts import build_marts
from ecombi.metrics.answers import Answers
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.result import Result
from ecombi.metrics.rollups import TABLES
from ecombi.schema import tables
from ecombi.schema.shop import Shop
from ecombi.settings import load_settings

Rows = Sequence[Mapping[str, object]]
Ask = Callable[..., Result]

SHOP = Shop(name="A small shop", currency="GBP", time_zone="Europe/London")
LONG_AFTER = datetime(2013, 3, 1, 6, tzinfo=UTC)


def publish_rows(
    warehouse: Warehouse, rows: Mapping[str, Rows], *, shop: Shop = SHOP, loaded_at: datetime = LONG_AFTER
) -> None:
    """Replace what the warehouse holds by these rows, table -> rows, as one load; build the marts, publish."""
    with warehouse.build() as build:
        connection = build.connection
        for table in (*tables.LOADED, tables.shop, tables.loads):
            connection.execute(f"DELETE FROM {table.name}")
        connection.execute("INSERT INTO shop VALUES ($1, $2, $3)", [shop.name, shop.currency, shop.time_zone])
        connection.execute(
            "INSERT INTO loads BY NAME SELECT 1 AS load_id, 'run' AS run_id, 'test' AS source, 'small' AS delivery, "
            "'print' AS fingerprint, 0 AS rows_in, 0 AS rows_new, 0 AS rows_known, 0 AS rows_quarantined, "
            "0 AS rows_duplicate, $1::TIMESTAMP AS loaded_at",
            [loaded_at.replace(tzinfo=None)],
        )
        for name, given in rows.items():
            delivered = arrow_of(tables.metadata.tables[name], given, shop)  # noqa: F841 - read by name in the insert
            connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM delivered")
        build_marts(build)
        build.publish(at=loaded_at)


@contextmanager
def asking(workspace: Path, database_url: str | None, rows: Mapping[str, Rows]) -> Iterator[Ask]:
    """Publish a small shop on one engine and ask it questions as a notebook does."""
    warehouse = open_warehouse(load_settings(workspace=workspace, database_url=database_url), TABLES)
    publish_rows(warehouse, rows)
    answers = Answers(warehouse, SHOP)
    yield lambda metrics, **question: answers.run(MetricQuery.of(metrics, **question))
    warehouse.close()


def only(result: Result) -> dict[str, object]:
    """Return the one row of an answer; no value is None."""
    [row] = records(result)
    return row


def records(result: Result) -> list[dict[str, object]]:
    """Return the rows of an answer; no value is None."""
    rows = pd.DataFrame(result).to_dict("records")
    return [{str(name): None if pd.isna(value) else value for name, value in row.items()} for row in rows]


def sale(order: str, on: str, amount: str, **rest: object) -> dict[str, object]:
    """Return a ledger row of one unit sold at noon; `rest` says what differs."""
    return event("sale", order, on, amount, **{"qty": 1, **rest})


def event(
    kind: str, order: str | None, on: str, amount: str, *, ordered: str | None = None, **rest: object
) -> dict[str, object]:
    """Return a ledger row of an event at noon of a day, or at any moment, of an order placed then or earlier."""
    at = moment(on)
    return {
        "source": "test",
        "source_id": str(next(_numbers)),
        "kind": kind,
        "event_at": at,
        "order_at": moment(ordered) if ordered else at,
        "order_id": order,
        "qty": 0,
        "amount": Decimal(amount),
        "currency": SHOP.currency,
        "fx_to_shop": Decimal(1),
        "loaded_at": LONG_AFTER.replace(tzinfo=None),
        **rest,
    }


def visit(name: str, started: str, *, steps: Sequence[float] = (), **rest: object) -> dict[str, object]:
    """Return a session; `steps` are the hours from its start to the product view, addition, checkout, completion."""
    start = moment(started)
    names = ("viewed_at", "added_at", "checkout_at", "completed_at")
    reached = {step: start + timedelta(hours=hours) for step, hours in zip(names, steps, strict=False)}
    return {"session_id": name, "started_at": start, **reached, **rest}


def moment(text: str) -> datetime:
    """Read a moment of UTC; a day stands for its noon."""
    return datetime.fromisoformat(text if "T" in text else f"{text}T12:00")


def arrow_of(table: Table, rows: Rows, shop: Shop = SHOP) -> pa.Table:
    """Return rows with every column of their table, typed; days and hours on the shop's clock are computed."""
    full = [_computed(table, {"load_id": 1, **row}, shop) for row in rows]
    return pa.table(
        {column.name: pa.array([row.get(column.name) for row in full], _type(column.type)) for column in table.columns}
    )


_numbers = count(1)

_ARROW = (
    (BigInteger, pa.int64()),
    (SmallInteger, pa.int16()),
    (Integer, pa.int32()),
    (Boolean, pa.bool_()),
    (Date, pa.date32()),
    (DateTime, pa.timestamp("us")),
    (String, pa.string()),
)


def _computed(table: Table, row: dict[str, object], shop: Shop) -> dict[str, object]:
    for column, (source, part) in tables.COMPUTED.get(table.name, {}).items():
        at = row.get(source)
        if isinstance(at, datetime):
            local = at.replace(tzinfo=UTC).astimezone(ZoneInfo(shop.time_zone))
            row[column] = local.date() if part == "day" else local.hour
    return row


def _type(kind: object) -> pa.DataType:
    if isinstance(kind, Numeric):
        return pa.decimal128(kind.precision or 38, kind.scale or 0)
    return next(arrow for known, arrow in _ARROW if isinstance(kind, known))
