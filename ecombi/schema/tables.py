"""The tables of the warehouse: grain, columns, meaning, unit and key, once for every engine."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
)
from sqlalchemy.types import TypeEngine

metadata = MetaData()

MONEY = Numeric(18, 4)
SUM = Numeric(28, 4)
RATE = Numeric(18, 8)


def _table(name: str, grain: str, key: tuple[str, ...], *columns: Column[Any]) -> Table:
    for column in columns:
        column.nullable = column.nullable and column.name not in key
    return Table(name, metadata, *columns, comment=grain, info={"key": key})


_Type = TypeEngine[Any] | type[TypeEngine[Any]]


def _c(name: str, kind: _Type, meaning: str, *, required: bool = False) -> Column[Any]:
    return Column(name, kind, comment=meaning, nullable=not required)


def _load_id() -> Column[Any]:
    return _c("load_id", Integer, "The load that last wrote this row; see loads.", required=True)


def _history(table: Table) -> Table:
    """Declare the twin of a loaded table that keeps what was replaced in it."""
    # A version from before a required column was added has nothing in it.
    kept = (_c(column.name, column.type, str(column.comment)) for column in table.columns)
    return _table(
        f"{table.name}_history",
        f"One row per version of a row of {table.name} that a later load replaced.",
        (*key_of(table), "load_id"),
        *kept,
        _c("replaced_by", Integer, "The load that replaced this version; see loads.", required=True),
    )


def key_of(table: Table) -> tuple[str, ...]:
    """Return the names of the columns that identify one row."""
    key: tuple[str, ...] = table.info["key"]
    return key


def history_of(table: Table) -> Table | None:
    """Return the table that keeps the replaced versions of the rows of this one; null where none are replaced."""
    return metadata.tables.get(f"{table.name}_history")


def version_of(table: Table) -> str | None:
    """Return the column with the load that last touched a row; null where a table is always written as a whole."""
    return next((name for name in ("replaced_by", "load_id") if name in table.columns), None)


shop = _table(
    "shop",
    "One row: the shop.",
    ("name",),
    _c("name", String, "Display name."),
    _c("currency", String, "ISO 4217 code of the reporting currency.", required=True),
    _c("time_zone", String, "IANA name; days are cut in it.", required=True),
)

loads = _table(
    "loads",
    "One row per delivery that was loaded. rows_in = rows_loaded + rows_quarantined.",
    ("load_id",),
    _c("load_id", Integer, "Counts up by one."),
    _c("run_id", String, "The run it belongs to.", required=True),
    _c("source", String, "Name of the source or mapping.", required=True),
    _c("delivery", String, "File name or table of the source.", required=True),
    _c("fingerprint", String, "SHA-256 of the delivered bytes and of the mapping that read them.", required=True),
    _c("rows_in", BigInteger, "Rows delivered.", required=True),
    _c("rows_new", BigInteger, "Rows loaded for the first time, or in a new version.", required=True),
    _c("rows_known", BigInteger, "Rows that were in the warehouse already.", required=True),
    _c("rows_quarantined", BigInteger, "Rows held back; see quarantine.", required=True),
    _c("rows_duplicate", BigInteger, "Rows equal to an earlier one of the delivery: kept, counted too.", required=True),
    _c("loaded_at", DateTime, "UTC.", required=True),
    _c("settle_hours", Integer, "Hours after a day's end until its rows have all come; null counts as 0."),
)

quarantine = _table(
    "quarantine",
    "One row per delivered row that was held back.",
    ("source", "delivery", "source_row", "fingerprint"),
    _c("run_id", String, "The run that held it back.", required=True),
    _c("source", String, "Name of the source or mapping."),
    _c("delivery", String, "File name or table of the source."),
    _c("fingerprint", String, "The delivery's fingerprint; see loads."),
    _c("source_row", BigInteger, "Row number in the delivery, from 1, not counting a header."),
    _c("rule", String, "Name of the broken rule.", required=True),
    _c("column_name", String, "Column at fault, where one is."),
    _c("value", String, "The offending value as delivered."),
    _c("reason", String, "What is wrong and what would work, in words.", required=True),
    _c("raw", String, "The whole row as delivered, as a JSON object.", required=True),
    _c("quarantined_at", DateTime, "UTC.", required=True),
    _c("replayed_at", DateTime, "UTC; null while it is held back."),
    _load_id(),
)

lookups = _table(
    "lookups",
    "One row per key that a mapping keeps for rows of other files, for example when an order was placed and by whom.",
    ("source", "lookup", "lookup_key"),
    _c("source", String, "Name of the mapping."),
    _c("lookup", String, "What the mapping calls it, for example orders."),
    _c("lookup_key", String, "The key as delivered."),
    _c("content", String, "The kept columns, as a JSON object.", required=True),
    _load_id(),
)

ledger = _table(
    "ledger",
    "One row per money or quantity event. Append-only: a correction is a new row.",
    ("source", "source_id"),
    _c("source", String, "Name of the source or mapping."),
    _c("source_id", String, "Identity of the event within its source."),
    _c("source_row", BigInteger, "Row number in the delivery, where the source is a file."),
    _c("kind", String, "What happened; see ecombi.schema.kinds.Kind.", required=True),
    _c("event_at", DateTime, "UTC; when it happened (basis booked).", required=True),
    _c("order_at", DateTime, "UTC; when its order was placed (basis ordered).", required=True),
    _c("event_on", Date, "Day of event_at in the shop's time zone.", required=True),
    _c("order_on", Date, "Day of order_at in the shop's time zone.", required=True),
    _c("event_hour", SmallInteger, "Hour of event_at on the shop's clock, 0 to 23.", required=True),
    _c("order_hour", SmallInteger, "Hour of order_at on the shop's clock, 0 to 23.", required=True),
    _c("order_id", String, "Order, invoice or credit note, where the event has one."),
    _c("line_id", String, "Line of the order, where the event has one."),
    _c("customer_id", String, "Null for a guest without identity."),
    _c("sku", String, "Product, where the event has one."),
    _c("channel", String, "Sales channel."),
    _c("country", String, "Country of the customer as the shop names it."),
    _c("qty", BigInteger, "Whole units; negative for goods coming back or written off.", required=True),
    _c("amount", MONEY, "In the shop's currency, exact, signed from the shop's side.", required=True),
    _c(
        "cost_amount",
        MONEY,
        "Of a sale, discount or return: cost of the goods it moves, at the time of sale, sign as qty; 0 where it moves "
        "none, as a discount, or brings back scrapped ones; null where the product's cost is unknown.",
    ),
    _c("currency", String, "ISO 4217 code the customer paid in.", required=True),
    _c("fx_to_shop", RATE, "Shop currency per unit of currency; 1 where they are the same.", required=True),
    _c("loaded_at", DateTime, "UTC; when this row became known.", required=True),
    _load_id(),
)

orders = _table(
    "orders",
    "One row per order with at least one sale.",
    ("order_id",),
    _c("order_id", String, "Order or invoice number."),
    _c("customer_id", String, "Null for a guest without identity."),
    _c("source", String, "Name of the source that delivered it.", required=True),
    _c("ordered_at", DateTime, "UTC.", required=True),
    _c("ordered_on", Date, "Day in the shop's time zone.", required=True),
    _c("ordered_hour", SmallInteger, "Hour on the shop's clock, 0 to 23.", required=True),
    _c("booked_on", Date, "Day of its first sale, in the shop's time zone.", required=True),
    _c("channel", String, "Sales channel."),
    _c("country", String, "Country of the customer."),
    _c("traffic_source", String, "Where the visit that ended in it came from; null where no visit is known."),
    _c("device", String, "Device of that visit."),
    _c("customer_order_number", Integer, "1 for the customer's first order ever; null for a guest."),
    _c("units", BigInteger, "Units sold.", required=True),
    _c("goods_amount", SUM, "Gross sales less discounts.", required=True),
    _c("net_amount", SUM, "Gross sales less discounts and returns to date.", required=True),
    _c("cost_amount", SUM, "Cost of its goods, less that of goods back in stock; null where no cost is known."),
)

customers = _table(
    "customers",
    "One row per customer who ever ordered.",
    ("customer_id",),
    _c("customer_id", String, "Identity in the shop."),
    _c("country", String, "Country of the latest order."),
    _c("channel", String, "Sales channel of the first order."),
    _c("traffic_source", String, "Where the visit that ended in the first order came from."),
    _c("first_order_on", Date, "Day in the shop's time zone.", required=True),
    _c("second_order_on", Date, "Day in the shop's time zone; null after one order."),
    _c("last_order_on", Date, "Day in the shop's time zone.", required=True),
    _c("order_count", BigInteger, "Orders to date.", required=True),
    _c("net_amount", SUM, "Net sales of the orders to date.", required=True),
    _c("cost_amount", SUM, "Cost of their goods; null where no cost is known."),
)

fulfilments = _table(
    "fulfilments",
    "One row per order placed while parcels are recorded: from the day of the first parcel to that of the last.",
    ("order_id",),
    _c("order_id", String, "Order."),
    _c("source", String, "Name of the source that delivered it.", required=True),
    _c("channel", String, "Sales channel."),
    _c("country", String, "Country of the customer."),
    _c("ordered_on", Date, "Day in the shop's time zone.", required=True),
    _c("due_on", Date, "Latest day promised to the customer; null before anything was sent."),
    _c("ordered_qty", BigInteger, "Units the order asked for.", required=True),
    _c("first_qty", BigInteger, "Units that left with the first parcel.", required=True),
    _c("shipped_qty", BigInteger, "Units that left so far.", required=True),
    _c("delivered_on", Date, "Day the last parcel arrived; null while one is on its way or units are missing."),
    _c("is_in_full", Boolean, "Every unit ordered has been delivered.", required=True),
    _c("is_on_time", Boolean, "Every parcel arrived by its promised day.", required=True),
    _c("is_documented", Boolean, "No parcel's papers were wrong; true where nobody records it.", required=True),
    _c("is_undamaged", Boolean, "No parcel arrived damaged; true where nobody records it.", required=True),
)

products = _table(
    "products",
    "One row per product.",
    ("sku",),
    _c("sku", String, "Stock keeping unit, as the shop writes it."),
    _c("name", String, "Display name."),
    _c("category", String, "Category; null where the shop has none."),
    _load_id(),
)

sessions = _table(
    "sessions",
    "One row per web or app session. A step's time is null unless every step before it was reached first.",
    ("session_id",),
    _c("session_id", String, "Identity of the session."),
    _c("started_at", DateTime, "UTC.", required=True),
    _c("started_on", Date, "Day in the shop's time zone.", required=True),
    _c("customer_id", String, "Where the visitor is known."),
    _c("channel", String, "Sales channel."),
    _c("country", String, "Country of the visitor."),
    _c("device", String, "desktop, mobile or tablet."),
    _c("traffic_source", String, "Where the visitor came from, for example paid_search."),
    _c("viewed_at", DateTime, "UTC; first product view."),
    _c("added_at", DateTime, "UTC; first addition to the basket after the view."),
    _c("checkout_at", DateTime, "UTC; first start of a checkout after the addition."),
    _c("completed_at", DateTime, "UTC; first completed checkout after its start."),
    _c("order_id", String, "The order it ended in, if any."),
    _c("ended_at", DateTime, "UTC; the last thing that happened in it; null where nobody records it."),
    _c("is_bot", Boolean, "A machine's visit; null where nobody records it."),
    _load_id(),
)

payments = _table(
    "payments",
    "One row per capture, refund or chargeback at a payment provider.",
    ("payment_id",),
    _c("payment_id", String, "Identity at the provider."),
    _c("order_id", String, "Order it pays for."),
    _c("kind", String, "capture, refund or chargeback.", required=True),
    _c("method", String, "card, paypal, gift_card..."),
    _c("paid_at", DateTime, "UTC.", required=True),
    _c("paid_on", Date, "Day in the shop's time zone.", required=True),
    _c("amount", MONEY, "In the shop's currency; negative for money going back.", required=True),
    _c("fee_amount", MONEY, "Fee the provider kept, positive.", required=True),
    _c("payout_id", String, "The payout it was settled in; null while open."),
    _load_id(),
)

inventory_daily = _table(
    "inventory_daily",
    "One row per product and day: stock at the end of the day.",
    ("day", "sku"),
    _c("day", Date, "Day in the shop's time zone."),
    _c("sku", String, "Product."),
    _c("on_hand", BigInteger, "Units in the warehouse.", required=True),
    _c("committed", BigInteger, "Units sold and not yet shipped.", required=True),
    _c("incoming", BigInteger, "Units ordered from suppliers and not yet received.", required=True),
    _c("unit_cost", MONEY, "Cost of one unit that day.", required=True),
    _load_id(),
)

suppliers = _table(
    "suppliers",
    "One row per supplier.",
    ("supplier_id",),
    _c("supplier_id", String, "Identity of the supplier."),
    _c("name", String, "Display name.", required=True),
    _c("country", String, "Country it ships from."),
    _load_id(),
)

purchase_orders = _table(
    "purchase_orders",
    "One row per line of a purchase order.",
    ("po_id", "sku"),
    _c("po_id", String, "Identity of the purchase order."),
    _c("sku", String, "Product."),
    _c("supplier_id", String, "Supplier.", required=True),
    _c("ordered_on", Date, "Day the order was sent.", required=True),
    _c("requested_on", Date, "Day we asked for.", required=True),
    _c("confirmed_on", Date, "Day the supplier first confirmed; null where it has not."),
    _c("last_confirmed_on", Date, "Day the supplier confirmed last; null where it never changed the first one."),
    _c("received_on", Date, "Day of the receipt; null while open."),
    _c("ordered_qty", BigInteger, "Units ordered.", required=True),
    _c("received_qty", BigInteger, "Units received so far.", required=True),
    _c("unit_cost", MONEY, "Cost of one unit.", required=True),
    _load_id(),
)

shipments = _table(
    "shipments",
    "One row per parcel.",
    ("shipment_id",),
    _c("shipment_id", String, "Identity of the parcel."),
    _c("order_id", String, "Order it belongs to.", required=True),
    _c("carrier", String, "Carrier.", required=True),
    _c("country", String, "Destination."),
    _c("shipped_at", DateTime, "UTC.", required=True),
    _c("shipped_on", Date, "Day in the shop's time zone.", required=True),
    _c("promised_on", Date, "Day promised to the customer.", required=True),
    _c("delivered_at", DateTime, "UTC; null while on its way."),
    _c("delivered_on", Date, "Day in the shop's time zone; null while on its way."),
    _c("ordered_qty", BigInteger, "Units the order asked for.", required=True),
    _c("shipped_qty", BigInteger, "Units in this parcel.", required=True),
    _c("cost_amount", MONEY, "What the carrier charged, positive.", required=True),
    _c("is_documented", Boolean, "Its papers were right; null where nobody records it."),
    _c("is_undamaged", Boolean, "It arrived undamaged; null where nobody records it."),
    _load_id(),
)

ad_spend = _table(
    "ad_spend",
    "One row per day and campaign.",
    ("day", "campaign"),
    _c("day", Date, "Day in the shop's time zone."),
    _c("campaign", String, "Campaign."),
    _c("traffic_source", String, "Where it advertises, for example paid_search.", required=True),
    _c("spend_amount", MONEY, "In the shop's currency, positive.", required=True),
    _c("impressions", BigInteger, "Times shown.", required=True),
    _c("clicks", BigInteger, "Times clicked.", required=True),
    _load_id(),
)

reviews = _table(
    "reviews",
    "One row per review of an order.",
    ("review_id", "order_id"),
    _c("review_id", String, "Identity of the review."),
    _c("order_id", String, "Order it speaks of."),
    _c("score", SmallInteger, "1 to 5.", required=True),
    _c("title", String, "As written."),
    _c("message", String, "As written."),
    _c("created_at", DateTime, "UTC.", required=True),
    _load_id(),
)

cohort_months = _table(
    "cohort_months",
    "One row per cohort, month in which it ordered, and country, channel and traffic source of its customers.",
    ("cohort", "month", "country", "channel", "traffic_source"),
    _c("cohort", Date, "First day of the month of the customers' first order."),
    _c("month", Date, "First day of the month they ordered in."),
    _c("country", String, "Country of the customers; null where unknown."),
    _c("channel", String, "Sales channel of their first order."),
    _c("traffic_source", String, "Where the visit that ended in their first order came from."),
    _c("customers", BigInteger, "Customers of the cohort who ordered in the month.", required=True),
    _c("orders", BigInteger, "Their orders in the month.", required=True),
    _c("net_amount", SUM, "Net sales of these orders to date.", required=True),
)

customer_scores = _table(
    "customer_scores",
    "One row per customer: recency, frequency and monetary value on the day after the last order of the shop.",
    ("customer_id",),
    _c("customer_id", String, "Identity in the shop."),
    _c("as_of", Date, "Orders before this day count.", required=True),
    _c("recency_days", BigInteger, "Days since the last order.", required=True),
    _c("frequency", BigInteger, "Orders.", required=True),
    _c("monetary_value", SUM, "Net sales of the orders.", required=True),
    _c("r", BigInteger, "Recency score, 5 is best.", required=True),
    _c("f", BigInteger, "Frequency score, 5 is best.", required=True),
    _c("m", BigInteger, "Monetary score, 5 is best.", required=True),
    _c("segment", String, "Name of the segment of the scores.", required=True),
)

product_positions = _table(
    "product_positions",
    "One row per product with stock recorded on the last recorded evening, and what advice is computed from.",
    ("sku",),
    _c("sku", String, "Stock keeping unit, as the shop writes it."),
    _c("supplier_id", String, "Supplier of its last purchase order; null where nothing was ever ordered."),
    _c("stock_on", Date, "The evening of the stock: the last recorded one.", required=True),
    _c("on_hand", BigInteger, "Units in the warehouse.", required=True),
    _c("committed", BigInteger, "Units sold and not yet shipped.", required=True),
    _c("incoming", BigInteger, "Units ordered from suppliers and not yet received.", required=True),
    _c("unit_cost", MONEY, "Cost of one unit that evening.", required=True),
    _c("days", BigInteger, "Days of the window that count for the demand; see the analysis demand."),
    _c("units", BigInteger, "Units ordered on these days."),
    _c("unit_squares", BigInteger, "Sum of the squares of the units of each of these days."),
    _c("deliveries", BigInteger, "Last deliveries of the supplier; null before the first."),
    _c("lead_days", BigInteger, "Sum of the calendar days they took."),
    _c("lead_squares", BigInteger, "Sum of the squares of the days each of them took."),
)

days_loaded = _table(
    "days_loaded",
    "One row per basis, day and load: how many ledger rows of the day the load brought.",
    ("basis", "day", "load_id"),
    _c("basis", String, "booked or ordered."),
    _c("day", Date, "Day in the shop's time zone, by that basis."),
    _c("load_id", Integer, "The load."),
    _c("entries", BigInteger, "Ledger rows.", required=True),
)

facts = _table(
    "facts",
    "One row per thing known of the snapshot as a whole.",
    ("name",),
    _c("name", String, "What is known; see ecombi.metrics.facts."),
    _c("value", String, "As text."),
)

for _table_name, _names in {"cohort_months": ("country", "channel", "traffic_source")}.items():
    for _name in _names:
        metadata.tables[_table_name].c[_name].nullable = True

LOADED = (
    ledger,
    products,
    sessions,
    payments,
    inventory_daily,
    suppliers,
    purchase_orders,
    shipments,
    ad_spend,
    reviews,
)
"""Tables that sources deliver into."""

HISTORY = tuple(_history(table) for table in LOADED if table is not ledger)
"""The replaced versions of the loaded tables; the ledger is append-only and has none.

What was known right after load L: a table's rows with load_id <= L, and those of its history with load_id <= L that
were replaced later, replaced_by > L.
"""

BUILT = (orders, customers, fulfilments, cohort_months, customer_scores, product_positions, days_loaded, facts)
"""Tables computed from the loaded ones after each load; the rollups of ecombi.metrics.rollups come on top."""

BOOKKEEPING = (shop, loads, quarantine, lookups)
"""Tables that say what was loaded, and what later loads need to know of it."""

COMPUTED: dict[str, dict[str, tuple[str, str]]] = {
    "ledger": {
        "event_on": ("event_at", "day"),
        "order_on": ("order_at", "day"),
        "event_hour": ("event_at", "hour"),
        "order_hour": ("order_at", "hour"),
    },
    "sessions": {"started_on": ("started_at", "day")},
    "payments": {"paid_on": ("paid_at", "day")},
    "shipments": {"shipped_on": ("shipped_at", "day"), "delivered_on": ("delivered_at", "day")},
}
"""Columns of loaded tables that no source delivers: day or hour, on the shop's clock, of another column."""
