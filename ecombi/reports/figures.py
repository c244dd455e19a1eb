"""Reads results for display: rows as plain data, figures as people write them, changes in words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from html import escape
from typing import TypeAlias

import pandas as pd

from ecombi.errors import PeriodError
from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Direction, Metric, Ratio, Unit
from ecombi.metrics.passport import AnalysisPassport
from ecombi.metrics.result import AnalysisResult, Result
from ecombi.schema.periods import Grain, Period

Row = dict[str, object]

Answer: TypeAlias = Result | AnalysisResult
"""What a workspace answers with: figures, or the table of an analysis."""

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def rows(result: pd.DataFrame) -> list[Row]:
    """Return the rows of a result as plain data, None for no value."""
    return [{str(k): None if pd.isna(v) else v for k, v in record.items()} for record in result.to_dict("records")]


def only(result: pd.DataFrame) -> Row:
    """Return the one row of a total."""
    (row,) = rows(result)
    return row


def metric(result: Result, name: str) -> Metric:
    """Return the definition a column was computed by."""
    return next(m for m in result.passport.metrics if m.name == name)


def number(value: object) -> Decimal | None:
    """Return a figure for arithmetic, None for no value."""
    if isinstance(value, Decimal):
        return value
    return Decimal(repr(value)) if isinstance(value, int | float) and value == value else None


def unit_of(answer: Answer, name: str) -> Unit | None:
    """Return what a column is counted in; None for names and days."""
    passport = answer.passport
    if isinstance(passport, AnalysisPassport):
        return found.unit if (found := passport.analysis.fields.get(name)) else None
    return next((m.unit for m in passport.metrics if m.name == name), None)


def write(answer: Answer, name: str, value: object) -> str:
    """Write one figure: whole currency units, smaller ones only below 1,000."""
    return column(answer, name, [value])[0]


def column(answer: Answer, name: str, values: Sequence[object]) -> list[str]:
    """Write one column of a table: its figures in one precision, or its names and days."""
    unit = unit_of(answer, name)
    if unit is None:
        return [plain(value) for value in values]
    if unit is Unit.COUNT and any(isinstance(value, float) for value in values):
        return _measured(values)
    return fmt.column(values, unit, answer.passport.shop.currency)


def plain(value: object) -> str:
    """Write a name, a day, a time, or a yes or no."""
    if value is None:
        return fmt.NO_VALUE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime) and value.time() != time():
        return fmt.bucket(value, Grain.HOUR)
    # pandas has days as times at midnight.
    return fmt.day(value) if isinstance(value, date) else str(value)


def _measured(values: Sequence[object]) -> list[str]:
    """Write counts that are no whole numbers, as units per day: the largest with three digits, all as finely."""
    numbers = [number(value) for value in values]
    largest = max((abs(n) for n in numbers if n is not None), default=Decimal(0))
    decimals = 0 if largest >= 100 else 1 if largest >= 10 else 2
    return [fmt.NO_VALUE if n is None else f"{n:,.{decimals}f}".replace("-", fmt.MINUS) for n in numbers]


def data(text: str, value: object, exact: str = "") -> str:
    """Mark a figure up with its machine-readable value, and with every digit on hover."""
    if value is None:
        return f'<span title="No value">{escape(text)}</span>'
    hint = f' title="{escape(exact)}"' if exact and exact != text else ""
    return f'<data value="{escape(str(value))}"{hint}>{escape(text)}</data>'


def why_unknown(of: Metric, row: Row) -> str:
    """Say why a figure of a row has no value: by its own rule, or by that of the part that is unknown."""
    if isinstance(of, Ratio) and row.get(of.numerator.name, 0) is None:
        return why_unknown(of.numerator, row)
    return of.null_rule


def marked(answer: Answer, name: str, value: object) -> str:
    """Write one figure as HTML, every digit of it on hover."""
    unit = unit_of(answer, name)
    exact = fmt.full(value, unit, answer.passport.shop.currency) if unit else ""
    return data(write(answer, name, value), value, exact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A figure against an earlier one.

    Attributes:
        arrow: With its size, for a tile or a table: ▲ 9.7%.
        than: more than, lower than, the same as.
        judgement: same, or good, bad or even by the metric's direction.
    """

    arrow: str
    than: str
    judgement: str

    @property
    def words(self) -> str:
        """For a sentence: 9.7% more than, 4.4 percentage points lower than."""
        size = self.arrow[2:].replace(" pp", " percentage points")
        return self.than if self.judgement == "same" else f"{size} {self.than}"

    @property
    def told(self) -> str:
        """For a line of its own, as HTML: ▲ 9.7% more than."""
        return "The same as" if self.judgement == "same" else f"{self.marked} {escape(self.than)}"

    @property
    def marked(self) -> str:
        """The arrow and size as HTML."""
        return f'<b class="{self.judgement}">{escape(self.arrow)}</b>'


def change(of: Metric, now: object, before: object) -> Change | None:
    """Compare two figures; None where one has no value, or the earlier one is 0 and nothing is a share of it."""
    this, that = number(now), number(before)
    if this is None or that is None or (that == 0 and this != 0 and of.unit is not Unit.RATE):
        return None
    return told(of, this - that if of.unit is Unit.RATE or this == that else (this - that) / abs(that), now)


def told(of: Metric, value: object, level: object = None) -> Change | None:
    """Put a change as a result has it (a share, or for a rate a difference) into words; None for no value."""
    amount = number(value)
    if amount is None:
        return None
    arrow = fmt.change(amount, of.unit, level)
    if not arrow.startswith(("▲", "▼")):
        return Change(arrow=arrow, than="the same as", judgement="same")
    rises = amount > 0
    word = ("higher" if rises else "lower") if of.unit is Unit.RATE else ("more" if rises else "less")
    good = of.direction is Direction.UP if rises else of.direction is Direction.DOWN
    judgement = "even" if of.direction is Direction.NEUTRAL else "good" if good else "bad"
    return Change(arrow=arrow, than=f"{word} than", judgement=judgement)


def spoken(day: date) -> str:
    """Write a day with its weekday in full: Saturday 31 October 2026."""
    return f"{_WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def period_words(period: Period) -> str:
    """Write a period; a single day with its weekday: Sat 31 Oct 2026."""
    single = period.days == 1
    return f"{_WEEKDAYS[period.start.weekday()][:3]} {fmt.day(period.start)}" if single else fmt.days(period)


def period_of(result: Result) -> Period:
    """Return the days a result was asked for.

    Raises:
        PeriodError: It was asked without a start or an end: what a report shows always says its days.
    """
    period = result.passport.query.period
    if period is None:
        raise PeriodError("A report can only show figures of a period: give the question a start and an end.")
    return period


def source(answer: Answer, shown: Collection[str] = ()) -> str:
    """Write where figures come from, in one line: currency, basis, days.

    Args:
        answer: What was answered.
        shown: The columns that are shown; none for all of them.
    """
    names = shown or list(answer.columns)
    money = any(unit_of(answer, name) is Unit.MONEY for name in names)
    parts = [answer.passport.shop.currency] if money else []
    if isinstance(answer, AnalysisResult):
        return ", ".join([*parts, days_of(answer)])
    passport = answer.passport
    if any(measure.mart.bases for metric in passport.metrics for measure in metric.measures()):
        parts.append(passport.query.basis.value)
    parts.append(days_of(answer))
    if passport.compared is not None:
        parts.append(f"change on {fmt.days(passport.compared)}")
    return ", ".join(parts)


def days_of(answer: Answer) -> str:
    """Write the days that were asked about: a range, or for an analysis of all that lies before a day, its end."""
    if isinstance(answer, Result):
        return fmt.days(period_of(answer))
    given = answer.passport.params
    start, end = given.get("start"), given.get("end")
    if isinstance(start, date) and isinstance(end, date):
        return fmt.days(Period(start, end))
    if isinstance(day := given.get("as_of"), date):
        return f"orders before {fmt.day(day)}"
    limits = (given.get("until"), given.get("final_until"))
    known = [day for day in limits if isinstance(day, date) and day != date.max]
    return f"as of the end of {fmt.day(min(known) - timedelta(days=1))}" if known else "as known now"
