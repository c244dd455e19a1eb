"""The sales metrics: one literal each, over the ledger."""

from __future__ import annotations

from typing import Final

from ecombi.metrics.conditions import (
    RETURN_DAYS,
    came_back_in_time,
    has_cost,
    is_original,
    original_until,
    saleless_since,
)
from ecombi.metrics.definitions import Difference, Direction, DistinctMeasure, Measure, Ratio, Unit
from ecombi.schema.kinds import Kind

_GOODS: Final = (Kind.SALE, Kind.DISCOUNT, Kind.RETURN)
_SHIPPING: Final = (Kind.SHIPPING, Kind.SHIPPING_DISCOUNT, Kind.SHIPPING_REFUND)
_TAX: Final = (Kind.TAX, Kind.TAX_REFUND)
_SHOPIFY: Final = (
    "Shopify's sales reports: https://shopify.dev/docs/api/shopifyql/latest/schemas/sales_revenue/sales.md"
)


gross_sales: Final = Measure(
    name="gross_sales",
    label="Gross sales",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="Sum of quantity × unit price of all goods sold.",
    description=(
        "Goods at the price before discounts, without tax. Unpaid, pending and cancelled orders are in; a "
        "cancelled order comes out again as a return. Left out: tax, shipping, duties, gift cards sold, fees "
        "and corrections that belong to no order."
    ),
    example="20.00 + 40.00 + 10.00 + 10.00 = 80.00",
    source=_SHOPIFY,
    kinds=(Kind.SALE,),
)

discounts: Final = Measure(
    name="discounts",
    label="Discounts",
    unit=Unit.MONEY,
    direction=Direction.NEUTRAL,
    formula="Sum of line discounts and of each line's share of order discounts, as a positive figure.",
    description=(
        "What was taken off the price of goods, before tax. Left out: discounts on shipping, which lower "
        "shipping, and crossed-out prices, which were never charged."
    ),
    example="2.00 = 2.00",
    source=_SHOPIFY,
    kinds=(Kind.DISCOUNT,),
    sign=-1,
)

returns: Final = Measure(
    name="returns",
    label="Returns",
    unit=Unit.MONEY,
    direction=Direction.DOWN,
    formula="Sum of what was refunded for goods, as a positive figure.",
    description=(
        "Goods coming back, at what was paid for them. Booked: on the day of the refund. Ordered: on the day "
        "the goods were ordered. Left out: refunded tax and shipping, chargebacks."
    ),
    example="9.00 = 9.00",
    source="https://help.bythenumbersapp.com/article/43-reporting-methodology (day of the refund)",
    kinds=(Kind.RETURN,),
    sign=-1,
)

net_sales: Final = Measure(
    name="net_sales",
    label="Net sales",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="Gross sales − discounts − returns.",
    description=(
        "What goods brought in after discounts and returns. Negative where more came back than was sold. Left"
        " out: tax, shipping, duties, gift cards sold, fees."
    ),
    example="80.00 − 2.00 − 9.00 = 69.00",
    source="https://help.peelinsights.com/docs/revenue (Shopify's definition)",
    kinds=_GOODS,
)

shipping: Final = Measure(
    name="shipping",
    label="Shipping",
    unit=Unit.MONEY,
    direction=Direction.NEUTRAL,
    formula="Shipping charges − shipping discounts − refunded shipping.",
    description="What customers paid for delivery. Left out: what carriers charged the shop, tax on shipping.",
    example="5.00 + 5.00 − 5.00 = 5.00",
    source="https://help.peelinsights.com/docs/revenue (Shopify's definition)",
    kinds=_SHIPPING,
)

duties: Final = Measure(
    name="duties",
    label="Duties",
    unit=Unit.MONEY,
    direction=Direction.NEUTRAL,
    formula="Sum of duties charged.",
    description="Import duties customers paid with their orders. Left out: tax.",
    example="1.50 = 1.50",
    source=_SHOPIFY,
    kinds=(Kind.DUTY,),
)

tax: Final = Measure(
    name="tax",
    label="Tax",
    unit=Unit.MONEY,
    direction=Direction.NEUTRAL,
    formula="Tax charged − tax refunded.",
    description="Tax on goods and shipping. Left out: duties, and tax that the shop pays itself.",
    example="3.60 + 8.00 − 1.80 = 9.80",
    source="https://intercom.help/polar-app/en/articles/6665698-shopify-terms-definitions",
    kinds=_TAX,
)

total_sales: Final = Measure(
    name="total_sales",
    label="Total sales",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="Net sales + tax + duties + shipping.",
    description=(
        "Everything customers were charged, less what they got back. Left out: gift cards sold (a debt until "
        "they are used), gift cards used (a way to pay), tips, fees, chargebacks and corrections that belong to no "
        "order."
    ),
    example="69.00 + 9.80 + 1.50 + 5.00 = 85.30",
    source="https://intercom.help/polar-app/en/articles/6665698-shopify-terms-definitions",
    kinds=(*_GOODS, *_TAX, Kind.DUTY, *_SHIPPING),
)

orders: Final = DistinctMeasure(
    name="orders",
    label="Orders",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Number of different orders with at least one sale.",
    description=(
        "An order counts on the day of its first sale, and not again where goods are added later, as in an exchange. "
        "With goods in two categories it counts once in each and once in the total. Cancelled orders are in. Left out: "
        "orders of gift cards only, returns and credit notes, sales without an order number."
    ),
    definition_version=2,
    example="A1, A2, A4 and A5 = 4",
    source="https://www.vendure.io/marketplace/metrics",
    kinds=(Kind.SALE,),
    where=is_original,
    needs=(original_until,),
    splits=frozenset({"category", "product", "product_name"}),
)

_order_value: Final = Measure(
    name="order_value",
    label="Gross sales − discounts, original orders",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="Gross sales − discounts of the original orders.",
    description="What goods cost when ordered. Left out: what was added later, orders without a sale, returns, tax.",
    definition_version=3,
    example="80.00 − 2.00 = 78.00",
    source=_SHOPIFY,
    kinds=(Kind.SALE, Kind.DISCOUNT),
    where=is_original,
    needs=(original_until, saleless_since),
)

aov: Final = Ratio(
    name="aov",
    label="Average order value",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="(Gross sales − discounts) ÷ orders, of the original orders only.",
    description=(
        "Goods per order, as ordered: nothing later moves it. Left out: goods added after the day of an order's first "
        "sale, as in an exchange, discounts given after it, returns, tax, shipping, sales without an order number, "
        "orders of gift cards only."
    ),
    definition_version=3,
    example="(80.00 − 2.00) ÷ 4 = 19.50",
    source="https://www.vendure.io/marketplace/metrics (the variant without tax)",
    numerator=_order_value,
    denominator=orders,
)

_order_total: Final = Measure(
    name="order_total",
    label="Order totals, original orders",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="Gross sales − discounts + tax + duties + shipping charges − shipping discounts of the original orders.",
    description="What customers paid when ordering. Left out: what was added later, orders without a sale, refunds.",
    definition_version=3,
    example="78.00 + 11.60 + 1.50 + 10.00 − 5.00 = 96.10",
    source="https://www.vendure.io/marketplace/metrics",
    kinds=(Kind.SALE, Kind.DISCOUNT, Kind.TAX, Kind.DUTY, Kind.SHIPPING, Kind.SHIPPING_DISCOUNT),
    where=is_original,
    needs=(original_until, saleless_since),
)

average_order_total: Final = Ratio(
    name="average_order_total",
    label="Average order total",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="(Gross sales − discounts + tax + duties + shipping, as charged) ÷ orders, of the original orders only.",
    description=(
        "What an order costs its customer: aov with tax, duties and shipping. A later refund does not move it. Where "
        "goods or discounts were added after the day of an order's first sale, all that was charged later is out. Left "
        "out: refunds of any kind, gift cards sold, orders of gift cards only with what was charged for them, sales "
        "without an order number."
    ),
    definition_version=3,
    example="(78.00 + 11.60 + 1.50 + 5.00) ÷ 4 = 24.03",
    source="https://www.vendure.io/marketplace/metrics (the variant with tax)",
    numerator=_order_total,
    denominator=orders,
)

units: Final = Measure(
    name="units",
    label="Units sold",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Sum of the quantities sold.",
    description="Left out: units returned (see units_returned), gift cards, stock written off.",
    example="2 + 1 + 1 + 1 = 5",
    source=_SHOPIFY,
    owner="Merchandising",
    kinds=(Kind.SALE,),
    value="qty",
)

units_returned: Final = Measure(
    name="units_returned",
    label="Units returned",
    unit=Unit.COUNT,
    direction=Direction.DOWN,
    formula="Sum of the quantities that came back, as a positive figure.",
    description="Left out: refunds without goods, stock written off.",
    example="1 = 1",
    source=_SHOPIFY,
    owner="Merchandising",
    kinds=(Kind.RETURN,),
    value="qty",
    sign=-1,
)

return_rate: Final = Ratio(
    name="return_rate",
    label="Return rate",
    unit=Unit.RATE,
    direction=Direction.DOWN,
    formula="Units returned ÷ units sold.",
    description=(
        "Booked: units that came back in the period over units sold in it; it can exceed 100%. Ordered: the "
        "share of the units sold in the period that has come back since; it still rises while returns arrive."
    ),
    example="1 ÷ 5 = 20.0%",
    source="Composed from units_returned and units.",
    owner="Merchandising",
    numerator=units_returned,
    denominator=units,
)

_units_settled: Final = Measure(
    name="units_settled",
    label="Units sold that had 60 days to come back",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Sum of the quantities ordered at least 60 days ago.",
    description="Left out: units that can still come back in time.",
    example="2 + 1 + 1 + 1 = 5",
    source=_SHOPIFY,
    owner="Merchandising",
    kinds=(Kind.SALE,),
    value="qty",
    dated="ordered",
    matures_days=RETURN_DAYS,
)

_units_back: Final = Measure(
    name="units_back",
    label="Units returned within 60 days",
    unit=Unit.COUNT,
    direction=Direction.DOWN,
    formula="Sum of the quantities that came back within 60 days of their order, as a positive figure.",
    description="Left out: what came back later, and orders whose 60 days are not over.",
    example="1 + 1 = 2",
    source=_SHOPIFY,
    owner="Merchandising",
    kinds=(Kind.RETURN,),
    where=came_back_in_time,
    value="qty",
    sign=-1,
    dated="ordered",
    matures_days=RETURN_DAYS,
)

return_rate_60_days: Final = Ratio(
    name="return_rate_60_days",
    label="Return rate, 60 days",
    unit=Unit.RATE,
    direction=Direction.DOWN,
    formula="Units returned within 60 days of their order ÷ units ordered, by day of order.",
    description=(
        "How often what was ordered in the period came back, whatever the basis: the figure for product quality. Only "
        "orders 60 days before the last final day or earlier count, so no later return moves it. A unit swapped under "
        "warranty is a return and a sale. Left out: younger orders, later returns, refunds without goods."
    ),
    example="A1 one mug, A4 one card: (1 + 1) ÷ 5 = 40.0%",
    source="Composed from units_returned and units.",
    owner="Merchandising",
    numerator=_units_back,
    denominator=_units_settled,
)

cost_of_goods: Final = Measure(
    name="cost_of_goods",
    label="Cost of goods",
    unit=Unit.MONEY,
    direction=Direction.NEUTRAL,
    formula="Cost of goods sold − cost of goods that came back into stock, at the cost on the day of sale.",
    description=(
        "Returned goods that were scrapped keep their cost in. Left out: goods without a known cost (see "
        "cost_coverage), stock written off, carrier costs, fees."
    ),
    example="8.00 + 25.00 + 4.00 − 4.00 = 33.00",
    source="https://kb.triplewhale.com/en/articles/6127778-summary-page-metrics-library",
    kinds=(Kind.SALE, Kind.RETURN),
    value="cost_amount",
    nothing=None,
)

gross_margin: Final = Difference(
    name="gross_margin",
    label="Gross margin",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="Net sales − cost of goods.",
    description=(
        "What is left of net sales after the goods are paid for. Goods without a known cost count at no cost,"
        " so read it beside cost_coverage. Left out: fees, carrier costs, advertising."
    ),
    example="69.00 − 33.00 = 36.00",
    source=_SHOPIFY,
    minuend=net_sales,
    subtrahend=cost_of_goods,
)

gross_margin_rate: Final = Ratio(
    name="gross_margin_rate",
    label="Gross margin rate",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Gross margin ÷ net sales.",
    description="The share of net sales left after the goods are paid for. Read it beside cost_coverage.",
    example="36.00 ÷ 69.00 = 52.2%",
    source=_SHOPIFY,
    numerator=gross_margin,
    denominator=net_sales,
)

_costed_sales: Final = Measure(
    name="costed_sales",
    label="Net sales with a known cost",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="Gross sales − discounts − returns of the goods whose cost is known.",
    description="Left out: goods without a known cost.",
    example="(20.00 − 2.00 − 9.00) + 40.00 + 10.00 = 59.00",
    source=_SHOPIFY,
    kinds=_GOODS,
    where=has_cost,
)

cost_coverage: Final = Ratio(
    name="cost_coverage",
    label="Cost coverage",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Net sales of goods with a known cost ÷ net sales.",
    description=(
        "How far the margin can be trusted: 100% where the cost of everything sold is known. A discount or return "
        "counts as known where its goods' cost is. It is below 0% or above 100% only where more came back than was "
        "sold, of goods with or of goods without a known cost."
    ),
    example="(20.00 − 2.00 − 9.00 + 40.00 + 10.00) ÷ 69.00 = 85.5%",
    source="net_sales_with_cost_recorded in " + _SHOPIFY,
    numerator=_costed_sales,
    denominator=net_sales,
)
