"""The pages: a dashboard, the way to the first one, and what to say where there is none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from jupyter_server.base.handlers import JupyterHandler
from voila.tornado.handler import TornadoVoilaHandler

from ecombi.backends.warehouse import Warehouse
from ecombi.errors import EcombiError
from ecombi.server.assets import Assets

logger = logging.getLogger(__name__)

TEMPLATE = Path(__file__).parent / "template"
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'self'"
)
"""The browser itself keeps the promise that no page asks another machine for anything."""


@cache
def _templates() -> Environment:
    return Environment(loader=FileSystemLoader(TEMPLATE), autoescape=True)


class WordsMixin:
    """A page of plain words, in the look of the dashboards; for errors too, and never with a trace."""

    dashboards: Sequence[str]
    assets: Assets

    @property
    def content_security_policy(self) -> str:
        """What the browser may load."""
        return POLICY

    def say(self: Any, title: str, words: str, *, status: int, command: str = "") -> None:
        """End the answer with a title, a sentence, and the command that would help."""
        page = {"name": "", "title": title, "dashboards": self.dashboards, "files": self.assets.url("page")}
        self.set_status(status)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(_templates().get_template("words.html.j2").render(page=page, words=words, command=command))

    def write_error(self: Any, status_code: int, **_: object) -> None:
        """Say what went wrong; what exactly is in the log."""
        if status_code == 404:
            self.say("No such page", "There is no dashboard at this address.", status=404)
        else:
            self.say(
                "This page cannot be shown", "Something went wrong; the server's log says what.", status=status_code
            )


class HomeHandler(WordsMixin, JupyterHandler):
    """The address without a name leads to the first dashboard."""

    def initialize(self, *, dashboards: Sequence[str], assets: Assets) -> None:
        """Take which dashboards there are."""
        self.dashboards, self.assets = dashboards, assets

    def get(self) -> None:
        """Send the browser on."""
        self.redirect(f"/{self.dashboards[0]}")


class MissingHandler(HomeHandler):
    """Any address that is not one of ours."""

    async def prepare(self, **_: object) -> None:
        """Say so, whatever was asked."""
        self.write_error(404)


class PageHandler(WordsMixin, TornadoVoilaHandler):  # type: ignore[misc]  # untyped base
    """One dashboard."""

    def initialize(
        self,
        *,
        dashboards: Sequence[str],
        assets: Assets,
        warehouse: Warehouse,
        front_end: Callable[[str], dict[str, Any]],
        **voila: object,
    ) -> None:
        """Take what to show, what the browser must know for it, and what Voila needs."""
        self.dashboards, self.assets, self.warehouse, self.front_end = dashboards, assets, warehouse, front_end
        super().initialize(**voila)

    async def get(self, path: str) -> None:
        """Show the dashboard, or say that nothing has been loaded yet: no kernel is started for that."""
        if path not in self.dashboards:
            self.write_error(404)
            return
        try:
            empty = await asyncio.to_thread(self.warehouse.snapshot) is None
        except EcombiError as error:
            logger.warning("the warehouse cannot be read: %s", error)
            self.say("The figures cannot be read", str(error), status=503)
            return
        if empty:
            self.say(
                "Nothing has been loaded yet",
                "This workspace holds no shop. Load your own export or a simulated shop, then reload this page.",
                status=200,
                command="ecombi load simulated --orders 20000 --years 2 --seed 7",
            )
            return
        # Voila's front end sends this cookie back when the page closes; without it, the page's kernel would stay.
        _ = self.xsrf_token
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        config = self.front_end(path)
        self.write(_templates().get_template("opening.html.j2").render(page=config["page"], config=config))
        await self.flush()
        await super().get(f"{path}.ipynb")
