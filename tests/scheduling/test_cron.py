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


@pytest.mark.parametrize(
    ("text", "zone", "start", "end", "expected"),
    [
        # Half an hour: on 4 October 2026, 02:00 becomes 02:30; on 5 April 2026, 02:00 becomes 01:30 again.
        (
            "15 2 * * *", "Australia/Lord_Howe", "2026-10-03", "2026-10-06",
            ["03 02:15 +1030", "04 02:30 +1100", "05 02:15 +1100"],
        ),
        (
            "45 1 * * *", "Australia/Lord_Howe", "2026-04-04", "2026-04-07",
            ["04 01:45 +1100", "05 01:45 +1100", "06 01:45 +1030"],
        ),
        (
            "45 * * * *", "Australia/Lord_Howe", "2026-04-05T00:00", "2026-04-05T03:00",
            ["05 00:45 +1100", "05 01:45 +1100", "05 01:45 +1030", "05 02:45 +1030"],
        ),
        # At midnight: on 4 November 2018, 00:00 becomes 01:00; on 18 February 2018, it becomes 23:00 of the 17th again.
        (
            "0 0 * * *", "America/Sao_Paulo", "2018-11-03", "2018-11-06",
            ["03 00:00 -0300", "04 01:00 -0200", "05 00:00 -0200"],
        ),
        (
            "30 23 * * *", "America/Sao_Paulo", "2018-02-16", "2018-02-19",
            ["16 23:30 -0200", "17 23:30 -0200", "18 23:30 -0300"],
        ),
        # Never.
        (
            "30 2 * * *", "Asia/Kolkata", "2026-03-28", "2026-03-31",
            ["28 02:30 +0530", "29 02:30 +0530", "30 02:30 +0530"],
        ),
    ],
)  # fmt: skip
def test_clocks_that_change_by_half_an_hour_or_at_midnight(text, zone, start, end, expected):
    assert due(text, zone, start, end) == expected


@pytest.mark.parametrize("hour", ["*", "*/1", "0-23"])
def test_every_hour_can_be_written_in_three_ways(hour):
    autumn = due(f"15 {hour} * * *", "Europe/Berlin", "2026-10-25T01:00", "2026-10-25T04:00")
    assert autumn == ["25 01:15 +0200", "25 02:15 +0200", "25 02:15 +0100", "25 03:15 +0100"]


def test_a_time_that_a_gap_moves_over_midnight_is_of_the_day_before():
    # On Saturday 28 March 2026, 23:00 becomes 00:00 in Greenland.
    nuuk = ZoneInfo("America/Nuuk")
    cron = Cron("30 23 * * *", nuuk)
    at = cron.following(datetime(2026, 3, 27, 12, tzinfo=nuuk), 4)
    assert [f"{one.astimezone(nuuk):%d %H:%M}" for one in at] == ["27 23:30", "29 00:00", "29 23:30", "30 23:30"]
    assert [cron.day(one).day for one in at] == [27, 28, 29, 30]
    # Somebody may ask for any other moment too.
    assert cron.day(datetime(2026, 3, 29, 0, 10, tzinfo=nuuk)) == date(2026, 3, 29)


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
