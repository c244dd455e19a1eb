"""How reliably suppliers deliver: lines of purchase orders on the days they were asked for and confirmed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ecombi.metrics.definitions import Direction, Measure, Ratio, Unit
from ecombi.metrics.marts import PURCHASES
from ecombi.metrics.purchasing import DELIVERY_TIME, is_in_full

if TYPE_CHECKING:
    import ibis.expr.types as ir

_OWNER: Final = "Purchasing"
_BOOKING_DAYS: Final = 1
"""A day agreed on counts once it and this many more are final: an evening's receipts are booked the day after."""
_OTIF: Final = "https://wiki.syensqo.com/plugins/viewsource/viewpagesrc.action?pageId=931683807"
_EARLY: Final = "Early is on time."


def _by_confirmed(row: ir.Table) -> ir.Value:
    return (row["received_on"] <= row["confirmed_on"]).fill_null(False)


def _in_full_by_requested(row: ir.Table) -> ir.Value:
    return (row["received_on"] <= row["requested_on"]).fill_null(False) & is_in_full(row)


def _in_full_by_confirmed(row: ir.Table) -> ir.Value:
    return _by_confirmed(row) & is_in_full(row)


def _in_full_by_last_confirmed(row: ir.Table) -> ir.Value:
    last = row["last_confirmed_on"].coalesce(row["confirmed_on"])
    return (row["received_on"] <= last).fill_null(False) & is_in_full(row)


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
    formula="Number of purchase order lines of which all that came did by the day first confirmed.",
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
    definition_version=2,
    label="Suppliers on time",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Lines of which all that came did by the day first confirmed ÷ lines confirmed for the period.",
    description=(
        f"{_EARLY} Late open lines count against, as do lines of which units came later. A short receipt counts for "
        "it. Left out: unconfirmed lines."
    ),
    example="1 ÷ 2 = 50.0%",
    source=DELIVERY_TIME,
    owner=_OWNER,
    numerator=_on_time_confirmed,
    denominator=_lines_confirmed,
)

supplier_otif_requested: Final = Ratio(
    name="supplier_otif_requested",
    definition_version=2,
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
    definition_version=2,
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
    definition_version=2,
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
