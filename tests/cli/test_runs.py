"""`ecombi runs` and `replay` as a user types them: what ran, how it stands, ending it, doing it again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import ecombi, records
from tests.runs.jobs import wait_until, write_report

pytestmark = [pytest.mark.xdist_group("cli runs"), pytest.mark.slow]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace of a project whose report says its label, and divides by zero for `broken`."""
    project = tmp_path / "project"
    write_report(
        project,
        "print('the label is', label)",
        "share = 1 / (label != 'broken')\nreport.publish(letters=len(label))",
    )
    monkeypatch.setenv("ECOMBI_PROJECT", str(project))
    return tmp_path / "shop"


def test_what_ran_can_be_listed_shown_opened_proved_and_removed(shop: Path) -> None:
    [made] = records("report", "tiny", "-p", "label=given", workspace=shop)
    number = str(made["run"])
    assert Path(str(made["html"])).read_text("utf-8").count("the label is given") == 1

    [listed] = records("runs", "list", "--state", "succeeded", "--report", "tiny", workspace=shop)
    assert (listed["run"], listed["state"], listed["attempt"], listed["now"]) == (number, "succeeded", 1, None)
    assert records("runs", "list", "--state", "failed", workspace=shop) == []

    shown = ecombi("runs", "show", number[-4:], "--follow", workspace=shop).stdout
    assert f"run           {number}\n" in shown
    assert "-p label      given\n" in shown
    logged = ecombi("runs", "logs", number, "--follow", workspace=shop).stdout
    assert "state   running: attempt 1" in logged
    assert "output  the label is given" in logged
    assert logged.splitlines()[-1].endswith("state   succeeded")
    [described] = records("runs", "show", number, workspace=shop)
    assert (described["run"], described["-p label"]) == (number, "given")
    events = records("runs", "logs", number, workspace=shop)
    assert [(event["kind"], event["text"]) for event in events][-1] == ("state", "succeeded")
    assert {"the label is given"} == {event["text"] for event in events if event["kind"] == "output"}

    opened = ecombi("runs", "open", number, "--kind", "result", "--no-browser", workspace=shop)
    result = json.loads(Path(opened.stdout.strip()).read_text("utf-8"))
    browser = shop.parent / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {shop.parent}/shown\n', "utf-8")
    browser.chmod(0o755)
    document = Path(ecombi("runs", "open", number, workspace=shop, env={"BROWSER": str(browser)}).stdout.strip())
    assert (shop.parent / "shown").read_text("utf-8") == f"{document.as_uri()}\n"
    assert result["figures"]["letters"]["value"] == "5"
    assert records("replay", number, workspace=shop) == [{"run": number, "result": "equal"}]

    assert ecombi("runs", "prune", "--days", "0", workspace=shop).stdout == (
        "Removed 1 runs that ended more than 0 days ago.\n"
    )
    assert records("runs", "list", workspace=shop) == []
    assert Path(str(made["html"])).exists()


def test_a_replay_that_differs_says_where_and_ends_with_four(shop: Path) -> None:
    [made] = records("report", "tiny", workspace=shop)
    result = shop / "runs" / str(made["run"]) / "result.json"
    result.write_text(result.read_text("utf-8").replace('"value": "5"', '"value": "6"'), "utf-8")
    done = ecombi("replay", str(made["run"]), "--format", "json", workspace=shop)
    assert done.returncode == 4
    [difference] = json.loads(done.stdout)
    assert (difference["before"], difference["now"]) == ("6", "5")
    assert "differ in 1 places" in done.stderr


def test_a_failure_is_told_with_its_cell_and_can_be_tried_again(shop: Path) -> None:
    failed = ecombi("report", "tiny", "-p", "label=broken", workspace=shop)
    assert failed.returncode == 5
    assert "cell 5 failed: ZeroDivisionError" in failed.stderr
    [listed] = records("runs", "list", workspace=shop)
    assert listed["state"] == "failed"
    assert "ZeroDivisionError" in str(listed["now"])
    again = ecombi("runs", "retry", str(listed["run"]), workspace=shop)
    assert again.returncode == 5
    assert [run["state"] for run in records("runs", "list", workspace=shop)] == ["failed", "failed"]


def test_a_run_that_goes_on_is_seen_and_cancelled(shop: Path, tmp_path: Path) -> None:
    write_report(tmp_path / "project", "import time\ntime.sleep(300)")
    command = [sys.executable, "-m", "ecombi", "report", "tiny", "--workspace", str(shop)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ)) as running:
        assert wait_until(
            lambda: any(
                run["state"] == "running" and str(run["now"]).startswith("cell ")
                for run in records("runs", "list", workspace=shop)
            )
        )
        [going] = records("runs", "list", workspace=shop)
        shown = ecombi("runs", "show", str(going["run"]), workspace=shop).stdout
        assert re.search(r"^now +cell 4 of 4, \d+\.\d s$", shown, re.MULTILINE)
        [asked] = records("runs", "cancel", str(going["run"]), workspace=shop)
        assert asked["state"] == "running"
        assert "asked to stop" in str(asked["now"])
        running.communicate(timeout=120)
    assert running.returncode == 5
    assert records("runs", "list", workspace=shop)[0]["state"] == "cancelled"
    over = ecombi("runs", "cancel", str(going["run"]), workspace=shop)
    assert over.returncode == 2
    assert "has ended (cancelled)" in over.stderr


@pytest.mark.parametrize(("by", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_report_with_a_code_of_its_own(
    shop: Path, tmp_path: Path, by: signal.Signals, code: int
) -> None:
    began = tmp_path / "began"
    write_report(tmp_path / "project", f"import pathlib, time\npathlib.Path({str(began)!r}).touch()\ntime.sleep(300)")
    command = [sys.executable, "-m", "ecombi", "report", "tiny", "--workspace", str(shop)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as running:
        started = wait_until(began.exists, seconds=180)
        running.send_signal(by)
        assert "Traceback" not in running.communicate(timeout=120)[1]
    assert started
    assert running.returncode == code
    assert [run["state"] for run in records("runs", "list", workspace=shop)] == ["cancelled"]


def test_runs_of_a_report_that_is_gone_can_be_listed_and_one_that_never_ran_has_none(
    shop: Path, tmp_path: Path
) -> None:
    assert records("runs", "list", "--report", "tiny", workspace=shop) == []
    [made] = records("report", "tiny", workspace=shop)
    for kind, ending in (("notebooks", "ipynb"), ("parameters", "yml")):
        (tmp_path / "project" / kind / "reports" / f"tiny.{ending}").unlink()
    assert [run["run"] for run in records("runs", "list", "--report", "tiny", workspace=shop)] == [made["run"]]
    typo = ecombi("runs", "list", "--report", "tinny", workspace=shop)
    assert (typo.returncode, typo.stdout) == (2, "")
    assert "Did you mean 'tiny'?" in typo.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("runs", "list", "--state", "done"), "There is no state 'done'. Known: cancelled, failed"),
        (("runs", "list", "--state", "succeded"), "Did you mean 'succeeded'?"),
        (
            ("runs", "list", "--report", "tinny"),
            "no report 'tinny', and no run of one is recorded. Did you mean 'tiny'?",
        ),
        (("runs", "list", "--report", "tinny", "--state", "failed"), "Did you mean 'tiny'?"),
        (("runs", "show", "nope"), "nope"),
        (("replay", "nope"), "nope"),
    ],
)
def test_what_is_not_there_is_said_in_words(shop: Path, arguments: tuple[str, ...], words: str) -> None:
    done = ecombi(*arguments, workspace=shop)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""
