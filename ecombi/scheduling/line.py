"""One schedule at work: which of its due times wait, which one runs, which are too late."""

from __future__ import annotations

import logging
from collections import deque
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from ecombi.errors import EcombiError, Transient
from ecombi.scheduling.declaration import Schedule
from ecombi.scheduling.states import Progress, ScheduleStates

logger = logging.getLogger(__name__)

ON_TIME: Final = timedelta(minutes=5)
"""A due time is missed when nobody has taken it up for so long."""

_LOOK_AGAIN: Final = timedelta(minutes=1)
_TRY_AGAIN: Final = timedelta(minutes=5)
_GIVE_UP: Final = timedelta(hours=1)
# Put back by less, it comes to where it was before long, and nothing is done twice meanwhile.
_PUT_BACK: Final = timedelta(days=1)
_LOOKED_BACK: Final = tuple(timedelta(days=days) for days in (1, 32, 400))


class End(StrEnum):
    """How the work for a due time ended."""

    DONE = "done"
    FAILED = "failed"
    NOT_READY = "not ready"
    TRY_AGAIN = "try again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a due time.

    Attributes:
        end: How it ended; what was not ready or is to be tried again has not been dealt with yet.
        said: The number of a run, or a few words.
        code: The exit code of a pipeline.
    """

    end: End
    said: str
    code: int = 0


class Work(Protocol):
    """Does what a schedule says."""

    def __call__(self, schedule: Schedule, due: datetime) -> Done:
        """Do it, to its end; called in a thread of its own."""

    def ready(self, schedule: Schedule, due: datetime) -> bool:
        """Whether it may begin."""

    def cancel(self, schedule: Schedule) -> None:
        """End early what is being done for it."""


class Line:
    """The due times of one schedule, in order; one at a time is worked on."""

    def __init__(self, schedule: Schedule, states: ScheduleStates, work: Work, pool: Executor) -> None:
        self.schedule = schedule
        self.running: Future[Done] | None = None
        self._states = states
        self._work = work
        self._pool = pool
        self._waiting: deque[datetime] = deque()
        self._seen: datetime | None = None
        self._not_before: datetime | None = None
        self._stopping = False

    def stand_by(self) -> None:
        """Forget what waits: another scheduler sees to it."""
        if self.running is None:
            self._waiting.clear()
        self._seen = None

    def look(self, progress: Progress, now: datetime) -> datetime | None:
        """Do what there is to do now; returns when there will be something again."""
        self.collect(now)
        if progress.paused_at is not None or self.schedule.pause:
            self._pause(now)
            return None
        self._take(progress, now)
        self._start(now)
        if self.running is not None:
            return None
        if self._waiting:
            return max(self.schedule.starts(self._waiting[0]), self._not_before or now)
        return self.schedule.timetable.after(now)

    def collect(self, now: datetime) -> None:
        """Record what came of a run that has ended."""
        if self.running is None or not self.running.done():
            return
        done, self.running, due = self._result(self.running), None, self._waiting[0]
        logger.info("schedule %s due=%s end=%s: %s", self.schedule.name, due.isoformat(), done.end, done.said)
        if self._stopping and done.end is not End.DONE:
            # The next scheduler begins it anew.
            return
        if done.end is End.NOT_READY and now <= due + self._patience:
            self._not_before = now + _LOOK_AGAIN
        elif done.end is End.TRY_AGAIN and now <= due + self._patience + _GIVE_UP:
            self._not_before = now + _TRY_AGAIN
        else:
            self._drop(done.said)

    def cancel(self) -> None:
        """End early what runs."""
        if self.running is not None and not self.running.cancel():
            self._work.cancel(self.schedule)

    def stop(self) -> None:
        """End early what runs, and leave it to the next scheduler."""
        self._stopping = True
        self.cancel()

    @property
    def _patience(self) -> timedelta:
        """How long after its due time a run may begin."""
        when = self.schedule.when
        return timedelta(seconds=self.schedule.jitter) + (timedelta(hours=when.wait_hours) if when else timedelta())

    def _pause(self, now: datetime) -> None:
        self._forget()
        if self.running is None and (self._seen is None or now - self._seen > _LOOK_AGAIN):
            self._see(now)

    def _take(self, progress: Progress, now: datetime) -> None:
        """Put in line what has come due since somebody last looked."""
        known = [at for at in (self._seen, progress.last_due) if at is not None]
        if not known:
            # Seen for the first time: it begins now.
            self._see(now)
            return
        if max(known) - now > _PUT_BACK:
            logger.warning("schedule %s: the clock was put back from %s; it begins now", self.schedule.name, max(known))
            self._seen = now
            self._states.begin_anew(self.schedule.name, at=now)
            return
        dues = self._due(max(known), now)
        self._seen = dues[-1] if dues else max(known)
        if not dues:
            return
        if not self._waiting:
            self._waiting.extend(self._not_missed(dues, now))
            if not self._waiting:
                self._states.dealt_with(self.schedule.name, dues[-1], "missed")
        elif self.schedule.overlap == "skip":
            logger.warning("schedule %s: its last run still goes on; skipped %s", self.schedule.name, _shown(dues))
        elif self.schedule.overlap == "queue":
            self._waiting.extend(dues)
        else:
            self._replace(dues[-1])

    def _due(self, since: datetime, now: datetime) -> list[datetime]:
        """Return what came due, of a long time only the latest: as much as could be caught up with."""
        found: list[datetime] = []
        for back in _LOOKED_BACK:
            found = list(self.schedule.timetable.between(max(since, now - back), now))
            if len(found) > self.schedule.catch_up_limit:
                break
        return found

    def _not_missed(self, dues: list[datetime], now: datetime) -> list[datetime]:
        late = [due for due in dues if now - due > ON_TIME + self._patience]
        taken = dues[len(late) :]
        if self.schedule.catch_up == "all":
            taken = late[-self.schedule.catch_up_limit :] + taken
        elif self.schedule.catch_up == "last":
            taken = dues[-1:]
        if missed := [due for due in dues if due not in taken]:
            logger.warning("schedule %s: nobody was there at %s", self.schedule.name, _shown(missed))
        return taken

    def _replace(self, due: datetime) -> None:
        """Let the newest take the place of what runs and of what waits."""
        self._forget()
        self._waiting.append(due)
        self.cancel()

    def _forget(self) -> None:
        """Forget what waits; the first in line stays where it runs."""
        while len(self._waiting) > (self.running is not None):
            self._waiting.pop()

    def _start(self, now: datetime) -> None:
        if self.running is not None or not self._waiting:
            return
        due = self._waiting[0]
        if now >= max(self.schedule.starts(due), self._not_before or now):
            self._not_before = None
            self.running = self._pool.submit(self._do, due)

    def _do(self, due: datetime) -> Done:
        if not self._work.ready(self.schedule, due):
            return Done(end=End.NOT_READY, said="gave up: no data")
        return self._work(self.schedule, due)

    def _drop(self, said: str) -> None:
        """Deal with the first in line, and with all that was passed over after it if nothing else waits."""
        due = self._waiting.popleft()
        self._not_before = None
        self._states.dealt_with(self.schedule.name, due, said)
        if not self._waiting and self._seen is not None:
            self._states.dealt_with(self.schedule.name, self._seen)

    def _see(self, now: datetime) -> None:
        self._seen = now
        self._states.dealt_with(self.schedule.name, now)

    def _result(self, running: Future[Done]) -> Done:
        try:
            return running.result()
        except CancelledError:
            return Done(end=End.FAILED, said="cancelled")
        except EcombiError as error:
            logger.warning("schedule %s: %s", self.schedule.name, error)
            again = isinstance(error, Transient)
            return Done(end=End.TRY_AGAIN if again else End.FAILED, said=type(error).__name__)
        except Exception as error:
            # One broken schedule must not end the others; the traceback is in the log.
            logger.exception("schedule %s failed in a way nobody foresaw", self.schedule.name)
            return Done(end=End.FAILED, said=type(error).__name__)


def _shown(dues: list[datetime]) -> str:
    more = f" and {len(dues) - 3} more" if len(dues) > 3 else ""
    return ", ".join(due.isoformat() for due in dues[:3]) + more
