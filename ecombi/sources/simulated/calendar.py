"""The shop's days: their instants on a clock with summer time, and how busy each is meant to be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from ecombi.schema.periods import Period, time_zone
from ecombi.sources.simulated.columns import Floats, Ints, integers
from ecombi.sources.simulated.promotions import Promotion, promotions

TIME_ZONE: Final = "Europe/London"
HOUR: Final = 3_600
DAY: Final = 86_400

WEEKDAY: Final = np.array([1.02, 0.95, 0.93, 0.96, 0.94, 1.05, 1.15])
"""Orders of a weekday, Monday first, as a factor; the mean is 1."""

_HOURS_OF_WORKDAYS: Final = [12, 7, 4, 3, 3, 6, 13, 24, 36, 44, 50, 55, 62, 58, 50, 48, 50, 56, 66, 80, 92, 84, 55, 28]
_HOURS_OF_WEEKENDS: Final = [16, 9, 6, 4, 3, 4, 8, 16, 34, 56, 72, 80, 78, 74, 72, 72, 74, 78, 86, 98, 108, 92, 60, 30]
HOURS: Final = np.array([_HOURS_OF_WORKDAYS] * 5 + [_HOURS_OF_WEEKENDS] * 2, dtype=np.float64)
"""Orders by hour on the shop's clock, one row per weekday, in proportion."""

YEARLY_GROWTH: Final = 0.18
"""Orders a year later, less one, once season and promotions are taken out."""

LAST_DISPATCH: Final = 14 * HOUR
"""Orders placed before this time of a working day leave on it."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of the history and some after it, as arrays by day number; day 0 is the first.

    `season` is how busy a day is meant to be, the mean over the history being 1, before growth. `clock` is the time
    customers live by: it advances by `season` each day, so on it they buy at a constant rate. `clock[d]` is the
    clock's reading when day d begins.
    """

    start: date
    days: int
    weekday: Ints
    week: Floats
    year: Floats
    lift: Floats
    season: Floats
    clock: Floats
    midnight: Ints
    events: tuple[Promotion, ...]

    @property
    def end(self) -> int:
        """The first instant after the history, in UTC seconds."""
        return int(self.midnight[self.days])

    def day(self, number: int) -> date:
        """Return the date of that day."""
        return self.start + timedelta(days=number)

    def months(self) -> list[tuple[int, int]]:
        """Return the first day and the day after the last one of each month of the history, as day numbers."""
        firsts = [0, *(d for d in range(1, self.days) if self.day(d).day == 1)]
        return list(zip(firsts, [*firsts[1:], self.days], strict=True))

    def event_on(self, number: int) -> Promotion | None:
        """Return the promotion of that day."""
        day = self.day(number)
        return next((event for event in self.events if event.start <= day < event.end), None)

    def instant(self, day: Ints, second: Ints) -> Ints:
        """Return UTC seconds of a reading of the shop's clock.

        Readings the clocks skip in March move an hour on; of those that come twice in October, even seconds take the
        first time and odd ones the second.
        """
        missing = DAY - (self.midnight[day + 1] - self.midnight[day])
        twice = (missing < 0) & (second >= HOUR) & (second < 2 * HOUR) & (second % 2 == 1)
        after = (missing != 0) & (second >= 2 * HOUR)
        return integers(self.midnight[day] + second - np.where(after | twice, missing, 0))

    def read_clock(self, reading: Floats) -> tuple[Ints, Ints]:
        """Return day and second of the day of readings of the customers' clock inside the history."""
        day = integers(np.clip(np.searchsorted(self.clock[: self.days], reading, side="right") - 1, 0, self.days - 1))
        part = np.clip((reading - self.clock[day]) / self.season[day], 0, 1)
        second = np.empty(len(day))
        edges = np.arange(25) * float(HOUR)
        for weekday in range(7):
            mine = self.weekday[day] == weekday
            mass = np.concatenate([[0.0], np.cumsum(HOURS[weekday])])
            second[mine] = np.interp(part[mine], mass / mass[-1], edges)
        return day, np.minimum(integers(second), DAY - 1)


def make_calendar(start: date, days: int, *, beyond: int = 400) -> Calendar:
    """Lay out the days from `start` on, and `beyond` more for what is still under way at the end."""
    dates = [start + timedelta(days=number) for number in range(days + beyond)]
    events = tuple(promotions(start, dates[-1]))
    weekday = integers([d.weekday() for d in dates])
    week = WEEKDAY[weekday]
    year = np.array([_time_of_year(d) for d in dates])
    lift = np.ones(len(dates))
    for event in events:
        lift[max((event.start - start).days, 0) : max((event.end - start).days, 0)] = event.lift
    season = week * year * lift
    season = season / season[:days].mean()
    zone = time_zone(TIME_ZONE)
    midnight = integers([int(Period(d, d + timedelta(days=1)).utc_bounds(zone)[0].timestamp()) for d in dates])
    clock = np.concatenate([[0.0], np.cumsum(season)])
    return Calendar(start, days, weekday, week, year, lift, season, clock, midnight, events)


def next_dispatch(calendar: Calendar) -> Ints:
    """Return for each day the first day from it on when parcels leave: no weekends, Christmas or New Year's Day."""
    count = len(calendar.weekday) - 1
    leaves = np.full(count, count - 1)
    following = count - 1
    for number in range(count - 1, -1, -1):
        day = calendar.day(number)
        if calendar.weekday[number] < 5 and (day.month, day.day) not in {(12, 25), (12, 26), (1, 1)}:
            following = number
        leaves[number] = following
    return integers(leaves)


def _time_of_year(day: date) -> float:
    """Return the planted yearly season: Christmas trade peaks in early December, August is quiet."""
    of_year = (day - date(day.year, 1, 1)).days

    def bump(peak: int, width: float, height: float) -> float:
        distance = (of_year - peak + 182) % 365 - 182
        return height * float(np.exp(-0.5 * (distance / width) ** 2))

    return 1 + bump(338, 17, 0.85) + bump(85, 25, 0.12) + bump(225, 28, -0.18) + bump(358, 3, -0.45)
