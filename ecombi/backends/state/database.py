"""Transactions on the application database, for every thread and process, with one kind of error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Executable, Row
from sqlalchemy.exc import DBAPIError, IntegrityError, TimeoutError  # noqa: A004

from ecombi.errors import BackendError, BackendUnavailable

_TAKEN = {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505"}


class Form(Protocol):
    """What is different between an application database in a file and one on a server."""

    @property
    def safe_url(self) -> str:
        """Where it is, without a password."""

    def engine(self) -> Engine:
        """Return a new engine. The execution option `writes` tells a transaction that will write."""

    def alone(self, connection: Connection) -> None:
        """Hold off every other process that would migrate, until the writing transaction ends."""

    def explain(self, error: DBAPIError) -> BackendError:
        """Return the error to raise instead: BackendUnavailable where trying again later may succeed."""


class State:
    """An open application database. Any thread may use it, and a forked process uses connections of its own."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self._engines: dict[int, Engine] = {}

    @property
    def safe_url(self) -> str:
        """Where it is, without a password."""
        return self.form.safe_url

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a transaction that writes; it is committed at the end, and rolled back if anything is raised.

        Raises:
            BackendUnavailable: It cannot be reached, or others have kept it locked for too long.
            BackendError: It refused.
        """
        with self._translated(), self._engine().execution_options(writes=True).begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads; see `begin` for the errors."""
        with self._translated(), self._engine().begin() as connection:
            yield connection

    def close(self) -> None:
        """Close this process's connections that are not in use."""
        engine = self._engines.get(os.getpid())
        if engine:
            engine.dispose()

    def _engine(self) -> Engine:
        # After a fork the parent's engine stays here unused: even closing its connections would disturb the parent.
        process = os.getpid()
        if process not in self._engines:
            self._engines.setdefault(process, self.form.engine())
        return self._engines[process]

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self.form.explain(error) from error
        except TimeoutError as error:
            raise BackendUnavailable(f"Every connection to {self.safe_url} has been in use for too long.") from error


def unless_taken(connection: Connection, statement: Executable) -> Row[Any] | None:
    """Execute a statement that returns a row, unless what it writes must be unique and is there already.

    Where another transaction is just writing the same, this waits for its end.

    Returns:
        The row; None where nothing was done.
    """
    try:
        with connection.begin_nested():
            return connection.execute(statement).one_or_none()
    except IntegrityError as error:
        if _code(error) not in _TAKEN:
            raise
        return None


def _code(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", ""))
