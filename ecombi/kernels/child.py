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
from typing import Any

from ipykernel.kernelapp import IPKernelApp

from ecombi.kernels import wire

PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")


class ForkedKernelApp(IPKernelApp):
    """A kernel that says when it can be talked to, and on which ports."""

    connection: socket.socket
    fixed_ports = True

    def load_connection_file(self, connection_file: str | None = None) -> None:
        """Read the connection file; the ports in it are only a proposal, unless clients know them already."""
        super().load_connection_file(connection_file)
        if not self.fixed_ports and self.transport == "tcp":
            # Another process may have taken a proposed port by now. Those we bind ourselves nobody can.
            for name in PORTS:
                setattr(self, name, 0)

    def start(self) -> None:
        """Say that we are ready, and begin."""
        _late_introductions()
        if self.heartbeat is not None and self.hb_port != self.heartbeat.port:
            self.hb_port = self.heartbeat.port
            self.write_connection_file()
        wire.send(self.connection, {"ports": {name: getattr(self, name) for name in PORTS}})
        self.connection.close()
        super().start()  # type: ignore[no-untyped-call]  # untyped base


def become_kernel(connection: socket.socket, manager: int) -> None:
    """Read what is asked for and be that kernel, until it ends.

    Args:
        connection: To whoever asked: told at once who we are, and asked then what is wanted.
        manager: Process file descriptor of the same; when it ends, so does the kernel.
    """
    os.setsid()
    wire.send_own(connection)
    request, files = wire.receive(connection, 3)
    _take_files(files)
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
    app = ForkedKernelApp.instance(parent_handle=1)
    app.connection, app.fixed_ports = connection, request["fixed_ports"]
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
    signal.signal(signal.SIGINT, signal.default_int_handler)
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


def _late_introductions() -> None:
    """Do what some modules do while they are imported, if there is a kernel by then."""
    loaded: Mapping[str, Any] = sys.modules
    if "ipywidgets" in loaded:
        loaded["ipywidgets"].register_comm_target()
    if "matplotlib" in loaded:
        from matplotlib_inline.backend_inline import _enable_matplotlib_integration

        _enable_matplotlib_integration()  # type: ignore[no-untyped-call]  # untyped library
