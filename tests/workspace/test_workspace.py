"""One shop's workspace: loading, remembering, asking."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

import ecombi
from ecombi.errors import BackendError, ConfigurationError, EmptyWarehouse, SourceError
from ecombi.sources.simulated import ShopConfig
from ecombi.workspace import registry

AT = datetime(2026, 11, 2, 3, 15, tzinfo=UTC)
SHOP = ShopConfig(orders=200, years=0.25, seed=3, end=date(2026, 11, 1))
LINES = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
FIRST = "536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
SECOND = "536366,71053,LANTERN,2,2010-12-02 09:00:00,3.39,17850.0,France\n"


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("workspace") / "shop"
    with ecombi.open_workspace(folder) as ws:
        ws.loading.simulated(SHOP, at=AT)
    return folder


def test_a_query_is_a_tidy_dataframe(shop):
    with ecombi.open_workspace(shop) as ws:
        found = ws.query("net_sales", by=["country"], grain="month")
    assert isinstance(found, pd.DataFrame)
    assert list(found.columns) == ["country", "month", "net_sales"]
    assert not found.duplicated(["country", "month"]).any()
    assert "net_sales" in found._repr_html_()


def test_metrics_complete_by_name(shop):
    with ecombi.open_workspace(shop) as ws:
        assert {"net_sales", "orders", "aov"} <= set(dir(ws.metrics))
        assert ws.metrics.net_sales.name == "net_sales"


def test_it_says_what_shop_it_holds(shop):
    with ecombi.open_workspace(shop) as ws:
        assert (ws.shop.currency, ws.shop.time_zone) == ("GBP", "Europe/London")
        assert ws.coverage.end == date(2026, 11, 1)
        assert "Linden" in ws._repr_html_()
        assert str(shop) in repr(ws)


def test_opening_creates_nothing(tmp_path):
    with ecombi.open_workspace(tmp_path / "none") as ws:
        assert ws.snapshot is None
        assert "Nothing has been loaded yet" in ws._repr_html_()
        with pytest.raises(EmptyWarehouse):
            ws.query("net_sales")
    assert not (tmp_path / "none").exists()


def test_loading_the_same_shop_again_changes_nothing(shop):
    with ecombi.open_workspace(shop) as ws:
        before, snapshot = ws.ledger(), ws.snapshot
        reports = ws.loading.again(at=AT)
        assert all(report.rows_new == 0 for report in reports)
        assert ws.ledger() == before
        assert ws.snapshot == snapshot


def test_what_an_older_version_computed_is_computed_anew(tmp_path):
    with ecombi.open_workspace(tmp_path / "shop") as ws:
        ws.loading.simulated(SHOP, at=AT)
        orders = ws.query("orders")["orders"].tolist()
        with ws.warehouse.build() as build:
            build.connection.execute("DELETE FROM facts WHERE name IN ('every_order_sold', 'made_by')")
            build.connection.execute("DELETE FROM orders")
            older = build.publish(at=AT)
    with ecombi.open_workspace(tmp_path / "shop") as ws:
        with pytest.raises(BackendError, match=r"older version of ecombi\. Build it anew with: ecombi run nightly"):
            ws.query("orders")
        assert all(report.skipped for report in ws.loading.again(at=AT))
        assert ws.snapshot.number == older.number + 1
        assert ws.query("orders")["orders"].tolist() == orders


def test_another_simulated_shop_is_refused(shop):
    other = ShopConfig(orders=200, years=0.25, seed=4, end=date(2026, 11, 1))
    with ecombi.open_workspace(shop) as ws, pytest.raises(ConfigurationError, match="holds another simulated shop"):
        ws.loading.simulated(other, at=AT)


def test_a_shop_in_another_currency_is_refused(shop, tmp_path):
    export = tmp_path / "CDNOW_master.txt"
    export.write_text(" 00001 19970101  1   11.77\n")
    with ecombi.open_workspace(shop) as ws, pytest.raises(SourceError, match="USD"):
        ws.loading.files("cdnow", [export], at=AT)


def test_days_left_for_later_come_with_a_later_load(tmp_path):
    with ecombi.open_workspace(tmp_path / "shop") as ws, ecombi.open_workspace(tmp_path / "whole") as whole:
        ws.loading.simulated(SHOP, until=date(2026, 10, 1), at=AT)
        assert ws.coverage.end == date(2026, 10, 1)
        ws.loading.again(until=date(2026, 10, 2), at=AT)
        assert ws.coverage.end == date(2026, 10, 2)
        ws.loading.again(at=AT)
        whole.loading.simulated(SHOP, at=AT)
        assert ws.ledger() == whole.ledger()
        products = "SELECT count(*) AS n FROM shipments WHERE delivered_at IS NOT NULL"
        assert ws.warehouse.arrow(products) == whole.warehouse.arrow(products)


def test_an_earlier_day_takes_nothing_back(tmp_path):
    delivered = "SELECT count(*) AS n FROM shipments WHERE delivered_at IS NOT NULL"
    with ecombi.open_workspace(tmp_path / "shop") as ws:
        ws.loading.simulated(SHOP, until=date(2026, 10, 15), at=AT)
        before = ws.warehouse.arrow(delivered)
        ws.loading.again(until=date(2026, 9, 1), at=AT)
        assert ws.warehouse.arrow(delivered) == before
        assert ws.coverage.end == date(2026, 10, 15)


def test_an_export_that_has_grown_adds_its_new_rows(tmp_path):
    export = tmp_path / "lines.csv"
    export.write_text(LINES + FIRST)
    with ecombi.open_workspace(tmp_path / "shop") as ws:
        ws.loading.files("online-retail", [export], at=AT)
        export.write_text(LINES + FIRST + SECOND)
        [report] = ws.loading.again(at=AT)
        assert (report.rows_in, report.rows_known, report.rows_new) == (2, 1, 1)
        [total] = ws.ledger(by=())
        assert total["rows"] == 2


def test_nothing_to_load_again_says_how_to_start(tmp_path):
    with ecombi.open_workspace(tmp_path) as ws, pytest.raises(EmptyWarehouse, match="ecombi load simulated"):
        ws.loading.again(at=AT)


def test_a_damaged_list_of_sources_is_named(tmp_path):
    (tmp_path / "sources.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"sources\.json"):
        registry.read(tmp_path)


def test_remembering_a_source_again_replaces_it(tmp_path):
    registry.remember(tmp_path, registry.Entry(name="a", mapping="a", files=("/x",)))
    registry.remember(tmp_path, registry.Entry(name="b", mapping="b", files=("/y",)))
    registry.remember(tmp_path, registry.Entry(name="a", mapping="a", files=("/z",)))
    assert [(e.name, e.files) for e in registry.read(tmp_path)] == [("a", ("/z",)), ("b", ("/y",))]


def test_rows_loaded_from_another_folder_are_tried_again_with_the_mapping_of_their_name(tmp_path):
    export = tmp_path / "lines.csv"
    export.write_text(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "536365,85123A,HOLDER,6,soon,2.55,17850,United Kingdom\n"
    )
    with ecombi.open_workspace(tmp_path / "shop") as shop:
        shop.loading.files("online-retail", [export], at=datetime(2026, 11, 22, tzinfo=UTC))
        (shop.path / "sources.json").unlink()
        (again,) = shop.quarantine.replay(at=datetime(2026, 11, 22, tzinfo=UTC))
    assert (again.rows_in, again.rows_quarantined) == (1, 1)
