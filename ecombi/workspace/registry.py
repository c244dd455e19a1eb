"""What a workspace loads from: remembered at each load, so that a nightly run can load again."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ecombi.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One remembered source.

    Attributes:
        name: Name of the source; loading the same name again replaces the entry.
        mapping: The mapping's name or file; null for the simulated shop.
        files: Exports to read, absolute.
        options: Settings of the simulated shop.
        until: Events of this day and later are not loaded yet, as an ISO day; null: everything was loaded.
    """

    name: str
    mapping: str | None = None
    files: tuple[str, ...] = ()
    options: tuple[tuple[str, str | int | float], ...] = ()
    until: str | None = None


def read(folder: Path) -> list[Entry]:
    """Return the remembered sources, in the order they were first loaded.

    Raises:
        ConfigurationError: The file is damaged.
    """
    file = folder / "sources.json"
    if not file.exists():
        return []
    try:
        return [
            Entry(
                name=row["name"],
                mapping=row["mapping"],
                files=tuple(row["files"]),
                options=tuple(row["options"].items()),
                until=row["until"],
            )
            for row in json.loads(file.read_text("utf-8"))
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{file} cannot be read. Remove it and load your sources again.") from error


def remember(folder: Path, entry: Entry) -> None:
    """Add or replace one entry; the file is replaced whole, never half-written."""
    entries = [entry if old.name == entry.name else old for old in read(folder)]
    if entry not in entries:
        entries.append(entry)
    _write(folder, entries)


def _write(folder: Path, entries: Sequence[Entry]) -> None:
    rows = [asdict(entry) | {"options": dict(entry.options)} for entry in entries]
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"sources.json.{os.getpid()}.partial"
    partial.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    partial.replace(folder / "sources.json")
