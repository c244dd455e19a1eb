"""Comparison with the period before and the year before."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from ecombi.errors import PeriodError
from ecombi.metrics.query import MetricQuery
from ecombi.schema.periods import Period
from tests.metrics.asking import run
from tests.metrics.conftest import ENGINES, opened, publish
from tests.metrics.tiny_shop import SHOP, ledger_row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.metrics.conftest import Ask

FEBRUARY = {"start": "2012-02-01", "end": "2012-03-01"}
FEBRUARY_2013 = {"start": "2013-02-01", "end": "2013-03-01"}


def rows(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    return [tuple(None if pd.isna(v) else v for v in row) for row in frame.itertuples(index=False)]


def test_a_month_is_compared_with_the_month_before(ask: Ask) -> None:
    result = ask(["net_sales", "orders", "return_rate"], **FEBRUARY, compare="previous")
    [(net, before, change, orders, orders_before, orders_change, rate, rate_before, rate_change)] = rows(result)
    assert (net, before, change) == (67, 76, pytest.approx(-9 / 76))
    assert (orders, orders_before, orders_change) == (3, 4, -0.25)
    # A rate changes by points: from 0 of 8 units to 1 of 5.
    assert (rate, rate_before, rate_change) == (0.2, 0.0, 0.2)


def test_both_ranges_are_written_down(ask: Ask) -> None:
    passport = ask("net_sales", **FEBRUARY, compare="previous").passport
    assert (passport.start, passport.end) == (date(2012, 2, 1), date(2012, 3, 1))
    assert passport.compared == Period(date(2012, 1, 1), date(2012, 2, 1))
    assert "1–29 Feb 2012" in passport._repr_html_()
    assert "1–31 Jan 2012" in passport._repr_html_()


def test_days_are_compared_by_position(ask: Ask) -> None:
    result = ask("gross_sales", **FEBRUARY, grain="day", compare="previous")
    # The sale of 31 January is on the 31st position: February has none, so it is left out.
    assert [(r[0].day, *r[1:]) for r in rows(result)] == [
        (2, 0, 20, -1.0),
        (10, 10, 0, None),
        (15, 0, 40, -1.0),
        (20, 0, 10, -1.0),
        (29, 70, 0, None),
    ]


def test_the_same_dates_a_year_earlier_with_groups_of_either_side(ask: Ask) -> None:
    result = ask("net_sales", by="country", **FEBRUARY_2013, compare="year_ago")
    # GB then: 10 sold less 10 returned. DE sold then and not now: −100%.
    assert rows(result) == [("DE", 0, 67, -1.0), ("GB", 220, 0, None)]


def test_groups_without_a_name_are_compared_with_each_other(ask: Ask) -> None:
    result = ask("gross_sales", by="country", **FEBRUARY, compare="previous")
    assert rows(result) == [
        ("DE", 70, 0, None),
        ("FR", 0, 10, -1.0),
        ("GB", 10, 60, pytest.approx(-5 / 6)),
        (None, 0, 10, -1.0),
    ]


def test_a_range_before_the_first_record_has_no_values(ask: Ask) -> None:
    result = ask(["net_sales", "orders", "aov"], start="2012-02-29", end="2012-03-01", compare="year_ago")
    assert result.passport.compared == Period(date(2011, 2, 28), date(2011, 3, 1))
    assert rows(result) == [(67, None, None, 2, None, None, 33.5, None, None)]
    by_country = ask("orders", by="country", start="2012-01-01", end="2012-02-01", compare="previous")
    assert rows(by_country) == [("FR", 1, None, None), ("GB", 2, None, None), (None, 1, None, None)]


def test_a_range_that_is_recorded_in_part_is_said_to_be(ask: Ask) -> None:
    # The first record is of 2 January 2012.
    result = ask(["net_sales", "orders"], start="2012-01-17", end="2012-02-01", compare=("2011-12-20", "2012-01-04"))
    assert rows(result) == [(20, 20, 0, 2, 1, 1.0)]
    assert result.passport.partly_recorded == (("Net sales", date(2012, 1, 2)), ("Orders", date(2012, 1, 2)))
    assert ("Recorded", "Orders only from 2 Jan 2012: not on all of the days compared with") in result.passport.lines()
    assert ask("orders", **FEBRUARY, compare=("2012-01-02", "2012-01-04")).passport.partly_recorded == ()
    assert ask("orders", **FEBRUARY, compare=("2011-01-02", "2011-01-04")).passport.partly_recorded == ()
    assert ask("orders", **FEBRUARY).passport.partly_recorded == ()


def test_a_quiet_range_between_records_is_0(ask: Ask) -> None:
    assert rows(ask("orders", start="2012-10-01", end="2012-11-01", compare="previous")) == [(2, 0, None)]


def test_days_that_are_not_recorded_yet_have_no_value_though_the_earlier_range_has(ask: Ask) -> None:
    # 30 days from 10 February, the last record is of the 22nd; the 30 days before end on 9 February with nine orders.
    result = ask("orders", start="2013-02-10", end="2013-03-12", grain="day", compare="previous", fill=True)
    found = {r[0]: r[1:] for r in rows(result)}
    assert found[pd.Timestamp(2013, 2, 22)] == (1, 0, None)
    assert found[pd.Timestamp(2013, 3, 3)] == (None, 1, None)
    assert found[pd.Timestamp(2013, 3, 11)] == (None, 1, None)
    assert pd.Timestamp(2013, 2, 25) not in found
    assert len(found) == 13 + 9


def test_days_and_hours_of_a_year_ago_are_compared_by_date(ask: Ask) -> None:
    days = ask("gross_sales", start="2013-02-01", end="2013-11-01", grain="day", compare="year_ago")
    found = {r[0]: r[1:] for r in rows(days)}
    # 10 February with 10 February; the 70.00 of 29 February have no counterpart; from March on no day is shifted.
    assert found[pd.Timestamp(2013, 2, 10)] == (10, 10, 0)
    assert sum(before for _, before, _ in found.values()) == 10 + 40 + 40 + 20
    assert found[pd.Timestamp(2013, 10, 28)] == (None, 20, None)
    assert pd.Timestamp(2013, 3, 1) not in found
    hours = ask("orders", start="2013-10-28", end="2013-10-29", grain="hour", compare="year_ago")
    assert rows(hours) == [(pd.Timestamp("2013-10-28T01:00"), None, 2, None)]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_leap_day_has_no_year_before(engine: str, tmp_path: Path, database: Callable[[], str]) -> None:
    url = database() if engine == "postgres" else None
    warehouse = opened(tmp_path, url)
    sold = {date(2011, 2, 28): 1, date(2011, 3, 1): 2, date(2012, 2, 28): 4, date(2012, 2, 29): 8, date(2012, 3, 1): 16}
    publish(
        warehouse,
        [
            ledger_row(n, event_at=at, order_at=at, order_id=str(n), kind="sale", qty=1, amount=Decimal(amount))
            for n, (day, amount) in enumerate(sold.items())
            for at in [datetime.combine(day, time(12), UTC)]
        ],
        {},
    )

    def asked(start: str, end: str, grain: str | None) -> list[tuple[object, ...]]:
        query = MetricQuery.of("net_sales", start=start, end=end, grain=grain, compare="year_ago", fill=bool(grain))
        return rows(run(query, warehouse, SHOP))

    days = [pd.Timestamp(2012, 2, 28), pd.Timestamp(2012, 2, 29), pd.Timestamp(2012, 3, 1)]
    assert asked("2012-02-28", "2012-03-02", "day") == [
        (days[0], 4, 1, 3.0),
        (days[1], 8, None, None),
        (days[2], 16, 2, 7.0),
    ]
    assert asked("2012-02-28", "2012-03-02", None) == [(28, 3, pytest.approx(25 / 3))]
    # 28 February of a leap year alone, and its 29th alone: both with the one 28th there was.
    assert asked("2012-02-28", "2012-02-29", None) == [(4, 1, 3.0)]
    assert asked("2012-02-29", "2012-03-01", None) == [(8, 1, 7.0)]
    assert asked("2012-02-29", "2012-03-01", "day") == [(days[1], 8, None, None)]
    warehouse.close()


def test_weeks_and_months_keep_their_starts(ask: Ask) -> None:
    weeks = ask("orders", start="2012-12-31", end="2013-01-07", grain="week", compare="previous")
    assert rows(weeks) == [(pd.Timestamp("2012-12-31"), 3, 1, 2.0)]
    # The first week with the first: 1 January 2012 is a Sunday, and the day before the first record.
    weeks = ask("gross_sales", start="2013-01-01", end="2013-01-14", grain="week", compare="year_ago")
    assert rows(weeks) == [
        (pd.Timestamp("2012-12-31"), Decimal("57.5"), None, None),
        (pd.Timestamp("2013-01-07"), 0, 20, -1.0),
    ]
    months = ask("orders", start="2013-01-01", end="2013-03-01", grain="month", compare="year_ago")
    assert rows(months) == [
        (pd.Timestamp("2013-01-01"), 2, 4, -0.5),
        (pd.Timestamp("2013-02-01"), 22, 3, pytest.approx(19 / 3)),
    ]
    quarters = ask("orders", start="2012-10-01", end="2013-01-01", grain="quarter", compare="previous")
    assert rows(quarters) == [(pd.Timestamp("2012-10-01"), 4, 0, None)]
    years = ask("orders", start="2013-01-01", end="2014-01-01", grain="year", compare="previous")
    assert rows(years) == [(pd.Timestamp("2013-01-01"), 24, 16, 0.5)]


def test_a_period_longer_than_a_year_overlaps_its_year_ago(ask: Ask) -> None:
    result = ask("orders", start="2012-01-01", end="2014-01-01", grain="year", compare="year_ago")
    assert rows(result) == [(pd.Timestamp("2012-01-01"), 16, None, None), (pd.Timestamp("2013-01-01"), 24, 16, 0.5)]


def test_a_fall_below_zero_is_a_fall(ask: Ask) -> None:
    # 5 March 2012: a lamp came back, −40. A week later nothing, so the change is +100% of the size of what was.
    [(now, before, change)] = rows(ask("net_sales", start="2012-03-12", end="2012-03-19", compare="previous"))
    assert (now, before, change) == (0, -40, 1.0)
    [(now, before, change)] = rows(ask("net_sales", start="2012-03-05", end="2012-03-11", compare="previous"))
    assert (now, before) == (-40, 67)
    assert change == pytest.approx(-107 / 67)


def test_a_margin_without_costs_has_no_change(ask: Ask) -> None:
    result = ask(["gross_margin", "gross_margin_rate"], **FEBRUARY, compare="previous")
    [(now, before, change, *_)] = rows(result)
    assert (now, before, change) == (30, 39, pytest.approx(-9 / 39))
    quiet = ask("gross_margin", start="2012-10-01", end="2012-11-01", compare="previous")
    assert math.isnan(quiet["gross_margin_change"].iloc[0])


def test_a_comparison_needs_both_ends() -> None:
    with pytest.raises(PeriodError, match="give both a start and an end"):
        MetricQuery.of("net_sales", start="2012-01-01", compare="previous")
    with pytest.raises(PeriodError, match="'year_ago'"):
        MetricQuery.of("net_sales", start="2012-01-01", end="2012-02-01", compare="year_agoo")


def test_the_same_weekdays_a_year_ago_are_364_days_earlier(ask: Ask) -> None:
    # Tuesday 12 February 2013 stands beside Tuesday 14 February 2012, Saturday the 9th beside Saturday the 11th.
    result = ask("orders", start="2013-02-01", end="2013-03-01", compare="same_weekdays", grain="day", fill=True)
    assert result.passport.compared == Period(date(2012, 2, 3), date(2012, 3, 2))
    found = {r[0].day: r[1:] for r in rows(result)}
    # o05 of 10 February 2012, a Friday, stands beside Friday 8 February 2013; the two of 29 February, a Wednesday.
    assert found[8] == (1, 1, 0)
    assert found[27] == (None, 2, None)
    assert rows(ask("orders", **FEBRUARY_2013, compare="same_weekdays")) == [(22, 3, pytest.approx(19 / 3))]


def test_any_other_period_may_have_another_length(ask: Ask) -> None:
    result = ask(["net_sales", "orders"], **FEBRUARY, compare=("2012-01-01", "2012-01-16"))
    assert rows(result) == [(67, 56, pytest.approx(11 / 56), 3, 2, 0.5)]
    longer = ask("orders", start="2012-10-28", end="2012-10-29", compare=("2012-01-01", "2012-04-01"))
    assert rows(longer) == [(2, 11, pytest.approx(-9 / 11))]
    days = ask("gross_sales", start="2012-02-09", end="2012-02-12", compare=("2012-01-01", "2012-02-01"), grain="day")
    # By position: 10 February beside 2 January, and what lies past the end has no counterpart.
    assert rows(days) == [(pd.Timestamp(2012, 2, 10), 10, 20, -0.5)]


def test_what_lies_past_the_end_of_a_shorter_range_has_no_value(ask: Ask) -> None:
    # March has 31 days and February 29: nothing stands beside the 30th and 31st, though 1 and 2 March are recorded.
    days = ask(
        ["gross_sales", "orders"], start="2012-03-01", end="2012-04-01", grain="day", compare="previous", fill=True
    )
    found = {r[0].day: r[1:] for r in rows(days)}
    assert found[29] == (0, 70, -1.0, 0, 2, -1.0)
    assert found[28] == (0, 0, None, 0, 0, None)
    assert found[30] == (0, None, None, 0, None, None)
    assert found[31] == (0, None, None, 0, None, None)
    # Of 10 January to 14 February the last month is a part, and April has none.
    months = ask(
        "gross_sales", start="2012-02-01", end="2012-05-01", grain="month", compare=("2012-01-10", "2012-02-15")
    )
    assert [r[1:] for r in rows(months)] == [(80, 60, pytest.approx(1 / 3)), (40, 10, 3.0), (40, None, None)]


@pytest.mark.parametrize(
    ("compare", "words"),
    [
        ("previous", "1–31 Jan 2012"),
        ("year_ago", "1–28 Feb 2011"),
        ("same_weekdays", "2 Feb – 2 Mar 2011"),
        (("2012-01-01", "2012-01-16"), "1–15 Jan 2012"),
    ],
)
def test_the_other_range_is_written_out(ask: Ask, compare: object, words: str) -> None:
    passport = ask("net_sales", **FEBRUARY, compare=compare).passport
    assert dict(passport.lines())["Compared with"] == words
    assert dict(passport.lines())["Counted"].startswith("1–29 Feb 2012")
