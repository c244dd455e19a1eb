"""Cohort retention: of the customers who first ordered in a month, how many order in each month from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.metrics.analysis import Analysis, Field
from ecombi.metrics.definitions import Unit

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

    from ecombi.metrics.tables import Tables

CUTS: Final = ("country", "channel", "traffic_source")
"""What customers can be narrowed down by: each has one of each, so the rows of `cohort_months` sum."""

_MONTHS: Final = {"month": 1, "quarter": 3}
_ROLLING_DAYS: Final = 30
_SUM: Final = "decimal(38, 4)"
_SUMS: Final = {"customers": "int64", "orders": "int64", "net_sales": _SUM}


def matrix(cells: pd.DataFrame, value: str = "retention") -> pd.DataFrame:
    """Lay the cells out as people read them: one row per cohort, one column per age, no value where immature."""
    return cells.pivot(index="cohort", columns="age", values=value)


def _build(t: Tables, *, final_until: ir.Value, grain: str, clock: str, **only: ir.Value | str) -> ir.Table:
    if clock == "rolling":
        cells, ages = _rolling(t, final_until, grain, only)
    elif grain == "month":
        cells, ages = _calendar(_stored(t, only), t.cohort_months["month"].max(), final_until, grain)
    else:
        cells, ages = _calendar(_counted(t, grain, only), t.customers["last_order_on"].max(), final_until, grain)
    return _grid(cells, ages)


def _stored(t: Tables, only: dict[str, ir.Value | str]) -> ir.Table:
    """Return who ordered in which month, from the table kept per month."""
    rows = _narrowed(t.cohort_months, only)
    rows = rows.select("cohort", "customers", "orders", period="month", net_sales="net_amount")
    return rows.aggregate(by=["cohort", "period"], **{n: rows[n].sum().cast(kind) for n, kind in _SUMS.items()})


def _counted(t: Tables, grain: str, only: dict[str, ir.Value | str]) -> ir.Table:
    """Return who ordered in which calendar period, from the orders."""
    rows = _orders(t, grain, only)
    return _distinct(rows.mutate(period=_period_of(rows["ordered_on"], grain)), "period")


def _orders(t: Tables, grain: str, only: dict[str, ir.Value | str]) -> ir.Table:
    """Return each order beside the first day and the cohort of its customer."""
    known = _narrowed(t.customers, only)
    buyers = known.select("first_order_on", buyer="customer_id", cohort=_period_of(known["first_order_on"], grain))
    placed = t.orders.select("customer_id", "ordered_on", net_sales="net_amount")
    return placed.inner_join(buyers, placed["customer_id"] == buyers["buyer"])


def _distinct(rows: ir.Table, age: str) -> ir.Table:
    return rows.aggregate(
        by=["cohort", age],
        customers=rows["buyer"].nunique().cast("int64"),
        orders=rows.count().cast("int64"),
        net_sales=rows["net_sales"].sum().cast(_SUM),
    )


def _calendar(rows: ir.Table, last: ir.Value, final_until: ir.Value, grain: str) -> tuple[ir.Table, ir.Table]:
    """Return the cells by age in calendar periods, and each cohort's ages: which have begun, and which are over."""
    import ibis

    size = _MONTHS[grain]
    cells = rows.mutate(age=_whole(_months(rows["cohort"], rows["period"]), size))
    first = rows.filter(rows["period"] == rows["cohort"]).select("cohort", size="customers")
    ages = first.cross_join(last.name("last").as_table())
    begun = ibis.range(0, _whole(_months(ages["cohort"], ages["last"]), size) + 1)
    ages = ages.select("cohort", "size", age=begun.unnest())
    return cells, ages.mutate(over=ages["age"] < _whole(_months(ages["cohort"], final_until), size))


def _rolling(
    t: Tables, final_until: ir.Value, grain: str, only: dict[str, ir.Value | str]
) -> tuple[ir.Table, ir.Table]:
    """Return the same by age in spans of 30 days, on each customer's own clock."""
    import ibis

    rows = _orders(t, grain, only)
    rows = rows.mutate(age=_whole(_days(rows["first_order_on"], rows["ordered_on"]), _ROLLING_DAYS))
    ages = rows.aggregate(by="cohort", earliest=rows["first_order_on"].min(), latest=rows["first_order_on"].max())
    ages = ages.cross_join(t.customers["last_order_on"].max().name("last").as_table())
    cells = _distinct(rows, "age")
    sizes = cells.filter(cells["age"] == 0).select(first="cohort", size="customers")
    ages = ages.inner_join(sizes, ages["cohort"] == sizes["first"]).drop("first")
    complete = _months(ages["cohort"], final_until) >= _MONTHS[grain]
    begun = ibis.range(0, _whole(_days(ages["earliest"], ages["last"]), _ROLLING_DAYS) + 1)
    last_over = _whole(_days(ages["latest"], final_until), _ROLLING_DAYS)
    ages = ages.select("cohort", "size", age=begun.unnest(), ended=complete.ifelse(last_over, 0))
    return cells, ages.mutate(over=ages["age"] < ages["ended"])


def _grid(cells: ir.Table, ages: ir.Table) -> ir.Table:
    """Put each cohort beside each age that has begun: 0 where nobody ordered, no value where it is not over."""
    import ibis

    known = cells.select("customers", "orders", "net_sales", of="cohort", when="age")
    found = ages.left_join(known, [("cohort", "of"), ("age", "when")])
    values = {name: ibis.cases((found["over"], found[name].fill_null(0).cast(kind))) for name, kind in _SUMS.items()}
    rows = found.select("cohort", "size", age=found["age"].cast("int64"), **values)
    # No cohort is empty.
    share = rows["customers"].cast("float64") / rows["size"].cast("float64")
    return rows.mutate(retention=share).select(*COHORTS.fields)


def _narrowed(rows: ir.Table, only: dict[str, ir.Value | str]) -> ir.Table:
    for name in CUTS:
        match only[f"{name}_is"]:
            case "given":
                rows = rows.filter(rows[name] == only[name])
            case "unknown":
                rows = rows.filter(rows[name].isnull())
    return rows


def _period_of(day: ir.Value, grain: str) -> ir.Value:
    return day.cast("timestamp").truncate("Q" if grain == "quarter" else "M").cast("date")


def _months(first: ir.Value, day: ir.Value) -> ir.Value:
    """Return the months from a first of a month to a day."""
    return day.delta(first, unit="month").cast("int64")


def _days(start: ir.Value, end: ir.Value) -> ir.Value:
    return end.delta(start, unit="day").cast("int64")


def _whole(value: ir.Value, size: int) -> ir.Value:
    return value if size == 1 else (value.cast("float64") / size).floor().cast("int64")


COHORTS: Final = Analysis(
    name="cohorts",
    definition_version=4,
    label="Cohort retention",
    question="Of the customers who first ordered in a month, how many order again, month by month?",
    grain="One row per cohort and age that has begun.",
    fields={
        "cohort": Field(meaning="First day of the month, or quarter, of the customers' first order."),
        "age": Field(
            meaning="0 is the period of the first order, so it holds every customer; some tools start at 1. A calendar "
            "age is a whole month, or quarter; a rolling one is 30 days from each customer's own first order.",
            unit=Unit.COUNT,
        ),
        "size": Field(meaning="Customers of the cohort; so far, while its month is not over.", unit=Unit.COUNT),
        "customers": Field(
            meaning="Those of them who ordered at that age; no value until all its days are final for every customer.",
            unit=Unit.COUNT,
        ),
        "retention": Field(meaning="customers ÷ size; no value where customers has none.", unit=Unit.RATE),
        "orders": Field(meaning="Their orders at that age; no value where customers has none.", unit=Unit.COUNT),
        "net_sales": Field(
            meaning="Net sales to date of these orders; no value where customers has none.", unit=Unit.MONEY
        ),
    },
    keys=("cohort", "age"),
    build=_build,
    bound={"final_until": "date", **dict.fromkeys(CUTS, "string")},
    options={"grain": "month", "clock": "calendar", **{f"{name}_is": "any" for name in CUTS}},
    formula=(
        "Different customers of the cohort with an order at that age ÷ customers of the cohort. country is that of "
        "the customer's latest order, channel and traffic_source are those of the first."
    ),
    example="20 customers first ordered in March, and 3 of them ordered in May, two months later: 3 ÷ 20 = 15.0%.",
    source=(
        "https://amplitude.com/docs/api/content/analytics/charts/retention-analysis/retention-analysis-time; "
        "dbt_shopify's cohort model, which numbers the first month 1"
    ),
    owner="Marketing",
)
"""Options. grain: "month" or "quarter". clock: "calendar" or "rolling". <cut>_is: "any"; "given", the bound value;
"unknown", those without one."""
