"""RFM scores and segments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecombi.customers.segments import SEGMENTS
from ecombi.errors import MetricError
from tests.customers.conftest import Shop, event, records, sale


@pytest.fixture(scope="module")
def shop(engine: Callable[[], Shop]) -> Shop:
    """Five customers and a guest.

    ann: 3 orders, last on 2020-03-10, 10 + 10 + 30 − 5 returned = 45. ben: 1 order, 2020-03-10, 100.
    cid: 2 orders, last on 2020-02-01, 20. dee: 1 order, 2020-01-05, 10. eve: 1 order, 2020-01-01, 10.
    """
    made = engine()
    made.load(
        "ledger",
        [
            sale("a1", "ann", "2020-01-01"),
            sale("a2", "ann", "2020-02-01"),
            sale("a3", "ann", "2020-03-10", "30"),
            event("return", "a3", "ann", "2020-03-10", "-5", happened="2020-05-01", qty=0),
            sale("b1", "ben", "2020-03-10", "100"),
            sale("c1", "cid", "2020-01-20"),
            sale("c2", "cid", "2020-02-01"),
            sale("d1", "dee", "2020-01-05"),
            sale("e1", "eve", "2020-01-01"),
            sale("g1", None, "2020-03-14", "500"),
        ],
    )
    made.derive()
    return made


def test_figures_and_scores_by_hand(shop: Shop) -> None:
    found = shop.customers.rfm("2020-03-11")
    assert records(found, "customer_id", "recency_days", "frequency", "monetary_value") == [
        ("ann", 1, 3, Decimal(45)),
        ("ben", 1, 1, Decimal(100)),
        ("cid", 39, 2, Decimal(20)),
        ("dee", 66, 1, Decimal(10)),
        ("eve", 70, 1, Decimal(10)),
    ]
    # Strictly worse of five customers, plus one: recency 3 3 2 1 0, frequency 4 0 3 0 0, money 3 4 2 0 0.
    assert records(found, "customer_id", "r", "f", "m", "segment") == [
        ("ann", 4, 5, 4, "Loyal customers"),
        ("ben", 4, 1, 5, "Potential loyalists"),
        ("cid", 3, 4, 3, "Loyal customers"),
        ("dee", 2, 1, 1, "Hibernating"),
        ("eve", 1, 1, 1, "Hibernating"),
    ]


def test_bins_change_scores_but_not_segments(shop: Shop) -> None:
    fifths, halves = (shop.customers.rfm("2020-03-11", bins=bins) for bins in (5, 2))
    # 1 + floor(2 × strictly worse ÷ 5).
    assert records(halves, "r", "f", "m") == [(2, 2, 2), (2, 1, 2), (1, 2, 1), (1, 1, 1), (1, 1, 1)]
    assert records(halves, "segment") == records(fifths, "segment")


def test_orders_on_or_after_the_day_are_ignored(shop: Shop) -> None:
    found = shop.customers.rfm(date(2020, 2, 1))
    assert records(found, "customer_id", "recency_days", "frequency", "monetary_value") == [
        ("ann", 31, 1, Decimal(10)),
        ("cid", 12, 1, Decimal(10)),
        ("dee", 27, 1, Decimal(10)),
        ("eve", 31, 1, Decimal(10)),
    ]
    # Equal values share the lower score.
    assert records(found, "r", "f", "m") == [(1, 1, 1), (4, 1, 1), (3, 1, 1), (1, 1, 1)]


def test_without_a_day_it_is_the_day_after_the_last_order_of_the_shop(shop: Shop) -> None:
    stored, computed = shop.customers.rfm(), shop.customers.rfm("2020-03-15")
    assert set(stored["as_of"]) == {date(2020, 3, 15)}
    assert stored.equals(computed)
    thirds = shop.customers.rfm(bins=3)
    assert records(thirds, "r", "f", "m") == records(shop.customers.rfm("2020-03-15", bins=3), "r", "f", "m")


def test_segments_add_up(shop: Shop) -> None:
    found = shop.customers.segments("2020-03-11")
    columns = ("segment", "customers", "share", "net_sales", "average_frequency", "average_recency_days")
    assert records(found, *columns, "median_recency_days") == [
        ("Hibernating", 2, 0.4, Decimal(20), 1.0, 68.0, 68.0),
        ("Loyal customers", 2, 0.4, Decimal(65), 2.5, 20.0, 20.0),
        ("Potential loyalists", 1, 0.2, Decimal(100), 1.0, 1.0, 1.0),
    ]


def test_every_pair_of_scores_has_one_segment() -> None:
    for r in range(1, 6):
        for fm in range(1, 6):
            assert len([s for s in SEGMENTS if s.r[0] <= r <= s.r[1] and s.fm[0] <= fm <= s.fm[1]]) == 1


@pytest.mark.parametrize("bins", [1, 11])
def test_bins_out_of_range_are_refused(shop: Shop, bins: int) -> None:
    with pytest.raises(MetricError, match=f"bins is {bins}. Give a whole number from 2 to 10"):
        shop.customers.rfm("2020-03-11", bins=bins)


@settings(max_examples=8, deadline=None)
@given(
    bought=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 40), st.integers(0, 3)), min_size=1, max_size=25),
    bins=st.integers(2, 10),
)
def test_scores_follow_the_rule_for_any_orders(blank: Shop, bought: list[tuple[int, int, int]], bins: int) -> None:
    first = date(2020, 1, 1)
    blank.connection.execute("DELETE FROM ledger")
    blank.load(
        "ledger",
        [
            sale(f"o{n}", f"c{who}", (first + timedelta(days=day)).isoformat(), str(amount))
            for n, (who, day, amount) in enumerate(bought)
        ],
    )
    blank.derive()
    found = blank.customers.rfm("2020-02-20", bins=bins).set_index("customer_id")
    customers = {who for who, _, _ in bought}
    worth = {
        f"c{who}": (
            max(day for w, day, _ in bought if w == who),
            sum(w == who for w, _, _ in bought),
            sum(amount for w, _, amount in bought if w == who),
        )
        for who in customers
    }
    assert set(found.index) == set(worth)
    for name, values in worth.items():
        for column, place in (("r", 0), ("f", 1), ("m", 2)):
            worse = sum(other[place] < values[place] for other in worth.values())
            assert found.loc[name, column] == 1 + bins * worse // len(worth)


@pytest.fixture(scope="module")
def blank(engine: Callable[[], Shop]) -> Shop:
    """A shop to be filled."""
    return engine()
