"""What only the warehouse on Spark does: Parquet files for workers, and a cluster between."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table

from ecombi.backends.warehouse import Warehouse, open_warehouse
from ecombi.errors import BackendError, ConfigurationError, EmptyWarehouse
from ecombi.settings import Settings
from tests.backends import shop
from tests.servers import free_port
from tests.spark_cluster import CONF, cluster


@pytest.fixture
def settings(spark_settings: Settings, tmp_path: Path) -> Settings:
    files = {"workspace": tmp_path / "here", "spark_folder": tmp_path / "every one's [files] {*}"}
    return spark_settings.model_copy(update={**files, "keep_snapshots": 2})


def _elsewhere(settings: Settings, tmp_path: Path) -> Warehouse:
    """The same files from another machine's workspace."""
    return open_warehouse(settings.model_copy(update={"workspace": tmp_path / "elsewhere"}), shop.DERIVED)


def _kept(settings: Settings) -> list[str]:
    return sorted(path.name for path in (settings.spark_folder / "snapshots").iterdir())


@pytest.mark.spark
def test_any_workspace_reads_the_files_and_only_the_one_that_built_them_builds_on(
    settings: Settings, warehouse: Warehouse, tmp_path: Path
) -> None:
    shop.publish(warehouse, rows=3)
    elsewhere = _elsewhere(settings, tmp_path)
    assert shop.state(elsewhere) == shop.state(warehouse)
    with pytest.raises(BackendError, match=r"holds snapshot 1, which was not built in this workspace"):
        shop.publish(elsewhere)
    shop.publish(warehouse, rows=3)
    assert shop.state(elsewhere)["ledger_rows"] == 6
    elsewhere.close()
    assert shop.state(warehouse)["ledger_rows"] == 6


@pytest.mark.spark
def test_what_was_built_and_not_shown_is_shown_by_the_next_build(settings: Settings, warehouse: Warehouse) -> None:
    shop.publish(warehouse, rows=1)
    pointer = settings.spark_folder / "CURRENT"
    named = pointer.read_bytes()
    second = shop.publish(warehouse, rows=10)
    # As when the process is killed between the two.
    pointer.write_bytes(named)
    shutil.rmtree(settings.spark_folder / "snapshots" / "wh-000002.parquet" / "ledger")
    assert shop.state(warehouse)["ledger_rows"] == 1
    with warehouse.build():
        pass
    assert warehouse.snapshot() == second
    assert shop.state(warehouse)["ledger_rows"] == 11
    assert shop.publish(warehouse).number == 3


@pytest.mark.spark
def test_old_files_are_deleted_once_they_are_many_and_long_replaced(settings: Settings, warehouse: Warehouse) -> None:
    for seconds in (0, 60, 120, 60 + 600):
        with warehouse.build() as build:
            shop.load(build, rows=1)
            build.publish(at=shop.NOON + timedelta(seconds=seconds))
    # The first was replaced ten minutes ago, the second nine.
    assert _kept(settings) == ["wh-000002.parquet", "wh-000003.parquet", "wh-000004.parquet"]
    assert sorted(path.name for path in settings.spark_folder.iterdir()) == ["CURRENT", "snapshots"]
    assert len(list((settings.workspace / "warehouse" / "snapshots").iterdir())) == 1


@pytest.mark.spark
def test_threads_read_whole_snapshots_while_the_ones_before_are_deleted(settings: Settings) -> None:
    hasty = settings.model_copy(update={"keep_snapshots": 1, "snapshot_grace_seconds": 0})
    warehouse = open_warehouse(hasty, shop.DERIVED)
    shop.publish(warehouse, rows=3)
    ended, seen, wrong = threading.Event(), [], []

    def read() -> None:
        while not ended.is_set():
            try:
                figures = shop.state(warehouse)
                seen.append(figures["loads"])
                if not shop.agrees(figures):
                    wrong.append(figures)
            except Exception as error:  # noqa: BLE001 - whatever it is, it fails the test
                wrong.append(error)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(6):
        shop.publish(warehouse, rows=3)
        time.sleep(0.5)
    give_up = time.monotonic() + 60
    while 7 not in seen and time.monotonic() < give_up:
        time.sleep(0.05)
    ended.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert 7 in seen
    assert _kept(hasty) == ["wh-000007.parquet"]
    warehouse.close()


@pytest.mark.spark
def test_a_missing_snapshot_is_named_with_what_would_work(settings: Settings, warehouse: Warehouse) -> None:
    shop.publish(warehouse, rows=3)
    shutil.rmtree(settings.spark_folder / "snapshots" / "wh-000001.parquet")
    with pytest.raises(BackendError, match=r"wh-000001.parquet is missing.*delete .*CURRENT and load again"):
        shop.state(warehouse)
    (settings.spark_folder / "CURRENT").unlink()
    with pytest.raises(EmptyWarehouse):
        shop.state(warehouse)
    with warehouse.build():
        pass
    assert shop.state(warehouse)["ledger_rows"] == 3


@pytest.mark.spark
def test_files_that_a_worker_does_not_see_are_named(settings: Settings, warehouse: Warehouse) -> None:
    shop.publish(warehouse, rows=3)
    shop.state(warehouse)
    (settings.spark_folder / "snapshots" / "wh-000001.parquet" / "ledger" / "part-0.parquet").unlink()
    with pytest.raises(BackendError, match=r"The query failed: .*ledger/part-0.parquet"):
        shop.state(warehouse)


@pytest.mark.spark
def test_a_table_that_is_new_can_be_read_after_the_next_load(settings: Settings, warehouse: Warehouse) -> None:
    shop.publish(warehouse, rows=3)
    count = Column("entries", BigInteger, nullable=False, comment="Rows.")
    new = Table("counted", MetaData(), count, comment="One row.", info={"key": ("entries",)})
    newer = open_warehouse(settings, (*shop.DERIVED, new))
    assert shop.state(newer)["ledger_rows"] == 3
    with pytest.raises(BackendError, match="counted"):
        newer.arrow("SELECT entries FROM counted")
    with newer.build() as build:
        build.connection.execute("INSERT INTO counted SELECT count(*) FROM ledger")
        build.publish(at=shop.NOON)
    assert newer.arrow("SELECT entries FROM counted").to_pylist() == [{"entries": 3}]
    newer.close()


@pytest.mark.spark
def test_rows_lie_by_day_in_row_groups_that_can_be_skipped(settings: Settings, warehouse: Warehouse) -> None:
    with warehouse.build() as build:
        build.connection.execute(
            "INSERT INTO ledger BY NAME SELECT 's' AS source, i::VARCHAR AS source_id, 'sale' AS kind, "
            "TIMESTAMP '2020-01-01' AS event_at, TIMESTAMP '2020-01-01' AS order_at, "
            "DATE '2020-01-01' + (i % 730)::INTEGER AS event_on, DATE '2020-01-01' AS order_on, 0 AS event_hour, "
            "0 AS order_hour, 1 AS qty, 1 AS amount, 'EUR' AS currency, 1 AS fx_to_shop, "
            "TIMESTAMP '2020-01-01' AS loaded_at, 1 AS load_id FROM range(600000) AS r(i)"
        )
        build.publish(at=shop.NOON)
    files = settings.spark_folder / "snapshots" / "wh-000001.parquet" / "ledger" / "part-*.parquet"
    groups = duckdb.execute(
        "SELECT stats_min_value::DATE, stats_max_value::DATE, row_group_num_rows FROM parquet_metadata($files) "
        "WHERE path_in_schema = 'event_on'",
        # The folder's name has brackets in it.
        {"files": [str(path) for path in files.parent.glob("part-*.parquet")]},
    ).fetchall()
    assert sum(rows for *_, rows in groups) == 600_000
    assert len(groups) >= 4
    # Sorted by two threads at once, a day lies in two groups, or in three where one group ends and the next begins.
    day = date(2020, 12, 31)
    assert 1 <= sum(first <= day <= last for first, last, _ in groups) <= 3
    answer = warehouse.arrow("SELECT sum(qty) AS qty FROM ledger WHERE event_on = $day", {"day": day})
    assert answer.to_pylist() == [{"qty": 822}]


@pytest.mark.spark
@pytest.mark.parametrize(
    "statement",
    [
        "DROP VIEW ledger",
        "CREATE TEMPORARY VIEW seen AS SELECT 1",
        "SET spark.sql.ansi.enabled = false",
        "INSERT OVERWRITE DIRECTORY '{0}' USING csv SELECT 1",
        "SELECT * FROM csv.`{1}`",
        "SELECT 1) ; DROP VIEW ledger; SELECT * FROM (SELECT 1",
        "SHOW TABLES",
    ],
)
def test_reading_cannot_touch_files_or_settings(warehouse: Warehouse, tmp_path: Path, statement: str) -> None:
    shop.publish(warehouse, rows=3)
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BackendError):
        warehouse.arrow(statement.format(tmp_path / "out", tmp_path / "secret.csv"))
    assert not (tmp_path / "out").exists()
    assert shop.agrees(shop.state(warehouse))


@pytest.mark.spark
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("SELECT nothing FROM ledger", "^The query failed: .*UNRESOLVED_COLUMN"),
        ("SELECT 1 / 0", "^The query failed: .*DIVIDE_BY_ZERO"),
        ("SELECT raise_error('no such day')", "^The query failed: .*no such day"),
    ],
)
def test_an_error_says_what_is_wrong_in_one_line(
    warehouse: Warehouse, capfd: pytest.CaptureFixture[str], statement: str, words: str
) -> None:
    shop.publish(warehouse, rows=3)
    with pytest.raises(BackendError, match=words) as refused:
        warehouse.arrow(statement)
    assert "\n" not in str(refused.value)
    assert "stacktrace" not in capfd.readouterr().err


@pytest.mark.spark
def test_one_process_reads_from_one_master(settings: Settings, warehouse: Warehouse) -> None:
    shop.publish(warehouse, rows=3)
    shop.state(warehouse)
    other = settings.model_copy(update={"database_url": type(settings.database_url)("spark:local[1]")})
    with pytest.raises(BackendError, match=r"already uses Spark on .*Read local\[1\] in another process"):
        shop.state(open_warehouse(other, shop.DERIVED))


def _run(code: str, workspace: Path, url: str, **environment: str) -> str:
    """Run code in a process of its own, because a process has one Spark; `warehouse` is what it reads."""
    opened = f"""
from datetime import UTC, datetime
from pathlib import Path
from ecombi.backends.warehouse import open_warehouse
from ecombi.errors import BackendUnavailable
from ecombi.settings import Settings
from tests.backends import shop
from tests.spark_cluster import CONF
conf = {{**CONF, "spark.ecombi.secondsWithoutWorker": "3"}}
settings = Settings(workspace=Path({str(workspace)!r}), database_url={url!r}, spark_conf=conf)
warehouse = open_warehouse(settings, shop.DERIVED)
"""
    command = [sys.executable, "-c", opened + code]
    done = subprocess.run(
        command, cwd=shop.ROOT, env={**os.environ, **environment}, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip()


@pytest.mark.spark
def test_in_this_process_it_starts_and_stops_and_counts_in_utc(tmp_path: Path) -> None:
    code = """
shop.publish(warehouse, rows=3)
again = open_warehouse(settings, shop.DERIVED)
assert shop.agrees(shop.state(warehouse)) and shop.state(again) == shop.state(warehouse)
at = datetime(2011, 11, 30, 12)
for value in (at, at.replace(tzinfo=UTC)):
    answer = warehouse.arrow("SELECT event_at, $at AS given FROM ledger WHERE event_at = $at", {"at": value})
    assert answer.to_pylist() == [{"event_at": at, "given": at}] * 3
(row,) = warehouse.arrow("SELECT CAST('2026-03-29 02:30:00' AS TIMESTAMP) AS t, $d AS d", {"d": at.date()}).to_pylist()
assert row == {"t": datetime(2026, 3, 29, 2, 30), "d": at.date()}
from pyspark import SparkContext
warehouse.close()
assert shop.agrees(shop.state(again))
again.close()
assert SparkContext._active_spark_context is None
assert shop.agrees(shop.state(again))
# As when the master is lost for good.
SparkContext._active_spark_context._jsc.sc().stop()
assert shop.agrees(shop.state(again))
again.close()
again.close()
assert SparkContext._active_spark_context is None
print("done")
"""
    assert _run(code, tmp_path, "spark:local[2]", TZ="America/New_York") == "done"


@pytest.mark.spark
def test_a_cluster_without_a_master_or_a_worker_is_transient(tmp_path: Path) -> None:
    code = """
shop.publish(warehouse, rows=3)
try:
    shop.state(warehouse)
except BackendUnavailable as error:
    print(error)
"""
    port = free_port()
    assert f"spark://127.0.0.1:{port} cannot be reached: Connection refused" in _run(
        code, tmp_path / "a", f"spark://127.0.0.1:{port}"
    )
    with cluster(workers=0) as url:
        assert f"{url} gave this process no worker for 3 seconds" in _run(code, tmp_path / "b", url)


@pytest.mark.spark
def test_without_java_it_says_what_is_missing(tmp_path: Path) -> None:
    code = """
from ecombi.errors import ConfigurationError
shop.publish(warehouse, rows=3)
try:
    shop.state(warehouse)
except ConfigurationError as error:
    print(error)
"""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "dirname", "ps"):
        (tools / name).symlink_to(shutil.which(name))
    said = _run(code, tmp_path, "spark:local[1]", PATH=str(tools), JAVA_HOME="")
    assert said.startswith("Spark needs Java 17 or newer")


@pytest.mark.parametrize(
    "url", ["spark:", "spark://", "spark:yarn", "spark:local[]", "spark://host:7077/shop", "spark:x"]
)
def test_an_unreadable_url_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"Write spark://host:7077 for a cluster, or spark:local\[2\]"):
        open_warehouse(Settings(workspace=tmp_path, database_url=url))


def test_settings_of_spark_reach_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(workspace=tmp_path, spark_folder=tmp_path / "shared", spark_conf={"spark.cores.max": "2"})
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    again = Settings()
    assert (again.spark_folder, again.spark_conf) == (tmp_path / "shared", {"spark.cores.max": "2"})


def test_loads_need_no_spark(tmp_path: Path) -> None:
    settings = Settings(workspace=tmp_path, database_url=f"spark://127.0.0.1:{free_port()}", spark_conf=CONF)
    warehouse = open_warehouse(settings, shop.DERIVED)
    assert warehouse.safe_url == settings.database_url.get_secret_value()
    assert shop.publish(warehouse) == warehouse.snapshot()
    assert (
        tmp_path / "warehouse" / "parquet" / "snapshots" / "wh-000001.parquet" / "ledger" / "part-0.parquet"
    ).is_file()
    warehouse.close()
