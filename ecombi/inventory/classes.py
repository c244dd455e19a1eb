"""ABC-XYZ: what each product brings, and how evenly it sells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ecombi.errors import MetricError, did_you_mean
from ecombi.inventory.days import days_between, earlier, shifted
from ecombi.inventory.demand import kept_sums, sold
from ecombi.inventory.moments import ratio, sample_sd
from ecombi.metrics.analysis import Analysis, Field, ParameterType
from ecombi.metrics.definitions import Unit
from ecombi.schema.kinds import Kind

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from ecombi.metrics.tables import Tables

WEEKS: Final = 52

_GOODS: Final = (Kind.SALE.value, Kind.DISCOUNT.value, Kind.RETURN.value)
_MONEY: Final = "decimal(38, 4)"
_SOURCE: Final = (
    "ABC: Pareto's 80 and 95 percent. XYZ by the coefficient of variation: Scholz-Reiter, Heger, Meinecke & Bergmann "
    "2012, Integration of demand forecasts in ABC-XYZ analysis"
)


def _classified(
    t: Tables,
    *,
    until: ir.Value,
    final_until: ir.Value,
    a_up_to: ir.Value,
    b_up_to: ir.Value,
    x_up_to: ir.Value,
    y_up_to: ir.Value,
    weeks: int,
    by: str,
    rollup: bool,
) -> ir.Table:
    """Return the figures and classes of each product that was sold in the window or has stock at its end."""
    import ibis

    end = earlier(until, final_until)
    since = shifted(end, -7 * weeks)
    brought = _brought(t, since, end, rollup=rollup)
    weekly = _weekly(sold(t, since, end, rollup=rollup), end)
    stock = _stock(t, end)
    everything = brought.select("sku").union(weekly.select("sku")).union(stock.select("sku")).distinct()
    rows = everything.left_join(brought, "sku").drop("sku_right")
    rows = rows.left_join(weekly, "sku").drop("sku_right")
    rows = rows.left_join(stock, "sku").drop("sku_right")
    units, squares = rows["units"].fill_null(0), rows["squares"].fill_null(0)
    every_week = ibis.literal(weeks, "int64")
    rows = rows.select(
        product=rows["sku"],
        units=units,
        net_sales=rows["net_sales"].fill_null(0).cast(_MONEY),
        margin=rows["margin"].cast(_MONEY),
        stock_value=rows["stock_value"].fill_null(0).cast(_MONEY),
        weekly_units=ratio(units, every_week),
        variation=sample_sd(every_week, units, squares) / ratio(units, every_week).nullif(0),
    )
    ranked = _ranked(rows, _value(rows, by))
    return ranked.mutate(
        abc=ibis.cases(
            (ranked["weight"] <= 0, "C"),
            (ranked["before"] < a_up_to, "A"),
            (ranked["before"] < b_up_to, "B"),
            else_="C",
        ),
        xyz=ibis.cases((ranked["variation"] <= x_up_to, "X"), (ranked["variation"] <= y_up_to, "Y"), else_="Z"),
    )


def _value(rows: ir.Table, by: str) -> ir.Value:
    if by not in ("net_sales", "margin"):
        raise MetricError(f"Unknown value {by!r} to class products by. {did_you_mean(by, ('net_sales', 'margin'))}")
    return rows[by].fill_null(0)


def _ranked(rows: ir.Table, value: ir.Value) -> ir.Table:
    """Add the share of the whole that the products before each bring, and the share with its own."""
    import ibis

    weight = ibis.cases((value > 0, value), else_=0).cast(_MONEY)
    rows = rows.mutate(weight=weight)
    largest_first = ibis.cumulative_window(order_by=[rows["weight"].desc(), rows["product"]])
    rows = rows.mutate(running=rows["weight"].sum().over(largest_first), whole=rows["weight"].sum().over(ibis.window()))
    return rows.mutate(
        cumulative_share=ratio(rows["running"], rows["whole"]),
        before=ratio(rows["running"] - rows["weight"], rows["whole"]),
    )


def _brought(t: Tables, since: ir.Value, until: ir.Value, *, rollup: bool) -> ir.Table:
    """Return net sales and gross margin of each product; the margin is null where no cost is known."""
    import ibis

    if rollup:
        rows = kept_sums(since, until).rename(net="net_sales", cost="cost_of_goods")
    else:
        rows = t.ledger
        rows = rows.filter(
            rows["kind"].isin(_GOODS), rows["sku"].notnull(), rows["order_on"] >= since, rows["order_on"] < until
        )
        moves = rows["kind"] != Kind.DISCOUNT.value
        rows = rows.select("sku", net=rows["amount"], cost=ibis.cases((moves, rows["cost_amount"])))
    sums = rows.aggregate(by="sku", net_sales=rows["net"].sum(), cost=rows["cost"].sum())
    return sums.select("sku", "net_sales", margin=sums["net_sales"] - sums["cost"])


def _weekly(sales: ir.Table, until: ir.Value) -> ir.Table:
    """Return units and squared units of the weeks of each product: blocks of seven days that end with the window."""
    ago = days_between(sales["day"], until) - 1
    weeks = sales.select("sku", "units", week=ago - ago % 7)
    weeks = weeks.aggregate(by=["sku", "week"], units=weeks["units"].sum().cast("int64"))
    return weeks.aggregate(
        by="sku",
        units=weeks["units"].sum().cast("int64"),
        squares=(weeks["units"] * weeks["units"]).sum().cast("int64"),
    )


def _stock(t: Tables, until: ir.Value) -> ir.Table:
    """Return the stock value of each product on the last recorded evening; a negative stock is worth 0."""
    import ibis

    recorded = t.inventory_daily
    recorded = recorded.filter(recorded["day"] < until)
    newest = recorded.aggregate(last_on=recorded["day"].max())
    last = recorded.inner_join(newest, recorded["day"] == newest["last_on"])
    value = ibis.greatest(last["on_hand"], 0).cast("decimal(18, 0)") * last["unit_cost"]
    return last.select("sku", stock_value=value)


def _build_products(t: Tables, **given: ir.Value) -> ir.Table:
    rows = _classified(t, **given)
    names = t.products.select(named="sku", product_name="name")
    return rows.left_join(names, rows["product"] == names["named"]).select(*CLASSES.fields)


def _build_cells(t: Tables, **given: ir.Value) -> ir.Table:
    rows = _classified(t, **given)
    found = rows.aggregate(
        by=["abc", "xyz"],
        products=rows.count().cast("int64"),
        net_sales=rows["net_sales"].sum().cast(_MONEY),
        stock_value=rows["stock_value"].sum().cast(_MONEY),
    )
    cells = _nine().left_join(found, ["abc", "xyz"])
    zero = {name: cells[name].fill_null(0) for name in ("products", "net_sales", "stock_value")}
    return cells.select(
        "abc",
        "xyz",
        products=zero["products"],
        net_sales=zero["net_sales"].cast(_MONEY),
        stock_value=zero["stock_value"].cast(_MONEY),
    )


def _nine() -> ir.Table:
    """Return every pair of classes."""
    import ibis

    def listed(name: str, letters: str) -> ir.Table:
        return ibis.union(*(ibis.literal(letter).name(name).as_table() for letter in letters))

    return listed("abc", "ABC").cross_join(listed("xyz", "XYZ"))


_BOUND: Final[Mapping[str, ParameterType]] = {
    "until": "date",
    "final_until": "date",
    "a_up_to": "float64",
    "b_up_to": "float64",
    "x_up_to": "float64",
    "y_up_to": "float64",
}
_OPTIONS: Final[Mapping[str, int | float | str | bool]] = {"weeks": WEEKS, "by": "net_sales", "rollup": False}
_FORMULA: Final = (
    "ABC: by falling value, A while the products before bring less than a_up_to of the whole, B while less than "
    "b_up_to, else C; the product that crosses a threshold is in the higher class, equal values stand in order of "
    "product. XYZ: standard deviation ÷ mean of the units of a week; X up to x_up_to, Y up to y_up_to, else Z. By day "
    "of order."
)
_ABC: Final = "A, B or C by what it brings; C where it brings nothing or less."
_XYZ: Final = "X, Y or Z by how evenly it sells; Z where it was not sold."

CLASSES: Final = Analysis(
    name="classes",
    label="ABC-XYZ classes",
    question="Which products bring the sales, and which of them sell evenly enough to plan?",
    grain="One product that was sold or came back in the window, or has stock recorded at its end.",
    fields={
        "product": Field(meaning="Stock keeping unit."),
        "product_name": Field(meaning="Its name today; none where the shop does not name it."),
        "abc": Field(meaning=_ABC),
        "xyz": Field(meaning=_XYZ),
        "units": Field(meaning="Units sold in the window.", unit=Unit.COUNT),
        "net_sales": Field(meaning="Net sales of the orders of the window.", unit=Unit.MONEY),
        "margin": Field(
            meaning="Net sales − cost of goods. Goods without a known cost count at no cost; no value where no cost "
            "of the product is known.",
            unit=Unit.MONEY,
        ),
        "stock_value": Field(meaning="Stock at cost on the last recorded evening, 0 at least.", unit=Unit.MONEY),
        "cumulative_share": Field(
            meaning="Share of the whole that it and all products before it bring; no value where nothing brings any.",
            unit=Unit.RATE,
        ),
        "weekly_units": Field(meaning="Mean units of a week, weeks without a sale among them.", unit=Unit.COUNT),
        "variation": Field(
            meaning="Sample standard deviation ÷ mean of the units of a week; weeks without a sale count as 0, so what "
            "is sold now and then varies much. No value where it was not sold.",
            unit=Unit.RATE,
        ),
    },
    keys=("product",),
    build=_build_products,
    formula=_FORMULA,
    example=(
        "Net sales of 70, 15, 10 and 5: cumulative shares of 70.0%, 85.0%, 95.0% and 100.0%; the first two "
        "are A, as the second crosses 80.0%, the third is B, the last C."
    ),
    source=_SOURCE,
    bound=_BOUND,
    options=_OPTIONS,
    owner="Merchandising",
)

CELLS: Final = Analysis(
    name="class_cells",
    label="ABC-XYZ matrix",
    question="How many products, what sales and what stock are in each class?",
    grain="One of the nine pairs of an ABC and an XYZ class, also where no product is in it.",
    fields={
        "abc": Field(meaning=_ABC),
        "xyz": Field(meaning=_XYZ),
        "products": Field(meaning="Products in both classes.", unit=Unit.COUNT),
        "net_sales": Field(meaning="Their net sales in the window.", unit=Unit.MONEY),
        "stock_value": Field(meaning="Their stock at cost on the last recorded evening.", unit=Unit.MONEY),
    },
    keys=("abc", "xyz"),
    build=_build_cells,
    formula=_FORMULA,
    example=(
        "Two products are in A and X, with net sales of 700.00 and 200.00 and stock worth 50.00 and 30.00: "
        "700.00 + 200.00 = 900.00 and 50.00 + 30.00 = 80.00."
    ),
    source=_SOURCE,
    bound=_BOUND,
    options=_OPTIONS,
    owner="Merchandising",
)
