"""Puts a run's files in place: whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO


def publish(files: Mapping[Path, str | bytes]) -> None:
    """Write files so that a reader finds the earlier ones or the new ones, never a part of one.

    Every one is on disk under a temporary name in the same folder before the first is replaced, so a full disk or a
    kill leaves all earlier files as they were; what is left of a kill is a hidden file that nothing reads.

    Raises:
        OSError: A folder cannot be written; the earlier files are untouched.
    """
    written: dict[Path, Path] = {}
    try:
        for target, content in files.items():
            if target.is_dir():
                raise IsADirectoryError(f"{target} is a folder.")
            written[target] = _write_beside(target, content)
        for target, temporary in written.items():
            temporary.replace(target)
    finally:
        for temporary in written.values():
            temporary.unlink(missing_ok=True)
    for folder in {target.parent for target in files}:
        _sync_folder(folder)


def publish_folder(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Make a folder that appears with all its files by one rename, or does not appear.

    It is filled beside, under its name with a dot before it; what an earlier try left there is thrown away.

    Raises:
        FileExistsError: There is a folder of that name; it is untouched.
        OSError: It cannot be written.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} is there already.")
    beside = folder.with_name(f".{folder.name}")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        for name, content in files.items():
            with (beside / name).open("xb") as file:
                _write(file, content)
        _sync_folder(beside)
        # Onto an empty folder the system would rename as well; no other run has this one's name.
        beside.rename(folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    _sync_folder(folder.parent)


def publish_copies(folder: Path, targets: Mapping[str, Path]) -> None:
    """Put copies of a folder's files elsewhere, each as `publish` does; the folders they go to are made.

    Args:
        folder: Where they are.
        targets: Name in the folder -> where its copy goes.

    Raises:
        OSError: One cannot be read, or a folder cannot be written.
    """
    for target in targets.values():
        target.parent.mkdir(parents=True, exist_ok=True)
    publish({target: (folder / name).read_bytes() for name, target in targets.items()})


def _write_beside(target: Path, content: str | bytes) -> Path:
    beside = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        with beside.open("xb") as file:
            _write(file, content)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return beside


def _write(file: BinaryIO, content: str | bytes) -> None:
    file.write(content.encode("utf-8") if isinstance(content, str) else content)
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
