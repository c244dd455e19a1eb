"""CREATE, COMMENT and ALTER statements of every table, from the one schema, in SQL that both engines take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Uuid
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable, DDLElement, SetColumnComment, SetTableComment

from ecombi.schema import tables

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

ALL = (*tables.BOOKKEEPING, *tables.LOADED, *tables.BUILT)
"""Every table of the schema."""


def _sql(element: DDLElement) -> str:
    return str(element.compile(dialect=_DIALECT)).strip()


def quoted(names: Iterable[str]) -> str:
    """Return column names as a list for SQL, quoted where they must be."""
    return ", ".join(_DIALECT.identifier_preparer.quote(name) for name in names)


def missing(wanted: Iterable[Table], existing: Mapping[str, set[str]]) -> Iterator[str]:
    """Yield the statements that bring a database with the `existing` columns per table up to the `wanted` tables.

    A column added to a table that has rows is null in them, required or not.
    """
    for table in wanted:
        old = existing.get(table.name)
        if old is None:
            yield _sql(CreateTable(table))
            yield _sql(SetTableComment(table))
        for column in table.columns:
            if old is not None and column.name not in old:
                kind = _DIALECT.type_compiler_instance.process(column.type)
                yield f"ALTER TABLE {quoted([table.name])} ADD COLUMN {quoted([column.name])} {kind}"
            if old is None or column.name not in old:
                yield _sql(SetColumnComment(column))
