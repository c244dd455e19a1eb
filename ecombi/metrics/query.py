"""A question for figures: which metrics, cut by what, over which days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, get_args

from ecombi.errors import MetricError, PeriodError, did_you_mean
from ecombi.metrics.marts import Basis
from ecombi.schema.periods import Grain, Period, parse_day

Comparison = Literal["previous", "year_ago"]
Values = tuple[str | int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricQuery:
    """A question, as values only: two equal questions have equal answers on one snapshot.

    Attributes:
        metrics: Names of metrics, at least one.
        by: Names of dimensions.
        grain: Width of a time bucket; None for one figure over the whole period.
        start: First day in the shop's time zone; None for the first day there is.
        end: The day after the last one; None for up to the last day there is.
        basis: Which date an event is counted on.
        compare: Puts the figures of an earlier range of days beside each figure: the period just before, or the same
            dates one year earlier. Needs both `start` and `end`.
        where: Dimension and the values that count; None among them stands for unknown.
        fill: Adds the time buckets in which nothing happened, so that a line has no holes. Needs a grain.
    """

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    grain: Grain | None = None
    start: date | None = None
    end: date | None = None
    basis: Basis = Basis.BOOKED
    compare: Comparison | None = None
    where: tuple[tuple[str, Values], ...] = ()
    fill: bool = False

    def __post_init__(self) -> None:
        if not self.metrics:
            raise MetricError("No metric was asked for. Name at least one, for example net_sales.")
        for what, names in (
            ("metric", self.metrics),
            ("dimension", self.by),
            ("filter", [name for name, _ in self.where]),
        ):
            twice = sorted({name for name in names if list(names).count(name) > 1})
            if twice:
                raise MetricError(f"The {what} {twice[0]} was asked for twice. Name it once.")
        for name, values in self.where:
            if not values:
                raise MetricError(f"The filter on {name} has no values. Name at least one, or leave the filter out.")
        if self.compare is not None and self.period is None:
            raise PeriodError("A comparison needs a period: give both a start and an end.")
        if self.start is not None and self.end is not None:
            Period(self.start, self.end)
        if self.fill and self.grain is None:
            raise MetricError("Only a series can be filled: give a grain, for example day.")

    @classmethod
    def of(
        cls,
        metrics: str | Sequence[str],
        *,
        by: str | Sequence[str] = (),
        grain: str | Grain | None = None,
        start: str | date | None = None,
        end: str | date | None = None,
        basis: str | Basis = Basis.BOOKED,
        compare: str | None = None,
        where: Mapping[str, object] | None = None,
        fill: bool = False,
    ) -> MetricQuery:
        """Build a question from what people write: one name or several, days as ISO texts, filters as a mapping.

        Raises:
            PeriodError: An impossible day, period, grain, basis or comparison.
            MetricError: Nothing asked for, the same thing twice, or a filter without values.
        """
        if compare is not None and compare not in get_args(Comparison):
            raise PeriodError(f"Unknown comparison {compare!r}. {did_you_mean(compare, get_args(Comparison))}")
        return cls(
            metrics=_names(metrics),
            by=_names(by),
            grain=None if grain is None else Grain.parse(grain),
            start=None if start is None else parse_day(start),
            end=None if end is None else parse_day(end),
            basis=Basis.parse(basis),
            compare=compare,  # type: ignore[arg-type]  # checked above
            where=tuple(sorted((name, _values(name, values)) for name, values in (where or {}).items())),
            fill=fill,
        )

    @property
    def period(self) -> Period | None:
        """The days asked about, where both ends were given."""
        return Period(self.start, self.end) if self.start is not None and self.end is not None else None

    @property
    def compared(self) -> Period | None:
        """The earlier days compared with."""
        if self.compare is None or self.period is None:
            return None
        return self.period.previous() if self.compare == "previous" else self.period.year_ago()

    def total(self) -> MetricQuery:
        """Return the question for the same figures in one row: totals are asked for, never summed from a frame."""
        return replace(self, by=(), grain=None, fill=False)


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _values(name: str, values: object) -> Values:
    listed = [values] if values is None or isinstance(values, str | int) else values
    if not isinstance(listed, Sequence | set | frozenset) or not all(
        v is None or isinstance(v, str | int) for v in listed
    ):
        raise MetricError(
            f"The filter on {name} is {values!r}. Give a list of texts, for example {{{name!r}: ['...']}}."
        )
    # A set of values: the order they were named in changes nothing.
    return tuple(sorted(dict.fromkeys(listed), key=lambda v: (v is None, str(v))))
