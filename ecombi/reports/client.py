"""A client of a kernel that is ready as soon as the kernel is."""

from __future__ import annotations

import time
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient

_AGAIN = 1.0
_SUBSCRIBED = 0.2


class PromptClient(AsyncKernelClient):
    """Does not wait for the end of messages that nobody reads, which takes the stock client 0.2 s per kernel."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return when the kernel answers and its outputs arrive here.

        Raises:
            RuntimeError: The kernel is gone, or did not answer in time.
        """
        end = time.monotonic() + (float("inf") if timeout is None else timeout)
        while not await self._answers():
            if not await self.is_alive():
                raise RuntimeError("it was gone before it answered.")
            if time.monotonic() > end:
                raise RuntimeError(f"it did not answer in {timeout:g} seconds.")

    async def _answers(self) -> bool:
        """Ask once. What else this question leaves on the channels belongs to no cell and is skipped there."""
        self.kernel_info()
        try:
            reply: dict[str, Any] = await self.get_shell_msg(timeout=_AGAIN)
            if reply["msg_type"] != "kernel_info_reply":
                return False
            # An answer whose output channel is not connected yet would lose the outputs of the first cell.
            await self.get_iopub_msg(timeout=_SUBSCRIBED)
        except Empty:
            return False
        return True
