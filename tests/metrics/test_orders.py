"""What is an order, and what one is worth, where events of an order have other days and other numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pandas as pd
import pytest

from ecombi.metrics.query import MetricQuery
from tests.metrics.asking import run
from tests.metrics.conftest import opened, publish
from tests.metrics.tiny_shop import SHOP, ledger_row

FIRST, SECOND = datetime(2012, 5, 1, 12, tzinfo=UTC), datetime(2012, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., pd.DataFrame]]:
    """An order of May with a discount given in June, an order of two days, and a credit note that names no order."""
    warehouse = opened(tmp_path_factory.mktemp("orders"))
    events = [
        ("o1", "sale", 2, "100.00", FIRST, FIRST),
        ("o1", "discount", 0, "-10.00", SECOND, FIRST),
        ("o2", "sale", 1, "30.00", FIRST, FIRST),
        ("o2", "sale", 1, "50.00", SECOND, FIRST),
        ("C3", "return", -1, "-30.00", SECOND, SECOND),
        ("C3", "shipping_refund", 0, "-5.00", SECOND, SECOND),
    ]
    rows = [
        ledger_row(n, order_id=order, kind=kind, qty=qty, amount=Decimal(amount), event_at=at, order_at=ordered_at,
                   customer_id="c1")
        for n, (order, kind, qty, amount, at, ordered_at) in enumerate(events)
    ]  # fmt: skip
    publish(warehouse, rows, {})
    yield lambda *metrics, **question: run(MetricQuery.of(metrics, **question), warehouse, SHOP)
    warehouse.close()


def test_a_discount_given_later_counts_on_its_day_or_with_its_order(asked: Callable[..., pd.DataFrame]) -> None:
    # Booked: 130 over 2 orders in May; 50 − 10 over the 1 order that went on in June. Ordered: 170 over 2.
    assert asked("aov", grain="month")["aov"].tolist() == [65.0, 40.0]
    assert asked("aov", grain="month", basis="ordered")["aov"].tolist()[0] == 85.0
    assert asked("aov")["aov"].tolist() == [85.0]


def test_an_order_of_two_days_is_one_order_of_the_whole(asked: Callable[..., pd.DataFrame]) -> None:
    assert asked("orders", grain="month")["orders"].tolist() == [2, 1]
    assert asked("orders")["orders"].tolist() == [2]


def test_a_credit_note_is_a_return_and_no_order(asked: Callable[..., pd.DataFrame]) -> None:
    june = asked("orders", "aov", "returns", "net_sales", basis="ordered", start=date(2012, 6, 1), end=date(2012, 7, 1))
    assert june[["orders", "returns", "net_sales"]].to_numpy().tolist() == [[0, 30, -30]]
    assert june["aov"].isna().all()
    # It does not name its order, so nobody knows whether that was the customer's first.
    by_type = asked("returns", by="customer_type")
    assert [(None if pd.isna(t) else t, r) for t, r in by_type.itertuples(index=False)][-1] == (None, 30)
