"""What to order: stock, demand, lead time, safety stock, reorder point and the quantity of each product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.inventory.demand import WINDOW_DAYS, daily_sd, daily_units
from ecombi.inventory.positions import kept_positions, positions
from ecombi.inventory.receipts import RECEIPTS, lead_mean, lead_sd
from ecombi.metrics.analysis import Analysis, Field
from ecombi.metrics.definitions import Unit

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from ecombi.metrics.tables import Tables


def _build(
    t: Tables,
    *,
    until: ir.Value,
    z: ir.Value,
    review_days: ir.Value,
    cover_days: ir.Value,
    window_days: int,
    receipts: int,
    kept: bool,
) -> ir.Table:
    rows = kept_positions(t) if kept else positions(t, until, window_days=window_days, receipts=receipts)
    advised = _advised(_measured(rows), z, review_days, cover_days)
    products = t.products.select("category", named="sku", product_name="name")
    suppliers = t.suppliers.select(named_supplier="supplier_id", supplier_name="name")
    named = advised.left_join(products, advised["product"] == products["named"])
    named = named.left_join(suppliers, named["supplier"] == suppliers["named_supplier"])
    return named.select(*REORDER.fields)


def _measured(rows: ir.Table) -> ir.Table:
    """Return stock, demand and lead time of each product."""
    import ibis

    free = rows["on_hand"] - rows["committed"]
    demand = daily_units(rows)
    on_shelf = ibis.greatest(rows["on_hand"], 0).cast("decimal(18, 0)")
    return rows.select(
        "on_hand",
        "committed",
        "incoming",
        product=rows["sku"],
        supplier=rows["supplier_id"],
        available=free,
        position=free + rows["incoming"],
        daily_units=demand,
        daily_sd=daily_sd(rows),
        lead_days=lead_mean(rows),
        lead_sd=lead_sd(rows),
        days_left=free.cast("float64") / demand.nullif(0),
        stock_value=(on_shelf * rows["unit_cost"]).cast("decimal(38, 4)"),
        is_negative=rows["on_hand"] < 0,
    )


def _advised(rows: ir.Table, z: ir.Value, review_days: ir.Value, cover_days: ir.Value) -> ir.Table:
    """Add safety stock, reorder point and what to order."""
    import ibis

    interval = rows["lead_days"] + review_days.cast("float64")
    demand, spread, lead_spread = rows["daily_units"], rows["daily_sd"], rows["lead_sd"]
    variance = interval * spread * spread + demand * demand * lead_spread * lead_spread
    rows = rows.mutate(interval=interval, safety_stock=z * variance.sqrt())
    rows = rows.mutate(reorder_point=rows["daily_units"] * rows["interval"] + rows["safety_stock"])
    level = rows["reorder_point"] + rows["daily_units"] * cover_days.cast("float64")
    missing = (level - rows["position"].cast("float64")).ceil().cast("int64")
    at_point = rows["position"].cast("float64") <= rows["reorder_point"]
    quantity = ibis.cases((at_point, ibis.greatest(missing, 0)), (~at_point, 0)).cast("int64")
    rows = rows.mutate(order_quantity=quantity)
    return rows.mutate(reorder=(rows["order_quantity"] > 0).fill_null(False))


REORDER: Final = Analysis(
    name="reorder",
    definition_version=2,
    label="Reorder advice",
    question="What has to be ordered now, and how much of it?",
    grain="One product with stock recorded on the last recorded evening before `until`.",
    fields={
        "product": Field(meaning="Stock keeping unit."),
        "product_name": Field(meaning="Its name today; none where the shop does not name it."),
        "category": Field(meaning="Its category today; none where the shop has none."),
        "supplier": Field(meaning="Supplier of its last purchase order; none where nothing was ever ordered."),
        "supplier_name": Field(meaning="The supplier's name."),
        "on_hand": Field(meaning="Units in the warehouse in the evening.", unit=Unit.COUNT),
        "committed": Field(meaning="Units sold and not yet shipped.", unit=Unit.COUNT),
        "available": Field(meaning="On hand − committed; negative where more was sold than there is.", unit=Unit.COUNT),
        "incoming": Field(meaning="Units ordered from suppliers and not yet received.", unit=Unit.COUNT),
        "position": Field(meaning="Inventory position: on hand − committed + incoming.", unit=Unit.COUNT),
        "daily_units": Field(
            meaning="Units wanted per day; 0 without a sale, no value where it never had stock; see demand.",
            unit=Unit.COUNT,
        ),
        "daily_sd": Field(meaning="Sample standard deviation of the units of a day; see demand.", unit=Unit.COUNT),
        "lead_days": Field(
            meaning="Mean lead time of the supplier's last deliveries, in calendar days; no value before the first. "
            "Open orders are left out.",
            unit=Unit.DAYS,
        ),
        "lead_sd": Field(meaning="Its sample standard deviation; no value before the second delivery.", unit=Unit.DAYS),
        "safety_stock": Field(
            meaning="Units kept against surprises; no value where demand or lead time, or how they vary, is unknown.",
            unit=Unit.COUNT,
        ),
        "reorder_point": Field(meaning="Order when the position is at or below it.", unit=Unit.COUNT),
        "days_left": Field(
            meaning="Days the available units last: available ÷ daily units. Negative where more was sold than there "
            "is; no value without sales.",
            unit=Unit.DAYS,
        ),
        "order_quantity": Field(
            meaning="Units to order now, up to the demand of lead time, review and cover with the safety stock. 0 "
            "above the reorder point; no value where that is unknown.",
            unit=Unit.COUNT,
        ),
        "reorder": Field(meaning="Whether there is something to order now."),
        "stock_value": Field(
            meaning="Units on hand at the cost of the evening; a negative stock is worth 0.", unit=Unit.MONEY
        ),
        "is_negative": Field(meaning="Whether the stock on hand is recorded below 0: a count that is wrong."),
    },
    keys=("product",),
    build=_build,
    formula=(
        "Safety stock = z · √((L + R)·σ_d² + d²·σ_L²). Reorder point = d·(L + R) + safety stock. Order quantity = "
        "reorder point + d·cover − position, rounded up, where the position is at or below the reorder point. d: "
        "daily demand, L: lead time, R: days between two reviews; all in calendar days."
    ),
    example=(
        "100 units a day with a standard deviation of 20, lead time 7 days with 2, z 1.65: 1.65 × √(7 × 20² + "
        "100² × 2²) = 341.4 safety stock, 100 × 7 + 341.4 = 1,041.4 reorder point."
    ),
    source=(
        "https://opexsociety.org/body-of-knowledge/safety-stock-calculations-risky-demand-lead-time-service-level/"
    ),
    bound={"until": "date", "z": "float64", "review_days": "int64", "cover_days": "int64"},
    options={"window_days": WINDOW_DAYS, "receipts": RECEIPTS, "kept": False},
    owner="Merchandising",
)
