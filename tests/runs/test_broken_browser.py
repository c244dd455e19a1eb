"""A Chromium that is there and makes no PDF costs a run its PDF, not its other documents; and the run says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ecombi.errors import ConfigurationError, PdfNotMade
from ecombi.reports import pdf
from ecombi.runs.record import State
from ecombi.runs.runner import Runner, exit_error
from tests.command import ecombi, records
from tests.runs.jobs import alive, done, open_runner, published, wait_until, write_report

TABLE = "report.publish(letters=len(label))\nimport pandas\nreport.publish(words=pandas.DataFrame({'word': ['a']}))"
OTHERS = {".html", ".ipynb", ".json", ".xlsx"}


def stub(folder: Path, code: str) -> Path:
    """A program in the place of Chromium."""
    path = folder / "browser"
    path.write_text(f"#!/bin/sh\n{code}\n")
    path.chmod(0o755)
    return path


def test_the_other_documents_are_there_and_the_run_says_what_is_missing(tmp_path: Path) -> None:
    write_report(tmp_path / "project", TABLE)
    browser = stub(tmp_path, "echo a library is missing >&2; exit 127")
    with open_runner(tmp_path, pdf=True, browser=browser) as runner:
        run = done(runner)
        assert (run.state, run.attempt) == (State.SUCCEEDED, 1), run.failure
        assert (set(published(run)), set(run.outputs) & {"pdf"}) == (OTHERS, set())
        words = f"There is no PDF: {browser} made no PDF. It said: a library is missing"
        assert runner.describe(run)["warning"] == words
        receipt = runner.folders.receipt(run.run_id)
        assert receipt is not None
        assert receipt["warnings"] == [words]


def test_a_pdf_of_an_earlier_run_does_not_stay_beside_the_documents_of_a_later_one(tmp_path: Path) -> None:
    write_report(tmp_path / "project", TABLE)
    good = "for given; do case $given in --print-to-pdf=*) printf %%PDF-1.4 > ${given#*=};; esac; done"
    with open_runner(tmp_path, pdf=True, browser=stub(tmp_path, good)) as runner:
        assert set(published(done(runner))) == OTHERS | {".pdf"}
        stub(tmp_path, "kill -9 $$")
        run = done(runner)
        assert set(published(run)) == OTHERS
        assert "made no PDF. It said: nothing" in str(runner.describe(run)["warning"])


def test_one_that_hangs_is_ended_and_the_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "SECONDS", 1.0)
    write_report(tmp_path / "project", TABLE)
    with open_runner(tmp_path, pdf=True, browser=stub(tmp_path, "sleep 300")) as runner:
        run = done(runner)
        assert run.state is State.SUCCEEDED
        assert (
            runner.describe(run)["warning"]
            == "There is no PDF: The PDF was not done after 1 seconds, so it was stopped."
        )


def failed(runner: Runner) -> BaseException | None:
    run = done(runner)
    assert (run.state, list(run.request.folder.iterdir())) == (State.FAILED, [])
    return exit_error(run)


def test_where_a_pdf_is_required_a_run_without_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_report(tmp_path / "project", TABLE)
    with open_runner(tmp_path, pdf=True, browser=stub(tmp_path, "exit 1"), pdf_required=True) as runner:
        assert isinstance(failed(runner), PdfNotMade)
    monkeypatch.setenv("PATH", str(tmp_path))
    with open_runner(tmp_path, pdf=True, pdf_required=True) as runner:
        assert isinstance(failed(runner), ConfigurationError)
    with open_runner(tmp_path, pdf=True) as runner:
        run = done(runner)
        assert run.state is State.SUCCEEDED
        assert "warning" not in runner.describe(run)


def test_a_runner_killed_while_it_prints_leaves_neither_the_browser_nor_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, scratch, pid = tmp_path / "shop", tmp_path / "scratch", tmp_path / "pid"
    scratch.mkdir()
    browser = stub(tmp_path, f"echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 300")
    monkeypatch.setenv("ECOMBI_PROJECT", str(write_report(tmp_path / "project", TABLE)))
    monkeypatch.setenv("TMPDIR", str(scratch))
    command = [sys.executable, "-m", "ecombi", "report", "tiny", "--workspace", str(shop)]
    with subprocess.Popen(command, env={**os.environ, "ECOMBI_BROWSER": str(browser)}) as killed:
        assert wait_until(pid.exists)
        killed.kill()
    assert alive(int(pid.read_text()))
    [run] = records("runs", "list", workspace=shop)
    assert run["state"] == "failed"
    assert wait_until(lambda: not alive(int(pid.read_text())))
    assert list(scratch.glob("ecombi-[a-z]*")) == []


def test_the_command_line_says_so_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOMBI_PROJECT", str(write_report(tmp_path / "project", TABLE)))
    monkeypatch.setenv("ECOMBI_BROWSER", str(stub(tmp_path, "exit 1")))
    shop = tmp_path / "shop"
    made = ecombi("report", "tiny", workspace=shop)
    assert made.returncode == 0, made.stderr
    assert "There is no PDF: " in made.stderr
    [run] = records("runs", "list", workspace=shop)
    assert "\nwarning       There is no PDF: " in ecombi("runs", "show", str(run["run"]), workspace=shop).stdout
    assert "  warning There is no PDF: " in ecombi("runs", "logs", str(run["run"]), workspace=shop).stdout
    assert ecombi("report", "tiny", workspace=shop, env={"ECOMBI_PDF_REQUIRED": "true"}).returncode == 5
