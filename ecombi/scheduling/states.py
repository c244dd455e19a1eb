"""What schedulers remember in the application database: how far each schedule has come, and who is at work."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, insert, or_, select, update

from ecombi.backends.state import State
from ecombi.backends.state.database import unless_taken
from ecombi.backends.state.tables import schedule_states

LEASE_SECONDS: Final = 30
"""So long after its last sign of life another scheduler takes over."""

# No schedule can have this name.
_AT_WORK: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a schedule has come.

    Attributes:
        paused_at: Since when somebody has paused it; None: it is not paused.
        last_due: Every due time up to this one has been dealt with.
        last_run: What came of the latest: the number of a run, or a few words.
    """

    paused_at: datetime | None = None
    last_due: datetime | None = None
    last_run: str | None = None


class ScheduleStates:
    """The schedules' rows in an application database. Every method is one transaction.

    Args:
        state: An open application database.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._token = uuid.uuid4().hex

    def lead(self, *, at: datetime) -> bool:
        """Say that this scheduler is alive; whether it is the one at work, which at any time at most one is."""
        row = schedule_states.c
        # A lease that runs on for longer than any is given was given before the clock was put back.
        over = or_(row.last_due <= at, row.last_due > at + timedelta(seconds=2 * LEASE_SECONDS))
        ours = or_(row.last_run == self._token, row.last_run.is_(None), over)
        with self._state.begin() as connection:
            _make(connection, _AT_WORK)
            renewed = update(schedule_states).where(row.schedule == _AT_WORK, ours)
            until = at + timedelta(seconds=LEASE_SECONDS)
            return connection.execute(renewed.values(last_due=until, last_run=self._token)).rowcount == 1

    def leave(self) -> None:
        """Let another scheduler begin at once."""
        row = schedule_states.c
        with self._state.begin() as connection:
            mine = update(schedule_states).where(row.schedule == _AT_WORK, row.last_run == self._token)
            connection.execute(mine.values(last_run=None))

    def at_work(self, *, at: datetime) -> bool:
        """Whether some scheduler has been alive lately."""
        row = schedule_states.c
        with self._state.read() as connection:
            held = select(row.schedule).where(row.schedule == _AT_WORK, row.last_run.is_not(None), row.last_due > at)
            return connection.scalar(held) is not None

    def all(self) -> dict[str, Progress]:
        """Return how far each schedule has come that was ever looked at."""
        with self._state.read() as connection:
            return {
                row.schedule: Progress(paused_at=row.paused_at, last_due=row.last_due, last_run=row.last_run)
                for row in connection.execute(select(schedule_states))
                if row.schedule != _AT_WORK
            }

    def dealt_with(self, name: str, due: datetime, said: str | None = None) -> None:
        """Record that every due time up to this one has been dealt with; it never goes back.

        Args:
            name: The schedule.
            due: The due time.
            said: What came of it; None: what is remembered of an earlier one stays.
        """
        row = schedule_states.c
        values: dict[str, object] = {"last_due": due} | ({} if said is None else {"last_run": said[:32]})
        with self._state.begin() as connection:
            _make(connection, name)
            later = update(schedule_states).where(row.schedule == name, or_(row.last_due.is_(None), row.last_due < due))
            connection.execute(later.values(values))

    def begin_anew(self, name: str, *, at: datetime) -> None:
        """Record that nothing after this instant has been dealt with, as when the clock was put back."""
        with self._state.begin() as connection:
            connection.execute(update(schedule_states).where(schedule_states.c.schedule == name).values(last_due=at))

    def pause(self, name: str, *, at: datetime) -> None:
        """Let nothing more of a schedule begin; what runs goes on."""
        with self._state.begin() as connection:
            _make(connection, name)
            awake = (schedule_states.c.schedule == name) & schedule_states.c.paused_at.is_(None)
            connection.execute(update(schedule_states).where(awake).values(paused_at=at))

    def resume(self, name: str, *, at: datetime) -> None:
        """Let a schedule go on; what was due meanwhile is not made up for."""
        with self._state.begin() as connection:
            _make(connection, name)
            asleep = (schedule_states.c.schedule == name) & schedule_states.c.paused_at.is_not(None)
            connection.execute(update(schedule_states).where(asleep).values(paused_at=None, last_due=at))


def _make(connection: Connection, name: str) -> None:
    """See that a schedule has a row."""
    if connection.scalar(select(schedule_states.c.schedule).where(schedule_states.c.schedule == name)) is None:
        unless_taken(connection, insert(schedule_states).values(schedule=name).returning(schedule_states))
