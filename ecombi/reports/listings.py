"""Lists of rows as tables: names on the left, figures in the precision of their column."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from html import escape
from typing import Literal, TypeAlias

from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Unit
from ecombi.reports import figures
from ecombi.reports.figures import Answer, Row
from ecombi.reports.grid import Column, captioned, table

Columns: TypeAlias = Mapping[str, str | tuple[str, str]]
"""Heading -> a column of the answer, or a name and the key that is written small beside it."""


def listing(
    answer: Answer,
    title: str,
    rows: Sequence[Row],
    columns: Columns,
    *,
    low: Collection[str] = (),
    exact: bool = False,
) -> str:
    """Write rows of an answer as a table with a heading and the source of its figures.

    Args:
        answer: Where the rows come from: it knows their units and days.
        title: Heading.
        rows: Those to show, in their order.
        columns: What to show of them.
        low: Headings of the columns that a narrow screen can do without.
        exact: Money to the last cent, whatever its size.
    """
    drawn = [_column(answer, head, of, rows, low=head in low, exact=exact) for head, of in columns.items()]
    shown = [of for of in columns.values() if isinstance(of, str)]
    return captioned(title, figures.source(answer, shown), table(drawn))


def shown_of(shown: int, found: int) -> str:
    """Say how many rows there are besides those shown; nothing where there are none."""
    return f"Shown are {shown:,} of {found:,}." if shown < found else ""


def label(name: object, key: object) -> str:
    """Write a name with its key beside it, as HTML; the key alone where there is no name."""
    if name is None or name == key:
        return escape(figures.plain(key))
    return f'{escape(str(name))} <span class="code">{escape(figures.plain(key))}</span>'


def _column(
    answer: Answer, head: str, of: str | tuple[str, str], rows: Sequence[Row], *, low: bool, exact: bool
) -> Column:
    if isinstance(of, tuple):
        return Column(head, [label(row[of[0]], row[of[1]]) for row in rows], _kind("", low=low))
    values = [row[of] for row in rows]
    texts = figures.column(answer, of, values)
    unit = figures.unit_of(answer, of)
    if unit is None:
        # Days are as wide as figures, and no line breaks in them.
        day = any(isinstance(value, date) for value in values)
        return Column(head, [escape(text) for text in texts], _kind("num" if day else "", low=low))
    if exact and unit is Unit.MONEY:
        texts = [fmt.full(value, unit, answer.passport.shop.currency) for value in values]
    # "20.5 days" in every row says no more than the heading.
    written = [text.removesuffix(" days").removesuffix(" day") if unit is Unit.DAYS else text for text in texts]
    cells = [figures.data(text, value) for text, value in zip(written, values, strict=True)]
    return Column(head, cells, _kind("num", low=low))


def _kind(kind: Literal["", "num"], *, low: bool) -> Literal["", "num", "lo", "num lo"]:
    if low:
        return "num lo" if kind else "lo"
    return kind
