"""The tables that are computed from the loaded ones, each once for every engine: expressions over other tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from ecombi.metrics.marts import LOADED
from ecombi.schema.kinds import Kind

if TYPE_CHECKING:
    from ecombi.metrics.tables import Tables

_MONEY = "decimal(28, 4)"
_GOODS = (Kind.SALE.value, Kind.DISCOUNT.value, Kind.RETURN.value)
_CHARGED = (
    *(Kind.SALE.value, Kind.DISCOUNT.value, Kind.TAX.value, Kind.DUTY.value),
    *(Kind.SHIPPING.value, Kind.SHIPPING_DISCOUNT.value),
)


def sold(t: Tables) -> ir.Table:
    """Return what the ledger alone says of each order with at least one sale."""
    goods = t.ledger.filter(t.ledger["kind"].isin(_GOODS) & t.ledger["order_id"].notnull())
    sale = goods["kind"] == Kind.SALE.value
    rows = goods.aggregate(
        by="order_id",
        having=[sale.cast("int32").max() == 1],
        customer_id=goods["customer_id"].min(where=sale),
        source=goods["source"].min(where=sale),
        ordered_at=goods["order_at"].min(where=sale),
        ordered_on=goods["order_on"].min(where=sale),
        ordered_hour=goods["order_hour"].min(where=sale),
        booked_on=goods["event_on"].min(where=sale),
        last_on=goods["event_on"].max(where=goods["kind"] != Kind.RETURN.value),
        channel=goods["channel"].min(where=sale),
        country=goods["country"].min(where=sale),
        units=goods["qty"].sum(where=sale).cast("int64"),
        goods_amount=goods["amount"].sum(where=goods["kind"] != Kind.RETURN.value).cast(_MONEY),
        net_amount=goods["amount"].sum().cast(_MONEY),
        cost_amount=goods["cost_amount"].sum(where=goods["kind"] != Kind.DISCOUNT.value).cast(_MONEY),
    )
    return rows.mutate(amended_on=ibis.cases((rows["last_on"] > rows["booked_on"], rows["last_on"])))


def orders(t: Tables) -> ir.Table:
    """Return one row per order with at least one sale; see `schema.tables.orders`."""
    summed = sold(t)
    ended = t.sessions.filter(t.sessions["order_id"].notnull())
    visits = ended.aggregate(
        by={"visit_order": ended["order_id"]},
        traffic_source=ended["traffic_source"].min(),
        device=ended["device"].min(),
    )
    found = summed.left_join(visits, summed["order_id"] == visits["visit_order"])
    known = found["customer_id"].notnull()
    place = ibis.row_number().over(group_by=found["customer_id"], order_by=[found["ordered_at"], found["order_id"]])
    number = ibis.cases((known, (place + 1).cast("int32")))

    def previous(day: str) -> ir.Value:
        window = ibis.window(
            group_by=found["customer_id"], order_by=[found[day], found["ordered_at"], found["order_id"]]
        )
        return ibis.cases((known, found[day].lag().over(window)))

    numbered = found.mutate(
        customer_order_number=number,
        previous_ordered_on=previous("ordered_on"),
        previous_booked_on=previous("booked_on"),
    )
    return numbered.select(*_columns("orders"))


def saleless_orders(t: Tables) -> ir.Table:
    """Return one row per order that was charged for without a sale; see `schema.tables.saleless_orders`."""
    charges = t.ledger.filter(t.ledger["kind"].isin(_CHARGED) & t.ledger["order_id"].notnull())
    is_sale = (charges["kind"] == Kind.SALE.value).cast("int32")
    return charges.aggregate(by="order_id", having=[is_sale.max() == 0], charged_on=charges["event_on"].min())


def customers(t: Tables) -> ir.Table:
    """Return one row per customer who ever ordered; see `schema.tables.customers`."""
    placed = t.orders.filter(t.orders["customer_id"].notnull())
    placed = placed.mutate(
        rank=ibis.row_number().over(
            group_by=placed["customer_id"], order_by=[placed["ordered_at"], placed["order_id"]]
        ),
        rank_back=ibis.row_number().over(
            group_by=placed["customer_id"], order_by=[placed["ordered_at"].desc(), placed["order_id"].desc()]
        ),
    )
    first = placed["rank"] == 0
    return placed.aggregate(
        by="customer_id",
        country=placed["country"].min(where=placed["rank_back"] == 0),
        channel=placed["channel"].min(where=first),
        traffic_source=placed["traffic_source"].min(where=first),
        first_order_on=placed["ordered_on"].min(),
        second_order_on=placed["ordered_on"].min(where=placed["rank"] == 1),
        last_order_on=placed["ordered_on"].max(),
        order_count=placed.count(),
        net_amount=placed["net_amount"].sum().cast(_MONEY),
        cost_amount=placed["cost_amount"].sum().cast(_MONEY),
    ).select(*_columns("customers"))


def cohort_months(t: Tables) -> ir.Table:
    """Return what each cohort did in each month; see `schema.tables.cohort_months`."""
    buyers = t.customers.select(
        "country", "channel", "traffic_source", buyer="customer_id", cohort=month_of(t.customers["first_order_on"])
    )
    placed = t.orders.select("customer_id", "net_amount", month=month_of(t.orders["ordered_on"]))
    rows = placed.inner_join(buyers, placed["customer_id"] == buyers["buyer"])
    return rows.aggregate(
        by=["cohort", "month", "country", "channel", "traffic_source"],
        customers=rows["buyer"].nunique(),
        orders=rows.count(),
        net_amount=rows["net_amount"].sum().cast(_MONEY),
    )


def days_loaded(t: Tables) -> ir.Table:
    """Return how many rows of each day each load brought; see `schema.tables.days_loaded`."""
    sides = []
    for mart in LOADED:
        rows = t[mart.table]
        for role in mart.days:
            dated = rows.select("load_id", day=ibis.coalesce(*(rows[column] for column in mart.columns(role))))
            dated = dated.filter(dated["day"].notnull())
            name = ibis.literal(mart.noted(role)[0])
            sides.append(
                dated.aggregate(
                    by={"basis": name, "day": dated["day"], "load_id": dated["load_id"]}, entries=dated.count()
                )
            )
    return ibis.union(*sides)


def month_of(day: ir.Value) -> ir.Value:
    """Return the first day of a day's month, a date; never cut in the zone of a session."""
    return day.cast("timestamp").truncate("M").cast("date")


def _columns(name: str) -> list[str]:
    from ecombi.schema import tables

    return list(tables.metadata.tables[name].columns.keys())
