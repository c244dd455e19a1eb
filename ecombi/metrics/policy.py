"""Who asks, and what they may see: the one place where rows and columns are kept from people is the planner."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ecombi.errors import ConfigurationError
from ecombi.metrics.query import Values, filters


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody who asks for figures.

    Attributes:
        name: Who it is, for the record; two names with the same rights share answers.
        roles: What they are, for whoever decides what else they may do.
        allowed: Dimension and the only values of it they may see, as (name, values); none: all there is.
        hidden: Columns of the warehouse they may not use, for example cost_amount: what rests on one is refused.
        nothing: They may see no row at all.
    """

    name: str
    roles: frozenset[str] = frozenset()
    allowed: tuple[tuple[str, Values], ...] = ()
    hidden: frozenset[str] = frozenset()
    nothing: bool = False

    @classmethod
    def of(
        cls,
        name: str,
        *,
        roles: Sequence[str] = (),
        countries: Sequence[str | None] | None = None,
        channels: Sequence[str | None] | None = None,
        stores: Sequence[str | None] | None = None,
        hidden: Sequence[str] = (),
        allowed: Mapping[str, Sequence[str | None]] | None = None,
    ) -> Identity:
        """Build an identity from what people write.

        Args:
            name: Who it is.
            roles: What they are.
            countries: The only countries they may see; None: all.
            channels: The only channels they may see; None: all.
            stores: The only stores they may see; None: all.
            hidden: Columns they may not use.
            allowed: The same for any other dimension.

        Raises:
            ConfigurationError: A list of allowed values is empty: whoever may see nothing is `NOBODY`.
        """
        given = {"country": countries, "channel": channels, "store": stores, **(allowed or {})}
        limits = {dimension: list(values) for dimension, values in given.items() if values is not None}
        for dimension, values in limits.items():
            if not values:
                raise ConfigurationError(
                    f"{name} may see no {dimension} at all. List the allowed ones, or leave it out to allow all."
                )
        return cls(name=name, roles=frozenset(roles), allowed=filters(limits), hidden=frozenset(hidden))

    @classmethod
    def from_json(cls, text: str) -> Identity:
        """Read what `to_json` wrote, or what a person wrote with the argument names of `of`.

        Raises:
            ConfigurationError: It is no JSON object of these names. It never stands for more rights than it says.
        """
        try:
            said = json.loads(text)
            if said.pop("nothing", False):
                return cls(name=str(said["name"]), nothing=True)
            return cls.of(**said)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ConfigurationError(
                f"The identity {text[:200]!r} cannot be read ({error}). "
                'Write for example {"name": "france", "countries": ["FR"], "hidden": ["cost_amount"]}.'
            ) from None

    def to_json(self) -> str:
        """Return it as text that `from_json` reads; equal identities give equal texts."""
        said: dict[str, object] = {"name": self.name, "roles": sorted(self.roles), "hidden": sorted(self.hidden)}
        if self.nothing:
            said["nothing"] = True
        return json.dumps(said | {"allowed": {name: list(values) for name, values in self.allowed}}, sort_keys=True)

    @property
    def policy_hash(self) -> str:
        """Sixteen hex digits that differ where what may be seen differs; part of the key of every kept answer."""
        return _hash(self.allowed, self.hidden, self.nothing)

    @property
    def unlimited(self) -> bool:
        """Whether they may see everything."""
        return not (self.allowed or self.hidden or self.nothing)

    @property
    def words(self) -> str:
        """What they may see, in words."""
        if self.nothing:
            return "no rows: nobody is signed in"
        limits = [
            f"only {name} {', '.join('unknown' if value is None else str(value) for value in values)}"
            for name, values in self.allowed
        ]
        limits += [f"without {', '.join(sorted(self.hidden))}"] if self.hidden else []
        return "; ".join(limits) or "everything"


@lru_cache(maxsize=256)
def _hash(allowed: tuple[tuple[str, Values], ...], hidden: frozenset[str], nothing: bool) -> str:
    rights = {"allowed": allowed, "hidden": sorted(hidden), "nothing": nothing}
    return hashlib.sha256(json.dumps(rights, sort_keys=True).encode()).hexdigest()[:16]


OWNER: Final = Identity(name="owner")
"""Whoever opens a workspace on their own machine: the files are theirs."""

NOBODY: Final = Identity(name="nobody", nothing=True)
"""What a server takes a visitor for until it knows who it is."""
