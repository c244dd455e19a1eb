"""Periods are half-open days on the shop's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecombi.errors import PeriodError
from ecombi.schema.periods import Grain, Period, parse_day, time_zone

LONDON = ZoneInfo("Europe/London")


def test_end_is_not_included():
    november = Period.of("2011-11-01", "2011-12-01")
    assert november.days == 30
    assert november.last == date(2011, 11, 30)
    assert str(november) == "2011-11-01 to 2011-11-30"


@pytest.mark.parametrize(("start", "end"), [("2011-12-01", "2011-12-01"), ("2011-12-02", "2011-12-01")])
def test_a_period_without_a_day_is_refused(start, end):
    with pytest.raises(PeriodError, match="has no day in it"):
        Period.of(start, end)


@pytest.mark.parametrize("text", ["2011-02-30", "01/12/2011", "2011-13-01", "", "yesterday", "20111201"])
def test_an_unreadable_day_is_refused_with_the_format_that_works(text):
    with pytest.raises(PeriodError, match="YYYY-MM-DD"):
        parse_day(text)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2011-03-01", "2011-04-01", ("2011-02-01", "2011-03-01")),  # a whole month before a whole month
        ("2011-01-01", "2011-04-01", ("2010-10-01", "2011-01-01")),  # a quarter before a quarter
        ("2012-01-01", "2013-01-01", ("2011-01-01", "2012-01-01")),  # a leap year and an ordinary one
        ("2011-11-01", "2011-11-22", ("2011-10-11", "2011-11-01")),  # 21 days before 21 days
        ("2024-02-29", "2024-03-01", ("2024-02-28", "2024-02-29")),
    ],
)
def test_previous_period(start, end, expected):
    assert Period.of(start, end).previous() == Period.of(*expected)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2011-11-01", "2011-12-01", ("2010-11-01", "2010-12-01")),
        ("2024-02-01", "2024-03-01", ("2023-02-01", "2023-03-01")),
        ("2024-02-29", "2024-03-01", ("2023-02-28", "2023-03-01")),
        ("2024-02-28", "2024-02-29", ("2023-02-28", "2023-03-01")),
        ("2024-02-01", "2024-02-29", ("2023-02-01", "2023-03-01")),
        ("2025-02-01", "2025-03-01", ("2024-02-01", "2024-03-01")),
        ("2025-02-10", "2025-03-01", ("2024-02-10", "2024-02-29")),
        ("2025-02-28", "2025-03-02", ("2024-02-28", "2024-03-02")),
    ],
)
def test_year_ago(start, end, expected):
    assert Period.of(start, end).year_ago() == Period.of(*expected)


@pytest.mark.parametrize(
    ("day", "hours", "starts"),
    [
        ("2026-03-29", 23, datetime(2026, 3, 29, 0, tzinfo=UTC)),  # clocks go forward at 01:00
        ("2026-10-25", 25, datetime(2026, 10, 24, 23, tzinfo=UTC)),  # clocks go back at 02:00
        ("2026-07-01", 24, datetime(2026, 6, 30, 23, tzinfo=UTC)),
    ],
)
def test_a_day_keeps_its_real_length_when_the_clocks_change(day, hours, starts):
    start, end = Period(date.fromisoformat(day), date.fromisoformat(day) + timedelta(days=1)).utc_bounds(LONDON)
    assert start == starts
    assert end - start == timedelta(hours=hours)


def test_a_midnight_the_clocks_skip_starts_at_the_first_instant_after():
    # Chile, 8 September 2024: 24:00 of the 7th became 01:00.
    start, end = Period.of("2024-09-08", "2024-09-09").utc_bounds(ZoneInfo("America/Santiago"))
    assert start == datetime(2024, 9, 8, 4, tzinfo=UTC)
    assert end - start == timedelta(hours=23)


@given(st.dates(date(1990, 1, 1), date(2080, 1, 1)), st.integers(1, 800))
def test_the_previous_period_ends_where_this_one_starts(start, days):
    period = Period(start, start + timedelta(days=days))
    before = period.previous()
    assert before.end == period.start
    if not period.whole_months:
        assert before.days == period.days


def test_unknown_grain_and_zone_name_what_would_work():
    with pytest.raises(PeriodError, match="Did you mean 'month'"):
        Grain.parse("months")
    with pytest.raises(PeriodError, match="Europe/London"):
        time_zone("Mars/Olympus")
