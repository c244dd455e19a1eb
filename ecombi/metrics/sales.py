"""The sales metrics: one literal each, over the ledger."""

from __future__ import annotations

from typing import Final

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
    example="20.00 + 40.00 + 10.00 = 70.00",
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
    example="70.00 − 2.00 − 9.00 = 59.00",
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
        "they are used), gift cards used (a way to pay), fees, chargebacks and corrections that belong to no "
        "order."
    ),
    example="59.00 + 9.80 + 1.50 + 5.00 = 75.30",
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
        "An order with goods in two categories counts once in each and once in the total. Cancelled orders "
        "are in. Left out: orders of gift cards only, returns and credit notes, sales without an order number."
    ),
    example="A1, A2 and A4 = 3",
    source="https://www.vendure.io/marketplace/metrics",
    kinds=(Kind.SALE,),
)

_order_value: Final = Measure(
    name="order_value",
    label="Gross sales − discounts",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="Gross sales − discounts.",
    description="What goods cost when they were ordered. Left out: returns, tax, shipping.",
    example="70.00 − 2.00 = 68.00",
    source=_SHOPIFY,
    kinds=(Kind.SALE, Kind.DISCOUNT),
)

aov: Final = Ratio(
    name="aov",
    label="Average order value",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="(Gross sales − discounts) ÷ orders.",
    description=(
        "Goods per order, as ordered: a later return does not move it. A discount given later counts on its own day "
        "when booked, and with its order when ordered. Left out: returns, tax, shipping, orders of gift cards only."
    ),
    example="(70.00 − 2.00) ÷ 3 = 22.67",
    source="https://www.vendure.io/marketplace/metrics (the variant without tax)",
    numerator=_order_value,
    denominator=orders,
)

units: Final = Measure(
    name="units",
    label="Units sold",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Sum of the quantities sold.",
    description="Left out: units returned (see units_returned), gift cards, stock written off.",
    example="2 + 1 + 1 = 4",
    source=_SHOPIFY,
    owner="Merchandising",
    kinds=(Kind.SALE,),
    column="qty",
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
    column="qty",
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
    example="1 ÷ 4 = 25.0%",
    source="Composed from units_returned and units.",
    owner="Merchandising",
    numerator=units_returned,
    denominator=units,
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
    example="8.00 + 25.00 − 4.00 = 29.00",
    source="https://kb.triplewhale.com/en/articles/6127778-summary-page-metrics-library",
    kinds=(Kind.SALE, Kind.RETURN),
    column="cost_amount",
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
    example="59.00 − 29.00 = 30.00",
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
    example="30.00 ÷ 59.00 = 50.8%",
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
    example="(20.00 − 2.00 − 9.00) + 40.00 = 49.00",
    source=_SHOPIFY,
    kinds=_GOODS,
    column="costed_amount",
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
    example="(20.00 − 2.00 − 9.00 + 40.00) ÷ 59.00 = 83.1%",
    source="net_sales_with_cost_recorded in " + _SHOPIFY,
    numerator=_costed_sales,
    denominator=net_sales,
)
