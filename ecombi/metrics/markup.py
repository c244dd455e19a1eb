"""Pieces of HTML for notebooks; every text is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

_STYLE: Final = """<style>
.ecombi{font:13px/1.5 system-ui,sans-serif;font-variant-numeric:tabular-nums lining-nums;max-width:100%;overflow-x:auto}
.ecombi table{border-collapse:collapse;margin:4px 0}
.ecombi th,.ecombi td{padding:3px 12px 3px 0;text-align:left;vertical-align:top;background:none;border:0;
border-bottom:1px solid color-mix(in srgb,currentColor 15%,transparent)}
.ecombi th{font-weight:600}.ecombi .number{text-align:right}.ecombi .note{opacity:.7}
.ecombi pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:12px}.ecombi summary{cursor:pointer}
</style>"""


def framed(content: str) -> str:
    """Return HTML in the look of a notebook's answer."""
    return f'{_STYLE}<div class="ecombi">{content}</div>'


def pairs(lines: Iterable[tuple[str, str]]) -> str:
    """Return headings and texts as a table of two columns."""
    rows = "".join(f"<tr><th>{escape(heading)}</th><td>{escape(text)}</td></tr>" for heading, text in lines)
    return f"<table>{rows}</table>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return texts as a table."""
    titles = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def note(text: str) -> str:
    """Return a quiet line."""
    return f'<div class="note">{escape(text)}</div>'


def folded(title: str, content: str) -> str:
    """Return HTML that opens at a click on its title."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def preformatted(text: str) -> str:
    """Return a text with its line breaks."""
    return f"<pre>{escape(text)}</pre>"
