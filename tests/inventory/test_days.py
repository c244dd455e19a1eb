"""Working days, against numpy's."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pytest

from ecombi.inventory.days import working_days_between
from ecombi.metrics.parameters import to_sql
from tests.inventory.conftest import Shop

MONDAY = date(2026, 3, 2)


def between(shop: Shop, pairs: list[tuple[date, date]]) -> list[int]:
    counted = {
        f"n{i}": working_days_between(ibis.literal(first), ibis.literal(last)) for i, (first, last) in enumerate(pairs)
    }
    one = ibis.literal(1).name("one").as_table()
    [row] = shop.connection.execute(to_sql(one.select(**counted), shop.dialect)).fetchall()
    return list(row)


@pytest.mark.parametrize(
    ("first", "days", "working"),
    [(4, 3, 1), (4, 2, 0), (0, 4, 4), (0, 7, 5), (5, 1, 0), (6, 1, 1), (2, 0, 0)],
    ids=["Fri-Mon", "Fri-Sun", "Mon-Fri", "Mon-Mon", "Sat-Sun", "Sun-Mon", "same day"],
)
def test_working_days_by_hand(shop: Shop, first: int, days: int, working: int) -> None:
    start = MONDAY + timedelta(days=first)
    assert between(shop, [(start, start + timedelta(days=days))]) == [working]


def test_working_days_agree_with_numpy(shop: Shop) -> None:
    pairs = [
        (MONDAY + timedelta(days=first), MONDAY + timedelta(days=first + length))
        for first in range(7)
        for length in (0, 1, 2, 3, 4, 5, 6, 7, 8, 30, 365, 1000)
    ]
    # numpy counts the first day and not the last; we count the last and not the first.
    after = [(first + timedelta(days=1), last + timedelta(days=1)) for first, last in pairs]
    assert between(shop, pairs) == [int(np.busday_count(first, last)) for first, last in after]
