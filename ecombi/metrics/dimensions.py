"""What metrics can be cut by, besides time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import Table

from ecombi.metrics.marts import Mart
from ecombi.schema import tables

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A table with one row per `key`, so that joining it never multiplies rows.

    Attributes:
        table: Where the dimension's column is.
        key: Its key, under the same name in the mart.
    """

    table: Table
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """Something every event has one value of, or none: null stands for unknown.

    Attributes:
        name: Identity; also the name of its column.
        label: What people call it.
        description: What its values are, and when there is none.
        column: Where the value is, in the mart or in `lookup`.
        lookup: The table that holds the column, where the mart does not.
        read: Computes the value from the row; absent: the column as it is.
        type: Type of the values.
    """

    name: str
    label: str
    description: str
    column: str
    lookup: Lookup | None = None
    read: Callable[[ir.Table], ir.Value] | None = None
    type: Literal["string", "int64"] = "string"

    def fits(self, mart: Mart) -> bool:
        """Whether the rows of `mart` have a value of it: by a column of their own, or by the key of the lookup."""
        needed = self.lookup.key if self.lookup else self.column
        return needed in ("on_day", "at_hour") or needed in mart.table.columns


def _customer_type(row: ir.Table) -> ir.Value:
    import ibis

    number = row["customer_order_number"]
    return ibis.cases(
        (row["orders_key"].isnull(), ibis.null("string")),
        (number.isnull(), "guest"),
        (number == 1, "new"),
        else_="returning",
    )


def _weekday(row: ir.Table) -> ir.Value:
    day: ir.DateColumn = row["on_day"]
    return (day.day_of_week.index() + 1).cast("int64")


def _hour_of_day(row: ir.Table) -> ir.Value:
    return row["at_hour"].cast("int64")


_PRODUCTS: Final = Lookup(table=tables.products, key="sku")

country: Final = Dimension(
    name="country",
    label="Country",
    description="Country of the customer, as the shop names it.",
    column="country",
)

channel: Final = Dimension(
    name="channel",
    label="Channel",
    description="Where the order was placed, for example online, app or marketplace.",
    column="channel",
)

category: Final = Dimension(
    name="category",
    label="Category",
    description="Category the product has today. None for events without a product and products without a category.",
    column="category",
    lookup=_PRODUCTS,
)

product: Final = Dimension(
    name="product",
    label="Product",
    description="Stock keeping unit, as the shop writes it; product_name beside it names it. None without a product.",
    column="sku",
)

product_name: Final = Dimension(
    name="product_name",
    label="Product name",
    description="Name the product has today; products of the same name fall together unless product is asked for too.",
    column="name",
    lookup=_PRODUCTS,
)

customer_type: Final = Dimension(
    name="customer_type",
    label="Customer type",
    description=(
        "new: the customer's first order ever. returning: any later order. guest: an order without a known customer. "
        "None for events of no order with a sale, for example credit notes that do not name their order."
    ),
    column="customer_order_number",
    lookup=Lookup(table=tables.orders, key="order_id"),
    read=_customer_type,
)

weekday: Final = Dimension(
    name="weekday",
    label="Weekday",
    description="1 for Monday to 7 for Sunday, in the shop's time zone.",
    column="on_day",
    read=_weekday,
    type="int64",
)

hour_of_day: Final = Dimension(
    name="hour_of_day",
    label="Hour of day",
    description="0 to 23 on the shop's clock. The hour that the clocks repeat in autumn is one hour here.",
    column="at_hour",
    read=_hour_of_day,
    type="int64",
)
