"""Replaying history."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecombi.errors import MetricError
from ecombi.inventory.replay import Given, Ints, Outcome, Rule, replay


def past(demand: list[list[int]], opening: list[int], **rest: Any) -> Given:
    """Nothing under way and nothing that moves by itself, unless something else is said."""
    wanted = np.array(demand, np.int64)
    nothing = np.zeros_like(wanted)
    return Given(
        opening=np.array(opening, np.int64),
        demand=wanted,
        arriving=np.array(rest.get("arriving", nothing), np.int64),
        pending=np.array(rest.get("pending", [0] * len(demand)), np.int64),
        moved=np.array(rest.get("moved", nothing), np.int64),
        listed=np.array(rest.get("listed", nothing == 0), np.bool_),
    )


def rule(given: Given, point: float, level: float, review_days: int = 1) -> Rule:
    """The same levels every day."""
    shape = given.demand.shape
    return Rule(
        reorder_point=np.full(shape, float(point)), order_up_to=np.full(shape, float(level)), review_days=review_days
    )


def leads(*days: int) -> Ints:
    return np.array([days], np.int64)


def figures(found: Outcome) -> dict[str, int]:
    return {name: int(getattr(found, name)[0]) for name in Outcome.__dataclass_fields__}


TWO_A_DAY = [[2] * 8]


def test_a_rule_that_never_runs_out() -> None:
    # Evenings 4, 2, 4+... : 6−2=4 orders 6 (up to 10, there in 2 days); 2; 2+6−2=6; 4 orders 6; 2; 6; 4 orders 6; 2
    before = past(TWO_A_DAY, [6])
    found = figures(replay(before, rule(before, 4, 10), leads(2)))
    assert found == {
        "stock_out_days": 0,
        "stock_days": 4 + 2 + 6 + 4 + 2 + 6 + 4 + 2,
        "received": 12,
        "moved": 0,
        "sold": 16,
        "unmet": 0,
        "ordered": 18,
        "orders": 3,
        "closing": 2,
    }


def test_a_longer_lead_time_loses_sales() -> None:
    # Evenings 4 orders 6 (there on day 5), 2, 0, 0 (2 lost), 0 (2 lost), 4 orders 6 (too late), 2, 0
    before = past(TWO_A_DAY, [6])
    found = figures(replay(before, rule(before, 4, 10), leads(5)))
    assert (found["stock_out_days"], found["unmet"], found["sold"]) == (4, 4, 12)
    assert (found["stock_days"], found["closing"], found["received"], found["ordered"]) == (12, 0, 6, 12)


def test_demand_that_waits_is_served_first() -> None:
    # Net 4 orders 6 (there on day 5), 2, 0, −2, −4, then −4 + 6 − 2 = 0, −2, −4: on four days 2 find nothing. The
    # position falls to 4 again on day 3: 6 more are ordered, which arrive on day 8, too late.
    before = past(TWO_A_DAY, [6])
    found = figures(replay(before, rule(before, 4, 10), leads(5), unmet="waits"))
    assert (found["stock_out_days"], found["unmet"], found["sold"]) == (6, 8, 16)
    assert (found["received"], found["closing"], found["stock_days"]) == (6, -4, 6)


def test_the_stock_is_looked_at_on_review_days_only() -> None:
    # Every third evening, from the first: 4 is above 3; then 2 and 0; 0 orders 10, there the next morning; 8, 6; 4.
    before = past([[2] * 7], [6])
    found = figures(replay(before, rule(before, 3, 10, review_days=3), leads(1)))
    assert (found["orders"], found["unmet"], found["stock_out_days"]) == (1, 2, 2)
    assert found["stock_days"] == 4 + 2 + 0 + 0 + 8 + 6 + 4


def test_the_next_order_takes_the_next_lead_time() -> None:
    # One wanted each day, always up to 1: ordered in each evening; the first takes 1 day, the second 3, then 1 again.
    before = past([[1] * 5], [1])
    found = figures(replay(before, rule(before, 0, 1), leads(1, 3)))
    # Day 0: sold, order (1). Day 1: sold, order (3). Days 2, 3: lost. Day 4: sold, order.
    assert (found["sold"], found["unmet"], found["orders"]) == (3, 2, 3)


def test_what_was_under_way_arrives_and_is_in_the_position() -> None:
    before = past([[1] * 4], [1], arriving=[[0, 0, 9, 0]], pending=[9])
    found = figures(replay(before, rule(before, 5, 10), leads(1)))
    # The position stays above 5: nothing is ordered.
    assert (found["orders"], found["received"], found["closing"], found["unmet"]) == (0, 9, 7, 1)


def test_what_arrives_after_the_last_day_is_in_the_position_too() -> None:
    before = past([[1] * 4], [1], pending=[9])
    assert figures(replay(before, rule(before, 5, 10), leads(1)))["orders"] == 0


def test_goods_come_back_and_leave_by_themselves() -> None:
    before = past([[1, 1, 1, 0]], [2], moved=[[1, 0, 0, -3]])
    found = figures(replay(before, rule(before, -1, 0), leads(1)))
    # 2 − 1 + 1, 1, 0, and nothing is left to be written off.
    assert (found["sold"], found["moved"], found["closing"], found["stock_out_days"]) == (3, 1, 0, 2)


def test_only_listed_days_are_counted() -> None:
    before = past([[1, 0, 0]], [1], listed=[[True, False, True]])
    found = figures(replay(before, rule(before, -1, 0), leads(1)))
    assert (found["stock_out_days"], found["stock_days"]) == (2, 0)


def test_levels_that_are_not_known_order_nothing() -> None:
    before = past([[1, 1, 1]], [1])
    assert figures(replay(before, rule(before, np.nan, np.nan), leads(1)))["orders"] == 0


def test_it_changes_nothing_it_was_given() -> None:
    before = past(TWO_A_DAY, [6])
    copies = {name: getattr(before, name).copy() for name in Given.__dataclass_fields__}
    replay(before, rule(before, 4, 10), leads(2))
    assert all((getattr(before, name) == copy).all() for name, copy in copies.items())


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"demand": [[-1, 0]]}, "0 or more"),
        ({"arriving": [[1, 0]]}, "More arrives than is under way"),
        ({"opening": [1, 2]}, "1 products and 2 days"),
    ],
)
def test_a_history_that_cannot_be_is_refused(change: dict[str, Any], match: str) -> None:
    before = past([[1, 1]], [1])
    wrong = replace(before, **{name: np.array(value, np.int64) for name, value in change.items()})
    with pytest.raises(MetricError, match=match):
        replay(wrong, rule(before, 0, 1), leads(1))


def test_a_rule_that_cannot_be_followed_is_refused() -> None:
    before = past([[1, 1]], [1])
    with pytest.raises(MetricError, match="1 day or more"):
        replay(before, rule(before, 0, 1), leads(0))
    with pytest.raises(MetricError, match="1 day or more"):
        replay(before, rule(before, 0, 1, review_days=0), leads(1))
    with pytest.raises(MetricError, match="'lost' or 'waits', not 'gone'"):
        replay(before, rule(before, 0, 1), leads(1), unmet="gone")  # type: ignore[arg-type]


@st.composite
def histories(draw: st.DrawFn, moving: bool = True) -> tuple[Given, Rule, Ints]:
    products, days = draw(st.integers(1, 3)), draw(st.integers(1, 15))

    def matrix(low: int, high: int, columns: int = days) -> Ints:
        rows = st.lists(st.integers(low, high), min_size=columns, max_size=columns)
        return np.array(draw(st.lists(rows, min_size=products, max_size=products)), np.int64)

    arriving = matrix(0, 2)
    before = Given(
        opening=matrix(-3, 10, 1)[:, 0],
        demand=matrix(0, 5),
        arriving=arriving,
        pending=arriving.sum(axis=1) + matrix(0, 4, 1)[:, 0],
        moved=matrix(-3, 3) if moving else matrix(0, 3),
        listed=np.ones((products, days), np.bool_),
    )
    point = draw(st.integers(0, 10))
    levels = rule(before, point, point + draw(st.integers(0, 10)), draw(st.integers(1, 4)))
    return before, levels, matrix(1, 8, 3)


@settings(max_examples=150, deadline=None)
@given(histories(), st.sampled_from(["lost", "waits"]))
def test_no_unit_appears_or_disappears(history: tuple[Given, Rule, Ints], unmet: Any) -> None:
    before, levels, lead_days = history
    found = replay(before, levels, lead_days, unmet=unmet)
    assert (before.opening + found.received + found.moved - found.sold == found.closing).all()
    wanted = before.demand.sum(axis=1)
    if unmet == "lost":
        assert (found.sold + found.unmet == wanted).all()
        assert (found.closing >= np.minimum(before.opening, 0)).all()
    else:
        assert (found.sold == wanted).all()
    assert (found.received <= before.arriving.sum(axis=1) + found.ordered).all()
    assert (found.stock_days >= 0).all()
    assert (found.stock_out_days <= before.demand.shape[1]).all()
    assert ((found.orders > 0) == (found.ordered > 0)).all()


@settings(max_examples=150, deadline=None)
@given(histories(moving=False), st.integers(1, 5))
def test_longer_lead_times_never_give_fewer_stock_outs(history: tuple[Given, Rule, Ints], longer: int) -> None:
    before, levels, lead_days = history
    short = replay(before, levels, lead_days, unmet="waits")
    long = replay(before, levels, lead_days + longer, unmet="waits")
    assert (long.stock_out_days >= short.stock_out_days).all()
    assert (long.unmet >= short.unmet).all()
    assert (long.ordered == short.ordered).all()


@settings(max_examples=50, deadline=None)
@given(histories())
def test_products_do_not_touch_each_other(history: tuple[Given, Rule, Ints]) -> None:
    before, levels, lead_days = history
    together = replay(before, levels, lead_days)
    for product in range(len(before.opening)):
        one = slice(product, product + 1)
        alone = replay(
            Given(**{name: getattr(before, name)[one] for name in Given.__dataclass_fields__}),
            Rule(
                reorder_point=levels.reorder_point[one],
                order_up_to=levels.order_up_to[one],
                review_days=levels.review_days,
            ),
            lead_days[one],
        )
        assert figures(alone) == {name: getattr(together, name)[product] for name in Outcome.__dataclass_fields__}
