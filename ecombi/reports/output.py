"""Puts a run's files in place: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


def publish(files: Mapping[Path, str]) -> None:
    """Write texts so that a reader finds the earlier files or the new ones, never a part of one.

    Every text is on disk under a temporary name in the same folder before the first file is replaced, so a full disk
    or a kill leaves all earlier files as they were; what is left of a kill is a hidden file that nothing reads.

    Raises:
        OSError: A folder cannot be written; the earlier files are untouched.
    """
    written: dict[Path, Path] = {}
    try:
        for target, text in files.items():
            if target.is_dir():
                raise IsADirectoryError(f"{target} is a folder.")
            written[target] = _write_beside(target, text)
        for target, temporary in written.items():
            temporary.replace(target)
    finally:
        for temporary in written.values():
            temporary.unlink(missing_ok=True)
    for folder in {target.parent for target in files}:
        _sync_folder(folder)


def _write_beside(target: Path, text: str) -> Path:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            # mkstemp makes files nobody else can read; a report is as open as any other file its owner makes.
            os.fchmod(file.fileno(), 0o666 & ~_umask())
            os.fsync(file.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
