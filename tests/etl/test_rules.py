"""A row at fault is held back with the rule it breaks, and never stops the others."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ecombi.etl.rules import RULES
from ecombi.sources.canonical import CanonicalSource
from tests.etl.workbench import Workbench, counts

Row = dict[str, object]
BEFORE, DAY, NEXT = date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2)
NINE, TEN, ELEVEN = (datetime.fromisoformat(f"2026-03-01T{hour}:00:00") for hour in ("09", "10", "11"))
MONEY, RATE, TEXT, WHOLE = pa.decimal128(18, 4), pa.decimal128(18, 8), pa.string(), pa.int64()
TYPES = {str: TEXT, int: WHOLE, date: pa.date32(), datetime: pa.timestamp("us"), Decimal: MONEY}

GOOD: dict[str, Row] = {
    "ledger": {
        "source_id": "0", "kind": "sale", "event_at": TEN, "order_at": TEN, "qty": 1, "amount": Decimal(5),
        "currency": "EUR", "fx_to_shop": Decimal(1),
    },
    "sessions": {
        "session_id": "0", "started_at": NINE, "viewed_at": NINE, "added_at": TEN, "checkout_at": TEN,
        "completed_at": ELEVEN, "ended_at": ELEVEN,
    },
    "payments": {"payment_id": "0", "kind": "capture", "paid_at": TEN, "amount": Decimal(5), "fee_amount": Decimal(0)},
    "inventory_daily": {
        "day": DAY, "sku": "0", "on_hand": -2, "committed": 0, "incoming": 0, "unit_cost": Decimal(1),
    },
    "purchase_orders": {
        "po_id": "0", "sku": "A", "supplier_id": "S", "ordered_on": DAY, "requested_on": NEXT, "received_on": DAY,
        "ordered_qty": 1, "received_qty": 0, "unit_cost": Decimal(1),
    },
    "receipts": {"po_id": "0", "sku": "A", "received_on": DAY, "qty": 0},
    "shipments": {
        "shipment_id": "0", "order_id": "1", "carrier": "C", "shipped_at": TEN, "promised_on": NEXT,
        "delivered_at": TEN, "ordered_qty": 1, "shipped_qty": 1, "cost_amount": Decimal(0),
    },
    "shipment_lines": {"shipment_id": "0", "line_id": "1", "sku": "A", "qty": 0, "shipped_at": TEN},
    "promises": {"order_id": "0", "made_at": TEN, "promised_on": DAY},
    "ad_spend": {
        "day": DAY, "campaign": "0", "traffic_source": "email", "spend_amount": Decimal(0), "impressions": 0,
        "clicks": 0,
    },
    "reviews": {"review_id": "0", "order_id": "1", "score": 5, "created_at": TEN},
}  # fmt: skip
"""A row on the edge of what each table takes."""

IDENTITY = {
    "ledger": "source_id", "sessions": "session_id", "payments": "payment_id", "inventory_daily": "sku",
    "purchase_orders": "po_id", "receipts": "po_id", "shipments": "shipment_id", "shipment_lines": "shipment_id",
    "promises": "order_id", "ad_spend": "campaign", "reviews": "review_id",
}  # fmt: skip

BAD: dict[str, list[tuple[str, Row]]] = {
    "ledger": [
        ("unknown_kind", {"kind": "sail"}),
        ("write_off_of_money", {"kind": "stock_write_off"}),
        ("rate_not_positive", {"fx_to_shop": Decimal(0), "currency": "USD"}),
        ("rate_of_own_currency", {"fx_to_shop": Decimal("1.1")}),
        ("missing_qty", {"qty": None}),
    ],
    "sessions": [
        ("viewed_at_out_of_order", {"started_at": TEN, "viewed_at": NINE}),
        ("added_at_out_of_order", {"viewed_at": None}),
        ("added_at_out_of_order", {"viewed_at": TEN, "added_at": NINE}),
        ("checkout_at_out_of_order", {"checkout_at": NINE}),
        ("completed_at_out_of_order", {"checkout_at": None}),
        ("ended_at_too_early", {"ended_at": TEN}),
        ("ended_at_too_early", {
            "started_at": TEN, "viewed_at": None, "added_at": None, "checkout_at": None, "completed_at": None,
            "ended_at": NINE,
        }),
    ],
    "payments": [("unknown_kind", {"kind": "captured"})],
    "inventory_daily": [
        ("negative_committed", {"committed": -1}),
        ("negative_incoming", {"incoming": -1}),
        ("negative_unit_cost", {"unit_cost": Decimal("-0.0001")}),
        ("missing_on_hand", {"on_hand": None}),
    ],
    "purchase_orders": [
        ("negative_ordered_qty", {"ordered_qty": -1}),
        ("negative_received_qty", {"received_qty": -1}),
        ("negative_unit_cost", {"unit_cost": Decimal(-1)}),
        ("received_on_too_early", {"ordered_on": NEXT}),
    ],
    "receipts": [("negative_qty", {"qty": -1})],
    "shipments": [
        ("negative_ordered_qty", {"ordered_qty": -1}),
        ("negative_shipped_qty", {"shipped_qty": -1}),
        ("negative_cost_amount", {"cost_amount": Decimal(-1)}),
        ("delivered_at_too_early", {"delivered_at": NINE}),
    ],
    "shipment_lines": [("negative_qty", {"qty": -1})],
    "promises": [("promised_on_too_early", {"promised_on": BEFORE}), ("missing_made_at", {"made_at": None})],
    "ad_spend": [
        ("negative_spend_amount", {"spend_amount": Decimal(-1)}),
        ("negative_impressions", {"impressions": -1}),
        ("negative_clicks", {"clicks": -1}),
    ],
    "reviews": [("score_out_of_range", {"score": 0}), ("score_out_of_range", {"score": 6})],
}  # fmt: skip


ACROSS = {"purchase_orders": {"ordered_on_too_late"}, "receipts": {"received_on_too_early"}}
"""Rules that look into another table, which have a test of their own."""


def deliver(folder: Path, table: str, rows: list[Row]) -> CanonicalSource:
    """Write the rows of one table as a folder a source can read."""
    (folder / table).mkdir(parents=True)
    schema = pa.schema(
        (name, RATE if name == "fx_to_shop" else TYPES[type(value)]) for name, value in GOOD[table].items()
    )
    pq.write_table(pa.Table.from_pylist(rows, schema), folder / table / "all.parquet")
    shop = {"name": "Shop", "currency": "EUR", "time_zone": "Europe/Berlin"}
    (folder / "shop.json").write_text(json.dumps(shop), encoding="utf-8")
    return CanonicalSource("shop", folder)


@pytest.mark.parametrize("table", BAD)
def test_one_bad_row_never_stops_a_load(bench: Workbench, table: str) -> None:
    bad = [{**GOOD[table], IDENTITY[table]: str(number), **fault} for number, (_, fault) in enumerate(BAD[table], 1)]
    rows = [*bad, GOOD[table]]
    (report,) = bench.load(deliver(bench.folder / "raw", table, rows))
    assert counts([report]) == [(len(rows), 1, 0, len(bad))]
    assert bench.rows("SELECT source_row, rule FROM quarantine ORDER BY source_row") == [
        (number, rule) for number, (rule, _) in enumerate(BAD[table], 1)
    ]
    assert bench.value(f"SELECT {IDENTITY[table]} FROM {table}") == "0"


def test_every_rule_has_a_row_that_breaks_it() -> None:
    for table, rules in RULES.items():
        assert {rule.name for rule in rules} <= {name for name, _ in BAD[table]} | ACROSS.get(table, set()), table


def test_a_receipt_is_not_before_its_purchase_order_whichever_is_delivered_first(bench: Workbench) -> None:
    order, receipt = GOOD["purchase_orders"] | {"received_on": None}, GOOD["receipts"]
    bench.load(deliver(bench.folder / "orders", "purchase_orders", [order]))
    received = [receipt | {"received_on": BEFORE}, receipt, receipt | {"po_id": "1", "received_on": BEFORE}]
    (report,) = bench.load(deliver(bench.folder / "receipts", "receipts", received))
    assert counts([report]) == [(3, 2, 0, 1)]
    (report,) = bench.load(deliver(bench.folder / "later", "purchase_orders", [order | {"po_id": "1"}]))
    assert counts([report]) == [(1, 0, 0, 1)]
    assert bench.rows("SELECT rule, value FROM quarantine ORDER BY rule") == [
        ("ordered_on_too_late", "2026-03-01"),
        ("received_on_too_early", "2026-02-28"),
    ]


def test_the_quarantine_says_what_is_wrong(bench: Workbench) -> None:
    late = {**GOOD["shipments"], "delivered_at": NINE}
    bench.load(deliver(bench.folder / "raw", "shipments", [late]))
    assert bench.rows("SELECT column_name, value, reason FROM quarantine") == [
        (
            "delivered_at",
            "2026-03-01 09:00:00",
            "delivered_at '2026-03-01 09:00:00' is before shipped_at: shipments cannot take this row.",
        )
    ]


def test_a_column_that_is_not_delivered_is_empty_to_the_rules(bench: Workbench) -> None:
    session = {"session_id": "1", "started_at": NINE, "added_at": TEN}
    source = deliver(bench.folder / "raw", "sessions", [])
    schema = pa.schema([("session_id", TEXT), ("started_at", pa.timestamp("us")), ("added_at", pa.timestamp("us"))])
    pq.write_table(pa.Table.from_pylist([session], schema), bench.folder / "raw" / "sessions" / "all.parquet")
    assert counts(bench.load(source)) == [(1, 0, 0, 1)]
    assert bench.value("SELECT rule FROM quarantine") == "added_at_out_of_order"
