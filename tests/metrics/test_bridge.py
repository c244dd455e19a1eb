"""The bridge leads from ordered to booked net sales, to the last decimal, whatever was refunded when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import chain
from typing import NamedTuple

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from ecombi.backends.warehouse import Warehouse
from ecombi.metrics.answers import Answers
from ecombi.metrics.bridge import bridge
from ecombi.metrics.parameters import parameter, to_sql
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.tables import Tables
from ecombi.schema.kinds import Kind
from tests.metrics import tiny_shop
from tests.metrics.asking import run

START, END = date(2026, 3, 1), date(2026, 4, 1)
GOODS = ("sale", "discount", "return")


class Event(NamedTuple):
    kind: str
    order_on: date
    event_on: date
    amount: Decimal


class Line(NamedTuple):
    position: int
    line: str
    kind: str | None
    amount: Decimal
    running_total: Decimal


@cache
def sql() -> str:
    bound = {name: parameter(name, kind) for name, kind in bridge.bound.items()}
    return to_sql(bridge.build(Tables(), **bound), "duckdb")


def bridged(events: Sequence[Event], start: date = START, end: date = END) -> list[Line]:
    columns = zip(*events, strict=True) if events else ([], [], [], [])
    types = (pa.string(), pa.date32(), pa.date32(), pa.decimal128(18, 4))
    ledger = pa.table([pa.array(c, t) for c, t in zip(columns, types, strict=True)], list(Event._fields))
    with duckdb.connect() as connection:
        connection.register("ledger", ledger)
        found = connection.sql(sql(), params={"start": start, "end": end}).to_arrow_table()
    assert found.column_names == list(bridge.fields)
    assert found.schema.field("amount").type == found.schema.field("running_total").type == pa.decimal128(38, 4)
    return sorted(Line(**row) for row in found.to_pylist())


def day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")


# March by hand. Ordered: 100 − 10 − 30 − 5 = 55. Booked: 100 − 10 − 40 + 7 = 57.
MARCH = [
    Event("sale", day("03-01"), day("03-01"), Decimal("100.00")),
    Event("discount", day("03-31"), day("03-31"), Decimal("-10.00")),
    Event("return", day("03-20"), day("04-01"), Decimal("-30.00")),
    Event("discount", day("03-20"), day("02-28"), Decimal("-5.00")),
    Event("return", day("02-28"), day("03-05"), Decimal("-40.00")),
    Event("sale", day("04-02"), day("03-30"), Decimal("7.00")),
    Event("sale", day("02-10"), day("02-11"), Decimal("999.00")),
    Event("tax", day("03-01"), day("04-01"), Decimal("20.00")),
    Event("shipping_refund", day("02-01"), day("03-01"), Decimal("-4.00")),
]


def test_each_event_that_crosses_an_end_of_the_period_is_on_its_line() -> None:
    lines = bridged(MARCH)
    assert {(line.line, line.kind): line.amount for line in lines if line.amount} == {
        ("ordered in the period", None): Decimal(55),
        ("less: booked before the period", "discount"): Decimal(5),
        ("less: booked after the period", "return"): Decimal(30),
        ("plus: of orders placed before the period", "return"): Decimal(-40),
        ("plus: of orders placed after the period", "sale"): Decimal(7),
        ("booked in the period", None): Decimal(57),
    }
    # 55 + 5 = 60, + 30 = 90, − 40 = 50, + 7 = 57.
    totals = [55, 55, 60, 60, 60, 60, 90, 90, 90, 50, 57, 57, 57, 57]
    assert [line.running_total for line in lines] == totals
    assert [line.position for line in lines] == list(range(1, 15))


def test_without_events_every_line_is_there_with_nothing() -> None:
    lines = bridged([])
    assert [line.kind for line in lines] == [None, *GOODS * 4, None]
    assert {(line.amount, line.running_total) for line in lines} == {(Decimal(0), Decimal(0))}


def test_amounts_below_a_cent_stay_exact() -> None:
    lines = bridged([Event("sale", day("03-01"), day("04-01"), Decimal("99999999999999.0001"))] * 3)
    assert lines[0].amount == Decimal("299999999999997.0003")
    assert lines[-1].amount == lines[-1].running_total == 0


# Few days and short periods, so that many events lie on an end of the period or cross it.
days = st.integers(-3, 9).map(lambda n: START + timedelta(days=n))
amounts = st.decimals(-(10**12), 10**12, places=4)
events = st.builds(Event, st.sampled_from([*GOODS, *(kind.value for kind in Kind)]), days, days, amounts)


@st.composite
def refunded(draw: st.DrawFn) -> list[Event]:
    """An order with partial refunds, some of them before its own day."""
    placed, amount = draw(days), draw(st.decimals(0, 10**6, places=4))
    parts = draw(st.lists(st.tuples(st.integers(-4, 8), st.integers(0, 4)), max_size=4))
    refunds = [
        Event("return", placed, placed + timedelta(days=later), -(amount * share / 4).quantize(Decimal("0.0001")))
        for later, share in parts
    ]
    return [Event("sale", placed, placed, amount), *refunds]


histories = st.lists(events.map(lambda event: [event]) | refunded(), max_size=20).map(lambda many: list(chain(*many)))
periods = st.tuples(st.integers(0, 3), st.integers(1, 4)).map(
    lambda p: (START + timedelta(days=p[0]), START + timedelta(days=p[0] + p[1]))
)


@settings(max_examples=40, deadline=None)
@given(history=histories, period=periods)
def test_the_lines_lead_exactly_from_the_one_to_the_other(history: list[Event], period: tuple[date, date]) -> None:
    start, end = period
    first, *steps, last = bridged(history, start, end)
    goods = [event for event in history if event.kind in GOODS]
    ordered = sum((e.amount for e in goods if start <= e.order_on < end), Decimal(0))
    booked = sum((e.amount for e in goods if start <= e.event_on < end), Decimal(0))
    assert (first.amount, last.amount) == (ordered, booked)
    assert first.amount + sum(step.amount for step in steps) == last.amount
    so_far = Decimal(0)
    for line in (first, *steps):
        so_far += line.amount
        assert line.running_total == so_far
    assert last.running_total == last.amount
    for step in steps:
        crossing = sum(
            (e.amount for e in goods if (_line(e, start, end), e.kind) == (step.line, step.kind)), Decimal(0)
        )
        assert step.amount == (-crossing if step.line.startswith("less") else crossing)


def _line(event: Event, start: date, end: date) -> str | None:
    ordered, booked = start <= event.order_on < end, start <= event.event_on < end
    if ordered and not booked:
        return f"less: booked {'before' if event.event_on < start else 'after'} the period"
    if booked and not ordered:
        return f"plus: of orders placed {'before' if event.order_on < start else 'after'} the period"
    return None


def test_february_of_the_tiny_shop_on_every_engine(warehouse: Warehouse) -> None:
    # Ordered: o05 10, o06 40 − 40, o07 30 − 3. The 40 came back in March, and 10 of January in February.
    bound = {"start": date(2012, 2, 1), "end": date(2012, 3, 1)}
    lines = Answers(warehouse, tiny_shop.SHOP).analyse(bridge, values=bound)
    assert list(lines["position"]) == list(range(1, 15))
    told = zip(lines["line"], lines["kind"].fillna(""), lines["amount"], lines["running_total"], strict=True)
    assert [line for line in told if line[2]] == [
        ("ordered in the period", "", Decimal(37), Decimal(37)),
        ("less: booked after the period", "return", Decimal(40), Decimal(77)),
        ("plus: of orders placed before the period", "return", Decimal(-10), Decimal(67)),
        ("booked in the period", "", Decimal(67), Decimal(67)),
    ]
    for line, basis in ((0, "ordered"), (13, "booked")):
        [figure] = run(MetricQuery.of("net_sales", basis=basis, **bound), warehouse, tiny_shop.SHOP)["net_sales"]
        assert lines["amount"][line] == figure


def test_every_field_is_described() -> None:
    assert [name for name, field in bridge.fields.items() if not field.meaning.endswith(".")] == []
