"""The blocks a report is written with, as HTML with every text escaped.

A block shows what a query answered. It adds nothing up: totals are asked for, never summed from a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Metric
from ecombi.metrics.marts import Basis
from ecombi.metrics.passport import AnalysisPassport, Passport, Stamp
from ecombi.metrics.result import AnalysisResult, Result
from ecombi.reports import figures
from ecombi.reports.figures import Answer
from ecombi.reports.grid import captioned
from ecombi.schema.periods import Grain, Period

if TYPE_CHECKING:
    from ecombi.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a report; a notebook shows it as HTML."""

    html: str

    def _repr_html_(self) -> str:
        return self.html


def opening(ws: Workspace, period: Period, basis: str | None = None) -> Block:
    """Say what the report is about: days, shop, currency, time zone, basis, and the state of the records.

    Args:
        ws: The shop.
        period: The days.
        basis: None where the figures have one date only, as those of stock.
    """
    what = figures.spoken(period.start) if period.days == 1 else fmt.days(period)
    meta = [ws.shop.name, f"{ws.shop.currency}, days in {ws.shop.time_zone}"]
    if basis is not None:
        meta.append(Basis.parse(basis).words)
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
    if value is None:
        return Block(f'<p class="lead">{escape(_was(of))} not known. {escape(figures.why_unknown(of, {}))}</p>')
    said = f": {', '.join(compared[:-1])}{' and ' if compared[1:] else ''}{compared[-1]}" if compared else ""
    return Block(f'<p class="lead">{escape(_was(of))} <b>{figures.marked(now, name, value)}</b>{said}.</p>')


def _was(of: Metric) -> str:
    """Begin a sentence on a metric: Net sales were, Gross margin was, Supplier OTIF, as requested, was."""
    words = of.label.split(",")[0].split()
    plural = any(word.endswith("s") and not word.endswith("ss") for word in (words[0], words[-1]))
    return f"{of.label}{',' if ',' in of.label else ''} {'were' if plural else 'was'}"


def key_figures(now: Result, against: Mapping[str, Result]) -> Block:
    """Show each figure of a total as a tile, with its change on the earlier ones. An unknown figure says so.

    Args:
        now: One row.
        against: Earlier figures of one row each, by what they are called: "the day before".
    """
    row = figures.only(now)
    earlier = {label: figures.only(result) for label, result in against.items()}
    return tiles([_tile(now, of, row, earlier) for of in now.passport.metrics])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure, large, with what there is to say about it.

    Attributes:
        label: What it is.
        value: The figure as HTML; None where there is none.
        said: Lines below it, as HTML.
    """

    label: str
    value: str | None
    said: Sequence[str]


def tiles(listed: Sequence[Tile]) -> Block:
    """Show figures side by side."""
    return Block(f'<div class="kpis">{"".join(map(_drawn, listed))}</div>')


def _drawn(tile: Tile) -> str:
    value = '<span class="muted">not known</span>' if tile.value is None else tile.value
    lines = "".join(f"<li>{line}</li>" for line in tile.said)
    return f'<div class="kpi"><h3>{escape(tile.label)}</h3><p class="value">{value}</p><ul>{lines}</ul></div>'


def _tile(now: Result, of: Metric, row: figures.Row, earlier: Mapping[str, figures.Row]) -> Tile:
    value = row[of.name]
    if value is None:
        return Tile(label=of.label, value=None, said=[_quiet(figures.why_unknown(of, row))])
    said = [
        f"{change.told} {escape(label)}"
        for label, before in earlier.items()
        if (change := figures.change(of, value, before[of.name]))
    ]
    return Tile(
        label=of.label, value=figures.marked(now, of.name, value), said=said or [_quiet("Nothing to compare with")]
    )


def _quiet(text: str) -> str:
    return f'<span class="muted">{escape(text)}</span>'


def computed(*answers: Answer) -> Block:
    """Say how figures were computed: each formula and what it leaves out, then the SQL of each question."""
    lines = dict(line for answer in answers for line in _definitions(answer.passport))
    body = "".join(f"<tr><td>{escape(label)}</td><td>{said}</td></tr>" for label, said in lines.items())
    head = "<thead><tr><th>Figure</th><th>How it is computed, and what it leaves out</th></tr></thead>"
    asked = {(answer.passport.sql, str(answer.passport.params)): answer for answer in answers}
    table = f'<figure class="defined"><table>{head}<tbody>{body}</tbody></table></figure>'
    return Block(table + "".join(map(_passport, asked.values())))


def _definitions(passport: Passport | AnalysisPassport) -> list[tuple[str, str]]:
    """Return what was asked for, by name, and how it is computed, as HTML."""
    if isinstance(passport, AnalysisPassport):
        return [(passport.analysis.label, _defined(passport.analysis.formula, passport.analysis.question))]
    return [(metric.label, _defined(metric.formula, metric.description)) for metric in passport.metrics]


def _defined(formula: str, more: str) -> str:
    return f'{escape(formula)} <span class="muted">{escape(more)}</span>'


def _passport(answer: Answer) -> str:
    defined = {label for label, _ in _definitions(answer.passport)} | {"Formula"}
    said = [
        f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>"
        for name, text in answer.passport.lines()
        if name not in defined
    ]
    summary = escape(", ".join(part for part in (_asked(answer), figures.days_of(answer)) if part))
    return f"<details><summary>{summary}</summary><dl>{''.join(said)}{_sql(answer.passport)}</dl></details>"


def _asked(answer: Answer) -> str:
    if isinstance(answer, AnalysisResult):
        return answer.passport.analysis.label
    query = answer.passport.query
    cut = ", ".join([*query.by, *([query.grain.value] if query.grain else [])])
    return ", ".join(m.label for m in answer.passport.metrics) + (f", by {cut}" if cut else "")


def _sql(stamp: Stamp) -> str:
    values = ", ".join(f"${name} = {value}" for name, value in stamp.params.items())
    return f"<dt>SQL</dt><dd><pre>{escape(stamp.sql)}\n{escape(values)}</pre></dd>"


def framed(title: str, answer: Answer, inside: str) -> str:
    """Put a heading and the source of its figures above a chart or table."""
    return captioned(title, figures.source(answer), inside)


def state(text: str) -> str:
    """Say why there is nothing to show."""
    return f'<p class="state">{escape(text)}</p>'
