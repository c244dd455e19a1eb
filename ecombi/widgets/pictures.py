"""Small pictures that need no axis: spark lines, stacked shares, a heat map, lines side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ecombi.widgets.markup import Child, el, join


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line.

    Attributes:
        points: From left to right; None where there is no value.
        style: Class of the stroke: now, before, or k1 to k8.
    """

    points: Sequence[float | None]
    style: str


def lines(series: Sequence[Line], *, said: str, class_: str = "spark", dot: bool = True) -> Markup:
    """Draw lines on one common scale, from the lowest to the highest value of all.

    Args:
        series: Those in front last.
        said: The finding, for screen readers.
        class_: How large it is drawn.
        dot: Marks the last point of the last line.
    """
    known = [point for line in series for point in line.points if point is not None]
    steps = max((len(line.points) for line in series), default=0) - 1
    if steps < 1 or not known:
        return el("svg", class_=class_, role="img", aria_label=said)
    low, high = min(known), max(known)
    paths = [el("path", class_=line.style, d=_path(line.points, low, high)) for line in series]
    inside = el(
        "svg",
        paths,
        viewBox=f"0 0 {steps} 100",
        preserveAspectRatio="none",
        width="100%",
        height="100%",
        overflow="visible",
    )
    last = series[-1].points[-1] if dot else None
    end = (
        None if last is None else el("circle", cx="100%", cy=f"{_height(last, low, high):.2f}%", r="2.5", class_="end")
    )
    return el("svg", inside, end, class_=class_, role="img", aria_label=said)


def stack(bars: Sequence[tuple[str, Sequence[tuple[int, float]]]], *, said: str) -> Markup:
    """Draw shares as stacked bars, the first one large.

    Args:
        bars: For each a name, and its parts: number of the colour, share in percent.
        said: The finding, for screen readers.
    """
    drawn = []
    for place, (name, shares) in enumerate(bars):
        parts = [el("i", class_=f"k{number}", style=f"width:{max(share, 0):.2f}%") for number, share in shares]
        drawn.append(el("div", el("span", name), el("span", parts, class_="bars"), class_="prev" if place else None))
    scale = el("span", [el("span", f"{tick}%") for tick in (0, 25, 50, 75, 100)])
    return el("div", drawn, el("div", el("span"), scale, class_="scale"), class_="stack", role="img", aria_label=said)


def heat(
    rows: Sequence[tuple[str, Sequence[tuple[float | None, str]]]],
    *,
    ticks: Sequence[str],
    steps: Sequence[str],
    top: float,
    said: str,
) -> Markup:
    """Draw a heat map in seven classes.

    Args:
        rows: A name, and for each cell its value and what it says on hover.
        ticks: Names under the columns, each under as many columns as fit.
        steps: Lower bounds of the seven classes, in words.
        top: The value at which the highest class begins, times 7 ÷ 6.
        said: The finding, for screen readers.
    """
    cells: list[Child] = []
    for name, values in rows:
        cells.append(el("span", name))
        cells += [el("i", class_=f"q{_class(value, top)}", title=title) for value, title in values]
    cells.append(el("span"))
    cells += [el("span", tick, class_="x") for tick in ticks]
    key = el(
        "div",
        [el("i", class_=f"q{number}") for number in range(1, 8)],
        [el("span", step) for step in steps],
        class_="ramp",
    )
    return join([el("div", cells, class_="heat", role="img", aria_label=said), key])


def _class(value: float | None, top: float) -> int:
    if not value or top <= 0:
        return 1
    return min(7, 1 + int(value / top * 7))


def _height(value: float, low: float, high: float) -> float:
    return 50.0 if high == low else 93.1 - (value - low) / (high - low) * 86.2


def _path(points: Sequence[float | None], low: float, high: float) -> str:
    """Write a path that lifts the pen where there is no value."""
    pieces, down = [], False
    for place, point in enumerate(points):
        if point is None:
            down = False
            continue
        pieces.append(f"{'L' if down else 'M'}{place},{_height(point, low, high):.2f}")
        down = True
    return " ".join(pieces)
