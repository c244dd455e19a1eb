"""Customer lifetime value: what each customer has brought, and the purchase history that predictions rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.metrics.analysis import Analysis, Field
from ecombi.metrics.definitions import Unit
from ecombi.schema.kinds import Kind

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from ecombi.metrics.tables import Tables

_SUM: Final = "decimal(38, 4)"
_GOODS: Final = (Kind.SALE.value, Kind.DISCOUNT.value, Kind.RETURN.value)
_MARGIN: Final = "net sales − cost of goods; goods without a known cost count at no cost"


def _to_date(t: Tables) -> ir.Table:
    known = t.customers
    return known.select(
        "customer_id",
        "first_order_on",
        "last_order_on",
        orders=known["order_count"].cast("int64"),
        net_sales=known["net_amount"].cast(_SUM),
        margin=(known["net_amount"] - known["cost_amount"]).cast(_SUM),
    )


def _purchase_days(t: Tables, as_of: ir.Value) -> ir.Table:
    """Return one row per customer and day with an order, from what had happened before as_of: later returns are out."""
    happened = t.ledger.filter(
        t.ledger["kind"].isin(_GOODS) & t.ledger["order_id"].notnull() & (t.ledger["event_on"] < as_of)
    )
    sums = happened.aggregate(
        by={"of_order": happened["order_id"]},
        net=happened["amount"].sum(),
        cost=happened["cost_amount"].sum(where=happened["kind"] != Kind.DISCOUNT.value),
    )
    placed = t.orders.filter(
        t.orders["customer_id"].notnull() & (t.orders["ordered_on"] < as_of) & (t.orders["booked_on"] < as_of)
    )
    rows = placed.inner_join(sums, placed["order_id"] == sums["of_order"])
    days = rows.aggregate(by=["customer_id", "ordered_on"], net=rows["net"].sum(), cost=rows["cost"].sum())
    return days.mutate(first_on=days["ordered_on"].min().over(group_by=days["customer_id"]))


def _history(t: Tables, *, as_of: ir.Value) -> ir.Table:
    days = _purchase_days(t, as_of)
    repeat = days["ordered_on"] > days["first_on"]
    summed = days.aggregate(
        by="customer_id",
        first_on=days["ordered_on"].min(),
        last_on=days["ordered_on"].max(),
        frequency=(days.count() - 1).cast("int64"),
        net=days["net"].sum(where=repeat).cast(_SUM),
        cost=days["cost"].sum(where=repeat).cast(_SUM),
    )
    purchases = summed["frequency"].cast("float64").nullif(0)
    return summed.mutate(
        recency_days=summed["last_on"].delta(summed["first_on"], unit="day").cast("int64"),
        age_days=as_of.delta(summed["first_on"], unit="day").cast("int64") - 1,
        net_sales_per_purchase=summed["net"].cast("float64") / purchases,
        margin_per_purchase=(summed["net"] - summed["cost"]).cast("float64") / purchases,
    ).select(*PURCHASE_HISTORY.fields)


def _after(t: Tables, *, as_of: ir.Value, until: ir.Value, final_until: ir.Value) -> ir.Table:
    placed = t.orders.filter(t.orders["customer_id"].notnull())
    known = placed.filter((placed["ordered_on"] < as_of) & (placed["booked_on"] < as_of))
    later = placed.filter((placed["ordered_on"] >= as_of) & (placed["ordered_on"] < until))
    counted = later.aggregate(by={"buyer": later["customer_id"]}, days=later["ordered_on"].nunique())
    buyers = known.select("customer_id").distinct()
    rows = buyers.left_join(counted, buyers["customer_id"] == counted["buyer"])
    over = until <= final_until
    return rows.select("customer_id", purchases=over.ifelse(rows["days"].fill_null(0).cast("int64"), _null("int64")))


def _null(kind: str) -> ir.Value:
    import ibis

    return ibis.null(kind)


CUSTOMER_VALUE: Final = Analysis(
    name="customer_value",
    label="Customer value to date",
    question="What has each customer brought so far?",
    grain="One row per customer who ever ordered.",
    fields={
        "customer_id": Field(meaning="Customer; orders of guests count for nobody."),
        "first_order_on": Field(meaning="Day of the first order."),
        "last_order_on": Field(meaning="Day of the last order."),
        "orders": Field(meaning="Orders to date.", unit=Unit.COUNT),
        "net_sales": Field(meaning="Net sales to date of all orders: the value as revenue.", unit=Unit.MONEY),
        "margin": Field(
            meaning=f"The historic lifetime value: {_MARGIN}; no value where no cost is known.", unit=Unit.MONEY
        ),
    },
    keys=("customer_id",),
    build=_to_date,
    formula="Historic lifetime value = sum of the margin of all orders to date.",
    example="Net sales of 30.00, 50.00 and −10.00, costs of 12.00, 20.00 and −4.00: 70.00 − 28.00 = 42.00.",
    source="https://www.rdocumentation.org/packages/CLVTools/versions/0.9.0/topics/predict.clv.fitted.transactions",
    owner="Finance",
)

PURCHASE_HISTORY: Final = Analysis(
    name="purchase_history",
    label="Purchase history",
    question="How often had each customer come back by a day, and what did a purchase bring?",
    grain="One row per customer with an order before as_of.",
    fields={
        "customer_id": Field(meaning="Customer."),
        "frequency": Field(meaning="Days with an order after the first such day.", unit=Unit.COUNT),
        "recency_days": Field(meaning="Days from the first to the last day with an order.", unit=Unit.DAYS),
        "age_days": Field(meaning="Days from the first order to the day before as_of.", unit=Unit.DAYS),
        "net_sales_per_purchase": Field(
            meaning="Mean net sales of the days after the first; no value without one.", unit=Unit.MONEY
        ),
        "margin_per_purchase": Field(
            meaning=f"The same of the margin: {_MARGIN}; no value where no cost is known.", unit=Unit.MONEY
        ),
    },
    keys=("customer_id",),
    build=_history,
    bound={"as_of": "date"},
    formula="From what had happened before as_of only: later returns change nothing. Orders of one day are one.",
    example=(
        "Orders on 1 January, 15 January (two that day) and 1 March, as of 31 March: 2 repeat days, the last "
        "59 days after the first one, 89 days in all."
    ),
    source="Fader, Hardie & Lee 2005, Counting your customers the easy way: x, t_x, T; days, not weeks",
    owner="Data science",
)

PURCHASES_AFTER: Final = Analysis(
    name="purchases_after",
    label="Purchases after a day",
    question="What did the customers of a day do next?",
    grain="One row per customer with an order before as_of.",
    fields={
        "customer_id": Field(meaning="Customer."),
        "purchases": Field(
            meaning="Days with an order from as_of up to and not including until; no value before these are final.",
            unit=Unit.COUNT,
        ),
    },
    keys=("customer_id",),
    build=_after,
    bound={"as_of": "date", "until": "date", "final_until": "date"},
    formula="What a prediction made at as_of is held against.",
    example=(
        "As of 1 April and until 1 May, orders on 2 April (two that day), 9 April and 1 May: 1 + 1 = 2 purchases."
    ),
    source="Fader, Hardie & Lee 2005, holdout validation",
    owner="Data science",
)
