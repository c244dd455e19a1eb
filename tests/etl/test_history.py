"""What was known after an earlier load: a replaced version is kept, on every engine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ecombi.schema import tables
from ecombi.sources.canonical import CanonicalSource
from ecombi.sources.simulated import ShopConfig, simulate
from tests.etl.workbench import SHOP, Workbench, counts

PRODUCTS = (
    SHOP
    + """
files:
  - name: products
    columns: {sku: {from: sku, required: true}, name: name, category: category}
    rows: [{table: products, set: {sku: sku, name: name, category: category}}]
"""
)
FIRST = "sku,name,category\nA,Apron,Kitchen\nB,Bowl,Kitchen\n"
SECOND = "sku,name,category\nA,Apron,Textiles\nB,Bowl,Kitchen\nC,Cup,\n"
THIRD = "sku,name,category\nA,Apron,Kitchen\nC,Cup,Kitchen\n"


@pytest.fixture(params=["duckdb", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workbench]:
    """An empty warehouse on each engine."""
    bench = Workbench(tmp_path, None if request.param == "duckdb" else request.getfixturevalue("postgres_url"))
    yield bench
    bench.warehouse.close()


def known(bench: Workbench, table: str, columns: str, load_id: int) -> list[tuple[object, ...]]:
    """Return the rows of a table as they were right after a load."""
    before = f"load_id <= {load_id}"
    return bench.rows(
        f"SELECT {columns} FROM {table} WHERE {before} UNION ALL "
        f"SELECT {columns} FROM {table}_history WHERE {before} AND replaced_by > {load_id} ORDER BY {columns}"
    )


def test_the_state_after_each_load_can_be_put_together_again(shop: Workbench) -> None:
    for content in (FIRST, SECOND, THIRD):
        shop.load_texts(PRODUCTS, content)
    assert [known(shop, "products", "sku, category", load) for load in (1, 2, 3)] == [
        [("A", "Kitchen"), ("B", "Kitchen")],
        [("A", "Textiles"), ("B", "Kitchen"), ("C", None)],
        [("A", "Kitchen"), ("B", "Kitchen"), ("C", "Kitchen")],
    ]
    assert shop.rows("SELECT sku, category, load_id, replaced_by FROM products_history ORDER BY sku, load_id") == [
        ("A", "Kitchen", 1, 2),
        ("A", "Textiles", 2, 3),
        ("C", None, 2, 3),
    ]


def test_another_machine_goes_on_with_the_history_of_the_server(postgres_url: str, tmp_path: Path) -> None:
    for number, content in enumerate((FIRST, SECOND, THIRD)):
        folder = tmp_path / str(number)
        folder.mkdir()
        bench = Workbench(folder, postgres_url)
        bench.load_texts(PRODUCTS, content)
        bench.warehouse.close()
    reader = Workbench(tmp_path, postgres_url)
    assert known(reader, "products", "sku, category", 1) == [("A", "Kitchen"), ("B", "Kitchen")]
    assert known(reader, "products", "sku, category", 2)[0] == ("A", "Textiles")
    reader.warehouse.close()


def test_a_version_that_its_own_load_replaced_was_never_known(bench: Workbench) -> None:
    twice = PRODUCTS.replace("rows: [", "rows: [{table: products, set: {sku: sku, name: {value: draft}}}, ")
    bench.load_texts(twice, FIRST)
    bench.load_texts(twice, SECOND)
    assert bench.rows("SELECT sku, name, load_id, replaced_by FROM products_history ORDER BY sku, load_id") == [
        ("A", "Apron", 1, 2),
        ("B", "Bowl", 1, 2),
    ]


def test_loading_what_is_known_replaces_nothing(bench: Workbench) -> None:
    bench.load_texts(PRODUCTS, SECOND)
    assert counts(bench.load_texts(PRODUCTS, SECOND + "\n")) == [(3, 0, 3, 0)]
    assert bench.value("SELECT count(*) AS n FROM products_history") == 0


def test_every_loaded_table_but_the_ledger_has_a_history() -> None:
    without = [table.name for table in tables.LOADED if tables.history_of(table) is None]
    assert without == ["ledger"]
    for table in tables.HISTORY:
        assert tables.key_of(table)[-1] == "load_id"
        assert tables.version_of(table) == "replaced_by"
        assert not table.c.replaced_by.nullable


def test_a_shop_loaded_day_by_day_remembers_what_each_day_knew(tmp_path: Path) -> None:
    """On each day a fresh warehouse that is loaded until then holds what the old one remembers of it."""
    raw = tmp_path / "raw"
    simulate(ShopConfig(orders=300, years=0.4, seed=3, end=date(2026, 4, 10)), raw)
    days = (date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 10))
    old = Workbench(tmp_path / "old")
    loads = []
    for day in days:
        old.load(CanonicalSource("simulated", raw, until=day))
        loads.append(old.value("SELECT max(load_id) AS n FROM loads"))
    replaced = old.rows(
        "SELECT count(*) AS n FROM shipments_history UNION ALL SELECT count(*) FROM purchase_orders_history"
    )
    assert all(rows != (0,) for rows in replaced)
    for day, load_id in zip(days, loads, strict=True):
        fresh = Workbench(tmp_path / str(day))
        fresh.load(CanonicalSource("simulated", raw, until=day))
        for table in (tables.shipments, tables.purchase_orders, tables.sessions):
            columns = ", ".join(column.name for column in table.columns if column.name != "load_id")
            assert isinstance(load_id, int)
            now = fresh.rows(f"SELECT {columns} FROM {table.name} ORDER BY {columns}")
            assert known(old, table.name, columns, load_id) == now
            assert now
        fresh.warehouse.close()
    old.warehouse.close()
