"""What a run may use up: time, memory, and somebody's patience. Whatever it has started ends with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ecombi.errors import DeadlinePassed, RunCancelled
from ecombi.runs.record import Run, State
from ecombi.runs.runner import Runner, exit_error
from tests.runs.jobs import alive, asked, done, now, open_runner, wait_until, write_report


def starting(pids: Path) -> str:
    """Code that starts a process of its own session and tells both numbers."""
    return (
        "import os, subprocess, time\n"
        "child = subprocess.Popen(['sleep', '300'], start_new_session=True)\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\ntime.sleep(0.5)"
    )


def escaping(pids: Path) -> str:
    """Code that starts a process between two looks: of its own session, without variables, its parent ended."""
    started = f"sleep 300 >/dev/null 2>&1 & echo $$ $! > {pids}.new; mv {pids}.new {pids}"
    return (
        f"import os, subprocess, time\nsubprocess.run(['setsid', 'sh', '-c', {started!r}], env={{'PATH': os.defpath}})"
    )


def ended(pids: Path) -> bool:
    """Whether the kernel and what it started are gone."""
    return not any(alive(int(pid)) for pid in pids.read_text().split())


@contextmanager
def going(runner: Runner, run: Run) -> Iterator[list[Run]]:
    """Run something in the background; the list holds what became of it after the block."""
    became: list[Run] = []
    thread = threading.Thread(target=lambda: became.append(runner.run(run.run_id)))
    thread.start()
    yield became
    thread.join()


@pytest.mark.slow
def test_a_run_past_its_deadline_is_timed_out(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    write_report(tmp_path / "project", starting(pids), *["import time; time.sleep(3)"] * 9)
    with open_runner(tmp_path) as runner:
        run = done(runner, deadline=12)
        assert (run.state, run.attempt) == (State.TIMED_OUT, 1)
        assert isinstance(exit_error(run), DeadlinePassed)
        assert run.failure is not None
        assert run.failure.source == "import time; time.sleep(3)"
        assert wait_until(lambda: ended(pids))
        assert (run.request.folder / "tiny.failed.ipynb").exists()


def test_the_deadline_is_for_all_attempts_together(tmp_path: Path) -> None:
    code = "import time\nfrom ecombi.errors import WarehouseBusy\ntime.sleep(2)\nraise WarehouseBusy('no')"
    write_report(tmp_path / "project", code)
    with open_runner(tmp_path) as runner:
        began = time.monotonic()
        run = done(runner, deadline=7, attempts=1000)
        assert run.state in (State.TIMED_OUT, State.FAILED)
        assert run.attempt > 1
        assert time.monotonic() - began < 20


def test_a_kernel_that_takes_too_much_memory_is_ended_in_words(tmp_path: Path) -> None:
    # The second process is what takes it: each for itself would be within the limit.
    code = (
        "import subprocess, sys, time\nheld = bytearray(300 << 20)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; held = bytearray(300 << 20); time.sleep(60)'])\n"
        "time.sleep(60)"
    )
    write_report(tmp_path / "project", code)
    with open_runner(tmp_path) as runner:
        run = done(runner, memory=int(0.6 * 1024**3), attempts=3)
        assert (run.state, run.attempt) == (State.FAILED, 1)
        assert run.failure is not None
        assert run.failure.cell == 4
        assert ", may use 0.6 GB, so it was stopped" in run.failure.message


def test_a_cancelled_run_ends_within_seconds_with_all_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    write_report(tmp_path / "project", starting(pids), "time.sleep(300)")
    with open_runner(tmp_path) as runner, open_runner(tmp_path) as elsewhere:
        run = asked(runner)
        with going(runner, run) as became:
            assert wait_until(lambda: runner.store.get(run.run_id).cell == 5)
            shown = elsewhere.store.cancel(run.run_id, at=now())
            assert shown.state is State.RUNNING
            began = time.monotonic()
        assert time.monotonic() - began < 15
        assert became[0].state is State.CANCELLED
        assert isinstance(exit_error(became[0]), RunCancelled)
        assert wait_until(lambda: ended(pids))
        assert not list(run.request.folder.iterdir())
        assert not runner.folders.of(run.run_id).exists()


@pytest.mark.parametrize("fork", [True, False])
@pytest.mark.parametrize(
    ("then", "given", "state"),
    [
        ("print(label)", {}, State.SUCCEEDED),
        ("1 / 0", {}, State.FAILED),
        ("time.sleep(300)", {"deadline": 6}, State.TIMED_OUT),
        ("held = bytearray(300 << 20); time.sleep(300)", {"memory": 350 << 20}, State.FAILED),
    ],
)
def test_whoever_gets_away_between_two_looks_ends_with_the_run(
    tmp_path: Path, fork: bool, then: str, given: dict[str, int], state: State
) -> None:
    pids = tmp_path / "pids"
    write_report(tmp_path / "project", escaping(pids), then)
    with open_runner(tmp_path, fork=fork) as runner:
        run = done(runner, attempts=1, **given)
        assert (run.state, pids.exists()) == (state, True)
        assert wait_until(lambda: ended(pids))


def test_whoever_was_left_by_a_kernel_that_was_killed_ends_too(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    write_report(tmp_path / "project", escaping(pids), "os.kill(os.getpid(), 9)")
    with open_runner(tmp_path) as runner:
        run = done(runner)
        assert run.failure is not None
        assert "the kernel died" in run.failure.message
        assert wait_until(lambda: ended(pids))


def test_memory_of_whoever_got_away_counts(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    hungry = "import time; held = bytearray(600 << 20); time.sleep(300)"
    code = escaping(pids).replace("sleep 300", f'{sys.executable} -c "{hungry}"')
    write_report(tmp_path / "project", code, "time.sleep(300)")
    with open_runner(tmp_path) as runner:
        run = done(runner, memory=700 << 20, deadline=60)
        assert run.failure is not None
        assert ", may use 0.7 GB, so it was stopped" in run.failure.message
        assert wait_until(lambda: ended(pids))


def printing_for_ever(folder: Path) -> Path:
    """A program in the place of Chromium that writes down its number and never ends."""
    path = folder / "browser"
    path.write_text(
        f"#!/bin/sh\necho $$ $$ > {folder / 'pids'}.new\nmv {folder / 'pids'}.new {folder / 'pids'}\nsleep 300\n"
    )
    path.chmod(0o755)
    return path


def test_a_run_is_cancelled_while_its_pdf_is_made(tmp_path: Path) -> None:
    write_report(tmp_path / "project", "print(label)")
    with open_runner(tmp_path, pdf=True, browser=printing_for_ever(tmp_path)) as runner:
        run = asked(runner)
        with going(runner, run) as became:
            assert wait_until((tmp_path / "pids").exists)
            runner.store.cancel(run.run_id, at=now())
            began = time.monotonic()
        assert time.monotonic() - began < 15
        assert became[0].state is State.CANCELLED
        assert wait_until(lambda: ended(tmp_path / "pids"))
        assert not list(run.request.folder.iterdir())
        assert not runner.folders.of(run.run_id).exists()


def test_the_deadline_is_for_the_pdf_too(tmp_path: Path) -> None:
    write_report(tmp_path / "project", "print(label)")
    with open_runner(tmp_path, pdf=True, browser=printing_for_ever(tmp_path)) as runner:
        began = time.monotonic()
        run = done(runner, deadline=20)
        assert time.monotonic() - began < 40
        assert (run.state, run.attempt) == (State.TIMED_OUT, 1)
        assert isinstance(exit_error(run), DeadlinePassed)
        assert run.failure is not None
        assert "its PDF was not done at its deadline" in run.failure.message
        assert wait_until(lambda: ended(tmp_path / "pids"))
        assert not list(run.request.folder.iterdir())


def test_a_run_taken_over_by_another_process_stops_and_writes_nothing(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    write_report(tmp_path / "project", starting(pids), "time.sleep(300)")
    with open_runner(tmp_path) as runner:
        run = asked(runner)
        with going(runner, run) as became:
            assert wait_until(lambda: runner.store.get(run.run_id).cell == 5)
            held = runner.store.get(run.run_id).owner
            assert held is not None
            other = type(held)(host="elsewhere", pid=1, started="1")
            assert runner.store.adopt(run.run_id, held, other, at=now())
            # It waits for the other one, which comes to an end here.
            assert wait_until(lambda: ended(pids))
            runner.store.succeed(run.run_id, other, at=now(), outputs={})
        assert became[0].owner == other
        assert not list(run.request.folder.iterdir())


def test_ctrl_c_ends_all_runs_of_a_process_and_begins_no_other(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    write_report(tmp_path / "project", starting(pids), "time.sleep(300)")
    code = (
        "import sys\nfrom pathlib import Path\nfrom tests.runs.jobs import asked, open_runner\n"
        "with open_runner(Path(sys.argv[1])) as runner:\n"
        "    runs = [asked(runner, out=Path(sys.argv[1]) / 'out' / name).run_id for name in 'abb']\n"
        "    try: runner.run_all(runs, workers=3)\n"
        "    except KeyboardInterrupt: sys.exit(130)"
    )
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], env={**os.environ, "PYTHONPATH": root})
    with open_runner(tmp_path) as runner:
        assert wait_until(lambda: [run.cell for run in runner.store.running()] == [5, 5])
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert sorted(run.state for run in runner.store.list()) == [State.CANCELLED, State.CANCELLED, State.QUEUED]
        assert wait_until(lambda: ended(pids))
