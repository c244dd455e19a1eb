"""When schedules are due: what clocks show, over every change of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecombi.errors import ScheduleError
from ecombi.scheduling.cron import Cron

PLACES = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
ZONES = sorted(name for name in available_timezones() if name.startswith(PLACES))


def due(text: str, zone: str, start: str, end: str) -> list[str]:
    """The local times at which it is due from `start` (included) to `end`, with their offset from UTC."""
    at = ZoneInfo(zone)
    first, last = (datetime.fromisoformat(day).replace(tzinfo=at) for day in (start, end))
    cron = Cron(text, at)
    return [
        one.astimezone(at).strftime("%d %H:%M %z")
        for one in cron.between(first - timedelta(seconds=1), last - timedelta(seconds=1))
    ]


@pytest.mark.parametrize(
    ("zone", "start", "end", "expected"),
    [
        # The last Sunday of March 2026: 02:00 becomes 03:00.
        ("Europe/Berlin", "2026-03-28", "2026-03-31", ["28 02:30 +0100", "29 03:00 +0200", "30 02:30 +0200"]),
        # The last Sunday of October 2026: 03:00 becomes 02:00 again.
        ("Europe/Berlin", "2026-10-24", "2026-10-27", ["24 02:30 +0200", "25 02:30 +0200", "26 02:30 +0100"]),
        # The second Sunday of March 2026.
        ("America/New_York", "2026-03-07", "2026-03-10", ["07 02:30 -0500", "08 03:00 -0400", "09 02:30 -0400"]),
        # The first Sunday of November 2026: 02:00 becomes 01:00 again, so 02:30 comes once by itself.
        ("America/New_York", "2026-10-31", "2026-11-03", ["31 02:30 -0400", "01 02:30 -0500", "02 02:30 -0500"]),
    ],
)
def test_half_past_two_comes_once_a_day_over_a_change_of_the_clocks(zone, start, end, expected):
    assert due("30 2 * * *", zone, start, end) == expected


def test_half_past_one_comes_once_in_new_yorks_repeated_hour():
    assert due("30 1 * * *", "America/New_York", "2026-10-31", "2026-11-03") == [
        "31 01:30 -0400", "01 01:30 -0400", "02 01:30 -0500",
    ]  # fmt: skip


def test_times_in_a_gap_that_fall_together_are_one():
    assert due("0,20,40 2,3 * * *", "Europe/Berlin", "2026-03-29", "2026-03-30") == [
        "29 03:00 +0200", "29 03:20 +0200", "29 03:40 +0200",
    ]  # fmt: skip


def test_every_hour_means_every_hour_that_passes():
    spring = due("15 * * * *", "Europe/Berlin", "2026-03-29T01:00", "2026-03-29T05:00")
    autumn = due("15 * * * *", "Europe/Berlin", "2026-10-25T01:00", "2026-10-25T05:00")
    assert spring == ["29 01:15 +0100", "29 03:15 +0200", "29 04:15 +0200"]
    assert autumn == ["25 01:15 +0200", "25 02:15 +0200", "25 02:15 +0100", "25 03:15 +0100", "25 04:15 +0100"]


def test_every_quarter_hour_goes_on_in_order_through_the_repeated_hour():
    at = list(Cron("*/15 * * * *", ZoneInfo("America/New_York")).between(
        datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 1, 8, tzinfo=UTC)))  # fmt: skip
    assert [later - earlier for earlier, later in pairwise(at)] == [timedelta(minutes=15)] * 15


def test_the_answer_is_the_same_from_wherever_one_asks():
    cron = Cron("30 2 * * *", ZoneInfo("Europe/Berlin"))
    once, next_day = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 26, 1, 30, tzinfo=UTC)
    for minutes in range(0, 26 * 60, 7):
        asked = datetime(2026, 10, 24, 0, 31, tzinfo=UTC) + timedelta(minutes=minutes)
        assert cron.after(asked) == (once if asked < once else next_day)


def test_a_day_that_a_zone_left_out_has_no_run():
    # Samoa went from 29 to 31 December 2011.
    assert due("30 2 * * *", "Pacific/Apia", "2011-12-29", "2012-01-02") == [
        "29 02:30 -1000", "31 02:30 +1400", "01 02:30 +1400",
    ]  # fmt: skip


def is_shown(day: date, hour: int, minute: int, zone: ZoneInfo) -> bool:
    """Whether the clocks of a zone ever show that time."""
    wall = datetime.combine(day, time(hour, minute), zone)
    return wall.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None)


@settings(max_examples=100, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    year=st.integers(1975, 2035),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
)
def test_every_local_day_has_exactly_one_run_of_a_daily_schedule(zone, year, hour, minute):
    at = ZoneInfo(zone)
    start, end = (datetime(one, 1, 1, 12, tzinfo=at) for one in (year, year + 1))
    runs = [run.astimezone(at) for run in Cron(f"{minute} {hour} * * *", at).between(start, end)]
    assert all(earlier.astimezone(UTC) < later.astimezone(UTC) for earlier, later in pairwise(runs))
    # A run that a gap moved over midnight belongs to the day before.
    days = [run.date() - timedelta(days=(run.hour, run.minute) < (hour, minute)) for run in runs]
    inside = (date(year, 1, 2) + timedelta(days=n) for n in range((end.date() - start.date()).days - 1))
    assert {day for day in inside if is_shown(day, 12, 0, at)} <= set(days)
    assert len(days) == len(set(days))
    for run, day in zip(runs, days, strict=True):
        assert ((run.hour, run.minute) == (hour, minute)) == is_shown(day, hour, minute, at)


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("0", "sun"), ("7", "sun"), ("1-5", "mon,tue,wed,thu,fri"), ("mon-fri", "mon,tue,wed,thu,fri"),
        ("5-7", "sun,fri,sat"), ("sat-sun", "sun,sat"), ("*/2", "sun,tue,thu,sat"), ("1,3", "mon,wed"),
    ],
)  # fmt: skip
def test_weekdays_are_counted_as_cron_counts_them(field, names):
    cron = Cron(f"0 6 * * {field}", ZoneInfo("UTC"))
    week = [at.strftime("%a").lower() for at in cron.between(datetime(2026, 10, 31, 23, tzinfo=UTC),
                                                             datetime(2026, 11, 7, 23, tzinfo=UTC))]  # fmt: skip
    assert ",".join(week) == names


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("30 5 * *", "4 fields"),
        ("61 5 * * *", "61"),
        ("0 0 31 2 *", "never comes"),
        ("0 0 1 * mon", "two schedules"),
        ("0 0 * * 8", "no day of the week"),
        ("0 0 * * tomorrow", "no day of the week"),
        ("0 0 1 brumaire *", "brumaire"),
    ],
)
def test_fields_that_cannot_work_are_refused_in_words(text, words):
    with pytest.raises(ScheduleError, match=words):
        Cron(text, ZoneInfo("UTC"))
