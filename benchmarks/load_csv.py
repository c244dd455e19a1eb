"""CSV of 541,909 rows to a published snapshot, beside a bare DuckDB import and pandas to_sql of the same file.

ecombi parses, checks every row, gives each an identity, writes the ledger, products, marts and rollups, runs the
quality checks and publishes a snapshot; the other two only parse and store.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd

import ecombi

ROOT = Path(__file__).resolve().parent.parent
FILE = (
    Path(os.environ.get("ECOMBI_REAL_DATA") or ROOT.parent / "shared" / "data")
    / "online-retail"
    / "online_retail_all.csv.gz"
)


def published(folder: Path) -> None:
    with ecombi.open_workspace(folder / "shop") as ws:
        ws.loading.files("online-retail", [FILE], at=datetime.now(UTC))


def bare_duckdb(folder: Path) -> None:
    with duckdb.connect(folder / "bare.duckdb") as connection:
        connection.execute(f"CREATE TABLE lines AS SELECT * FROM read_csv('{FILE}')")


def pandas_to_sql(folder: Path) -> None:
    frame = pd.read_csv(FILE)
    connection = sqlite3.connect(folder / "pandas.sqlite")
    frame.to_sql("lines", connection, index=False)
    connection.commit()
    connection.close()


def best_of(times: int, run: Callable[[Path], None]) -> float:
    """Return the fastest of several runs, each in an empty folder, in seconds."""
    found = []
    for _ in range(times):
        folder = Path(tempfile.mkdtemp())
        started = time.perf_counter()
        run(folder)
        found.append(time.perf_counter() - started)
        shutil.rmtree(folder)
    return min(found)


def main() -> int:
    if not FILE.exists():
        print(f"{FILE} is missing. Set ECOMBI_REAL_DATA to the folder of the real data sets.")
        return 1
    ours = best_of(3, published)
    for name, run in (
        ("bare DuckDB read_csv + CTAS", bare_duckdb),
        ("pandas read_csv + to_sql (SQLite)", pandas_to_sql),
    ):
        theirs = best_of(3, run)
        print(f"{name:<36} {theirs:6.2f} s   ecombi takes {ours / theirs:5.2f}x of it")
    print(f"{'ecombi, to published snapshot':<36} {ours:6.2f} s   {541_909 / ours:,.0f} rows/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
