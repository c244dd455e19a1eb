"""The scheduler: looks again and again what is due, starts it, and remembers what it has dealt with."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import Final

from ecombi.errors import BackendUnavailable
from ecombi.scheduling.declaration import Schedule
from ecombi.scheduling.line import Line, Work
from ecombi.scheduling.states import Progress, ScheduleStates

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 5.0
"""It looks at least so often: for a pause, for a run that has ended, and to say that it is alive."""

_WORKERS: Final = 2


class Scheduler:
    """Carries out schedules. Any number may be started on one application database: one is at work, the others wait.

    A due time counts as dealt with once its run has ended. So what a killed scheduler was doing is done again by the
    next one; the runs' own idempotency keys, schedule and due time, keep it from being done twice.

    Args:
        schedules: What there is to do.
        states: Where it is remembered how far each has come.
        work: Does it.
        clock: Gives the aware time.
        workers: How many schedules may run at the same time.
    """

    def __init__(
        self,
        schedules: Iterable[Schedule],
        states: ScheduleStates,
        work: Work,
        *,
        clock: Callable[[], datetime],
        workers: int = _WORKERS,
    ) -> None:
        self._states = states
        self._work = work
        self._clock = clock
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="schedule")
        self._lines = [Line(schedule, states, work, self._pool) for schedule in schedules]
        self._leads = False

    def tick(self) -> datetime:
        """Do what there is to do now; returns when to look again at the latest.

        Raises:
            BackendUnavailable: The application database cannot be reached; nothing was started.
        """
        now = self._clock()
        soon = now + timedelta(seconds=POLL_SECONDS)
        leads = self._states.lead(at=now)
        if leads != self._leads:
            logger.info("this scheduler is at work" if leads else "another scheduler is at work, this one waits")
        self._leads = leads
        if not leads:
            for line in self._lines:
                line.stand_by()
            return soon
        progress = self._states.all()
        nexts = [line.look(progress.get(line.schedule.name, Progress()), now) for line in self._lines]
        return min([soon, *(at for at in nexts if at is not None)])

    def run(self, stop: threading.Event) -> None:
        """Work until somebody sets `stop`; then see `close`."""
        try:
            while not stop.is_set():
                try:
                    until = self.tick()
                except BackendUnavailable as error:
                    logger.warning("%s It is tried again.", error)
                    until = self._clock() + timedelta(seconds=POLL_SECONDS)
                stop.wait(max(0.05, (until - self._clock()).total_seconds()))
        finally:
            self.close()

    def settle(self, seconds: float | None = None) -> bool:
        """Wait for what runs now, so many seconds at most; whether all of it has ended."""
        return not wait([line.running for line in self._lines if line.running], timeout=seconds).not_done

    def close(self, grace: float = 30) -> None:
        """Start nothing more, give what runs some seconds to end, cancel what does not, and let others begin."""
        if not self.settle(grace):
            for line in self._lines:
                line.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for line in self._lines:
            line.collect(self._clock())
        self._states.leave()
