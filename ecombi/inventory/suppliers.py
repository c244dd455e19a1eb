"""The supplier scorecard: how long deliveries take, how reliably they come, and what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.errors import MetricError, did_you_mean
from ecombi.inventory.days import days_between, earlier, shifted, working_days_between
from ecombi.inventory.moments import ratio, sample_sd
from ecombi.inventory.receipts import ordered_lines, received
from ecombi.inventory.survival import medians
from ecombi.metrics.analysis import Analysis, Field
from ecombi.metrics.definitions import Unit

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis.expr.types as ir

    from ecombi.metrics.tables import Tables

BASES: Final = ("requested", "first_confirmed", "last_confirmed")
"""The days a delivery can be held to."""

_COUNTED: Final = {"calendar": days_between, "working": working_days_between}


def _build(t: Tables, *, until: ir.Value, final_until: ir.Value, basis: str, days: str, window_days: int) -> ir.Table:
    between, end = _chosen(days), earlier(until, final_until)
    lines = ordered_lines(t, end)
    lines = lines.mutate(
        due_on=_due(lines, basis),
        is_open=lines["first_received_on"].isnull(),
        is_whole=lines["received_on"].notnull() & (lines["received_qty"] >= lines["ordered_qty"]),
        took=between(lines["ordered_on"], lines["first_received_on"]),
        took_whole=between(lines["ordered_on"], lines["received_on"]),
        age=between(lines["ordered_on"], shifted(end, -1)),
    )
    since = shifted(end, -window_days)
    card = _card(lines, since, end)
    for part in (
        _medians(lines, since),
        _orders(lines, since, between),
        _units(received(t, end), since, between),
        _drift(lines, since),
    ):
        card = card.left_join(part, card["supplier"] == part["of"]).drop("of")
    names = t.suppliers.select(of="supplier_id", supplier_name="name")
    card = card.left_join(names, card["supplier"] == names["of"])
    used = card["lines"] + card["received_lines"] + card["due_lines"] + card["open_lines"] > 0
    return card.filter(used).select(*SUPPLIERS.fields)


def _chosen(days: str) -> Callable[[ir.Value, ir.Value], ir.Value]:
    if days not in _COUNTED:
        raise MetricError(f"Unknown days {days!r}. {did_you_mean(days, _COUNTED)}")
    return _COUNTED[days]


def _due(lines: ir.Table, basis: str) -> ir.Value:
    """Return the day a line is held to; null where nobody confirmed one."""
    if basis not in BASES:
        raise MetricError(f"Unknown basis {basis!r}. {did_you_mean(basis, BASES)}")
    if basis == "requested":
        return lines["requested_on"]
    first = lines["confirmed_on"]
    return first if basis == "first_confirmed" else lines["last_confirmed_on"].fill_null(first)


def _card(lines: ir.Table, since: ir.Value, until: ir.Value) -> ir.Table:
    """Return what is counted and measured line by line."""
    sent = lines["ordered_on"] >= since
    came = (lines["first_received_on"] >= since).fill_null(False)
    waits, in_full = lines["is_open"], lines["is_whole"]
    whole = in_full & (lines["received_on"] >= since).fill_null(False)
    due = ((lines["due_on"] >= since) & (lines["due_on"] < until)).fill_null(False)
    on_time = (lines["received_on"] <= lines["due_on"]).fill_null(False)
    took, age = lines["took"], lines["age"]
    cost = lines["ordered_qty"].cast("decimal(18, 0)") * lines["unit_cost"]
    sums = lines.aggregate(
        by={"supplier": lines["supplier_id"]},
        lines=lines.count(where=sent),
        received_lines=lines.count(where=came),
        open_lines=lines.count(where=waits),
        open_days=age.sum(where=waits),
        open_days_max=age.max(where=waits),
        total=took.sum(where=came),
        squares=(took * took).sum(where=came),
        lead_time_p90=took.cast("float64").quantile(0.9, where=came),
        whole_days=lines["took_whole"].sum(where=whole),
        whole_lines=lines.count(where=whole),
        due_lines=lines.count(where=due),
        punctual=lines.count(where=due & on_time),
        complete=lines.count(where=due & in_full),
        both=lines.count(where=due & on_time & in_full),
        ordered_amount=cost.sum(where=sent),
    )
    mean, sd = (
        ratio(sums["total"], sums["received_lines"]),
        sample_sd(sums["received_lines"], sums["total"], sums["squares"]),
    )
    return sums.mutate(
        open_days_mean=ratio(sums["open_days"], sums["open_lines"]),
        lead_time_mean=mean,
        lead_time_sd=sd,
        lead_time_cv=sd / mean.nullif(0),
        lead_time_full=ratio(sums["whole_days"], sums["whole_lines"]),
        on_time_rate=ratio(sums["punctual"], sums["due_lines"]),
        in_full_rate=ratio(sums["complete"], sums["due_lines"]),
        otif_rate=ratio(sums["both"], sums["due_lines"]),
        ordered_amount=sums["ordered_amount"].fill_null(0).cast("decimal(38, 4)"),
    )


def _medians(lines: ir.Table, since: ir.Value) -> ir.Table:
    """Return the median lead time of the lines sent in the period, the open ones among them."""
    import ibis

    sent = lines.filter(lines["ordered_on"] >= since)
    lasts = ibis.cases((sent["is_open"], sent["age"]), else_=sent["took"])
    sent = sent.select(of=sent["supplier_id"], lasts=lasts, ended=~sent["is_open"])
    return medians(sent, by="of", duration="lasts", observed="ended").rename(lead_time_median="median")


def _orders(lines: ir.Table, since: ir.Value, between: Callable[[ir.Value, ir.Value], ir.Value]) -> ir.Table:
    """Return how long purchase orders took: up to their first line, and up to their last where every unit came."""
    orders = lines.aggregate(
        by=["supplier_id", "po_id"],
        sent_on=lines["ordered_on"].min(),
        first_on=lines["first_received_on"].min(),
        last_on=lines["received_on"].max(),
        wanting=lines["is_whole"].ifelse(0, 1).sum(),
    )
    begun = (orders["first_on"] >= since).fill_null(False)
    full = (orders["wanting"] == 0) & (orders["last_on"] >= since).fill_null(False)
    sums = orders.aggregate(
        by={"of": orders["supplier_id"]},
        begun=orders.count(where=begun),
        begun_days=between(orders["sent_on"], orders["first_on"]).sum(where=begun),
        full=orders.count(where=full),
        full_days=between(orders["sent_on"], orders["last_on"]).sum(where=full),
    )
    return sums.select(
        "of",
        first_receipt_mean=ratio(sums["begun_days"], sums["begun"]),
        full_receipt_mean=ratio(sums["full_days"], sums["full"]),
    )


def _units(receipts: ir.Table, since: ir.Value, between: Callable[[ir.Value, ir.Value], ir.Value]) -> ir.Table:
    """Return how long the units received in the period took, each from its order to its own receipt."""
    receipts = receipts.filter(receipts["received_on"] >= since)
    took = between(receipts["ordered_on"], receipts["received_on"])
    sums = receipts.aggregate(
        by={"of": receipts["supplier_id"]}, days=(took * receipts["qty"]).sum(), units=receipts["qty"].sum()
    )
    return sums.select("of", lead_time_weighted=ratio(sums["days"], sums["units"]))


def _drift(lines: ir.Table, since: ir.Value) -> ir.Table:
    """Return what the goods sent for in the period cost, over what they would have cost at its first prices."""
    import ibis

    sent = lines.filter(lines["ordered_on"] >= since)
    by_time = ibis.window(
        group_by=[sent["supplier_id"], sent["sku"]],
        order_by=[sent["ordered_on"], sent["po_id"]],
        preceding=None,
        following=0,
    )
    first = sent["unit_cost"].first().over(by_time)
    qty = sent["ordered_qty"].cast("decimal(18, 0)")
    priced = sent.select(of=sent["supplier_id"], paid=qty * sent["unit_cost"], at_first=qty * first)
    sums = priced.aggregate(by="of", paid=priced["paid"].sum(), at_first=priced["at_first"].sum())
    return sums.select("of", price_drift=ratio(sums["paid"], sums["at_first"]) - 1.0)


SUPPLIERS: Final = Analysis(
    name="suppliers",
    definition_version=3,
    label="Supplier scorecard",
    question="How long do suppliers take, how reliable are they, and what do they cost?",
    grain="One supplier with a line that was sent, received or due in the window, or is open.",
    fields={
        "supplier": Field(meaning="Identity of the supplier."),
        "supplier_name": Field(meaning="Its name; none where the shop does not name it."),
        "lines": Field(meaning="Lines of purchase orders sent in the window.", unit=Unit.COUNT),
        "received_lines": Field(meaning="Lines of which the first units came in the window.", unit=Unit.COUNT),
        "open_lines": Field(
            meaning="Lines of which nothing had come at its end, whenever they were sent.", unit=Unit.COUNT
        ),
        "open_days_mean": Field(meaning="Mean age of the open lines; no value without one.", unit=Unit.DAYS),
        "open_days_max": Field(meaning="Age of the oldest open line; no value without one.", unit=Unit.DAYS),
        "lead_time_mean": Field(
            meaning="Mean days from the order to the first receipt of the lines received; no value without one. Open "
            "lines are not in it, so it is too short while late ones are open.",
            unit=Unit.DAYS,
        ),
        "lead_time_sd": Field(meaning="Its sample standard deviation; no value before two lines.", unit=Unit.DAYS),
        "lead_time_cv": Field(
            meaning="Standard deviation ÷ mean of the lead time; no value where the mean is 0.", unit=Unit.RATE
        ),
        "lead_time_p90": Field(
            meaning="The days within which nine of ten lines came, interpolated; no value without one.",
            unit=Unit.DAYS,
        ),
        "lead_time_full": Field(
            meaning="Mean days from the order until every unit had come, of the lines made whole in the window.",
            unit=Unit.DAYS,
        ),
        "lead_time_weighted": Field(
            meaning="Mean days from the order to its own receipt, of the units received in the window.", unit=Unit.DAYS
        ),
        "lead_time_median": Field(
            meaning="Days within which the first units of half of the lines sent in the window came, the open ones "
            "counted as not yet (Kaplan-Meier); no value while fewer have.",
            unit=Unit.DAYS,
        ),
        "first_receipt_mean": Field(meaning="Mean days from a purchase order to its first receipt.", unit=Unit.DAYS),
        "full_receipt_mean": Field(
            meaning="Mean days from a purchase order until every unit of every line had come.",
            unit=Unit.DAYS,
        ),
        "due_lines": Field(meaning="Lines due in the window on the chosen basis.", unit=Unit.COUNT),
        "on_time_rate": Field(
            meaning="Lines of which all that came did by the day they were due ÷ lines due; early is on time, open is "
            "not.",
            unit=Unit.RATE,
        ),
        "in_full_rate": Field(
            meaning="Lines with every unit received by the end of the window ÷ lines due.", unit=Unit.RATE
        ),
        "otif_rate": Field(meaning="Lines on time and in full ÷ lines due.", unit=Unit.RATE),
        "ordered_amount": Field(meaning="Cost of the lines sent in the window.", unit=Unit.MONEY),
        "price_drift": Field(
            meaning="Cost of the lines sent ÷ their cost at the first price of each product in the window, less 1; no "
            "value where that is 0.",
            unit=Unit.RATE,
        ),
    },
    keys=("supplier",),
    build=_build,
    formula=(
        "Lead time: day of the first receipt − day of order, of the lines of which it lies in the window. Full: day on "
        "which all units ordered had come. Weighted: each receipt by its units. Rates: of the lines due in the window "
        "by requested, first_confirmed or last_confirmed day. Working days: Monday to Friday."
    ),
    example=(
        "Received after 10, 12 and 20 days: mean 42 ÷ 3 = 14.0, standard deviation √((16 + 4 + 36) ÷ 2) = "
        "5.3, variation 5.3 ÷ 14.0 = 0.38, P90 12 + 0.8 × 8 = 18.4."
    ),
    source=(
        "https://www.ismworld.org/supply-management-news-and-reports/news-publications/inside-supply-management-"
        "magazine/blog/2019-07/the-monthly-metric-supplier-delivery-time/; Kaplan and Meier 1958"
    ),
    bound={"until": "date", "final_until": "date"},
    options={"basis": "requested", "days": "calendar", "window_days": 364},
    owner="Purchasing",
)
