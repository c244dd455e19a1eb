"""The whole warehouse as Parquet files, for an engine whose machines read files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb
from sqlalchemy import Date, Table

from ecombi.backends.warehouse import ddl

_LAYOUT = "FORMAT parquet, ROW_GROUP_SIZE 122880, FILE_SIZE_BYTES '32MB', FILENAME_PATTERN 'part-{i}'"
"""Row groups small enough to be skipped by their days, files large enough not to be many."""


def write(connection: duckdb.DuckDBPyConnection, tables: Iterable[Table], folder: Path) -> None:
    """Write every table to `folder`/<table>/part-*.parquet, its rows in the order of its first column of days.

    Nothing is committed or changed, so a build can be written before it is published.

    Raises:
        duckdb.Error: The disk is full, or the build has failed before.
        FileExistsError: The folder is there already.
    """
    folder.mkdir(parents=True)
    for table in tables:
        days = [column.name for column in table.columns if isinstance(column.type, Date)]
        order = f"ORDER BY {ddl.quoted(days[:1])}" if days else ""
        path = str(folder / table.name).replace("'", "''")
        query = f"SELECT {ddl.quoted(table.columns.keys())} FROM {ddl.quoted([table.name])} {order}"
        connection.execute(f"COPY ({query}) TO '{path}' ({_LAYOUT})")
