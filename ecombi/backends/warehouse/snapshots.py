"""Published snapshots, each a file or folder at a path of its own, and the file CURRENT that names the one to read."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from ecombi.backends.warehouse import Snapshot
from ecombi.errors import BackendError

_NAME = re.compile(r"wh-(\d{6,})\.(?:duckdb|parquet)")
_ADVICE = "Delete it and load again: it then names the newest snapshot there is."


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The published snapshots in one folder. A path is never written again once CURRENT has named it.

    Attributes:
        folder: Holds CURRENT and the folder snapshots/.
        keep: How many are kept at least.
        grace: A replaced one is kept this long after its successor was published.
        suffix: Of their names: .duckdb for files, .parquet for folders of files.
    """

    folder: Path
    keep: int
    grace: timedelta
    suffix: str = ".duckdb"

    def path(self, number: int) -> Path:
        """Return where that snapshot is."""
        return self.folder / "snapshots" / f"wh-{number:06d}{self.suffix}"

    def published(self) -> list[Snapshot]:
        """Return the snapshots that are kept, the current one first; none before the first publication.

        Raises:
            BackendError: CURRENT cannot be read.
        """
        pointer = self.folder / "CURRENT"
        what = f"{pointer}, which names the published snapshot,"
        try:
            kept = _listed(_contents(str(pointer)))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise BackendError(f"{what} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise BackendError(f"{what} is damaged: {error}. {_ADVICE}") from None
        if not kept:
            raise BackendError(f"{what} is damaged: it is empty. {_ADVICE}")
        return list(kept)

    def adopt(self) -> None:
        """Where CURRENT is missing, let it name the newest snapshot there is.

        So it is after the very first publication was cut short, and after somebody deleted it.
        """
        found = [(int(match[1]), path) for path in self._files() if (match := _NAME.fullmatch(path.name))]
        if found and not self.published():
            number, path = max(found)
            self._point([Snapshot(number, datetime.fromtimestamp(path.stat().st_mtime, UTC))])

    def add(self, complete: Path, snapshot: Snapshot) -> None:
        """Move a complete file or folder in, point CURRENT at it, and delete what is too old."""
        target = self.path(snapshot.number)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            # Left by a publication that was cut short; a folder is not replaced by another as a file is.
            shutil.rmtree(target)
        move(complete, target)
        history = self._kept([snapshot, *self.published()])
        self._point(history)
        names = {self.path(kept.number).name for kept in history}
        for path in self._files():
            if path.name not in names:
                # Where the system refuses to delete a file that is open, the next publication tries again.
                with contextlib.suppress(OSError):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _files(self) -> list[Path]:
        return list((self.folder / "snapshots").glob("*"))

    def _kept(self, newest_first: list[Snapshot]) -> list[Snapshot]:
        now = newest_first[0].published_at
        successors = [newest_first[0], *newest_first]
        return [
            snapshot
            for place, (snapshot, successor) in enumerate(zip(newest_first, successors, strict=False))
            if place < self.keep or now - successor.published_at < self.grace
        ]

    def _point(self, newest_first: list[Snapshot]) -> None:
        lines = [f"{self.path(s.number).name} {s.published_at.isoformat()}\n" for s in newest_first]
        fresh = self.folder / "CURRENT.new"
        fresh.write_text("".join(lines), "utf-8")
        move(fresh, self.folder / "CURRENT")


def move(complete: Path, target: Path) -> None:
    """Force a file, or a folder with all that is in it, to the disk, then give it its name in one step."""
    for path in (*complete.rglob("*"), complete):
        _force(path)
    complete.replace(target)
    _force(target.parent)


def _force(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _contents(path: str) -> bytes:
    """Read a small file: without a stream it takes a fifth of the time, and every question asks three times."""
    handle = os.open(path, os.O_RDONLY)
    try:
        return os.read(handle, os.fstat(handle).st_size)
    finally:
        os.close(handle)


@lru_cache(maxsize=16)
def _listed(contents: bytes) -> tuple[Snapshot, ...]:
    """Read the lines of CURRENT; every question asks for them, and they seldom change."""
    return tuple(_parse(line) for line in contents.decode("utf-8").splitlines())


def _parse(line: str) -> Snapshot:
    name, _, at = line.partition(" ")
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} is not the name of a snapshot")
    published_at = datetime.fromisoformat(at)
    if published_at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone")
    return Snapshot(int(match[1]), published_at)
