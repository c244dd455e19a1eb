"""Stock-outs weighed by demand: how much of what customers wanted met an empty shelf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.errors import MetricError, did_you_mean
from ecombi.metrics.analysis import Analysis, Field
from ecombi.metrics.definitions import Unit
from ecombi.schema.kinds import Kind

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from ecombi.metrics.tables import Tables

_PARTS: Final = ("shop", "category", "product")


def _stock_outs(t: Tables, *, start: ir.DateValue, end: ir.DateValue, by: str) -> ir.Table:
    if by not in _PARTS:
        raise MetricError(f"Stock-outs cannot be shown by {by!r}. {did_you_mean(by, _PARTS)}")
    rows = _part(t, _products(t, start, end), by)
    daily = rows["units"].cast("float64") / (rows["listed_days"] - rows["out_days"]).cast("float64").nullif(0)
    rows = rows.mutate(lost=daily * rows["out_days"], wanted=daily * rows["listed_days"], is_known=daily.notnull())
    sums = rows.aggregate(
        by="part",
        products=rows.count(),
        never_in_stock=rows.count(where=~rows["is_known"]),
        listed_days=rows["listed_days"].sum().cast("int64"),
        stock_out_days=rows["out_days"].sum().cast("int64"),
        lost_units=rows["lost"].sum(),
        wanted=rows["wanted"].sum(),
    )
    return sums.mutate(
        stock_out_rate=sums["stock_out_days"].cast("float64") / sums["listed_days"].cast("float64").nullif(0),
        demand_stock_out_rate=sums["lost_units"] / sums["wanted"].nullif(0),
    )


def _products(t: Tables, start: ir.DateValue, end: ir.DateValue) -> ir.Table:
    """Return, for each listed product, its days, those without stock, and the units ordered; int64."""
    evenings = t.inventory_daily
    evenings = evenings.filter(evenings["day"] >= start, evenings["day"] < end)
    listed = evenings.aggregate(
        by="sku",
        listed_days=evenings.count(),
        out_days=evenings.count(where=evenings["on_hand"] - evenings["committed"] <= 0),
    )
    sales = t.ledger.filter(t.ledger["kind"] == Kind.SALE.value, t.ledger["sku"].notnull())
    sales = sales.filter(sales["order_on"] >= start, sales["order_on"] < end)
    sold = sales.aggregate(by={"sold_sku": sales["sku"]}, units=sales["qty"].sum().cast("int64"))
    rows = listed.left_join(sold, listed["sku"] == sold["sold_sku"])
    return rows.select("sku", "listed_days", "out_days", units=rows["units"].fill_null(0))


def _part(t: Tables, rows: ir.Table, by: str) -> ir.Table:
    import ibis

    if by == "shop":
        return rows.mutate(part=ibis.literal("shop"))
    if by == "product":
        return rows.rename(part="sku")
    names = t.products.select(named="sku", part="category")
    return rows.left_join(names, rows["sku"] == names["named"])


stock_outs: Final = Analysis(
    name="stock_outs",
    label="Stock-outs by demand",
    question="How much of what customers wanted met an empty shelf?",
    grain="One row per product or category with recorded stock in the period, or one for the shop, as `by` says.",
    fields={
        "part": Field(meaning="Product, category (no value for products without one), or shop."),
        "products": Field(meaning="Products listed: those whose stock is recorded.", unit=Unit.COUNT),
        "never_in_stock": Field(
            meaning="Products among them with no day in stock: what is wanted of them is not known.", unit=Unit.COUNT
        ),
        "listed_days": Field(meaning="Days listed, over these products.", unit=Unit.COUNT),
        "stock_out_days": Field(meaning="Days among them that ended with nothing available.", unit=Unit.COUNT),
        "stock_out_rate": Field(meaning="Stock-out days ÷ days listed: every product weighs the same.", unit=Unit.RATE),
        "lost_units": Field(
            meaning="Units per day in stock × stock-out days; no value where no product was ever in stock.",
            unit=Unit.COUNT,
        ),
        "demand_stock_out_rate": Field(
            meaning="Lost units ÷ units wanted on all days listed: a product weighs what is wanted of it. No value "
            "where nothing was sold, or no product was ever in stock.",
            unit=Unit.RATE,
        ),
    },
    keys=("part",),
    order=("-lost_units", "part"),
    build=_stock_outs,
    bound={"start": "date", "end": "date"},
    options={"by": "shop"},
    formula=(
        "Of each product: units per day in stock = units ordered in the period ÷ (days listed − stock-out days). Rate "
        "= Σ units per day in stock × stock-out days ÷ Σ units per day in stock × days listed."
    ),
    example=(
        "A sells 9 a day and was out on 1 of 10 days; B sells 1 a day and was out on 5 of 10: (9 × 1 + 1 × 5) "
        "÷ (10 × 10) = 14.0%, while 6 of 20 product days are 30.0%."
    ),
    source="The demand-weighted twin of stock_out_rate: each product's days are weighed by its demand.",
    owner="Operations",
)
