"""Tables with a value in each cell and its size in the colour; what is not known yet is said to be so."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Final

from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Unit
from ecombi.metrics.result import AnalysisResult, Result
from ecombi.reports import figures
from ecombi.reports.blocks import Block, framed, state
from ecombi.reports.charts import Series, line_chart
from ecombi.reports.figures import Row
from ecombi.reports.graphs import short_axis
from ecombi.reports.grid import Column, captioned, finding, listed, table
from ecombi.reports.recorded import Unrecorded
from ecombi.schema.periods import Grain, add_months

NOBODY: Final = "No order says who placed it, so no customer can be followed."

_CLASSES: Final = 7
_LATER: Final = '<td class="later" title="Not known yet: its days are not over for everybody">not yet</td>'


def came_back(now: Result, name: str, against: Mapping[str, Result], *, days: int) -> Block:
    """Say in a sentence which share of the customers came back.

    Args:
        now: One row.
        name: The repeat purchase rate.
        against: Earlier figures of one row each, by what they are called: "a year earlier".
        days: The days of the rate.
    """
    of, value = figures.metric(now, name), figures.only(now)[name]
    if value is None:
        why = of.why if isinstance(of, Unrecorded) else f"No customer of these days has had {days} days yet."
        return Block(f'<p class="lead">How many customers come back is not known. {escape(why)}</p>')
    compared = [
        f"{escape(change.words)} {escape(said)}"
        for said, result in against.items()
        if (change := figures.change(of, value, figures.only(result)[name]))
    ]
    rest = f": {listed(compared)}" if compared else ""
    share = f"<b>{figures.marked(now, name, value)}</b>"
    return Block(
        f'<p class="lead">Of the customers who first ordered in these days, {share} ordered again within {days} days'
        f"{rest}.</p>"
    )


def retention(cohorts: AnalysisResult, title: str, *, latest: int, ages: int) -> Block:
    """Lay cohorts out: a row for each, a column for each age; an age that is not over is not known yet.

    Args:
        cohorts: Of `ws.customers.cohorts`.
        title: Heading.
        latest: How many cohorts at most.
        ages: How many ages at most, from 1 on: at age 0 it is everybody.
    """
    rows = _by_cohort(cohorts, latest)
    if not rows:
        return Block(state(f"{title}: not known. {NOBODY}"))
    grain, clock = _grain(cohorts), str(cohorts.passport.options["clock"])
    shown = range(1, min(ages, max(len(cells) for cells in rows.values()) - 1) + 1)
    if not len(shown):
        return Block(state(f"{title}: not known yet. No cohort is old enough to have come back."))
    known = [share for cells in rows.values() for age in shown if (share := _share(cells, age)) is not None]
    highest = max(known, default=Decimal(0))
    body = "".join(
        f"<tr><td>{escape(fmt.bucket(cohort, grain))}</td>{_size(cells)}"
        f"{''.join(_cell(cells, age, highest) for age in shown)}</tr>"
        for cohort, cells in rows.items()
    )
    head = "".join(f"<th>{age}</th>" for age in shown)
    heat = (
        f'<table class="heat"><thead><tr><th>Cohort</th><th class="size">Customers</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )
    times = "times 30 days" if clock == "rolling" else f"{grain.value}s"
    source = f"share of the cohort that ordered so many {times} after its first order"
    open_ones = any(cells[0]["customers"] is None for cells in rows.values())
    note = f"+ so far: its {grain.value} is not over." if open_ones else ""
    return Block(captioned(title, source, heat + _key(highest, note)))


def retained(cohorts: AnalysisResult, title: str, *, latest: int, ages: Sequence[int] = (1, 3, 6)) -> Block:
    """Draw for some ages how retention changed from cohort to cohort, and say how the newest one does.

    Args:
        cohorts: Of `ws.customers.cohorts`.
        title: Heading.
        latest: How many cohorts at most.
        ages: One line each.
    """
    rows, grain = _by_cohort(cohorts, latest), _grain(cohorts)
    is_rolling = cohorts.passport.options["clock"] == "rolling"
    lines = [
        Series(
            label=_later(age, grain, is_rolling=is_rolling),
            total="",
            values=[_share(cells, age) for cells in rows.values()],
            role=f"k{place}",
        )
        for place, age in enumerate(ages, 1)
    ]
    lines = [line for line in lines if any(value is not None for value in line.values)]
    if not lines:
        return Block(state(f"{title}: not known yet."))
    said = _newest(rows, grain, _later(1, grain, is_rolling=is_rolling))
    labels = [fmt.bucket(cohort, grain) for cohort in rows]
    chart = line_chart(lines, labels, write=short_axis(Unit.RATE, ""), summary=f"{title}. {said}", peak=False)
    return Block(captioned(title, f"share of each {grain.value}'s new customers", chart) + finding(escape(said)))


def rates(series: Result, heads: Mapping[str, str], title: str) -> Block:
    """Show rates over time, a row for each time bucket; a rate that has not had its days is not known yet.

    Args:
        series: Without the figures that can still change; see `settled.settled`.
        heads: Metric -> heading of its column.
        title: Heading.
    """
    unrecorded = next((m for m in series.passport.metrics if isinstance(m, Unrecorded)), None)
    if unrecorded is not None or not len(series):
        return Block(state(f"{title}: not known. {unrecorded.why if unrecorded else NOBODY}"))
    grain, rows = series.passport.query.grain or Grain.MONTH, figures.rows(series)
    columns = [Column(grain.value.capitalize(), [_bucket(row[grain.value], grain) for row in rows], "")]
    for name, head in heads.items():
        texts = figures.column(series, name, [row[name] for row in rows])
        cells = [
            '<span class="muted">not yet</span>' if row[name] is None else figures.data(text, row[name])
            for text, row in zip(texts, rows, strict=True)
        ]
        columns.append(Column(head, cells))
    return Block(framed(title, series, table(columns)))


def crossed(
    counts: Mapping[tuple[str, str], int], rows: Sequence[str], columns: Sequence[str], title: str, source: str
) -> Block:
    """Show how many went from each row to each column; the diagonal, those who stayed, is not coloured.

    Args:
        counts: Row and column -> how many.
        rows: In order.
        columns: In order, each headed by its number there.
        title: Heading.
        source: Where it comes from.
    """
    highest = Decimal(max((n for (a, b), n in counts.items() if a != b), default=0))
    body = []
    for row in rows:
        cells = []
        for column in columns:
            count = counts.get((row, column), 0)
            role = "" if row == column or not count else f' class="q{_class(Decimal(count), highest)}"'
            text = f"<b>{count:,}</b>" if row == column and count else f"{count:,}" if count else ""
            cells.append(f'<td{role} title="{escape(row)} to {escape(column)}: {count:,}">{text}</td>')
        number = f"{columns.index(row) + 1} " if row in columns else ""
        body.append(f"<tr><td>{number}{escape(row)}</td>{''.join(cells)}</tr>")
    head = "".join(f'<th title="{escape(column)}">{place}</th>' for place, column in enumerate(columns, 1))
    head = f"<thead><tr><th>From, to</th>{head}</tr></thead>"
    heat = f'<table class="heat wide">{head}<tbody>{"".join(body)}</tbody></table>'
    return Block(captioned(title, source, heat))


def _by_cohort(cohorts: AnalysisResult, latest: int) -> dict[date, list[Row]]:
    """Return the cells of the latest cohorts by cohort, in the order of their ages, from 0 on."""
    found: dict[date, list[Row]] = {}
    for row in figures.rows(cohorts):
        if isinstance(row["cohort"], date):
            found.setdefault(row["cohort"], []).append(row)
    return dict(list(found.items())[-latest:])


def _share(cells: Sequence[Row], age: int) -> Decimal | None:
    return figures.number(cells[age]["retention"]) if age < len(cells) else None


def _cell(cells: Sequence[Row], age: int, highest: Decimal) -> str:
    if age >= len(cells):
        return "<td></td>"
    share = _share(cells, age)
    if share is None:
        return _LATER
    hint = f"{cells[age]['customers']} of {cells[age]['size']} customers"
    text = f"{100 * share:.1f}%"
    return f'<td class="q{_class(share, highest)}" title="{hint}">{figures.data(text, share)}</td>'


def _size(cells: Sequence[Row]) -> str:
    so_far = "+" if cells[0]["customers"] is None else ""
    return f'<td class="size">{cells[0]["size"]:,}{so_far}</td>'


def _class(value: Decimal, highest: Decimal) -> int:
    return min(_CLASSES, max(1, math.ceil(_CLASSES * value / highest))) if highest else 1


def _key(highest: Decimal, note: str) -> str:
    steps = "".join(
        f'<span><i class="q{place}"></i>{100 * highest * place / _CLASSES:.0f}%</span>'
        for place in range(1, _CLASSES + 1)
    )
    said = f"<span>{escape(note)}</span>" if note else ""
    return f'<div class="ramp"><span>up to</span>{steps}{said}</div>'


def _newest(rows: Mapping[date, Sequence[Row]], grain: Grain, after: str) -> str:
    """Say how the newest cohort did that is old enough, and the one of a year before beside it."""
    known = [(cohort, share) for cohort, cells in rows.items() if (share := _share(cells, 1)) is not None]
    if not known:
        return ""
    cohort, share = known[-1]
    said = (
        f"Of the customers who first ordered in {fmt.bucket(cohort, grain)}, {100 * share:.1f}% ordered again {after}"
    )
    earlier = dict(known).get(add_months(cohort, -12))
    return f"{said}; of those of a year before, {100 * earlier:.1f}%." if earlier is not None else f"{said}."


def _later(age: int, grain: Grain, *, is_rolling: bool) -> str:
    if is_rolling:
        return f"{30 * age} to {30 * age + 29} days later"
    return f"{age} {grain.value}{'s' if age > 1 else ''} later"


def _grain(cohorts: AnalysisResult) -> Grain:
    return Grain(str(cohorts.passport.options["grain"]))


def _bucket(start: object, grain: Grain) -> str:
    return escape(fmt.bucket(start, grain) if isinstance(start, datetime) else str(start))
