"""Restated figures: what was answered when a period was closed, and what has changed since."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd

from ecombi.metrics.marts import LEDGER
from ecombi.metrics.query import MetricQuery

if TYPE_CHECKING:
    from ecombi.metrics.answers import Answers
    from ecombi.metrics.result import Result

_LATE = """
SELECT CAST(coalesce(sum(entries), 0) AS BIGINT) AS entries FROM days_loaded
WHERE basis = $basis AND day >= $start AND day < $end AND load_id > $load
"""


def closed_at(answers: Answers, query: MetricQuery) -> datetime | None:
    """Return when a question's period was closed: the time of the first load with events on or after its end.

    None: it is open, or has no end.
    """
    if query.period is None:
        return None
    loads = answers.known().loads
    return next((load.at for load in loads if load.last_day and load.last_day >= query.period.end), None)


def late_rows(answers: Answers, query: MetricQuery) -> tuple[datetime | None, int]:
    """Return when the period was closed, and how many ledger rows of its days came later."""
    closed = closed_at(answers, query)
    if closed is None or query.period is None:
        return closed, 0
    known = answers.known()
    found, _ = answers.read(
        _LATE,
        {
            "basis": query.basis.value,
            "end": query.period.end,
            "load": known.load_at(closed),
            "start": query.period.start,
        },
    )
    return closed, int(found["entries"][0].as_py())


def restated(answers: Answers, result: Result) -> pd.DataFrame:
    """Return the figures that changed since the period was closed; see `Result.restated`.

    Returns:
        One row per key and metric: the key columns, metric, first (as answered then), now, difference (now − first; no
        value where either has none).
    """
    query = replace(result.passport.query, compare=None, elapsed=False, fill=False)
    keys = [*query.by, *([query.grain.value] if query.grain else [])]
    columns = [*keys, "metric", "first", "now", "difference"]
    closed, late = late_rows(answers, query)
    if closed is None or (not late and _rests_on_ledger_rows(answers, query)):
        return pd.DataFrame(columns=columns)
    now = answers.run(query)
    first = answers.run(replace(query, as_of=closed))
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
