"""The ranges of days a report speaks of, from what was asked for and what there is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from ecombi.metrics import format as fmt
from ecombi.schema.periods import Grain, Period, add_months, parse_day

WEEK = timedelta(days=7)
SAME_WEEKDAYS_A_YEAR = timedelta(days=364)
RECENT_DAYS = 28
RECENT_WEEKS = 13


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedWeeks:
    """A week from Monday, and the weeks it is compared with.

    Attributes:
        week: The week; while it is not over, as many days of it as have records.
        week_before: As many days of the week before, from its Monday.
        year_ago: The same days 52 weeks earlier, so that a Saturday meets a Saturday.
        recent: The week and the twelve before it.
        recent_year_ago: The same 52 weeks earlier.
        missing: Days of the week without records yet.
    """

    week: Period
    week_before: Period
    year_ago: Period
    recent: Period
    recent_year_ago: Period
    missing: int

    @classmethod
    def of(cls, coverage: Period, day: str | None) -> ComparedWeeks:
        """Take the week of the day asked for, or the last one that is over, or the first one there is.

        Raises:
            PeriodError: Not a day.
        """
        asked = parse_day(day) if day else max(coverage.end - WEEK, coverage.start)
        monday = asked - timedelta(days=asked.weekday())
        end = monday + WEEK
        if monday < coverage.end < end:
            end = coverage.end
        week, recent = Period(monday, end), Period(monday - (RECENT_WEEKS - 1) * WEEK, end)
        return cls(
            week=week,
            week_before=_moved(week, WEEK),
            year_ago=_moved(week, SAME_WEEKDAYS_A_YEAR),
            recent=recent,
            recent_year_ago=_moved(recent, SAME_WEEKDAYS_A_YEAR),
            missing=7 - week.days,
        )

    def earlier(self, coverage: Period) -> dict[str, Period]:
        """Return the weeks to compare with that have records, by what they are called in a sentence."""
        known = {"the week before": self.week_before, "a year ago": self.year_ago}
        return {said: period for said, period in known.items() if _is_inside(period, coverage)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoDays:
    """A day and an earlier one; what happened before a day counts, what happened on it does not.

    Attributes:
        day: The day.
        earlier: The one it is compared with.
        period: The days with records up to the day.
    """

    day: date
    earlier: date
    period: Period

    @classmethod
    def of(cls, coverage: Period, day: str | None, back: int) -> TwoDays:
        """Take the day asked for, or the one after the last there is, and another so many days before.

        Raises:
            PeriodError: Not a day.
        """
        asked = parse_day(day) if day else coverage.end
        start = coverage.start if asked > coverage.start else asked - timedelta(days=1)
        return cls(day=asked, earlier=asked - timedelta(days=back), period=Period(start, asked))

    @property
    def said(self) -> str:
        """The day in words."""
        return fmt.day(self.day)

    @property
    def both(self) -> str:
        """Both days in words."""
        return f"orders before {fmt.day(self.earlier)} and before {fmt.day(self.day)}"


def between(period: Period) -> dict[str, date]:
    """Return a period as the arguments a query takes."""
    return {"start": period.start, "end": period.end}


def before_and_year_ago(coverage: Period, period: Period) -> dict[str, Period]:
    """Return the period before and the same dates a year earlier, where they have records, as a sentence calls them.

    Of twelve whole months both are the same, and only the year is told.
    """
    known = {"the period before": period.previous(), "a year earlier": period.year_ago()}
    if known["the period before"] == known["a year earlier"]:
        del known["the period before"]
    return {said: earlier for said, earlier in known.items() if _is_inside(earlier, coverage)}


def last_months(coverage: Period, months: int) -> Period:
    """Return the last calendar months with records, the one that is not over among them."""
    first_after = add_months(coverage.last.replace(day=1), 1)
    return Period(add_months(first_after, -months), min(first_after, coverage.end))


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


def _moved(period: Period, back: timedelta) -> Period:
    return Period(period.start - back, period.end - back)


def _day(day: date) -> Period:
    return Period(day, day + timedelta(days=1))
