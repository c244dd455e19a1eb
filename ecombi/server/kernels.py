"""The processes behind the pages: which Python they run, what they are told, and when they end."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Mapping
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_core.utils import ensure_async
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from traitlets import Bool, Dict, default

logger = logging.getLogger(__name__)

KERNEL = "python3"
_REFILL, _PATIENCE = 3.0, 10.0
_HAND_OVER = """import os
os.environ.clear()
os.environ.update({!r})
from ecombi.dashboards.rehearsal import ENOUGH
ENOUGH.set()
"""
_QUIET = ("--HistoryManager.enabled=False", "--log-level=ERROR")


class OwnPython(KernelSpecManager):
    """The one kernel there is: the Python that serves, whatever kernels the user has installed elsewhere."""

    def find_kernel_specs(self) -> dict[str, str]:
        """Return the one kernel, by name."""
        return {KERNEL: ""}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:  # noqa: ARG002 - there is only one
        """Return how to start it."""
        return KernelSpec(
            argv=[sys.executable, "-m", "ecombi.server.kernel", "-f", "{connection_file}", *_QUIET],
            display_name="Python",
            language="python",
        )

    def get_all_specs(self) -> dict[str, object]:
        """Return the one kernel as Jupyter lists them."""
        return {KERNEL: {"resource_dir": "", "spec": self.get_kernel_spec(KERNEL).to_dict()}}


class PageKernels(AsyncMappingKernelManager):
    """Starts and ends kernels. One whose page has gone is ended even if its browser never said goodbye."""

    environment = Dict(help="Variables every kernel is given.")
    keep_spare = Bool(True, help="Have one kernel started and loaded before its page is asked for.")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]  # untyped base
        self._spare: asyncio.Task[str] | None = None
        self._soon: asyncio.TimerHandle | None = None

    @default("allow_tracebacks")
    def _no_tracebacks(self) -> bool:
        return False

    async def start_kernel(self, *, env: Mapping[str, str], **options: Any) -> str:  # type: ignore[override]  # bases differ
        """Give a page its kernel: the spare one where there is one, else a new one; returns its id.

        Args:
            env: The server's environment and what the request says; ours is put on top.
            options: What else Jupyter starts a kernel with.
        """
        environment = {**env, **self.environment}
        # Without bytecode, every page would compile the package again.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        spare, self._spare = self._spare, None
        kernel = await self._hand_over(spare, environment) if spare is not None else None
        if kernel is None:
            kernel = await super().start_kernel(env=environment, **options)
        self.prepare(environment, after=_REFILL, **options)
        return kernel

    def prepare(self, environment: Mapping[str, str], *, after: float = 0, **options: Any) -> None:
        """Start a spare kernel in the background: it loads what every page needs before one waits for it."""

        async def start() -> str:
            known = {**environment, **self.environment}
            return await super(PageKernels, self).start_kernel(env=known, **options)

        def begin() -> None:
            self._spare = asyncio.create_task(start())

        if self._soon is not None:
            self._soon.cancel()
        if self.keep_spare:
            # The page that has just got its kernel needs the processor more.
            self._soon = asyncio.get_running_loop().call_later(after, begin)

    async def retire(self) -> None:
        """End every kernel at once, the spare one too."""
        if self._soon is not None:
            self._soon.cancel()
        if self._spare is not None:
            await asyncio.wait([self._spare])
        await self.shutdown_all(now=True)

    async def _hand_over(self, spare: asyncio.Task[str], environment: Mapping[str, str]) -> str | None:
        """Tell the spare kernel about its page; None where there is none to tell."""
        try:
            kernel = await asyncio.wait_for(spare, _PATIENCE)
            client = self.get_kernel(kernel).client()
            client.start_channels(stdin=False, hb=False)
            try:
                told = {str(name): str(value) for name, value in environment.items()}
                client.execute(_HAND_OVER.format(told), silent=True, store_history=False)
                answer = await ensure_async(client.get_shell_msg(timeout=_PATIENCE))
            finally:
                client.stop_channels()
        except Exception:
            logger.exception("the spare kernel could not be used")
            return None
        if answer["content"]["status"] != "ok":
            # It does not know its page: it must not be shown. The reaper ends it.
            logger.error("the spare kernel refused: %s", answer["content"].get("evalue"))
            return None
        return kernel

    def open_too_long(self, now: float, seen: dict[str, float], grace: float) -> list[str]:
        """Return the kernels that nobody has been connected to for `grace` seconds.

        Activity does not count: a kernel that follows a stream is never idle, however long its page is closed.

        Args:
            now: Monotonic seconds.
            seen: When somebody was last connected, by kernel; kept up to date here.
            grace: Seconds a page may take to connect, or to come back after a break of its network.
        """
        spare = (
            self._spare.result()
            if self._spare is not None and self._spare.done() and not self._spare.cancelled()
            else None
        )
        alive = set(self.list_kernel_ids()) - {spare}
        for kernel in alive:
            if self._kernel_connections.get(kernel, 0) > 0 or kernel not in seen:
                seen[kernel] = now
        for gone in seen.keys() - alive:
            del seen[gone]
        return [kernel for kernel, last in seen.items() if now - last > grace]

    async def reap(self, *, every: float, grace: float) -> None:
        """End abandoned kernels until cancelled."""
        seen: dict[str, float] = {}
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(every)
            for kernel in self.open_too_long(loop.time(), seen, grace):
                logger.info("ended an abandoned page kernel=%s", kernel)
                await self.shutdown_kernel(kernel, now=True)  # type: ignore[no-untyped-call]  # untyped base
