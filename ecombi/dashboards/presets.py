"""From what the reader has chosen to what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from ecombi.dashboards.question import Question
from ecombi.dashboards.state import PeriodState
from ecombi.schema.periods import Period, parse_day


def question_of(
    state: PeriodState, coverage: Period, chosen: Mapping[str, tuple[str, ...]], detail: str = ""
) -> Question:
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
