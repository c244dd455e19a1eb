"""Runs whose runner is gone are found by the next start."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from ecombi.runs.processes import LEASE, MARK, this_process
from ecombi.runs.record import Owner, Run, State
from ecombi.runs.runner import Runner, exit_error
from tests.runs.jobs import alive, asked, done, now, open_runner, published, told, wait_until, write_report


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    """A runner of a project whose report says its label."""
    write_report(tmp_path / "project", "print('the label is', label)")
    with open_runner(tmp_path) as opened:
        yield opened


@pytest.fixture
def gone() -> Owner:
    """A process of this machine that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    started = psutil.Process(process.pid).create_time()
    process.wait()
    return Owner(host=this_process().host, pid=process.pid, started=f"{started:.2f}")


def claimed(runner: Runner, owner: Owner, label: str = "plain") -> Run:
    """A run that is in the hands of a process."""
    run = runner.store.claim(asked(runner, label).run_id, owner, at=now())
    assert run is not None
    return run


def test_a_run_whose_process_is_gone_is_marked_lost_and_can_be_run_again(runner: Runner, gone: Owner) -> None:
    run = claimed(runner, gone)
    half = runner.folders.root / f".{run.run_id}"
    half.mkdir(parents=True)
    (half / "report.html").write_text("<html>half")
    left = run.request.folder / ".tiny.html.x1y2z3"
    left.write_text("half")

    [found] = runner.recover()

    assert (found.run_id, found.state) == (run.run_id, State.FAILED)
    assert found.failure is not None
    assert found.failure.kind == "lost"
    assert f"number {gone.pid} on {gone.host}, was ended before it was done" in found.failure.message
    assert exit_error(found) is not None
    assert not half.exists()
    assert not left.exists()
    assert runner.recover() == []
    again = runner.run(runner.retry(run.run_id).run_id)
    assert again.state is State.SUCCEEDED


def test_a_run_that_was_asked_for_and_never_begun_is_marked_when_its_process_is_gone(
    runner: Runner, gone: Owner
) -> None:
    waiting = asked(runner, "waits")
    request = asked(runner, "left").request
    left, _ = runner.store.add(request, at=now(), by=gone)
    anybodys, _ = runner.store.add(request, at=now())

    [found] = runner.recover()

    assert (found.run_id, found.state) == (left.run_id, State.FAILED)
    assert found.failure is not None
    assert found.failure.kind == "lost"
    assert "was ended before it began" in found.failure.message
    for other in (waiting, anybodys):
        assert runner.store.get(other.run_id).state is State.QUEUED
    assert runner.run(runner.retry(left.run_id).run_id).state is State.SUCCEEDED


def test_a_number_that_another_process_has_now_is_not_taken_for_the_runner(runner: Runner) -> None:
    me = this_process()
    run = claimed(runner, Owner(host=me.host, pid=me.pid, started=f"{float(me.started) - 3600:.2f}"))
    assert [found.run_id for found in runner.recover()] == [run.run_id]


def test_a_run_of_a_living_process_is_left_alone(runner: Runner) -> None:
    run = claimed(runner, this_process())
    assert runner.recover() == []
    assert runner.store.get(run.run_id).state is State.RUNNING


def test_a_run_that_this_process_gave_up_without_a_word_is_marked(runner: Runner) -> None:
    run = claimed(runner, this_process())
    runner.store.heartbeat(run.run_id, this_process(), at=now() - LEASE - timedelta(seconds=1))
    assert [found.run_id for found in runner.recover()] == [run.run_id]


def test_another_machine_is_trusted_until_it_has_been_silent_for_too_long(runner: Runner) -> None:
    far = Owner(host="far-away", pid=1, started="1")
    fresh = claimed(runner, far, "fresh")
    assert runner.recover() == []
    runner.store.heartbeat(fresh.run_id, far, at=now() - LEASE - timedelta(seconds=1))
    assert [found.run_id for found in runner.recover()] == [fresh.run_id]


def test_what_a_gone_runner_left_running_is_ended(runner: Runner, gone: Owner) -> None:
    run = claimed(runner, gone)
    stranger = subprocess.Popen(["sleep", "300"], start_new_session=True)
    left = subprocess.Popen(["sleep", "300"], env={MARK: run.run_id}, start_new_session=True)
    try:
        # Taken for its kernel by its number alone, a stranger would be ended.
        runner.store.heartbeat(run.run_id, gone, at=now(), kernel_pid=stranger.pid)
        runner.recover()
        assert left.wait(30) == -9
        assert alive(stranger.pid)
    finally:
        stranger.kill()
        stranger.wait()
        left.kill()


def test_a_complete_folder_of_a_gone_runner_is_published(runner: Runner, gone: Owner) -> None:
    # What a kill between the rename and the copies leaves: the folder is whole, the copies are of two runs.
    first = done(runner, "first")
    second = done(runner, "second")
    run = claimed(runner, gone, "third")
    runner.folders.of(second.run_id).rename(runner.folders.of(run.run_id))
    (first.request.folder / "tiny.html").write_bytes((runner.folders.of(first.run_id) / "report.html").read_bytes())
    (first.request.folder / "tiny.pdf").write_text("of some earlier run")

    [found] = runner.recover()

    assert found.state is State.SUCCEEDED
    assert set(published(found)) == {".html", ".ipynb", ".json"}
    assert "the label is second" in published(found)[".html"].read_text(encoding="utf-8")
    assert found.outputs["html"] == "report.html"


def test_a_complete_folder_of_a_failure_says_how_the_run_ended(runner: Runner, gone: Owner, tmp_path: Path) -> None:
    write_report(tmp_path / "project", "raise ValueError('no')")
    failed = done(runner)
    run = claimed(runner, gone)
    runner.folders.of(failed.run_id).rename(runner.folders.of(run.run_id))
    [found] = runner.recover()
    assert (found.state, found.failure) == (State.FAILED, failed.failure)


def test_two_starts_at_once_share_the_work(runner: Runner, gone: Owner, tmp_path: Path) -> None:
    runs = [runner.store.claim(asked(runner, out=tmp_path / str(number)).run_id, gone, at=now()) for number in range(6)]
    found: list[Run] = []
    threads = [threading.Thread(target=lambda: found.extend(runner.recover())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(run.run_id for run in found) == sorted(run.run_id for run in runs if run)
    for run in found:
        assert len([text for text in told(runner, run, "state") if text.startswith("failed")]) == 1


def test_whoever_waits_for_the_outputs_of_a_lost_run_gets_its_turn(runner: Runner) -> None:
    holder = subprocess.Popen(["sleep", "300"])
    started = psutil.Process(holder.pid).create_time()
    claimed(runner, Owner(host=this_process().host, pid=holder.pid, started=f"{started:.2f}"))
    next_one = asked(runner, "next")
    thread = threading.Thread(target=runner.run, args=[next_one.run_id])
    thread.start()
    holder.kill()
    holder.wait()
    thread.join()
    assert wait_until(lambda: runner.store.get(next_one.run_id).state is State.SUCCEEDED)
