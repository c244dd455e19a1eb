"""CREATE, COMMENT and ALTER statements of every table, from the one schema, in SQL that both engines take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Uuid
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable, DDLElement, SetColumnComment, SetTableComment

from ecombi.schema import tables
from ecombi.schema.tables import key_of

# Named parameters, so that a percent sign in a comment stays one.
_DIALECT = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]  # untyped in SQLAlchemy

publication = Table(
    "publication",
    MetaData(),
    Column("publication_id", Uuid, nullable=False, comment="Made anew with each publication."),
    Column("number", Integer, nullable=False, comment="The latest snapshot."),
    Column("published_at", DateTime, nullable=False, comment="UTC."),
    comment="One row: what was published last.",
)
"""Kept beside the data on a server."""

ALL = (*tables.BOOKKEEPING, *tables.LOADED, *tables.HISTORY, *tables.BUILT)
"""Every table of the schema; a warehouse may be given derived ones on top."""

Columns = Mapping[str, Mapping[str, str]]
"""What a database has: table -> column -> type, in the words of DuckDB or of PostgreSQL."""

_SYNONYMS = {
    "numeric": "decimal",
    "charactervarying": "varchar",
    "doubleprecision": "double",
    "timestampwithouttimezone": "timestamp",
}


def _sql(element: DDLElement) -> str:
    return str(element.compile(dialect=_DIALECT)).strip()


def quoted(names: Iterable[str]) -> str:
    """Return column names as a list for SQL, quoted where they must be."""
    return ", ".join(_DIALECT.identifier_preparer.quote(name) for name in names)


def outdated(derived: Iterable[Table], existing: Columns) -> set[str]:
    """Return the names of the derived tables that exist in a form which no added column can bring up to date.

    One has a column that is wanted no more or is of another type, or lacks one of its key or a required one.
    """
    return {table.name for table in derived if table.name in existing and _differs(table, existing[table.name])}


def _differs(table: Table, old: Mapping[str, str]) -> bool:
    present = {(name, _plain(has)) for name, has in old.items()}
    wanted = {(column.name, _plain(kind(column))) for column in table.columns}
    absent = [table.columns[name] for name, _ in wanted - present]
    return not present <= wanted or any(not column.nullable or column.name in key_of(table) for column in absent)


def kind(column: Column[Any]) -> str:
    """Return a column's type as SQL writes it, for example NUMERIC(18, 4)."""
    return _DIALECT.type_compiler_instance.process(column.type)


def _plain(words: str) -> str:
    name, bracket, size = words.lower().replace(" ", "").partition("(")
    return _SYNONYMS.get(name, name) + bracket + size


def missing(wanted: Iterable[Table], existing: Columns, *, derived: Iterable[Table] = ()) -> Iterator[str]:
    """Yield the statements that bring a database with the `existing` columns up to the `wanted` and `derived` tables.

    A column added to a table that has rows is null in them, required or not. Derived tables can be built again from
    the others: where adding columns is not enough, they are dropped and made anew.
    """
    old_ones = outdated(derived := tuple(derived), existing)
    for name in sorted(old_ones):
        yield f"DROP TABLE {quoted([name])}"
    for table in (*wanted, *derived):
        old = None if table.name in old_ones else existing.get(table.name)
        if old is None:
            yield _sql(CreateTable(table))
            yield _sql(SetTableComment(table))
        for column in table.columns:
            if old is not None and column.name not in old:
                yield f"ALTER TABLE {quoted([table.name])} ADD COLUMN {quoted([column.name])} {kind(column)}"
            if old is None or column.name not in old:
                yield _sql(SetColumnComment(column))
