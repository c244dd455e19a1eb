"""The tables computed from the loaded ones: orders, customers and others, the rollups, and what is known of all."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import duckdb

from ecombi.backends.warehouse import Build
from ecombi.errors import DataQualityError
from ecombi.etl import rollups
from ecombi.etl.checks import run_checks
from ecombi.metrics.marts import MARTS
from ecombi.metrics.state import DAYS, LAST_DAY, OF_ORDERS, facts_of_rollups, fingerprint
from ecombi.schema import tables

logger = logging.getLogger(__name__)

_T = TypeVar("_T")

_SORTED = {
    "orders": "ordered_on, order_id",
    "saleless_orders": "order_id",
    "customers": "customer_id",
    "fulfilments": "due_on, order_id",
    "goods_receipts": "received_on, po_id, sku",
    "purchase_lines": "ordered_on, po_id, sku",
    "cohort_months": "cohort, month",
    "days_loaded": "basis, day",
    "customer_scores": "monetary_value DESC, customer_id",
    "product_positions": "sku",
}
"""Derived table -> what its rows are sorted by, in the order they are built; a reader of some days skips all others."""

_MADE_BY = "made_by"
"""Name of the fact that says how everything was computed."""

_OF_ORDERS = """
    SELECT NOT EXISTS (
        SELECT 1 FROM ledger
        LEFT JOIN (SELECT order_id, booked_on FROM orders WHERE amended_on > booked_on) AS amended USING (order_id)
        WHERE kind = 'sale' AND order_id IS NOT NULL AND event_on <= coalesce(booked_on, event_on) GROUP BY order_id
        HAVING min(order_on) <> max(order_on) OR min(source) <> max(source)
            OR min(channel) <> max(channel) OR count(channel) NOT IN (0, count(*))
            OR min(country) <> max(country) OR count(country) NOT IN (0, count(*))
            OR min(customer_id) <> max(customer_id) OR count(customer_id) NOT IN (0, count(*))),
    (SELECT count(amended_on) = 0 FROM orders),
    (SELECT count(*) = 0 FROM saleless_orders)
"""
"""Whether the original sales of each order have one day, source and so on; none was ever added to; each has a sale."""


def build_marts(build: Build) -> None:
    """Compute the derived tables and the rollups, and check the whole warehouse.

    Raises:
        DataQualityError: A check failed; the message says which and how many rows break it.
    """
    connection = build.connection
    changes = rollups.Changes(connection)
    for name, order in _SORTED.items():
        _timed(name, partial(_derive, connection, changes, name, order))
    [known] = connection.execute(_OF_ORDERS).fetchall()
    of_orders = dict(zip(OF_ORDERS, known, strict=True))
    holds = tuple(name for name, true in of_orders.items() if true)
    sizes: dict[str, int] = {}
    for rollup in rollups.ROLLUPS.values():
        built = (*sizes, *holds)
        try:
            sizes[rollup.name] = _timed(rollup.name, partial(rollups.refresh, connection, rollup, changes, built))
        except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
            raise DataQualityError(
                "The quantities or amounts of one day add up to more than 18 digits. Look for figures typed wrong in "
                "the last file, mend them and load it again. Nothing was published.",
                check=f"{rollup.name}_in_range",
            ) from error
    _note(connection, sizes, of_orders)
    _timed("checks", lambda: run_checks(connection, rollups.checks(), since=changes.since or 0))


def is_current(build: Build) -> bool:
    """Return whether everything computed was computed as it would be now, and not by another version of ecombi."""
    made_by = build.connection.execute("SELECT value FROM facts WHERE name = ?", [_MADE_BY]).fetchall()
    return made_by == [(_made_by(),)]


def _derive(connection: duckdb.DuckDBPyConnection, changes: rollups.Changes, name: str, order: str) -> None:
    columns = ", ".join(tables.metadata.tables[name].columns.keys())
    with changes.watching(name):
        connection.execute(f"DELETE FROM {name}")
        connection.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM ({_rows_of(name)}) ORDER BY {order}")


def _rows_of(name: str) -> str:
    """Return the rows of a derived table as a SELECT."""
    from ecombi.customers.rfm import scores
    from ecombi.inventory.positions import product_positions
    from ecombi.metrics.building import insert_sql
    from ecombi.metrics.tables import DERIVED

    return insert_sql({**DERIVED, "customer_scores": scores, "product_positions": product_positions}[name])


def _made_by() -> str:
    """Return what tells whether everything computed is computed as it would be now."""
    said = [*map(_rows_of, _SORTED), *map(fingerprint, rollups.ROLLUPS.values())]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


def _note(connection: duckdb.DuckDBPyConnection, sizes: dict[str, int], of_orders: dict[str, bool]) -> None:
    """Write down what is known of the warehouse as a whole."""
    [(last_day,)] = connection.execute(
        "SELECT max(day) FROM days_loaded WHERE basis IN ('booked', 'ordered')"
    ).fetchall()
    [(last_load,)] = connection.execute("SELECT coalesce(max(load_id), 0) FROM loads").fetchall()
    known = [
        *facts_of_rollups(sizes),
        *((name, "true" if true else "false") for name, true in of_orders.items()),
        (LAST_DAY, None if last_day is None else last_day.isoformat()),
        (rollups.LAST_LOAD, str(last_load)),
        (_MADE_BY, _made_by()),
    ]
    known += _days(connection)
    connection.execute("DELETE FROM facts")
    connection.executemany("INSERT INTO facts (name, value) VALUES (?, ?)", known)


def _days(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """Yield the first and the last day of each mart, on each of its dates."""
    for mart in MARTS:
        for role in mart.days:
            day = f"coalesce({', '.join(mart.columns(role))})"
            [(first, last)] = connection.execute(f"SELECT min({day}), max({day}) FROM {mart.table.name}").fetchall()
            if first is not None:
                yield f"{DAYS}{mart.table.name}:{role}", f"{first} {last}"


def _timed(what: str, work: Callable[[], _T]) -> _T:
    started = time.perf_counter()
    done = work()
    logger.info("built %s seconds=%.2f", what, time.perf_counter() - started)
    return done
