"""The application database: opened, migrated and refused, in a file and on a real server."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, select, text

from ecombi.backends.state import State, open_state
from ecombi.backends.state.migrations import FOLDER, migrate, revision
from ecombi.backends.state.sqlite import SQLite
from ecombi.backends.state.tables import METADATA, REVISION, run_events, schedule_states
from ecombi.errors import BackendError, BackendUnavailable, ConfigurationError
from ecombi.settings import Settings
from tests.servers import free_port

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return Settings(workspace=tmp_path / "new" / "workspace", state_url=url)


@pytest.fixture
def state(settings: Settings) -> Iterator[State]:
    opened = open_state(settings)
    yield opened
    opened.close()


def _pause(state: State, schedule: str) -> None:
    with state.begin() as connection:
        connection.execute(insert(schedule_states).values(schedule=schedule))


def _paused(state: State) -> list[str]:
    with state.read() as connection:
        return list(connection.scalars(select(schedule_states.c.schedule).order_by(schedule_states.c.schedule)))


_OURS = "relnamespace = CAST('ecombi_state' AS regnamespace) AND relname NOT LIKE 'alembic%'"
_POSTGRESQL = (
    f"""
    SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull, col_description(c.oid, attnum),
        (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = c.oid AND adnum = attnum)
    FROM pg_class c JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 WHERE {_OURS}
    """,
    f"""
    SELECT relname, conname, pg_get_constraintdef(k.oid)
    FROM pg_class c JOIN pg_constraint k ON conrelid = c.oid WHERE {_OURS}
    """,
    f"SELECT relname, pg_get_indexdef(c.oid) FROM pg_class c WHERE relkind = 'i' AND {_OURS}",
    f"SELECT relname, obj_description(c.oid) FROM pg_class c WHERE {_OURS}",
)


def _shape(connection: Connection) -> list[tuple[object, ...]]:
    """Everything the database knows about the tables, as it says it, but for alembic's own one."""
    if connection.dialect.name == "sqlite":
        known = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%'")
        return sorted((name, line.strip(" ,\t")) for name, sql in known for line in (sql or "").splitlines())
    return sorted((tuple(row) for query in _POSTGRESQL for row in connection.execute(text(query))), key=repr)


def test_migrations_lead_to_the_tables_that_the_code_knows(state: State, settings: Settings) -> None:
    again = open_state(settings)
    with again.read() as connection:
        assert revision(connection) == REVISION
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []
        migrated = _shape(connection)
    # That does not look at the conditions of indexes, nor at what rows must fulfil.
    with again.begin() as connection:
        METADATA.drop_all(connection)
        METADATA.create_all(connection)
        assert _shape(connection) == migrated
    for name in ("uq_runs_concurrency_key", "ck_runs_known_state"):
        assert any(name in str(line) and "running" in str(line) for line in migrated)
    again.close()


def test_the_last_migration_is_the_one_the_code_knows_and_none_goes_back() -> None:
    scripts = ScriptDirectory(str(FOLDER))
    assert scripts.get_heads() == [REVISION]
    assert [script.revision for script in scripts.walk_revisions() if hasattr(script.module, "downgrade")] == []


def _newer(folder: Path, number: str, before: str, upgrade: str) -> None:
    (folder / "versions" / f"v{number}.py").write_text(
        f"from alembic import op\nrevision = '{number}'\ndown_revision = '{before}'\ndef upgrade():\n    {upgrade}\n"
    )


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The migrations of a later version of ecombi."""
    folder = shutil.copytree(FOLDER, tmp_path / "migrations")
    _newer(folder, "0002", "0001", "op.execute('ALTER TABLE schedule_states ADD COLUMN a integer DEFAULT 5')")
    _newer(folder, "0003", "0002", "op.execute('ALTER TABLE schedule_states RENAME COLUMN a TO b')")
    return folder


def test_an_older_database_is_migrated_and_keeps_what_it_holds(state: State, newer: Path) -> None:
    _pause(state, "nightly")
    for _ in range(2):
        migrate(state, folder=newer, to="0003")
        with state.read() as connection:
            assert connection.execute(text("SELECT schedule, b FROM schedule_states")).all() == [("nightly", 5)]
            assert revision(connection) == "0003"


def test_a_database_of_a_newer_version_is_refused(state: State, settings: Settings, newer: Path) -> None:
    migrate(state, folder=newer, to="0003")
    with pytest.raises(BackendError, match="changed by a newer ecombi, to revision 0003; this one knows 0001"):
        open_state(settings)


def test_a_migration_that_fails_changes_nothing(state: State, newer: Path) -> None:
    _newer(newer, "0004", "0003", "op.execute('CREATE TABLE half (x integer)'); op.execute('wrong')")
    with pytest.raises(BackendError, match="wrong"):
        migrate(state, folder=newer, to="0004")
    with state.read() as connection:
        assert revision(connection) == "0001"
    with pytest.raises(BackendError, match="half"), state.read() as connection:
        connection.execute(text("SELECT * FROM half"))


def test_what_was_raised_in_a_transaction_rolls_it_back(state: State) -> None:
    _pause(state, "nightly")

    def change_and_fail() -> None:
        with state.begin() as connection:
            connection.execute(insert(schedule_states).values(schedule="weekly"))
            raise KeyError

    with pytest.raises(KeyError):
        change_and_fail()
    assert _paused(state) == ["nightly"]


def test_errors_say_what_was_refused_and_not_what_was_to_be_written(state: State) -> None:
    _pause(state, "nightly")
    with pytest.raises(BackendError, match=r"(?i)unique") as raised:
        _pause(state, "nightly")
    assert not isinstance(raised.value, BackendUnavailable)
    missing = insert(run_events).values(run_id="none", at=None, attempt=0, kind="note", text="hush")
    with pytest.raises(BackendError) as raised, state.begin() as connection:
        connection.execute(missing)
    assert "hush" not in str(raised.value)
    assert "hush" not in str(raised.value.__cause__).partition("DETAIL")[0]


def test_a_foreign_key_is_kept(state: State) -> None:
    orphan = insert(run_events).values(run_id="none", at=NOON, attempt=0, kind="note", text="")
    with pytest.raises(BackendError, match=r"(?i)foreign key"), state.begin() as connection:
        connection.execute(orphan)


def test_a_reader_does_not_keep_a_writer_waiting(state: State) -> None:
    _pause(state, "nightly")
    with state.read() as connection:
        before = connection.scalars(select(schedule_states.c.schedule)).all()
        _pause(state, "weekly")
        assert before == ["nightly"]
    assert _paused(state) == ["nightly", "weekly"]


def test_threads_share_a_database(state: State) -> None:
    threads = [threading.Thread(target=lambda n=n: [_pause(state, f"{n}-{m}") for m in range(5)]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(_paused(state)) == 40


def test_a_closed_database_can_be_used_again(state: State) -> None:
    state.close()
    _pause(state, "nightly")
    state.close()
    assert _paused(state) == ["nightly"]


def test_the_file_is_made_with_its_folder_for_one_user(tmp_path: Path) -> None:
    state = open_state(Settings(workspace=tmp_path / "a" / "b"))
    path = tmp_path / "a" / "b" / "state.sqlite"
    assert state.safe_url == f"sqlite:{path}"
    _pause(state, "nightly")
    assert {file.name: oct(file.stat().st_mode & 0o777) for file in path.parent.iterdir()} == dict.fromkeys(
        ("state.sqlite", "state.sqlite-shm", "state.sqlite-wal"), "0o600"
    )
    state.close()
    assert [file.name for file in path.parent.iterdir()] == ["state.sqlite"]


def test_a_file_that_stays_locked_is_not_there_for_now(tmp_path: Path) -> None:
    state = State(SQLite(tmp_path / "state.sqlite", busy_seconds=0.2))
    migrate(state)
    holder = sqlite3.connect(tmp_path / "state.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(BackendUnavailable, match=r"state.sqlite locked for 0.2 seconds"):
        _pause(state, "nightly")
    assert _paused(state) == []
    holder.execute("ROLLBACK")
    holder.close()
    _pause(state, "nightly")
    state.close()


def test_a_writer_has_the_file_from_its_first_moment(tmp_path: Path) -> None:
    state = open_state(Settings(workspace=tmp_path))
    with closing(sqlite3.connect(tmp_path / "state.sqlite", timeout=0, isolation_level=None)) as other:
        with state.read():
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
        with state.begin(), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    state.close()


def test_opening_a_file_once_more_ends_no_lock_of_this_process(tmp_path: Path) -> None:
    state = open_state(Settings(workspace=tmp_path))
    with state.begin() as connection:
        connection.execute(insert(schedule_states).values(schedule="nightly"))
        held = _locks()
        open_state(Settings(workspace=tmp_path)).close()
        code = (
            f"import sqlite3; sqlite3.connect({str(tmp_path / 'state.sqlite')!r}, timeout=0).execute('BEGIN IMMEDIATE')"
        )
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert "database is locked" in other.stderr
        assert _locks() == held != []
    state.close()


def _locks() -> list[str]:
    """Every lock of this process on a file, as the system tells it."""
    told = (line.split()[1:] for line in Path("/proc/locks").read_text().splitlines())
    return sorted(" ".join(line) for line in told if str(os.getpid()) in line)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").write_text("something else " * 100)
    with pytest.raises(BackendError, match=r"state.sqlite cannot be used: file is not a database"):
        open_state(Settings(workspace=tmp_path))


def test_a_workspace_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "workspace").write_text("")
    with pytest.raises(BackendError, match=r"workspace/state.sqlite cannot be made"):
        open_state(Settings(workspace=tmp_path / "workspace"))


@pytest.mark.parametrize("url", ["mysql://u:hush@h/d", "sqlite:///hush", "nonsense", "postgresql://u:hu sh@h:x:y/d"])
def test_a_url_that_cannot_work_is_refused_without_its_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="ECOMBI_STATE_URL") as raised:
        open_state(Settings(workspace=tmp_path, state_url=url))
    assert "hush" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_server_that_is_not_there_may_be_later(tmp_path: Path) -> None:
    url = f"postgresql://u:hush@127.0.0.1:{free_port()}/d"
    with pytest.raises(BackendUnavailable, match=r"postgresql://u@127.0.0.1:\d+/d cannot be reached") as raised:
        open_state(Settings(workspace=tmp_path, state_url=url))
    assert "hush" not in f"{raised.value}{raised.value.__cause__}"
    assert not tmp_path.joinpath("state.sqlite").exists()


def test_a_database_that_a_server_does_not_have_is_refused(tmp_path: Path, postgres_server: str) -> None:
    with pytest.raises(BackendError, match=r"refused the connection: .*ECOMBI_STATE_URL") as raised:
        open_state(Settings(workspace=tmp_path, state_url=f"{postgres_server}_none"))
    assert not isinstance(raised.value, BackendUnavailable)


def test_a_connection_that_died_idle_is_replaced(tmp_path: Path, postgres_url: str) -> None:
    state = open_state(Settings(workspace=tmp_path, state_url=postgres_url))
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        kill = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE application_name = 'ecombi' AND datname = current_database()"
        )
        assert admin.execute(kill).fetchone() == (1,)
        _pause(state, "nightly")

        def lose_the_server() -> None:
            with state.begin() as connection:
                connection.execute(insert(schedule_states).values(schedule="weekly"))
                admin.execute(kill)
                connection.execute(select(schedule_states))

        with pytest.raises(BackendUnavailable, match="cannot be used right now"):
            lose_the_server()
    assert _paused(state) == ["nightly"]
    state.close()


def test_a_row_that_stays_locked_is_not_there_for_now(tmp_path: Path, postgres_url: str) -> None:
    state = open_state(Settings(workspace=tmp_path, state_url=postgres_url))
    _pause(state, "nightly")
    with psycopg.connect(postgres_url) as holder:
        holder.execute("SELECT * FROM ecombi_state.schedule_states FOR UPDATE")

        def wait() -> None:
            with state.begin() as connection:
                connection.execute(text("SET LOCAL lock_timeout = '100ms'"))
                connection.execute(schedule_states.delete())

        with pytest.raises(BackendUnavailable, match="lock timeout"):
            wait()
    assert _paused(state) == ["nightly"]
    state.close()


def test_the_warehouse_may_live_in_the_same_database(tmp_path: Path, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as admin:
        admin.execute("CREATE TABLE runs (mine integer); CREATE SCHEMA ecombi; CREATE TABLE ecombi.runs (his integer)")
    state = open_state(Settings(workspace=tmp_path, state_url=postgres_url))
    with state.read() as connection:
        where = "SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_name LIKE 'run%'"
        assert set(connection.scalars(text(where))) == {"public", "ecombi", "ecombi_state"}
    state.close()


def test_threads_may_open_a_new_database_at_once(settings: Settings) -> None:
    opened: list[State] = []
    threads = [threading.Thread(target=lambda: opened.append(open_state(settings))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 6
    for state in opened:
        state.close()
