"""How long it takes until customers order again, by the number of the order."""

from __future__ import annotations

from decimal import Decimal

from ecombi.metrics.result import AnalysisResult
from ecombi.reports import figures
from ecombi.reports.blocks import Block, state
from ecombi.reports.grid import Column, captioned, finding, table
from ecombi.reports.matrices import NOBODY

_LONG = 10
_ORDINALS = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def between_orders(intervals: AnalysisResult, title: str, *, most: int) -> Block:
    """Show the days between one order and the next.

    Args:
        intervals: Of `ws.customers.intervals`, by order.
        title: Heading.
        most: Up to which order.
    """
    rows = [row for row in figures.rows(intervals) if _whole(row["order_number"]) <= most]
    if not rows:
        return Block(state(f"{title}: nobody has ordered twice, or {NOBODY[:1].lower()}{NOBODY[1:]}"))
    places = [_whole(row["order_number"]) for row in rows]
    waits = [figures.number(row["median_days"]) or Decimal(0) for row in rows]
    widest = max(waits) or Decimal(1)
    columns = [
        Column("Order", [f"{_ordinal(place - 1)} to {_ordinal(place)}" for place in places], ""),
        Column("", [f'<span class="bar" style="width:{100 * days / widest:.1f}%"></span>' for days in waits], "b"),
        Column("Half within", _cells(rows, "median_days")),
        Column("Mean", _cells(rows, "mean_days"), "num lo"),
        Column("Nine in ten within", _cells(rows, "p90_days")),
        Column("Times", [figures.data(f"{row['intervals']:,}", row["intervals"]) for row in rows], "num lo"),
    ]
    first = rows[0]
    half, most_of_them = (_days([first], name)[0] for name in ("median_days", "p90_days"))
    said = (
        f"Of those who came back, half placed their {_ordinal(places[0])} order within <b>{half}</b> and "
        f"nine in ten within <b>{most_of_them}</b>."
    )
    source = "days from one order of a customer to the next, of those who ordered again"
    return Block(captioned(title, source, table(columns)) + finding(said))


def _cells(rows: list[figures.Row], name: str) -> list[str]:
    return [figures.data(text, row[name]) for text, row in zip(_days(rows, name), rows, strict=True)]


def _days(rows: list[figures.Row], name: str) -> list[str]:
    """Write days; a fraction of one says nothing where half a dozen of them do not."""
    known = [figures.number(row[name]) or Decimal(0) for row in rows]
    places = 0 if max(known) >= _LONG else 1
    return [f"{days:,.{places}f} days" for days in known]


def _whole(value: object) -> int:
    return int(str(value))


def _ordinal(place: int) -> str:
    return _ORDINALS[place] if place < len(_ORDINALS) else f"{place}th"
