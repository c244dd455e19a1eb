"""What only a warehouse on a server does: many machines, one truth, and a network between."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from ecombi.backends.warehouse import Warehouse, open_warehouse
from ecombi.errors import BackendError, BackendUnavailable, ConfigurationError, EmptyWarehouse, WarehouseBusy
from ecombi.settings import Settings
from tests.backends import shop
from tests.servers import free_port


@pytest.fixture
def settings(tmp_path: Path, postgres_url: str) -> Settings:
    return Settings(workspace=tmp_path / "here", database_url=postgres_url)


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path) -> Warehouse:
    """The same warehouse from another machine's workspace."""
    return open_warehouse(settings.model_copy(update={"workspace": tmp_path / "elsewhere"}), shop.DERIVED)


def _with_password(url: str, password: str) -> str:
    return url.replace("postgres@", f"postgres:{password}@")


def test_machines_take_turns_and_build_on_each_others_loads(warehouse: Warehouse, elsewhere: Warehouse) -> None:
    for number, machine in enumerate((warehouse, elsewhere, elsewhere, warehouse), start=1):
        assert shop.publish(machine).number == number
        seen = shop.state(machine)
        assert shop.agrees(seen)
        assert seen["loads"] == number
    elsewhere.close()


def test_only_one_machine_builds_at_a_time(warehouse: Warehouse, elsewhere: Warehouse) -> None:
    with warehouse.build(), pytest.raises(WarehouseBusy, match="Another process is building"), elsewhere.build():
        pass


def test_a_machine_that_lost_its_turn_changes_nothing(
    warehouse: Warehouse, elsewhere: Warehouse, postgres_url: str
) -> None:
    shop.publish(warehouse)
    with warehouse.build() as build:
        shop.load(build)
        # A proxy that drops the session drops the turn with it.
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        assert shop.publish(elsewhere).number == 2
        with pytest.raises(BackendUnavailable, match="Publishing snapshot 2 failed"):
            build.publish(at=shop.NOON)
    assert shop.state(warehouse)["loads"] == 2
    assert shop.publish(warehouse).number == 3
    assert shop.agrees(shop.state(warehouse))
    elsewhere.close()


def test_a_copy_of_another_state_is_not_taken_for_what_the_server_holds(
    settings: Settings, warehouse: Warehouse, postgres_url: str
) -> None:
    shop.publish(warehouse, rows=3)
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        # As after putting the server back from a backup: the same number, but not what this machine has a copy of.
        admin.execute("DELETE FROM ecombi.ledger WHERE source_row > 0")
        admin.execute("UPDATE ecombi.loads SET rows_new = 1")
        admin.execute("UPDATE ecombi.publication SET publication_id = gen_random_uuid()")
    assert shop.publish(warehouse, rows=5).number == 2
    assert shop.state(warehouse)["ledger_rows"] == 6
    assert shop.agrees(shop.state(warehouse))
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("DROP SCHEMA ecombi CASCADE")
    again = open_warehouse(settings, shop.DERIVED)
    with pytest.raises(EmptyWarehouse):
        shop.state(again)
    assert shop.publish(again, rows=7).number == 1
    assert shop.state(again)["ledger_rows"] == 7
    again.close()


def test_one_copy_of_what_the_server_holds_is_kept(settings: Settings, warehouse: Warehouse) -> None:
    for _ in range(2):
        shop.publish(warehouse)
        folder = settings.workspace / "warehouse"
        assert sorted(path.name for path in folder.iterdir()) == ["builder.lock", "server"]
        assert len(list((folder / "server").iterdir())) == 1


def test_a_column_the_schema_gained_is_added_on_the_server(warehouse: Warehouse, postgres_url: str) -> None:
    shop.publish(warehouse, rows=3)
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("ALTER TABLE ecombi.ledger DROP COLUMN channel")
    shop.publish(warehouse, rows=3)
    answer = warehouse.arrow("SELECT count(*) AS entries, count(channel) AS channels FROM ledger")
    assert answer.to_pylist() == [{"entries": 6, "channels": 0}]


def test_the_server_keeps_keys_unique_and_dates_indexed(warehouse: Warehouse, postgres_url: str) -> None:
    shop.publish(warehouse)
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        for table in ("ledger", "sales_by_day"):
            with pytest.raises(psycopg.errors.UniqueViolation):
                admin.execute(f"INSERT INTO ecombi.{table} SELECT * FROM ecombi.{table} LIMIT 1")
        found = admin.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'ledger'").fetchall()
    assert {name for (name,) in found} == {"ledger_key", "ledger_event_on", "ledger_order_on"}


def test_reading_survives_connections_that_the_server_closed(warehouse: Warehouse, postgres_url: str) -> None:
    shop.publish(warehouse)
    before = shop.state(warehouse)
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ecombi'")
    assert shop.state(warehouse) == before


def test_an_inexact_numeric_is_refused_with_advice(warehouse: Warehouse) -> None:
    shop.publish(warehouse)
    with pytest.raises(BackendError, match=r"Column third has a value.*Cast it"):
        warehouse.arrow("SELECT 1::numeric / 3 AS third")
    with pytest.raises(BackendError, match=r"Column of is of type interval.*Cast it to text"):
        warehouse.arrow("SELECT interval '1 day' AS of")


def test_text_the_server_cannot_hold_is_refused_and_nothing_is_published(warehouse: Warehouse) -> None:
    first = shop.publish(warehouse)
    with warehouse.build() as build:
        shop.load(build)
        build.connection.execute("UPDATE products SET name = 'a' || chr(0)")
        with pytest.raises(BackendError, match=r"Publishing snapshot 2 failed: .*0x00"):
            build.publish(at=shop.NOON)
    assert warehouse.snapshot() == first
    assert shop.publish(warehouse).number == 2


def _refusal(tmp_path: Path, url: str) -> BackendError:
    warehouse = open_warehouse(Settings(workspace=tmp_path, database_url=url))
    with pytest.raises(BackendError) as refused:
        warehouse.snapshot()
    with pytest.raises(type(refused.value)), warehouse.build():
        pass
    assert "hunter2" not in f"{refused.value}{refused.value!r}{warehouse!r}{warehouse.safe_url}{vars(warehouse)}"
    return refused.value


@pytest.mark.parametrize("form", ["shop:hunter2@127.0.0.1:{}/shop", "127.0.0.1:{}/shop?user=shop&password=hunter2"])
def test_a_server_that_does_not_answer_is_transient(tmp_path: Path, form: str) -> None:
    port = free_port()
    refused = _refusal(tmp_path, f"postgresql://{form.format(port)}")
    assert isinstance(refused, BackendUnavailable)
    assert f"postgresql://shop@127.0.0.1:{port}/shop cannot be reached" in str(refused)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("/test_", "/no_such_", r"database .* does not exist"), ("postgres:", "nobody:", r"role .* does not exist")],
)
def test_a_wrong_database_or_user_is_said_in_words(
    tmp_path: Path, postgres_url: str, old: str, new: str, words: str
) -> None:
    url = _with_password(postgres_url, "hunter2").replace(old, new)
    refused = _refusal(tmp_path, url)
    assert not isinstance(refused, BackendUnavailable)
    with pytest.raises(BackendError, match=rf"refused the connection: .*{words}.*DATABASE_URL"):
        raise refused


def test_an_unreadable_url_is_refused_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="percent-encoded") as refused:
        open_warehouse(Settings(workspace=tmp_path, database_url="postgresql://shop:hunter2@[::1/shop"))
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("url", ["mysql://shop:hunter2@host/shop", "duckdb:///file", "host/shop", "sqlite:///x.db"])
def test_other_kinds_of_database_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"DATABASE_URL begins with .* Write postgresql://") as refused:
        open_warehouse(Settings(workspace=tmp_path, database_url=url))
    assert "hunter2" not in str(refused.value)


def test_the_short_scheme_is_the_same_server(settings: Settings, warehouse: Warehouse, postgres_url: str) -> None:
    shop.publish(warehouse)
    short = postgres_url.replace("postgresql://", "postgres://")
    again = open_warehouse(
        settings.model_copy(update={"database_url": type(settings.database_url)(short)}), shop.DERIVED
    )
    assert shop.state(again) == shop.state(warehouse)
    again.close()
