"""Any ledger, any question: the planner's figures are those of adding up in Python, one event at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecombi.metrics.query import MetricQuery
from ecombi.schema.kinds import Kind
from tests.metrics.asking import run
from tests.metrics.conftest import opened, publish
from tests.metrics.tiny_shop import SHOP, ledger_row

Row = dict[str, object]
Figure = Decimal | int | Fraction | None
PRODUCTS = {"a": ("Same", "X"), "b": ("Same", None), "c": ("Other", "Y")}
ZONE = ZoneInfo(SHOP.time_zone)
START, END = date(2012, 2, 27), date(2012, 4, 2)  # a leap day, a change of clocks, a month's and a quarter's end


def total(rows: Sequence[Row], column: str, *kinds: Kind) -> Decimal:
    return sum((row[column] for row in rows if row["kind"] in kinds and row[column] is not None), Decimal(0))


def net(rows: Sequence[Row]) -> Decimal:
    return total(rows, "amount", Kind.SALE, Kind.DISCOUNT, Kind.RETURN)


def cost(rows: Sequence[Row]) -> Decimal | None:
    known = [
        row["cost_amount"] for row in rows if row["kind"] in (Kind.SALE, Kind.RETURN) and row["cost_amount"] is not None
    ]
    return sum(known, Decimal(0)) if known else None


def original(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["original"]]


def mark_original(rows: Sequence[Row]) -> None:
    """Say of each row whether it is of an order as it was first sold."""
    sold: dict[object, list[date]] = defaultdict(list)
    added: dict[object, list[date]] = defaultdict(list)
    for row in rows:
        sold[row["order_id"]] += [row["event_on"]] if row["kind"] == Kind.SALE else []
        added[row["order_id"]] += [row["event_on"]] if row["kind"] in (Kind.SALE, Kind.DISCOUNT) else []
    for row in rows:
        first = min(sold[row["order_id"]], default=None)
        amended = first is not None and max(added[row["order_id"]]) > first
        row["original"] = (
            first is not None and row["order_id"] is not None and (not amended or row["event_on"] <= first)
        )


def orders(rows: Sequence[Row]) -> int:
    return len({row["order_id"] for row in original(rows) if row["kind"] == Kind.SALE})


def ratio(numerator: Decimal | int | None, denominator: Decimal | int) -> Fraction | None:
    return None if numerator is None or denominator == 0 else Fraction(numerator) / Fraction(denominator)


def costed(rows: Sequence[Row]) -> Decimal:
    return net([row for row in rows if row["cost_amount"] is not None])


CHARGED = (Kind.SALE, Kind.DISCOUNT, Kind.TAX, Kind.DUTY, Kind.SHIPPING, Kind.SHIPPING_DISCOUNT)
BY_HAND: dict[str, Callable[[Sequence[Row]], Figure]] = {
    "net_sales": net,
    "total_sales": lambda rows: (
        net(rows)
        + total(rows, "amount", Kind.TAX, Kind.TAX_REFUND, Kind.DUTY)
        + total(rows, "amount", Kind.SHIPPING, Kind.SHIPPING_DISCOUNT, Kind.SHIPPING_REFUND)
    ),
    "units_returned": lambda rows: -int(total(rows, "qty", Kind.RETURN)),
    "orders": orders,
    "aov": lambda rows: ratio(total(original(rows), "amount", Kind.SALE, Kind.DISCOUNT), orders(rows)),
    "average_order_total": lambda rows: ratio(total(original(rows), "amount", *CHARGED), orders(rows)),
    "gross_margin": lambda rows: None if cost(rows) is None else net(rows) - cost(rows),
    "cost_coverage": lambda rows: ratio(costed(rows), net(rows)),
    "return_rate": lambda rows: ratio(-total(rows, "qty", Kind.RETURN), total(rows, "qty", Kind.SALE)),
}
COUNTED = set(Kind) - {
    Kind.ADJUSTMENT,
    Kind.FEE,
    Kind.CHARGEBACK,
    Kind.STOCK_WRITE_OFF,
    Kind.GIFT_CARD_ISSUE,
    Kind.GIFT_CARD_REDEEM,
    Kind.TIP,
}
BUCKET: dict[str | None, Callable[[pd.Timestamp], pd.Timestamp | None]] = {
    None: lambda hour: None,
    "hour": lambda hour: hour,
    "day": lambda hour: hour.normalize(),
    "week": lambda hour: hour.normalize() - timedelta(days=hour.weekday()),
    "month": lambda hour: hour.normalize().replace(day=1),
    "quarter": lambda hour: hour.normalize().replace(day=1, month=(hour.month - 1) // 3 * 3 + 1),
    "year": lambda hour: hour.normalize().replace(day=1, month=1),
}
DIMENSION: dict[str, Callable[[Row], object]] = {
    "country": lambda row: row["country"],
    "category": lambda row: PRODUCTS.get(row["sku"], (None, None))[1],
    "product_name": lambda row: PRODUCTS.get(row["sku"], (None, None))[0],
    "product": lambda row: row["sku"],
}

moments = st.integers(0, 37 * 24 * 4).map(lambda n: datetime(2012, 2, 26, tzinfo=UTC) + n * timedelta(minutes=15))
cents = st.decimals(-10_000, 10_000, places=4)
events = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(list(Kind)).map(lambda kind: kind.value),
        "order_at": moments,
        "later": st.integers(0, 40).map(lambda days: timedelta(days=days)),
        "order_id": st.sampled_from([None, "1", "2", "3"]),
        "sku": st.sampled_from([None, "a", "b", "c", "unlisted"]),
        "country": st.sampled_from([None, "GB", "Å", "fr"]),
        "qty": st.integers(-5, 5),
        "amount": cents,
        "cost_amount": st.none() | cents,
    }
)
questions = st.fixed_dictionaries(
    {
        "by": st.lists(st.sampled_from(sorted(DIMENSION)), unique=True, max_size=2),
        "grain": st.sampled_from(list(BUCKET)),
        "basis": st.sampled_from(["booked", "ordered"]),
        "where": st.sampled_from(
            [None, {"country": ["GB", None]}, {"category": ["X"]}, {"product": ["a", "unlisted"]}]
        ),
    }
)


def added_up(rows: Sequence[Row], question: dict[str, object]) -> dict[tuple[object, ...], dict[str, Figure]]:
    groups: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        at: datetime = (
            row["event_at" if question["basis"] == "booked" else "order_at"].replace(tzinfo=UTC).astimezone(ZONE)
        )
        where = question["where"] or {}
        passes = all(DIMENSION[name](row) in kept for name, kept in where.items())
        if passes and START <= at.date() < END and row["kind"] in COUNTED:
            bucket = BUCKET[question["grain"]](pd.Timestamp(at.replace(tzinfo=None, minute=0)))
            groups[(*(DIMENSION[name](row) for name in question["by"]), bucket)].append(row)
    if not question["by"] and question["grain"] is None:
        groups.setdefault((None,), [])
    return {key: {name: figure(group) for name, figure in BY_HAND.items()} for key, group in groups.items()}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=st.lists(events, max_size=40), asked=st.lists(questions, min_size=4, max_size=4))
def test_figures_are_those_of_adding_up_by_hand(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[Row], asked: list[dict[str, object]]
) -> None:
    rows = []
    for number, event in enumerate(drawn):
        rest = {name: value for name, value in event.items() if name not in ("later", "order_at")}
        if event["kind"] == Kind.STOCK_WRITE_OFF:
            rest["amount"] = Decimal(0)
        at = event["order_at"]
        rows.append(ledger_row(number, order_at=at, event_at=at + event["later"], **rest))
    mark_original(rows)
    warehouse = opened(tmp_path_factory.mktemp("random"))
    publish(warehouse, rows, PRODUCTS)
    for question in asked:
        query = MetricQuery.of(list(BY_HAND), start=START, end=END, **question)
        found = run(query, warehouse, SHOP).to_dict("records")
        keys = [*question["by"], *([question["grain"]] if question["grain"] else [])]
        figures = {
            (*(None if pd.isna(row[key]) else row[key] for key in keys), *([] if question["grain"] else [None])): row
            for row in found
        }
        expected = added_up(rows, question)
        assert set(figures) == set(expected)
        for key, by_hand in expected.items():
            for metric, figure in by_hand.items():
                value = figures[key][metric]
                if figure is None:
                    assert pd.isna(value), (question, key, metric)
                else:
                    assert value == (pytest.approx(float(figure)) if isinstance(figure, Fraction) else figure), (
                        question,
                        key,
                        metric,
                    )
    warehouse.close()
