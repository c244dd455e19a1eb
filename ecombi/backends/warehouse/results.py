"""PostgreSQL query results as Arrow tables of the types DuckDB would give."""

from __future__ import annotations

import re

import psycopg
import pyarrow as pa
from psycopg.types.string import TextLoader

from ecombi.errors import BackendError

_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$([A-Za-z_]\w*)")

_TYPES = {
    "bool": pa.bool_(),
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "text": pa.string(),
    "varchar": pa.string(),
    "bpchar": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", tz="UTC"),
}
_SUM = pa.decimal128(38, 4)


def with_placeholders(sql: str) -> str:
    """Write `$name` as psycopg does, `%(name)s`, but not inside quotes; every other percent sign is kept as itself."""
    return _TOKEN.sub(lambda token: f"%({token[1]})s" if token[1] else token[0], sql.replace("%", "%%"))


def fetch(connection: psycopg.Connection, sql: str, params: dict[str, object]) -> pa.Table:
    """Run a statement and return all its rows.

    Raises:
        BackendError: The statement is not a reading one, or a column has a type or a value that has no place here.
        psycopg.Error: The server refused.
    """
    with connection.cursor() as cursor:
        # Arrow reads decimals from text much faster than from Decimal objects.
        cursor.adapters.register_loader("numeric", TextLoader)
        cursor.execute(with_placeholders(sql).encode(), params)
        if cursor.description is None:
            raise BackendError(f"This statement returns nothing to read: {sql}")
        rows = cursor.fetchall()
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(cursor.description)
        names = [column.name for column in cursor.description]
        arrays = [_array(column, values) for column, values in zip(cursor.description, columns, strict=True)]
    return pa.Table.from_arrays(arrays, names=names)


def _array(column: psycopg.Column, values: tuple[object, ...]) -> pa.Array:
    try:
        if column.type_display.startswith("numeric"):
            return _decimals(column, pa.array(values, pa.string()))
        return pa.array(values, _TYPES[column.type_display.partition("(")[0]])
    except KeyError:
        raise BackendError(
            f"Column {column.name} is of type {column.type_display}, which is not read. Cast it to text in the query."
        ) from None
    except pa.ArrowInvalid as error:
        raise BackendError(
            f"Column {column.name} has a value that does not fit its type: {error}. "
            "Cast it in the query, to numeric(38, 8) for example or to double precision."
        ) from error


def _decimals(column: psycopg.Column, texts: pa.Array) -> pa.Array:
    if column.scale is not None:
        return texts.cast(pa.decimal128(min(column.precision or 38, 38), column.scale))
    # A computed numeric does not say its scale: sums of whole numbers come without a point, sums of money with one.
    if len(texts) > texts.null_count and not any("." in text for text in texts.drop_null().to_pylist()):
        return texts.cast(pa.int64())
    return texts.cast(_SUM)
