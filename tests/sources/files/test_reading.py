"""Files as merchants really export them, and words for those that cannot be read."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ecombi.errors import SourceError, SourceSchemaError
from ecombi.sources.files import FileSource, parse_mapping
from tests.etl.workbench import HEADER, SALES, Workbench, counts

ROW = "1001,2026-03-01 10:00:00,C1,SKU-1,2,9.95\n"
LEDGER = "SELECT order_id, sku, qty, amount FROM ledger ORDER BY source_row"
LOADED = [("1001", "SKU-1", 2, Decimal("19.9000"))]


def with_format(form: str) -> str:
    return SALES.replace("  - name: sales", f"  - name: sales\n    format: {form}")


def test_columns_are_found_by_name_in_any_order_beside_others(bench: Workbench) -> None:
    bench.load_texts(SALES, "note,price,qty,sku,customer,at,order\nx,9.95,2,SKU-1,C1,2026-03-01 10:00:00,1001\n")
    assert bench.rows(LEDGER) == LOADED


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("{encoding: utf-8}", ("\ufeff" + HEADER + ROW).replace("\n", "\r\n").encode()),
        ("{encoding: utf-16}", (HEADER + ROW).encode("utf-16")),
        ('{delimiter: ";", decimal: ","}', (HEADER + ROW).replace(",", ";").replace(".", ",").encode()),
        ('{delimiter: "\\t"}', (HEADER + ROW).replace(",", "\t").encode()),
        ("{skip: 2}", ("Export of 1 March\n\n" + HEADER + ROW).encode()),
        ("{header: false, names: [order, at, customer, sku, qty, price]}", ROW.encode()),
        ("{type: csv}", gzip.compress((HEADER + ROW).encode(), mtime=0)),
    ],
)
def test_formats(bench: Workbench, form: str, content: bytes) -> None:
    assert counts(bench.load_texts(with_format(form), content)) == [(1, 1, 0, 0)]
    assert bench.rows(LEDGER) == LOADED


def test_other_encodings_keep_their_letters(bench: Workbench) -> None:
    content = (HEADER + ROW).replace("SKU-1", "Käse-€").encode("windows-1252")
    bench.load_texts(with_format("{encoding: windows-1252}"), content)
    assert bench.value("SELECT sku FROM ledger") == "Käse-€"


def test_quoted_text_may_hold_delimiters_quotes_and_line_ends(bench: Workbench) -> None:
    quoted = '"1001",2026-03-01 10:00:00,"C1","a ""b"", c\nd",2,9.95\n'
    assert counts(bench.load_texts(SALES, HEADER + quoted + ROW)) == [(2, 2, 0, 0)]
    assert bench.rows("SELECT source_row, sku FROM ledger ORDER BY source_row") == [(1, 'a "b", c\nd'), (2, "SKU-1")]


def test_lines_that_are_no_rows_are_held_back_and_rows_keep_their_numbers(bench: Workbench) -> None:
    short, long, open_quote = "1002,2026-03-01 10:00:00\n", ROW.strip() + ",extra\n", '1003,"never closed,C1,S,1,1\n'
    (report,) = bench.load_texts(SALES, HEADER + ROW + short + ROW + long + long + ROW + open_quote)
    assert (report.rows_in, report.rows_new, report.rows_quarantined, report.rows_duplicate) == (7, 3, 4, 2)
    assert bench.rows("SELECT source_row FROM ledger ORDER BY 1") == [(1,), (3,), (6,)]
    held = bench.rows("SELECT source_row, rule, raw FROM quarantine ORDER BY 1")
    assert [row[:2] for row in held] == [(number, "unreadable_line") for number in (2, 4, 5, 7)]
    assert held[0][2] == '{"line":"1002,2026-03-01 10:00:00"}'


def test_a_row_of_another_encoding_is_held_back(bench: Workbench) -> None:
    content = (HEADER + ROW).encode() + ROW.replace("SKU-1", "Käse").encode("latin-1")
    assert counts(bench.load_texts(SALES, content)) == [(2, 1, 0, 1)]
    assert "utf-8" in str(bench.value("SELECT reason FROM quarantine"))


def test_a_large_file_with_bad_lines_keeps_its_row_numbers(bench: Workbench) -> None:
    # More than one of the blocks that DuckDB reads in parallel.
    lines = [f"{n},2026-03-01 10:00:00,C{n % 7},{'x' * 200},1,1.25\n" for n in range(1, 200_001)]
    for broken in (1, 77_777, 77_778, 200_000):
        lines[broken - 1] = f"{broken},broken\n"
    assert counts(bench.load_texts(SALES, HEADER + "".join(lines))) == [(200_000, 199_996, 0, 4)]
    assert bench.value("SELECT count(*) AS n FROM ledger WHERE source_row <> CAST(order_id AS BIGINT)") == 0
    assert bench.rows("SELECT source_row FROM quarantine ORDER BY 1") == [(1,), (77_777,), (77_778,), (200_000,)]


def test_parquet(bench: Workbench) -> None:
    table = pa.table(
        {
            "order": [1001],
            "at": [datetime.fromisoformat("2026-03-01 10:00")],
            "customer": ["C1"],
            "sku": ["SKU-1"],
            "qty": [2],
            "price": [Decimal("9.95")],
        }
    )
    path = bench.folder / "sales.parquet"
    pq.write_table(table, path)
    assert counts(bench.load(FileSource(parse_mapping(SALES, "shop.yml"), [path]))) == [(1, 1, 0, 0)]
    assert bench.rows(LEDGER) == LOADED


def workbook(*sheets: list[list[str | float]]) -> bytes:
    """Write a minimal Excel workbook."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packed = "http://schemas.openxmlformats.org/package/2006/relationships"

    def cell(value: str | float) -> str:
        if isinstance(value, float):
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'

    def sheet(rows: list[list[str | float]]) -> str:
        return "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)

    numbers = range(1, len(sheets) + 1)
    names = "".join(f'<sheet name="Sales {n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
    targets = "".join(
        f'<Relationship Id="r{n}" Type="{relation}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{packed}"><Relationship Id="r1" Type="{relation}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relation}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{packed}">{targets}</Relationships>',
    }
    for number, rows in zip(numbers, sheets, strict=True):
        parts[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{main}"><sheetData>{sheet(rows)}</sheetData></worksheet>'
        )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{content}')
    return target.getvalue()


def test_excel(bench: Workbench) -> None:
    header: list[str | float] = [*HEADER.strip().split(",")]
    content = workbook([header, ["1001", "2026-03-01 10:00:00", "C1", "SKU-1", 2.0, 9.95]])
    assert counts(bench.load_texts(with_format("{sheet: Sales 1}"), content)) == [(1, 1, 0, 0)]
    assert bench.rows(LEDGER) == LOADED


def test_every_sheet_with_the_same_columns_is_loaded_and_others_are_left_alone(bench: Workbench) -> None:
    header: list[str | float] = [*HEADER.strip().split(",")]
    first: list[str | float] = ["1001", "2026-03-01 10:00:00", "C1", "SKU-1", 2.0, 9.95]
    second: list[str | float] = ["1002", "2026-03-02 10:00:00", "C1", "SKU-1", 1.0, 9.95]
    blank: list[str | float] = ["", "", "", "", "", ""]
    bad: list[str | float] = ["1003", "soon", "C1", "SKU-1", 1.0, 9.95]
    content = workbook([header, first, blank], [["notes"], ["none"]], [header, first, second, bad])
    assert counts(bench.load_texts(SALES, content)) == [(1, 1, 0, 0), (3, 1, 1, 1)]
    assert [one.skipped for one in bench.load_texts(SALES, content)] == [True, True]
    assert bench.rows("SELECT delivery, source_row FROM quarantine") == [("export-0.csv › Sales 3", 3)]
    dated = SALES.replace("type: datetime", 'type: datetime, formats: ["%Y-%m-%d %H:%M:%S", soon]')
    assert counts(bench.replay(FileSource(parse_mapping(dated, "shop.yml")))) == [(1, 0, 0, 1)]


def test_a_calculated_cell_has_the_digits_a_workbook_shows(bench: Workbench) -> None:
    header: list[str | float] = [*HEADER.strip().split(",")]
    content = workbook([header, ["1001", "2026-03-01 10:00:00", "C1", "SKU-1", 1.0, 0.1 + 0.2]])
    assert counts(bench.load_texts(SALES, content)) == [(1, 1, 0, 0)]
    assert bench.value("SELECT amount FROM ledger") == Decimal("0.3000")


def test_a_real_workbook_is_read_whole(real_data: Path) -> None:
    from ecombi.sources.files.mapping import Format
    from ecombi.sources.files.reading import RAW, look_at, read

    file = look_at(real_data / "ecommerce-churn" / "E Commerce Dataset.xlsx", Format(sheet="E Comm"))
    with duckdb.connect() as connection:
        assert read(connection, file) == 5_630
        churn, customer, tenure = (f"c{file.columns.index(name)}" for name in ("Churn", "CustomerID", "Tenure"))
        found = connection.execute(
            f"SELECT sum({churn}::INT), min({customer}), max({customer}), count(*) FILTER ({tenure} = '') FROM {RAW}"
        ).fetchall()
    # Published: 948 of 5,630 left; customers 50001 to 55630; 264 have no tenure.
    assert found == [(948, "50001", "55630", 264)]


def archive() -> bytes:
    """Write a ZIP archive of one export."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        packed.writestr("sales.csv", HEADER + ROW)
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "export-0.csv is empty."),
        (b"\n\n", "export-0.csv is empty."),
        (HEADER.replace("price", "prize").encode(), "it has no column 'price'. Did you mean 'prize'?"),
        (HEADER.replace(",", ";").encode(), "it has no column 'order'."),
        (archive(), "export-0.csv is a ZIP archive. Unpack it and name the files in it."),
        (b"PAR1....", "export-0.csv is a Parquet file, not a text file."),
        (b"PK\x03\x04....", "export-0.csv is an Excel workbook, not a text file."),
        (b"%PDF-1.7", "export-0.csv is a PDF document, not a text file."),
        (b"\x00\x01\x02\x00\x00", "export-0.csv is not a text file in utf-8."),
        (HEADER.encode("utf-16"), "export-0.csv is not written in utf-8. Set encoding in the mapping's format"),
        (gzip.compress(HEADER.encode(), mtime=0)[:-12], "export-0.csv is damaged: it cannot be unpacked."),
    ],
    # The bytes of packed files have the time in them.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_export_is_answered_in_words(bench: Workbench, content: bytes, message: str) -> None:
    with pytest.raises(SourceSchemaError) as error:
        bench.load_texts(with_format("{type: csv}"), content)
    assert message in str(error.value)


def test_a_missing_file_and_a_folder_are_answered_in_words(bench: Workbench) -> None:
    mapping = parse_mapping(SALES, "shop.yml")
    with pytest.raises(SourceError, match=r"The file .*none\.csv cannot be opened: No such file or directory\."):
        bench.load(FileSource(mapping, [bench.folder / "none.csv"]))
    with pytest.raises(SourceError, match=r"is a folder\. Name the files in it."):
        bench.load(FileSource(mapping, [bench.folder]))


def test_a_file_of_another_name_than_the_mapping_knows_is_refused(bench: Workbench) -> None:
    mapping = SALES.replace("  - name: sales", '  - name: sales\n    match: "sales-*.csv"')
    with pytest.raises(SourceSchemaError, match=r"export-0\.csv is none of the files shop knows.*sales-\*\.csv"):
        bench.load_texts(mapping, HEADER + ROW)


def test_an_unreadable_date_is_held_back_with_its_row_and_the_expected_format(bench: Workbench) -> None:
    bench.load_texts(SALES, HEADER + ROW + ROW.replace("2026-03-01 10:00:00", "01/03/2026"))
    assert bench.rows("SELECT source_row, rule, column_name, value, reason FROM quarantine") == [
        (
            2,
            "unreadable_datetime",
            "at",
            "01/03/2026",
            "at '01/03/2026' is not a date from 1970 to 2199 written like 2011-11-30 16:05:00.",
        )
    ]


def test_a_damaged_parquet_file_is_answered_in_words(bench: Workbench) -> None:
    with pytest.raises(SourceSchemaError, match=r"export-0\.csv is damaged: it cannot be read as a Parquet file"):
        bench.load_texts(SALES, b"PAR1....")


def test_a_missing_number_of_a_parquet_file_is_no_value(bench: Workbench) -> None:
    columns = dict(
        zip(HEADER.strip().split(","), (["1001"], ["2026-03-01 10:00:00"], ["C"], ["S"], [1], [2.5]), strict=True)
    )
    path = bench.folder / "sales.parquet"
    pq.write_table(pa.table({**columns, "customer": [float("nan")]}), path)
    assert counts(bench.load(FileSource(parse_mapping(SALES, "shop.yml"), [path]))) == [(1, 1, 0, 0)]
    assert bench.value("SELECT customer_id FROM ledger") is None


def test_lines_that_end_in_several_ways_are_all_read(bench: Workbench) -> None:
    quoted = '"1002",2026-03-01 10:00:00,"C1","SKU-1",2,"9.95"\n'
    content = (HEADER + ROW).replace("\n", "\r\n") + quoted + ROW.replace("1001", "1003").replace("\n", "\r\n")
    assert counts(bench.load_texts(SALES, content)) == [(3, 3, 0, 0)]
    assert bench.rows("SELECT order_id, amount FROM ledger ORDER BY source_row") == [
        (order, Decimal("19.9000")) for order in ("1001", "1002", "1003")
    ]


@pytest.mark.parametrize("rows", [1_000, 400_000])
def test_a_quote_that_is_never_closed_does_not_swallow_the_rows_below_it(bench: Workbench, rows: int) -> None:
    below = "".join(f"{number},2026-03-01 10:00:00,C1,S,1,1\n" for number in range(rows))
    with pytest.raises(SourceSchemaError, match=r"a quote that is opened and never closed, in line 3 or below"):
        bench.load_texts(SALES, HEADER + ROW + '1003,"never closed,C1,S,1,1\n' + below)


def test_of_several_encodings_the_one_the_file_is_written_in_is_taken(bench: Workbench) -> None:
    both = with_format("{encoding: [utf-8, windows-1252]}")
    row = ROW.replace("SKU-1", "Käse-€")
    bench.load_texts(both, HEADER + row)
    assert counts(bench.load_texts(both, (HEADER + row).encode("windows-1252"))) == [(1, 0, 1, 0)]
    # One damaged letter does not make a file in UTF-8 one of another encoding.
    damaged = (HEADER + row.replace("1001", "1002")).encode() + row.encode("windows-1252")
    assert counts(bench.load_texts(both, damaged)) == [(2, 1, 0, 1)]
    assert bench.rows("SELECT DISTINCT sku FROM ledger") == [("Käse-€",)]


def test_a_text_with_a_nul_character_is_held_back(bench: Workbench) -> None:
    held = ROW.replace("SKU-1", "S\0") + ROW.replace(",2,", ",2\0,")
    assert counts(bench.load_texts(SALES, HEADER + ROW + held)) == [(3, 1, 0, 2)]
    assert bench.rows("SELECT rule, column_name, value FROM quarantine ORDER BY source_row") == [
        ("nul_character", "sku", "S\ufffd"),
        ("nul_character", "qty", "2\ufffd"),
    ]
