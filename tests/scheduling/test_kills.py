"""`kill -9` of schedulers at random moments, two at a time: every due time is dealt with, and succeeds once."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime

import pytest

from ecombi.backends.state import open_state
from ecombi.runs.record import State
from ecombi.runs.store import RunStore
from ecombi.settings import load_settings
from tests.conftest import ROOT
from tests.runs.jobs import PATIENCE, wait_until

KILLS = 6

# A minute of its clock takes one second, so that a schedule is due every second and a lease is half a second.
PROGRAM = """
import sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from ecombi.backends.state import open_state
from ecombi.runs.processes import this_process
from ecombi.runs.record import Request, State
from ecombi.runs.runner import Runner
from ecombi.runs.store import RunStore
from ecombi.scheduling.declaration import Schedule
from ecombi.scheduling.line import Done, End
from ecombi.scheduling.scheduler import Scheduler
from ecombi.scheduling.states import ScheduleStates
from ecombi.settings import load_settings

folder, began = Path(sys.argv[1]), float(sys.argv[2])
settings = load_settings(workspace=folder / "shop")
state = open_state(settings)
store = RunStore(state)

def clock():
    return datetime.fromtimestamp(began, UTC) + timedelta(seconds=(time.time() - began) * 60)

def now():
    return datetime.now(UTC)

runner = Runner(settings, store, clock=now)

class Work:
    def __call__(self, schedule, due):
        key = f"{schedule.name}:{due.isoformat()}"
        asked = {"report": "tiny", "parameters": {}, "stem": key, "folder": folder, "trigger": "schedule"}
        run, _ = store.add(Request(**asked, idempotency_key=key), at=now())
        while not run.state.ended:
            if store.claim(run.run_id, this_process(), at=now()):
                time.sleep(0.3)
                store.succeed(run.run_id, this_process(), at=now(), outputs={})
            else:
                runner.recover()
                time.sleep(0.02)
            run = store.get(run.run_id)
        return Done(end=End.DONE if run.state is State.SUCCEEDED else End.TRY_AGAIN, said=run.run_id)

    def ready(self, schedule, due):
        return True

    def cancel(self, schedule):
        pass

entry = {"name": "one", "report": "tiny", "cron": "* * * * *", "time_zone": "UTC"}
schedule = Schedule.model_validate({**entry, "catch_up": "all", "catch_up_limit": 100, "overlap": "queue"})
scheduler = Scheduler([schedule], ScheduleStates(state), Work(), clock=clock)
while True:
    scheduler.tick()
    time.sleep(0.05)
"""


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_no_kill_loses_a_due_time_or_lets_one_succeed_twice(request, monkeypatch, tmp_path, database):
    if database == "postgresql":
        monkeypatch.setenv("ECOMBI_STATE_URL", request.getfixturevalue("postgres_url"))
    began, chance = time.time(), random.Random(11)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), str(began)]
    state = open_state(load_settings(workspace=tmp_path / "shop"))
    store = RunStore(state)

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, env=environment)

    def succeeded() -> list[datetime]:
        runs = store.list(states=[State.SUCCEEDED], limit=10_000)
        return sorted(datetime.fromisoformat(run.request.stem.removeprefix("one:")) for run in runs)

    schedulers = [start(), start()]
    try:
        assert wait_until(succeeded)
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.2, 1.5))
            victim = chance.randrange(2)
            schedulers[victim].kill()
            schedulers[victim].wait(PATIENCE)
            schedulers[victim] = start()
        last = datetime.fromtimestamp(began + (time.time() - began) * 60, UTC)
        assert wait_until(lambda: succeeded()[-1] >= last.replace(second=0, microsecond=0))
    finally:
        for scheduler in schedulers:
            scheduler.kill()
            scheduler.wait(PATIENCE)
    dues = succeeded()
    state.close()
    assert max(Counter(dues).values()) == 1
    minutes = round((dues[-1] - dues[0]).total_seconds() / 60)
    assert minutes >= 3
    assert len(dues) == minutes + 1
