"""When a schedule is due: five cron fields, read on the clocks of a time zone and turned into instants."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from heapq import heappop, heappush
from itertools import islice
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from ecombi.errors import ScheduleError

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

_FIELDS: Final = "minute hour day-of-month month day-of-week"
_EXAMPLE: Final = f"Write five fields, {_FIELDS}, for example: 30 5 * * mon-fri"
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_EVERY_HOUR: Final = ("*", "*/1", "0-23")
_MINUTE: Final = timedelta(minutes=1)
# Troll in Antarctica moves its clocks by two.
_LARGEST_MOVE: Final = timedelta(hours=3)


class Cron:
    """The instants at which something is due.

    The fields say what the clocks of the zone show. A time that the clocks skip in spring comes once, at the first
    instant after the gap; one that they show twice in autumn comes the first time only. Where the hour is `*`, the
    fields mean every hour that passes, so the repeated hour counts twice and the skipped one not at all. A day that a
    zone left out altogether has no run.
    """

    def __init__(self, text: str, zone: ZoneInfo) -> None:
        """Read the fields.

        Raises:
            ScheduleError: They cannot be read, or never come; the message says what would work.
        """
        self.text = " ".join(text.split())
        self.zone = zone
        fields = self.text.lower().split()
        if len(fields) != 5:
            raise ScheduleError(f"{text!r} has {len(fields)} fields. {_EXAMPLE}")
        if fields[2] != "*" and fields[4] != "*":
            raise ScheduleError(
                f"{text!r} names days of the month and of the week, and it is not plain whether both must fit. "
                "Leave one of them *, or write two schedules."
            )
        self._fields = (*fields[:4], _weekdays(fields[4]))
        self._every_hour = fields[1] in _EVERY_HOUR
        if self._wall(datetime(2000, 1, 1)) is None:  # noqa: DTZ001 - what clocks show, not an instant
            raise ScheduleError(f"{text!r} never comes: no month has such a day.")

    def after(self, at: datetime) -> datetime | None:
        """Return the first instant after `at` at which it is due, in UTC; None where there is none in these years."""
        return next(self._instants(at), None)

    def following(self, at: datetime, count: int) -> list[datetime]:
        """Return the next so many instants."""
        return list(islice(self._instants(at), count))

    def between(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the instants after `start` up to and with `end`."""
        for at in self._instants(start):
            if at > end:
                return
            yield at

    def day(self, at: datetime) -> date:
        """Return the date on the clocks; where a gap moved a due time over midnight, the date that it was meant for."""
        shown = _shown(at, self.zone)
        wall = self._wall(shown - _LARGEST_MOVE)
        while wall is not None and wall.date() < shown.date():
            if at in self._of(wall):
                return wall.date()
            wall = self._wall(wall + _MINUTE)
        return shown.date()

    def _instants(self, after: datetime) -> Iterator[datetime]:
        last = after.astimezone(UTC)
        ahead: list[datetime] = []
        wall = self._wall(_shown(last, self.zone) - _LARGEST_MOVE)
        while True:
            # The second pass of a repeated hour comes after times that clocks show later.
            while wall is not None and (not ahead or wall <= _shown(ahead[0], self.zone) + _LARGEST_MOVE):
                for at in self._of(wall):
                    heappush(ahead, at)
                wall = self._wall(wall + _MINUTE)
            if not ahead:
                return
            at = heappop(ahead)
            if at > last:
                last = at
                yield at

    def _of(self, wall: datetime) -> list[datetime]:
        """Return the instants that stand for what the clocks show."""
        first, second = (wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if _shown(first, self.zone) == wall:
            return [first, second] if self._every_hour and second > first else [first]
        noon = datetime.combine(wall.date(), time(12))
        if self._every_hour or _shown(noon.replace(tzinfo=self.zone).astimezone(UTC), self.zone) != noon:
            return []
        while _shown(wall.replace(tzinfo=self.zone).astimezone(UTC), self.zone) != wall:
            wall += _MINUTE
        return [wall.replace(tzinfo=self.zone).astimezone(UTC)]

    def _wall(self, start: datetime) -> datetime | None:
        """Return the next time that clocks without any changes would show."""
        # APScheduler's own zone handling leaves out times in a gap, so it is asked in UTC, where there are none.
        found = self._trigger.get_next_fire_time(None, start.replace(tzinfo=UTC))
        return None if found is None else found.replace(tzinfo=None)

    @cached_property
    def _trigger(self) -> CronTrigger:
        from apscheduler.triggers.cron import CronTrigger

        minute, hour, day, month, weekday = self._fields
        try:
            return CronTrigger(minute=minute, hour=hour, day=day, month=month, day_of_week=weekday, timezone=UTC)
        except ValueError as error:
            raise ScheduleError(f"{self.text!r} cannot be read: {error}. {_EXAMPLE}") from None

    def __repr__(self) -> str:
        return f"Cron({self.text!r}, {self.zone.key})"


def _shown(at: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clocks of the zone show at an instant."""
    return at.astimezone(zone).replace(tzinfo=None)


def _weekdays(field: str) -> str:
    """Name every day of a field: cron counts from Sunday, 0 or 7, while APScheduler counts from Monday."""
    if field == "*":
        return field
    named: list[int] = []
    for part in field.split(","):
        fits = re.fullmatch(r"(?:\*|(\w+)(?:-(\w+))?)(?:/([1-7]))?", part)
        if fits is None:
            raise ScheduleError(f"{part!r} is no day of the week. Use sun to sat, or 0 to 7, for example mon-fri.")
        first, last, step = fits.groups()
        start = _weekday(first) if first else 0
        # From Saturday to Sunday runs over the end of the week.
        stop = _weekday(last) if last else 6 if first is None or step else start
        named += [day % 7 for day in range(start, stop + 1 if stop >= start else stop + 8, int(step or 1))]
    return ",".join(_WEEKDAYS[day] for day in sorted(set(named)))


def _weekday(text: str) -> int:
    if text in _WEEKDAYS:
        return _WEEKDAYS.index(text)
    if text in tuple("01234567"):
        return int(text)
    raise ScheduleError(f"{text!r} is no day of the week. Use sun to sat, or 0 to 7, for example mon-fri.")
