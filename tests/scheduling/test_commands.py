"""`ecombi schedule` and `ecombi backfill`, as somebody types them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ecombi.cli import exit_code
from ecombi.cli.backfill import backfill
from ecombi.cli.schedule import app
from ecombi.errors import BackendUnavailable, NotebookFailed, ScheduleError
from tests.runs.jobs import write_report
from tests.servers import free_port

ENTRIES = [
    {"name": "daily", "report": "tiny", "cron": "30 5 * * *", "parameters": {"label": "hello"}},
    {"name": "asleep", "report": "tiny", "cron": "0 7 * * mon", "time_zone": "Asia/Tokyo", "pause": True},
]


@pytest.fixture
def shop(tmp_path, monkeypatch, hand_shop) -> Path:
    """A shop in London, and a project with one small report and two schedules."""
    write_report(tmp_path / "project", "assert label != 'bad'")
    (tmp_path / "project" / "parameters" / "schedules.yml").write_text(json.dumps({"schedules": ENTRIES}))
    monkeypatch.setenv("ECOMBI_PROJECT", str(tmp_path / "project"))
    return shutil.copytree(hand_shop, tmp_path / "shop")


def said(shop: Path, *words: str) -> str:
    """What a command that must succeed says."""
    done = CliRunner().invoke(app, [*words, "--workspace", str(shop)])
    assert done.exit_code == 0, done.output
    return done.stdout


def told(shop: Path, *words: str) -> list[dict[str, object]]:
    return json.loads(said(shop, *words, "--format", "json"))


def test_schedules_are_listed_with_their_next_time_and_state(shop):
    daily, asleep = told(shop, "list")
    assert (daily["schedule"], daily["runs"], daily["state"]) == ("daily", "report tiny", "active")
    assert str(daily["next"])[11:19] == "05:30:00"
    assert (asleep["time zone"], asleep["state"], asleep["next"]) == ("Asia/Tokyo", "paused in the file", None)


def test_the_next_times_are_on_the_clocks_of_the_schedule(shop):
    times = told(shop, "next", "asleep", "--count", "3")
    assert [str(one["due"])[10:] for one in times] == [" 07:00:00+09:00"] * 3
    assert {str(one["utc"])[11:] for one in times} == {"22:00"}


def test_a_pause_is_kept_until_somebody_ends_it(shop):
    said(shop, "pause", "daily")
    assert told(shop, "list")[0]["state"] == "paused"
    said(shop, "resume", "daily")
    assert told(shop, "list")[0]["state"] == "active"
    with pytest.raises(ScheduleError, match="pause: true"):
        CliRunner().invoke(app, ["resume", "asleep", "--workspace", str(shop)], catch_exceptions=False)


def test_a_schedule_can_be_run_at_any_time(shop):
    [done] = told(shop, "trigger", "asleep")
    assert done["end"] == "done"
    assert (shop / "reports" / "tiny.html").exists()
    # It was not due, so nothing is remembered as dealt with.
    assert told(shop, "list")[1]["last run"] is None


def test_a_triggered_report_that_fails_is_the_commands_error(shop, tmp_path):
    write_report(tmp_path / "project", "1 / 0")
    with pytest.raises(NotebookFailed, match="ZeroDivisionError"):
        CliRunner().invoke(app, ["trigger", "daily", "--workspace", str(shop)], catch_exceptions=False)


def test_a_triggered_report_that_cannot_be_mailed_yet_is_worth_another_try(shop, tmp_path, monkeypatch):
    parameters = tmp_path / "project" / "parameters"
    (parameters / "roles.yml").write_text("roles: {owner: {}}")
    readers = [{"name": "Zoé", "mail": "zoe@example.com", "role": "owner"}]
    (parameters / "schedules.yml").write_text(json.dumps({"schedules": [{**ENTRIES[0], "recipients": readers}]}))
    monkeypatch.setenv("ECOMBI_SMTP_URL", f"smtp://127.0.0.1:{free_port()}")
    done = CliRunner().invoke(app, ["trigger", "daily", "--workspace", str(shop)])
    assert isinstance(done.exception, BackendUnavailable)
    assert exit_code(done.exception) == 75
    assert (shop / "reports" / "tiny.html").exists()


def test_a_backfill_shows_what_it_did(shop, tmp_path):
    write_report(tmp_path / "project", "assert day != '2026-10-02'", parameters='day: Day = "2026-01-01"')
    alone = typer.Typer()
    alone.command()(backfill)
    period = ["tiny", "--from", "2026-10-01", "--to", "2026-10-03", "--workspace", str(shop), "--format", "json"]
    done = CliRunner().invoke(alone, period)
    rows = json.loads(done.stdout)
    assert [(row["from"], row["to"], row["state"]) for row in rows] == [
        ("2026-10-01", "2026-10-02", "succeeded"),
        ("2026-10-02", "2026-10-03", "failed"),
    ]
    assert isinstance(done.exception, NotebookFailed)
