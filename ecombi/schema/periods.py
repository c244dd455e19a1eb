"""Half-open periods of whole days in the shop's time zone, and the grains time is cut into."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ecombi.errors import PeriodError, did_you_mean


class Grain(StrEnum):
    """Width of a time bucket. Weeks start on Monday (ISO 8601)."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @classmethod
    def parse(cls, text: str) -> Grain:
        """Read a grain by name.

        Raises:
            PeriodError: Not a grain; the message lists those that are.
        """
        try:
            return cls(text)
        except ValueError:
            raise PeriodError(f"Unknown grain {text!r}. {did_you_mean(text, [g.value for g in cls])}") from None

    def end_of(self, start: date) -> date:
        """Return the day after the last one of the bucket that begins on `start`; an hour's is the next day."""
        if self in (Grain.HOUR, Grain.DAY):
            return start + timedelta(days=1)
        if self is Grain.WEEK:
            return start + timedelta(days=7)
        return add_months(start, {Grain.MONTH: 1, Grain.QUARTER: 3}.get(self, 12))


def parse_day(text: str | date) -> date:
    """Read an ISO day, YYYY-MM-DD.

    Raises:
        PeriodError: Not a day that exists.
    """
    if isinstance(text, date):
        return text.date() if isinstance(text, datetime) else text
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise PeriodError(f"{text!r} is not a day. Write it as YYYY-MM-DD, for example 2011-11-30.")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise PeriodError(
            f"{text!r} is not a day that exists. Write it as YYYY-MM-DD, for example 2011-11-30."
        ) from None


def time_zone(name: str) -> ZoneInfo:
    """Return the time zone of that IANA name.

    Raises:
        PeriodError: No such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise PeriodError(f"Unknown time zone {name!r}. Use an IANA name, for example Europe/London.") from None


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` up to and not including `end`.

    Raises:
        PeriodError: `end` is not after `start`.
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise PeriodError(
                f"The period from {self.start} to {self.end} has no day in it. "
                "The end is not included, so it must come after the start."
            )

    @classmethod
    def of(cls, start: str | date, end: str | date) -> Period:
        """Build a period from two days or their ISO texts; `end` is not included."""
        return cls(parse_day(start), parse_day(end))

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.end - self.start).days

    @property
    def last(self) -> date:
        """The last day inside."""
        return self.end - timedelta(days=1)

    def previous(self) -> Period:
        """Return the period just before: whole months before whole months, else the same number of days."""
        months = self.whole_months
        if months:
            return Period(add_months(self.start, -months), self.start)
        return self.earlier(self.days)

    def earlier(self, days: int) -> Period:
        """Return the period of the same length that begins so many days earlier.

        Raises:
            PeriodError: There are no such days.
        """
        try:
            return Period(self.start - timedelta(days=days), self.end - timedelta(days=days))
        except OverflowError:
            raise PeriodError(f"There is no day {days} days before {self.start}.") from None

    def year_ago(self) -> Period:
        """Return the same dates one year earlier, whole months as whole months; for a 29 February, it is the 28th."""
        start = add_months(self.start, -12)
        if self.whole_months:
            return Period(start, add_months(self.end, -12))
        return Period(start, add_months(self.last, -12) + timedelta(days=1))

    @property
    def whole_months(self) -> int:
        """Number of calendar months, or 0 when the period does not consist of whole ones."""
        if self.start.day != 1 or self.end.day != 1:
            return 0
        return (self.end.year - self.start.year) * 12 + self.end.month - self.start.month

    def utc_bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return the UTC instants of both midnights in `zone`: a day of 23 or 25 hours keeps its real length.

        A midnight that the clocks skip begins at the first instant after the gap; one that happens twice, at the first.
        """
        return _midnight_utc(self.start, zone), _midnight_utc(self.end, zone)

    def __str__(self) -> str:
        return f"{self.start} to {self.last}"


def _midnight_utc(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """Return the same day some months later, or the last of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year < 1:
        raise PeriodError(f"There is no day {-months} months before {day}.")
    month += 1
    first_of_next = date(year + month // 12, month % 12 + 1, 1)
    last_day = (first_of_next - timedelta(days=1)).day
    return date(year, month, min(day.day, last_day))
