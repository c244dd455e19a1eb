"""What a metric is. Its type says how it adds up, so no total is ever a sum of a frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from ecombi.metrics import markup
from ecombi.metrics.marts import LEDGER, Mart
from ecombi.schema.kinds import Kind


class Unit(StrEnum):
    """What a metric is counted in."""

    MONEY = "money"
    COUNT = "count"
    RATE = "rate"

    @property
    def words(self) -> str:
        """The unit in a sentence."""
        match self:
            case Unit.MONEY:
                return "Money, in the shop's currency."
            case Unit.COUNT:
                return "A whole number."
            case Unit.RATE:
                return "A rate: 0.1 is 10%."


class Direction(StrEnum):
    """Which way is good for the shop."""

    UP = "up is good"
    DOWN = "down is good"
    NEUTRAL = "neither way is good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure the business reads.

    Attributes:
        name: Identity, in snake case; also the name of its column.
        label: What people call it.
        unit: Money is in the shop's currency; a rate is 0.1 for 10%.
        direction: Which way is good.
        description: What is in and what is left out.
        formula: How it is computed, in words.
        example: The figure for the example shop of the documentation, worked out.
        source: Where the definition comes from.
        definition_version: Counts up when the definition changes.
        owner: Who answers for the definition.
    """

    name: str
    label: str
    unit: Unit
    direction: Direction
    description: str
    formula: str
    example: str
    source: str
    definition_version: int = 1
    owner: str = "Finance"

    @property
    def parts(self) -> tuple[Metric, ...]:
        """The metrics it is composed of; none for a measure."""
        return ()

    @property
    def null_rule(self) -> str:
        """When there is no value, in words."""
        raise NotImplementedError

    @property
    def adds_up(self) -> str:
        """Whether parts sum to the whole, in words."""
        return "Over every dimension and over time."

    @property
    def exact(self) -> bool:
        """Whether it is an exact decimal or whole number; a ratio is a float."""
        return True

    def measures(self) -> Iterator[Measure | DistinctMeasure]:
        """Yield the measures it rests on, depth first."""
        for part in self.parts:
            yield from part.measures()

    def facts(self) -> list[tuple[str, str]]:
        """Return what there is to say about it, as heading and text, in reading order."""
        return [
            ("Formula", self.formula),
            ("What counts", self.description),
            ("Unit", self.unit.words),
            ("No value", self.null_rule),
            ("Adds up", self.adds_up),
            ("Direction", f"{self.direction.value.capitalize()}."),
            ("Definition", f"Version {self.definition_version}. Owner: {self.owner}. Source: {self.source}"),
        ]

    def describe(self) -> str:
        """Return what it means, as plain text."""
        return "\n".join([f"{self.label} ({self.name})", *(f"{heading}: {text}" for heading, text in self.facts())])

    def _repr_html_(self) -> str:
        return markup.framed(markup.pairs([("", f"{self.label} ({self.name})"), *self.facts()]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure(Metric):
    """A signed sum over events of some kinds: it adds up over every dimension and over time.

    Attributes:
        kinds: The kinds of event that count.
        column: What is summed; `costed_amount` is the amount of events with a known cost.
        sign: −1 turns what leaves the shop into a positive figure.
        nothing: The sum of no values: 0, or None where a missing value means unknown rather than none.
        mart: The table whose rows are events.
    """

    kinds: tuple[Kind, ...]
    column: Literal["amount", "qty", "cost_amount", "costed_amount"] = "amount"
    sign: Literal[1, -1] = 1
    nothing: Literal[0] | None = 0
    mart: Mart = LEDGER

    @property
    def null_rule(self) -> str:
        """When there is no value, in words."""
        if self.nothing == 0:
            return "Never without a value: 0 where nothing happened."
        return "No value where no event has a known cost: unknown is not 0."

    def measures(self) -> Iterator[Measure | DistinctMeasure]:
        """Yield itself."""
        yield self


@dataclass(frozen=True, slots=True, kw_only=True)
class DistinctMeasure(Metric):
    """A count of different things among events of some kinds: parts may overlap, so they need not sum to the whole.

    Attributes:
        kinds: The kinds of event that count.
        column: What is told apart.
        mart: The table whose rows are events.
    """

    kinds: tuple[Kind, ...]
    column: Literal["order_id"] = "order_id"
    mart: Mart = LEDGER

    @property
    def null_rule(self) -> str:
        """When there is no value, in words."""
        return "Never without a value: 0 where nothing happened."

    @property
    def adds_up(self) -> str:
        """Whether parts sum to the whole, in words."""
        return "Not by itself: one order can be in several parts, so a total is counted anew."

    def measures(self) -> Iterator[Measure | DistinctMeasure]:
        """Yield itself."""
        yield self


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference(Metric):
    """One metric less another."""

    minuend: Metric
    subtrahend: Metric

    @property
    def parts(self) -> tuple[Metric, ...]:
        """Both metrics."""
        return (self.minuend, self.subtrahend)

    @property
    def null_rule(self) -> str:
        """When there is no value, in words."""
        return f"No value where {self.subtrahend.label} has none."


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio(Metric):
    """One metric divided by another; recomputed at every level, never averaged."""

    numerator: Metric
    denominator: Metric

    @property
    def parts(self) -> tuple[Metric, ...]:
        """Both metrics."""
        return (self.numerator, self.denominator)

    @property
    def null_rule(self) -> str:
        """When there is no value, in words."""
        return f"No value where {self.denominator.label} is 0: dividing by zero is no value, not 0."

    @property
    def adds_up(self) -> str:
        """Whether parts sum to the whole, in words."""
        return "Not by itself: a total is the total of the one divided by the total of the other."

    @property
    def exact(self) -> bool:
        """A ratio is a float."""
        return False
