"""A question without its values: what decides the SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ecombi.metrics.definitions import DistinctMeasure, Measure, Metric
from ecombi.metrics.dimensions import Dimension
from ecombi.metrics.marts import Basis, Mart
from ecombi.schema.periods import Grain
from ecombi.schema.rollups import Rollup

Dialect = Literal["duckdb", "postgres"]

MONTHLY = (Grain.MONTH, Grain.QUARTER, Grain.YEAR)
"""Grains of whole months."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """How a filter looks without its values: `count` known ones, and whether unknown counts too."""

    dimension: Dimension
    count: int
    unknown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A question without its values. Equal shapes have equal SQL, so only the first one is compiled.

    Attributes:
        starts: The period has a first day.
        ends: The period has an end.
        compared: The figures of an earlier range are put beside.
        same_dates: Its days and hours are put beside those of the same date, not of the same position.
        fill: Time buckets in which nothing happened are added.
        use_rollups: False sums the mart itself.
    """

    metrics: tuple[Metric, ...]
    by: tuple[Dimension, ...] = ()
    grain: Grain | None = None
    basis: Basis = Basis.BOOKED
    starts: bool = False
    ends: bool = False
    compared: bool = False
    same_dates: bool = False
    fill: bool = False
    where: tuple[Filter, ...] = ()
    use_rollups: bool = True

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Every dimension it needs, each once."""
        return tuple(dict.fromkeys([*self.by, *(f.dimension for f in self.where)]))

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that identify one row of the answer: the dimensions, then the time bucket."""
        return (*(d.name for d in self.by), *([self.grain.value] if self.grain else []))

    @property
    def moved_by_months(self) -> bool:
        """The earlier range is moved onto the later one by months; by days otherwise."""
        return self.same_dates or self.grain in MONTHLY

    @property
    def marts(self) -> tuple[Mart, ...]:
        """Every mart it needs, each once."""
        return tuple(dict.fromkeys(m.mart for metric in self.metrics for m in metric.measures()))

    def measures(self, mart: Mart) -> tuple[Measure | DistinctMeasure, ...]:
        """Every measure it takes from `mart`, each once."""
        return tuple(dict.fromkeys(m for metric in self.metrics for m in metric.measures() if m.mart is mart))

    def rollup(self, mart: Mart) -> Rollup | None:
        """Return the smallest rollup that answers the mart's part, or None.

        A rollup keeps sums per day: it knows neither hours nor which orders an event belongs to.
        """
        if not self.use_rollups or self.grain is Grain.HOUR:
            return None
        if not all(isinstance(m, Measure) for m in self.measures(mart)):
            return None
        fits = [r for r in mart.rollups if all(d.name in r.dimensions or d.column == "on_day" for d in self.dimensions)]
        return min(fits, key=lambda r: len(r.dimensions), default=None)
