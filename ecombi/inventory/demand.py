"""Demand per product and day: what sells on the days on which there is something to sell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.inventory.days import earlier, shifted
from ecombi.inventory.moments import ratio, sample_sd
from ecombi.metrics.analysis import Analysis, Field
from ecombi.metrics.definitions import Unit
from ecombi.schema.kinds import Kind

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from ecombi.metrics.tables import Tables

WINDOW_DAYS: Final = 56
"""Days that demand is measured over: eight of each weekday."""

ROLLUP: Final = "products_by_day"
"""The rollup with one row per product and day."""


def sold(t: Tables, since: ir.Value, until: ir.Value, *, rollup: bool = False) -> ir.Table:
    """Return the units of each product ordered on each day of since <= day < until.

    Args:
        t: The tables.
        since: First day, a date.
        until: The first day that does not count, a date.
        rollup: Sums kept after the load stand for the ledger; only where all of it may be seen, as it is now.

    Returns:
        sku, day, units (int64): one row per product and day with a sale, gift cards left out.
    """
    if rollup:
        rows = kept_sums(since, until)
        return rows.filter(rows["units"].notnull()).select("sku", "day", "units")
    rows = t.ledger
    rows = rows.filter(
        rows["kind"] == Kind.SALE.value, rows["sku"].notnull(), rows["order_on"] >= since, rows["order_on"] < until
    )
    return rows.aggregate(by={"sku": rows["sku"], "day": rows["order_on"]}, units=rows["qty"].sum().cast("int64"))


def kept_sums(since: ir.Value, until: ir.Value) -> ir.Table:
    """Return the sums kept of each product and day of order: sku, day, and a column for each measure of the ledger."""
    from ecombi.metrics.rollups import ROLLUPS
    from ecombi.metrics.tables import unbound

    kept = unbound(ROLLUPS[ROLLUP].table)
    rows = kept.filter(kept["basis"] == "ordered", kept["day"] >= since, kept["day"] < until)
    return rows.filter(rows["product"].notnull()).rename(sku="product")


def demand_sums(t: Tables, until: ir.Value, *, window_days: int, rollup: bool = False) -> ir.Table:
    """Return what the demand of each product is computed from.

    A day counts when the product had stock in the morning (available > 0 on the evening before) or sold something.
    Days whose morning nobody recorded do not count, nor do their sales: before the product came into the range, or
    where the record has a gap. A product nobody recorded the stock of counts every day of the window.

    Returns:
        sku, days (that count), stock_out_days (recorded, that do not count), units, unit_squares, all int64: one row
        per product with a sale or a recorded morning.
    """
    since = shifted(until, -window_days)
    sales = sold(t, since, until, rollup=rollup)
    evenings = t.inventory_daily
    evenings = evenings.filter(
        evenings["day"] >= shifted(until, -window_days - 1), evenings["day"] < shifted(until, -1)
    )
    mornings = evenings.select(
        "sku", on=shifted(evenings["day"], 1), stocked=evenings["on_hand"] - evenings["committed"] > 0
    )
    by_day = mornings.left_join(sales, [mornings["sku"] == sales["sku"], mornings["on"] == sales["day"]])
    by_day = by_day.select("sku", "stocked", units=by_day["units"].fill_null(0))
    counts = (by_day["stocked"] | (by_day["units"] > 0)).ifelse(1, 0)
    recorded = by_day.aggregate(
        by="sku",
        days=counts.sum().cast("int64"),
        stock_out_days=(1 - counts).sum().cast("int64"),
        units=by_day["units"].sum().cast("int64"),
        unit_squares=(by_day["units"] * by_day["units"]).sum().cast("int64"),
    )
    return recorded.union(_unrecorded(sales.anti_join(mornings, "sku"), window_days))


def _unrecorded(sales: ir.Table, window_days: int) -> ir.Table:
    """Return the sums of products that nobody recorded the stock of: every day counts."""
    import ibis

    sums = sales.aggregate(
        by="sku",
        units=sales["units"].sum().cast("int64"),
        unit_squares=(sales["units"] * sales["units"]).sum().cast("int64"),
    )
    return sums.select(
        "sku",
        "units",
        "unit_squares",
        days=ibis.literal(window_days, "int64"),
        stock_out_days=ibis.literal(0, "int64"),
    ).select("sku", "days", "stock_out_days", "units", "unit_squares")


def daily_units(row: ir.Table) -> ir.Value:
    """Return the demand of a day from `demand_sums`, a float: 0 without a sale, null where no day counts."""
    return ratio(row["units"], row["days"])


def daily_sd(row: ir.Table) -> ir.Value:
    """Return the standard deviation of a day's demand from `demand_sums`; null where fewer than two days count."""
    return sample_sd(row["days"], row["units"], row["unit_squares"])


def _build(t: Tables, *, until: ir.Value, final_until: ir.Value, window_days: int, rollup: bool) -> ir.Table:
    sums = demand_sums(t, earlier(until, final_until), window_days=window_days, rollup=rollup)
    names = t.products.select(named="sku", product_name="name")
    rows = sums.left_join(names, sums["sku"] == names["named"])
    return rows.select(
        "product_name",
        "units",
        "days",
        "stock_out_days",
        product=rows["sku"],
        daily_units=daily_units(rows),
        daily_sd=daily_sd(rows),
    ).select(*DEMAND.fields)


DEMAND: Final = Analysis(
    name="demand",
    label="Demand",
    question="How much of each product is wanted on a day?",
    grain="One product with a sale or recorded stock in the window.",
    fields={
        "product": Field(meaning="Stock keeping unit."),
        "product_name": Field(meaning="Its name today; none where the shop does not name it."),
        "units": Field(meaning="Units ordered on the days that count.", unit=Unit.COUNT),
        "days": Field(
            meaning="Days that count: with stock in the morning, or with a sale. All where nobody recorded the stock.",
            unit=Unit.COUNT,
        ),
        "stock_out_days": Field(meaning="Days without stock in the morning and without a sale.", unit=Unit.COUNT),
        "daily_units": Field(
            meaning="Units wanted per day that counts; 0 without a sale, no value where no day counts.",
            unit=Unit.COUNT,
        ),
        "daily_sd": Field(
            meaning="Sample standard deviation of the units of a day; no value where fewer than two days count.",
            unit=Unit.COUNT,
        ),
    },
    keys=("product",),
    build=_build,
    formula=(
        "Units ordered on the days that count ÷ days that count, by day of order. The window ends before `until`, or "
        "before the first day that is not final."
    ),
    example="Of 56 days 6 had neither stock nor a sale; 100 units in the other 50: 100 ÷ 50 = 2.0 a day.",
    source="https://help.getklar.com/en/articles/10391829-inventory-report (days without stock are left out)",
    bound={"until": "date", "final_until": "date"},
    options={"window_days": WINDOW_DAYS, "rollup": False},
    owner="Merchandising",
)
