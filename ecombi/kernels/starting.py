"""Finding the process that a kernel is to be forked from, starting it where there is none, and asking it."""

from __future__ import annotations

import hashlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ecombi.errors import KernelError
from ecombi.kernels import runtime, wire
from ecombi.kernels.environment import read_at_import
from ecombi.kernels.process import ForkedProcess
from ecombi.kernels.trust import KEPT, PRELOADS, REHEARSALS

IDLE, LINGER = 900.0, 10.0
_ATTEMPTS = 3


def unsupported() -> str | None:
    """Say why kernels cannot be forked on this system; None where they can."""
    if sys.platform == "linux" and hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal"):
        return None
    return f"forking kernels needs Linux and its process file descriptors; this is {sys.platform}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Says which process kernels are forked from: equal sources are one process.

    Attributes:
        trust: Class of its kernels; see `trust`.
        options: Of the interpreter.
        environment: Of the kernels; only what is read at import counts.
        preload: What it imports; None: what its class needs.
        folder: Where it is found; None: where all programs of this user find it.
        idle: Seconds without a kernel after which it ends.
        linger: The same where everybody who ever asked has ended.
    """

    trust: str
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    preload: tuple[str, ...] | None = None
    folder: Path | None = None
    idle: float = IDLE
    linger: float = LINGER

    def ask(self, wanted: bytes, *, patience: float) -> tuple[socket.socket, dict[str, Any], list[int]]:
        """Ask for something; what answers is started where it does not run.

        Args:
            wanted: What is asked for; see `wire`.
            patience: Seconds an answer may take.

        Returns:
            The connection, the answer, and the files that came with it.

        Raises:
            KernelError: There is no answer, or it is no; the words say why.
        """
        why = unsupported()
        if why is not None:
            raise KernelError(why)
        for _ in range(_ATTEMPTS):
            connection = self._connected()
            connection.settimeout(patience)
            try:
                connection.sendall(wanted)
                answer, files = wire.receive(connection, 1)
            except TimeoutError as error:
                connection.close()
                raise KernelError(f"what it would be forked from has not answered for {patience:g} seconds") from error
            except (OSError, EOFError):
                # It was about to end; another is started.
                connection.close()
                continue
            if not answer.keys() & {"refused", "changed"}:
                return connection, answer, files
            connection.close()
            if "refused" in answer:
                raise KernelError(answer["refused"])
            why = f"{answer['changed']} has changed"
        raise KernelError(why or f"what it would be forked from ends; {self._folder / runtime.LOG} may say why")

    @property
    def _folder(self) -> Path:
        return self.folder or runtime.runtime_folder()

    @property
    def _modules(self) -> tuple[str, ...]:
        return PRELOADS[self.trust] if self.preload is None else self.preload

    @property
    def _name(self) -> str:
        kept = read_at_import(self.environment)
        said = (sys.executable, sys.prefix, self.options, self._modules, kept, self.idle, self.linger)
        return f"{self.trust}-{hashlib.sha256(repr(said).encode()).hexdigest()[:16]}"

    def _connected(self) -> socket.socket:
        with runtime.locked(self._folder) as opened:
            connection = runtime.connected(opened, self._name)
            if connection is None:
                self._start(opened)
                connection = runtime.connected(opened, self._name)
        if connection is None:
            raise KernelError(f"what it would be forked from has ended; {self._folder / runtime.LOG} may say why")
        return connection

    def _start(self, opened: int) -> None:
        name, folder = self._name, self._folder
        said = {
            "name": name,
            "folder": str(folder),
            "preload": self._modules,
            "rehearsal": REHEARSALS.get(self.trust),
            "idle": self.idle,
            "linger": self.linger,
            "kept": self.trust in KEPT,
        }
        log = os.open(runtime.LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600, dir_fd=opened)
        with runtime.listening(opened, name) as listener:
            number = listener.fileno()
            command = [sys.executable, *self.options, "-m", "ecombi.kernels.zygote", str(number), json.dumps(said)]
            try:
                # It leaves this process behind at once; nothing of the environment but the harmless goes with it.
                subprocess.run(  # noqa: S603 - our own module, in this interpreter
                    command,
                    env=read_at_import(self.environment),
                    # Nothing but sockets is in there: no module of the current folder is imported by mistake.
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[number],
                    start_new_session=True,
                    check=True,
                )
            except (OSError, subprocess.CalledProcessError) as error:
                runtime.remove(opened, name)
                raise KernelError(f"it cannot be started: {error}; {folder / runtime.LOG} may say more") from error
            finally:
                os.close(log)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a kernel is given.

    Attributes:
        arguments: Of the kernel program.
        environment: All its variables.
        folder: Where it runs.
        limits: Name of a resource limit -> soft and hard.
        umask: Permissions it does not give.
        independent: It goes on where its manager ends.
        fixed_ports: Its clients know its ports already.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: str
    limits: Mapping[str, tuple[int, int]]
    umask: int
    independent: bool = False
    fixed_ports: bool = False


def fork(
    source: Source, request: Request, files: Sequence[int], *, patience: float
) -> tuple[ForkedProcess, dict[str, int]]:
    """Fork a kernel.

    Args:
        source: What it is forked from.
        request: What it is given.
        files: Its standard input, output and error.
        patience: Seconds each step may take.

    Returns:
        Its process, and its ports by name.

    Raises:
        KernelError: There is no such kernel; the words say why.
    """
    why = ""
    for _ in range(_ATTEMPTS):
        connection, began, received = source.ask(wire.KERNEL, patience=patience)
        process = ForkedProcess(began["pid"], received[0], connection, keeper=began["keeper"])
        try:
            # Where it has been ended, the reason can still be read.
            with suppress(BrokenPipeError, ConnectionResetError):
                wire.send(connection, asdict(request), files)
            ready, _ = wire.receive(connection)
        except (OSError, EOFError) as error:
            process.kill()
            process.close()
            raise KernelError(f"it has not become ready: {error}") from error
        if "ports" in ready:
            return process, ready["ports"]
        process.close()
        if "exit" in ready:
            raise KernelError(f"it has ended before it was ready, with exit code {ready['exit']}")
        why = f"{ready['changed']} has changed"
    raise KernelError(why)


def rehearse(source: Source, folder: Path, *, patience: float) -> None:
    """Have what kernels will do played through, so that less is left to do in each.

    Args:
        source: What they are forked from; its environment is that of the rehearsal.
        folder: Where it runs.
        patience: Seconds it may take.

    Raises:
        KernelError: It could not be; the words say why.
    """
    connection, began, received = source.ask(wire.REHEARSAL, patience=patience)
    process = ForkedProcess(began["pid"], received[0], connection)
    try:
        wire.send(connection, {"environment": dict(source.environment), "folder": str(folder)})
        code = process.wait(patience)
    except OSError:
        process.kill()
        code = process.wait()
    if code:
        raise KernelError(f"the rehearsal has ended with exit code {code}")


class Lease:
    """Keeps a process to fork from running, and knows when it has ended all the same.

    Args:
        source: Says which process; it is started where it does not run.
        patience: Seconds it may take to answer.

    Attributes:
        process: That process.

    Raises:
        KernelError: There is none; the words say why.
    """

    def __init__(self, source: Source, *, patience: float = 60) -> None:
        self._connection, answer, received = source.ask(wire.LEASE, patience=patience)
        self.process = ForkedProcess(answer["pid"], received[0], self._connection)

    def lost(self) -> bool:
        """Whether it has ended, or forks nothing more."""
        ended = select.poll()
        ended.register(self._connection, select.POLLIN)
        return bool(ended.poll(0))

    def end(self) -> None:
        """End the process; the kernels that were forked from it go on."""
        self.process.terminate()
        self.process.wait()
