"""Basket affinity: which products are bought together, and how much more often than by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.metrics.analysis import Analysis, Field
from ecombi.metrics.definitions import Unit
from ecombi.schema.kinds import Kind

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from ecombi.metrics.tables import Tables


def items(t: Tables, orders: ir.Table, by: str) -> ir.Table:
    """Return each product, or each known category, of each of the orders once: columns order_id and item."""
    sold = t.ledger.filter(t.ledger["kind"] == Kind.SALE.value).semi_join(orders.select("order_id"), "order_id")
    if by == "category":
        goods = t.products.select("category", product="sku")
        sold = sold.inner_join(goods, sold["sku"] == goods["product"])
    rows = sold.select("order_id", item=sold["category" if by == "category" else "sku"])
    return rows.filter(rows["item"].notnull()).distinct()


def _build(t: Tables, *, start: ir.Value, end: ir.Value, min_support: ir.Value, by: str) -> ir.Table:
    placed = t.orders.filter((t.orders["ordered_on"] >= start) & (t.orders["ordered_on"] < end))
    bought = items(t, placed, by)
    baskets = bought.aggregate(baskets=bought["order_id"].nunique().cast("int64"))
    counted = bought.aggregate(by="item", item_orders=bought.count().cast("int64")).cross_join(baskets)
    # A pair is in no more baskets than either of its products.
    frequent = counted.filter(_share(counted["item_orders"], counted["baskets"]) >= min_support)
    pairs = _pairs(bought.semi_join(frequent, "item"))
    first = frequent.select(a="item", antecedent_orders="item_orders", baskets="baskets")
    second = frequent.select(c="item", consequent_orders="item_orders")
    rows = pairs.inner_join(first, pairs["antecedent"] == first["a"])
    rows = rows.inner_join(second, rows["consequent"] == second["c"])
    confidence = _share(rows["orders"], rows["antecedent_orders"])
    rows = rows.mutate(
        support=_share(rows["orders"], rows["baskets"]),
        confidence=confidence,
        lift=confidence / _share(rows["consequent_orders"], rows["baskets"]),
    )
    return rows.filter(rows["support"] >= min_support).select(*BASKET_PAIRS.fields)


def _pairs(bought: ir.Table) -> ir.Table:
    """Count each pair of items once, one before the other, and give it both ways round."""
    import ibis

    left = bought.select(basket="order_id", one="item")
    right = bought.select(same_basket="order_id", other="item")
    both = left.inner_join(right, (left["basket"] == right["same_basket"]) & (left["one"] < right["other"]))
    counted = both.aggregate(by=["one", "other"], orders=both.count().cast("int64"))
    return ibis.union(
        counted.select("orders", antecedent="one", consequent="other"),
        counted.select("orders", antecedent="other", consequent="one"),
    )


def _share(part: ir.Value, whole: ir.Value) -> ir.Value:
    return part.cast("float64") / whole.cast("float64").nullif(0)


BASKET_PAIRS: Final = Analysis(
    name="basket_pairs",
    definition_version=2,
    label="Bought together",
    question="Which products are bought together, and how much more often than by chance?",
    grain="One row per ordered pair of different products, or categories, that are in one order often enough.",
    fields={
        "antecedent": Field(meaning="The product, or category, that is given."),
        "consequent": Field(meaning="The other one in the same order."),
        "orders": Field(meaning="Orders with both; an order counts once, however many of each.", unit=Unit.COUNT),
        "antecedent_orders": Field(meaning="Orders with the first.", unit=Unit.COUNT),
        "consequent_orders": Field(meaning="Orders with the other.", unit=Unit.COUNT),
        "support": Field(meaning="orders ÷ all orders with a product; the same both ways round.", unit=Unit.RATE),
        "confidence": Field(meaning="orders ÷ antecedent_orders.", unit=Unit.RATE),
        "lift": Field(
            meaning="confidence ÷ the share of orders with the consequent; 1 is chance. The same both ways round.",
            unit=Unit.TIMES,
        ),
    },
    keys=("antecedent", "consequent"),
    order=("-lift", "antecedent", "consequent"),
    build=_build,
    bound={"start": "date", "end": "date", "min_support": "float64"},
    options={"by": "product"},
    formula=(
        "Over the orders of the days from start up to and not including end, counting a product once per order; pairs "
        "of at least min_support. by: product, or category, where products without one do not count."
    ),
    example=(
        "Of 10 orders 4 have bread, 5 have butter and 3 both: support 3 ÷ 10 = 30.0%, confidence of butter "
        "after bread 3 ÷ 4 = 75.0%, lift 75.0% ÷ 50.0% = 1.5."
    ),
    source="Agrawal, Imieliński & Swami 1993, Mining association rules; lift: Brin et al. 1997",
    owner="Merchandising",
)
