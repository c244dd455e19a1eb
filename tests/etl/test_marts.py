"""Orders and customers, computed from the ledger; expected figures are worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from ecombi.etl import build_marts
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
    columns = "customer_id, country, first_order_on, second_order_on, last_order_on, order_count, net_amount"
    assert shop.rows(f"SELECT {columns} FROM customers ORDER BY customer_id") == [
        (
            "Ann",
            "Spain",
            date(2026, 3, 1),
            date(2026, 3, 2),
            date(2026, 3, 2),
            2,
            Decimal("35.5000"),
        ),  # R1 names no order that has a sale
        ("Bob", None, date(2026, 3, 2), None, date(2026, 3, 2), 1, Decimal("10.0000")),
    ]


def test_orders_of_one_moment_are_numbered_by_their_id(bench: Workbench) -> None:
    same = "2026-03-01 10:00:00,Ann,A,1,1\n"
    bench.load_texts(SALES, HEADER + f"b,{same}a,{same}")
    assert bench.rows("SELECT order_id, customer_order_number FROM orders ORDER BY 2") == [("a", 1), ("b", 2)]


def test_building_again_changes_nothing(shop: Workbench) -> None:
    tables = ("orders", "customers", "fulfilments", "cohort_months", "days_loaded", "facts")
    before = [sorted(map(repr, shop.rows(f"SELECT * FROM {table}"))) for table in tables]
    with shop.warehouse.build() as build:
        build_marts(build)
        for table, rows in zip(tables, before, strict=True):
            (count,) = build.connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0]
            assert count == len(rows)
            assert sorted(map(repr, build.connection.execute(f"SELECT * FROM {table}").fetchall())) == rows
