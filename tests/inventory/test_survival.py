"""The Kaplan-Meier median."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecombi.errors import MetricError
from ecombi.inventory.survival import median
from tests.inventory.conftest import Shop, day, line, rows_of

# Weeks of remission with 6-MP and with a placebo; + marks patients still in remission. Freireich et al. 1963.
TREATED = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"


def read(text: str) -> tuple[list[int], list[bool]]:
    return [int(each.rstrip("+")) for each in text.split()], [not each.endswith("+") for each in text.split()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TREATED, 23),
        (PLACEBO, 8),
        # 1 − 1/2 = a half: reached.
        ("3 9", 3),
        # (1 − 1/4) × (1 − 1/2) = 0.375 at 5, after the open ones of 3 days have left.
        ("2 3+ 5 8+", 5),
        ("1+ 2+", None),
        ("", None),
        ("0", 0),
    ],
)
def test_published_and_hand_made_medians(text: str, expected: int | None) -> None:
    assert median(*read(text)) == expected


def test_one_mark_for_each_is_needed() -> None:
    with pytest.raises(MetricError, match="2 durations and 1 marks"):
        median([1, 2], [True])


UNTIL = day("12-31")


def load(shop: Shop, text: str) -> None:
    """One line for each: received after that many days, or still open at that age on the last day."""
    last = UNTIL - timedelta(days=1)
    shop.load(
        "purchase_orders",
        [
            line(f"P{n}", "mug", "S1", last - timedelta(days=60) if done else last - timedelta(days=lasts),
                 last - timedelta(days=60 - lasts) if done else None)
            for n, (lasts, done) in enumerate(zip(*read(text), strict=True))
        ],
    )  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [(TREATED, 23), (PLACEBO, 8), ("1+ 2+", None), ("3 9", 3), ("4", 4)])
def test_the_scorecard_finds_the_same(shop: Shop, text: str, expected: int | None) -> None:
    load(shop, text)
    assert rows_of(shop.inventory.suppliers(UNTIL, basis="requested"), "lead_time_median") == [(expected,)]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=12))
def test_sql_agrees_with_plain_python(duck: Shop, lines: list[tuple[int, bool]]) -> None:
    duck.empty()
    load(duck, " ".join(f"{lasts}{'' if done else '+'}" for lasts, done in lines))
    [(found,)] = rows_of(duck.inventory.suppliers(UNTIL, basis="requested"), "lead_time_median")
    assert found == median([lasts for lasts, _ in lines], [done for _, done in lines])
