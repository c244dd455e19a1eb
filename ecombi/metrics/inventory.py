"""The inventory metrics: one literal each, over the stock at the end of each day."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ecombi.metrics.definitions import DaysMeasure, Direction, Formula, Measure, Ratio, SnapshotMeasure, Unit
from ecombi.metrics.marts import INVENTORY, LEDGER
from ecombi.metrics.purchasing import units_received
from ecombi.metrics.sales import cost_of_goods, units

if TYPE_CHECKING:
    import ibis.expr.types as ir

_OWNER: Final = "Operations"
_SHOPIFY: Final = (
    "https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/default-reports/"
    "inventory-reports"
)
_TURNOVER: Final = (
    "https://sellercloud.com/blog/apply-the-inventory-turnover-formula-to-assess-your-e-commerce-business/"
)
_SELL_THROUGH: Final = "https://help-qa.weimobgro.com/docs/expand-genstore-analytics-reports-inventory-daily"
_STOCK_OUTS: Final = "Composed from the stock at the end of each day; Shopify's notes on negative stock."


def _available(row: ir.Table) -> ir.Value:
    return row["on_hand"] - row["committed"]


def _value(row: ir.Table) -> ir.Value:
    import ibis

    return ibis.greatest(row["on_hand"], 0) * row["unit_cost"]


def _is_out(row: ir.Table) -> ir.Value:
    return _available(row) <= 0


def _is_negative(row: ir.Table) -> ir.Value:
    return row["on_hand"] < 0


def _days_left(
    available: ir.FloatingColumn,
    sold: ir.FloatingColumn,
    days: ir.FloatingColumn,
    out: ir.FloatingColumn,
    listed: ir.FloatingColumn,
) -> ir.Value:
    in_stock = days * (listed - out) / listed.nullif(0)
    return available / (sold / in_stock.nullif(0)).nullif(0)


def _sold_of_supply(sold: ir.FloatingColumn, starting: ir.FloatingColumn, received: ir.FloatingColumn) -> ir.Value:
    return sold / (starting + received).nullif(0)


def _sold_of_both(sold: ir.FloatingColumn, ending: ir.FloatingColumn) -> ir.Value:
    return sold / (sold + ending).nullif(0)


on_hand: Final = SnapshotMeasure(
    name="on_hand",
    label="Stock on hand",
    unit=Unit.COUNT,
    direction=Direction.NEUTRAL,
    formula="Units in the warehouse at the end of the last recorded day.",
    description="Sold units are in until they leave (see available). Left out: units on their way in (see incoming).",
    example="10 + 5 = 15",
    source=_SHOPIFY,
    owner=_OWNER,
    mart=INVENTORY,
    value="on_hand",
)

committed: Final = replace(
    on_hand,
    name="committed",
    label="Committed stock",
    formula="Units sold and not yet shipped at the end of the last recorded day.",
    description="They are still on hand, unless more was sold than there was.",
    example="1 + 0 = 1",
    value="committed",
)

available: Final = replace(
    on_hand,
    name="available",
    label="Available stock",
    formula="Units on hand − committed units, at the end of the last recorded day.",
    description="What can still be sold. Negative where more was sold than there was. Left out: incoming units.",
    example="(10 − 1) + (5 − 0) = 14",
    value=_available,
)

incoming: Final = replace(
    on_hand,
    name="incoming",
    label="Incoming stock",
    formula="Units ordered from suppliers and not yet received, at the end of the last recorded day.",
    description="Kept apart from available stock: nobody can buy it yet.",
    example="10 + 1 = 11",
    value="incoming",
)

stock_value: Final = replace(
    on_hand,
    name="stock_value",
    label="Stock value",
    unit=Unit.MONEY,
    formula="Units on hand × unit cost, at the end of the last recorded day.",
    description=(
        "At the cost of that day. Negative stock counts as 0 (see negative_stock_days). Left out: incoming units."
    ),
    example="10 × 4.00 + 5 × 25.00 = 165.00",
    value=_value,
)

_stock_value_days: Final = Measure(
    name="stock_value_days",
    label="Stock value, summed over days",
    unit=Unit.MONEY,
    direction=Direction.NEUTRAL,
    formula="Sum over days of units on hand × unit cost.",
    description="Negative stock counts as 0.",
    example="50.00 + 61.00 + 165.00 = 276.00",
    source=_TURNOVER,
    owner=_OWNER,
    mart=INVENTORY,
    value=_value,
)

_recorded_days: Final = DaysMeasure(
    name="stock_days",
    label="Days with recorded stock",
    unit=Unit.DAYS,
    direction=Direction.NEUTRAL,
    formula="Number of days on which any stock is recorded.",
    description="The same for every part.",
    example="3, 4 and 5 November = 3 days",
    source=_TURNOVER,
    owner=_OWNER,
    mart=INVENTORY,
)

_days: Final = replace(
    _recorded_days,
    name="days",
    label="Days",
    formula="Number of days, from the first to the last one with recorded stock or an event of the ledger.",
    description="Also days between on which nothing was recorded, as where stock is counted once a week.",
    spans=(INVENTORY, LEDGER),
)

average_stock_value: Final = Ratio(
    name="average_stock_value",
    label="Average stock value",
    unit=Unit.MONEY,
    direction=Direction.NEUTRAL,
    formula="Stock value at the end of each day, averaged over the recorded days.",
    description=(
        "Of every day, not only the first and the last. A product not listed on a day has no stock that day. Negative "
        "stock counts as 0 (see negative_stock_days)."
    ),
    example="(50.00 + 61.00 + 165.00) ÷ 3 = 92.00",
    source=_TURNOVER,
    owner=_OWNER,
    numerator=_stock_value_days,
    denominator=_recorded_days,
)

inventory_turnover: Final = Ratio(
    name="inventory_turnover",
    label="Inventory turnover",
    unit=Unit.TIMES,
    direction=Direction.UP,
    formula="Cost of goods ÷ average stock value.",
    description=(
        "How often the stock was sold in the period: it is not scaled to a year, so compare periods of equal length. "
        "Both at cost. Negative stock counts as 0. Goods without a known cost are left out of the cost of goods."
    ),
    example="33.00 ÷ 92.00 = 0.36×",
    source=_TURNOVER,
    owner=_OWNER,
    numerator=cost_of_goods,
    denominator=average_stock_value,
)

days_in_inventory: Final = Ratio(
    name="days_in_inventory",
    definition_version=2,
    label="Days in inventory",
    unit=Unit.DAYS,
    direction=Direction.DOWN,
    formula="Days ÷ inventory turnover, which is cost of goods ÷ average stock value.",
    description=(
        "How long goods lie before they are sold (DIO). It looks back, by cost: see days_of_inventory for how long the "
        "stock will last. The days are those of the period, up to the last one with recorded stock or sales, however "
        "often stock is recorded. Goods without a known cost are left out of the cost of goods."
    ),
    example="3 ÷ (33.00 ÷ 92.00) = 8.4 days",
    source=_TURNOVER,
    owner=_OWNER,
    numerator=_days,
    denominator=inventory_turnover,
)

_listed_days: Final = Measure(
    name="listed_days",
    label="Product-days listed",
    unit=Unit.COUNT,
    direction=Direction.NEUTRAL,
    formula="Number of days on which a product is listed, over all products.",
    description="A product is listed on the days its stock is recorded.",
    example="2 + 2 + 2 = 6",
    source=_STOCK_OUTS,
    owner=_OWNER,
    mart=INVENTORY,
    value=None,
)

stock_out_days: Final = Measure(
    name="stock_out_days",
    label="Stock-out days",
    unit=Unit.COUNT,
    direction=Direction.DOWN,
    formula="Number of days that ended with nothing available of a listed product, over all products.",
    description="Two products without stock for a day are two. Overselling counts. Left out: delisted products.",
    example="The mug on 3 November = 1",
    source=_STOCK_OUTS,
    owner=_OWNER,
    mart=INVENTORY,
    where=_is_out,
    value=None,
)

negative_stock_days: Final = replace(
    stock_out_days,
    name="negative_stock_days",
    label="Days of negative stock",
    formula="Number of days that ended with less than 0 on hand of a product, over all products.",
    description="Stock cannot be negative: something was not booked. These days count as 0 in every stock value.",
    example="None = 0",
    where=_is_negative,
)

stock_out_rate: Final = Ratio(
    name="stock_out_rate",
    label="Stock-out rate",
    unit=Unit.RATE,
    direction=Direction.DOWN,
    formula="Stock-out days ÷ days listed, over all products.",
    description=(
        "Every product weighs the same, however little it sells; the analysis stock_outs weighs each by its demand. A "
        "product is listed on the days its stock is recorded; delisted ones are left out. Overselling counts as out "
        "of stock."
    ),
    example="1 ÷ 6 = 16.7%",
    source=_STOCK_OUTS,
    owner=_OWNER,
    numerator=stock_out_days,
    denominator=_listed_days,
)

days_of_inventory: Final = Formula(
    name="days_of_inventory",
    definition_version=2,
    label="Days of inventory left",
    unit=Unit.DAYS,
    direction=Direction.NEUTRAL,
    formula="Available stock ÷ (units sold ÷ (days × (1 − stock-out rate))).",
    description=(
        "How long the available stock lasts at the pace of the period. Days out of stock are left out of the pace: for "
        "one product listed throughout it is units sold per day in stock. The days are those of the period, up to the "
        "last one with recorded stock or sales; the stock-out rate is that of the days whose stock is recorded. "
        "Committed and incoming units are left out of the stock. Negative where more was sold than there is."
    ),
    example="14 ÷ (5 ÷ (3 × (1 − 1 ÷ 6))) = 7.0 days",
    source=_SHOPIFY,
    owner=_OWNER,
    terms=(available, units, _days, stock_out_days, _listed_days),
    compute=_days_left,
    no_value="No value where nothing was sold, nothing was in stock on any day, or no stock is recorded.",
)

_opening_stock: Final = replace(
    on_hand,
    name="opening_stock",
    label="Opening stock",
    formula="Units in the warehouse on the evening before the first recorded day.",
    description="The evening before the first day of the period, where it is recorded.",
    example="1 + 2 = 3",
    at="opening",
)

sell_through: Final = Formula(
    name="sell_through",
    definition_version=2,
    label="Sell-through",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Units sold ÷ (units on hand on the evening before the first recorded day + units received since).",
    description=(
        "The share of all that could have been sold. Units that customers sent back are not taken off what was sold "
        "(see units_returned). Left out of what was received: goods back from customers."
    ),
    example="5 ÷ (3 + 14) = 29.4%",
    source=_SELL_THROUGH,
    owner=_OWNER,
    terms=(units, _opening_stock, units_received),
    compute=_sold_of_supply,
    no_value="No value where no evening before a day of the period is recorded, or there was nothing to sell.",
)

percent_sold: Final = Ratio(
    name="percent_sold",
    label="Percent sold",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Units sold ÷ units on hand on the evening before the first recorded day.",
    description=(
        "Above 100% where units received in the period were sold too, negative where the stock was. See sell_through, "
        "which has what was received in its denominator."
    ),
    example="5 ÷ 3 = 166.7%",
    source=_SELL_THROUGH,
    owner=_OWNER,
    numerator=units,
    denominator=_opening_stock,
)

sold_share: Final = Formula(
    name="sold_share",
    label="Sold share",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Units sold ÷ (units sold + units on hand at the end of the period).",
    description="A common variant of sell_through, which needs no receipts: what is left stands for what there was.",
    example="5 ÷ (5 + 15) = 25.0%",
    source="https://support.cloudlab.com/portal/en/kb/articles/whats-new-november-2022",
    owner=_OWNER,
    terms=(units, on_hand),
    compute=_sold_of_both,
    no_value="No value where no day of the period is recorded, or nothing was sold and nothing is left.",
)
