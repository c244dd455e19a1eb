"""The tiles of the sales dashboard that are figures and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from ecombi.dashboards.question import Question
from ecombi.dashboards.sales.data import PRODUCT, Breakdown, Channels, Rhythm, Series, weekday_hours
from ecombi.dashboards.words import UNKNOWN, change_mark, change_words, figure, in_short, known, nothing_sold, passport
from ecombi.metrics import format as fmt
from ecombi.metrics.catalogue import CATALOGUE
from ecombi.metrics.definitions import Unit
from ecombi.widgets.markup import Child, el, join
from ecombi.widgets.pictures import Line, heat, lines, stack
from ecombi.widgets.table import Column, Row, table
from ecombi.widgets.tile import Content, Missing

_MENU = (("csv", "Download CSV"), ("copy-link", "Copy link to this tile"))
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NET = CATALOGUE["net_sales"]
_KNOWN = {"online store": 1, "app": 2, "marketplace": 3, "wholesale": 4}


def kpi(name: str, figures: Series, question: Question, _as_table: bool) -> Content:
    """Show one figure, its change in words, and its course."""
    metric, currency = CATALOGUE[name], figures.total.passport.shop.currency
    value = figure(figures.total, name)
    course = [Line(points=_floats(figures.steps[name]), style="now")]
    if question.compared is not None:
        course.insert(0, Line(points=_floats(figures.steps[f"{name}_before"]), style="before"))
    shown = el(
        "data",
        fmt.short(value, metric.unit, currency),
        value=str(value),
        title=fmt.full(value, metric.unit, currency) if value is not None else metric.null_rule,
        class_="value",
    )
    spark = lines(course, said=f"{metric.label} by {question.grain.value}, {fmt.days(question.period)}")
    body = join([el("div", shown, spark, class_="fig"), change_words(figures.total, metric, question, currency)])
    return Content(body=body, passport=passport(metric.label, [figures.total], [name]))


def breakdown(
    dimension: str, trait: str, label: str, figures: Breakdown, question: Question, _as_table: bool
) -> Content | Missing:
    """Show net sales by one dimension: bars, shares, change."""
    sub = _sub(figures, question)
    if figures.parts.empty:
        return nothing_sold(sub, question)
    columns = [
        Column(title=label, number=False),
        Column(title="Net sales"),
        Column(title="Share", spare=True),
        *_compared(question),
    ]
    chosen = question.where.get(dimension, ())
    rows = _rows(figures, question, dimension, trait, chosen, f"All {_plural(label)}")
    return Content(
        sub=sub,
        body=table(columns, rows, caption=f"Net sales by {dimension}", bars="28%"),
        passport=passport(f"Net sales by {dimension}", figures.results, ["net_sales"]),
        menu=_MENU,
    )


def channels(figures: Channels, question: Question, _as_table: bool) -> Content | Missing:
    """Show the shares of the channels, now and before, and their course."""
    whole, sub = figures.whole, _sub(figures.whole, question)
    if whole.parts.empty:
        return nothing_sold(sub, question)
    places = _colours([_name(value) for value in whole.parts["channel"]])
    now = fmt.shares([known(value) for value in whole.parts["net_sales"]])
    before = fmt.shares([known(value) for value in whole.parts["net_sales_before"]]) if question.compared else []
    columns = [Column(title="Channel", number=False), Column(title="Net sales"), Column(title="Share")]
    if question.compared:
        columns.append(Column(title="Shift", spare=True))
    columns += _compared(question)
    rows = _rows(
        whole, question, "channel", "channels", question.where.get("channel", ()), "All channels", places=places
    )
    if question.compared:
        shifts = [_shift(n, b) for n, b in zip(now, before, strict=True)]
        rows = [
            Row(cells=[*row.cells[:3], shift, *row.cells[3:]], drill=row.drill, chosen=row.chosen, kind=row.kind)
            for row, shift in zip(rows, [*shifts, ""], strict=True)
        ]
    bars = [(in_short(question.period, question.period), _bar(whole, now, places))]
    if question.compared is not None and any(share is not None for share in before):
        bars.append((in_short(question.compared, question.period), _bar(whole, before, places)))
    picture = stack(bars, said="Share of net sales by channel; the figures are in the table below")
    course = _course(figures, question, places)
    return Content(
        sub=sub,
        body=join([picture, table(columns, rows, caption="Net sales by channel"), course]),
        passport=passport("Net sales by channel", whole.results, ["net_sales"]),
        menu=_MENU,
    )


def products(figures: Breakdown, question: Question, _as_table: bool) -> Content | Missing:
    """Show the products that sold most."""
    if figures.parts.empty:
        return nothing_sold(_sub(figures, question), question)
    currency = figures.total.passport.shop.currency
    sub = f"Top {figures.top} of {len(figures.parts):,}, {_sub(figures, question)}; returned = units back ÷ units sold"
    columns = [Column(title="Product", number=False), Column(title="Net sales"), *_compared(question)]
    columns += [Column(title=title, spare=True) for title in ("Share", "Units", "Returned", "Margin")]
    top, tail, whole = figures.parts.iloc[: figures.top], _tail(figures), _row_of(figures.total)
    records: list[Any] = [*top.to_dict("records"), *tail, whole]
    text = {
        name: fmt.column([known(record[name]) for record in records], CATALOGUE[name].unit, currency)
        for name in PRODUCT
    }
    shares = [*_shares([*top["net_sales"], *(part["net_sales"] for part in tail)]), "100.0%"]
    largest = max((float(value) for value in top["net_sales"] if known(value) is not None), default=0.0)
    rows = []
    for place, record in enumerate(records):
        cells: list[Child] = [text["net_sales"][place]]
        if question.compared:
            cells.append(_change(record, currency))
        cells += [shares[place], text["units"][place], text["return_rate"][place], text["gross_margin_rate"][place]]
        rows.append(_product_row(place, record, cells, figures, question, largest))
    return Content(
        sub=sub,
        body=table(columns, rows, caption="Products by net sales", bars="18%"),
        passport=passport("Products by net sales", figures.results, PRODUCT),
        menu=_MENU,
    )


def rhythm(figures: Rhythm, question: Question, as_table: bool) -> Content | Missing:
    """Show when orders come: a heat map over the week."""
    sub = f"Average orders an hour, {question.basis}, {fmt.days(question.period)}"
    averages = weekday_hours(figures)
    if not averages:
        return nothing_sold(sub, question)
    top = max(averages.values())
    (weekday, hour), most = max(averages.items(), key=lambda item: item[1])
    busiest = f"{_WEEKDAY_NAMES[weekday - 1]} {hour:02}:00–{(hour + 1) % 24:02}:00"
    if as_table:
        body = _rhythm_table(averages)
    else:
        grid = [
            (
                _WEEKDAYS[day - 1],
                [
                    (
                        averages.get((day, h)),
                        f"{_WEEKDAYS[day - 1]} {h:02}:00, {_average(averages.get((day, h), 0.0))} orders",
                    )
                    for h in range(24)
                ],
            )
            for day in range(1, 8)
        ]
        steps = [_average(top * number / 7) for number in range(7)]
        body = heat(
            grid, ticks=[f"{h:02}" for h in range(0, 24, 3)], steps=steps, top=top, said=f"{sub}. Highest {busiest}."
        )
    return Content(
        sub=sub,
        body=body,
        note=join(["Busiest: ", el("b", busiest), f", {_average(most)} orders an hour."]),
        passport=passport("Orders by weekday and hour", [figures.result], ["orders"]),
        menu=(("table", "Show the heat map" if as_table else "Show as a table"), *_MENU),
    )


def _rows(
    figures: Breakdown,
    question: Question,
    dimension: str,
    trait: str,
    chosen: Sequence[str | None],
    all_of_them: str,
    *,
    places: dict[str, int] | None = None,
) -> list[Row]:
    currency = figures.total.passport.shop.currency
    top: list[Any] = figures.parts.iloc[: figures.top].to_dict("records")
    tail = _tail(figures)
    records = [*top, *tail, _row_of(figures.total)]
    amounts = fmt.column([known(record["net_sales"]) for record in records], Unit.MONEY, currency)
    shares = [*_shares([record["net_sales"] for record in (*top, *tail)]), "100.0%"]
    sizes = [float(known(record["net_sales"]) or 0) for record in (*top, *tail)]
    largest = max([*sizes, 0.0])
    rows = []
    for place, record in enumerate(records):
        cells: list[Child] = [
            amounts[place],
            shares[place],
            *([_change(record, currency)] if question.compared else []),
        ]
        bar = sizes[place] / largest if place < len(sizes) and largest else None
        if place < len(top):
            name = _name(record[dimension])
            label = _swatch(name, places[name]) if places else name
            value = known(record[dimension])
            rows.append(Row(cells=[label, *cells], bar=bar, drill=(trait, value or ""), chosen=value in chosen))
        elif place < len(top) + len(tail):
            rows.append(Row(cells=[f"{figures.others} others", *cells], bar=bar, kind="rest"))
        else:
            rows.append(Row(cells=[all_of_them, *cells], kind="total"))
    return rows


def _product_row(
    place: int, record: Any, cells: list[Child], figures: Breakdown, question: Question, largest: float
) -> Row:
    if place < figures.top:
        sku, amount = known(record["product"]), float(known(record["net_sales"]) or 0)
        name = known(record["product_name"]) or sku or UNKNOWN
        label = join([name, el("span", sku, class_="sku lo") if sku and sku != name else None])
        drill = ("product", sku) if sku else None
        return Row(
            cells=[label, *cells],
            bar=amount / largest if largest else 0,
            drill=drill,
            chosen=sku == question.detail and bool(sku),
        )
    if place == figures.top and figures.others:
        return Row(cells=[f"{figures.others:,} other products", *cells], kind="rest")
    return Row(cells=["All products", *cells], kind="total")


def _change(record: Any, currency: str) -> Markup:
    now, before = known(record["net_sales"]), known(record["net_sales_before"])
    title = f"{fmt.full(now, Unit.MONEY, currency)} against {fmt.full(before, Unit.MONEY, currency)}"
    return change_mark(record["net_sales_change"], _NET, None, title)


def _course(figures: Channels, question: Question, places: dict[str, int]) -> Markup:
    grain = question.grain.value
    buckets = sorted(set(figures.steps[grain]))
    series = []
    for name, place in places.items():
        mine = {
            step: known(value)
            for channel, step, value in zip(
                figures.steps["channel"], figures.steps[grain], figures.steps["net_sales"], strict=True
            )
            if _name(channel) == name
        }
        # No row means that nothing was sold: the sum of nothing is 0.
        series.append(Line(points=[float(mine.get(step) or 0) for step in buckets], style=f"k{place}"))
    return lines(series, said=f"Net sales by {grain} and channel", class_="spark course", dot=False)


def _bar(figures: Breakdown, shares: Sequence[Any], places: dict[str, int]) -> list[tuple[int, float]]:
    """Return the colour and the share of each channel, in the order of the table."""
    return [
        (places[_name(value)], float(share or 0)) for value, share in zip(figures.parts["channel"], shares, strict=True)
    ]


def _colours(names: Sequence[str]) -> dict[str, int]:
    """Give each channel its colour: the known ones theirs on every page, the others the next, by name."""
    free = iter(range(len(_KNOWN) + 1, 8))
    known_ones = {name: _KNOWN[name.casefold()] for name in names if name.casefold() in _KNOWN}
    return known_ones | {name: next(free, 8) for name in sorted(names) if name not in known_ones}


def _swatch(name: str, place: int) -> Markup:
    return el("span", el("i", class_=f"sw k{place}"), name, class_="swatch")


def _shift(now: Any, before: Any) -> str:
    if now is None or before is None:
        return fmt.NO_VALUE
    shift = now - before
    sign = "+" if shift > 0 else fmt.MINUS if shift < 0 else ""
    return f"{sign}{abs(shift)} pp"


def _shares(values: Sequence[Any]) -> list[str]:
    return [fmt.NO_VALUE if share is None else f"{share}%" for share in fmt.shares([known(value) for value in values])]


def _tail(figures: Breakdown) -> list[Any]:
    return [] if figures.rest is None else [_row_of(figures.rest)]


def _row_of(total: pd.DataFrame) -> dict[str, Any]:
    return {str(name): total[name].iloc[0] for name in total.columns}


def _floats(values: pd.Series) -> list[float | None]:
    return [None if known(value) is None else float(value) for value in values]


def _name(value: object) -> str:
    return str(known(value) or UNKNOWN)


def _compared(question: Question) -> list[Column]:
    return [Column(title="Change")] if question.compared else []


def _sub(figures: Breakdown, question: Question) -> str:
    change = f", change on {in_short(question.compared, question.period)}" if question.compared else ""
    return f"{figures.total.passport.shop.currency}, {question.basis}{change}"


def _plural(label: str) -> str:
    return f"{label.lower()[:-1]}ies" if label.endswith("y") else f"{label.lower()}s"


def _average(value: float) -> str:
    return "0" if value == 0 else f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 0.95 else f"{value:.2f}"


def _rhythm_table(averages: dict[tuple[int, int], float]) -> Markup:
    columns = [Column(title="Hour", number=False), *(Column(title=name) for name in _WEEKDAYS)]
    rows = [
        Row(cells=[f"{hour:02}:00", *(_average(averages.get((day, hour), 0.0)) for day in range(1, 8))])
        for hour in range(24)
    ]
    return el(
        "div", table(columns, rows, caption="Average orders an hour by weekday and hour"), class_="scroll", tabindex="0"
    )
