"""The warehouse on a PostgreSQL server: built here in DuckDB, published there in one transaction."""

from __future__ import annotations

import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import quote

import duckdb
import psycopg
import pyarrow as pa
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from sqlalchemy import Table

from ecombi.backends.warehouse import Build, Snapshot
from ecombi.backends.warehouse.builder import Builder, seal, translated, wait_for
from ecombi.backends.warehouse.exchange import refill, send
from ecombi.backends.warehouse.results import fetch
from ecombi.backends.warehouse.snapshots import move
from ecombi.errors import BackendError, BackendUnavailable, ConfigurationError, EmptyWarehouse
from ecombi.settings import Settings

logger = logging.getLogger(__name__)

T = TypeVar("T")

_LOCK = int.from_bytes(b"ecombi")
"""Advisory lock of the one process, on any machine, that builds."""

_SESSION = b"SET search_path = ecombi; SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET jit = off"

_IDLE = 4
"""How many unused connections are kept."""

_CHECK_SECONDS = 1
"""How often the server looks whether a build that keeps it busy is still there."""

_OLDEST = 15
"""NULLS NOT DISTINCT came with this version."""

_NOT_NOW = ("starting up", "shutting down", "too many", "recovery", "remaining connection slots")
"""What a server that is there says when it cannot take a connection right now."""


@dataclass(frozen=True, slots=True)
class _Published:
    """What a server holds.

    Attributes:
        id: No two publications share one, not even of the same number, as after a server was put back from a backup.
    """

    id: uuid.UUID
    snapshot: Snapshot


class PostgreSQLWarehouse:
    """A warehouse on a server. The server holds the truth; the copy in the workspace saves fetching it."""

    dialect: Literal["postgres"] = "postgres"

    def __init__(self, settings: Settings, derived: tuple[Table, ...] = ()) -> None:
        if settings.database_url is None:
            raise ConfigurationError("DATABASE_URL is not set.")
        self._url = settings.database_url
        self._safe_url = _without_password(self._url.get_secret_value())
        self._folder = settings.workspace.absolute() / "warehouse"
        self._derived = derived
        self._builder = Builder(self._folder, settings.memory_limit, derived)
        self._idle: deque[psycopg.Connection] = deque()
        self._seen = False

    @property
    def safe_url(self) -> str:
        """The server's URL without a password."""
        return self._safe_url

    @contextmanager
    def build(self, *, wait: float = 0) -> Iterator[Build]:
        """Start a build; see `Warehouse.build`."""
        with self._builder.locked(wait), self._writing() as server:
            with self._translated("Starting a build"):
                self._claim(server, wait)
                published = _published_on(server)
            copy = self._copy(published.id) if published else None
            with self._builder.opened(copy if copy and copy.exists() else None) as (connection, path):
                if copy and not copy.exists():
                    logger.warning("no copy of what %s holds: fetching it", self._safe_url)
                    with self._translated("Fetching what the server holds"):
                        refill(server, connection, path.with_suffix(".csv"), self._derived)

                def publish(at: datetime) -> Snapshot:
                    done = self._send(connection, server, published, at.astimezone(UTC))
                    self._keep(connection, path, done)
                    return done.snapshot

                yield Build(connection, publish)

    def snapshot(self) -> Snapshot | None:
        """Return the snapshot that readers see now, or None before the first."""
        published = self._read(_published_on)
        return published.snapshot if published else None

    def arrow(self, sql: str, params: Mapping[str, object] | None = None) -> pa.Table:
        """Run one reading statement on the current snapshot; see `Warehouse.arrow`."""
        if not self._seen:
            if self.snapshot() is None:
                raise EmptyWarehouse(f"Nothing has been loaded into {self._safe_url} yet. Load some data first.")
            self._seen = True
        return self._read(lambda connection: fetch(connection, sql, dict(params or {})))

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            self._idle.pop().close()

    def _send(
        self, builder: duckdb.DuckDBPyConnection, server: psycopg.Connection, base: _Published | None, at: datetime
    ) -> _Published:
        """Change the server from `base` to what was built, in one transaction."""
        started = time.perf_counter()
        done = _Published(uuid.uuid4(), Snapshot(base.snapshot.number + 1 if base else 1, at))
        number = done.snapshot.number
        with self._translated(f"Publishing snapshot {number}"), server.transaction():
            # A session that a proxy took over may have lost its turn.
            server.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK + 1])
            if _published_on(server) != base:
                raise BackendError(
                    f"Another machine published to {self._safe_url} in the meantime, so nothing was changed. "
                    "Run the load again."
                )
            send(builder, server, self._derived)
            server.execute("DELETE FROM publication")
            server.execute("INSERT INTO publication VALUES (%s, %s, %s)", [done.id, number, at.replace(tzinfo=None)])
        logger.info("published snapshot=%d seconds=%.2f", number, time.perf_counter() - started)
        return done

    def _keep(self, builder: duckdb.DuckDBPyConnection, path: Path, done: _Published) -> None:
        """Keep what was built as the copy of what the server holds now; without it the next build fetches it back."""
        with translated(f"Snapshot {done.snapshot.number} is published, but keeping a copy of it in {self._folder}"):
            seal(builder)
            copy = self._copy(done.id)
            copy.parent.mkdir(exist_ok=True)
            move(path, copy)
            for old in copy.parent.iterdir():
                if old != copy:
                    old.unlink()

    def _copy(self, publication: uuid.UUID) -> Path:
        return self._folder / "server" / f"{publication}.duckdb"

    def _claim(self, server: psycopg.Connection, wait: float) -> None:
        if server.info.server_version // 10_000 < _OLDEST:
            raise BackendError(
                f"{self._safe_url} is PostgreSQL {server.info.parameter_status('server_version')}. "
                f"The warehouse needs PostgreSQL {_OLDEST} or newer."
            )

        def attempt() -> bool:
            return server.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone() == (True,)

        busy = f"Another process is building {self._safe_url}. Try again when it is done."
        # The server needs up to a second to see that a build was killed.
        wait_for(attempt, max(wait, 2 * _CHECK_SECONDS), busy)

    @contextmanager
    def _writing(self) -> Iterator[psycopg.Connection]:
        server = self._connect(read_only=False)
        try:
            # Not every operating system lets the server look.
            with suppress(psycopg.errors.InvalidParameterValue):
                server.execute(f"SET client_connection_check_interval = '{_CHECK_SECONDS}s'".encode())
            yield server
        finally:
            server.close()

    def _read(self, work: Callable[[psycopg.Connection], T]) -> T:
        """Run `work` on a connection of its own; a connection that died while it lay idle is replaced by another."""
        while True:
            try:
                connection, fresh = self._idle.pop(), False
            except IndexError:
                connection, fresh = self._connect(read_only=True), True
            try:
                with self._translated("The query"):
                    return work(connection)
            except BackendUnavailable:
                if fresh:
                    raise
            finally:
                if connection.info.transaction_status is TransactionStatus.IDLE and len(self._idle) < _IDLE:
                    self._idle.append(connection)
                else:
                    connection.close()

    def _connect(self, *, read_only: bool) -> psycopg.Connection:
        url = self._url.get_secret_value()
        given = conninfo_to_dict(url)
        ours = {"connect_timeout": 10, "application_name": "ecombi", "client_encoding": "utf8"}
        unset = {name: value for name, value in ours.items() if name not in given}
        try:
            # A statement prepared before a table gained a column would fail after it.
            connection = psycopg.connect(url, autocommit=True, prepare_threshold=None, **unset)  # type: ignore[arg-type]
        except psycopg.Error as error:
            message = " ".join(str(error).split())
            if "FATAL" in message and not any(words in message for words in _NOT_NOW):
                raise BackendError(
                    f"{self._safe_url} refused the connection: {message}. "
                    "Check the user, the password and the database name in DATABASE_URL."
                ) from error
            raise BackendUnavailable(f"{self._safe_url} cannot be reached: {message}") from error
        try:
            with self._translated("Connecting"):
                connection.execute(_SESSION)
                if read_only:
                    connection.execute("SET default_transaction_read_only = on")
        except BackendError:
            connection.close()
            raise
        return connection

    @contextmanager
    def _translated(self, action: str) -> Iterator[None]:
        try:
            with translated(action):
                yield
        except psycopg.Error as error:
            message = " ".join(str(error).split())
            gone = (error.sqlstate or "08").startswith(("08", "57P"))
            if gone and isinstance(error, psycopg.OperationalError):
                raise BackendUnavailable(f"{action} failed: {self._safe_url} does not answer: {message}") from error
            raise BackendError(f"{action} failed: {message}") from error


def _published_on(server: psycopg.Connection) -> _Published | None:
    if server.execute("SELECT to_regclass('ecombi.publication')").fetchone() == (None,):
        return None
    row = server.execute("SELECT publication_id, number, published_at FROM publication").fetchone()
    return _Published(row[0], Snapshot(row[1], row[2].replace(tzinfo=UTC))) if row else None


def _without_password(url: str) -> str:
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # libpq's own message quotes the URL with its password.
        raise ConfigurationError(
            "DATABASE_URL cannot be read. Write postgresql://user:password@host:5432/name, "
            "with special characters in the password percent-encoded, for example %40 for @."
        ) from None
    user = f"{quote(str(given['user']))}@" if given.get("user") else ""
    port = f":{given['port']}" if given.get("port") else ""
    return f"postgresql://{user}{given.get('host') or 'localhost'}{port}/{given.get('dbname') or ''}"
