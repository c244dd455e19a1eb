"""The ledger tied out: rows, quantity and exact amount per group, to compare with the file it came from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Protocol

from ecombi.errors import ConfigurationError, did_you_mean
from ecombi.schema import tables
from ecombi.schema.periods import Grain, parse_day
from ecombi.sources.columns import duckdb_type

if TYPE_CHECKING:
    import pyarrow as pa

_COMPARISONS = {"=": "=", "!=": "IS DISTINCT FROM", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_OTHERS = ("known", "unknown", "starts", "not-starts")
_WRITTEN = re.compile(
    r"\s*(?P<column>\w+)\s*(?:(?P<sign><=|>=|!=|=|<|>)\s*(?P<value>.*?)|\s(?P<word>[\w-]+)(?:\s+(?P<rest>.*?))?)\s*"
)
_BEYOND = 10**18
"""Both engines can compare a number of fewer digits with every column."""
_GRAINS = tuple(grain.value for grain in Grain if grain is not Grain.HOUR)


class Reader(Protocol):
    """What answers a reading statement: any warehouse."""

    def arrow(self, sql: str, params: Mapping[str, object] | None = None) -> pa.Table:
        """Run one statement with `$name` where a value goes."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a column of the ledger must be.

    Attributes:
        column: Name of the column.
        op: = != < <= > >= known unknown starts not-starts.
        value: What it is compared with; empty for known and unknown.
    """

    column: str
    op: str
    value: str = ""

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read a condition such as `qty>0`, `customer_id known` or `order_id not-starts C`.

        Raises:
            ConfigurationError: It is not one.
        """
        match = _WRITTEN.fullmatch(text)
        if match is None:
            raise ConfigurationError(
                f"{text!r} is not a condition. Write a column, then = != < <= > >= starts or not-starts and a value, "
                "or known or unknown: for example 'qty>0' or 'customer_id known'."
            )
        if match["sign"]:
            return cls(match["column"], match["sign"], match["value"])
        column, word, rest = match["column"], match["word"], match["rest"] or ""
        if word in ("known", "unknown") and rest:
            raise ConfigurationError(f"{text!r} is not a condition: {word} takes no value. Write '{column} {word}'.")
        if word in ("starts", "not-starts") and not rest:
            raise ConfigurationError(f"{text!r} is not a condition: {word} needs a value, as in '{column} {word} A'.")
        return cls(column, word, rest)

    def sql(self, parameter: str) -> str:
        """Return the condition in SQL, with its value under the name `parameter`.

        Raises:
            ConfigurationError: There is no such operator.
        """
        if self.op in _COMPARISONS:
            return f"{self.column} {_COMPARISONS[self.op]} ${parameter}"
        if self.op == "known":
            return f"{self.column} IS NOT NULL"
        if self.op == "unknown":
            return f"{self.column} IS NULL"
        if self.op in ("starts", "not-starts"):
            return f"{'NOT ' if self.op == 'not-starts' else ''}starts_with(coalesce({self.column}, ''), ${parameter})"
        raise ConfigurationError(f"Unknown condition {self.op!r}. {did_you_mean(self.op, [*_COMPARISONS, *_OTHERS])}")

    def typed_value(self) -> str | Decimal | int | date:
        """Return the value as the column's type.

        Raises:
            ConfigurationError: It cannot be read as that.
            PeriodError: It is not a day.
        """
        kind = duckdb_type(tables.ledger.c[self.column].type)
        if kind == "VARCHAR":
            return self.value
        if self.op in ("starts", "not-starts"):
            raise ConfigurationError(f"{self.op} is for texts, but {self.column} is none. Compare it with = < or >.")
        if kind == "DATE":
            return parse_day(self.value)
        try:
            number = Decimal(self.value) if kind.startswith("DECIMAL") else Decimal(int(self.value))
            if abs(number) < _BEYOND:
                return number if kind.startswith("DECIMAL") else int(number)
        except (InvalidOperation, ValueError):
            pass
        raise ConfigurationError(f"{self.column} is a number and cannot be compared with {self.value!r}.")


def ledger_totals(
    reader: Reader, *, by: Sequence[str] = ("kind",), where: Sequence[str | Condition] = ()
) -> list[dict[str, object]]:
    """Sum the ledger per group.

    Args:
        reader: A warehouse.
        by: Columns of the ledger, or day, week, month, quarter or year of the event. None: one total.
        where: Conditions that must all hold.

    Returns:
        One record per group, in the order of its columns, with rows, qty (whole units), amount (exact, shop currency),
        customers and orders (distinct, known ones).

    Raises:
        ConfigurationError: An unknown column, or a condition that cannot be read.
        EmptyWarehouse: Nothing has been published yet.
    """
    conditions = [Condition.parse(text) if isinstance(text, str) else text for text in where]
    for condition in conditions:
        _column(condition.column)
    groups = {name: _group(name) for name in by}
    needed = [(f"v{number}", condition) for number, condition in enumerate(conditions)]
    params = {name: condition.typed_value() for name, condition in needed if condition.op not in ("known", "unknown")}
    kept = " AND ".join(condition.sql(name) for name, condition in needed) or "TRUE"
    selected = "".join(f"{sql} AS {name}, " for name, sql in groups.items())
    places = ", ".join(str(place) for place in range(1, len(groups) + 1))
    grouped = f"GROUP BY {places} ORDER BY {places.replace(',', ' NULLS LAST,')} NULLS LAST" if groups else ""
    found = reader.arrow(
        f"SELECT {selected}count(*) AS rows, coalesce(sum(qty), 0) AS qty, coalesce(sum(amount), 0) AS amount, "
        "count(DISTINCT customer_id) AS customers, count(DISTINCT order_id) AS orders "
        f"FROM ledger WHERE {kept} {grouped}",
        params,
    )
    records: list[dict[str, object]] = found.to_pylist()
    return records


def _column(name: str) -> str:
    known = [column.name for column in tables.ledger.columns if duckdb_type(column.type) != "TIMESTAMP"]
    if name not in known:
        raise ConfigurationError(f"The ledger has no column {name!r}. {did_you_mean(name, known)}")
    return name


def _group(name: str) -> str:
    if name in _GRAINS:
        return f"CAST(date_trunc('{name}', CAST(event_on AS TIMESTAMP)) AS DATE)"
    known = [column.name for column in tables.ledger.columns if duckdb_type(column.type) != "TIMESTAMP"]
    if name not in known:
        raise ConfigurationError(f"The ledger cannot be cut by {name!r}. {did_you_mean(name, [*known, *_GRAINS])}")
    return name
