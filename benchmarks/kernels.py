"""Forked kernels beside plain ones: how soon they are ready, how much memory each holds: `kernels.py [--kernels N]`.

Ends with 1 where a limit is broken. Both kinds are started in turns, by the same program, on the same shop.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

import ecombi
from ecombi.kernels.spec import provisioner
from ecombi.kernels.starting import Lease, Source
from ecombi.sources.simulated import ShopConfig

MOST_READY, MOST_MEMORY = 0.5, 0.6
IMPORTS = ("papermill", "nbformat", "voila.app", "ecombi.reports", "ecombi.workspace", "ecombi.metrics.compiler")
QUESTION = """
import ecombi
import pandas, pyarrow, duckdb, ibis
from ecombi.reports import blocks, graphs, tables
ws = ecombi.open_workspace()
ws.query(["net_sales", "orders", "aov"], by="country", grain="month")
"""


@dataclass(slots=True)
class Side:
    """What was measured of one kind of kernels, in seconds and MiB."""

    ready: list[float] = field(default_factory=list)
    answer: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


def manager(*, plain: bool, folder: Path) -> KernelManager:
    """Return a manager of a kernel of one kind."""
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]
    options = provisioner("jobs", plain=plain, folder=str(folder))
    spec = KernelSpec(argv=argv, display_name="measured", language="python", metadata=options)

    class Manager(KernelManager):
        kernel_spec = property(lambda _self: spec)

    return Manager()


def pss(pid: int) -> float:
    """Return what a process holds, with its part of what it shares, in MiB."""
    return psutil.Process(pid).memory_full_info().pss / 2**20


def start(side: Side, *, plain: bool, folder: Path) -> KernelManager:
    """Start a kernel and ask it for figures."""
    made = manager(plain=plain, folder=folder)
    began = time.perf_counter()
    made.start_kernel(env=dict(os.environ))
    client = made.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    side.ready.append(time.perf_counter() - began)
    began = time.perf_counter()
    answer = client.execute_interactive(QUESTION, timeout=120, output_hook=lambda _message: None)
    side.answer.append(time.perf_counter() - began)
    client.stop_channels()
    if answer["content"]["status"] != "ok":
        raise SystemExit(f"the kernel has failed: {answer['content']['evalue']}")
    return made


def measure(count: int, folder: Path) -> tuple[Side, Side, float]:
    """Start kernels of both kinds in turns, all of them alive at the end, and look what they hold."""
    plain, forked = Side(), Side()
    lease = Lease(Source(trust="jobs", environment=dict(os.environ), folder=folder))
    running: list[tuple[Side, KernelManager]] = []
    try:
        for _ in range(count):
            running.append((plain, start(plain, plain=True, folder=folder)))
            running.append((forked, start(forked, plain=False, folder=folder)))
        for side, made in running:
            held = (made.provisioner.pid, made.provisioner.keeper)
            side.memory.append(sum(pss(pid) for pid in held if pid is not None))
        source = pss(lease.process.pid)
    finally:
        for _, made in running:
            made.shutdown_kernel(now=True)
        lease.end()
    return plain, forked, source


def imported(name: str, *, guarded: bool) -> float:
    """Return the processor seconds an import takes in a process of its own."""
    guard = "from ecombi.kernels.diet import without_grammars\nwith without_grammars(): " if guarded else ""
    code = f"import time; began = time.process_time()\n{guard}import {name}\nprint(time.process_time() - began)"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    return float(said)


def run(count: int, folder: Path) -> int:
    """Make a shop, measure, print, and return 1 where a limit is broken."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["ECOMBI_WORKSPACE"] = str(folder / "shop")
    with ecombi.open_workspace(folder / "shop") as ws:
        ws.loading.simulated(ShopConfig(orders=2000, years=1), at=datetime.now(UTC))
    plain, forked, source = measure(count, folder / "kernels")
    print(f"{'median of ' + str(count):<36} {'plain':>8} {'forked':>8} {'ratio':>6}")
    ratios = {}
    for name, what, unit in (
        ("ready", "kernel ready", "s"),
        ("answer", "imports and a question", "s"),
        ("memory", "memory held (PSS)", "MiB"),
    ):
        ours, theirs = median(getattr(forked, name)), median(getattr(plain, name))
        ratios[name] = ours / theirs
        print(f"{what + ', ' + unit:<36} {theirs:>8.2f} {ours:>8.2f} {ratios[name]:>5.2f}x")
    print(f"what all of them are forked from holds {source:.0f} MiB\n")
    print(f"{'import, s of processor':<36} {'as it is':>8} {'without grammars':>17}")
    for name in IMPORTS:
        print(f"{name:<36} {imported(name, guarded=False):>8.2f} {imported(name, guarded=True):>17.2f}")
    limits = {"ready": MOST_READY, "memory": MOST_MEMORY}
    broken = [f"{name}: {ratios[name]:.2f}, at most {most}" for name, most in limits.items() if ratios[name] > most]
    print("\n".join(["limits broken:", *broken]) if broken else "every limit is kept")
    return 1 if broken else 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernels", type=int, default=8, help="kernels of each kind")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        return run(options.kernels, Path(name))


if __name__ == "__main__":
    sys.exit(main())
