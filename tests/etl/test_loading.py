"""Loading: every row is accounted for, and loading again changes nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from ecombi.errors import DataQualityError, SourceError, WarehouseBusy
from ecombi.etl import load
from ecombi.etl.quarantine import show, summary
from ecombi.sources.files import FileSource, parse_mapping
from tests.etl.workbench import AT, HEADER, SALES, SHOP, Workbench, counts

MARCH = "1001,2026-03-01 10:00:00,C1,A,2,9.95\n1002,2026-03-31 23:30:00,C2,B,1,5\n"
APRIL = "1002,2026-03-31 23:30:00,C2,B,1,5\n1003,2026-04-01 09:00:00,C1,A,1,9.95\n"


def test_loading_the_same_file_again_is_skipped_under_any_name(bench: Workbench) -> None:
    (first,) = bench.load_texts(SALES, HEADER + MARCH)
    (again,) = bench.load_texts(SALES, HEADER + MARCH, name="other-name")
    assert counts([first, again]) == [(2, 2, 0, 0), (2, 0, 2, 0)]
    assert (first.skipped, again.skipped) == (False, True)
    assert bench.value("SELECT count(*) AS n FROM loads") == 1


def test_an_overlapping_export_adds_only_what_is_new(bench: Workbench) -> None:
    bench.load_texts(SALES, HEADER + MARCH)
    assert counts(bench.load_texts(SALES, HEADER + APRIL)) == [(2, 1, 1, 0)]
    assert bench.rows("SELECT order_id, sum(amount) AS a FROM ledger GROUP BY 1 ORDER BY 1") == [
        ("1001", Decimal("19.9000")),
        ("1002", Decimal("5.0000")),
        ("1003", Decimal("9.9500")),
    ]


def test_the_same_rows_written_another_way_are_known(bench: Workbench) -> None:
    bench.load_texts(SALES, HEADER + MARCH)
    rewritten = "price,order,at,customer,sku,qty,extra\n9.9500,1001,2026-03-01 10:00,C1,A,2.0,x\n"
    assert counts(bench.load_texts(SALES, rewritten)) == [(1, 0, 1, 0)]


def test_duplicates_are_kept_reported_and_known_again(bench: Workbench) -> None:
    row = "1001,2026-03-01 10:00:00,C1,A,1,9.95\n"
    (first,) = bench.load_texts(SALES, HEADER + row * 3)
    assert (first.rows_new, first.rows_duplicate) == (3, 2)
    (second,) = bench.load_texts(SALES, HEADER + row * 4)
    assert (second.rows_new, second.rows_known, second.rows_duplicate) == (1, 3, 3)
    assert bench.value("SELECT sum(amount) AS a FROM ledger") == Decimal("39.8000")


def test_every_row_is_accounted_for(bench: Workbench) -> None:
    bad = "1004,yesterday,C1,A,1,1\n1005,2026-03-01 10:00:00,C1,A,one,1\n,2026-03-01 10:00:00,C1,A,1,1\n1006,short\n"
    (report,) = bench.load_texts(SALES, HEADER + MARCH + bad)
    assert counts([report]) == [(6, 2, 0, 4)]
    held = {row["rule"]: row for row in show(bench.warehouse).to_pylist()}
    assert {rule: row["source_row"] for rule, row in held.items()} == {
        "unreadable_datetime": 3, "unreadable_integer": 4, "missing_value": 5, "unreadable_line": 6,
    }  # fmt: skip
    assert held["unreadable_integer"]["reason"] == "qty 'one' is not a whole number of at most 18 digits."
    assert held["missing_value"]["reason"] == "order is empty."
    assert '"order":"1005"' in str(held["unreadable_integer"]["raw"])
    assert [row["rows"] for row in summary(bench.warehouse).to_pylist()] == [1, 1, 1, 1]


def test_an_amount_that_cannot_be_exact_is_held_back(bench: Workbench) -> None:
    huge = "1001,2026-03-01 10:00:00,C1,A,999999999999999999,99999999999999\n"
    too_fine = SALES.replace("qty * price", "price * price")
    assert counts(bench.load_texts(SALES, HEADER + huge)) == [(1, 0, 0, 1)]
    assert counts(bench.load_texts(too_fine, HEADER + "1001,2026-03-01 10:00:00,C1,A,1,0.001\n")) == [(1, 0, 0, 1)]
    assert bench.rows("SELECT DISTINCT rule, column_name FROM quarantine") == [("inexact_result", "amount")]


def test_days_and_hours_are_those_of_the_shop_on_the_days_the_clocks_change(bench: Workbench) -> None:
    mapping = SALES.replace("type: datetime", 'type: datetime, formats: "%Y-%m-%dT%H:%M:%S%z"')
    instants = {
        "2026-03-28T22:59:59+0000": (date(2026, 3, 28), 23),
        "2026-03-28T23:00:00+0000": (date(2026, 3, 29), 0),
        "2026-03-29T00:59:59+0000": (date(2026, 3, 29), 1),
        "2026-03-29T01:00:00+0000": (date(2026, 3, 29), 3),  # there is no 02:00 that day
        "2026-03-29T21:59:59+0000": (date(2026, 3, 29), 23),
        "2026-03-29T22:00:00+0000": (date(2026, 3, 30), 0),
        "2026-10-25T00:30:00+0000": (date(2026, 10, 25), 2),
        "2026-10-25T01:30:00+0000": (date(2026, 10, 25), 2),  # 02:30 happens twice
        "2026-10-25T22:59:59+0000": (date(2026, 10, 25), 23),
        "2026-10-25T23:00:00+0000": (date(2026, 10, 26), 0),
    }
    bench.load_texts(mapping, HEADER + "".join(f"{at},{at},C1,A,1,1\n" for at in instants))
    found = bench.rows("SELECT order_id, event_on, event_hour, order_on, order_hour FROM ledger")
    assert {str(at): (day, hour) for at, day, hour, _, _ in found} == instants
    assert all(row[1:3] == row[3:5] for row in found)


def test_loaded_rows_say_when_and_by_which_load_they_became_known(bench: Workbench) -> None:
    later = AT + timedelta(days=1)
    bench.load_texts(SALES, HEADER + MARCH)
    bench.load(FileSource(parse_mapping(SALES, "shop.yml"), [bench.file("b.csv", HEADER + APRIL)]), at=later)
    assert bench.rows("SELECT order_id, load_id, loaded_at FROM ledger ORDER BY 1") == [
        ("1001", 1, AT.replace(tzinfo=None)),
        ("1002", 1, AT.replace(tzinfo=None)),
        ("1003", 2, later.replace(tzinfo=None)),
    ]


KINDS = SALES.replace(
    "kind: sale",
    """kind:
          - shipping_refund: {sku: {in: [POST, c2]}, order: {starts_with: c}}
          - shipping: {sku: {in: [POST, c2]}}
          - gift_card_issue: {sku: {matches: "gift_*"}}
          - return: {order: {starts_with: C}}
          - stock_write_off: {qty: {below: 0}, price: 0}
          - discount: {customer: {empty: true}, price: {below: 0}}
          - sale: {qty: {above: 0}}""",
)


def test_the_first_kind_rule_that_fits_wins_and_texts_compare_without_case(bench: Workbench) -> None:
    lines = {
        "C1,Post": "shipping_refund", "1,post": "shipping", "2,C2": "shipping", "3,GIFT_0001": "gift_card_issue",
        "c9,A": "return", "4,A": "sale",
    }  # fmt: skip
    rows = [f"{key.split(',')[0]},2026-03-01 10:00:00,K,{key.split(',')[1]},1,1\n" for key in lines]
    rows += ["5,2026-03-01 10:00:00,K,A,-3,0\n", "6,2026-03-01 10:00:00,,A,1,-2\n"]
    bench.load_texts(KINDS, HEADER + "".join(rows))
    kinds = [row[0] for row in bench.rows("SELECT kind FROM ledger ORDER BY source_row")]
    assert kinds == [*lines.values(), "stock_write_off", "discount"]


def test_a_row_that_no_kind_rule_fits_is_held_back(bench: Workbench) -> None:
    assert counts(bench.load_texts(KINDS, HEADER + "7,2026-03-01 10:00:00,K,A,0,5\n")) == [(1, 0, 0, 1)]
    assert bench.value("SELECT rule FROM quarantine") == "missing_kind"


ITEMS = (
    SHOP
    + """
files:
  - name: orders
    match: "orders*"
    columns:
      order: {from: order, required: true}
      at: {from: at, type: datetime, required: true}
    keep: {as: orders, key: order, columns: [at]}
  - name: items
    match: "items*"
    columns:
      order: {from: order, required: true}
      line: {from: line, type: integer}
      price: {from: price, type: decimal, required: true}
      freight: {from: freight, type: decimal}
    key: [order, line]
    lookups: [{from: orders, on: order, required: true}]
    rows:
      - table: ledger
        kind: sale
        set: &line {event_at: orders.at, order_id: order, line_id: line, qty: 1, amount: price}
      - table: ledger
        kind: shipping
        when: {freight: {not_equals: 0}}
        set: {<<: *line, qty: 0, amount: freight}
"""
)


def items_source(bench: Workbench, **files: str) -> FileSource:
    paths = [bench.file(f"{name}.csv", content) for name, content in files.items()]
    return FileSource(parse_mapping(ITEMS, "shop.yml"), paths)


def test_one_row_may_give_several_ledger_rows_and_is_counted_once(bench: Workbench) -> None:
    items = "order,line,price,freight\n1,1,10,2.5\n1,2,20,0\n"
    reports = bench.load(items_source(bench, items=items, orders="order,at\n1,2026-03-01 10:00:00\n"))
    # The orders are loaded first, in whatever order the files are named.
    assert counts(reports) == [(1, 1, 0, 0), (2, 2, 0, 0)]
    assert bench.rows("SELECT source_id, kind, amount FROM ledger ORDER BY source_id") == [
        ("1:1", "sale", Decimal("10.0000")),
        ("1:1:shipping", "shipping", Decimal("2.5000")),
        ("1:2", "sale", Decimal("20.0000")),
    ]


def test_rows_wait_for_what_they_look_up_and_come_out_by_replay(bench: Workbench) -> None:
    items = "order,line,price,freight\n1,1,10,2.5\n2,1,20,0\n2,1,20,0\n"
    assert counts(bench.load(items_source(bench, items=items))) == [(3, 0, 0, 3)]
    (held,) = summary(bench.warehouse).to_pylist()
    assert (held["rule"], held["column_name"], held["rows"]) == ("not_in_orders", "order", 3)
    assert "Load those, then replay the quarantine." in held["reason"]

    bench.load(items_source(bench, orders="order,at\n2,2026-03-01 10:00:00\n"))
    (report,) = bench.replay(items_source(bench))
    # Of two equal rows with one key the second is known.
    assert counts([report]) == [(3, 1, 1, 1)]
    assert bench.rows("SELECT order_id, amount FROM ledger") == [("2", Decimal("20.0000"))]
    assert bench.rows("SELECT source_row, replayed_at IS NULL AS h FROM quarantine ORDER BY 1") == [
        (1, True),
        (2, False),
        (3, False),
    ]
    (skipped,) = bench.load(items_source(bench, items=items))
    assert (skipped.skipped, *counts([skipped])[0]) == (True, 3, 0, 2, 1)
    assert bench.value("SELECT count(*) AS n FROM ledger") == 1


def test_a_replay_says_what_is_wrong_now(bench: Workbench) -> None:
    bench.load_texts(SALES, HEADER + "1001,2026-03-01 10:00:00,C1,A,2,9;95\n")
    stricter = SALES.replace("customer: customer", "customer: {from: customer, type: integer}")
    assert counts(bench.replay(FileSource(parse_mapping(stricter, "shop.yml")))) == [(1, 0, 0, 1)]
    assert bench.rows("SELECT rule, value FROM quarantine") == [("unreadable_integer", "C1")]
    mended = SALES.replace("price: {from: price, type: decimal", 'price: {from: price, nulls: ["9;95"], type: decimal')
    optional = mended.replace("required: true}\n    rows", "required: false}\n    rows")
    kinder = optional.replace("qty * price", "{first_of: [price, qty]}")
    assert counts(bench.replay(FileSource(parse_mapping(kinder, "shop.yml")))) == [(1, 1, 0, 0)]
    assert bench.value("SELECT amount FROM ledger") == Decimal("2.0000")


def test_of_rows_with_one_key_and_other_content_only_the_first_counts(bench: Workbench) -> None:
    orders = "order,at\n1,2026-03-01 10:00:00\n1,2026-03-02 10:00:00\n"
    items = "order,line,price,freight\n1,1,10,0\n1,1,11,0\n1,1,10,0\n"
    reports = bench.load(items_source(bench, orders=orders, items=items))
    assert counts(reports) == [(2, 1, 0, 1), (3, 1, 1, 1)]
    assert [one.rows_duplicate for one in reports] == [0, 1]
    assert bench.rows("SELECT event_on, amount FROM ledger") == [(date(2026, 3, 1), Decimal("10.0000"))]
    assert {row[0] for row in bench.rows("SELECT rule FROM quarantine")} == {"contradicting_key"}


SECOND_SHOP = SALES.replace("name: shop", "name: second-shop", 1)


def test_two_shops_with_the_same_order_number_do_not_become_one_order(bench: Workbench) -> None:
    bench.load_texts(SALES, HEADER + MARCH)
    other = "1001,2026-03-05 10:00:00,C9,A,1,30\n1007,2026-03-06 10:00:00,C9,A,1,7\n"
    assert counts(bench.load_texts(SECOND_SHOP, HEADER + other, name="other")) == [(2, 1, 0, 1)]
    [(rule, value, reason)] = bench.rows("SELECT rule, value, reason FROM quarantine")
    assert (rule, value) == ("order_of_another_source", "1001")
    assert "The ledger has an order 1001 of the source shop." in reason
    assert bench.rows("SELECT order_id, customer_id FROM orders ORDER BY 1") == [
        ("1001", "C1"), ("1002", "C2"), ("1007", "C9"),
    ]  # fmt: skip

    prefixed = SECOND_SHOP.replace("order_id: order", "order_id: {join: [order], prefix: B-}")
    assert counts(bench.replay(FileSource(parse_mapping(prefixed, "shop.yml")))) == [(1, 1, 0, 0)]
    both = "SELECT order_id, customer_id, net_amount FROM orders WHERE order_id LIKE '%1001' ORDER BY 1"
    assert bench.rows(both) == [
        ("1001", "C1", Decimal("19.9000")), ("B-1001", "C9", Decimal("30.0000")),
    ]  # fmt: skip


def test_all_rows_of_such_an_order_wait_together_whatever_they_are(bench: Workbench) -> None:
    bench.load_texts(SALES, HEADER + MARCH)
    postage = """      - table: ledger
        name: postage
        kind: shipping
        when: {sku: POST}
        set: {event_at: at, order_id: order, customer_id: customer, qty: {value: 0}, amount: price}
"""
    goods = SECOND_SHOP.replace("kind: sale", "when: {sku: {not_equals: POST}}\n        kind: sale") + postage
    other = "1001,2026-03-05 10:00:00,C9,A,1,30\n1001,2026-03-05 10:00:00,C9,POST,1,4\n"
    (report,) = bench.load_texts(goods, HEADER + other, name="other")
    assert counts([report]) == [(2, 0, 0, 2)]
    assert bench.rows("SELECT DISTINCT rule FROM quarantine") == [("order_of_another_source",)]


def test_a_fee_of_another_source_goes_with_the_order(bench: Workbench) -> None:
    bench.load_texts(SALES, HEADER + MARCH)
    fees = SECOND_SHOP.replace("kind: sale", "kind: fee")
    assert counts(bench.load_texts(fees, HEADER + "1001,2026-03-05 10:00:00,C1,A,0,1\n", name="fees")) == [(1, 1, 0, 0)]


PRODUCTS = (
    SHOP
    + """
files:
  - name: products
    columns: {sku: {from: sku, required: true}, name: name, category: category}
    rows: [{table: products, set: {sku: sku, name: name, category: category}}]
"""
)


def test_tables_with_a_key_are_brought_up_to_date(bench: Workbench) -> None:
    bench.load_texts(PRODUCTS, "sku,name,category\nA,Apron,Kitchen\nB,Bowl,Kitchen\n")
    assert counts(bench.load_texts(PRODUCTS, "sku,name,category\nA,Apron,Textiles\nB,Bowl,Kitchen\nC,Cup,\n")) == [
        (3, 2, 1, 0)
    ]
    assert bench.rows("SELECT sku, category, load_id FROM products ORDER BY 1") == [
        ("A", "Textiles", 2),
        ("B", "Kitchen", 1),
        ("C", None, 2),
    ]


def test_a_shop_of_another_currency_or_time_zone_is_refused(bench: Workbench) -> None:
    bench.load_texts(SALES, HEADER + MARCH)
    for old, new in (("EUR", "USD"), ("Europe/Berlin", "Europe/Paris")):
        with pytest.raises(SourceError, match=r"This workspace holds the shop 'Shop', in EUR and Europe/Berlin"):
            bench.load_texts(SALES.replace(old, new), HEADER + APRIL)
    assert bench.value("SELECT count(*) AS n FROM ledger") == 2


def test_a_failed_load_leaves_no_trace(bench: Workbench) -> None:
    bench.load_texts(SALES, HEADER + MARCH)
    before = bench.warehouse.snapshot()
    good, bad = bench.file("good.csv", HEADER + APRIL), bench.file("bad.csv", "order;at\n")
    with pytest.raises(SourceError):
        bench.load(FileSource(parse_mapping(SALES, "shop.yml"), [good, bad]))
    assert bench.warehouse.snapshot() == before
    assert counts(bench.load(FileSource(parse_mapping(SALES, "shop.yml"), [good]))) == [(2, 1, 1, 0)]


def test_progress_names_every_delivery(bench: Workbench) -> None:
    told: list[tuple[str, int, int]] = []
    paths = [bench.file(f"{name}.csv", HEADER + row) for name, row in (("a", MARCH), ("b", APRIL))]
    with bench.warehouse.build() as build:
        source = FileSource(parse_mapping(SALES, "shop.yml"), paths)
        load(build, source, run_id="r", at=AT, progress=lambda *now: told.append(now))
    assert told == [("a.csv", 0, 2), ("b.csv", 1, 2), ("b.csv", 2, 2)]


def test_a_naive_time_is_refused(bench: Workbench) -> None:
    source = FileSource(parse_mapping(SALES, "shop.yml"), [bench.file("a.csv", HEADER + MARCH)])
    with pytest.raises(ValueError, match="aware"), bench.warehouse.build() as build:
        load(build, source, run_id="r", at=datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None))


def test_two_builds_exclude_each_other(bench: Workbench) -> None:
    with bench.warehouse.build(), pytest.raises(WarehouseBusy):
        bench.load_texts(SALES, HEADER + MARCH)


def test_amounts_that_add_up_to_more_than_a_ledger_row_can_hold_are_summed(bench: Workbench) -> None:
    largest = "".join(f"{order},2026-03-01 10:00:00,C1,S,1,99999999999999.9999\n" for order in range(3))
    assert counts(bench.load_texts(SALES, HEADER + largest)) == [(3, 3, 0, 0)]
    assert bench.value("SELECT net_amount FROM customers") == Decimal("299999999999999.9997")


def test_quantities_beyond_every_sum_are_answered_in_words_and_nothing_is_published(bench: Workbench) -> None:
    beyond = "".join(f"{order},2026-03-01 10:00:00,C1,S,999999999999999999,0\n" for order in range(12))
    with pytest.raises(DataQualityError, match=r"add up to more than 18 digits"):
        bench.load_texts(SALES, HEADER + beyond)
    assert bench.warehouse.snapshot() is None
