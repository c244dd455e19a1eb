"""A tiny shop whose tables must always agree, one of them a derived one, and the processes that build and read it.

Run as a program: `shop.py build WORKSPACE [URL]` publishes one load after the other until it is killed,
`shop.py hold WORKSPACE [URL]` keeps a build open until its input ends,
`shop.py read WORKSPACE [URL]` queries until its input ends and prints what it saw as JSON.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import BigInteger, Column, Date, MetaData, Numeric, String, Table

from ecombi.backends.warehouse import Build, Snapshot, Warehouse, open_warehouse
from ecombi.errors import EmptyWarehouse
from ecombi.settings import Settings

ROOT = Path(__file__).parent.parent.parent
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

SALES_BY_DAY = Table(
    "sales_by_day",
    MetaData(),
    Column("day", Date, nullable=False, comment="Day of the event."),
    Column("country", String, comment="Country of the customer."),
    Column("qty", BigInteger, nullable=False, comment="Units."),
    Column("amount", Numeric(28, 4), nullable=False, comment="Their money."),
    Column("entries", BigInteger, nullable=False, comment="Ledger rows."),
    comment="One row per day and country.",
    info={"key": ("day", "country")},
)
DERIVED = (SALES_BY_DAY,)

AGREEMENT = """
SELECT
    (SELECT count(*) FROM ledger) AS ledger_rows,
    (SELECT sum(rows_new) FROM loads) AS load_rows,
    (SELECT sum(amount) FROM ledger) AS ledger_amount,
    (SELECT sum(amount) FROM sales_by_day) AS rollup_amount,
    (SELECT max(load_id) FROM products) AS product_load,
    (SELECT count(*) FROM loads) AS loads,
    (SELECT max(load_id) FROM loads) AS last_load
"""


def load(build: Build, *, rows: int = 200) -> int:
    """Add one load: ledger rows, its line in `loads`, a product in its newest version, the derived table anew."""
    connection = build.connection
    ((load_id,),) = connection.execute("SELECT coalesce(max(load_id), 0) + 1 FROM loads").fetchall()
    connection.execute(
        f"""
        INSERT INTO ledger
        SELECT
            'test', $load || '-' || i, i, 'sale', TIMESTAMP '2011-11-30 12:00:00', TIMESTAMP '2011-11-30 12:00:00',
            DATE '2011-11-30' + (i % 30)::INTEGER, DATE '2011-11-30', 12, 12,
            'o' || i, NULL, NULL, 'p', NULL, 'Iceland', i, i * 0.0001, NULL, 'GBP', 1, TIMESTAMP '2026-01-01', $load
        FROM range({rows}) AS r(i)
        """,
        {"load": load_id},
    )
    connection.execute(
        "INSERT INTO loads VALUES "
        "($load, 'run', 'test', 'file', 'f' || $load, $rows, $rows, 0, 0, 0, TIMESTAMP '2026-01-01', NULL)",
        {"load": load_id, "rows": rows},
    )
    connection.execute("DELETE FROM products WHERE sku = 'p'")
    connection.execute("INSERT INTO products VALUES ('p', 'Product ' || $load, NULL, $load)", {"load": load_id})
    connection.execute("DELETE FROM sales_by_day")
    connection.execute(
        "INSERT INTO sales_by_day "
        "SELECT event_on, country, sum(qty), sum(amount), count(*) FROM ledger GROUP BY event_on, country"
    )
    return int(load_id)


def publish(warehouse: Warehouse, *, rows: int = 200) -> Snapshot:
    """Publish one more load."""
    with warehouse.build(wait=30) as build:
        load_id = load(build, rows=rows)
        return build.publish(at=NOON + timedelta(minutes=load_id))


def state(warehouse: Warehouse) -> dict[str, object]:
    """Return the figures that must agree, from one statement."""
    (row,) = warehouse.arrow(AGREEMENT).to_pylist()
    return dict(row)


def agrees(seen: dict[str, object]) -> bool:
    """Say whether the figures fit one another."""
    return (
        seen["ledger_rows"] == seen["load_rows"]
        and seen["ledger_amount"] == seen["rollup_amount"]
        and seen["product_load"] == seen["loads"] == seen["last_load"]
    )


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """Every write beyond `size` bytes of a file fails, as it does on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def start(verb: str, settings: Settings, processes: int = 1) -> list[subprocess.Popen[str]]:
    """Start this file as processes, and wait until all are at work."""
    url = [settings.database_url.get_secret_value()] if settings.database_url else []
    command = [sys.executable, "-m", "tests.backends.shop", verb, str(settings.workspace), *url]
    pipe = subprocess.PIPE
    started = [subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) for _ in range(processes)]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    return started


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _build(warehouse: Warehouse) -> None:
    _say("ready")
    while True:
        _say(str(publish(warehouse).number))


def _hold(warehouse: Warehouse) -> None:
    with warehouse.build():
        _say("ready")
        sys.stdin.read()


def _read(warehouse: Warehouse) -> None:
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    seen: dict[str, object] = {"queries": 0, "torn": 0, "errors": []}
    loads = set()
    _say("ready")
    while not ended.is_set():
        try:
            figures = state(warehouse)
        except EmptyWarehouse:
            continue
        except Exception as error:  # noqa: BLE001 - whatever it is, the test wants to see it
            seen["errors"].append(repr(error))
            continue
        seen["queries"] += 1
        seen["torn"] += not agrees(figures)
        loads.add(figures["loads"])
        # Leaves the writer some of the machine.
        time.sleep(0.01)
    _say(json.dumps({**seen, "versions": len(loads)}))


def main(verb: str, workspace: str, url: str | None = None) -> None:
    settings = Settings(workspace=Path(workspace), database_url=url, keep_snapshots=1, snapshot_grace_seconds=0)
    warehouse = open_warehouse(settings, DERIVED)
    {"build": _build, "hold": _hold, "read": _read}[verb](warehouse)
    warehouse.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
