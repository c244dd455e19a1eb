"""Where a definition is used: in the reports, dashboards and guides of the project, and in the dashboards we bring."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

_PLACES: Final = {
    "report": ("notebooks/reports", "*.ipynb"),
    "guide": ("notebooks/guides", "*.ipynb"),
    "dashboard": ("dashboards", "*.ipynb"),
    "pipeline": ("pipelines", "*.py"),
}
"""What it is called -> folder of the project and its files."""


def named_in(project: Path, name: str) -> list[str]:
    """Return the reports, guides, dashboards and pipelines whose source names a metric or an analysis.

    A name counts where it stands in quotes, as an argument does, or as an attribute.
    """
    said = re.compile(rf"""["'.]{re.escape(name)}\b""")
    found = [f"{what} {path.stem}" for what, path in _files(project) if said.search(path.read_text("utf-8"))]
    return list(dict.fromkeys([*found, *_in_our_dashboards(said)]))


def _files(project: Path) -> Iterator[tuple[str, Path]]:
    for what, (folder, pattern) in _PLACES.items():
        for path in sorted((project / folder).glob(pattern)):
            yield what, path


def _in_our_dashboards(said: re.Pattern[str]) -> Iterator[str]:
    for folder in sorted(Path(str(files("ecombi"))).glob("dashboards/*/")):
        if any(said.search(path.read_text("utf-8")) for path in sorted(folder.glob("*.py"))):
            yield f"dashboard {folder.name}"
