"""Three published data sets, against the figures their publishers and many others give."""

from __future__ import annotations

import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ecombi.etl import ledger_totals
from ecombi.etl.quarantine import summary
from ecombi.sources.files import FileSource, find_mapping
from tests.etl.workbench import PROJECT_MAPPINGS, Workbench, counts

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def online_retail(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    bench = Workbench(tmp_path_factory.mktemp("online_retail"))
    file = real_data / "online-retail" / "online_retail_all.csv.gz"
    (first,), (second,) = bench.load_named("online-retail", file), bench.load_named("online-retail", file)
    assert (first.rows_in, first.rows_new, first.rows_quarantined, first.skipped) == (541_909, 541_909, 0, False)
    assert (second.rows_in, second.rows_new, second.rows_known, second.skipped) == (541_909, 0, 541_909, True)
    # 5,268 duplicate rows are the commonly quoted figure (data frame.duplicated().sum()).
    assert first.rows_duplicate == 5_268
    return bench


def test_online_retail_sums_exactly_to_the_file(online_retail: Workbench) -> None:
    (total,) = ledger_totals(online_retail.warehouse, by=())
    assert total["rows"] == 541_909
    assert total["amount"] == Decimal("9747747.934")
    assert total["customers"] == 4_372
    assert total["orders"] == 25_900


def test_online_retail_cleaned_in_the_usual_way_gives_the_published_figures(online_retail: Workbench) -> None:
    usual = ["customer_id known", "order_id not-starts C", "qty>0", "amount>0"]
    (total,) = ledger_totals(online_retail.warehouse, by=(), where=usual)
    assert (total["rows"], total["customers"], total["orders"]) == (397_884, 4_338, 18_532)
    assert total["amount"] == Decimal("8911407.904")


def test_online_retail_kinds_follow_the_codes(online_retail: Workbench) -> None:
    kinds = {row["kind"]: row for row in ledger_totals(online_retail.warehouse, by=["kind"])}
    assert set(kinds) == {
        "sale", "return", "shipping", "shipping_refund", "discount", "fee", "gift_card_issue", "adjustment",
        "stock_write_off",
    }  # fmt: skip
    assert kinds["stock_write_off"]["amount"] == 0
    assert kinds["discount"]["rows"] == 77
    # Counted in the file with other tools: POST 1,256 and DOT 710 and C2 144 lines.
    assert kinds["shipping"]["rows"] + kinds["shipping_refund"]["rows"] == 1_256 + 710 + 144


def test_online_retail_products_have_their_most_frequent_description(online_retail: Workbench) -> None:
    assert online_retail.value("SELECT name FROM products WHERE sku = '85123A'") == "WHITE HANGING HEART T-LIGHT HOLDER"
    assert online_retail.value("SELECT count(*) AS n FROM products") == 4_070


def test_online_retail_customers_are_whole_numbers(online_retail: Workbench) -> None:
    assert online_retail.value("SELECT min(customer_id) AS c FROM customers") == "12346"
    assert online_retail.value("SELECT count(*) AS n FROM customers WHERE customer_id LIKE '%.%'") == 0


def test_cdnow_master_gives_the_published_figures(real_data: Path, bench: Workbench) -> None:
    (report,) = bench.load_named("cdnow", real_data / "cdnow" / "CDNOW_master.txt.gz")
    assert (report.rows_in, report.rows_new, report.rows_duplicate) == (69_659, 69_659, 255)
    (total,) = ledger_totals(bench.warehouse, by=())
    assert (total["rows"], total["customers"], total["qty"]) == (69_659, 23_570, 167_881)
    assert total["amount"] == Decimal("2500315.63")
    assert bench.value("SELECT count(*) AS n FROM orders") == 69_659
    assert bench.rows("SELECT min(ordered_on) AS a, max(ordered_on) AS b FROM orders") == [
        (date(1997, 1, 1), date(1998, 6, 30))
    ]

    # The sample is one customer in ten of the same purchases: all of them are known.
    (sample,) = bench.load_named("cdnow", real_data / "cdnow" / "CDNOW_sample.txt")
    assert counts([sample]) == [(6_919, 0, 6_919, 0)]


def test_cdnow_as_first_published_has_no_header(real_data: Path, bench: Workbench) -> None:
    with gzip.open(real_data / "cdnow" / "CDNOW_master.txt.gz") as handle:
        headerless = handle.read().partition(b"\n")[2]
    bench.load_named("cdnow", bench.file("CDNOW_master.txt", headerless))
    assert bench.rows("SELECT count(*) AS n, sum(amount) AS a FROM ledger") == [(69_659, Decimal("2500315.6300"))]


def test_olist_heads_account_for_every_row(real_data: Path, bench: Workbench) -> None:
    heads = real_data / "olist" / "file-heads"
    reports = {report.delivery: report for report in bench.load_named("olist", *sorted(heads.glob("*.csv")))}
    rows_in = {name.removeprefix("olist_").removesuffix("_dataset.csv"): one.rows_in for name, one in reports.items()}
    assert rows_in == {
        "customers": 200, "orders": 4_071, "sellers": 164, "products": 751, "order_items": 5_154,
        "order_payments": 4_733, "order_reviews": 6_123,
    }  # fmt: skip
    # Worked out with Python's csv module: the lines whose order_id is among those of the orders file.
    loaded = {name: one.rows_new for name, one in reports.items() if one.rows_quarantined}
    assert loaded == {
        "olist_order_items_dataset.csv": 200,
        "olist_order_payments_dataset.csv": 178,
        "olist_order_reviews_dataset.csv": 251,
    }
    held = {(row["delivery"], row["rule"]): row["rows"] for row in summary(bench.warehouse).to_pylist()}
    assert held == {(name, "not_in_orders"): reports[name].rows_quarantined for name in loaded}
    # Every item is a sale and its freight.
    assert {row["kind"]: row["rows"] for row in ledger_totals(bench.warehouse)} == {"sale": 200, "shipping": 200}


def test_olist_items_come_out_of_the_quarantine_when_their_orders_arrive(real_data: Path, bench: Workbench) -> None:
    heads = real_data / "olist" / "file-heads"
    items, orders = heads / "olist_order_items_dataset.csv", heads / "olist_orders_dataset.csv"
    (waiting,) = bench.load_named("olist", items)
    assert counts([waiting]) == [(5_154, 0, 0, 5_154)]
    bench.load_named("olist", orders)
    (replayed,) = bench.replay(FileSource(find_mapping("olist", PROJECT_MAPPINGS)))
    assert counts([replayed]) == [(5_154, 200, 0, 4_954)]
    assert bench.value("SELECT count(*) AS n FROM ledger") == 400
    assert bench.value("SELECT count(*) AS n FROM quarantine WHERE replayed_at IS NULL") == 4_954
    (again,) = bench.replay(FileSource(find_mapping("olist", PROJECT_MAPPINGS)))
    assert counts([again]) == [(4_954, 0, 0, 4_954)]
    assert bench.value("SELECT count(*) AS n FROM ledger") == 400
