"""The tiles of the sales dashboard that are lines over time."""

from __future__ import annotations

from datetime import date

from markupsafe import Markup

from ecombi.dashboards import axes
from ecombi.dashboards.question import Question
from ecombi.dashboards.sales.data import PRODUCT, Product, Series
from ecombi.dashboards.words import change_mark, figure, in_short, known, nothing_sold, passport
from ecombi.metrics import format as fmt
from ecombi.metrics.catalogue import CATALOGUE
from ecombi.metrics.definitions import Unit
from ecombi.metrics.drawing import levels
from ecombi.metrics.passport import Passport
from ecombi.schema.periods import Grain
from ecombi.widgets.markup import NOTHING, el, join
from ecombi.widgets.table import Column, Row, table
from ecombi.widgets.tile import Content, Missing
from ecombi.widgets.trend import Series as Drawn
from ecombi.widgets.trend import Trend

_ROOM = 8
_WORDS = {Grain.DAY: "by day", Grain.WEEK: "by week", Grain.MONTH: "by month"}
_MENU = (("csv", "Download CSV"), ("copy-link", "Copy link to this tile"))


def net_sales(chart: Trend, figures: Series, question: Question, as_table: bool) -> Content | Missing:
    """Show net sales over time beside the earlier range."""
    stamp = figures.total.passport
    sub = f"{stamp.shop.currency}, {question.basis}, {_WORDS[question.grain]}, {stamp.shop.time_zone}"
    if not len(figures.steps):
        return nothing_sold(sub, question)
    drawn = drawn_series(figures, question)
    chart.show(drawn)
    body = _table(figures, question) if as_table else _legend(figures, question, drawn.open)
    return Content(
        sub=sub,
        body=body,
        passport=passport("Net sales over time", [figures.total, figures.steps], ["net_sales"]),
        menu=(("table", "Show the chart" if as_table else "Show as a table"), *_MENU),
        chart=not as_table,
    )


def product(chart: Trend, figures: Product | None, question: Question, as_table: bool) -> Content | None:
    """Show one product: its figures in a row, and its net sales over time; nothing where none is chosen."""
    if figures is None:
        return None
    series, currency = figures.series, figures.series.total.passport.shop.currency
    facts = [_fact(series, name, question, currency) for name in PRODUCT]
    close = el(
        "button", "Close", class_="ctl", type="button", data_do="drill", data_name="product", data_value=question.detail
    )
    head = el("div", el("h3", figures.name), el("span", question.detail, class_="muted"), close, class_="named")
    drawn = drawn_series(series, question)
    chart.show(drawn)
    shown = _table(series, question) if as_table else _legend(series, question, drawn.open)
    return Content(
        sub=f"{currency}, {question.basis}, {_WORDS[question.grain]}",
        body=join([head, el("dl", facts, class_="pairs"), shown]),
        passport=passport(figures.name, [series.total, series.steps], PRODUCT),
        menu=(("table", "Show the chart" if as_table else "Show as a table"), *_MENU),
        chart=not as_table,
    )


def drawn_series(figures: Series, question: Question) -> Drawn:
    """Turn net sales over time into what a chart draws."""
    steps, currency, grain = figures.steps, figures.total.passport.shop.currency, question.grain
    days = [stamp.date() for stamp in steps[grain.value]]
    now = [known(value) for value in steps["net_sales"]]
    before = [known(value) for value in steps["net_sales_before"]] if question.compared else []
    marked = levels([float(value) for value in (*now, *before) if value is not None] or [0.0])
    peak = max(
        (place for place, value in enumerate(now) if value is not None), key=lambda place: now[place], default=None
    )
    said = "" if peak is None else f"{fmt.short(now[peak], Unit.MONEY, currency)}, {axes.name(days[peak], grain)}"
    return Drawn(
        now=[None if value is None else float(value) for value in now],
        before=[None if value is None else float(value) for value in before],
        hints=[_hint(place, days, now, before, grain, currency) for place in range(len(days))],
        ticks=axes.ticks(days, grain, room=_ROOM),
        levels=marked,
        level_names=axes.level_names(marked, currency),
        open=sum(_is_open(day, figures.steps.passport) for day in days),
        peak=said if len(days) > 2 and peak is not None and now[peak] > 0 else "",
    )


def _is_open(bucket: date, stamp: Passport) -> bool:
    """Whether a figure is not that of a whole bucket: its days are not final, or the period cuts it short."""
    grain, end = stamp.query.grain, stamp.end
    cut = grain is not None and end is not None and grain.end_of(bucket) > end
    return cut or stamp.is_unfinished(bucket)


def _hint(place: int, days: list[date], now: list[object], before: list[object], grain: Grain, currency: str) -> str:
    text = f"{axes.name(days[place], grain)}: {fmt.full(now[place], Unit.MONEY, currency)}"
    if place < len(before):
        text += f" (before: {fmt.full(before[place], Unit.MONEY, currency)})"
    return text


def _legend(figures: Series, question: Question, unfinished: int) -> Markup:
    currency = figures.total.passport.shop.currency
    now, before = fmt.column(
        [figure(figures.total, "net_sales"), figure(figures.total, "net_sales_before") if question.compared else None],
        Unit.MONEY,
        currency,
    )
    items = [el("li", _key("now"), fmt.days(question.period), " ", el("b", now))]
    if question.compared is not None:
        items.append(el("li", _key("before"), in_short(question.compared, question.period), " ", el("b", before)))
    if unfinished:
        items.append(el("li", _key("now open"), _unfinished(unfinished, question.grain)))
    return el("ul", items, class_="legend")


def _unfinished(count: int, grain: Grain) -> str:
    return f"Last {grain.value} not finished" if count == 1 else f"Last {count} {grain.value}s not finished"


def _key(style: str) -> Markup:
    return el("svg", el("line", class_=style, x2=16, y1=5, y2=5), class_="key", aria_hidden="true")


def _table(figures: Series, question: Question) -> Markup:
    metric, currency = CATALOGUE["net_sales"], figures.total.passport.shop.currency
    steps, grain = figures.steps, question.grain
    columns = [Column(title=grain.value.capitalize(), number=False), Column(title="Net sales")]
    names = [fmt.bucket(stamp.date(), grain) for stamp in steps[grain.value]]
    cells = [names, fmt.column([known(value) for value in steps["net_sales"]], Unit.MONEY, currency)]
    if question.compared:
        columns += [Column(title="Before", spare=True), Column(title="Change")]
        cells.append(fmt.column([known(value) for value in steps["net_sales_before"]], Unit.MONEY, currency))
        rows = [
            Row(cells=[*row, change_mark(change, metric, None, f"{row[1]} against {row[2]}")])
            for row, change in zip(zip(*cells, strict=True), steps["net_sales_change"], strict=True)
        ]
    else:
        rows = [Row(cells=list(row)) for row in zip(*cells, strict=True)]
    return el("div", table(columns, rows, caption="Net sales over time"), class_="scroll", tabindex="0")


def _fact(series: Series, name: str, question: Question, currency: str) -> Markup:
    metric, value = CATALOGUE[name], figure(series.total, name)
    change = None
    if question.compared is not None:
        before = figure(series.total, f"{name}_before")
        title = f"{fmt.full(value, metric.unit, currency)} against {fmt.full(before, metric.unit, currency)}"
        change = change_mark(figure(series.total, f"{name}_change"), metric, value, title)
    shown = el(
        "dd",
        el("b", fmt.short(value, metric.unit, currency), title=fmt.full(value, metric.unit, currency)),
        " ",
        change or NOTHING,
    )
    return el("div", el("dt", metric.label), shown)
