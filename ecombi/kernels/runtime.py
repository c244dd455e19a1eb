"""The folder in which a starter and the processes that kernels are forked from meet: this user's alone."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecombi.errors import KernelError

LOG = "log"


def runtime_folder() -> Path:
    """Return the folder that all programs of this user share: $XDG_RUNTIME_DIR/ecombi, or one for temporary files."""
    given = os.environ.get("XDG_RUNTIME_DIR")
    return Path(given) / "ecombi" if given else Path(tempfile.gettempdir()) / f"ecombi-{os.getuid()}"


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Hold the folder for ourselves: nobody else starts or ends a process there meanwhile; yields it, opened.

    Raises:
        KernelError: The folder cannot be made, or others may get into it.
    """
    opened = _opened(folder)
    try:
        lock = os.open("lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600, dir_fd=opened)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield opened
        finally:
            os.close(lock)
    finally:
        os.close(opened)


def address(folder: int, name: str) -> str:
    """Return a short address of a socket in an opened folder: that folder's own path may be too long for one."""
    return f"/proc/self/fd/{folder}/{name}"


def connected(folder: int, name: str) -> socket.socket | None:
    """Return a connection to a socket in an opened folder; None where nobody listens."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(address(folder, name))
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    return connection


def listening(folder: int, name: str) -> socket.socket:
    """Return a socket that listens in an opened folder, in place of one that nobody listens on any more."""
    remove(folder, name)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address(folder, name))
    os.chmod(name, 0o600, dir_fd=folder)
    listener.listen(128)
    return listener


def remove(folder: int, name: str) -> None:
    """Remove a socket from an opened folder, if it is there."""
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return


def _opened(folder: Path) -> int:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise KernelError(f"the folder {folder} cannot be used: {error.strerror}") from error
    state = os.fstat(opened)
    if state.st_uid != os.geteuid() or stat.S_IMODE(state.st_mode) & 0o077:
        os.close(opened)
        raise KernelError(f"the folder {folder} is not for this user alone; delete it, or chmod 700 it")
    return opened
