"""The tables of the warehouse: grain, columns, meaning, unit and key, once for every engine."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, SmallInteger, String, Table

from ecombi.schema.columns import MONEY, RATE, SUM, column, key_of, load_id, metadata, table
from ecombi.schema.derived import (
    BUILT,
    cohort_months,
    customer_scores,
    customers,
    days_loaded,
    facts,
    fulfilments,
    goods_receipts,
    orders,
    product_positions,
    purchase_lines,
    saleless_orders,
)

__all__ = [
    "BOOKKEEPING",
    "BUILT",
    "COMPUTED",
    "HISTORY",
    "LOADED",
    "MONEY",
    "RATE",
    "SUM",
    "ad_spend",
    "cohort_months",
    "customer_scores",
    "customers",
    "days_loaded",
    "facts",
    "fulfilments",
    "goods_receipts",
    "history_of",
    "inventory_daily",
    "key_of",
    "ledger",
    "loads",
    "lookups",
    "metadata",
    "orders",
    "payments",
    "product_positions",
    "products",
    "promises",
    "purchase_lines",
    "purchase_orders",
    "quarantine",
    "receipts",
    "reviews",
    "saleless_orders",
    "sessions",
    "shipment_lines",
    "shipments",
    "shop",
    "suppliers",
    "version_of",
]


def _history(loaded: Table) -> Table:
    """Declare the twin of a loaded table that keeps what was replaced in it."""
    # A version from before a required column was added has nothing in it.
    kept = (column(known.name, known.type, str(known.comment)) for known in loaded.columns)
    return table(
        f"{loaded.name}_history",
        f"One row per version of a row of {loaded.name} that a later load replaced.",
        (*key_of(loaded), "load_id"),
        *kept,
        column("replaced_by", Integer, "The load that replaced this version; see loads.", required=True),
    )


def history_of(known: Table) -> Table | None:
    """Return the table that keeps the replaced versions of the rows of this one; null where none are replaced."""
    return metadata.tables.get(f"{known.name}_history")


def version_of(known: Table) -> str | None:
    """Return the column with the load that last touched a row; null where a table is always written as a whole."""
    return next((name for name in ("replaced_by", "load_id") if name in known.columns), None)


shop = table(
    "shop",
    "One row: the shop.",
    ("name",),
    column("name", String, "Display name."),
    column("currency", String, "ISO 4217 code of the reporting currency.", required=True),
    column("time_zone", String, "IANA name; days are cut in it.", required=True),
)

loads = table(
    "loads",
    "One row per delivery that was loaded. rows_in = rows_loaded + rows_quarantined.",
    ("load_id",),
    column("load_id", Integer, "Counts up by one."),
    column("run_id", String, "The run it belongs to.", required=True),
    column("source", String, "Name of the source or mapping.", required=True),
    column("delivery", String, "File name or table of the source.", required=True),
    column("fingerprint", String, "SHA-256 of the delivered bytes and of the mapping that read them.", required=True),
    column("rows_in", BigInteger, "Rows delivered.", required=True),
    column("rows_new", BigInteger, "Rows loaded for the first time, or in a new version.", required=True),
    column("rows_known", BigInteger, "Rows that were in the warehouse already.", required=True),
    column("rows_quarantined", BigInteger, "Rows held back; see quarantine.", required=True),
    column(
        "rows_duplicate", BigInteger, "Rows equal to an earlier one of the delivery: kept, counted too.", required=True
    ),
    column("loaded_at", DateTime, "UTC.", required=True),
    column("settle_hours", Integer, "Hours after a day's end until its rows have all come; null counts as 0."),
)

quarantine = table(
    "quarantine",
    "One row per delivered row that was held back.",
    ("source", "delivery", "source_row", "fingerprint"),
    column("run_id", String, "The run that held it back.", required=True),
    column("source", String, "Name of the source or mapping."),
    column("delivery", String, "File name or table of the source."),
    column("fingerprint", String, "The delivery's fingerprint; see loads."),
    column("source_row", BigInteger, "Row number in the delivery, from 1, not counting a header."),
    column("rule", String, "Name of the broken rule.", required=True),
    column("column_name", String, "Column at fault, where one is."),
    column("value", String, "The offending value as delivered."),
    column("reason", String, "What is wrong and what would work, in words.", required=True),
    column("raw", String, "The whole row as delivered, as a JSON object.", required=True),
    column("quarantined_at", DateTime, "UTC.", required=True),
    column("replayed_at", DateTime, "UTC; null while it is held back."),
    load_id(),
)

lookups = table(
    "lookups",
    "One row per key that a mapping keeps for rows of other files, for example when an order was placed and by whom.",
    ("source", "lookup", "lookup_key"),
    column("source", String, "Name of the mapping."),
    column("lookup", String, "What the mapping calls it, for example orders."),
    column("lookup_key", String, "The key as delivered."),
    column("content", String, "The kept columns, as a JSON object.", required=True),
    load_id(),
)

ledger = table(
    "ledger",
    "One row per money or quantity event. Append-only: a correction is a new row.",
    ("source", "source_id"),
    column("source", String, "Name of the source or mapping."),
    column("source_id", String, "Identity of the event within its source."),
    column("source_row", BigInteger, "Row number in the delivery, where the source is a file."),
    column("kind", String, "What happened; see ecombi.schema.kinds.Kind.", required=True),
    column("event_at", DateTime, "UTC; when it happened (basis booked).", required=True),
    column("order_at", DateTime, "UTC; when its order was placed (basis ordered).", required=True),
    column("event_on", Date, "Day of event_at in the shop's time zone.", required=True),
    column("order_on", Date, "Day of order_at in the shop's time zone.", required=True),
    column("event_hour", SmallInteger, "Hour of event_at on the shop's clock, 0 to 23.", required=True),
    column("order_hour", SmallInteger, "Hour of order_at on the shop's clock, 0 to 23.", required=True),
    column("order_id", String, "Order, invoice or credit note, where the event has one."),
    column("line_id", String, "Line of the order, where the event has one."),
    column("customer_id", String, "Null for a guest without identity."),
    column("sku", String, "Product, where the event has one."),
    column("channel", String, "Sales channel."),
    column("country", String, "Country of the customer as the shop names it."),
    column("qty", BigInteger, "Whole units; negative for goods coming back or written off.", required=True),
    column("amount", MONEY, "In the shop's currency, exact, signed from the shop's side.", required=True),
    column(
        "cost_amount",
        MONEY,
        "Of a sale, discount or return: cost of the goods it moves, at the time of sale, sign as qty; 0 where it moves "
        "none, as a discount, or brings back scrapped ones; null where the product's cost is unknown.",
    ),
    column("currency", String, "ISO 4217 code the customer paid in.", required=True),
    column("fx_to_shop", RATE, "Shop currency per unit of currency; 1 where they are the same.", required=True),
    column("loaded_at", DateTime, "UTC; when this row became known.", required=True),
    load_id(),
)

products = table(
    "products",
    "One row per product.",
    ("sku",),
    column("sku", String, "Stock keeping unit, as the shop writes it."),
    column("name", String, "Display name."),
    column("category", String, "Category; null where the shop has none."),
    load_id(),
)

sessions = table(
    "sessions",
    "One row per web or app session. A step's time is null unless every step before it was reached first.",
    ("session_id",),
    column("session_id", String, "Identity of the session."),
    column("started_at", DateTime, "UTC.", required=True),
    column("started_on", Date, "Day in the shop's time zone.", required=True),
    column("customer_id", String, "Where the visitor is known."),
    column("channel", String, "Sales channel."),
    column("country", String, "Country of the visitor."),
    column("device", String, "desktop, mobile or tablet."),
    column("traffic_source", String, "Where the visitor came from, for example paid_search."),
    column("viewed_at", DateTime, "UTC; first product view."),
    column("added_at", DateTime, "UTC; first addition to the basket after the view."),
    column("checkout_at", DateTime, "UTC; first start of a checkout after the addition."),
    column("completed_at", DateTime, "UTC; first completed checkout after its start."),
    column("order_id", String, "The order it ended in, if any."),
    column("ended_at", DateTime, "UTC; the last thing that happened in it; null where nobody records it."),
    column("is_bot", Boolean, "A machine's visit; null where nobody records it."),
    load_id(),
)

payments = table(
    "payments",
    "One row per capture, refund or chargeback at a payment provider.",
    ("payment_id",),
    column("payment_id", String, "Identity at the provider."),
    column("order_id", String, "Order it pays for."),
    column("kind", String, "capture, refund or chargeback.", required=True),
    column("method", String, "card, paypal, gift_card..."),
    column("paid_at", DateTime, "UTC.", required=True),
    column("paid_on", Date, "Day in the shop's time zone.", required=True),
    column("amount", MONEY, "In the shop's currency; negative for money going back.", required=True),
    column("fee_amount", MONEY, "Fee the provider kept, positive.", required=True),
    column("payout_id", String, "The payout it was settled in; null while open."),
    load_id(),
)

inventory_daily = table(
    "inventory_daily",
    "One row per product and day: stock at the end of the day.",
    ("day", "sku"),
    column("day", Date, "Day in the shop's time zone."),
    column("sku", String, "Product."),
    column("on_hand", BigInteger, "Units in the warehouse.", required=True),
    column("committed", BigInteger, "Units sold and not yet shipped.", required=True),
    column("incoming", BigInteger, "Units ordered from suppliers and not yet received.", required=True),
    column("unit_cost", MONEY, "Cost of one unit that day.", required=True),
    load_id(),
)

suppliers = table(
    "suppliers",
    "One row per supplier.",
    ("supplier_id",),
    column("supplier_id", String, "Identity of the supplier."),
    column("name", String, "Display name.", required=True),
    column("country", String, "Country it ships from."),
    load_id(),
)

purchase_orders = table(
    "purchase_orders",
    "One row per line of a purchase order.",
    ("po_id", "sku"),
    column("po_id", String, "Identity of the purchase order."),
    column("sku", String, "Product."),
    column("supplier_id", String, "Supplier.", required=True),
    column("ordered_on", Date, "Day the order was sent.", required=True),
    column("requested_on", Date, "Day we asked for.", required=True),
    column("confirmed_on", Date, "Day the supplier first confirmed; null where it has not."),
    column("last_confirmed_on", Date, "Day the supplier confirmed last; null where it never changed the first one."),
    column("received_on", Date, "Day of the first receipt; null while open. Where receipts has the line, that counts."),
    column("ordered_qty", BigInteger, "Units ordered.", required=True),
    column("received_qty", BigInteger, "Units received so far; see received_on.", required=True),
    column("unit_cost", MONEY, "Cost of one unit.", required=True),
    load_id(),
)

receipts = table(
    "receipts",
    "One row per line of a purchase order and day on which units of it came.",
    ("po_id", "sku", "received_on"),
    column("po_id", String, "Purchase order."),
    column("sku", String, "Product."),
    column("received_on", Date, "Day of the receipt."),
    column("qty", BigInteger, "Units received that day.", required=True),
    load_id(),
)

shipments = table(
    "shipments",
    "One row per parcel.",
    ("shipment_id",),
    column("shipment_id", String, "Identity of the parcel."),
    column("order_id", String, "Order it belongs to.", required=True),
    column("carrier", String, "Carrier.", required=True),
    column("country", String, "Destination."),
    column("shipped_at", DateTime, "UTC.", required=True),
    column("shipped_on", Date, "Day in the shop's time zone.", required=True),
    column("promised_on", Date, "Day promised to the customer.", required=True),
    column("delivered_at", DateTime, "UTC; null while on its way."),
    column("delivered_on", Date, "Day in the shop's time zone; null while on its way."),
    column("ordered_qty", BigInteger, "Units the order asked for.", required=True),
    column("shipped_qty", BigInteger, "Units in this parcel.", required=True),
    column("cost_amount", MONEY, "What the carrier charged, positive.", required=True),
    column("is_documented", Boolean, "Its papers were right; null where nobody records it."),
    column("is_undamaged", Boolean, "It arrived undamaged; null where nobody records it."),
    load_id(),
)

shipment_lines = table(
    "shipment_lines",
    "One row per parcel and line of its order that it holds units of.",
    ("shipment_id", "line_id"),
    column("shipment_id", String, "Parcel."),
    column("line_id", String, "Line of the order, as in the ledger; the product where its sales have no lines."),
    column("sku", String, "Product."),
    column("qty", BigInteger, "Units in this parcel.", required=True),
    column("shipped_at", DateTime, "UTC; when the parcel left.", required=True),
    load_id(),
)

promises = table(
    "promises",
    "One row per order: what its customer was told when it was placed.",
    ("order_id",),
    column("order_id", String, "Order."),
    column("made_at", DateTime, "UTC; when the promise was made.", required=True),
    column("made_on", Date, "Day in the shop's time zone.", required=True),
    column("promised_on", Date, "Day by which the whole order was promised.", required=True),
    load_id(),
)

ad_spend = table(
    "ad_spend",
    "One row per day and campaign.",
    ("day", "campaign"),
    column("day", Date, "Day in the shop's time zone."),
    column("campaign", String, "Campaign."),
    column("traffic_source", String, "Where it advertises, for example paid_search.", required=True),
    column("spend_amount", MONEY, "In the shop's currency, positive.", required=True),
    column("impressions", BigInteger, "Times shown.", required=True),
    column("clicks", BigInteger, "Times clicked.", required=True),
    load_id(),
)

reviews = table(
    "reviews",
    "One row per review of an order.",
    ("review_id", "order_id"),
    column("review_id", String, "Identity of the review."),
    column("order_id", String, "Order it speaks of."),
    column("score", SmallInteger, "1 to 5.", required=True),
    column("title", String, "As written."),
    column("message", String, "As written."),
    column("created_at", DateTime, "UTC.", required=True),
    load_id(),
)

LOADED = (
    ledger,
    products,
    sessions,
    payments,
    inventory_daily,
    suppliers,
    purchase_orders,
    receipts,
    shipments,
    shipment_lines,
    promises,
    ad_spend,
    reviews,
)
"""Tables that sources deliver into."""

HISTORY = tuple(_history(loaded) for loaded in LOADED if loaded is not ledger)
"""The replaced versions of the loaded tables; the ledger is append-only and has none.

What was known right after load L: a table's rows with load_id <= L, and those of its history with load_id <= L that
were replaced later, replaced_by > L.
"""

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
    "promises": {"made_on": ("made_at", "day")},
}
"""Columns of loaded tables that no source delivers: day or hour, on the shop's clock, of another column."""
