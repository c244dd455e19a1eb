"""What is asked: days, comparison, filters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from ecombi.schema.periods import Grain, Period

Where = Mapping[str, tuple[str | None, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What every tile of a dashboard asks about.

    Attributes:
        period: The days.
        coverage: The days there are.
        compare: previous, year_ago, or None.
        basis: booked or ordered.
        where: Dimension -> the values that count; None is the unknown one.
        without: Dimension -> the values that do not count, while all others do.
        detail: The one thing looked at in detail, or nothing.
    """

    period: Period
    coverage: Period
    compare: str | None
    basis: str
    where: Where = field(default_factory=dict)
    without: Where = field(default_factory=dict)
    detail: str = ""

    @property
    def compared(self) -> Period | None:
        """The earlier days compared with."""
        if self.compare is None:
            return None
        return self.period.previous() if self.compare == "previous" else self.period.year_ago()

    @property
    def grain(self) -> Grain:
        """The width of a time bucket that gives a line some 7 to 62 points."""
        if self.period.days <= 62:
            return Grain.DAY
        return Grain.WEEK if self.period.days <= 400 else Grain.MONTH

    def narrowed(self, dimension: str, value: str) -> Question:
        """Return the same question about one value only."""
        return replace(self, where={**self.where, dimension: (value,)})

    def beyond(self, dimension: str, values: Collection[str | None]) -> Question:
        """Return the same question about every other value of a dimension that it is about."""
        if dimension in self.where:
            left = tuple(value for value in self.where[dimension] if value not in values)
            return replace(self, where={**self.where, dimension: left})
        return replace(self, without={**self.without, dimension: tuple(values)})
