"""A dashboard server of its own process, on a shop that can be added up by hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
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
    """A running server: its process, and the link it gave."""

    def __init__(self, process: subprocess.Popen[str], link: str) -> None:
        self.process = process
        self.link = link.rstrip("/")

    def kernels(self) -> dict[str, int]:
        """Return the processes behind its pages by kernel, the spare one too."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_text()
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue  # It has ended meanwhile.
            kernel = re.search(r"ecombi\.server\.kernel.*kernel-([0-9a-f-]{36})\.json", command.replace("\0", " "))
            if kernel and parent == str(self.process.pid):
                found[kernel[1]] = int(folder.name)
        return found


@contextmanager
def serving(workspace: Path, *, port: int = 0) -> Iterator[Server]:
    """Serve a workspace; yields when connections are accepted."""
    command = [sys.executable, "-c", CODE, str(workspace), str(port)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ECOMBI_")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    try:
        yield Server(process, process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on the shop added up by hand."""
    with serving(open_shop(tmp_path_factory.mktemp("shop"))) as running:
        yield running
