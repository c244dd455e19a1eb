"""The application database on a PostgreSQL server, in a schema of its own, so that it may share the warehouse's."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from ecombi.errors import BackendError, BackendUnavailable, ConfigurationError

_BUSY_SECONDS = 10
"""How long a writer waits for the others."""

_STALLED_SECONDS = 60
"""A transaction whose process has stopped in the middle of it keeps the others waiting no longer."""

_LOCK = int.from_bytes(b"ecombi") + 2
"""Advisory lock of the one process that migrates; the two before it are the warehouse's."""

_SESSION = f"""
    SET search_path = ecombi_state; SET TimeZone = 'UTC'; SET DateStyle = 'ISO';
    SET default_transaction_isolation = 'read committed';
    SET lock_timeout = '{_BUSY_SECONDS}s'; SET idle_in_transaction_session_timeout = '{_STALLED_SECONDS}s'
""".encode()

_PASSING = ("08", "53", "57P", "40001", "40P01", "55P03")
"""Beginnings of the codes of what may be over soon: no connection, too many of them, a shutdown, a lock."""

_NOT_NOW = ("starting up", "shutting down", "too many", "recovery", "remaining connection slots")
"""What a server that is there says when it cannot take a connection right now."""


class PostgreSQL:
    """A database on a server.

    Args:
        url: As libpq reads it.
    """

    def __init__(self, url: SecretStr) -> None:
        self._given = _read(url)

    @property
    def safe_url(self) -> str:
        """The server's URL without a password."""
        given = self._given
        user = f"{quote(str(given['user']))}@" if given.get("user") else ""
        port = f":{given['port']}" if given.get("port") else ""
        return f"postgresql://{user}{given.get('host') or 'localhost'}{port}/{given.get('dbname') or ''}"

    def engine(self) -> Engine:
        """Return a new engine; it connects when it is first used."""
        ours = {"connect_timeout": 10, "application_name": "ecombi", "client_encoding": "utf8"}
        engine = create_engine(
            "postgresql+psycopg://",
            # A statement prepared before a migration would fail after it.
            connect_args={**ours, **self._given, "prepare_threshold": None},
            pool_pre_ping=True,
            pool_timeout=_BUSY_SECONDS,
            hide_parameters=True,
        )
        # First of all, so that SQLAlchemy's own first questions are about our schema.
        event.listen(engine, "connect", _prepare, insert=True)
        return engine

    def alone(self, connection: Connection) -> None:
        """Hold off every other process that would migrate, until the transaction ends; the schema is there then."""
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        # Even where it is there, creating it asks for a right that an operator may have kept.
        if connection.scalar(text("SELECT to_regnamespace('ecombi_state')")) is None:
            connection.execute(text("CREATE SCHEMA ecombi_state"))

    def explain(self, error: DBAPIError) -> BackendError:
        """Return the error to raise instead."""
        cause = error.orig
        # The details, which are left out, may hold what was to be written.
        told = cause.diag.message_primary if isinstance(cause, psycopg.Error) else None
        message = " ".join((told or str(cause)).split())
        code = getattr(cause, "sqlstate", None) or ""
        if code.startswith(_PASSING):
            return BackendUnavailable(f"{self.safe_url} cannot be used right now: {message}.")
        if code or not isinstance(cause, psycopg.OperationalError):
            return BackendError(f"{self.safe_url} refused: {message}.")
        if "FATAL" in message and not any(words in message for words in _NOT_NOW):
            return BackendError(
                f"{self.safe_url} refused the connection: {message}. "
                "Check the user, the password and the database name in ECOMBI_STATE_URL."
            )
        return BackendUnavailable(f"{self.safe_url} cannot be reached: {message}.")


def _read(url: SecretStr) -> dict[str, Any]:
    try:
        return conninfo_to_dict(url.get_secret_value())
    except psycopg.ProgrammingError:
        # libpq's own message quotes the URL with its password.
        raise ConfigurationError(
            "ECOMBI_STATE_URL cannot be read. Write postgresql://user:password@host:5432/name, "
            "with special characters in the password percent-encoded, for example %40 for @."
        ) from None


def _prepare(connection: psycopg.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.execute(_SESSION)
    connection.commit()
