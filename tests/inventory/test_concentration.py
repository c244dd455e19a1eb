"""ABC classes of plain figures."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecombi.errors import MetricError
from ecombi.inventory.concentration import concentration


@pytest.mark.parametrize(
    ("amounts", "classes"),
    [
        # Before b stand 79, so it crosses the threshold as an A; before c stand 94.
        ({"a": "79", "b": "15", "c": "4", "d": "2"}, "AABC"),
        # Before b stand exactly 80, before c exactly 95.
        ({"a": "80", "b": "15", "c": "5"}, "ABC"),
        ({"a": "0.01"}, "A"),
        ({"a": "20", "b": "20", "c": "20", "d": "20", "e": "20"}, "AAAAB"),
    ],
)
def test_the_one_that_crosses_a_threshold_is_in_the_higher_class(amounts: dict[str, str], classes: str) -> None:
    found = concentration({name: Decimal(amount) for name, amount in amounts.items()})
    assert "".join(found.classes[name] for name in amounts) == classes


def test_thresholds_can_be_chosen() -> None:
    amounts = {"a": Decimal(50), "b": Decimal(30), "c": Decimal(20)}
    found = concentration(amounts, a_up_to=Decimal("0.5"), b_up_to=Decimal("0.8"))
    assert found.classes == {"a": "A", "b": "B", "c": "C"}
    assert found.cumulative == {"a": Decimal("0.5"), "b": Decimal("0.8"), "c": Decimal(1)}


def test_equal_amounts_stand_in_order_of_their_names() -> None:
    assert list(concentration({"b": Decimal(1), "c": Decimal(2), "a": Decimal(1)}).classes) == ["c", "a", "b"]


def test_what_brings_nothing_is_left_out() -> None:
    assert concentration({"a": Decimal(0), "b": Decimal(-1), "c": Decimal(1)}).classes == {"c": "A"}
    assert concentration({"a": Decimal(0)}).classes == {}


@pytest.mark.parametrize(("a", "b"), [("0", "0.9"), ("0.9", "0.8"), ("0.8", "1.1"), ("80", "95")])
def test_thresholds_out_of_order_are_refused(a: str, b: str) -> None:
    with pytest.raises(MetricError, match=r"for example 0\.8 and 0\.95"):
        concentration({"a": Decimal(1)}, a_up_to=Decimal(a), b_up_to=Decimal(b))


@given(st.dictionaries(st.text(max_size=3), st.decimals(1, 10**6, places=2), min_size=1, max_size=30))
def test_classes_never_rise_and_a_is_never_empty(amounts: dict[str, Decimal]) -> None:
    found = concentration(amounts)
    assert sorted(found.classes.values()) == list(found.classes.values())
    assert found.count("A") >= 1
    assert sum(found.count(each) for each in ("A", "B", "C")) == len(amounts)
