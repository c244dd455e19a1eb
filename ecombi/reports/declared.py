"""What a run declared: named figures and tables with their types and units, and where two runs' results differ."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ecombi.errors import ReportError, did_you_mean

SCHEMA: Final = 1
"""Counts up when the form of result.json changes."""

Type: TypeAlias = Literal["integer", "decimal", "number", "text", "day", "time", "boolean"]

Written: TypeAlias = Annotated[str | float | bool | None, Field(union_mode="smart")]
"""A value as JSON has it: whole numbers and decimals are texts, so that no reader rounds them."""

Value: TypeAlias = int | Decimal | float | str | date | datetime | bool | None

_READ: Final[Mapping[Type, Callable[[Any], Value]]] = {
    "integer": int,
    "decimal": Decimal,
    "number": float,
    "text": str,
    "day": date.fromisoformat,
    "time": datetime.fromisoformat,
    "boolean": bool,
}
_CLOSE: Final = {"rel_tol": 1e-9, "abs_tol": 1e-12}
"""Engines add floats up in any order: what differs less is the same number."""


class Plain(BaseModel):
    """Plain data, the same in JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Column(Plain):
    """What a column of figures is.

    Attributes:
        name: Its name in the table.
        label: What people call it.
        type: What its values are.
        unit: What they are counted in: a currency such as GBP, count, rate, days or times; None for names and days.
    """

    name: str
    label: str
    type: Type
    unit: str | None = None

    def read(self, value: Written) -> Value:
        """Return a written value as Python has it."""
        return None if value is None else _READ[self.type](value)


class Figure(Plain):
    """One figure.

    Attributes:
        value: As JSON has it; None stands for no value.
        type: What it is.
        unit: As of a column.
        label: What people call it.
    """

    value: Written
    type: Type
    unit: str | None = None
    label: str

    @model_validator(mode="after")
    def _is_of_its_type(self) -> Self:
        _check(self.value, self.type)
        return self

    def read(self) -> Value:
        """Return the value as Python has it: an exact one as int or Decimal."""
        return None if self.value is None else _READ[self.type](self.value)


class Table(Plain):
    """A table: its columns, and its rows in their order."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Written, ...], ...]

    @model_validator(mode="after")
    def _rows_fit(self) -> Self:
        kinds = [column.type for column in self.columns]
        for row in self.rows:
            for value, kind in zip(row, kinds, strict=True):
                _check(value, kind)
        return self

    def read(self) -> list[dict[str, Value]]:
        """Return the rows by column name, values as Python has them."""
        return [{c.name: c.read(value) for c, value in zip(self.columns, row, strict=True)} for row in self.rows]


_Found = TypeVar("_Found", Figure, Table)


class Published(Plain):
    """What one name was published with.

    Attributes:
        figures: By the rest of their name: "" for the name itself, ".orders" for a metric of a one-row result.
        table: The table, where it was one.
        snapshot: Number of the snapshot it was read from, where that is known.
    """

    figures: dict[str, Figure] = {}
    table: Table | None = None
    snapshot: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """All that a run declared.

    Attributes:
        figures: By name; the figures of a one-row result published as `sales` are `sales.orders`, `sales.net_sales`...
        tables: By name.
        snapshots: The snapshots the figures were read from, in order: one, where all of a run's figures agree.
    """

    figures: Mapping[str, Figure]
    tables: Mapping[str, Table]
    snapshots: tuple[int, ...] = ()

    def figure(self, name: str) -> Value:
        """Return a figure as Python has it: Decimal("46"), 2, date(2026, 10, 31)...

        Raises:
            ReportError: Nothing of that name was published.
        """
        return _named(name, self.figures, "figure").read()

    def rows(self, name: str) -> list[dict[str, Value]]:
        """Return the rows of a table by column name, values as Python has them.

        Raises:
            ReportError: Nothing of that name was published.
        """
        return _named(name, self.tables, "table").read()

    def document(self, *, report: str, parameters: Mapping[str, object], snapshot: int | None) -> dict[str, object]:
        """Return what result.json holds.

        Args:
            report: Name of the report.
            parameters: The values it ran with.
            snapshot: The snapshot it read.
        """
        return {
            "schema": SCHEMA,
            "report": report,
            "parameters": dict(parameters),
            "snapshot": snapshot,
            "figures": {name: figure.model_dump(mode="json") for name, figure in sorted(self.figures.items())},
            "tables": {name: table.model_dump(mode="json") for name, table in sorted(self.tables.items())},
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Declared:
        """Read what a result.json holds.

        Raises:
            ReportError: It is not one, or of a later form.
        """
        if document.get("schema") != SCHEMA:
            raise ReportError(f"This result has schema {document.get('schema')!r}; {SCHEMA} can be read.")
        snapshot = document.get("snapshot")
        try:
            return cls(
                figures={name: Figure.model_validate(found) for name, found in document["figures"].items()},
                tables={name: Table.model_validate(found) for name, found in document["tables"].items()},
                snapshots=() if snapshot is None else (snapshot,),
            )
        except (KeyError, AttributeError, ValidationError) as error:
            raise ReportError(f"This is not the result of a report: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place where two results are not equal.

    Attributes:
        path: Where: "figures.products_at_risk", "tables.by_country[2].net_sales", "snapshot".
        before: What the first result has there; None where it has nothing.
        after: What the second one has there.
    """

    path: str
    before: object
    after: object

    def __str__(self) -> str:
        return f"{self.path}: {_shown(self.before)} before, {_shown(self.after)} now"


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Say exactly where two documents of result.json differ, in reading order; nothing where they are equal.

    Whole numbers, decimals, texts and days are equal or not; numbers may differ by a billionth of themselves. The order
    of rows and columns counts.
    """
    return list(_walk("", _comparable(before), _comparable(after)))


def _comparable(document: Mapping[str, Any]) -> dict[str, Any]:
    """Put a document in the form in which a difference is named by its column."""
    tables: Mapping[str, Any] = document.get("tables", {})
    named = {
        name: {
            "columns": table["columns"],
            "rows": [dict(zip([c["name"] for c in table["columns"]], row, strict=True)) for row in table["rows"]],
        }
        for name, table in tables.items()
    }
    return {**document, "tables": named}


def _walk(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            place = f"{path}.{key}" if path else str(key)
            yield from _walk(place, before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            one = before[index] if index < len(before) else None
            two = after[index] if index < len(after) else None
            yield from _walk(f"{path}[{index}]", one, two)
    elif not _equal(before, after):
        yield Difference(path=path, before=before, after=after)


def _equal(before: object, after: object) -> bool:
    if isinstance(before, float) and isinstance(after, float):
        return math.isclose(before, after, **_CLOSE)
    return type(before) is type(after) and before == after


def _check(value: Written, kind: Type) -> None:
    if value is None:
        return
    native = {"number": float, "boolean": bool}.get(kind, str)
    if type(value) is not native:
        raise ValueError(f"{value!r} is not written as {kind}")
    try:
        _READ[kind](value)
    except ArithmeticError as error:
        raise ValueError(f"{value!r} is not {kind}") from error


def _named(name: str, found: Mapping[str, _Found], what: str) -> _Found:
    try:
        return found[name]
    except KeyError:
        raise ReportError(f"No {what} {name!r} was published. {did_you_mean(name, found)}") from None


def _shown(value: object) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
