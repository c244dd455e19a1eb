"""What customers buy second, given what they bought first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.customers.baskets import items
from ecombi.metrics.analysis import Analysis, Field
from ecombi.metrics.definitions import Unit

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from ecombi.metrics.tables import Tables


def _build(t: Tables, *, start: ir.Value, end: ir.Value, min_customers: ir.Value, by: str) -> ir.Table:
    number = t.orders["customer_order_number"]
    firsts = t.orders.filter((number == 1) & (t.orders["ordered_on"] >= start) & (t.orders["ordered_on"] < end))
    seconds = t.orders.filter(number == 2)
    first = firsts.select("customer_id", first_order="order_id")
    second = seconds.select(buyer="customer_id", second_order="order_id")
    both = first.left_join(second, first["customer_id"] == second["buyer"])
    bought = items(t, t.orders.filter(number.isin([1, 2])), by)
    started = both.inner_join(bought, both["first_order"] == bought["order_id"])
    started = started.select("second_order", first_product="item")
    counted = started.aggregate(
        by="first_product",
        first_buyers=started.count().cast("int64"),
        returning_buyers=started["second_order"].count().cast("int64"),
    ).select("first_buyers", "returning_buyers", product="first_product")
    then = bought.select(second_product="item", of_order="order_id")
    pairs = started.inner_join(then, started["second_order"] == then["of_order"])
    pairs = pairs.aggregate(by=["first_product", "second_product"], customers=pairs.count().cast("int64"))
    rows = pairs.filter(pairs["customers"] >= min_customers)
    rows = rows.inner_join(counted, rows["first_product"] == counted["product"])
    share = rows["customers"].cast("float64") / rows["returning_buyers"].cast("float64").nullif(0)
    return rows.mutate(share=share).select(*NEXT_PRODUCTS.fields)


NEXT_PRODUCTS: Final = Analysis(
    name="next_products",
    definition_version=2,
    label="Second purchase",
    question="What do customers buy with their second order, given what they bought with their first?",
    grain="One row per product, or category, of a first order and one of the same customer's second order.",
    fields={
        "first_product": Field(meaning="Product, or category, in the first order."),
        "second_product": Field(meaning="Product, or category, in the second order; it may be the same one."),
        "customers": Field(meaning="Customers with both.", unit=Unit.COUNT),
        "first_buyers": Field(meaning="Customers with the first in their first order.", unit=Unit.COUNT),
        "returning_buyers": Field(meaning="Those of them with a second order, whatever is in it.", unit=Unit.COUNT),
        "share": Field(
            meaning="customers ÷ returning_buyers; an order has several products, so shares sum to more than 1.",
            unit=Unit.RATE,
        ),
    },
    keys=("first_product", "second_product"),
    order=("-customers", "first_product", "second_product"),
    build=_build,
    bound={"start": "date", "end": "date", "min_customers": "int64"},
    options={"by": "product"},
    formula=(
        "Over the customers whose first order is from start up to and not including end, whenever the second came; "
        "pairs of at least min_customers. by: product, or category, where products without one do not count."
    ),
    example=(
        "4 customers bought a mug with their first order, 3 of them ordered again, and 2 of these bought a lamp: "
        "2 ÷ 3 = 66.7%."
    ),
    source="Composed from the first two orders of each customer.",
    owner="Merchandising",
)
