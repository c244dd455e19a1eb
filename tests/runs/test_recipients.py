"""Readers of a report: one run for all who may see the same, and nothing in it that they may not see."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from ecombi.backends.state import open_state
from ecombi.metrics.policy import OWNER, Identity
from ecombi.runs.recipients import Recipient, audiences, read_roles
from ecombi.runs.record import Run
from ecombi.runs.runner import Runner
from ecombi.runs.store import RunStore
from ecombi.scheduling.declaration import Schedule
from ecombi.scheduling.line import End
from ecombi.scheduling.work import ScheduledWork
from ecombi.settings import load_settings
from ecombi.workspace import Workspace
from tests.conftest import ROOT
from tests.reports.hand_shop import open_shop
from tests.runs.post_office import ADDRESS, PostOffice, post_office

ROLES = """
roles:
  owner: {}
  france: {countries: [FR]}
  paris: {countries: [FR]}
  britain: {countries: [GB]}
"""
FRANCE = Identity.of("france", countries=["FR"])
ROLE_OF = {"zoe": "france", "bea": "paris", "owen": "owner"}


def reader(name: str, role: str) -> Recipient:
    return Recipient(name=name, mail=f"{name}@example.com", role=role)


@pytest.fixture
def project(tmp_path) -> Path:
    """The project's own reports, with roles of its own."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("notebooks", "dashboards", "pipelines"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "parameters", folder / "parameters")
    (folder / "parameters" / "roles.yml").write_text(ROLES)
    return folder


def test_readers_are_gathered_by_what_they_may_see_not_by_role(project, tmp_path):
    roles = read_roles(project)
    found = audiences([reader("zoe", "france"), reader("owen", "owner"), reader("bea", "paris")], roles)
    assert [[one.name for one in audience.readers] for audience in found] == [["zoe", "bea"], ["owen"]]
    assert found[0].identity.policy_hash == FRANCE.policy_hash
    assert found[1].identity is OWNER
    assert found[0].folder(tmp_path) == tmp_path / f"policy-{FRANCE.policy_hash}"
    assert found[1].folder(tmp_path) == tmp_path


def test_a_report_without_readers_is_the_owners(project):
    [audience] = audiences([], read_roles(project))
    assert (audience.identity, audience.readers) == (OWNER, ())


@pytest.fixture(scope="module")
def delivered(tmp_path_factory) -> Iterator[tuple[Runner, PostOffice, list[Run]]]:
    """The daily report of Saturday for three readers with two policies, carried out twice."""
    folder = tmp_path_factory.mktemp("readers")
    made = folder / "project"
    made.mkdir()
    for name in ("notebooks", "dashboards", "pipelines"):
        (made / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "parameters", made / "parameters")
    (made / "parameters" / "roles.yml").write_text(ROLES)
    with post_office(folder) as office, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
        settings = load_settings(
            workspace=open_shop(folder / "shop"), project=made, smtp_url=f"smtp://{ADDRESS}:{office.port}"
        )
        state = open_state(settings)
        runner = Runner(settings, RunStore(state), clock=lambda: datetime.now(UTC), pdf=False)
        schedule = Schedule(
            name="daily",
            report="daily_sales",
            cron="0 7 * * *",
            time_zone="UTC",
            recipients=tuple(reader(name, role) for name, role in ROLE_OF.items()),
        )
        due = datetime(2026, 11, 1, 7, tzinfo=UTC)
        for _ in range(2):
            done = ScheduledWork(runner)(schedule, due)
            assert done.end is End.DONE, runner.store.get(done.said)
        yield runner, office, runner.store.list()
        state.close()


@pytest.mark.slow
def test_there_is_one_run_per_policy_and_one_letter_per_reader(delivered):
    runner, office, runs = delivered
    assert len(runs) == 2
    assert sorted(letter["To"].addresses[0].username for letter in office.letters) == ["bea", "owen", "zoe"]
    reports = runner.settings.workspace / "reports"
    assert {run.request.folder for run in runs} == {reports, reports / f"policy-{FRANCE.policy_hash}"}


def of_france(runs: list[Run]) -> Run:
    [run] = [run for run in runs if run.request.identity is not None]
    return run


@pytest.mark.slow
def test_a_reader_is_sent_the_run_of_his_own_policy(delivered):
    runner, office, runs = delivered
    sent = {letter["To"].addresses[0].username: letter for letter in office.letters}
    documents = {
        name: next(part for part in letter.iter_attachments() if part.get_content_type() == "text/html")
        for name, letter in sent.items()
    }
    mine = runner.output(of_france(runs), "html").read_bytes()
    assert documents["zoe"].get_payload(decode=True) == documents["bea"].get_payload(decode=True) == mine
    assert documents["owen"].get_payload(decode=True) != mine
    assert {part.get_filename() for part in documents.values()} == {"daily_sales-2026-10-31.html"}


def texts_of(runner: Runner, run: Run) -> dict[str, str]:
    """Everything a run wrote that a reader can see, by kind."""
    workbook = CalamineWorkbook.from_path(runner.output(run, "xlsx"))
    sheets = [workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names]
    html = runner.output(run, "html").read_text()
    return {
        "xlsx": " ".join(str(cell) for sheet in sheets for row in sheet for cell in row),
        "html": re.sub(r"<(style|svg)\b.*?</\1>", " ", html, flags=re.DOTALL),
        "result": runner.output(run, "result").read_text(),
        "notebook": runner.output(run, "notebook").read_text(),
    }


@pytest.mark.slow
def test_nothing_a_reader_may_not_see_is_in_any_output(delivered):
    runner, _, runs = delivered
    # The lamp is sold in France. Mugs are sold in Britain only, where 10.00 of the day's 46.00 is from.
    forbidden = (r"\bGB\b", r"Mug\b", r"\b46(\.0+)?(?![\d.%])")
    [owners] = [run for run in runs if run.request.identity is None]
    for kind, text in texts_of(runner, owners).items():
        assert all(re.search(pattern, text) for pattern in forbidden), kind
    for kind, text in texts_of(runner, of_france(runs)).items():
        assert "Lamp" in text, kind
        assert [pattern for pattern in forbidden if re.search(pattern, text)] == [], kind


@pytest.mark.slow
def test_the_totals_of_a_reader_are_those_of_his_own_question(delivered):
    runner, _, runs = delivered
    figures = json.loads(runner.output(of_france(runs), "result").read_text())["figures"]
    with Workspace(runner.settings) as ws:
        asked = ws.seen_by(FRANCE).query(["net_sales", "orders"], start="2026-10-31", end="2026-11-01")
    mine = {name: next(figures[key]["value"] for key in figures if key.endswith(f".{name}")) for name in asked.columns}
    # 40.00 less the discount of 4.00, one order.
    assert Decimal(mine["net_sales"]) == asked["net_sales"].iloc[0] == Decimal("36.00")
    assert int(mine["orders"]) == asked["orders"].iloc[0] == 1
