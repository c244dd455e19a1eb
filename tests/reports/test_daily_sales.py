"""What the daily report declares, on the shop added up by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ecombi.settings import load_settings
from tests.reports.asked import Asked, ask


@pytest.fixture(scope="session")
def saturday(shop: Path) -> Asked:
    """The report of Saturday 31 October 2026."""
    return ask("daily_sales", {"day": "2026-10-31"}, load_settings(workspace=shop))


def test_the_day_and_its_earlier_days_are_declared(saturday: Asked) -> None:
    assert saturday.figure("day") == date(2026, 10, 31)
    names = ("net_sales", "orders", "units", "gross_margin")
    assert saturday.figures(*(f"today.{name}" for name in names)) == [Decimal(46), 2, 3, Decimal(17)]
    earlier = ("day_before", "week_earlier", "year_earlier")
    assert saturday.figures(*(f"{name}.net_sales" for name in earlier)) == [Decimal(40), Decimal(50), Decimal(23)]
    assert saturday.figures("month.net_sales", "month_before.net_sales") == [Decimal(136), Decimal(80)]


def test_parts_are_declared_exactly(saturday: Asked) -> None:
    assert saturday.rows("by_country", "country", "net_sales", "orders") == [
        ("FR", Decimal(36), 1),
        ("GB", Decimal(10), 1),
    ]
    assert saturday.rows("by_hour", "hour_of_day", "orders") == [(10, 2)]


def test_the_change_on_a_week_earlier_is_taken_apart(saturday: Asked) -> None:
    # 5 mugs at 10 then; 2 mugs and a lamp for 40 now, 4 of discount, 10 of returns: −20 + 30 − 4 − 10 = 46 − 50.
    found = [row[1:] for row in saturday.rows("causes") if row[0] == "a week earlier"]
    assert found == [
        ("volume", Decimal(-20)),
        ("mix", Decimal(30)),
        ("price", Decimal(0)),
        ("discounts", Decimal(-4)),
        ("returns", Decimal(-10)),
    ]
    assert "Net sales fell by £4.00 or 8.0% against a week earlier, from £50.00 to £46.00 ." in saturday.text


def test_visits_nobody_recorded_are_not_zero(saturday: Asked) -> None:
    assert saturday.figures("people.customers", "people.conversion_rate") == [2, None]
    assert "Conversion rate Not known. Visits are not recorded." in saturday.text
