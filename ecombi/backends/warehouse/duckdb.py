"""The embedded warehouse: DuckDB files in the workspace, read through published snapshots."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
from sqlalchemy import Table

from ecombi.backends.warehouse import Build, Snapshot
from ecombi.backends.warehouse.builder import Builder, seal, translated
from ecombi.backends.warehouse.snapshots import Snapshots
from ecombi.errors import BackendError, EmptyWarehouse
from ecombi.settings import Settings

logger = logging.getLogger(__name__)

_HUGEINT = pa.decimal128(38, 0)

_MOST_STATEMENTS = 1024
"""Kept parsed; then all are forgotten."""

# The copy it speaks of is small beside what parsing and binding twice would take.
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)


class DuckDBWarehouse:
    """A warehouse in the workspace. Any number of processes may read while one builds."""

    dialect: Literal["duckdb"] = "duckdb"

    def __init__(self, settings: Settings, derived: tuple[Table, ...] = ()) -> None:
        self._folder = settings.workspace.absolute() / "warehouse"
        self._memory_limit = settings.reader_memory_limit
        self._builder = Builder(self._folder, settings.memory_limit, derived)
        self._snapshots = Snapshots(
            self._folder, settings.keep_snapshots, timedelta(seconds=settings.snapshot_grace_seconds)
        )
        self._pinned = settings.snapshot
        self._lock = threading.Lock()
        self._statements: dict[str, duckdb.Statement] = {}
        self._reader: tuple[int, duckdb.DuckDBPyConnection] | None = None

    @property
    def safe_url(self) -> str:
        """The folder; a file has no password."""
        return f"duckdb:{self._folder}"

    @contextmanager
    def build(self, *, wait: float = 0) -> Iterator[Build]:
        """Start a build; see `Warehouse.build`."""
        with self._builder.locked(wait):
            with translated("Looking for the published snapshot"):
                self._snapshots.adopt()
            current = next(iter(self._snapshots.published()), None)
            base = self._snapshots.path(current.number) if current else None
            if base is not None and not base.exists():
                raise BackendError(self._missing(base))
            with self._builder.opened(base) as (connection, path):

                def publish(at: datetime) -> Snapshot:
                    started = time.perf_counter()
                    snapshot = Snapshot(current.number + 1 if current else 1, at.astimezone(UTC))
                    with translated(f"Publishing snapshot {snapshot.number}"):
                        seal(connection)
                        self._snapshots.add(path, snapshot)
                    seconds = time.perf_counter() - started
                    logger.info("published snapshot=%d seconds=%.2f", snapshot.number, seconds)
                    return snapshot

                yield Build(connection, publish)

    def snapshot(self) -> Snapshot | None:
        """Return the snapshot that readers see now, or None before the first.

        Raises:
            BackendError: The settings name a snapshot that is not kept.
        """
        published = self._snapshots.published()
        if self._pinned is None:
            return next(iter(published), None)
        found = next((kept for kept in published if kept.number == self._pinned), None)
        if found is None:
            kept = ", ".join(str(snapshot.number) for snapshot in published) or "none"
            raise BackendError(f"Snapshot {self._pinned} is not kept in {self._folder}. Kept: {kept}.")
        return found

    def arrow(self, sql: str, params: Mapping[str, object] | None = None) -> pa.Table:
        """Run one reading statement on the current snapshot; see `Warehouse.arrow`."""
        connection = self._follow()
        with connection.cursor() as cursor:
            try:
                # Not cursor.sql: it parses and binds a statement once to describe it, and again to run it.
                cursor.execute(self._parsed(cursor, sql), dict(params or {}))
                return _with_whole_numbers(cursor.to_arrow_table())
            except (duckdb.Error, pa.ArrowInvalid) as error:
                raise BackendError(f"The query failed: {error}") from error

    def _parsed(self, cursor: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
        """Parse a statement, or find it parsed: for a small answer that is a large part of the time."""
        found = self._statements.get(sql)
        if found is None:
            statements = cursor.extract_statements(sql)
            if len(statements) != 1:
                raise BackendError(f"This is not one statement to read with: {sql}")
            [found] = statements
            if len(self._statements) >= _MOST_STATEMENTS:
                self._statements.clear()
            self._statements[sql] = found
        return found

    def close(self) -> None:
        """Let go of the snapshot being read; reading again opens it again."""
        with self._lock:
            self._reader = None

    def _follow(self) -> duckdb.DuckDBPyConnection:
        """Return a connection to the current snapshot: the one at hand, or a new one to its path.

        A connection that is replaced closes when the last query on it lets go of it.
        """
        with self._lock:
            while True:
                snapshot = self.snapshot()
                if snapshot is None:
                    raise EmptyWarehouse(f"Nothing has been loaded into {self._folder} yet. Load some data first.")
                if self._reader is None or self._reader[0] != snapshot.number:
                    try:
                        self._reader = (snapshot.number, self._open(snapshot.number))
                    except duckdb.Error as error:
                        if self.snapshot() != snapshot:
                            # Replaced and deleted between reading CURRENT and opening the file.
                            continue
                        path = self._snapshots.path(snapshot.number)
                        words = (
                            f"The snapshot {path} cannot be opened: {error}" if path.exists() else self._missing(path)
                        )
                        raise BackendError(words) from error
                return self._reader[1]

    def _missing(self, path: Path) -> str:
        return (
            f"The snapshot {path} is missing. Put it back; or delete {self._folder / 'CURRENT'} and load again, "
            "which goes on from the newest snapshot there is."
        )

    def _open(self, number: int) -> duckdb.DuckDBPyConnection:
        # Processes that spill into the same folder write over each other's files. Within one process the folder is
        # always the same, because DuckDB opens a file a second time only with the same configuration.
        spill = self._folder / "spill" / f"{socket.gethostname()}-{os.getpid()}"
        path = str(self._snapshots.path(number))
        connection = duckdb.connect(path, read_only=True, config={"temp_directory": str(spill)})
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.execute("SET memory_limit = $limit", {"limit": self._memory_limit})
        connection.execute("SET enable_external_access = false")
        return connection


def _with_whole_numbers(table: pa.Table) -> pa.Table:
    """DuckDB sums whole numbers into 128 bits, which Arrow can only show as decimals."""
    if _HUGEINT not in table.schema.types:
        return table
    columns = [column.cast(pa.int64()) if column.type == _HUGEINT else column for column in table.columns]
    return pa.Table.from_arrays(columns, names=table.column_names)
