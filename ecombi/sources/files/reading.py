"""Reading a file into a table of texts: every row it has, and apart from them the lines that are none."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING

from ecombi.errors import SourceSchemaError
from ecombi.sources.files import sql, texts
from ecombi.sources.files.mapping import Format

if TYPE_CHECKING:
    import duckdb

RAW = "file_rows"
UNREADABLE = "file_unreadable"

_MAGIC = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "excel", b"\xd0\xcf\x11\xe0": "excel", b"PAR1": "parquet", b"%PDF": "pdf"}
_CALLED = {"excel": "an Excel workbook", "parquet": "a Parquet file", "pdf": "a PDF document", "csv": "a text file"}
_CHUNK = 1 << 20
# Stands for "never": a text export has no such character, so lines stay whole.
_NOWHERE = "\x1f"


@dataclass(frozen=True, slots=True)
class File:
    """A file and how it is written.

    Attributes:
        path: Where it is.
        format: As the mapping declares it.
        type: csv, whitespace, parquet or excel.
        columns: Names of its columns from left to right, made distinct.
        encoding: Of a text file, the one of the declared encodings that it is written in.
    """

    path: Path
    format: Format
    type: str
    columns: tuple[str, ...]
    encoding: str


def content_of(path: Path) -> str:
    """Say what a file holds by its first bytes: gzip, zip, excel, parquet, pdf, or csv for any text."""
    with path.open("rb") as handle:
        start = handle.read(4096)
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            return "zip" if kind == "excel" and _is_archive(path) else kind
    return "csv"


def _is_archive(path: Path) -> bool:
    """Say whether a file is a ZIP archive of other files; a workbook is one of parts of its own."""
    try:
        with zipfile.ZipFile(path) as archive:
            return not any(name.startswith(("xl/", "content.xml")) for name in archive.namelist())
    except zipfile.BadZipFile:
        return False


def look_at(path: Path, form: Format) -> File:
    """Find a file's type and columns.

    Raises:
        SourceSchemaError: It is not of the declared type, not in the declared encoding, or empty.
    """
    content = content_of(path)
    if content == "zip":
        raise SourceSchemaError(f"{path.name} is a ZIP archive. Unpack it and name the files in it.")
    is_text = content in ("csv", "gzip")
    wanted = form.type or ("csv" if is_text else content)
    if is_text != (wanted in ("csv", "whitespace")) or (not is_text and content != wanted):
        found, meant = _CALLED[content if not is_text else "csv"], _CALLED.get(wanted, "a text file")
        raise SourceSchemaError(
            f"{path.name} is {found}, not {meant}. Export it again as {meant}, or change format in the mapping."
        )
    encoding = texts.encoding_of(path, form.encoding) if is_text else form.encoding[0]
    if wanted == "parquet":
        columns: Iterable[str] = _parquet_columns(path)
    elif wanted == "excel":
        columns = next(_excel_rows(path, form), [])
    else:
        columns = _first_record(path, form, wanted, encoding)
    names = _distinct(columns) if form.header else _named(tuple(columns), form.names or ())
    return File(path, form, wanted, names, encoding)


def _named(first: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    """Name the columns of a file without a header; a file of another width is not what the names are for."""
    return names if len(first) == len(names) else tuple(f"column {position}" for position in range(1, len(first) + 1))


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    for position, given in enumerate(names, 1):
        name = given.strip().lstrip("\ufeff") or f"column {position}"
        found.append(name if name not in found else f"{name} ({position})")
    return tuple(found)


@contextmanager
def _opened(path: Path, encoding: str, errors: str = "strict", newline: str | None = "") -> Iterator[IO[str]]:
    unpacked = gzip.open if texts.is_packed(path) else open
    bare = "utf-8-sig" if texts.is_utf8(encoding) else encoding
    with unpacked(path, "rt", encoding=bare, errors=errors, newline=newline) as handle:
        try:
            yield handle
        except UnicodeError as error:
            raise _wrong_encoding(path, encoding) from error
        except (gzip.BadGzipFile, EOFError) as error:
            raise SourceSchemaError(
                f"{path.name} is damaged: it cannot be unpacked. Copy or export it again."
            ) from error


def _wrong_encoding(path: Path, encoding: str) -> SourceSchemaError:
    return SourceSchemaError(
        f"{path.name} is not written in {encoding}. Set encoding in the mapping's format; "
        "exports from Windows are often windows-1252 or utf-16."
    )


def _first_record(path: Path, form: Format, kind: str, encoding: str) -> list[str]:
    # A bad letter further down is the matter of its own line, and not of the file.
    with _opened(path, encoding, "replace" if texts.is_utf8(encoding) else "strict") as handle:
        for _ in range(form.skip):
            handle.readline()
        start = handle.read(_CHUNK)
    if not start.strip():
        raise SourceSchemaError(f"{path.name} is empty.")
    if kind == "whitespace":
        return next(line.split() for line in start.splitlines() if line.strip())
    record = next(record for record in _records(start, form) if record)
    if any("\ufffd" in name for name in record):
        raise _wrong_encoding(path, encoding)
    if any("\0" in name for name in record):
        raise SourceSchemaError(
            f"{path.name} is not a text file in {encoding}. Export it as CSV, or set encoding in the mapping."
        )
    return record


def _records(text: str, form: Format) -> Iterator[list[str]]:
    lines = io.StringIO(text, newline="")
    if not form.quote:
        return csv.reader(lines, delimiter=form.delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=form.delimiter, quotechar=form.quote)


def _parquet_columns(path: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise SourceSchemaError(
            f"{path.name} is damaged: it cannot be read as a Parquet file. Export it again."
        ) from error


def read(connection: duckdb.DuckDBPyConnection, file: File) -> int:
    """Read a file into the temporary tables RAW and UNREADABLE.

    RAW has source_row and one text column c0, c1... per column of the file. UNREADABLE has the lines that are no rows:
    source_row, line, reason.

    Returns:
        How many rows the file has, readable or not.

    Raises:
        SourceSchemaError: The file breaks off or is damaged.
    """
    import duckdb

    connection.execute(f"CREATE OR REPLACE TEMP TABLE {UNREADABLE} (source_row BIGINT, line VARCHAR, reason VARCHAR)")
    try:
        return _READERS[file.type](connection, file)
    except duckdb.Error as error:
        raise SourceSchemaError(f"{file.path.name} cannot be read: {str(error).splitlines()[0]}") from error


@contextmanager
def _in_order(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    # Row numbers are those of the file only while DuckDB keeps its order; a builder does not, to sort with less memory.
    before = connection.execute("SELECT current_setting('preserve_insertion_order')").fetchall()[0][0]
    connection.execute("SET preserve_insertion_order = true")
    yield
    # Not after a failure: the builder takes no statement any more then, and is thrown away.
    connection.execute(f"SET preserve_insertion_order = {str(before).lower()}")


@contextmanager
def _as_utf8(file: File) -> Iterator[Path]:
    mixed = texts.has_mixed_line_ends(file.path)
    if texts.is_utf8(file.encoding) and not mixed:
        yield file.path
        return
    # Bytes that are no letters stay what they are, and make their line an unreadable one.
    errors = "surrogateescape" if texts.is_utf8(file.encoding) else "strict"
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "utf8.csv"
        with (
            _opened(file.path, file.encoding, errors, newline=None if mixed else "") as source,
            copy.open("w", encoding="utf-8", errors="surrogateescape", newline="") as target,
        ):
            while chunk := source.read(_CHUNK):
                target.write(chunk)
        yield copy


def _scan(path: Path, columns: Iterable[str], *, delimiter: str, quote: str, skip: int, header: bool) -> str:
    packed = "gzip" if texts.is_packed(path) else "none"
    types = ", ".join(f"{sql.text(column)}: 'VARCHAR'" for column in columns)
    options = {
        "columns": f"{{{types}}}",
        "auto_detect": "false",
        "header": str(header).lower(),
        "skip": str(skip),
        "delim": sql.text(delimiter),
        "quote": sql.text(quote),
        "escape": sql.text(quote),
        "compression": sql.text(packed),
        "strict_mode": "true",
        # Lines that are no rows go to a table of their own, all of them.
        "store_rejects": "true",
        "rejects_limit": "0",
        "rejects_table": "'file_rejects'",
        "rejects_scan": "'file_scans'",
    }
    return f"read_csv({sql.text(str(path))}, {', '.join(f'{name} = {value}' for name, value in options.items())})"


def _read_csv(connection: duckdb.DuckDBPyConnection, file: File) -> int:
    form, columns = file.format, [f"c{position}" for position in range(len(file.columns))]
    _forget_rejects(connection)
    with _as_utf8(file) as path, _in_order(connection):
        scan = _scan(path, columns, delimiter=form.delimiter, quote=form.quote, skip=form.skip, header=form.header)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {RAW} AS SELECT row_number() OVER () AS source_row, * FROM {scan}"
        )
        before = form.skip + form.header
        connection.execute(
            f"INSERT INTO {UNREADABLE} SELECT min(line) - {before}, first(csv_line ORDER BY column_idx), "
            "first(error_message ORDER BY column_idx) FROM file_rejects GROUP BY line_byte_position"
        )
        _forget_rejects(connection)
        readable = _count(connection, RAW)
        rejected = _count(connection, UNREADABLE)
        if rejected:
            _account_for_lines(connection, file, path)
            _number_around_rejects(connection)
    return readable + rejected


def _account_for_lines(connection: duckdb.DuckDBPyConnection, file: File, path: Path) -> None:
    """Make sure that no line was lost: a quote that is never closed takes all lines below it along.

    Raises:
        SourceSchemaError: Lines are missing.
    """
    cells = [f"c{position}" for position in range(len(file.columns))]
    found = 0
    for relation, columns in ((RAW, cells), (UNREADABLE, ["rtrim(line, chr(13) || chr(10))"])):
        more = " + ".join(f"coalesce(length({one}) - length(replace({one}, chr(10), '')), 0)" for one in columns)
        found += _count(connection, relation) + _total(connection, f"SELECT coalesce(sum({more}), 0) FROM {relation}")
    above = file.format.skip + file.format.header + sum(name.count("\n") for name in file.columns)
    if found + above < texts.count_lines(path):
        row = _total(connection, f"SELECT min(source_row) FROM {UNREADABLE} WHERE reason LIKE '%quote%'")
        raise SourceSchemaError(
            f"{file.path.name} has a quote that is opened and never closed, in line {row + above} or below, so that "
            "its rows cannot be told apart. Close it, or set quote in the mapping's format."
        )


def _forget_rejects(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("DROP TABLE IF EXISTS file_rejects; DROP TABLE IF EXISTS file_scans")


def _number_around_rejects(connection: duckdb.DuckDBPyConnection) -> None:
    """Give readable rows their number in the file: the k-th comes after each unreadable one with fewer before it."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {RAW} AS
        WITH gaps AS (
            SELECT before, max(unreadable) AS unreadable FROM (
                SELECT source_row - row_number() OVER (ORDER BY source_row) AS before,
                       row_number() OVER (ORDER BY source_row) AS unreadable FROM {UNREADABLE})
            GROUP BY before)
        SELECT r.* REPLACE (r.source_row + coalesce(g.unreadable, 0) AS source_row)
        FROM {RAW} r ASOF LEFT JOIN gaps g ON r.source_row > g.before
        """
    )


def _read_whitespace(connection: duckdb.DuckDBPyConnection, file: File) -> int:
    form, width = file.format, len(file.columns)
    parts = ", ".join(f"parts[{position + 1}] AS c{position}" for position in range(width))
    with _as_utf8(file) as path, _in_order(connection):
        scan = _scan(path, ["line"], delimiter=_NOWHERE, quote="", skip=form.skip, header=form.header)
        connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE file_lines AS
            SELECT row_number() OVER () AS source_row, line, string_split_regex(line, '[ ' || chr(9) || ']+') AS parts
            FROM (SELECT trim(line, ' ' || chr(9) || chr(13)) AS line FROM {scan}) WHERE line <> ''
            """
        )
    _forget_rejects(connection)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {RAW} AS SELECT source_row, {parts} FROM file_lines WHERE len(parts) = {width}; "
        f"INSERT INTO {UNREADABLE} SELECT source_row, line, 'Expected {width} values, found ' || len(parts) "
        f"FROM file_lines WHERE len(parts) <> {width}"
    )
    rows = _count(connection, "file_lines")
    connection.execute("DROP TABLE file_lines")
    return rows


def _read_parquet(connection: duckdb.DuckDBPyConnection, file: File) -> int:
    path = sql.text(str(file.path))
    # What some programs write where a number is missing.
    columns = ", ".join(
        f"nullif(CAST({sql.name(column)} AS VARCHAR), 'nan') AS c{position}"
        for position, column in enumerate(file.columns)
    )
    with _in_order(connection):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {RAW} AS SELECT file_row_number + 1 AS source_row, {columns} "
            f"FROM read_parquet({path}, file_row_number = true)"
        )
    return _total(connection, f"SELECT num_rows FROM parquet_file_metadata({path})")


def sheets(path: Path) -> list[str]:
    """Return the names of a workbook's sheets, in order."""
    import python_calamine

    return list(python_calamine.load_workbook(str(path)).sheet_names)


def _excel_rows(path: Path, form: Format) -> Iterator[list[str]]:
    """Yield the rows of a sheet as texts; without a sheet's name, of the first one."""
    import python_calamine

    try:
        book = python_calamine.load_workbook(str(path))
        sheet = book.get_sheet_by_name(form.sheet) if form.sheet else book.get_sheet_by_index(0)
        rows = sheet.to_python()
    except (python_calamine.CalamineError, OSError) as error:
        wanted = f" has no sheet {form.sheet!r}, or" if form.sheet else ""
        raise SourceSchemaError(f"{path.name}{wanted} cannot be read: {error}.") from error
    for row in rows[form.skip :]:
        cells = [_cell(value) for value in row]
        if any(cells):
            yield cells


def _cell(value: object) -> str:
    if isinstance(value, float):
        # The digits a workbook shows: it stores 0.3 as 0.30000000000000004 where that is how it was calculated.
        return f"{Decimal(f'{value:.15g}'):f}"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _read_excel(connection: duckdb.DuckDBPyConnection, file: File) -> int:
    import pyarrow as pa

    rows = list(_excel_rows(file.path, file.format))[1 if file.format.header else 0 :]
    values = list(zip(*rows, strict=True)) or [() for _ in file.columns]
    texts = {f"c{position}": pa.array(column, pa.string()) for position, column in enumerate(values)}
    numbers = pa.array(range(1, len(rows) + 1), pa.int64())
    connection.register("file_cells", pa.table({"source_row": numbers, **texts}))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {RAW} AS SELECT * FROM file_cells")
    connection.unregister("file_cells")
    return len(rows)


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    return _total(connection, f"SELECT count(*) FROM {relation}")


def _total(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    (found,) = connection.execute(query).fetchall()[0]
    return int(found or 0)


_READERS = {"csv": _read_csv, "whitespace": _read_whitespace, "parquet": _read_parquet, "excel": _read_excel}
