"""The simulated ledger adds up, order by order and penny by penny."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb

LINES = """
    SELECT order_id, line_id, sku,
        sum(qty) FILTER (kind = 'sale') AS sold,
        -coalesce(sum(qty) FILTER (kind = 'return'), 0) AS returned,
        sum(amount) FILTER (kind IN ('sale', 'discount')) AS net,
        coalesce(sum(amount) FILTER (kind = 'tax'), 0) AS tax,
        -coalesce(sum(amount) FILTER (kind = 'return'), 0) AS refunded,
        -coalesce(sum(amount) FILTER (kind = 'tax_refund'), 0) AS tax_refunded,
        any_value(country) AS country, any_value(channel) AS channel
    FROM ledger WHERE line_id IS NOT NULL GROUP BY ALL
"""
TAX = {
    "United Kingdom": 20, "Germany": 19, "France": 20, "Netherlands": 21, "Ireland": 23, "Spain": 21, "Sweden": 25,
    "Italy": 22, "Belgium": 21, "United States": 0,
}  # fmt: skip


def test_it_has_exactly_the_orders_asked_for(db: duckdb.DuckDBPyConnection) -> None:
    found = db.execute("SELECT count(DISTINCT order_id) FROM ledger WHERE kind = 'sale'").fetchall()
    assert found == [(20_000,)]


def test_every_kind_a_shop_has_is_there(db: duckdb.DuckDBPyConnection) -> None:
    kinds = {kind for (kind,) in db.execute("SELECT DISTINCT kind FROM ledger").fetchall()}
    assert kinds == {
        "sale", "discount", "return", "tax", "tax_refund", "shipping", "shipping_discount", "shipping_refund",
        "gift_card_issue", "gift_card_redeem", "adjustment", "fee", "chargeback", "stock_write_off",
    }  # fmt: skip


def test_source_ids_are_unique(none: Any) -> None:
    none("SELECT source_id FROM ledger GROUP BY 1 HAVING count(*) > 1")


def test_amounts_have_the_sign_of_their_kind(none: Any) -> None:
    none("SELECT * FROM ledger WHERE kind IN ('sale', 'tax', 'shipping', 'gift_card_issue') AND amount <= 0")
    none(
        """SELECT * FROM ledger WHERE amount >= 0 AND kind IN ('discount', 'return', 'tax_refund', 'shipping_discount',
        'shipping_refund', 'gift_card_redeem', 'fee', 'chargeback')"""
    )
    none("SELECT * FROM ledger WHERE kind = 'stock_write_off' AND (amount <> 0 OR qty >= 0 OR order_id IS NOT NULL)")


def test_only_goods_have_a_quantity_and_its_sign_follows_the_goods(none: Any) -> None:
    none("SELECT * FROM ledger WHERE kind = 'sale' AND qty <= 0")
    none("SELECT * FROM ledger WHERE kind = 'return' AND qty >= 0")
    none("SELECT * FROM ledger WHERE kind NOT IN ('sale', 'return', 'stock_write_off') AND qty <> 0")
    none("SELECT * FROM ledger WHERE cost_amount IS NOT NULL AND kind NOT IN ('sale', 'discount', 'return')")
    none("SELECT * FROM ledger WHERE cost_amount * sign(qty) < 0")
    none("SELECT * FROM ledger WHERE kind = 'discount' AND cost_amount <> 0")


def test_amounts_are_whole_pennies(none: Any) -> None:
    none("SELECT * FROM ledger WHERE amount * 100 <> trunc(amount * 100)")


def test_tax_is_the_countrys_share_of_what_the_line_costs_to_the_penny(db: duckdb.DuckDBPyConnection) -> None:
    lines = db.execute(f"SELECT net, tax, country, channel FROM ({LINES})").fetchall()
    wrong = []
    for net, tax, country, channel in lines:
        rate = 0 if channel == "Wholesale" and country != "United Kingdom" else TAX[country]
        pennies, half = divmod(int(net * 100) * rate, 100)
        if tax != Decimal(pennies + (half >= 50)) / 100:
            wrong.append((net, tax, country))
    assert len(lines) > 50_000
    assert wrong == []


def test_a_discount_code_takes_ten_percent_off_the_order_to_the_penny(none: Any) -> None:
    none(
        """SELECT order_id,
            sum(amount) FILTER (kind = 'sale' OR source_id LIKE 'LD-%') AS goods,
            -sum(amount) FILTER (source_id LIKE 'OD-%') AS off
        FROM ledger WHERE kind IN ('sale', 'discount') GROUP BY 1
        HAVING off IS NOT NULL AND off <> floor(goods * 10 + 0.5) / 100"""
    )


def test_no_more_units_come_back_than_were_sold(none: Any) -> None:
    none(f"FROM ({LINES}) WHERE sold IS NULL OR returned > sold")


def test_refunds_are_what_was_paid_for_the_units_to_half_a_penny(none: Any) -> None:
    none(f"FROM ({LINES}) WHERE abs(refunded - net * returned / sold) > 0.00501")
    none(f"FROM ({LINES}) WHERE abs(tax_refunded - tax * returned / sold) > 0.00501")


def test_a_line_that_came_back_whole_leaves_nothing(db: duckdb.DuckDBPyConnection, none: Any) -> None:
    whole = f"FROM ({LINES}) WHERE returned = sold"
    none(f"{whole} AND (refunded <> net OR tax_refunded <> tax)")
    assert db.execute(f"SELECT count(*) {whole}").fetchall() > [(1_000,)]


def test_some_lines_come_back_in_two_parcels(db: duckdb.DuckDBPyConnection) -> None:
    twice = """SELECT count(*) FROM (SELECT order_id, line_id FROM ledger WHERE kind = 'return' GROUP BY ALL
        HAVING count(*) = 2 AND count(DISTINCT event_at) = 2)"""
    assert db.execute(twice).fetchall() > [(20,)]


def test_resaleable_returns_give_their_cost_back_and_others_nothing(none: Any) -> None:
    none(
        """SELECT back.source_id FROM ledger back
        JOIN ledger sale ON sale.source_id = 'SA-' || back.order_id[3:] || '-' || back.line_id
        WHERE back.kind = 'return' AND back.cost_amount IS DISTINCT FROM 0
        AND back.cost_amount * sale.qty IS DISTINCT FROM sale.cost_amount * back.qty"""
    )


def test_what_an_order_costs_is_captured(none: Any) -> None:
    none(
        """WITH bill AS (
            SELECT order_id, sum(amount) AS due, any_value(channel) AS channel, min(order_at) AS placed FROM ledger
            WHERE event_at = order_at AND order_id IS NOT NULL AND kind <> 'fee' GROUP BY 1)
        SELECT * FROM bill LEFT JOIN payments p ON p.order_id = bill.order_id AND p.kind = 'capture'
        WHERE bill.due <> coalesce(p.amount, 0) AND placed < TIMESTAMP '2026-10-29'"""
    )


def test_refund_payments_are_what_the_ledger_gives_back(none: Any) -> None:
    none(
        """WITH back AS (SELECT order_id, sum(amount) AS amount FROM ledger WHERE kind IN
            ('return', 'tax_refund', 'shipping_refund')
            OR (kind = 'gift_card_issue' AND event_at > order_at) GROUP BY 1),
        paid AS (SELECT order_id, sum(amount) AS amount FROM payments WHERE kind = 'refund' GROUP BY 1)
        SELECT * FROM back FULL JOIN paid USING (order_id)
        WHERE coalesce(back.amount, 0) <> coalesce(paid.amount, 0)"""
    )


def test_nobody_gets_back_more_than_was_captured(none: Any) -> None:
    none("SELECT order_id FROM payments GROUP BY 1 HAVING sum(amount) < 0")


def test_fees_and_chargebacks_agree_with_the_provider(db: duckdb.DuckDBPyConnection) -> None:
    (paid,) = db.execute("SELECT -sum(fee_amount), sum(amount) FILTER (kind = 'chargeback') FROM payments").fetchall()
    (booked,) = db.execute(
        "SELECT sum(amount) FILTER (kind = 'fee'), sum(amount) FILTER (kind = 'chargeback') FROM ledger"
    ).fetchall()
    assert paid == booked


def test_gift_cards_are_never_used_before_they_are_bought(none: Any) -> None:
    none(
        """SELECT * FROM (SELECT event_at, sum(amount) OVER (ORDER BY event_at) AS owed FROM ledger
        WHERE kind IN ('gift_card_issue', 'gift_card_redeem')) WHERE owed < 0"""
    )


def test_nothing_is_known_before_the_start_or_from_the_end_on(none: Any) -> None:
    start, end = "TIMESTAMP '2024-11-01'", "TIMESTAMP '2026-11-01'"  # both midnights are winter time, so UTC
    for table, column in (
        ("ledger", "event_at"), ("ledger", "order_at"), ("payments", "paid_at"), ("shipments", "shipped_at"),
        ("shipments", "delivered_at"), ("sessions", "started_at"), ("sessions", "viewed_at"), ("sessions", "added_at"),
        ("sessions", "checkout_at"), ("sessions", "completed_at"), ("sessions", "ended_at"), ("inventory_daily", "day"),
        ("ad_spend", "day"), ("purchase_orders", "ordered_on"), ("purchase_orders", "received_on"),
        ("receipts", "received_on"),
    ):  # fmt: skip
        none(f"SELECT * FROM {table} WHERE {column} < {start} OR {column} >= {end}")


def test_events_follow_their_order(none: Any) -> None:
    none("SELECT * FROM ledger WHERE event_at < order_at")
    none("SELECT * FROM ledger WHERE kind = 'return' AND event_at < order_at + INTERVAL 2 DAY")


def test_no_row_points_to_nowhere(none: Any) -> None:
    for table in ("payments", "shipments"):
        none(f"FROM {table} WHERE order_id NOT IN (SELECT order_id FROM ledger WHERE kind = 'sale')")
    for table in ("ledger", "inventory_daily", "purchase_orders", "receipts"):
        none(f"FROM {table} WHERE sku NOT IN (SELECT sku FROM products)")
    none("FROM purchase_orders WHERE supplier_id NOT IN (SELECT supplier_id FROM suppliers)")
    none("FROM ledger WHERE customer_id NOT IN (SELECT customer_id FROM truth_customers)")
    none("FROM sessions WHERE customer_id NOT IN (SELECT customer_id FROM truth_customers)")


def test_the_cost_of_some_products_is_unknown_in_every_row(db: duckdb.DuckDBPyConnection, none: Any) -> None:
    none(
        """SELECT * FROM ledger JOIN truth_products USING (sku)
        WHERE kind IN ('sale', 'discount', 'return') AND (cost_amount IS NOT NULL) <> cost_known"""
    )
    ((coverage,),) = db.execute("SELECT avg(cost_known::INT) FROM truth_products").fetchall()
    assert 0.90 < coverage < 0.99


def test_a_sale_is_at_the_price_of_its_month(none: Any) -> None:
    none(
        """SELECT * FROM ledger JOIN truth_prices USING (sku)
        WHERE kind = 'sale' AND date_trunc('month', shop_day(event_at)) = month AND amount * 100 <> qty *
        CASE WHEN channel = 'Wholesale' THEN floor(price * 68 + 0.5) ELSE price * 100 END"""
    )


def test_promotions_come_off_the_line_and_off_no_other_day(db: duckdb.DuckDBPyConnection, none: Any) -> None:
    black_friday = """SELECT
        round(-amount / (SELECT amount FROM ledger s WHERE s.source_id = 'SA' || d.source_id[3:]), 2)
        FROM ledger d WHERE source_id LIKE 'LD-%' AND shop_day(event_at) = DATE '2025-11-28' LIMIT 1"""
    assert db.execute(black_friday).fetchall() == [(0.25,)]
    none(
        """SELECT * FROM ledger JOIN truth_calendar ON day = shop_day(event_at)
        WHERE source_id LIKE 'LD-%' AND promotion IS NULL"""
    )


def test_foreign_customers_pay_in_their_currency_at_the_days_rate(none: Any) -> None:
    none("SELECT * FROM ledger WHERE country = 'Germany' AND currency <> 'EUR'")
    none("SELECT * FROM ledger WHERE (currency = 'GBP') <> (fx_to_shop = 1)")
    none("SELECT order_id FROM ledger WHERE order_id IS NOT NULL GROUP BY 1 HAVING count(DISTINCT fx_to_shop) > 1")
