"""How much of a whole a few products bring: ABC classes (Pareto)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import Literal, TypeAlias

from ecombi.errors import MetricError

Class: TypeAlias = Literal["A", "B", "C"]

A_UP_TO = Decimal("0.80")
B_UP_TO = Decimal("0.95")


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """Products in order of what they bring, and how far they add up.

    Attributes:
        cumulative: Share of the whole that this product and all before it bring, 0 to 1, by product.
        classes: A: the products before it bring less than the first threshold. B: less than the second. C: the rest.
    """

    cumulative: Mapping[str, Decimal]
    classes: Mapping[str, Class]

    def count(self, wanted: Class) -> int:
        """Return how many products are in a class."""
        return list(self.classes.values()).count(wanted)


def concentration(
    amounts: Mapping[str, Decimal], *, a_up_to: Decimal = A_UP_TO, b_up_to: Decimal = B_UP_TO
) -> Concentration:
    """Rank products and put each into its class; the one that crosses a threshold belongs to the higher class.

    Args:
        amounts: Per product. Products at zero or below bring nothing, so they are left out.
        a_up_to: Share of the whole that class A reaches.
        b_up_to: Share of the whole that classes A and B reach.

    Returns:
        Products from the largest to the smallest; equal amounts in order of their names.

    Raises:
        MetricError: The thresholds are not in order, or not between 0 and 1.
    """
    check_thresholds(float(a_up_to), float(b_up_to))
    ranked = sorted(
        ((name, amount) for name, amount in amounts.items() if amount > 0), key=lambda item: (-item[1], item[0])
    )
    running = list(accumulate(amount for _, amount in ranked))
    cumulative = {name: so_far / running[-1] for (name, _), so_far in zip(ranked, running, strict=True)}
    before = [Decimal(0), *cumulative.values()]
    classes: dict[str, Class] = {
        name: "A" if share < a_up_to else "B" if share < b_up_to else "C"
        for (name, _), share in zip(ranked, before, strict=False)
    }
    return Concentration(cumulative=cumulative, classes=classes)


def check_thresholds(a_up_to: float, b_up_to: float) -> None:
    """Refuse thresholds that make no classes.

    Raises:
        MetricError: They are not in order, or not between 0 and 1.
    """
    if not 0 < a_up_to <= b_up_to <= 1:
        raise MetricError(
            f"Class A up to {a_up_to} and B up to {b_up_to} make no classes. Use shares of the whole in rising order, "
            "for example 0.8 and 0.95."
        )
