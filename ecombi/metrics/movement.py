"""A change of net sales, taken apart by cause, product and dimension, and put into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from ecombi.metrics import format as fmt
from ecombi.metrics import markup
from ecombi.metrics.definitions import Unit

Cause = Literal["volume", "mix", "price", "discounts", "returns"]
Value = str | int | None

_WORDS: Final[dict[Cause, tuple[str, str]]] = {
    "volume": ("more units", "fewer units"),
    "mix": ("a dearer mix of products", "a cheaper mix of products"),
    "price": ("higher prices", "lower prices"),
    "discounts": ("smaller discounts", "larger discounts"),
    "returns": ("fewer returns", "more returns"),
}
"""Cause -> what it is called where it adds to net sales, and where it takes away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one cause added to net sales; negative where it took away."""

    cause: Cause
    amount: Decimal

    @property
    def words(self) -> str:
        """The cause in a sentence: fewer units."""
        return _WORDS[self.cause][self.amount < 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One value of a dimension, and what it added to the change.

    Attributes:
        value: None for events of which it is unknown.
        label: What people call it.
        before: Its net sales of the earlier period, as recorded.
        now: Its net sales of the later one.
        change: now − before, rounded so that the changes of all parts sum to that of the movement.
        found: "new" where there was nothing before, "gone" where there is nothing now, else "both".
    """

    value: Value
    label: str
    before: Decimal
    now: Decimal
    change: Decimal
    found: Literal["new", "gone", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductPart(Part):
    """A product, and what added to its change: units + price + discounts + returns = change.

    Attributes:
        units: Units sold more or fewer, at the product's earlier price; over all products this is volume + mix.
        price: Sold at another price.
        discounts: Smaller discounts; negative for larger ones.
        returns: Fewer returns; negative for more.
    """

    units: Decimal
    price: Decimal
    discounts: Decimal
    returns: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A change of net sales and what it is made of.

    Attributes:
        before: Net sales of the earlier period, as recorded.
        now: Net sales of the later one.
        change: now − before, in the decimals asked for.
        effects: The five causes in the order of `Cause`; they sum to the change.
        products: Every product, the one that moved most first; they sum to the change.
        parts: Dimension -> its values, the one that moved most first; those of each dimension sum to the change.
        currency: ISO 4217 code.
    """

    before: Decimal
    now: Decimal
    change: Decimal
    effects: tuple[Effect, ...]
    products: tuple[ProductPart, ...]
    parts: Mapping[str, tuple[Part, ...]]
    currency: str = ""

    def sentences(self, top: int = 3) -> list[str]:
        """Return the movement in words, the largest amounts first.

        Args:
            top: How many values of each dimension are named; the others are summed.
        """
        causes = sorted((e for e in self.effects if e.amount), key=lambda e: -abs(e.amount))
        lines = [self._headline()]
        if causes:
            lines.append("By cause: " + ", ".join(f"{self._signed(e.amount)} from {e.words}" for e in causes) + ".")
        for name, parts in (*self.parts.items(), ("product", self.products)):
            named = [f"{part.label} {self._signed(part.change)}" for part in parts[:top] if part.change]
            others = [part.change for part in parts[len(named) :] if part.change]
            if others:
                named.append(f"{len(others)} more {self._signed(sum(others, Decimal(0)))}")
            if named:
                lines.append(f"By {name.replace('_', ' ')}: {', '.join(named)}.")
        for found, words in (("new", "sold in the later period only"), ("gone", "sold in the earlier period only")):
            changes = [part.change for part in self.products if part.found == found]
            if changes:
                counted = f"{len(changes)} product{'s' if len(changes) > 1 else ''}"
                lines.append(f"{counted} {words}: {self._signed(sum(changes, Decimal(0)))}.")
        return lines

    def _headline(self) -> str:
        if not self.change:
            return f"Net sales did not change: {self._money(self.now)}."
        share = f" ({fmt.change(self.change / abs(self.before), Unit.MONEY)})" if self.before else ""
        verb = "rose" if self.change > 0 else "fell"
        ends = f"from {self._money(self.before)} to {self._money(self.now)}"
        return f"Net sales {verb} by {self._money(abs(self.change))}{share}, {ends}."

    def _money(self, amount: Decimal) -> str:
        return fmt.full(amount, Unit.MONEY, self.currency)

    def _signed(self, amount: Decimal) -> str:
        return fmt.plus_minus(amount, Unit.MONEY, self.currency)

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def _repr_html_(self) -> str:
        headline, *rest = self.sentences()
        lines = (line.partition(": ") for line in rest)
        return markup.framed(markup.pairs([("", headline), *((head, text) for head, _, text in lines)]))
