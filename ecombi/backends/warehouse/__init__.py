"""The warehouse: one exclusive builder, published snapshots, readers that only ever see a published one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol

from ecombi.errors import BackendError, ConfigurationError
from ecombi.settings import Settings

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from sqlalchemy import Table

__all__ = ["Build", "Snapshot", "Warehouse", "open_warehouse"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A published state of the whole warehouse.

    Attributes:
        number: Counts up by one with each publication, from 1.
        published_at: Aware, UTC.
    """

    number: int
    published_at: datetime


class Build:
    """One exclusive change of the warehouse, invisible to readers until it is published.

    Attributes:
        connection: The builder, a DuckDB database with every table of `ecombi.schema.tables`; a transaction is open.
            Rows of tables with a load_id are changed by writing them anew under a higher load_id, and never deleted:
            that is how a server is sent the changes alone. Columns are named in every statement, because a column
            that the schema gained is the last one of an old table.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, publish: Callable[[datetime], Snapshot]) -> None:
        self.connection = connection
        self._publish = publish
        self._used = False

    def publish(self, *, at: datetime) -> Snapshot:
        """Make everything built visible at once, and end the build.

        Args:
            at: Aware; becomes the snapshot's `published_at`.

        Raises:
            BackendError: The disk is full, the server refused, or this build was published already.
                Readers keep the snapshot they have; the next build puts things right by itself.
        """
        if at.tzinfo is None:
            raise ValueError(f"Snapshots are published at an aware time, not at {at!r}.")
        if self._used:
            raise BackendError("This build has been published already. Start another one.")
        self._used = True
        return self._publish(at)


class Warehouse(Protocol):
    """What every engine offers. Reading is safe from several threads."""

    @property
    def dialect(self) -> Literal["duckdb", "postgres", "pyspark"]:
        """The SQL dialect `arrow` takes, by the name ibis and sqlglot know it."""

    @property
    def safe_url(self) -> str:
        """Where the warehouse is, without a password."""

    def build(self, *, wait: float = 0) -> AbstractContextManager[Build]:
        """Start a build; leaving it without publishing leaves no trace.

        Args:
            wait: Seconds to wait for another build to end.

        Raises:
            WarehouseBusy: Another process, here or on another machine, is building.
            BackendUnavailable: The server does not answer.
        """

    def snapshot(self) -> Snapshot | None:
        """Return the snapshot that readers see now, or None before the first."""

    def arrow(self, sql: str, params: Mapping[str, object] | None = None) -> pa.Table:
        """Run one reading statement on the current snapshot.

        Args:
            sql: In this warehouse's dialect, with `$name` where a value goes.
            params: A value for each name.

        Returns:
            Whole numbers from sums and counts are int64, sums of money decimal128(38, 4), days date32, texts string.

        Raises:
            EmptyWarehouse: Nothing has been published yet.
            BackendError: The statement is wrong or would write.
        """

    def close(self) -> None:
        """Let go of files and connections."""


_ENGINES = {
    "duckdb": "ecombi.backends.warehouse.duckdb:DuckDBWarehouse",
    "postgresql": "ecombi.backends.warehouse.postgresql:PostgreSQLWarehouse",
    "postgres": "ecombi.backends.warehouse.postgresql:PostgreSQLWarehouse",
    "spark": "ecombi.backends.warehouse.spark:SparkWarehouse",
}
"""Scheme of DATABASE_URL -> engine. Absent means duckdb. Engines are imported when they are opened."""


def open_warehouse(settings: Settings, derived: tuple[Table, ...] = ()) -> Warehouse:
    """Return the warehouse the settings name. Nothing is read or connected to yet.

    Args:
        settings: Where it is.
        derived: Tables beside those of `ecombi.schema.tables`, with their key in `info["key"]`, that every build
            computes from the others. One whose columns have changed comes empty into the next build.

    Raises:
        ConfigurationError: DATABASE_URL has a scheme that no engine serves, or ECOMBI_SNAPSHOT is set for an engine
            that keeps none.
    """
    url = settings.database_url.get_secret_value() if settings.database_url else "duckdb:"
    scheme = url.partition(":")[0].lower()
    if scheme not in _ENGINES or (scheme == "duckdb" and settings.database_url):
        raise ConfigurationError(
            f"DATABASE_URL begins with {scheme!r}. Write postgresql://user:password@host:5432/name for a PostgreSQL "
            "server, spark://host:7077 for a Spark cluster, or leave it out: the warehouse is then a DuckDB file in "
            "the workspace."
        )
    if settings.snapshot is not None and scheme != "duckdb":
        raise ConfigurationError(
            f"ECOMBI_SNAPSHOT is {settings.snapshot}, but only the DuckDB warehouse keeps earlier snapshots. "
            "ECOMBI_KNOWN_AT answers with what had been loaded by then on every engine."
        )
    module, _, name = _ENGINES[scheme].partition(":")
    warehouse: Warehouse = getattr(import_module(module), name)(settings, derived)
    return warehouse
