"""Axes: round values, plain names."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecombi.dashboards import axes
from ecombi.metrics.drawing import levels
from ecombi.schema.periods import Grain


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([98_000.0, 127_000.0], [0, 50_000, 100_000, 150_000]),
        ([1.0], [0, 0.25, 0.5, 0.75, 1.0]),
        ([-80.0, 400.0], [-200, 0, 200, 400]),
        ([0.0, 0.0], [0, 1]),
        ([], [0, 1]),
    ],
)
def test_levels_are_round(values, expected):
    assert levels(values) == expected


@given(st.lists(st.decimals(-(10**9), 10**9, places=4).map(float), min_size=1))
def test_levels_enclose_every_value_and_zero(values):
    found = levels(values)
    assert found[0] <= min(0.0, *values) + 1e-6 * abs(found[0])
    assert found[-1] >= max(0.0, *values) - 1e-6 * abs(found[-1])
    assert len(found) <= 7


def test_an_axis_leaves_out_zeros_that_say_nothing():
    assert axes.level_names([0, 50_000, 100_000, 1_500_000, -2_000], "GBP") == ["0", "£50K", "£100K", "£1.5M", "−£2K"]


def test_days_are_named_by_week_with_both_ends():
    days = [date(2026, 10, 4) + timedelta(days=n) for n in range(28)]
    names = axes.ticks(days, Grain.DAY, room=8)
    assert names == {0: "Sun 4 Oct", 7: "Sun 11 Oct", 14: "Sun 18 Oct", 21: "Sun 25 Oct", 27: "Sat 31 Oct"}


def test_one_bucket_has_one_name():
    assert axes.ticks([date(2026, 10, 1)], Grain.MONTH, room=8) == {0: "Oct 2026"}


@pytest.mark.parametrize(
    ("grain", "end"), [(Grain.DAY, date(2026, 12, 2)), (Grain.WEEK, date(2026, 12, 8)), (Grain.MONTH, date(2027, 1, 1))]
)
def test_a_bucket_ends_where_the_next_begins(grain, end):
    assert grain.end_of(date(2026, 12, 1)) == end
