"""The bridge from the net sales ordered in a period to those booked in it, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ecombi.metrics.analysis import Analysis, Field
from ecombi.metrics.definitions import Unit
from ecombi.schema.kinds import Kind

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from ecombi.metrics.tables import Tables

_GOODS: Final = (Kind.SALE, Kind.DISCOUNT, Kind.RETURN)
_MONEY: Final = "decimal(38, 4)"
_CROSSINGS: Final = (
    ("less: booked before the period", "in", "before"),
    ("less: booked after the period", "in", "after"),
    ("plus: of orders placed before the period", "before", "in"),
    ("plus: of orders placed after the period", "after", "in"),
)
"""Line, where the order's day lies, where the event's day lies."""


def _bridge(t: Tables, *, start: ir.DateValue, end: ir.DateValue) -> ir.Table:
    """Sum the ledger by where both of its days lie, then lay the few sums out as lines."""
    import ibis

    def lies(day: ir.DateColumn) -> ir.Value:
        return ibis.cases((day < start, "before"), (day >= end, "after"), else_="in")

    either_in = ibis.or_(*((day >= start) & (day < end) for day in (t.ledger["order_on"], t.ledger["event_on"])))
    rows = t.ledger.filter(t.ledger["kind"].isin(_GOODS), either_in)
    rows = rows.select("kind", "amount", placed=lies(rows["order_on"]), booked=lies(rows["event_on"]))
    sums = rows.aggregate(by=["placed", "booked", "kind"], amount=rows["amount"].sum().cast(_MONEY))
    nothing = ibis.literal(0, _MONEY)

    def total(*where: ir.BooleanValue) -> ir.Value:
        return sums["amount"].sum(where=ibis.and_(*where)).cast(_MONEY).coalesce(nothing)

    lines: list[tuple[str, str | None, ir.Value]] = [("ordered in the period", None, total(sums["placed"] == "in"))]
    for line, placed, booked in _CROSSINGS:
        for kind in _GOODS:
            amount = total(sums["placed"] == placed, sums["booked"] == booked, sums["kind"] == kind.value)
            lines.append((line, kind.value, amount if booked == "in" else -amount))
    lines.append(("booked in the period", None, total(sums["booked"] == "in")))

    one = sums.aggregate(**{f"line_{n}": amount for n, (_, _, amount) in enumerate(lines, 1)})
    rows = one.mutate(n=ibis.range(1, len(lines) + 1).unnest())

    def at_place(values: list[ir.Value]) -> ir.Value:
        return ibis.cases(*((rows["n"] == n, value) for n, value in enumerate(values, 1)))

    laid = rows.select(
        position=rows["n"].cast("int64"),
        line=at_place([ibis.literal(line) for line, _, _ in lines]),
        kind=at_place([ibis.literal(kind, "string") for _, kind, _ in lines]),
        amount=at_place([rows[name] for name in one.columns]).cast(_MONEY),
    )
    # The last line is what the others sum to, so it adds nothing to them.
    added = ibis.cases((laid["position"] < len(lines), laid["amount"]), else_=nothing)
    down_to_here = ibis.window(order_by=laid["position"], preceding=None, following=0)
    return laid.mutate(running_total=added.sum().over(down_to_here).cast(_MONEY))


bridge: Final = Analysis(
    name="bridge",
    label="Bridge from ordered to booked",
    question="Why do the net sales ordered in a period differ from those booked in it?",
    grain="One row per line of the bridge: always the same 14, with 0 where nothing crossed an end of the period.",
    fields={
        "position": Field(meaning="Place of the line, from 1.", unit=Unit.COUNT),
        "line": Field(
            meaning=(
                "First the net sales of orders placed in the period, whenever they were booked; last those booked in "
                "it, whenever the orders were placed; between them what is in only one of the two."
            )
        ),
        "kind": Field(meaning="sale, discount or return; no value in the first and the last line."),
        "amount": Field(
            meaning="What the line adds, exact; in the first and the last line the net sales.", unit=Unit.MONEY
        ),
        "running_total": Field(
            meaning="Sum of the amounts down to here; in the last two lines the net sales booked.", unit=Unit.MONEY
        ),
    },
    keys=("position",),
    build=_bridge,
    bound={"start": "date", "end": "date"},
    formula=(
        "Net sales ordered − what of these orders was booked before or after the period + what was booked in it of "
        "orders placed before or after it = net sales booked."
    ),
    example=(
        "Ordered in September: 100.00, of which 12.00 came back in October. In September 5.00 of an August "
        "order came back. 100.00 + 12.00 − 5.00 = 107.00 booked in September."
    ),
    source="Composed from net_sales on its two bases.",
)
