"""Charts for paper: inline SVG in the tokens' colours, drawn in data units inside and labelled in pixels outside."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from itertools import accumulate
from typing import TypeAlias

Number: TypeAlias = Decimal | int | float
Format: TypeAlias = Callable[[Number], str]

_SMALLEST = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line of a chart.

    Attributes:
        label: What it is, for the legend.
        total: The figure beside the label, written out; empty for none.
        values: One per place on the axis; None where there is no value.
        role: `now` is drawn in the accent, `before` in grey, `k1` to `k8` in the colours of categories.
        final: How many of the places, from the first, are final; what follows is drawn dashed. None: all of them.
    """

    label: str
    total: str
    values: Sequence[Number | None]
    role: str = "now"
    final: int | None = None


def line_chart(
    series: Sequence[Series], labels: Sequence[str], *, write: Format, summary: str, peak: bool = True
) -> str:
    """Draw lines over a common axis.

    Args:
        series: The first is the one that matters and is drawn on top.
        labels: One per place of the first series.
        write: Writes a value for the axis, short.
        summary: The finding in a sentence, for people who cannot see the chart.
        peak: Whether the highest point of the first line carries its value.
    """
    low, ticks = _scale([v for line in series for v in line.values if v is not None])
    high, places = ticks[-1], max(len(line.values) for line in series)
    lines = "".join(_path(line, low, high) for line in reversed(series))
    points = "".join(_lonely_points(line, places, low, high) for line in reversed(series))
    highest = _peak(series[0], places, low, high, write) if peak else ""
    drawing = (
        f'<svg viewBox="0 0 {max(places - 1, 1)} 100" preserveAspectRatio="none" width="100%" height="100%" '
        f'overflow="visible">{lines}</svg>{points}{highest}'
    )
    under = _under(labels, lambda place: _x(place, places))
    return _legend(series) + _frame(drawing, ticks, low, write, under, summary)


def column_chart(
    values: Sequence[Number | None], labels: Sequence[str], *, write: Format, summary: str, whole: bool = False
) -> str:
    """Draw one column per place on the axis, from zero.

    Args:
        values: None where there is no value.
        labels: One per column.
        write: Writes a value for the axis, short.
        summary: The finding in a sentence, for people who cannot see the chart.
        whole: Whether the values are counts, so that the axis has no fractions.
    """
    low, ticks = _scale([v for v in values if v is not None], whole=whole)
    high, width = ticks[-1], 100 / max(len(values), 1)
    columns = []
    for place, value in enumerate(values):
        if value is None:
            continue
        top, bottom = _y(max(float(value), 0.0), low, high), _y(min(float(value), 0.0), low, high)
        hint = f"<title>{escape(labels[place])}: {escape(write(value))}</title>"
        box = (
            f'x="{(place + 0.12) * width:.2f}%" y="{top:.2f}%" width="{0.76 * width:.2f}%" height="{bottom - top:.2f}%"'
        )
        columns.append(f'<rect class="col" fill="currentColor" {box}>{hint}</rect>')
    under = _under(labels, lambda place: ((place + 0.5) * width, "middle"))
    return _frame("".join(columns), ticks, low, write, under, summary)


def waterfall_chart(
    steps: Sequence[tuple[str, Number]], whole: tuple[str, Number], *, write: Format, label: Format, summary: str
) -> str:
    """Draw how steps add up to a change, from zero: each begins where the one before it ended.

    Args:
        steps: What each is called, and what it adds; negative where it takes away.
        whole: What the change is called, and its size: the sum of the steps.
        write: Writes a value for the axis, short.
        label: Writes a value above its column.
        summary: The finding in a sentence, for people who cannot see the chart.
    """
    ends = [0.0, *accumulate(float(amount) for _, amount in steps)]
    low, ticks = _scale(ends)
    high, width = ticks[-1], 100 / (len(steps) + 1)
    drawn = []
    for place, (_, amount) in enumerate(steps):
        role, text = "up" if float(amount) > 0 else "down", _plus(label, amount) if amount else "0"
        drawn.append(_step(place, width, (ends[place], ends[place + 1]), low, high, role=role, text=text))
        y = f"{_y(ends[place + 1], low, high):.2f}%"
        # A step of nothing has no column that the line could lead to.
        start, end = (place + (0.88 if amount else 0)) * width, (place + 1.12) * width
        drawn.append(f'<line class="axis" stroke="currentColor" x1="{start:.2f}%" x2="{end:.2f}%" y1="{y}" y2="{y}"/>')
    drawn.append(_step(len(steps), width, (0.0, float(whole[1])), low, high, role="all", text=_plus(label, whole[1])))
    names = [*(name for name, _ in steps), whole[0]]
    under = "".join(
        f'<text x="{(place + 0.5) * width:.2f}%" y="100%" dy="18" text-anchor="middle">{escape(name)}</text>'
        for place, name in enumerate(names)
    )
    return _frame("".join(drawn), ticks, low, lambda value: _plus(write, value), under, summary)


def _step(place: int, width: float, ends: tuple[float, float], low: float, high: float, *, role: str, text: str) -> str:
    top, bottom = _y(max(ends), low, high), _y(min(ends), low, high)
    box = f'x="{(place + 0.12) * width:.2f}%" y="{top:.2f}%" width="{0.76 * width:.2f}%" height="{bottom - top:.2f}%"'
    return (
        f'<rect class="wf {role}" fill="currentColor" {box}/>'
        f'<text class="ink halo" x="{(place + 0.5) * width:.2f}%" y="{top:.2f}%" dy="-6" text-anchor="middle">'
        f"{escape(text)}</text>"
    )


def _plus(write: Format, value: Number) -> str:
    return f"+{write(value)}" if value > 0 else write(value)


def _scale(values: Sequence[Number], *, whole: bool = False) -> tuple[float, list[float]]:
    """Return the lower end of the axis and three to five round ticks; zero is always among them."""
    lowest, highest = min([0.0, *map(float, values)]), max([0.0, *map(float, values)])
    spread = highest - lowest
    rough = (spread if spread > _SMALLEST else 1.0) / 4
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(s * magnitude for s in (1, 2, 2.5, 5, 10) if s * magnitude >= rough * (1 - 1e-9))
    step = float(math.ceil(step)) if whole else step
    first, last = math.floor(lowest / step + 1e-9), math.ceil(highest / step - 1e-9)
    last = max(last, first + 1)
    ticks = [n * step for n in range(first, last + 1)]
    return ticks[0], ticks


def _y(value: float, low: float, high: float) -> float:
    return 100 * (high - value) / (high - low)


def _path(line: Series, low: float, high: float) -> str:
    role, final = escape(line.role), len(line.values) if line.final is None else line.final
    solid = _drawn(line.values, range(final), low, high)
    # The dashed part begins at the last final place, so that the line has no gap.
    dashed = _drawn(line.values, range(max(final - 1, 0), len(line.values)), low, high)
    shown = f'<path class="{role}" fill="none" stroke="currentColor" d="{solid}"/>' if solid else ""
    if final < len(line.values) and dashed:
        shown += f'<path class="{role} open" fill="none" stroke="currentColor" stroke-dasharray="4 4" d="{dashed}"/>'
    return shown


def _drawn(values: Sequence[Number | None], places: range, low: float, high: float) -> str:
    parts, pen_down = [], False
    for place in places:
        value = values[place]
        if value is not None:
            parts.append(f"{'L' if pen_down else 'M'}{place},{_y(float(value), low, high):.2f}")
        pen_down = value is not None
    return "".join(parts)


def _lonely_points(line: Series, places: int, low: float, high: float) -> str:
    """A value without a neighbour has no line, so it is a point."""
    values = [None, *line.values, None]
    return "".join(
        f'<circle class="{escape(line.role)} point" fill="currentColor" '
        f'cx="{_x(place, places)[0]:.2f}%" cy="{_y(float(value), low, high):.2f}%" r="3.5"/>'
        for place, value in enumerate(line.values)
        if value is not None and values[place] is None and values[place + 2] is None
    )


def _peak(line: Series, places: int, low: float, high: float, write: Format) -> str:
    known = [(float(value), place) for place, value in enumerate(line.values) if value is not None]
    if not known:
        return ""
    value, place = max(known)
    (x, side), y = _x(place, places), _y(value, low, high)
    return (
        f'<circle class="dot" fill="none" stroke="currentColor" cx="{x:.2f}%" cy="{y:.2f}%" r="3.5"/>'
        f'<text class="ink halo" x="{x:.2f}%" y="{y:.2f}%" dy="-9" text-anchor="{side}">{escape(write(value))}</text>'
    )


def _x(place: int, places: int) -> tuple[float, str]:
    """Where a place is across the chart, in percent, and on which side of it a text fits."""
    x = 100 * place / max(places - 1, 1)
    return x, "start" if x < 3 else "end" if x > 97 else "middle"


def _frame(drawing: str, ticks: Sequence[float], low: float, write: Format, under: str, summary: str) -> str:
    high = ticks[-1]
    rules = []
    for tick in ticks:
        y, role = f"{_y(tick, low, high):.2f}%", "axis" if tick == 0 else "grid"
        rules.append(
            f'<line class="{role}" stroke="currentColor" stroke-opacity=".2" x1="0" x2="100%" y1="{y}" y2="{y}"/>'
        )
        rules.append(f'<text x="-8" y="{y}" dy="4" text-anchor="end">{escape(write(tick))}</text>')
    inside = "".join(rules) + drawing + under
    return f'<div class="plot"><svg height="200" role="img" aria-label="{escape(summary)}">{inside}</svg></div>'


def _under(labels: Sequence[str], where: Callable[[int], tuple[float, str]]) -> str:
    """Write the labels under the axis: at most about eight, at even and round distances, the first among them."""
    wanted = max(math.ceil(len(labels) / 8), 1)
    every = wanted if wanted <= 3 else next(n * 10**p for p in range(9) for n in (1, 2, 5) if n * 10**p >= wanted)
    texts = []
    for count, place in enumerate(range(0, len(labels), every)):
        x, side = where(place)
        # On a narrow screen only every second one has room.
        role = ' class="lo"' if count % 2 else ""
        texts.append(f'<text{role} x="{x:.2f}%" y="100%" dy="18" text-anchor="{side}">{escape(labels[place])}</text>')
    return "".join(texts)


def _legend(series: Sequence[Series]) -> str:
    if len(series) < 2:
        return ""
    stroke = 'stroke="currentColor" x1="0" x2="16" y1="5" y2="5"'
    items = [
        f'<li><svg class="key" aria-hidden="true"><line class="{escape(line.role)}" {stroke}/></svg>'
        f"{escape(line.label)} <b>{escape(line.total)}</b></li>"
        for line in series
    ]
    return f'<ul class="legend">{"".join(items)}</ul>'
