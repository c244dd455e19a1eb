"""Restated figures: what was answered when a period was closed, and what has changed since."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from ecombi.metrics.marts import LEDGER
from ecombi.metrics.query import MetricQuery

if TYPE_CHECKING:
    from ecombi.metrics.answers import Answers
    from ecombi.metrics.result import Result


def restated(answers: Answers, result: Result) -> pd.DataFrame:
    """Return the figures that changed since the period was closed; see `Result.restated`.

    Returns:
        One row per key and metric: the key columns, metric, first (as answered then), now, difference (now − first; no
        value where either has none).
    """
    query = replace(result.passport.query, compare=None, elapsed=False, fill=False)
    keys = [*query.by, *([query.grain.value] if query.grain else [])]
    columns = [*keys, "metric", "first", "now", "difference"]
    known = answers.known()
    closed = known.closed(query.period) if query.period else None
    if closed is None or query.period is None:
        return pd.DataFrame(columns=columns)
    late = known.restated([query.basis.value], query.period) is not None
    if not late and _rests_on_ledger_rows(answers, query):
        return pd.DataFrame(columns=columns)
    now = answers.run(query)
    first = answers.run(replace(query, as_of=closed.at))
    parts = [_changed(now, first, keys, metric.name) for metric in result.passport.metrics]
    return pd.concat(parts, ignore_index=True)[columns]


def _rests_on_ledger_rows(answers: Answers, query: MetricQuery) -> bool:
    """Whether nothing but new rows of the ledger can change the answer: no rewritten row, no name looked up."""
    shape = answers.plan(query).shape
    looked_up = any(dimension.lookup(LEDGER.table) for dimension in shape.dimensions)
    return not looked_up and all(leg.mart is LEDGER for leg in shape.legs)


def _changed(now: pd.DataFrame, first: pd.DataFrame, keys: list[str], metric: str) -> pd.DataFrame:
    sides = [frame[[*keys, metric]].rename(columns={metric: name}) for frame, name in ((first, "first"), (now, "now"))]
    both = sides[0].merge(sides[1], on=keys, how="outer") if keys else pd.concat(sides, axis=1)
    same = (both["first"] == both["now"]).fillna(False).astype(bool) | (both["first"].isna() & both["now"].isna())
    changed = both[~same.to_numpy()]
    return changed.assign(metric=metric, difference=changed["now"] - changed["first"])
