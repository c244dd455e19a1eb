"""A table as HTML: columns of cells that are marked up already, and the line that says where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["", "num", "b", "num lo", "lo"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        head: Its heading, as plain text.
        cells: Its cells, as HTML.
        kind: num for figures, b for bars; lo for figures that a narrow screen leaves out.
    """

    head: str
    cells: Sequence[str]
    kind: Kind = "num"


def table(columns: Sequence[Column], *, total: bool = False, role: str = "") -> str:
    """Write a table; with a total, the last row is one."""

    def cell(tag: str, column: Column, content: str) -> str:
        return f'<{tag} class="{column.kind}">{content}</{tag}>' if column.kind else f"<{tag}>{content}</{tag}>"

    head = "".join(cell("th", column, escape(column.head)) for column in columns)
    count = len(columns[0].cells)
    rows = ["".join(cell("td", column, column.cells[place]) for column in columns) for place in range(count)]
    body = "".join(f"<tr>{row}</tr>" for row in rows[: count - total])
    last = f'<tr class="total">{rows[-1]}</tr>' if total and rows else ""
    role = f' class="{role}"' if role else ""
    return f"<table{role}><thead><tr>{head}</tr></thead><tbody>{body}{last}</tbody></table>"


def captioned(title: str, source: str, inside: str) -> str:
    """Put a heading and a line on where the figures come from above a chart or table."""
    return f"<figure><figcaption><b>{escape(title)}</b><span>{escape(source)}</span></figcaption>{inside}</figure>"


def finding(*said: str) -> str:
    """Write what a figure means, sentences of HTML, below it."""
    text = " ".join(filter(None, said))
    return f'<p class="finding">{text}</p>' if text else ""


def listed(parts: Sequence[str]) -> str:
    """Join words as a sentence does: a, b and c."""
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)
