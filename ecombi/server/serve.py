"""Run the dashboards until a signal ends them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ecombi.kernels.diet import without_grammars
from ecombi.settings import Settings


def serve(settings: Settings, *, port: int, ip: str = "127.0.0.1", ready: Callable[[str], None]) -> None:
    """Serve the project's dashboards on the workspace that `settings` name, until SIGINT or SIGTERM.

    Every open page has a process of its own; all of them end with the page, and with this function.

    Args:
        settings: Which workspace, project and warehouse.
        port: 0 takes a free one.
        ip: Address to listen on. There is no login: any other than a loopback address shows the figures to a network.
        ready: Called once, with the link to open, when connections are accepted.

    Raises:
        ConfigurationError: The port is taken or not allowed, or the project has no dashboard.
    """
    # Voila takes most of a second to import: only who serves pays.
    with without_grammars():
        from ecombi.server.app import DashboardServer

    asyncio.run(DashboardServer(settings, port=port, ip=ip).run(ready))
