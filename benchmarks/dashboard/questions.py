"""What the dashboards ask: each question through the product, in SQL written by hand, and in pandas.

The SQL by hand reads the tables the product reads, but none of it comes from the planner. `clock.py` makes sure that
both answer alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from dashboard import frames
from dashboard.draws import Draw
from dashboard.frames import Frames
from ecombi.workspace.workspace import Workspace

YEAR = 365
FOUR_WEEKS = 29
_TILES = ["net_sales", "gross_margin_rate", "orders", "aov", "customers", "returning_customer_rate"]
_STEPS = ["sessions", "sessions_viewed", "sessions_added", "sessions_checkout", "sessions_completed"]
_BUYERS = ["customers", "new_customers", "returning_customers"]
_PRODUCTS = ["net_sales", "units", "return_rate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing a dashboard shows.

    Attributes:
        name: What it is.
        ask: Asks the product.
        by_hand: SQL with $name values; its columns are among those of the product's answer.
        pandas: The same on frames in memory.
        keys: Columns that identify a row of the answer; none: it has one row.
        days: Length of the period.
    """

    name: str
    ask: Callable[[Workspace, Draw], pd.DataFrame]
    by_hand: str
    pandas: Callable[[Frames, Draw], object]
    keys: tuple[str, ...] = ()
    days: int = YEAR


def _products(name: str, where: Callable[[Draw], dict[str, object]], conditions: str, table: str) -> Question:
    return Question(
        name=name,
        ask=lambda ws, d: ws.query(_PRODUCTS, by="product", basis=d.basis, where=where(d), **d.period),
        by_hand=f"""
            SELECT product, sum(net_sales) AS net_sales, coalesce(sum(units), 0) AS units,
                   CAST(coalesce(sum(units_returned), 0) AS DOUBLE) / nullif(sum(units), 0) AS return_rate
            FROM {table} WHERE basis = $basis AND day >= $start AND day < $end AND net_sales IS NOT NULL {conditions}
            GROUP BY product""",
        pandas=lambda f, d: frames.products(f, d, where(d)),
        keys=("product",),
    )


def _funnel(name: str, by: str, days: int) -> Question:
    sums = ", ".join(f"sum({step}) AS {step}" for step in _STEPS)
    return Question(
        name=name,
        ask=lambda ws, d: ws.query([*_STEPS, "conversion_rate"], by=by, **d.period),
        by_hand=f"""
            SELECT {by}, {sums}, CAST(sum(sessions_completed) AS DOUBLE) / nullif(sum(sessions), 0) AS conversion_rate
            FROM sessions_daily WHERE basis = 'day' AND day >= $start AND day < $end GROUP BY {by}""",
        pandas=lambda f, d: frames.funnel(f, d, by),
        keys=(by,),
        days=days,
    )


def _customers(by: str) -> Question:
    return Question(
        name=f"customers, new and returning, by {by}, compared",
        ask=lambda ws, d: ws.query(_BUYERS, by=by, compare="previous", basis="ordered", **d.period),
        by_hand=f"""
            SELECT {by}, count(DISTINCT customer_id) FILTER (ordered_on >= $start) AS customers,
                   count(DISTINCT customer_id) FILTER (ordered_on < $start) AS customers_before,
                   count(*) FILTER (ordered_on >= $start AND customer_order_number = 1) AS new_customers,
                   count(*) FILTER (ordered_on < $start AND customer_order_number = 1) AS new_customers_before
            FROM orders WHERE ordered_on >= $before AND ordered_on < $end AND customer_id IS NOT NULL GROUP BY {by}""",
        pandas=lambda f, d: frames.customers(f, d, by),
        keys=(by,),
    )


QUESTIONS = (
    Question(
        name="net sales by day beside the period before",
        ask=lambda ws, d: ws.query("net_sales", grain="day", compare="previous", basis=d.basis, **d.period),
        by_hand="""
            WITH now AS (
                SELECT day, sum(net_sales) AS net_sales FROM sales_by_day
                WHERE basis = $basis AND day >= $start AND day < $end GROUP BY day),
            earlier AS (
                SELECT day, sum(net_sales) AS net_sales FROM sales_by_day
                WHERE basis = $basis AND day >= $before AND day < $start GROUP BY day)
            SELECT n.day, n.net_sales, e.net_sales AS net_sales_before,
                   CAST(n.net_sales - e.net_sales AS DOUBLE) / nullif(abs(e.net_sales), 0) AS net_sales_change
            FROM now n LEFT JOIN earlier e
            ON e.day = n.day - CAST(CAST($start AS DATE) - CAST($before AS DATE) AS INTEGER)""",
        pandas=frames.trend,
        keys=("day",),
    ),
    Question(
        name="net sales by country and month",
        ask=lambda ws, d: ws.query("net_sales", by="country", grain="month", basis=d.basis, **d.period),
        by_hand="""
            SELECT country, date_trunc('month', day) AS month, sum(net_sales) AS net_sales FROM sales_by_day
            WHERE basis = $basis AND day >= $start AND day < $end GROUP BY country, date_trunc('month', day)""",
        pandas=lambda f, d: frames.by_month(f, d, "country"),
        keys=("country", "month"),
    ),
    Question(
        name="net sales by category and month, a country",
        ask=lambda ws, d: ws.query(
            "net_sales", by="category", grain="month", basis=d.basis, where={"country": d.country}, **d.period
        ),
        by_hand="""
            SELECT category, date_trunc('month', day) AS month, sum(net_sales) AS net_sales FROM sales_daily
            WHERE basis = $basis AND day >= $start AND day < $end AND country = $country AND net_sales IS NOT NULL
            GROUP BY category, date_trunc('month', day)""",
        pandas=lambda f, d: frames.by_month(f, d, "category", country=d.country),
        keys=("category", "month"),
    ),
    Question(
        name="orders and average value by channel, compared",
        ask=lambda ws, d: ws.query(["orders", "aov"], by="channel", compare="previous", basis=d.basis, **d.period),
        by_hand="""
            WITH sums AS (
                SELECT channel,
                       sum(orders) FILTER (day >= $start) AS orders, sum(orders) FILTER (day < $start) AS orders_before,
                       CAST(sum(order_value) FILTER (day >= $start) AS DOUBLE)
                       / nullif(sum(orders) FILTER (day >= $start), 0) AS aov,
                       CAST(sum(order_value) FILTER (day < $start) AS DOUBLE)
                       / nullif(sum(orders) FILTER (day < $start), 0) AS aov_before
                FROM sales_by_day WHERE basis = $basis AND day >= $before AND day < $end GROUP BY channel)
            SELECT channel, orders, orders_before,
                   (orders - orders_before) / CAST(nullif(abs(orders_before), 0) AS DOUBLE) AS orders_change,
                   aov, aov_before, (aov - aov_before) / nullif(abs(aov_before), 0) AS aov_change
            FROM sums""",
        pandas=frames.orders_by_channel,
        keys=("channel",),
    ),
    Question(
        name="six tiles, compared",
        ask=lambda ws, d: ws.query(_TILES, compare="previous", basis="ordered", **d.period),
        by_hand="""
            WITH money AS (
                SELECT day >= $start AS now, sum(net_sales) AS net_sales, sum(cost_of_goods) AS cost,
                       sum(orders) AS orders, sum(order_value) AS value
                FROM sales_by_day WHERE basis = 'ordered' AND day >= $before AND day < $end GROUP BY 1),
            people AS (
                SELECT TRUE AS now, count(DISTINCT customer_id) AS customers,
                       count(*) FILTER (customer_order_number = 1) AS first_time
                FROM orders WHERE ordered_on >= $start AND ordered_on < $end
                UNION ALL
                SELECT FALSE, count(DISTINCT customer_id), count(*) FILTER (customer_order_number = 1)
                FROM orders WHERE ordered_on >= $before AND ordered_on < $start),
            both_sides AS (
                SELECT now, net_sales, CAST(net_sales - cost AS DOUBLE) / nullif(net_sales, 0) AS gross_margin_rate,
                       orders, CAST(value AS DOUBLE) / nullif(orders, 0) AS aov, customers,
                       CAST(customers - first_time AS DOUBLE) / nullif(customers, 0) AS returning_customer_rate
                FROM money JOIN people USING (now))
            SELECT n.* EXCLUDE (now), e.net_sales AS net_sales_before, e.gross_margin_rate AS gross_margin_rate_before,
                   e.orders AS orders_before, e.aov AS aov_before, e.customers AS customers_before,
                   e.returning_customer_rate AS returning_customer_rate_before
            FROM both_sides n, both_sides e WHERE n.now AND NOT e.now""",
        pandas=frames.tiles,
    ),
    _customers("country"),
    _customers("channel"),
    Question(
        name="customers by month, a country and a channel",
        ask=lambda ws, d: ws.query(
            _BUYERS, grain="month", basis="ordered", where={"country": d.country, "channel": d.channel}, **d.period
        ),
        by_hand="""
            SELECT date_trunc('month', ordered_on) AS month, count(DISTINCT customer_id) AS customers,
                   count(*) FILTER (customer_order_number = 1) AS new_customers
            FROM orders WHERE ordered_on >= $start AND ordered_on < $end AND customer_id IS NOT NULL
            AND country = $country AND channel = $channel GROUP BY date_trunc('month', ordered_on)""",
        pandas=frames.customers_by_month,
        keys=("month",),
    ),
    _funnel("funnel of four weeks by device", "device", FOUR_WEEKS),
    _funnel("funnel of a year by traffic source", "traffic_source", YEAR),
    _products("products", lambda _: {}, "", "products_by_day"),
    _products("products, a country", lambda d: {"country": d.country}, "AND country = $country", "products_daily"),
    _products(
        "products, a country and a channel",
        lambda d: {"country": d.country, "channel": d.channel},
        "AND country = $country AND channel = $channel",
        "products_daily",
    ),
    Question(
        name="customers' orders on time and in full by country",
        ask=lambda ws, d: ws.query(["otif", "on_time_rate", "orders_due"], by="country", **d.period),
        by_hand="""
            SELECT country, CAST(sum(orders_on_time_in_full) AS DOUBLE) / nullif(sum(orders_due), 0) AS otif,
                   CAST(sum(orders_on_time) AS DOUBLE) / nullif(sum(orders_due), 0) AS on_time_rate,
                   sum(orders_due) AS orders_due
            FROM fulfilments_daily WHERE basis = 'due' AND day >= $start AND day < $end GROUP BY country""",
        pandas=frames.otif,
        keys=("country",),
    ),
    Question(
        name="suppliers on time and in full, lead time",
        ask=lambda ws, d: ws.query(["supplier_otif_confirmed", "supplier_lead_time"], by="supplier", **d.period),
        by_hand="""
            WITH due AS (
                SELECT supplier_id AS supplier,
                       avg(CASE WHEN received_on <= confirmed_on AND received_qty >= ordered_qty
                                THEN 1.0 ELSE 0.0 END) AS supplier_otif_confirmed
                FROM purchase_lines WHERE confirmed_on >= $start AND confirmed_on < $end
                AND confirmed_on < CAST($last AS DATE) - 1 GROUP BY supplier_id),
            received AS (
                SELECT supplier_id AS supplier, avg(first_received_on - ordered_on) AS supplier_lead_time
                FROM purchase_lines WHERE first_received_on >= $start AND first_received_on < $end
                GROUP BY supplier_id)
            SELECT * FROM due FULL JOIN received USING (supplier)""",
        pandas=frames.suppliers,
        keys=("supplier",),
    ),
    Question(
        name="parcels by carrier",
        ask=lambda ws, d: ws.query(["parcels", "parcel_on_time_rate", "cost_per_parcel"], by="carrier", **d.period),
        by_hand="""
            WITH sent AS (
                SELECT carrier, sum(parcels) AS parcels,
                       CAST(sum(shipping_cost) AS DOUBLE) / nullif(sum(parcels), 0) AS cost_per_parcel
                FROM shipments_daily WHERE basis = 'day' AND day >= $start AND day < $end GROUP BY carrier),
            promised AS (
                SELECT carrier,
                       CAST(sum(parcels_on_time) AS DOUBLE) / nullif(sum(parcels_due), 0) AS parcel_on_time_rate
                FROM shipments_daily WHERE basis = 'promised' AND day >= $start AND day < $end
                AND day < CAST($last AS DATE) - 1 GROUP BY carrier)
            SELECT * FROM sent FULL JOIN promised USING (carrier)""",
        pandas=frames.parcels,
        keys=("carrier",),
    ),
    Question(
        name="payments and fees by method and month",
        ask=lambda ws, d: ws.query(
            ["payments_captured", "payment_fees"], by="payment_method", grain="month", **d.period
        ),
        by_hand="""
            SELECT payment_method, date_trunc('month', day) AS month, sum(payments_captured) AS payments_captured,
                   sum(payment_fees) AS payment_fees
            FROM payments_daily WHERE basis = 'day' AND day >= $start AND day < $end
            GROUP BY payment_method, date_trunc('month', day)""",
        pandas=frames.payments,
        keys=("payment_method", "month"),
    ),
    Question(
        name="stock-out rate by category and month",
        ask=lambda ws, d: ws.query("stock_out_rate", by="category", grain="month", **d.period),
        by_hand="""
            SELECT category, date_trunc('month', day) AS month,
                   CAST(coalesce(sum(stock_out_days), 0) AS DOUBLE) / nullif(sum(listed_days), 0) AS stock_out_rate
            FROM stock_daily WHERE basis = 'day' AND day >= $start AND day < $end
            GROUP BY category, date_trunc('month', day)""",
        pandas=frames.stock_outs,
        keys=("category", "month"),
    ),
    Question(
        name="cohorts by month, a country",
        ask=lambda ws, d: ws.customers.cohorts(where={"country": d.country}),
        by_hand="""
            WITH cells AS (
                SELECT cohort, month, sum(customers) AS customers, sum(orders) AS orders, sum(net_amount) AS net_sales,
                       datediff('month', cohort, month) AS age
                FROM cohort_months WHERE country = $country GROUP BY cohort, month),
            grid AS (
                SELECT cohort, customers AS size,
                       unnest(range(0, datediff('month', cohort, CAST($last AS DATE)))) AS age
                FROM cells WHERE age = 0)
            SELECT g.cohort, g.age, g.size, coalesce(c.customers, 0) AS customers,
                   coalesce(c.customers, 0) / CAST(g.size AS DOUBLE) AS retention,
                   coalesce(c.orders, 0) AS orders, coalesce(c.net_sales, 0) AS net_sales
            FROM grid g LEFT JOIN cells c USING (cohort, age)""",
        pandas=frames.cohorts,
        keys=("cohort", "age"),
    ),
    Question(
        name="customer segments (RFM)",
        ask=lambda ws, _: ws.customers.segments(),
        by_hand="""
            SELECT segment, count(*) AS customers, count(*) / CAST(sum(count(*)) OVER () AS DOUBLE) AS share,
                   sum(monetary_value) AS net_sales, avg(frequency) AS average_frequency,
                   avg(recency_days) AS average_recency_days, median(recency_days) AS median_recency_days
            FROM customer_scores GROUP BY segment""",
        pandas=lambda f, _: frames.segments(f),
        keys=("segment",),
    ),
    Question(
        name="inventory with reorder points",
        ask=lambda ws, _: ws.inventory.reorder(),
        by_hand="""
            WITH moments AS (
                SELECT sku AS product, supplier_id AS supplier, on_hand, committed, incoming,
                       on_hand - committed AS available, on_hand - committed + incoming AS position,
                       units / CAST(nullif(days, 0) AS DOUBLE) AS daily_units,
                       sqrt((days * unit_squares - units * units)
                            / CAST(nullif(days * (days - 1), 0) AS DOUBLE)) AS daily_sd,
                       lead_days / CAST(nullif(deliveries, 0) AS DOUBLE) AS lead_days,
                       sqrt((deliveries * lead_squares - lead_days * lead_days)
                            / CAST(nullif(deliveries * (deliveries - 1), 0) AS DOUBLE)) AS lead_sd,
                       greatest(on_hand, 0) * unit_cost AS stock_value, on_hand < 0 AS is_negative
                FROM product_positions),
            safe AS (
                SELECT *, 1.6448536269514722 * sqrt((lead_days + 7) * daily_sd * daily_sd + daily_units * daily_units
                                                    * lead_sd * lead_sd) AS safety_stock
                FROM moments),
            points AS (SELECT *, daily_units * (lead_days + 7) + safety_stock AS reorder_point FROM safe),
            orders AS (
                SELECT *, CASE WHEN position <= reorder_point
                               THEN greatest(ceil(reorder_point + daily_units * 30 - position), 0)
                               WHEN position > reorder_point THEN 0 END AS order_quantity
                FROM points)
            SELECT product, p.name AS product_name, category, supplier, s.name AS supplier_name, on_hand, committed,
                   available, incoming, position, daily_units, daily_sd, lead_days, lead_sd, safety_stock,
                   reorder_point, available / nullif(daily_units, 0) AS days_left, order_quantity,
                   coalesce(order_quantity > 0, FALSE) AS reorder, stock_value, is_negative
            FROM orders LEFT JOIN products p ON product = p.sku LEFT JOIN suppliers s ON supplier = s.supplier_id""",
        pandas=lambda f, _: frames.reorder(f),
        keys=("product",),
    ),
)
