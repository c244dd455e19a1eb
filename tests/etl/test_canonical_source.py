"""Folders of Parquet files with the warehouse's own columns: loaded whole, or day by day as a shop lives."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ecombi.errors import SourceError, SourceSchemaError
from ecombi.sources.canonical import CanonicalSource
from tests.etl.workbench import Workbench, counts

MONEY, RATE = pa.decimal128(18, 4), pa.decimal128(18, 8)
LEDGER = pa.schema(
    [
        ("source_id", pa.string()), ("kind", pa.string()), ("event_at", pa.timestamp("us")),
        ("order_at", pa.timestamp("us")), ("order_id", pa.string()), ("qty", pa.int64()), ("amount", MONEY),
        ("currency", pa.string()), ("fx_to_shop", RATE),
    ]
)  # fmt: skip


def event(number: int, at: str, amount: str = "10", kind: str | None = "sale") -> dict[str, object]:
    moment = datetime.fromisoformat(at)
    return {
        "source_id": f"E{number}", "kind": kind, "event_at": moment, "order_at": moment, "order_id": f"O{number}",
        "qty": 1, "amount": Decimal(amount), "currency": "EUR", "fx_to_shop": Decimal(1),
    }  # fmt: skip


def write(folder: Path, table: str, part: str, content: pa.Table) -> None:
    (folder / table).mkdir(parents=True, exist_ok=True)
    pq.write_table(content, folder / table / f"{part}.parquet")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    content = {"name": "Shop", "currency": "EUR", "time_zone": "Europe/Berlin"}
    (folder / "shop.json").write_text(json.dumps(content))
    return folder


def source(folder: Path, until: date | None = None) -> CanonicalSource:
    return CanonicalSource("simulated", folder, until=until)


def test_rows_are_numbered_over_all_files_of_a_table(bench: Workbench, shop: Path) -> None:
    write(shop, "ledger", "01", pa.Table.from_pylist([event(1, "2026-03-01"), event(2, "2026-03-02")], LEDGER))
    write(shop, "ledger", "02", pa.Table.from_pylist([event(3, "2026-03-03", "0.0001")], LEDGER))
    assert counts(bench.load(source(shop))) == [(3, 3, 0, 0)]
    assert bench.rows("SELECT source, source_id, source_row, amount FROM ledger ORDER BY 3") == [
        ("simulated", "E1", 1, Decimal("10.0000")),
        ("simulated", "E2", 2, Decimal("10.0000")),
        ("simulated", "E3", 3, Decimal("0.0001")),
    ]


def test_only_what_happened_before_a_day_of_the_shop_is_delivered(bench: Workbench, shop: Path) -> None:
    # Midnight in Berlin is 23:00 UTC in winter, 22:00 in summer.
    instants = ["2026-03-28T22:59:59", "2026-03-28T23:00:00", "2026-03-29T21:59:59", "2026-03-29T22:00:00"]
    rows = [event(number, at) for number, at in enumerate(instants, 1)]
    write(shop, "ledger", "01", pa.Table.from_pylist(rows, LEDGER))
    assert counts(bench.load(source(shop, date(2026, 3, 29)))) == [(1, 1, 0, 0)]
    assert counts(bench.load(source(shop, date(2026, 3, 30)))) == [(3, 2, 1, 0)]
    assert counts(bench.load(source(shop))) == [(4, 1, 3, 0)]
    assert bench.rows("SELECT source_row, event_on FROM ledger ORDER BY 1") == [
        (1, date(2026, 3, 28)),
        (2, date(2026, 3, 29)),
        (3, date(2026, 3, 29)),
        (4, date(2026, 3, 30)),
    ]


def test_what_a_day_did_not_know_yet_is_left_open(bench: Workbench, shop: Path) -> None:
    day = date(2026, 3, 1)
    order = {
        "po_id": "P1", "sku": "A", "supplier_id": "S", "ordered_on": day, "requested_on": date(2026, 3, 20),
        "confirmed_on": date(2026, 3, 3), "received_on": date(2026, 3, 25), "ordered_qty": 10, "received_qty": 8,
        "unit_cost": Decimal("2.5"),
    }  # fmt: skip
    kinds = {"unit_cost": MONEY}
    types = {int: pa.int64(), str: pa.string(), date: pa.date32()}
    schema = pa.schema([(name, kinds.get(name) or types[type(value)]) for name, value in order.items()])
    write(shop, "purchase_orders", "all", pa.Table.from_pylist([order], schema))
    known = "SELECT confirmed_on, received_on, received_qty FROM purchase_orders"
    for until, new, row in (
        (date(2026, 3, 1), 0, None),
        (date(2026, 3, 2), 1, (None, None, 0)),
        (date(2026, 3, 4), 1, (date(2026, 3, 3), None, 0)),
        (date(2026, 3, 5), 0, (date(2026, 3, 3), None, 0)),
        (date(2026, 3, 26), 1, (date(2026, 3, 3), date(2026, 3, 25), 8)),
    ):
        (report,) = bench.load(source(shop, until))
        assert report.rows_new == new
        assert bench.rows(known) == ([row] if row else [])


def test_of_a_visit_over_midnight_a_day_knows_the_steps_before_it(bench: Workbench, shop: Path) -> None:
    # Midnight in Berlin is 23:00 UTC in winter.
    steps = {
        "started_at": "2026-03-01T22:58:00", "viewed_at": "2026-03-01T22:59:00", "added_at": "2026-03-01T23:01:00",
        "checkout_at": "2026-03-01T23:02:00", "completed_at": "2026-03-01T23:03:00", "ended_at": "2026-03-01T23:03:00",
    }  # fmt: skip
    times = {name: datetime.fromisoformat(at) for name, at in steps.items()}
    texts = {"session_id": "S1", "order_id": "O1"}
    schema = pa.schema([*((name, pa.string()) for name in texts), *((name, pa.timestamp("us")) for name in times)])
    write(shop, "sessions", "all", pa.Table.from_pylist([{**texts, **times}], schema))
    known = "SELECT viewed_at, added_at, completed_at, ended_at, order_id FROM sessions"
    bench.load(source(shop, date(2026, 3, 2)))
    assert bench.rows(known) == [(times["viewed_at"], None, None, None, None)]
    bench.load(source(shop, date(2026, 3, 3)))
    assert bench.rows(known) == [
        (times["viewed_at"], times["added_at"], times["completed_at"], times["ended_at"], "O1")
    ]


def test_rows_the_ledger_cannot_take_are_held_back(bench: Workbench, shop: Path) -> None:
    rows = [
        event(1, "2026-03-01"),
        event(2, "2026-03-01", kind="sail"),
        event(3, "2026-03-01", kind=None),
        event(1, "2026-03-01"),
        event(1, "2026-03-01", "11"),
    ]
    write(shop, "ledger", "01", pa.Table.from_pylist(rows, LEDGER))
    (report,) = bench.load(source(shop))
    assert (*counts([report])[0], report.rows_duplicate) == (5, 1, 1, 3, 1)
    assert bench.rows("SELECT source_row, rule, reason FROM quarantine ORDER BY 1") == [
        (2, "unknown_kind", "kind 'sail' is not known: ledger cannot take this row."),
        (3, "missing_kind", "kind is empty: ledger cannot take this row."),
        (5, "contradicting_key", "Row 1 has the same source_id (E1) but other content."),
    ]
    assert '"amount":"10.0000"' in str(bench.value("SELECT raw FROM quarantine WHERE source_row = 2"))
    assert counts(bench.replay(source(shop))) == [(3, 0, 0, 3)]
    assert bench.value("SELECT count(*) AS n FROM ledger") == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.rename_columns([*t.column_names[:-1], "rate"]), "have a column 'rate'. "),
        (lambda t: t.drop_columns(["amount"]), "have no column 'amount'."),
        (lambda t: t.set_column(6, "amount", pa.array([1.5])), "Column amount of the files of ledger is DOUBLE"),
        (lambda t: t.set_column(5, "qty", pa.array(["1"])), "Column qty of the files of ledger is VARCHAR"),
    ],
)  # fmt: skip
def test_files_of_another_shape_are_refused(bench: Workbench, shop: Path, change: object, message: str) -> None:
    assert callable(change)
    write(shop, "ledger", "01", change(pa.Table.from_pylist([event(1, "2026-03-01")], LEDGER)))
    with pytest.raises(SourceSchemaError) as error:
        bench.load(source(shop))
    assert message in str(error.value)


def test_a_folder_without_a_shop_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no shop"):
        CanonicalSource("simulated", tmp_path)
    (tmp_path / "shop.json").write_text("{}")
    with pytest.raises(SourceError, match="is damaged: it needs name, currency and time_zone"):
        CanonicalSource("simulated", tmp_path)


def test_the_ledger_is_never_rewritten(bench: Workbench, shop: Path) -> None:
    write(shop, "ledger", "01", pa.Table.from_pylist([event(1, "2026-03-01"), event(2, "2026-03-01")], LEDGER))
    bench.load(source(shop))
    write(shop, "ledger", "01", pa.Table.from_pylist([event(1, "2026-03-01", "12"), event(2, "2026-03-01")], LEDGER))
    assert counts(bench.load(source(shop))) == [(2, 0, 1, 1)]
    assert bench.rows("SELECT rule, value FROM quarantine") == [("contradicting_key", "E1")]
    assert bench.value("SELECT sum(amount) AS a FROM ledger") == Decimal("20.0000")
