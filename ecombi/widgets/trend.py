"""A line over time beside an earlier one: built once, updated in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import bqplot
import ipywidgets
import numpy as np
from markupsafe import Markup

from ecombi.widgets.markup import el
from ecombi.widgets.pictures import Line, lines

_HIDDEN = "transparent"
_TICK = {"font-size": "11px"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What a trend shows. All sequences are of one length, one item per time bucket.

    Attributes:
        now: The figures; None where there is no value.
        before: Those of the earlier range; empty for none.
        hints: What a point says on hover.
        ticks: Names under the axis, by the place of their point.
        levels: Round values for the axis, the lowest first, zero among them.
        level_names: How they are written.
        open: How many of the last points are not final; drawn dashed.
        peak: What the highest point says.
    """

    now: Sequence[float | None]
    before: Sequence[float | None]
    hints: Sequence[str]
    ticks: dict[int, str]
    levels: Sequence[float]
    level_names: Sequence[str]
    open: int = 0
    peak: str = ""


class Trend:
    """A chart of one series over time. `figure` is its widget."""

    def __init__(self, *, height: int = 264) -> None:
        self._x, self._y = bqplot.LinearScale(min=0.0, max=1.0), bqplot.LinearScale(min=0.0, max=1.0)
        scales = {"x": self._x, "y": self._y}
        self._across = bqplot.Axis(scale=self._x, side="bottom", grid_lines="none", tick_style=_TICK, tick_values=[0.0])
        self._up = bqplot.Axis(
            scale=self._y,
            side="left",
            grid_lines="solid",
            grid_color="var(--grid)",
            tick_style=_TICK,
            tick_values=[0.0],
        )
        self._before = bqplot.Lines(
            x=[0.0, 1.0], y=[0.0, 0.0], scales=scales, colors=["var(--series-before)"], stroke_width=1.5
        )
        self._before_open = bqplot.Lines(
            x=[0.0, 1.0],
            y=[0.0, 0.0],
            scales=scales,
            colors=["var(--series-before)"],
            stroke_width=1.5,
            line_style="dashed",
        )
        self._now = bqplot.Lines(
            x=[0.0, 1.0], y=[0.0, 0.0], scales=scales, colors=["var(--series-now)"], stroke_width=2
        )
        self._open = bqplot.Lines(
            x=[0.0, 1.0], y=[0.0, 0.0], scales=scales, colors=["var(--series-now)"], stroke_width=2, line_style="dashed"
        )
        self._zero = bqplot.Lines(x=[0.0, 1.0], y=[0.0, 0.0], scales=scales, colors=["var(--axis)"], stroke_width=1)
        self._peak = bqplot.Scatter(
            x=[0.0],
            y=[0.0],
            scales=scales,
            colors=["var(--surface)"],
            stroke="var(--series-now)",
            stroke_width=2,
            default_size=40,
            apply_clip=False,
        )
        self._peak_name = bqplot.Label(
            x=[0.0], y=[0.0], text=[""], scales=scales, colors=["var(--text)"], default_size=11, align="middle",
            y_offset=-12, font_weight="normal", apply_clip=False,
        )  # fmt: skip
        tooltip = bqplot.Tooltip(fields=["name"], show_labels=False)
        self._points = bqplot.Scatter(
            x=[0.0], y=[0.0], scales=scales, colors=["var(--series-now)"], default_size=64, opacities=[0.0],
            names=[""], display_names=False, tooltip=tooltip, hovered_style={"opacity": "1"},
            unhovered_style={"opacity": "0"}, apply_clip=False,
        )  # fmt: skip
        self.figure = bqplot.Figure(
            marks=[
                self._zero,
                self._before,
                self._before_open,
                self._now,
                self._open,
                self._peak,
                self._peak_name,
                self._points,
            ],
            axes=[self._across, self._up],
            fig_margin={"top": 24, "bottom": 28, "left": 52, "right": 16},
            padding_x=0,
            padding_y=0,
            display_toolbar=False,
            animation_duration=0,
            background_style={"fill": _HIDDEN},
            layout=ipywidgets.Layout(height=f"{height}px", width="auto", min_width="0"),
        )
        self.figure.add_class("chart")
        self._series: Series | None = None

    def show(self, series: Series) -> None:
        """Draw another series with the same marks."""
        self._series = series
        last = len(series.now) - 1
        # Ticks first: the library draws grid lines for new ticks only when the scale changes after them.
        _ticks(self._across, [float(place) for place in series.ticks], list(series.ticks.values()))
        _ticks(self._up, list(series.levels), list(series.level_names))
        self._x.max = float(max(last, 1))
        with self._y.hold_sync():
            self._y.min, self._y.max = float(series.levels[0]), float(series.levels[-1])
        _line(self._zero, [0.0, float(max(last, 1))], [0.0, 0.0])
        closed = len(series.now) - series.open
        for solid, dashed, values in (
            (self._now, self._open, series.now),
            (self._before, self._before_open, series.before),
        ):
            points = [_nan(value) for value in values]
            _line(solid, list(range(closed)), points[:closed])
            # The dashed part begins at the last finished point, so that the line has no gap.
            begin = max(closed - 1, 0)
            rest = points[begin:] if series.open and points else []
            _line(dashed, list(range(begin, begin + len(rest))), rest)
        self._mark_peak(series)
        _points(self._points, series)

    def picture(self) -> Markup:
        """Return the chart as it is now, for the first picture of the page."""
        if self._series is None:
            return el("div", class_="chart picture")
        drawn = [Line(points=self._series.before, style="before"), Line(points=self._series.now, style="now")]
        return el(
            "div",
            lines([line for line in drawn if line.points], said="", dot=False, class_="wide"),
            class_="chart picture",
        )

    def _mark_peak(self, series: Series) -> None:
        known = [(value, place) for place, value in enumerate(series.now) if value is not None]
        self._peak.visible = self._peak_name.visible = bool(known and series.peak)
        if not known:
            return
        value, place = max(known, key=lambda item: item[0])
        last = len(series.now) - 1
        # A name near the edge is set inwards: on a phone, a quarter of the chart is as wide as the name.
        align = "start" if place < last * 0.25 else "end" if place > last * 0.75 else "middle"
        for mark in (self._peak, self._peak_name):
            with mark.hold_sync():
                mark.x, mark.y = np.array([float(place)]), np.array([value])
        with self._peak_name.hold_sync():
            self._peak_name.text, self._peak_name.align = np.array([series.peak]), align


def _ticks(axis: bqplot.Axis, values: list[float], names: list[str]) -> None:
    with axis.hold_sync():
        axis.tick_values = np.array(values)
        axis.tick_labels = {_key(value): name for value, name in zip(values, names, strict=True)}


def _key(value: float) -> str:
    """Write a tick as JavaScript would: 50000, not 50000.0."""
    return str(int(value)) if value == int(value) else repr(value)


def _line(mark: bqplot.Lines, x: Sequence[float], y: Sequence[float]) -> None:
    if len(x) == 1:
        # The library takes an array of one for no array at all.
        x, y = [*x, *x], [*y, *y]
    with mark.hold_sync():
        mark.x, mark.y = np.array(x, dtype=float), np.array(y, dtype=float)


def _points(mark: bqplot.Scatter, series: Series) -> None:
    with mark.hold_sync():
        mark.x = np.arange(len(series.now), dtype=float)
        mark.y = np.array([_nan(value) for value in series.now])
        mark.names = np.array(series.hints)


def _nan(value: float | None) -> float:
    return float("nan") if value is None else float(value)
