"""The delivery metrics: one literal each, over orders while their parcels are recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ecombi.metrics.definitions import Direction, Measure, Ratio, Unit
from ecombi.metrics.marts import FULFILMENTS

if TYPE_CHECKING:
    import ibis.expr.types as ir

_OWNER: Final = "Operations"
_FIRST_PARCEL_DAYS: Final = 7
"""An order counts for the fill rate once it is this old: until then its first parcel may still leave."""
SCAN_DAYS: Final = 1
"""A promised day counts once it and this many more are final: carriers report the evening's parcels the day after."""
_FILL: Final = "https://opess.ethz.ch/course/section-1-4/1-4-4-performance-indicators-in-the-target-area-of-delivery/"
_OTIF: Final = "https://wiki.syensqo.com/plugins/viewsource/viewpagesrc.action?pageId=931683807"
_SCOR: Final = "SCOR RL.1.1: https://supplychainplanning.ie/scor-metric-deep-drive-perfect-customer-order-fulfillmentscor-metric-deep-drive/"


def _filled_at_once(row: ir.Table) -> ir.Value:
    return row["first_qty"] >= row["ordered_qty"]


def _on_time(row: ir.Table) -> ir.Value:
    return row["is_on_time"]


def _in_full(row: ir.Table) -> ir.Value:
    return row["is_in_full"]


def _on_time_in_full(row: ir.Table) -> ir.Value:
    return row["is_on_time"] & row["is_in_full"]


def _perfect(row: ir.Table) -> ir.Value:
    return row["is_on_time"] & row["is_in_full"] & row["is_documented"] & row["is_undamaged"]


_units_asked: Final = Measure(
    name="units_asked",
    label="Units ordered",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Sum of the units of the orders placed.",
    description="Orders of the last 7 days are left out, as are orders placed before parcels were recorded.",
    example="2 + 1 + 1 + 1 = 5",
    source=_FILL,
    owner=_OWNER,
    mart=FULFILMENTS,
    value="ordered_qty",
    matures_days=_FIRST_PARCEL_DAYS,
)

_units_filled: Final = replace(
    _units_asked,
    name="units_filled",
    label="Units in first parcels",
    formula="Sum of the units that left on the day of the first parcel of their order.",
    example="1 + 1 + 1 + 0 = 3",
    value="first_qty",
)

fill_rate: Final = Ratio(
    name="fill_rate",
    label="Fill rate",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Units that left with the first parcel of their order ÷ units ordered, by day of the order.",
    description=(
        "How much of what customers order can be sent at once; parcels that leave on the same day count as one. An "
        "order that was cancelled after waiting still counts against. Orders of the last 7 days are left out: their "
        "first parcel may still leave. By unit: see line_fill_rate for order lines and order_fill_rate for whole "
        "orders. It is not the cycle service level, which counts the periods without a stock-out."
    ),
    example="3 ÷ 5 = 60.0%",
    source=_FILL,
    owner=_OWNER,
    numerator=_units_filled,
    denominator=_units_asked,
    definition_version=2,
)

_orders_asked: Final = replace(
    _units_asked,
    name="orders_asked",
    label="Orders to fill",
    formula="Number of orders placed.",
    example="A1, A2, A4 and A5 = 4",
    value=None,
)

_orders_filled: Final = replace(
    _orders_asked,
    name="orders_filled",
    label="Orders complete at first parcel",
    formula="Number of orders of which every unit left on the day of the first parcel.",
    example="A2 and A4 = 2",
    where=_filled_at_once,
)

order_fill_rate: Final = Ratio(
    name="order_fill_rate",
    label="Order fill rate",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Orders complete at the first parcel ÷ orders, by day of the order.",
    description=(
        "The share of orders that could be sent whole at once: one unit that has to wait makes the whole order count "
        "against. Orders of the last 7 days are left out."
    ),
    example="2 ÷ 4 = 50.0%",
    source=_FILL,
    owner=_OWNER,
    numerator=_orders_filled,
    denominator=_orders_asked,
    definition_version=2,
)

_lines_asked: Final = replace(
    _units_asked,
    name="lines_asked",
    label="Order lines to fill",
    formula="Number of order lines placed.",
    description=(
        "Orders of the last 7 days are left out, as are those whose parcels do not say which lines they hold, and "
        "lines added to an order on a later day."
    ),
    example="One each of A1, A2, A4 and A5 = 4",
    value="ordered_lines",
)

_lines_filled: Final = replace(
    _lines_asked,
    name="lines_filled",
    label="Order lines complete at first parcel",
    formula="Number of order lines of which every unit left on the day of the first parcel.",
    example="Those of A2 and A4 = 2",
    value="first_lines",
)

line_fill_rate: Final = Ratio(
    name="line_fill_rate",
    label="Line fill rate",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Order lines complete at the first parcel ÷ order lines, by day of the order.",
    description=(
        "The share of order lines that could be sent whole at once, whatever their units; see fill_rate for units and "
        "order_fill_rate for whole orders. Orders of the last 7 days are left out, as are orders whose parcels do not "
        "say which lines they hold, and lines added to an order on a later day."
    ),
    example="2 ÷ 4 = 50.0%",
    source=_FILL,
    owner=_OWNER,
    numerator=_lines_filled,
    denominator=_lines_asked,
)

orders_due: Final = Measure(
    name="orders_due",
    label="Orders due",
    unit=Unit.COUNT,
    direction=Direction.NEUTRAL,
    formula="Number of orders by the day promised to the customer.",
    description=(
        "The day promised with the order, or the last one promised for a parcel of it where the source keeps no "
        "promises of orders. Open orders are in as soon as their promised day is over, so a late one counts before it "
        "arrives, or before anything is sent. Left out: orders cancelled by that day before anything was sent, orders "
        "of which nothing was sent or promised, and the last final day, as carriers report late."
    ),
    example="A1, A2 and A5 = 3",
    source=_OTIF,
    owner=_OWNER,
    mart=FULFILMENTS,
    dated="due",
    value=None,
    matures_days=SCAN_DAYS,
    definition_version=2,
)

_orders_on_time: Final = replace(
    orders_due,
    name="orders_on_time",
    label="Orders on time",
    formula="Number of orders due of which every parcel arrived by its promised day.",
    example="A1 = 1",
    where=_on_time,
)

_orders_in_full: Final = replace(
    orders_due,
    name="orders_in_full",
    label="Orders in full",
    formula="Number of orders due of which every unit has arrived.",
    example="A1 and A2 = 2",
    where=_in_full,
)

_orders_on_time_in_full: Final = replace(
    orders_due,
    name="orders_on_time_in_full",
    label="Orders on time and in full",
    formula="Number of orders due that are both on time and in full.",
    example="A1 = 1",
    where=_on_time_in_full,
)

_orders_perfect: Final = replace(
    orders_due,
    name="orders_perfect",
    label="Perfect orders",
    formula="Number of orders due that are in full, on time, with the right papers and undamaged.",
    example="A1 = 1",
    where=_perfect,
)

on_time_rate: Final = Ratio(
    name="on_time_rate",
    label="On-time rate",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Orders of which every parcel arrived by its promised day ÷ orders due.",
    description=(
        "Early is on time. What was sent counts, even where units are still missing: see otif for both. An order of "
        "which nothing was sent is late."
    ),
    example="1 ÷ 3 = 33.3%",
    source=_OTIF,
    owner=_OWNER,
    numerator=_orders_on_time,
    denominator=orders_due,
    definition_version=2,
)

in_full_rate: Final = replace(
    on_time_rate,
    name="in_full_rate",
    label="In-full rate",
    formula="Orders of which every unit has arrived ÷ orders due.",
    description="However late it arrived: see otif for both. It rises while late parcels arrive.",
    example="2 ÷ 3 = 66.7%",
    numerator=_orders_in_full,
)

otif: Final = Ratio(
    name="otif",
    label="On time in full",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Orders both on time and in full ÷ orders due.",
    description=(
        "By the day promised to the customer with the order, else the last one promised for a parcel of it; late "
        "open orders count against, also where nothing was sent. Early is on time. It is counted order by order, not "
        "on_time_rate × in_full_rate."
    ),
    example="1 ÷ 3 = 33.3%",
    source=_OTIF,
    owner=_OWNER,
    numerator=_orders_on_time_in_full,
    denominator=orders_due,
    definition_version=2,
)

perfect_order_rate: Final = Ratio(
    name="perfect_order_rate",
    label="Perfect order rate",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Orders in full, on time, with the right papers and undamaged ÷ orders due.",
    description=(
        "All four parts of each order must be right: orders are counted, the four rates are never multiplied. Papers "
        "and condition count as right where nobody records them."
    ),
    example="1 ÷ 3 = 33.3%",
    source=_SCOR,
    owner=_OWNER,
    numerator=_orders_perfect,
    denominator=orders_due,
    definition_version=2,
)
