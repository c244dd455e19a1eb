"""Customer journeys: the paths customers take through channels or traffic sources, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.metrics.analysis import Analysis, Field
from ecombi.metrics.definitions import Unit

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from ecombi.metrics.tables import Tables

MOST_STEPS: Final = 10
"""The longest path that can be asked for."""

_UNKNOWN: Final = "unknown"


def _touches(t: Tables, of: str, by: str) -> ir.Table:
    """Return each order, or each session of a known customer, with its place from 1 on, its step and its day."""
    import ibis

    if of == "orders":
        rows = t.orders.filter(t.orders["customer_id"].notnull()).mutate(on_day=t.orders["ordered_on"], converted=1)
        order: tuple[str, ...] = ("customer_order_number",)
    else:
        known = t.sessions["customer_id"].notnull() & ~t.sessions["is_bot"].fill_null(False)
        rows = t.sessions.filter(known).mutate(
            on_day=t.sessions["started_on"], converted=t.sessions["completed_at"].notnull().ifelse(1, 0)
        )
        order = ("started_at", "session_id")
    in_order = ibis.window(group_by=rows["customer_id"], order_by=[rows[name] for name in order])
    return rows.select(
        "customer_id",
        "on_day",
        "converted",
        step=rows[by].fill_null(_UNKNOWN),
        place=(ibis.row_number().over(in_order) + 1).cast("int64"),
    )


def _paths(t: Tables, *, start: ir.Value, end: ir.Value, of: str, by: str, steps: int) -> ir.Table:
    touches = _touches(t, of, by)
    first = touches.filter((touches["place"] == 1) & (touches["on_day"] >= start) & (touches["on_day"] < end))
    early = touches.filter(touches["place"] <= steps).semi_join(first, "customer_id")
    per_customer = early.aggregate(
        by="customer_id",
        steps=early.count().cast("int64"),
        converted=early["converted"].max().cast("int64"),
        **{f"step_{k}": early["step"].max(where=early["place"] == k) for k in range(1, steps + 1)},
    )
    path = per_customer["step_1"]
    for k in range(2, steps + 1):
        path += (" > " + per_customer[f"step_{k}"]).fill_null("")
    walked = per_customer.select("steps", "converted", path=path)
    rows = walked.aggregate(
        by=["path", "steps"],
        customers=walked.count().cast("int64"),
        conversions=walked["converted"].sum().cast("int64"),
    )
    share = rows["customers"].cast("float64") / rows["customers"].sum().over().cast("float64")
    rate = rows["conversions"].cast("float64") / rows["customers"].cast("float64").nullif(0)
    return rows.mutate(share=share, conversion_rate=rate).select(*JOURNEYS.fields)


def _transitions(t: Tables, *, start: ir.Value, end: ir.Value, of: str, by: str) -> ir.Table:
    import ibis

    touches = _touches(t, of, by)
    in_order = ibis.window(group_by=touches["customer_id"], order_by=touches["place"])
    moves = touches.select("on_day", to_step="step", from_step=touches["step"].lag().over(in_order))
    moves = moves.filter(moves["from_step"].notnull() & (moves["on_day"] >= start) & (moves["on_day"] < end))
    rows = moves.aggregate(by=["from_step", "to_step"], transitions=moves.count().cast("int64"))
    leaving = rows["transitions"].sum().over(group_by=rows["from_step"])
    return rows.mutate(share=rows["transitions"].cast("float64") / leaving.cast("float64")).select(*TRANSITIONS.fields)


_OPTIONS: Final = {"of": "orders", "by": "channel"}
"""of: "orders", or "sessions" of known customers, machines left out. by: "channel" or "traffic_source"."""

JOURNEYS: Final = Analysis(
    name="journeys",
    label="Customer journeys",
    question="Which ways do customers go, and which of them end in an order?",
    grain="One row per path of the first orders, or sessions, of a customer.",
    fields={
        "path": Field(meaning=f"Channels, or traffic sources, as a > b > c; {_UNKNOWN} where none is known."),
        "steps": Field(meaning="Orders, or sessions, on the path.", unit=Unit.COUNT),
        "customers": Field(meaning="Customers who went it.", unit=Unit.COUNT),
        "share": Field(meaning="Their share of all customers here.", unit=Unit.RATE),
        "conversions": Field(
            meaning="Those of them who completed a checkout in one of its sessions; all of them for orders.",
            unit=Unit.COUNT,
        ),
        "conversion_rate": Field(meaning="conversions ÷ customers.", unit=Unit.RATE),
    },
    keys=("path", "steps"),
    order=("-customers", "path", "steps"),
    build=_paths,
    bound={"start": "date", "end": "date"},
    options={**_OPTIONS, "steps": 3},
    formula=(
        "The first orders, or sessions, of each customer, as many as steps, over the customers whose first one is from "
        "start up to and not including end. A path ends earlier where a customer has fewer."
    ),
    example=(
        "By session, of 4 customers 3 came by email and then by search, and 1 of these completed a checkout: share "
        "3 ÷ 4 = 75.0%, conversion rate 1 ÷ 3 = 33.3%."
    ),
    source="Composed; the path report of web analytics, over known customers.",
    owner="Marketing",
)

TRANSITIONS: Final = Analysis(
    name="transitions",
    label="Journey transitions",
    question="Where do customers go from here?",
    grain="One row per pair of channels, or traffic sources, of two consecutive orders, or sessions, of a customer.",
    fields={
        "from_step": Field(meaning=f"Channel, or traffic source; {_UNKNOWN} where none is known."),
        "to_step": Field(meaning="The one of the next order, or session; it may be the same."),
        "transitions": Field(meaning="How often one followed the other.", unit=Unit.COUNT),
        "share": Field(meaning="Share of all transitions from the same step.", unit=Unit.RATE),
    },
    keys=("from_step", "to_step"),
    build=_transitions,
    bound={"start": "date", "end": "date"},
    options=_OPTIONS,
    formula="Consecutive ones of a customer, where the later is from start up to and not including end.",
    example=(
        "After an order on the web the next one was on the web 3 times and in the app once: 3 ÷ 4 = 75.0% and "
        "1 ÷ 4 = 25.0%."
    ),
    source="Composed; a first-order Markov chain.",
    owner="Marketing",
)
