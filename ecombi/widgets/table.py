"""Tables with a bar in each row: the chart and its figures in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ecombi.widgets.markup import Child, el

_FEW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        title: Its head.
        number: Set to the right, figures under figures.
        spare: Left out on a phone.
    """

    title: str
    number: bool = True
    spare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row.

    Attributes:
        cells: One for each column.
        bar: Length of its bar, 0 to 1; None for no bar.
        drill: What pressing it sets: a name and a value.
        chosen: Whether that is set now.
        kind: "", or "rest" or "total".
    """

    cells: Sequence[Child]
    bar: float | None = None
    drill: tuple[str, str] | None = None
    chosen: bool = False
    kind: str = ""


def table(columns: Sequence[Column], rows: Sequence[Row], *, caption: str, bars: str = "") -> Markup:
    """Build a table.

    Args:
        columns: From left to right; the first says what a row is.
        rows: From top to bottom; every row has a cell for each column.
        caption: What it shows, for screen readers.
        bars: Width of the column of bars, for example "30%"; empty for no bars. It stands after the first column.
    """
    heads = [el("th", column.title, scope="col", class_=_classes(column)) for column in columns]
    if bars:
        heads.insert(1, el("th", class_="b", style=f"width:{bars}", aria_hidden="true"))
    return el(
        "table",
        el("caption", caption, class_="sr"),
        el("thead", el("tr", heads)),
        el("tbody", [_row(row, columns, bars=bool(bars)) for row in rows]),
        # Few rows are not pulled apart to fill a tall tile.
        class_="fill" if len(rows) > _FEW else None,
    )


def _row(row: Row, columns: Sequence[Column], *, bars: bool) -> Markup:
    first, *others = row.cells
    name, value = row.drill or (None, None)
    if row.drill:
        first = el(
            "button",
            first,
            type="button",
            class_="row",
            data_do="drill",
            data_name=name,
            data_value=value,
            aria_pressed=_flag(row.chosen),
        )
    cells = [el("td", first)]
    if bars:
        bar = None if row.bar is None else el("span", class_="bar", style=f"width:{max(row.bar, 0):.2%}")
        cells.append(el("td", bar, class_="b", aria_hidden="true"))
    cells += [el("td", cell, class_=_classes(column)) for cell, column in zip(others, columns[1:], strict=True)]
    return el(
        "tr", cells, class_=row.kind or None, data_do="drill" if row.drill else None, data_name=name, data_value=value
    )


def _classes(column: Column) -> str | None:
    return " ".join(word for word, on in (("num", column.number), ("lo", column.spare)) if on) or None


def _flag(value: bool) -> str:
    return "true" if value else "false"
