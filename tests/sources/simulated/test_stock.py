"""The simulated warehouse: what comes in, lies there and goes out is the same to the unit."""

from __future__ import annotations

from typing import Any

import duckdb

FLOWS = """
    SELECT *, lag(on_hand, 1, opening_qty) OVER (PARTITION BY sku ORDER BY day) AS before
    FROM inventory_daily JOIN truth_stock_flows USING (day, sku) JOIN truth_products USING (sku)
"""


def test_each_evening_is_the_one_before_plus_what_came_less_what_went(none: Any) -> None:
    none(f"FROM ({FLOWS}) WHERE on_hand <> before + received + restocked - shipped - written_off")


def test_every_product_is_counted_every_day(db: duckdb.DuckDBPyConnection) -> None:
    counted = db.execute("SELECT count(*), count(DISTINCT day), count(DISTINCT sku) FROM inventory_daily").fetchall()
    assert counted == [(730 * 420, 730, 420)]


def test_stock_is_never_negative(none: Any) -> None:
    none("FROM inventory_daily WHERE on_hand < 0 OR committed < 0 OR incoming < 0")


def test_receipts_are_the_suppliers_deliveries(none: Any) -> None:
    none(
        """SELECT * FROM truth_stock_flows f FULL JOIN
        (SELECT received_on AS day, sku, sum(qty) AS units FROM receipts GROUP BY ALL) p
        USING (day, sku) WHERE coalesce(f.received, 0) <> coalesce(p.units, 0) AND day IS NOT NULL"""
    )


def test_what_left_is_what_the_parcels_hold(none: Any) -> None:
    none(
        """SELECT * FROM (SELECT day, sum(shipped) AS units FROM truth_stock_flows GROUP BY 1) f
        FULL JOIN (SELECT shop_day(shipped_at) AS day, sum(shipped_qty) AS units FROM shipments GROUP BY 1) s
        USING (day) WHERE coalesce(f.units, 0) <> coalesce(s.units, 0)"""
    )


def test_write_offs_are_in_the_ledger(none: Any) -> None:
    none(
        """SELECT * FROM (SELECT day, sku, written_off FROM truth_stock_flows WHERE written_off > 0) f
        FULL JOIN (SELECT shop_day(event_at) AS day, sku, -qty AS units FROM ledger WHERE kind = 'stock_write_off') l
        USING (day, sku) WHERE written_off IS DISTINCT FROM units"""
    )


def test_restocked_goods_came_back_that_day(none: Any) -> None:
    none(
        """SELECT * FROM (SELECT day, sku, restocked FROM truth_stock_flows WHERE restocked > 0) f
        LEFT JOIN (SELECT shop_day(event_at) AS day, sku, -sum(qty) AS units FROM ledger
            WHERE kind = 'return' GROUP BY ALL) l USING (day, sku) WHERE restocked > coalesce(units, 0)"""
    )


def test_committed_is_what_was_sold_and_has_not_left(none: Any) -> None:
    none(
        """WITH sold AS (
            SELECT shop_day(event_at) AS day, sku, sum(qty) AS units FROM ledger WHERE kind = 'sale' GROUP BY ALL)
        SELECT * FROM (
            SELECT i.day, i.sku, committed,
                sum(coalesce(units, 0) - shipped) OVER (PARTITION BY i.sku ORDER BY i.day) AS open
            FROM inventory_daily i JOIN truth_stock_flows f USING (day, sku) LEFT JOIN sold USING (day, sku))
        WHERE committed <> open"""
    )


def test_incoming_is_what_was_ordered_and_has_not_arrived(none: Any) -> None:
    none(
        # What never came of a line was cancelled with its first receipt; of the last ones more may still come.
        """WITH unsure AS (
            SELECT sku FROM purchase_orders WHERE received_qty < ordered_qty AND received_on > DATE '2026-10-15'),
        moves AS (
            SELECT ordered_on AS day, sku, ordered_qty AS units FROM purchase_orders UNION ALL
            SELECT received_on, sku, received_qty - ordered_qty FROM purchase_orders
            WHERE received_on IS NOT NULL UNION ALL
            SELECT received_on, sku, -qty FROM receipts),
        daily AS (SELECT day, sku, sum(units) AS units FROM moves GROUP BY ALL)
        SELECT * FROM (
            SELECT day, sku, incoming, sum(coalesce(units, 0)) OVER (PARTITION BY sku ORDER BY day) AS open
            FROM inventory_daily LEFT JOIN daily USING (day, sku))
        WHERE incoming <> open AND sku NOT IN (FROM unsure)"""
    )


def test_a_product_that_is_out_in_the_evening_with_nothing_arriving_is_not_sold_the_next_day(none: Any) -> None:
    none(
        """WITH sold AS (SELECT shop_day(event_at) AS day, sku FROM ledger WHERE kind = 'sale' GROUP BY ALL)
        SELECT * FROM inventory_daily i JOIN sold s ON s.sku = i.sku AND s.day = i.day + 1
        JOIN truth_stock_flows f ON f.sku = i.sku AND f.day = i.day + 1
        WHERE i.on_hand <= i.committed AND f.received + f.restocked = 0"""
    )


def test_stock_outs_happen_and_cost_sales(db: duckdb.DuckDBPyConnection) -> None:
    ((out, lost),) = db.execute(
        "SELECT avg((on_hand = 0)::INT), sum(lost_lines) FROM inventory_daily JOIN truth_stock_flows USING (day, sku)"
    ).fetchall()
    assert 0.002 < out < 0.10
    assert lost > 100


def test_no_parcel_holds_more_than_its_order_and_all_parcels_at_most_all_of_it(none: Any) -> None:
    none("SELECT order_id FROM shipments GROUP BY 1 HAVING sum(shipped_qty) > any_value(ordered_qty)")
    none(
        """SELECT * FROM shipments JOIN (SELECT order_id, sum(qty) AS units FROM ledger WHERE kind = 'sale' GROUP BY 1)
        USING (order_id) WHERE ordered_qty <> units"""
    )


def test_parcels_leave_after_the_order_on_working_days_and_arrive_later(none: Any) -> None:
    none(
        """SELECT * FROM shipments JOIN (SELECT order_id, min(order_at) AS placed FROM ledger GROUP BY 1)
        USING (order_id) WHERE shipped_at <= placed OR isodow(shipped_at) > 5 OR delivered_at <= shipped_at"""
    )


def test_returns_come_after_the_delivery(none: Any) -> None:
    none(
        """SELECT * FROM (SELECT order_id, min(event_at) AS back FROM ledger WHERE kind = 'return' GROUP BY 1)
        JOIN (SELECT order_id, min(delivered_at) AS arrived FROM shipments GROUP BY 1) USING (order_id)
        WHERE arrived IS NULL OR back <= arrived"""
    )
