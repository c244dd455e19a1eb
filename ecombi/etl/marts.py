"""The tables computed from the loaded ones: orders, customers and every declared rollup."""

from __future__ import annotations

import duckdb

from ecombi.backends.warehouse import Build
from ecombi.errors import DataQualityError
from ecombi.etl.checks import run_checks
from ecombi.schema.rollups import ROLLUPS, Rollup

_ORDERS = """
    INSERT INTO orders (order_id, customer_id, ordered_at, ordered_on, channel, country, customer_order_number)
    SELECT *, CASE WHEN customer_id IS NOT NULL
                   THEN row_number() OVER (PARTITION BY customer_id ORDER BY ordered_at, order_id) END
    FROM (
        SELECT order_id, min(customer_id) AS customer_id, min(order_at) AS ordered_at, min(order_on) AS ordered_on,
               min(channel) AS channel, min(country) AS country
        FROM ledger WHERE kind = 'sale' AND order_id IS NOT NULL GROUP BY order_id)
    ORDER BY ordered_at
"""

_CUSTOMERS = """
    INSERT INTO customers (customer_id, country, first_order_on, last_order_on, order_count)
    SELECT customer_id, arg_max(country, customer_order_number), min(ordered_on), max(ordered_on), count(*)
    FROM orders WHERE customer_id IS NOT NULL GROUP BY customer_id ORDER BY customer_id
"""

_DIMENSIONS = {
    "country": "l.country",
    "channel": "l.channel",
    "category": "p.category",
    "product": "l.sku",
    "customer_type": "CASE WHEN o.order_id IS NULL THEN NULL WHEN o.customer_order_number = 1 THEN 'new' "
    "WHEN o.customer_order_number > 1 THEN 'returning' ELSE 'guest' END",
}
"""Dimension of a rollup -> its value for a ledger row l, with its product p and its order o."""


def build_marts(build: Build) -> None:
    """Compute orders, customers and the rollups anew from the ledger, and check the whole warehouse.

    Raises:
        DataQualityError: A check failed; the message says which and how many rows break it.
    """
    connection = build.connection
    connection.execute(f"DELETE FROM orders; {_ORDERS}")
    connection.execute(f"DELETE FROM customers; {_CUSTOMERS}")
    for rollup in ROLLUPS:
        try:
            connection.execute(f"DELETE FROM {rollup.table.name}; {_rollup(rollup)}")
        except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
            raise DataQualityError(
                "The quantities or amounts of one day add up to more than 18 digits. Look for figures typed wrong in "
                "the last file, mend them and load it again. Nothing was published.",
                check=f"{rollup.table.name}_in_range",
            ) from error
    run_checks(connection)


def _rollup(rollup: Rollup) -> str:
    dimensions = "".join(f"{_DIMENSIONS[name]} AS {column}, " for name, column in _columns(rollup))
    names = "".join(f"{column}, " for _, column in _columns(rollup))
    product = "LEFT JOIN products p ON p.sku = l.sku" if "category" in rollup.dimensions else ""
    order = "LEFT JOIN orders o ON o.order_id = l.order_id" if "customer_type" in rollup.dimensions else ""
    parts = " UNION ALL ".join(
        f"""
        SELECT '{basis}' AS basis, {day} AS day, {dimensions} l.kind, sum(l.qty), sum(l.amount), sum(l.cost_amount),
               coalesce(sum(l.amount) FILTER (l.cost_amount IS NOT NULL), 0), count(*)
        FROM ledger l {product} {order} GROUP BY ALL
        """
        for basis, day in (("booked", "l.event_on"), ("ordered", "l.order_on"))
    )
    return (
        f"INSERT INTO {rollup.table.name} (basis, day, {names}kind, qty, amount, cost_amount, costed_amount, entries) "
        f"{parts} ORDER BY basis, day"
    )


def _columns(rollup: Rollup) -> list[tuple[str, str]]:
    return [(name, "sku" if name == "product" else name) for name in rollup.dimensions]
