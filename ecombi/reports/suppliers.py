"""The suppliers of a report: how reliable they are, how long they take, what is open, and what was late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from html import escape
from typing import Final

from ecombi.inventory.lateness import WORDS
from ecombi.metrics.result import AnalysisResult
from ecombi.reports import figures
from ecombi.reports.blocks import Block, state
from ecombi.reports.figures import Row
from ecombi.reports.grid import finding, listed
from ecombi.reports.listings import Columns, listing, shown_of
from ecombi.schema.periods import Period, parse_day

OTIF: Final = {
    "requested": "supplier_otif_requested",
    "first_confirmed": "supplier_otif_confirmed",
    "last_confirmed": "supplier_otif_last_confirmed",
}
"""Basis -> the metric that holds deliveries to it."""

NO_ORDERS: Final = "The records hold no purchase orders of these days."

_FEW: Final = 10
_SUPPLIER: Final = ("supplier_name", "supplier")


def window(coverage: Period, end: str | None, days: int) -> Period:
    """Return the days of a scorecard: so many before the end, or before the end of the records.

    Raises:
        PeriodError: Not a day.
    """
    until = parse_day(end) if end else coverage.end
    return Period(until - timedelta(days=days), until)


def reliability(card: AnalysisResult, title: str, *, top: int) -> Block:
    """Show who delivers on time and in full, the suppliers with the most money first.

    Args:
        card: The answer of `inventory.suppliers`.
        title: Heading.
        top: How many suppliers at most.
    """
    rows = _by_amount(card)
    if not rows:
        return _none(title)
    columns: Columns = {
        "Supplier": _SUPPLIER,
        "Ordered": "ordered_amount",
        "Lines due": "due_lines",
        "On time": "on_time_rate",
        "In full": "in_full_rate",
        "On time and in full": "otif_rate",
        "Price drift": "price_drift",
    }
    low = ("Ordered", "On time", "In full", "Price drift")
    few = [row for row in rows if _number(row, "due_lines") < _FEW]
    said = [
        _best_and_worst([row for row in rows if row["otif_rate"] is not None and row not in few], card),
        f"{len(few):,} of {len(rows):,} had fewer than {_FEW} lines due: read their rates as single cases."
        if few
        else "",
        shown_of(min(top, len(rows)), len(rows)),
    ]
    return Block(listing(card, title, rows[:top], columns, low=low) + finding(*said))


def lead_times(card: AnalysisResult, title: str, *, top: int) -> Block:
    """Show how long suppliers take and how far that varies, those with the longest lead time first."""
    rows = sorted(
        (row for row in figures.rows(card) if row["lead_time_mean"] is not None),
        key=lambda row: (-_number(row, "lead_time_mean"), str(row["supplier"])),
    )
    if not rows:
        return _none(title, "Nothing was received from a supplier in these days, so no lead time is known.")
    columns: Columns = {
        "Supplier": _SUPPLIER,
        "Lines": "received_lines",
        "Mean": "lead_time_mean",
        "Deviation": "lead_time_sd",
        "Variation": "lead_time_cv",
        "Half within": "lead_time_median",
        "9 of 10 within": "lead_time_p90",
        "In full": "lead_time_full",
        "By unit": "lead_time_weighted",
    }
    low = ("Lines", "Variation", "Half within", "In full", "By unit")
    unsure = [row for row in rows if row["lead_time_cv"] is not None]
    said = [shown_of(min(top, len(rows)), len(rows))]
    if unsure:
        most = max(unsure, key=lambda row: _number(row, "lead_time_cv"))
        share = figures.marked(card, "lead_time_cv", most["lead_time_cv"])
        said.insert(0, f"Least sure: {_named(most)}, whose lead times vary by {share} of their mean.")
    return Block(listing(card, title, rows[:top], columns, low=low) + finding(*said))


def open_orders(card: AnalysisResult, title: str, *, top: int) -> Block:
    """Show what is ordered and not received, the oldest first."""
    rows = [row for row in figures.rows(card) if row["open_lines"]]
    if not len(card):
        return _none(title)
    if not rows:
        return Block(state(f"{title}: none. Everything that was ordered has been received."))
    rows.sort(key=lambda row: (-_number(row, "open_days_max"), str(row["supplier"])))
    columns: Columns = {
        "Supplier": _SUPPLIER,
        "Open lines": "open_lines",
        "Mean age": "open_days_mean",
        "Oldest": "open_days_max",
        "Usual lead time": "lead_time_mean",
        "9 of 10 within": "lead_time_p90",
    }
    overdue = [
        row
        for row in rows
        if row["lead_time_p90"] is not None and _number(row, "open_days_max") > _number(row, "lead_time_p90")
    ]
    said = (
        f"Open for longer than nine of ten lines of the supplier take: a line of {_listed(overdue)}."
        if overdue
        else "No open line is older than nine of ten lines of its supplier take."
    )
    shown = listing(card, title, rows[:top], columns, low=("Mean age", "Usual lead time"))
    return Block(shown + finding(said, shown_of(min(top, len(rows)), len(rows))))


def empty_shelves(late: AnalysisResult, title: str, *, top: int) -> Block:
    """Show the late lines that left a shelf empty, the most units missed first.

    Args:
        late: The answer of `ws.inventory.late_lines`.
        title: Heading.
        top: How many lines at most.
    """
    if not _is_recorded(late):
        return _none(title)
    rows = figures.rows(late)
    if not rows:
        return Block(state(f"{title}: none. No line that was due in these days is late, or none was due."))
    hurt = [row for row in rows if row["days_out"]]
    if not hurt:
        return Block(
            state(f"{title}: none. {len(rows):,} lines were late, but no shelf was empty as far as stock is recorded.")
        )
    missed = _missed(rows)
    columns: Columns = {
        "Product": ("product_name", "product"),
        "Supplier": "supplier_name",
        "Due": "due_on",
        "Received": "received_on",
        "Days late": "days_late",
        "Days out": "days_out",
        "Units missed": "missed_units",
        "At cost": "missed_amount",
    }
    units, at_cost = (
        figures.write(late, "missed_units", float(missed[0])),
        figures.write(late, "missed_amount", missed[1]),
    )
    said = (
        f"<b>{len(hurt):,}</b> of {len(rows):,} late lines met an empty shelf: up to <b>{escape(units)}</b> units, "
        f"{escape(at_cost)} at cost, were not there to be sold. What they would have earned is lost besides."
    )
    still = "No day of receipt: still open." if any(row["received_on"] is None for row in hurt[:top]) else ""
    shown = listing(late, title, hurt[:top], columns, low=("Supplier", "Due", "Received", "Days out"))
    return Block(shown + finding(said, still, shown_of(min(top, len(hurt)), len(hurt))))


def cost_of_lateness(late: AnalysisResult) -> dict[str, object]:
    """Return how many lines were late, how many of them left a shelf empty, and what was missed, to be published."""
    names = ("late_line_count", "late_lines_with_empty_shelf", "missed_units", "missed_amount")
    if not _is_recorded(late):
        return dict.fromkeys(names)
    rows = figures.rows(late)
    empty = [row for row in rows if row["days_out"]]
    units, amount = _missed(rows)
    return dict(zip(names, (len(rows), len(empty), float(units), amount), strict=True))


def _missed(rows: Sequence[Row]) -> tuple[Decimal, Decimal]:
    """Return the units missed on the empty evenings of late lines, and their cost: at most, as lines can overlap."""
    units = sum((_number(row, "missed_units") for row in rows), Decimal(0))
    return units, sum((_number(row, "missed_amount") for row in rows), Decimal(0))


def said_basis(basis: str) -> Block:
    """Say which day deliveries are held to."""
    return Block(
        finding(
            f"Lines are held to <b>{WORDS[basis]}</b>. Early is on time; a line that is still open after it is late."
        )
    )


def _by_amount(card: AnalysisResult) -> list[Row]:
    return sorted(figures.rows(card), key=lambda row: (-_number(row, "ordered_amount"), str(row["supplier"])))


def _best_and_worst(rows: Sequence[Row], card: AnalysisResult) -> str:
    if len(rows) < 2:
        return ""
    ranked = sorted(rows, key=lambda row: (-_number(row, "otif_rate"), str(row["supplier"])))
    best, worst = (
        f"{_named(row)} ({figures.marked(card, 'otif_rate', row['otif_rate'])})" for row in (ranked[0], ranked[-1])
    )
    return f"Most reliable is {best}, least {worst}."


def _named(row: Row) -> str:

    return f"<b>{escape(str(row['supplier_name'] or row['supplier']))}</b>"


def _listed(rows: Sequence[Row]) -> str:

    return listed([_named(row) for row in rows])


def _is_recorded(answer: AnalysisResult) -> bool:
    """Whether there are purchase orders at all."""
    first, last = answer.passport.known.recorded("purchase_lines", "day")
    return first <= last


def _none(title: str, why: str = NO_ORDERS) -> Block:
    return Block(state(f"{title}: not known. {why}"))


def _number(row: Row, name: str) -> Decimal:
    return figures.number(row[name]) or Decimal(0)
