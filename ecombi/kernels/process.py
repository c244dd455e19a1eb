"""A forked kernel as Jupyter sees it: with the parts of a Popen that it uses, though it is another process's child."""

from __future__ import annotations

import os
import select
import signal
import socket
import time

from ecombi.kernels import wire

LOST = 255
"""Exit code of a kernel that nobody was left to tell."""
_PATIENCE = 5.0


class ForkedProcess:
    """A process we hold by its file descriptor, so that its number is never taken for another's.

    Attributes:
        pid: Its number.
        returncode: Its exit code, below 0 for the signal that ended it; None while it runs.
        keeper: Number of the process above it that takes in what its processes leave; None where there is none.
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int, descriptor: int, parent: socket.socket, *, keeper: int | None = None) -> None:
        self.pid = pid
        self.keeper = keeper
        self.returncode: int | None = None
        self._descriptor = descriptor
        self._parent = parent

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs."""
        if self.returncode is None and self._descriptor >= 0 and self._ended_within(0):
            self.returncode = self._exit_code()
            self.close()
        return self.returncode

    def close(self) -> None:
        """Let go of it, whether or not it runs; once more does no harm."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._parent.close()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, at most so many seconds.

        Raises:
            TimeoutError: It is still running then.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            left = 3600.0 if deadline is None else deadline - time.monotonic()
            if not self._ended_within(left) and deadline is not None:
                raise TimeoutError(f"Kernel {self.pid} is still running after {timeout} seconds.")
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal; nothing where it has ended."""
        if self.poll() is None:
            try:
                signal.pidfd_send_signal(self._descriptor, signal.Signals(number))
            except ProcessLookupError:
                return

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def _ended_within(self, seconds: float) -> bool:
        ended = select.poll()
        ended.register(self._descriptor, select.POLLIN)
        return bool(ended.poll(max(seconds, 0) * 1000))

    def _exit_code(self) -> int:
        self._parent.settimeout(_PATIENCE)
        try:
            while True:
                message, _ = wire.receive(self._parent)
                if "exit" in message:
                    return int(message["exit"])
        except (EOFError, OSError):
            return LOST
