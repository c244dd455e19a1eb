"""The tables metrics are measured on, and the two dates an event can be counted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Table

from ecombi.errors import PeriodError, did_you_mean
from ecombi.schema import rollups, tables


class Basis(StrEnum):
    """Which of an event's dates it is counted on."""

    BOOKED = "booked"
    ORDERED = "ordered"

    @classmethod
    def parse(cls, text: str) -> Basis:
        """Read a basis by name.

        Raises:
            PeriodError: Not a basis; the message lists those that are.
        """
        try:
            return cls(text)
        except ValueError:
            raise PeriodError(f"Unknown basis {text!r}. {did_you_mean(text, [b.value for b in cls])}") from None

    @property
    def words(self) -> str:
        """What is counted when, in words."""
        if self is Basis.BOOKED:
            return "booked: each event on the day it happened"
        return "ordered: each event on the day its order was placed"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mart:
    """A table that measures add up, with one date and hour per basis.

    Attributes:
        table: One row per event; has the columns `kind`, `qty`, `amount`, `cost_amount` and `order_id`.
        day: Column of the day in the shop's time zone, per basis.
        hour: Column of the hour on the shop's clock, per basis.
        rollups: Smaller tables of its sums.
    """

    table: Table
    day: Mapping[Basis, str]
    hour: Mapping[Basis, str]
    rollups: tuple[rollups.Rollup, ...] = ()


LEDGER = Mart(
    table=tables.ledger,
    day={Basis.BOOKED: "event_on", Basis.ORDERED: "order_on"},
    hour={Basis.BOOKED: "event_hour", Basis.ORDERED: "order_hour"},
    rollups=rollups.ROLLUPS,
)
