"""What the reader has chosen: traits, and the same as the query of an address."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode

from traitlets import Enum, HasTraits, TraitError, Tuple, Unicode

from ecombi.errors import PeriodError
from ecombi.schema.periods import parse_day

if TYPE_CHECKING:
    from ecombi.dashboards.desk import Desk
    from ecombi.dashboards.question import Question

logger = logging.getLogger(__name__)


class Values(Tuple):
    """Texts that count, none for all; the empty text stands for the unknown one."""

    def __init__(self) -> None:
        super().__init__(default_value=())

    def validate(self, obj: HasTraits, value: object) -> tuple[str, ...]:
        """Keep each text once, in order."""
        texts = super().validate(obj, value) or ()
        if not all(isinstance(text, str) for text in texts):
            self.error(obj, value)
        return tuple(sorted(dict.fromkeys(str(text) for text in texts)))


class State(HasTraits):
    """Base of a dashboard's state. Each trait tagged `key` is part of the address under that key.

    Everything here comes from a browser: a value that cannot be is left out, never an error.
    """

    def choose(self, name: str, values: Sequence[str]) -> None:
        """Set a trait by name from texts; anything impossible changes nothing."""
        trait = self.traits(key=lambda key: key is not None).get(name)
        if trait is None:
            logger.info("ignored a choice of something that is not there")
            return
        try:
            setattr(self, name, tuple(values) if isinstance(trait, Values) else "".join(values[:1]))
        except TraitError:
            logger.info("ignored an impossible choice of %s", name)

    def toggle(self, name: str, value: str) -> None:
        """Take one value alone, or let it go where it is taken already."""
        now = getattr(self, name, None)
        if isinstance(now, tuple):
            # One of several goes; one that is not taken, or is but not alone, is looked at alone.
            self.choose(name, [one for one in now if one != value] if value in now else [value])
        else:
            self.choose(name, ["" if now == value else value])

    def reset(self) -> None:
        """Choose what is usual."""
        with self.hold_trait_notifications():
            for name, trait in self.traits(key=lambda key: key is not None).items():
                setattr(self, name, trait.default_value if not isinstance(trait, Values) else ())

    @property
    def query(self) -> str:
        """What differs from the usual, as the query of an address."""
        pairs: list[tuple[str, str]] = []
        for name, trait in self.traits(key=lambda key: key is not None).items():
            value = getattr(self, name)
            key = trait.metadata["key"]
            if isinstance(value, tuple):
                pairs += [(key, one) for one in value]
            elif value != trait.default_value:
                pairs.append((key, value))
        return urlencode(pairs)

    @query.setter
    def query(self, text: str) -> None:
        given = parse_qs(text, keep_blank_values=True)
        with self.hold_trait_notifications():
            self.reset()
            for name, trait in self.traits(key=lambda key: key is not None).items():
                if trait.metadata["key"] in given:
                    self.choose(name, given[trait.metadata["key"]])
            self.mend()

    def mend(self) -> None:
        """Choose what is usual where choices do not go together."""


class PeriodState(State):
    """The choices every dashboard has: which days, compared with what, counted on which date.

    Attributes:
        preset: A period that ends with the last day there is, or "custom" for `first` to `last`.
        first: First day of a custom period, ISO.
        last: Last day of a custom period, ISO; it is included.
        compare: What the period is compared with.
        basis: Which date an event is counted on.
    """

    preset = Enum(("7d", "28d", "month", "quarter", "year", "all", "custom"), "28d").tag(key="period")
    first = Unicode("").tag(key="from")
    last = Unicode("").tag(key="to")
    compare = Enum(("previous", "year_ago", "none"), "previous").tag(key="compare")
    basis = Enum(("booked", "ordered"), "booked").tag(key="basis")

    def ask(self, desk: Desk) -> Question:
        """Return the question it asks."""
        raise NotImplementedError

    def choose_days(self, first: str, last: str) -> None:
        """Choose a custom period, both days included; an impossible one changes nothing."""
        if _possible(first, last):
            with self.hold_trait_notifications():
                self.preset, self.first, self.last = "custom", first, last

    def choose(self, name: str, values: Sequence[str]) -> None:
        """Set a trait; a period that ends with the last day there is has no days of its own."""
        with self.hold_trait_notifications():
            super().choose(name, values)
            if name == "preset" and self.preset != "custom":
                self.first = self.last = ""

    def mend(self) -> None:
        """Choose the usual period where the custom one is impossible."""
        if self.preset == "custom" and not _possible(self.first, self.last):
            self.choose("preset", [self.traits()["preset"].default_value])


def _possible(first: str, last: str) -> bool:
    try:
        return parse_day(first) <= parse_day(last)
    except PeriodError:
        return False
