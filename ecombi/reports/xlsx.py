"""Writes what a run declared as a workbook: a sheet of figures, one per table, numbers as numbers, texts as texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Final

from ecombi.metrics.definitions import Unit
from ecombi.metrics.format import decimals_of
from ecombi.reports.declared import Column, Declared, Table, Value

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

FIGURES: Final = "Figures"
"""The sheet of figures; it comes first."""

_MADE: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands in every workbook, so that equal results are equal files."""

_UNITS: Final[Mapping[str, str]] = {
    Unit.COUNT: "#,##0",
    Unit.RATE: "0.0%",
    Unit.DAYS: "#,##0.0",
    Unit.TIMES: "#,##0.00",
}
_TYPES: Final[Mapping[str, str]] = {
    "integer": "#,##0",
    "day": "yyyy-mm-dd",
    "time": "yyyy-mm-dd hh:mm:ss",
}
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_FIRST_DAY: Final = date(1900, 3, 1)
"""Excel counts days from here like everybody else; before, it knows a 29 February 1900."""

_DIGITS: Final = 15
_LONGEST: Final = 32_767
_NAME: Final = 31
_WIDTHS: Final = (9, 60)
_LOOKED_AT: Final = 200


def as_xlsx(declared: Declared, *, title: str) -> bytes | None:
    """Return the workbook of a run's result; None where nothing was declared.

    A text is never taken for a formula, a link or a number. A number of more than 15 digits, which a spreadsheet cannot
    hold, is written as text. Equal results give equal bytes.
    """
    import xlsxwriter

    if not declared.figures and not declared.tables:
        return None
    file = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, options) as book:
        book.set_properties({"title": title, "created": _MADE})
        sheets = _Sheets(book)
        if declared.figures:
            sheets.figures(declared)
        for name, table in declared.tables.items():
            sheets.table(name, table)
    return file.getvalue()


class _Sheets:
    """Fills the sheets of a workbook."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"})
        self._taken: set[str] = set()
        self._format = cache(lambda pattern: book.add_format({"num_format": pattern} if pattern else {}))

    def figures(self, declared: Declared) -> None:
        sheet = self._sheet(FIGURES, ["Figure", "Value", "Unit", "Name"], len(declared.figures))
        for place, (name, figure) in enumerate(sorted(declared.figures.items()), 1):
            sheet.write_string(place, 0, figure.label)
            _write(sheet, place, 1, figure.read(), self._format(_pattern(figure.type, figure.unit)))
            sheet.write_string(place, 2, figure.unit or "")
            sheet.write_string(place, 3, name)
        labels = [figure.label for figure in declared.figures.values()]
        for column, width in enumerate([_width(labels), 18, 9, _width(declared.figures)]):
            sheet.set_column(column, column, width)

    def table(self, name: str, table: Table) -> None:
        sheet = self._sheet(name, [_title(column) for column in table.columns], len(table.rows))
        for place, column in enumerate(table.columns):
            style = self._format(_pattern(column.type, column.unit))
            values = [column.read(row[place]) for row in table.rows]
            for row, value in enumerate(values, 1):
                _write(sheet, row, place, value, style)
            shown = (f"{value:,}" if isinstance(value, int) else str(value) for value in values[:_LOOKED_AT])
            sheet.set_column(place, place, _width([*_title(column).split(), *shown]))

    def _sheet(self, name: str, titles: list[str], rows: int) -> Worksheet:
        sheet = self._book.add_worksheet(self._name(name))
        for place, title in enumerate(titles):
            sheet.write_string(0, place, title, self._heading)
        sheet.freeze_panes(1, 0)
        if titles:
            sheet.autofilter(0, 0, rows, len(titles) - 1)
        return sheet

    def _name(self, wanted: str) -> str:
        """Return a name that Excel takes, of its own among the sheets."""
        plain = re.sub(r"[^A-Za-z0-9 _.-]", "_", wanted) or "table"
        name, number = plain[:_NAME], 1
        while name.lower() in self._taken or name.lower() == "history":
            number += 1
            end = f"_{number}"
            name = plain[: _NAME - len(end)] + end
        self._taken.add(name.lower())
        return name


def _title(column: Column) -> str:
    return f"{column.label}, {column.unit}" if _CURRENCY.fullmatch(column.unit or "") else column.label


def _pattern(kind: str, unit: str | None) -> str:
    if unit and _CURRENCY.fullmatch(unit) and kind in ("decimal", "number", "integer"):
        return f"#,##0.{'0' * decimals_of(unit)}".rstrip(".")
    return _UNITS.get(unit or "", _TYPES.get(kind, ""))


def _write(sheet: Worksheet, row: int, column: int, value: Value, style: Format) -> None:
    match value:
        case None:
            sheet.write_blank(row, column, None, style)
        case bool():
            sheet.write_boolean(row, column, value, style)
        case int() | Decimal() if _digits(value) > _DIGITS:
            _write_text(sheet, row, column, f"{value:f}" if isinstance(value, Decimal) else str(value))
        case int() | float() | Decimal():
            sheet.write_number(row, column, float(value), style)
        case datetime() if value.tzinfo is None and value.date() >= _FIRST_DAY:
            sheet.write_datetime(row, column, value, style)
        case date() if not isinstance(value, datetime) and value >= _FIRST_DAY:
            sheet.write_datetime(row, column, value, style)
        case _:
            # A day that spreadsheets do not know, or a time of one zone.
            _write_text(sheet, row, column, str(value))


def _write_text(sheet: Worksheet, row: int, column: int, text: str) -> None:
    sheet.write_string(row, column, text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def _digits(value: int | Decimal) -> int:
    return len(Decimal(value).normalize().as_tuple().digits)


def _width(texts: Iterable[str]) -> int:
    least, most = _WIDTHS
    return min(max([least, *(len(text) + 2 for text in texts)]), most)
