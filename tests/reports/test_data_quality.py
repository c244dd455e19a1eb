"""What the data quality report declares, on three deliveries put together by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ecombi.backends.warehouse import open_warehouse
from ecombi.etl.marts import build_marts
from ecombi.metrics.rollups import TABLES
from ecombi.schema import tables
from ecombi.settings import Settings, load_settings
from tests.metrics.small_shops import Rows, arrow_of, event, sale
from tests.reports import shops
from tests.reports.asked import Asked, ask
from tests.reports.hand_shop import HOSTILE

AT = datetime(2026, 11, 3, 6, tzinfo=UTC)


def delivery(load: int, source: str, at: str, rows: str, **rest: object) -> dict[str, object]:
    """A row of the book of loads; `rows` are those in, new, known, held back, and equal to another."""
    names = ("rows_in", "rows_new", "rows_known", "rows_quarantined", "rows_duplicate")
    counts = dict(zip(names, map(int, rows.split()), strict=True))
    said = {"run_id": "run", "delivery": f"{source}-{load}.csv", "fingerprint": f"print {load}"}
    return {"load_id": load, "source": source, "loaded_at": datetime.fromisoformat(at), **said, **counts, **rest}


def held(row: int, rule: str, column: str, value: str) -> dict[str, object]:
    """A row of the first delivery that was held back."""
    at = {"quarantined_at": datetime.fromisoformat("2026-10-01T06:00"), "run_id": "run", "load_id": 1, "raw": "{}"}
    where = {"source": "shop", "delivery": "shop-1.csv", "fingerprint": "print 1", "source_row": row}
    return {**where, **at, "rule": rule, "column_name": column, "value": value, "reason": f"{value} will not do."}


# October begins with the second delivery; the third brings a return of September, after that month was closed, and
# takes 72 hours until all of a day has come.
SHOP: Mapping[str, Rows] = {
    "shop": [{"name": "A small shop", "currency": "GBP", "time_zone": "Europe/London"}],
    "loads": [
        delivery(1, "shop", "2026-10-01T06:00", "6 3 0 3 1", settle_hours=0),
        delivery(2, "shop", "2026-11-01T06:00", "3 2 1 0 0", settle_hours=0),
        delivery(3, "bank", "2026-11-03T06:00", "1 1 0 0 0", settle_hours=72),
    ],
    "quarantine": [
        held(4, "not_a_number", "amount", "ten"),
        held(5, "unknown_kind", "kind", HOSTILE),
        held(6, "not_a_number", "amount", "two"),
    ],
    "ledger": [
        sale("o1", "2026-09-10", "30.00", country="GB", channel="web", sku="mug", cost_amount=Decimal(12)),
        sale("o2", "2026-09-12", "20.00"),
        sale("o3", "2026-09-20", "50.00", country="GB"),
        sale("o4", "2026-10-05", "40.00", country="GB", sku="mug", cost_amount=Decimal(16), load_id=2),
        sale("o5", "2026-10-31", "10.00", customer_id="c5", channel="web", load_id=2),
        event("return", "o1", "2026-09-28", "-5.00", ordered="2026-09-10", sku="mug", qty=-1, load_id=3),
    ],
    "products": [{"sku": "mug", "name": "Mug", "category": "Kitchen"}],
}


def publish(folder: Path) -> Settings:
    """Publish the shop with its book of loads and its quarantine."""
    settings = load_settings(workspace=folder)
    warehouse = open_warehouse(settings, TABLES)
    with warehouse.build() as build:
        for name, rows in SHOP.items():
            given = arrow_of(tables.metadata.tables[name], rows)  # noqa: F841 - read by name in the insert
            columns = ", ".join(f'"{column.name}"' for column in tables.metadata.tables[name].columns)
            build.connection.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM given")
        build_marts(build)
        build.publish(at=AT)
    warehouse.close()
    return settings


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """The report of October 2026."""
    settings = publish(tmp_path_factory.mktemp("quality"))
    return ask("data_quality", {"start": "2026-10-01", "end": "2026-11-01", "months": 2}, settings)


def test_the_slowest_source_decides_which_days_are_final(asked: Asked) -> None:
    names = ("source", "loaded_at", "last_day", "final_day")
    assert asked.rows("sources", *names) == [
        # Loaded on 3 November at 6; what came 72 hours earlier has settled, and that is in the morning of the 31st.
        ("bank", AT, date(2026, 9, 28), date(2026, 10, 30)),
        ("shop", datetime(2026, 11, 1, 6, tzinfo=UTC), date(2026, 10, 31), date(2026, 10, 31)),
    ]
    assert asked.figure("unfinished_from") == date(2026, 10, 31)
    assert "From 31 Oct 2026 on, days are not final" in asked.text
    assert "Days are final up to 30 Oct 2026 only because of bank." in asked.text


def test_rows_are_accounted_for_delivery_by_delivery(asked: Asked) -> None:
    names = ("delivery", "rows_in", "rows_new", "rows_known", "rows_quarantined", "rows_duplicate")
    assert asked.rows("deliveries", *names) == [
        ("bank-3.csv", 1, 1, 0, 0, 0),
        ("shop-2.csv", 3, 2, 1, 0, 0),
        ("shop-1.csv", 6, 3, 0, 3, 1),
    ]
    assert "In all 3 deliveries, rows in = new + known already + held back." in asked.text


def test_rows_held_back_are_counted_by_rule_and_column(asked: Asked) -> None:
    assert asked.figure("rows_held_back") == 3
    assert asked.rows("held_back", "rule", "column_name", "rows", "example", "reason") == [
        ("not_a_number", "amount", 2, "ten", "ten will not do."),
        ("unknown_kind", "kind", 1, HOSTILE, f"{HOSTILE} will not do."),
    ]
    assert HOSTILE not in asked.html
    assert HOSTILE in asked.text


def test_what_the_records_do_not_say_is_measured_in_sales(asked: Asked) -> None:
    # Of 40.00 and 10.00: country and product of the first, channel and customer of the second.
    found = {row[0]: row[1:] for row in asked.rows("coverage", "carries", "not_known", "known_share")}
    forty, ten = (Decimal(10), pytest.approx(0.8)), (Decimal(40), pytest.approx(0.2))
    assert found == {"country": forty, "channel": ten, "category": forty, "product": forty, "customer": ten}
    assert asked.figure("totals.cost_coverage") == pytest.approx(0.8)


def test_a_closed_month_that_changed_is_told_as_it_was_and_is(asked: Asked) -> None:
    assert asked.rows("restated") == [
        (date(2026, 9, 1), "net_sales", Decimal(100), Decimal(95), Decimal(-5)),
        (date(2026, 9, 1), "returns", Decimal(0), Decimal(5), Decimal(5)),
    ]
    assert "Sep 2026 Net sales £100.00 £95.00 −£5.00" in asked.text
    assert "figures of closed months have changed since" in asked.text


def test_what_was_never_recorded_and_days_without_an_order_are_named(asked: Asked) -> None:
    found = {row[0]: row[1:] for row in asked.rows("recorded_days")}
    assert found["Sales, refunds and other money"] == (date(2026, 9, 10), date(2026, 10, 31), 0)
    assert found["Payments"] == (None, None, None)
    assert "Not recorded at all: visits, payments" in asked.text
    assert "Days without an order: 29 of 31: 1–4 Oct 2026 and 6–30 Oct 2026. Was the shop closed" in asked.text


@pytest.mark.slow
def test_a_shop_with_only_a_ledger_gets_words(tmp_path_factory: pytest.TempPathFactory) -> None:
    found = ask("data_quality", {}, shops.bare(tmp_path_factory.mktemp("bare")))
    assert "Rows held back: none. Every row that was delivered is in the figures." in found.text
    assert "Cost known 0.00% of net sales of goods" in found.text
    assert {row[1] for row in found.rows("coverage", "carries", "known_share")} == {0.0}
    assert found.rows("restated") == []
    assert "None" not in found.text


@pytest.mark.slow
def test_the_rows_of_a_simulated_shop_are_all_accounted_for(tmp_path_factory: pytest.TempPathFactory) -> None:
    found = ask("data_quality", {"months": 3}, shops.simulated(tmp_path_factory.mktemp("simulated")))
    counted = found.rows("deliveries", "rows_in", "rows_new", "rows_known", "rows_quarantined")
    assert len(counted) >= 8
    assert all(row[0] == row[1] + row[2] + row[3] for row in counted)  # type: ignore[operator]
    assert found.figures("rows_held_back", "unfinished_from") == [0, None]
    assert "None" not in found.text
