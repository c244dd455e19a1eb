"""The warehouse on Spark: built here in DuckDB, published as Parquet files that every worker reads."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
from sqlalchemy import Table

from ecombi.backends.warehouse import Build, Snapshot, ddl, parquet
from ecombi.backends.warehouse.builder import translated
from ecombi.backends.warehouse.duckdb import DuckDBWarehouse
from ecombi.backends.warehouse.snapshots import Snapshots
from ecombi.backends.warehouse.spark_context import CONTEXT, is_alive, querying
from ecombi.errors import BackendError, ConfigurationError, EmptyWarehouse
from ecombi.settings import Settings

if TYPE_CHECKING:
    import duckdb
    from pyspark.sql import SparkSession

_MASTER = re.compile(r"spark:(local(?:\[(?:\d+|\*)\])?)|(spark://[^/@?#]+)")

_SESSION = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.runSQLOnFiles": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
}
"""What the figures depend on, whatever Spark was started with."""

_TOKEN = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|\$([A-Za-z_]\w*)", re.DOTALL)
_MONEY_DIGITS = 18
_SUM = pa.decimal128(38, 4)


class SparkWarehouse:
    """A warehouse read by Spark. One workspace builds it; any that can see the Parquet files may read it."""

    dialect: Literal["pyspark"] = "pyspark"

    def __init__(self, settings: Settings, derived: tuple[Table, ...] = ()) -> None:
        self._master = _master(settings)
        # Spark makes this folder, although nothing is ever put into it.
        tables = settings.workspace.absolute() / "warehouse" / "spark"
        self._conf = {"spark.sql.warehouse.dir": str(tables), **settings.spark_conf}
        self._tables = (*ddl.ALL, *derived)
        # Only the next build reads these.
        files = settings.model_copy(update={"keep_snapshots": 1, "snapshot_grace_seconds": 0})
        self._built = DuckDBWarehouse(files, derived)
        self._exports = Snapshots(
            (settings.spark_folder or settings.workspace / "warehouse" / "parquet").absolute(),
            settings.keep_snapshots,
            timedelta(seconds=settings.snapshot_grace_seconds),
            ".parquet",
        )
        self._incoming = self._exports.folder / "incoming"
        self._lock = threading.Lock()
        self._reader: tuple[Snapshot | None, SparkSession] | None = None

    @property
    def safe_url(self) -> str:
        """The master; it has no password."""
        return self._master if self._master.startswith("spark:") else f"spark:{self._master}"

    @contextmanager
    def build(self, *, wait: float = 0) -> Iterator[Build]:
        """Start a build; see `Warehouse.build`."""
        with self._built.build(wait=wait) as build:
            built = self._built.snapshot()
            try:
                self._catch_up(build.connection, built)

                def publish(at: datetime) -> Snapshot:
                    with translated(f"Publishing snapshot {built.number + 1 if built else 1}"):
                        self._export(build.connection)
                    snapshot = build.publish(at=at)
                    self._show(snapshot)
                    return snapshot

                yield Build(build.connection, publish)
            finally:
                shutil.rmtree(self._incoming, ignore_errors=True)

    def snapshot(self) -> Snapshot | None:
        """Return the snapshot that readers see now, or None before the first."""
        return next(iter(self._exports.published()), None)

    def arrow(self, sql: str, params: Mapping[str, object] | None = None) -> pa.Table:
        """Run one reading statement on the current snapshot; see `Warehouse.arrow`.

        Decimals of more digits than the schema's money are sums of it, stored ones too: decimal128(38, 4).
        """
        text, values = _bound(sql, params or {})
        while True:
            snapshot = self.snapshot()
            if snapshot is None:
                raise EmptyWarehouse(f"Nothing has been loaded into {self._exports.folder} yet. Load some data first.")
            try:
                session = self._session(snapshot)
                with querying("The query", session):
                    # Only a query can stand in brackets.
                    return _promised(session.sql(f"SELECT * FROM ({text}\n)", args=values).toArrow())
            except BackendError:
                # Its files may have been deleted after it was replaced.
                if self.snapshot() == snapshot:
                    raise

    def close(self) -> None:
        """Stop Spark if this process started it for warehouses alone and none uses it any more."""
        with self._lock:
            self._let_go()

    def _catch_up(self, connection: duckdb.DuckDBPyConnection, built: Snapshot | None) -> None:
        """Export what was built but never shown, as after a process was killed between the two."""
        shown = self.snapshot()
        if shown and (
            built is None or shown.number > built.number or (shown.number == built.number and shown != built)
        ):
            raise BackendError(
                f"{self._exports.folder} holds snapshot {shown.number}, which was not built in this workspace. Build "
                f"in the workspace it came from; or delete {self._exports.folder} to replace it by this one's."
            )
        if built and shown != built:
            with translated(f"Exporting snapshot {built.number}"):
                self._export(connection)
            self._show(built)

    def _export(self, connection: duckdb.DuckDBPyConnection) -> None:
        shutil.rmtree(self._incoming, ignore_errors=True)
        parquet.write(connection, self._tables, self._incoming)

    def _show(self, snapshot: Snapshot) -> None:
        with translated(f"Snapshot {snapshot.number} is built, and shown after the next build, but showing it now"):
            self._exports.add(self._incoming, snapshot)

    def _session(self, snapshot: Snapshot) -> SparkSession:
        """Return a session in which the snapshot's tables are known: the one at hand, or a new one."""
        with self._lock:
            if self._reader and not is_alive(self._reader[1]):
                self._let_go()
            if self._reader is None:
                spark = CONTEXT.acquire(self._master, self._conf)
                self._reader = (None, spark)
            if self._reader[0] != snapshot:
                self._reader = (snapshot, self._opened(self._reader[1], snapshot))
            return self._reader[1]

    def _opened(self, spark: SparkSession, snapshot: Snapshot) -> SparkSession:
        """Return a session of its own, so that a query sees the tables of one snapshot and not some of the next."""
        folder = self._exports.path(snapshot.number)
        if not folder.is_dir():
            raise BackendError(
                f"The snapshot {folder} is missing. Put it back; or delete {self._exports.folder / 'CURRENT'} and load "
                "again, which exports everything anew."
            )
        with querying(f"Opening snapshot {snapshot.number}", spark):
            session = spark.newSession()
            for name, value in _SESSION.items():
                session.conf.set(name, value)
            # A table that came with a newer version of ecombi is exported by the next load.
            for table in (table for table in self._tables if (folder / table.name).is_dir()):
                path = re.sub(r"([\\*?\[\]{}])", r"\\\1", str(folder / table.name))
                # Without the columns given, Spark would run a job to find them.
                frame = session.read.schema(_columns(table)).parquet(f"file:{path}")
                frame.createOrReplaceTempView(table.name)
        return session

    def _let_go(self) -> None:
        if self._reader:
            self._reader = None
            CONTEXT.release()


def _master(settings: Settings) -> str:
    url = settings.database_url.get_secret_value() if settings.database_url else ""
    match = _MASTER.fullmatch(url)
    if match is None:
        raise ConfigurationError(
            "DATABASE_URL cannot be read. Write spark://host:7077 for a cluster, or spark:local[2] for Spark in this "
            "process on two cores."
        )
    return match[1] or match[2]


def _columns(table: Table) -> str:
    return ", ".join(f"`{column.name}` {_kind(ddl.kind(column))}" for column in table.columns)


def _kind(kind: str) -> str:
    words = {"VARCHAR": "STRING", "TIMESTAMP WITHOUT TIME ZONE": "TIMESTAMP_NTZ", "DOUBLE PRECISION": "DOUBLE"}
    return words.get(kind, kind)


def _bound(sql: str, params: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """Write `$name` as Spark does, `:name`, but not inside quotes.

    Days and times travel as text: Spark would shift them by this machine's time zone.
    """
    markers, values = {}, {}
    for name, value in params.items():
        markers[name], values[name] = f":{name}", value
        if isinstance(value, datetime):
            naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
            markers[name], values[name] = f"CAST(:{name} AS TIMESTAMP_NTZ)", naive.isoformat(" ")
        elif isinstance(value, date):
            markers[name], values[name] = f"CAST(:{name} AS DATE)", value.isoformat()
    return _TOKEN.sub(lambda token: markers.get(token[1], f":{token[1]}") if token[1] else token[0], sql), values


def _promised(table: pa.Table) -> pa.Table:
    """Return the table in the types every warehouse returns: every column may be null, times are UTC without a zone."""
    return table.cast(pa.schema([(field.name, _type(field.type)) for field in table.schema]))


def _type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us")
    if pa.types.is_decimal(kind) and kind.scale == _SUM.scale and kind.precision > _MONEY_DIGITS:
        return _SUM
    return kind
