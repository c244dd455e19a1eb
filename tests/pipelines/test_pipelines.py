"""The pipelines of the project: what each does, what it leaves alone, and that one failed report stops no other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from ecombi import open_workspace
from ecombi.cli.pipelines import Steps, carry_out
from ecombi.errors import ConfigurationError, EmptyWarehouse, NotebookFailed, PeriodError, UnknownReportError
from ecombi.reports import find, names
from ecombi.runs.runner import Runner
from ecombi.sources.simulated import ShopConfig
from ecombi.workspace import Workspace
from tests.conftest import ROOT
from tests.reports.conftest import cell, notebook
from tests.runs.jobs import now, open_runner

SHOP = ShopConfig(orders=200, years=0.1, seed=3, end=date(2026, 11, 1))

Carry = Callable[..., Steps]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory) -> Path:
    """A small shop with the records of before 23 October 2026."""
    folder = tmp_path_factory.mktemp("pipelines") / "shop"
    with open_workspace(folder) as ws:
        ws.loading.simulated(SHOP, until=date(2026, 10, 23), at=now())
    return folder


@pytest.fixture
def project(tmp_path) -> Path:
    """The project's pipelines, and its reports with their parameters but nothing to compute."""
    folder = tmp_path / "project"
    (folder / "notebooks" / "reports").mkdir(parents=True)
    (folder / "dashboards").mkdir()
    (folder / "pipelines").symlink_to(ROOT / "pipelines")
    shutil.copytree(ROOT / "parameters", folder / "parameters")
    for name in names(ROOT):
        write(folder, name, parameters_of(name))
    return folder


def parameters_of(name: str) -> str:
    """The parameters cell of a report of the project."""
    made = json.loads((ROOT / "notebooks" / "reports" / f"{name}.ipynb").read_text("utf-8"))
    [declared] = [one for one in made["cells"] if "parameters" in one["metadata"].get("tags", [])]
    return "".join(declared["source"])


def write(project: Path, name: str, parameters: str, *code: str) -> None:
    """Write a report of that name with these parameters."""
    head = [cell(f"# {name}", kind="markdown"), cell("from typing import Literal\nfrom ecombi.reports import Day")]
    cells = [*head, cell(parameters, tags=("parameters",)), *map(cell, code)]
    (project / "notebooks" / "reports" / f"{name}.ipynb").write_text(notebook(*cells), encoding="utf-8")


MONTHLY = {
    f"{name}-2026-10-01-2026-10-25": "succeeded"
    for name in ("product_performance", "inventory_replenishment", "data_quality")
}


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Workspace, Runner]]:
    with open_runner(folder) as runner, Workspace(runner.settings) as ws:
        yield ws, runner


@pytest.fixture
def carry(tmp_path, project, loaded) -> Iterator[Carry]:
    """Carry out a pipeline on the small shop."""
    shutil.copytree(loaded, tmp_path / "shop")
    with opened(tmp_path) as (ws, runner):

        def carried(name: str, as_of: str | None = None) -> Steps:
            day = date.fromisoformat(as_of) if as_of else None
            return carry_out(name, ws, runner, as_of=day, at=now(), progress=lambda step, done: None)

        carried.runner, carried.ws = runner, ws  # type: ignore[attr-defined]
        yield carried


def reports(steps: Steps) -> dict[object, object]:
    """The reports of a pipeline by the names of their outputs, with how they ended."""
    return {record["name"]: record["state"] for record in steps.records if record["step"] == "report"}


def loads(steps: Steps) -> set[object]:
    """How the deliveries ended."""
    return {record["state"] for record in steps.records if record["step"] == "load"}


def test_nightly_loads_and_reports_and_then_leaves_the_same_day_alone(carry):
    first = carry("nightly", "2026-10-25")
    assert "loaded" in loads(first)
    assert reports(first) == {
        "daily_sales-2026-10-24": "succeeded",
        **MONTHLY,
    }
    again = carry("nightly", "2026-10-25")
    assert loads(again) == {"nothing new"}
    assert set(reports(again).values()) == {"done before"}
    assert len(carry.runner.store.list()) == 1 + len(MONTHLY)
    # The same day on other data is something else.
    carry("hourly", "2026-10-27")
    late = carry("nightly", "2026-10-25")
    assert set(reports(late).values()) == {"succeeded"}


def test_one_failed_report_stops_no_other_and_its_error_is_the_pipelines(carry, project):
    write(project, "daily_sales", parameters_of("daily_sales"), "1 / 0")
    steps = carry("nightly", "2026-10-25")
    assert reports(steps) == {
        "daily_sales-2026-10-24": "failed",
        **MONTHLY,
    }
    assert isinstance(steps.error, NotebookFailed)
    assert "ZeroDivisionError" in str(steps.error)


def test_a_report_that_cannot_be_asked_for_stops_no_other_either(carry, project):
    (project / "notebooks" / "reports" / "daily_sales.ipynb").unlink()
    steps = carry("nightly", "2026-10-25")
    assert reports(steps) == {"daily_sales": "refused", **MONTHLY}
    assert isinstance(steps.error, UnknownReportError)


def test_hourly_publishes_what_is_new_and_nothing_where_nothing_is(carry):
    before = carry.ws.snapshot.number
    assert loads(carry("hourly", "2026-10-23")) == {"nothing new"}
    assert carry.ws.snapshot.number == before
    steps = carry("hourly", "2026-10-24")
    assert "loaded" in loads(steps)
    assert carry.ws.snapshot.number == before + 1
    assert reports(steps) == {}


@pytest.mark.parametrize("as_of", ["2026-10-19", "2026-10-22"])
def test_weekly_is_about_the_week_before_the_as_of_day(carry, as_of):
    # Monday 19 October and the Thursday after it: the week from the 12th to the 18th is the last one that is over.
    days = find("supplier_scorecard", ROOT).bind({})["window_days"]
    steps = carry("weekly", as_of)
    assert reports(steps) == {
        "weekly_executive_summary-2026-10-12": "succeeded",
        "cohort_retention": "succeeded",
        "rfm_segments-2026-10-19": "succeeded",
        f"supplier_scorecard-2026-10-19-{days}": "succeeded",
        "payments_reconciliation-2026-10-12-2026-10-19": "succeeded",
    }


def test_backfill_runs_what_is_missing_since_the_records_begin(carry):
    # So early that only two days, and no whole week, have records.
    start = carry.ws.coverage.start
    as_of = date.fromordinal(start.toordinal() + 2).isoformat()
    assert reports(carry("backfill", as_of)) == {
        f"daily_sales-{start}": "succeeded",
        f"daily_sales-{date.fromordinal(start.toordinal() + 1)}": "succeeded",
    }
    assert set(reports(carry("backfill", as_of)).values()) == {"done before"}


@pytest.mark.parametrize(
    ("pipeline", "as_of"),
    [("nightly", "2020-01-01"), ("weekly", "2020-01-01"), ("backfill", "0001-01-01"), ("weekly", "2062-01-02")],
)
def test_a_day_for_which_there_is_nothing_to_report_is_refused_with_the_days_there_are(carry, pipeline, as_of):
    first = carry.ws.coverage.start
    with pytest.raises(PeriodError, match=f"before {as_of} has.* from {first} to 2026-"):
        carry(pipeline, as_of)
    assert carry.runner.store.list() == []


def test_a_day_that_has_not_come_yet_is_said(carry, caplog):
    carry("hourly", "2062-01-02")
    assert "2062-01-02 has not come yet" in caplog.text


def test_before_anything_was_loaded_every_pipeline_says_so(tmp_path, project):
    with opened(tmp_path) as (ws, runner):
        for name in ("nightly", "hourly", "weekly", "backfill"):
            with pytest.raises(EmptyWarehouse, match="Nothing has been loaded"):
                carry_out(name, ws, runner, as_of=None, at=now(), progress=lambda step, done: None)


@pytest.mark.parametrize(
    ("text", "words"),
    [("def run(steps:", r"mine.py, line 1, cannot be read"), ("RUN = 1", r"mine.py has no function run\(steps\)")],
)
def test_a_file_that_is_no_pipeline_is_named(carry, project, text, words):
    (project / "pipelines").unlink()
    (project / "pipelines").mkdir()
    (project / "pipelines" / "mine.py").write_text(text)
    with pytest.raises(ConfigurationError, match=words):
        carry("mine")


def test_a_pipeline_nobody_wrote_is_answered_with_the_nearest(carry):
    with pytest.raises(ConfigurationError, match="Did you mean 'nightly'"):
        carry("nigthly")
