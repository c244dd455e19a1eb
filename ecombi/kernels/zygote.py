"""The process that kernels are forked from: it imports, waits and forks; it reads no request, so it learns no secret.

Run as `python -m ecombi.kernels.zygote LISTENING_SOCKET OPTIONS`, by `ecombi.kernels.starting`.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import selectors
import signal
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ecombi.kernels import preloading, runtime, wire
from ecombi.kernels.loaded import Loaded

logger = logging.getLogger(__name__)

_CREDENTIALS: Final = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Forked:
    """What a new process begins with.

    Attributes:
        connection: To whoever asked for it; what it asks for has not been read yet.
        manager: Process file descriptor of whoever asked.
        gate: Where a kernel waits for the word that it may be used: a byte; its end, where it may not. None in a
            rehearsal.
        notes: Where a rehearsal leaves what is to be learned; None in a kernel.
    """

    connection: socket.socket
    manager: int
    gate: int | None
    notes: int | None


@dataclass(frozen=True, slots=True)
class _Running:
    """A process that was forked: its number, who asked for it, and where a rehearsal leaves its notes."""

    pid: int
    connection: socket.socket
    notes: int | None


@dataclass(slots=True)
class Zygote:
    """Forks a process for everybody of this user who asks, and ends when nobody needs it.

    Attributes:
        listener: Where it is asked.
        withdraw: Takes that address away, so that whoever asks next starts another; not where somebody has just asked.
        loaded: What it has imported; once a file of it changes, it forks nothing more.
        learn: Learns what a rehearsal has left, a step at a time; returns why nothing can be forked after it, if so.
        refusal: Why it forks nothing at all, in words; None where it does.
        idle: Seconds without a kernel after which it ends.
        linger: The same where everybody who ever asked has ended.
    """

    listener: socket.socket
    withdraw: Callable[[], bool]
    loaded: Loaded
    learn: Callable[[bytes], Generator[None, None, str | None]]
    refusal: str | None
    idle: float
    linger: float
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _kernels: dict[int, _Running] = field(default_factory=dict)
    _lessons: deque[Generator[None, None, str | None]] = field(default_factory=deque)
    _users: dict[int, int] = field(default_factory=dict)
    _leases: set[socket.socket] = field(default_factory=set)
    _asked: set[socket.socket] = field(default_factory=set)
    _last: float = field(default_factory=time.monotonic)

    def run(self) -> Forked | None:
        """Fork whenever asked.

        Returns:
            In each new process: what it begins with. In this one: None, when it ends.
        """
        self.listener.setblocking(False)
        self._selector.register(self.listener, selectors.EVENT_READ, self._accept)
        while True:
            ready = self._selector.select(self._patience())
            for key, _ in ready:
                forked: Forked | None = key.data(key.fileobj)
                if forked is not None:
                    return forked
            if self._lessons:
                self._learn_on()
            elif not ready and self._patience() == 0 and (self._withdrawn or self.withdraw()):
                return None

    @property
    def _withdrawn(self) -> bool:
        return self.listener.fileno() < 0

    def _patience(self) -> float | None:
        """Return the seconds until it goes on with something else, or ends; None: it only waits."""
        if self._lessons:
            return 0
        if self._kernels or self._leases or self._asked:
            return None
        allowed = 0 if self._withdrawn else self.idle if self._users else self.linger
        return max(self._last + allowed - time.monotonic(), 0)

    def _accept(self, _listener: object) -> None:
        try:
            connection, _ = self.listener.accept()
        except BlockingIOError:
            return
        self._last = time.monotonic()
        self._asked.add(connection)
        self._selector.register(connection, selectors.EVENT_READ, self._asks)

    def _asks(self, connection: socket.socket) -> Forked | None:
        """Read what is wanted, one byte and no more: what follows is for the new process only."""
        self._selector.unregister(connection)
        self._asked.discard(connection)
        try:
            wanted = connection.recv(1)
            pid, user, _ = _CREDENTIALS.unpack(
                connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            )
            if user != os.geteuid() or wanted not in (wire.KERNEL, wire.LEASE, wire.REHEARSAL):
                connection.close()
                return None
            manager = self._user(pid)
            if wanted == wire.KERNEL and self.refusal is None:
                return self._fork_kernel(connection, manager)
            no = self._no()
            if no is not None:
                wire.send(connection, no)
                connection.close()
            elif wanted == wire.REHEARSAL:
                return self._fork(connection, manager, notes=os.memfd_create("rehearsal"))
            else:
                wire.send_own(connection)
                self._leases.add(connection)
                self._selector.register(connection, selectors.EVENT_READ, self._lease_ended)
        except OSError as error:
            # Whoever asked has ended, or hung up.
            logger.info("a request came to nothing: %s", error)
            connection.close()
        return None

    def _no(self) -> dict[str, object] | None:
        """Return why nothing can be forked, as an answer; from what has changed, nothing ever can again."""
        if self.refusal is not None:
            return {"refused": self.refusal}
        changed = self.loaded.changed()
        if changed is None:
            return None
        if not self._withdrawn:
            self._selector.unregister(self.listener)
            self.withdraw()
            for lease in list(self._leases):
                self._lease_ended(lease)
        return {"changed": changed}

    def _user(self, pid: int) -> int:
        if pid not in self._users:
            self._users[pid] = os.pidfd_open(pid)
            self._selector.register(self._users[pid], selectors.EVENT_READ, lambda _: self._user_ended(pid))
        return self._users[pid]

    def _fork_kernel(self, connection: socket.socket, manager: int) -> Forked | None:
        """Fork a kernel that begins while we look whether anything has changed; where something has, it ends itself."""
        gate, word = os.pipe()
        forked = self._fork(connection, manager, gate=gate)
        if forked is not None:
            os.close(word)
            return forked
        os.close(gate)
        # Where it has ended by itself, whoever asked is told how.
        with suppress(BrokenPipeError), os.fdopen(word, "wb") as said:
            no = self._no()
            if no is None:
                said.write(b"!")
            else:
                wire.send(connection, no)
        return None

    def _fork(
        self, connection: socket.socket, manager: int, *, gate: int | None = None, notes: int | None = None
    ) -> Forked | None:
        pid = os.fork()
        if pid == 0:
            self._let_go(connection, manager, notes)
            return Forked(connection, manager, gate, notes)
        ended = os.pidfd_open(pid)
        self._kernels[ended] = _Running(pid, connection, notes)
        self._selector.register(ended, selectors.EVENT_READ, lambda _: self._kernel_ended(ended))
        return None

    def _let_go(self, connection: socket.socket, manager: int, notes: int | None) -> None:
        """Close, in a new process, what is the parent's."""
        self._selector.close()
        self.listener.close()
        for ended, running in self._kernels.items():
            os.close(ended)
            running.connection.close()
            if running.notes is not None and running.notes != notes:
                os.close(running.notes)
        for user in self._users.values():
            if user != manager:
                os.close(user)
        for other in (*self._leases, *self._asked):
            if other is not connection:
                other.close()

    def _kernel_ended(self, ended: int) -> None:
        self._selector.unregister(ended)
        os.close(ended)
        running = self._kernels.pop(ended)
        _, status = os.waitpid(running.pid, 0)
        self._last = time.monotonic()
        if running.notes is not None:
            self._lessons.append(self.learn(os.pread(running.notes, os.fstat(running.notes).st_size, 0)))
            os.close(running.notes)
        try:
            wire.send(running.connection, {"exit": os.waitstatus_to_exitcode(status)})
        except OSError:
            logger.info("nobody asks any more how kernel %d ended", running.pid)
        running.connection.close()

    def _learn_on(self) -> None:
        try:
            next(self._lessons[0])
        except StopIteration as done:
            self.refusal = done.value
            self._lessons.popleft()

    def _user_ended(self, pid: int) -> None:
        ended = self._users.pop(pid)
        self._selector.unregister(ended)
        os.close(ended)
        self._last = time.monotonic()

    def _lease_ended(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        self._leases.discard(connection)
        connection.close()
        self._last = time.monotonic()


def main() -> None:
    """Leave the process that started us, import, serve; and in each new process: become a kernel."""
    number, options = int(sys.argv[1]), json.loads(sys.argv[2])
    if os.fork():
        os._exit(0)
    if not sys.flags.safe_path:
        # The current folder; kernels have one of their own.
        del sys.path[0]
    os.chdir("/")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    began = time.time_ns()
    refusal = preloading.load(options["preload"])
    logger.info("%s ready seconds=%.2f refusal=%s", options["name"], (time.time_ns() - began) / 1e9, refusal)
    listener = socket.socket(fileno=number)
    loaded = Loaded.since(began)
    # Made here once, so that no kernel has to touch the texts in it.
    files = list(loaded.files)
    zygote = Zygote(
        listener,
        lambda: _withdrawn(Path(options["folder"]), options["name"], listener),
        loaded,
        lambda left: preloading.learn(options["rehearsal"], left),
        refusal,
        idle=options["idle"],
        linger=options["linger"],
    )
    forked = zygote.run()
    if forked is None:
        logger.info("%s ends: nobody needs it", options["name"])
        # Otherwise what was frozen would be taken for lost.
        gc.unfreeze()
        return
    from ecombi.kernels.child import become_kernel, rehearse
    from ecombi.kernels.keeper import keep

    if forked.notes is not None:
        rehearse(forked.connection, options["rehearsal"], forked.notes)
    elif forked.gate is not None:
        keeper = keep() if options["kept"] else None
        become_kernel(forked.connection, forked.manager, forked.gate, files, keeper=keeper)


def _withdrawn(folder: Path, name: str, listener: socket.socket) -> bool:
    """Take our address away, unless somebody has just asked there; whoever asks next starts another process."""
    if not folder.is_dir():
        listener.close()
        return True
    with runtime.locked(folder) as opened, selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        if selector.select(0):
            return False
        runtime.remove(opened, name)
        listener.close()
        return True


if __name__ == "__main__":
    main()
