"""Moving rows between the builder and a PostgreSQL server, both ways by COPY."""

from __future__ import annotations

import io
from pathlib import Path

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.csv
from sqlalchemy import Table

from ecombi.backends.warehouse import ddl
from ecombi.schema.tables import key_of, version_of

_BATCH = 50_000
_DATES = {"ledger": ("event_on", "order_on")}
"""Columns by which whole periods are read: indexed, and the first is the order of the rows on disk."""

# Longest row that can come back from the server; quarantined rows carry their whole text.
_LONGEST_ROW = 128 * 1024 * 1024

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = to_regnamespace('ecombi') AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
"""


def send(builder: duckdb.DuckDBPyConnection, server: psycopg.Connection, derived: tuple[Table, ...]) -> None:
    """Bring the server's tables to the builder's state; the caller has a transaction open on both."""
    if server.execute("SELECT to_regnamespace('ecombi')").fetchone() == (None,):
        server.execute("CREATE SCHEMA ecombi")
    changes = ddl.missing((ddl.publication, *ddl.ALL), _columns_on(server), derived=derived)
    server.execute(";\n".join(changes).encode())
    published = _value(server, "SELECT coalesce(max(load_id), 0) FROM loads")
    for table in (*ddl.ALL, *derived):
        version = version_of(table)
        if version:
            changed = _send_changes(builder, server, table, f"{version} > {published}")
        else:
            server.execute(f"DELETE FROM {table.name}".encode())
            _copy(builder, server, table, table.name, "")
            changed = True
        if changed:
            # A table in its first publication gets its indexes after its rows, which is faster.
            server.execute("; ".join([*_indexes(table), f"ANALYZE {table.name}"]).encode())


def refill(
    server: psycopg.Connection, builder: duckdb.DuckDBPyConnection, scratch: Path, derived: tuple[Table, ...]
) -> None:
    """Fill the builder's empty tables with what the server has, as of one instant; the caller commits the builder.

    The rows of one table at a time pass through the file `scratch`, which is removed afterwards. Derived tables in an
    outdated form stay empty: they are built again.
    """
    server.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    existing = _columns_on(server)
    old_ones = ddl.outdated(derived, existing)
    path = str(scratch).replace("'", "''")
    try:
        for table in (table for table in (*ddl.ALL, *derived) if table.name not in old_ones):
            names = ddl.quoted(c.name for c in table.columns if c.name in existing.get(table.name, ()))
            if names:
                query = f"COPY {table.name} ({names}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)"
                with scratch.open("wb") as file, server.cursor().copy(query.encode()) as blocks:
                    for block in blocks:
                        file.write(block)
                builder.execute(
                    f"COPY {table.name} ({names}) FROM '{path}' "
                    "(FORMAT csv, HEADER false, AUTO_DETECT false, DELIMITER ',', QUOTE '\"', ESCAPE '\"', "
                    f"NULLSTR '', ALLOW_QUOTED_NULLS false, MAX_LINE_SIZE {_LONGEST_ROW})"
                )
    finally:
        scratch.unlink(missing_ok=True)
    server.execute("COMMIT")


def _columns_on(server: psycopg.Connection) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in server.execute(_COLUMNS).fetchall():
        found.setdefault(table, {})[column] = kind
    return found


def _send_changes(builder: duckdb.DuckDBPyConnection, server: psycopg.Connection, table: Table, newer: str) -> bool:
    # A table that is new on the server, or made anew, wants the rows of earlier loads too.
    empty = _value(server, f"SELECT count(*) FROM (SELECT FROM {table.name} LIMIT 1) AS any_row") == 0
    where = "" if empty else f"WHERE {newer}"
    if builder.execute(f"SELECT count(*) FROM {table.name} {where}").fetchall() == [(0,)]:
        return False
    if empty:
        _copy(builder, server, table, table.name, where)
        return True
    server.execute(f"CREATE TEMP TABLE incoming ON COMMIT DROP AS SELECT * FROM {table.name} WHERE false".encode())
    _copy(builder, server, table, "incoming", where)
    names = [ddl.quoted([column.name]) for column in table.columns]
    values = ", ".join(f"{name} = excluded.{name}" for name in names)
    listed = ", ".join(names)
    server.execute(
        f"INSERT INTO {table.name} ({listed}) SELECT {listed} FROM incoming "
        f"ON CONFLICT ({ddl.quoted(key_of(table))}) DO UPDATE SET {values}".encode()
    )
    server.execute("DROP TABLE incoming")
    return True


def _copy(builder: duckdb.DuckDBPyConnection, server: psycopg.Connection, table: Table, into: str, where: str) -> None:
    names = ddl.quoted(table.columns.keys())
    order = f"ORDER BY {_DATES[table.name][0]}" if table.name in _DATES else ""
    batches = builder.sql(f"SELECT {names} FROM {table.name} {where} {order}").to_arrow_reader(_BATCH)
    # Arrow writes null as nothing and every text in quotes, which is how COPY tells null from an empty text.
    options = pa.csv.WriteOptions(include_header=False)
    with server.cursor().copy(f"COPY {into} ({names}) FROM STDIN (FORMAT csv)".encode()) as copy:
        for batch in batches:
            buffer = io.BytesIO()
            pa.csv.write_csv(batch, buffer, options)
            copy.write(buffer.getbuffer())


def _indexes(table: Table) -> list[str]:
    key = ddl.quoted(key_of(table))
    unique = f"CREATE UNIQUE INDEX IF NOT EXISTS {table.name}_key ON {table.name} ({key}) NULLS NOT DISTINCT"
    dates = [
        f"CREATE INDEX IF NOT EXISTS {table.name}_{column} ON {table.name} ({column})"
        for column in _DATES.get(table.name, ())
    ]
    return [unique, *dates]


def _value(server: psycopg.Connection, query: str) -> int:
    row = server.execute(query.encode()).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always returns a row
    return int(row[0])
