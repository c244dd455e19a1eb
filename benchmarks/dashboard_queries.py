"""Time what dashboards ask, through the product, by hand and in pandas: `dashboard_queries.py [--orders N]`.

Ends with 1 where a limit is broken. The limits are those of ten million order lines: `--orders 3400000`.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
from dashboard import shop
from dashboard.clock import Laps, Timing, measure
from dashboard.draws import draw
from dashboard.frames import Frames
from dashboard.questions import QUESTIONS

import ecombi
from ecombi.metrics.answers import Answers
from ecombi.metrics.memory import Memory
from ecombi.workspace.workspace import Workspace

MOST_MS = 50.0
MOST_RATIO = 1.3
"""Of the same SQL by hand. What a person writes for the question is printed beside it, without a limit: it is shorter,
as it knows the answer's types, its days and that something is there."""
MOST_PLANNING_MS = 2.0
MOST_MIB = 1024.0
_PANDAS_ROUNDS = 5


def peak() -> float:
    """Return the most memory this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def opened_by_hand(ws: Workspace, folder: Path) -> duckdb.DuckDBPyConnection:
    """Open the snapshot that the workspace reads a second time, so under a second name."""
    [newest] = sorted((ws.path / "warehouse" / "snapshots").glob("*.duckdb"))[-1:]
    beside = folder / "by-hand.duckdb"
    beside.unlink(missing_ok=True)
    os.link(newest, beside)
    return duckdb.connect(str(beside), read_only=True)


def warmed(ws: Workspace) -> float:
    """Ask everything three times, and return the peak of memory: before anything else has used any."""
    rng = random.Random(5)
    for question in QUESTIONS * 3:
        question.ask(ws, draw(rng, question.days))
    return peak()


def planned(ws: Workspace, rounds: int) -> tuple[float, float]:
    """Return the median milliseconds of planning one question, and of answering it from memory."""
    kept = Answers(ws.warehouse, ws.shop)
    planning, remembered = Laps(), Laps()
    asked = ws.query(
        ["net_sales", "gross_margin_rate", "orders", "aov", "return_rate"],
        by="country",
        grain="month",
        compare="previous",
        start="2025-11-01",
        end="2026-11-01",
    ).passport.query
    kept.run(asked)
    for _ in range(rounds):
        planning.time(lambda: kept.plan(asked))
        remembered.time(lambda: kept.run(asked))
    return planning.p50, remembered.p50


def in_pandas(folder: Path) -> None:
    """Print the median of each question in pandas, in milliseconds: one a line, in their order."""
    rng = random.Random(7)
    with ecombi.open_workspace(folder) as ws, tempfile.TemporaryDirectory(dir=folder) as name:
        frames = Frames(opened_by_hand(ws, Path(name)))
        for question in QUESTIONS:
            laps = Laps()
            question.pandas(frames, draw(rng, question.days))
            for _ in range(_PANDAS_ROUNDS):
                asked = draw(rng, question.days)
                laps.time(lambda q=question, d=asked: q.pandas(frames, d))  # type: ignore[misc]
            print(f"{laps.p50:.3f}")


def table(timings: list[Timing], pandas: list[float]) -> list[str]:
    """Print what each question took, and return the limits that are broken."""
    broken = []
    print(
        f"{'milliseconds':<52} {'p50':>6} {'p95':>6} {'same SQL':>8} {'ratio':>6} {'by hand':>8} {'ratio':>6} "
        f"{'used':>6} {'ratio':>6} {'pandas':>8}  from"
    )
    for timing, frames in zip(timings, pandas, strict=True):
        name, ours, theirs = timing.question.name, timing.ours, timing.by_hand
        print(
            f"{name:<52} {ours.p50:>6.1f} {ours.p95:>6.1f} {timing.same_sql.p50:>8.1f} {timing.overhead:>5.2f}x "
            f"{theirs.p50:>8.1f} {timing.ratio:>5.2f}x {ours.used:>6.1f} {timing.ratio_used:>5.2f}x "
            f"{frames:>8.1f}  {', '.join(timing.tables)}"
        )
        if ours.p95 > MOST_MS:
            broken.append(f"{name}: p95 {ours.p95:.1f} ms, at most {MOST_MS:.0f}")
        if timing.overhead > MOST_RATIO:
            broken.append(f"{name}: {timing.overhead:.2f} times the same SQL by hand, at most {MOST_RATIO}")
    return broken


def run(folder: Path, orders: int, rounds: int) -> int:
    """Make the shop, measure, print, and return 1 where a limit is broken."""
    took = shop.ready(folder, orders)
    for step, figures in took.items():
        print(
            f"{step}: {figures['seconds']:.1f} s, {figures['rollups']:.1f} s of it rollups, "
            f"{figures['peak']:,.0f} MiB at most"
        )
    with ecombi.open_workspace(folder) as ws, tempfile.TemporaryDirectory(dir=folder) as name:
        ws.answers.memory = Memory(size=0)
        [counted] = ws.warehouse.arrow(
            "SELECT count(*) AS events, count(*) FILTER (kind = 'sale') AS lines FROM ledger"
        ).to_pylist()
        print(f"{counted['lines']:,} order lines, {counted['events']:,} ledger rows; {os.cpu_count()} processors")
        most = warmed(ws)
        connection = opened_by_hand(ws, Path(name))
        timings = measure(ws, connection, QUESTIONS, rounds)
        planning, remembered = planned(ws, rounds)
        connection.close()
    script = [sys.executable, __file__, "--pandas", str(folder)]
    pandas = [float(line) for line in subprocess.run(script, check=True, capture_output=True, text=True).stdout.split()]
    broken = table(timings, pandas)
    print(f"planning, its SQL known: {planning:.2f} ms; the whole answer, from memory: {remembered:.2f} ms")
    print(f"memory of the process that asks: {most:,.0f} MiB at most")
    if planning > MOST_PLANNING_MS:
        broken.append(f"planning: {planning:.2f} ms, at most {MOST_PLANNING_MS}")
    if most > MOST_MIB:
        broken.append(f"memory: {most:,.0f} MiB, at most {MOST_MIB:,.0f}")
    print("\n".join(["limits broken:", *broken]) if broken else "every limit is kept")
    return 1 if broken else 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=200_000, help="size of the shop; 3400000 has ten million lines")
    parser.add_argument("--folder", type=Path, help="workspace to make, or to measure again; absent: a new one")
    parser.add_argument("--rounds", type=int, default=40, help="askings per question and side")
    parser.add_argument("--step", nargs=3, metavar=("STEP", "FOLDER", "ORDERS"), help=argparse.SUPPRESS)
    parser.add_argument("--pandas", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        step, folder, orders = options.step
        shop.make(step, Path(folder), int(orders))
        return 0
    if options.pandas:
        in_pandas(options.pandas)
        return 0
    if options.folder:
        return run(options.folder, options.orders, options.rounds)
    with tempfile.TemporaryDirectory() as name:
        return run(Path(name), options.orders, options.rounds)


if __name__ == "__main__":
    sys.exit(main())
