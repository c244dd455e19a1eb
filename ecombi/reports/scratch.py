"""Folders for what is needed only while something goes on; whoever was killed in mid-work leaves none for ever."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psutil

from ecombi.kernels.keeper import end

# Not in the workspace: Chromium makes a socket in there, and the system allows its path a hundred letters only.
_PREFIX: Final = "ecombi-scratch-"


@contextmanager
def scratch(kind: str) -> Iterator[Path]:
    """Yield a folder of this user alone, which is removed after the block, or by `sweep` where that is cut short.

    Args:
        kind: What it is for; part of its name.
    """
    folder, lock = _made(kind)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def sweep() -> list[Path]:
    """Remove the folders whose owner was killed, after ending what still works in them.

    Returns:
        What was removed.
    """
    removed = []
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # The lock goes with the process that holds it, however it ends.
        lock = _locked(folder)
        if lock is not None:
            _end_users(folder)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)
            removed.append(folder)
    return removed


def _made(kind: str) -> tuple[Path, int | None]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{kind}-"))
        lock = _locked(folder)
        # It may be swept between the two, at once and whole. Where nothing can be locked, nothing is swept either.
        if lock is not None or folder.exists():
            return folder, lock


def _locked(folder: Path) -> int | None:
    """Return a lock on a folder of this user; None where somebody has it, or where there is no such folder."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    with suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        opened = os.fstat(lock)
        if opened.st_uid == os.geteuid() and os.path.samestat(opened, os.lstat(folder)):
            return lock
    os.close(lock)
    return None


def _end_users(folder: Path) -> None:
    def users() -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if Path(process.cwd()).is_relative_to(folder):
                    yield process

    end(users)
