"""What only the embedded warehouse does: snapshots as files."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ecombi.backends.warehouse import Warehouse
from ecombi.errors import BackendError, EmptyWarehouse
from ecombi.settings import Settings
from tests.backends import shop


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(workspace=tmp_path, database_url=None, keep_snapshots=2, snapshot_grace_seconds=600)


@pytest.fixture
def folder(settings: Settings) -> Path:
    return settings.workspace / "warehouse"


def _kept(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "snapshots").iterdir())


def _publish_after(warehouse: Warehouse, seconds: float) -> None:
    with warehouse.build() as build:
        shop.load(build, rows=1)
        build.publish(at=shop.NOON + timedelta(seconds=seconds))


def test_old_snapshots_are_deleted_once_they_are_many_and_long_replaced(warehouse: Warehouse, folder: Path) -> None:
    for seconds in (0, 60, 120):
        _publish_after(warehouse, seconds)
    # The first was replaced a minute ago, within the grace of ten: three are kept though two would do.
    assert _kept(folder) == ["wh-000001.duckdb", "wh-000002.duckdb", "wh-000003.duckdb"]
    _publish_after(warehouse, 60 + 600)
    # The first was replaced ten minutes ago, the second nine.
    assert _kept(folder) == ["wh-000002.duckdb", "wh-000003.duckdb", "wh-000004.duckdb"]
    _publish_after(warehouse, 10_000)
    assert _kept(folder) == ["wh-000004.duckdb", "wh-000005.duckdb"]


def test_a_reader_keeps_reading_a_snapshot_that_is_deleted_meanwhile(warehouse: Warehouse, folder: Path) -> None:
    shop.publish(warehouse)
    before = shop.state(warehouse)
    current = (folder / "CURRENT").read_text()
    (folder / "snapshots" / "wh-000001.duckdb").unlink()
    assert shop.state(warehouse) == before
    assert (folder / "CURRENT").read_text() == current


def test_a_build_that_stopped_before_its_snapshot_was_named_is_undone_by_the_next(
    warehouse: Warehouse, folder: Path
) -> None:
    shop.publish(warehouse, rows=1)
    named = (folder / "CURRENT").read_bytes()
    shop.publish(warehouse, rows=10)
    (folder / "CURRENT").write_bytes(named)
    warehouse.close()
    assert shop.state(warehouse)["ledger_rows"] == 1
    assert shop.publish(warehouse, rows=100).number == 2
    assert shop.state(warehouse)["ledger_rows"] == 101
    assert shop.agrees(shop.state(warehouse))


def test_the_first_build_that_stopped_before_its_snapshot_was_named_is_named_by_the_next(
    warehouse: Warehouse, folder: Path
) -> None:
    shop.publish(warehouse)
    (folder / "CURRENT").unlink()
    with pytest.raises(EmptyWarehouse):
        shop.state(warehouse)
    with warehouse.build():
        pass
    assert shop.state(warehouse)["loads"] == 1
    assert shop.publish(warehouse).number == 2


def test_what_a_killed_build_left_is_not_used(warehouse: Warehouse, folder: Path) -> None:
    shop.publish(warehouse)
    (folder / "builder-1.duckdb").write_bytes(b"half a database" * 1000)
    (folder / "builder-1.duckdb.wal").write_bytes(b"half a log" * 1000)
    (folder / "builder-1.tmp").mkdir()
    (folder / "builder-1.tmp" / "spilled").write_bytes(b"rows")
    (folder / "snapshots" / "wh-000002.duckdb").write_bytes(b"half a snapshot" * 1000)
    assert shop.publish(warehouse).number == 2
    assert shop.state(warehouse)["loads"] == 2
    assert _kept(folder) == ["wh-000001.duckdb", "wh-000002.duckdb"]
    assert sorted(path.name for path in folder.iterdir()) == ["CURRENT", "builder.lock", "snapshots"]


def test_a_disk_that_is_full_for_the_pointer_leaves_the_old_snapshot(warehouse: Warehouse, folder: Path) -> None:
    shop.publish(warehouse)
    (folder / "CURRENT.new").mkdir()
    with pytest.raises(BackendError, match=r"Publishing snapshot 2 failed: Is a directory .*CURRENT.new"):
        shop.publish(warehouse)
    assert shop.state(warehouse)["loads"] == 1
    (folder / "CURRENT.new").rmdir()
    assert shop.publish(warehouse).number == 2
    assert shop.state(warehouse)["loads"] == 2


def test_a_missing_snapshot_is_named_with_what_would_work(warehouse: Warehouse, folder: Path) -> None:
    shop.publish(warehouse)
    shop.publish(warehouse)
    (folder / "snapshots" / "wh-000002.duckdb").unlink()
    for use in (lambda: shop.state(warehouse), lambda: shop.publish(warehouse)):
        with pytest.raises(BackendError, match=r"wh-000002.duckdb is missing.*delete .*CURRENT and load again"):
            use()
    (folder / "CURRENT").unlink()
    assert shop.publish(warehouse).number == 2
    assert shop.agrees(shop.state(warehouse))


def test_what_the_schema_gained_is_added_to_an_old_warehouse(warehouse: Warehouse) -> None:
    with warehouse.build() as build:
        shop.load(build, rows=3)
        build.connection.execute("DROP TABLE reviews; ALTER TABLE products DROP COLUMN category")
        build.publish(at=shop.NOON)
    with warehouse.build() as build:
        build.connection.execute("INSERT INTO products (sku, category, load_id) VALUES ('q', 'Toys', 1)")
        build.publish(at=shop.NOON)
    assert warehouse.arrow("SELECT sku, category FROM products ORDER BY sku").to_pylist() == [
        {"sku": "p", "category": None},
        {"sku": "q", "category": "Toys"},
    ]
    assert warehouse.arrow("SELECT score FROM reviews").num_rows == 0


@pytest.mark.parametrize(
    "text", ["", "nonsense", "wh-1.duckdb 2026-01-01", "wh-000001.duckdb 2026-01-01T00:00:00", "\0"]
)
def test_a_damaged_pointer_is_reported_and_can_be_deleted(warehouse: Warehouse, folder: Path, text: str) -> None:
    shop.publish(warehouse)
    pointer = folder / "CURRENT"
    pointer.write_text(f"{text}\n")
    for read in (warehouse.snapshot, lambda: shop.state(warehouse), lambda: shop.publish(warehouse)):
        with pytest.raises(BackendError, match=r"CURRENT.*is damaged.*Delete it"):
            read()
    pointer.unlink()
    assert shop.publish(warehouse).number == 2
    assert shop.state(warehouse)["loads"] == 2


def test_an_unreadable_pointer_is_reported(warehouse: Warehouse, folder: Path) -> None:
    (folder / "CURRENT").mkdir(parents=True)
    with pytest.raises(BackendError, match=r"CURRENT.*cannot be read: Is a directory"):
        warehouse.snapshot()


def test_a_damaged_snapshot_is_reported(warehouse: Warehouse, folder: Path) -> None:
    shop.publish(warehouse)
    (folder / "snapshots" / "wh-000001.duckdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(BackendError, match=r"wh-000001.duckdb cannot be opened"):
        shop.state(warehouse)


def test_a_workspace_that_cannot_be_made_is_reported(tmp_path: Path, warehouse: Warehouse) -> None:
    (tmp_path / "warehouse").write_text("a file is in the way")
    with pytest.raises(BackendError, match=r"lock file failed: .*exists"), warehouse.build():
        pass


def test_reading_cannot_touch_files(warehouse: Warehouse, tmp_path: Path) -> None:
    shop.publish(warehouse)
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\n1,2\n")
    for statement in (f"SELECT * FROM '{secret}'", f"COPY products TO '{tmp_path / 'out.csv'}'"):
        with pytest.raises(BackendError):
            warehouse.arrow(statement)
    assert not (tmp_path / "out.csv").exists()
