"""Online Retail as it goes around: other names, dates, letters and file formats, and always the same rows."""

from __future__ import annotations

import csv
import gzip
import io
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ecombi.sources.files import FileSource, find_mapping
from tests.etl.workbench import PROJECT_MAPPINGS, Workbench, counts

pytestmark = pytest.mark.real_data

ROWS = 2_000
SECOND = ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country"]


@pytest.fixture(scope="module")
def lines(real_data: Path) -> list[list[str]]:
    """The header and first lines of the export, one description with letters that encodings differ in."""
    with gzip.open(real_data / "online-retail" / "online_retail_all.csv.gz", "rt", newline="") as file:
        found = list(islice(csv.reader(file), ROWS + 1))
    found[1][2] = "£ CAFÉ CUP"
    return found


def written(rows: list[list[str]], **options: str) -> str:
    target = io.StringIO()
    csv.writer(target, lineterminator="\n", **options).writerows(rows)
    return target.getvalue()


def month_first(rows: list[list[str]]) -> list[list[str]]:
    """As Excel in America writes the dates, and customers without a point."""
    changed = [[*row] for row in rows]
    for row in changed[1:]:
        at = datetime.fromisoformat(row[4])
        row[4], row[6] = f"{at.month}/{at.day}/{at.year} {at.hour}:{at:%M}", row[6].removesuffix(".0")
    return changed


def test_every_way_it_is_written_gives_the_same_rows(bench: Workbench, lines: list[list[str]]) -> None:
    source = find_mapping("online-retail", PROJECT_MAPPINGS)
    assert counts(bench.load_texts(source, written(lines), name="first")) == [(ROWS, ROWS, 0, 0)]
    american, shuffled = month_first(lines), [[*reversed(row), "more"] for row in lines]
    variants = [
        written(american).encode("latin-1"),
        ("\ufeff" + written(american)).replace("\n", "\r\n").encode(),
        written([SECOND, *lines[1:]]).encode(),
        written([SECOND, *american[1:]]).encode("latin-1"),
        written([shuffled[0], *reversed(shuffled[1:])]).encode(),
    ]
    assert counts(bench.load_texts(source, *variants)) == [(ROWS, 0, ROWS, 0)] * len(variants)
    assert bench.value("SELECT count(*) FROM ledger") == ROWS


def test_a_parquet_file_gives_the_same_rows(bench: Workbench, lines: list[list[str]]) -> None:
    source = find_mapping("online-retail", PROJECT_MAPPINGS)
    bench.load_texts(source, written(lines))
    columns = dict(zip(lines[0], map(list, zip(*lines[1:], strict=True)), strict=True))
    typed = {
        **columns,
        "Quantity": [int(value) for value in columns["Quantity"]],
        "InvoiceDate": [datetime.fromisoformat(value) for value in columns["InvoiceDate"]],
        "UnitPrice": [float(value) for value in columns["UnitPrice"]],
        "CustomerID": [float(value) if value else float("nan") for value in columns["CustomerID"]],
    }
    path = bench.folder / "lines.parquet"
    pq.write_table(pa.table(typed), path)
    assert counts(bench.load(FileSource(source, [path]))) == [(ROWS, 0, ROWS, 0)]


def test_two_halves_are_the_whole(bench: Workbench, lines: list[list[str]]) -> None:
    source = find_mapping("online-retail", PROJECT_MAPPINGS)
    # Between two invoices: lines that are equal within one are counted.
    middle = next(place for place in range(ROWS // 2, ROWS) if lines[place][0] != lines[place + 1][0]) + 1
    halves = [lines[:middle], [lines[0], *lines[middle:]]]
    loaded = counts(bench.load_texts(source, *(written(half) for half in halves)))
    assert loaded == [(middle - 1, middle - 1, 0, 0), (ROWS + 1 - middle, ROWS + 1 - middle, 0, 0)]
    assert counts(bench.load_texts(source, written(lines), name="whole")) == [(ROWS, 0, ROWS, 0)]
    expected = sum((int(row[3]) * Decimal(row[5]) for row in lines[1:]), Decimal())
    assert bench.value("SELECT sum(amount) FROM ledger") == expected
