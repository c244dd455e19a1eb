"""Pennies are shared without losing or making one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ecombi.sources.simulated.money import allocate, percentage, share


def test_the_largest_remainders_get_the_pennies_left_over() -> None:
    # 100 over 1:1:1 is 33.3 each: the first of equal remainders gets the penny. 10 over 50:30:20 is 5, 3 and 2.
    parts = allocate(np.array([100, 10]), np.array([7, 7, 7, 50, 30, 20]), np.array([0, 0, 0, 1, 1, 1]))
    assert parts.tolist() == [34, 33, 33, 5, 3, 2]


def test_a_bigger_remainder_beats_an_earlier_row() -> None:
    # 10 over 1:2:3 is 1.67, 3.33 and 5.
    assert allocate(np.array([10]), np.array([1, 2, 3]), np.zeros(3, int)).tolist() == [2, 3, 5]


@given(st.lists(st.tuples(st.integers(0, 10**6), st.lists(st.integers(1, 10**6), min_size=1, max_size=6)), max_size=5))
def test_allocated_parts_sum_to_their_total(groups: list[tuple[int, list[int]]]) -> None:
    totals = np.array([total for total, _ in groups], np.int64)
    weights = np.array([w for _, weights in groups for w in weights], np.int64)
    owner = np.repeat(np.arange(len(groups)), [len(weights) for _, weights in groups])
    parts = allocate(totals, weights, owner)
    assert np.bincount(owner, weights=parts, minlength=len(groups)).tolist() == totals.tolist()
    assert (np.abs(parts * np.bincount(owner, weights=weights)[owner] - totals[owner] * weights) < np.bincount(
        owner, weights=weights
    )[owner]).all() if len(groups) else True  # fmt: skip


def test_half_a_penny_is_rounded_up() -> None:
    assert percentage(np.array([250, 249, 2]), 1_000).tolist() == [25, 25, 0]
    assert share(np.array([5]), np.array([1]), np.array([2])).tolist() == [3]


@given(st.integers(0, 10**8), st.integers(1, 40), st.data())
def test_shares_of_units_add_up_to_the_whole(amount: int, of: int, data: st.DataObject) -> None:
    some = data.draw(st.integers(0, of))
    whole, parts = np.array([amount]), np.array([of])
    first = share(whole, np.array([some]), parts)
    rest = share(whole, parts, parts) - first
    assert (first + rest).tolist() == [amount]
    assert 0 <= first[0] <= amount
