"""How the tables of the warehouse are written down: types of money, keys, columns with their meaning."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Integer, MetaData, Numeric, Table
from sqlalchemy.types import TypeEngine

metadata = MetaData()

MONEY = Numeric(18, 4)
SUM = Numeric(28, 4)
RATE = Numeric(18, 8)

_Type = TypeEngine[Any] | type[TypeEngine[Any]]


def table(name: str, grain: str, key: tuple[str, ...], *columns: Column[Any], unknown: tuple[str, ...] = ()) -> Table:
    """Return a table with its grain as comment.

    Args:
        name: Its name.
        grain: What one row is.
        key: Columns that identify a row; they are required.
        columns: All of its columns.
        unknown: Columns of the key that may be null: unknown is a value of its own.
    """
    for named in columns:
        named.nullable = named.nullable and (named.name not in key or named.name in unknown)
    return Table(name, metadata, *columns, comment=grain, info={"key": key})


def column(name: str, kind: _Type, meaning: str, *, required: bool = False) -> Column[Any]:
    """Return a column with its meaning as comment, and the unit of money."""
    if kind in (MONEY, SUM) and "currency" not in meaning:
        meaning = f"{meaning} In the shop's currency."
    return Column(name, kind, comment=meaning, nullable=not required)


def load_id() -> Column[Any]:
    """Return the column that says which load wrote a row last."""
    return column("load_id", Integer, "The load that last wrote this row; see loads.", required=True)


def key_of(table: Table) -> tuple[str, ...]:
    """Return the names of the columns that identify one row."""
    key: tuple[str, ...] = table.info["key"]
    return key
