"""What a metric is. Its type says how it adds up, so no total is ever a sum of a frame."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from ecombi.metrics import markup
from ecombi.metrics.marts import LEDGER, Mart
from ecombi.schema.kinds import Kind

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from ecombi.metrics.dimensions import Dimension

Read = Callable[["ir.Table"], "ir.Value"]
"""Computes a value from a row of a mart."""


_ADDS_UP = "Over every dimension and over time."


class Unit(StrEnum):
    """What a metric is counted in."""

    MONEY = "money"
    COUNT = "count"
    RATE = "rate"
    DAYS = "days"
    TIMES = "times"

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
            case Unit.DAYS:
                return "Days."
            case Unit.TIMES:
                return "A multiple: 3.2 is 3.2 for each 1."


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
        return _ADDS_UP

    @property
    def exact(self) -> bool:
        """Whether it is an exact decimal or whole number; a ratio is a float."""
        return True

    def measures(self) -> Iterator[Counted]:
        """Yield the measures it rests on, depth first."""
        for part in self.parts:
            yield from part.measures()

    @property
    def lineage(self) -> str:
        """What it is computed from, in words: its parts, down to the tables."""
        return f"From {', '.join(f'{part.label} ({part.name})' for part in self.parts)}."

    def facts(self) -> list[tuple[str, str]]:
        """Return what there is to say about it, as heading and text, in reading order."""
        return [
            ("Formula", self.formula),
            ("What counts", self.description),
            ("Comes from", self.lineage),
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
class Counted(Metric):
    """A figure taken from the rows of one mart.

    Attributes:
        mart: The table whose rows count.
        kinds: The kinds of event that count, where the mart is the ledger.
        where: Which of its rows count, a boolean that is never null; None: all of them.
        needs: What `where` reads of the row besides the columns of the mart: each is a column by its own name, left out
            where it is known that no row has a value of it.
        dated: The role of the date a row counts on, where it is not that of the basis.
        matures_days: Only days that were over this many days before the last final one count, because what the row says
            is not settled earlier.
    """

    mart: Mart = LEDGER
    kinds: tuple[Kind, ...] = ()
    where: Read | None = None
    needs: tuple[Dimension, ...] = ()
    dated: str | None = None
    matures_days: int = 0

    @property
    def null_rule(self) -> str:
        """When there is no value, in words."""
        return "Never without a value: 0 where nothing happened."

    @property
    def lineage(self) -> str:
        """The table whose rows count, and which of them, in words."""
        kinds = f", events of the kinds {', '.join(self.kinds)}" if self.kinds else ""
        dated = f", by the day {' or '.join(self.mart.columns(self.dated))}" if self.dated else ""
        return f"From the table {self.mart.table.name}{kinds}{dated}."

    def measures(self) -> Iterator[Counted]:
        """Yield itself."""
        yield self


def needed(measures: Iterable[Counted], built: Collection[str] = ()) -> tuple[Dimension, ...]:
    """Return what rows must have besides the columns of their mart to say which of them count, each once."""
    every = dict.fromkeys(dimension for measure in measures for dimension in measure.needs)
    return tuple(d for d in every if not any(lookup.none_if in built for lookup in d.lookups))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure(Counted):
    """A signed sum over rows: it adds up over every dimension and over time.

    Attributes:
        value: What is summed: a column, or what is computed from the row, without a null in the rows that count unless
            `nothing` is None; None counts the rows.
        sign: −1 turns what leaves the shop into a positive figure.
        nothing: The sum of no values: 0, or None where a missing value means unknown rather than none.
    """

    value: str | Read | None = "amount"
    sign: Literal[1, -1] = 1
    nothing: Literal[0] | None = 0

    @property
    def null_rule(self) -> str:
        """When there is no value, in words."""
        if self.nothing == 0:
            return "Never without a value: 0 where nothing happened."
        return "No value where nothing is known: unknown is not 0."


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotMeasure(Measure):
    """A sum of what there is on one day: it adds up over dimensions, but over time one day stands for all.

    Attributes:
        at: "last" takes the last recorded day of the period, "opening" the evening before its first recorded one.
    """

    at: Literal["last", "opening"] = "last"
    nothing: Literal[0] | None = None

    @property
    def null_rule(self) -> str:
        """When there is no value, in words."""
        return "No value where no day of the period is recorded."

    @property
    def adds_up(self) -> str:
        """Whether parts sum to the whole, in words."""
        day = "last day" if self.at == "last" else "evening before the first day"
        return f"Over every dimension, but not over time: the {day} stands for the period."


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysMeasure(Counted):
    """The number of days a mart has rows of, whatever is asked about them: what an average over days is divided by.

    Attributes:
        spans: Where given, every day counts from the first to the last one with a row of any of these marts, so that a
            mart recorded once a week, or since last week, does not make a year short.
    """

    spans: tuple[Mart, ...] = ()

    @property
    def adds_up(self) -> str:
        """Whether parts sum to the whole, in words."""
        return "Over time. Every part has the same days, a weekday its own."


@dataclass(frozen=True, slots=True, kw_only=True)
class DistinctMeasure(Counted):
    """A count of different things among rows: parts may overlap, so they need not sum to the whole.

    Attributes:
        value: What is told apart: a column.
        splits: Names of the dimensions that can show one thing in several parts; over time and every other dimension
            it adds up. None: it can be in several parts of any.
        before: Each date of the mart, and the column with the day, on that date, of the row before with the same value;
            so that over days alone the first row of each value is counted, and no values need to be told apart.
    """

    value: str = "order_id"
    splits: frozenset[str] | None = None
    before: tuple[tuple[str, str], ...] = ()

    @property
    def adds_up(self) -> str:
        """Whether parts sum to the whole, in words."""
        return "Not by itself: one can be in several parts, so a total is counted anew."


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileMeasure(Counted):
    """The value below which a share of the rows lies, interpolated between neighbours (type 7 of Hyndman and Fan).

    Attributes:
        value: A number in each row that counts.
        share: 0.5 for the median, 0.9 for the ninth decile.
    """

    value: str | Read
    share: float

    @property
    def null_rule(self) -> str:
        """When there is no value, in words."""
        return "No value where there is no row."

    @property
    def adds_up(self) -> str:
        """Whether parts sum to the whole, in words."""
        return "Not by itself: a total is taken from all rows anew."

    @property
    def exact(self) -> bool:
        """An interpolated value is a float."""
        return False


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
        return f"No value where {self.minuend.label} or {self.subtrahend.label} has none."

    @property
    def adds_up(self) -> str:
        """Whether parts sum to the whole, in words: as both metrics do."""
        return next((part.adds_up for part in self.parts if part.adds_up != _ADDS_UP), _ADDS_UP)

    @property
    def exact(self) -> bool:
        """As exact as both metrics."""
        return all(part.exact for part in self.parts)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula(Metric):
    """Metrics put together by arithmetic; computed anew at every level from totals, never averaged.

    Attributes:
        terms: The metrics it is computed from.
        compute: Takes one float column per term, null where it has no value, and returns a float column; what it
            divides by must be made null where it is 0.
        no_value: When there is none, in words.
    """

    terms: tuple[Metric, ...]
    compute: Callable[..., ir.Value]
    no_value: str

    @property
    def parts(self) -> tuple[Metric, ...]:
        """The metrics it is computed from."""
        return self.terms

    @property
    def null_rule(self) -> str:
        """When there is no value, in words."""
        return self.no_value

    @property
    def adds_up(self) -> str:
        """Whether parts sum to the whole, in words."""
        return "Not by itself: a total is computed from the totals of its parts."

    @property
    def exact(self) -> bool:
        """It is a float."""
        return False
