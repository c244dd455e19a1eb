"""A real merchant's export, through the command line, on DuckDB and on PostgreSQL: every figure is exact."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from tests import online_retail
from tests.command import ecombi, records

pytestmark = [pytest.mark.real_data, pytest.mark.xdist_group("online-retail")]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A workspace that Online Retail was loaded into."""

    workspace: Path
    env: Mapping[str, str]
    report: Mapping[str, object]

    def records(self, *arguments: str) -> list[dict[str, object]]:
        return records(*arguments, workspace=self.workspace, env=self.env)


@pytest.fixture(scope="module", params=["duckdb", "postgresql"])
def shop(request, real_data, tmp_path_factory) -> Iterator[Loaded]:
    workspace, env = tmp_path_factory.mktemp(request.param) / "shop", {}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute("CREATE DATABASE online_retail")
        env["DATABASE_URL"] = f"{server.rsplit('/', 1)[0]}/online_retail"
    [report] = records("load", "online-retail", real_data / online_retail.FILE, workspace=workspace, env=env)
    yield Loaded(workspace, env, report)
    if request.param == "postgresql":
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute("DROP DATABASE online_retail WITH (FORCE)")


def test_every_row_is_loaded_and_duplicates_are_reported(shop):
    assert shop.report["rows_in"] == 541_909
    assert shop.report["rows_new"] + shop.report["rows_quarantined"] == 541_909
    assert shop.report["rows_quarantined"] == 0
    assert shop.report["rows_duplicate"] == 5_268


def test_ledger_sums_exactly_to_the_published_total(shop):
    by_kind = shop.records("ledger", "--by", "kind")
    assert sum(Decimal(row["amount"]) for row in by_kind) == Decimal("9747747.934")
    assert sum(row["rows"] for row in by_kind) == 541_909


def test_kinds_are_those_of_an_independent_reading(shop, real_data):
    rows, quantity, amount = Counter(), Counter(), defaultdict(Decimal)
    for line in online_retail.lines(real_data):
        rows[line.kind] += 1
        quantity[line.kind] += line.quantity
        amount[line.kind] += line.amount
    found = {row["kind"]: row for row in shop.records("ledger", "--by", "kind")}
    assert {kind: row["rows"] for kind, row in found.items()} == rows
    assert {kind: row["qty"] for kind, row in found.items()} == quantity
    assert {kind: Decimal(row["amount"]) for kind, row in found.items()} == amount


def test_the_commonly_quoted_cleaned_subset_has_the_published_figures(shop):
    conditions = ("customer_id known", "order_id not-starts C", "qty>0", "amount>0")
    [row] = shop.records("ledger", "--by", "", *(word for c in conditions for word in ("--where", c)))
    assert (row["rows"], row["customers"], row["orders"]) == (397_884, 4_338, 18_532)
    assert Decimal(row["amount"]) == Decimal("8911407.904")


@pytest.mark.parametrize(
    ("options", "column", "key"),
    [
        (("--grain", "month"), "month", "month"),
        (("--by", "country"), "country", "country"),
        (("--by", "product"), "product", "code"),
    ],
)
def test_net_sales_equal_the_sum_over_the_file(shop, real_data, options, column, key):
    expected = online_retail.net_sales(real_data, key)
    found = {row[column]: Decimal(row["net_sales"]) for row in shop.records("query", "net_sales", *options)}
    assert {name: amount for name, amount in found.items() if amount or name in expected} == expected


def test_loading_the_same_file_again_changes_nothing(shop, real_data):
    before = shop.records("ledger", "--by", "kind")
    [again] = shop.records("load", "online-retail", str(real_data / online_retail.FILE))
    assert (again["rows_in"], again["rows_new"], again["rows_known"]) == (541_909, 0, 541_909)
    assert shop.records("ledger", "--by", "kind") == before


def test_csv_and_json_say_the_same(shop):
    as_json = shop.records("query", "net_sales,orders", "--grain", "quarter")
    done = ecombi(
        "query", "net_sales,orders", "--grain", "quarter", "--format", "csv", workspace=shop.workspace, env=shop.env
    )
    header, *rows = done.stdout.splitlines()
    assert header == "quarter,net_sales,orders"
    assert rows == [f"{r['quarter']},{r['net_sales']},{r['orders']}" for r in as_json]
