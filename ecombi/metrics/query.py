"""A question for figures: which metrics, cut by what, over which days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal, get_args

from ecombi.errors import MetricError, PeriodError, did_you_mean
from ecombi.metrics.marts import Basis
from ecombi.schema.periods import Grain, Period, parse_day, time_zone

Comparison = Literal["previous", "year_ago", "same_weekdays"]
Values = tuple[str | int | None, ...]
_DAYS_OF_52_WEEKS = 364


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
        compare: Puts the figures of another range of days beside each figure: the period just before, the same dates
            one year earlier, the same weekdays one year (364 days) earlier, or any period. Needs both ends.
        elapsed: Where the period has days that are not final yet, asks only for those that are, and compares with the
            same part of the other range.
        where: Dimension and the values that count; None among them stands for unknown.
        without: Dimension and the values that do not count, while all others do.
        fill: Adds the time buckets in which nothing happened, so that a line has no holes. Needs a grain.
        as_of: Answers with what had been loaded by then, aware; None: with all that is known now.
    """

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    grain: Grain | None = None
    start: date | None = None
    end: date | None = None
    basis: Basis = Basis.BOOKED
    compare: Comparison | Period | None = None
    elapsed: bool = False
    where: tuple[tuple[str, Values], ...] = ()
    without: tuple[tuple[str, Values], ...] = ()
    fill: bool = False
    as_of: datetime | None = None

    def __post_init__(self) -> None:
        if not self.metrics:
            raise MetricError("No metric was asked for. Name at least one, for example net_sales.")
        for what, names in (
            ("metric", self.metrics),
            ("dimension", self.by),
            ("filter", [name for name, _ in (*self.where, *self.without)]),
        ):
            twice = sorted({name for name in names if list(names).count(name) > 1})
            if twice:
                raise MetricError(f"The {what} {twice[0]} was asked for twice. Name it once.")
        empty = next((name for name, values in (*self.where, *self.without) if not values), None)
        if empty is not None:
            raise MetricError(f"The filter on {empty} has no values. Name at least one, or leave the filter out.")
        if self.compare is not None and self.period is None:
            raise PeriodError("A comparison needs a period: give both a start and an end.")
        if self.start is not None and self.end is not None:
            Period(self.start, self.end)
        if self.fill and self.grain is None:
            raise MetricError("Only a series can be filled: give a grain, for example day.")
        if self.elapsed and self.period is None:
            raise PeriodError("The elapsed part of a period needs a period: give both a start and an end.")
        if self.as_of is not None and self.as_of.tzinfo is None:
            raise PeriodError(f"as_of is {self.as_of}, without a time zone. Give an aware time, or a day.")

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
        compare: str | Period | tuple[str | date, str | date] | None = None,
        elapsed: bool = False,
        where: Mapping[str, object] | None = None,
        without: Mapping[str, object] | None = None,
        fill: bool = False,
        as_of: datetime | None = None,
    ) -> MetricQuery:
        """Build a question from what people write: one name or several, days as ISO texts, filters as a mapping.

        Raises:
            PeriodError: An impossible day, period, grain, basis or comparison.
            MetricError: Nothing asked for, the same thing twice, or a filter without values.
        """
        return cls(
            metrics=_names(metrics),
            by=_names(by),
            grain=None if grain is None else Grain.parse(grain),
            start=None if start is None else parse_day(start),
            end=None if end is None else parse_day(end),
            basis=Basis.parse(basis),
            compare=_comparison(compare),
            elapsed=elapsed,
            where=filters(where),
            without=filters(without),
            fill=fill,
            as_of=as_of,
        )

    @property
    def period(self) -> Period | None:
        """The days asked about, where both ends were given."""
        return Period(self.start, self.end) if self.start is not None and self.end is not None else None

    @property
    def compared(self) -> Period | None:
        """The other days compared with."""
        if self.compare is None or self.period is None:
            return None
        match self.compare:
            case "previous":
                return self.period.previous()
            case "year_ago":
                return self.period.year_ago()
            case "same_weekdays":
                return self.period.earlier(_DAYS_OF_52_WEEKS)
            case other:
                return other

    def finished(self, final_until: date) -> MetricQuery:
        """Return the question for the days before `final_until` where only elapsed days are asked for.

        Raises:
            PeriodError: None of the days is final.
        """
        if not self.elapsed or self.period is None or self.period.end <= final_until:
            return self
        if self.period.start >= final_until:
            raise PeriodError(
                f"No day of the period from {self.period} is final yet: the last final one is "
                f"{final_until - timedelta(days=1)}. Ask for an earlier period, or leave elapsed out."
            )
        compare = self.compare
        if self.compared is not None and (compare == "previous" or isinstance(compare, Period)):
            days = (final_until - self.period.start).days
            other = self.compared
            compare = Period(other.start, min(other.start + timedelta(days=days), other.end))
        return replace(self, end=final_until, compare=compare)

    def total(self) -> MetricQuery:
        """Return the question for the same figures in one row: totals are asked for, never summed from a frame."""
        return replace(self, by=(), grain=None, fill=False)


def instant(as_of: str | date, zone: str) -> datetime:
    """Return the aware time that a day or a time stands for, as people write it: of a day, its end in the shop's zone.

    Raises:
        PeriodError: Not a day, or a time without a zone.
    """
    if isinstance(as_of, str) and "T" in as_of:
        try:
            as_of = datetime.fromisoformat(as_of)
        except ValueError:
            raise PeriodError(f"{as_of!r} is not a time. Write it as 2026-11-21T18:00+00:00, or give a day.") from None
    if isinstance(as_of, datetime):
        if as_of.tzinfo is None:
            raise PeriodError(f"as_of is {as_of}, without a time zone. Give an aware time, or a day.")
        return as_of
    day = parse_day(as_of)
    _, end = Period(day, day + timedelta(days=1)).utc_bounds(time_zone(zone))
    return end - timedelta(microseconds=1)


def _comparison(compare: object) -> Comparison | Period | None:
    if compare is None or isinstance(compare, Period):
        return compare
    if isinstance(compare, tuple) and len(compare) == 2:
        return Period.of(*compare)
    for known in get_args(Comparison):
        if compare == known:
            name: Comparison = known
            return name
    raise PeriodError(
        f"Unknown comparison {compare!r}. {did_you_mean(str(compare), get_args(Comparison))} "
        "Or give the first day and the end of any other range."
    )


def filters(given: Mapping[str, object] | None) -> tuple[tuple[str, Values], ...]:
    """Read filters: dimension -> the values, in one order whatever they were named in.

    Raises:
        MetricError: Something else than texts and whole numbers.
    """
    return tuple(sorted((name, _values(name, values)) for name, values in (given or {}).items()))


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
    unwritable = next((v for v in listed if isinstance(v, str) and not _writable(v)), None)
    if unwritable is not None:
        raise MetricError(f"The filter on {name} has the value {unwritable!r}, which no text in a table can be.")
    # A set of values: the order they were named in changes nothing.
    return tuple(sorted(dict.fromkeys(listed), key=lambda v: (v is None, str(v))))


def _writable(text: str) -> bool:
    """Whether every engine can take a text: no NUL, and no half of a character."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
