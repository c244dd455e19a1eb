"""The figures of the sales dashboard: frames only, each asked for, none computed here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pandas as pd

from ecombi.dashboards.desk import Desk
from ecombi.dashboards.question import Question
from ecombi.errors import MetricError
from ecombi.metrics.result import Result

KPIS = ("net_sales", "orders", "aov", "units", "gross_margin_rate", "return_rate")
PRODUCT = ("net_sales", "units", "return_rate", "gross_margin_rate")
_PARTS = ("net_sales",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Figures over time.

    Attributes:
        total: One row: the whole period.
        steps: One row per time bucket.
    """

    total: Result
    steps: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """Figures cut by one dimension.

    Attributes:
        parts: One row per value, the largest net sales first.
        result: The same as it was answered.
        total: One row: all of them.
        top: How many parts are shown one by one.
        rest: One row: the others together; None where there are none.
    """

    parts: pd.DataFrame
    result: Result
    total: Result
    top: int
    rest: Result | None

    @property
    def others(self) -> int:
        """How many parts are not shown one by one."""
        return len(self.parts) - self.top

    @property
    def results(self) -> list[Result]:
        """The answers all its figures are from."""
        return [self.result, self.total, *([] if self.rest is None else [self.rest])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """Figures by channel, and over time."""

    whole: Breakdown
    steps: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Orders by weekday and hour.

    Attributes:
        result: One row per weekday and hour in which there was one.
        days: How many of each weekday the period has, Monday first.
    """

    result: Result
    days: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product: its figures, over time, and its name."""

    series: Series
    name: str


def kpi(desk: Desk, question: Question, metric: str) -> Series:
    """Load one metric, total and over time."""
    return Series(total=_whole(desk, question, (metric,)), steps=_course(desk, question, (metric,)))


def trend(desk: Desk, question: Question) -> Series:
    """Load net sales over time."""
    return kpi(desk, question, "net_sales")


def breakdown(desk: Desk, question: Question, dimension: str, *, top: int) -> Breakdown:
    """Load net sales by a dimension."""
    return _breakdown(desk, question, _PARTS, (dimension,), top=top)


def channels(desk: Desk, question: Question) -> Channels:
    """Load net sales by channel, and over time."""
    whole = _breakdown(desk, question, _PARTS, ("channel",), top=8)
    return Channels(whole=whole, steps=desk.ask(question, _PARTS, by=("channel",), grain=question.grain, alone=True))


def products(desk: Desk, question: Question, *, top: int = 8) -> Breakdown:
    """Load the figures of every product."""
    return _breakdown(desk, question, PRODUCT, ("product", "product_name"), top=top)


def rhythm(desk: Desk, question: Question) -> Rhythm:
    """Load orders by weekday and hour."""
    result = desk.ask(question, ("orders",), by=("weekday", "hour_of_day"), alone=True)
    days = [0] * 7
    for offset in range(question.period.days):
        days[(question.period.start + timedelta(days=offset)).weekday()] += 1
    return Rhythm(result=result, days=days)


def product(desk: Desk, question: Question) -> Product | None:
    """Load the product looked at in detail, if there is one."""
    if not question.detail:
        return None
    one = question.narrowed("product", question.detail)
    named = desk.ask(one, _PARTS, by=("product_name",))
    names = [name for name in named["product_name"] if isinstance(name, str)]
    series = Series(total=desk.ask(one, PRODUCT), steps=desk.ask(one, _PARTS, grain=question.grain))
    return Product(series=series, name=names[0] if names else question.detail)


def _whole(desk: Desk, question: Question, metrics: Sequence[str]) -> Result:
    """Ask for totals: one question for the whole page, but for a metric that cannot be asked with the others."""
    try:
        return desk.ask(question, KPIS)
    except MetricError:
        return desk.ask(question, metrics)


def _course(desk: Desk, question: Question, metrics: Sequence[str]) -> Result:
    try:
        return desk.ask(question, KPIS, grain=question.grain)
    except MetricError:
        return desk.ask(question, metrics, grain=question.grain)


def _breakdown(desk: Desk, question: Question, metrics: Sequence[str], by: Sequence[str], *, top: int) -> Breakdown:
    result = desk.ask(question, metrics, by=by)
    total = _whole(desk, question, metrics)
    parts = pd.DataFrame(result).sort_values("net_sales", ascending=False, kind="stable", ignore_index=True)
    # A rest of one is a row like the others.
    shown = len(parts) if len(parts) <= top + 1 else top
    rest = None
    if shown < len(parts):
        listed = [None if pd.isna(value) else str(value) for value in parts[by[0]].iloc[:shown]]
        rest = desk.ask(question.beyond(by[0], listed), metrics)
    return Breakdown(parts=parts, result=result, total=total, top=shown, rest=rest)


def weekday_hours(figures: Rhythm) -> dict[tuple[int, int], float]:
    """Return the average orders in an hour, by weekday (1 for Monday) and hour."""
    rows = zip(figures.result["weekday"], figures.result["hour_of_day"], figures.result["orders"], strict=True)
    return {
        (int(weekday), int(hour)): int(orders) / figures.days[int(weekday) - 1]
        for weekday, hour, orders in rows
        if not pd.isna(weekday) and not pd.isna(hour) and figures.days[int(weekday) - 1]
    }


LOADS: Sequence[Callable[[Desk, Question], object]] = (
    trend,
    channels,
    products,
    partial(breakdown, dimension="country", top=7),
    partial(breakdown, dimension="category", top=7),
    rhythm,
)
"""Everything the page loads at first."""
