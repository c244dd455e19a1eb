"""Rows held back: count them, look at them, and put them through their mapping again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ecombi.backends.warehouse import Build
from ecombi.etl.loading import load_delivery
from ecombi.etl.reports import LoadReport
from ecombi.sources import UNREADABLE_LINE, Source

if TYPE_CHECKING:
    import pyarrow as pa

_HELD = "quarantine_held"


class Reader(Protocol):
    """What answers a reading statement: any warehouse."""

    def arrow(self, sql: str, params: Mapping[str, object] | None = None) -> pa.Table:
        """Run one statement with `$name` where a value goes."""


def summary(reader: Reader) -> pa.Table:
    """Count the rows that are held back.

    Returns:
        One row per source, delivery, rule and column: rows, an example value and its reason.
    """
    return reader.arrow(
        """
        SELECT source, delivery, rule, column_name, count(*) AS rows, min(value) AS example, min(reason) AS reason
        FROM quarantine WHERE replayed_at IS NULL
        GROUP BY source, delivery, rule, column_name ORDER BY source, delivery, rule, column_name
        """
    )


def show(reader: Reader, *, source: str | None = None, rule: str | None = None, limit: int = 20) -> pa.Table:
    """Return rows that are held back, by file and row number.

    Args:
        reader: A warehouse.
        source: Only of this source.
        rule: Only those that break this rule.
        limit: At most so many.

    Returns:
        One row per row held back: source, delivery, source_row, rule, column_name, value, reason, raw.
    """
    given = {"source": source, "rule": rule}
    conditions = "".join(f" AND {name} = ${name}" for name, value in given.items() if value is not None)
    return reader.arrow(
        f"""
        SELECT source, delivery, source_row, rule, column_name, value, reason, raw
        FROM quarantine WHERE replayed_at IS NULL{conditions}
        ORDER BY source, delivery, fingerprint, source_row LIMIT {int(limit)}
        """,
        {name: value for name, value in given.items() if value is not None},
    )


def rules(reader: Reader) -> set[str]:
    """Return the rules for which rows were ever held back, by name."""
    return set(reader.arrow("SELECT DISTINCT rule FROM quarantine").column("rule").to_pylist())


def sources(reader: Reader) -> set[str]:
    """Return the sources of which anything was ever loaded or held back, by name."""
    known = "SELECT source FROM loads UNION SELECT source FROM quarantine"
    return set(reader.arrow(known).column("source").to_pylist())


def replay(
    build: Build, origins: Callable[[str], Source], *, run_id: str, at: datetime, source: str | None = None
) -> list[LoadReport]:
    """Put every row that is held back through its mapping again. Those that pass now are loaded; nothing is doubled.

    Lines that are no rows cannot be tried again: their file has to be mended and loaded.

    Args:
        build: An open build.
        origins: Gives the source of a name; what it raises ends the replay.
        run_id: Identity of the run.
        at: Aware; becomes replayed_at of the rows that pass.
        source: Only rows of this source.

    Returns:
        One report per delivery that has rows held back; rows_in are those, rows_quarantined the ones still held back.

    Raises:
        SourceError: The mapping no longer has an entry for the rows.
        DataQualityError: Not every row was accounted for.
    """
    connection = build.connection
    groups = connection.execute(
        """
        SELECT source, delivery, fingerprint FROM quarantine
        WHERE replayed_at IS NULL AND rule <> $line AND coalesce(source = $source, TRUE)
        GROUP BY ALL ORDER BY min(load_id), source, delivery, fingerprint
        """,
        {"source": source, "line": UNREADABLE_LINE},
    ).fetchall()
    reports = []
    for name, delivery, fingerprint in groups:
        connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE {_HELD} AS SELECT source_row, raw FROM quarantine
            WHERE source = $source AND delivery = $delivery AND fingerprint = $fingerprint
              AND replayed_at IS NULL AND rule <> $line
            """,
            {"source": name, "delivery": delivery, "fingerprint": fingerprint, "line": UNREADABLE_LINE},
        )
        origin = origins(name)
        again = origin.held_back(delivery, fingerprint, _HELD)
        reports.append(load_delivery(connection, origin, again, run_id=run_id, at=at, replay=True))
    return reports
