"""What is recorded about a run, and which moves it can make."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from ecombi.errors import RunConflict, UnknownRunError
from ecombi.runs.record import Event, Failure, Owner, Run, State
from ecombi.runs.store import RunStore
from tests.runs.asked import GONE, HERE, NOON, PINNED, THERE, after, request


def _started(store: RunStore, stem: str = "daily-sales", at: datetime = NOON) -> Run:
    run, _ = store.add(request(stem), at=at)
    started = store.claim(run.run_id, HERE, at=at)
    assert started is not None
    return started


def test_a_request_is_recorded_as_it_was_made(store: RunStore) -> None:
    asked = request(
        parameters={
            "until": "2026-01-01",
            "channels": ["web", "shop"],
            "top": 10,
            "share": 0.1,
            "tax": True,
            "x": None,
        },
        identity='{"name": "france", "countries": ["FR"]}',
        idempotency_key="nightly 2026-01-01",
        concurrency_key="daily",
        deadline_seconds=60,
        attempts_allowed=2,
        memory_bytes=5 * 1024**3,
        source_run="20251231-120000-abcd",
    )
    run, new = store.add(asked, at=NOON)
    assert new
    assert run == Run(run_id=run.run_id, request=asked, state=State.QUEUED, attempt=0, requested_at=NOON)
    assert run.run_id.startswith("20260101-120000-")
    assert store.get(run.run_id) == run
    assert list(run.request.parameters) == ["until", "channels", "top", "share", "tax", "x"]


def test_a_run_goes_from_the_queue_to_a_good_end(store: RunStore) -> None:
    run, _ = store.add(request(), at=NOON)
    started = store.claim(run.run_id, HERE, at=after(1))
    assert started is not None
    assert (started.state, started.attempt, started.owner) == (State.RUNNING, 1, HERE)
    assert (started.started_at, started.seen_at) == (after(1), after(1))
    store.pin(run.run_id, HERE, PINNED)
    seen = store.heartbeat(run.run_id, HERE, at=after(2), kernel_pid=33, cell=1, cells=4)
    assert (seen.seen_at, seen.kernel_pid, seen.cell, seen.cells) == (after(2), 33, 1, 4)
    assert seen.pinned == PINNED
    done = store.succeed(run.run_id, HERE, at=after(3), outputs={"html": "report.html"})
    assert (done.state, done.ended_at, done.outputs) == (State.SUCCEEDED, after(3), {"html": "report.html"})
    assert (done.kernel_pid, done.pinned, done.failure) == (33, PINNED, None)
    assert [(number > 0, event.at, event.kind, event.text) for number, event in store.events(run.run_id)] == [
        (True, NOON, "state", "queued"),
        (True, after(1), "state", "running: attempt 1, process 11 on here"),
        (True, after(3), "state", "succeeded"),
    ]


def test_a_cell_began_when_it_was_first_heard_of(store: RunStore) -> None:
    run_id = _started(store).run_id
    assert store.heartbeat(run_id, HERE, at=after(1), cell=1, cells=2).cell_started_at == after(1)
    assert store.heartbeat(run_id, HERE, at=after(2), cell=1).cell_started_at == after(1)
    assert store.heartbeat(run_id, HERE, at=after(3)).cell_started_at == after(1)
    last = store.heartbeat(run_id, HERE, at=after(4), cell=2)
    assert (last.cell, last.cells, last.cell_started_at) == (2, 2, after(4))


@pytest.mark.parametrize("end", [State.FAILED, State.TIMED_OUT, State.CANCELLED])
def test_a_bad_end_says_why(store: RunStore, end: State) -> None:
    run_id = _started(store).run_id
    ended = store.fail(run_id, HERE, GONE, at=after(9), state=end)
    assert (ended.state, ended.failure, ended.ended_at) == (end, GONE, after(9))
    number, last = store.events(run_id)[-1]
    assert last == Event(at=after(9), attempt=1, kind="state", text=f"{end}: The server is gone.", cell=3)
    assert store.events(run_id, after=number) == []


def test_a_run_does_not_fail_by_succeeding(store: RunStore) -> None:
    run_id = _started(store).run_id
    with pytest.raises(ValueError, match="succeeded"):
        store.fail(run_id, HERE, GONE, at=NOON, state=State.SUCCEEDED)
    assert store.get(run_id).state is State.RUNNING


def test_a_transient_error_puts_a_run_back_until_it_is_due(store: RunStore) -> None:
    run_id = _started(store).run_id
    store.heartbeat(run_id, HERE, at=after(1), kernel_pid=33, cell=3, cells=4)
    waiting = store.again(run_id, HERE, GONE, at=after(2), not_before=after(30))
    assert (waiting.state, waiting.not_before, waiting.failure) == (State.QUEUED, after(30), GONE)
    assert store.claim(run_id, THERE, at=after(29)) is None
    assert store.claim_next(THERE, at=after(29)) is None
    second = store.claim_next(THERE, at=after(30))
    assert second is not None
    assert (second.attempt, second.owner, second.started_at) == (2, THERE, NOON)
    assert (second.kernel_pid, second.cell, second.cells, second.cell_started_at) == (None, None, None, None)
    assert second.not_before is None
    done = store.succeed(run_id, THERE, at=after(40), outputs={})
    assert (done.state, done.attempt, done.failure) == (State.SUCCEEDED, 2, None)
    assert [event.attempt for _, event in store.events(run_id)] == [0, 1, 1, 2, 2]


def test_a_run_whose_end_somebody_asked_for_is_not_tried_again(store: RunStore) -> None:
    run_id = _started(store).run_id
    store.cancel(run_id, at=after(1))
    ended = store.again(run_id, HERE, GONE, at=after(2), not_before=after(30))
    assert (ended.state, ended.ended_at, ended.not_before) == (State.CANCELLED, after(2), None)


def test_a_queued_run_is_cancelled_at_once(store: RunStore) -> None:
    run, _ = store.add(request(), at=NOON)
    ended = store.cancel(run.run_id, at=after(1))
    assert (ended.state, ended.ended_at, ended.attempt) == (State.CANCELLED, after(1), 0)
    assert ended.failure == Failure(kind="RunCancelled", message="It was cancelled before it started.")
    assert store.claim(run.run_id, HERE, at=after(2)) is None
    assert store.events(run.run_id)[-1][1].text == "cancelled: It was cancelled before it started."


def test_a_running_run_is_told_of_its_cancellation(store: RunStore) -> None:
    run_id = _started(store).run_id
    assert store.heartbeat(run_id, HERE, at=after(1)).cancel_requested_at is None
    asked = store.cancel(run_id, at=after(2))
    assert (asked.state, asked.ended_at, asked.failure) == (State.RUNNING, None, None)
    store.cancel(run_id, at=after(3))
    assert store.heartbeat(run_id, HERE, at=after(4)).cancel_requested_at == after(2)


def test_nothing_happens_to_a_run_that_has_ended(store: RunStore) -> None:
    run_id = _started(store).run_id
    done = store.succeed(run_id, HERE, at=after(1), outputs={"html": "report.html"})
    with pytest.raises(RunConflict, match=rf"Run {run_id} has ended \(succeeded\)"):
        store.cancel(run_id, at=after(2))
    for late in (
        lambda: store.heartbeat(run_id, HERE, at=after(2)),
        lambda: store.pin(run_id, HERE, PINNED),
        lambda: store.succeed(run_id, HERE, at=after(2), outputs={}),
        lambda: store.fail(run_id, HERE, GONE, at=after(2)),
        lambda: store.again(run_id, HERE, GONE, at=after(2), not_before=after(3)),
    ):
        with pytest.raises(RunConflict, match="is succeeded, not running"):
            late()
    assert store.claim(run_id, HERE, at=after(2)) is None
    assert store.adopt(run_id, HERE, THERE, at=after(2)) is None
    assert store.get(run_id) == done


def test_only_the_process_that_runs_it_may_change_a_run(store: RunStore) -> None:
    run_id = _started(store).run_id
    later = Owner(host=HERE.host, pid=HERE.pid, started="3000.5")
    for other in (THERE, later):
        with pytest.raises(RunConflict, match="is run by process 11 on here, not by"):
            store.heartbeat(run_id, other, at=after(1))


def test_a_dead_process_loses_its_run_to_the_first_that_takes_it(store: RunStore) -> None:
    run_id = _started(store).run_id
    third = Owner(host="there", pid=23, started="2000.5")
    taken = store.adopt(run_id, HERE, THERE, at=after(5))
    assert taken is not None
    assert (taken.owner, taken.state, taken.attempt, taken.seen_at) == (THERE, State.RUNNING, 1, after(5))
    assert store.adopt(run_id, HERE, third, at=after(6)) is None
    with pytest.raises(RunConflict, match="run by process 22 on there, not by 11 on here any more"):
        store.succeed(run_id, HERE, at=after(7), outputs={})
    assert store.succeed(run_id, THERE, at=after(8), outputs={}).state is State.SUCCEEDED


def test_a_key_gets_one_run_until_that_fails(store: RunStore) -> None:
    keyed = request(idempotency_key="nightly")
    first, new = store.add(keyed, at=NOON)
    assert new
    assert store.add(request("other", idempotency_key="nightly"), at=after(1)) == (first, False)
    running = store.claim(first.run_id, HERE, at=after(2))
    assert store.add(keyed, at=after(2)) == (running, False)
    failed = store.fail(first.run_id, HERE, GONE, at=after(3))
    second, new = store.add(keyed, at=after(4))
    assert new
    assert second.run_id != failed.run_id
    store.claim(second.run_id, HERE, at=after(5))
    done = store.succeed(second.run_id, HERE, at=after(6), outputs={})
    assert store.add(keyed, at=after(7)) == (done, False)
    assert store.add(request(), at=after(7))[1]


def test_two_runs_of_one_output_run_one_after_the_other(store: RunStore) -> None:
    first, second = (store.add(request(), at=after(n))[0] for n in range(2))
    other, _ = store.add(request("weekly"), at=after(2))
    assert store.claim(first.run_id, HERE, at=after(3)) is not None
    assert store.claim(second.run_id, THERE, at=after(3)) is None
    found = store.claim_next(THERE, at=after(3))
    assert found is not None
    assert found.run_id == other.run_id
    assert store.claim_next(THERE, at=after(3)) is None
    store.fail(first.run_id, HERE, GONE, at=after(4))
    found = store.claim_next(THERE, at=after(5))
    assert found is not None
    assert found.run_id == second.run_id


def test_the_oldest_run_is_claimed_first(store: RunStore) -> None:
    ids = [store.add(request(str(n)), at=after(-n))[0].run_id for n in range(4)]
    chosen = store.claim_next(HERE, at=NOON, only=ids[:2])
    assert chosen is not None
    assert chosen.run_id == ids[1]
    assert store.claim_next(HERE, at=NOON, only=[]) is None
    found = [store.claim_next(HERE, at=NOON) for _ in range(4)]
    assert [run and run.run_id for run in found] == [ids[3], ids[2], ids[0], None]


def test_runs_are_listed_newest_first(store: RunStore) -> None:
    ids = [store.add(request(str(n), report="abc"[n % 3]), at=after(n))[0].run_id for n in range(6)]
    for n in (0, 4):
        store.claim(ids[n], HERE, at=after(10 - n))
    assert [run.run_id for run in store.list()] == ids[::-1]
    assert [run.run_id for run in store.list(limit=2)] == [ids[5], ids[4]]
    assert [run.run_id for run in store.list(report="b")] == [ids[4], ids[1]]
    assert [run.run_id for run in store.list(states=[State.QUEUED], report="a")] == [ids[3]]
    assert [run.run_id for run in store.running()] == [ids[4], ids[0]]


def test_a_run_is_found_by_part_of_its_number(store: RunStore) -> None:
    early, _ = store.add(request(), at=NOON)
    late, _ = store.add(request(), at=after(3600))
    assert store.get("20260101-12") == early
    assert store.get(late.run_id[:-1]) == late
    assert store.get(early.run_id[-4:]) == early
    with pytest.raises(UnknownRunError, match=f"'2026' is part of {early.run_id}, {late.run_id}. Write more"):
        store.get("2026")
    for unknown in ("", "%", "20260101_12", "2027"):
        with pytest.raises(UnknownRunError, match="There is no run"):
            store.get(unknown)


def test_a_number_that_no_run_has_is_refused(store: RunStore) -> None:
    for use in (
        lambda: store.claim("x", HERE, at=NOON),
        lambda: store.heartbeat("x", HERE, at=NOON),
        lambda: store.cancel("x", at=NOON),
        lambda: store.adopt("x", HERE, THERE, at=NOON),
        lambda: store.note("x", "note", "hello", at=NOON),
        lambda: store.events("x"),
    ):
        with pytest.raises(UnknownRunError, match="There is no run 'x'"):
            use()


def test_events_are_read_on_from_the_last_one_seen(store: RunStore) -> None:
    run_id = _started(store).run_id
    for n in range(5):
        store.note(run_id, "output", f"line {n}", at=after(n), cell=n)
        store.note(_started(store, stem=str(n)).run_id, "output", "of another run", at=after(n))
    first = store.events(run_id, limit=4)
    rest = store.events(run_id, after=first[-1][0])
    assert [event.text for _, event in first + rest][2:] == [f"line {n}" for n in range(5)]
    numbers = [number for number, _ in first + rest]
    assert numbers == sorted(set(numbers))
    assert rest[-1][1] == Event(at=after(4), attempt=1, kind="output", text="line 4", cell=4)


def test_text_that_no_database_can_hold_hides_nothing(store: RunStore) -> None:
    run_id = _started(store).run_id
    hostile = "zero \0 half \ud800 end 'quoted' \U0001f6d2"
    store.note(run_id, "output", hostile, at=NOON)
    assert store.events(run_id)[-1][1].text == "zero \ufffd half ? end 'quoted' \U0001f6d2"
    failed = store.fail(run_id, HERE, Failure(kind="Odd", message=hostile, cell=1, source=hostile), at=NOON)
    assert failed.failure is not None
    assert failed.failure.message == failed.failure.source == "zero \ufffd half ? end 'quoted' \U0001f6d2"


def test_long_names_are_kept_whole(store: RunStore) -> None:
    asked = request("s" * 200, report="r" * 500, folder=Path("/" + "f" * 1000), idempotency_key="k" * 1000)
    run, _ = store.add(asked, at=NOON)
    assert store.get(run.run_id).request == request(
        "s" * 200,
        report="r" * 500,
        folder=Path("/" + "f" * 1000),
        idempotency_key="k" * 1000,
        concurrency_key=asked.exclusive,
    )


def test_moments_are_aware_and_in_utc(store: RunStore) -> None:
    tokyo = datetime(2026, 1, 1, 21, 0, 0, 123456, tzinfo=timezone(timedelta(hours=9)))
    run, _ = store.add(request(), at=tokyo)
    assert run.requested_at.isoformat() == "2026-01-01T12:00:00.123456+00:00"
    assert run.run_id.startswith("20260101-120000-")
    with pytest.raises(ValueError, match="no time zone"):
        store.add(request(), at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_what_is_expected_is_the_median_of_the_latest_ten(store: RunStore) -> None:
    assert store.expected("daily-sales") == {}
    for n in range(1, 13):
        store.record_spans("daily-sales", {0: n, 1: n / 2, 2: 0.25})
    store.record_spans("weekly", {0: 99})
    # Of 3 to 12.
    assert store.expected("daily-sales") == {0: 7.5, 1: 3.75, 2: 0.25}
    store.record_spans("daily-sales", {0: 100, 2: 0.25, 3: 1})
    # Of 4 to 12 and 100; the notebook has no first cell any more.
    assert store.expected("daily-sales") == {0: 8.5, 2: 0.25, 3: 1}
    assert store.expected("weekly") == {0: 99}


def test_old_runs_are_removed_with_what_happened_in_them(store: RunStore) -> None:
    old, other, kept, running = (_started(store, stem=str(n)) for n in range(4))
    queued, _ = store.add(request(), at=NOON)
    store.succeed(old.run_id, HERE, at=after(1), outputs={})
    store.fail(other.run_id, HERE, GONE, at=after(2))
    store.succeed(kept.run_id, HERE, at=after(3), outputs={})
    assert store.prune(before=after(3)) == sorted([old.run_id, other.run_id])
    assert {run.run_id for run in store.list()} == {kept.run_id, running.run_id, queued.run_id}
    with pytest.raises(UnknownRunError):
        store.events(old.run_id)
    last = store.events(running.run_id)[-1][0]
    store.note(running.run_id, "note", "later", at=NOON)
    assert store.events(running.run_id, after=last)[0][0] > last
