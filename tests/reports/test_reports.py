"""The reports of the project, run for real, with figures added up by hand."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest

import ecombi
from ecombi.errors import NotebookFailed
from ecombi.reports import find, run
from ecombi.settings import load_settings
from tests.reports.document import Document
from tests.reports.hand_shop import HOSTILE

PROJECT = Path(__file__).parents[2]
SATURDAY = "2026-10-31"


@pytest.mark.parametrize(
    ("label", "value", "the_day_before", "a_week_earlier", "weeks_52_earlier"),
    [
        ("Net sales", "£46.00", "▲ 15.0% more than", "▼ 8.0% less than", "▲ 100.0% more than"),
        ("Orders", "2", "▲ 100.0% more than", "▲ 100.0% more than", "▲ 100.0% more than"),
        ("Average order value", "£28.00", "▼ 30.0% less than", "▼ 44.0% less than", "▲ 21.7% more than"),
        ("Units sold", "3", "▼ 25.0% less than", "▼ 40.0% less than", "▲ 200.0% more than"),
        # 24 and 30; 52 weeks earlier the cost of what was sold is not known.
        ("Gross margin", "£17.00", "▼ 29.2% less than", "▼ 43.3% less than", None),
        # 17 ÷ 46 = 36.96%; the day before and a week earlier 60%.
        ("Gross margin rate", "37.0%", "▼ 23.0 pp lower than", "▼ 23.0 pp lower than", None),
    ],
)
def test_the_day_is_compared_with_three_earlier_days(
    daily: Document, label: str, value: str, the_day_before: str, a_week_earlier: str, weeks_52_earlier: str | None
) -> None:
    said = [f"{the_day_before} the day before", f"{a_week_earlier} a week earlier"]
    if weeks_52_earlier:
        said.append(f"{weeks_52_earlier} 52 weeks earlier")
    assert daily.tile(label) == [value, *said]


def test_the_lead_says_in_a_sentence_how_the_day_was(daily: Document) -> None:
    assert "Saturday 31 October 2026" in daily.text
    assert (
        "Net sales were £46.00 : 15.0% more than the day before, 8.0% less than a week earlier "
        "and 100.0% more than 52 weeks earlier." in daily.text
    )


def test_the_month_to_date_is_compared_with_the_same_days_of_the_month_before(daily: Document) -> None:
    # 50 + 40 + 46 against 80
    assert daily.tile("Net sales", nth=1) == ["£136.00", "▲ 70.0% more than the month before"]
    assert "1–31 Oct 2026 £136.00" in daily.text
    assert "1–30 Sep 2026 £80.00" in daily.text


def test_the_busiest_hour_is_named(daily: Document) -> None:
    assert "The busiest hour was 10:00 to 11:00, with 2 orders." in daily.text


def test_the_parts_of_the_day_have_shares_that_sum_and_changes(daily: Document) -> None:
    assert daily.table("Net sales by country") == [
        ["FR", "£36.00", "78.3%", "1", "–"],
        ["GB", "£10.00", "21.7%", "1", "▼ 75.0%"],
        ["Total", "£46.00", "100.0%", "2", "▲ 15.0%"],
    ]
    assert [row[:3] for row in daily.table("Net sales by channel")] == [
        ["app", "£36.00", "78.3%"],
        ["web", "£10.00", "21.7%"],
        ["Total", "£46.00", "100.0%"],
    ]
    assert [row[:2] for row in daily.table("Net sales by category")] == [
        ["Home", "£36.00"],
        ["Kitchen", "£10.00"],
        ["Total", "£46.00"],
    ]
    assert daily.table("Net sales by product") == [
        ["Lamp lamp", "£36.00", "78.3%", "1"],
        ["Mug & saucer mug", "£10.00", "21.7%", "2"],
        ["Total", "£46.00", "100.0%", "3"],
    ]
    assert "FR brought 78.3% of net sales." in daily.text


def test_what_came_back_is_told(daily: Document) -> None:
    assert daily.tile("Returns")[0] == "£10.00"
    assert daily.tile("Return rate")[0] == "33.3%"
    assert daily.table("Products that came back") == [["Mug & saucer mug", "£10.00", "1", "50.0%"]]


def test_figures_are_those_of_the_workspace_to_the_last_digit(daily: Document, shop: Path) -> None:
    with ecombi.open_workspace(shop) as ws:
        asked = ws.query(["net_sales", "orders"], by="country", start=SATURDAY, end="2026-11-01")
        total = ws.query(["net_sales", "orders"], start=SATURDAY, end="2026-11-01")
    ranked = sorted(zip(asked["net_sales"], asked["orders"], strict=True), reverse=True)
    expected = [*ranked, (total["net_sales"][0], total["orders"][0])]
    assert daily.exact("Net sales by country") == [[str(sales), str(orders)] for sales, orders in expected]


def test_a_report_says_how_its_figures_were_computed(daily: Document) -> None:
    assert "Gross sales − discounts − returns." in daily.text
    assert "booked: each event on the day it happened" in daily.text
    assert "SELECT" in daily.text
    assert "$start = 2026-10-31" in daily.text


def test_on_the_other_basis_a_return_belongs_to_the_day_of_its_order(shop: Path, tmp_path: Path) -> None:
    # Without a day it is the last one with records.
    done = run(
        find("daily_sales", PROJECT),
        {"basis": "ordered", "top": "1"},
        settings=load_settings(workspace=shop),
        out=tmp_path,
    )
    document = Document(done.html)
    assert done.html.name == "daily_sales.html"
    assert "Saturday 31 October 2026" in document.text
    assert document.tile("Net sales")[:3] == [
        "£56.00",
        "▲ 40.0% more than the day before",
        "▲ 40.0% more than a week earlier",
    ]
    assert [row[0] for row in document.table("Net sales by country")] == ["FR", "Total"]
    assert "Shown are 1 of 2." in document.text


def test_a_name_with_markup_in_it_is_shown_as_text(shop: Path, tmp_path: Path) -> None:
    done = run(
        find("daily_sales", PROJECT), {}, settings=load_settings(workspace=shop), out=tmp_path, as_of=date(2025, 11, 2)
    )
    document = Document(done.html)
    assert done.html.name == "daily_sales-2025-11-01.html"
    assert document.table("Net sales by product")[0][0] == f"{HOSTILE} relic"
    assert not document.soup.select("script")
    # Unknown is said, not shown as zero.
    assert document.tile("Gross margin")[0] == "not known"
    assert "Net sales by category: not known." in document.text
    assert document.tile("Net sales") == ["£23.00", "Nothing to compare with"]


def test_products_are_ranked_shared_and_compared(performance: Document) -> None:
    assert performance.table("Net sales by product") == [
        ["Mug & saucer mug", "£100.00", "73.5%", "11", "9.1%", "▲ 25.0%"],
        ["Lamp lamp", "£36.00", "26.5%", "1", "0.0%", "–"],
        ["Total", "£136.00", "100.0%", "12", "8.3%", "▲ 70.0%"],
    ]
    assert performance.table("Gained most") == [
        ["Lamp lamp", "£0.00", "£36.00", "+£36.00", "–"],
        ["Mug & saucer mug", "£80.00", "£100.00", "+£20.00", "▲ 25.0%"],
    ]
    assert "Lost most: none." in performance.text
    assert [row[0] for row in performance.table("Smallest net sales")] == ["Lamp lamp", "Mug & saucer mug"]


def test_margin_stands_beside_its_cost_coverage(performance: Document) -> None:
    # Costs: lamp 25; mugs 20 + 16 + 8 − 4 = 40.
    assert performance.tile("Gross margin")[0] == "£71.00"
    assert performance.table("Gross margin by product") == [
        ["Mug & saucer mug", "£60.00", "60.0%", "100.0%", "£100.00"],
        ["Lamp lamp", "£11.00", "30.6%", "100.0%", "£36.00"],
    ]


def test_the_few_that_bring_most_are_counted(performance: Document) -> None:
    assert performance.table("Share of net sales by number of products") == [
        ["A the first 80%", "2", "100.0%", "100.0%"],
        ["B the next 15%", "0", "0.0%", "0.0%"],
        ["C the last 5%", "0", "0.0%", "0.0%"],
    ]
    assert "2 of 2 products (100.0%) bring 100.0% of net sales." in performance.text


def test_a_document_refers_to_nothing_outside_itself(daily: Document, performance: Document) -> None:
    for document in (daily, performance):
        for word in (
            "src=",
            "href=",
            "url(",
            "@import",
            "<script",
            "<link",
            "<iframe",
            "<object",
            "<embed",
            "http:",
            "https:",
        ):
            assert word not in document.html, word
        policy = document.soup.select_one("meta[http-equiv=Content-Security-Policy]")
        assert policy is not None
        assert str(policy["content"]).startswith("default-src 'none'")


def test_code_is_not_in_the_document(daily: Document) -> None:
    assert "ws.query" not in daily.html
    assert "open_workspace" not in daily.html


def test_an_empty_workspace_fails_in_words(tmp_path: Path) -> None:
    with pytest.raises(NotebookFailed, match=r"^Report daily_sales: cell 4 failed: Nothing has been loaded") as caught:
        run(find("daily_sales", PROJECT), {}, settings=load_settings(workspace=tmp_path))
    assert "open_workspace" in caught.value.source


@pytest.fixture(scope="module")
def december(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[dict[str, str]]]]:
    """The first 20,000 rows of the real Online Retail export: a workspace of them, and the rows themselves."""
    folder = tmp_path_factory.mktemp("online-retail")
    export = folder / "export.csv"
    with gzip.open(real_data / "online-retail" / "online_retail_all.csv.gz", "rt", encoding="utf-8") as whole:
        export.write_text("".join(islice(whole, 20_001)), encoding="utf-8")
    with ecombi.open_workspace(folder / "shop") as ws:
        ws.loading.files("online-retail", [export], at=datetime(2026, 11, 1, tzinfo=UTC))
    with export.open(encoding="utf-8") as lines:
        yield folder / "shop", list(csv.DictReader(lines))


@pytest.mark.real_data
def test_a_real_shop_without_channel_category_and_cost(december: tuple[Path, list[dict[str, str]]]) -> None:
    workspace, rows = december
    done = run(find("daily_sales", PROJECT), {"day": "2010-12-08"}, settings=load_settings(workspace=workspace))
    document = Document(done.html)
    other = ("POST", "DOT", "C2", "AMAZONFEE", "BANK CHARGES", "CRUK", "M", "S", "B", "PADS")
    net = sum(
        Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])
        for row in rows
        if row["InvoiceDate"].startswith("2010-12-08")
        and row["StockCode"].upper() not in other
        and not row["StockCode"].upper().startswith(("GIFT_0001_", "ADJUST"))
    )
    assert net > 0
    assert Decimal(document.first_figure) == net
    assert "Net sales by channel: not known." in document.text
    assert "Net sales by category: not known." in document.text
    assert document.tile("Gross margin")[0] == "not known"


@pytest.mark.real_data
def test_a_real_shop_without_products(real_data: Path, tmp_path: Path) -> None:
    with ecombi.open_workspace(tmp_path) as ws:
        ws.loading.files("cdnow", [real_data / "cdnow" / "CDNOW_master.txt.gz"], at=datetime(2026, 11, 1, tzinfo=UTC))
    whole = {"start": "1997-01-01", "end": "1998-07-01"}
    done = run(find("product_performance", PROJECT), whole, settings=load_settings(workspace=tmp_path))
    document = Document(done.html)
    # The published total of the data set.
    assert document.first_figure == "2500315.6300"
    assert document.tile("Net sales")[0] == "$2,500,316"
    assert "Net sales by product: not known. The records of these days carry no product." in document.text
    assert "Share of net sales by number of products: not known." in document.text
