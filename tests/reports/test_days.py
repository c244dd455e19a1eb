"""The days a report speaks of, counted on a calendar."""

from __future__ import annotations

from datetime import date

import pytest

from ecombi.errors import PeriodError
from ecombi.reports.days import ComparedDays, ComparedWeeks, TwoDays, before_and_year_ago, last_months, period_of
from ecombi.schema.periods import Period

COVERAGE = Period.of("2009-12-01", "2011-12-10")


def test_a_day_is_compared_with_the_day_before_and_with_the_same_weekday() -> None:
    days = ComparedDays.of(COVERAGE, "2011-12-01")  # a Thursday
    assert days.day == Period.of("2011-12-01", "2011-12-02")
    assert days.day_before.start == date(2011, 11, 30)
    assert days.week_ago.start == date(2011, 11, 24)
    assert days.year_ago.start == date(2010, 12, 2)
    assert {days.day.start.weekday(), days.week_ago.start.weekday(), days.year_ago.start.weekday()} == {3}


def test_without_a_day_it_is_the_last_one_there_is() -> None:
    assert ComparedDays.of(COVERAGE, None).day == Period.of("2011-12-09", "2011-12-10")


@pytest.mark.parametrize(
    ("day", "month", "before"),
    [
        ("2011-12-09", ("2011-12-01", "2011-12-10"), ("2011-11-01", "2011-11-10")),
        ("2011-12-01", ("2011-12-01", "2011-12-02"), ("2011-11-01", "2011-11-02")),
        ("2011-03-31", ("2011-03-01", "2011-04-01"), ("2011-02-01", "2011-03-01")),
        ("2012-01-31", ("2012-01-01", "2012-02-01"), ("2011-12-01", "2012-01-01")),
    ],
)
def test_a_month_so_far_meets_as_many_days_of_the_month_before(
    day: str, month: tuple[str, str], before: tuple[str, str]
) -> None:
    days = ComparedDays.of(COVERAGE, day)
    assert (days.month, days.month_before) == (Period.of(*month), Period.of(*before))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2011-11-01", "2011-12-01", ("2011-11-01", "2011-12-01")),
        (None, "2011-12-01", ("2011-11-03", "2011-12-01")),
        ("2011-11-01", None, ("2011-11-01", "2011-12-10")),
        (None, None, ("2011-11-12", "2011-12-10")),
    ],
)
def test_a_period_is_completed_from_what_there_is(
    start: str | None, end: str | None, expected: tuple[str, str]
) -> None:
    assert period_of(COVERAGE, start, end) == Period.of(*expected)


def test_a_start_after_the_last_day_is_refused() -> None:
    with pytest.raises(PeriodError, match="has no day in it"):
        period_of(COVERAGE, "2012-01-01", None)


def test_without_a_day_it_is_the_last_week_that_is_over() -> None:
    # The records end on Friday 9 December.
    when = ComparedWeeks.of(COVERAGE, None)
    assert (when.week, when.missing) == (Period.of("2011-11-28", "2011-12-05"), 0)
    assert when.week_before == Period.of("2011-11-21", "2011-11-28")
    assert when.year_ago == Period.of("2010-11-29", "2010-12-06")
    assert when.recent == Period.of("2011-09-05", "2011-12-05")
    assert set(when.earlier(COVERAGE)) == {"the week before", "a year ago"}


def test_records_that_end_on_a_sunday_end_with_a_whole_week() -> None:
    assert ComparedWeeks.of(Period.of("2011-01-01", "2011-12-12"), None).week == Period.of("2011-12-05", "2011-12-12")


def test_of_records_of_less_than_a_week_the_week_is_the_one_they_are_in() -> None:
    when = ComparedWeeks.of(Period.of("2010-12-01", "2010-12-02"), None)
    assert (when.week, when.missing) == (Period.of("2010-11-29", "2010-12-02"), 4)


def test_a_week_that_is_not_over_stands_for_the_days_it_has() -> None:
    when = ComparedWeeks.of(COVERAGE, "2011-12-11")
    assert (when.week, when.missing) == (Period.of("2011-12-05", "2011-12-10"), 2)
    assert when.week_before == Period.of("2011-11-28", "2011-12-03")
    assert when.year_ago == Period.of("2010-12-06", "2010-12-11")


def test_weeks_from_before_the_records_are_not_compared_with() -> None:
    assert ComparedWeeks.of(COVERAGE, "2009-12-10").earlier(COVERAGE) == {}


def test_two_days_lie_as_far_apart_as_asked_for() -> None:
    when = TwoDays.of(COVERAGE, None, 90)
    assert (when.day, when.earlier) == (date(2011, 12, 10), date(2011, 9, 11))
    assert when.period == COVERAGE
    assert TwoDays.of(COVERAGE, "2009-12-01", 1).period == Period.of("2009-11-30", "2009-12-01")


def test_the_last_months_end_with_the_one_that_is_not_over() -> None:
    assert last_months(COVERAGE, 12) == Period.of("2011-01-01", "2011-12-10")
    assert last_months(Period.of("2010-01-01", "2012-01-01"), 12) == Period.of("2011-01-01", "2012-01-01")


def test_a_whole_year_has_one_earlier_period_not_two_of_the_same() -> None:
    year = Period.of("2011-01-01", "2012-01-01")
    assert before_and_year_ago(Period.of("2009-01-01", "2012-01-01"), year) == {
        "a year earlier": Period.of("2010-01-01", "2011-01-01")
    }
    assert set(before_and_year_ago(COVERAGE, Period.of("2011-05-01", "2011-06-01"))) == {
        "the period before",
        "a year earlier",
    }
