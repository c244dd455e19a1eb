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
        only: Two columns of the table: just the rows in which the first is greater than the second are looked in.
        none_if: Stands among what is built where there are no such rows, so that nothing needs to be looked up.
    """

    table: Table
    key: str
    only: tuple[str, str] | None = None
    none_if: str | None = None

    @property
    def prefix(self) -> str:
        """What its columns begin with beside those of the rows, where lookups of one table may meet."""
        return f"{self.table.name}_" if self.only is None else f"{self.table.name}_{self.only[0]}_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """Something every row has one value of, or none: null stands for unknown.

    Attributes:
        name: Identity; also the name of its column.
        label: What people call it.
        description: What its values are, and when there is none.
        column: Where the value is, in the mart or in a lookup; `on_day` and `at_hour` stand for the row's own time.
        lookups: The tables that hold the column where the mart does not, the nearest first.
        read: Computes the value from the row, the column, and whether the lookup knows it; absent: the column as it is.
        needs: Further columns of the mart that `read` takes.
        type: Type of the values.
    """

    name: str
    label: str
    description: str
    column: str
    lookups: tuple[Lookup, ...] = ()
    read: Callable[[ir.Table, ir.Value, ir.BooleanValue], ir.Value] | None = None
    needs: tuple[str, ...] = ()
    type: Literal["string", "int64", "date"] = "string"

    @property
    def of_time(self) -> bool:
        """Whether it is read from the row's day."""
        return self.column == "on_day"

    def fits(self, mart: Mart) -> bool:
        """Whether the rows of `mart` have a value of it: by a column of their own, or by the key of a lookup."""
        if self.column == "at_hour":
            return bool(mart.hours)
        found = self.column in mart.table.columns or self.lookup(mart.table) is not None
        return self.of_time or (found and all(name in mart.table.columns for name in self.needs))

    def lookup(self, table: Table) -> Lookup | None:
        """Return the lookup that gives the rows of `table` their value; None where they have it or nothing does."""
        if self.column in table.columns:
            return None
        return next((lookup for lookup in self.lookups if lookup.key in table.columns), None)


def _customer_type(_row: ir.Table, number: ir.Value, known: ir.BooleanValue) -> ir.Value:
    import ibis

    return ibis.cases(
        (~known, ibis.null("string")),
        (number.isnull(), "guest"),
        (number == 1, "new"),
        else_="returning",
    )


def _weekday(_row: ir.Table, day: ir.Value, _known: ir.BooleanValue) -> ir.Value:
    return (day.day_of_week.index() + 1).cast("int64")


def _hour_of_day(_row: ir.Table, hour: ir.Value, _known: ir.BooleanValue) -> ir.Value:
    return hour.cast("int64")


def _cohort(_row: ir.Table, first: ir.Value, _known: ir.BooleanValue) -> ir.Value:
    import ibis

    month = first.month().cast("string")
    two = ibis.cases((first.month() < 10, ibis.literal("0") + month), else_=month)
    return first.year().cast("string") + "-" + two


def _lane(row: ir.Table, carrier: ir.Value, _known: ir.BooleanValue) -> ir.Value:
    return carrier + " to " + row["country"]


_PRODUCTS: Final = Lookup(table=tables.products, key="sku")
_ORDERS: Final = Lookup(table=tables.orders, key="order_id")
_CUSTOMERS: Final = Lookup(table=tables.customers, key="customer_id")
_SUPPLIERS: Final = Lookup(table=tables.suppliers, key="supplier_id")
_LOADS: Final = Lookup(table=tables.loads, key="load_id")

country: Final = Dimension(
    name="country",
    label="Country",
    description="Country of the customer, as the shop names it.",
    column="country",
    lookups=(_ORDERS,),
)

channel: Final = Dimension(
    name="channel",
    label="Channel",
    description="Where the order was placed, for example online, app or marketplace.",
    column="channel",
    lookups=(_ORDERS,),
)

store: Final = Dimension(
    name="store",
    label="Store",
    description="The source the record came from: each shop system, marketplace or file mapping is one.",
    column="source",
    lookups=(_LOADS,),
)

category: Final = Dimension(
    name="category",
    label="Category",
    description="Category the product has today. None for events without a product and products without a category.",
    column="category",
    lookups=(_PRODUCTS,),
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
    lookups=(_PRODUCTS,),
)

customer_type: Final = Dimension(
    name="customer_type",
    label="Customer type",
    description=(
        "new: the customer's first order ever. returning: any later order. guest: an order without a known customer. "
        "None for events of no order with a sale, for example credit notes that do not name their order."
    ),
    column="customer_order_number",
    lookups=(_ORDERS,),
    read=_customer_type,
)

cohort: Final = Dimension(
    name="cohort",
    label="Cohort",
    description="Month of the customer's first order ever, as 2026-03. None without a known customer.",
    column="first_order_on",
    lookups=(_CUSTOMERS,),
    read=_cohort,
)

traffic_source: Final = Dimension(
    name="traffic_source",
    label="Traffic source",
    description=(
        "Where the visit came from, for example paid_search; for an order, the visit that ended in it. None where no "
        "visit is known."
    ),
    column="traffic_source",
    lookups=(_ORDERS,),
)

campaign: Final = Dimension(
    name="campaign",
    label="Campaign",
    description="Advertising campaign, as the network names it.",
    column="campaign",
)

device: Final = Dimension(
    name="device",
    label="Device",
    description="desktop, mobile or tablet; for an order, that of the visit that ended in it.",
    column="device",
    lookups=(_ORDERS,),
)

supplier: Final = Dimension(
    name="supplier",
    label="Supplier",
    description="Identity of the supplier; supplier_name beside it names it.",
    column="supplier_id",
)

supplier_name: Final = Dimension(
    name="supplier_name",
    label="Supplier name",
    description="Name of the supplier; suppliers of the same name fall together unless supplier is asked for too.",
    column="name",
    lookups=(_SUPPLIERS,),
)

carrier: Final = Dimension(
    name="carrier",
    label="Carrier",
    description="Who carried the parcel.",
    column="carrier",
)

lane: Final = Dimension(
    name="lane",
    label="Lane",
    description="Carrier and destination, as in Swiftway to Germany. None where the destination is unknown.",
    column="carrier",
    read=_lane,
    needs=("country",),
)

payment_method: Final = Dimension(
    name="payment_method",
    label="Payment method",
    description="How it was paid, for example card or paypal.",
    column="method",
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
