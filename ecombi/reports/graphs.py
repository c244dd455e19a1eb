"""The charts of a report, drawn from results: a metric over time, and over the hours of the day."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import escape

from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Metric, Unit
from ecombi.metrics.result import Result
from ecombi.reports import figures
from ecombi.reports.blocks import Block, framed, state
from ecombi.reports.charts import Format, Series, column_chart, line_chart
from ecombi.reports.recorded import Unrecorded
from ecombi.reports.settled import is_settled
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
    labels = [brief(start, _grain(first)) for start in _buckets(first)]
    # An earlier period from before the records began has no line, and no total of zero either.
    series = [line for line in series if any(value is not None for value in line.values)]
    if not series:
        of = figures.metric(first, name)
        why = f"not known. {of.why}" if isinstance(of, Unrecorded) else "there are no records of these days."
        return Block(state(f"{title}: {why}"))
    summary = f"{title}. {'; '.join(f'{line.label}: {line.total}' for line in series)}."
    chart = line_chart(series, labels, write=axis(first, name), summary=summary)
    return Block(framed(title, first, chart) + _open(series[0]))


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
        write=axis(by_hour, name),
        summary=f"{title}. {said}.",
        whole=of.unit is Unit.COUNT,
    )
    return Block(
        framed(title, by_hour, chart)
        + f'<p class="finding">{said}, with <b>{exact}</b> {escape(of.label.lower())}.</p>'
    )


def several(
    over_time: Result, named: Mapping[str, str], title: str, *, totals: Mapping[str, str] | None = None
) -> Block:
    """Draw several metrics of one unit over time, on one axis.

    Args:
        over_time: A time series.
        named: Metric -> what its line is called.
        title: Heading.
        totals: Metric -> the figure beside its name in the legend.
    """
    series = [
        Series(
            label=label,
            total=(totals or {}).get(name, ""),
            values=_values(over_time, name),
            role=f"k{place}",
            final=_final(over_time, figures.metric(over_time, name)),
        )
        for place, (name, label) in enumerate(named.items(), 1)
    ]
    series = [line for line in series if any(value is not None for value in line.values)]
    if not series:
        why = figures.why_unknown(over_time.passport.metrics[0], {})
        return Block(state(f"{title}: not known. {why}"))
    chart = line_chart(
        series,
        [brief(start, _grain(over_time)) for start in _buckets(over_time)],
        write=axis(over_time, next(iter(named))),
        summary=f"{title}: {', '.join(line.label for line in series)}.",
        peak=False,
    )
    return Block(framed(title, over_time, chart) + _open(*series))


def _series(name: str, over_time: Result, total: Result, *, first: bool) -> Series:
    values = _values(over_time, name)
    # The total of an earlier period that is recorded in part would be compared with that of a whole one.
    has_total = first or all(value is not None for value in values)
    return Series(
        label=figures.period_words(figures.period_of(over_time)),
        total=figures.write(total, name, figures.only(total)[name]) if has_total else "recorded in part",
        values=values,
        role="now" if first else "before",
        final=_final(over_time, figures.metric(over_time, name)) if first else None,
    )


def _values(over_time: Result, name: str) -> list[Decimal | None]:
    """Return the values of a series at their places in its period: days that nobody recorded have none."""
    grain = _grain(over_time).value
    found = {
        start.date(): figures.number(row[name])
        for row in figures.rows(over_time)
        if isinstance(start := row[grain], datetime)
    }
    return [found.get(start) for start in _buckets(over_time)]


def _buckets(over_time: Result) -> list[date]:
    """Return the first day of every time bucket of the period that was asked for, recorded or not."""
    period, grain = figures.period_of(over_time), _grain(over_time)
    starts = [_first_day(period.start, grain)]
    while (following := grain.end_of(starts[-1])) < period.end:
        starts.append(following)
    return starts


def _first_day(day: date, grain: Grain) -> date:
    match grain:
        case Grain.WEEK:
            return day - timedelta(days=day.weekday())
        case Grain.MONTH:
            return day.replace(day=1)
        case Grain.QUARTER:
            return day.replace(month=day.month - (day.month - 1) % 3, day=1)
        case Grain.YEAR:
            return day.replace(month=1, day=1)
        case _:
            return day


def _grain(over_time: Result) -> Grain:
    return over_time.passport.query.grain or Grain.DAY


def _final(over_time: Result, of: Metric) -> int:
    """Count the places up to the first one that can still change."""
    starts = _buckets(over_time)
    open_ones = (place for place, start in enumerate(starts) if not is_settled(over_time.passport, of, start))
    return next(open_ones, len(starts))


def _open(*series: Series) -> str:
    if not any(value is not None for line in series if line.final is not None for value in line.values[line.final :]):
        return ""
    return '<p class="finding muted">Dashed: not final, or not whole yet.</p>'


def axis(result: Result, name: str) -> Format:
    """Return what writes a metric's values on an axis: short, without idle zeros."""
    return short_axis(figures.metric(result, name).unit, result.passport.shop.currency)


def short_axis(unit: Unit, currency: str) -> Format:
    """Return what writes values of a unit on an axis: short, without idle zeros."""
    return lambda value: _IDLE_ZEROS.sub("", fmt.short(value, unit, currency)) if value else "0"


def brief(start: date, grain: Grain) -> str:
    """Write a time bucket on an axis."""
    # The subtitle says the year; a week is named by its first day.
    day = fmt.day(start).rsplit(" ", 1)[0]
    return day if grain in {Grain.DAY, Grain.WEEK} else fmt.bucket(start, grain)
