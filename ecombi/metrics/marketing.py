"""The marketing metrics: one literal each, over advertising, beside sales and customers; and what it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.metrics.customers import customers, new_customers
from ecombi.metrics.definitions import Difference, Direction, Measure, Ratio, Unit
from ecombi.metrics.marts import AD_SPEND, ORDERS
from ecombi.metrics.parcels import shipping_cost
from ecombi.metrics.sales import gross_margin, net_sales
from ecombi.schema.kinds import Kind

if TYPE_CHECKING:
    import ibis.expr.types as ir

PAID_SOURCES: Final = (
    "affiliate",
    "display",
    "paid_search",
    "paid_shopping",
    "paid_social",
    "paid_video",
    "social",
)
"""The traffic sources a shop pays for: what ROAS and the paid acquisition cost are about."""

_OWNER: Final = "Marketing"
_PLATFORMS: Final = "As the advertising networks report it; spend in the shop's currency and time zone."
_TRIPLE_WHALE: Final = "https://kb.triplewhale.com/en/articles/6127778-summary-page-metrics-library"
_NCAC: Final = "https://www.adsights.ai/resources/glossary/metrics/new-customer-acquisition-cost-ncac.md"
_PAID: Final = ", ".join(PAID_SOURCES)


def _from_paid_source(row: ir.Table) -> ir.Value:
    return row["traffic_source"].isin(PAID_SOURCES).fill_null(False)


def _is_first_from_paid_source(row: ir.Table) -> ir.Value:
    return (row["customer_order_number"] == 1).fill_null(False) & _from_paid_source(row)


ad_spend: Final = Measure(
    name="ad_spend",
    label="Ad spend",
    unit=Unit.MONEY,
    direction=Direction.NEUTRAL,
    formula="Sum of what advertising cost.",
    description="Every campaign on the day it was shown. Left out: agencies, tools, salaries, discounts.",
    example="5.00 + 3.00 + 2.00 = 10.00",
    source=_PLATFORMS,
    owner=_OWNER,
    mart=AD_SPEND,
    value="spend_amount",
)

impressions: Final = Measure(
    name="impressions",
    label="Impressions",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Number of times advertisements were shown.",
    description="Left out: unpaid listings and posts.",
    example="400 + 300 + 300 = 1,000",
    source=_PLATFORMS,
    owner=_OWNER,
    mart=AD_SPEND,
    value="impressions",
)

clicks: Final = Measure(
    name="clicks",
    label="Clicks",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Number of clicks on advertisements.",
    description="Not sessions: a click need not arrive, and one visitor can click twice. Left out: unpaid links.",
    example="10 + 6 + 4 = 20",
    source=_PLATFORMS,
    owner=_OWNER,
    mart=AD_SPEND,
    value="clicks",
)

cost_per_click: Final = Ratio(
    name="cost_per_click",
    label="Cost per click",
    unit=Unit.MONEY,
    direction=Direction.DOWN,
    formula="Ad spend ÷ clicks.",
    description="What one click cost, however it was billed.",
    example="10.00 ÷ 20 = 0.50",
    source=_PLATFORMS,
    owner=_OWNER,
    numerator=ad_spend,
    denominator=clicks,
)

click_through_rate: Final = Ratio(
    name="click_through_rate",
    label="Click-through rate",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Clicks ÷ impressions.",
    description="The share of showings that were clicked.",
    example="20 ÷ 1,000 = 2.00%",
    source=_PLATFORMS,
    owner=_OWNER,
    numerator=clicks,
    denominator=impressions,
)

cac: Final = Ratio(
    name="cac",
    label="Customer acquisition cost",
    unit=Unit.MONEY,
    direction=Direction.DOWN,
    formula="Ad spend ÷ new customers.",
    description=(
        "What one new customer cost, whatever brought them; also called nCAC. New by the whole history, not by the "
        "period. By traffic source: its spend over the customers whose first order it brought. The variants are "
        "blended_cac, over all customers, and paid_cac, over those that paid sources brought."
    ),
    example="10.00 ÷ 2 = 5.00",
    source=_NCAC,
    owner=_OWNER,
    numerator=ad_spend,
    denominator=new_customers,
)

blended_cac: Final = Ratio(
    name="blended_cac",
    label="Blended acquisition cost",
    unit=Unit.MONEY,
    direction=Direction.DOWN,
    formula="Ad spend ÷ customers, new and returning.",
    description="Spend over everybody who ordered: lower than cac, and lower still the more customers return.",
    example="10.00 ÷ 3 = 3.33",
    source="https://exacti.us/growth-library/blended-cac",
    owner=_OWNER,
    numerator=ad_spend,
    denominator=customers,
)

_paid_spend: Final = Measure(
    name="paid_spend",
    label="Ad spend on paid sources",
    unit=Unit.MONEY,
    direction=Direction.NEUTRAL,
    formula=f"Sum of the ad spend on {_PAID}.",
    description="Left out: ad spend on sources of any other name.",
    example="5.00 + 3.00 + 2.00 = 10.00",
    source=_PLATFORMS,
    owner=_OWNER,
    mart=AD_SPEND,
    value="spend_amount",
    where=_from_paid_source,
)

_paid_customers: Final = Measure(
    name="paid_customers",
    label="New customers from paid sources",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Number of customers whose first order ever falls in the period and ended a visit from a paid source.",
    description=f"The paid sources are {_PAID}. Left out: guests without identity.",
    example="Ben = 1",
    source=_NCAC,
    owner=_OWNER,
    mart=ORDERS,
    value=None,
    where=_is_first_from_paid_source,
)

paid_cac: Final = Ratio(
    name="paid_cac",
    label="Paid acquisition cost",
    unit=Unit.MONEY,
    direction=Direction.DOWN,
    formula="Ad spend on paid sources ÷ new customers from paid sources.",
    description=(
        "What one new customer cost among those whose first order ended a visit from a paid source: higher than cac, "
        f"which also counts those who came by themselves. The paid sources are {_PAID}."
    ),
    example="10.00 ÷ 1 = 10.00",
    source=_NCAC,
    owner=_OWNER,
    numerator=_paid_spend,
    denominator=_paid_customers,
)

attributed_sales: Final = Measure(
    name="attributed_sales",
    label="Attributed sales",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="Net sales to date of the orders that ended a visit from a paid source.",
    description=(
        "Each order counts for the source of the visit it ended, on its own day; a later return lowers it there, "
        f"whatever the basis. The paid sources are {_PAID}. Left out: orders without a known visit, orders from "
        "sources that are not paid for, earlier visits of the same customer."
    ),
    example="A1 9.00 + A2 40.00: 9.00 + 40.00 = 49.00",
    source=_TRIPLE_WHALE,
    owner=_OWNER,
    mart=ORDERS,
    value="net_amount",
    where=_from_paid_source,
)

roas: Final = Ratio(
    name="roas",
    label="Return on ad spend",
    unit=Unit.TIMES,
    direction=Direction.UP,
    formula="Attributed sales ÷ ad spend on paid sources.",
    description=(
        "Sales for each 1 spent, of the orders that paid sources brought by the shop's own record of visits, not by "
        "the networks' claims. Both sides count the same sources, so the total is right too. No value for a source "
        f"that is not among {_PAID}."
    ),
    example="49.00 ÷ 10.00 = 4.90×",
    source=_TRIPLE_WHALE,
    owner=_OWNER,
    numerator=attributed_sales,
    denominator=_paid_spend,
)

mer: Final = Ratio(
    name="mer",
    label="Marketing efficiency ratio",
    unit=Unit.TIMES,
    direction=Direction.UP,
    formula="Net sales ÷ ad spend.",
    description=(
        "All sales for each 1 spent, whatever brought them. Sales over spend, so up is good; Triple Whale prints the "
        "inverse, spend over sales, under the same name."
    ),
    example="69.00 ÷ 10.00 = 6.90×",
    source="https://blufire.com.au/resources/glossary (revenue over spend)",
    owner=_OWNER,
    numerator=net_sales,
    denominator=ad_spend,
)

fees: Final = Measure(
    name="fees",
    label="Fees",
    unit=Unit.MONEY,
    direction=Direction.DOWN,
    formula="Sum of the fees in the ledger, as a positive figure.",
    description=(
        "What payment providers and marketplaces kept, on the day they charged it when booked, with its order when "
        "ordered. Left out: what carriers and advertisers charged, chargebacks."
    ),
    example="0.80 + 1.70 + 1.50 + 0.40 + 0.60 + 1.00 = 6.00",
    source=_TRIPLE_WHALE,
    kinds=(Kind.FEE,),
    sign=-1,
)

_margin_after_fees: Final = Difference(
    name="margin_after_fees",
    label="Gross margin − fees",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="Gross margin − fees.",
    description="Left out: carrier costs, advertising.",
    example="36.00 − 6.00 = 30.00",
    source=_TRIPLE_WHALE,
    minuend=gross_margin,
    subtrahend=fees,
)

_margin_after_delivery: Final = Difference(
    name="margin_after_delivery",
    label="Gross margin − fees − shipping cost",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="Gross margin − fees − shipping cost.",
    description="Left out: advertising.",
    example="30.00 − 16.00 = 14.00",
    source=_TRIPLE_WHALE,
    minuend=_margin_after_fees,
    subtrahend=shipping_cost,
)

contribution_margin: Final = Difference(
    name="contribution_margin",
    label="Contribution margin",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="Gross margin − fees − shipping cost − ad spend.",
    description=(
        "What is left to pay for the shop itself. What customers paid for shipping is not in it, as it is not in net "
        "sales. Goods without a known cost count at no cost, so read it beside cost_coverage; so does delivery or "
        "advertising that nobody recorded. Carriers and advertisers count on the day of the parcel and of the "
        "advertisement. Left out: salaries, rent, tax, chargebacks."
    ),
    example="36.00 − 6.00 − 16.00 − 10.00 = 4.00",
    source=_TRIPLE_WHALE,
    minuend=_margin_after_delivery,
    subtrahend=ad_spend,
)

contribution_margin_rate: Final = Ratio(
    name="contribution_margin_rate",
    label="Contribution margin rate",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Contribution margin ÷ net sales.",
    description="The share of net sales left to pay for the shop itself. Read it beside cost_coverage.",
    example="4.00 ÷ 69.00 = 5.8%",
    source=_TRIPLE_WHALE,
    numerator=contribution_margin,
    denominator=net_sales,
)
