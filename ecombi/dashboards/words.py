"""Changes, ranges and passports in the words of the page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup

from ecombi.dashboards.question import Question
from ecombi.metrics import format as fmt
from ecombi.metrics.catalogue import CATALOGUE
from ecombi.metrics.definitions import Direction, Metric, Unit
from ecombi.metrics.passport import Passport
from ecombi.metrics.result import Result
from ecombi.schema.periods import Period, time_zone
from ecombi.widgets.markup import el, icon, join
from ecombi.widgets.passport import passport_card
from ecombi.widgets.tile import Missing

UNKNOWN = "Unknown"
_BASIS = {"booked": "booked, by the date of each event", "ordered": "ordered, by the date of the order"}
_UNITS = {Unit.COUNT: "a count", Unit.RATE: "a rate", Unit.DAYS: "days", Unit.TIMES: "times"}
_ARROWS = {1: "up", -1: "down", 0: "even"}


def known(value: Any) -> Any:
    """Return a cell's value, or None where it has none."""
    if value is None or value != value or type(value).__name__ in {"NAType", "NaTType"}:
        return None
    return value


def figure(result: Result, name: str) -> Any:
    """Return the figure of a result of one row, or None where it has no value."""
    return known(result[name].iloc[0]) if len(result) else None


def in_short(period: Period, beside: Period) -> str:
    """Write a period without its year where the one beside it is in the same: 11–31 Oct. It never breaks."""
    text = fmt.days(period)
    if period.start.year == period.last.year == beside.start.year == beside.last.year:
        text = text.removesuffix(f" {period.last.year}")
    return text.replace(" ", "\N{NO-BREAK SPACE}").replace("–", "\N{WORD JOINER}–\N{WORD JOINER}")


def grade(change: float, metric: Metric) -> str:
    """Return the colour class of a change: what is good depends on the metric, not on the arrow."""
    sign = _sign(change, metric)
    if sign == 0 or metric.direction is Direction.NEUTRAL:
        return "even"
    return "good" if (sign > 0) == (metric.direction is Direction.UP) else "bad"


def change_mark(change: object, metric: Metric, level: object, title: str) -> Markup:
    """Write a change with its arrow in its colour, for a table."""
    value = known(change)
    if value is None:
        return el("span", fmt.NO_VALUE, class_="muted", title="No earlier figure to compare with")
    amount = fmt.change(abs(value), metric.unit, level).removeprefix("▲ ")
    sign = _sign(value, metric)
    word = el("span", {1: "up ", -1: "down ", 0: ""}[sign], class_="sr")
    return el("span", icon(_ARROWS[sign], "dir"), word, amount, class_=grade(value, metric), title=title)


def change_words(result: Result, metric: Metric, question: Question, currency: str) -> Markup:
    """Write a change in words: 9.7% more than 11–31 Oct."""
    if question.compared is None:
        return el("p", "No comparison chosen", class_="delta")
    than = in_short(question.compared, question.period)
    now, before = figure(result, metric.name), figure(result, f"{metric.name}_before")
    value = figure(result, f"{metric.name}_change")
    if value is None:
        why = f"Nothing in {than} to compare with" if before == 0 else f"No figure for {than} to compare with"
        return el("p", why, class_="delta")
    sides = f"{fmt.days(question.period)}: {fmt.full(now, metric.unit, currency)}; "
    title = sides + f"{fmt.days(question.compared)}: {fmt.full(before, metric.unit, currency)}"
    sign = _sign(value, metric)
    if sign == 0:
        return el(
            "p", el("b", icon("even", "dir"), "The same", class_="even"), f" as {than}", class_="delta", title=title
        )
    more, less = ("higher", "lower") if metric.unit is Unit.RATE else ("more", "less")
    amount = fmt.change(abs(value), metric.unit, now).removeprefix("▲ ")
    mark = el("b", icon(_ARROWS[sign], "dir"), amount, class_=grade(value, metric))
    return el("p", mark, f" {more if sign > 0 else less} than {than}", class_="delta", title=title)


def nothing_sold(sub: str, question: Question) -> Missing:
    """Say that nothing was sold, and offer the one thing that would change it."""
    words = f"No sale in {fmt.days(question.period)} passes the filters. "
    there = f"There are figures for {fmt.days(question.coverage)}."
    label, do = ("Remove all filters", "reset") if question.where else ("Show every day there is", "set")
    button = el("button", label, class_="ctl", type="button", data_do=do, data_name="preset", data_value="all")
    return Missing(sub=sub, title="Nothing was sold", words=words + there, action=button)


def fresh_words(at: datetime, zone: str) -> str:
    """Write when something was published, on the shop's clock: 21 Nov 2026 02:10."""
    local = at.astimezone(time_zone(zone))
    return f"{fmt.day(local)} {local:%H:%M}"


def passport(title: str, results: Sequence[Result], names: Sequence[str]) -> Markup:
    """Build the card that says where a tile's figures come from.

    Args:
        title: Of the tile.
        results: All its figures are from these.
        names: The metrics it shows; a result may have more.
    """
    stamps: list[Passport] = [result.passport for result in results]
    first = stamps[0]
    metrics = [CATALOGUE[name] for name in names]
    formulas = join(
        el("span", el("b", m.label), ": ", m.formula, class_="line") if len(metrics) > 1 else m.formula for m in metrics
    )
    definitions = ", ".join(f"{m.name} version {m.definition_version}" for m in metrics)
    ranges = fmt.days(first.query.period) if first.query.period else "All days there are"
    if first.compared is not None:
        ranges += f"; against {fmt.days(first.compared)}"
    units = dict.fromkeys(_UNITS.get(m.unit, first.shop.currency) for m in metrics)
    published = fresh_words(first.published_at, first.shop.time_zone)
    facts = [
        ("Formula", formulas),
        ("Unit, basis", f"{', '.join(units)}; {_BASIS[first.query.basis.value]}; days in {first.shop.time_zone}"),
        ("Ranges", ranges),
        ("Filters", _filters(first)),
        ("Freshness", f"Snapshot {first.snapshot}, published {published}"),
        ("Definition", definitions),
        ("Tables", ", ".join(dict.fromkeys(table for stamp in stamps for table in stamp.tables))),
    ]
    return passport_card(title, facts)


def sql_of(results: Sequence[Result]) -> str:
    """Return the statements that ran, with the values they ran with."""
    said = []
    for stamp in (result.passport for result in results):
        values = "\n".join(f"-- ${name}: {value}" for name, value in stamp.params.items())
        said.append(f"{values}\n{stamp.sql};")
    return "\n\n".join(dict.fromkeys(said))


def _filters(stamp: Passport) -> str:
    return "; ".join(f"{name}: {', '.join(map(_value, values))}" for name, values in stamp.query.where) or "None"


def _value(value: str | int | None) -> str:
    return UNKNOWN if value is None else str(value)


def _sign(change: float, metric: Metric) -> int:
    """What rounds to nothing is no change."""
    shown = round(abs(change) * 100, 2 if metric.unit is Unit.RATE else 1)
    return 0 if shown == 0 else 1 if change > 0 else -1
