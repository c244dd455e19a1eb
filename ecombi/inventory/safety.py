"""Safety stock and reorder point by formula. Every argument is in the same unit of time."""

from __future__ import annotations

import math

from ecombi.errors import MetricError


def z_of(service_level: float) -> float:
    """Return how many standard deviations cover a share of the cases: the quantile of the normal distribution.

    Args:
        service_level: Share of replenishment cycles without a stock-out (Type 1), more than 0 and less than 1.

    Raises:
        MetricError: No number covers that share.
    """
    if not 0 < service_level < 1:
        raise MetricError(
            f"A service level of {service_level} cannot be reached: it is the share of replenishment cycles without a "
            "stock-out. Use one between 0 and 1, for example 0.95."
        )
    from scipy.stats import norm

    return float(norm.ppf(service_level))


def safety_stock(
    *, demand: float, demand_sd: float, lead: float, lead_sd: float, z: float, review: float = 0.0
) -> float:
    """Return the stock kept against demand and lead time being other than expected: Z·√((L + R)·σ_d² + d²·σ_L²).

    Args:
        demand: Mean demand per unit of time, in units.
        demand_sd: Its standard deviation per unit of time.
        lead: Mean lead time.
        lead_sd: Standard deviation of the lead time.
        z: Standard deviations to cover; see `z_of`. 0 covers the mean only.
        review: Time between two looks at the stock; 0 where it is looked at all the time.

    Returns:
        Units, not rounded. Valid for demand without trend that differs from day to day independently; lumpy demand is
        better answered by a replay.

    Raises:
        MetricError: An argument is negative or not a number.
    """
    _check(demand=demand, demand_sd=demand_sd, lead=lead, lead_sd=lead_sd, z=z, review=review)
    return z * math.sqrt((lead + review) * demand_sd * demand_sd + demand * demand * lead_sd * lead_sd)


def reorder_point(
    *, demand: float, demand_sd: float, lead: float, lead_sd: float, z: float, review: float = 0.0
) -> float:
    """Return the inventory position at which to order: d·(L + R) + safety stock, in units, not rounded.

    The position is what is on hand, less what is committed, plus what is incoming. Arguments as for `safety_stock`.

    Raises:
        MetricError: An argument is negative or not a number.
    """
    stock = safety_stock(demand=demand, demand_sd=demand_sd, lead=lead, lead_sd=lead_sd, z=z, review=review)
    return demand * (lead + review) + stock


def _check(**given: float) -> None:
    for name, value in given.items():
        if not (math.isfinite(value) and value >= 0):
            raise MetricError(f"{name} is {value}, but must be 0 or more, in the same unit of time as the others.")
