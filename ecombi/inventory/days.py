"""Arithmetic on days, alike on every engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir


def shifted(day: ir.Value, days: int) -> ir.Value:
    """Return the day that many days later, a date; earlier where negative."""
    import ibis

    # A date and an interval make a timestamp on most engines, whatever ibis thinks of it.
    return (day + ibis.interval(days=days)).cast("timestamp").cast("date")


def earlier(until: ir.Value, final_until: ir.Value) -> ir.Value:
    """Return the first day that does not count: the one asked for, or the first that is not final."""
    import ibis

    return ibis.least(until, final_until)


def days_between(first: ir.Value, last: ir.Value) -> ir.Value:
    """Return how many days lie from one date to another: 1 from a Monday to the Tuesday after it."""
    return last.delta(first, unit="day").cast("int64")


def working_days_between(first: ir.Value, last: ir.Value) -> ir.Value:
    """Return how many days from Monday to Friday come after `first`, up to and with `last`.

    1 from a Friday to the Monday after it, 0 from a Friday to the Sunday after it. Public holidays count as working
    days: they differ from supplier to supplier. Days before 1970-01-05 are not counted right.
    """
    return _working_days(last) - _working_days(first)


def _working_days(day: ir.Value) -> ir.Value:
    """Return the working days from the first Monday of 1970 to a day, both counted."""
    import ibis

    since = days_between(ibis.date("1970-01-05"), day)
    weekday = since % 7
    return (since - weekday) // 7 * 5 + ibis.least(weekday + 1, 5)
