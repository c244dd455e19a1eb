"""What was planted can be found again in the data, within sampling error."""

from __future__ import annotations

from math import sqrt
from typing import Any

import duckdb
import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import gammaln, hyp2f1

from ecombi.sources.simulated.suppliers import IN_TWO

DAILY = """
    SELECT c.*, coalesce(orders, 0) AS orders FROM truth_calendar c LEFT JOIN
    (SELECT shop_day(order_at) AS day, count(DISTINCT order_id) AS orders FROM ledger WHERE kind = 'sale' GROUP BY 1)
    USING (day)
"""


def test_orders_by_weekday_follow_the_planted_week(db: duckdb.DuckDBPyConnection) -> None:
    found = db.execute(f"SELECT sum(orders), sum(expected_orders) FROM ({DAILY}) GROUP BY isodow(day)").fetchall()
    assert len(found) == 7
    assert all(abs(orders - expected) < 4 * sqrt(expected) for orders, expected in found)


def test_orders_by_month_follow_the_planted_year_and_growth(db: duckdb.DuckDBPyConnection) -> None:
    found = db.execute(
        f"SELECT sum(orders), sum(expected_orders) FROM ({DAILY}) GROUP BY date_trunc('month', day)"
    ).fetchall()
    assert len(found) == 24
    # Customers who buy often make months spread wider than independent orders would.
    assert all(abs(orders - expected) < 6 * sqrt(expected) for orders, expected in found)


def test_promotions_lift_the_orders_as_planted(db: duckdb.DuckDBPyConnection, truth: Any) -> None:
    found = db.execute(
        f"SELECT promotion, sum(orders), sum(expected_orders), any_value(lift) FROM ({DAILY}) "
        "WHERE promotion IS NOT NULL GROUP BY 1"
    ).fetchall()
    assert {name for name, *_ in found} == {event["name"] for event in truth["promotions"]}
    for name, orders, expected, lift in found:
        assert orders / (expected / lift) == pytest.approx(lift, abs=4.5 * lift / sqrt(expected)), name


def test_return_rates_by_category_are_the_planted_ones(db: duckdb.DuckDBPyConnection, truth: Any) -> None:
    # Orders of the last three months may still come back, and fraud never does.
    found = db.execute(
        """SELECT category, sum(qty) FILTER (kind = 'sale') AS sold, -sum(qty) FILTER (kind = 'return') AS back
        FROM ledger JOIN products USING (sku)
        WHERE order_at < TIMESTAMP '2026-08-01' AND order_id NOT IN
            (SELECT order_id FROM ledger WHERE kind = 'chargeback') GROUP BY 1"""
    ).fetchall()
    planted = {category["name"]: category["return_probability"] for category in truth["categories"]}
    assert len(found) == 8
    for category, sold, back in found:
        p = planted[category]
        assert abs(back - sold * p) < 4 * sqrt(sold * p * (1 - p)) + sold * p * 0.01, category


def test_lead_times_are_the_planted_ones(db: duckdb.DuckDBPyConnection, truth: Any) -> None:
    planted = {supplier["supplier_id"]: supplier for supplier in truth["suppliers"]}
    # Only orders old enough to have arrived, or the quick ones would be over-represented.
    found = db.execute(
        """SELECT supplier_id, count(*), avg(days), stddev(days) FROM (
            SELECT DISTINCT supplier_id, po_id, received_on - ordered_on AS days FROM purchase_orders
            WHERE ordered_on < DATE '2026-06-01') GROUP BY 1"""
    ).fetchall()
    assert len(found) == 16
    for supplier, count, mean, sd in found:
        expected, spread = planted[supplier]["lead_mean"], planted[supplier]["lead_sd"]
        assert mean == pytest.approx(expected, abs=4 * spread / sqrt(count)), supplier
        assert sd == pytest.approx(spread, rel=0.4), supplier


def test_some_purchase_order_lines_come_in_two(db: duckdb.DuckDBPyConnection, none: Any) -> None:
    ((lines, again),) = db.execute(
        """SELECT count(*), count(*) FILTER (receipts = 2) FROM (
            SELECT count(*) AS receipts FROM receipts JOIN purchase_orders USING (po_id, sku)
            WHERE ordered_on < DATE '2026-06-01' AND ordered_qty >= 10 GROUP BY po_id, sku)"""
    ).fetchall()
    assert again == pytest.approx(lines * IN_TWO, abs=4 * sqrt(lines * IN_TWO))
    none("FROM (SELECT count(*) AS receipts FROM receipts GROUP BY po_id, sku) WHERE receipts > 2")
    none(
        """FROM purchase_orders FULL JOIN
        (SELECT po_id, sku, min(received_on) AS first_on, sum(qty) AS units FROM receipts GROUP BY ALL)
        USING (po_id, sku)
        WHERE received_on IS DISTINCT FROM first_on OR received_qty IS DISTINCT FROM coalesce(units, 0)"""
    )


def test_carriers_are_as_late_as_planted(db: duckdb.DuckDBPyConnection, truth: Any) -> None:
    planted = {carrier["name"]: carrier for carrier in truth["carriers"]}
    found = db.execute(
        """SELECT carrier, count(*), avg(shop_day(delivered_at) - shop_day(shipped_at)) FROM shipments
        WHERE shipped_at < TIMESTAMP '2026-10-01' GROUP BY 1"""
    ).fetchall()
    assert len(found) == 4
    for carrier, count, mean in found:
        late = planted[carrier]["late"]
        assert mean == pytest.approx(planted[carrier]["promised"] - 1 + late, abs=4 * sqrt(late / count)), carrier


def test_a_few_parcels_are_damaged_or_have_wrong_papers(db: duckdb.DuckDBPyConnection, truth: Any) -> None:
    ((count, damaged, undocumented, both),) = db.execute(
        """SELECT count(*), count(*) FILTER (NOT is_undamaged), count(*) FILTER (NOT is_documented),
            count(*) FILTER (NOT (is_undamaged OR is_documented)) FROM shipments"""
    ).fetchall()
    p, q = truth["parcels"]["damaged_share"], truth["parcels"]["undocumented_share"]
    assert damaged == pytest.approx(count * p, abs=4 * sqrt(count * p))
    assert undocumented == pytest.approx(count * q, abs=4 * sqrt(count * q))
    # One has nothing to do with the other.
    assert both == pytest.approx(count * p * q, abs=4 * sqrt(count * p * q) + 1)


def test_a_third_of_the_late_purchase_orders_are_confirmed_anew(db: duckdb.DuckDBPyConnection, none: Any) -> None:
    none("FROM purchase_orders WHERE last_confirmed_on <= confirmed_on OR last_confirmed_on <> received_on")
    ((late, told),) = db.execute(
        """SELECT count(DISTINCT po_id), count(DISTINCT po_id) FILTER (last_confirmed_on IS NOT NULL)
        FROM purchase_orders WHERE received_on > confirmed_on"""
    ).fetchall()
    assert late > 100
    assert told == pytest.approx(late / 3, abs=4 * sqrt(late * 2 / 9))


def test_customers_buy_as_often_as_their_true_rate_says(db: duckdb.DuckDBPyConnection) -> None:
    ((customers, repeats, expected),) = db.execute(
        """WITH length AS (SELECT max(clock + season) AS total FROM truth_calendar),
        bought AS (SELECT customer_id, count(DISTINCT order_id) AS orders FROM ledger WHERE kind = 'sale' GROUP BY 1)
        SELECT count(*), sum(orders - 1), sum(purchase_rate * (least(dropped_clock, total) - first_order_clock))
        FROM truth_customers JOIN bought USING (customer_id), length"""
    ).fetchall()
    assert customers > 5_000
    assert repeats == pytest.approx(expected, abs=4 * sqrt(expected))


def test_nobody_buys_after_dropping_out(none: Any) -> None:
    none(
        """SELECT * FROM ledger JOIN truth_customers USING (customer_id)
        WHERE kind = 'sale' AND dropped_on IS NOT NULL AND shop_day(order_at) > dropped_on"""
    )


def test_a_pareto_nbd_fit_finds_the_planted_customers(db: duckdb.DuckDBPyConnection, truth: Any) -> None:
    """Schmittlein, Morrison and Colombo 1987; likelihood as in Fader and Hardie 2005, a note on deriving it."""
    frequency, recency, age = (
        np.array(column, dtype=float)
        for column in zip(
            *db.execute(
                """WITH length AS (SELECT max(clock + season) AS total FROM truth_calendar),
                bought AS (
                    SELECT customer_id, count(DISTINCT order_id) - 1 AS x, max(clock) AS last, min(clock) AS first
                    FROM ledger JOIN truth_calendar ON day = shop_day(order_at)
                    WHERE kind = 'sale' AND customer_id IS NOT NULL GROUP BY 1)
                SELECT x, CASE WHEN x = 0 THEN 0 ELSE last - first END, total - first FROM bought, length
                ORDER BY customer_id"""
            ).fetchall(),
            strict=True,
        )
    )

    def loss(logs: np.ndarray) -> float:
        r, alpha, s, beta = np.exp(logs)
        x, first, spread, total = frequency, max(alpha, beta), abs(alpha - beta), r + s + frequency
        other = s + 1 if alpha >= beta else r + x

        def tail(t: np.ndarray) -> np.ndarray:
            return hyp2f1(total, other, total + 1, spread / (first + t)) / (first + t) ** total

        base = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
        alive = (alpha + age) ** -(r + x) * (beta + age) ** -s
        return -float((base + np.log(alive + s / total * (tail(recency) - tail(age)))).sum())

    start = np.log([1.0, 60.0, 1.0, 60.0])
    r, alpha, s, beta = np.exp(minimize(loss, start, method="Nelder-Mead", options={"maxiter": 600}).x)
    planted, dropout = truth["customers"]["purchase_rate_gamma"], truth["customers"]["dropout_rate_gamma"]
    assert r == pytest.approx(planted["shape"], rel=0.20)
    assert r / alpha == pytest.approx(planted["shape"] / planted["rate"], rel=0.15)
    still_there = (beta / (beta + 365)) ** s
    assert still_there == pytest.approx((dropout["rate"] / (dropout["rate"] + 365)) ** dropout["shape"], abs=0.05)


def test_popularity_falls_as_planted(db: duckdb.DuckDBPyConnection) -> None:
    found = db.execute(
        """SELECT popularity, count(*) / sum(count(*)) OVER () FROM ledger JOIN truth_products USING (sku)
        WHERE kind = 'sale' GROUP BY sku, popularity ORDER BY popularity DESC LIMIT 40"""
    ).fetchall()
    planted, sold = np.array(found).T
    assert np.corrcoef(np.log(planted), np.log(sold))[0, 1] > 0.9
    assert sold.sum() == pytest.approx(planted.sum(), rel=0.1)


def test_the_truth_names_the_totals_of_the_data(db: duckdb.DuckDBPyConnection, truth: Any) -> None:
    for table, rows in truth["totals"]["rows"].items():
        assert db.execute(f"SELECT count(*) FROM {table}").fetchall() == [(rows,)]
