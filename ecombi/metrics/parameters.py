"""Values that are bound when the SQL runs, so that one SQL serves every question of its shape."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import ibis
import ibis.expr.types as ir
from ibis.config import Config

_BOUND: Final = re.compile(r"'§(\w+)§'")


def parameter(name: str, kind: str) -> ir.Value:
    """Return a value that is bound when the SQL runs: a text nobody writes stands for it while ibis compiles."""
    return ibis.literal(f"§{name}§").cast(kind)


class _SparkOptions(Config):  # type: ignore[misc]  # ibis is untyped
    treat_nan_as_null: bool = False


def to_sql(expression: ir.Table, dialect: str) -> str:
    """Write an expression in SQL, with `$name` where a parameter goes."""
    if ibis.options.pyspark is None:
        # What ibis would set by importing pyspark, which only whoever runs the SQL needs.
        ibis.options.pyspark = _SparkOptions()
    return _BOUND.sub(r"$\1", str(ibis.to_sql(expression, dialect=dialect)))


@lru_cache(maxsize=1024)
def names_in(sql: str) -> frozenset[str]:
    """Return the names of the parameters of an SQL text."""
    return frozenset(re.findall(r"\$(\w+)", sql))
