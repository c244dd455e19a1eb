"""What an analysis is: a table that answers a question no single metric can, computed by one query on every engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ecombi.metrics import markup
from ecombi.metrics.definitions import Unit

if TYPE_CHECKING:
    import ibis.expr.types as ir


ParameterType = Literal["date", "int64", "float64", "string"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column of an analysis.

    Attributes:
        meaning: What it says, and when it has no value.
        unit: What it is counted in; None for a name or a date.
    """

    meaning: str
    unit: Unit | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Analysis:
    """A table that is computed by one query.

    Attributes:
        name: Identity, in snake case.
        label: What people call it.
        question: What it answers.
        grain: What one row is.
        fields: Its columns in order, those of `keys` first.
        keys: The columns that identify a row; rows come in their order.
        build: Takes the tables, each bound value by name as an expression, and each option by name as a plain value;
            returns an expression with the columns of `fields`.
        bound: Name -> type of the values that are bound when it runs: dates, numbers, texts.
        options: Name -> value where nothing else is said; they decide the SQL, so they are few-valued.
        order: Columns the rows are sorted by where that is not `keys`; a leading - means the largest first.
        formula: How it is computed, in words.
        example: A small one, worked out by hand.
        source: Where the definition comes from.
        definition_version: Counts up when the definition changes.
        owner: Who answers for the definition.
    """

    name: str
    label: str
    question: str
    grain: str
    fields: Mapping[str, Field]
    keys: tuple[str, ...]
    build: Callable[..., ir.Table]
    formula: str
    source: str
    bound: Mapping[str, ParameterType] = field(default_factory=dict)
    options: Mapping[str, int | float | str | bool] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    example: str = ""
    definition_version: int = 1
    owner: str = "Finance"

    def facts(self) -> list[tuple[str, str]]:
        """Return what there is to say about it, as heading and text, in reading order."""
        return [
            ("Question", self.question),
            ("One row", self.grain),
            ("Formula", self.formula),
            *([("Example", self.example)] if self.example else []),
            *((name, found.meaning) for name, found in self.fields.items()),
            ("Definition", f"Version {self.definition_version}. Owner: {self.owner}. Source: {self.source}"),
        ]

    def describe(self) -> str:
        """Return what it means, as plain text."""
        return "\n".join([f"{self.label} ({self.name})", *(f"{heading}: {text}" for heading, text in self.facts())])

    def _repr_html_(self) -> str:
        return markup.framed(markup.pairs([("", f"{self.label} ({self.name})"), *self.facts()]))
