"""Round values and plain names for the axes of a chart over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Unit
from ecombi.schema.periods import Grain

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def level_names(values: Sequence[float], currency: str) -> list[str]:
    """Write the levels of money: £50K, with a bare 0."""
    return ["0" if value == 0 else _plain(fmt.short(value, Unit.MONEY, currency)) for value in values]


def ticks(days: Sequence[date], grain: Grain, *, room: int) -> dict[int, str]:
    """Name some of the buckets, evenly, the first and last among them.

    Args:
        days: Start of each bucket.
        grain: Its width.
        room: How many names fit.
    """
    last = len(days) - 1
    if last < 1:
        return {place: name(day, grain) for place, day in enumerate(days)}
    apart = max(1, math.ceil(last / max(room - 1, 1)))
    if grain is Grain.DAY and apart > 3:
        apart = math.ceil(apart / 7) * 7
    places = [place for place in range(0, last + 1, apart) if last - place >= apart * 0.6 or place == last]
    return {place: name(days[place], grain) for place in [*places, *([] if last in places else [last])]}


def name(day: date, grain: Grain) -> str:
    """Name a bucket in short: Sun 15 Nov, 16 Nov, Nov 2026."""
    text = fmt.bucket(day, Grain.DAY if grain is Grain.WEEK else grain)
    if grain is Grain.DAY:
        return f"{_WEEKDAYS[day.weekday()]} {text.rpartition(' ')[0]}"
    return text.rpartition(" ")[0] if grain is Grain.WEEK else text


def _plain(text: str) -> str:
    """Leave out zeros that say nothing on an axis: £50.0K is £50K."""
    number, letter = (text[:-1], text[-1]) if text[-1:] in "KMB" else (text, "")
    return (number.rstrip("0").rstrip(".") if "." in number else number) + letter
