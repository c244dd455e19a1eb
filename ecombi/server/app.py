"""Voila as we serve it: one page per dashboard, our own template, and no route that a dashboard does not need."""

from __future__ import annotations

import asyncio
import errno
import logging
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from jupyter_server.services.kernels.handlers import KernelHandler
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler
from traitlets.config import Config
from voila.app import Voila
from voila.configuration import VoilaConfiguration
from voila.paths import collect_static_paths
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler
from voila.utils import get_page_config

from ecombi.backends.warehouse import open_warehouse
from ecombi.errors import ConfigurationError
from ecombi.look import tokens
from ecombi.metrics.policy import NOBODY, OWNER, Identity
from ecombi.project import project_root
from ecombi.server.assets import AssetHandler, Assets
from ecombi.server.kernels import OwnPython, PageKernels
from ecombi.server.pages import TEMPLATE, HomeHandler, MissingHandler, PageHandler
from ecombi.settings import Settings
from ecombi.widgets import STATIC as WIDGET_FILES

logger = logging.getLogger(__name__)

EXTENSIONS = (
    "@voila-dashboards/widgets-manager8",
    "@jupyter-widgets/jupyterlab-manager",
    "anywidget",
    "bqplot",
    "bqscales",
)
REAP_EVERY, REAP_GRACE = 15.0, 60.0
_KERNEL = r"(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)"


class DashboardServer(Voila):  # type: ignore[misc]  # untyped base
    """Serves the dashboards of one project on one workspace.

    Args:
        settings: Which workspace, project and warehouse.
        port: 0 takes a free one.
        ip: Address to listen on.

    Raises:
        ConfigurationError: The project has no dashboard.
    """

    port: int
    ip: str

    def __init__(self, settings: Settings, *, port: int, ip: str) -> None:
        project = project_root(settings.project)
        folder = project / "dashboards"
        self.dashboards = tuple(sorted(path.stem for path in folder.glob("*.ipynb")))
        if not self.dashboards:
            raise ConfigurationError(f"There is no dashboard (*.ipynb) in {folder}.")
        config = Config(
            VoilaConfiguration={
                "template": "ecombi",
                "allow_template_override": "NO",
                "allow_theme_override": "NO",
                "extension_allowlist": list(EXTENSIONS),
                "multi_kernel_manager_class": PageKernels,
                "kernel_spec_manager_class": OwnPython,
            },
            # No notebook here is run on trust, so none is signed: nothing is written to the user's home.
            NotebookNotary={"db_file": ":memory:", "secret": secrets.token_bytes(32)},
        )
        # What Voila has to say of every page is for those who look for it.
        voila = logging.getLogger(f"{__name__}.voila")
        voila.setLevel(logging.ERROR)
        super().__init__(config=config, log=voila, root_dir=str(folder), port=port, ip=ip)
        self.voila_configuration = VoilaConfiguration(parent=self)
        self.template_paths = [str(TEMPLATE)]
        self.assets = Assets(
            {
                "voila": [Path(path) for path in collect_static_paths(["voila"], "base")],
                "lab": [Path(path) for path in self.labextensions_path],
                "page": [tokens().parent, WIDGET_FILES, TEMPLATE],
            }
        )
        self._front_end: dict[str, Any] = get_page_config(
            "/", {"mathjax_config": None, "mathjax_url": None}, logger, self.voila_configuration
        )
        seen_by = settings.identity or identity_of_visitors(ip).to_json()
        self._environment = settings.model_copy(update={"project": project, "identity": seen_by}).environment()
        self.warehouse = open_warehouse(settings)

    async def run(self, ready: Callable[[str], None]) -> None:
        """Serve until SIGINT or SIGTERM; then end every kernel at once.

        Raises:
            ConfigurationError: The port is taken or not allowed.
        """
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        self.connection_dir = tempfile.mkdtemp(prefix="ecombi-")
        try:
            server = self._listen()
            kernels = self.kernel_manager
            kept = [
                asyncio.create_task(
                    kernels.keep_ready(Path(self.connection_dir), Path(self.root_dir), self.warehouse.snapshot)
                ),
                asyncio.create_task(kernels.reap(every=REAP_EVERY, grace=REAP_GRACE)),
            ]
            ready(f"http://{self.ip}:{self.port}/")
            await stop.wait()
            for task in kept:
                task.cancel()
            await asyncio.wait(kept)
            server.stop()
            await kernels.retire()
            await server.close_all_connections()
        finally:
            shutil.rmtree(self.connection_dir, ignore_errors=True)
            self.warehouse.close()

    def _listen(self) -> HTTPServer:
        try:
            listening = socket.create_server(
                (self.ip, self.port), family=socket.AF_INET6 if ":" in self.ip else socket.AF_INET
            )
        except OSError as error:
            reason = (
                "is in use by another program"
                if error.errno == errno.EADDRINUSE
                else f"cannot be used: {error.strerror}"
            )
            raise ConfigurationError(
                f"Port {self.port} on {self.ip} {reason}. "
                "Choose another with --port or ECOMBI_DASHBOARD_PORT; 0 takes a free one."
            ) from error
        listening.setblocking(False)
        self.port = listening.getsockname()[1]
        application = Application(**self.init_settings())
        self.kernel_manager.environment = self._environment
        self.kernel_spec_manager.folder = self.connection_dir
        application.add_handlers(".*$", self.init_handlers())
        server = HTTPServer(application)
        server.add_socket(listening)
        return server

    def init_settings(self) -> dict[str, Any]:
        """Return Voila's settings, with compressed pages and no foreign host name where only this machine may come."""
        settings: dict[str, Any] = super().init_settings()
        local = ip_address(self.ip).is_loopback
        return settings | {
            "compress_response": True,
            "allow_remote_access": not local,
            "local_hostnames": ["localhost"],
            "log_function": _log_request,
            # Not longer than the interval between two pings, or every connection is warned about.
            "ws_ping_timeout": 30_000,
        }

    def init_handlers(self) -> list[Any]:
        """Return the routes, all of them: pages, their files, and the websocket and the end of their kernels."""
        ours = {"dashboards": self.dashboards, "assets": self.assets}
        page = ours | {
            "warehouse": self.warehouse,
            "front_end": self.front_end,
            "template_paths": self.template_paths,
            "config": self.config,
            "voila_configuration": self.voila_configuration,
        }
        return [
            (r"/", HomeHandler, ours),
            (rf"/api/kernels/{_KERNEL}", KernelHandler),
            (rf"/api/kernels/{_KERNEL}/channels", VoilaKernelWebsocketHandler),
            (r"/voila/api/shutdown/(.*)", VoilaShutdownKernelHandler),
            (r"/assets/([0-9a-f]+)/(\w+)/(.+)", AssetHandler, {"assets": self.assets}),
            (r"/([\w-]+)", PageHandler, page),
            (r".*", MissingHandler, ours),
        ]

    def front_end(self, name: str) -> dict[str, Any]:
        """Return what Voila's front end reads from the page, and what our template does."""
        known = self._front_end | {
            "fullStaticUrl": self.assets.url("voila"),
            "fullLabextensionsUrl": self.assets.url("lab"),
        }
        return known | {
            "page": {"name": name, "dashboards": self.dashboards, "files": self.assets.url("page"), "preload": ()}
        }


def identity_of_visitors(ip: str) -> Identity:
    """Return whose eyes pages see with where the settings name nobody: the owner's where only this machine comes."""
    return OWNER if ip_address(ip).is_loopback else NOBODY


def _log_request(handler: RequestHandler) -> None:
    logger.debug("%s %s %d", handler.request.method, handler.request.path, handler.get_status())
