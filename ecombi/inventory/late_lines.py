"""Deliveries that came late, line by line, and the evenings on which their product was missing meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.inventory.days import days_between, earlier, shifted
from ecombi.inventory.demand import WINDOW_DAYS, daily_units, demand_sums
from ecombi.inventory.lateness import ROLES, due_day
from ecombi.inventory.receipts import ordered_lines
from ecombi.metrics.analysis import Analysis, Field
from ecombi.metrics.definitions import Unit

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from ecombi.metrics.tables import Tables


def _build(t: Tables, *, until: ir.Value, final_until: ir.Value, basis: str, window_days: int) -> ir.Table:
    end = earlier(until, final_until)
    lines = ordered_lines(t, end)
    # An evening's receipts are booked the day after, so a line due on the last final day may still come in time.
    reached = lines["received_on"].fill_null(shifted(end, -1))
    lines = lines.mutate(
        due_on=due_day(lines, ROLES[basis]), ended_on=lines["received_on"].fill_null(end), reached=reached
    )
    in_window = (lines["due_on"] >= shifted(end, -window_days)) & (lines["due_on"] < end)
    late = lines.filter(in_window.fill_null(False), (lines["due_on"] < lines["reached"]).fill_null(False))
    late = late.mutate(
        purchase_order=late["po_id"],
        product=late["sku"],
        supplier=late["supplier_id"],
        amount=(late["ordered_qty"] * late["unit_cost"]).cast("decimal(38, 4)"),
        days_late=days_between(late["due_on"], late["reached"]),
    )
    rows = late.left_join(_empty(t, late), ["purchase_order", "product"], rname="{name}_empty")
    demand = demand_sums(t, end, window_days=WINDOW_DAYS)
    wanted = demand.select(wanted="sku", daily_units=daily_units(demand))
    rows = rows.left_join(wanted, rows["product"] == wanted["wanted"])
    products = t.products.select(named="sku", product_name="name")
    suppliers = t.suppliers.select(named_supplier="supplier_id", supplier_name="name")
    rows = rows.left_join(products, rows["product"] == products["named"])
    rows = rows.left_join(suppliers, rows["supplier"] == suppliers["named_supplier"])
    rows = rows.mutate(days_out=rows["days_out"].fill_null(0))
    rows = rows.mutate(missed_units=rows["days_out"].cast("float64") * rows["daily_units"])
    at_cost = rows["missed_units"].cast("decimal(18, 6)") * rows["unit_cost"]
    return rows.mutate(missed_amount=at_cost.cast("decimal(38, 4)")).select(*LATE_LINES.fields)


def _empty(t: Tables, late: ir.Table) -> ir.Table:
    """Return the evenings with nothing available between the day each line was due and the day it came."""
    evenings = t.inventory_daily
    evenings = evenings.filter(evenings["on_hand"] - evenings["committed"] <= 0).select("day", listed="sku")
    waits = late.select("purchase_order", "product", "due_on", "ended_on")
    met = waits.inner_join(
        evenings,
        [
            waits["product"] == evenings["listed"],
            evenings["day"] >= waits["due_on"],
            evenings["day"] < waits["ended_on"],
        ],
    )
    return met.aggregate(by=["purchase_order", "product"], days_out=met.count().cast("int64"))


LATE_LINES: Final = Analysis(
    name="late_lines",
    definition_version=2,
    label="Late purchase order lines",
    question="Which deliveries came late, and which of them left a shelf empty?",
    grain="One line of a purchase order that was due in the window and not received by then.",
    fields={
        "purchase_order": Field(meaning="Identity of the purchase order."),
        "product": Field(meaning="Stock keeping unit."),
        "product_name": Field(meaning="Its name today; none where the shop does not name it."),
        "supplier": Field(meaning="Identity of the supplier."),
        "supplier_name": Field(meaning="Its name; none where the shop does not name it."),
        "due_on": Field(meaning="The day it was due on the chosen basis."),
        "received_on": Field(meaning="Day of the receipt; none where it is still open."),
        "days_late": Field(meaning="Days from then to the receipt, or so far where it is open.", unit=Unit.DAYS),
        "amount": Field(meaning="Units ordered × their cost.", unit=Unit.MONEY),
        "days_out": Field(
            meaning="Evenings between with nothing available of the product; 0 where its stock is not recorded.",
            unit=Unit.COUNT,
        ),
        "missed_units": Field(
            meaning="Those evenings × the units wanted per day; no value where its demand is not known. Two late lines "
            "of one product can miss the same units.",
            unit=Unit.COUNT,
        ),
        "missed_amount": Field(
            meaning="Units missed × the cost of one; what they would have earned is lost besides.", unit=Unit.MONEY
        ),
    },
    keys=("purchase_order", "product"),
    order=("-missed_units", "-days_late", "purchase_order", "product"),
    build=_build,
    formula=(
        "Due by the requested, first or last confirmed day, as chosen. Units missed = evenings without stock from the "
        "due day up to the day before the receipt × units sold on a day with stock, of the last 56 days. Their cost is "
        "that of the line."
    ),
    example="Due on the 10th, received on the 14th, nothing available on the evenings of the 12th and 13th, 1.5 units "
    "wanted a day: 4 days late, 2 × 1.5 = 3.0 units missed.",
    source="Composed from purchase order lines, the stock of each evening, and demand.",
    bound={"until": "date", "final_until": "date"},
    options={"basis": "requested", "window_days": 364},
    owner="Purchasing",
)
