"""What became of each order once it was placed: sent at once or in parts, whole or not, on the promised day or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from ecombi.schema.kinds import Kind

if TYPE_CHECKING:
    from ecombi.metrics.tables import Tables


def fulfilments(t: Tables) -> ir.Table:
    """Return one row per order placed while parcels of its source are recorded; see `schema.tables.fulfilments`."""
    sent, lines, back = _sent(t), _lines(t), _came_back(t)
    promises = t.promises.select("promised_on", promised_order="order_id")
    rows = t.orders.select("order_id", "source", "channel", "country", "ordered_on", "units")
    rows = rows.left_join(sent, rows["order_id"] == sent["sent_order"])
    rows = rows.left_join(promises, rows["order_id"] == promises["promised_order"])
    rows = rows.left_join(lines, rows["order_id"] == lines["lines_order"])
    rows = rows.left_join(back, rows["order_id"] == back["back_order"])
    rows = rows.mutate(sent=rows["sent"].fill_null(0), packed=rows["packed"].fill_null(0))
    rows = _while_recorded(rows)

    asked = rows["asked"].fill_null(rows["units"])
    in_full = (rows["sent"] >= asked) & rows["all_arrived"].fill_null(False)
    # What was cancelled by the promised day, before anything left, is not due on it.
    cancelled = (rows["back"] >= rows["units"]) & (rows["back_on"] <= rows["promised_on"])
    open_promise = ibis.cases((~cancelled.fill_null(False), rows["promised_on"]))
    known = rows["promised_on"].notnull()
    on_time = ibis.cases(
        (known, rows["all_arrived"] & (rows["arrived_on"] <= rows["promised_on"])), else_=rows["each_on_time"]
    )
    return rows.filter(asked > 0).select(
        "order_id",
        "source",
        "channel",
        "country",
        "ordered_on",
        due_on=ibis.cases(
            (rows["sent_order"].isnull(), open_promise), else_=rows["promised_on"].coalesce(rows["due_on"])
        ),
        ordered_qty=asked,
        first_qty=ibis.least(rows["first_sent"].fill_null(0), asked),
        shipped_qty=rows["sent"],
        ordered_lines=ibis.cases((rows["is_itemised"], rows["lines"])),
        first_lines=ibis.cases((rows["is_itemised"], rows["lines_filled"])),
        delivered_on=ibis.cases((in_full, rows["arrived_on"])),
        is_in_full=in_full,
        is_on_time=on_time.fill_null(False),
        is_documented=rows["documented"].fill_null(True),
        is_undamaged=rows["undamaged"].fill_null(True),
    )


def _while_recorded(rows: ir.Table) -> ir.Table:
    """Keep the orders placed from the first parcel of their source to the last, and say which are itemised.

    An order is itemised where its parcels say which lines they hold; one of which nothing was sent, where those of the
    orders around it do.
    """
    itemised = _itemised(rows)
    recorded = rows.aggregate(
        by={"recorded_source": rows["source"]},
        first_recorded=rows["first_on"].min(),
        last_recorded=rows["last_on"].max(),
        first_itemised=rows["first_on"].min(where=itemised),
        last_itemised=rows["last_on"].max(where=itemised),
    )
    rows = rows.inner_join(recorded, rows["source"] == recorded["recorded_source"])
    rows = rows.filter(rows["ordered_on"].between(rows["first_recorded"], rows["last_recorded"]))
    around = rows["ordered_on"].between(rows["first_itemised"], rows["last_itemised"]).fill_null(False)
    return rows.mutate(is_itemised=_itemised(rows) | ((rows["sent"] == 0) & around))


def _itemised(rows: ir.Table) -> ir.BooleanValue:
    return (rows["packed"] > 0) & (rows["packed"] >= rows["sent"])


def _parcels(t: Tables) -> ir.Table:
    """Return the parcels, each with the day on which the first one of its order left."""
    parcels = t.shipments
    return parcels.mutate(first_on=parcels["shipped_on"].min().over(group_by=parcels["order_id"]))


def _sent(t: Tables) -> ir.Table:
    """Return one row per order of which something was sent."""
    parcels = _parcels(t)
    late = parcels["delivered_on"].isnull() | (parcels["delivered_on"] > parcels["promised_on"])

    def never(fault: ir.BooleanValue) -> ir.BooleanValue:
        return fault.cast("int32").max() == 0

    return parcels.aggregate(
        by={"sent_order": parcels["order_id"]},
        first_on=parcels["shipped_on"].min(),
        last_on=parcels["shipped_on"].max(),
        due_on=parcels["promised_on"].max(),
        asked=parcels["ordered_qty"].max(),
        first_sent=parcels["shipped_qty"].sum(where=parcels["shipped_on"] == parcels["first_on"]).cast("int64"),
        sent=parcels["shipped_qty"].sum().cast("int64"),
        arrived_on=parcels["delivered_on"].max(),
        all_arrived=never(parcels["delivered_on"].isnull()),
        each_on_time=never(late),
        documented=never(~parcels["is_documented"].fill_null(True)),
        undamaged=never(~parcels["is_undamaged"].fill_null(True)),
    )


def _lines(t: Tables) -> ir.Table:
    """Return one row per order: its lines, those that left whole at once, and the units its parcels say they hold.

    Lines sold after the day of the order's first sale are no part of what the first parcel could hold.
    """
    placed = t.orders.select("booked_on", placed_order="order_id")
    sales = t.ledger.filter(t.ledger["kind"] == Kind.SALE.value)
    sales = sales.inner_join(placed, sales["order_id"] == placed["placed_order"])
    sales = sales.filter(sales["event_on"] == sales["booked_on"])
    none = ibis.literal(0, "int64")
    asked = sales.select(
        "order_id", line=sales["line_id"].coalesce(sales["sku"]), asked=sales["qty"], first=none, packed=none
    )
    parcels = _parcels(t).select("order_id", "shipped_on", "first_on", parcel="shipment_id")
    held = t.shipment_lines.inner_join(parcels, t.shipment_lines["shipment_id"] == parcels["parcel"])
    at_once = held["shipped_on"] == held["first_on"]
    packed = held.select(
        "order_id", line=held["line_id"], asked=none, first=ibis.cases((at_once, held["qty"]), else_=0),
        packed=held["qty"],
    )  # fmt: skip
    both = asked.filter(asked["line"].notnull()).union(packed)
    lines = both.aggregate(
        by=["order_id", "line"], asked=both["asked"].sum(), first=both["first"].sum(), packed=both["packed"].sum()
    )
    filled = (lines["asked"] > 0) & (lines["first"] >= lines["asked"])
    return lines.aggregate(
        by={"lines_order": lines["order_id"]},
        lines=lines.count(where=lines["asked"] > 0),
        lines_filled=lines.count(where=filled),
        packed=lines["packed"].sum().cast("int64"),
    )


def _came_back(t: Tables) -> ir.Table:
    """Return one row per order of which units came back or were cancelled: how many, and on which day the last."""
    back = t.ledger.filter((t.ledger["kind"] == Kind.RETURN.value) & t.ledger["order_id"].notnull())
    return back.aggregate(
        by={"back_order": back["order_id"]},
        back=(-back["qty"].sum()).cast("int64"),
        back_on=back["event_on"].max(),
    )
