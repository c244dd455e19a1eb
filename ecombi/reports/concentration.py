"""How much of the sales a few products bring: the ABC classes of assortment planning (Pareto's 80 and 95 percent)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import Literal, TypeAlias

Class: TypeAlias = Literal["A", "B", "C"]

A_UP_TO = Decimal("0.80")
B_UP_TO = Decimal("0.95")


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """Products in order of what they bring, and how far they add up.

    Attributes:
        cumulative: Share of the whole that this product and all before it bring, 0 to 1, by product.
        classes: A: the products before it bring less than 80%. B: less than 95%. C: the rest.
    """

    cumulative: Mapping[str, Decimal]
    classes: Mapping[str, Class]

    def count(self, wanted: Class) -> int:
        """Return how many products are in a class."""
        return list(self.classes.values()).count(wanted)


def concentration(amounts: Mapping[str, Decimal]) -> Concentration:
    """Rank products and put each into its class.

    Args:
        amounts: Per product. Products at zero or below bring nothing, so they are left out.

    Returns:
        Products from the largest to the smallest; equal amounts in order of their names.
    """
    ranked = sorted(
        ((name, amount) for name, amount in amounts.items() if amount > 0), key=lambda item: (-item[1], item[0])
    )
    running = list(accumulate(amount for _, amount in ranked))
    cumulative = {name: so_far / running[-1] for (name, _), so_far in zip(ranked, running, strict=True)}
    before = [Decimal(0), *cumulative.values()]
    classes: dict[str, Class] = {name: _class(share) for (name, _), share in zip(ranked, before, strict=False)}
    return Concentration(cumulative=cumulative, classes=classes)


def _class(before: Decimal) -> Class:
    return "A" if before < A_UP_TO else "B" if before < B_UP_TO else "C"
