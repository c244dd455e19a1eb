"""Blocks say what a query answered, and say so in words where the records do not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import ecombi
from ecombi.backends.warehouse import open_warehouse
from ecombi.errors import PeriodError
from ecombi.metrics.result import Result
from ecombi.metrics.rollups import TABLES
from ecombi.reports import blocks, days, figures, graphs, tables
from ecombi.schema.periods import Grain, Period
from ecombi.settings import load_settings
from ecombi.workspace import Workspace
from tests.metrics.conftest import publish
from tests.metrics.tiny_shop import ledger_row
from tests.reports.hand_shop import open_shop

SILENT_DAY = Period.of("2026-10-31", "2026-11-01")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The shop added up by hand."""
    with ecombi.open_workspace(open_shop(tmp_path_factory.mktemp("shop"))) as ws:
        yield ws


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A shop whose records carry neither time of day nor product, channel, country or cost: one sale of 12.50."""
    folder = tmp_path_factory.mktemp("silent")
    warehouse = open_warehouse(load_settings(workspace=folder), TABLES)
    at = datetime(2026, 10, 31, tzinfo=UTC)
    sale = ledger_row(1, event_at=at, order_at=at, order_id="o1", kind="sale", qty=1, amount=Decimal("12.50"))
    publish(warehouse, [sale], {"mug": ("Mug", None)})
    warehouse.close()
    with ecombi.open_workspace(folder) as ws:
        yield ws


def asked(ws: Workspace, *metrics: str, **question: object) -> Result:
    """A question about the silent day."""
    return ws.query(list(metrics), **{**days.between(SILENT_DAY), **question})  # type: ignore[arg-type]


@pytest.mark.parametrize("dimension", ["channel", "country", "category", "product"])
def test_what_the_records_do_not_carry_is_not_known(silent: Workspace, dimension: str) -> None:
    cut = asked(silent, "net_sales", by=dimension, compare="previous")
    words = f"T: not known. The records of these days carry no {dimension}."
    assert words in tables.parts("net_sales", cut, asked(silent, "net_sales", compare="previous"), "T").html
    assert words in tables.ranking(cut, "T", order="net_sales", top=3).html
    assert words in tables.movers("net_sales", cut, "T", top=3).html
    assert words in tables.abc("net_sales", cut, "T").html


def test_midnight_everywhere_is_no_time_of_day(silent: Workspace) -> None:
    assert "carry no time of day" in graphs.hours("orders", asked(silent, "orders", by="hour_of_day"), "T").html


def test_an_unknown_cost_is_said_and_not_shown_as_zero(silent: Workspace) -> None:
    shown = blocks.key_figures(asked(silent, "gross_margin", "gross_margin_rate"), {}).html
    assert shown.count("not known") == 2
    # The rate is unknown because the margin is, not because net sales were 0.
    assert shown.count("No value where Net sales or Cost of goods has none") == 2


def test_days_without_records_are_not_called_days_without_sales(silent: Workspace) -> None:
    later = Period.of("2027-01-01", "2027-02-01")
    assert "nothing was recorded, not that nothing was sold" in blocks.opening(silent, later, "booked").html
    half = Period.of("2026-10-01", "2026-11-01")
    assert "The records run from 31 Oct 2026 to 31 Oct 2026." in blocks.opening(silent, half, "booked").html
    assert "The records run" not in blocks.opening(silent, SILENT_DAY, "booked").html
    nothing = silent.query("net_sales", by="country", **days.between(later))  # type: ignore[arg-type]
    assert "nothing happened in these days" in tables.abc("net_sales", nothing, "T").html


def test_a_line_of_one_day_is_a_point_and_an_unrecorded_earlier_line_is_left_out(silent: Workspace) -> None:
    before = days.between(SILENT_DAY.previous())
    lines = [
        (asked(silent, "net_sales", grain="day", fill=True), asked(silent, "net_sales")),
        (asked(silent, "net_sales", grain="day", fill=True, **before), asked(silent, "net_sales", **before)),
    ]
    html = graphs.trend("net_sales", lines, "T").html
    assert '<circle class="now point"' in html
    assert "30 Oct" not in html


def test_a_figure_that_did_not_change_is_the_same(shop: Workspace) -> None:
    total = asked(shop, "net_sales")
    assert "The same as the day before" in blocks.key_figures(total, {"the day before": total}).html
    assert ": the same as the day before." in blocks.lead("net_sales", total, {"the day before": total}).html


@pytest.mark.parametrize(
    ("name", "now", "before", "arrow", "than", "judgement"),
    [
        ("net_sales", Decimal(11), Decimal(10), "▲ 10.0%", "more than", "good"),
        ("net_sales", Decimal(9), Decimal(10), "▼ 10.0%", "less than", "bad"),
        ("returns", Decimal(9), Decimal(10), "▼ 10.0%", "less than", "good"),
        ("discounts", Decimal(9), Decimal(10), "▼ 10.0%", "less than", "even"),
        ("net_sales", Decimal(-5), Decimal(-10), "▲ 50.0%", "more than", "good"),
        ("return_rate", 0.3, 0.2, "▲ 10.0 pp", "higher than", "bad"),
        ("return_rate", 0.0, 0.0, "0.00 pp", "the same as", "same"),
        ("orders", 0, 0, "0.0%", "the same as", "same"),
    ],
)
def test_changes_have_a_size_a_word_and_a_judgement(
    shop: Workspace, name: str, now: object, before: object, arrow: str, than: str, judgement: str
) -> None:
    change = figures.change(shop.metrics[name], now, before)
    assert change is not None
    assert (change.arrow, change.than, change.judgement) == (arrow, than, judgement)


@pytest.mark.parametrize(
    ("now", "before"), [(Decimal(5), Decimal(0)), (Decimal(5), None), (None, Decimal(5)), (float("nan"), 1.0)]
)
def test_there_is_no_change_from_nothing(shop: Workspace, now: object, before: object) -> None:
    assert figures.change(shop.metrics["net_sales"], now, before) is None


def test_a_report_needs_a_period(shop: Workspace) -> None:
    with pytest.raises(PeriodError, match="give the question a start and an end"):
        tables.parts("net_sales", shop.query("net_sales", by="country"), shop.query("net_sales"), "T")


def test_shares_are_of_all_parts_also_of_those_not_shown(shop: Workspace) -> None:
    html = tables.parts("net_sales", asked(shop, "net_sales", by="country"), asked(shop, "net_sales"), "T", top=1).html
    assert re.findall(r"([\d.]+)%<", html) == ["78.3", "100.0"]
    assert "Shown are 1 of 2." in html


@pytest.mark.parametrize(
    ("start", "end", "grain"),
    [
        ("2026-01-01", "2026-03-01", Grain.DAY),
        ("2026-01-01", "2026-05-01", Grain.WEEK),
        ("2024-01-01", "2026-05-01", Grain.MONTH),
    ],
)
def test_a_long_period_is_drawn_in_wider_steps(start: str, end: str, grain: Grain) -> None:
    assert days.readable_grain(Period.of(start, end)) is grain
