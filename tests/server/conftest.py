"""A dashboard server of its own process, on a shop that can be added up by hand."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.reports.hand_shop import open_shop

CODE = """
import sys
from pathlib import Path
from ecombi.server import serve
from ecombi.settings import load_settings

def ready(link):
    print(link, flush=True)

serve(load_settings(workspace=Path(sys.argv[1])), port=int(sys.argv[2]), ready=ready)
"""


class Server:
    """A running server: its process, the link it gave, and the folder of its temporary files."""

    def __init__(self, process: subprocess.Popen[str], link: str, folder: Path) -> None:
        self.process = process
        self.link = link.rstrip("/")
        self.folder = folder

    def sources(self) -> list[int]:
        """Return the process that the pages' kernels are forked from; another beside it where code has changed."""
        own = str(self.folder)
        return [pid for pid, command in _commands() if "ecombi.kernels.zygote" in command and own in command]

    def kernels(self) -> list[int]:
        """Return the processes behind its pages."""
        found = [Path(f"/proc/{source}/task/{source}/children").read_text().split() for source in self.sources()]
        return [int(pid) for listed in found for pid in listed]

    def has(self, kernel: str) -> bool:
        """Whether a kernel, by its id, is still there."""
        connection = http.client.HTTPConnection(self.link.removeprefix("http://"), timeout=60)
        connection.request("GET", f"/api/kernels/{kernel}")
        status = connection.getresponse().status
        connection.close()
        assert status in (200, 404)
        return status == 200


def _commands() -> Iterator[tuple[int, str]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            yield int(folder.name), (folder / "cmdline").read_text()
        except OSError:
            continue  # It has ended meanwhile.


@contextmanager
def serving(workspace: Path, *, port: int = 0, **variables: str) -> Iterator[Server]:
    """Serve a workspace, with these variables beside; yields when connections are accepted."""
    command = [sys.executable, "-c", CODE, str(workspace), str(port)]
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ECOMBI_")}
        environment |= {"TMPDIR": folder, **variables}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert process.stdout is not None
        try:
            yield Server(process, process.stdout.readline().strip(), Path(folder))
        finally:
            process.terminate()
            process.wait(20)
            process.stdout.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on the shop added up by hand."""
    with serving(open_shop(tmp_path_factory.mktemp("shop"))) as running:
        yield running
