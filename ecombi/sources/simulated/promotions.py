"""The shop's promotions: named events that come back every year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """One event.

    Attributes:
        name: As merchants call it, with its year.
        start: First day.
        end: The day after the last one.
        percent: Taken off each line of the categories it is for.
        lift: Factor on the orders of its days.
        categories: What it is for; empty means everything.
        focus: Factor on the share of these categories while it lasts.
    """

    name: str
    start: date
    end: date
    percent: int
    lift: float
    categories: tuple[str, ...] = ()
    focus: float = 1.0


def promotions(start: date, end: date) -> list[Promotion]:
    """Return the events with a day from `start` up to and not including `end`, in order of time; no two share a day."""
    events = [event for year in range(start.year - 1, end.year + 1) for event in _of_year(year)]
    return [event for event in events if event.start < end and event.end > start]


def _of_year(year: int) -> list[Promotion]:
    black_friday = date(year, 11, 29) - timedelta(days=(date(year, 11, 29).weekday() - 4) % 7)

    def event(name: str, first: date, days: int, percent: int, lift: float, *categories: str) -> Promotion:
        focus = 2.0 if categories else 1.0
        last = first + timedelta(days=days)
        return Promotion(
            name=f"{name} {year}", start=first, end=last, percent=percent, lift=lift, categories=categories, focus=focus
        )

    return [
        event("Spring refresh", date(year, 3, 14), 6, 10, 1.25, "Cushions and curtains", "Bath"),
        event("Summer sale", date(year, 7, 1), 12, 20, 1.40),
        event("Autumn event", date(year, 9, 18), 4, 15, 1.35),
        event("Black Friday", black_friday, 4, 25, 2.20),
        event("Winter sale", date(year, 12, 27), 14, 30, 1.60, "Bed linen", "Throws and blankets", "Bath"),
    ]
