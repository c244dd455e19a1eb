"""How a result looks in a notebook: its rows as people write them, and its passport, folded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final

import pandas as pd

from ecombi.metrics import format as fmt
from ecombi.metrics import markup
from ecombi.metrics.definitions import Metric
from ecombi.metrics.passport import AnalysisPassport, Passport, Stamp
from ecombi.schema.periods import Grain

_ROWS: Final = 50


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    cells: list[str]
    style: str = ""

    @property
    def head(self) -> str:
        return f'<th class="{self.style}">{escape(self.title)}</th>'


def result_html(frame: pd.DataFrame, passport: Passport) -> str:
    """Return a result's rows (the first ones, where there are many) and its passport as HTML."""
    return _html(frame, passport, [_column(frame[name].iloc[:_ROWS], passport) for name in frame.columns])


def analysis_html(frame: pd.DataFrame, passport: AnalysisPassport) -> str:
    """Return an analysis' rows (the first ones, where there are many) and its passport as HTML."""
    return _html(frame, passport, [_field(frame[name].iloc[:_ROWS], passport) for name in frame.columns])


def _html(frame: pd.DataFrame, passport: Stamp, columns: Sequence[_Column]) -> str:
    head = "".join(column.head for column in columns)
    rows = zip(*(column.cells for column in columns), strict=True)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    content = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    if len(frame) > _ROWS:
        content += markup.note(f"{len(frame) - _ROWS:,} more rows. All of them are in the table itself.")
    if frame.empty:
        content += markup.note("No rows: nothing in these days passes the filters.")
    content += "".join(markup.note(text) for text in passport.notes)
    return markup.framed(content + markup.folded("Where these figures come from", passport.html()))


def _field(values: pd.Series, passport: AnalysisPassport) -> _Column:
    name = str(values.name)
    listed = [None if missing else value for value, missing in zip(values.tolist(), values.isna(), strict=True)]
    found = passport.analysis.fields.get(name)
    if found is None or found.unit is None:
        return _Column(name, [_cell(fmt.NO_VALUE if value is None else str(value)) for value in listed])
    texts = fmt.column(listed, found.unit, passport.shop.currency)
    hovers = ["" if value is None else fmt.full(value, found.unit, passport.shop.currency) for value in listed]
    return _Column(name, [_cell(t, hover=h, style="number") for t, h in zip(texts, hovers, strict=True)], "number")


def _column(values: pd.Series, passport: Passport) -> _Column:
    name = str(values.name)
    listed = [None if missing else value for value, missing in zip(values.tolist(), values.isna(), strict=True)]
    grain = passport.query.grain
    if grain is not None and name == grain.value:
        return _Column(name.capitalize(), [_bucket(value, passport) for value in listed if value is not None])
    for metric in passport.metrics:
        if name in (metric.name, f"{metric.name}_before"):
            title = metric.label if name == metric.name else f"{metric.label}, before"
            return _Column(title, _figures(listed, metric, passport.shop.currency), "number")
        if name == f"{metric.name}_change":
            cells = [_cell(fmt.change(value, metric.unit), style="number") for value in listed]
            return _Column(f"{metric.label}, change", cells, "number")
    return _Column(name, ["<td><em>unknown</em></td>" if value is None else _cell(str(value)) for value in listed])


def _bucket(start: datetime, passport: Passport) -> str:
    text = fmt.bucket(start, passport.query.grain or Grain.DAY)
    if passport.is_unfinished(start.date()):
        return _cell(f"{text}, unfinished", hover="Rows of these days may still come.")
    return _cell(text)


def _figures(values: Sequence[object], metric: Metric, currency: str) -> list[str]:
    hovers = [metric.null_rule if value is None else fmt.full(value, metric.unit, currency) for value in values]
    texts = fmt.column(values, metric.unit, currency)
    return [_cell(text, hover=hover, style="number") for text, hover in zip(texts, hovers, strict=True)]


def _cell(text: str, *, hover: str = "", style: str = "") -> str:
    attributes = f' class="{style}"' if style else ""
    attributes += f' title="{escape(hover)}"' if hover else ""
    return f"<td{attributes}>{escape(text)}</td>"
