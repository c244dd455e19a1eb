"""Rollups, declared as data: sums of a mart per day or month, kept after each load and picked by the planner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Final

from sqlalchemy import BigInteger, Column, Date, MetaData, String, Table

from ecombi.metrics import dimensions as known
from ecombi.metrics.areas import METRICS
from ecombi.metrics.customers import customers
from ecombi.metrics.definitions import Counted, DistinctMeasure, Measure, Unit
from ecombi.metrics.dimensions import Dimension
from ecombi.metrics.marts import FULFILMENTS, INVENTORY, LEDGER, ORDERS, PAYMENTS, SESSIONS, SHIPMENTS, Mart
from ecombi.schema import tables
from ecombi.schema.periods import Grain

_METADATA: Final = MetaData()


@dataclass(frozen=True, kw_only=True, eq=False)
class Rollup:
    """A table of a mart's sums: one row per date role, day or month, and value of each dimension.

    Attributes:
        name: Name of the table.
        mart: What is summed.
        dimensions: Names of the dimensions it keeps apart; every other one is summed over.
        grain: DAY, or MONTH: `day` is then the first of the month.
    """

    name: str
    mart: Mart
    dimensions: tuple[str, ...]
    grain: Grain = Grain.DAY

    @property
    def roles(self) -> tuple[str, ...]:
        """The date roles it keeps apart."""
        return tuple(self.mart.days)

    @cached_property
    def cuts(self) -> tuple[Dimension, ...]:
        """Its dimensions."""
        return tuple(getattr(known, name) for name in self.dimensions)

    @cached_property
    def measures(self) -> tuple[Counted, ...]:
        """Every measure of the mart whose parts can be summed; not those that only count what others keep."""
        return tuple(_sums(self.mart))

    def kept(self, role: str) -> tuple[Counted, ...]:
        """Return the measures that count on a date of that role."""
        bases = ("booked", "ordered", "day")
        return tuple(m for m in self.measures if (role in bases if m.dated is None else m.dated == role))

    @cached_property
    def table(self) -> Table:
        """The table that holds it."""
        texts = [Column(d.name, String, nullable=True, comment=d.description) for d in self.cuts]
        sums = [column for measure in self.measures for column in _columns(measure)]
        grain = "month" if self.grain is Grain.MONTH else "day"
        return Table(
            self.name,
            _METADATA,
            Column("basis", String, nullable=False, comment="The date the rows are counted on."),
            Column("day", Date, nullable=False, comment=f"First day of the {grain} in the shop's time zone."),
            *texts,
            *sums,
            comment=f"Rollup of {self.mart.table.name}: one row per basis, {', '.join([grain, *self.dimensions])}.",
            info={"key": ("basis", "day", *self.dimensions)},
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class DistinctRollup(Rollup):
    """Counts of different things, which do not add up: kept by the day of the row before with the same thing.

    Of the rows of some days, those whose row before lies before these days are the first of their thing, and so as many
    as there are things. What comes before depends on where one looks: `scope` names the dimensions that are kept apart
    in a row of the table, and the row before has the same value of each.

    Attributes:
        counted: What is told apart.
    """

    counted: DistinctMeasure

    @cached_property
    def measures(self) -> tuple[Counted, ...]:
        """The one measure it keeps."""
        return (self.counted,)

    @cached_property
    def scopes(self) -> tuple[tuple[str, ...], ...]:
        """Every set of dimensions that is kept apart."""
        sizes = range(len(self.dimensions) + 1)
        return tuple(scope for size in sizes for scope in combinations(self.dimensions, size))

    def scope(self, dimensions: Iterable[str]) -> str:
        """Return the value of the column `scope` in which these dimensions are kept apart."""
        named = {*dimensions}
        return " ".join(name for name in self.dimensions if name in named)

    @cached_property
    def table(self) -> Table:
        """The table that holds it."""
        before = "Day of the row before with the same value, in the same scope; null for the first."
        return Table(
            self.name,
            _METADATA,
            Column("basis", String, nullable=False, comment="The date the rows are counted on."),
            Column("scope", String, nullable=False, comment="Names of the dimensions that are kept apart in this row."),
            Column("day", Date, nullable=False, comment="Day in the shop's time zone."),
            *(Column(d.name, String, nullable=True, comment=d.description) for d in self.cuts),
            Column("previous_day", Date, nullable=True, comment=before),
            Column(self.counted.name, BigInteger, nullable=False, comment=f"{self.counted.label} of that day."),
            comment=f"Rollup of {self.mart.table.name}: one row per basis, scope, day, {', '.join(self.dimensions)} "
            "and day of the row before.",
            info={"key": ("basis", "scope", "day", *self.dimensions, "previous_day")},
        )


def rows_column(measure: Measure) -> str:
    """Return the column that counts the rows behind a sum that can be unknown."""
    return f"{measure.name}_rows"


def _sums(mart: Mart) -> Iterator[Counted]:
    found = dict.fromkeys(m for metric in METRICS.values() for m in metric.measures() if m.mart is mart)
    for measure in found:
        if isinstance(measure, Measure) or (isinstance(measure, DistinctMeasure) and measure.splits is not None):
            yield measure


def _columns(measure: Counted) -> Iterator[Column[object]]:
    kind = tables.SUM if measure.unit is Unit.MONEY else BigInteger
    said = f"{measure.label}, in the shop's currency" if measure.unit is Unit.MONEY else measure.label
    yield Column(measure.name, kind, nullable=True, comment=f"{said}; null where no row counts.")
    if isinstance(measure, Measure) and measure.nothing is None:
        yield Column(rows_column(measure), BigInteger, nullable=True, comment=f"Rows behind {measure.label}.")


_ALL: Final = (
    Rollup(name="sales_by_day", mart=LEDGER, dimensions=("country", "channel")),
    Rollup(name="sales_daily", mart=LEDGER, dimensions=("country", "channel", "category")),
    Rollup(name="products_daily", mart=LEDGER, dimensions=("country", "channel", "product")),
    Rollup(name="products_by_day", mart=LEDGER, dimensions=("product",)),
    Rollup(name="orders_daily", mart=ORDERS, dimensions=("country", "channel", "customer_type", "traffic_source")),
    DistinctRollup(name="customers_by_day", mart=ORDERS, dimensions=("country", "channel"), counted=customers),
    Rollup(name="sessions_daily", mart=SESSIONS, dimensions=("country", "channel", "device", "traffic_source")),
    Rollup(name="fulfilments_daily", mart=FULFILMENTS, dimensions=("country", "channel")),
    Rollup(name="shipments_daily", mart=SHIPMENTS, dimensions=("carrier", "country", "channel")),
    Rollup(name="payments_daily", mart=PAYMENTS, dimensions=("payment_method", "country", "channel")),
    Rollup(name="stock_daily", mart=INVENTORY, dimensions=("category",)),
)

ROLLUPS: Final = {rollup.name: rollup for rollup in _ALL if rollup.measures}
"""Every rollup by name, in the order they are built: a later one may be summed from an earlier one."""

TABLES: Final = tuple(rollup.table for rollup in ROLLUPS.values())
"""The tables of the rollups, for whoever creates them."""
