"""The builder: a working copy of what was published last, in DuckDB, made by one process at a time.

It is always a copy and never carried over from one build to the next: a killed process can leave a DuckDB file that
does not open any more, and a working copy is simply made again.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
from sqlalchemy import Table

from ecombi.backends.warehouse import ddl
from ecombi.errors import BackendError, WarehouseBusy

_POLL_SECONDS = 0.05


def wait_for(attempt: Callable[[], bool], wait: float, busy: str) -> None:
    """Call `attempt` until it succeeds.

    Raises:
        WarehouseBusy: It did not within `wait` seconds; `busy` is the message.
    """
    give_up = time.monotonic() + wait
    while not attempt():
        if time.monotonic() >= give_up:
            raise WarehouseBusy(busy)
        time.sleep(_POLL_SECONDS)


@contextmanager
def translated(action: str) -> Iterator[None]:
    """Turn errors of DuckDB and of the file system into a BackendError that begins with `action`."""
    try:
        yield
    except duckdb.Error as error:
        raise BackendError(f"{action} failed: {error}") from error
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        raise BackendError(f"{action} failed: {error.strerror or error}{place}.") from error


class Builder:
    """The working copy in one folder, and the lock on it.

    Args:
        folder: Made when it is absent.
        memory_limit: As DuckDB writes it, for example 2GB.
        derived: Tables beside those of the schema, made anew where their columns have changed.
    """

    def __init__(self, folder: Path, memory_limit: str, derived: tuple[Table, ...] = ()) -> None:
        self._folder = folder
        self._memory_limit = memory_limit
        self._derived = derived

    @contextmanager
    def locked(self, wait: float) -> Iterator[None]:
        """Hold the folder against every other process; the system lets go of it when this one dies.

        Raises:
            WarehouseBusy: Another process still has it after `wait` seconds.
        """
        with translated("Opening the warehouse's lock file"):
            self._folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._folder / "builder.lock", os.O_RDWR | os.O_CREAT, 0o666)

        def attempt() -> bool:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        try:
            busy = f"Another process is building the warehouse in {self._folder}. Try again when it is done."
            wait_for(attempt, wait, busy)
            yield
        finally:
            os.close(handle)

    @contextmanager
    def opened(self, base: Path | None) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
        """Make a copy of `base`, or an empty one, with every table of the schema in it and a transaction open.

        Yields the connection and the path of the file, to be moved away once it is sealed.
        """
        # A path of its own for each: whoever still holds a result of an earlier build would otherwise make DuckDB
        # open that build's file again.
        path = self._folder / f"builder-{uuid.uuid4().hex}.duckdb"
        with translated(f"Opening the builder {path}"):
            self._remove_all()
            if base is not None:
                shutil.copyfile(base, path)
            connection = duckdb.connect(str(path))
        try:
            with translated(f"Preparing the builder {path}"):
                self._prepare(connection, path.with_suffix(".tmp"))
            connection.execute("BEGIN")
            yield connection, path
        finally:
            connection.close()
            self._remove_all()

    def _remove_all(self) -> None:
        for path in self._folder.glob("builder-*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _prepare(self, connection: duckdb.DuckDBPyConnection, spill: Path) -> None:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET memory_limit = $limit", {"limit": self._memory_limit})
        connection.execute("SET temp_directory = $spill", {"spill": str(spill)})
        existing = {}
        # Asking DuckDB's catalogue for columns takes ten times as long.
        for table in (*ddl.ALL, *self._derived):
            with suppress(duckdb.CatalogException):
                found = connection.execute(f"SELECT * FROM {table.name} LIMIT 0").description
                existing[table.name] = {str(name): str(kind) for name, kind, *_ in found}
        statements = list(ddl.missing(ddl.ALL, existing, derived=self._derived))
        if statements:
            connection.execute(";\n".join(["BEGIN", *statements, "COMMIT"]))


def seal(connection: duckdb.DuckDBPyConnection) -> None:
    """Commit, fold the write-ahead log into the file and close: the file is then complete."""
    # After a failed statement DuckDB refuses every other, but takes COMMIT as ROLLBACK without a word.
    connection.execute("SELECT 1")
    connection.execute("COMMIT")
    connection.execute("CHECKPOINT")
    connection.close()
