"""The tie-out of the ledger, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ecombi.errors import ConfigurationError, PeriodError
from ecombi.etl import Condition, ledger_totals
from tests.etl.test_marts import EVENTS, MAPPING
from tests.etl.workbench import Workbench


@pytest.fixture(scope="module")
def duckdb_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    bench = Workbench(tmp_path_factory.mktemp("totals"))
    bench.load_texts(MAPPING, EVENTS)
    yield bench
    bench.warehouse.close()


@pytest.fixture(params=["duckdb", "postgresql"])
def shop(request: pytest.FixtureRequest, duckdb_shop: Workbench, tmp_path: Path) -> Iterator[Workbench]:
    if request.param == "duckdb":
        yield duckdb_shop
        return
    bench = Workbench(tmp_path, request.getfixturevalue("postgres_url"))
    bench.load_texts(MAPPING, EVENTS)
    yield bench
    bench.warehouse.close()


def test_totals_per_kind_are_exact(shop: Workbench) -> None:
    assert ledger_totals(shop.warehouse) == [
        {"kind": "return", "rows": 1, "qty": -1, "amount": Decimal("-10.0000"), "customers": 1, "orders": 1},
        {"kind": "sale", "rows": 5, "qty": 6, "amount": Decimal("55.5000"), "customers": 2, "orders": 4},
        {"kind": "shipping", "rows": 2, "qty": 2, "amount": Decimal("8.0000"), "customers": 2, "orders": 2},
    ]


def test_totals_can_be_cut_by_several_columns_and_by_time(shop: Workbench) -> None:
    found = ledger_totals(shop.warehouse, by=["month", "country"], where=["kind=sale"])
    assert [(row["month"], row["country"], row["amount"]) for row in found] == [
        (date(2026, 3, 1), "France", Decimal("35.5000")),
        (date(2026, 3, 1), "Spain", Decimal("10.0000")),
        (date(2026, 3, 1), None, Decimal("10.0000")),
    ]


CONDITIONS: list[tuple[list[str | Condition], int]] = [
    ([], 8),
    (["qty>1"], 1),
    (["amount >= 5.5", "amount<=10"], 4),
    (["country != France"], 2),
    (["country unknown"], 1),
    (["customer_id known"], 7),
    (["order_id starts R"], 1),
    (["order_id not-starts R", "kind = sale"], 5),
    (["event_on>=2026-03-03", "event_on < 2026-03-04"], 2),
    ([Condition("sku", "=", "POST")], 2),
    (["kind = refund"], 0),
]


def test_conditions(shop: Workbench) -> None:
    found = [ledger_totals(shop.warehouse, by=(), where=where)[0]["rows"] for where, _ in CONDITIONS]
    assert found == [rows for _, rows in CONDITIONS]


@pytest.mark.parametrize(
    ("by", "where", "message"),
    [
        (["cuntry"], [], "The ledger cannot be cut by 'cuntry'. Did you mean 'country'?"),
        ([], ["quantity>0"], "The ledger has no column 'quantity'."),
        ([], ["qty"], "'qty' is not a condition. Write a column"),
        ([], ["customer_id none"], "Unknown condition 'none'. Did you mean 'known'"),
        ([], ["qty > many"], "qty is a number and cannot be compared with 'many'."),
        ([], ["event_on > March"], "'March' is not a day."),
    ],
)
def test_a_question_that_cannot_be_answered_says_what_would_work(
    duckdb_shop: Workbench, by: list[str], where: list[str], message: str
) -> None:
    with pytest.raises((ConfigurationError, PeriodError)) as error:
        ledger_totals(duckdb_shop.warehouse, by=by, where=where)
    assert message in str(error.value)
