"""The processes behind the pages: which Python they run, what they are told, and when they end."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from traitlets import Dict, Unicode, default

from ecombi.errors import EcombiError, KernelError
from ecombi.kernels.spec import provisioner
from ecombi.kernels.starting import Lease, Source, rehearse

logger = logging.getLogger(__name__)

KERNEL = "python3"
_TRUST, _LOOK_EVERY, _PATIENCE = "dashboards", 1.0, 120.0
_OPTIONS = ("--HistoryManager.enabled=False", "--log-level=ERROR", "--ext=ecombi.server.kernel")


class OwnPython(KernelSpecManager):
    """The one kernel there is: the Python that serves, whatever kernels the user has installed elsewhere."""

    folder = Unicode(help="Where the process is found that kernels are forked from.")

    def find_kernel_specs(self) -> dict[str, str]:
        """Return the one kernel, by name."""
        return {KERNEL: ""}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:  # noqa: ARG002 - there is only one
        """Return how to start it."""
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", *_OPTIONS],
            display_name="Python",
            language="python",
            metadata=provisioner(_TRUST, folder=self.folder, linger=0.0),
        )

    def get_all_specs(self) -> dict[str, object]:
        """Return the one kernel as Jupyter lists them."""
        return {KERNEL: {"resource_dir": "", "spec": self.get_kernel_spec(KERNEL).to_dict()}}


class PageKernels(AsyncMappingKernelManager):
    """Starts and ends kernels. One whose page has gone is ended even if its browser never said goodbye."""

    environment = Dict(help="Variables every kernel is given.")

    @default("allow_tracebacks")
    def _no_tracebacks(self) -> bool:
        return False

    async def start_kernel(self, *, env: Mapping[str, str], **options: Any) -> str:  # type: ignore[override]  # bases differ
        """Give a page its kernel; returns its id.

        Args:
            env: The server's environment and what the request says; ours is put on top.
            options: What else Jupyter starts a kernel with.
        """
        return await super().start_kernel(env={**env, **self.environment}, **options)

    async def keep_ready(self, folder: Path, root: Path, snapshot: Callable[[], object]) -> None:
        """Keep the process running that kernels are forked from, until cancelled; it is nobody else's.

        Args:
            folder: Where kernels look for it.
            root: Where they run.
            snapshot: Says what is to be seen; for each, the dashboards are played through.
        """
        source = Source(trust=_TRUST, environment={**os.environ, **self.environment}, folder=folder, linger=0.0)
        while True:
            try:
                lease = await asyncio.to_thread(Lease, source)
            except KernelError as why:
                logger.warning("Pages open more slowly than they could: no kernel can be forked: %s.", why)
                return
            played: object = None
            try:
                while not lease.lost():
                    played = await asyncio.to_thread(_play, source, root, snapshot, played)
                    await asyncio.sleep(_LOOK_EVERY)
            finally:
                lease.end()
            logger.info("what kernels are forked from has ended or is out of date; another is started")

    async def retire(self) -> None:
        """End every kernel at once."""
        await self.shutdown_all(now=True)

    def open_too_long(self, now: float, seen: dict[str, float], grace: float) -> list[str]:
        """Return the kernels that nobody has been connected to for `grace` seconds.

        Activity does not count: a kernel that follows a stream is never idle, however long its page is closed.

        Args:
            now: Monotonic seconds.
            seen: When somebody was last connected, by kernel; kept up to date here.
            grace: Seconds a page may take to connect, or to come back after a break of its network.
        """
        alive = set(self.list_kernel_ids())
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


def _play(source: Source, root: Path, snapshot: Callable[[], object], played: object) -> object:
    """Play the dashboards through where there is something new to be seen; returns what it was last done for."""
    try:
        now = snapshot()
        if now is not None and now != played:
            rehearse(source, root, patience=_PATIENCE)
    except EcombiError as error:
        # The reader is told in words; here it costs nothing but time.
        logger.info("the dashboards could not be played through: %s", error)
        return played
    return now
