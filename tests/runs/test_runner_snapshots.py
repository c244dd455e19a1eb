"""All figures of a run are of one snapshot, whatever is published meanwhile. Real kernels, both engines."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

from ecombi.backends.warehouse import open_warehouse
from ecombi.metrics.rollups import TABLES
from ecombi.runs.record import Run, State
from ecombi.runs.runner import Runner
from ecombi.settings import load_settings
from tests.metrics.conftest import publish
from tests.reports.hand_shop import PRODUCTS, rows
from tests.runs.jobs import asked, open_runner, told, wait_until, write_report

ASK = (
    "import ecombi\nws = ecombi.open_workspace()\n"
    "report.publish({}=ws.query('orders', start='2026-10-01', end='2026-11-01'))"
)
WAIT = "import time\nfrom pathlib import Path\nPath(mark).touch()\nwhile Path(mark).exists():\n    time.sleep(0.05)"


def published_in_between(runner: Runner, mark: Path) -> Run:
    """Run a report that asks, waits until something more is published, and asks again."""
    run = asked(runner, str(mark))
    thread = threading.Thread(target=runner.run, args=[run.run_id])
    thread.start()
    assert wait_until(mark.exists)
    warehouse = open_warehouse(runner.settings, TABLES)
    with warehouse.build() as build:
        build.publish(at=datetime(2026, 11, 2, tzinfo=UTC))
    warehouse.close()
    mark.unlink()
    # A second attempt waits too.
    while thread.is_alive():
        mark.unlink(missing_ok=True)
        thread.join(0.1)
    return runner.store.get(run.run_id)


def open_shop(folder: Path, database_url: str | None = None) -> None:
    warehouse = open_warehouse(load_settings(workspace=folder / "shop", database_url=database_url), TABLES)
    publish(warehouse, rows(), PRODUCTS)
    warehouse.close()
    wait = f"mark = label\n{WAIT}"
    write_report(folder / "project", ASK.format("before"), wait, ASK.format("after"))


def test_an_embedded_warehouse_is_read_at_the_snapshot_of_the_start(tmp_path: Path) -> None:
    open_shop(tmp_path)
    with open_runner(tmp_path) as runner:
        run = published_in_between(runner, tmp_path / "mark")
        assert (run.state, run.attempt) == (State.SUCCEEDED, 1)
        assert run.pinned is not None
        assert run.pinned.snapshot == 1
        receipt = json.loads(runner.output(run, "receipt").read_text())
        assert receipt["snapshots_read"] == [1]
        result = json.loads(runner.output(run, "result").read_text())
        assert (result["snapshot"], result["figures"]["after.orders"]["value"]) == (1, "4")


def test_on_a_server_a_run_that_saw_two_states_is_run_again(tmp_path: Path, postgres_url: str) -> None:
    open_shop(tmp_path, postgres_url)
    with open_runner(tmp_path, database_url=postgres_url) as runner:
        run = published_in_between(runner, tmp_path / "mark")
        assert (run.state, run.attempt) == (State.SUCCEEDED, 2)
        assert run.pinned is not None
        assert run.pinned.snapshot == 2
        [moved] = [text for text in told(runner, run, "state") if text.startswith("queued: ")]
        assert "New data were published while the report ran: it began with snapshot 1 and ended with 2." in moved
        receipt = json.loads(runner.output(run, "receipt").read_text())
        assert receipt["snapshots_read"] == [2]
