"""The charts of a report, drawn from results: a metric over time, and over the hours of the day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from html import escape

from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Unit
from ecombi.metrics.result import Result
from ecombi.reports import figures
from ecombi.reports.blocks import Block, framed, state
from ecombi.reports.charts import Format, Series, column_chart, line_chart
from ecombi.schema.periods import Grain

_IDLE_ZEROS = re.compile(r"\.0+(?=[KMB%]|$)|(?<=\.\d)0+(?=[KMB])")
"""What an axis can do without: £5.00K is £5K there, and £2.50K is £2.5K."""


def trend(name: str, lines: Sequence[tuple[Result, Result]], title: str) -> Block:
    """Draw a metric over time; place by place, each earlier line lies under the first.

    Args:
        name: The metric.
        lines: For each line its time series and the total of the same days; the first is the one that matters.
        title: Heading.
    """
    series = [_series(name, over_time, total, first=not place) for place, (over_time, total) in enumerate(lines)]
    first = lines[0][0]
    grain = first.passport.query.grain or Grain.DAY
    labels = [_brief(row[grain.value], grain) for row in figures.rows(first)]
    # An earlier period from before the records began has no line, and no total of zero either.
    series = [line for line in series if any(value is not None for value in line.values)]
    if not series:
        return Block(state(f"{title}: there are no records of these days."))
    summary = f"{title}. {'; '.join(f'{line.label}: {line.total}' for line in series)}."
    chart = line_chart(series, labels, write=_axis(first, name), summary=summary)
    return Block(framed(title, first, chart))


def hours(name: str, by_hour: Result, title: str) -> Block:
    """Draw a metric over the 24 hours of the shop's clock, and name the busiest one.

    Args:
        name: The metric.
        by_hour: One row per hour_of_day in which something happened.
        title: Heading.
    """
    of = figures.metric(by_hour, name)
    found = {row["hour_of_day"]: value for row in figures.rows(by_hour) if (value := figures.number(row[name]))}
    if not found:
        return Block(state(f"{title}: there were no {of.label.lower()} in these days."))
    if set(found) == {0}:
        return Block(
            state(f"{title}: not known. Everything is recorded at midnight, so the records carry no time of day.")
        )
    busiest = max(range(24), key=lambda hour: (found.get(hour, 0), -hour))
    exact = figures.marked(by_hour, name, found[busiest])
    said = f"The busiest hour was {busiest:02}:00 to {busiest + 1:02}:00"
    chart = column_chart(
        [found.get(hour, 0) for hour in range(24)],
        [f"{hour:02}:00" for hour in range(24)],
        write=_axis(by_hour, name),
        summary=f"{title}. {said}.",
        whole=of.unit is Unit.COUNT,
    )
    return Block(
        framed(title, by_hour, chart)
        + f'<p class="finding">{said}, with <b>{exact}</b> {escape(of.label.lower())}.</p>'
    )


def _series(name: str, over_time: Result, total: Result, *, first: bool) -> Series:
    return Series(
        label=figures.period_words(figures.period_of(over_time)),
        total=figures.write(total, name, figures.only(total)[name]),
        values=[figures.number(row[name]) for row in figures.rows(over_time)],
        role="now" if first else "before",
    )


def _axis(result: Result, name: str) -> Format:
    of, currency = figures.metric(result, name), result.passport.shop.currency
    return lambda value: _IDLE_ZEROS.sub("", fmt.short(value, of.unit, currency)) if value else "0"


def _brief(start: object, grain: Grain) -> str:
    if not isinstance(start, datetime):
        return str(start)
    # The subtitle says the year; a week is named by its first day.
    day = fmt.day(start).rsplit(" ", 1)[0]
    return day if grain in {Grain.DAY, Grain.WEEK} else fmt.bucket(start, grain)
