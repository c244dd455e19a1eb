"""From what the reader has chosen to what is asked: days, comparison, filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from ecombi.dashboards.state import PeriodState
from ecombi.schema.periods import Grain, Period, parse_day

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
        detail: The one thing looked at in detail, or nothing.
    """

    period: Period
    coverage: Period
    compare: str | None
    basis: str
    where: Where = field(default_factory=dict)
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


def question_of(state: PeriodState, coverage: Period, chosen: Mapping[str, tuple[str, ...]], detail: str = "") -> Question:
    """Build the question.

    Args:
        state: What the reader has chosen.
        coverage: The days there are.
        chosen: Dimension -> texts that count, none for all; the empty text is the unknown value.
        detail: The one thing looked at in detail, or nothing.
    """
    return Question(
        period=_period(state, coverage),
        coverage=coverage,
        compare=None if state.compare == "none" or state.preset == "all" else state.compare,
        basis=state.basis,
        where={name: tuple(text or None for text in texts) for name, texts in chosen.items() if texts},
        detail=detail,
    )


def _period(state: PeriodState, coverage: Period) -> Period:
    last, end = coverage.last, coverage.end
    match state.preset:
        case "7d":
            return Period(end - timedelta(days=7), end)
        case "28d":
            return Period(end - timedelta(days=28), end)
        case "month":
            return Period(last.replace(day=1), end)
        case "quarter":
            return Period(date(last.year, last.month - (last.month - 1) % 3, 1), end)
        case "year":
            return Period(date(last.year, 1, 1), end)
        case "all":
            return coverage
        case _:
            return Period(parse_day(state.first), parse_day(state.last) + timedelta(days=1))
