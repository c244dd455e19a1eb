"""Importing ahead of all kernels, and making sure that nothing but imports has happened."""

from __future__ import annotations

import gc
import logging
import os
import pickle
import sys
import threading
import traceback
from collections.abc import Generator, Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from ecombi.errors import EcombiError
from ecombi.kernels.diet import without_grammars

logger = logging.getLogger(__name__)

_KERNEL: Final = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "ipykernel.debugger",
    "ipykernel.codeutil",
    "ipykernel.subshell_manager",
    "ipykernel.shellchannel",
    "ipykernel.control",
    "ipykernel.heartbeat",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.historyapp",
    "IPython.core.magics",
    "IPython.core.oinspect",
    "IPython.core.pylabtools",
    "IPython.extensions.storemagic",
    "jedi",
    "psutil",
    "sqlite3",
    "tornado.platform.asyncio",
    "ecombi.kernels.child",
    "ecombi.kernels.keeper",
)
"""What a kernel imports while it starts; most of its time is spent in these."""

_HARMLESS_THREADS: Final = ("jemalloc_bg_thd",)
"""Native threads that survive in the parent and mean nothing to a child: Arrow's memory is swept by one."""


def load(modules: Iterable[str]) -> str | None:
    """Import modules, and what every kernel needs.

    Returns:
        Why nothing may be forked from this process, in words; None where it may.
    """
    gc.disable()
    # As a kernel does before anybody can import matplotlib, which reads it once.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    open_before = _open_files()
    for name in (*_KERNEL, *modules):
        if name in _KERNEL and not _exists(name):
            continue
        try:
            with without_grammars():
                import_module(name)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is said to whoever asks
            traceback.print_exc()
            return f"{name} cannot be imported: {type(error).__name__}: {error}"
    from jupyter_client.localinterfaces import local_ips

    local_ips()
    why = _left_running() or _left_open(open_before)
    gc.collect()
    # What has been imported stays as it is, so its pages stay common to all kernels.
    gc.freeze()
    gc.enable()
    return why


def learn(module: str, left: bytes) -> Generator[None, None, str | None]:
    """Learn what a rehearsal has left, a step at a time: each yields.

    Args:
        module: See `trust.REHEARSALS`.
        left: What its `rehearse` returned; nothing where it failed.

    Returns:
        Why nothing may be forked after it, in words; None where it may.
    """
    # It was written by a process that was forked from this one.
    steps = import_module(module).learn(pickle.loads(left)) if left else iter(())  # noqa: S301
    while True:
        before = _open_files()
        try:
            next(steps)
        except StopIteration:
            break
        except EcombiError:
            # Whoever asks that later is told, and nothing else depends on it.
            logger.exception("a rehearsal could not be learned from")
            break
        if (why := _left_open(before)) is not None:
            return why
        yield
    gc.freeze()
    return _left_running()


def _exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _left_running() -> str | None:
    """Say which threads a child would miss."""
    _fork_once()
    if len(sys._current_frames()) > 1:
        names = ", ".join(thread.name for thread in threading.enumerate()[1:]) or "a nameless one"
        return f"a module has started a thread while it was imported: {names}"
    natives = [name for name in _native_threads() if name not in _HARMLESS_THREADS]
    if natives:
        return f"a module has started {len(natives)} native threads while it was imported, named {natives[0]}"
    return None


def _left_open(before: dict[int, str]) -> str | None:
    """Say which file or connection a child would share with its parent and with others."""
    opened = [target for file, target in _open_files().items() if before.get(file) != target]
    return f"a module has opened {opened[0]} while it was imported, and left it open" if opened else None


def _fork_once() -> None:
    """Fork and end: OpenBLAS ends its threads at a fork, and starts them when they are needed."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _native_threads() -> list[str]:
    """Return the names of all threads of this process but the first."""
    own = str(os.getpid())
    tasks = Path("/proc/self/task")
    return [(task / "comm").read_text().strip() for task in tasks.iterdir() if task.name != own]


def _open_files() -> dict[int, str]:
    found = {}
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers, not paths
        try:
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115 - what is open need not be a file
        except FileNotFoundError:
            continue  # The listing itself.
    return found
