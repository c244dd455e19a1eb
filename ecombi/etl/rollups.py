"""Keeping the rollups: summed anew on the days that a load touched, or as a whole where the declaration changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Final

import duckdb

from ecombi.etl.checks import Check
from ecombi.metrics.definitions import needed
from ecombi.metrics.rollups import ROLLUPS, DistinctRollup, Rollup
from ecombi.metrics.state import ROLLUP, fingerprint
from ecombi.schema import tables
from ecombi.schema.periods import Grain, add_months
from ecombi.schema.tables import key_of

__all__ = ["LAST_LOAD", "ROLLUPS", "Changes", "checks", "refresh"]

LAST_LOAD: Final = "last_load"
"""Name of the fact that says up to which load the rollups were built."""

_CHUNK: Final = 4_000_000
"""Rows of a mart that are summed at once."""

_WATCHED: Final = ("orders", "saleless_orders", "fulfilments")
"""Derived tables that rollups sum or look things up in."""


class Changes:
    """What has changed since the rollups were built last.

    Attributes:
        since: The last load that was built; None where nothing was, or by another version.
        facts: What the last build noted.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.facts: dict[str, str] = dict(connection.execute("SELECT name, value FROM facts").fetchall())
        self.since = int(self.facts[LAST_LOAD]) if LAST_LOAD in self.facts else None

    @contextmanager
    def watching(self, name: str) -> Iterator[None]:
        """Note in `<name>_changed` the rows, old and new, that differ once the table has been derived anew."""
        if name not in _WATCHED or self.since is None:
            yield
            return
        table, old = tables.metadata.tables[name], f"{name}_before"
        (key,) = tables.key_of(table)
        new_row, old_row = (", ".join(f"{side}.{column.name}" for column in table.columns) for side in "no")
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {old} AS SELECT * FROM {name}")
        yield
        self._connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE {name}_changed AS
            WITH differing AS (
                SELECT coalesce(n.{key}, o.{key}) AS {key} FROM {name} n FULL JOIN {old} o USING ({key})
                WHERE row({new_row}) IS DISTINCT FROM row({old_row}))
            SELECT * FROM {name} SEMI JOIN differing USING ({key})
            UNION ALL SELECT * FROM {old} SEMI JOIN differing USING ({key});
            DROP TABLE {old}
            """
        )

    def days(self, rollup: Rollup, role: str) -> str:
        """Return a SELECT of the days whose sums may have changed on one date of a rollup's mart."""
        table, day = rollup.mart.table, f"coalesce({', '.join(rollup.mart.columns(role))})"
        if isinstance(rollup, DistinctRollup):
            return self._days_after(rollup, day)
        if table.name in _WATCHED:
            parts = [f"SELECT {day} AS day FROM {table.name}_changed"]
        else:
            parts = [f"SELECT {day} AS day FROM {table.name} WHERE load_id > {self.since}"]
            history = tables.history_of(table)
            if history is not None:
                parts.append(f"SELECT {day} AS day FROM {history.name} WHERE replaced_by > {self.since}")
        for lookup in dict.fromkeys(read.lookup(table) for read in (*rollup.cuts, *needed(rollup.kept(role)))):
            if lookup is not None:
                name = lookup.table.name
                changed = f"{name}_changed" if name in _WATCHED else self._newer(name)
                # In both versions of a row: it matters once it counts, and no longer matters once it does not.
                changed = f"(FROM {changed} WHERE {' > '.join(lookup.only)})" if lookup.only else changed
                parts.append(f"SELECT {day} AS day FROM {table.name} SEMI JOIN {changed} USING ({lookup.key})")
        return " UNION ".join(parts)

    def _days_after(self, rollup: DistinctRollup, day: str) -> str:
        """Return a SELECT of the days of what came, went or moved, and of all that comes after it in its history."""
        name, thing = rollup.mart.table.name, rollup.counted.value
        told = ", ".join([thing, day, *(cut.column for cut in rollup.cuts)])
        # Two versions that differ in nothing that is told apart are no change.
        moved = f"SELECT {thing}, {day} AS day FROM {name}_changed GROUP BY order_id, {told} HAVING count(*) = 1"
        return (
            f"SELECT day FROM ({moved}) UNION SELECT {day} AS day FROM {name} "
            f"JOIN (SELECT {thing}, min(day) AS since FROM ({moved}) GROUP BY {thing}) AS came USING ({thing}) "
            f"WHERE {day} > since"
        )

    def _newer(self, table: str) -> str:
        return f"(SELECT * FROM {table} WHERE load_id > {self.since})"


def refresh(
    connection: duckdb.DuckDBPyConnection, rollup: Rollup, changes: Changes, built: tuple[str, ...] = ()
) -> int:
    """Bring one rollup up to date, and return its number of rows.

    Args:
        connection: The builder.
        rollup: The rollup.
        changes: What has changed since it was built last.
        built: What can be summed instead of its mart: see `rollup_sql`.
    """
    from ecombi.metrics.building import TOUCHED, rollup_sql

    name = rollup.name
    columns = ", ".join(f'"{column.name}"' for column in rollup.table.columns)
    insert = f"INSERT INTO {name} ({columns})"
    kept = changes.facts.get(f"{ROLLUP}{name}", "").startswith(f"{fingerprint(rollup)} ")
    if changes.since is None or not kept:
        connection.execute(f"DELETE FROM {name}")
        for part in rollup_sql(rollup, built):
            for first, end in _chunks(connection, rollup):
                rows = f"{insert} SELECT * FROM ({part}) ORDER BY {_order(rollup)}"
                connection.execute(rows, {"first": first, "end": end})
    else:
        bucket = "date_trunc('month', day)" if rollup.grain is Grain.MONTH else "day"
        days = " UNION ALL ".join(
            f"SELECT '{role}' AS role, CAST({bucket} AS DATE) AS day "
            f"FROM ({changes.days(rollup, role)}) WHERE day IS NOT NULL"
            for role in rollup.roles
        )
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {TOUCHED} AS SELECT DISTINCT * FROM ({days})")
        connection.execute(f"DELETE FROM {name} r USING {TOUCHED} t WHERE r.basis = t.role AND r.day = t.day")
        for part in rollup_sql(rollup, built, touched_only=True):
            connection.execute(f"{insert} SELECT * FROM ({part}) ORDER BY {_order(rollup)}")
    [(rows,)] = connection.execute(f"SELECT count(*) FROM {name}").fetchall()
    return int(rows)


def _order(rollup: Rollup) -> str:
    """Return what the rows are sorted by: readers of some days, or of one product of many, skip all others."""
    if isinstance(rollup, DistinctRollup):
        return ", ".join(key_of(rollup.table))
    return ", ".join(["basis", *(["day"] if rollup.grain is Grain.DAY else []), *rollup.dimensions, "day"])


def _chunks(connection: duckdb.DuckDBPyConnection, rollup: Rollup) -> Iterator[tuple[date, date]]:
    """Yield stretches of whole months that together hold every day: so many groups at once would not fit in memory."""
    table = rollup.mart.table.name
    columns = [column for role in rollup.roles for column in rollup.mart.columns(role)]
    ends = ", ".join(f"min({column}), max({column})" for column in columns)
    [(rows, *days)] = connection.execute(f"SELECT count(*), {ends} FROM {table}").fetchall()
    known = [day for day in days if day is not None]
    if not known:
        return
    start, last = min(known).replace(day=1), max(known)
    months = (last.year - start.year) * 12 + last.month - start.month + 1
    # The row before can be of any month.
    width = months if isinstance(rollup, DistinctRollup) else max(1, months * _CHUNK // max(rows, _CHUNK))
    while start <= last:
        yield start, add_months(start, width)
        start = add_months(start, width)


def checks() -> Iterator[Check]:
    """Yield, for each rollup of the ledger, that its net sales are those of the ledger."""
    ledger = "(SELECT coalesce(sum(amount), 0) FROM ledger WHERE kind IN ('sale', 'discount', 'return'))"
    for rollup in ROLLUPS.values():
        if "net_sales" in rollup.table.columns:
            for role in rollup.roles:
                kept = f"(SELECT coalesce(sum(net_sales), 0) FROM {rollup.name} WHERE basis = '{role}')"
                yield Check(
                    name=f"{rollup.name}_{role}_complete",
                    meaning=f"Net sales of {rollup.name}, {role}, are those of the ledger.",
                    failing=f"SELECT CASE WHEN {kept} = {ledger} THEN 0 ELSE 1 END",
                )
