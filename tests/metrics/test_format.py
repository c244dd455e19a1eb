"""Figures as people read them, after the design's table of numbers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Unit
from ecombi.schema.periods import Grain, Period

MONEY, COUNT, RATE, DAYS, TIMES = Unit.MONEY, Unit.COUNT, Unit.RATE, Unit.DAYS, Unit.TIMES


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1762210"), "£1.76M"), (98210.4, "£98.2K"), (812345, "£812K"), (Decimal("68.8600"), "£68.86"),
        (0, "£0"), (Decimal("999.994"), "£999.99"), (Decimal("999.995"), "£1.00K"), (999_499, "£999K"),
        (999_500, "£1.00M"), (Decimal(-238380), "−£238K"), (1_234_567_890, "£1.23B"), (Decimal("1e15"), "£1,000,000B"),
        (Decimal("-0.001"), "£0.00"), (None, "–"), (float("nan"), "–"), (pd.NA, "–"), (pd.NaT, "–"),
        (Decimal("NaN"), "–"), (float("inf"), "–"),
    ],
)  # fmt: skip
def test_tiles_have_three_digits(value: object, text: str) -> None:
    assert fmt.short(value, MONEY, "GBP") == text


def test_currencies_by_symbol_or_code() -> None:
    assert fmt.short(1240, MONEY, "SEK") == "SEK 1.24K"
    assert fmt.full(Decimal("-1240.5000"), MONEY, "SEK") == "−SEK 1,240.50"
    assert fmt.short(68.86, MONEY, "JPY") == "¥69"
    assert fmt.full(Decimal("1.5"), MONEY, "KWD") == "KWD 1.500"
    assert fmt.full(5, MONEY) == "5.00"


def test_counts_and_rates() -> None:
    assert [fmt.short(n, COUNT) for n in (0, 999, 1000, 25_591, -3)] == ["0", "999", "1.00K", "25.6K", "−3"]
    assert [fmt.short(r, RATE) for r in (0.421, 0.0234, -0.05, 1.2, 0)] == [
        "42.1%",
        "2.34%",
        "−5.0%",
        "120.0%",
        "0.00%",
    ]


def test_days_have_one_decimal_below_a_hundred() -> None:
    assert [fmt.short(d, DAYS) for d in (9.44, 99.94, 99.95, 123.4, 1234.5, 0.0, -0.04, -2.5)] == [
        "9.4 days", "99.9 days", "100 days", "123 days", "1.23K days", "0.0 days", "0.0 days", "−2.5 days",
    ]  # fmt: skip
    assert [fmt.short(d, DAYS) for d in (1, 12, Decimal("3.0000"), None)] == ["1 day", "12 days", "3 days", "–"]
    assert [fmt.full(d, DAYS) for d in (1234.56, 1.0, 1, Decimal("7.125"), -3)] == [
        "1,234.6 days", "1.0 days", "1 day", "7.125 days", "−3 days",
    ]  # fmt: skip


def test_multiples_have_three_digits() -> None:
    assert [fmt.short(t, TIMES) for t in (3.204, 9.995, 12.34, 153.6, 1234.0, 0.5, -1.5, 4)] == [
        "3.20×", "10.0×", "12.3×", "154×", "1.23K×", "0.50×", "−1.50×", "4×",
    ]  # fmt: skip
    assert [fmt.full(t, TIMES) for t in (1234.567, 0.5, float("nan"))] == ["1,234.57×", "0.50×", "–"]


def test_exact_figures_keep_every_decimal() -> None:
    assert fmt.full(Decimal("9747747.9340"), MONEY, "GBP") == "£9,747,747.934"
    assert fmt.full(Decimal("10.0000"), MONEY, "GBP") == "£10.00"
    assert fmt.full(12345, COUNT) == "12,345"
    assert fmt.full(0.1 + 0.2, MONEY, "GBP") == "£0.30"
    assert fmt.full(None, MONEY, "GBP") == "–"


def test_a_column_has_one_precision() -> None:
    assert fmt.column([Decimal("98210.4"), 3, None], MONEY, "GBP") == ["£98,210", "£3", "–"]
    assert fmt.column([Decimal("998.5"), -3], MONEY, "GBP") == ["£998.50", "−£3.00"]
    assert fmt.column([0.04, 0.051], RATE) == ["4.0%", "5.1%"]
    assert fmt.column([0.04, 0.0049], RATE) == ["4.00%", "0.49%"]
    assert fmt.column([], MONEY, "GBP") == []
    assert fmt.column([9.44, 12.0, None], DAYS) == ["9.4 days", "12.0 days", "–"]
    assert fmt.column([1, None, 12], DAYS) == ["1 day", "–", "12 days"]
    assert fmt.column([3.2, 153.456], TIMES) == ["3.20×", "153.46×"]


def test_changes_have_an_arrow_and_rates_change_by_points() -> None:
    assert [fmt.change(c, MONEY) for c in (0.097, -1.0, 0.0, 0.0004, None)] == [
        "▲ 9.7%",
        "▼ 100.0%",
        "0.0%",
        "0.0%",
        "–",
    ]
    assert fmt.change(12.5, COUNT) == "▲ 1,250.0%"
    assert [fmt.change(0.25, unit) for unit in (DAYS, TIMES)] == ["▲ 25.0%", "▲ 25.0%"]
    assert fmt.change(0.0009, RATE, level=0.0234) == "▲ 0.09 pp"
    assert fmt.change(-0.012, RATE, level=0.42) == "▼ 1.2 pp"


def test_amounts_added_or_taken_away_have_a_sign() -> None:
    assert [fmt.plus_minus(v, MONEY, "GBP") for v in (Decimal(35520), -5, 0)] == ["+£35,520.00", "−£5.00", "£0.00"]


def test_shares_round_by_largest_remainder() -> None:
    assert fmt.shares([1, 1, 1]) == [Decimal("33.4"), Decimal("33.3"), Decimal("33.3")]
    assert fmt.shares([Decimal("58.04"), Decimal("19.06"), Decimal("13.44"), Decimal("9.46")]) == [
        Decimal("58.0"), Decimal("19.1"), Decimal("13.4"), Decimal("9.5"),
    ]  # fmt: skip
    assert fmt.shares([3, None, 1]) == [Decimal("75.0"), None, Decimal("25.0")]
    assert fmt.shares([0, 0]) == [None, None]


@given(st.lists(st.decimals(0, 10**9, places=4), min_size=1, max_size=20))
def test_shares_sum_to_exactly_one_hundred(values: list[Decimal]) -> None:
    shares = [share for share in fmt.shares(values) if share is not None]
    assert sum(shares) == (100 if sum(values) else 0)


def test_days_and_buckets() -> None:
    assert fmt.days(Period(date(2026, 11, 1), date(2026, 11, 22))) == "1–21 Nov 2026"
    assert fmt.days(Period(date(2026, 10, 11), date(2026, 11, 3))) == "11 Oct – 2 Nov 2026"
    assert fmt.days(Period(date(2025, 12, 30), date(2026, 1, 3))) == "30 Dec 2025 – 2 Jan 2026"
    assert fmt.days(Period(date(2024, 2, 29), date(2024, 3, 1))) == "29 Feb 2024"
    at = pd.Timestamp("2026-11-16T02:00")
    assert [fmt.bucket(at, grain) for grain in Grain] == [
        "16 Nov 2026, 02:00", "16 Nov 2026", "Week of 16 Nov 2026", "Nov 2026", "Q4 2026", "2026",
    ]  # fmt: skip
