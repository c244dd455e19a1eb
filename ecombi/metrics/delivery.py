"""The delivery metrics: one literal each, over orders from their first parcel to the last, and over parcels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ecombi.metrics.definitions import Direction, Measure, QuantileMeasure, Ratio, Unit
from ecombi.metrics.marts import FULFILMENTS, SHIPMENTS

if TYPE_CHECKING:
    import ibis.expr.types as ir

_OWNER: Final = "Operations"
_FIRST_PARCEL_DAYS: Final = 7
"""An order counts for the fill rate once it is this old: until then its first parcel may still leave."""
_SCAN_DAYS: Final = 1
"""A promised day counts once it and this many more are final: carriers report the evening's parcels the day after."""
_FILL: Final = "https://opess.ethz.ch/course/section-1-4/1-4-4-performance-indicators-in-the-target-area-of-delivery/"
_OTIF: Final = "https://wiki.syensqo.com/plugins/viewsource/viewpagesrc.action?pageId=931683807"
_SCOR: Final = "SCOR RL.1.1: https://supplychainplanning.ie/scor-metric-deep-drive-perfect-customer-order-fulfillmentscor-metric-deep-drive/"
_OURS: Final = "Composed from the parcels the carriers report."


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


def _parcel_on_time(row: ir.Table) -> ir.Value:
    return (row["delivered_on"] <= row["promised_on"]).fill_null(False)


def _transit_days(row: ir.Table) -> ir.Value:
    return row["delivered_on"].delta(row["shipped_on"], unit="day").cast("int64")


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
        "first parcel may still leave. By unit: see order_fill_rate for whole orders. Parcels do not say which line "
        "they carry, so there is no rate by order line. It is not the cycle service level, which counts the periods "
        "without a stock-out."
    ),
    example="3 ÷ 5 = 60.0%",
    source=_FILL,
    owner=_OWNER,
    numerator=_units_filled,
    denominator=_units_asked,
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
)

orders_due: Final = Measure(
    name="orders_due",
    label="Orders due",
    unit=Unit.COUNT,
    direction=Direction.NEUTRAL,
    formula="Number of orders by the last day promised for a parcel of theirs.",
    description=(
        "Open orders are in as soon as their promised day is over, so a late one counts before it arrives. Orders of "
        "which nothing was sent have no promised day and are left out: they show in fill_rate. The last final day "
        "is left out, as carriers report late."
    ),
    example="A1 and A2 = 2",
    source=_OTIF,
    owner=_OWNER,
    mart=FULFILMENTS,
    dated="due",
    value=None,
    matures_days=_SCAN_DAYS,
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
    description="Early is on time. What was sent counts, even where units are still missing: see otif for both.",
    example="1 ÷ 2 = 50.0%",
    source=_OTIF,
    owner=_OWNER,
    numerator=_orders_on_time,
    denominator=orders_due,
)

in_full_rate: Final = replace(
    on_time_rate,
    name="in_full_rate",
    label="In-full rate",
    formula="Orders of which every unit has arrived ÷ orders due.",
    description="However late it arrived: see otif for both. It rises while late parcels arrive.",
    example="2 ÷ 2 = 100.0%",
    numerator=_orders_in_full,
)

otif: Final = Ratio(
    name="otif",
    label="On time in full",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Orders both on time and in full ÷ orders due.",
    description=(
        "By the day promised to the customer, the last one where parcels have several; late open orders count "
        "against. Early is on time. It is counted order by order, not on_time_rate × in_full_rate."
    ),
    example="1 ÷ 2 = 50.0%",
    source=_OTIF,
    owner=_OWNER,
    numerator=_orders_on_time_in_full,
    denominator=orders_due,
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
    example="1 ÷ 2 = 50.0%",
    source=_SCOR,
    owner=_OWNER,
    numerator=_orders_perfect,
    denominator=orders_due,
)

parcels: Final = Measure(
    name="parcels",
    label="Parcels",
    unit=Unit.COUNT,
    direction=Direction.NEUTRAL,
    formula="Number of parcels sent.",
    description="By the day they left. Parcels that come back are not in.",
    example="K1 to K4 = 4",
    source=_OURS,
    owner=_OWNER,
    mart=SHIPMENTS,
    value=None,
)

delivered_parcels: Final = Measure(
    name="delivered_parcels",
    label="Delivered parcels",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Number of parcels that arrived.",
    description="By the day they arrived. Left out: parcels still on their way.",
    example="K1 and K2 = 2",
    source=_OURS,
    owner=_OWNER,
    mart=SHIPMENTS,
    dated="delivered",
    value=None,
)

_parcels_due: Final = Measure(
    name="parcels_due",
    label="Parcels due",
    unit=Unit.COUNT,
    direction=Direction.NEUTRAL,
    formula="Number of parcels by the day promised.",
    description="Parcels still on their way are in as soon as their promised day is over.",
    example="K1, K2 and K3 = 3",
    source=_OURS,
    owner=_OWNER,
    mart=SHIPMENTS,
    dated="promised",
    value=None,
    matures_days=_SCAN_DAYS,
)

_parcels_on_time: Final = replace(
    _parcels_due,
    name="parcels_on_time",
    label="Parcels on time",
    formula="Number of parcels that arrived by the day promised.",
    example="K1 and K2 = 2",
    where=_parcel_on_time,
)

parcel_on_time_rate: Final = Ratio(
    name="parcel_on_time_rate",
    label="Parcels on time",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Parcels that arrived by the day promised ÷ parcels due.",
    description=(
        "By the day promised to the customer; a parcel still on its way counts against once that day is over. Early "
        "is on time. A parcel that left late counts against its carrier all the same: see transit_days for the "
        "carrier alone."
    ),
    example="2 ÷ 3 = 66.7%",
    source=_OURS,
    owner=_OWNER,
    numerator=_parcels_on_time,
    denominator=_parcels_due,
)

_days_in_transit: Final = Measure(
    name="days_in_transit",
    label="Days in transit",
    unit=Unit.DAYS,
    direction=Direction.DOWN,
    formula="Sum of the calendar days from leaving to arriving.",
    description="Left out: parcels still on their way.",
    example="1 + 1 = 2 days",
    source=_OURS,
    owner=_OWNER,
    mart=SHIPMENTS,
    dated="delivered",
    value=_transit_days,
)

transit_days: Final = Ratio(
    name="transit_days",
    label="Transit time",
    unit=Unit.DAYS,
    direction=Direction.DOWN,
    formula="Calendar days from leaving to arriving, averaged over the parcels that arrived.",
    description="By the day they arrived, weekends included. Left out: parcels still on their way.",
    example="(1 + 1) ÷ 2 = 1.0 days",
    source=_OURS,
    owner=_OWNER,
    numerator=_days_in_transit,
    denominator=delivered_parcels,
)

transit_days_p90: Final = QuantileMeasure(
    name="transit_days_p90",
    label="Transit time, 9 of 10 parcels",
    unit=Unit.DAYS,
    direction=Direction.DOWN,
    formula="The calendar days from leaving to arriving that 90% of the parcels that arrived do not exceed.",
    description="By the day they arrived, interpolated between two parcels. Left out: parcels still on their way.",
    example="1 + 0.9 × (1 − 1) = 1.0 days",
    source="Type 7 of Hyndman and Fan (1996), Sample quantiles in statistical packages.",
    owner=_OWNER,
    mart=SHIPMENTS,
    dated="delivered",
    value=_transit_days,
    share=0.9,
)

shipping_cost: Final = Measure(
    name="shipping_cost",
    label="Shipping cost",
    unit=Unit.MONEY,
    direction=Direction.DOWN,
    formula="Sum of what carriers charged for parcels to customers.",
    description="By the day they left. Left out: what customers paid for delivery (see shipping), returns, duties.",
    example="4.00 + 4.00 + 6.00 + 2.00 = 16.00",
    source=_OURS,
    owner=_OWNER,
    mart=SHIPMENTS,
    value="cost_amount",
)

cost_per_parcel: Final = Ratio(
    name="cost_per_parcel",
    label="Cost per parcel",
    unit=Unit.MONEY,
    direction=Direction.DOWN,
    formula="Shipping cost ÷ parcels.",
    description="What carriers charged for a parcel on average, by the day it left.",
    example="16.00 ÷ 4 = 4.00",
    source=_OURS,
    owner=_OWNER,
    numerator=shipping_cost,
    denominator=parcels,
)
