"""What schedulers remember, on both forms of the application database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from operator import methodcaller

import pytest

from ecombi.backends.state import State, open_state
from ecombi.scheduling.states import LEASE_SECONDS, ScheduleStates
from ecombi.settings import Settings

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def state(request: pytest.FixtureRequest, tmp_path) -> Iterator[State]:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    opened = open_state(Settings(workspace=tmp_path / "shop", state_url=url))
    yield opened
    opened.close()


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_of_many_that_start_at_once_one_is_at_work(state):
    schedulers = [ScheduleStates(state) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for second in range(3):
            lead = methodcaller("lead", at=after(second))
            assert sum(pool.map(lead, schedulers)) == 1
    assert schedulers[0].at_work(at=after(3))


def test_another_takes_over_when_there_was_no_sign_of_life_for_long_enough(state):
    first, second = ScheduleStates(state), ScheduleStates(state)
    assert first.lead(at=NOW)
    assert first.lead(at=after(20))
    assert not second.lead(at=after(20 + LEASE_SECONDS - 1))
    assert not second.at_work(at=after(20 + LEASE_SECONDS))
    assert second.lead(at=after(20 + LEASE_SECONDS))
    assert not first.lead(at=after(20 + LEASE_SECONDS))


def test_whoever_leaves_lets_another_begin_at_once(state):
    first, second = ScheduleStates(state), ScheduleStates(state)
    assert first.lead(at=NOW)
    second.leave()
    assert not second.lead(at=after(1))
    first.leave()
    assert not first.at_work(at=after(1))
    assert second.lead(at=after(1))


def test_what_was_dealt_with_never_goes_back(state):
    states = ScheduleStates(state)
    states.dealt_with("daily", after(60), "run b")
    states.dealt_with("daily", NOW, "run a")
    assert (states.all()["daily"].last_due, states.all()["daily"].last_run) == (after(60), "run b")
    states.dealt_with("daily", after(90))
    assert (states.all()["daily"].last_due, states.all()["daily"].last_run) == (after(90), "run b")


def test_a_pause_begins_once_and_ends_once(state):
    states = ScheduleStates(state)
    states.pause("daily", at=NOW)
    states.pause("daily", at=after(10))
    assert states.all()["daily"].paused_at == NOW
    states.resume("daily", at=after(60))
    states.resume("daily", at=after(90))
    assert (states.all()["daily"].paused_at, states.all()["daily"].last_due) == (None, after(60))


def test_whoever_is_at_work_is_no_schedule(state):
    states = ScheduleStates(state)
    states.lead(at=NOW)
    assert states.all() == {}
