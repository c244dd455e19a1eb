"""Customer value to date, and the purchase history predictions rest on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

from ecombi.errors import NotEnoughHistoryError
from tests.customers.conftest import Shop, event, records, sale

_LEDGER = (
    sale("a1", "ann", "2020-01-01", "20", cost_amount=Decimal(8)),
    sale("a2", "ann", "2020-01-11", "30", cost_amount=Decimal(12)),
    event("discount", "a2", "ann", "2020-01-11", "-3", cost_amount=Decimal(0), qty=0),
    sale("a3", "ann", "2020-01-11", "5", time="15:00"),
    event("return", "a2", "ann", "2020-01-11", "-10", happened="2020-01-20", cost_amount=Decimal(-4), qty=-1),
    sale("a4", "ann", "2020-01-31", "40", cost_amount=Decimal(16)),
    sale("b1", "ben", "2020-01-30", "10"),
    sale("b2", "ben", "2020-02-02", "10"),
    sale("g1", None, "2020-01-01", "99"),
)
_LATER = (
    event("return", "a4", "ann", "2020-01-31", "-40", happened="2020-02-01", cost_amount=Decimal(-16), qty=-1),
    sale("a5", "ann", "2020-02-01", "70", cost_amount=Decimal(1)),
    # Placed before the day, charged after it.
    sale("c1", "cid", "2020-01-15", "70", happened="2020-02-03"),
)


def _shop(make: Callable[[], Shop], ledger: tuple[dict[str, object], ...]) -> Shop:
    made = make()
    made.load("ledger", ledger)
    made.derive()
    return made


@pytest.fixture(scope="module")
def shop(engine: Callable[[], Shop]) -> Shop:
    """ann orders on 1, 11 (twice) and 31 January, ben on 30 January and 2 February."""
    return _shop(engine, _LEDGER)


def test_value_to_date_by_hand(shop: Shop) -> None:
    # ann: 20 + 30 − 3 + 5 − 10 + 40 = 82, cost 8 + 12 − 4 + 16 = 32.
    assert records(shop.customers.customer_value(), "customer_id", "orders", "net_sales", "margin") == [
        ("ann", 4, Decimal(82), Decimal(50)),
        ("ben", 2, Decimal(20), None),
    ]


def test_history_by_hand(shop: Shop) -> None:
    # ann came back on two days, for 30 − 3 + 5 − 10 = 22 and 40; cost 12 − 4 = 8 and 16.
    figures = ("customer_id", "frequency", "recency_days", "age_days", "net_sales_per_purchase", "margin_per_purchase")
    assert records(shop.customers.purchase_history("2020-02-01"), *figures) == [
        ("ann", 2, 30, 30, 31.0, 19.0),
        ("ben", 0, 0, 1, None, None),
    ]
    # Before the return of 20 January: 30 − 3 + 5 = 32, cost 12.
    assert records(shop.customers.purchase_history(date(2020, 1, 20)), *figures) == [("ann", 1, 10, 18, 32.0, 20.0)]


def test_what_happens_later_changes_nothing(engine: Callable[[], Shop], shop: Shop) -> None:
    moved = _shop(engine, _LEDGER + _LATER)
    for day in ("2020-01-20", "2020-02-01"):
        assert moved.customers.purchase_history(day).equals(shop.customers.purchase_history(day))


def test_purchases_after_wait_until_they_are_final(shop: Shop) -> None:
    from ecombi.customers.lifetime import PURCHASES_AFTER

    values = {"as_of": date(2020, 1, 11), "until": date(2020, 2, 1)}
    assert records(shop.analyse(PURCHASES_AFTER, values=values, options={}), "customer_id", "purchases") == [("ann", 2)]
    early = {**values, "final_until": date(2020, 1, 31)}
    assert records(shop.analyse(PURCHASES_AFTER, values=early, options={}), "customer_id", "purchases") == [
        ("ann", None)
    ]
    later = {"as_of": date(2020, 2, 1), "until": date(2020, 2, 2)}
    found = shop.analyse(PURCHASES_AFTER, values=later, options={})
    assert records(found, "customer_id", "purchases") == [("ann", 0), ("ben", 0)]


def test_a_short_history_is_refused(shop: Shop) -> None:
    with pytest.raises(NotEnoughHistoryError, match="1 customers came back on another day, and a prediction needs"):
        shop.customers.churn_risk("2020-02-01")
    nobody = shop.customers.purchase_history("2019-01-01")
    assert isinstance(nobody, pd.DataFrame)
    assert nobody.empty
    with pytest.raises(NotEnoughHistoryError, match="0 customers"):
        shop.customers.lifetime_value("2019-01-01")
