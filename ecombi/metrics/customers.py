"""The customer metrics: one literal each, over orders and over customers by the day of their first order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ecombi.metrics.definitions import Difference, Direction, DistinctMeasure, Measure, Ratio, Unit
from ecombi.metrics.marts import CUSTOMERS, ORDERS

if TYPE_CHECKING:
    import ibis.expr.types as ir

_OWNER: Final = "Marketing"
_RETURNING: Final = (
    "https://community.shopify.com/t/how-is-the-returning-customer-rate-calculated-in-analytics/217973 (Shopify)"
)
_REPEAT: Final = "https://www.tresl.co/segments-faq/what-is-repeat-on-the-customer-cohort-page-how-is-it-defined"
_CLV: Final = (
    "Composed from net_sales and cost_of_goods; historic, as told apart from predicted in Fader, Hardie and Lee 2005"
)


def _is_known(row: ir.Table) -> ir.Value:
    # As customer_id says too, in a quarter of the time: a number is read faster than a text.
    return row["customer_order_number"].notnull()


def _is_guest(row: ir.Table) -> ir.Value:
    return row["customer_id"].isnull()


def _is_first(row: ir.Table) -> ir.Value:
    return (row["customer_order_number"] == 1).fill_null(False)


def _ordered_again(days: int) -> Callable[[ir.Table], ir.Value]:
    def within(row: ir.Table) -> ir.Value:
        import ibis

        last = row["first_order_on"] + ibis.interval(days=days)
        return (row["second_order_on"] <= last.cast("date")).fill_null(False)

    return within


customers: Final = DistinctMeasure(
    name="customers",
    label="Customers",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Number of different customers who ordered.",
    description=(
        "A customer with three orders in the period counts once. Who is who is what the shop says: guests it knows by "
        "their e-mail address are customers. Left out: orders of guests without identity (see guest_orders), orders of "
        "gift cards only."
    ),
    example="Ann, Ben and Cleo = 3",
    source=_RETURNING,
    owner=_OWNER,
    mart=ORDERS,
    where=_is_known,
    value="customer_id",
    before=(("ordered", "previous_ordered_on"), ("booked", "previous_booked_on")),
)

new_customers: Final = Measure(
    name="new_customers",
    label="New customers",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Number of customers whose first order ever falls in the period.",
    description=(
        "The first order is looked for in the whole history, not in the period. A later return of it changes nothing. "
        "Left out: guests without identity."
    ),
    example="Ben and Cleo = 2",
    source=_RETURNING,
    owner=_OWNER,
    mart=ORDERS,
    where=_is_first,
    value=None,
)

returning_customers: Final = Difference(
    name="returning_customers",
    label="Returning customers",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Customers − new customers.",
    description=(
        "Customers who ordered in the period and whose first order ever does not fall in it. A customer who orders for "
        "the first and second time in the period is new in it. Left out: guests without identity."
    ),
    example="3 − 2 = 1",
    source=_RETURNING,
    owner=_OWNER,
    minuend=customers,
    subtrahend=new_customers,
)

returning_customer_rate: Final = Ratio(
    name="returning_customer_rate",
    label="Returning customer rate",
    unit=Unit.RATE,
    direction=Direction.UP,
    formula="Returning customers ÷ (returning customers + new customers).",
    description=(
        "The share of the period's customers who had ordered before it. It falls when many new ones come, so it says "
        "nothing of loyalty by itself and does not belong in a lifetime value; repeat_rate_90_days does not have that "
        "fault."
    ),
    example="1 ÷ (1 + 2) = 33.3%",
    source=_RETURNING,
    owner=_OWNER,
    numerator=returning_customers,
    denominator=customers,
)

guest_orders: Final = Measure(
    name="guest_orders",
    label="Guest orders",
    unit=Unit.COUNT,
    direction=Direction.NEUTRAL,
    formula="Number of orders without a known customer.",
    description=(
        "Orders that no customer metric can count, because nobody knows who placed them. Left out: orders of gift "
        "cards only."
    ),
    example="A5 = 1",
    source=_RETURNING,
    owner=_OWNER,
    mart=ORDERS,
    where=_is_guest,
    value=None,
)


def _repeat_rate(days: int, example: str) -> Ratio:
    asked = Measure(
        name=f"customers_of_{days}_days",
        label=f"Customers who have had {days} days",
        unit=Unit.COUNT,
        direction=Direction.UP,
        formula=f"Number of customers whose first order is at least {days} days old.",
        description="Left out: customers who can still order again in time.",
        example="Ben and Cleo = 2",
        source=_REPEAT,
        owner=_OWNER,
        mart=CUSTOMERS,
        value=None,
        matures_days=days,
    )
    again = Measure(
        name=f"repeat_customers_{days}_days",
        label=f"Customers who ordered again within {days} days",
        unit=Unit.COUNT,
        direction=Direction.UP,
        formula=f"Number of customers whose second order came within {days} days of the first.",
        description="Left out: customers who can still order again in time.",
        example=example.partition(" ÷")[0].replace(": ", " = "),
        source=_REPEAT,
        owner=_OWNER,
        mart=CUSTOMERS,
        value=None,
        where=_ordered_again(days),
        matures_days=days,
    )
    return Ratio(
        name=f"repeat_rate_{days}_days",
        label=f"Repeat purchase rate, {days} days",
        unit=Unit.RATE,
        direction=Direction.UP,
        formula=f"Customers with a second order within {days} days of their first ÷ customers, by day of first order.",
        description=(
            f"The period is that of the first orders. Only first orders {days} days before the last final day or "
            "earlier count, so no later order moves the figure. A second order on the same day counts, and a first "
            "order that was returned in full is still a first order. Left out: younger customers, guests without "
            "identity."
        ),
        example=example,
        source=_REPEAT,
        owner=_OWNER,
        numerator=again,
        denominator=asked,
    )


repeat_rate_30_days: Final = _repeat_rate(30, "Ben after 20 days: 1 ÷ 2 = 50.0%")
repeat_rate_60_days: Final = _repeat_rate(60, "Ben after 20 days: 1 ÷ 2 = 50.0%")
repeat_rate_90_days: Final = _repeat_rate(90, "Ben after 20 days: 1 ÷ 2 = 50.0%")
repeat_rate_365_days: Final = _repeat_rate(365, "Ben after 20 days, Cleo after 116: 2 ÷ 2 = 100.0%")

_acquired: Final = Measure(
    name="acquired_customers",
    label="Customers by first order",
    unit=Unit.COUNT,
    direction=Direction.UP,
    formula="Number of customers, on the day of their first order.",
    description="Left out: guests without identity.",
    example="Ben and Cleo = 2",
    source=_CLV,
    owner=_OWNER,
    mart=CUSTOMERS,
    value=None,
)

_sales_to_date: Final = Measure(
    name="sales_to_date",
    label="Net sales to date",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="Net sales of all orders to date, on the day of the customer's first order.",
    description="Left out: guests without identity.",
    example="Ben 40.00 + 10.00, Cleo 10.00 − 10.00 + 10.00: 50.00 + 10.00 = 60.00",
    source=_CLV,
    owner=_OWNER,
    mart=CUSTOMERS,
    value="net_amount",
)

_cost_to_date: Final = Measure(
    name="cost_to_date",
    label="Cost of goods to date",
    unit=Unit.MONEY,
    direction=Direction.NEUTRAL,
    formula="Cost of the goods of all orders to date, on the day of the customer's first order.",
    description="Left out: goods without a known cost, guests without identity.",
    example="Ben 25.00 + 4.00, Cleo 4.00: 29.00 + 4.00 = 33.00",
    source=_CLV,
    owner=_OWNER,
    mart=CUSTOMERS,
    value="cost_amount",
    nothing=None,
)

_margin_to_date: Final = Difference(
    name="margin_to_date",
    label="Gross margin to date",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="Net sales to date − cost of goods to date.",
    description="Left out: fees, carrier costs, advertising.",
    example="60.00 − 33.00 = 27.00",
    source=_CLV,
    owner=_OWNER,
    minuend=_sales_to_date,
    subtrahend=_cost_to_date,
)

lifetime_sales: Final = Ratio(
    name="lifetime_sales",
    label="Lifetime sales per customer",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="Net sales to date of the customers whose first order falls in the period ÷ those customers.",
    description=(
        "The period is that of the first orders; sales of any later day count. Old cohorts have had more time, so "
        "compare them by cohort and age. Historic: nothing in it is predicted."
    ),
    example="(40.00 + 10.00 + 10.00 − 10.00 + 10.00) ÷ 2 = 30.00",
    source=_CLV,
    owner=_OWNER,
    numerator=_sales_to_date,
    denominator=_acquired,
)

lifetime_margin: Final = Ratio(
    name="lifetime_margin",
    label="Lifetime margin per customer",
    unit=Unit.MONEY,
    direction=Direction.UP,
    formula="Gross margin to date of the customers whose first order falls in the period ÷ those customers.",
    description=(
        "Historic customer lifetime value. The period is that of the first orders; sales, returns and cost of any "
        "later day count, undiscounted. Goods without a known cost count at no cost, as in gross_margin."
    ),
    example="(60.00 − 33.00) ÷ 2 = 13.50",
    source=_CLV,
    owner=_OWNER,
    numerator=_margin_to_date,
    denominator=_acquired,
)
