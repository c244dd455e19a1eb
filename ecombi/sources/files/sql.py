"""Names and texts as DuckDB SQL writes them."""

from __future__ import annotations

from collections.abc import Iterable


def name(value: str) -> str:
    """Quote an identifier."""
    return '"' + value.replace('"', '""') + '"'


def text(value: str) -> str:
    """Write a text as a literal."""
    return "'" + value.replace("'", "''") + "'"


def texts(values: Iterable[str]) -> str:
    """Write texts as a comma separated list of literals."""
    return ", ".join(text(value) for value in values)
