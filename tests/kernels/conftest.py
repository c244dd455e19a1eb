"""Real kernels, forked from processes that only the tests know of."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from ecombi.kernels.spec import provisioner

SECONDS = 60
# One thread: where another has the only piece of work, DuckDB does not look whether it was interrupted.
ENDLESS = """
import duckdb
duckdb.execute("SET threads = 1")
duckdb.execute("SELECT max(md5(range::varchar)) FROM range(100000000000)")
"""


class Kernel:
    """A running kernel, and somebody who talks to it."""

    def __init__(self, manager: KernelManager) -> None:
        self.manager = manager
        self.client = manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=SECONDS)

    @property
    def pid(self) -> int:
        return self.manager.provisioner.pid

    @property
    def parent(self) -> int:
        """The process it was forked from, or that started it."""
        return parent(self.pid)

    def run(self, code: str, seconds: float = SECONDS) -> str:
        """Run code, and return what it printed.

        Raises:
            AssertionError: It raised; with its words.
        """
        said: list[str] = []

        def hear(message: dict) -> None:
            if message["msg_type"] == "stream":
                said.append(message["content"]["text"])

        answer = self.client.execute_interactive(code, output_hook=hear, timeout=seconds)
        assert answer["content"]["status"] == "ok", (
            f"{answer['content'].get('ename')}: {answer['content'].get('evalue')}"
        )
        return "".join(said).strip()

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def manager(
    *options: str, flags: tuple[str, ...] = (), base: type[KernelManager] = KernelManager, **config: object
) -> KernelManager:
    """Return a manager of a kernel that asks for our provisioner, so configured."""
    argv = [
        sys.executable,
        *flags,
        "-m",
        "ipykernel_launcher",
        "-f",
        "{connection_file}",
        "--log-level=ERROR",
        *options,
    ]
    spec = KernelSpec(argv=argv, display_name="test", language="python", metadata=provisioner(**config))

    class Manager(base):
        kernel_spec = property(lambda _self: spec)

    return Manager()


Start = Callable[..., Kernel]


@contextmanager
def starting(folder: Path) -> Iterator[Start]:
    """Yield what starts kernels; all of them end afterwards."""
    with ExitStack() as stack:

        def start(
            *options: str,
            flags: tuple[str, ...] = (),
            env: Mapping[str, str] | None = None,
            cwd: Path | None = None,
            base: type[KernelManager] = KernelManager,
            **config: object,
        ) -> Kernel:
            given = {"trust": "notebooks", "folder": str(folder), "preload": [], "linger": 0.0, **config}
            made = manager(*options, flags=flags, base=base, **given)
            made.start_kernel(env={**os.environ, **(env or {})}, **({"cwd": str(cwd)} if cwd else {}))
            kernel = Kernel(made)
            stack.callback(kernel.end)
            return kernel

        yield start


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start kernels that find nothing but what this test has started."""
    with starting(tmp_path / "kernels") as begin:
        yield begin


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start kernels forked from one process for all tests of a file."""
    with starting(tmp_path_factory.mktemp("shared") / "kernels") as begin:
        yield begin


def lives(pid: int) -> bool:
    """Whether a process runs; one that nobody has asked for its exit code does not."""
    return state(pid) not in ("", "Z", "X")


def state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def cpu(pid: int) -> float:
    """Seconds of processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def threads(pid: int) -> list[str]:
    """The names of the threads of a process."""
    return [(task / "comm").read_text().strip() for task in Path(f"/proc/{pid}/task").iterdir()]


def open_files(pid: int) -> list[str]:
    """What a process has open."""
    return [str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()]


def command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def is_zygote(pid: int) -> bool:
    """Whether a process is one that kernels are forked from."""
    return "ecombi.kernels.zygote" in command(pid)


def until(what: Callable[[], object], seconds: float = 30) -> bool:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.02)
    return False
