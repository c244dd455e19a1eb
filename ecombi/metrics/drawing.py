"""How a result draws itself in a notebook: a line over time, else a bar for each part, with bqplot."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Final

import pandas as pd

from ecombi.errors import MetricError
from ecombi.metrics.definitions import Metric, Unit

if TYPE_CHECKING:
    import bqplot

    from ecombi.metrics.passport import Passport
    from ecombi.metrics.result import Result

_COLOURS: Final = ("#2456c5", "#b3360f", "#0b7a5b", "#8a5a00", "#7a3aa0", "#00758f", "#a0325f", "#5b6370")
"""Told apart by people who cannot tell red from green, and on white as on black; the first is the accent."""

_BEFORE: Final = "#a9afb9"
_MOST_LINES: Final = len(_COLOURS)
_MOST_BARS: Final = 25


def draw(result: Result, passport: Passport) -> bqplot.Figure:
    """Return a figure of the first metric of a result.

    Over time: one line, or one for each combination of the dimensions, at most eight, the largest; where compared and
    there is one line, the other range in grey. Else one bar for each row, at most 25, the largest first.

    Raises:
        MetricError: The result has no rows, or a single figure.
    """
    metric, grain = passport.metrics[0], passport.query.grain
    if result.empty or result[metric.name].isna().all():
        raise MetricError(f"There is nothing to draw: no row of this result has a value for {metric.label}.")
    if grain is None and not passport.query.by:
        raise MetricError("A single figure cannot be drawn. Ask for it by a dimension, or with a grain.")
    with warnings.catch_warnings():
        # bqplot's traits are declared in a way that newer versions of its own libraries warn of.
        warnings.simplefilter("ignore", DeprecationWarning)
        marks, axes = _lines(result, passport, metric) if grain else _bars(result, passport, metric)
        return _figure(marks, axes, title=f"{metric.label}, {dict(passport.lines())['Counted']}", lines=bool(grain))


def _figure(marks: list[bqplot.Mark], axes: list[bqplot.Axis], *, title: str, lines: bool) -> bqplot.Figure:
    import bqplot
    import ipywidgets

    return bqplot.Figure(
        marks=marks,
        axes=axes,
        title=title,
        legend_location="top-left",
        fig_margin={"top": 48, "bottom": 36 if lines else 96, "left": 80, "right": 24},
        animation_duration=0,
        layout=ipywidgets.Layout(width="auto", height="360px", min_width="320px"),
    )


def _lines(result: Result, passport: Passport, metric: Metric) -> tuple[list[bqplot.Mark], list[bqplot.Axis]]:
    import bqplot

    bucket, by = str(passport.query.grain), list(passport.query.by)
    scales = {"x": bqplot.DateScale(), "y": bqplot.LinearScale()}
    values = pd.DataFrame({**{name: result[name] for name in (bucket, *by)}, "value": _numbers(result[metric.name])})
    if by:
        names = values[by].astype("object").where(values[by].notna(), "unknown").astype(str).agg(", ".join, axis=1)
        totals = values.groupby(names)["value"].agg(lambda found: found.abs().sum()).sort_values(ascending=False)
        shown = list(totals.index[:_MOST_LINES])
    else:
        names, shown = pd.Series(metric.label, index=values.index), [metric.label]
    marks = []
    if passport.compared is not None and not by:
        marks.append(_line(values[bucket], _numbers(result[f"{metric.name}_before"]), "Before", _BEFORE, scales))
    for name, colour in zip(shown, _COLOURS, strict=False):
        mine = values[names == name]
        marks.append(_line(mine[bucket], mine["value"], name, colour, scales))
    for mark in marks:
        mark.display_legend = len(marks) > 1
    axes = [
        bqplot.Axis(scale=scales["x"], grid_lines="none"),
        bqplot.Axis(
            scale=scales["y"], orientation="vertical", tick_format=_tick_format(metric), label=_unit(metric, passport)
        ),
    ]
    return marks, axes


def _line(x: pd.Series, y: pd.Series, name: str, colour: str, scales: dict[str, bqplot.Scale]) -> bqplot.Lines:
    import bqplot

    return bqplot.Lines(
        x=x.to_numpy("datetime64[ns]"),
        y=y.to_numpy(float),
        labels=[name],
        colors=[colour],
        stroke_width=2,
        scales=scales,
    )


def _bars(result: Result, passport: Passport, metric: Metric) -> tuple[list[bqplot.Mark], list[bqplot.Axis]]:
    import bqplot

    by = list(passport.query.by)
    names = result[by].astype("object").where(result[by].notna(), "unknown").astype(str).agg(", ".join, axis=1)
    values = pd.DataFrame({"name": names, "value": _numbers(result[metric.name])}).dropna()
    values = values.sort_values("value", ascending=False, kind="stable").head(_MOST_BARS)
    scales = {"x": bqplot.OrdinalScale(), "y": bqplot.LinearScale()}
    bars = bqplot.Bars(
        x=values["name"].tolist(), y=values["value"].to_numpy(float), colors=[_COLOURS[0]], scales=scales, padding=0.2
    )
    axes = [
        bqplot.Axis(scale=scales["x"], grid_lines="none", tick_rotate=-35, tick_style={"text-anchor": "end"}),
        bqplot.Axis(
            scale=scales["y"], orientation="vertical", tick_format=_tick_format(metric), label=_unit(metric, passport)
        ),
    ]
    return [bars], axes


def _numbers(values: pd.Series) -> pd.Series:
    return pd.Series([float("nan") if pd.isna(value) else float(value) for value in values], index=values.index)


def _tick_format(metric: Metric) -> str:
    return ".1%" if metric.unit is Unit.RATE else "~s"


def _unit(metric: Metric, passport: Passport) -> str:
    return f"{metric.label}, {passport.shop.currency}" if metric.unit is Unit.MONEY else metric.label
