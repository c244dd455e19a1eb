"""Cohort retention."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecombi.customers.cohorts import matrix
from ecombi.errors import MetricError
from tests.customers.conftest import Shop, records, sale

JAN, FEB, OCT = date(2020, 1, 1), date(2020, 2, 1), date(2019, 10, 1)


@pytest.fixture
def shop(shops: Shop) -> Iterator[Shop]:
    """The shop of `shops`, with its own idea of what is final."""
    before = shops.final_until
    yield shops
    shops.final_until = before


@pytest.fixture(scope="module")
def shops(engine: Callable[[], Shop]) -> Shop:
    """ann and ben begin in January 2020, cid in February, dee in October 2019; March 2020 is the last month."""
    made = engine()
    made.load(
        "ledger",
        [
            sale("a1", "ann", "2020-01-10"),
            sale("a2", "ann", "2020-01-20"),
            sale("a3", "ann", "2020-02-15"),
            sale("a4", "ann", "2020-03-05", "25"),
            sale("b1", "ben", "2020-01-31", channel="app"),
            sale("b2", "ben", "2020-03-01"),
            sale("c1", "cid", "2020-02-10", country="FR"),
            sale("d1", "dee", "2019-10-05", channel="app"),
            sale("d2", "dee", "2020-01-15"),
            sale("g1", None, "2020-02-01"),
        ],
    )
    session = {"session_id": "s1", "order_id": "b1", "traffic_source": "email", "load_id": 1}
    made.load("sessions", [session | {"started_at": _noon(31), "started_on": date(2020, 1, 31)}])
    made.derive()
    return made


def _noon(day: int) -> Any:
    return pd.Timestamp(2020, 1, day, 12).to_pydatetime()


def test_calendar_months_by_hand(shop: Shop) -> None:
    shop.final_until = date(2020, 3, 20)
    found = shop.customers.cohorts()
    assert records(found, "cohort", "age", "size", "customers", "retention", "orders", "net_sales") == [
        (OCT, 0, 1, 1, 1.0, 1, Decimal(10)),
        (OCT, 1, 1, 0, 0.0, 0, Decimal(0)),
        (OCT, 2, 1, 0, 0.0, 0, Decimal(0)),
        (OCT, 3, 1, 1, 1.0, 1, Decimal(10)),
        (OCT, 4, 1, 0, 0.0, 0, Decimal(0)),
        (OCT, 5, 1, None, None, None, None),
        (JAN, 0, 2, 2, 1.0, 3, Decimal(30)),
        (JAN, 1, 2, 1, 0.5, 1, Decimal(10)),
        (JAN, 2, 2, None, None, None, None),
        (FEB, 0, 1, 1, 1.0, 1, Decimal(10)),
        (FEB, 1, 1, None, None, None, None),
    ]


def test_a_month_counts_once_it_is_over(shop: Shop) -> None:
    shop.final_until = date(2020, 4, 1)
    found = shop.customers.cohorts()
    assert records(found[found["cohort"] == JAN], "age", "customers", "net_sales") == [
        (0, 2, Decimal(30)),
        (1, 1, Decimal(10)),
        (2, 2, Decimal(35)),
    ]


@pytest.mark.parametrize(
    ("final_until", "later"), [(date(2020, 3, 30), (None, None)), (date(2020, 3, 31), (2, 3))], ids=["early", "over"]
)
def test_rolling_days_differ_and_wait_for_every_customer(shop: Shop, final_until: date, later: object) -> None:
    # ann orders on days 0, 10, 36 and 55 of hers, ben on 0 and 30; ben's second span ends on 31 March.
    shop.final_until = final_until
    found = shop.customers.cohorts(clock="rolling")
    assert records(found[found["cohort"] == JAN], "age", "customers", "orders") == [(0, 2, 3), (1, *later)]


def test_a_rolling_cohort_that_still_grows_has_no_values(shop: Shop) -> None:
    shop.final_until = date(2020, 2, 29)
    found = shop.customers.cohorts(clock="rolling").set_index(["cohort", "age"])["customers"]
    assert found[(OCT, 0)] == 1
    assert math.isnan(found[(FEB, 0)])


def test_quarters(shop: Shop) -> None:
    shop.final_until = date(2020, 3, 31)
    columns = ("cohort", "age", "size", "customers", "orders")
    assert records(shop.customers.cohorts(grain="quarter"), *columns) == [
        (OCT, 0, 1, 1, 1),
        (OCT, 1, 1, None, None),
        (JAN, 0, 3, None, None),
    ]
    shop.final_until = date(2020, 4, 1)
    assert records(shop.customers.cohorts(grain="quarter"), *columns) == [
        (OCT, 0, 1, 1, 1),
        (OCT, 1, 1, 1, 1),
        (JAN, 0, 3, 3, 7),
    ]


@pytest.mark.parametrize("grain", ["month", "quarter"])
@pytest.mark.parametrize(
    ("where", "sizes"),
    [
        ({"channel": "app"}, [1, 1]),
        ({"traffic_source": "email"}, [1]),
        ({"traffic_source": None}, [1, 1, 1]),
        ({"country": "FR"}, [1]),
        ({"country": "GB", "channel": "web"}, [1]),
        ({"country": "XX"}, []),
    ],
)
def test_customers_can_be_narrowed_down(shop: Shop, grain: Any, where: dict[str, str | None], sizes: list[int]) -> None:
    found = shop.customers.cohorts(grain=grain, where=where)
    starts = found[found["age"] == 0]["size"]
    if grain == "quarter" and where == {"traffic_source": None}:
        sizes = [1, 2]
    assert list(starts) == sizes


def test_matrix_puts_ages_side_by_side(shop: Shop) -> None:
    shop.final_until = date(2020, 3, 20)
    found = matrix(shop.customers.cohorts())
    assert list(found.columns) == [0, 1, 2, 3, 4, 5]
    assert found.loc[JAN].fillna(-1).tolist() == [1.0, 0.5, -1, -1, -1, -1]


def test_what_is_unknown_is_refused(shop: Shop) -> None:
    with pytest.raises(MetricError, match=r"A filter cannot be 'chanel'. Did you mean 'channel'"):
        shop.customers.cohorts(where={"chanel": "web"})
    with pytest.raises(MetricError, match=r"grain cannot be 'week'. Known: month, quarter"):
        shop.customers.cohorts(grain="week")  # type: ignore[arg-type]


def _expected(
    placed: list[tuple[int, date]], final_until: date, months: int, rolling: bool
) -> dict[tuple[date, int], tuple[int, int | None]]:
    """Count the cells in plain Python: (cohort, age) -> size and customers."""
    first: dict[int, date] = {}
    for who, day in placed:
        first[who] = min(day, first.get(who, day))

    def number(day: date) -> int:
        return (day.year * 12 + day.month - 1) // months

    def start(period: int) -> date:
        return date(period * months // 12, period * months % 12 + 1, 1)

    cohorts: dict[int, set[int]] = defaultdict(set)
    for who, day in first.items():
        cohorts[number(day)].add(who)
    last = max(day for _, day in placed)
    cells: dict[tuple[date, int], tuple[int, int | None]] = {}
    for cohort, members in cohorts.items():
        begins = [first[who] for who in members]
        begun = (last - min(begins)).days // 30 + 1 if rolling else number(last) - cohort + 1
        for age in range(begun):
            if rolling:
                over = start(cohort + 1) <= final_until and max(begins) + timedelta(days=30 * (age + 1)) <= final_until
                came = {who for who, day in placed if who in members and (day - first[who]).days // 30 == age}
            else:
                over = start(cohort + age + 1) <= final_until
                came = {who for who, day in placed if who in members and number(day) - cohort == age}
            cells[(start(cohort), age)] = (len(members), len(came) if over else None)
    return cells


@pytest.fixture(scope="module")
def blank(engine: Callable[[], Shop]) -> Shop:
    """A shop to be filled."""
    return engine()


@settings(max_examples=6, deadline=None)
@given(
    bought=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 400)), min_size=1, max_size=20),
    final=st.integers(0, 430),
)
def test_cells_follow_the_rule_for_any_orders(blank: Shop, bought: list[tuple[int, int]], final: int) -> None:
    begin = date(2019, 11, 15)
    placed = [(who, begin + timedelta(days=day)) for who, day in bought]
    blank.final_until = begin + timedelta(days=final)
    blank.connection.execute("DELETE FROM ledger")
    blank.load("ledger", [sale(f"o{n}", f"c{who}", day.isoformat()) for n, (who, day) in enumerate(placed)])
    blank.derive()
    for grain, months in (("month", 1), ("quarter", 3)):
        for clock in ("calendar", "rolling"):
            found = blank.customers.cohorts(grain=grain, clock=clock)  # type: ignore[arg-type]
            cells = {(c, a): (s, n) for c, a, s, n in records(found, "cohort", "age", "size", "customers")}
            assert cells == _expected(placed, blank.final_until, months, clock == "rolling")
