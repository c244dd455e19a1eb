"""JupyterLab's server, papermill and nbclient use the kernel `ecombi` like any other."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from tornado.websocket import websocket_connect

from ecombi.kernels import install
from tests.kernels.conftest import ENDLESS, SECONDS, cpu, is_zygote, lives, parent, until

PID = "import os; print(os.getpid())"


@dataclass
class Jupyter:
    """A running Jupyter server."""

    link: str
    process: subprocess.Popen[bytes]

    def ask(self, method: str, path: str, **body: object) -> Any:
        """Ask its REST interface."""
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{self.link}api/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            said = answer.read()
        return json.loads(said) if said else None

    def answers(self) -> bool:
        """Whether it listens."""
        try:
            return bool(self.ask("GET", "status"))
        except urllib.error.URLError:
            return False

    def run(self, kernel: str, code: str, *, interrupted: int | None = None) -> tuple[str, str]:
        """Run code by websocket, as the browser does; returns the status and what was printed.

        Args:
            kernel: Its id.
            code: What to run.
            interrupted: Its process, to interrupt it once it is at work.
        """
        return asyncio.run(self._run(kernel, code, interrupted))

    async def _run(self, kernel: str, code: str, interrupted: int | None) -> tuple[str, str]:
        connection = await websocket_connect(f"{self.link.replace('http', 'ws')}api/kernels/{kernel}/channels")
        header = {"msg_id": os.urandom(8).hex(), "msg_type": "execute_request", "session": "s", "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": False, "stop_on_error": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        await connection.write_message(json.dumps(message))
        if interrupted is not None:
            used = cpu(interrupted)
            assert await asyncio.to_thread(until, lambda: cpu(interrupted) > used + 1, SECONDS)
            await asyncio.to_thread(self.ask, "POST", f"kernels/{kernel}/interrupt")
        said, status, idle = "", "", False
        while not (status and idle):
            raw = await asyncio.wait_for(connection.read_message(), SECONDS)
            heard = json.loads(str(raw))
            if heard["parent_header"].get("msg_id") != header["msg_id"]:
                continue
            if heard["msg_type"] == "stream":
                said += heard["content"]["text"]
            elif heard["msg_type"] == "execute_reply":
                status = heard["content"]["status"]
            elif heard["msg_type"] == "status":
                idle = heard["content"]["execution_state"] == "idle"
        connection.close()
        # None comes once it is closed.
        while await asyncio.wait_for(connection.read_message(), SECONDS) is not None:
            pass
        return status, said.strip()


@pytest.fixture
def jupyter(tmp_path: Path) -> Iterator[Jupyter]:
    """A Jupyter server that finds the kernel specification; it and all it started end afterwards."""
    install(tmp_path)
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "XDG_RUNTIME_DIR")
    for name in names:
        (tmp_path / name).mkdir(mode=0o700)
    own = {name: str(tmp_path / name) for name in names} | {"JUPYTER_PATH": str(tmp_path / "share/jupyter")}
    options = [
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=0",
        "--IdentityProvider.token=",
        "--ServerApp.disable_check_xsrf=True",
        f"--ServerApp.root_dir={tmp_path}",
        "--allow-root",
        "--no-browser",
    ]
    command = [sys.executable, "-m", "jupyter", "server", *options]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **own}, stderr=log)
    found = re.compile(r"is running at:\s.*?(http://127\.0\.0\.1:\d+/)", re.DOTALL)
    assert until(lambda: found.search((tmp_path / "log").read_text()), SECONDS), (tmp_path / "log").read_text()
    running = Jupyter(found.findall((tmp_path / "log").read_text())[0], process)
    # It says so just before it listens.
    assert until(running.answers, SECONDS)
    yield running
    process.send_signal(signal.SIGTERM)
    process.wait(SECONDS)


def kernels_of(source: int) -> list[int]:
    """The kernels that were forked from a process, and live."""
    found = Path(f"/proc/{source}/task/{source}/children").read_text().split()
    return [int(pid) for pid in found if lives(int(pid))]


def test_jupyterlab_starts_interrupts_starts_again_and_ends_a_kernel(jupyter: Jupyter) -> None:
    kernel = jupyter.ask("POST", "kernels", name="ecombi")["id"]
    first = int(jupyter.run(kernel, PID)[1])
    source = parent(first)
    assert is_zygote(source)
    assert jupyter.run(kernel, ENDLESS, interrupted=first)[0] == "error"
    assert int(jupyter.run(kernel, PID)[1]) == first

    jupyter.ask("POST", f"kernels/{kernel}/restart")
    second = int(jupyter.run(kernel, PID)[1])
    assert (second != first, lives(first), parent(second)) == (True, False, source)

    # It dies; the server itself starts another in its place.
    os.kill(second, signal.SIGSEGV)
    assert until(lambda: kernels_of(source) not in ([], [second]), SECONDS)
    [third] = kernels_of(source)
    assert int(jupyter.run(kernel, PID)[1]) == third

    jupyter.ask("DELETE", f"kernels/{kernel}")
    assert not lives(third)
    assert jupyter.ask("GET", "kernels") == []


def test_a_jupyter_server_that_is_killed_leaves_no_kernel(jupyter: Jupyter) -> None:
    kernel = jupyter.ask("POST", "kernels", name="ecombi")["id"]
    pid = int(jupyter.run(kernel, PID)[1])
    jupyter.process.kill()
    assert until(lambda: not lives(pid))


@pytest.mark.parametrize("program", ["nbclient", "papermill"])
def test_notebooks_run_in_it(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path)
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share/jupyter"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    metadata = {"kernelspec": {"name": "ecombi", "display_name": "ecombi", "language": "python"}}
    cell = new_code_cell("import os; print(os.getppid())\nimport sys; print('ibis' in sys.modules)")
    notebook = new_notebook(cells=[cell], metadata=metadata)
    if program == "nbclient":
        from nbclient import NotebookClient

        NotebookClient(notebook, kernel_name="ecombi").execute()
    else:
        from papermill import execute_notebook

        nbformat.write(notebook, tmp_path / "in.ipynb")
        notebook = execute_notebook(tmp_path / "in.ipynb", tmp_path / "out.ipynb", progress_bar=False)
    source, imported = "".join(output["text"] for output in notebook.cells[-1].outputs).split()
    assert imported == "True"
    assert is_zygote(int(source))
    os.kill(int(source), signal.SIGTERM)
