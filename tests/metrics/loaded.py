"""Rows written as people write them, on each engine, ready to be asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Boolean, Date, DateTime, Integer, Numeric

from ecombi.backends.warehouse import open_warehouse
from ecombi.metrics.answers import Answers
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.rollups import TABLES
from ecombi.schema import tables
from ecombi.schema.periods import Period
from ecombi.settings import load_settings
from tests.metrics.small_shops import SHOP, Rows, moment, publish_rows

ENGINES = ("duckdb", "postgres")
NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1))
LOADED_AT = datetime(2026, 12, 1, 6, tzinfo=UTC)

Database = Callable[[], str]


@contextmanager
def answers_on(engine: str, database: Database, folder: Path, rows: Mapping[str, Rows]) -> Iterator[Answers]:
    """Publish rows on an engine, loaded on 1 December 2026, and yield what answers questions about them."""
    url = database() if engine == "postgres" else None
    warehouse = open_warehouse(load_settings(workspace=folder, database_url=url), TABLES)
    publish_rows(warehouse, rows, loaded_at=LOADED_AT)
    yield Answers(warehouse, SHOP)
    warehouse.close()


def sheet(table: str, text: str) -> Rows:
    """Read rows as people write them: names first, then a line per row, - for no value, days of 2026 as 11-03."""
    columns = tables.metadata.tables[table].columns
    head, *lines = (line.split() for line in text.strip().splitlines())

    def value(name: str, cell: str) -> object:
        kind = columns[name].type
        if cell == "-":
            return None
        if isinstance(kind, Boolean):
            return cell == "true"
        if isinstance(kind, Date | DateTime):
            at = moment(f"2026-{cell}")
            return at.date() if isinstance(kind, Date) else at
        if isinstance(kind, Integer):
            return int(cell)
        return Decimal(cell) if isinstance(kind, Numeric) else cell

    return [{name: value(name, cell) for name, cell in zip(head, line, strict=True)} for line in lines]


def figure(answers: Answers, metric: str, period: Period | None = NOVEMBER, **question: object) -> object:
    """Return one figure, None where it has no value."""
    [value] = figures(answers, metric, period, **question).values()
    return value


def figures(
    answers: Answers, metric: str, period: Period | None = NOVEMBER, **question: object
) -> dict[object, object]:
    """Return the figure of each part by the part's key: a value, or several as a tuple."""
    days = {"start": period.start, "end": period.end} if period else {}
    result = answers.run(MetricQuery.of(metric, **days, **question))
    keys = [name for name in result.columns if name != metric]
    found = {}
    for row in result.to_dict("records"):
        known = {name: None if value is None or value != value else value for name, value in row.items()}
        key = tuple(known[name] for name in keys)
        found[key[0] if len(key) == 1 else key] = known[metric]
    return found
