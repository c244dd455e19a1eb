"""Figures, changes, shares and dates as people read them; the same everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from numbers import Integral, Real
from typing import Final

from ecombi.metrics.definitions import Unit
from ecombi.schema.periods import Grain, Period

MINUS: Final = "−"
NO_VALUE: Final = "–"

_SYMBOLS: Final = {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥", "INR": "₹", "KRW": "₩"}
_DECIMALS: Final = {"JPY": 0, "KRW": 0, "ISK": 0, "CLP": 0, "VND": 0, "BHD": 3, "KWD": 3, "JOD": 3, "OMR": 3, "TND": 3}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STEPS: Final = ((10**3, "K"), (10**6, "M"), (10**9, "B"))
_FINE_RATE: Final = Decimal("0.05")
_FRACTION: Final = {Unit.DAYS: 1, Unit.TIMES: 2}
"""Most decimals of a figure that is no money and no rate; the rest are whole numbers."""


def short(value: object, unit: Unit, currency: str = "") -> str:
    """Write a figure for a tile, an axis or a label: three significant digits with K, M or B; pence only below 1,000.

    Days have one decimal below 100 where they are not whole: 9.4 days, 123 days. Multiples: 3.20×.

    Args:
        value: A decimal, a whole number or a float; anything else, and NaN, is no value.
        unit: What it is counted in.
        currency: ISO 4217 code; needed for money.
    """
    number = _number(value)
    if number is None:
        return NO_VALUE
    if unit is Unit.RATE:
        return _signed(_percent(abs(number), _rate_decimals([number])), number)
    size = abs(number)
    if unit is Unit.MONEY:
        decimals = decimals_of(currency) if size else 0
    else:
        decimals = _decimals_of_three(size, 0 if _is_whole(value) else _FRACTION.get(unit, 0))
    if size.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) < 1000:
        return _signed(_with_unit(_grouped(size, decimals), unit, currency), number)
    # 999,950 is 1.00M: what rounds up to a thousand of one letter is written with the next.
    scaled, letter = next(
        (scaled, letter) for step, letter in _STEPS if (scaled := _three_digits(size / step)) < 1000 or letter == "B"
    )
    return _signed(_with_unit(f"{scaled:,}{letter}", unit, currency), number)


def full(value: object, unit: Unit, currency: str = "") -> str:
    """Write a figure exactly, for a hover or a sentence: every decimal it has, and at least those of the currency.

    A float has those of its unit: of the currency, one for days, two for multiples, none for counts.
    """
    number = _number(value)
    if number is None:
        return NO_VALUE
    if unit is Unit.RATE:
        return _signed(_percent(abs(number), _rate_decimals([number])), number)
    decimals = decimals_of(currency) if unit is Unit.MONEY else _FRACTION.get(unit, 0)
    if not isinstance(value, float):
        exact = -int(number.normalize().as_tuple().exponent)
        decimals = max(decimals if unit is Unit.MONEY else 0, exact)
    return _signed(_with_unit(_grouped(abs(number), decimals), unit, currency), number)


def column(values: Iterable[object], unit: Unit, currency: str = "") -> list[str]:
    """Write a column of a table: one precision for all of it, pence only where every figure is below 1,000.

    Days have one decimal unless every one of them is a whole number, multiples two.
    """
    listed = list(values)
    numbers = [_number(value) for value in listed]
    sizes = [abs(number) for number in numbers if number is not None]
    if unit is Unit.RATE:
        decimals = _rate_decimals(sizes)
        return [NO_VALUE if n is None else _signed(_percent(abs(n), decimals), n) for n in numbers]
    if unit is Unit.MONEY:
        decimals = decimals_of(currency) if max(sizes, default=Decimal(0)) < 1000 else 0
    else:
        known = (value for value, number in zip(listed, numbers, strict=True) if number is not None)
        decimals = 0 if all(map(_is_whole, known)) else _FRACTION.get(unit, 0)
    return [
        NO_VALUE if n is None else _signed(_with_unit(_grouped(abs(n), decimals), unit, currency), n) for n in numbers
    ]


def change(value: object, unit: Unit, level: object = None) -> str:
    """Write a change with its arrow: percent with one decimal, or percentage points for a rate.

    Args:
        value: What a result has in `<metric>_change`: 0.097 for 9.7% more, or for a rate the
            difference, 0.0009 for 0.09 pp.
        unit: The metric's unit.
        level: The rate itself; under 5% its change is written with two decimals.
    """
    number = _number(value)
    if number is None:
        return NO_VALUE
    rate = _number(level)
    decimals = _rate_decimals([rate]) if unit is Unit.RATE and rate is not None else 1
    shown = (abs(number) * 100).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    arrow = "" if shown == 0 else "▲ " if number > 0 else "▼ "
    return f"{arrow}{shown:,}{' pp' if unit is Unit.RATE else '%'}"


def plus_minus(value: object, unit: Unit, currency: str = "") -> str:
    """Write an amount that is added or taken away, exactly, with its sign."""
    number = _number(value)
    text = full(value, unit, currency)
    return f"+{text}" if number is not None and number > 0 else text


def shares(values: Sequence[object]) -> list[Decimal | None]:
    """Return each value's share of the sum in percent with one decimal; the shares sum to exactly 100.0.

    Each share is rounded down, then the largest remainders are rounded up, the first of equal ones first.

    Returns:
        One share per value; None for no value, and for all of them where the sum is not above 0.
    """
    numbers = [_number(value) for value in values]
    whole = sum((n for n in numbers if n is not None), Decimal(0))
    if whole <= 0:
        return [None for _ in numbers]
    tenths = [None if n is None else n * 1000 / whole for n in numbers]
    floors = [None if t is None else t.to_integral_value(ROUND_FLOOR) for t in tenths]
    missing = 1000 - int(sum(f for f in floors if f is not None))
    remainders = sorted(
        (f - t, place)
        for place, (t, f) in enumerate(zip(tenths, floors, strict=True))
        if t is not None and f is not None
    )
    raised = {place for _, place in remainders[:missing]}
    return [None if f is None else (f + (place in raised)).scaleb(-1) for place, f in enumerate(floors)]


def days(period: Period) -> str:
    """Write a period with both ends included: 1–21 Nov 2026, 30 Dec 2025 – 2 Jan 2026."""
    first, last = period.start, period.last
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(last)}"
    if first.year == last.year:
        return f"{first.day} {_MONTHS[first.month - 1]} – {day(last)}"
    return f"{day(first)} – {day(last)}"


def day(value: date) -> str:
    """Write a day: 21 Nov 2026."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def bucket(start: date | datetime, grain: Grain) -> str:
    """Write a time bucket by its start: 21 Nov 2026, 02:00; 21 Nov 2026; Week of 16 Nov 2026; Nov 2026; Q4 2026."""
    match grain:
        case Grain.HOUR:
            return f"{day(start)}, {start:%H:%M}"
        case Grain.DAY:
            return day(start)
        case Grain.WEEK:
            return f"Week of {day(start)}"
        case Grain.MONTH:
            return f"{_MONTHS[start.month - 1]} {start.year}"
        case Grain.QUARTER:
            return f"Q{(start.month + 2) // 3} {start.year}"
        case Grain.YEAR:
            return str(start.year)


def _number(value: object) -> Decimal | None:
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, Integral):
        return Decimal(int(value))
    if not isinstance(value, Real):
        return None
    # A float by its shortest form: 68.86 is 68.86, not 68.8599999...
    number = Decimal(repr(float(value)))
    return number if number.is_finite() else None


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) or (isinstance(value, Decimal) and value == value.to_integral_value())


def _three_digits(size: Decimal) -> Decimal:
    return size.quantize(Decimal(1).scaleb(-_decimals_of_three(size, 2)), ROUND_HALF_UP)


def _decimals_of_three(size: Decimal, most: int) -> int:
    """Return how many decimals a figure of three digits has, at most `most`; 9.995 is 10.0."""
    for decimals in range(most, 0, -1):
        if size.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) < 10 ** (3 - decimals):
            return decimals
    return 0


def _rate_decimals(rates: Sequence[Decimal]) -> int:
    return 2 if all(abs(rate) < _FINE_RATE for rate in rates) else 1


def _percent(size: Decimal, decimals: int) -> str:
    return f"{_grouped(size * 100, decimals)}%"


def _grouped(size: Decimal, decimals: int) -> str:
    return f"{size.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):,f}"


def decimals_of(currency: str) -> int:
    """Return how many decimals a currency is written with: 2 for most, 0 for yen."""
    return _DECIMALS.get(currency, 2)


def _with_unit(text: str, unit: Unit, currency: str) -> str:
    match unit:
        case Unit.MONEY:
            return _SYMBOLS[currency] + text if currency in _SYMBOLS else f"{currency} {text}".strip()
        case Unit.DAYS:
            return f"{text} day{'' if text == '1' else 's'}"
        case Unit.TIMES:
            return f"{text}×"
        case _:
            return text


def _signed(text: str, number: Decimal) -> str:
    # What rounds to nothing has no sign.
    return MINUS + text if number < 0 and re.search(r"[1-9]", text) else text
