"""Baskets, days between orders, and what is bought second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecombi.errors import MetricError, PeriodError
from tests.customers.conftest import Shop, event, records, sale


@pytest.fixture(scope="module")
def shop(engine: Callable[[], Shop]) -> Shop:
    """Five orders with a product, of three customers and a guest.

    ann: mug + tea (mug twice), then tea the next day, then lamp 9 days later. ben: mug + tea, then mug + lamp on the
    same day. The guest: lamp, and a gift card, which is no product.
    """
    made = engine()
    made.load(
        "ledger",
        [
            sale("a1", "ann", "2020-01-01", sku="mug"),
            sale("a1", "ann", "2020-01-01", sku="mug"),
            sale("a1", "ann", "2020-01-01", sku="tea"),
            sale("a2", "ann", "2020-01-02", sku="tea"),
            sale("a3", "ann", "2020-01-11", sku="lamp"),
            sale("b1", "ben", "2020-02-01", sku="mug"),
            sale("b1", "ben", "2020-02-01", sku="tea"),
            event("return", "b1", "ben", "2020-02-01", "-10", sku="tea", qty=-1),
            sale("b2", "ben", "2020-02-01", sku="mug", time="13:00"),
            sale("b2", "ben", "2020-02-01", sku="lamp", time="13:00"),
            event("gift_card_issue", "b2", "ben", "2020-02-01", "50", sku="card"),
            sale("c1", "cid", "2020-02-03", sku="tea"),
            sale("g1", None, "2020-02-05", sku="lamp"),
        ],
    )
    made.load(
        "products",
        [
            {"sku": sku, "name": sku, "category": category, "load_id": 1}
            for sku, category in (("mug", "kitchen"), ("tea", "food"), ("lamp", None))
        ],
    )
    made.derive()
    return made


def test_pairs_by_hand(shop: Shop) -> None:
    # Seven orders: mug in 3, tea in 4, lamp in 3; mug and tea together in 2, mug and lamp in 1.
    found = shop.customers.basket_pairs(min_support=0.1)
    counts = ("antecedent", "consequent", "orders", "antecedent_orders", "consequent_orders")
    assert records(found, *counts) == [
        ("lamp", "mug", 1, 3, 3),
        ("mug", "lamp", 1, 3, 3),
        ("mug", "tea", 2, 3, 4),
        ("tea", "mug", 2, 4, 3),
    ]
    rates = found[["support", "confidence", "lift"]].astype(float).to_numpy().tolist()
    expected = [
        (1 / 7, 1 / 3, (1 / 3) / (3 / 7)),
        (1 / 7, 1 / 3, (1 / 3) / (3 / 7)),
        (2 / 7, 2 / 3, (2 / 3) / (4 / 7)),
        (2 / 7, 2 / 4, (2 / 4) / (3 / 7)),
    ]
    assert rates == [pytest.approx(row, rel=1e-12) for row in expected]


def test_a_pair_needs_its_support(shop: Shop) -> None:
    assert records(shop.customers.basket_pairs(min_support=2 / 7), "antecedent", "consequent") == [
        ("mug", "tea"),
        ("tea", "mug"),
    ]
    assert shop.customers.basket_pairs(min_support=0.3).empty


def test_pairs_of_a_period_and_of_categories(shop: Shop) -> None:
    january = shop.customers.basket_pairs(min_support=0.1, start="2020-01-01", end="2020-02-01")
    assert records(january, "antecedent", "consequent", "orders", "antecedent_orders") == [
        ("mug", "tea", 1, 1),
        ("tea", "mug", 1, 2),
    ]
    # The lamp has no category: five orders are left.
    categories = shop.customers.basket_pairs(min_support=0.1, by="category")
    assert records(categories, "antecedent", "consequent", "orders", "support") == [
        ("food", "kitchen", 2, 0.4),
        ("kitchen", "food", 2, 0.4),
    ]


def test_impossible_questions_are_refused(shop: Shop) -> None:
    with pytest.raises(MetricError, match=r"min_support is 0"):
        shop.customers.basket_pairs(min_support=0)
    with pytest.raises(MetricError, match=r"by cannot be 'sku'. Known: category, product"):
        shop.customers.basket_pairs(by="sku")  # type: ignore[arg-type]
    with pytest.raises(PeriodError, match=r"no day in it"):
        shop.customers.intervals(start="2020-02-01", end="2020-02-01")


def test_days_between_orders(shop: Shop) -> None:
    columns = ("order_number", "intervals", "mean_days", "median_days", "p90_days")
    # To the second order 1 and 0 days, to the third 9: p90 of 0 and 1 is 0.9, of 0, 1 and 9 it is 1 + 0.8 × 8.
    assert records(shop.customers.intervals(), *columns) == [
        (2, 2, 0.5, 0.5, pytest.approx(0.9)),
        (3, 1, 9.0, 9.0, 9.0),
    ]
    assert records(shop.customers.intervals(by_order=False), *columns) == [
        (None, 3, pytest.approx(10 / 3), 1.0, pytest.approx(7.4))
    ]
    later = shop.customers.intervals(by_order=False, start="2020-01-03", end=date(2020, 2, 1))
    assert records(later, *columns) == [(None, 1, 9.0, 9.0, 9.0)]
    nothing = shop.customers.intervals(by_order=False, start="2021-01-01")
    assert records(nothing, *columns) == [(None, 0, None, None, None)]


def test_second_product_given_the_first(shop: Shop) -> None:
    found = shop.customers.next_products(min_customers=1)
    # ann: mug, tea -> tea. ben: mug, tea -> mug, lamp. cid: tea -> nothing.
    columns = ("first_product", "second_product", "customers", "first_buyers", "returning_buyers", "share")
    assert records(found, *columns) == [
        ("mug", "lamp", 1, 2, 2, 0.5),
        ("mug", "mug", 1, 2, 2, 0.5),
        ("mug", "tea", 1, 2, 2, 0.5),
        ("tea", "lamp", 1, 3, 2, 0.5),
        ("tea", "mug", 1, 3, 2, 0.5),
        ("tea", "tea", 1, 3, 2, 0.5),
    ]
    assert shop.customers.next_products(min_customers=2).empty
    january = shop.customers.next_products(min_customers=1, end="2020-01-31")
    assert records(january, "first_product", "second_product", "share") == [("mug", "tea", 1.0), ("tea", "tea", 1.0)]
    kinds = shop.customers.next_products(min_customers=1, by="category")
    assert records(kinds, "first_product", "second_product", "customers") == [
        ("food", "food", 1),
        ("food", "kitchen", 1),
        ("kitchen", "food", 1),
        ("kitchen", "kitchen", 1),
    ]


@pytest.fixture(scope="module")
def blank(engine: Callable[[], Shop]) -> Shop:
    """A shop to be filled."""
    return engine()


@settings(max_examples=6, deadline=None)
@given(
    baskets=st.lists(st.lists(st.sampled_from("abcde"), min_size=1, max_size=6), min_size=1, max_size=10),
    least=st.integers(1, 4),
)
def test_pairs_are_counted_exactly(blank: Shop, baskets: list[list[str]], least: int) -> None:
    blank.connection.execute("DELETE FROM ledger")
    blank.load(
        "ledger",
        [sale(f"o{n}", None, "2020-01-01", sku=sku) for n, basket in enumerate(baskets) for sku in basket],
    )
    blank.derive()
    least = min(least, len(baskets))
    found = blank.customers.basket_pairs(min_support=least / len(baskets))
    pairs = Counter(pair for basket in baskets for pair in permutations(sorted(set(basket)), 2))
    counted = {(a, b): n for a, b, n in records(found, "antecedent", "consequent", "orders")}
    assert counted == {pair: n for pair, n in pairs.items() if n >= least}
