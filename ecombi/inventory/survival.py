"""Lead times that count the orders still open: the Kaplan-Meier estimate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ecombi.errors import MetricError
from ecombi.inventory.moments import ratio

if TYPE_CHECKING:
    import ibis.expr.types as ir

HALF: Final = 0.5 + 1e-9
"""A product of rates that makes a half on paper is a half, whatever the last digit of a float."""


def median(durations: Sequence[int], observed: Sequence[bool]) -> int | None:
    """Return the median of durations of which some have not ended yet (Kaplan and Meier 1958).

    Args:
        durations: How long each has lasted, in whole days.
        observed: Whether it has ended; one that has not is censored, and at risk up to and on its last day.

    Returns:
        The first duration by which half or more have ended; None while fewer have.

    Raises:
        MetricError: There is not one of the other for each.
    """
    if len(durations) != len(observed):
        raise MetricError(f"{len(durations)} durations and {len(observed)} marks of what ended do not go together.")
    left = 1.0
    for duration in sorted(set(durations)):
        at_risk = sum(other >= duration for other in durations)
        ended = sum(done for other, done in zip(durations, observed, strict=True) if other == duration)
        left *= 1 - ended / at_risk
        if left <= HALF:
            return duration
    return None


def medians(rows: ir.Table, *, by: str, duration: str, observed: str) -> ir.Table:
    """Return the same for each value of a column, in SQL.

    Args:
        rows: One row per thing that lasts; none of the columns is null.
        by: Name of the column to tell apart.
        duration: Name of the column of durations, whole numbers.
        observed: Name of the column that says whether it has ended.

    Returns:
        `by` and median (int64): one row per value of which half have ended.
    """
    import ibis

    done = rows[observed].ifelse(1, 0)
    steps = rows.aggregate(by=[by, duration], ended=done.sum().cast("int64"), present=rows.count())
    longest_first = ibis.cumulative_window(group_by=steps[by], order_by=steps[duration].desc())
    steps = steps.mutate(at_risk=steps["present"].sum().over(longest_first))
    gone = steps["ended"] == steps["at_risk"]
    stays = ibis.cases((gone, 0.0), else_=(1.0 - ratio(steps["ended"], steps["at_risk"])).ln())
    steps = steps.mutate(log_stays=stays, all_gone=gone.ifelse(1, 0))
    so_far = ibis.cumulative_window(group_by=steps[by], order_by=steps[duration])
    steps = steps.mutate(
        left=steps["log_stays"].sum().over(so_far).exp(), all_gone=steps["all_gone"].max().over(so_far)
    )
    past_half = steps.filter((steps["left"] <= HALF) | (steps["all_gone"] == 1))
    return past_half.aggregate(by=by, median=past_half[duration].min())
