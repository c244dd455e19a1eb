"""The contract of a warehouse, on every engine."""

from __future__ import annotations

import shutil
import threading
import time
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, Numeric, SmallInteger, Table

from ecombi.backends.warehouse import Build, Warehouse, open_warehouse
from ecombi.errors import BackendError, EmptyWarehouse
from ecombi.schema import tables
from ecombi.schema.tables import key_of
from ecombi.settings import Settings
from tests.backends import shop

EVERY_TABLE = [*tables.BOOKKEEPING, *tables.LOADED, *tables.BUILT, *shop.DERIVED]
TEXTS = [
    "plain",
    "",
    "NULL",
    "\\N",
    "\\.",
    'say "hi", ok',
    "it's",
    "two\r\nlines\n\\.\nend",
    "tab\there",
    "Ærø ☃ 北京 🛒",
    " ",
]


def _values(column: object) -> list[object]:
    """Values at and near the limits of a column's type; the first is an ordinary one."""
    kind = column.type
    if isinstance(kind, Numeric):
        step = Decimal(1).scaleb(-kind.scale)
        most = Decimal(10) ** (kind.precision - kind.scale) - step
        return [Decimal("0.1000"), most, -most, step, -step, Decimal(0)]
    if isinstance(kind, DateTime):
        return [
            datetime.fromisoformat(at) for at in ("2011-11-30T23:59:59.999999", "0001-01-01", "9999-12-31T23:59:59")
        ]
    if isinstance(kind, Date):
        return [date(2012, 2, 29), date(1, 1, 1), date(9999, 12, 31)]
    if isinstance(kind, Boolean):
        return [True, False]
    for whole, bits in ((SmallInteger, 16), (BigInteger, 64), (Integer, 32)):
        if isinstance(kind, whole):
            return [7, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)) + 1, 0]
    return TEXTS


def _rows(table: Table) -> list[dict[str, object]]:
    """Rows that take every column through all its values, and through null where it may be; load_id counts from 1."""
    rows = []
    for turn in range(len(TEXTS) + 1):
        row: dict[str, object] = {}
        for column in table.columns:
            values = [*_values(column), *([None] if column.nullable else [])]
            row[column.name] = values[turn % len(values)]
        if "load_id" in row:
            row["load_id"] = turn + 1
        key = row[key_of(table)[0]]
        row[key_of(table)[0]] = f"{key}{turn}" if isinstance(key, str) else _apart(key, turn)
        rows.append(row)
    return rows


def _apart(key: object, turn: int) -> object:
    """Make keys of few values distinct."""
    if isinstance(key, date):
        return date(2000, 1, 1) + timedelta(days=turn)
    return turn + 1


def _insert(build: Build, table: Table, rows: list[dict[str, object]]) -> None:
    kinds = build.connection.sql(f"SELECT * FROM {table.name} WHERE false").to_arrow_table().schema
    build.connection.register("incoming", pa.Table.from_pylist(rows, schema=kinds))
    build.connection.execute(f"INSERT INTO {table.name} BY NAME SELECT * FROM incoming")
    build.connection.unregister("incoming")


def _by_key(table: Table, rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(rows, key=lambda row: repr([row[name] for name in key_of(table)]))


def _read(warehouse: Warehouse, table: Table) -> list[dict[str, object]]:
    names = ", ".join(table.columns.keys())
    return _by_key(table, warehouse.arrow(f"SELECT {names} FROM {table.name}").to_pylist())


def _as_read(schema: pa.Schema, warehouse: Warehouse) -> pa.Schema:
    """Spark sums money into as many digits as stored sums have, so both come back as sums."""
    if warehouse.dialect != "pyspark":
        return schema
    wide = {pa.decimal128(28, 4): pa.decimal128(38, 4)}
    return pa.schema([field.with_type(wide.get(field.type, field.type)) for field in schema])


def _spelled(sql: str, warehouse: Warehouse) -> str:
    """Spark has names of its own for two types."""
    own = {"VARCHAR": "STRING", "DOUBLE PRECISION": "DOUBLE"} if warehouse.dialect == "pyspark" else {}
    for name, spark in own.items():
        sql = sql.replace(name, spark)
    return sql


def test_every_table_comes_back_exactly_as_it_was_published(warehouse: Warehouse) -> None:
    with warehouse.build() as build:
        kinds = {}
        for table in EVERY_TABLE:
            _insert(build, table, _rows(table))
            kinds[table.name] = build.connection.sql(f"SELECT * FROM {table.name} LIMIT 0").to_arrow_table().schema
        build.publish(at=shop.NOON)
    for table in EVERY_TABLE:
        assert _read(warehouse, table) == _by_key(table, _rows(table))
        names = ", ".join(table.columns.keys())
        for limit in (0, 1):
            schema = warehouse.arrow(f"SELECT {names} FROM {table.name} LIMIT {limit}").schema
            assert schema == _as_read(kinds[table.name], warehouse)


def test_money_columns_are_exact_decimals_and_days_are_days(warehouse: Warehouse) -> None:
    shop.publish(warehouse)
    schema = warehouse.arrow("SELECT amount, fx_to_shop, event_on, event_at, event_hour, qty, sku FROM ledger").schema
    assert schema.types == [
        pa.decimal128(18, 4),
        pa.decimal128(18, 8),
        pa.date32(),
        pa.timestamp("us"),
        pa.int16(),
        pa.int64(),
        pa.string(),
    ]


def test_sums_are_exact_and_counts_are_whole_numbers(warehouse: Warehouse) -> None:
    with warehouse.build() as build:
        shop.load(build, rows=3)
        # 0.0000 + 0.0001 + 0.0002, twice the largest amount, and 0 + 1 + 2 units.
        build.connection.execute("UPDATE ledger SET amount = 99999999999999.9999 WHERE amount = 0")
        build.publish(at=shop.NOON)
    answer = warehouse.arrow("SELECT sum(amount) AS amount, sum(qty) AS qty, count(*) AS entries FROM ledger")
    assert answer.schema.types == [pa.decimal128(38, 4), pa.int64(), pa.int64()]
    assert answer.to_pylist() == [{"amount": Decimal("100000000000000.0002"), "qty": 3, "entries": 3}]


def test_ratios_are_floats_and_null_where_nothing_divides(warehouse: Warehouse) -> None:
    shop.publish(warehouse)
    answer = warehouse.arrow(
        _spelled(
            "SELECT CAST(1 AS DOUBLE PRECISION) / 3 AS third, CAST(1 AS DOUBLE PRECISION) / NULLIF(0, 0) AS nothing",
            warehouse,
        )
    )
    assert answer.schema.types == [pa.float64(), pa.float64()]
    assert answer.to_pylist() == [{"third": 1 / 3, "nothing": None}]


def test_an_empty_answer_keeps_names_and_types(warehouse: Warehouse) -> None:
    shop.publish(warehouse)
    answer = warehouse.arrow(
        "SELECT country, event_on, sum(amount) AS amount, count(*) AS entries FROM ledger "
        "WHERE country = $c GROUP BY country, event_on",
        {"c": "Atlantis"},
    )
    assert answer.num_rows == 0
    assert answer.schema == pa.schema(
        [
            ("country", pa.string()),
            ("event_on", pa.date32()),
            ("amount", pa.decimal128(38, 4)),
            ("entries", pa.int64()),
        ]
    )


@pytest.mark.parametrize(
    ("condition", "params", "matches"),
    [
        ("event_on = $day", {"day": date(2011, 12, 1)}, 1),
        ("event_on >= CAST($day AS DATE)", {"day": "2011-12-02"}, 1),
        ("source_id = $id", {"id": "1-0"}, 1),
        ("source_id = $id", {"id": "'; DROP TABLE ledger; --"}, 0),
        ("amount = $amount", {"amount": Decimal("0.0002")}, 1),
        ("qty > $least AND qty <= $most", {"least": 0, "most": 2}, 2),
        ("event_at < $at", {"at": datetime.fromisoformat("2011-11-30 12:00:01")}, 3),
        ("event_at < $at", {"at": datetime(2011, 11, 30, 13, 0, 1, tzinfo=timezone(timedelta(hours=1)))}, 3),
        ("CAST($c AS VARCHAR) IS NULL OR country = $c", {"c": None}, 3),
        ("CAST($c AS VARCHAR) IS NULL OR country = $c", {"c": "Iceland"}, 3),
        ("country LIKE 'Ice%' AND '$no' <> '%s' AND source_id <> '100%'", None, 3),
        ("country LIKE $like AND qty % 2 = 1", {"like": "%land"}, 1),
        ("country = 'it''s $c' OR country = $c", {"c": "Iceland"}, 3),
    ],
)
def test_values_are_bound_by_name(
    warehouse: Warehouse, condition: str, params: dict[str, object] | None, matches: int
) -> None:
    shop.publish(warehouse, rows=3)
    sql = _spelled(f"SELECT source_id FROM ledger WHERE {condition}", warehouse)
    assert warehouse.arrow(sql, params).num_rows == matches


def test_nothing_can_be_read_before_the_first_publication(warehouse: Warehouse) -> None:
    assert warehouse.snapshot() is None
    with pytest.raises(EmptyWarehouse, match="Load some data first"):
        warehouse.arrow("SELECT 1 AS one")
    with warehouse.build() as build:
        shop.load(build)
        with pytest.raises(EmptyWarehouse):
            warehouse.arrow("SELECT count(*) FROM ledger")
    assert warehouse.snapshot() is None


def test_a_build_is_invisible_until_it_is_published(warehouse: Warehouse) -> None:
    shop.publish(warehouse)
    before = shop.state(warehouse)
    with warehouse.build() as build:
        shop.load(build)
        assert shop.state(warehouse) == before
        build.publish(at=shop.NOON)
    assert shop.state(warehouse)["loads"] == 2


def test_leaving_a_build_without_publishing_leaves_no_trace(warehouse: Warehouse) -> None:
    first = shop.publish(warehouse)
    before = shop.state(warehouse)
    with warehouse.build() as build:
        shop.load(build)
    with pytest.raises(ZeroDivisionError), warehouse.build() as build:
        _ = shop.load(build) / 0
    assert shop.state(warehouse) == before
    assert warehouse.snapshot() == first
    with warehouse.build() as build:
        assert shop.load(build) == 2


def test_a_build_is_published_once_and_at_an_aware_time(warehouse: Warehouse) -> None:
    with warehouse.build() as build:
        with pytest.raises(ValueError, match="aware"):
            build.publish(at=datetime(2026, 1, 1))  # noqa: DTZ001 - a naive time is what is refused
        build.publish(at=shop.NOON)
        with pytest.raises(BackendError, match="published already"):
            build.publish(at=shop.NOON)


def test_results_kept_from_an_earlier_build_do_not_disturb_the_next(warehouse: Warehouse) -> None:
    kept: list[object] = []
    for loads in (1, 2, 3):
        with warehouse.build() as build:
            shop.load(build, rows=3)
            kept += [build, build.connection.sql("SELECT * FROM ledger"), build.connection.cursor()]
            build.publish(at=shop.NOON)
        assert shop.state(warehouse)["ledger_rows"] == 3 * loads


def test_snapshots_count_up_and_say_when_they_were_published(warehouse: Warehouse) -> None:
    at = datetime(2026, 1, 1, 13, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    for number in (1, 2, 3):
        with warehouse.build() as build:
            snapshot = build.publish(at=at)
        assert snapshot == warehouse.snapshot()
        assert snapshot.number == number
        assert snapshot.published_at == at
        assert snapshot.published_at.tzinfo is UTC


def test_opening_again_shows_the_same(settings: Settings, warehouse: Warehouse) -> None:
    snapshot = shop.publish(warehouse)
    again = open_warehouse(settings, shop.DERIVED)
    assert again.snapshot() == snapshot
    assert shop.state(again) == shop.state(warehouse)
    again.close()


def test_loads_append_to_the_ledger_renew_rows_by_key_and_rebuild_the_rest(warehouse: Warehouse) -> None:
    for _ in range(3):
        shop.publish(warehouse, rows=3)
    assert warehouse.arrow("SELECT source_id FROM ledger ORDER BY load_id, source_row")["source_id"].to_pylist() == [
        f"{load}-{row}" for load in (1, 2, 3) for row in (0, 1, 2)
    ]
    assert warehouse.arrow("SELECT * FROM products").to_pylist() == [
        {"sku": "p", "name": "Product 3", "category": None, "load_id": 3}
    ]
    assert warehouse.arrow("SELECT day, entries FROM sales_by_day ORDER BY day").to_pylist() == [
        {"day": date(2011, 11, 30) + timedelta(days=row), "entries": 3} for row in (0, 1, 2)
    ]


def test_a_build_starts_from_everything_that_was_published(settings: Settings, warehouse: Warehouse) -> None:
    with warehouse.build() as build:
        for table in EVERY_TABLE:
            _insert(build, table, _rows(table))
        build.publish(at=shop.NOON)
    shutil.rmtree(settings.workspace / "warehouse" / "server", ignore_errors=True)
    with warehouse.build() as build:
        for table in EVERY_TABLE:
            rows = build.connection.sql(f"SELECT * FROM {table.name}").to_arrow_table().to_pylist()
            assert _by_key(table, rows) == _by_key(table, _rows(table))
        assert build.publish(at=shop.NOON).number == 2


def test_every_column_says_what_it_means(warehouse: Warehouse) -> None:
    with warehouse.build() as build:
        said = build.connection.execute(
            "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal AND schema_name = 'main'"
        ).fetchall()
        build.publish(at=shop.NOON)
    if warehouse.dialect == "postgres":
        said = [
            tuple(row.values())
            for row in warehouse.arrow(
                "SELECT c.relname::text, a.attname::text, col_description(c.oid, a.attnum) FROM pg_class c "
                "JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'ecombi'::regnamespace "
                "AND c.relkind = 'r' AND a.attnum > 0"
            ).to_pylist()
        ]
    meaning = {(table, column): comment for table, column, comment in said}
    for table in EVERY_TABLE:
        for column in table.columns:
            assert meaning[table.name, column.name] == column.comment


@pytest.mark.parametrize("statement", ["DELETE FROM ledger", "CREATE TABLE t (i INTEGER)", "DROP TABLE ledger"])
def test_reading_cannot_write(warehouse: Warehouse, statement: str) -> None:
    shop.publish(warehouse)
    with pytest.raises(BackendError):
        warehouse.arrow(statement)
    assert shop.agrees(shop.state(warehouse))


@pytest.mark.parametrize("statement", ["SELECT nothing FROM ledger", "SELECT * FROM no_such_table", "SELEC 1", ""])
def test_a_wrong_statement_is_refused_and_the_next_one_answered(warehouse: Warehouse, statement: str) -> None:
    shop.publish(warehouse)
    with pytest.raises(BackendError):
        warehouse.arrow(statement)
    assert warehouse.arrow("SELECT 1 AS one").to_pylist() == [{"one": 1}]


def test_threads_read_while_another_publishes(warehouse: Warehouse) -> None:
    shop.publish(warehouse)
    ended, wrong, queries = threading.Event(), [], []

    def read() -> None:
        while not ended.is_set():
            try:
                seen = shop.state(warehouse)
                queries.append(seen["loads"])
                if not shop.agrees(seen):
                    wrong.append(seen)
            except Exception as error:  # noqa: BLE001 - whatever it is, it fails the test
                wrong.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        shop.publish(warehouse)
    give_up = time.monotonic() + 60
    while 4 not in queries and time.monotonic() < give_up:
        time.sleep(0.01)
    ended.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert 4 in queries


def test_a_failed_statement_in_a_build_leaves_the_warehouse_as_it_was(warehouse: Warehouse) -> None:
    shop.publish(warehouse)
    before = shop.state(warehouse)
    with warehouse.build() as build:
        shop.load(build)
        with pytest.raises(duckdb.ConstraintException):
            build.connection.execute("INSERT INTO products (sku) VALUES ('no load')")
        # A build in which a statement failed is not published in part.
        with pytest.raises(BackendError, match=r"Publishing snapshot 2 failed: .*aborted"):
            build.publish(at=shop.NOON)
    assert shop.state(warehouse) == before
    assert shop.publish(warehouse).number == 2


@pytest.mark.parametrize("size", [0, 100_000])
def test_a_full_disk_is_reported_and_the_next_build_puts_things_right(warehouse: Warehouse, size: int) -> None:
    shop.publish(warehouse)
    with shop.files_no_longer_than(size), pytest.raises(BackendError, match=r"failed: .*too large"):
        shop.publish(warehouse, rows=5_000)
    assert shop.agrees(shop.state(warehouse))
    after = shop.publish(warehouse)
    seen = shop.state(warehouse)
    assert shop.agrees(seen)
    # One load per publication: what the full disk stopped was either published or undone, whole.
    assert seen["loads"] == after.number
