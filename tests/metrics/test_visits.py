"""Conversion, funnel and abandonment on sessions counted by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecombi.metrics import visits
from ecombi.metrics.compiler import total_of
from ecombi.metrics.parameters import to_sql
from ecombi.metrics.tables import Tables
from ecombi.schema import tables
from tests.metrics.conftest import ENGINES
from tests.metrics.small_shops import LONG_AFTER, Ask, arrow_of, asking, moment, only, records, sale, visit

STEPS = ["sessions", "sessions_viewed", "sessions_added", "sessions_checkout", "sessions_completed"]
SECOND = 1 / 3600
DAY = 24

SESSIONS = [
    # 1 May: who counts. Only "buyer" ends in an order.
    visit("buyer", "2012-05-01", steps=(0.1, 0.2, 0.3, 0.4), order_id="o1", is_bot=False, device="mobile"),
    visit("bot", "2012-05-01", steps=(0.1, 0.2, 0.3, 0.4), is_bot=True, device="desktop"),
    visit("unknown", "2012-05-01", device="desktop"),
    visit("instant", "2012-05-01", ended_at=moment("2012-05-01T12:00:00.999"), device="mobile"),
    visit("second", "2012-05-01", ended_at=moment("2012-05-01T12:00:01"), device="mobile"),
    visit("glance", "2012-05-01", steps=(0.3 * SECOND,), ended_at=moment("2012-05-01T12:00:00.5"), device="mobile"),
    # 2 and 3 May: 23:30 and 00:30 in London, which is an hour ahead of UTC in May.
    visit("late", "2012-05-02T22:30", steps=(0.2, 0.4, 0.8, 1.0), order_id="o2"),
    visit("early", "2012-05-02T23:30", steps=(0.2,)),
    # 5 May: the window of 24 hours, to the second.
    visit("slow", "2012-05-05", steps=(23.9, 24, 24 + SECOND, 25)),
    # 11 to 13 May: checkouts. The last recorded day is 20 May, so 12 May is the last day with 8 days behind it.
    visit("over midnight", "2012-05-11T21:30", steps=(1, 2, 3, 3 + 7 * DAY)),
    visit("recovered", "2012-05-12", steps=(0.5, 0.8, 1, 1 + 6.9 * DAY)),
    visit("too late", "2012-05-12", steps=(0.5, 0.8, 1, 1 + 7 * DAY + SECOND)),
    visit("never", "2012-05-12", steps=(0.5, 0.8, 1)),
    visit("left before", "2012-05-12", steps=(0.5, 0.8)),
    visit("young", "2012-05-13", steps=(0.5, 0.8, 1, 1.1)),
]
LEDGER = [
    sale("o1", "2012-05-01", "10.00"),
    sale("by phone", "2012-05-01", "10.00"),
    sale("marketplace", "2012-05-01", "10.00"),
    sale("o2", "2012-05-02T23:30", "10.00"),
    sale("last", "2012-05-20", "10.00"),
]


@pytest.fixture(scope="module", params=ENGINES)
def ask(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, database: Callable[[], str]
) -> Iterator[Ask]:
    """The sessions above on one engine after the other."""
    url = None if request.param == "duckdb" else database()
    with asking(tmp_path_factory.mktemp("visits"), url, {"ledger": LEDGER, "sessions": SESSIONS}) as asked:
        yield asked


def day(of_may: int, days: int = 1) -> dict[str, object]:
    start = moment(f"2012-05-{of_may:02d}").date()
    return {"start": start, "end": start + timedelta(days=days)}


def test_bots_and_subsecond_sessions_do_not_count_and_unknown_ones_do(ask: Ask) -> None:
    # buyer, unknown, second and glance; not the bot, nor the one over in 0.999 s without a step
    assert only(ask(STEPS, **day(1))) == {
        "sessions": 4,
        "sessions_viewed": 2,
        "sessions_added": 1,
        "sessions_checkout": 1,
        "sessions_completed": 1,
    }


def test_conversion_counts_sessions_not_orders(ask: Ask) -> None:
    figures = only(ask(["orders", "sessions", "conversion_rate"], **day(1)))
    assert figures == {"orders": 3, "sessions": 4, "conversion_rate": 0.25}  # 3 orders ÷ 4 sessions would be 0.75


def test_a_session_over_midnight_belongs_to_the_day_it_started(ask: Ask) -> None:
    assert records(ask(STEPS, grain="day", **day(2, 2))) == [
        {"day": moment("2012-05-02T00:00"), **dict.fromkeys(STEPS, 1)},
        {"day": moment("2012-05-03T00:00"), **dict.fromkeys(STEPS, 0), "sessions": 1, "sessions_viewed": 1},
    ]
    assert only(ask("orders", **day(3))) == {"orders": 1}  # its order was placed after midnight


def test_a_step_counts_up_to_24_hours_after_the_start(ask: Ask) -> None:
    assert only(ask(STEPS, **day(5))) == {
        "sessions": 1,
        "sessions_viewed": 1,
        "sessions_added": 1,
        "sessions_checkout": 0,
        "sessions_completed": 0,
    }


def test_each_step_rate_is_over_the_step_before(ask: Ask) -> None:
    # 12 May: 4 sessions with a view and an addition, 3 with a checkout, none completed within 24 hours
    rates = only(ask(["view_rate", "add_rate", "checkout_rate", "completion_rate", "conversion_rate"], **day(12)))
    assert rates == {
        "view_rate": 1.0,
        "add_rate": 1.0,
        "checkout_rate": 0.75,
        "completion_rate": 0.0,
        "conversion_rate": 0.0,
    }
    assert only(ask(["view_rate", "add_rate", "checkout_rate"], **day(1))) == {
        "view_rate": 0.5,
        "add_rate": 0.5,
        "checkout_rate": 1.0,
    }


def test_a_rate_of_no_sessions_has_no_value(ask: Ask) -> None:
    figures = only(ask(["sessions", "conversion_rate", "add_rate", "checkout_abandonment_rate"], **day(4)))
    assert figures == {
        "sessions": 0,
        "conversion_rate": None,
        "add_rate": None,
        "checkout_abandonment_rate": None,
    }


def test_a_cart_recovered_within_seven_days_is_not_abandoned(ask: Ask) -> None:
    # recovered; not the one that is a second too late, nor the one that never came back
    assert only(ask("checkout_abandonment_rate", **day(12))) == {"checkout_abandonment_rate": pytest.approx(2 / 3)}


def test_the_seven_days_run_from_the_checkout_not_from_the_session(ask: Ask) -> None:
    # 22:30 in London on the 11th, the checkout three hours later on the 12th, completed exactly seven days after it
    assert only(ask("checkout_abandonment_rate", **day(11))) == {"checkout_abandonment_rate": 0.0}


def test_checkouts_that_have_not_had_their_time_do_not_count(ask: Ask) -> None:
    assert only(ask("checkout_abandonment_rate", **day(13))) == {"checkout_abandonment_rate": None}
    assert only(ask("completion_rate", **day(13))) == {"completion_rate": 1.0}
    # over the three days: one on the 11th and three on the 12th, two of the four abandoned
    assert only(ask("checkout_abandonment_rate", **day(11, 3))) == {"checkout_abandonment_rate": 0.5}


@pytest.mark.parametrize("by", ["device", "traffic_source", "country", "channel", "weekday"])
def test_no_step_has_more_sessions_than_the_step_before(ask: Ask, by: str) -> None:
    cells = records(ask(STEPS, by=by, grain="day"))
    assert cells
    for cell in cells:
        counted = [cell[step] for step in STEPS]
        assert counted == sorted(counted, reverse=True)
    for step in STEPS:
        assert sum(cell[step] for cell in cells) == only(ask(step))[step]


def test_the_parts_of_the_funnel_multiply_to_the_conversion_rate(ask: Ask) -> None:
    rates = ["view_rate", "add_rate", "checkout_rate", "completion_rate"]
    figures = only(ask([*rates, "conversion_rate"], **day(1, 13)))
    product = Decimal(1)
    for rate in rates:
        product *= Decimal(figures[rate])
    assert float(product) == pytest.approx(figures["conversion_rate"])


@pytest.mark.parametrize("by", [(), ("device",), ("device", "traffic_source")])
def test_the_rollup_counts_what_the_sessions_say(ask: Ask, by: tuple[str, ...]) -> None:
    asked = [*STEPS, "checkout_abandonment_rate"]
    kept = ask(asked, by=by, grain="day")
    counted = ask(asked, by=by, grain="day", as_of=LONG_AFTER)
    assert kept.passport.tables == ("sessions_daily",)
    assert counted.passport.tables == ("sessions",)
    assert records(kept) == records(counted)


Visit = tuple[float | None, bool | None, list[float]]
VISITS = st.lists(
    st.tuples(
        st.none() | st.sampled_from([0.0, 0.999 * SECOND, SECOND, 1.0]),
        st.none() | st.booleans(),
        st.lists(st.sampled_from([0.0, 1.0, 12.0, 30.0, 7.0 * DAY, 8.0 * DAY]), max_size=4),
    ),
    max_size=12,
)


def plainly(sessions: list[Visit]) -> dict[str, int]:
    """Count the funnel of sessions: hours to their end, whether a bot's, hours from each step to the next."""
    found = dict.fromkeys(STEPS, 0)
    for lasted, bot, gaps in sessions:
        over = lasted is not None and lasted < SECOND * 0.9999 and not gaps
        if bot or over:
            continue
        found["sessions"] += 1
        for place in range(len(gaps)):
            found[STEPS[1 + place]] += sum(gaps[: place + 1]) <= DAY
    return found


@settings(max_examples=40, deadline=None)
@given(VISITS)
def test_the_funnel_is_what_counting_by_hand_gives(sessions: list[Visit]) -> None:
    start = moment("2012-05-01")
    rows = [
        visit(
            str(number),
            "2012-05-01",
            steps=[sum(gaps[: place + 1]) for place in range(len(gaps))],
            is_bot=bot,
            ended_at=None if lasted is None else start + timedelta(hours=lasted),
        )
        for number, (lasted, bot, gaps) in enumerate(sessions)
    ]
    table = Tables().sessions
    measures = [getattr(visits, step) for step in STEPS]
    sql = to_sql(table.aggregate({m.name: total_of(m, table).fill_null(0) for m in measures}), "duckdb")
    with duckdb.connect() as connection:
        connection.register("sessions", arrow_of(tables.sessions, rows))
        [counted] = connection.sql(sql).fetchall()
    assert dict(zip(STEPS, counted, strict=True)) == plainly(sessions)
