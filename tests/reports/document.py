"""Reads a report's HTML as its reader does: by the words it shows."""

from __future__ import annotations

from pathlib import Path

from bs4 import BeautifulSoup, Tag


class Document:
    """A report that was written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.html = path.read_text(encoding="utf-8")
        self.soup = BeautifulSoup(self.html, "html.parser")

    @property
    def text(self) -> str:
        """Everything it says, with single spaces."""
        return words(self.soup.main)

    @property
    def first_figure(self) -> str:
        """The exact value of the first key figure."""
        return str(self.soup.select(".kpi data")[0]["value"])

    def tile(self, label: str, nth: int = 0) -> list[str]:
        """The value of a key figure, then its comparisons."""
        tile = [t for t in self.soup.select(".kpi") if words(t.h3) == label][nth]
        return [words(tile.select_one(".value")), *(words(line) for line in tile.select("li"))]

    def table(self, title: str) -> list[list[str]]:
        """The rows of the table under a heading."""
        figure = next(f for f in self.soup.select("figure") if f.figcaption and words(f.figcaption.b) == title)
        return [
            [words(cell) for cell in row.select("td") if "b" not in (cell.get("class") or [])]
            for row in figure.select("tbody tr")
        ]

    def exact(self, title: str) -> list[list[str]]:
        """The machine-readable values of the table under a heading."""
        figure = next(f for f in self.soup.select("figure") if f.figcaption and words(f.figcaption.b) == title)
        return [[str(data["value"]) for data in row.select("data")] for row in figure.select("tbody tr")]


def words(tag: Tag | None) -> str:
    """The text of an element, with single spaces."""
    assert tag is not None
    return " ".join(tag.get_text(" ").split())
