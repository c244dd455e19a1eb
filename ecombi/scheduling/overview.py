"""How schedules stand, for printing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from ecombi.scheduling.declaration import Schedule
from ecombi.scheduling.states import Progress


def overview(
    schedules: Iterable[Schedule], progress: Mapping[str, Progress], *, at: datetime
) -> list[dict[str, object]]:
    """Return a record per schedule: what it runs, when it is due next, what came of its latest due time."""
    rows: list[dict[str, object]] = []
    for schedule in schedules:
        known = progress.get(schedule.name, Progress())
        paused = schedule.pause or known.paused_at is not None
        rows.append(
            {
                "schedule": schedule.name,
                "runs": schedule.what,
                "cron": schedule.cron,
                "time zone": schedule.time_zone,
                "next": None if paused else _shown(schedule, schedule.timetable.after(at)),
                "state": ("paused in the file" if schedule.pause else "paused") if paused else "active",
                "last due": _shown(schedule, known.last_due) if known.last_run else None,
                "last run": known.last_run,
            }
        )
    return rows


def coming(schedule: Schedule, count: int, *, at: datetime) -> list[dict[str, object]]:
    """Return the next due times of a schedule: on its clocks, in UTC, and when it starts."""
    return [
        {
            "due": _shown(schedule, due),
            "utc": due.strftime("%Y-%m-%d %H:%M"),
            "starts": _shown(schedule, schedule.starts(due)),
            "as of": schedule.as_of(due).isoformat(),
        }
        for due in schedule.timetable.following(at, count)
    ]


def _shown(schedule: Schedule, at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(schedule.timetable.zone).isoformat(sep=" ", timespec="seconds")
