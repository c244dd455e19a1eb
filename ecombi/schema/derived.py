"""The tables that are computed from the loaded ones after each load."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, SmallInteger, String

from ecombi.schema.columns import MONEY, SUM, column, table

orders = table(
    "orders",
    "One row per order with at least one sale.",
    ("order_id",),
    column("order_id", String, "Order or invoice number."),
    column("customer_id", String, "Null for a guest without identity."),
    column("source", String, "Name of the source that delivered it.", required=True),
    column("ordered_at", DateTime, "UTC.", required=True),
    column("ordered_on", Date, "Day in the shop's time zone.", required=True),
    column("ordered_hour", SmallInteger, "Hour on the shop's clock, 0 to 23.", required=True),
    column("booked_on", Date, "Day of its first sale, in the shop's time zone.", required=True),
    column("amended_on", Date, "Last later day on which goods were sold or discounted for it; null where on none."),
    column("channel", String, "Sales channel."),
    column("country", String, "Country of the customer."),
    column("traffic_source", String, "Where the visit that ended in it came from; null where no visit is known."),
    column("device", String, "Device of that visit."),
    column("customer_order_number", Integer, "1 for the customer's first order ever; null for a guest."),
    column("previous_ordered_on", Date, "Day of the customer's order before; null for the first one and for a guest."),
    column("previous_booked_on", Date, "The same by the day of the first sale."),
    column("units", BigInteger, "Units sold.", required=True),
    column("goods_amount", SUM, "Gross sales less discounts.", required=True),
    column("net_amount", SUM, "Gross sales less discounts and returns to date.", required=True),
    column("cost_amount", SUM, "Cost of its goods, less that of goods back in stock; null where no cost is known."),
)

saleless_orders = table(
    "saleless_orders",
    "One row per order that customers were charged for without a sale, such as one of gift cards alone.",
    ("order_id",),
    column("order_id", String, "Order number."),
    column("charged_on", Date, "Day of its first charge or discount, in the shop's time zone.", required=True),
)

customers = table(
    "customers",
    "One row per customer who ever ordered.",
    ("customer_id",),
    column("customer_id", String, "Identity in the shop."),
    column("country", String, "Country of the latest order."),
    column("channel", String, "Sales channel of the first order."),
    column("traffic_source", String, "Where the visit that ended in the first order came from."),
    column("first_order_on", Date, "Day in the shop's time zone.", required=True),
    column("second_order_on", Date, "Day in the shop's time zone; null after one order."),
    column("last_order_on", Date, "Day in the shop's time zone.", required=True),
    column("order_count", BigInteger, "Orders to date.", required=True),
    column("net_amount", SUM, "Net sales of the orders to date.", required=True),
    column("cost_amount", SUM, "Cost of their goods; null where no cost is known."),
)

fulfilments = table(
    "fulfilments",
    "One row per order placed while parcels of its source are recorded: from the day of the first one to the last.",
    ("order_id",),
    column("order_id", String, "Order."),
    column("source", String, "Name of the source that delivered it.", required=True),
    column("channel", String, "Sales channel."),
    column("country", String, "Country of the customer."),
    column("ordered_on", Date, "Day in the shop's time zone.", required=True),
    column(
        "due_on",
        Date,
        "Day promised with the order, else for its last parcel; null where cancelled by then.",
    ),
    column("ordered_qty", BigInteger, "Units the order asked for.", required=True),
    column("first_qty", BigInteger, "Units that left with the first parcel.", required=True),
    column("shipped_qty", BigInteger, "Units that left so far.", required=True),
    column("ordered_lines", BigInteger, "Lines of the order; null where nobody records what its parcels hold."),
    column("first_lines", BigInteger, "Lines of which every unit left with the first parcel."),
    column("delivered_on", Date, "Day the last parcel arrived; null while one is on its way or units are missing."),
    column("is_in_full", Boolean, "Every unit ordered has been delivered.", required=True),
    column("is_on_time", Boolean, "Something was sent, and all of it arrived by the promised day.", required=True),
    column("is_documented", Boolean, "No parcel's papers were wrong; true where nobody records it.", required=True),
    column("is_undamaged", Boolean, "No parcel arrived damaged; true where nobody records it.", required=True),
)

purchase_lines = table(
    "purchase_lines",
    "One row per line of a purchase order.",
    ("po_id", "sku"),
    column("po_id", String, "Identity of the purchase order."),
    column("sku", String, "Product."),
    column("source", String, "Name of the source that delivered the line."),
    column("supplier_id", String, "Supplier.", required=True),
    column("ordered_on", Date, "Day the order was sent.", required=True),
    column("requested_on", Date, "Day we asked for.", required=True),
    column("confirmed_on", Date, "Day the supplier first confirmed; null where it has not."),
    column("last_confirmed_on", Date, "Day the supplier confirmed last; null where it never changed the first one."),
    column("first_received_on", Date, "Day of the first receipt; null while open."),
    column("received_on", Date, "Day all units ordered had come; of the last receipt while some are missing."),
    column("ordered_qty", BigInteger, "Units ordered.", required=True),
    column("received_qty", BigInteger, "Units received so far.", required=True),
    column("unit_cost", MONEY, "Cost of one unit.", required=True),
)

goods_receipts = table(
    "goods_receipts",
    "One row per line of a purchase order and day on which units of it came.",
    ("po_id", "sku", "received_on"),
    column("po_id", String, "Identity of the purchase order."),
    column("sku", String, "Product."),
    column("received_on", Date, "Day of the receipt."),
    column("source", String, "Name of the source that delivered the line."),
    column("supplier_id", String, "Supplier.", required=True),
    column("ordered_on", Date, "Day the order was sent.", required=True),
    column("qty", BigInteger, "Units received that day.", required=True),
    column("missing_qty", BigInteger, "Units of the line still missing after it, at least 0.", required=True),
)

cohort_months = table(
    "cohort_months",
    "One row per cohort, month in which it ordered, and country, channel and traffic source of its customers.",
    ("cohort", "month", "country", "channel", "traffic_source"),
    column("cohort", Date, "First day of the month of the customers' first order."),
    column("month", Date, "First day of the month they ordered in."),
    column("country", String, "Country of the customers; null where unknown."),
    column("channel", String, "Sales channel of their first order."),
    column("traffic_source", String, "Where the visit that ended in their first order came from."),
    column("customers", BigInteger, "Customers of the cohort who ordered in the month.", required=True),
    column("orders", BigInteger, "Their orders in the month.", required=True),
    column("net_amount", SUM, "Net sales of these orders to date.", required=True),
    unknown=("country", "channel", "traffic_source"),
)

customer_scores = table(
    "customer_scores",
    "One row per customer: recency, frequency and monetary value on the day after the last order of the shop.",
    ("customer_id",),
    column("customer_id", String, "Identity in the shop."),
    column("as_of", Date, "Orders before this day count.", required=True),
    column("recency_days", BigInteger, "Days since the last order.", required=True),
    column("frequency", BigInteger, "Orders.", required=True),
    column("monetary_value", SUM, "Net sales of the orders.", required=True),
    column("r", BigInteger, "Recency score, 5 is best.", required=True),
    column("f", BigInteger, "Frequency score, 5 is best.", required=True),
    column("m", BigInteger, "Monetary score, 5 is best.", required=True),
    column("segment", String, "Name of the segment of the scores.", required=True),
)

product_positions = table(
    "product_positions",
    "One row per product with stock recorded on the last recorded evening, and what advice is computed from.",
    ("sku",),
    column("sku", String, "Stock keeping unit, as the shop writes it."),
    column("supplier_id", String, "Supplier of its last purchase order; null where nothing was ever ordered."),
    column("stock_on", Date, "The evening of the stock: the last recorded one.", required=True),
    column("on_hand", BigInteger, "Units in the warehouse.", required=True),
    column("committed", BigInteger, "Units sold and not yet shipped.", required=True),
    column("incoming", BigInteger, "Units ordered from suppliers and not yet received.", required=True),
    column("unit_cost", MONEY, "Cost of one unit that evening.", required=True),
    column("days", BigInteger, "Days of the window that count for the demand; see the analysis demand."),
    column("units", BigInteger, "Units ordered on these days."),
    column("unit_squares", BigInteger, "Sum of the squares of the units of each of these days."),
    column("deliveries", BigInteger, "Last deliveries of the supplier; null before the first."),
    column("lead_days", BigInteger, "Sum of the calendar days they took."),
    column("lead_squares", BigInteger, "Sum of the squares of the days each of them took."),
)

days_loaded = table(
    "days_loaded",
    "One row per basis, day and load: how many rows of the day the load brought.",
    ("basis", "day", "load_id"),
    column("basis", String, "booked or ordered for ledger rows; else the table and its date, such as payments:day."),
    column("day", Date, "Day in the shop's time zone, by that basis."),
    column("load_id", Integer, "The load."),
    column("entries", BigInteger, "Rows.", required=True),
)

facts = table(
    "facts",
    "One row per thing known of the snapshot as a whole.",
    ("name",),
    column("name", String, "What is known; see ecombi.metrics.facts."),
    column("value", String, "As text."),
)

BUILT = (
    orders,
    saleless_orders,
    customers,
    fulfilments,
    purchase_lines,
    goods_receipts,
    cohort_months,
    customer_scores,
    product_positions,
    days_loaded,
    facts,
)
"""All of them; the rollups of ecombi.metrics.rollups come on top."""
