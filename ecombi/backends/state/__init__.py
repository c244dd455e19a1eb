"""The application database: a SQLite file in the workspace, or a PostgreSQL server, behind the same two methods."""

from __future__ import annotations

from ecombi.backends.state.database import Form, State
from ecombi.backends.state.migrations import migrate
from ecombi.errors import ConfigurationError
from ecombi.settings import Settings

__all__ = ["State", "open_state"]

_WAYS = (
    "Write postgresql://user:password@host:5432/name for a PostgreSQL server, "
    "or leave it out: runs are then recorded in a SQLite file in the workspace."
)


def open_state(settings: Settings) -> State:
    """Open the application database the settings name: made where there is none, its tables brought up to date.

    Raises:
        ConfigurationError: ECOMBI_STATE_URL cannot be read.
        BackendUnavailable: It cannot be reached, or another process keeps it locked.
        BackendError: It was written by a newer ecombi, or refuses to be used.
    """
    state = State(_form(settings))
    try:
        migrate(state)
    except BaseException:
        state.close()
        raise
    return state


def _form(settings: Settings) -> Form:
    if settings.state_url is None:
        from ecombi.backends.state.sqlite import SQLite

        return SQLite(settings.workspace.absolute() / "state.sqlite")
    scheme = settings.state_url.get_secret_value().partition(":")[0].lower()
    if scheme not in {"postgresql", "postgres"}:
        raise ConfigurationError(f"ECOMBI_STATE_URL begins with {scheme!r}. {_WAYS}")
    from ecombi.backends.state.postgresql import PostgreSQL

    return PostgreSQL(settings.state_url)
