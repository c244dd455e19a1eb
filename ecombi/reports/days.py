"""The ranges of days a report speaks of, from what was asked for and what there is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from ecombi.schema.periods import Grain, Period, parse_day

WEEK = timedelta(days=7)
SAME_WEEKDAYS_A_YEAR = timedelta(days=364)
RECENT_DAYS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedDays:
    """A day and the days it is compared with.

    Attributes:
        day: The day itself.
        day_before: The day before.
        week_ago: The same weekday one week earlier.
        year_ago: The same weekday 52 weeks earlier, so that a Saturday meets a Saturday.
        month: From the first of its month up to and including the day.
        month_before: As many days of the month before, as far as it has them.
    """

    day: Period
    day_before: Period
    week_ago: Period
    year_ago: Period
    month: Period
    month_before: Period

    @classmethod
    def of(cls, coverage: Period, day: str | None) -> ComparedDays:
        """Take the day asked for, or the last one there is.

        Raises:
            PeriodError: Not a day.
        """
        asked = parse_day(day) if day else coverage.last
        first = asked.replace(day=1)
        first_before = (first - timedelta(days=1)).replace(day=1)
        return cls(
            day=_day(asked),
            day_before=_day(asked - timedelta(days=1)),
            week_ago=_day(asked - WEEK),
            year_ago=_day(asked - SAME_WEEKDAYS_A_YEAR),
            month=Period(first, asked + timedelta(days=1)),
            month_before=Period(first_before, min(first_before + timedelta(days=asked.day), first)),
        )

    def earlier(self, coverage: Period) -> dict[str, Period]:
        """Return the days to compare with that have records, by what they are called in a sentence."""
        known = {
            "the day before": self.day_before,
            "a week earlier": self.week_ago,
            "52 weeks earlier": self.year_ago,
        }
        return {said: period for said, period in known.items() if _is_inside(period, coverage)}


def between(period: Period) -> dict[str, date]:
    """Return a period as the arguments a query takes."""
    return {"start": period.start, "end": period.end}


def before_and_year_ago(coverage: Period, period: Period) -> dict[str, Period]:
    """Return the period before and the same dates a year earlier, where they have records, as a sentence calls them."""
    known = {"the period before": period.previous(), "a year earlier": period.year_ago()}
    return {said: earlier for said, earlier in known.items() if _is_inside(earlier, coverage)}


def readable_grain(period: Period) -> Grain:
    """Return the grain that gives a line of at most some sixty points."""
    return Grain.DAY if period.days <= 62 else Grain.WEEK if period.days <= 420 else Grain.MONTH


def period_of(coverage: Period, start: str | None, end: str | None) -> Period:
    """Take the period asked for; without an end, up to the last day there is; without a start, the last 28 days.

    Raises:
        PeriodError: Not a day, or a period without a day in it.
    """
    until = parse_day(end) if end else coverage.end
    return Period(parse_day(start) if start else until - timedelta(days=RECENT_DAYS), until)


def _is_inside(period: Period, coverage: Period) -> bool:
    return coverage.start <= period.start and period.end <= coverage.end


def _day(day: date) -> Period:
    return Period(day, day + timedelta(days=1))
