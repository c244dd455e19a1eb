"""The builder: a working copy of what was published last, in DuckDB, made by one process at a time.

It is always a copy and never carried over from one build to the next: a killed process can leave a DuckDB file that
does not open any more, and a working copy is simply made again.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

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
    """

    def __init__(self, folder: Path, memory_limit: str) -> None:
        self.path = folder / "builder.duckdb"
        self._memory_limit = memory_limit

    @contextmanager
    def locked(self, wait: float) -> Iterator[None]:
        """Hold the folder against every other process; the system lets go of it when this one dies.

        Raises:
            WarehouseBusy: Another process still has it after `wait` seconds.
        """
        with translated("Opening the warehouse's lock file"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o666)

        def attempt() -> bool:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        try:
            busy = f"Another process is building the warehouse in {self.path.parent}. Try again when it is done."
            wait_for(attempt, wait, busy)
            yield
        finally:
            os.close(handle)

    @contextmanager
    def opened(self, base: Path | None) -> Iterator[duckdb.DuckDBPyConnection]:
        """Make a copy of `base`, or an empty one, with every table of the schema in it and a transaction open."""
        with translated(f"Opening the builder {self.path}"):
            self._remove()
            if base is not None:
                shutil.copyfile(base, self.path)
            connection = duckdb.connect(str(self.path))
            self._prepare(connection)
        try:
            connection.execute("BEGIN")
            yield connection
        finally:
            connection.close()
            self._remove()

    def seal(self, connection: duckdb.DuckDBPyConnection) -> Path:
        """Commit and close; return the file, which is then complete and for the caller to move away."""
        # After a failed statement DuckDB refuses every other, but takes COMMIT as ROLLBACK without a word.
        connection.execute("SELECT 1")
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT")
        connection.close()
        return self.path

    def _remove(self) -> None:
        for suffix in ("", ".wal"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        shutil.rmtree(self._spill, ignore_errors=True)

    @property
    def _spill(self) -> Path:
        return self.path.with_suffix(".tmp")

    def _prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET memory_limit = $limit", {"limit": self._memory_limit})
        connection.execute("SET temp_directory = $spill", {"spill": str(self._spill)})
        existing = {}
        # Asking DuckDB's catalogue for columns takes ten times as long.
        for table in ddl.ALL:
            with suppress(duckdb.CatalogException):
                found = connection.execute(f"SELECT * FROM {table.name} LIMIT 0").description
                existing[table.name] = {str(name) for name, *_ in found}
        statements = list(ddl.missing(ddl.ALL, existing))
        if statements:
            connection.execute(";\n".join(["BEGIN", *statements, "COMMIT"]))
