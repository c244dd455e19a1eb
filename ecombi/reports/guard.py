"""Watches a kernel and all it starts: how long, how much memory, whether somebody cancelled it; and ends them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias
from uuid import uuid4

import psutil

from ecombi.kernels.keeper import end

Limit: TypeAlias = Literal["deadline", "memory", "cancelled"]

MARK: Final = "ECOMBI_KERNEL"
"""Variable that tells what one kernel has started from what others have."""

_GIGABYTE: Final = 1024**3


@dataclass(slots=True)
class Guard:
    """What a kernel may use up. `check` is to be called a few times a second until the kernel is done.

    Attributes:
        deadline: Seconds from now for everything.
        memory: Bytes that the kernel and all it starts may take together; None: no limit.
        cancelled: Says whether somebody wants the end.
        passed: The limit for which the kernel was killed.
        words: What was passed, for a message.
        mark: To be in the variable `MARK` of the kernel, and so of all it starts.
    """

    deadline: float
    memory: int | None = None
    cancelled: Callable[[], bool] = lambda: False
    passed: Limit | None = None
    words: str = ""
    mark: str = field(default_factory=lambda: uuid4().hex)
    _began: float = field(default_factory=time.monotonic)
    _above: psutil.Process | None = None
    # Where nobody takes in what is left, it has another parent then: whoever was seen once is remembered.
    _seen: set[psutil.Process] = field(default_factory=set)

    @property
    def left(self) -> float:
        """Seconds until the deadline, at least a moment."""
        return max(self._began + self.deadline - time.monotonic(), 0.001)

    def kernel_started(self, pid: int, keeper: int | None = None) -> None:
        """Watch this process from now on.

        Args:
            pid: The kernel.
            keeper: The process above it that takes in what its processes leave; it ends by itself.
        """
        with suppress(psutil.NoSuchProcess):
            kernel = psutil.Process(pid)
            self._seen.add(kernel)
            self._above = kernel if keeper is None else psutil.Process(keeper)

    def check(self) -> None:
        """Kill the kernel and all it started where a limit is passed, at every call from then on."""
        if self.passed is None:
            self.passed, self.words = self._verdict()
        if self.passed is not None:
            self.kill()

    def kill(self) -> None:
        """Kill the kernel and all it started."""
        end(self._all)

    def _verdict(self) -> tuple[Limit | None, str]:
        if self.cancelled():
            return "cancelled", "it was cancelled"
        if time.monotonic() - self._began >= self.deadline:
            return "deadline", f"the report was not done after {self.deadline:g} seconds, so it was stopped"
        used = self._look()
        if self.memory is not None and used > self.memory:
            return "memory", f"used {_gigabytes(used)}, may use {_gigabytes(self.memory)}, so it was stopped"
        return None, ""

    def _all(self) -> set[psutil.Process]:
        self._look()
        return {*self._seen, *self._marked()}

    def _marked(self) -> Iterator[psutil.Process]:
        """Find what was started and left by a kernel between two looks."""
        for process in psutil.process_iter():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if process.environ().get(MARK) == self.mark:
                    yield process

    def _look(self) -> int:
        """Find out what the kernel has started, and how many bytes they all take."""
        if self._above is None:
            return 0
        self._seen = {process for process in self._seen if process.is_running()}
        with suppress(psutil.NoSuchProcess):
            self._seen.update(self._above.children(recursive=True))
        return sum(_resident(process) for process in self._seen)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0


def _gigabytes(size: int) -> str:
    return f"{size / _GIGABYTE:.1f}".removesuffix(".0") + " GB"
