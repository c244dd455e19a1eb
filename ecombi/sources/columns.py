"""The columns of the warehouse's tables, as DuckDB names their types."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, Numeric, SmallInteger, Table
from sqlalchemy.types import TypeEngine

from ecombi.schema import tables


def duckdb_type(kind: TypeEngine[object]) -> str:
    """Return DuckDB's name of a column type."""
    if isinstance(kind, Numeric):
        return f"DECIMAL({kind.precision},{kind.scale})"
    for given, name in _TYPES:
        if isinstance(kind, given):
            return name
    return "VARCHAR"


def computed(table: Table) -> tuple[str, ...]:
    """Return the columns of a table that the loader fills and no source delivers."""
    own = (*tables.COMPUTED.get(table.name, ()), "source", "load_id", "loaded_at")
    return tuple(column.name for column in table.columns if column.name in own)


def delivered(table: Table) -> tuple[str, ...]:
    """Return the columns of a table that a source delivers."""
    left_out = computed(table)
    return tuple(column.name for column in table.columns if column.name not in left_out)


_TYPES: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (SmallInteger, "SMALLINT"),
    (BigInteger, "BIGINT"),
    (Integer, "INTEGER"),
    (DateTime, "TIMESTAMP"),
    (Date, "DATE"),
    (Boolean, "BOOLEAN"),
)
