"""What is known of a snapshot as a whole: which rollups it has, when each load came, up to which day it is final."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ecombi.errors import BackendError
from ecombi.metrics.conditions import EVERY_ORDER_SOLD, UNAMENDED_ORDERS
from ecombi.metrics.definitions import Measure
from ecombi.metrics.rollups import ROLLUPS, Rollup
from ecombi.metrics.shapes import UNIFORM_ORDERS
from ecombi.schema.periods import Period, time_zone

if TYPE_CHECKING:
    from ecombi.backends.warehouse import Warehouse
    from ecombi.schema.shop import Shop

ROLLUP: Final = "rollup:"
"""Begins the name of the fact that a rollup was built: its fingerprint and its rows."""

DAYS: Final = "days:"
"""Begins the name of the fact that says the first and the last day of a mart, on one of its dates."""

LAST_DAY: Final = "last_day"
"""Name of the fact that says the last day of the ledger."""

OF_ORDERS: Final = (UNIFORM_ORDERS, UNAMENDED_ORDERS, EVERY_ORDER_SOLD)
"""Names of the facts that say what holds of all orders: each is true or false in every warehouse."""

_OLDER: Final = "What {} holds was built by an older version of ecombi. Build it anew with: ecombi run nightly"

# Engines know days of four digits only, and a day more must still be one.
_EVER: Final = (date(1, 1, 2), date(9999, 12, 30))
_NEVER: Final = (date(9999, 12, 30), date(1, 1, 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """When a source was loaded.

    Attributes:
        load_id: Counts up by one.
        source: Name of the source.
        at: Aware, UTC.
        settle_hours: So many hours after a day's end all of its rows have come.
        last_day: The last day on which an event happened that it brought; None where it brought none.
    """

    load_id: int
    source: str
    at: datetime
    settle_hours: int
    last_day: date | None = None


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of one snapshot.

    Attributes:
        built: Names of the rollups that can be used, the smallest first, and what holds of orders.
        loads: Every load, in order.
        last_day: The last day with an event in the ledger.
        days: Table and date role -> the first and the last day of its rows; absent where it is empty. None: not known.
        latest: Name in `days_loaded` (the basis, for the ledger) and day -> the last load that brought rows of it.
        zone: The shop's time zone.
    """

    built: tuple[str, ...] = ()
    loads: tuple[Load, ...] = ()
    last_day: date | None = None
    days: Mapping[tuple[str, str], tuple[date, date]] | None = None
    latest: Mapping[tuple[str, date], int] = field(default_factory=dict)
    zone: str = "UTC"

    @cached_property
    def final_until(self) -> date | None:
        """The first day that is not final yet; None where nothing was loaded.

        A day is final once every source was loaded after its end and the hours its rows take to settle. What lies after
        the last recorded day is not known, so it is not final either.
        """
        if self.last_day is None or not self.loads:
            return None
        latest: dict[str, datetime] = {}
        for load in self.loads:
            settled = load.at - timedelta(hours=load.settle_hours)
            latest[load.source] = max(settled, latest.get(load.source, settled))
        settled_until = min(latest.values()).astimezone(time_zone(self.zone)).date()
        return min(settled_until, self.last_day + timedelta(days=1))

    def at(self, at: datetime) -> Known:
        """Return what was known at an instant; the rollups stay those there are."""
        loads = tuple(load for load in self.loads if load.at <= at)
        days = [load.last_day for load in loads if load.last_day is not None]
        last_day = max(days, default=None)
        recorded = {
            key: (first, min(last, last_day))
            for key, (first, last) in (self.days or {}).items()
            if last_day is not None
        }
        return replace(self, loads=loads, last_day=last_day, days=None if self.days is None else recorded)

    def recorded(self, table: str, role: str) -> tuple[date, date]:
        """Return the first and the last recorded day of a table on one of its dates.

        Where it is empty, no day lies between the two; where nothing is known, every day does.
        """
        if self.days is None:
            return _EVER
        return self.days.get((table, role), _NEVER)

    def closed(self, period: Period) -> Load | None:
        """Return the load that closed a period: the first with events on or after its end; None while it is open."""
        return next((load for load in self.loads if load.last_day and load.last_day >= period.end), None)

    def restated(self, noted: Collection[str], period: Period) -> datetime | None:
        """Return when a period was closed, where rows of its days have come since; None where none have.

        Args:
            noted: Which rows: names in `days_loaded`.
            period: The days.
        """
        closed = self.closed(period)
        if closed is None:
            return None
        # A load of several files is one: all of it was there at the same time.
        last = self.load_at(closed.at)
        days = (period.start + timedelta(days=n) for n in range(period.days))
        return closed.at if any(self.latest.get((name, day), 0) > last for day in days for name in noted) else None

    def renewed(self, basis: str, period: Period) -> datetime | None:
        """Return when ledger rows of a period last came; None where none ever have."""
        days = (period.start + timedelta(days=n) for n in range(period.days))
        last = max(self.latest.get((basis, day), 0) for day in days)
        return next((load.at for load in self.loads if load.load_id == last), None)

    def load_at(self, at: datetime) -> int:
        """Return the last load up to an instant; 0 where there was none."""
        return max((load.load_id for load in self.loads if load.at <= at), default=0)


def known_of(warehouse: Warehouse, shop: Shop) -> Known:
    """Read what is known of the current snapshot.

    Raises:
        EmptyWarehouse: Nothing has been published yet.
        BackendError: It was built by another version of ecombi.
    """
    try:
        facts = {row["name"]: row["value"] for row in warehouse.arrow("SELECT name, value FROM facts").to_pylist()}
        loads = warehouse.arrow(
            "SELECT load_id, source, loaded_at, coalesce(settle_hours, 0) AS settle_hours, last_day "
            "FROM loads LEFT JOIN (SELECT load_id, max(day) AS last_day FROM days_loaded WHERE basis = 'booked' "
            "GROUP BY load_id) AS brought USING (load_id) ORDER BY load_id"
        ).to_pylist()
        latest = warehouse.arrow(
            "SELECT basis, day, max(load_id) AS load_id FROM days_loaded GROUP BY basis, day"
        ).to_pylist()
    except BackendError as error:
        if "facts" not in str(error) and "settle_hours" not in str(error):
            raise
        raise BackendError(_OLDER.format(warehouse.safe_url)) from error
    if facts.get(LAST_DAY) and not (facts.keys() >= {*OF_ORDERS} and any(name.startswith(DAYS) for name in facts)):
        raise BackendError(_OLDER.format(warehouse.safe_url))
    return Known(
        built=_usable(facts),
        days={
            (table, role): (date.fromisoformat(first), date.fromisoformat(last))
            for name, value in facts.items()
            if name.startswith(DAYS)
            for _, table, role in [name.split(":")]
            for first, last in [value.split()]
        },
        loads=tuple(
            Load(
                load_id=row["load_id"],
                source=row["source"],
                at=row["loaded_at"].replace(tzinfo=UTC),
                settle_hours=row["settle_hours"],
                last_day=row["last_day"],
            )
            for row in loads
        ),
        latest={(row["basis"], row["day"]): row["load_id"] for row in latest},
        last_day=date.fromisoformat(facts[LAST_DAY]) if facts.get(LAST_DAY) else None,
        zone=shop.time_zone,
    )


def fingerprint(rollup: Rollup) -> str:
    """Return what tells whether a stored rollup holds what its declaration says now."""
    measures = [(m.name, m.definition_version, isinstance(m, Measure) and m.nothing is None) for m in rollup.measures]
    said = (rollup.name, rollup.dimensions, rollup.grain.value, rollup.roles, sorted(measures))
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def facts_of_rollups(rows: Mapping[str, int]) -> Sequence[tuple[str, str]]:
    """Return the facts that note which rollups were built, given their numbers of rows."""
    return [(f"{ROLLUP}{name}", f"{fingerprint(ROLLUPS[name])} {count}") for name, count in rows.items()]


def _usable(facts: Mapping[str, str]) -> tuple[str, ...]:
    sizes: dict[str, int] = {}
    for name, rollup in ROLLUPS.items():
        mark, _, rows = facts.get(f"{ROLLUP}{name}", "").partition(" ")
        if rows and mark == fingerprint(rollup):
            sizes[name] = int(rows)
    named = sorted(sizes, key=lambda name: (sizes[name], name))
    return (*named, *(name for name in OF_ORDERS if facts.get(name) == "true"))
