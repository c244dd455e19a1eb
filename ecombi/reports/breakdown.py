"""A table of parts with several figures each, above the total that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from html import escape
from typing import Final

from ecombi.metrics import format as fmt
from ecombi.metrics.result import Result
from ecombi.reports import figures
from ecombi.reports.blocks import Block, framed, state
from ecombi.reports.figures import Row
from ecombi.reports.grid import Column, Kind, finding, table
from ecombi.reports.recorded import Unrecorded

_CODED: Final = frozenset({"traffic_source", "device", "customer_type"})
"""Dimensions whose values are codes in small letters."""


def by_part(
    cut: Result,
    total: Result,
    title: str,
    *,
    order: str,
    top: int | None = None,
    heads: dict[str, str] | None = None,
    changes: Sequence[str] = (),
    minor: Sequence[str] = (),
    keep: Callable[[Row], bool] | None = None,
) -> Block:
    """Show every metric of a question for each value of its dimension, the largest first.

    Args:
        cut: One row per value of the dimension, asked with a comparison where changes are wanted.
        total: One row: the same question without the dimension.
        title: Heading.
        order: The metric that decides the order.
        top: How many values at most; None for all.
        heads: Metric -> a shorter heading than its label.
        changes: Metrics whose change is shown beside them.
        minor: Metrics that a narrow screen leaves out.
        keep: Which rows are shown; None for all of them.
    """
    if why := not_known(cut, title):
        return why
    key = cut.passport.query.by[0]
    found = [row for row in ranked(cut, order) if keep is None or keep(row)]
    if not found:
        return Block(state(f"{title}: none in these days."))
    named = found[:top]
    shown = [*named, figures.only(total)]
    columns = [Column(words(key).capitalize(), [*(label(key, row[key]) for row in named), "Total"], "")]
    for metric in cut.passport.metrics:
        kind: Kind = "num lo" if metric.name in minor else "num"
        texts = figures.column(cut, metric.name, [row[metric.name] for row in shown])
        cells = [figures.data(text, row[metric.name]) for text, row in zip(texts, shown, strict=True)]
        columns.append(Column((heads or {}).get(metric.name, metric.label), cells, kind))
        if metric.name in changes:
            told = [figures.told(metric, row[f"{metric.name}_change"], row[metric.name]) for row in shown]
            columns.append(Column("Change", [change.marked if change else fmt.NO_VALUE for change in told], "num lo"))
    left = f"Shown are {len(named):,} of {len(found):,}." if len(named) < len(found) else ""
    return Block(framed(title, cut, table(columns, total=True)) + finding(left))


def not_known(cut: Result, title: str) -> Block | None:
    """Say why there is nothing to show of a cut; None where there is something."""
    key = cut.passport.query.by[0]
    unrecorded = [metric for metric in cut.passport.metrics if isinstance(metric, Unrecorded)]
    if len(unrecorded) == len(cut.passport.metrics):
        return Block(state(f"{title}: not known. {unrecorded[0].why}"))
    if not len(cut):
        return Block(state(f"{title}: nothing happened in these days."))
    if cut[key].isna().all():
        return Block(state(f"{title}: not known. The records of these days carry no {words(key)}."))
    return None


def ranked(cut: Result, name: str) -> list[Row]:
    """Return the rows by a figure, the largest first; equal ones by their labels; the unknown one last."""
    key = cut.passport.query.by[0]
    return sorted(
        figures.rows(cut), key=lambda row: (row[key] is None, -(figures.number(row[name]) or Decimal(0)), str(row[key]))
    )


def label(dimension: str, value: object) -> str:
    """Write a value of a dimension as HTML: a code of ours as words, what the shop calls things as it is."""
    if value is None:
        return '<span class="muted">Unknown</span>'
    return escape(words(str(value)).capitalize() if dimension in _CODED else str(value))


def words(name: str) -> str:
    """Write a name as people read it: paid_search is paid search."""
    return name.replace("_", " ")
