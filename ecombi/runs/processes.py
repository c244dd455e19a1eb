"""Which process runs a run, whether it is still there, and what it left behind."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from functools import cache
from typing import Final

import psutil

from ecombi.runs.record import Owner, Run, State

MARK: Final = "ECOMBI_RUN"
"""Variable of a kernel, and of all it starts, that names its run."""

LEASE: Final = timedelta(seconds=60)
"""Where a run has not been heard of for so long, its process on another machine is taken for gone."""

_FORKED: Final = "ecombi.kernels"

_SAME: Final = 2.0
"""Seconds by which the start of one process may seem to move when the clock is set."""


def this_process() -> Owner:
    """Return who runs what this process runs."""
    return _process(os.getpid())


def is_gone(run: Run, *, at: datetime) -> bool:
    """Whether nobody runs a run any more, or is to run it, as far as can be told from here."""
    if run.owner is None:
        return True
    me = this_process()
    if run.state is State.QUEUED:
        # Nothing is heard of a waiting run: those of other machines are left to them.
        return run.owner.host == me.host and not _is_there(run.owner)
    # This process itself may have given up a run whose end it could not write down.
    if run.owner.host != me.host or run.owner == me:
        return run.seen_at is None or at - run.seen_at > LEASE
    return not _is_there(run.owner)


def kill_leftovers(run: Run) -> int:
    """Kill the kernel of a run whose runner is gone, and all it started, on this machine.

    Returns:
        How many processes there were.
    """
    killed = 0
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and _belongs(process, run):
                process.kill()
                killed += 1
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            # Gone by itself in the meantime, or somebody else's.
            continue
    return killed


@cache
def _process(pid: int) -> Owner:
    # By number, because a process that was forked has another one.
    return Owner(host=socket.gethostname(), pid=pid, started=f"{psutil.Process(pid).create_time():.2f}")


def _is_there(owner: Owner) -> bool:
    try:
        process = psutil.Process(owner.pid)
        started = process.create_time()
        return process.status() != psutil.STATUS_ZOMBIE and abs(started - float(owner.started)) < _SAME
    except psutil.NoSuchProcess:
        return False


def _belongs(process: psutil.Process, run: Run) -> bool:
    if process.environ().get(MARK) == run.run_id:
        return True
    # The system shows a forked kernel with the variables and the command of the process it was forked from, so it is
    # known by its session and its time; so is what it forked in turn.
    if run.kernel_pid is None or run.started_at is None or os.getsid(process.pid) != run.kernel_pid:
        return False
    began = process.create_time() >= run.started_at.timestamp() - _SAME
    return began and any(_FORKED in word for word in process.cmdline())
