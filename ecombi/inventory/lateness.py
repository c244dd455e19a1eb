"""Metrics of late deliveries: purchase order lines by the day they were due, on a basis that whoever asks chooses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ecombi.metrics.definitions import Direction, Measure, Metric, Ratio, Unit
from ecombi.metrics.marts import PURCHASES

if TYPE_CHECKING:
    import ibis.expr.types as ir

ROLES: Final = {"requested": "requested", "first_confirmed": "confirmed", "last_confirmed": "last_confirmed"}
"""Basis -> the role of the day that a line is due on."""

WORDS: Final = {
    "requested": "the day asked for",
    "first_confirmed": "the day first confirmed",
    "last_confirmed": "the day last confirmed",
}
"""Basis -> that day in words."""

_OWNER: Final = "Purchasing"
_SOURCE: Final = "Composed from the lines of purchase orders."


def due_day(row: ir.Table, role: str) -> ir.Value:
    """Return the day a line was due; null where nobody confirmed one."""
    if role == "last_confirmed":
        return row["last_confirmed_on"].coalesce(row["confirmed_on"])
    return row[f"{role}_on"]


def _amount(row: ir.Table) -> ir.Value:
    return row["ordered_qty"] * row["unit_cost"]


def _ordered(row: ir.Table) -> ir.Value:
    return row["ordered_qty"]


def _received(row: ir.Table) -> ir.Value:
    import ibis

    return ibis.least(row["received_qty"], row["ordered_qty"])


def metrics(basis: str) -> tuple[Metric, ...]:
    """Return late_lines, late_amount, days_late and supplier_fill_rate by the day that a basis names.

    They are for a session: `ws.with_metrics(*ws.inventory.lateness("requested"))`.
    """
    role, day = ROLES[basis], WORDS[basis]

    def is_late(row: ir.Table) -> ir.Value:
        return (row["received_on"] > due_day(row, role)).fill_null(True)

    def came_late(row: ir.Table) -> ir.Value:
        return (row["received_on"] > due_day(row, role)).fill_null(False)

    def lateness(row: ir.Table) -> ir.Value:
        return row["received_on"].delta(due_day(row, role), unit="day").cast("int64")

    late_lines = Measure(
        name="late_lines",
        label="Late lines",
        unit=Unit.COUNT,
        direction=Direction.DOWN,
        formula=f"Number of purchase order lines that were not received by {day}.",
        description=f"By {day}. Open lines are in as soon as it is over. Left out: lines without such a day.",
        example="Due on the 10th, received on the 12th = 1",
        source=_SOURCE,
        owner=_OWNER,
        mart=PURCHASES,
        dated=role,
        where=is_late,
        value=None,
        # An evening's receipts are booked the day after.
        matures_days=1,
    )
    late_amount = replace(
        late_lines,
        name="late_amount",
        label="Goods that were late",
        unit=Unit.MONEY,
        formula=f"Units ordered × their cost, of the lines that were not received by {day}.",
        example="10 × 4.00 = 40.00",
        value=_amount,
    )
    came = replace(late_lines, name="lines_that_came_late", label="Lines that came late", where=came_late)
    waited = replace(came, name="days_waited", label="Days waited", unit=Unit.DAYS, value=lateness)
    days_late = Ratio(
        name="days_late",
        label="Days late",
        unit=Unit.DAYS,
        direction=Direction.DOWN,
        formula=f"Days from {day} to the receipt, averaged over the lines that came late.",
        description="Left out: lines on time, and late lines still open, so it is too short while old ones are open.",
        example="Due on the 10th, received on the 12th and the 16th: (2 + 6) ÷ 2 = 4.0 days",
        source=_SOURCE,
        owner=_OWNER,
        numerator=waited,
        denominator=came,
    )
    due = replace(late_lines, name="units_due", label="Units due", where=None, value=_ordered)
    delivered = replace(due, name="units_delivered", label="Units delivered", value=_received)
    fill = Ratio(
        name="supplier_fill_rate",
        label="Supplier fill rate",
        unit=Unit.RATE,
        direction=Direction.UP,
        formula=f"Units received to date ÷ units ordered, of the lines due by {day}.",
        description="Late units count, units beyond what was ordered do not; see supplier OTIF for what was in time.",
        example="Ordered 10 and 10, received 10 and 4: 14 ÷ 20 = 70.0%",
        source=_SOURCE,
        owner=_OWNER,
        numerator=delivered,
        denominator=due,
    )
    return late_lines, late_amount, days_late, fill
