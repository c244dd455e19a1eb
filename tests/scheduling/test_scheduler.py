"""What a scheduler starts, and when: missed times, overlaps, waiting for data, pauses, crashes, two at once."""

from __future__ import annotations

import time

import pytest

from ecombi.scheduling.line import End
from ecombi.scheduling.states import ScheduleStates
from tests.scheduling.conftest import Diary, look


def test_nothing_is_due_before_a_schedule_was_seen_for_the_first_time(start, diary):
    look(start())
    assert diary.begun == []


def test_a_due_time_is_acted_on_once(start, clock, diary, state):
    scheduler = start()
    look(scheduler)
    clock.goes_to("2026-11-06T06:00")
    look(scheduler)
    clock.goes_on(minutes=1)
    look(scheduler)
    assert diary.begun == [("daily", "06 06:00")]
    progress = ScheduleStates(state).all()["daily"]
    assert (progress.last_due.isoformat(), progress.last_run) == ("2026-11-06T06:00:00+00:00", "run 1")


def test_it_is_told_when_to_look_again(start, clock):
    scheduler = start({"cron": "*/5 * * * *"})
    clock.goes_to("2026-11-05T12:04:57")
    scheduler.tick()
    assert f"{scheduler.tick():%H:%M:%S}" == "12:05:00"


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [
        ({"catch_up": "none"}, []),
        ({"catch_up": "last"}, ["08 06:00"]),
        ({"catch_up": "all"}, ["06 06:00", "07 06:00", "08 06:00"]),
        ({"catch_up": "all", "catch_up_limit": 2}, ["07 06:00", "08 06:00"]),
    ],
)
def test_what_was_missed_is_caught_up_with_as_declared(start, clock, diary, catch_up, expected):
    look(start(catch_up))
    clock.goes_to("2026-11-08T12:00")
    scheduler = start(catch_up)
    clock.goes_on(seconds=31)
    look(scheduler, 8)
    assert diary.dues == expected
    # And then no more.
    again = start(catch_up)
    clock.goes_on(seconds=31)
    look(again, 8)
    assert diary.dues == expected


def test_a_time_that_has_just_passed_is_not_missed(start, clock, diary):
    look(start({"catch_up": "none"}))
    clock.goes_to("2026-11-06T06:03")
    look(start({"catch_up": "none"}))
    assert diary.dues == ["06 06:00"]


def test_jitter_delays_the_same_due_time_by_the_same_seconds(start, clock, diary):
    jittered = {"jitter": 600}
    scheduler = start(jittered)
    look(scheduler)
    clock.goes_to("2026-11-06T06:00")
    begins = scheduler.tick()
    [line] = scheduler._lines
    due = clock()
    delays = {line.schedule.starts(due) - due for _ in range(3)}
    [delay] = delays
    assert 0 < delay.total_seconds() <= 600
    assert begins <= due + delay
    clock.goes_on(seconds=delay.total_seconds() - 1)
    look(scheduler)
    assert diary.begun == []
    clock.goes_on(seconds=1)
    look(scheduler)
    assert diary.dues == ["06 06:00"]


def test_with_skip_what_is_due_meanwhile_is_left_out(start, clock, diary):
    scheduler = start({"cron": "0 * * * *", "overlap": "skip"})
    look(scheduler)
    diary.go_on.clear()
    clock.goes_to("2026-11-05T13:00")
    scheduler.tick()
    clock.goes_to("2026-11-05T14:00")
    scheduler.tick()
    diary.go_on.set()
    look(scheduler)
    clock.goes_to("2026-11-05T15:00")
    look(scheduler)
    assert diary.dues == ["05 13:00", "05 15:00"]


def test_with_queue_it_comes_after(start, clock, diary):
    scheduler = start({"cron": "0 * * * *", "overlap": "queue"})
    look(scheduler)
    diary.go_on.clear()
    for at in ("13:00", "14:00", "15:00"):
        clock.goes_to(f"2026-11-05T{at}")
        scheduler.tick()
    assert diary.dues == ["05 13:00"]
    diary.go_on.set()
    look(scheduler, 6)
    assert diary.dues == ["05 13:00", "05 14:00", "05 15:00"]


def test_with_cancel_running_the_newest_takes_its_place(start, clock, diary):
    scheduler = start({"cron": "0 * * * *", "overlap": "cancel_running"})
    look(scheduler)
    diary.go_on.clear()
    clock.goes_to("2026-11-05T13:00")
    scheduler.tick()
    while not diary.begun:
        time.sleep(0.01)
    clock.goes_to("2026-11-05T14:00")
    look(scheduler, 6)
    assert diary.cancelled == ["daily"]
    assert diary.dues == ["05 13:00", "05 14:00"]


def test_it_waits_for_the_data_and_gives_up(start, clock, diary, state):
    waiting = {"when": {"data_ready": "day", "wait_hours": 2}}
    scheduler = start(waiting)
    look(scheduler)
    diary.is_ready = False
    clock.goes_to("2026-11-06T06:00")
    look(scheduler)
    clock.goes_to("2026-11-06T07:59")
    look(scheduler)
    assert diary.begun == []
    diary.is_ready = True
    clock.goes_to("2026-11-06T08:00")
    look(scheduler)
    assert diary.dues == ["06 06:00"]

    diary.is_ready = False
    clock.goes_to("2026-11-07T06:00")
    look(scheduler)
    clock.goes_to("2026-11-07T08:01")
    look(scheduler)
    diary.is_ready = True
    clock.goes_on(hours=1)
    look(scheduler)
    assert diary.dues == ["06 06:00"]
    assert ScheduleStates(state).all()["daily"].last_run == "gave up: no data"


def test_what_can_be_tried_again_is_tried_again_for_an_hour(start, clock, diary, state):
    scheduler = start()
    look(scheduler)
    diary.end = End.TRY_AGAIN
    clock.goes_to("2026-11-06T06:00")
    for _ in range(30):
        look(scheduler)
        clock.goes_on(minutes=5)
    # At six and every five minutes up to and with seven, and once more to find that the hour is over.
    assert len(diary.begun) == 14
    assert set(diary.dues) == {"06 06:00"}
    assert ScheduleStates(state).all()["daily"].last_run == "run 14"


def test_a_failure_is_not_repeated_and_stops_no_other_schedule(start, clock, diary):
    class Broken(Diary):
        def __call__(self, schedule, due):
            super().__call__(schedule, due)
            if schedule.name == "broken":
                raise ZeroDivisionError
            return Diary.__call__(diary, schedule, due)

    work = Broken()
    scheduler = start({"name": "broken"}, {}, work=work)
    look(scheduler)
    clock.goes_to("2026-11-06T06:00")
    look(scheduler)
    clock.goes_on(minutes=1)
    look(scheduler)
    assert sorted(work.begun) == [("broken", "06 06:00"), ("daily", "06 06:00")]
    assert diary.begun == [("daily", "06 06:00")]


def test_a_paused_schedule_does_nothing_and_makes_nothing_up_for_it(start, clock, diary, state):
    states = ScheduleStates(state)
    scheduler = start({"catch_up": "all"})
    look(scheduler)
    states.pause("daily", at=clock())
    clock.goes_to("2026-11-07T12:00")
    look(scheduler)
    assert diary.begun == []
    states.resume("daily", at=clock())
    look(scheduler)
    clock.goes_to("2026-11-08T06:00")
    look(scheduler)
    assert diary.dues == ["08 06:00"]


def test_a_schedule_paused_in_the_file_makes_nothing_up_for_it_either(start, clock, diary):
    look(start({"pause": True, "catch_up": "all"}))
    clock.goes_to("2026-11-07T12:00")
    paused = start({"pause": True, "catch_up": "all"})
    clock.goes_on(seconds=31)
    look(paused)
    clock.goes_to("2026-11-07T12:30")
    scheduler = start({"catch_up": "all"})
    look(scheduler)
    clock.goes_to("2026-11-08T06:00")
    look(scheduler)
    assert diary.dues == ["08 06:00"]


def test_of_two_schedulers_one_works_and_the_other_takes_over_when_it_is_gone(start, clock, diary):
    first, second = start(), start()
    look(first)
    look(second)
    clock.goes_to("2026-11-06T06:00")
    for scheduler in (first, second, first, second):
        look(scheduler)
    assert diary.dues == ["06 06:00"]
    # The first is killed: it does not say goodbye, and the second waits until it must be gone.
    clock.goes_to("2026-11-07T06:00")
    look(second)
    assert diary.dues == ["06 06:00", "07 06:00"]
    look(first)
    assert diary.dues == ["06 06:00", "07 06:00"]


def test_a_clock_put_back_a_little_does_nothing_twice(start, clock, diary):
    scheduler = start({"cron": "0 * * * *"})
    look(scheduler)
    for at in ("05T13:00", "05T14:00", "05T12:30", "05T13:00", "05T14:00", "05T15:00"):
        clock.goes_to(f"2026-11-{at}")
        look(scheduler)
    assert diary.dues == ["05 13:00", "05 14:00", "05 15:00"]


@pytest.mark.parametrize("killed", [False, True])
def test_a_clock_that_was_years_ahead_keeps_nothing_from_being_done(start, clock, diary, killed):
    clock.goes_to("2031-01-01T12:00")
    scheduler = start()
    look(scheduler)
    clock.goes_to("2026-11-05T12:00")
    if killed:
        # Its lease runs until 2031.
        scheduler = start()
    look(scheduler)
    clock.goes_to("2026-11-06T06:00")
    look(scheduler)
    assert diary.dues == ["06 06:00"]


def test_what_a_killed_scheduler_was_doing_is_done_again(start, clock, diary):
    killed = start()
    look(killed)
    diary.go_on.clear()
    clock.goes_to("2026-11-06T06:00")
    killed.tick()
    clock.goes_on(seconds=31)
    work = Diary()
    look(start(work=work))
    assert work.dues == ["06 06:00"]


def test_closing_lets_what_runs_come_to_its_end(start, clock, diary, state):
    scheduler = start()
    look(scheduler)
    clock.goes_to("2026-11-06T06:00")
    scheduler.tick()
    scheduler.close()
    assert diary.dues == ["06 06:00"]
    assert not diary.cancelled
    assert ScheduleStates(state).all()["daily"].last_run == "run 1"


def test_closing_cancels_what_takes_too_long_and_leaves_it_to_the_next(start, clock, diary):
    scheduler = start()
    look(scheduler)
    diary.go_on.clear()
    diary.end = End.FAILED
    clock.goes_to("2026-11-06T06:00")
    scheduler.tick()
    while not diary.begun:
        time.sleep(0.01)
    scheduler.close(grace=0.1)
    assert diary.cancelled == ["daily"]
    work = Diary()
    look(start(work=work))
    assert work.dues == ["06 06:00"]


def test_a_long_absence_is_looked_back_on_quickly(start, clock, diary):
    every_minute = {"cron": "* * * * *", "catch_up": "last"}
    look(start(every_minute))
    clock.goes_to("2027-11-05T12:00")
    began = time.monotonic()
    look(start(every_minute))
    assert diary.dues == ["05 12:00"]
    assert time.monotonic() - began < 5
