"""Guests are one customer where their e-mail address is the same, and the address itself is never stored."""

from __future__ import annotations

import hashlib

import pytest

from ecombi.schema import tables
from ecombi.sources.files import FileSource, parse_mapping
from tests.etl.workbench import SALES, Workbench, counts

GUESTS = SALES.replace(
    "customer: customer\n", "customer: customer\n      email: {from: E-Mail, type: email}\n"
).replace("customer_id: customer", "customer_id: {first_of: [customer, email]}")
HEADER = "order,at,customer,E-Mail,sku,qty,price\n"


def key(address: str) -> str:
    return "e-" + hashlib.sha256(address.encode()).hexdigest()[:16]


def line(order: int, email: str, customer: str = "", qty: str = "1") -> str:
    return f"{order},2026-03-0{order} 10:00:00,{customer},{email},A,{qty},5\n"


def test_a_guest_who_writes_the_address_otherwise_is_the_same_customer(bench: Workbench) -> None:
    bench.load_texts(GUESTS, HEADER + line(1, '" Ann@Example.com "') + line(2, "ann@example.com"))
    bench.load_texts(GUESTS, HEADER + line(3, "ANN@EXAMPLE.COM"))
    ann = key("ann@example.com")
    assert bench.rows("SELECT order_id, customer_id, customer_order_number FROM orders ORDER BY 1") == [
        ("1", ann, 1),
        ("2", ann, 2),
        ("3", ann, 3),
    ]
    assert bench.value("SELECT customer_id FROM customers") == ann


def test_a_customer_number_comes_before_the_address(bench: Workbench) -> None:
    bench.load_texts(GUESTS, HEADER + line(1, "ann@example.com", "K-7") + line(2, "bob@example.com") + line(3, ""))
    assert bench.rows("SELECT customer_id FROM ledger ORDER BY order_id") == [
        ("K-7",),
        (key("bob@example.com"),),
        (None,),
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("josé@example.com", "jose\u0301@example.com", True),  # é as one letter, or as e with an accent
        ("JOSE\u0301@example.com", "josé@example.com", True),
        ("\u00a0ann@example.com", "ann@example.com", True),
        ("ann.lee@example.com", "annlee@example.com", False),
        ("ann+shop@example.com", "ann@example.com", False),
        ("ann@example.com", "ann@example.org", False),
    ],
)
def test_nothing_cleverer_than_blanks_case_and_nfc(bench: Workbench, one: str, other: str, same: bool) -> None:
    bench.load_texts(GUESTS, HEADER + line(1, one) + line(2, other))
    assert bench.value("SELECT count(DISTINCT customer_id) AS n FROM ledger") == (1 if same else 2)


def test_what_is_no_address_is_held_back(bench: Workbench) -> None:
    assert counts(bench.load_texts(GUESTS, HEADER + line(1, "guest") + line(2, "@") + line(3, "a@b"))) == [(3, 1, 0, 2)]
    assert bench.rows("SELECT rule, reason FROM quarantine ORDER BY source_row") == [
        ("unreadable_email", "E-Mail 'guest' is not an e-mail address."),
        ("unreadable_email", "E-Mail '@' is not an e-mail address."),
    ]


def test_the_address_is_nowhere_in_the_warehouse_and_held_rows_still_come_out(bench: Workbench) -> None:
    torn = "3,2026-03-03 10:00:00,ann@example.com\n"
    damaged = line(4, "ann\0@example.com")
    content = HEADER + line(1, "Ann@Example.com") + line(2, "Ann@example.com", qty="one") + torn + damaged
    assert counts(bench.load_texts(GUESTS, content)) == [(4, 1, 0, 3)]
    for table in (*tables.LOADED, *tables.BOOKKEEPING):
        for row in bench.warehouse.arrow(f"SELECT * FROM {table.name}").to_pylist():
            assert "example.com" not in repr(row).lower(), table.name
    mended = GUESTS.replace("qty: {from: qty,", "qty: {from: price,")
    bench.replay(FileSource(parse_mapping(mended, "shop.yml")))
    ann = key("ann@example.com")
    assert bench.rows("SELECT order_id, customer_id FROM ledger WHERE order_id < '3' ORDER BY 1") == [
        ("1", ann),
        ("2", ann),
    ]


def test_other_files_may_look_an_address_up(bench: Workbench) -> None:
    mapping = """
name: shop
shop: {name: Shop, currency: EUR, time_zone: Europe/Berlin}
files:
  - name: customers
    match: "customers*"
    columns: {email: {from: mail, type: email}, person: person}
    keep: {as: people, key: email, columns: [person]}
  - name: orders
    match: "orders*"
    columns:
      order: order
      at: {from: at, type: datetime, required: true}
      email: {from: mail, type: email}
    lookups: [{from: people, on: email}]
    rows:
      - table: ledger
        kind: sale
        set: {event_at: at, order_id: order, customer_id: {first_of: [people.person, email]}, qty: 1, amount: 1}
"""
    people = bench.file("customers.csv", "mail,person\nAnn@example.com,K-7\n")
    orders = bench.file("orders.csv", "order,at,mail\n1,2026-03-01,ann@example.com\n2,2026-03-01,bob@example.com\n")
    bench.load(FileSource(parse_mapping(mapping, "shop.yml"), [orders, people]))
    assert bench.rows("SELECT customer_id FROM ledger ORDER BY order_id") == [("K-7",), (key("bob@example.com"),)]
