"""Tells why net sales moved: sentences and tables of an exact decomposition, whose amounts sum to the change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from html import escape
from typing import Final

import pandas as pd

from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Unit
from ecombi.metrics.movement import Cause, Effect, Movement, Part
from ecombi.reports import figures
from ecombi.reports.blocks import Block, state
from ecombi.reports.charts import waterfall_chart
from ecombi.reports.graphs import short_axis
from ecombi.reports.grid import Column, captioned, finding, listed, table
from ecombi.schema.periods import Period

CAUSES: Final[dict[Cause, str]] = {
    "volume": "Volume",
    "price": "Price",
    "mix": "Mix",
    "discounts": "Discounts",
    "returns": "Returns",
}
"""Cause -> what it is called in a chart, in its order there."""

_MATTERS: Final = Decimal("0.2")
"""A cause is told by itself where it is at least this share of the largest one."""

_NAMED: Final = 3
"""How many values of a dimension a sentence names."""


def story(moved: Mapping[str, Movement], than: str) -> Block:
    """Tell why net sales moved, in a few sentences whose amounts sum to the change.

    Args:
        moved: The change against each earlier period, by what that is called: "the week before".
        than: Which of them.
    """
    movement = moved.get(than)
    if movement is None:
        return Block(state(f"There are no complete records of {than}, so nothing can be compared with it."))
    said = [_headline(movement, than), _causes(movement)]
    said += [_by(name, parts, movement) for name, parts in movement.parts.items()]
    said.append(_assortment(movement))
    return Block("".join(finding(text) for text in said if text))


def waterfall(moved: Mapping[str, Movement], than: str, *, days: Period, before: Period | None) -> Block:
    """Draw how volume, price, mix, discounts and returns add up to the change of net sales.

    Args:
        moved: As of `story`.
        than: Which of them.
        days: The days themselves.
        before: The days they are compared with; None where there are none.
    """
    movement = moved.get(than)
    if movement is None or before is None or not movement.change:
        return Block("")
    amounts = {effect.cause: effect.amount for effect in movement.effects}
    ends = f"{_money(movement, movement.before)} to {_money(movement, movement.now)}"
    chart = waterfall_chart(
        [(label, amounts[cause]) for cause, label in CAUSES.items()],
        ("Change", movement.change),
        write=short_axis(Unit.MONEY, movement.currency),
        label=lambda amount: fmt.short(amount, Unit.MONEY, movement.currency),
        summary=f"Net sales went from {ends}: "
        + ", ".join(f"{label} {_signed(movement, amounts[cause])}" for cause, label in CAUSES.items()),
    )
    source = f"{movement.currency}, net sales of {fmt.days(days)} against {fmt.days(before)}: from {ends}"
    return Block(captioned(f"What moved net sales against {than}", source, chart))


def parts(moved: Mapping[str, Movement], than: str, dimension: str, title: str, *, top: int) -> Block:
    """Show what each value of a dimension added to the change of net sales; the rows sum to it to the cent.

    Args:
        moved: As of `story`.
        than: Which of them.
        dimension: One the movement was asked for by, or product.
        title: Heading.
        top: How many are named at most; the others are one row.
    """
    movement = moved.get(than)
    if movement is None:
        return Block("")
    found = movement.products if dimension == "product" else movement.parts[dimension]
    word = dimension.replace("_", " ")
    if all(part.value is None for part in found):
        return Block(state(f"{title}: not known. The records of these days carry no {word}."))
    moving = [part for part in found if part.change]
    named, others = moving[:top], moving[top:]
    rows = [(_label(part), part.before, part.now, part.change) for part in named]
    if others or len(moving) < len(found):
        rest = [*others, *(part for part in found if not part.change)]
        rows.append((f'<span class="muted">{len(rest):,} more</span>', *_sums(rest)))
    rows.append(("Total", movement.before, movement.now, movement.change))
    names, before, now, change = (list(column) for column in zip(*rows, strict=True))
    columns = [
        Column(word.capitalize(), names, ""),
        Column("", [*_bars(change[:-1]), ""], "b"),
        Column("Before", _column(movement, before), "num lo"),
        Column("Now", _column(movement, now), "num lo"),
        Column("Added", [figures.data(_signed(movement, amount), amount) for amount in change]),
    ]
    source = f"{movement.currency}, net sales against {than}, what each added to the change"
    return Block(captioned(title, source, table(columns, total=True)))


def causes(moved: Mapping[str, Movement]) -> pd.DataFrame:
    """Return the causes of each change as a table for the machine-readable result: they sum to its change."""
    rows = [(than, effect.cause, effect.amount) for than, movement in moved.items() for effect in movement.effects]
    return pd.DataFrame(rows, columns=["against", "cause", "amount"])


def added(moved: Mapping[str, Movement], than: str) -> pd.DataFrame:
    """Return what each value of each dimension added to a change, as a table: those of each dimension sum to it."""
    movement = moved.get(than)
    found = movement.parts.items() if movement else ()
    rows = [
        (dimension, None if part.value is None else str(part.value), part.before, part.now, part.change)
        for dimension, values in found
        for part in values
    ]
    return pd.DataFrame(rows, columns=["dimension", "value", "before", "now", "added"])


def changes(moved: Mapping[str, Movement]) -> pd.DataFrame:
    """Return each change as a table: net sales before, now, and the change, exactly."""
    rows = [(than, movement.before, movement.now, movement.change) for than, movement in moved.items()]
    return pd.DataFrame(rows, columns=["against", "before", "now", "change"])


def _headline(movement: Movement, than: str) -> str:
    now = f"<b>{escape(_money(movement, movement.now))}</b>"
    if not movement.change:
        return f"Net sales were {now}, the same as {escape(than)}."
    verb = "rose" if movement.change > 0 else "fell"
    share = ""
    if movement.before:
        percent = fmt.change(movement.change / abs(movement.before), Unit.MONEY).lstrip("▲▼ ")
        share = f" or {percent}"
    return (
        f"Net sales {verb} by <b>{escape(_money(movement, abs(movement.change)))}</b>{escape(share)} against "
        f"{escape(than)}, from {escape(_money(movement, movement.before))} to {now}."
    )


def _causes(movement: Movement) -> str:
    found = sorted((e for e in movement.effects if e.amount), key=lambda e: -abs(e.amount))
    if not found:
        return ""
    if not movement.change:
        return f"That is because {_named(movement, found)} cancel each other out."
    least = abs(found[0].amount) * _MATTERS
    told = [e for e in found if abs(e.amount) >= least]
    rest = [e for e in found if abs(e.amount) < least]
    with_it = [e for e in told if (e.amount > 0) == (movement.change > 0)]
    against = [e for e in told if (e.amount > 0) != (movement.change > 0)]
    said = []
    if with_it:
        said.append(f"It came from {_named(movement, with_it)}.")
    if against:
        said.append(f"Against it went {_named(movement, against)}.")
    if rest:
        total = sum((e.amount for e in rest), Decimal(0))
        said.append(f"The rest comes to {_marked(movement, total)}: {listed([escape(e.words) for e in rest])}.")
    return " ".join(said)


def _named(movement: Movement, effects: Sequence[Effect]) -> str:
    return listed([f"<b>{escape(e.words)}</b> ({_marked(movement, e.amount)})" for e in effects])


def _by(name: str, values: Sequence[Part], movement: Movement) -> str:
    moving = [part for part in values if part.change]
    if not moving or all(part.value is None for part in values):
        return ""
    # One alone is named too: "the other 1" would say less in more words.
    told, others = (moving, []) if len(moving) <= _NAMED + 1 else (moving[:_NAMED], moving[_NAMED:])
    said = [f"{_label(part)} {_marked(movement, part.change)}" for part in told]
    if others:
        total = sum((part.change for part in others), Decimal(0))
        said.append(f"the other {len(others):,} together {_marked(movement, total)}")
    return f"By {escape(name.replace('_', ' '))}: {listed(said)}."


def _assortment(movement: Movement) -> str:
    said = []
    for found, words in (("new", "sold this time and not before"), ("gone", "sold before and not this time")):
        listed_ones = [p.change for p in movement.products if p.found == found and p.value is not None]
        if listed_ones:
            noun = "product was" if len(listed_ones) == 1 else "products were"
            said.append(f"{len(listed_ones):,} {noun} {words} ({_marked(movement, sum(listed_ones, Decimal(0)))}).")
    return " ".join(said)


def _label(part: Part) -> str:
    return f'<span class="muted">{escape(part.label)}</span>' if part.value is None else escape(part.label)


def _sums(rest: Iterable[Part]) -> tuple[Decimal, Decimal, Decimal]:
    listed_ones = list(rest)
    return (
        sum((part.before for part in listed_ones), Decimal(0)),
        sum((part.now for part in listed_ones), Decimal(0)),
        sum((part.change for part in listed_ones), Decimal(0)),
    )


def _bars(amounts: Sequence[Decimal]) -> list[str]:
    widest = max(map(abs, amounts), default=Decimal(0)) or Decimal(1)
    return [
        f'<span class="bar{" minus" if amount < 0 else ""}" style="width:{100 * abs(amount) / widest:.1f}%"></span>'
        for amount in amounts
    ]


def _column(movement: Movement, amounts: Sequence[Decimal]) -> list[str]:
    texts = fmt.column(amounts, Unit.MONEY, movement.currency)
    return [figures.data(text, amount) for text, amount in zip(texts, amounts, strict=True)]


def _money(movement: Movement, amount: Decimal) -> str:
    places = Decimal(1).scaleb(-fmt.decimals_of(movement.currency))
    return fmt.full(amount.quantize(places), Unit.MONEY, movement.currency)


def _signed(movement: Movement, amount: Decimal) -> str:
    return fmt.plus_minus(amount, Unit.MONEY, movement.currency)


def _marked(movement: Movement, amount: Decimal) -> str:
    return f'<span class="amount">{escape(_signed(movement, amount))}</span>'
