"""A result carries its passport, and shows both in a notebook."""

from __future__ import annotations

import copy
import pickle
import time
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pytest
from playwright.sync_api import sync_playwright

from ecombi.errors import EmptyWarehouse, UnknownDimensionError
from ecombi.metrics.answers import Answers
from ecombi.metrics.marts import Basis
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.result import Result
from ecombi.metrics.rollups import ROLLUPS
from ecombi.schema.periods import Period
from tests.metrics.asking import run
from tests.metrics.conftest import PUBLISHED, opened, publish
from tests.metrics.tiny_shop import SHOP, ledger_row, ledger_rows

if TYPE_CHECKING:
    from pathlib import Path

    from ecombi.backends.warehouse import Warehouse
    from tests.metrics.conftest import Ask

FEBRUARY = {"start": "2012-02-01", "end": "2012-03-01"}


def test_the_passport_says_where_the_figures_come_from(ask: Ask, warehouse: Warehouse) -> None:
    passport = ask(["net_sales", "aov"], **FEBRUARY, where={"country": ["GB", None]}, basis="ordered").passport
    assert [(m.name, m.formula, m.unit, m.definition_version) for m in passport.metrics] == [
        ("net_sales", "Gross sales − discounts − returns.", "money", 1),
        ("aov", "(Gross sales − discounts) ÷ orders, of the original orders only.", "money", 3),
    ]
    assert passport.query.basis is Basis.ORDERED
    assert (passport.start, passport.end, passport.compared) == (date(2012, 2, 1), date(2012, 3, 1), None)
    assert passport.query.where == (("country", ("GB", None)),)
    assert (passport.snapshot, passport.published_at) == (1, PUBLISHED)
    assert (passport.shop, passport.engine, passport.tables) == (SHOP, warehouse.dialect, ("sales_by_day",))
    assert passport.warehouse == warehouse.safe_url


def test_the_sql_of_the_passport_gives_the_figures_again(ask: Ask, warehouse: Warehouse) -> None:
    result = ask("net_sales", **FEBRUARY, by="country", compare="previous")
    again = warehouse.arrow(result.passport.sql, result.passport.params).to_pylist()
    assert {(row["country"], row["net_sales"]) for row in again} == {("DE", 67), ("FR", 0), ("GB", 0), (None, 0)}


def test_a_total_is_asked_for_with_the_same_question(warehouse: Warehouse, ask: Ask) -> None:
    by_category = ask("orders", by="category", grain="month", start="2013-01-01", end="2013-02-01", fill=True)
    assert by_category["orders"].sum() == 3
    assert run(by_category.passport.query.total(), warehouse, SHOP)["orders"].tolist() == [2]


def test_the_passport_stays_with_these_figures_only(ask: Ask) -> None:
    result = ask("net_sales", by="country")
    assert isinstance(result, Result)
    for made in (
        result.head(1),
        result[result["country"] == "GB"],
        result.assign(x=1),
        result.copy(),
        result[["net_sales"]],
    ):
        assert type(made) is pd.DataFrame
    for same in (pickle.loads(pickle.dumps(result)), copy.copy(result)):
        assert same["net_sales"].tolist() == result["net_sales"].tolist()
    assert pickle.loads(pickle.dumps(result)).passport.sql == result.passport.sql


def test_money_is_exact_and_can_be_reckoned_with(ask: Ask) -> None:
    result = ask(["gross_sales", "net_sales", "units"], by="product")
    assert result["gross_sales"].dtype == pd.ArrowDtype(pa.decimal128(18, 4))
    assert result["gross_sales"].sum() == Decimal("557.5")
    assert (result["gross_sales"] - result["net_sales"]).tolist() == [0, 44, 13, 0]
    assert (result["gross_sales"] * result["units"]).tolist()[0] == 40
    assert result["product"].tolist() == ["card", "lamp", "mug", "relic"]


def test_rows_are_in_the_order_of_the_keys_and_unknown_is_last(ask: Ask) -> None:
    result = ask("gross_sales", by=["channel", "country"], grain="quarter", start="2012-01-01", end="2012-07-01")
    keys = [(r.channel, None if pd.isna(r.country) else r.country, r.quarter.month) for r in result.itertuples()]
    assert keys == [
        ("app", "DE", 1),
        ("app", "FR", 1),
        ("app", None, 1),
        ("web", "DE", 1),
        ("web", "GB", 1),
        ("web", "GB", 4),
    ]


def test_sums_too_large_for_the_usual_decimal_stay_exact(tmp_path: Path) -> None:
    warehouse = opened(tmp_path)
    amount, days = Decimal("99999999999999.9999"), [date(2012, 1, n) for n in (1, 2, 3)]
    row = next(ledger_rows())
    publish(
        warehouse,
        [
            {**row, "source_id": str(n), "amount": amount, "event_on": day, "order_on": day}
            for n, day in enumerate(days)
        ],
        {},
    )
    result = run(MetricQuery.of("gross_sales"), warehouse, SHOP)
    assert result["gross_sales"].tolist() == [3 * amount]
    warehouse.close()


def test_a_notebook_shows_figures_as_people_write_them(ask: Ask) -> None:
    shown = ask(["net_sales", "return_rate", "orders"], by="country", **FEBRUARY, compare="previous")._repr_html_()
    for text in (
        "Net sales",
        "£67.00",
        "▼ 100.0%",
        "<em>unknown</em>",
        "Return rate, change",
        "▲ 100.0 pp",
        "▼ 50.0%",
        "–",
    ):
        assert text in shown, text
    assert "<details><summary>Where these figures come from</summary>" in shown
    assert "Definition version 1, owner Finance" in shown


def test_what_comes_from_data_is_escaped(ask: Ask) -> None:
    shown = ask("net_sales", by="country", where={"country": ["<script>alert(1)</script>", "GB"]})._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "Tiny &lt;shop&gt;" in shown


def test_names_in_the_rows_are_escaped(tmp_path: Path) -> None:
    warehouse = opened(tmp_path)
    row = next(ledger_rows())
    publish(warehouse, [{**row, "country": "<img src=x onerror=alert(1)>"}], {})
    shown = run(MetricQuery.of("net_sales", by="country"), warehouse, SHOP)._repr_html_()
    assert "<img" not in shown
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown
    warehouse.close()


def test_many_rows_are_shown_in_part_and_said_so(ask: Ask) -> None:
    shown = ask("orders", grain="day", fill=True)._repr_html_()
    assert shown.count('<td class="number"') == 50
    assert "368 more rows" in shown


def test_a_hundred_thousand_rows_are_shown_as_fast_as_fifty(ask: Ask) -> None:
    result = ask(["net_sales", "orders", "aov"], by=["product", "country"], grain="day")
    many = Result(pd.concat([result] * (100_000 // len(result) + 1), ignore_index=True))
    many.passport = result.passport
    begun = time.perf_counter()
    shown = many._repr_html_()
    assert time.perf_counter() - begun < 0.5
    assert shown.count("<tr>") == 1 + 50 + shown.split("<details>", 1)[1].count("<tr>")


@pytest.mark.browser
def test_a_telephone_scrolls_a_wide_result_and_not_the_page(ask: Ask) -> None:
    metrics = ["gross_sales", "net_sales", "total_sales", "orders", "aov", "return_rate"]
    shown = ask(metrics, by=["product", "country"], **FEBRUARY, compare="previous")._repr_html_()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 360, "height": 800})
        page.set_content(shown.replace("<details>", "<details open>"))
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert page.evaluate("document.querySelector('.ecombi').scrollWidth") > 360
        browser.close()


def test_a_misspelt_filter_value_is_said_where_nothing_was_found(ask: Ask) -> None:
    result = ask("net_sales", where={"country": ["G B", None], "product": ["lamp", "lmap"]}, start="2013-02-01")
    assert result["net_sales"].tolist() == [0]
    assert result.passport.notes == (
        "Nothing is recorded with the country 'G B'. Did you mean 'GB'?",
        "Nothing is recorded with the product 'lmap'. Did you mean 'lamp'?",
    )
    assert "Did you mean &#x27;lamp&#x27;?" in result._repr_html_()
    assert ("Note", result.passport.notes[0]) in result.passport.lines()
    assert ask("orders", by="country", where={"channel": ["webb"]}).passport.notes == (
        "Nothing is recorded with the channel 'webb'. Did you mean 'web'?",
    )


def test_known_filter_values_without_figures_are_no_mistake(ask: Ask) -> None:
    quiet = {"start": "2012-06-01", "end": "2012-07-01"}
    assert ask("net_sales", where={"country": ["GB"], "weekday": [7]}, **quiet).passport.notes == ()
    assert ask("net_sales", where={"country": ["GB"]}).passport.notes == ()


def test_no_rows_say_so(ask: Ask) -> None:
    assert "No rows" in ask("orders", by="country", start="2020-01-01")._repr_html_()


def test_the_days_of_the_ledger(warehouse: Warehouse) -> None:
    assert Answers(warehouse, SHOP).coverage() == Period(date(2012, 1, 2), date(2013, 2, 23))
    assert Answers(warehouse, SHOP).coverage(Basis.ORDERED) == Period(date(2012, 1, 2), date(2013, 2, 23))


def test_values_are_texts_in_order_and_filters_take_them(warehouse: Warehouse, ask: Ask) -> None:
    assert Answers(warehouse, SHOP).values("country") == ["DE", "FR", "GB"]
    assert Answers(warehouse, SHOP).values("product") == ["card", "lamp", "mug", "relic"]
    assert Answers(warehouse, SHOP).values("customer_type") == ["guest", "new", "returning"]
    assert Answers(warehouse, SHOP).values("hour_of_day") == ["0", "1", "2", "9", "10", "12", "18", "20", "21", "23"]
    assert ask("orders", where={"hour_of_day": Answers(warehouse, SHOP).values("hour_of_day")})["orders"].tolist() == [
        40
    ]
    with pytest.raises(UnknownDimensionError, match="Did you mean 'country'"):
        Answers(warehouse, SHOP).values("countries")


def test_an_empty_warehouse_says_so(tmp_path: Path) -> None:
    warehouse = opened(tmp_path)
    with pytest.raises(EmptyWarehouse):
        run(MetricQuery.of("net_sales"), warehouse, SHOP)
    publish(warehouse, [], {})
    assert run(MetricQuery.of(["net_sales", "aov"]), warehouse, SHOP)["net_sales"].tolist() == [0]
    assert len(run(MetricQuery.of("net_sales", grain="day", fill=True), warehouse, SHOP)) == 0
    with pytest.raises(EmptyWarehouse, match="Nothing has been loaded yet"):
        Answers(warehouse, SHOP).coverage()
    warehouse.close()


def test_a_result_is_of_one_snapshot_though_another_is_published_meanwhile(tmp_path: Path) -> None:
    warehouse = opened(tmp_path)
    at = PUBLISHED
    publish(
        warehouse, [ledger_row(1, event_at=at, order_at=at, order_id="1", kind="sale", qty=1, amount=Decimal(1))], {}
    )

    class PublishesOnce:
        """The warehouse, with a publication between the snapshot's number and the figures."""

        dialect, safe_url, snapshot = warehouse.dialect, warehouse.safe_url, warehouse.snapshot
        published = False

        def arrow(self, sql: str, params: dict[str, object] | None = None) -> pa.Table:
            if "net_sales" in sql and not self.published:
                self.published = True
                with warehouse.build() as build:
                    build.connection.execute("UPDATE ledger SET amount = 2")
                    for name in ROLLUPS:
                        if "net_sales" in ROLLUPS[name].table.columns:
                            build.connection.execute(f"UPDATE {name} SET net_sales = 2")
                    build.publish(at=at)
            return warehouse.arrow(sql, params)

    result = run(MetricQuery.of("net_sales"), PublishesOnce(), SHOP)
    assert (result["net_sales"].tolist(), result.passport.snapshot) == ([2], 2)
    warehouse.close()
