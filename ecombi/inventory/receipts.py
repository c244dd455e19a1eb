"""What suppliers delivered, and how long it took them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.inventory.days import days_between
from ecombi.inventory.moments import ratio, sample_sd
from ecombi.metrics.purchases import lines_with

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from ecombi.metrics.tables import Tables

RECEIPTS: Final = 20
"""How many of a supplier's last deliveries its lead time is taken from."""


def ordered_lines(t: Tables, until: ir.Value) -> ir.Table:
    """Return the lines of purchase orders as they stood at the start of a day.

    Returns:
        The columns of purchase_lines, of the lines sent before until; what was received on that day or later is still
        missing.
    """
    return lines_with(sent(t, until), received(t, until))


def sent(t: Tables, until: ir.Value) -> ir.Table:
    """Return the rows of purchase_orders before a day."""
    rows = t.purchase_orders
    return rows.filter(rows["ordered_on"] < until)


def received(t: Tables, until: ir.Value) -> ir.Table:
    """Return the rows of goods_receipts before a day."""
    rows = t.goods_receipts
    return rows.filter(rows["received_on"] < until)


def lead_time_sums(t: Tables, until: ir.Value, *, receipts: int) -> ir.Table:
    """Return what the lead time of each supplier is computed from: its last deliveries before a day.

    A delivery is what arrived of one purchase order on one day, however many lines it has. Open orders have no lead
    time yet: they are left out.

    Returns:
        supplier_id, deliveries, lead_days, lead_squares, all int64: one row per supplier with a delivery.
    """
    import ibis

    deliveries = received(t, until).select("supplier_id", "po_id", "ordered_on", "received_on").distinct()
    newest_first = [
        deliveries["received_on"].desc(),
        deliveries["po_id"].desc(),
        deliveries["ordered_on"].desc(),
    ]
    place = ibis.row_number().over(group_by=deliveries["supplier_id"], order_by=newest_first)
    took = days_between(deliveries["ordered_on"], deliveries["received_on"])
    ranked = deliveries.select("supplier_id", place=place, took=took)
    last = ranked.filter(ranked["place"] < receipts)
    return last.aggregate(
        by="supplier_id",
        deliveries=last.count().cast("int64"),
        lead_days=last["took"].sum().cast("int64"),
        lead_squares=(last["took"] * last["took"]).sum().cast("int64"),
    )


def lead_mean(row: ir.Table) -> ir.Value:
    """Return the mean lead time in calendar days from `lead_time_sums`; null without a delivery."""
    return ratio(row["lead_days"], row["deliveries"])


def lead_sd(row: ir.Table) -> ir.Value:
    """Return the sample standard deviation of the lead time from `lead_time_sums`; null before two deliveries."""
    return sample_sd(row["deliveries"], row["lead_days"], row["lead_squares"])


def supplier_of(t: Tables, until: ir.Value) -> ir.Table:
    """Return the supplier of each product: that of its last purchase order, the first by name of several on one day.

    Returns:
        sku, supplier_id: one row per product ever ordered before until.
    """
    lines = sent(t, until)
    last = lines.aggregate(by={"ordered_sku": lines["sku"]}, last_on=lines["ordered_on"].max())
    newest = lines.inner_join(last, [lines["sku"] == last["ordered_sku"], lines["ordered_on"] == last["last_on"]])
    return newest.aggregate(by="sku", supplier_id=newest["supplier_id"].min())
