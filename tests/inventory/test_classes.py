"""ABC-XYZ."""

from __future__ import annotations

import statistics
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecombi.errors import MetricError
from ecombi.inventory.classes import CELLS, CLASSES
from ecombi.inventory.concentration import concentration
from tests.inventory.conftest import Shop, day, event, rows_of, stock

UNTIL = day("03-29")
THRESHOLDS = {"until": UNTIL, "a_up_to": 0.8, "b_up_to": 0.95, "x_up_to": 0.5, "y_up_to": 1.0}


def week(number: int) -> Any:
    """Return the last day of a week; week 1 ends on the day before the window's end."""
    return UNTIL - timedelta(days=1 + 7 * (number - 1))


def load_four_weeks(shop: Shop) -> None:
    shop.load(
        "ledger",
        [
            # mug: 2 a week on days at both ends of the weeks, 80.00 in all, cost 79.00
            event("sale", "mug", week(1), 2, "20", "20"),
            event("sale", "mug", week(2), 2, "20", "20"),
            event("sale", "mug", week(3), 1, "10", "10"),
            event("sale", "mug", week(3) - timedelta(days=6), 1, "10", "10"),
            event("sale", "mug", week(4) - timedelta(days=6), 2, "20", "19"),
            # Too early, and too late.
            event("sale", "mug", week(4) - timedelta(days=7), 500, "500", "500"),
            event("sale", "mug", UNTIL, 500, "500", "500"),
            # pot: 1, 3, 0, 0: mean 1, sd √2 ; 17.00 net of a discount and a return
            event("sale", "pot", week(1), 1, "5", "1"),
            event("sale", "pot", week(2), 3, "15", "3"),
            event("discount", "pot", week(2), 0, "-1", "0"),
            event("return", "pot", week(2), -1, "-2", "-1"),
            # jar: 1, 1, 3, 3: mean 2, sd √(4/3)
            *(event("sale", "jar", week(n), qty, "0.75") for n, qty in zip((1, 2, 3, 4), (1, 1, 3, 3), strict=True)),
            # lid: brought back what was sold before the window
            event("return", "lid", week(1), -1, "-4", "-1"),
        ],
    )
    shop.load(
        "inventory_daily",
        [
            stock("mug", week(2), 99),
            stock("mug", week(1), 10, cost="1.5"),
            stock("pot", week(1), -3),
            stock("box", week(1), 4),
        ],
    )


def test_classes_by_hand(shop: Shop) -> None:
    load_four_weeks(shop)
    found = shop.inventory.classes(UNTIL, weeks=4)
    assert rows_of(found, "product", "abc", "xyz", "units", "net_sales", "margin", "stock_value", "weekly_units") == [
        ("box", "C", "Z", 0, Decimal(0), None, Decimal(8), 0.0),
        ("jar", "C", "Y", 8, Decimal(3), None, Decimal(0), 2.0),
        ("lid", "C", "Z", 0, Decimal(-4), Decimal(-3), Decimal(0), 0.0),
        ("mug", "A", "X", 8, Decimal(80), Decimal(1), Decimal(15), 2.0),
        ("pot", "B", "Z", 4, Decimal(17), Decimal(14), Decimal(0), 1.0),
    ]
    assert dict(rows_of(found, "product", "variation")) == {
        "box": None,
        "jar": pytest.approx((4 / 3) ** 0.5 / 2),
        "lid": None,
        "mug": 0.0,
        "pot": pytest.approx(2**0.5),
    }
    assert dict(rows_of(found, "product", "cumulative_share"))["pot"] == pytest.approx(0.97)


def test_classes_by_margin(shop: Shop) -> None:
    load_four_weeks(shop)
    found = shop.inventory.classes(UNTIL, weeks=4, by="margin")
    # pot 14, mug 1; the margin of jars is not known.
    assert dict(rows_of(found, "product", "abc")) == {"box": "C", "jar": "C", "lid": "C", "mug": "B", "pot": "A"}


def test_all_nine_cells_are_there(shop: Shop) -> None:
    load_four_weeks(shop)
    found = shop.inventory.class_cells(UNTIL, weeks=4)
    cells = {(abc, xyz): rest for abc, xyz, *rest in rows_of(found, *CELLS.fields)}
    assert list(cells) == [(abc, xyz) for abc in "ABC" for xyz in "XYZ"]
    assert {cell: rest for cell, rest in cells.items() if rest[0]} == {
        ("A", "X"): [1, Decimal(80), Decimal(15)],
        ("B", "Z"): [1, Decimal(17), Decimal(0)],
        ("C", "Y"): [1, Decimal(3), Decimal(0)],
        ("C", "Z"): [2, Decimal(-4), Decimal(8)],
    }
    assert {tuple(rest) for rest in cells.values() if not rest[0]} == {(0, Decimal(0), Decimal(0))}


def test_the_rollup_answers_alike(shop: Shop) -> None:
    load_four_weeks(shop)
    shop.keep_sums()
    for by in ("net_sales", "margin"):
        options = {"weeks": 4, "by": by}
        rolled = shop.analyse(CLASSES, values=THRESHOLDS, options={**options, "rollup": True})
        assert rolled.equals(shop.analyse(CLASSES, values=THRESHOLDS, options=options))


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"weeks": 1}, "weeks is 1"),
        ({"by": "profit"}, "Unknown value 'profit'"),
        ({"a_up_to": 0.99}, "make no classes"),
        ({"x_up_to": 2.0}, r"rising order, for example 0\.5 and 1\.0"),
    ],
)
def test_what_cannot_be_is_refused(duck: Shop, wrong: dict[str, Any], match: str) -> None:
    with pytest.raises(MetricError, match=match):
        duck.inventory.classes(UNTIL, **wrong)


products = st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=1)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(weekly=products)
def test_it_agrees_with_plain_python(duck: Shop, weekly: dict[str, list[int]]) -> None:
    duck.empty()
    duck.load(
        "ledger",
        [
            event("sale", sku, week(n + 1), qty, str(qty * 10))
            for sku, quantities in weekly.items()
            for n, qty in enumerate(quantities)
        ],
    )
    found = duck.inventory.classes(UNTIL, weeks=3).set_index("product")
    expected = concentration({sku: Decimal(sum(quantities) * 10) for sku, quantities in weekly.items()})
    for sku, quantities in weekly.items():
        row = found.loc[sku]
        assert row["abc"] == expected.classes.get(sku, "C")
        if sku in expected.cumulative:
            assert row["cumulative_share"] == pytest.approx(float(expected.cumulative[sku]))
        if sum(quantities):
            variation = statistics.stdev(quantities) / statistics.mean(quantities)
            assert row["variation"] == pytest.approx(variation)
            assert row["xyz"] == ("X" if variation <= 0.5 else "Y" if variation <= 1 else "Z")
