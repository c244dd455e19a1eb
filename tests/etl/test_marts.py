"""Orders, customers and rollups, computed from the ledger; expected figures are worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from ecombi.errors import DataQualityError
from ecombi.etl import build_marts
from ecombi.etl.checks import all_checks, run_checks
from tests.etl.workbench import HEADER, SALES, SHOP, Workbench

MAPPING = (
    SHOP
    + """
files:
  - name: events
    columns:
      order: order
      at: {from: at, type: datetime, required: true}
      placed: {from: placed, type: datetime}
      customer: customer
      sku: sku
      country: country
      qty: {from: qty, type: integer, required: true}
      amount: {from: amount, type: decimal, required: true}
    rows:
      - table: ledger
        kind:
          - return: {qty: {below: 0}}
          - shipping: {sku: POST}
          - sale: otherwise
        set: {event_at: at, order_at: {first_of: [placed, at]}, order_id: order, customer_id: customer, sku: sku,
              country: country, qty: qty, amount: amount}
"""
)
EVENTS = """order,at,placed,customer,sku,country,qty,amount
1,2026-03-01 10:00:00,,Ann,A,France,2,20.00
1,2026-03-01 10:01:00,,Ann,B,France,1,5.50
1,2026-03-01 10:01:00,,Ann,POST,France,1,4.00
2,2026-03-02 09:00:00,,Ann,A,Spain,1,10.00
3,2026-03-02 09:00:00,,Bob,A,,1,10.00
4,2026-03-03 09:00:00,,,A,France,1,10.00
5,2026-03-03 09:00:00,,Cid,POST,France,1,4.00
R1,2026-03-04 09:00:00,2026-03-01 10:00:00,Ann,A,France,-1,-10.00
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """Published once: the tests only read it, or leave a build without publishing."""
    bench = Workbench(tmp_path_factory.mktemp("marts"))
    bench.load_texts(MAPPING, EVENTS)
    yield bench
    bench.warehouse.close()


def test_an_order_is_what_has_a_sale_and_counts_up_per_customer(shop: Workbench) -> None:
    assert shop.rows("SELECT order_id, customer_id, ordered_on, customer_order_number FROM orders ORDER BY 1") == [
        ("1", "Ann", date(2026, 3, 1), 1),
        ("2", "Ann", date(2026, 3, 2), 2),
        ("3", "Bob", date(2026, 3, 2), 1),
        ("4", None, date(2026, 3, 3), None),
    ]


def test_customers_have_the_country_of_their_latest_order(shop: Workbench) -> None:
    assert shop.rows("SELECT * FROM customers ORDER BY customer_id") == [
        ("Ann", "Spain", date(2026, 3, 1), date(2026, 3, 2), 2),
        ("Bob", None, date(2026, 3, 2), date(2026, 3, 2), 1),
    ]


def test_the_rollup_has_both_bases(shop: Workbench) -> None:
    returns = "SELECT basis, day, country, qty, amount, entries FROM sales_daily WHERE kind = 'return' ORDER BY basis"
    assert shop.rows(returns) == [
        ("booked", date(2026, 3, 4), "France", -1, Decimal("-10.0000"), 1),
        ("ordered", date(2026, 3, 1), "France", -1, Decimal("-10.0000"), 1),
    ]
    total = "SELECT basis, sum(amount) AS a, sum(entries) AS n FROM sales_daily GROUP BY basis ORDER BY basis"
    assert shop.rows(total) == [("booked", Decimal("53.5000"), 8), ("ordered", Decimal("53.5000"), 8)]
    assert shop.rows("SELECT sum(cost_amount) AS c, sum(costed_amount) AS d FROM sales_daily") == [(None, Decimal(0))]


def test_orders_of_one_moment_are_numbered_by_their_id(bench: Workbench) -> None:
    same = "2026-03-01 10:00:00,Ann,A,1,1\n"
    bench.load_texts(SALES, HEADER + f"b,{same}a,{same}")
    assert bench.rows("SELECT order_id, customer_order_number FROM orders ORDER BY 2") == [("a", 1), ("b", 2)]


def test_building_again_changes_nothing(shop: Workbench) -> None:
    tables = ("orders", "customers", "sales_daily")
    before = [sorted(map(repr, shop.rows(f"SELECT * FROM {table}"))) for table in tables]
    with shop.warehouse.build() as build:
        build_marts(build)
        for table, rows in zip(tables, before, strict=True):
            (count,) = build.connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0]
            assert count == len(rows)
            assert sorted(map(repr, build.connection.execute(f"SELECT * FROM {table}").fetchall())) == rows


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
    "sales_daily_booked": "UPDATE sales_daily SET amount = amount + 0.0001 WHERE kind = 'return' AND basis = 'booked'",
    "sales_daily_ordered": "UPDATE sales_daily SET qty = qty + 1 WHERE kind = 'return' AND basis = 'ordered'",
    "sales_daily_booked_nothing_more": "INSERT INTO sales_daily "
    "SELECT * REPLACE (DATE '2020-01-01' AS day) FROM sales_daily "
    "WHERE kind = 'return' AND basis = 'booked'",
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
