"""The clock: both sides in turns, with values drawn anew for each turn, and a look whether they answer alike."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

import duckdb
import numpy as np
import pandas as pd

from dashboard.draws import Draw, draw
from dashboard.questions import Question
from ecombi.workspace.workspace import Workspace


@dataclass(slots=True)
class Laps:
    """Milliseconds of many askings: on the clock, and of processor, which other work does not lengthen."""

    laps: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def time(self, work: Callable[[], object]) -> None:
        """Do something, and note how long it took."""
        began, used = time.perf_counter(), time.process_time()
        work()
        self.laps.append((time.perf_counter() - began) * 1000)
        self.processor.append((time.process_time() - used) * 1000)

    @property
    def p50(self) -> float:
        """The median."""
        return median(self.laps)

    @property
    def used(self) -> float:
        """The median of processor time."""
        return median(self.processor)

    @property
    def p95(self) -> float:
        """The lap that 95 of 100 do not exceed."""
        return sorted(self.laps)[-max(1, len(self.laps) // 20)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What one question took on both sides, and what answered it."""

    question: Question
    ours: Laps
    same_sql: Laps
    by_hand: Laps
    tables: tuple[str, ...]

    @property
    def overhead(self) -> float:
        """The product's median over that of the very SQL it runs, sent by hand and fetched to pandas."""
        return self.ours.p50 / self.same_sql.p50

    @property
    def ratio(self) -> float:
        """The product's median over that by hand."""
        return self.ours.p50 / self.by_hand.p50

    @property
    def ratio_used(self) -> float:
        """The same in time of processor."""
        return self.ours.used / self.by_hand.used


def by_hand(connection: duckdb.DuckDBPyConnection, question: Question, asked: Draw) -> pd.DataFrame:
    """Answer a question by the SQL written by hand, fetched by DuckDB."""
    values = {name: value for name, value in asked.values().items() if f"${name}" in question.by_hand}
    with connection.cursor() as cursor:
        return cursor.execute(question.by_hand, values).df()


def differences(ours: pd.DataFrame, theirs: pd.DataFrame, keys: tuple[str, ...]) -> list[str]:
    """Return the columns in which the product's answer differs from that by hand."""
    if len(ours) != len(theirs):
        return [f"{len(ours)} rows, by hand {len(theirs)}"]
    return [
        name
        for name in theirs.columns
        if not np.allclose(_sorted(ours, keys, name), _sorted(theirs, keys, name), rtol=1e-9, equal_nan=True)
    ]


def _sorted(frame: pd.DataFrame, keys: tuple[str, ...], name: str) -> np.ndarray:
    """Return a column as numbers, in the order of the keys; a text or a day becomes its place among all."""
    place = pd.DataFrame({key: frame[key].astype("string").fillna("") for key in keys})
    order = place.sort_values(list(keys)).index if keys else frame.index
    column = frame.loc[order, name]
    if name in keys or pd.api.types.is_string_dtype(column):
        return pd.factorize(column.astype("string"), sort=True)[0].astype(float)
    return column.astype("float64").to_numpy(dtype=float, na_value=np.nan)


def measure(
    ws: Workspace, connection: duckdb.DuckDBPyConnection, questions: tuple[Question, ...], rounds: int
) -> list[Timing]:
    """Ask every question `rounds` times on both sides, after a first time that compares what they answer.

    Raises:
        ValueError: The two sides do not answer alike.
    """
    rng = random.Random(11)
    timings = []
    for question in questions:
        asked = draw(rng, question.days)
        answer = question.ask(ws, asked)
        wrong = differences(answer, by_hand(connection, question, asked), question.keys)
        if wrong:
            raise ValueError(f"{question.name}: {', '.join(wrong)} differ from the SQL by hand, for {asked}")
        tables = answer.passport.tables  # type: ignore[attr-defined]  # a Result
        timings.append(Timing(question=question, ours=Laps(), same_sql=Laps(), by_hand=Laps(), tables=tables))
    for _ in range(rounds):
        for timing in timings:
            question, asked = timing.question, draw(rng, timing.question.days)
            stamp = question.ask(ws, asked).passport  # type: ignore[attr-defined]  # a Result
            sides: list[tuple[Laps, Callable[[], object]]] = [
                (timing.same_sql, lambda s=stamp: ws.warehouse.arrow(s.sql, s.params).to_pandas()),  # type: ignore[misc]
                (timing.ours, lambda q=question, d=asked: q.ask(ws, d)),  # type: ignore[misc]
                (timing.by_hand, lambda q=question, d=asked: by_hand(connection, q, d)),  # type: ignore[misc]
            ]
            rng.shuffle(sides)
            for laps, work in sides:
                laps.time(work)
    return timings
