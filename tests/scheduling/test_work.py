"""Schedules carried out: real reports in real kernels, real pipelines, a real scheduler that is stopped and killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ecombi.backends.state import open_state
from ecombi.metrics.policy import OWNER
from ecombi.runs.recipients import Recipient
from ecombi.runs.record import Owner, State
from ecombi.runs.runner import Runner
from ecombi.scheduling.declaration import Schedule
from ecombi.scheduling.line import Done, End
from ecombi.scheduling.scheduler import Scheduler
from ecombi.scheduling.states import ScheduleStates
from ecombi.scheduling.work import ScheduledWork
from tests.runs.jobs import PATIENCE, now, open_runner, wait_until, write_report
from tests.runs.post_office import ADDRESS, post_office

DUE = datetime(2026, 11, 1, 7, tzinfo=UTC)


def schedule(**said: object) -> Schedule:
    """A schedule of the report `tiny` where nothing else is said."""
    what = {} if "pipeline" in said else {"report": "tiny"}
    return Schedule.model_validate({"name": "one", "cron": "* * * * *", "time_zone": "UTC", **what, **said})


@pytest.fixture
def runner(tmp_path) -> Iterator[Runner]:
    """A runner of a project with one small report."""
    write_report(tmp_path / "project", "report.publish(label=label)")
    with open_runner(tmp_path) as opened:
        yield opened


def test_a_due_time_that_is_acted_on_twice_is_one_run(runner):
    work = ScheduledWork(runner)
    first, second = work(schedule(parameters={"label": "a"}), DUE), work(schedule(parameters={"label": "a"}), DUE)
    assert first == second == Done(end=End.DONE, said=runner.store.list()[0].run_id)
    [run] = runner.store.list()
    assert (run.request.trigger, run.request.parameters) == ("schedule", {"label": "a"})
    later = work(schedule(parameters={"label": "a"}), DUE + timedelta(minutes=1))
    assert later.said != first.said


def test_a_report_that_fails_is_told_by_its_run(runner, tmp_path):
    write_report(tmp_path / "project", "1 / 0")
    done = ScheduledWork(runner)(schedule(), DUE)
    assert done.end is End.FAILED
    assert "ZeroDivisionError" in runner.store.get(done.said).failure.message


def test_a_run_whose_process_was_killed_is_tried_again(runner):
    # Another machine's runner: only its silence tells that it is gone.
    elsewhere = Owner(host="elsewhere", pid=1, started="1")
    work = ScheduledWork(runner)
    key = f"schedule:one:2026-11-01T07:00:00+00:00:{OWNER.policy_hash}"
    asked, _ = runner.request("tiny", {}, trigger="schedule", idempotency_key=key)
    runner.store.claim(asked.run_id, elsewhere, at=now() - timedelta(hours=1))
    assert work(schedule(), DUE).end is End.DONE
    assert [run.state for run in runner.store.list()] == [State.SUCCEEDED, State.FAILED]


def test_a_letter_that_the_server_does_not_take_yet_is_sent_at_the_next_try(tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    project = write_report(tmp_path / "project", "report.publish(label=label)")
    (project / "parameters" / "roles.yml").write_text("roles: {owner: {}}")
    readers = tuple(Recipient(name=name, mail=f"{name}@example.com", role="owner") for name in ("zoe", "owen"))
    with (
        post_office(tmp_path) as office,
        open_runner(tmp_path, smtp_url=f"smtp://{ADDRESS}:{office.port}") as runner,
    ):
        office.refusals.append("451 not before five minutes have passed")
        ends = [ScheduledWork(runner)(schedule(recipients=readers), DUE).end for _ in range(3)]
        assert ends == [End.TRY_AGAIN, End.DONE, End.DONE]
        assert [letter["To"].addresses[0].username for letter in office.letters] == ["owen", "zoe"]
        assert len(runner.store.list()) == 1


@pytest.mark.parametrize(
    ("raised", "done"),
    [
        ("", Done(end=End.DONE, said="done")),
        ("raise errors.WarehouseBusy('later')", Done(end=End.TRY_AGAIN, said="exit code 75", code=75)),
        (
            "raise errors.DataQualityError('no', check='rows')",
            Done(end=End.FAILED, said="exit code 4", code=4),
        ),
    ],
)
def test_a_pipeline_is_the_command_with_its_exit_code(runner, tmp_path, raised, done):
    said = tmp_path / "said"
    (tmp_path / "project" / "pipelines" / "load.py").write_text(
        f"from pathlib import Path\nfrom ecombi import errors\n\n"
        f"def run(steps):\n    Path({str(said)!r}).write_text(str(steps.as_of))\n    {raised or 'return'}\n"
    )
    tokyo = schedule(pipeline="load", time_zone="Asia/Tokyo")
    # 20:30 UTC is the next morning in Tokyo.
    assert ScheduledWork(runner)(tokyo, datetime(2026, 11, 1, 20, 30, tzinfo=UTC)) == done
    assert said.read_text() == "2026-11-02"


@pytest.fixture
def declared(tmp_path, hand_shop) -> Path:
    """A shop and a project with one schedule that is due every minute; its report waits for the file `gate`."""
    shutil.copytree(hand_shop, tmp_path / "shop")
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(tmp_path / 'gate')!r}).exists(): time.sleep(.05)"
    write_report(tmp_path / "project", wait)
    entry = {"name": "one", "report": "tiny", "cron": "* * * * *", "time_zone": "UTC"}
    (tmp_path / "project" / "parameters" / "schedules.yml").write_text(json.dumps({"schedules": [entry]}))
    with open_runner(tmp_path) as runner:
        # It was last seen two minutes ago, so one run is due at once.
        state = open_state(runner.settings)
        ScheduleStates(state).dealt_with("one", now() - timedelta(minutes=2), "earlier")
        state.close()
    return tmp_path


@contextmanager
def scheduler_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run `ecombi schedule run` as a process of its own."""
    environment = {**os.environ, "ECOMBI_PROJECT": str(folder / "project")}
    command = [sys.executable, "-m", "ecombi", "schedule", "run", "--workspace", str(folder / "shop")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.slow
def test_of_two_schedulers_one_runs_what_is_due_and_ends_it_when_both_are_told_to_end(declared):
    with (
        scheduler_process(declared) as one,
        scheduler_process(declared) as other,
        open_runner(declared) as runner,
    ):
        assert one.stdout.readline() == other.stdout.readline() == "Schedules: one\n"
        assert wait_until(lambda: runner.store.list(states=[State.RUNNING]))
        for process in (one, other):
            process.send_signal(signal.SIGTERM)
        # Whoever only waited ends at once, the other one after its run.
        assert wait_until(lambda: (one.poll(), other.poll()).count(None) == 1)
        assert runner.store.list(states=[State.RUNNING])
        (declared / "gate").touch()
        assert (one.wait(PATIENCE), other.wait(PATIENCE)) == (0, 0)
        [run] = runner.store.list()
        assert run.state is State.SUCCEEDED
        state = open_state(runner.settings)
        assert ScheduleStates(state).all()["one"].last_run == run.run_id
        assert not ScheduleStates(state).at_work(at=now())
        state.close()


@pytest.mark.slow
def test_what_a_killed_scheduler_was_running_is_run_again_once(declared):
    with scheduler_process(declared) as process, open_runner(declared) as runner:
        assert process.stdout.readline() == "Schedules: one\n"
        assert wait_until(lambda: runner.store.list(states=[State.RUNNING]))
        process.kill()
        process.wait(PATIENCE)
        [lost] = runner.store.list()
        (declared / "gate").touch()

        # The next one sees that the lease of the first has run out.
        state = open_state(runner.settings)
        later = now() + timedelta(seconds=31)
        scheduler = Scheduler([schedule()], ScheduleStates(state), ScheduledWork(runner), clock=lambda: later)
        for _ in range(3):
            scheduler.tick()
            scheduler.settle(PATIENCE)
        scheduler.close()
        state.close()
        states = {run.run_id: run.state for run in runner.store.list()}
        assert states.pop(lost.run_id) is State.FAILED
        assert set(states.values()) == {State.SUCCEEDED}
