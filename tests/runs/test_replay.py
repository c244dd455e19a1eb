"""Executing a run again: equal where nothing changed; otherwise it is said exactly what differs. Real kernels."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ecombi.backends.warehouse import open_warehouse
from ecombi.errors import NotebookFailed, ReportError
from ecombi.etl.marts import build_marts
from ecombi.metrics.rollups import TABLES
from ecombi.runs.record import Run
from ecombi.runs.replay import replay
from ecombi.runs.runner import Runner
from tests.reports.hand_shop import open_shop
from tests.runs.jobs import done, open_runner, write_report

ASK = (
    "import ecombi\nws = ecombi.open_workspace()\n"
    "report.publish(sales=ws.query(['net_sales', 'orders'], start='2026-10-01', end='2026-11-01'))"
)
NET_SALES = "figures.sales.net_sales.value"


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    """A runner of the shop added up by hand; its October: 50 − 10 + 40 + 20 + 36 = 136 net sales, 4 orders."""
    open_shop(tmp_path / "shop")
    write_report(tmp_path / "project", ASK)
    with open_runner(tmp_path, keep_snapshots=2, snapshot_grace_seconds=0) as opened:
        yield opened


def sell_more(runner: Runner, number: int) -> None:
    """Publish one more order of 40.00 in October."""
    warehouse = open_warehouse(runner.settings, TABLES)
    at = datetime(2026, 11, number, tzinfo=UTC)
    with warehouse.build() as build:
        named = {"number": number, "at": at.replace(tzinfo=None)}
        build.connection.execute(
            "INSERT INTO loads BY NAME SELECT * REPLACE ($number AS load_id, $at AS loaded_at, $number AS fingerprint) "
            "FROM loads WHERE load_id = 1",
            named,
        )
        build.connection.execute(
            "INSERT INTO ledger BY NAME SELECT * REPLACE ($number AS load_id, $at AS loaded_at, "
            "'more-' || $number AS source_id, 'more-' || $number AS order_id) FROM ledger WHERE order_id = 'o3'",
            named,
        )
        build_marts(build)
        build.publish(at=at)
    warehouse.close()


def figures(runner: Runner, run: Run) -> tuple[float, int]:
    """Net sales and orders that a run declared."""
    found = json.loads(runner.output(run, "result").read_text())["figures"]
    return float(found["sales.net_sales"]["value"]), int(found["sales.orders"]["value"])


def test_a_run_is_equal_to_its_replay(runner: Runner) -> None:
    run = done(runner)
    assert figures(runner, run) == (136, 4)
    again = replay(run.run_id[-4:], runner)
    assert (again.original, again.equal, again.differences, again.notes) == (run.run_id, True, (), ())
    assert again.records() == [{"run": run.run_id, "result": "equal"}]
    assert [found.run_id for found in runner.store.list()] == [run.run_id]


def test_data_published_since_play_no_part(runner: Runner) -> None:
    run = done(runner)
    sell_more(runner, 2)
    assert figures(runner, done(runner)) == (176, 5)
    again = replay(run.run_id, runner)
    assert (again.equal, again.notes) == (True, ())


def test_where_its_snapshot_is_gone_it_is_asked_what_was_known_then(runner: Runner) -> None:
    sell_more(runner, 2)
    run = done(runner)
    assert figures(runner, run) == (176, 5)
    for number in (3, 4, 5):
        sell_more(runner, number)
    again = replay(run.run_id, runner)
    assert again.notes == (
        "Snapshot 2 is not kept any more: asked was what had been loaded by 2026-11-02 00:00:00+00:00.",
    )
    assert again.equal, again.differences


def test_the_notebook_of_then_is_executed_where_it_has_changed_since(runner: Runner, tmp_path: Path) -> None:
    run = done(runner)
    write_report(tmp_path / "project", ASK.replace("report.publish(", "report.publish(more=1, "))
    again = replay(run.run_id, runner)
    assert again.equal, again.differences
    assert len(again.notes) == 1
    assert again.notes[0].startswith("The code has changed since: it was ")
    assert again.notes[0].endswith("The run's own was executed.")

    shutil.rmtree(runner.folders.root / "code")
    today = replay(run.run_id, runner)
    assert not today.equal
    assert (today.differences[0].path, today.differences[0].before) == ("figures.more", None)
    assert "The run's own is not kept any more, so today's was executed." in today.notes[0]


def test_the_package_of_then_comes_first(runner: Runner, tmp_path: Path) -> None:
    write_report(tmp_path / "project", "import ecombi\nreport.publish(file=ecombi.__file__)")
    run = done(runner)
    write_report(tmp_path / "project", "report.publish(nothing=1)")
    again = replay(run.run_id, runner)
    [difference] = again.differences
    assert difference.path == "figures.file.value"
    assert str(difference.before).endswith("/ecombi/__init__.py")
    assert "ecombi-scratch-replay-" in str(difference.after)


def test_the_package_of_then_need_not_know_how_kernels_are_started_now(runner: Runner, tmp_path: Path) -> None:
    run = done(runner)
    write_report(tmp_path / "project", "report.publish(nothing=1)")
    [package] = runner.code.folder.glob("package-*.zip")
    with zipfile.ZipFile(package) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(package, "w") as archive:
        for name, content in kept.items():
            if not name.endswith(("/plain.py", "/keeper.py")):
                archive.writestr(name, content)
    assert replay(run.run_id, runner).equal


def test_a_figure_that_was_tampered_with_is_found(runner: Runner) -> None:
    run = done(runner)
    path = runner.output(run, "result")
    stored = json.loads(path.read_text())
    stored["figures"]["sales.net_sales"]["value"] = "999.0000"
    path.write_text(json.dumps(stored))
    again = replay(run.run_id, runner)
    [difference] = again.differences
    assert (difference.path, difference.before) == (NET_SALES, "999.0000")
    assert float(str(difference.after)) == 136
    assert again.notes == (
        "The stored result.json is not what the run declared: its hash is not the one on the receipt.",
    )
    assert again.records()[0]["place"] == NET_SALES


def test_a_cell_that_never_says_the_same_twice_is_found(runner: Runner, tmp_path: Path) -> None:
    code = "import uuid\nimport pandas as pd\nnumber = uuid.uuid4().hex"
    table = "report.publish(number=number, rows=pd.DataFrame({'name': ['a', 'b'], 'drawn': ['same', number]}))"
    write_report(tmp_path / "project", ASK, code, table)
    again = replay(done(runner).run_id, runner)
    assert [one.path for one in again.differences] == ["figures.number.value", "tables.rows.rows[1].drawn"]
    assert all(one.before != one.after for one in again.differences)
    assert again.notes == ()


def test_other_packages_are_named(runner: Runner) -> None:
    run = done(runner)
    path = runner.output(run, "receipt")
    receipt = json.loads(path.read_text())
    receipt["packages"]["papermill"] = "1.0"
    receipt["python"] = "3.0.0"
    path.write_text(json.dumps(receipt))
    again = replay(run.run_id, runner)
    assert again.equal
    assert again.notes[0].startswith("Python was 3.0.0, it is 3.")
    assert again.notes[1] == "Other packages are installed: papermill 1.0 -> 2.7.0."


def test_what_left_no_result_cannot_be_compared(runner: Runner, tmp_path: Path) -> None:
    write_report(tmp_path / "project", "raise ValueError('no')")
    failed = done(runner)
    with pytest.raises(ReportError, match="is failed and left no result"):
        replay(failed.run_id, runner)


def test_a_replay_that_fails_says_so(runner: Runner, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    write_report(tmp_path / "project", f"assert not open({str(mark)!r}, 'a').tell(), 'the second time'\n{ASK}",
                 f"open({str(mark)!r}, 'a').write('x')")  # fmt: skip
    run = done(runner)
    with pytest.raises(NotebookFailed, match="the second time"):
        replay(run.run_id, runner)
