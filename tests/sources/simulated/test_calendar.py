"""The shop's clock, its summer time and its events."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from ecombi.sources.simulated.calendar import Calendar, make_calendar, next_dispatch
from ecombi.sources.simulated.promotions import promotions

LONDON = ZoneInfo("Europe/London")


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return make_calendar(date(2025, 1, 1), 730)


def _instants(calendar: Calendar, day: date, *seconds: int) -> list[datetime]:
    number = np.full(len(seconds), (day - calendar.start).days)
    return [datetime.fromtimestamp(at, UTC) for at in calendar.instant(number, np.array(seconds)).tolist()]


def test_a_winter_reading_is_utc_and_a_summer_reading_an_hour_earlier(calendar: Calendar) -> None:
    assert _instants(calendar, date(2026, 1, 15), 43_200) == [datetime(2026, 1, 15, 12, tzinfo=UTC)]
    assert _instants(calendar, date(2026, 7, 15), 43_200) == [datetime(2026, 7, 15, 11, tzinfo=UTC)]


def test_the_hour_the_clocks_skip_moves_on(calendar: Calendar) -> None:
    # Sunday 29 March 2026: 01:00 becomes 02:00.
    before, skipped, after = _instants(calendar, date(2026, 3, 29), 3_599, 5_400, 7_200)
    assert before == datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)
    assert skipped.astimezone(LONDON).strftime("%H:%M") == "02:30"
    assert after == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_the_hour_that_comes_twice_is_used_twice(calendar: Calendar) -> None:
    # Sunday 25 October 2026: 02:00 becomes 01:00.
    first, second, after = _instants(calendar, date(2026, 10, 25), 5_400, 5_401, 7_200)
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert second == datetime(2026, 10, 25, 1, 30, 1, tzinfo=UTC)
    assert after == datetime(2026, 10, 25, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize("day", [date(2025, 3, 30), date(2025, 10, 26), date(2026, 3, 29), date(2026, 10, 25)])
def test_every_reading_of_a_clock_change_is_an_instant_of_its_day(calendar: Calendar, day: date) -> None:
    for at in _instants(calendar, day, *range(0, 86_400, 450), 86_399):
        assert at.astimezone(LONDON).date() == day


def test_the_clock_customers_live_by_is_read_back(calendar: Calendar) -> None:
    reading = np.linspace(0, float(calendar.clock[730]), 2_001)[:-1]
    day, second = calendar.read_clock(reading)
    assert (calendar.clock[day] <= reading).all()
    assert (reading < calendar.clock[day + 1] + 1e-9).all()
    assert (np.diff(day * 86_400 + second) >= 0).all()
    assert second.min() >= 0
    assert second.max() < 86_400


def test_the_mean_season_is_one(calendar: Calendar) -> None:
    assert calendar.season[:730].mean() == pytest.approx(1)


def test_months_cover_the_history_once(calendar: Calendar) -> None:
    months = calendar.months()
    assert len(months) == 24
    assert [first for first, _ in months] == [0, *(last for _, last in months[:-1])]
    assert months[-1][1] == 730


def test_no_day_has_two_promotions_and_black_friday_is_the_day_after_thanksgiving() -> None:
    events = promotions(date(2020, 1, 1), date(2035, 1, 1))
    assert all(before.end <= after.start for before, after in pairwise(events))
    fridays = {event.start for event in events if event.name.startswith("Black Friday")}
    assert {date(2024, 11, 29), date(2025, 11, 28), date(2026, 11, 27), date(2030, 11, 29)} <= fridays


def test_parcels_wait_over_weekends_and_christmas(calendar: Calendar) -> None:
    leaves = next_dispatch(calendar)

    def after(day: date) -> date:
        return calendar.day(int(leaves[(day - calendar.start).days]))

    assert after(date(2025, 6, 13)) == date(2025, 6, 13)
    assert after(date(2025, 6, 14)) == date(2025, 6, 16)
    assert after(date(2025, 12, 25)) == date(2025, 12, 29)
