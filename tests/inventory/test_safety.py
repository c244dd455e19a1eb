"""Safety stock and reorder point."""

from __future__ import annotations

import math

import pytest

from ecombi.errors import MetricError
from ecombi.inventory.safety import reorder_point, safety_stock, z_of

PUBLISHED = {"demand": 100.0, "demand_sd": 20.0, "lead": 7.0, "lead_sd": 2.0, "z": 1.65}


def test_the_published_example() -> None:
    # 1.65 × √(7 × 400 + 10,000 × 4) = 1.65 × √42,800 = 341.35
    assert safety_stock(**PUBLISHED) == pytest.approx(341.35, abs=0.005)
    assert reorder_point(**PUBLISHED) == pytest.approx(1041.35, abs=0.005)
    assert round(safety_stock(**PUBLISHED), 1) == 341.4


def test_a_review_lengthens_the_time_to_cover() -> None:
    # 2 × √((4 + 5) × 9) = 18; 10 × 9 + 18 = 108
    stock = {"demand": 10.0, "demand_sd": 3.0, "lead": 4.0, "lead_sd": 0.0, "z": 2.0, "review": 5.0}
    assert safety_stock(**stock) == 18.0
    assert reorder_point(**stock) == 108.0


def test_the_unit_of_time_does_not_matter() -> None:
    weekly = {"demand": 700.0, "demand_sd": 20 * math.sqrt(7), "lead": 1.0, "lead_sd": 2 / 7, "z": 1.65}
    assert safety_stock(**weekly) == pytest.approx(safety_stock(**PUBLISHED))
    assert reorder_point(**weekly) == pytest.approx(reorder_point(**PUBLISHED))


@pytest.mark.parametrize(("level", "z"), [(0.5, 0.0), (0.95, 1.6449), (0.99, 2.3263)])
def test_z_is_the_quantile_of_the_normal_distribution(level: float, z: float) -> None:
    assert z_of(level) == pytest.approx(z, abs=0.00005)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, math.nan])
def test_a_service_level_that_cannot_be_reached_is_refused(level: float) -> None:
    with pytest.raises(MetricError, match=r"between 0 and 1, for example 0\.95"):
        z_of(level)


@pytest.mark.parametrize("name", [*PUBLISHED, "review"])
@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_what_cannot_be_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(MetricError, match=f"^{name} is {value}, but must be 0 or more"):
        reorder_point(**{**PUBLISHED, name: value})
