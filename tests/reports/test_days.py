"""The days a report speaks of, counted on a calendar."""

from __future__ import annotations

from datetime import date

import pytest

from ecombi.errors import PeriodError
from ecombi.reports.days import ComparedDays, period_of
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
