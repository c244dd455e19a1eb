"""A clock that stands where a test puts it, work that writes down what it was asked to do, a database for both."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ecombi.backends.state import State, open_state
from ecombi.scheduling.declaration import Schedule
from ecombi.scheduling.line import Done, End
from ecombi.scheduling.scheduler import Scheduler
from ecombi.scheduling.states import ScheduleStates
from ecombi.settings import load_settings
from tests.reports.hand_shop import open_shop


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self, at: str) -> None:
        self.at = datetime.fromisoformat(at).replace(tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def goes_to(self, at: str) -> None:
        self.at = datetime.fromisoformat(at).replace(tzinfo=UTC)

    def goes_on(self, **by: float) -> None:
        self.at += timedelta(**by)


class Diary:
    """Work that only writes down what is due; a test says how it ends, and holds it while it wants it to go on."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str]] = []
        self.cancelled: list[str] = []
        self.end = End.DONE
        self.is_ready = True
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, schedule: Schedule, due: datetime) -> Done:
        self.begun.append((schedule.name, f"{due:%d %H:%M}"))
        assert self.go_on.wait(30)
        return Done(end=self.end, said=f"run {len(self.begun)}")

    def ready(self, schedule: Schedule, due: datetime) -> bool:
        return self.is_ready

    def cancel(self, schedule: Schedule) -> None:
        self.cancelled.append(schedule.name)
        self.go_on.set()

    @property
    def dues(self) -> list[str]:
        return [due for _, due in self.begun]


@pytest.fixture(scope="session")
def hand_shop(tmp_path_factory) -> Path:
    """The shop added up by hand; tests only read it, or copy it. Its last event is on 31 October 2026."""
    return open_shop(tmp_path_factory.mktemp("hand") / "shop")


@pytest.fixture
def state(tmp_path) -> Iterator[State]:
    """An application database."""
    opened = open_state(load_settings(workspace=tmp_path / "shop"))
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    """It is Thursday 5 November 2026, 12:00 UTC."""
    return Clock("2026-11-05T12:00")


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def start(state, clock, diary) -> Iterator[Callable[..., Scheduler]]:
    """Start a scheduler, as another process would; a schedule is daily at six o'clock where nothing else is said."""
    begun: list[Scheduler] = []

    def scheduler(*schedules: dict[str, object], work: Diary = diary) -> Scheduler:
        daily = {"name": "daily", "report": "daily_sales", "cron": "0 6 * * *", "time_zone": "UTC"}
        made = [Schedule.model_validate(daily | one) for one in schedules or ({},)]
        begun.append(Scheduler(made, ScheduleStates(state), work, clock=clock))
        return begun[-1]

    yield scheduler
    diary.go_on.set()
    for one in begun:
        one.close()


def look(scheduler: Scheduler, times: int = 3) -> None:
    """Look as often as it takes until a run has begun, ended and been dealt with."""
    for _ in range(times):
        scheduler.tick()
        scheduler.settle(30)
