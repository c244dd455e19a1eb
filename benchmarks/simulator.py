"""Time the shop simulator, beside reading and writing its ledger again: `benchmarks/simulator.py [ORDERS...]`."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq

from ecombi.sources.simulated import ShopConfig, simulate


def measure(orders: int) -> None:
    """Simulate a shop, then read and write its ledger again with bare pyarrow: the yardstick of this machine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "shop"
        begin = time.perf_counter()
        manifest = simulate(ShopConfig(orders=orders), folder)
        seconds = time.perf_counter() - begin
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        begin = time.perf_counter()
        for path in manifest.files["ledger"]:
            pq.write_table(pq.read_table(folder / path), Path(name) / "again.parquet", compression="zstd")
        yardstick = time.perf_counter() - begin
        size = {
            table: sum((folder / path).stat().st_size for path in paths) / 2**20
            for table, paths in manifest.files.items()
        }
        ledger = manifest.rows["ledger"]
        print(
            f"{orders:,} orders: {seconds:.1f} s, {memory:,.0f} MiB peak, {sum(manifest.rows.values()):,} rows, "
            f"{sum(size.values()):,.0f} MiB; ledger {ledger:,} rows, {size['ledger']:,.0f} MiB; "
            f"{seconds / yardstick:.1f} times reading and writing the ledger with pyarrow"
        )


if __name__ == "__main__":
    # Each size in a process of its own, so that the peaks of memory do not mix.
    match sys.argv[1:]:
        case ["--one", number]:
            measure(int(number))
        case numbers:
            for number in numbers or ["20000", "300000"]:
                subprocess.run([sys.executable, __file__, "--one", number], check=True)
