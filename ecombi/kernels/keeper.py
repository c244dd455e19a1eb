"""The process above the kernel of a job: it takes in what the kernel's processes leave, and ends it with the kernel."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

import psutil

_PDEATHSIG, _CHILD_SUBREAPER = 1, 36
_LOOKS: Final = 50
"""How often somebody new is looked for at most: whoever cannot be stopped could start others for ever."""

_PATIENCE: Final = 2.0
"""Seconds that what was killed may take to end; the system does not let us kill what belongs to somebody else."""


def take_in_orphans() -> bool:
    """Make this process the parent of every process below it whose own parent ends; whether the system can do that."""
    return sys.platform == "linux" and _control(_CHILD_SUBREAPER, 1)


def keep() -> int | None:
    """Fork, and return in the new process; this one stays above it, and ends as it does, after all that it left.

    Returns:
        The number of the process above; None where the system cannot keep orphans: then nothing is forked.
    """
    if not take_in_orphans():
        return None
    keeper, kept = os.getpid(), os.fork()
    if kept:
        _watch(kept)
    _control(_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != keeper:
        os._exit(1)
    return keeper


def end(look: Callable[[], Iterable[psutil.Process]]) -> None:
    """Kill all processes that `look` finds. They are stopped first, until it finds no other: so nobody starts another.

    Args:
        look: Returns everybody to be killed, as far as can be seen now.
    """
    stopped: set[psutil.Process] = set()
    for _ in range(_LOOKS):
        found = set(look()) - stopped
        if not found:
            break
        for process in found:
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                process.suspend()
        stopped |= found
    for process in stopped:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process.kill()


def _watch(kept: int) -> NoReturn:
    gc.disable()
    os.setsid()
    # All of them are the other one's.
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    Path("/proc/self/comm").write_text("ecombi-keeper")
    status = 1
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, 0))[0] != kept:
            # What it left has ended by itself.
            continue
        status = ended[1]
        _end_left()
    _end_as(status)


def _end_left() -> None:
    """End what is left, and wait for it; ChildProcessError says that nobody is."""
    os.waitpid(-1, os.WNOHANG)
    own, until = psutil.Process(), time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        end(lambda: own.children(recursive=True))
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
        time.sleep(0.005)


def _end_as(status: int) -> NoReturn:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(OSError):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


def _control(option: int, value: int) -> bool:
    try:
        return int(ctypes.CDLL(None).prctl(option, value, 0, 0, 0)) == 0
    except (OSError, AttributeError):
        return False
