"""Mean and standard deviation from whole-number sums: exact up to the last step, so every engine answers the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir


def ratio(part: ir.Value, whole: ir.Value) -> ir.Value:
    """Return part ÷ whole as a float; null where the whole is 0 or either is unknown."""
    return part.cast("float64") / whole.cast("float64").nullif(0)


def sample_sd(count: ir.Value, total: ir.Value, squares: ir.Value) -> ir.Value:
    """Return the sample standard deviation of whole numbers: √((n·Σx² − (Σx)²) ÷ (n·(n − 1))).

    Args:
        count: How many numbers.
        total: Their sum.
        squares: The sum of their squares.

    Returns:
        A float in the unit of the numbers; null for fewer than two.
    """
    return ratio(count * squares - total * total, count * (count - 1)).sqrt()
