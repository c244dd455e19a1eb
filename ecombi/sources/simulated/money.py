"""Exact sharing of whole pennies."""

from __future__ import annotations

import numpy as np

from ecombi.sources.simulated.columns import Ints, integers


def percentage(amount: Ints, basis_points: Ints | int) -> Ints:
    """Return that many hundredths of a percent of amounts that are not negative, half a penny rounded up."""
    return (amount * basis_points + 5_000) // 10_000


def share(amount: Ints, units: Ints, of: Ints) -> Ints:
    """Return what `units` out of `of` are worth of `amount`, half a penny rounded up; all units are worth all of it.

    The worth of later units is the difference of two shares, so parts never drift from the whole.
    """
    return (2 * amount * units + of) // (2 * of)


def allocate(total: Ints, weight: Ints, group: Ints) -> Ints:
    """Share each group's total over its rows by weight, by largest remainder: the parts sum to the total exactly.

    Args:
        total: One amount per group, not negative.
        weight: One per row, not negative; a group with a total has a positive weight.
        group: Group of each row, ascending.

    Returns:
        One amount per row. Equal remainders: the earlier row gets the penny.
    """
    whole = integers(np.bincount(group, weights=weight, minlength=len(total)))
    product = total[group] * weight
    divisor = np.maximum(whole[group], 1)
    part = product // divisor
    missing = total - integers(np.bincount(group, weights=part, minlength=len(total)))
    order = np.lexsort((-(product % divisor), group))
    first = np.searchsorted(group, group, side="left")
    rank = np.empty_like(part)
    rank[order] = np.arange(len(part)) - first[order]
    return part + ((rank < missing[group]) & (weight > 0))
