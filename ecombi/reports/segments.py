"""Customer segments: how many customers, what they are worth, where they move, and what to do about each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from html import escape
from typing import Final

import pandas as pd

from ecombi.customers.segments import SEGMENTS
from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Unit
from ecombi.metrics.result import AnalysisResult
from ecombi.reports import figures
from ecombi.reports.blocks import Block, state
from ecombi.reports.figures import Row
from ecombi.reports.grid import Column, captioned, finding, listed, table
from ecombi.reports.matrices import crossed

NAMES: Final = tuple(segment.name for segment in SEGMENTS)
NOBODY: Final = "Nobody is known to have ordered before that day: nobody did, or no order says who placed it."
NOT_YET: Final = "Not a customer yet"
"""Where those were who had not ordered by the earlier day."""

ACTIONS: Final[Mapping[str, str]] = {
    "Champions": "Thank them, show them new products first, ask them for reviews. No discount is needed.",
    "Loyal customers": "Offer more of what they buy: larger sets, the dearer line, a loyalty scheme.",
    "Potential loyalists": "Suggest what goes with their last order, and a membership or free delivery.",
    "New customers": "Help with the first order and give a reason for a second one within weeks.",
    "Promising": "Stay in sight: a reminder of what they looked at, a small gift with the next order.",
    "Need attention": "A limited offer on what they bought before, while they still remember the shop.",
    "About to sleep": "Recommend what is popular now; a discount only where the margin bears it.",
    "Cannot lose": "Write to them in person and ask what went wrong: they were among the best.",
    "At risk": "A personal offer to come back, and a look at what their last order was like.",
    "Hibernating": "One reactivation a season at most; leave them out of paid campaigns.",
}
"""Segment -> what to do about it."""

_AWAY: Final = frozenset({"About to sleep", "Cannot lose", "At risk", "Hibernating"})
"""Segments of customers who have stayed away for long."""

Moves = Mapping[tuple[str, str], int]
"""Segment on the earlier day, `NOT_YET` among them, and on the later one -> customers."""


def lead(now: AnalysisResult) -> Block:
    """Say how many customers there are, and what the best of them bring."""
    rows = _rows(now)
    if not rows:
        return Block(state(NOBODY))
    customers = sum(_whole(row["customers"]) for row in rows.values())
    best = max(rows.values(), key=lambda row: figures.number(row["net_sales"]) or Decimal(0))
    shares = dict(zip(rows, fmt.shares([row["net_sales"] for row in rows.values()]), strict=True))
    brought = shares[str(best["segment"])]
    part = f" and brought {brought:.1f}% of net sales" if brought is not None else ""
    have = "customer has" if customers == 1 else "customers have"
    return Block(
        f'<p class="lead"><b>{customers:,}</b> {have} ordered so far. <b>{escape(str(best["segment"]))}</b> '
        f"are {_percent(best['share'])} of them{part}.</p>"
    )


def sizes(now: AnalysisResult, before: AnalysisResult | None, title: str) -> Block:
    """Show the segments: customers, their share, what they brought, and how that was on the earlier day.

    Args:
        now: Of `ws.customers.segments`.
        before: The same of an earlier day; None where there is none.
        title: Heading.
    """
    rows = _rows(now)
    if not rows:
        return Block(state(f"{title}: not known. {NOBODY}"))
    earlier = {} if before is None else _rows(before)
    counts = [_whole(row["customers"]) for row in rows.values()]
    worth = [row["net_sales"] for row in rows.values()]
    columns = [
        Column("Segment", [escape(name) for name in rows], ""),
        Column("", [f'<span class="bar" style="width:{100 * n / max(counts):.1f}%"></span>' for n in counts], "b"),
        Column("Customers", [figures.data(f"{n:,}", n) for n in counts]),
        Column("Share", [_share(share) for share in fmt.shares(counts)]),
    ]
    if earlier:
        columns.append(Column("Before", [f"{_count(earlier, name):,}" for name in rows], "num lo"))
    columns += [
        Column("Net sales", _money(now, worth)),
        Column("Share", [_share(share) for share in fmt.shares(worth)], "num lo"),
        Column("Orders each", [f"{float(str(row['average_frequency'])):.1f}" for row in rows.values()], "num lo"),
        Column("Last order", [_ago(row["median_recency_days"]) for row in rows.values()], "num lo"),
    ]
    source = f"{now.passport.shop.currency}, net sales to date; last order: half of them are no longer ago"
    return Block(captioned(title, source, table(columns)))


def moves(before: AnalysisResult, now: AnalysisResult) -> Moves:
    """Count the customers who were in one segment on an earlier day and are in another, or the same, on a later one.

    Args:
        before: Of `ws.customers.rfm` on the earlier day.
        now: The same on the later one.
    """
    were = dict(zip(before["customer_id"], before["segment"], strict=True))
    pairs = zip(now["customer_id"], now["segment"], strict=True)
    return Counter((were.get(customer, NOT_YET), segment) for customer, segment in pairs)


def moved(counts: Moves, title: str, source: str) -> Block:
    """Show who moved where, and say who slipped away, who came back and who is new.

    Args:
        counts: Of `moves`; empty where there is no earlier day.
        title: Heading.
        source: The two days.
    """
    if not counts or all(start == NOT_YET for start, _ in counts):
        return Block(state(f"{title}: not known. There were no customers yet on the earlier day."))
    shown = crossed(counts, [*NAMES, NOT_YET], NAMES, title, source)
    return Block(shown.html + finding(*_told(counts)))


def balance(counts: Moves, title: str, source: str) -> Block:
    """Show for each segment who was in it, left it, came to it, and is in it: the first less, plus, gives the last."""
    frame = flows(counts)
    if frame.empty or not frame["before"].any():
        return Block("")
    rows = frame.to_dict("records")
    columns = [Column("Segment", [escape(row["segment"]) for row in rows], "")]
    for name, head, sign in (
        ("before", "Were in it", ""),
        ("left", "Left", fmt.MINUS),
        ("came", "Came over", "+"),
        ("new", "First order", "+"),
        ("now", "Are in it", ""),
    ):
        cells = [figures.data(f"{sign if row[name] else ''}{row[name]:,}", row[name]) for row in rows]
        columns.append(Column(head, cells))
    return Block(captioned(title, source, table(columns)))


def flows(counts: Moves) -> pd.DataFrame:
    """Return per segment how many were in it, left, came over from others, are new, and are in it now.

    before − left + came + new = now.
    """
    rows = []
    for name in NAMES:
        before = sum(n for (start, _), n in counts.items() if start == name)
        stayed = counts.get((name, name), 0)
        new = counts.get((NOT_YET, name), 0)
        now = sum(n for (_, end), n in counts.items() if end == name)
        rows.append((name, before, before - stayed, now - stayed - new, new, now))
    return pd.DataFrame(rows, columns=["segment", "before", "left", "came", "new", "now"])


def moves_table(counts: Moves) -> pd.DataFrame:
    """Return the moves as a table for the machine-readable result, the most first."""
    rows = sorted(((start, end, n) for (start, end), n in counts.items()), key=lambda row: (-row[2], row[0], row[1]))
    return pd.DataFrame(rows, columns=["before", "now", "customers"])


def actions(now: AnalysisResult, title: str) -> Block:
    """Say who is in each segment that has customers, and what to do about them."""
    rows = _rows(now)
    if not rows:
        return Block(state(f"{title}: there is nobody to do it for. {NOBODY}"))
    meanings = {segment.name: segment.meaning for segment in SEGMENTS}
    columns = [
        Column("Segment", [f"{escape(name)}" for name in rows], ""),
        Column("Customers", [f"{_whole(row['customers']):,}" for row in rows.values()]),
        Column("Who they are", [escape(meanings[name]) for name in rows], "lo"),
        Column("What to do", [escape(ACTIONS[name]) for name in rows], ""),
    ]
    return Block(captioned(title, "segments with customers in them", table(columns, role="prose")))


def _told(counts: Moves) -> list[str]:
    """Say in a sentence each: who slipped away, who came back, who is new, and the largest move."""
    away = sum(n for (a, b), n in counts.items() if a not in _AWAY | {NOT_YET} and b in _AWAY)
    back = sum(n for (a, b), n in counts.items() if a in _AWAY and b not in _AWAY)
    new = sum(n for (a, _), n in counts.items() if a == NOT_YET)
    away_from = listed([name for name in NAMES if name in _AWAY])
    said = [f"<b>{away:,}</b> slipped away, into {away_from}; <b>{back:,}</b> came back from there."]
    said.append(f"<b>{new:,}</b> ordered for the first time.")
    others = [(n, a, b) for (a, b), n in counts.items() if a not in {b, NOT_YET}]
    if others:
        n, a, b = max(others)
        said.append(f"The largest move was {n:,} from {escape(a)} to {escape(b)}.")
    return said


def _rows(found: AnalysisResult) -> dict[str, Row]:
    """Return the segments that have customers, in the order in which they are named."""
    by_name = {str(row["segment"]): row for row in figures.rows(found)}
    return {name: by_name[name] for name in NAMES if name in by_name}


def _count(rows: Mapping[str, Row], name: str) -> int:
    return _whole(rows[name]["customers"]) if name in rows else 0


def _whole(value: object) -> int:
    return int(str(value))


def _share(share: Decimal | None) -> str:
    return fmt.NO_VALUE if share is None else f"{share:.1f}%"


def _percent(share: object) -> str:
    return f"{100 * float(str(share)):.1f}%"


def _money(found: AnalysisResult, values: list[object]) -> list[str]:
    texts = fmt.column(values, Unit.MONEY, found.passport.shop.currency)
    return [figures.data(text, value) for text, value in zip(texts, values, strict=True)]


def _ago(days: object) -> str:
    count = f"{float(str(days)):.0f}"
    return f"{count} {'day' if count == '1' else 'days'}"
