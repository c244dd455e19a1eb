"""The shop that is asked: simulated, loaded through the product, and loaded again a day later."""

from __future__ import annotations

import json
import logging
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ecombi
from dashboard.draws import LAST
from ecombi.metrics.rollups import ROLLUPS
from ecombi.sources.simulated import ShopConfig, simulate

STEPS = ("simulate", "load", "one more day")
_NOTES = "benchmark.json"
_LAST_DAY = LAST - timedelta(days=1)


def ready(folder: Path, orders: int) -> dict[str, dict[str, float]]:
    """Make the shop, or find it made; each step in a process of its own, so that the peaks of memory do not mix.

    Returns:
        Step -> what it took: seconds, peak (MiB), rollups (seconds of them for the rollups).
    """
    notes = folder / _NOTES
    took = json.loads(notes.read_text()) if notes.exists() else {}
    folder.mkdir(parents=True, exist_ok=True)
    for step in STEPS:
        if step not in took:
            script = str(Path(__file__).parent.parent / "dashboard_queries.py")
            subprocess.run([sys.executable, script, "--step", step, str(folder), str(orders)], check=True)
            took = json.loads(notes.read_text())
    return dict(took)


def make(step: str, folder: Path, orders: int) -> None:
    """Do one step, and note what it took."""
    timings = _Timings()
    logging.getLogger("ecombi").addHandler(timings)
    logging.getLogger("ecombi").setLevel(logging.INFO)
    config = ShopConfig(orders=orders, end=LAST)
    began = time.perf_counter()
    if step == "simulate":
        simulate(config, folder / "raw" / "simulated")
    else:
        with ecombi.open_workspace(folder) as ws:
            if step == "load":
                at = datetime(_LAST_DAY.year, _LAST_DAY.month, _LAST_DAY.day, 6, tzinfo=UTC)
                ws.loading.simulated(config, until=_LAST_DAY, at=at)
            else:
                ws.loading.again(at=datetime(LAST.year, LAST.month, LAST.day, 6, tzinfo=UTC))
    notes = folder / _NOTES
    took = json.loads(notes.read_text()) if notes.exists() else {}
    took[step] = {
        "seconds": time.perf_counter() - began,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rollups": sum(seconds for name, seconds in timings.seconds.items() if name in ROLLUPS),
        **{f"built {name}": seconds for name, seconds in timings.seconds.items()},
    }
    notes.write_text(json.dumps(took, indent=1))


class _Timings(logging.Handler):
    """Collects the seconds that the product logs for each table it builds."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith("built ") and isinstance(record.args, tuple):
            name, seconds = record.args
            self.seconds[str(name)] = float(str(seconds))
