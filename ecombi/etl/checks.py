"""Quality checks over the whole warehouse, run before anything is published."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import duckdb

from ecombi.errors import DataQualityError
from ecombi.schema import tables
from ecombi.schema.kinds import Kind

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A statement about the data that must hold.

    Attributes:
        name: Its name, for reports.
        meaning: What must hold, in words.
        failing: SQL that counts the rows that break it.
    """

    name: str
    meaning: str
    failing: str


def _where(name: str, meaning: str, table: str, broken: str) -> Check:
    return Check(name=name, meaning=meaning, failing=f"SELECT count(*) FROM {table} WHERE {broken}")


_KINDS = ", ".join(f"'{kind.value}'" for kind in Kind)

_LEDGER = (
    _where("ledger_kinds", "Every ledger row has one of the known kinds.", "ledger", f"kind NOT IN ({_KINDS})"),
    _where(
        "ledger_write_offs", "A stock write-off moves no money.", "ledger", "kind = 'stock_write_off' AND amount <> 0"
    ),
    _where("ledger_rates", "An exchange rate is positive.", "ledger", "fx_to_shop <= 0"),
    Check(
        name="ledger_own_currency",
        meaning="Rows in the shop's currency have the rate 1.",
        failing="SELECT count(*) FROM ledger l JOIN shop s ON s.currency = l.currency WHERE l.fx_to_shop <> 1",
    ),
    Check(
        name="ledger_loads",
        meaning="Every ledger row belongs to a load.",
        failing="SELECT count(*) FROM (SELECT DISTINCT load_id FROM ledger) ANTI JOIN loads USING (load_id)",
    ),
    Check(name="one_shop", meaning="There is exactly one shop.", failing="SELECT abs(count(*) - 1) FROM shop"),
)

_LOADS = (
    _where(
        "rows_in",
        "Rows in are rows new, known and quarantined.",
        "loads",
        "rows_in <> rows_new + rows_known + rows_quarantined",
    ),
    Check(
        name="rows_quarantined",
        meaning="Every row a load held back is in the quarantine.",
        failing="""
            SELECT count(*) FROM (
                SELECT l.rows_quarantined, count(q.source_row) AS held FROM loads l
                LEFT JOIN quarantine q
                ON q.source = l.source AND q.delivery = l.delivery AND q.fingerprint = l.fingerprint
                WHERE NOT starts_with(l.fingerprint, 'replay:') GROUP BY l.load_id, l.rows_quarantined)
            WHERE rows_quarantined <> held
        """,
    ),
)

_ORDERS = (
    Check(
        name="orders_complete",
        meaning="Every order with a sale is in orders.",
        failing="SELECT abs((SELECT count(DISTINCT order_id) FROM ledger WHERE kind = 'sale') - "
                "(SELECT count(*) FROM orders))",
    ),
    _where("orders_numbered", "Exactly the orders of known customers are numbered.", "orders",
           "(customer_order_number IS NULL) <> (customer_id IS NULL)"),
    Check(
        name="customers_complete",
        meaning="Orders of customers sum to the orders with a customer.",
        failing="SELECT abs((SELECT coalesce(sum(order_count), 0) FROM customers) - "
                "(SELECT count(*) FROM orders WHERE customer_id IS NOT NULL))",
    ),
    _where("customers_first_before_last", "The first order is not after the last.", "customers",
           "first_order_on > last_order_on"),
)  # fmt: skip


def _key_checks(since: int) -> Iterator[Check]:
    """Yield, for every table, that its key is unique; the tables themselves refuse an empty one.

    Of a table that loads only add to, the keys of the loads after `since` are compared with all others: comparing all
    of them with each other again takes many seconds for a ledger of tens of millions.
    """
    for table in (*tables.BOOKKEEPING, *tables.LOADED, *tables.HISTORY, *tables.BUILT):
        key, version = ", ".join(tables.key_of(table)), tables.version_of(table)
        added = f"SEMI JOIN (SELECT {key} FROM {table.name} WHERE {version} > {since}) USING ({key})"
        rows = f"{table.name} {added}" if since and version and table not in tables.BUILT else table.name
        yield Check(
            name=f"{table.name}_unique",
            meaning=f"No two rows of {table.name} have the same {key}.",
            failing=f"SELECT count(*) FROM (SELECT 1 FROM {rows} GROUP BY {key} HAVING count(*) > 1)",
        )


def all_checks(*, since: int = 0) -> tuple[Check, ...]:
    """Return every check of the tables of the schema; keys of rows up to the load `since` are taken as checked."""
    return (*_key_checks(since), *_LEDGER, *_LOADS, *_ORDERS)


def run_checks(connection: duckdb.DuckDBPyConnection, extra: Iterable[Check] = (), *, since: int = 0) -> None:
    """Run every check on the builder.

    Args:
        connection: The builder.
        extra: More checks, of tables that are not in the schema.
        since: The last load whose rows passed before; 0 where none did.

    Raises:
        DataQualityError: One failed; the message says what should hold and how many rows break it.
    """
    checks = (*all_checks(since=since), *extra)
    for check in checks:
        (failing,) = connection.execute(check.failing).fetchall()[0]
        if failing:
            raise DataQualityError(
                f"The check {check.name} failed for {failing:,} rows: {check.meaning} Nothing was published.",
                check=check.name,
                failing_rows=int(failing),
            )
    logger.info("checks passed count=%d", len(checks))
