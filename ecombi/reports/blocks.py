"""The blocks a report is written with, as HTML with every text escaped.

A block shows what a query answered. It adds nothing up: totals are asked for, never summed from a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Metric
from ecombi.metrics.marts import Basis
from ecombi.metrics.result import Result
from ecombi.reports import figures
from ecombi.schema.periods import Grain, Period

if TYPE_CHECKING:
    from ecombi.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a report; a notebook shows it as HTML."""

    html: str

    def _repr_html_(self) -> str:
        return self.html


def opening(ws: Workspace, period: Period, basis: str) -> Block:
    """Say what the report is about: days, shop, currency, time zone, basis, and the state of the records."""
    what = figures.spoken(period.start) if period.days == 1 else fmt.days(period)
    meta = [ws.shop.name, f"{ws.shop.currency}, days in {ws.shop.time_zone}", Basis.parse(basis).words]
    if ws.snapshot is not None:
        published = fmt.bucket(ws.snapshot.published_at, Grain.HOUR)
        meta.append(f"snapshot {ws.snapshot.number}, published {published} UTC")
    said = f'<p class="what">{escape(what)}</p><p class="meta">{escape(" · ".join(meta))}</p>'
    coverage = ws.coverage
    recorded = f"The records run from {fmt.day(coverage.start)} to {fmt.day(coverage.last)}"
    if period.end <= coverage.start or period.start >= coverage.end:
        said += state(f"{recorded}. Every zero below means that nothing was recorded, not that nothing was sold.")
    elif period.start < coverage.start or period.end > coverage.end:
        said += state(f"{recorded}. Days outside are not in the figures.")
    return Block(f'<div class="subject">{said}</div>')


def lead(name: str, now: Result, against: Mapping[str, Result]) -> Block:
    """Say in one sentence how a figure did.

    Args:
        name: The metric.
        now: One row.
        against: Earlier figures of one row each, by what they are called in the sentence: "the day before".
    """
    of, value = figures.metric(now, name), figures.only(now)[name]
    compared = [
        f"{escape(change.words)} {escape(label)}"
        for label, result in against.items()
        if (change := figures.change(of, value, figures.only(result)[name]))
    ]
    verb = "were" if of.label.endswith("s") else "was"
    said = f": {', '.join(compared[:-1])}{' and ' if compared[1:] else ''}{compared[-1]}" if compared else ""
    return Block(f'<p class="lead">{escape(of.label)} {verb} <b>{figures.marked(now, name, value)}</b>{said}.</p>')


def key_figures(now: Result, against: Mapping[str, Result]) -> Block:
    """Show each figure of a total as a tile, with its change on the earlier ones. An unknown figure says so.

    Args:
        now: One row.
        against: Earlier figures of one row each, by what they are called: "the day before".
    """
    row = figures.only(now)
    earlier = {label: figures.only(result) for label, result in against.items()}
    tiles = [_tile(now, of, row, earlier) for of in now.passport.metrics]
    return Block(f'<div class="kpis">{"".join(tiles)}</div>')


def _tile(now: Result, of: Metric, row: figures.Row, earlier: Mapping[str, figures.Row]) -> str:
    value, why = row[of.name], figures.why_unknown(of, row)
    if value is None:
        shown, said = '<span class="muted">not known</span>', [f'<li class="muted">{escape(why)}</li>']
    else:
        shown = figures.marked(now, of.name, value)
        said = [
            f"<li>{change.told} {escape(label)}</li>"
            for label, before in earlier.items()
            if (change := figures.change(of, value, before[of.name]))
        ] or ['<li class="muted">Nothing to compare with</li>']
    return f'<div class="kpi"><h3>{escape(of.label)}</h3><p class="value">{shown}</p><ul>{"".join(said)}</ul></div>'


def computed(*results: Result) -> Block:
    """Say how figures were computed: each metric's formula and what it leaves out, then the SQL of each question."""
    metrics = {m.name: m for result in results for m in result.passport.metrics}
    lines = [
        f"<tr><td>{escape(m.label)}</td>"
        f'<td>{escape(m.formula)} <span class="muted">{escape(m.description)}</span></td></tr>'
        for m in metrics.values()
    ]
    head = "<thead><tr><th>Figure</th><th>How it is computed, and what it leaves out</th></tr></thead>"
    asked = {(result.passport.sql, str(result.passport.params)): result for result in results}
    table = f'<figure class="defined"><table>{head}<tbody>{"".join(lines)}</tbody></table></figure>'
    return Block(table + "".join(map(_passport, asked.values())))


def _passport(result: Result) -> str:
    passport, query = result.passport, result.passport.query
    cut = ", ".join([*query.by, *([query.grain.value] if query.grain else [])])
    title = ", ".join(m.label for m in passport.metrics) + (f", by {cut}" if cut else "")
    defined = {m.label for m in passport.metrics}
    said = [f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in passport.lines() if name not in defined]
    values = ", ".join(f"${name} = {value}" for name, value in passport.params.items())
    sql = f"<dt>SQL</dt><dd><pre>{escape(passport.sql)}\n{escape(values)}</pre></dd>"
    days = fmt.days(figures.period_of(result))
    return f"<details><summary>{escape(title)}, {escape(days)}</summary><dl>{''.join(said)}{sql}</dl></details>"


def framed(title: str, result: Result, inside: str) -> str:
    """Put a heading and the source of its figures above a chart or table."""
    caption = f"<figcaption><b>{escape(title)}</b><span>{escape(figures.source(result))}</span></figcaption>"
    return f"<figure>{caption}{inside}</figure>"


def state(text: str) -> str:
    """Say why there is nothing to show."""
    return f'<p class="state">{escape(text)}</p>'
