"""New, returning and repeat customers and what they brought, on customers counted by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecombi.metrics import customers as metrics
from ecombi.metrics.building import insert_sql
from ecombi.metrics.compiler import total_of
from ecombi.metrics.definitions import Metric
from ecombi.metrics.marts import Basis
from ecombi.metrics.parameters import parameter, to_sql
from ecombi.metrics.tables import DERIVED, Tables
from ecombi.schema import tables
from tests.metrics.conftest import ENGINES
from tests.metrics.small_shops import Ask, arrow_of, asking, event, moment, only, records, sale

FOUR = Decimal("4.00")


def order(name: str, customer: str | None, on: str, country: str = "GB", **rest: object) -> dict[str, object]:
    return sale(name, on, "10.00", **{"customer_id": customer, "country": country, "cost_amount": FOUR, **rest})


LEDGER = [
    # ann: first in January, 23:30 in London; second in February
    order("a1", "ann", "2012-01-31T23:30"),
    order("a2", "ann", "2012-02-10"),
    # ben: both in February, the second from France
    sale("b1", "2012-02-05", "20.00", customer_id="ben", country="GB", cost_amount=Decimal("8.00")),
    order("b2", "ben", "2012-02-20", "FR"),
    # cleo: twice on one day
    order("c1", "cleo", "2012-02-14T10:00"),
    order("c2", "cleo", "2012-02-14T15:00"),
    # dan: the first fully returned into stock, the second 30 days after it (29 February counts)
    sale("d1", "2012-02-20", "40.00", customer_id="dan", country="GB", cost_amount=Decimal("25.00")),
    event(
        "return",
        "d1",
        "2012-02-25",
        "-40.00",
        ordered="2012-02-20",
        qty=-1,
        customer_id="dan",
        country="GB",
        cost_amount=Decimal("-25.00"),
    ),
    order("d2", "dan", "2012-03-21"),
    # eve: the second 31 days after the first, both of unknown cost
    order("e1", "eve", "2012-02-20", "FR", cost_amount=None),
    order("e2", "eve", "2012-03-22", "FR", cost_amount=None),
    # one order without a customer, one of a gift card only
    order("g1", None, "2012-02-11"),
    event("gift_card_issue", "f1", "2012-02-12", "50.00", qty=1, customer_id="fay", country="GB"),
    # The last recorded day is 30 April, 90 days after 31 January.
    order("g2", None, "2012-04-30"),
]
JANUARY = {"start": "2012-01-01", "end": "2012-02-01"}
FEBRUARY = {"start": "2012-02-01", "end": "2012-03-01"}
MARCH = {"start": "2012-03-01", "end": "2012-04-01"}
PERIOD = ["customers", "new_customers", "returning_customers"]


@pytest.fixture(scope="module", params=ENGINES)
def ask(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, database: Callable[[], str]
) -> Iterator[Ask]:
    """The orders above on one engine after the other."""
    url = None if request.param == "duckdb" else database()
    with asking(tmp_path_factory.mktemp("customers"), url, {"ledger": LEDGER}) as asked:
        yield asked


def test_new_is_by_the_whole_history_and_guests_are_apart(ask: Ask) -> None:
    # ann had ordered before; ben and cleo came and came again in February; the gift card makes no customer of fay
    assert only(ask([*PERIOD, "returning_customer_rate", "guest_orders", "orders"], **FEBRUARY)) == {
        "customers": 5,
        "new_customers": 4,
        "returning_customers": 1,
        "returning_customer_rate": 0.2,
        "guest_orders": 1,
        "orders": 8,
    }
    assert only(ask([*PERIOD, "returning_customer_rate"], **MARCH)) == {
        "customers": 2,
        "new_customers": 0,
        "returning_customers": 2,
        "returning_customer_rate": 1.0,
    }


def test_everybody_is_new_in_the_whole_history(ask: Ask) -> None:
    assert only(ask(PERIOD)) == {"customers": 5, "new_customers": 5, "returning_customers": 0}


def test_customers_of_months_do_not_sum_to_those_of_the_year(ask: Ask) -> None:
    assert records(ask(PERIOD, grain="month", end="2012-04-01")) == [
        {"month": moment("2012-01-01T00:00"), "customers": 1, "new_customers": 1, "returning_customers": 0},
        {"month": moment("2012-02-01T00:00"), "customers": 5, "new_customers": 4, "returning_customers": 1},
        {"month": moment("2012-03-01T00:00"), "customers": 2, "new_customers": 0, "returning_customers": 2},
    ]


def test_a_customer_of_two_countries_counts_in_both_and_is_new_in_one(ask: Ask) -> None:
    assert records(ask([*PERIOD, "guest_orders"], by="country", **FEBRUARY)) == [
        {"country": "FR", "customers": 2, "new_customers": 1, "returning_customers": 1, "guest_orders": 0},
        {"country": "GB", "customers": 4, "new_customers": 3, "returning_customers": 1, "guest_orders": 1},
    ]


def test_no_customers_no_rate(ask: Ask) -> None:
    april = {"start": "2012-04-01", "end": "2012-05-01"}
    assert only(ask(["customers", "returning_customer_rate", "guest_orders", "lifetime_sales"], **april)) == {
        "customers": 0,
        "returning_customer_rate": None,
        "guest_orders": 1,
        "lifetime_sales": None,
    }


def test_a_second_order_on_the_last_day_in_time_counts(ask: Ask) -> None:
    # ben after 15 days, cleo on the same day, dan after 30 although his first came back; eve after 31
    assert only(ask(["repeat_rate_30_days", "repeat_rate_60_days"], **FEBRUARY)) == {
        "repeat_rate_30_days": 0.75,
        "repeat_rate_60_days": 1.0,
    }


def test_customers_who_have_not_had_their_days_do_not_count(ask: Ask) -> None:
    # ann's 90 days end on the last recorded day; those of February's customers after it
    assert only(ask("repeat_rate_90_days", **JANUARY)) == {"repeat_rate_90_days": 1.0}
    assert only(ask("repeat_rate_90_days", **FEBRUARY)) == {"repeat_rate_90_days": None}
    assert only(ask(["repeat_rate_90_days", "repeat_rate_365_days"])) == {
        "repeat_rate_90_days": 1.0,
        "repeat_rate_365_days": None,
    }


def test_repeat_rates_by_cohort_leave_immature_ones_empty(ask: Ask) -> None:
    assert records(ask(["repeat_rate_30_days", "repeat_rate_90_days"], by="cohort")) == [
        {"cohort": "2012-01", "repeat_rate_30_days": 1.0, "repeat_rate_90_days": 1.0},
        {"cohort": "2012-02", "repeat_rate_30_days": 0.75, "repeat_rate_90_days": None},
    ]


def test_lifetime_value_is_by_day_of_the_first_order(ask: Ask) -> None:
    # January: ann 10 + 10, cost 4 + 4. February: ben 20 + 10, cleo 10 + 10, dan 40 − 40 + 10, eve 10 + 10 = 80 of four;
    # cost 8 + 4, 4 + 4, 25 − 25 + 4, eve unknown = 24
    assert only(ask(["lifetime_sales", "lifetime_margin"], **JANUARY)) == {
        "lifetime_sales": 20.0,
        "lifetime_margin": 12.0,
    }
    assert only(ask(["lifetime_sales", "lifetime_margin"], **FEBRUARY)) == {
        "lifetime_sales": 20.0,
        "lifetime_margin": 14.0,
    }


def test_a_margin_without_any_known_cost_is_unknown(ask: Ask) -> None:
    # Country of the latest order: ben and eve in France. Of their cost, ben's 8 + 4 is known: (30 + 20 − 12) ÷ 2.
    assert records(ask(["lifetime_sales", "lifetime_margin"], by="country", **FEBRUARY)) == [
        {"country": "FR", "lifetime_sales": 25.0, "lifetime_margin": 19.0},
        {"country": "GB", "lifetime_sales": 15.0, "lifetime_margin": 9.0},
    ]
    eve = {"start": "2012-02-20", "end": "2012-02-21", "where": {"country": "FR"}}
    assert only(ask(["lifetime_sales", "lifetime_margin"], **eve)) == {"lifetime_sales": 20.0, "lifetime_margin": None}


@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_returning_customers_are_never_negative(ask: Ask, grain: str) -> None:
    cells = records(ask(PERIOD, by=["country", "channel"], grain=grain))
    assert cells
    assert all(0 <= cell["new_customers"] <= cell["customers"] for cell in cells)
    assert all(cell["returning_customers"] >= 0 for cell in cells)


DAYS = st.integers(0, 99)
PLACED = st.lists(st.tuples(st.sampled_from(["ann", "ben", "cleo", None]), DAYS), max_size=15)
NEW_YEAR = moment("2012-01-01").date()


def counted(connection: duckdb.DuckDBPyConnection, metric: Metric, start: int, end: int) -> list[int]:
    """Return the figure of each measure of a metric for days since New Year."""
    found = []
    for measure in metric.measures():
        rows = Tables()[measure.mart.table]
        day = rows[measure.mart.days[measure.mart.role(measure.dated, Basis.BOOKED)]]
        rows = rows.filter(day >= parameter("start", "date"), day < parameter("end", "date"))
        sql = to_sql(rows.aggregate(total=total_of(measure, rows).fill_null(0)), "duckdb")
        bound = {"start": NEW_YEAR + timedelta(days=start), "end": NEW_YEAR + timedelta(days=end)}
        found.append(connection.execute(sql, bound).fetchall()[0][0])
    return found


@settings(max_examples=25, deadline=None)
@given(PLACED, DAYS, st.integers(1, 40))
def test_customers_are_what_counting_by_hand_gives(placed: list[tuple[str | None, int]], start: int, days: int) -> None:
    ledger = [
        sale(str(number), (NEW_YEAR + timedelta(days=day)).isoformat(), "10.00", customer_id=customer)
        for number, (customer, day) in enumerate(placed)
    ]
    of = {name: sorted(day for customer, day in placed if customer == name) for name in ("ann", "ben", "cleo")}
    within = range(start, start + days)
    came = {name for name, ordered in of.items() if set(ordered) & set(within)}
    new = {name for name, ordered in of.items() if ordered and ordered[0] in within}
    again = {name for name in new if len(of[name]) > 1 and of[name][1] - of[name][0] <= 30}
    with duckdb.connect() as connection:
        connection.register("ledger", arrow_of(tables.ledger, ledger))
        connection.register("sessions", arrow_of(tables.sessions, []))
        for name in ("orders", "customers"):
            connection.execute(f"CREATE TABLE {name} AS {insert_sql(DERIVED[name])}")
        guests = [day for customer, day in placed if customer is None and day in within]
        assert counted(connection, metrics.returning_customers, start, start + days) == [len(came), len(new)]
        assert counted(connection, metrics.repeat_rate_30_days, start, start + days) == [len(again), len(new)]
        assert counted(connection, metrics.guest_orders, start, start + days) == [len(guests)]
    assert len(came - new) == len(came) - len(new)
