"""`kill -9` of the nightly run at any moment: the next run succeeds, readers only ever see a complete snapshot."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from ecombi import open_workspace
from tests.command import ecombi, records

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kill")]

KILLS = 20
NO_BROWSER = {"PATH": str(Path(sys.executable).parent)}
"""Printing reports takes long, and is killed in tests of its own."""
SHOP = ("load", "simulated", "--orders", "600", "--years", "0.5", "--seed", "11", "--end", "2026-11-01")
FIRST_DAY = date(2026, 9, 1)

READER = """
import json, sys, time
from pathlib import Path
from ecombi import open_workspace

stop, out = Path(sys.argv[2]), {"queries": 0, "torn": 0, "snapshots": []}
with open_workspace(sys.argv[1]) as ws:
    while not stop.exists():
        [row] = ws.warehouse.arrow(
            "SELECT (SELECT sum(amount) FROM ledger WHERE kind IN ('sale', 'discount', 'return')) AS ledger,"
            " (SELECT count(*) FROM ledger) AS entries,"
            " (SELECT sum(net_sales) FROM sales_daily WHERE basis = 'booked') AS daily,"
            " (SELECT sum(entries) FROM days_loaded WHERE basis = 'ordered') AS counted,"
            " (SELECT sum(rows_new) FROM loads WHERE delivery = 'ledger') AS loaded"
        ).to_pylist()
        out["queries"] += 1
        out["torn"] += row["ledger"] != row["daily"] or not row["entries"] == row["counted"] == row["loaded"]
        number = ws.snapshot.number
        if number not in out["snapshots"]:
            out["snapshots"].append(number)
        time.sleep(0.02)
print(json.dumps(out))
"""


def nightly(workspace: Path, as_of: date) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "ecombi",
        "run",
        "nightly",
        "--as-of",
        str(as_of),
        "--quiet",
        "--workspace",
        str(workspace),
    ]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        command, start_new_session=True, stdout=quiet, stderr=quiet, env={**os.environ, **NO_BROWSER}
    )


def totals(workspace: Path) -> dict[str, object]:
    """Everything that must not depend on how often a run was killed."""
    with open_workspace(workspace) as ws:
        counts = {
            table: ws.warehouse.arrow(f"SELECT count(*) AS n FROM {table}").to_pylist()
            for table in (
                "orders",
                "customers",
                "products",
                "sessions",
                "payments",
                "inventory_daily",
                "shipments",
                "sales_daily",
            )
        }
        daily = ws.query(["net_sales", "orders", "gross_margin"], grain="day", by=["country"])
        return {"ledger": ws.ledger(by=("kind",)), "counts": counts, "daily": daily.astype(str).to_dict("list")}


def test_a_run_killed_at_any_moment_leaves_nothing_half_done(tmp_path):
    moments = random.Random(20260901)
    clean, killed = tmp_path / "clean", tmp_path / "killed"
    for workspace in (clean, killed):
        records(*SHOP, "--until", str(FIRST_DAY), workspace=workspace)
    last = FIRST_DAY + timedelta(days=KILLS)
    started = time.monotonic()
    assert nightly(clean, last).wait() == 0
    usual = time.monotonic() - started

    stop = tmp_path / "stop"
    reader = subprocess.Popen([sys.executable, "-c", READER, str(killed), str(stop)], stdout=subprocess.PIPE)
    interrupted = 0
    for day in range(1, KILLS + 1):
        as_of = FIRST_DAY + timedelta(days=day)
        run = nightly(killed, as_of)
        try:
            run.wait(timeout=moments.uniform(0.05, 0.95) * usual)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            interrupted += run.wait() == -signal.SIGKILL
        # The next run finishes the same day's work.
        after = ecombi("run", "nightly", "--as-of", str(as_of), "--quiet", workspace=killed, env=NO_BROWSER)
        assert after.returncode == 0, after.stderr
    stop.touch()
    seen = json.loads(reader.communicate(timeout=60)[0])

    assert interrupted >= KILLS // 2
    assert seen["torn"] == 0
    assert seen["queries"] > 100
    assert seen["snapshots"] == sorted(seen["snapshots"])
    assert len(seen["snapshots"]) > KILLS // 2
    assert totals(killed) == totals(clean)
    assert list(killed.rglob("*.partial")) == []
