"""A workbook holds what was declared: numbers as numbers, texts as texts, the same bytes for the same result."""

from __future__ import annotations

import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from ecombi.reports.declared import Column, Declared, Figure, Table
from ecombi.reports.xlsx import as_xlsx
from tests.reports.test_results import declared

NOON = datetime.fromisoformat("2026-10-31T12:30:15")


def book(found: Declared) -> bytes:
    """The workbook of a result."""
    made = as_xlsx(found, title="Tiny")
    assert made is not None
    return made


def sheets(found: Declared) -> dict[str, list[list[object]]]:
    """What a spreadsheet program reads in the workbook, by sheet."""
    opened = CalamineWorkbook.from_filelike(BytesIO(book(found)))
    return {name: opened.get_sheet_by_name(name).to_python() for name in opened.sheet_names}


def part(found: Declared, name: str) -> str:
    """A part of the file."""
    with zipfile.ZipFile(BytesIO(book(found))) as archive:
        return archive.read(name).decode("utf-8")


def column(kind: str, unit: str | None, *values: object) -> Declared:
    """A table of one column."""
    made = Column(name="x", label="The x", type=kind, unit=unit)  # type: ignore[arg-type]
    rows = tuple((value,) for value in values)
    return Declared(figures={}, tables={"t": Table(columns=(made,), rows=rows)})  # type: ignore[arg-type]


def test_values_come_back_as_what_they_are() -> None:
    frame = pd.DataFrame(
        {
            "sku": ["mug", None],
            "orders": pd.array([12, None], dtype="Int64"),
            "amount": [Decimal("1234.5600"), None],
            "rate": [0.125, None],
            "day": pd.to_datetime(["2026-10-31", None]),
            "seen_at": [NOON, None],
            "final": [True, False],
        }
    )
    assert sheets(declared(products=frame, note="done", total=Decimal("46.10"))) == {
        "Figures": [["Figure", "Value", "Unit", "Name"], ["Note", "done", "", "note"], ["Total", 46.1, "", "total"]],
        "products": [
            ["Sku", "Orders", "Amount", "Rate", "Day", "Seen at", "Final"],
            ["mug", 12.0, 1234.56, 0.125, date(2026, 10, 31), NOON, True],
            ["", "", "", "", "", "", False],
        ],
    }


@pytest.mark.parametrize(
    ("kind", "unit", "pattern"),
    [
        ("decimal", "GBP", "#,##0.00"), ("decimal", "JPY", "#,##0"), ("decimal", "KWD", "#,##0.000"),
        ("number", "GBP", "#,##0.00"), ("integer", "count", "#,##0"), ("number", "rate", "0.0%"),
        ("number", "days", "#,##0.0"), ("number", "times", "#,##0.00"),
    ],
)  # fmt: skip
def test_a_number_is_written_as_its_unit_is(kind: str, unit: str, pattern: str) -> None:
    found = column(kind, unit, 5.0 if kind == "number" else "5")
    # Two of the patterns are built into the format and have no words there.
    built_in = {"#,##0": 3, "#,##0.00": 4}.get(pattern)
    styles = part(found, "xl/styles.xml")
    assert f'formatCode="{pattern}"' in styles or f'numFmtId="{built_in}"' in styles
    assert sheets(found)["t"][0] == [f"The x, {unit}" if unit.isupper() else "The x"]


HOSTILE = [
    "=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "{=1}", "http://example.com", "mailto:a@b", "internal:'S'!A1",
    "12", "1e5", "true", "#N/A", "<b>&\"'", " two  blanks ", "\x01\x1f", "a\tb", "line\nbreak", "_x0041_", "🙂",
    "\u202e",
]  # fmt: skip


def test_a_text_stays_a_text() -> None:
    found = column("text", None, *HOSTILE)
    assert [row[0] for row in sheets(found)["t"][1:]] == HOSTILE
    sheet = part(found, "xl/worksheets/sheet1.xml")
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet


def test_what_a_spreadsheet_cannot_hold_is_written_as_text() -> None:
    assert sheets(column("integer", None, "123456789012345", "1234567890123456"))["t"][1:] == [
        [123456789012345.0],
        ["1234567890123456"],
    ]
    assert sheets(column("decimal", "GBP", "12345678901234.5678"))["t"][1:] == [["12345678901234.5678"]]
    assert sheets(column("day", None, "1812-06-24", "1900-03-01"))["t"][1:] == [["1812-06-24"], [date(1900, 3, 1)]]
    zoned = datetime(2026, 10, 31, 12, tzinfo=UTC).isoformat()
    assert sheets(column("time", None, zoned))["t"][1:] == [["2026-10-31 12:00:00+00:00"]]
    (_, (text,)) = sheets(column("text", None, "x" * 40_000))["t"]
    assert isinstance(text, str)
    assert (len(text), text[-1]) == (32_767, "…")


def test_names_of_sheets_are_valid_and_their_own() -> None:
    table = Table(columns=(Column(name="x", label="X", type="text"),), rows=())
    long = "net_sales_by_country_and_channel_and_day"
    names = ["figures", "FIGURES", "history", f"{long}_one", f"{long}_two", "a[b]:c*d?e/f\\g", "'quoted'", "", "é🙂"]
    figure = Figure(value="1", type="integer", label="One")
    made = sheets(Declared(figures={"one": figure}, tables=dict.fromkeys(names, table)))
    assert list(made) == [
        "Figures", "figures_2", "FIGURES_3", "history_2", "net_sales_by_country_and_channe",
        "net_sales_by_country_and_chan_2", "a_b__c_d_e_f_g", "_quoted_", "table", "__",
    ]  # fmt: skip


@settings(deadline=None, max_examples=20)
@given(st.lists(st.text(max_size=50), min_size=1, max_size=5, unique=True))
def test_any_names_of_tables_make_a_workbook(names: list[str]) -> None:
    table = Table(columns=(Column(name="x", label="X", type="text"),), rows=())
    made = list(sheets(Declared(figures={}, tables=dict.fromkeys(names, table))))
    assert len({name.lower() for name in made}) == len(names)
    assert all(0 < len(name) <= 31 for name in made)


def test_the_header_stays_in_sight_and_columns_are_wide_enough() -> None:
    found = column("decimal", "GBP", "1234567.89", "1")
    sheet = part(found, "xl/worksheets/sheet1.xml")
    assert '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>' in sheet
    assert '<autoFilter ref="A1:A3"/>' in sheet
    assert '<col min="1" max="1" width="12.7109375"' in sheet


def test_equal_results_are_equal_files() -> None:
    frame = pd.DataFrame({"sku": ["mug"], "n": [1]})
    assert book(declared(a=1, t=frame)) == book(declared(t=frame.copy(), a=1))
    assert as_xlsx(declared(), title="Tiny") is None
