"""The list of what a simulation wrote: written last, so a folder without it is incomplete."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from ecombi.errors import ConfigurationError
from ecombi.sources.simulated.config import ShopConfig

FORMAT: Final = 3
"""Raised with every change of what the same config gives."""
FILE: Final = "manifest.json"
DRAFT: Final = "manifest.json.draft"


@dataclass(frozen=True, slots=True)
class Total:
    """Rows of one kind, and what they sum to where they have a quantity or an amount."""

    rows: int
    qty: int | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a simulation wrote.

    Attributes:
        config: What was asked for.
        files: Paths of each table's files below the folder, in order of time.
        rows: Rows of each table.
        kinds: Totals of the ledger and of the payments by kind.
    """

    config: ShopConfig
    files: Mapping[str, tuple[str, ...]]
    rows: Mapping[str, int]
    kinds: Mapping[str, Mapping[str, Total]]


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a complete folder; null where there is none or it is of another format."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            return None
        config = {**found["config"], "end": date.fromisoformat(found["config"]["end"])}
        kinds = {
            table: {
                kind: Total(t["rows"], t["qty"], None if t["amount"] is None else Decimal(t["amount"]))
                for kind, t in totals.items()
            }
            for table, totals in found["kinds"].items()
        }
        return Manifest(
            config=ShopConfig(**config),
            files={table: tuple(paths) for table, paths in found["files"].items()},
            rows=found["rows"],
            kinds=kinds,
        )
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError, ConfigurationError):
        return None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write it under another name first, so it is there whole or not at all."""
    content = {"format": FORMAT, **asdict(manifest)}
    draft = folder / DRAFT
    draft.write_text(json.dumps(content, indent=2, default=str, sort_keys=True) + "\n", encoding="utf-8")
    draft.replace(folder / FILE)
