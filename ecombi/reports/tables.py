"""The tables of a report: parts of a whole with bars, rankings, what rose and fell, and the ABC classes of products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape

import pandas as pd

from ecombi.inventory.concentration import Class, Concentration, concentration
from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Direction
from ecombi.metrics.result import Result
from ecombi.reports import figures
from ecombi.reports.blocks import Block, framed, state
from ecombi.reports.charts import Series, line_chart
from ecombi.reports.figures import Row
from ecombi.reports.grid import Column, finding, table
from ecombi.reports.listings import shown_of
from ecombi.reports.recorded import why_not

_CLASSES: Mapping[Class, str] = {"A": "the first 80%", "B": "the next 15%", "C": "the last 5%"}


def parts(
    name: str, cut: Result, total: Result, title: str, *, also: Sequence[str] = (), top: int | None = None
) -> Block:
    """Show what each value of a dimension brings of a metric, largest first, above the total that was asked for.

    Args:
        name: The metric that is drawn as a bar and shared out.
        cut: One row per value of the dimension; where it was asked with a comparison, changes are shown.
        total: One row: the same question without the dimension.
        title: Heading.
        also: Further metrics to show, as columns.
        top: How many values at most; None for all.
    """
    found = _ranked(cut, name)
    if unknown := _unknown(cut, title):
        return unknown
    shares = fmt.shares([row[name] for row in found])
    shown = [*found[:top], figures.only(total)]
    columns = [
        Column(_subject(cut).capitalize(), [*(_label(cut, row) for row in shown[:-1]), "Total"], ""),
        Column("", [*_bars([row[name] for row in shown[:-1]]), ""], "b"),
        _figures(cut, name, shown),
        Column("Share", [*map(_percent, shares[: len(shown) - 1]), _percent(Decimal(100))]),
        # On a narrow screen there is room for one more.
        *(_figures(cut, metric, shown, low=bool(place)) for place, metric in enumerate(also)),
    ]
    if f"{name}_change" in cut.columns:
        columns.append(_changes(cut, name, shown))
    return Block(framed(title, cut, table(columns, total=True)) + _most(cut, name, found, shares[0], len(shown) - 1))


def ranking(cut: Result, title: str, *, order: str, top: int, smallest: bool = False) -> Block:
    """Show the rows of a result with all their figures, in order of one of them.

    Args:
        cut: One row per value of a dimension.
        title: Heading.
        order: The metric that decides the order. Rows without it, or with none of it, are left out.
        top: How many at most.
        smallest: The smallest first.
    """
    if unknown := _unknown(cut, title):
        return unknown
    known = [row for row in _ranked(cut, order) if row[order] is not None and row[_key(cut)] is not None]
    if not known:
        why = figures.why_unknown(figures.metric(cut, order), figures.rows(cut)[0])
        return Block(state(f"{title}: not known. {why}"))
    found = [row for row in known if row[order]]
    shown = (found[::-1] if smallest else found)[:top]
    if not shown:
        return Block(state(f"{title}: none in these days."))
    columns = [
        Column(_subject(cut).capitalize(), [_label(cut, row) for row in shown], ""),
        *(_figures(cut, metric.name, shown) for metric in cut.passport.metrics),
    ]
    return Block(framed(title, cut, table(columns)))


def movers(name: str, cut: Result, title: str, *, top: int, falling: bool = False) -> Block:
    """Show the values of a dimension that changed most since the period before, in the metric's own unit.

    Args:
        name: The metric.
        cut: Asked with a comparison.
        title: Heading.
        top: How many at most.
        falling: Those that lost most instead of those that gained most.
    """
    if unknown := _unknown(cut, title):
        return unknown
    moved = [(row, by) for row in figures.rows(cut) if row[_key(cut)] is not None and (by := _difference(row, name))]
    wanted = [(row, by) for row, by in moved if (by < 0) is falling]
    wanted.sort(key=lambda item: (-abs(item[1]), str(item[0][_key(cut)])))
    if not wanted:
        what = f"No {_subject(cut)} {'fell' if falling else 'rose'}"
        return Block(state(f"{title}: none. {what}, or there are no records of the period before."))
    shown = [row for row, _ in wanted[:top]]
    differences = figures.column(cut, name, [by for _, by in wanted[:top]])
    before = figures.column(cut, name, [row[f"{name}_before"] for row in shown])
    columns = [
        Column(_subject(cut).capitalize(), [_label(cut, row) for row in shown], ""),
        Column("Before", [figures.data(b, row[f"{name}_before"]) for b, row in zip(before, shown, strict=True)]),
        _figures(cut, name, shown, head="Now"),
        Column(
            "Difference",
            [
                figures.data(f"{'' if falling else '+'}{d}", by)
                for d, (_, by) in zip(differences, wanted[:top], strict=True)
            ],
        ),
        _changes(cut, name, shown),
    ]
    said = f"{len(wanted):,} of {len(moved):,} that moved {'lost' if falling else 'gained'}."
    return Block(framed(title, cut, table(columns)) + finding(said))


def abc(name: str, cut: Result, title: str) -> Block:
    """Show how much of a metric a few products bring: the curve of all of them, and their ABC classes."""
    if unknown := _unknown(cut, title):
        return unknown
    ranked = [Decimal(0), *_concentration(name, cut).cumulative.values()]
    if len(ranked) == 1:
        return Block(state(f"{title}: nothing was sold in these days."))
    of, rows = figures.metric(cut, name).label.lower(), figures.rows(classed(name, cut))
    labels = [f'{letter} <span class="muted">{meaning}</span>' for letter, meaning in _CLASSES.items()]
    counts = [row["products"] for row in rows]
    columns = [
        Column("Class", labels, ""),
        Column("Products", [figures.data(f"{count:,}", count) for count in counts]),
        Column("Share of products", few := [*map(_percent, fmt.shares(counts))]),
        Column(f"Share of {of}", shares := [*map(_percent, fmt.shares([row["share"] for row in rows]))]),
    ]
    bring = "brings" if counts[0] == 1 else "bring"
    products = "product" if len(ranked) == 2 else "products"
    said = f"{counts[0]:,} of {len(ranked) - 1:,} {products} ({few[0]}) {bring} {shares[0]} of {of}."
    curve = Series(label="", total="", values=[100 * s for s in ranked])
    places = [f"{place:,}" for place in range(len(ranked))]
    chart = line_chart([curve], places, write=lambda value: f"{value:.0f}%", summary=said, peak=False)
    return Block(framed(title, cut, chart + table(columns)) + finding(escape(said)))


def classed(name: str, cut: Result) -> pd.DataFrame:
    """Return the ABC classes of the products that bring something: how many each has, and what share they bring."""
    found = _concentration(name, cut)
    ranked = [Decimal(0), *found.cumulative.values()]
    rows, end = [], 0
    for letter in _CLASSES:
        start, end = end, end + found.count(letter)
        whole = len(ranked) - 1
        rows.append((letter, end - start, Decimal(end - start) / whole if whole else None, ranked[end] - ranked[start]))
    return pd.DataFrame(rows, columns=["class", "products", "share_of_products", "share"])


def _concentration(name: str, cut: Result) -> Concentration:
    known = {row[_key(cut)]: figures.number(row[name]) for row in figures.rows(cut)}
    return concentration(
        {str(product): amount for product, amount in known.items() if product is not None and amount is not None}
    )


def _unknown(cut: Result, title: str) -> Block | None:
    """What is said where no row tells the dimension; None where one does."""
    missing = next((why for metric in cut.passport.metrics[:1] if (why := why_not(cut.passport, metric))), "")
    if missing:
        return Block(state(f"{title}: not known. {missing}"))
    if not len(cut):
        return Block(state(f"{title}: nothing happened in these days."))
    if cut[_key(cut)].notna().any():
        return None
    return Block(state(f"{title}: not known. The records of these days carry no {_subject(cut)}."))


def _key(cut: Result) -> str:
    return cut.passport.query.by[0]


def _subject(cut: Result) -> str:
    return _key(cut).replace("_", " ")


def _ranked(cut: Result, name: str) -> list[Row]:
    """The rows by a figure, largest first; equal ones by their labels; unknown last."""
    key = _key(cut)
    return sorted(
        figures.rows(cut), key=lambda row: (row[key] is None, -(figures.number(row[name]) or Decimal(0)), str(row[key]))
    )


def _difference(row: Row, name: str) -> Decimal | None:
    now, before = figures.number(row[name]), figures.number(row[f"{name}_before"])
    return None if now is None or before is None else now - before


def _label(cut: Result, row: Row) -> str:
    name, key = _name(cut, row), str(row[_key(cut)])
    if row[_key(cut)] is None:
        return f'<span class="muted">{name}</span>'
    return escape(name) if name == key else f'{escape(name)} <span class="code">{escape(key)}</span>'


def _name(cut: Result, row: Row) -> str:
    """The name where it was asked for too, else the value itself."""
    key, *more = cut.passport.query.by
    if row[key] is None:
        return "Unknown"
    return str(next((row[other] for other in more if row[other] is not None), row[key]))


def _figures(cut: Result, name: str, shown: Sequence[Row], *, head: str = "", low: bool = False) -> Column:
    texts = figures.column(cut, name, [row[name] for row in shown])
    cells = [figures.data(text, row[name]) for text, row in zip(texts, shown, strict=True)]
    return Column(head or figures.metric(cut, name).label, cells, "num lo" if low else "num")


def _changes(cut: Result, name: str, shown: Sequence[Row]) -> Column:
    told = [figures.told(figures.metric(cut, name), row[f"{name}_change"], row[name]) for row in shown]
    return Column("Change", [change.marked if change else fmt.NO_VALUE for change in told])


def _bars(values: Sequence[object]) -> list[str]:
    sizes = [figures.number(value) or Decimal(0) for value in values]
    widest = max(map(abs, sizes), default=Decimal(0)) or Decimal(1)
    return [
        f'<span class="bar{" minus" if size < 0 else ""}" style="width:{100 * abs(size) / widest:.1f}%"></span>'
        if size
        else ""
        for size in sizes
    ]


def _percent(share: Decimal | None) -> str:
    return fmt.NO_VALUE if share is None else f"{share:.1f}%".replace("-", fmt.MINUS)


def _most(cut: Result, name: str, found: Sequence[Row], share: Decimal | None, shown: int) -> str:
    said = []
    if share is not None and found[0][_key(cut)] is not None:
        of = figures.metric(cut, name)
        verb = "brought" if of.direction is Direction.UP else "accounts for"
        said.append(f"<b>{escape(_name(cut, found[0]))}</b> {verb} {_percent(share)} of {escape(of.label.lower())}.")
    return finding(*said, shown_of(shown, len(found)))
