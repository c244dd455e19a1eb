"""The tables metrics are measured on, and the dates a row of theirs can be counted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from sqlalchemy import Table

from ecombi.errors import PeriodError, did_you_mean
from ecombi.schema import tables


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


ONLY: Final = "day"
"""The role of the date of a mart whose rows count on one day, whatever the basis."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mart:
    """A table whose rows metrics add up.

    Attributes:
        table: One row per thing; its comment says which.
        days: Role -> column of the day in the shop's time zone, or several, of which the first known one counts. The
            roles are the bases where a row counts on either, else `ONLY`, and any others that a measure may name.
        hours: Role -> column of the hour on the shop's clock; none where hours are not recorded.
        made_of: Where its rows are computed from others: under which names `days_loaded` notes those, by role.
    """

    table: Table
    days: Mapping[str, str | tuple[str, ...]]
    hours: Mapping[str, str] = field(default_factory=dict)
    made_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def role(self, dated: str | None, basis: Basis) -> str:
        """Return the role of the date a measure counts on: its own, else that of the basis, else the only one."""
        return dated or (basis.value if basis.value in self.days else ONLY)

    def columns(self, role: str) -> tuple[str, ...]:
        """Return the columns of a role's day; the first known one counts."""
        named = self.days[role]
        return (named,) if isinstance(named, str) else named

    def noted(self, role: str) -> tuple[str, ...]:
        """Return under which names `days_loaded` notes when rows that count on a day came."""
        own = role if self.table is tables.ledger else f"{self.table.name}:{role}"
        return self.made_of.get(role, (own,))

    @property
    def bases(self) -> bool:
        """Whether the two bases differ."""
        return Basis.BOOKED.value in self.days


LEDGER: Final = Mart(
    table=tables.ledger,
    days={"booked": "event_on", "ordered": "order_on"},
    hours={"booked": "event_hour", "ordered": "order_hour"},
)
ORDERS: Final = Mart(
    table=tables.orders,
    days={"booked": "booked_on", "ordered": "ordered_on"},
    made_of={"booked": ("booked",), "ordered": ("ordered",)},
)
CUSTOMERS: Final = Mart(table=tables.customers, days={ONLY: "first_order_on"}, made_of={ONLY: ("ordered",)})
SESSIONS: Final = Mart(table=tables.sessions, days={ONLY: "started_on"})
FULFILMENTS: Final = Mart(
    table=tables.fulfilments,
    days={ONLY: "ordered_on", "due": "due_on"},
    made_of={ONLY: ("ordered",), "due": ("shipments:promised", "promises:day")},
)
SHIPMENTS: Final = Mart(
    table=tables.shipments, days={ONLY: "shipped_on", "promised": "promised_on", "delivered": "delivered_on"}
)
PAYMENTS: Final = Mart(table=tables.payments, days={ONLY: "paid_on"})
INVENTORY: Final = Mart(table=tables.inventory_daily, days={ONLY: "day"})
PURCHASE_ORDERS: Final = Mart(
    table=tables.purchase_orders,
    days={
        ONLY: "ordered_on",
        "requested": "requested_on",
        "confirmed": "confirmed_on",
        "last_confirmed": ("last_confirmed_on", "confirmed_on"),
        "received": "received_on",
    },
)
RECEIPTS: Final = Mart(table=tables.receipts, days={ONLY: "received_on"})
_RECEIVED: Final = ("purchase_orders:received", "receipts:day")
PURCHASES: Final = Mart(
    table=tables.purchase_lines,
    days={**PURCHASE_ORDERS.days, "first_received": "first_received_on"},
    made_of={
        **{role: PURCHASE_ORDERS.noted(role) for role in PURCHASE_ORDERS.days},
        "first_received": _RECEIVED,
        "received": _RECEIVED,
    },
)
GOODS_RECEIPTS: Final = Mart(table=tables.goods_receipts, days={ONLY: "received_on"}, made_of={ONLY: _RECEIVED})
PROMISES: Final = Mart(table=tables.promises, days={ONLY: "promised_on"})
AD_SPEND: Final = Mart(table=tables.ad_spend, days={ONLY: "day"})

MARTS: Final = (
    LEDGER,
    ORDERS,
    CUSTOMERS,
    SESSIONS,
    FULFILMENTS,
    SHIPMENTS,
    PAYMENTS,
    INVENTORY,
    PURCHASES,
    GOODS_RECEIPTS,
    AD_SPEND,
)
LOADED: Final = (*(mart for mart in MARTS if not mart.made_of), PURCHASE_ORDERS, RECEIPTS, PROMISES)
"""Those whose rows are delivered, not computed; some are measured only by what is computed from them."""
