"""The filter bar: periods, comparison, choices, and chips for what is set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ecombi.widgets.markup import Child, el, icon


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Something that can be chosen: what it is called, and the value it sets."""

    label: str
    value: str
    chosen: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A list of which one or several can be chosen.

    Attributes:
        name: What it sets.
        label: What it is called.
        said: What is chosen now, in words.
        options: All there are.
        several: More than one may be chosen; none means all.
    """

    name: str
    label: str
    said: str
    options: Sequence[Option]
    several: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A filter that is set, and can be taken away: its words, what it narrows, and which value."""

    label: str
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """All of the filter bar.

    Attributes:
        presets: Periods to choose from.
        days: The period, in words.
        first: Its first day, ISO.
        last: Its last day, ISO.
        earliest: The first day there is, ISO.
        latest: The last day there is, ISO.
        choices: Lists to choose from.
        basis: Which date counts.
        chips: Filters that are set.
        changed: Whether anything differs from the usual.
        status: What the figures are net of, in a sentence.
        printed: All of it in words, for paper.
    """

    presets: Sequence[Option]
    days: str
    first: str
    last: str
    earliest: str
    latest: str
    choices: Sequence[Choice]
    basis: Sequence[Option]
    chips: Sequence[Chip]
    changed: bool
    status: str
    printed: str


def filter_bar(bar: Bar) -> Markup:
    """Build the bar."""
    more = f"Filters ({len(bar.chips)})" if bar.chips else "Filters"
    first = el(
        "div",
        _segments("Period", "preset", bar.presets, "seg presets"),
        _dates(bar),
        [_menu(choice) for choice in bar.choices],
        _segments("Date basis", "basis", bar.basis, "seg hide"),
        el("button", more, class_="ctl more", type="button", data_do="more", aria_expanded="false"),
        class_="row",
    )
    second = el(
        "div",
        [_chip(chip) for chip in bar.chips],
        el("button", "Reset", class_="link", type="button", data_do="reset") if bar.changed else None,
        el("span", bar.status, class_="status-text"),
        el("button", "Share link", class_="ctl push hide", type="button", data_do="copy-link"),
        class_="row",
    )
    return el(
        "div",
        first,
        el("p", bar.printed, class_="print-only"),
        second,
        class_="filters",
        role="region",
        aria_label="Filters",
    )


def _segments(label: str, name: str, options: Sequence[Option], class_: str) -> Markup:
    buttons = [
        el(
            "button",
            option.label,
            type="button",
            data_do="set",
            data_name=name,
            data_value=option.value,
            aria_pressed="true" if option.chosen else "false",
            title=option.hint or None,
        )
        for option in options
    ]
    return el("div", buttons, class_=class_, role="group", aria_label=label)


def _dates(bar: Bar) -> Markup:
    bounds: dict[str, str | bool] = {"min": bar.earliest, "max": bar.latest, "required": True}
    form = el(
        "form",
        el("label", el("span", "From"), el("input", type="date", name="from", value=bar.first, **bounds)),
        el("label", el("span", "To, included"), el("input", type="date", name="to", value=bar.last, **bounds)),
        el("button", "Show", class_="ctl strong", type="submit"),
        class_="pop list dates",
        data_do="dates",
    )
    return _dropdown(el("b", bar.days), form, "Period, choose dates", "")


def _menu(choice: Choice) -> Markup:
    face = [el("span", choice.label), el("b", choice.said)]
    if not choice.several:
        buttons = [
            el(
                "button",
                option.label,
                el("small", option.hint) if option.hint else None,
                type="button",
                data_do="set",
                data_name=choice.name,
                data_value=option.value,
                aria_pressed="true" if option.chosen else "false",
            )
            for option in choice.options
        ]
        return _dropdown(face, el("div", buttons, class_="pop list"), choice.label, "hide")
    boxes = [
        el("label", el("input", type="checkbox", value=option.value, checked=option.chosen), el("span", option.label))
        for option in choice.options
    ]
    clear = el("button", "All", class_="link", type="button", data_do="clear", data_name=choice.name)
    group = el("fieldset", el("legend", choice.label, class_="sr"), boxes, data_do="choose", data_name=choice.name)
    return _dropdown(face, el("div", group, el("footer", clear), class_="pop list"), choice.label, "hide")


def _dropdown(face: Child | Sequence[Child], inside: Markup, label: str, class_: str) -> Markup:
    summary = el("summary", face, icon("chevron"), class_="ctl", aria_label=None if isinstance(face, list) else label)
    return el("details", summary, inside, class_=f"menu drop {class_}".strip(), data_key=label)


def _chip(chip: Chip) -> Markup:
    remove = el(
        "button",
        icon("close"),
        class_="icon",
        type="button",
        aria_label=f"Remove filter {chip.label}",
        data_do="drill",
        data_name=chip.name,
        data_value=chip.value,
    )
    return el("span", chip.label, remove, class_="chip", data_key=f"{chip.name}={chip.value}")
