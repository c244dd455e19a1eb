"""Brings the tables of an application database up to date, once, however many processes open it at the same time."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from ecombi.backends.state.database import State
from ecombi.backends.state.tables import REVISION
from ecombi.errors import BackendError

logger = logging.getLogger(__name__)

_one_thread = threading.Lock()

FOLDER = Path(__file__).parent


def migrate(state: State, *, folder: Path = FOLDER, to: str = REVISION) -> None:
    """Create the tables or change them to what this version of ecombi needs: all of it, or nothing.

    Args:
        state: Where.
        folder: Holds the migrations in `versions`.
        to: The last one of them.

    Raises:
        BackendError: A newer ecombi has changed the tables.
    """
    with state.read() as connection:
        if revision(connection) == to:
            return
    # Alembic's operations are the process's, so threads take turns.
    with _one_thread, state.begin() as connection:
        state.form.alone(connection)
        # Another process may have done it in the meantime.
        found = revision(connection)
        if found != to:
            _upgrade(connection, found, to, folder, state.safe_url)


def revision(connection: Connection) -> str | None:
    """Return which migration was the last, None before the first."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _upgrade(connection: Connection, found: str | None, to: str, folder: Path, place: str) -> None:
    # Not at the top: it takes longer than all else, and is needed once.
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(folder))
    if found not in {None, *(script.revision for script in scripts.walk_revisions())}:
        raise BackendError(
            f"{place} was changed by a newer ecombi, to revision {found}; this one knows {to}. Use that newer one."
        )
    context = MigrationContext.configure(connection)
    with Operations.context(context):
        for script in reversed(list(scripts.iterate_revisions(to, found or "base"))):
            script.module.upgrade()
            context.stamp(scripts, script.revision)
    logger.info("migrated %s from=%s to=%s", place, found, to)
