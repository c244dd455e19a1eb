"""Inter-purchase time: how many days lie between one order of a customer and the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.metrics.analysis import Analysis, Field
from ecombi.metrics.definitions import Unit

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from ecombi.metrics.tables import Tables


def _build(t: Tables, *, start: ir.Value, end: ir.Value, by_order: bool) -> ir.Table:
    import ibis

    placed = t.orders.filter(t.orders["customer_id"].notnull())
    number = placed["customer_order_number"].cast("int64")
    by_customer = ibis.window(group_by=placed["customer_id"], order_by=placed["customer_order_number"])
    rows = placed.select(
        "ordered_on",
        order_number=number,
        earlier_on=placed["ordered_on"].lag().over(by_customer),
        earlier_number=number.lag().over(by_customer),
    )
    # Where some orders may not be seen, the one before may be missing.
    rows = rows.filter(rows["earlier_number"] == rows["order_number"] - 1)
    rows = rows.filter((rows["ordered_on"] >= start) & (rows["ordered_on"] < end))
    days = rows["ordered_on"].delta(rows["earlier_on"], unit="day").cast("float64")
    figures = {
        "intervals": rows.count().cast("int64"),
        "mean_days": days.mean(),
        "median_days": days.quantile(0.5),
        "p90_days": days.quantile(0.9),
    }
    if by_order:
        return rows.aggregate(by="order_number", **figures)
    return rows.aggregate(**figures).mutate(order_number=ibis.null("int64")).select(*INTERVALS.fields)


INTERVALS: Final = Analysis(
    name="order_intervals",
    label="Days between orders",
    question="How long does it take until customers order again?",
    grain="One row per number of the later order, or one row for all where by_order is off.",
    fields={
        "order_number": Field(
            meaning="2 is from the first order to the second; no value where all count together.", unit=Unit.COUNT
        ),
        "intervals": Field(meaning="Pairs of consecutive orders of one customer.", unit=Unit.COUNT),
        "mean_days": Field(meaning="Mean of the days between the two; 0 on the same day.", unit=Unit.DAYS),
        "median_days": Field(meaning="Half of them took no longer, interpolated.", unit=Unit.DAYS),
        "p90_days": Field(meaning="Nine out of ten took no longer, interpolated.", unit=Unit.DAYS),
    },
    keys=("order_number",),
    build=_build,
    bound={"start": "date", "end": "date"},
    options={"by_order": True},
    formula=(
        "Days from each order of a customer to the next, where the later one is from start up to and not including "
        "end. Customers who have not ordered again are not in it, so it says nothing about whether they will."
    ),
    example=(
        "Second orders came after 10, 20 and 60 days: mean (10 + 20 + 60) ÷ 3 = 30.0, median 20, P90 "
        "20 + 0.8 × 40 = 52.0."
    ),
    source="Quantiles interpolate between neighbours, type 7 of Hyndman & Fan 1996",
    owner="Marketing",
)
