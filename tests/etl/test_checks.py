"""The checks that run before anything is published: each notices what it is there for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ecombi.errors import DataQualityError
from ecombi.etl.checks import Check, all_checks, run_checks
from tests.etl.test_marts import EVENTS, MAPPING
from tests.etl.workbench import Workbench


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """Published once: the tests only leave builds without publishing."""
    bench = Workbench(tmp_path_factory.mktemp("checks"))
    bench.load_texts(MAPPING, EVENTS)
    yield bench
    bench.warehouse.close()


BREAKS = {
    "ledger_unique": "INSERT INTO ledger SELECT * FROM ledger WHERE source_row = 1",
    "ledger_kinds": "UPDATE ledger SET kind = 'sail' WHERE source_row = 1",
    "ledger_write_offs": "UPDATE ledger SET kind = 'stock_write_off' WHERE source_row = 3",
    "ledger_rates": "UPDATE ledger SET fx_to_shop = 0, currency = 'USD' WHERE source_row = 1",
    "ledger_own_currency": "UPDATE ledger SET fx_to_shop = 1.1 WHERE source_row = 1",
    "ledger_loads": "UPDATE ledger SET load_id = 9 WHERE source_row = 1",
    "one_shop": "INSERT INTO shop VALUES ('Other', 'EUR', 'Europe/Berlin')",
    "rows_in": "UPDATE loads SET rows_in = rows_in + 1",
    "rows_quarantined": "UPDATE loads SET rows_in = rows_in + 1, rows_quarantined = 1",
    "orders_complete": "DELETE FROM orders WHERE order_id = '4'",
    "orders_numbered": "UPDATE orders SET customer_order_number = 1 WHERE order_id = '4'",
    "customers_complete": "UPDATE customers SET order_count = 3 WHERE customer_id = 'Ann'",
    "customers_first_before_last": "UPDATE customers SET first_order_on = DATE '2026-04-01' WHERE customer_id = 'Ann'",
}  # fmt: skip


@pytest.mark.parametrize("check", BREAKS)
def test_broken_data_is_noticed(shop: Workbench, check: str) -> None:
    with shop.warehouse.build() as build:
        run_checks(build.connection)
        build.connection.execute(BREAKS[check])
        with pytest.raises(DataQualityError, match=r"Nothing was published\.") as error:
            run_checks(build.connection)
    assert error.value.check == check
    assert error.value.failing_rows


def test_checks_have_distinct_names_and_say_what_must_hold() -> None:
    checks = all_checks()
    assert len({check.name for check in checks}) == len(checks)
    assert all(check.meaning.endswith(".") for check in checks)


def test_a_check_of_another_table_is_run_too(shop: Workbench) -> None:
    extra = Check(name="no_tea", meaning="There is no tea.", failing="SELECT count(*) FROM tea")
    with shop.warehouse.build() as build:
        build.connection.execute("CREATE TABLE tea (cup VARCHAR)")
        run_checks(build.connection, [extra])
        build.connection.execute("INSERT INTO tea VALUES ('green'), ('black')")
        with pytest.raises(DataQualityError, match=r"no_tea failed for 2 rows: There is no tea\.") as error:
            run_checks(build.connection, [extra])
    assert (error.value.check, error.value.failing_rows) == ("no_tea", 2)


TWICE = {
    "a new row twice": (2, 2),
    "a new row that is an old one": (1, 2),
}


@pytest.mark.parametrize("loads", TWICE.values(), ids=TWICE)
def test_keys_of_new_rows_are_compared_with_all(shop: Workbench, loads: tuple[int, int]) -> None:
    with shop.warehouse.build() as build:
        connection = build.connection
        connection.execute("INSERT INTO loads SELECT * REPLACE (2 AS load_id) FROM loads")
        connection.execute("INSERT INTO products (sku, load_id) VALUES ('old', 1)")
        run_checks(connection, since=1)
        for load in loads:
            connection.execute("INSERT INTO products (sku, load_id) VALUES ('tea', ?)", [load])
        with pytest.raises(DataQualityError) as error:
            run_checks(connection, since=1)
    assert error.value.check == "products_unique"
