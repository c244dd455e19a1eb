"""Where each product stands: its stock, the sums of its demand and those of its supplier's deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.inventory.days import shifted
from ecombi.inventory.demand import WINDOW_DAYS, demand_sums
from ecombi.inventory.receipts import RECEIPTS, lead_time_sums, supplier_of
from ecombi.metrics.analysis import Analysis, Field
from ecombi.schema import tables

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from ecombi.metrics.tables import Tables


def product_positions(t: Tables) -> ir.Table:
    """Return the rows of the table `product_positions`: as of the day after the last recorded evening.

    They are kept after each load, so that advice for that day need not read the history.
    """
    day_after = shifted(t.inventory_daily["day"].max().as_scalar(), 1)
    return positions(t, day_after, window_days=WINDOW_DAYS, receipts=RECEIPTS)


def kept_positions(t: Tables) -> ir.Table:
    """Return the same from the table where it is known and may be seen, else computed from what is and may."""
    kept = t.kept(tables.product_positions)
    return product_positions(t) if kept is None else kept


def positions(t: Tables, until: ir.Value, *, window_days: int, receipts: int) -> ir.Table:
    """Return one row per product with stock recorded on the last recorded evening before a day.

    Args:
        t: The tables.
        until: The first day that does not count, a date.
        window_days: Days before it that demand is measured over.
        receipts: How many of a supplier's last deliveries its lead time is taken from.

    Returns:
        The columns of the table `product_positions`: whole numbers and the cost as recorded, so that what is computed
        from them is the same on every engine. Demand is null where no morning of the window is recorded.
    """
    recorded = t.inventory_daily
    recorded = recorded.filter(recorded["day"] < until)
    stock = recorded.filter(recorded["day"] == recorded["day"].max().as_scalar())
    stock = stock.select("sku", "on_hand", "committed", "incoming", "unit_cost", stock_on=stock["day"])
    demand = demand_sums(t, until, window_days=window_days)
    supplier = supplier_of(t, until)
    lead = lead_time_sums(t, until, receipts=receipts)
    known = stock.left_join(demand, "sku").drop("sku_right")
    known = known.left_join(supplier, "sku").drop("sku_right")
    known = known.left_join(lead, "supplier_id").drop("supplier_id_right")
    return known.select(*tables.product_positions.columns.keys())


def _build(t: Tables) -> ir.Table:
    return t.inventory_daily.aggregate(last_evening=t.inventory_daily["day"].max())


STOCK_DAY: Final = Analysis(
    name="stock_day",
    label="Last recorded stock",
    question="Up to which evening is stock recorded?",
    grain="One row.",
    fields={"last_evening": Field(meaning="The last day with recorded stock; none where none is recorded.")},
    keys=(),
    build=_build,
    formula="The latest day of the recorded stock.",
    source="Composed from the stock at the end of each day.",
    owner="Merchandising",
)
