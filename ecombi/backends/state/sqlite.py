"""The application database in a file: many readers and one writer at a time, from any number of processes."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from ecombi.errors import BackendError, BackendUnavailable

_POLL_SECONDS = 0.01
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


@dataclass(frozen=True, slots=True)
class SQLite:
    """A file on a disk of this machine: what its processes share of it does not work over a network.

    Attributes:
        path: Of the file.
        busy_seconds: How long a writer waits for the others.
    """

    path: Path
    busy_seconds: float = 10

    @property
    def safe_url(self) -> str:
        """The file; it has no password."""
        return f"sqlite:{self.path}"

    def engine(self) -> Engine:
        """Return a new engine; the file is made where there is none, for this user alone."""
        if not self.path.exists():
            self._create()
        engine = create_engine(
            URL.create("sqlite", database=str(self.path)),
            # Without a level Python leaves it to us to begin transactions.
            connect_args={"timeout": self.busy_seconds, "isolation_level": None},
            pool_timeout=self.busy_seconds,
            hide_parameters=True,
        )
        event.listen(engine, "connect", self._prepare)
        event.listen(engine, "begin", _begin)
        return engine

    def alone(self, connection: Connection) -> None:
        """Do nothing: there is one writer at a time."""

    def explain(self, error: DBAPIError) -> BackendError:
        """Return the error to raise instead."""
        if _is_locked(error.orig):
            return BackendUnavailable(f"Other processes have kept {self.path} locked for {self.busy_seconds} seconds.")
        return BackendError(f"{self.path} cannot be used: {error.orig}.")

    def _create(self) -> None:
        """Make an empty file that no other user can read, unless another process is faster."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Opened under another name: closing a file ends every lock that this process has on it.
            handle, name = tempfile.mkstemp(prefix=".state-", dir=self.path.parent)
            os.close(handle)
            with suppress(FileExistsError):
                os.link(name, self.path)
            Path(name).unlink()
        except OSError as error:
            raise BackendError(f"{self.path} cannot be made: {error.strerror}.") from error

    def _prepare(self, connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        self._write_ahead(connection)
        # What a killed process had committed is kept; only a power cut can take the last moments.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")

    def _write_ahead(self, connection: sqlite3.Connection) -> None:
        """Let readers and a writer work side by side; for this SQLite does not wait by itself where others do it."""
        give_up = time.monotonic() + self.busy_seconds
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if not _is_locked(error) or time.monotonic() > give_up:
                    raise
            time.sleep(_POLL_SECONDS)


def _begin(connection: Connection) -> None:
    # A reader that turns writer would be refused at once if another had written in between.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _is_locked(error: BaseException | None) -> bool:
    # The lower byte is the kind of error, the upper ones are its details.
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in _LOCKED
