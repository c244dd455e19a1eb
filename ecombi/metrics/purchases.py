"""What came of each purchase order: every receipt of its lines, and how far each line is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

if TYPE_CHECKING:
    from ecombi.metrics.tables import Tables

_LINE = ("po_id", "sku")


def goods_receipts(t: Tables) -> ir.Table:
    """Return one row per line and day on which units came; see `schema.tables.goods_receipts`.

    A line of which `receipts` knows nothing came on the one day that `purchase_orders` says.
    """
    lines, listed = t.purchase_orders, t.receipts.select(*_LINE, "received_on", "qty")
    told = lines.filter(lines["received_on"].notnull()).anti_join(listed.select(*_LINE).distinct(), _LINE)
    came = listed.union(told.select(*_LINE, "received_on", qty=told["received_qty"]))
    known = _from(lines, t).select(*_LINE, "source", "supplier_id", "ordered_on", "ordered_qty")
    rows = came.inner_join(known, _LINE)
    so_far = (
        rows["qty"].sum().over(group_by=[rows[name] for name in _LINE], order_by=rows["received_on"], rows=(None, 0))
    )
    missing = ibis.greatest(rows["ordered_qty"] - so_far, 0).cast("int64")
    return rows.select(*_LINE, "received_on", "source", "supplier_id", "ordered_on", "qty", missing_qty=missing)


def purchase_lines(t: Tables) -> ir.Table:
    """Return one row per line of a purchase order; see `schema.tables.purchase_lines`."""
    return lines_with(_from(t.purchase_orders, t), t.goods_receipts)


def _from(lines: ir.Table, t: Tables) -> ir.Table:
    """Return rows with the name of the source that delivered them."""
    return lines.left_join(t.loads.select("load_id", "source"), "load_id").drop("load_id_right")


def lines_with(orders: ir.Table, receipts: ir.Table) -> ir.Table:
    """Return the lines of purchase orders as far as these receipts go.

    Args:
        orders: Rows of purchase_orders, with any further columns.
        receipts: Rows of goods_receipts: all, or those up to a day.

    Returns:
        One row per line, with the columns of the table purchase_lines as far as the orders have them.
    """
    came = receipts.aggregate(
        by={"came_po": receipts["po_id"], "came_sku": receipts["sku"]},
        first_on=receipts["received_on"].min(),
        last_on=receipts["received_on"].max(),
        whole_on=receipts["received_on"].min(where=receipts["missing_qty"] == 0),
        came_qty=receipts["qty"].sum().cast("int64"),
    )
    rows = orders.drop("received_on", "received_qty", "load_id")
    kept = rows.columns
    rows = rows.left_join(came, [rows["po_id"] == came["came_po"], rows["sku"] == came["came_sku"]])
    return rows.select(
        *kept,
        first_received_on=rows["first_on"],
        received_on=rows["whole_on"].coalesce(rows["last_on"]),
        received_qty=rows["came_qty"].fill_null(0),
    )
