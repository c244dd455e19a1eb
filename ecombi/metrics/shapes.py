"""A question without its values: what decides the SQL."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from ecombi.metrics.definitions import Counted, DaysMeasure, DistinctMeasure, Measure, Metric, SnapshotMeasure
from ecombi.metrics.dimensions import Dimension
from ecombi.metrics.marts import Basis, Mart
from ecombi.metrics.rollups import ROLLUPS, DistinctRollup, Rollup
from ecombi.schema.periods import Grain

if TYPE_CHECKING:
    import ibis.expr.types as ir

Dialect = Literal["duckdb", "postgres", "pyspark"]

Side = Literal["", "_before"]
"""The range asked for, and the one beside it: what ends the names of its columns and values."""

MONTHS: Final = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}
"""Grains of whole months, and how many each has."""

MONTHLY: Final = tuple(MONTHS)
"""Grains of whole months."""

UNIFORM_ORDERS = "uniform_orders"
"""Stands among what is built where each order has one day, channel, country and source: then orders add up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """How a filter looks without its values: `count` known ones, and whether unknown counts too.

    Attributes:
        but: What is listed does not count, and all else does.
    """

    dimension: Dimension
    count: int
    unknown: bool
    but: bool = False

    @property
    def single(self) -> bool:
        """Whether only one value passes."""
        return not self.but and self.count + self.unknown == 1

    def passes(self, column: ir.Value, prefix: str = "") -> ir.BooleanValue:
        """Return whether a value of the dimension counts; the listed ones are bound as `<prefix><dimension>_<i>`."""
        import ibis

        from ecombi.metrics.parameters import parameter

        names = [f"{prefix}{self.dimension.name}_{i}" for i in range(self.count)]
        tests: list[ir.BooleanValue] = []
        if self.count:
            found = column.isin([parameter(name, self.dimension.type) for name in names])
            # What is not among the listed ones must include the unknown, so that null may not spread.
            tests.append(found.fill_null(False) if self.but else found)
        if self.unknown:
            tests.append(column.isnull())
        # A policy without values lets nothing pass.
        listed = ibis.or_(*tests) if tests else ibis.literal(False)
        return ~listed if self.but else listed


_SUMS_OF: Final = {"amount": ("goods_amount", "net_amount", "monetary_value"), "qty": ("units",)}
"""Column of the ledger -> columns of other tables that are sums of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What can be known and may be seen.

    Attributes:
        as_of: Only what was loaded up to the load `$as_of_load`.
        policy: Only rows with these values.
        hidden: Columns that may not be used.
        nothing: No row at all.
    """

    as_of: bool = False
    policy: tuple[Filter, ...] = ()
    hidden: frozenset[str] = frozenset()
    nothing: bool = False

    @property
    def out_of_sight(self) -> frozenset[str]:
        """Every column that may not be used: the hidden ones, and sums of them."""
        return self.hidden | {name for hidden in self.hidden for name in _SUMS_OF.get(hidden, ())}

    def unrestricted(self) -> Scope:
        """Return the same time for everybody's eyes."""
        return replace(self, policy=(), hidden=frozenset(), nothing=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """Measures that are added up over the same rows.

    Attributes:
        mart: The rows.
        role: The date they are counted on.
        mode: "sum" takes all days of the period, "last" and "opening" one day of each, "days" counts the days.
        matures_days: Days before the last final one that do not count yet.
        measures: What is added up.
        spans: In the mode "days" the marts between whose first and last day every day counts; none: days with rows.
    """

    mart: Mart
    role: str
    mode: Literal["sum", "last", "opening", "days"]
    matures_days: int
    measures: tuple[Counted, ...] = ()
    spans: tuple[Mart, ...] = ()

    def parted_by(self, dimensions: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
        """Return which of these dimensions part its rows: days are parted by time alone, everything else has them."""
        return tuple(d for d in dimensions if d.of_time) if self.mode == "days" else dimensions


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A question without its values. Equal shapes have equal SQL, so only the first one is compiled.

    Attributes:
        starts: The period has a first day.
        ends: The period has an end.
        compared: The figures of an earlier range are put beside.
        same_dates: Its days and hours are put beside those of the same date, not of the same position.
        adjoining: The earlier range ends where the one asked for begins.
        fill: Time buckets in which nothing happened are added.
        whole_months: Every range asked for begins and ends with a month.
        recorded: Table, date role and side of which every day compared is recorded: a missing sum is 0 there.
        scope: What can be known and may be seen.
        built: Names of the rollups that can be used, the smallest first, and what is known of orders.
    """

    metrics: tuple[Metric, ...]
    by: tuple[Dimension, ...] = ()
    grain: Grain | None = None
    basis: Basis = Basis.BOOKED
    starts: bool = False
    ends: bool = False
    compared: bool = False
    same_dates: bool = False
    adjoining: bool = False
    fill: bool = False
    whole_months: bool = False
    recorded: frozenset[tuple[str, str, Side]] = frozenset()
    where: tuple[Filter, ...] = ()
    scope: Scope = Scope()
    built: tuple[str, ...] = ()

    @cached_property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Every dimension it needs, each once."""
        return tuple(dict.fromkeys([*self.by, *(f.dimension for f in self.where)]))

    @cached_property
    def seen(self) -> tuple[Dimension, ...]:
        """Every dimension that parts the rows, the policy's too."""
        return tuple(dict.fromkeys([*self.dimensions, *(f.dimension for f in self.scope.policy)]))

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that identify one row of the answer: the dimensions, then the time bucket."""
        return (*(d.name for d in self.by), *([self.grain.value] if self.grain else []))

    @property
    def moved_by_months(self) -> bool:
        """The earlier range is moved onto the later one by months; by days otherwise."""
        return self.same_dates or self.grain in MONTHLY

    @cached_property
    def measures(self) -> tuple[Counted, ...]:
        """Every measure it needs, each once."""
        return tuple(dict.fromkeys(m for metric in self.metrics for m in metric.measures()))

    @cached_property
    def legs(self) -> tuple[Leg, ...]:
        """The sums it is put together from: every measure is in one of them."""
        # What has to be told apart is counted by itself, so that the rest can come from a rollup.
        grouped: dict[tuple[Leg, bool], list[Counted]] = {}
        for measure in self.measures:
            leg = Leg(
                mart=measure.mart,
                role=measure.mart.role(measure.dated, self.basis),
                mode=_mode(measure),
                matures_days=measure.matures_days,
                spans=measure.spans if isinstance(measure, DaysMeasure) else (),
            )
            alone = isinstance(measure, DistinctMeasure) and measure.splits is None
            grouped.setdefault((leg, alone), []).append(measure)
        return tuple(replace(leg, measures=tuple(found)) for (leg, _), found in grouped.items())

    @property
    def calendars(self) -> tuple[tuple[Mart, str], ...]:
        """The mart and the date of each leg, each pair once; dates that are planned, such as due ones, where alone."""
        found = tuple(dict.fromkeys((leg.mart, leg.role) for leg in self.legs))
        return tuple((mart, role) for mart, role in found if role == mart.role(None, self.basis)) or found

    def rollup(self, leg: Leg) -> Rollup | None:
        """Return the smallest rollup that answers a leg, or None: it then sums its mart."""
        if leg.spans or self.grain is Grain.HOUR or self.scope.as_of or self.scope.hidden or self.scope.nothing:
            return None
        return next((found for name in self.built if (found := ROLLUPS.get(name)) and self._answers(found, leg)), None)

    def in_one_pass(self, leg: Leg) -> bool:
        """Whether one reading of a rollup sums both ranges: no rows lie between them, and no bucket is in both."""
        rollup = self.rollup(leg)
        summed = rollup is not None and not isinstance(rollup, DistinctRollup) and leg.mode == "sum"
        return summed and self.adjoining and self.grain in (None, Grain.DAY) and not self.same_dates

    def _answers(self, rollup: Rollup, leg: Leg) -> bool:
        if rollup.mart is not leg.mart or leg.role not in rollup.roles:
            return False
        if rollup.grain is Grain.MONTH and not self._in_months(leg):
            return False
        if isinstance(rollup, DistinctRollup):
            return leg.measures == rollup.measures and self._in_one_scope(rollup)
        if not all(d.name in rollup.dimensions or d.of_time for d in self.seen):
            return False
        return all(self._keeps(rollup, measure) for measure in leg.measures)

    def _in_one_scope(self, rollup: DistinctRollup) -> bool:
        """Whether each group of rows asked for has one value of each dimension: then no thing is in it twice."""
        single = all(f.dimension in self.by or f.single for f in (*self.where, *self.scope.policy))
        return single and all(d.name in rollup.dimensions for d in self.seen)

    def _in_months(self, leg: Leg) -> bool:
        by_day = self.grain in (Grain.DAY, Grain.WEEK) or any(d.of_time for d in self.dimensions)
        return self.whole_months and not by_day and leg.mode == "sum" and not leg.matures_days

    def _keeps(self, rollup: Rollup, measure: Counted) -> bool:
        """Whether a rollup has a measure, and its parts sum to it."""
        if isinstance(measure, DaysMeasure):
            return True
        if not any(kept is measure for kept in rollup.measures):
            return False
        if isinstance(measure, DistinctMeasure):
            if measure.splits is None or UNIFORM_ORDERS not in self.built:
                return False
            return measure.splits & set(rollup.dimensions) <= {d.name for d in self.by}
        return isinstance(measure, Measure)


def _mode(measure: Counted) -> Literal["sum", "last", "opening", "days"]:
    if isinstance(measure, SnapshotMeasure):
        return measure.at
    return "days" if isinstance(measure, DaysMeasure) else "sum"
