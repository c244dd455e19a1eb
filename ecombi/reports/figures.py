"""Reads results for display: rows as plain data, figures as people write them, changes in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import escape

import pandas as pd

from ecombi.errors import PeriodError
from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Direction, Metric, Ratio, Unit
from ecombi.metrics.result import Result
from ecombi.schema.periods import Period

Row = dict[str, object]

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def rows(result: Result) -> list[Row]:
    """Return the rows of a result as plain data, None for no value."""
    return [{str(k): None if pd.isna(v) else v for k, v in record.items()} for record in result.to_dict("records")]


def only(result: Result) -> Row:
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


def write(result: Result, name: str, value: object) -> str:
    """Write one figure: whole currency units, smaller ones only below 1,000."""
    return column(result, name, [value])[0]


def column(result: Result, name: str, values: Sequence[object]) -> list[str]:
    """Write the figures of one column of a table in one precision."""
    return fmt.column(values, metric(result, name).unit, result.passport.shop.currency)


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


def marked(result: Result, name: str, value: object) -> str:
    """Write one figure as HTML, every digit of it on hover."""
    exact = fmt.full(value, metric(result, name).unit, result.passport.shop.currency)
    return data(write(result, name, value), value, exact)


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
        """For a sentence: 9.7% more than."""
        return self.than if self.judgement == "same" else f"{self.arrow[2:]} {self.than}"

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


def source(result: Result) -> str:
    """Write where the figures of a result come from, in one line."""
    passport = result.passport
    units = [passport.shop.currency] if any(m.unit is Unit.MONEY for m in passport.metrics) else []
    parts = [*units, passport.query.basis.value, fmt.days(period_of(result))]
    if passport.compared is not None:
        parts.append(f"change on {fmt.days(passport.compared)}")
    return ", ".join(parts)
