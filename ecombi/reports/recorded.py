"""What nobody recorded has no value: a shop without records of visits has not had 0 of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Final

import pandas as pd

from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Metric
from ecombi.metrics.marts import CUSTOMERS, LEDGER, ONLY, ORDERS, Mart
from ecombi.metrics.passport import Passport
from ecombi.metrics.result import Result
from ecombi.schema.periods import Period

_WORDS: Final = {
    "customers": "Customers",
    "sessions": "Visits",
    "fulfilments": "Deliveries",
    "shipments": "Parcels",
    "payments": "Payments",
    "inventory_daily": "Stock levels",
    "purchase_lines": "Purchase orders",
    "goods_receipts": "Receipts from suppliers",
    "ad_spend": "Advertising costs",
}
"""Table -> what it records, as people call it. The ledger is not among them: without it there is no shop."""

_DAILY: Final = frozenset({"sessions", "inventory_daily", "ad_spend"})
"""Tables that have rows of every day, so that a day without any was not recorded."""

_OF_PEOPLE: Final = frozenset({"customers", "new_customers", "paid_customers"})
"""Measures of orders that mean nothing where no order says who placed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrecorded(Metric):
    """A metric without a value, because what it is counted from is not recorded.

    Attributes:
        why: What is not recorded, in a sentence.
    """

    why: str

    @property
    def null_rule(self) -> str:
        """What is not recorded."""
        return self.why


def known(result: Result) -> Result:
    """Return a result in which a metric has no value where nothing it is counted from is recorded of its days.

    A total counts the rows there are, so it is 0 where there are none, for whatever reason. In what is returned such a
    metric is `Unrecorded`, and says why.
    """
    missing = {metric.name: why for metric in result.passport.metrics if (why := why_not(result.passport, metric))}
    if not missing:
        return result
    columns = [c for name in missing for c in (name, f"{name}_before", f"{name}_change") if c in result.columns]
    seen = Result(pd.DataFrame(result).assign(**{column: _nothing(result[column]) for column in columns}))
    metrics = tuple(_unrecorded(m, missing[m.name]) if m.name in missing else m for m in result.passport.metrics)
    seen.passport = replace(result.passport, metrics=metrics, narrow=None)
    seen._answers = None
    return seen


def why_not(passport: Passport, metric: Metric) -> str:
    """Say what is not recorded of the days of a question that a metric rests on; an empty text where all of it is."""
    for mart, role in _needed(passport, metric):
        first, last = passport.known.recorded(mart.table.name, role)
        words = _WORDS[mart.table.name]
        if first > last:
            return f"{words} are not recorded."
        if passport.query.period and (passport.query.period.start > last or passport.query.period.end <= first):
            return f"{words} are recorded for {fmt.days(Period(first, last + timedelta(days=1)))} only."
    return ""


def days_without(passport: Passport, metric: Metric) -> list[str]:
    """Say which days of a question count without records that come daily, a sentence for each kind of record."""
    asked, said = passport.query.period, []
    for mart, role in _needed(passport, metric):
        first, last = passport.known.recorded(mart.table.name, role)
        if asked is None or mart.table.name not in _DAILY or first > last:
            continue
        words = _WORDS[mart.table.name]
        if asked.start < first < asked.end:
            said.append(f"{words} are recorded from {fmt.day(first)} on; the days before count without them.")
        if asked.start <= last < asked.last:
            said.append(f"{words} are recorded up to {fmt.day(last)}; the days after it count without them.")
    return said


def _needed(passport: Passport, metric: Metric) -> Iterator[tuple[Mart, str]]:
    """Yield the records a metric rests on, each with the date it counts on; those of sales are always there."""
    for measure in metric.measures():
        if measure.mart not in (LEDGER, ORDERS):
            yield measure.mart, measure.mart.role(measure.dated, passport.query.basis)
        elif measure.name in _OF_PEOPLE and _is_empty(passport, CUSTOMERS):
            yield CUSTOMERS, ONLY


def _is_empty(passport: Passport, mart: Mart) -> bool:
    first, last = passport.known.recorded(mart.table.name, ONLY)
    return first > last


def _unrecorded(metric: Metric, why: str) -> Unrecorded:
    said = {f.name: getattr(metric, f.name) for f in fields(Metric)}
    return Unrecorded(**said, why=why)


def _nothing(values: pd.Series) -> pd.Series:
    """Return as many missing values, of a type that can be missing."""
    kind = "Int64" if pd.api.types.is_integer_dtype(values.dtype) else values.dtype
    return pd.Series(pd.NA if kind == "Int64" else None, index=values.index, dtype=kind)
