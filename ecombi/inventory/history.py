"""What happened to each product day by day, and to each line of a purchase order: what a replay starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.inventory.days import shifted
from ecombi.inventory.demand import sold
from ecombi.inventory.receipts import received, sent
from ecombi.metrics.analysis import Analysis, Field
from ecombi.metrics.definitions import Unit
from ecombi.schema.kinds import Kind

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from ecombi.metrics.tables import Tables


def _build_days(t: Tables, *, until: ir.Value, window_days: int, rollup: bool) -> ir.Table:
    since = shifted(until, -window_days)
    evenings = t.inventory_daily
    evenings = evenings.filter(evenings["day"] >= shifted(since, -1), evenings["day"] < until)
    sales = sold(t, since, until, rollup=rollup).rename(sold_sku="sku", sold_on="day")
    moves = _moved(t, since, until)
    rows = evenings.left_join(sales, [evenings["sku"] == sales["sold_sku"], evenings["day"] == sales["sold_on"]])
    rows = rows.left_join(moves, [rows["sku"] == moves["moved_sku"], rows["day"] == moves["moved_on"]])
    return rows.select(
        product=rows["sku"],
        day=rows["day"],
        units=rows["units"].fill_null(0),
        moved=rows["moved"].fill_null(0),
        available=rows["on_hand"] - rows["committed"],
        unit_cost=rows["unit_cost"],
    ).select(*PRODUCT_DAYS.fields)


def _moved(t: Tables, since: ir.Value, until: ir.Value) -> ir.Table:
    """Return what moved stock besides sales and receipts: goods back on the shelf less goods written off."""
    import ibis

    rows = t.ledger
    rows = rows.filter(
        rows["kind"].isin((Kind.RETURN.value, Kind.STOCK_WRITE_OFF.value)),
        rows["sku"].notnull(),
        rows["event_on"] >= since,
        rows["event_on"] < until,
    )
    scrapped = (rows["cost_amount"] == 0).fill_null(False)
    back = ibis.cases((rows["kind"] == Kind.STOCK_WRITE_OFF.value, rows["qty"]), (scrapped, 0), else_=-rows["qty"])
    return rows.aggregate(by={"moved_sku": rows["sku"], "moved_on": rows["event_on"]}, moved=back.sum().cast("int64"))


def _build_receipts(t: Tables, *, until: ir.Value) -> ir.Table:
    lines = sent(t, until).select(
        "ordered_on", "ordered_qty", product="sku", purchase_order="po_id", supplier="supplier_id"
    )
    came = received(t, until).select("received_on", "po_id", "sku", received_qty="qty")
    rows = lines.left_join(came, [lines["purchase_order"] == came["po_id"], lines["product"] == came["sku"]])
    return rows.mutate(received_qty=rows["received_qty"].fill_null(0)).select(*PURCHASE_RECEIPTS.fields)


PRODUCT_DAYS: Final = Analysis(
    name="product_days",
    label="Product days",
    question="What was sold of each product on each day, and what was there in the evening?",
    grain="One product and day with recorded stock, from the evening before the window.",
    fields={
        "product": Field(meaning="Stock keeping unit."),
        "day": Field(meaning="Day in the shop's time zone."),
        "units": Field(meaning="Units ordered that day; 0 on the evening before the window.", unit=Unit.COUNT),
        "moved": Field(
            meaning="Units that came back onto the shelf less units written off, on the day that was booked; returned "
            "goods whose cost is unknown count as back on the shelf. 0 on the evening before the window.",
            unit=Unit.COUNT,
        ),
        "available": Field(meaning="Units on hand − committed units in the evening.", unit=Unit.COUNT),
        "unit_cost": Field(meaning="Cost of one unit that day.", unit=Unit.MONEY),
    },
    keys=("product", "day"),
    build=_build_days,
    formula="As recorded, for the window_days before `until`.",
    source="Composed from the ledger and the stock at the end of each day.",
    bound={"until": "date"},
    options={"window_days": 236, "rollup": False},
    owner="Merchandising",
)

PURCHASE_RECEIPTS: Final = Analysis(
    name="purchase_receipts",
    label="Purchase order lines and their receipts",
    question="What was ordered from suppliers, and when did it come?",
    grain="One line of a purchase order sent before `until`, and day before it on which units of the line came; a line "
    "of which nothing came is there once.",
    fields={
        "purchase_order": Field(meaning="Identity of the purchase order."),
        "product": Field(meaning="Stock keeping unit."),
        "supplier": Field(meaning="Identity of the supplier."),
        "ordered_on": Field(meaning="Day the order was sent."),
        "received_on": Field(meaning="Day of the receipt; none where nothing came before `until`."),
        "ordered_qty": Field(meaning="Units ordered.", unit=Unit.COUNT),
        "received_qty": Field(meaning="Units received that day.", unit=Unit.COUNT),
    },
    keys=("purchase_order", "product", "received_on"),
    build=_build_receipts,
    formula="As it stood at the start of `until`.",
    source="Composed from the lines of purchase orders.",
    bound={"until": "date"},
    owner="Purchasing",
)
