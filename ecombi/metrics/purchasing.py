"""What came from suppliers and how long it took: over the lines of purchase orders, and their receipts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ecombi.metrics.definitions import Direction, Formula, Measure, QuantileMeasure, Ratio, Unit
from ecombi.metrics.marts import GOODS_RECEIPTS, PURCHASES

if TYPE_CHECKING:
    import ibis.expr.types as ir

_OWNER: Final = "Purchasing"
DELIVERY_TIME: Final = (
    "https://www.ismworld.org/supply-management-news-and-reports/news-publications/"
    "inside-supply-management-magazine/blog/2019-07/the-monthly-metric-supplier-delivery-time/"
)


def _is_open(row: ir.Table) -> ir.Value:
    return row["first_received_on"].isnull()


def _lead_days(row: ir.Table) -> ir.Value:
    return row["first_received_on"].delta(row["ordered_on"], unit="day").cast("int64")


def _lead_days_squared(row: ir.Table) -> ir.Value:
    return _lead_days(row) * _lead_days(row)


def _lead_days_in_full(row: ir.Table) -> ir.Value:
    return row["received_on"].delta(row["ordered_on"], unit="day").cast("int64")


def _lead_days_of_units(row: ir.Table) -> ir.Value:
    return _lead_days_in_full(row) * row["qty"]


def is_in_full(row: ir.Table) -> ir.Value:
    """Whether all units ordered of a line have come."""
    return row["received_qty"] >= row["ordered_qty"]


def _standard_deviation(squares: ir.FloatingColumn, days: ir.FloatingColumn, lines: ir.FloatingColumn) -> ir.Value:
    # Whole numbers up to the last step, so that nothing is lost and nothing falls below 0.
    return ((lines * squares - days * days) / (lines * (lines - 1)).nullif(0)).sqrt()


units_received: Final = Measure(
    name="units_received",
    definition_version=2,
    label="Units received",
    unit=Unit.COUNT,
    direction=Direction.NEUTRAL,
    formula="Sum of the units received from suppliers.",
    description="By the day of the receipt. Left out: goods that customers sent back.",
    example="10 + 4 = 14",
    source="Composed from the lines of purchase orders.",
    owner=_OWNER,
    mart=GOODS_RECEIPTS,
    value="qty",
)

receipts: Final = replace(
    units_received,
    name="receipts",
    label="Receipts",
    formula="Number of receipts: of purchase order lines, on each day on which units of them came.",
    description="By the day of the receipt; a line whose units came on two days has two.",
    example="Q1 and Q2 = 2",
    value=None,
)

open_purchase_lines: Final = Measure(
    name="open_purchase_lines",
    definition_version=2,
    label="Open purchase lines",
    unit=Unit.COUNT,
    direction=Direction.NEUTRAL,
    formula="Number of purchase order lines of which nothing was received yet.",
    description=(
        "By the day they were ordered. Their lead time is not known yet, only that it is at least their age, so they "
        "are in no lead time: where many of them are old, lead times read too short."
    ),
    example="Q3 = 1",
    source=DELIVERY_TIME,
    owner=_OWNER,
    mart=PURCHASES,
    where=_is_open,
    value=None,
)

_lines_received: Final = Measure(
    name="purchase_lines_received",
    label="Purchase lines received",
    unit=Unit.COUNT,
    direction=Direction.NEUTRAL,
    formula="Number of purchase order lines by the day of their first receipt.",
    description="Each line once, whether or not all of its units came that day.",
    example="Q1 and Q2 = 2",
    source="Composed from the lines of purchase orders.",
    owner=_OWNER,
    mart=PURCHASES,
    dated="first_received",
    value=None,
)

_lines_in_full: Final = replace(
    _lines_received,
    name="purchase_lines_in_full",
    label="Purchase lines received in full",
    formula="Number of purchase order lines by the day on which every unit ordered had come.",
    description="Left out: lines of which units are missing.",
    example="Q1 = 1",
    dated="received",
    where=is_in_full,
)

_days_to_receipt: Final = replace(
    _lines_received,
    name="days_to_receipt",
    label="Days to receipt",
    unit=Unit.DAYS,
    formula="Sum of the calendar days from order to first receipt.",
    example="15 + 10 = 25 days",
    value=_lead_days,
)

_days_in_full: Final = replace(
    _lines_in_full,
    name="days_to_receipt_in_full",
    label="Days to receipt in full",
    unit=Unit.DAYS,
    formula="Sum of the calendar days from order until every unit had come.",
    example="Q1 = 15 days",
    value=_lead_days_in_full,
)

_days_to_receipt_squared: Final = replace(
    _days_to_receipt,
    name="days_to_receipt_squared",
    label="Days to receipt, squared",
    unit=Unit.COUNT,
    formula="Sum of the squares of the calendar days from order to first receipt.",
    example="15 × 15 + 10 × 10 = 325",
    value=_lead_days_squared,
)

_days_to_receipt_of_units: Final = replace(
    receipts,
    name="days_to_receipt_of_units",
    label="Days to receipt × units",
    formula="Sum of the calendar days from order to receipt × units received.",
    example="15 × 10 + 10 × 4 = 190",
    value=_lead_days_of_units,
)

supplier_lead_time: Final = Ratio(
    name="supplier_lead_time",
    definition_version=2,
    label="Supplier lead time",
    unit=Unit.DAYS,
    direction=Direction.DOWN,
    formula="Calendar days from order to first receipt, averaged over the lines received.",
    description=(
        "By the day of the first receipt, weekends included; each line counts once, whatever its units, and however "
        "many are still missing (see supplier_lead_time_full and supplier_lead_time_by_unit). Left out: lines still "
        "open (see open_purchase_lines)."
    ),
    example="(15 + 10) ÷ 2 = 12.5 days",
    source=DELIVERY_TIME,
    owner=_OWNER,
    numerator=_days_to_receipt,
    denominator=_lines_received,
)

supplier_lead_time_full: Final = replace(
    supplier_lead_time,
    name="supplier_lead_time_full",
    definition_version=1,
    label="Supplier lead time, in full",
    formula="Calendar days from order until every unit ordered had come, averaged over the lines received in full.",
    description=(
        "By the day on which the last unit ordered came, weekends included. Left out: lines of which units are missing."
    ),
    example="15 ÷ 1 = 15.0 days",
    numerator=_days_in_full,
    denominator=_lines_in_full,
)

supplier_lead_time_by_unit: Final = Ratio(
    name="supplier_lead_time_by_unit",
    definition_version=2,
    label="Supplier lead time, by unit",
    unit=Unit.DAYS,
    direction=Direction.DOWN,
    formula="Calendar days from order to receipt, averaged over the units received.",
    description=(
        "By the day of each receipt: a line of 100 units weighs as much as 100 of one, and one that came on two days "
        "counts on each with what came. Left out: what is still missing."
    ),
    example="(15 × 10 + 10 × 4) ÷ 14 = 13.6 days",
    source=DELIVERY_TIME,
    owner=_OWNER,
    numerator=_days_to_receipt_of_units,
    denominator=units_received,
)

supplier_lead_time_sd: Final = Formula(
    name="supplier_lead_time_sd",
    definition_version=2,
    label="Lead time, standard deviation",
    unit=Unit.DAYS,
    direction=Direction.DOWN,
    formula="√((n × Σ days² − (Σ days)²) ÷ (n × (n − 1))) over the n lines received: the sample standard deviation.",
    description="How far lead times lie apart, by the day of the first receipt. Left out: lines still open.",
    example="√((2 × 325 − 25 × 25) ÷ (2 × 1)) = 3.5 days",
    source="https://kpidepot.com/kpi/supplier-lead-time-variance, which means something else by variance",
    owner=_OWNER,
    terms=(_days_to_receipt_squared, _days_to_receipt, _lines_received),
    compute=_standard_deviation,
    no_value="No value below two lines.",
)

supplier_lead_time_cv: Final = Ratio(
    name="supplier_lead_time_cv",
    definition_version=2,
    label="Lead time, coefficient of variation",
    unit=Unit.RATE,
    direction=Direction.DOWN,
    formula="Standard deviation of the lead time ÷ its mean.",
    description="How unsure a lead time is, comparable between near and far suppliers. Left out: open lines.",
    example="3.536 ÷ 12.5 = 28.3%",
    source=DELIVERY_TIME,
    owner=_OWNER,
    numerator=supplier_lead_time_sd,
    denominator=supplier_lead_time,
)

supplier_lead_time_p90: Final = QuantileMeasure(
    name="supplier_lead_time_p90",
    definition_version=2,
    label="Lead time, 9 of 10 lines",
    unit=Unit.DAYS,
    direction=Direction.DOWN,
    formula="The calendar days from order to first receipt that 90% of the lines received do not exceed.",
    description="By the day of the first receipt, interpolated between two lines. Left out: lines still open.",
    example="10 + 0.9 × (15 − 10) = 14.5 days",
    source="Type 7 of Hyndman and Fan (1996), Sample quantiles in statistical packages.",
    owner=_OWNER,
    mart=PURCHASES,
    dated="first_received",
    value=_lead_days,
    share=0.9,
)
