"""ABC classes, computed by hand."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ecombi.reports.concentration import concentration


def test_classes_end_where_the_shares_say() -> None:
    # 60 + 20 = 80% | 10 + 5 = 95% | 5; the one at a loss brings nothing.
    amounts = {"tea": 20, "pot": 60, "cup": 5, "jug": 10, "lid": 5, "box": -30, "bag": 0}
    found = concentration({name: Decimal(amount) for name, amount in amounts.items()})
    assert dict(found.classes) == {"pot": "A", "tea": "A", "jug": "B", "cup": "B", "lid": "C"}
    assert list(found.cumulative.values()) == [Decimal(s) / 100 for s in (60, 80, 90, 95, 100)]
    assert (found.count("A"), found.count("B"), found.count("C")) == (2, 2, 1)


def test_one_product_that_brings_all_is_class_a() -> None:
    assert dict(concentration({"pot": Decimal("0.01")}).classes) == {"pot": "A"}


def test_no_sales_have_no_classes() -> None:
    found = concentration({"pot": Decimal(0), "tea": Decimal(-1)})
    assert (found.classes, found.cumulative, found.count("A")) == ({}, {}, 0)


@given(st.dictionaries(st.text(max_size=5), st.decimals(-1000, 1000, places=4), max_size=30))
def test_shares_rise_to_the_whole_and_classes_never_go_back(amounts: dict[str, Decimal]) -> None:
    found = concentration(amounts)
    shares = list(found.cumulative.values())
    assert shares == sorted(shares)
    assert not shares or shares[-1] == 1
    assert list(found.classes.values()) == sorted(found.classes.values())
    assert set(found.classes) == {name for name, amount in amounts.items() if amount > 0}
