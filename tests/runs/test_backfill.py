"""A report for every period of a stretch of time: which there are, what is skipped, what goes on after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from ecombi.errors import ParameterError, PeriodError
from ecombi.reports import find
from ecombi.runs.backfill import Filled, backfill, periods, plan
from ecombi.runs.record import State
from ecombi.runs.runner import Runner
from ecombi.schema.periods import Grain
from ecombi.sources.simulated import ShopConfig
from ecombi.workspace import Workspace
from tests.conftest import ROOT
from tests.runs.jobs import PATIENCE, now, open_runner, wait_until, write_report

DAY, WEEK, MONTH = Grain.DAY, Grain.WEEK, Grain.MONTH


@pytest.mark.parametrize(
    ("start", "end", "each", "expected"),
    [
        ("2026-10-30", "2026-11-02", DAY, ["2026-10-30 2026-10-31", "2026-10-31 2026-11-01", "2026-11-01 2026-11-02"]),
        # 2026-10-28 is a Wednesday; the week of Monday 9 November is not over on the 15th, its Sunday.
        ("2026-10-28", "2026-11-15", WEEK, ["2026-11-02 2026-11-09"]),
        ("2026-11-02", "2026-11-16", WEEK, ["2026-11-02 2026-11-09", "2026-11-09 2026-11-16"]),
        ("2026-01-15", "2026-04-20", MONTH, ["2026-02-01 2026-03-01", "2026-03-01 2026-04-01"]),
        ("2025-12-01", "2026-01-01", MONTH, ["2025-12-01 2026-01-01"]),
    ],
)
def test_only_whole_periods_count(start, end, each, expected):
    found = periods(date.fromisoformat(start), date.fromisoformat(end), each)
    assert [f"{period.start} {period.end}" for period in found] == expected


@pytest.mark.parametrize("each", [DAY, WEEK, MONTH])
def test_a_stretch_without_a_whole_period_is_refused(each):
    day = date(2026, 11, 3)
    assert periods(day, day, each) == []
    with pytest.raises(PeriodError, match=f"no whole {each}"):
        plan(find("daily_sales", ROOT), day, day, each)


def test_there_is_no_backfill_by_the_hour():
    with pytest.raises(PeriodError, match="day, week or month"):
        periods(date(2026, 11, 3), date(2026, 11, 5), Grain.HOUR)


def planned(report: str, each: Grain, *names: str, **values: object) -> list[list[object]]:
    """The values of some parameters for September and October 2026, or for its first two weeks."""
    end = date(2026, 11, 1) if each is MONTH else date(2026, 9, 21)
    start = date(2026, 9, 1) if each is MONTH else date(2026, 9, 7)
    return [[one.values[name] for name in names] for one in plan(find(report, ROOT), start, end, each, values=values)]


def test_the_days_of_a_report_follow_the_period():
    assert planned("daily_sales", WEEK, "day") == [["2026-09-13"], ["2026-09-20"]]
    assert planned("product_performance", MONTH, "start", "end") == [
        ["2026-09-01", "2026-10-01"],
        ["2026-10-01", "2026-11-01"],
    ]
    # Its day is the one after the last that counts.
    assert planned("rfm_segments", MONTH, "day") == [["2026-10-01"], ["2026-11-01"]]


def test_other_parameters_are_the_same_in_each_run():
    assert planned("product_performance", MONTH, "start", "top", top="7") == [["2026-09-01", 7], ["2026-10-01", 7]]


def test_a_report_that_would_be_the_same_for_every_period_is_refused():
    with pytest.raises(ParameterError, match="ecombi report cohort_retention"):
        planned("cohort_retention", MONTH)
    with pytest.raises(ParameterError, match="same for every period"):
        planned("daily_sales", WEEK, day="2026-09-01")


def write_daily(folder: Path, *code: str) -> None:
    """Write a report about a day."""
    write_report(folder / "project", *code, name="daily", parameters='day: Day = "2026-01-01"')
    notes = {"title": "Daily", "description": "About a day.", "key": ["day"]}
    notes |= {"parameters": {"day": {"description": "The day.", "from_as_of": -1}}}
    (folder / "project" / "parameters" / "reports" / "daily.yml").write_text(json.dumps(notes))


def fill(runner: Runner, days: int = 3, **options: object) -> list[Filled]:
    """Fill the first days of October."""
    project = runner.settings.project
    assert project is not None
    runs = plan(find("daily", project), date(2026, 10, 1), date(2026, 10, 1 + days), DAY)
    return backfill(runner, "daily", runs, **options)


def new(filled: list[Filled]) -> list[int]:
    """The days of October that were run now."""
    return [one.period.start.day for one in filled if not one.earlier]


def test_what_is_done_is_skipped_and_what_is_gone_or_has_changed_is_not(tmp_path):
    write_daily(tmp_path, "report.publish(day=day)")
    with open_runner(tmp_path) as runner:
        first = fill(runner)
        reports = tmp_path / "shop" / "reports"
        assert new(first) == [1, 2, 3]
        assert [one.run.state for one in first] == [State.SUCCEEDED] * 3
        results = [json.loads((reports / f"daily-2026-10-0{n}.json").read_text()) for n in (1, 2, 3)]
        figures = [result["figures"]["day"]["value"] for result in results]
        assert figures == ["2026-10-01", "2026-10-02", "2026-10-03"]

        again = fill(runner, 4)
        assert new(again) == [4]
        assert [one.run.run_id for one in again[:3]] == [one.run.run_id for one in first]

        (reports / "daily-2026-10-02.html").unlink()
        assert new(fill(runner, 4)) == [2]
        assert new(fill(runner, 4)) == []

        assert new(fill(runner, 2, anew=True)) == [1, 2]

        write_daily(tmp_path, "report.publish(day=day, more=1)")
        assert new(fill(runner, 2)) == [1, 2]
        assert new(fill(runner, 2)) == []


def test_a_period_that_fails_stops_no_other_and_is_tried_the_next_time(tmp_path):
    mended = tmp_path / "mended"
    write_daily(tmp_path, "import pathlib", f"assert day != '2026-10-02' or pathlib.Path({str(mended)!r}).exists()")
    with open_runner(tmp_path) as runner:
        states = [one.run.state for one in fill(runner, workers=2)]
        assert states == [State.SUCCEEDED, State.FAILED, State.SUCCEEDED]
        mended.touch()
        assert new(fill(runner)) == [2]


def test_a_period_is_done_anew_when_more_of_it_has_been_loaded(tmp_path):
    write_daily(tmp_path, "report.publish(day=day)")
    shop = ShopConfig(orders=200, years=0.1, seed=3, end=date(2026, 11, 1))
    with open_runner(tmp_path) as runner, Workspace(runner.settings) as ws:
        ws.loading.simulated(shop, until=date(2026, 10, 3), at=now())
        assert new(fill(runner)) == [1, 2, 3]
        assert new(fill(runner)) == []
        ws.loading.again(until=date(2026, 10, 4), at=now())
        assert new(fill(runner, 4)) == [3, 4]
        assert new(fill(runner, 4)) == []


def test_the_calendar_ends():
    start, end = date(9999, 12, 20), date(9999, 12, 31)
    assert [period.start.day for period in periods(start, end, DAY)] == list(range(20, 31))
    assert [period.start.day for period in periods(start, end, WEEK)] == [20]
    assert periods(start, end, MONTH) == []


PROGRAM = """
import signal, sys
from datetime import date
from pathlib import Path
from ecombi.runs.backfill import backfill, plan
from ecombi.reports import find
from ecombi.schema.periods import Grain
from ecombi.sources.simulated import ShopConfig
from ecombi.workspace import Workspace
from tests.runs.jobs import open_runner

# Whoever starts tests in the background has them ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
folder = Path(sys.argv[1])
with open_runner(folder) as runner:
    runs = plan(find("daily", folder / "project"), date(2026, 10, 1), date(2026, 10, 5), Grain.DAY)
    backfill(runner, "daily", runs, workers=1)
"""


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT])
def test_a_backfill_that_was_cut_short_goes_on_from_there(tmp_path, by):
    gate = tmp_path / "gate"
    held = (
        f"import pathlib, time\nwhile day == '2026-10-02' and not pathlib.Path({str(gate)!r}).exists(): time.sleep(.05)"
    )
    write_daily(tmp_path, held)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    cut = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], env=environment, stderr=subprocess.DEVNULL)
    first = tmp_path / "shop" / "reports" / "daily-2026-10-01.html"
    with open_runner(tmp_path) as runner:
        assert wait_until(lambda: first.exists() and runner.store.running())
        cut.send_signal(by)
        assert cut.wait(PATIENCE) != 0
        gate.touch()
        runner.recover()
        assert new(fill(runner, 4)) == [2, 3, 4]
        assert new(fill(runner, 4)) == []
        assert not runner.store.list(states=[State.QUEUED, State.RUNNING])
