"""Finds what stands out among many figures, and sets them side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Metric
from ecombi.metrics.result import Result
from ecombi.reports import figures
from ecombi.reports.blocks import Block
from ecombi.reports.grid import Column, Kind, captioned, finding, listed, table

Against = Mapping[str, Result]
"""Earlier figures of one row each, by what they are called: "the week before"."""


def standing_out(groups: Sequence[tuple[Result, Against]], than: str, *, least: float) -> Block:
    """Name the figures that moved most since an earlier period, the bad news first.

    A figure stands out where it moved by at least a share of its earlier value, and its metric says which way is good.

    Args:
        groups: One row each, beside its earlier figures.
        than: Which of these.
        least: The share; 0.1 for 10%.
    """
    moves = {move[1].name: move for now, against in groups if than in against for move in _moves(now, against[than])}
    large = sorted((m for m in moves.values() if m[0] >= least), key=lambda move: (-move[0], move[1].name))
    if not large:
        return Block(finding(f"No figure moved by {least:.0%} or more against {escape(than)}."))
    said = []
    for judgement, head in (("bad", "Worse"), ("good", "Better")):
        named = [_said(*item[1:]) for item in large if item[3].judgement == judgement]
        if named:
            said.append(finding(f'<b class="{judgement}">{head}:</b> {listed(named)}.'))
    return Block("".join(said) or finding(f"What moved by {least:.0%} or more is neither good nor bad by itself."))


def side_by_side(groups: Sequence[tuple[Result, Against]], title: str) -> Block:
    """Show figures with their earlier ones and the changes, one row each."""
    called = list(dict.fromkeys(said for _, against in groups for said in against))
    # A metric that two groups have is one row.
    found = {of.name: (now, of, against) for now, against in reversed(groups) for of in now.passport.metrics}
    order = dict.fromkeys(of.name for now, _ in groups for of in now.passport.metrics)
    rows = [found[name] for name in order]
    columns = [
        Column("Figure", [escape(of.label) for _, of, _ in rows], ""),
        Column("Now", [_written(now, of) for now, of, _ in rows]),
    ]
    for place, said in enumerate(called):
        columns.append(Column(said.capitalize(), [_written(a.get(said), of) for _, of, a in rows], "num lo"))
        # A narrow screen has room for one comparison.
        kind: Kind = "num lo" if place else "num"
        columns.append(Column("Change", [_change(now, a.get(said), of) for now, of, a in rows], kind))
    days = fmt.days(figures.period_of(groups[0][0]))
    earlier = [f"{said}: {fmt.days(figures.period_of(result))}" for said, result in groups[0][1].items()]
    return Block(captioned(title, "; ".join([days, *earlier]), table(columns)))


def _moves(now: Result, before: Result) -> Iterator[tuple[float, Metric, Result, figures.Change]]:
    """Yield by what share of its earlier value each figure moved, where it did, and how that is judged."""
    this, that = figures.only(now), figures.only(before)
    for of in now.passport.metrics:
        value, earlier = figures.number(this[of.name]), figures.number(that[of.name])
        change = figures.change(of, this[of.name], that[of.name])
        if value is None or not earlier or change is None or change.judgement not in {"good", "bad"}:
            continue
        yield float(abs(value - earlier) / abs(earlier)), of, now, change


def _said(of: Metric, now: Result, change: figures.Change) -> str:
    value = figures.only(now)[of.name]
    word = change.than.removesuffix(" than")
    return f"{escape(of.label.lower())} {figures.marked(now, of.name, value)} ({escape(change.arrow[2:])} {word})"


def _written(result: Result | None, of: Metric) -> str:
    if result is None:
        return fmt.NO_VALUE
    return figures.marked(result, of.name, figures.only(result)[of.name])


def _change(now: Result, before: Result | None, of: Metric) -> str:
    if before is None:
        return fmt.NO_VALUE
    change = figures.change(of, figures.only(now)[of.name], figures.only(before)[of.name])
    return change.marked if change else fmt.NO_VALUE
