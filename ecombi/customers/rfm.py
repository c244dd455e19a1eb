"""RFM: recency, frequency and monetary value of every customer, their scores, and their segments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ecombi.customers.segments import SEGMENTS
from ecombi.metrics.analysis import Analysis, Field
from ecombi.metrics.definitions import Unit
from ecombi.schema.tables import customer_scores

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from ecombi.metrics.tables import Tables

FIFTHS: Final = 5
"""Scores of the stored table; segments rest on fifths however many scores are asked for."""

_SUM: Final = "decimal(38, 4)"
_FORMULA: Final = (
    "Recency: days from the last order to as_of. Frequency: orders before as_of. Monetary value: net sales to date of "
    "these orders. A score is 1 + floor(bins × customers with a strictly worse value ÷ customers): equal values share "
    "a score, the lower one. The segment is read from the fifth of recency and the mean of those of frequency and "
    "monetary value, halves up."
)
_SOURCE: Final = (
    "Fader, Hardie & Lee 2005, RFM and CLV. The ten segments are those of https://docs.churned.io/churned-docs/"
    "dashboard-and-features/rfv-model-segment-best-practices/rfm-model, whose ranges overlap; here none do."
)
_OPTIONS: Final[Mapping[str, int | str]] = {"bins": FIFTHS, "day": "stored"}
"""day: "given" counts orders before the bound as_of; "last" all of them, up to the day after the last order of the
shop; "stored" reads the same from the table that is kept after each load, where it can."""


def scores(t: Tables) -> ir.Table:
    """Return the rows of the table `customer_scores`: fifths, as of the day after the last order of the shop."""
    return _scored(_to_date(t), FIFTHS)


def _rows(t: Tables, as_of: ir.Value, bins: int, day: str) -> ir.Table:
    if day == "given":
        return _scored(_before(t, as_of), bins)
    # Built even where the stored rows are read: it refuses whoever may not see what they rest on.
    computed = _scored(_to_date(t), bins)
    if day == "stored" and bins == FIFTHS:
        stored = t.kept(customer_scores)
        # Scores compare all customers: for whoever may see some only, these are compared among themselves.
        return computed if stored is None else stored.select(*_FIELDS)
    return computed


def _before(t: Tables, as_of: ir.Value) -> ir.Table:
    placed = t.orders.filter(t.orders["customer_id"].notnull() & (t.orders["ordered_on"] < as_of))
    return placed.aggregate(
        by="customer_id",
        last_order_on=placed["ordered_on"].max(),
        frequency=placed.count().cast("int64"),
        monetary_value=placed["net_amount"].sum().cast(_SUM),
    ).mutate(as_of=as_of)


def _to_date(t: Tables) -> ir.Table:
    import ibis

    known = t.customers
    # From a time, because a day and an interval make a time in some engines, whatever ibis takes it for.
    last = t.orders.aggregate(
        as_of=(t.orders["ordered_on"].max().cast("timestamp") + ibis.interval(days=1)).cast("date")
    )
    return known.select(
        "customer_id", "last_order_on", frequency="order_count", monetary_value=known["net_amount"].cast(_SUM)
    ).cross_join(last)


def _scored(counted: ir.Table, bins: int) -> ir.Table:
    import ibis

    def worse(column: str) -> ir.Value:
        return ibis.rank().over(order_by=counted[column])

    ranked = counted.mutate(
        recency_days=counted["as_of"].delta(counted["last_order_on"], unit="day").cast("int64"),
        r=worse("last_order_on"),
        f=worse("frequency"),
        m=worse("monetary_value"),
        customers=counted.count().over(),
    )

    def score(name: str, parts: int) -> ir.Value:
        # Whole numbers this small divide, as floats, without ever being rounded up to the next whole number.
        share = (ranked[name] * parts).cast("float64") / ranked["customers"].cast("float64")
        return share.floor().cast("int64") + 1

    places = ("r", "f", "m")
    cut = ranked.mutate(
        **{name: score(name, bins) for name in places},
        **{f"{name}_fifth": score(name, FIFTHS) for name in places},
    )
    fm = ((cut["f_fifth"] + cut["m_fifth"] + 1).cast("float64") / 2).floor().cast("int64")
    found = cut.mutate(fm_fifth=fm)
    segment = ibis.cases(
        *(
            (found["r_fifth"].between(*part.r) & found["fm_fifth"].between(*part.fm), part.name)
            for part in SEGMENTS[:-1]
        ),
        else_=SEGMENTS[-1].name,
    )
    return found.mutate(segment=segment).select(*_FIELDS)


def _summary(t: Tables, *, as_of: ir.Value, bins: int, day: str) -> ir.Table:
    rows = _rows(t, as_of, bins, day)
    # Many customers share a number of days, so the median is found among few rows.
    alike = rows.aggregate(
        by=["segment", "recency_days"],
        customers=rows.count().cast("int64"),
        orders=rows["frequency"].sum().cast("int64"),
        net_sales=rows["monetary_value"].sum().cast(_SUM),
    )
    so_far = alike["customers"].sum().over(group_by="segment", order_by="recency_days", rows=(None, 0))
    alike = alike.mutate(before=so_far - alike["customers"], all=alike["customers"].sum().over(group_by="segment"))
    days, customers = alike["recency_days"], alike["customers"].sum().cast("float64")
    below, above = (days.max(where=alike["before"] * 2 <= alike["all"] - more) for more in (1, 0))
    summed = alike.aggregate(
        by="segment",
        customers=alike["customers"].sum().cast("int64"),
        net_sales=alike["net_sales"].sum().cast(_SUM),
        average_frequency=alike["orders"].sum().cast("float64") / customers,
        average_recency_days=(days * alike["customers"]).sum().cast("float64") / customers,
        median_recency_days=(below + above).cast("float64") / 2,
    )
    share = summed["customers"].cast("float64") / summed["customers"].sum().over().cast("float64")
    return summed.mutate(share=share).select(*SEGMENT_SUMMARY.fields)


def _customers(t: Tables, *, as_of: ir.Value, bins: int, day: str, top: int) -> ir.Table:
    """Return the scored customers; of many only the `top` ones of the greatest monetary value, 0 for all."""
    rows = _rows(t, as_of, bins, day)
    return rows.order_by(rows["monetary_value"].desc(), rows["customer_id"]).limit(top) if top else rows


_FIELDS: Final = {
    "customer_id": Field(meaning="Customer; orders of guests count for nobody."),
    "as_of": Field(meaning="Orders before this day count."),
    "recency_days": Field(meaning="Days from the last order to as_of.", unit=Unit.DAYS),
    "frequency": Field(meaning="Orders.", unit=Unit.COUNT),
    "monetary_value": Field(meaning="Net sales to date of these orders.", unit=Unit.MONEY),
    "r": Field(meaning="Recency score; the highest is best.", unit=Unit.COUNT),
    "f": Field(meaning="Frequency score; the highest is best.", unit=Unit.COUNT),
    "m": Field(meaning="Monetary score; the highest is best.", unit=Unit.COUNT),
    "segment": Field(meaning="One of: " + ", ".join(part.name for part in SEGMENTS) + "."),
}

RFM: Final = Analysis(
    name="rfm",
    label="RFM scores",
    question="Who ordered how lately, how often and for how much?",
    grain="One row per customer with an order before as_of.",
    fields=_FIELDS,
    keys=("customer_id",),
    build=_customers,
    bound={"as_of": "date"},
    options={**_OPTIONS, "top": 0},
    formula=_FORMULA,
    example=(
        "Of 5 customers with 1, 1, 2, 4 and 9 orders, those before the one with 4 are 3: 1 + floor(5 × 3 ÷ 5) "
        "= 4. Both with 1 order share 1 + floor(5 × 0 ÷ 5) = 1."
    ),
    source=_SOURCE,
    owner="Marketing",
)

SEGMENT_SUMMARY: Final = Analysis(
    name="customer_segments",
    definition_version=2,
    label="Customer segments",
    question="How many customers are in each segment, and what are they worth?",
    grain="One row per segment with a customer in it.",
    fields={
        "segment": Field(meaning="Name of the segment; " + " ".join(f"{s.name}: {s.meaning}" for s in SEGMENTS)),
        "customers": Field(meaning="Customers in it.", unit=Unit.COUNT),
        "share": Field(meaning="Its share of all customers.", unit=Unit.RATE),
        "net_sales": Field(meaning="Net sales to date of their orders.", unit=Unit.MONEY),
        "average_frequency": Field(meaning="Orders per customer.", unit=Unit.TIMES),
        "average_recency_days": Field(meaning="Mean of the days since the last order.", unit=Unit.DAYS),
        "median_recency_days": Field(meaning="Median of the days since the last order.", unit=Unit.DAYS),
    },
    keys=("segment",),
    order=("-net_sales", "segment"),
    build=_summary,
    bound={"as_of": "date"},
    options=_OPTIONS,
    formula=_FORMULA,
    example=(
        "Of 10 customers 2 are champions, with 5 and 7 orders, the last 3 and 10 days ago, and net sales of 80.00 and "
        "120.00: share 2 ÷ 10 = 20.0%, net sales 80.00 + 120.00 = 200.00, (5 + 7) ÷ 2 = 6.0 orders, mean and median "
        "(3 + 10) ÷ 2 = 6.5 days."
    ),
    source=_SOURCE,
    owner="Marketing",
)
