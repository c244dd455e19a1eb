"""What a simulation leaves on disk: the tables of the schema, the same bytes every time, complete or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Numeric, String

from ecombi.errors import ConfigurationError, SourceError
from ecombi.schema import tables
from ecombi.schema.tables import key_of
from ecombi.sources.simulated import Manifest, ShopConfig, read_manifest, simulate

SMALL = ShopConfig(orders=400, years=0.3, seed=11, end=date(2026, 4, 10))
ADDED = {"source", "source_row", "loaded_at", "load_id"}
DELIVERED = [table for table in tables.LOADED if table.name != "reviews"]

PROGRAM = (
    "import sys, pathlib, datetime, pyarrow; pyarrow.set_cpu_count(7); pyarrow.set_io_thread_count(3)\n"
    "from ecombi.sources.simulated import ShopConfig, simulate\n"
    "config = ShopConfig(orders=400, years=0.3, seed=11, end=datetime.date(2026, 4, 10))\n"
    "simulate(config, pathlib.Path(sys.argv[1]))"
)


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("table", DELIVERED, ids=lambda table: table.name)
def test_files_have_the_columns_and_types_of_the_schema(table: tables.Table, shop: tuple[Path, Manifest]) -> None:
    types = {Boolean: "bool", String: "string", BigInteger: "int64", Date: "date32[day]", DateTime: "timestamp[us]"}
    computed = {*ADDED, *tables.COMPUTED.get(table.name, {})}
    expected = {
        column.name: f"decimal128({column.type.precision}, {column.type.scale})"
        if isinstance(column.type, Numeric)
        else types[type(column.type)]
        for column in table.columns
        if column.name not in computed
    }
    for path in shop[1].files[table.name]:
        schema = pq.read_schema(shop[0] / path)
        assert {field.name: str(field.type) for field in schema} == expected


@pytest.mark.parametrize("table", DELIVERED, ids=lambda table: table.name)
def test_required_columns_are_full_and_keys_unique(table: tables.Table, db: duckdb.DuckDBPyConnection) -> None:
    computed = {*ADDED, *tables.COMPUTED.get(table.name, {})}
    columns = [c.name for c in table.columns if not c.nullable and c.name not in computed]
    nulls = " + ".join(f"count(*) FILTER ({name} IS NULL)" for name in columns)
    key = ", ".join(name for name in key_of(table) if name != "source")
    assert db.execute(f"SELECT {nulls} FROM {table.name}").fetchall() == [(0,)]
    assert db.execute(f"SELECT {key} FROM {table.name} GROUP BY ALL HAVING count(*) > 1").fetchall() == []


def test_the_manifest_names_every_file_and_total(shop: tuple[Path, Manifest], db: duckdb.DuckDBPyConnection) -> None:
    folder, manifest = shop
    on_disk = {
        str(p.relative_to(folder)) for p in folder.rglob("*.parquet") if p.relative_to(folder).parts[0] != "truth"
    }
    assert on_disk == {path for paths in manifest.files.values() for path in paths}
    assert read_manifest(folder) == manifest
    for table, rows in manifest.rows.items():
        assert db.execute(f"SELECT count(*) FROM {table}").fetchall() == [(rows,)]
    ledger = db.execute(
        "SELECT kind, count(*), sum(qty)::BIGINT, sum(amount) FROM ledger GROUP BY 1 ORDER BY 1"
    ).fetchall()
    found = [(kind, t.rows, t.qty, t.amount) for kind, t in manifest.kinds["ledger"].items()]
    assert found == ledger
    assert all(isinstance(amount, Decimal) for *_, amount in found)


def test_each_file_holds_its_own_month(db: duckdb.DuckDBPyConnection, shop: tuple[Path, Manifest]) -> None:
    found = db.execute(
        f"""SELECT parse_filename(filename, true), min(strftime(shop_day(event_at), '%Y-%m')),
        max(strftime(shop_day(event_at), '%Y-%m'))
        FROM read_parquet('{shop[0]}/ledger/*.parquet', filename=true) GROUP BY 1"""
    ).fetchall()
    assert len(found) == 24
    assert all(name == first == last for name, first, last in found)


def test_the_shop_is_named(shop: tuple[Path, Manifest]) -> None:
    facts = json.loads((shop[0] / "shop.json").read_text(encoding="utf-8"))
    assert facts == {"name": "Linden & Loom", "currency": "GBP", "time_zone": "Europe/London"}


def test_the_same_config_gives_the_same_bytes_whatever_the_threads(tmp_path: Path) -> None:
    simulate(SMALL, tmp_path / "a")
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "5",
        "OPENBLAS_NUM_THREADS": "5",
        "PYTHONHASHSEED": "99",
        "TZ": "Asia/Tokyo",
    }
    subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path / "b")], check=True, env=environment)
    assert _hashes(tmp_path / "a") == _hashes(tmp_path / "b")


def test_another_seed_gives_other_bytes(tmp_path: Path) -> None:
    simulate(SMALL, tmp_path / "a")
    simulate(ShopConfig(orders=400, years=0.3, seed=12, end=SMALL.end), tmp_path / "b")
    a, b = _hashes(tmp_path / "a"), _hashes(tmp_path / "b")
    assert {name for name in a if a[name] == b.get(name)} == {
        "shop.json", "suppliers/all.parquet", "truth/calendar.parquet",
    }  # fmt: skip


def test_a_complete_folder_is_left_as_it_is(tmp_path: Path) -> None:
    first = simulate(SMALL, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert simulate(SMALL, tmp_path) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("left", [b"", b'{"format": 1, "config"', b'{"format": 0}', b"[]"])
def test_an_incomplete_folder_is_made_anew(tmp_path: Path, left: bytes) -> None:
    simulate(SMALL, tmp_path / "a")
    simulate(SMALL, tmp_path / "b")
    (tmp_path / "b" / "manifest.json").write_bytes(left)
    next((tmp_path / "b" / "ledger").iterdir()).write_bytes(b"half a file")
    (tmp_path / "b" / "ledger" / "1999-01.parquet").write_bytes(b"of an earlier shop")
    assert read_manifest(tmp_path / "b") is None
    simulate(SMALL, tmp_path / "b")
    assert _hashes(tmp_path / "a") == _hashes(tmp_path / "b")


def test_two_processes_in_one_folder_take_turns(tmp_path: Path) -> None:
    simulate(SMALL, tmp_path / "a")
    simulate(ShopConfig(orders=40, years=0.1), tmp_path / "b")
    running = [subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path / "b")]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    assert _hashes(tmp_path / "a") == _hashes(tmp_path / "b")


def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "accounts.xlsx").write_bytes(b"mine")
    with pytest.raises(SourceError, match=r"accounts\.xlsx.*Name an empty folder"):
        simulate(SMALL, tmp_path)
    assert (tmp_path / "accounts.xlsx").read_bytes() == b"mine"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SourceError, match="cannot be written to"):
        simulate(SMALL, tmp_path / "file" / "shop")


def test_progress_goes_from_nothing_to_all(tmp_path: Path) -> None:
    told: list[float] = []
    simulate(SMALL, tmp_path, progress=lambda step, done: told.append(done))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert len(told) > 3


@pytest.mark.parametrize(
    "config",
    [
        ShopConfig(orders=1, years=0.02),
        ShopConfig(orders=3, years=1, seed=0),
        ShopConfig(orders=50, years=6, seed=1),
        ShopConfig(orders=300, years=0.02, end=date(2026, 3, 30), sessions_per_order=3),
        ShopConfig(orders=100, scale=1.5, years=0.1, end=date(2028, 3, 1)),
    ],
    ids=lambda config: f"{config.total_orders} orders in {config.years} years",
)
def test_small_and_odd_shops_are_whole(tmp_path: Path, config: ShopConfig) -> None:
    manifest = simulate(config, tmp_path)
    count = f"SELECT count(DISTINCT order_id) FILTER (kind = 'sale') FROM '{tmp_path}/ledger/*.parquet'"
    assert duckdb.sql(count).fetchall() == [(config.total_orders,)]
    assert manifest.rows["products"] == 420


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"orders": 0}, "Ask for 1 to 20,000,000"),
        ({"orders": -5}, "Ask for 1"),
        ({"orders": 1_000_000, "scale": 1000}, "at scale 1000"),
        ({"scale": 0}, "above 0"),
        ({"scale": float("nan")}, "scale is nan"),
        ({"years": 0}, "a week"),
        ({"years": 50}, "to 12"),
        ({"years": float("nan")}, "years is nan"),
        ({"seed": -1}, "from 0 on"),
        ({"sessions_per_order": 1}, "from 3 to 200"),
        ({"end": date(1980, 1, 1)}, "must lie between"),
    ],
)
def test_a_config_that_cannot_be_says_why(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        ShopConfig(**wrong)  # type: ignore[arg-type]


def test_scale_multiplies_the_orders() -> None:
    assert ShopConfig(orders=20_000, scale=2.5).total_orders == 50_000


def test_two_years_begin_on_the_same_day() -> None:
    assert ShopConfig(years=2, end=date(2026, 11, 1)).start == date(2024, 11, 1)
