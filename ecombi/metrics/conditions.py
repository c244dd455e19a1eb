"""Which rows of the ledger count, where their kind alone does not say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.metrics.dimensions import Dimension, Lookup
from ecombi.schema import tables

if TYPE_CHECKING:
    import ibis.expr.types as ir

RETURN_DAYS: Final = 60
"""What comes back later than this after the order no longer counts in return_rate_60_days."""

UNAMENDED_ORDERS: Final = "unamended_orders"
"""Stands among what is built where no order was ever added to; the ledger only grows, so none was earlier either."""

EVERY_ORDER_SOLD: Final = "every_order_sold"
"""Stands among what is built where every order that was charged for has a sale now; on an earlier day some may not."""

original_until: Final = Dimension(
    name="original_until",
    label="Original until",
    description="Day of the first sale of an order that was added to later. None for every other order.",
    column="booked_on",
    # Few orders are ever added to, so that what is joined is next to nothing. DuckDB must not know that before it reads
    # them: it takes the rows of a left join for none where it knows that nothing is joined, and sums overflow.
    lookups=(Lookup(table=tables.orders, key="order_id", only=("amended_on", "booked_on"), none_if=UNAMENDED_ORDERS),),
    type="date",
)

saleless_since: Final = Dimension(
    name="saleless_since",
    label="Without a sale since",
    description="Day of the first charge of an order without a sale. None for every other order.",
    column="charged_on",
    lookups=(Lookup(table=tables.saleless_orders, key="order_id", none_if=EVERY_ORDER_SOLD),),
    type="date",
)


def is_original(row: ir.Table) -> ir.Value:
    """Whether a row is of an order as it was first sold; needs `original_until`, and `saleless_since` for charges."""
    import ibis

    original: ir.BooleanValue = row["order_id"].notnull()
    if original_until.name in row.columns:
        original &= row["event_on"] <= ibis.coalesce(row[original_until.name], row["event_on"])
    if saleless_since.name in row.columns:
        original &= row[saleless_since.name].isnull()
    return original


def has_cost(row: ir.Table) -> ir.Value:
    """Whether the cost of its goods is known."""
    return row["cost_amount"].notnull()


def came_back_in_time(row: ir.Table) -> ir.Value:
    """Whether it happened within `RETURN_DAYS` of its order."""
    import ibis

    return row["event_on"] <= (row["order_on"] + ibis.interval(days=RETURN_DAYS)).cast("date")
