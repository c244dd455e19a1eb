"""From a new process to a kernel: everything that a process started by itself would have of its own."""

from __future__ import annotations

import atexit
import gc
import os
import pickle
import random
import resource
import select
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Final

import zmq
from ipykernel import ipkernel
from ipykernel.heartbeat import Heartbeat
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from traitlets.config.loader import Config, DeferredConfigList, DeferredConfigString

from ecombi.kernels import wire

PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")


_OPTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "-f": ("IPKernelApp", "connection_file"),
    "--log-level": ("IPKernelApp", "log_level"),
    "--ext": ("InteractiveShellApp", "extra_extensions"),
    "--HistoryManager.enabled": ("HistoryManager", "enabled"),
    "--InteractiveShellApp.ignore_cwd": ("InteractiveShellApp", "ignore_cwd"),
}
"""The options our kernels are started with: class and trait, as in a configuration file."""


class ForkedHeartbeat(Heartbeat):
    """A heartbeat that says when its port is bound: the one it proposes may be taken by then."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)  # type: ignore[no-untyped-call]  # untyped base
        self.bound = threading.Event()

    def _bind_socket(self) -> None:
        try:
            super()._bind_socket()  # type: ignore[no-untyped-call]  # untyped base
        finally:
            self.bound.set()


class ForkedKernel(IPythonKernel):
    """A kernel that is told the files of the modules it begins with, for its debugger to pass over.

    To look at each of thousands of modules would copy the memory that each lies in while somebody waits.
    """

    files: ClassVar[list[str]] = []

    def __init__(self, **options: Any) -> None:
        ipkernel.hasattr = _no_module_has  # type: ignore[attr-defined]  # shadows the builtin, in that module alone
        try:
            super().__init__(**options)  # type: ignore[no-untyped-call]  # untyped base
        finally:
            del ipkernel.hasattr  # type: ignore[attr-defined]
        self._kernel_modules = self.files
        if getattr(self, "debugger", None) is not None:
            self.debugger.kernel_modules = self.files


class ForkedKernelApp(IPKernelApp):
    """A kernel that says on which ports it can be talked to as soon as it has them.

    What it is sent before it has started waits there, so the other side gets on while the rest is made.
    """

    connection: socket.socket
    gate: int
    fixed_ports = True

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """Read the arguments; a parser of every option there is takes longer than anything else in here."""
        config = None if argv is None else known_options(argv)
        if argv is None or config is None:
            super().parse_command_line(argv)
            return
        self.argv, self.extra_args = list(argv), []
        self.cli_config = config
        self.update_config(config)

    def load_connection_file(self, connection_file: str | None = None) -> None:
        """Read the connection file; the ports in it are only a proposal, unless clients know them already."""
        super().load_connection_file(connection_file)
        if not self.fixed_ports and self.transport == "tcp":
            # Another process may have taken a proposed port by now. Those we bind ourselves nobody can.
            for name in PORTS:
                setattr(self, name, 0)

    def init_heartbeat(self) -> None:
        """Start the heart, and wait for its port."""
        self.heartbeat = ForkedHeartbeat(
            zmq.Context(),
            (self.transport, self.ip, self.hb_port),
            curve_publickey=self.curve_publickey,
            curve_secretkey=self.curve_secretkey,
        )
        self.heartbeat.start()
        self.heartbeat.bound.wait()
        self.hb_port = self.heartbeat.port

    def write_connection_file(self, **options: Any) -> None:
        """Write our ports down, and say them: all of them are bound now."""
        super().write_connection_file(**options)
        if not os.read(self.gate, 1):
            os._exit(1)
        os.close(self.gate)
        wire.send(self.connection, {"ports": {name: getattr(self, name) for name in PORTS}})
        self.connection.close()

    def start(self) -> None:
        """Begin to answer."""
        _late_introductions()
        super().start()  # type: ignore[no-untyped-call]  # untyped base


def known_options(argv: Sequence[str]) -> Config | None:
    """Read the arguments of a kernel of ours.

    Returns:
        What traitlets' own parser makes of them; None where one is not ours, so that parser has to.
    """
    config = Config()
    given = iter(argv)
    for argument in given:
        name, separator, value = argument.partition("=")
        if argument == "-f":
            name, separator, value = argument, "=", next(given, "")
        owner, trait = _OPTIONS.get(name, ("", ""))
        if not (separator and value and owner) or trait in config[owner]:
            return None
        config[owner][trait] = DeferredConfigList([value]) if name == "--ext" else DeferredConfigString(value)
    return config


def become_kernel(
    connection: socket.socket, manager: int, gate: int, files: list[str], *, keeper: int | None = None
) -> None:
    """Read what is asked for and be that kernel, until it ends.

    Args:
        connection: To whoever asked: told at once who we are, and asked then what is wanted.
        manager: Process file descriptor of the same; when it ends, so does the kernel.
        gate: A byte comes from it where nothing that is imported has changed; only then may the kernel be used.
        files: Those of all imported modules.
        keeper: The process above that takes in what this one's processes leave; None: there is none.
    """
    os.setsid()
    wire.send_own(connection, keeper=keeper)
    request, standard = wire.receive(connection, 3)
    _take_files(standard)
    _restore_signals()
    _take_environment(request["environment"], request["folder"])
    _take_limits(request["limits"])
    os.umask(request["umask"])
    _reseed()
    Path("/proc/self/comm").write_text("ecombi-kernel")
    if not request["independent"]:
        threading.Thread(target=_end_with, args=(manager,), daemon=True, name="manager").start()
    # What was frozen for the sake of all kernels would be taken for lost when this one ends.
    atexit.register(gc.unfreeze)
    sys.argv = [sys.argv[0], *request["arguments"]]
    # Any parent but process 1 would be polled for, and it would be the wrong one.
    ForkedKernel.files = files
    app = ForkedKernelApp.instance(parent_handle=1, kernel_class=ForkedKernel)
    app.connection, app.gate, app.fixed_ports = connection, gate, request["fixed_ports"]
    app.initialize(request["arguments"])  # type: ignore[no-untyped-call]  # untyped base
    app.start()


def rehearse(connection: socket.socket, module: str, notes: int) -> None:
    """Play through what kernels will do, and leave what is to be learned.

    Args:
        connection: To whoever asked, and says under which variables, and where.
        module: See `trust.REHEARSALS`.
        notes: An open file for it.
    """
    wire.send_own(connection)
    request, _ = wire.receive(connection)
    # Whoever waits for a page needs the processor more.
    os.nice(10)
    _take_environment(request["environment"], request["folder"])
    with os.fdopen(notes, "wb") as file:
        pickle.dump(import_module(module).rehearse(), file)


def _take_files(files: Sequence[int]) -> None:
    for place, file in enumerate(files):
        os.dup2(file, place)
        os.close(file)
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.reconfigure(line_buffering=True)


def _restore_signals() -> None:
    # An interrupt means what is run; until then there is nothing to interrupt.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)


def _take_environment(environment: Mapping[str, str], folder: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    tempfile.tempdir = None
    os.chdir(folder)


def _take_limits(limits: Mapping[str, Sequence[int]]) -> None:
    for name, (soft, hard) in limits.items():
        number = getattr(resource, name)
        most = resource.getrlimit(number)[1]
        if most != resource.RLIM_INFINITY and os.geteuid() != 0:
            hard = most if hard == resource.RLIM_INFINITY else min(hard, most)
            soft = hard if soft == resource.RLIM_INFINITY else min(soft, hard)
        resource.setrlimit(number, (soft, hard))


def _reseed() -> None:
    """Every kernel would draw the same numbers otherwise."""
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


def _end_with(manager: int) -> None:
    ended = select.poll()
    ended.register(manager, select.POLLIN)
    ended.poll()
    os._exit(1)


def _no_module_has(_module: object, _name: str) -> bool:
    return False


def _late_introductions() -> None:
    """Do what some modules do while they are imported, if there is a kernel by then."""
    loaded: Mapping[str, Any] = sys.modules
    if "ipywidgets" in loaded:
        loaded["ipywidgets"].register_comm_target()
    if "matplotlib" in loaded:
        from matplotlib_inline.backend_inline import _enable_matplotlib_integration

        _enable_matplotlib_integration()  # type: ignore[no-untyped-call]  # untyped library
