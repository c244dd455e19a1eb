"""Demand rates without stock-out days."""

from __future__ import annotations

import math
import statistics
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecombi.errors import MetricError
from ecombi.inventory.demand import DEMAND
from tests.inventory.conftest import Shop, day, evenings, event, rows_of, sales

UNTIL = day("03-11")


def load_five_days(shop: Shop) -> None:
    """The days are the 6th to the 10th, so the mornings are the evenings of the 5th to the 9th."""
    shop.load(
        "inventory_daily",
        [
            *evenings("mug", day("03-05"), [10, 6, 0, 0, 3, 3]),
            *evenings("pot", day("03-08"), [5, 5, 3]),
            *evenings("jar", day("03-05"), [1, 1, 1, 1, 1]),
            *evenings("box", day("03-05"), [0, -1, 0, 0, 0]),
        ],
    )
    shop.load(
        "ledger",
        [
            # The 8th began without mugs and sold none. The 9th began without any, but sold.
            *sales("mug", {day("03-05"): 50, day("03-06"): 4, day("03-07"): 6, day("03-09"): 2, day("03-11"): 70}),
            # Before the 9th nobody recorded the morning.
            *sales("pot", {day("03-07"): 1, day("03-10"): 2}),
            *sales("lid", {day("03-06"): 1}),
            event("return", "mug", day("03-06"), -4, "-4"),
        ],
    )


def test_days_without_stock_do_not_count(shop: Shop) -> None:
    load_five_days(shop)
    shop.load("products", [{"sku": "mug", "name": "Mug", "category": None, "load_id": 1}])
    found = shop.inventory.demand(UNTIL, window_days=5)
    assert rows_of(found, "product", "product_name", "units", "days", "stock_out_days", "daily_units") == [
        ("box", None, 0, 0, 5, None),
        ("jar", None, 0, 5, 0, 0.0),
        ("lid", None, 1, 5, 0, 0.2),
        ("mug", "Mug", 12, 4, 1, 3.0),
        ("pot", None, 2, 2, 0, 1.0),
    ]
    # mug: 4, 6, 2, 0 around 3; pot: 0, 2 around 1; lid: 1, 0, 0, 0, 0 around 0.2
    sd = dict(rows_of(found, "product", "daily_sd"))
    assert sd.pop("box") is None
    assert sd == pytest.approx({"jar": 0.0, "lid": math.sqrt(0.2), "mug": math.sqrt(20 / 3), "pot": math.sqrt(2)})


def test_days_that_are_not_final_are_left_out(shop: Shop) -> None:
    load_five_days(shop)
    shop.final_until = day("03-10")
    units = dict(rows_of(shop.inventory.demand(window_days=5), "product", "units"))
    assert units == {"box": 0, "jar": 0, "lid": 1, "mug": 12, "pot": 0}


def test_one_day_says_nothing_about_the_spread(shop: Shop) -> None:
    shop.load("inventory_daily", evenings("mug", day("03-09"), [1]))
    shop.load("ledger", sales("mug", {day("03-10"): 3}))
    assert rows_of(shop.inventory.demand(UNTIL), "days", "daily_units", "daily_sd") == [(1, 3.0, None)]


def test_the_rollup_answers_alike(shop: Shop) -> None:
    load_five_days(shop)
    shop.keep_sums()
    values = {"until": UNTIL}
    rolled = shop.analyse(DEMAND, values=values, options={"window_days": 5, "rollup": True})
    assert rolled.equals(shop.analyse(DEMAND, values=values, options={"window_days": 5, "rollup": False}))
    assert len(rolled) == 5


def test_a_window_of_a_day_is_refused(duck: Shop) -> None:
    with pytest.raises(MetricError, match=r"window_days is 1\. Give a whole number of 2 or more"):
        duck.inventory.demand(UNTIL, window_days=1)


DAYS = 6
per_day = st.lists(st.integers(0, 3), min_size=DAYS, max_size=DAYS)
shelves = st.lists(st.none() | st.integers(-1, 2), min_size=DAYS, max_size=DAYS)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(units=per_day, mornings=shelves)
def test_it_agrees_with_plain_python(duck: Shop, units: list[int], mornings: list[int | None]) -> None:
    duck.empty()
    first: date = UNTIL - timedelta(days=DAYS)
    days = [first + timedelta(days=n) for n in range(DAYS)]
    duck.load("ledger", [event("discount", "mug", first, 0), *sales("mug", dict(zip(days, units, strict=True)))])
    known = [(d, m) for d, m in zip(days, mornings, strict=True) if m is not None]
    if known:
        duck.load("inventory_daily", [r for d, m in known for r in evenings("mug", d - timedelta(days=1), [m])])
    counted = [u for u, m in zip(units, mornings, strict=True) if m is not None and (m > 0 or u > 0)]
    if not known:
        counted = units
    [(days_counted, out, rate, sd)] = rows_of(
        duck.inventory.demand(UNTIL, window_days=DAYS), "days", "stock_out_days", "daily_units", "daily_sd"
    )
    assert (days_counted, out) == (len(counted), len(known) - len(counted) if known else 0)
    assert rate == (pytest.approx(sum(counted) / len(counted)) if counted else None)
    assert sd == (pytest.approx(statistics.stdev(counted)) if len(counted) > 1 else None)
