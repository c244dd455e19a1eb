"""What can still change: days whose records may still come, and figures that need time after the day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from html import escape

import pandas as pd

from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Metric
from ecombi.metrics.passport import Passport
from ecombi.metrics.result import Result
from ecombi.reports import figures
from ecombi.reports.blocks import Block, state
from ecombi.reports.days import ComparedWeeks
from ecombi.reports.recorded import Unrecorded, days_without


def is_settled(passport: Passport, metric: Metric, bucket: date) -> bool:
    """Whether no record to come can change a figure of a time bucket, the one that begins on a day.

    A bucket that the question cuts short is not settled: it stands for fewer days than the others.
    """
    grain, until = passport.query.grain, passport.known.final_until
    if grain is None or until is None:
        return True
    end = grain.end_of(bucket)
    is_whole = passport.end is None or end <= passport.end
    return is_whole and end + timedelta(days=_matures(metric)) <= until


def settled(series: Result) -> Result:
    """Return a series without the figures that can still change: they have no value yet."""
    grain = series.passport.query.grain
    if grain is None:
        return series
    frame = pd.DataFrame(series).copy()
    for metric in series.passport.metrics:
        kept = [is_settled(series.passport, metric, pd.Timestamp(start).date()) for start in frame[grain.value]]
        frame[metric.name] = frame[metric.name].where(pd.Series(kept, index=frame.index))
    seen = Result(frame)
    seen.passport, seen._answers = series.passport, None
    return seen


def unfinished(*results: Result, also: Mapping[str, str] | None = None) -> Block:
    """Say what of the results is not known, or can still change, and why.

    Args:
        results: The figures shown.
        also: What else to know before trusting them: heading -> sentence.
    """
    found = dict.fromkeys((*(also or {}).items(), *(item for result in results for item in open_ends(result))))
    if not found:
        return Block('<p class="finding">Nothing: every day is final, and every figure has had its time.</p>')
    lines = "".join(f"<dt>{escape(head)}</dt><dd>{escape(text)}</dd>" for head, text in found)
    return Block(f'<dl class="open-ends">{lines}</dl>')


def part_of_week(when: ComparedWeeks) -> Block:
    """Say that a week is not over, where it is not: which days stand for it, and that it meets as many earlier ones."""
    said = missing_days(when)
    return Block("".join(state(f"{head}: {text}") for head, text in said.items()))


def missing_days(when: ComparedWeeks) -> dict[str, str]:
    """Return which days of a week have no records yet, as a heading and a sentence; nothing where all have."""
    if not when.missing:
        return {}
    counted = "1 day of 7 has" if when.week.days == 1 else f"{when.week.days} days of 7 have"
    said = f"{counted} records, up to {fmt.day(when.week.last)}. They are compared with the same days of earlier weeks."
    return {"The week is not over": said}


def open_ends(result: Result) -> Iterator[tuple[str, str]]:
    """Yield what of a result is not known or can still change: a heading and a sentence."""
    passport = result.passport
    if passport.unfinished_from is not None:
        yield "Days not final", f"From {fmt.day(passport.unfinished_from)} on, rows may still come."
    if passport.restated_since is not None:
        closed = fmt.day(passport.restated_since)
        yield (
            "Corrected later",
            f"Rows of {fmt.days(figures.period_of(result))} came after {closed}, when it was closed.",
        )
    for metric in passport.metrics:
        if isinstance(metric, Unrecorded):
            yield metric.label, f"Not known. {metric.why}"
            continue
        yield from (("Records missing", said) for said in days_without(passport, metric))
        yield from _maturing(result, metric)
    yield from _cost(result)


def _maturing(result: Result, metric: Metric) -> Iterator[tuple[str, str]]:
    days, until, end = _matures(metric), result.passport.known.final_until, result.passport.end
    if days and until and end and end + timedelta(days=days) > until:
        last, needed = until - timedelta(days=days + 1), "1 more day" if days == 1 else f"{days} more days"
        said = f"Counts days up to {fmt.day(last)} only: a later one takes {needed} until it is settled."
        yield metric.label, said


def _cost(result: Result) -> Iterator[tuple[str, str]]:
    names = {metric.name for metric in result.passport.metrics}
    if "cost_coverage" not in names or result.passport.query.by or result.passport.query.grain:
        return
    share = figures.number(figures.only(result)["cost_coverage"])
    if share is not None and share < Decimal("0.9995"):
        written = figures.write(result, "cost_coverage", share)
        yield "Cost of goods", f"Known for {written} of net sales. The rest counts at no cost, so margins are too high."


def _matures(metric: Metric) -> int:
    return max((measure.matures_days for measure in metric.measures()), default=0)
