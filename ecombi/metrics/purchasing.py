"""The purchasing metrics: one literal each, over the lines of purchase orders."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ecombi.metrics.definitions import Direction, Formula, Measure, QuantileMeasure, Ratio, Unit
from ecombi.metrics.marts import PURCHASES

if TYPE_CHECKING:
    import ibis.expr.types as ir

_OWNER: Final = "Purchasing"
_BOOKING_DAYS: Final = 1
"""A day agreed on counts once it and this many more are final: an evening's receipts are booked the day after."""
_LEAD_TIME: Final = (
    "https://www.ismworld.org/supply-management-news-and-reports/news-publications/"
    "inside-supply-management-magazine/blog/2019-07/the-monthly-metric-supplier-delivery-time/"
)
_OTIF: Final = "https://wiki.syensqo.com/plugins/viewsource/viewpagesrc.action?pageId=931683807"
_EARLY: Final = "Early is on time."


def _is_open(row: ir.Table) -> ir.Value:
    return row["received_on"].isnull()


def _lead_days(row: ir.Table) -> ir.Value:
    return row["received_on"].delta(row["ordered_on"], unit="day").cast("int64")


def _lead_days_squared(row: ir.Table) -> ir.Value:
    return _lead_days(row) * _lead_days(row)


def _lead_days_of_units(row: ir.Table) -> ir.Value:
    return _lead_days(row) * row["received_qty"]


def _is_in_full(row: ir.Table) -> ir.Value:
    return row["received_qty"] >= row["ordered_qty"]


def _by_confirmed(row: ir.Table) -> ir.Value:
    return (row["received_on"] <= row["confirmed_on"]).fill_null(False)


def _in_full_by_requested(row: ir.Table) -> ir.Value:
    return (row["received_on"] <= row["requested_on"]).fill_null(False) & _is_in_full(row)


def _in_full_by_confirmed(row: ir.Table) -> ir.Value:
    return _by_confirmed(row) & _is_in_full(row)


def _in_full_by_last_confirmed(row: ir.Table) -> ir.Value:
    last = row["last_confirmed_on"].coalesce(row["confirmed_on"])
    return (row["received_on"] <= last).fill_null(False) & _is_in_full(row)


def _standard_deviation(squares: ir.FloatingColumn, days: ir.FloatingColumn, lines: ir.FloatingColumn) -> ir.Value:
    # Whole numbers up to the last step, so that nothing is lost and nothing falls below 0.
    return ((lines * squares - days * days) / (lines * (lines - 1)).nullif(0)).sqrt()


units_received: Final = Measure(
    name="units_received",
    label="Units received",
    unit=Unit.COUNT,
    direction=Direction.NEUTRAL,
    formula="Sum of the units received from suppliers.",
    description="By the day of the receipt. Left out: goods that customers sent back.",
    example="10 + 4 = 14",
    source="Composed from the lines of purchase orders.",
    owner=_OWNER,
    mart=PURCHASES,
    dated="received",
    value="received_qty",
)

receipts: Final = replace(
    units_received,
    name="receipts",
    label="Receipts",
    formula="Number of purchase order lines received.",
    description="By the day of the receipt; a line has one, whether or not all of its units came.",
    example="Q1 and Q2 = 2",
    value=None,
)

open_purchase_lines: Final = Measure(
    name="open_purchase_lines",
    label="Open purchase lines",
    unit=Unit.COUNT,
    direction=Direction.NEUTRAL,
    formula="Number of purchase order lines of which nothing was received yet.",
    description=(
        "By the day they were ordered. Their lead time is not known yet, only that it is at least their age, so they "
        "are in no lead time: where many of them are old, lead times read too short."
    ),
    example="Q3 = 1",
    source=_LEAD_TIME,
    owner=_OWNER,
    mart=PURCHASES,
    where=_is_open,
    value=None,
)

_days_to_receipt: Final = replace(
    receipts,
    name="days_to_receipt",
    label="Days to receipt",
    unit=Unit.DAYS,
    formula="Sum of the calendar days from order to receipt.",
    example="15 + 10 = 25 days",
    value=_lead_days,
)

_days_to_receipt_squared: Final = replace(
    _days_to_receipt,
    name="days_to_receipt_squared",
    label="Days to receipt, squared",
    unit=Unit.COUNT,
    formula="Sum of the squares of the calendar days from order to receipt.",
    example="15 × 15 + 10 × 10 = 325",
    value=_lead_days_squared,
)

_days_to_receipt_of_units: Final = replace(
    _days_to_receipt,
    name="days_to_receipt_of_units",
    label="Days to receipt × units",
    unit=Unit.COUNT,
    formula="Sum of the calendar days from order to receipt × units received.",
    example="15 × 10 + 10 × 4 = 190",
    value=_lead_days_of_units,
)

supplier_lead_time: Final = Ratio(
    name="supplier_lead_time",
    label="Supplier lead time",
    unit=Unit.DAYS,
    direction=Direction.DOWN,
    formula="Calendar days from order to receipt, averaged over the lines received.",
    description=(
        "By the day of the receipt, weekends included; each line counts once, whatever its units (see "
        "supplier_lead_time_by_unit). Left out: lines still open (see open_purchase_lines)."
    ),
    example="(15 + 10) ÷ 2 = 12.5 days",
    source=_LEAD_TIME,
    owner=_OWNER,
    numerator=_days_to_receipt,
    denominator=receipts,
)

supplier_lead_time_by_unit: Final = Ratio(
    name="supplier_lead_time_by_unit",
    label="Supplier lead time, by unit",
    unit=Unit.DAYS,
    direction=Direction.DOWN,
    formula="Calendar days from order to receipt, averaged over the units received.",
    description="By the day of the receipt: a line of 100 units weighs as much as 100 of one. Left out: open lines.",
    example="(15 × 10 + 10 × 4) ÷ 14 = 13.6 days",
    source=_LEAD_TIME,
    owner=_OWNER,
    numerator=_days_to_receipt_of_units,
    denominator=units_received,
)

supplier_lead_time_sd: Final = Formula(
    name="supplier_lead_time_sd",
    label="Lead time, standard deviation",
    unit=Unit.DAYS,
    direction=Direction.DOWN,
    formula="√((n × Σ days² − (Σ days)²) ÷ (n × (n − 1))) over the n lines received: the sample standard deviation.",
    description="How far lead times lie apart, by the day of the receipt. Left out: lines still open.",
    example="√((2 × 325 − 25 × 25) ÷ (2 × 1)) = 3.5 days",
    source="https://kpidepot.com/kpi/supplier-lead-time-variance, which means something else by variance",
    owner=_OWNER,
    terms=(_days_to_receipt_squared, _days_to_receipt, receipts),
    compute=_standard_deviation,
    no_value="No value below two receipts.",
)

supplier_lead_time_cv: Final = Ratio(
    name="supplier_lead_time_cv",
    label="Lead time, coefficient of variation",
    unit=Unit.RATE,
    direction=Direction.DOWN,
    formula="Standard deviation of the lead time ÷ its mean.",
    description="How unsure a lead time is, comparable between near and far suppliers. Left out: open lines.",
    example="3.536 ÷ 12.5 = 28.3%",
    source=_LEAD_TIME,
    owner=_OWNER,
    numerator=supplier_lead_time_sd,
    denominator=supplier_lead_time,
)

supplier_lead_time_p90: Final = QuantileMeasure(
    name="supplier_lead_time_p90",
    label="Lead time, 9 of 10 lines",
    unit=Unit.DAYS,
    direction=Direction.DOWN,
    formula="The calendar days from order to receipt that 90% of the lines received do not exceed.",
    description="By the day of the receipt, interpolated between two lines. Left out: lines still open.",
    example="10 + 0.9 × (15 − 10) = 14.5 days",
    source="Type 7 of Hyndman and Fan (1996), Sample quantiles in statistical packages.",
    owner=_OWNER,
    mart=PURCHASES,
    dated="received",
    value=_lead_days,
    share=0.9,
)

_lines_requested: Final = Measure(
    name="purchase_lines_requested",
    label="Purchase lines requested",
    unit=Unit.COUNT,
    direction=Direction.NEUTRAL,
    formula="Number of purchase order lines by the day asked for.",
    description="Open lines are in as soon as that day is over. The last final day is left out.",
    example="Q1 and Q2 = 2",
    source=_OTIF,
    owner=_OWNER,
    mart=PURCHASES,
    dated="requested",
    value=None,
    matures_days=_BOOKING_DAYS,
)

_good_requested: Final = replace(
    _lines_requested,
    name="purchase_lines_good_requested",
    label="Purchase lines received in full by the day asked for",
    formula="Number of purchase order lines of which every unit was received by the day asked for.",
    example="None = 0",
    where=_in_full_by_requested,
)

_lines_confirmed: Final = replace(
    _lines_requested,
    name="purchase_lines_confirmed",
    label="Purchase lines confirmed",
    formula="Number of purchase order lines by the day first confirmed.",
    dated="confirmed",
)

_on_time_confirmed: Final = replace(
    _lines_confirmed,
    name="purchase_lines_on_time",
    label="Purchase lines received by the day confirmed",
    formula="Number of purchase order lines received by the day first confirmed.",
    example="Q1 = 1",
    where=_by_confirmed,
)

_good_confirmed: Final = replace(
    _lines_confirmed,
    name="purchase_lines_good_confirmed",
    label="Purchase lines received in full by the day confirmed",
    formula="Number of purchase order lines of which every unit was received by the day first confirmed.",
    example="Q1 = 1",
    where=_in_full_by_confirmed,
)

_lines_last_confirmed: Final = replace(
    _lines_requested,
    name="purchase_lines_last_confirmed",
    label="Purchase lines last confirmed",
    formula="Number of purchase order lines by the day last confirmed, which is the first where it was never changed.",
    dated="last_confirmed",
)

_good_last_confirmed: Final = replace(
    _lines_last_confirmed,
    name="purchase_lines_good_last_confirmed",
    label="Purchase lines received in full by the day last confirmed",
    formula="Number of purchase order lines of which every unit was received by the day last confirmed.",
    example="Q1 = 1",
    where=_in_full_by_last_confirmed,
)

supplier_on_time_rate: Final = Ratio(
    name="supplier_on_time_rate",
    label="Suppliers on time",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Lines received by the day first confirmed ÷ lines confirmed for the period.",
    description=f"{_EARLY} Late open lines count against. A short receipt counts for it. Left out: unconfirmed lines.",
    example="1 ÷ 2 = 50.0%",
    source=_LEAD_TIME,
    owner=_OWNER,
    numerator=_on_time_confirmed,
    denominator=_lines_confirmed,
)

supplier_otif_requested: Final = Ratio(
    name="supplier_otif_requested",
    label="Supplier OTIF, as requested",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Lines received in full by the day asked for ÷ lines asked for in the period.",
    description=f"Against what the shop wanted, agreed to or not. {_EARLY} Late open lines count against.",
    example="0 ÷ 2 = 0.00%",
    source=_OTIF,
    owner=_OWNER,
    numerator=_good_requested,
    denominator=_lines_requested,
)

supplier_otif_confirmed: Final = Ratio(
    name="supplier_otif_confirmed",
    label="Supplier OTIF, as first confirmed",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Lines received in full by the day first confirmed ÷ lines first confirmed for the period.",
    description=(
        f"Against what the supplier promised first. {_EARLY} Late open lines count against. Left out: lines the "
        "supplier never confirmed."
    ),
    example="1 ÷ 2 = 50.0%",
    source=_OTIF,
    owner=_OWNER,
    numerator=_good_confirmed,
    denominator=_lines_confirmed,
)

supplier_otif_last_confirmed: Final = Ratio(
    name="supplier_otif_last_confirmed",
    label="Supplier OTIF, as last confirmed",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Lines received in full by the day last confirmed ÷ lines last confirmed for the period.",
    description=(
        "Against the day the supplier named last, which is the first one where it never changed: whoever moves the "
        f"day in time looks good here. {_EARLY} Late open lines count against. Left out: lines the supplier never "
        "confirmed."
    ),
    example="1 ÷ 2 = 50.0%",
    source=_OTIF,
    owner=_OWNER,
    numerator=_good_last_confirmed,
    denominator=_lines_last_confirmed,
)
