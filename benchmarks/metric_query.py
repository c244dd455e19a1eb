"""A metric query with its SQL cached, beside the same SQL by hand on the same warehouse, and what planning costs.

By hand means: the SQL and its values are at hand, and the answer becomes a DataFrame. The query also checks the
question, finds the SQL, reads which snapshot answers, types and sorts the columns and writes the passport.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median

import ecombi
from ecombi.metrics.answers import run
from ecombi.metrics.planner import plan
from ecombi.metrics.query import MetricQuery
from ecombi.sources.simulated.config import ShopConfig

ORDERS = 50_000
ROUNDS = 41
LIMIT = 1.3

YEAR = {"start": "2025-11-01", "end": "2026-11-01"}
QUESTIONS = {
    "tiles: 4 sums of a year, compared": MetricQuery.of(
        ["net_sales", "gross_sales", "returns", "gross_margin_rate"], compare="year_ago", **YEAR
    ),
    "trend: net sales by day, filled, compared": MetricQuery.of(
        "net_sales", grain="day", compare="previous", fill=True, **YEAR
    ),
    "countries: net sales by country and month": MetricQuery.of("net_sales", by="country", grain="month", **YEAR),
    "orders and average by channel (ledger)": MetricQuery.of(["orders", "aov"], by="channel", **YEAR),
    "products: net sales, units, returns (ledger)": MetricQuery.of(
        ["net_sales", "units", "return_rate"], by="product", **YEAR
    ),
}


def side_by_side(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Return the median milliseconds of both, run in turns so that a busy machine slows both alike."""
    laps: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for work, times in zip((one, other), laps, strict=True):
            started = time.perf_counter()
            work()
            times.append((time.perf_counter() - started) * 1000)
    return median(laps[0]), median(laps[1])


def main() -> int:
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder, ecombi.open_workspace(folder) as ws:
        ws.loading.simulated(ShopConfig(orders=ORDERS), at=datetime(2026, 11, 2, tzinfo=UTC))
        [events] = ws.warehouse.arrow("SELECT count(*) AS events FROM ledger").to_pylist()
        print(f"{events['events']:,} ledger rows on {ws.warehouse.dialect}")
        print(f"{'':<46} {'query':>9} {'by hand':>9} {'ratio':>6} {'planning':>9} {'first plan':>10}")
        for name, query in QUESTIONS.items():
            started = time.perf_counter()
            planned = plan(query, ws.warehouse.dialect)
            first = (time.perf_counter() - started) * 1000
            ours, by_hand = side_by_side(
                lambda query=query: run(query, ws.warehouse, ws.shop),
                lambda planned=planned: ws.warehouse.arrow(planned.sql, planned.params).to_pandas(),
            )
            planning, _ = side_by_side(lambda query=query: plan(query, ws.warehouse.dialect), lambda: None)
            slowest = max(slowest, ours / by_hand)
            print(
                f"{name:<46} {ours:>6.2f} ms {by_hand:>6.2f} ms {ours / by_hand:>5.2f}x "
                f"{planning:>6.3f} ms {first:>7.0f} ms"
            )
    print(f"slowest ratio {slowest:.2f}x, at most {LIMIT}x")
    return 0 if slowest <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
