"""How a result draws itself in a notebook: a line over time, else a bar for each part, with bqplot."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

import pandas as pd

from ecombi.errors import MetricError
from ecombi.metrics import format as fmt
from ecombi.metrics import markup
from ecombi.metrics.definitions import Metric, Unit
from ecombi.schema.periods import Grain

if TYPE_CHECKING:
    import bqplot
    import ipywidgets

    from ecombi.metrics.passport import Passport
    from ecombi.metrics.result import Result

_COLOURS: Final = ("#3f7fe8", "#d5602c", "#199468", "#a87a10", "#a765d0", "#0e90aa", "#d2527f")
"""Told apart by people who cannot tell red from green, and each at least 3:1 on white as on black."""

_BEFORE: Final = "#858c98"
_INK: Final = "var(--jp-content-font-color1,inherit)"
_STEPS: Final = 4
_ROUND: Final = (1, 2, 2.5, 5, 10)
_SMALLEST: Final = 1e-6
_MOST_BARS: Final = 25
_MOST_LETTERS: Final = 40
_MOST_TICKS: Final = 8
_DAYS: Final = {Grain.HOUR: "%-d %b %H:%M", Grain.DAY: "%-d %b", Grain.WEEK: "%-d %b", Grain.YEAR: "%Y"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line: a value for each time bucket, NaN for none."""

    name: str
    values: pd.Series
    colour: str


def draw(result: Result, passport: Passport) -> ipywidgets.VBox:
    """Return a chart of the first metric of a result, below its title and the names of its lines.

    Over time: one line, or one for each combination of the dimensions, at most seven, the largest; where compared and
    there is one line, the other range in grey. Buckets that are not final yet are dashed. Else one bar for each row, at
    most 25, the largest first, but weekdays and hours in their own order.

    Raises:
        MetricError: The result has no value, or is a single figure.
    """
    import ipywidgets

    metric, grain = passport.metrics[0], passport.query.grain
    if result.empty or result[metric.name].isna().all():
        raise MetricError(f"There is nothing to draw: no row of this result has a value for {metric.label}.")
    if grain is None and not passport.query.by:
        raise MetricError("A single figure cannot be drawn. Ask for it by a dimension, or with a grain.")
    with warnings.catch_warnings():
        # bqplot's traits are declared in a way that newer versions of its own libraries warn of.
        warnings.simplefilter("ignore", DeprecationWarning)
        if grain is None:
            shown, figure = "", _bars(result, passport, metric)
        else:
            lines = _lines(result, passport, metric, grain)
            final = [not passport.is_unfinished(stamp.date()) for stamp in lines[0].values.index]
            shown, figure = _legend(lines, final), _over_time(lines, final, metric, grain)
        return ipywidgets.VBox([ipywidgets.HTML(_title(metric, passport) + shown), figure])


def _lines(result: Result, passport: Passport, metric: Metric, grain: Grain) -> list[_Line]:
    """Return the lines, the most important first, all of them over the same buckets."""
    bucket, by = grain.value, list(passport.query.by)
    if not by:
        found = result.set_index(bucket)
        lines = [_Line(name="This period", values=_numbers(found[metric.name]), colour=_COLOURS[0])]
        if passport.compared is not None:
            before = _numbers(found[f"{metric.name}_before"])
            lines.append(_Line(name=f"Before: {fmt.days(passport.compared)}", values=before, colour=_BEFORE))
        return lines
    wide = pd.DataFrame({"name": _names(result, by), "at": result[bucket], "value": _numbers(result[metric.name])})
    wide = wide.pivot(index="at", columns="name", values="value")
    if _is_sum(metric):
        wide = wide.fillna(0.0)
    largest = wide.abs().sum().sort_values(ascending=False, kind="stable").index[: len(_COLOURS)]
    return [_Line(name=name, values=wide[name], colour=c) for name, c in zip(largest, _COLOURS, strict=False)]


def _over_time(lines: Sequence[_Line], final: Sequence[bool], metric: Metric, grain: Grain) -> bqplot.Figure:
    import bqplot

    marked = levels([value for line in lines for value in line.values.dropna()])
    scales = {"x": bqplot.DateScale(), "y": bqplot.LinearScale(min=marked[0], max=marked[-1])}
    closed, last = sum(final), len(final)
    # The dashed part begins at the last final bucket, so that the line has no gap.
    parts = [("solid", 0, closed), *([("dashed", max(closed - 1, 0), last)] if closed < last else [])]
    marks = []
    # What matters most is drawn last, on top.
    for line in reversed(lines):
        for style, start, end in parts:
            # One point alone makes no line, unless there is no other.
            if end - start > 1 or last == end - start == 1:
                marks.append(_mark(line.values.iloc[start:end], line.colour, style, scales))
    buckets = lines[0].values.index
    apart = -(-last // _MOST_TICKS)
    ticks = buckets[::apart].to_numpy("datetime64[ns]")
    across = bqplot.Axis(scale=scales["x"], grid_lines="none", tick_values=ticks, tick_format=_DAYS.get(grain, "%b %Y"))
    return _figure(marks, [across, _up(metric, scales["y"], marked, "vertical")], left=80, height=320)


def _mark(values: pd.Series, colour: str, style: str, scales: dict[str, bqplot.Scale]) -> bqplot.Lines | bqplot.Scatter:
    import bqplot

    x, y = values.index.to_numpy("datetime64[ns]"), values.to_numpy(float)
    if len(values) == 1:
        return bqplot.Scatter(x=x, y=y, colors=[colour], scales=scales)
    return bqplot.Lines(x=x, y=y, colors=[colour], line_style=style, stroke_width=2, scales=scales)


def _bars(result: Result, passport: Passport, metric: Metric) -> bqplot.Figure:
    import bqplot

    by = list(passport.query.by)
    values = pd.DataFrame({"name": _names(result, by), "value": _numbers(result[metric.name])}).dropna()
    if not (len(by) == 1 and pd.api.types.is_integer_dtype(result[by[0]])):
        values = values.sort_values("value", ascending=False, kind="stable").head(_MOST_BARS)
    names = _shortened(values["name"].tolist())
    marked = levels(values["value"].tolist())
    scales = {"x": bqplot.OrdinalScale(domain=names[::-1]), "y": bqplot.LinearScale(min=marked[0], max=marked[-1])}
    bars = bqplot.Bars(
        x=names,
        y=values["value"].to_numpy(float),
        colors=[_COLOURS[0]],
        scales=scales,
        padding=0.25,
        orientation="horizontal",
    )
    beside = bqplot.Axis(scale=scales["x"], orientation="vertical", grid_lines="none")
    left = 24 + 7 * max(map(len, names))
    return _figure(
        [bars], [beside, _up(metric, scales["y"], marked, "horizontal")], left=left, height=64 + 24 * len(names)
    )


def levels(values: Sequence[float]) -> list[float]:
    """Return 2 to 7 round values that enclose `values` and zero, the lowest first."""
    low, high = min([0.0, *values]), max([0.0, *values])
    if high - low < _SMALLEST:
        return [0.0, 1.0]
    raw = (high - low) / _STEPS
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * size for factor in _ROUND if factor * size >= raw * 0.999)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, last + 1)]


def _figure(marks: list[bqplot.Mark], axes: list[bqplot.Axis], *, left: int, height: int) -> bqplot.Figure:
    import bqplot
    import ipywidgets

    return bqplot.Figure(
        marks=marks,
        axes=axes,
        fig_margin={"top": 12, "bottom": 32, "left": left, "right": 32},
        background_style={"fill": "transparent"},
        animation_duration=0,
        layout=ipywidgets.Layout(width="auto", height=f"{height}px", min_width="320px"),
    )


def _up(metric: Metric, scale: bqplot.Scale, marked: Sequence[float], orientation: str) -> bqplot.Axis:
    import bqplot
    import numpy as np

    written = "~%" if metric.unit is Unit.RATE else ",~f"
    return bqplot.Axis(scale=scale, orientation=orientation, tick_format=written, tick_values=np.array(marked))


def _title(metric: Metric, passport: Passport) -> str:
    unit = f", {passport.shop.currency}" if metric.unit is Unit.MONEY else ""
    counted = dict(passport.lines())["Counted"]
    return markup.framed(f'<b style="color:{_INK}">{escape(metric.label + unit)}</b>' + markup.note(counted))


def _legend(lines: Sequence[_Line], final: Sequence[bool]) -> str:
    items = [f'<span style="color:{line.colour}">━</span> {escape(line.name)}' for line in lines]
    said = [*(items if len(items) > 1 else []), *([] if all(final) else ["┅ not final yet"])]
    return markup.framed(f'<span style="color:{_INK}">{" &emsp;".join(said)}</span>') if said else ""


def _names(result: Result, by: Sequence[str]) -> pd.Series:
    """Name each row by the values of its dimensions; a shop may call a value unknown, so having none is in brackets."""
    parts = result[list(by)]
    return parts.astype("object").where(parts.notna(), "(unknown)").astype(str).agg(", ".join, axis=1)


def _shortened(names: list[str]) -> list[str]:
    """Cut long names, unless two would become one."""
    short = [name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 1]}…" for name in names]
    return short if len(set(short)) == len(set(names)) else names


def _numbers(values: pd.Series) -> pd.Series:
    return pd.Series([float("nan") if pd.isna(value) else float(value) for value in values], index=values.index)


def _is_sum(metric: Metric) -> bool:
    """Whether a bucket without a row is 0, not unknown."""
    return metric.exact and all(getattr(part, "nothing", 0) == 0 for part in metric.measures())
