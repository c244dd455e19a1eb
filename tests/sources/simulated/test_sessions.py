"""Simulated sessions walk the funnel step by step and end in the orders there are."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

COUNTED = "NOT is_bot AND ended_at >= started_at + INTERVAL 1 SECOND"
"""What a conversion counts: no machines, and nobody who was gone within the second."""


def test_steps_come_in_order_and_none_is_skipped(none: Any) -> None:
    none("FROM sessions WHERE viewed_at < started_at")
    for step, following in (("viewed_at", "added_at"), ("added_at", "checkout_at"), ("checkout_at", "completed_at")):
        none(f"FROM sessions WHERE {following} IS NOT NULL AND ({step} IS NULL OR {following} < {step})")


def test_each_order_of_store_and_app_has_one_session_that_ends_in_it(none: Any) -> None:
    none(
        """SELECT * FROM (
            SELECT * FROM ledger WHERE kind = 'sale' AND line_id = '1' AND channel IN ('Online store', 'App')) l
        FULL JOIN (SELECT * FROM sessions WHERE completed_at IS NOT NULL) s USING (order_id)
        WHERE s.completed_at IS DISTINCT FROM l.order_at OR s.customer_id IS DISTINCT FROM l.customer_id
        OR s.channel <> l.channel OR s.country <> l.country"""
    )
    none("SELECT order_id FROM sessions WHERE order_id IS NOT NULL GROUP BY 1 HAVING count(*) > 1")
    none("FROM sessions WHERE (order_id IS NULL) <> (completed_at IS NULL)")


def test_session_ids_are_unique(none: Any) -> None:
    none("SELECT session_id FROM sessions GROUP BY 1 HAVING count(*) > 1")


def test_there_are_as_many_sessions_per_order_as_asked_for(db: duckdb.DuckDBPyConnection) -> None:
    ((ratio,),) = db.execute(f"SELECT count(*) / count(order_id) FROM sessions WHERE {COUNTED}").fetchall()
    assert ratio == pytest.approx(8, rel=0.001)


def test_visits_that_do_not_count_come_on_top(db: duckdb.DuckDBPyConnection, none: Any, truth: Any) -> None:
    ((visits, bots, bounces, others),) = db.execute(
        f"""SELECT count(*) FILTER ({COUNTED} AND order_id IS NULL), count(*) FILTER (is_bot),
            count(*) FILTER (NOT is_bot AND ended_at = started_at), count(*) FILTER (NOT ({COUNTED})) FROM sessions"""
    ).fetchall()
    shares = truth["sessions_not_counted"]
    assert (bots / visits, bounces / visits) == pytest.approx((shares["bot_share"], shares["bounce_share"]), rel=0.01)
    assert others == bots + bounces
    none(f"FROM sessions WHERE NOT ({COUNTED}) AND (order_id IS NOT NULL OR added_at IS NOT NULL)")
    none("FROM sessions WHERE NOT is_bot AND ended_at = started_at AND viewed_at IS NOT NULL")


def test_a_session_ends_with_its_last_step(none: Any) -> None:
    none(
        """FROM sessions WHERE ended_at < started_at
        OR ended_at <> coalesce(completed_at, checkout_at, added_at, viewed_at, ended_at)"""
    )


def test_conversion_by_device_and_source_is_the_planted_one(db: duckdb.DuckDBPyConnection, truth: Any) -> None:
    cells = db.execute(
        f"""SELECT channel, device, traffic_source, count(*), count(order_id) FROM sessions WHERE {COUNTED}
        GROUP BY ALL"""
    ).fetchall()
    assert len(cells) == 18 + 12
    for channel, device, source, visits, orders in cells:
        rate = truth["conversion"][channel][device][source]
        assert abs(orders - visits * rate) < 4.5 * (visits * rate * (1 - rate)) ** 0.5 + 3, (channel, device, source)


def test_nobody_visits_as_a_customer_before_being_one(none: Any) -> None:
    none(
        """SELECT * FROM sessions JOIN (SELECT customer_id, min(order_at) AS first FROM ledger GROUP BY 1)
        USING (customer_id) WHERE order_id IS NULL AND started_at < first - INTERVAL 1 HOUR"""
    )


def test_clicks_follow_the_sessions_of_their_source(db: duckdb.DuckDBPyConnection) -> None:
    ratios = db.execute(
        """SELECT clicks / visits FROM (SELECT traffic_source, sum(clicks) AS clicks FROM ad_spend GROUP BY 1)
        JOIN (SELECT traffic_source, count(*) AS visits FROM sessions GROUP BY 1) USING (traffic_source)"""
    ).fetchall()
    assert [ratio for (ratio,) in ratios] == pytest.approx([1.08] * 3, rel=0.03)
