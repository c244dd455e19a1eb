"""The parcel metrics: one literal each, over the parcels that carriers take to customers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ecombi.metrics.definitions import Direction, Measure, QuantileMeasure, Ratio, Unit
from ecombi.metrics.delivery import SCAN_DAYS
from ecombi.metrics.marts import SHIPMENTS

if TYPE_CHECKING:
    import ibis.expr.types as ir

_OWNER: Final = "Operations"
_OURS: Final = "Composed from the parcels the carriers report."


def _parcel_on_time(row: ir.Table) -> ir.Value:
    return (row["delivered_on"] <= row["promised_on"]).fill_null(False)


def _transit_days(row: ir.Table) -> ir.Value:
    return row["delivered_on"].delta(row["shipped_on"], unit="day").cast("int64")


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
    matures_days=SCAN_DAYS,
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
