"""Starts kernels for JupyterLab, papermill and Voila alike: forked where that can be, plain where it cannot."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

from jupyter_client.connect import KernelConnectionInfo, LocalPortCache
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Bool, Float, Int, List, Unicode

from ecombi.errors import KernelError
from ecombi.kernels.starting import IDLE, LINGER, Request, Source, fork
from ecombi.kernels.trust import KEPT, PRELOADS

logger = logging.getLogger(__name__)

NAME = "ecombi-fork"
"""What a kernel specification calls it."""
_PROGRAM = "ipykernel_launcher"
_PLAIN = Path(__file__).with_name("plain.py")
_KNOWN = frozenset({"env", "cwd", "stdin", "stdout", "stderr", "independent", "kernel_id", "extra_arguments"})
_PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")


class ForkProvisioner(LocalProvisioner):
    """Starts and ends one kernel. Where it cannot be forked, a plain one is started, and a warning says why."""

    trust = Unicode("notebooks", help="Class of the kernel; classes never share a process.")
    preload = List(Unicode(), default_value=None, allow_none=True, help="Modules to find imported; None: the class's.")
    folder = Unicode("", help="Where the process to fork from is found; empty: where this user's programs share it.")
    idle = Float(IDLE, help="Seconds without a kernel after which the process to fork from ends.")
    linger = Float(LINGER, help="The same where everybody who ever asked it has ended.")
    memory = Int(None, allow_none=True, help="Bytes of data the kernel may hold; more is a MemoryError.")
    plain = Bool(False, help="Start a plain kernel, on purpose.")
    patience = Float(60.0, help="Seconds a step of forking may take.")

    # Both kinds of processes have what is used of them.
    process: Any = None
    _told: Mapping[str, int] | None = None

    @property
    def keeper(self) -> int | None:
        """Number of the process above the kernel that takes in what its processes leave; None: there is none."""
        return getattr(self.process, "keeper", None)

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        """Start the kernel.

        Args:
            cmd: The command of a plain one.
            options: What a plain one would be started with.
        """
        # Without bytecode, every kernel would compile again what it imports.
        options["env"].pop("PYTHONDONTWRITEBYTECODE", None)
        if self.memory is not None:
            # Arrow's allocator would take a gigabyte for itself at once, which counts though nothing is in it.
            options["env"].setdefault("MIMALLOC_ARENA_EAGER_COMMIT", "0")
        if not self.plain:
            try:
                return await asyncio.to_thread(self._fork, cmd, options)
            except KernelError as why:
                logger.warning("A kernel is started by itself, not forked: %s.", why)
        command = _keeping(cmd) if self.trust in KEPT else cmd
        found: KernelConnectionInfo = await super().launch_kernel(command, **options)
        if self.memory is not None and self.pid is not None:
            resource.prlimit(self.pid, resource.RLIMIT_DATA, (self.memory, self.memory))
        return found

    def _fork(self, command: list[str], options: Mapping[str, Any]) -> KernelConnectionInfo:
        flags, arguments = _parsed(command, options)
        environment = {name: str(value) for name, value in options["env"].items() if name != "JPY_PARENT_PID"}
        source = Source(
            trust=self._trust(),
            options=flags,
            environment=environment,
            preload=None if self.preload is None else tuple(self.preload),
            folder=Path(self.folder) if self.folder else None,
            idle=self.idle,
            linger=self.linger,
        )
        # The clients of a kernel that is started again know its ports.
        info: Mapping[str, Any] = self.connection_info
        proposed = {name: info[name] for name in _PORTS}
        request = Request(
            arguments=arguments,
            environment=environment,
            folder=str(options.get("cwd") or Path.cwd()),
            limits=self._limits(),
            umask=_umask(),
            independent=bool(options.get("independent")),
            fixed_ports=proposed == self._told,
        )
        with _files(options) as files:
            self.process, ports = fork(source, request, files, patience=self.patience)
        self.pid = self.pgid = self.process.pid
        self.cwd = options.get("cwd", Path.cwd())
        self._know(ports)
        return self.connection_info

    def _know(self, ports: Mapping[str, int]) -> None:
        """Take over the ports that the kernel has bound; those proposed are free again."""
        self._told = ports
        info: dict[str, Any] = {**self.connection_info, **ports}
        for name, port in ports.items():
            LocalPortCache.instance().return_port(getattr(self.parent, name))
            setattr(self.parent, name, port)
        self.connection_info = cast("KernelConnectionInfo", info)

    def _trust(self) -> str:
        if self.trust not in PRELOADS:
            raise KernelError(f"there is no class of kernels {self.trust!r}, only {', '.join(PRELOADS)}")
        return str(self.trust)

    def _limits(self) -> dict[str, tuple[int, int]]:
        names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
        limits = {name: resource.getrlimit(getattr(resource, name)) for name in names}
        return limits if self.memory is None else limits | {"RLIMIT_DATA": (self.memory, self.memory)}


def _keeping(command: list[str]) -> list[str]:
    """Return the command of a plain kernel that takes in what its processes leave, where it is one of this Python."""
    try:
        place = _program(command)
    except KernelError:
        return command
    return [*command[: place - 1], str(_PLAIN), *command[place + 1 :]]


def _parsed(command: list[str], options: Mapping[str, Any]) -> tuple[tuple[str, ...], list[str]]:
    """Return the interpreter's options and the kernel's arguments.

    Raises:
        KernelError: It is not a command, or not in a way, that a forked kernel could stand in for.
    """
    program = _program(command)
    unknown = options.keys() - _KNOWN
    if unknown:
        raise KernelError(f"it is to be started with {', '.join(sorted(unknown))}")
    return tuple(command[1 : program - 1]), command[program + 1 :]


def _program(command: list[str]) -> int:
    """Return where the kernel program is in a command of this Python."""
    program = command.index(_PROGRAM) if _PROGRAM in command else 0
    if program < 2 or command[program - 1] != "-m":
        raise KernelError(f"its command is not python -m {_PROGRAM}: {' '.join(command)}")
    python, own = Path(command[0]), Path(sys.executable)
    if python.parent != own.parent or python.resolve() != own.resolve():
        raise KernelError(f"it is of another Python, {python}; this one is {own}")
    return program


@contextmanager
def _files(options: Mapping[str, Any]) -> Iterator[list[int]]:
    """Yield the standard files of the kernel; as with a plain one, there is no input but what Jupyter sends."""
    with ExitStack() as opened:
        nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        opened.callback(os.close, nothing)
        files = [nothing]
        for place, name in ((1, "stdout"), (2, "stderr")):
            files.append(_descriptor(options.get(name), place))
        yield files


def _descriptor(file: int | TextIO | None, place: int) -> int:
    if file is None:
        return place
    number = file if isinstance(file, int) else file.fileno()
    if number < 0:
        raise KernelError("a pipe to its output is asked for")
    return number


def _umask() -> int:
    """Read the umask; asking for it in the usual way would change it for all threads."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("Umask:")[2].split()[0], 8)
