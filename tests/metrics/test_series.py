"""Time buckets: the shop's clock, ISO weeks, filled series."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from tests.metrics.conftest import Ask


def series(frame: pd.DataFrame, grain: str, metric: str) -> dict[pd.Timestamp, object]:
    return dict(zip(frame[grain].tolist(), frame[metric].tolist(), strict=True))


def test_months_and_years(ask: Ask) -> None:
    months = ask(["gross_sales", "net_sales", "orders"], grain="month")
    assert [tuple(row) for row in months.itertuples(index=False)] == [
        (pd.Timestamp("2012-01-01"), Decimal(80), Decimal(76), 4),
        (pd.Timestamp("2012-02-01"), Decimal(80), Decimal(67), 3),
        (pd.Timestamp("2012-03-01"), Decimal(40), Decimal(0), 4),
        (pd.Timestamp("2012-04-01"), Decimal(40), Decimal(40), 1),
        (pd.Timestamp("2012-10-01"), Decimal(20), Decimal(20), 2),
        (pd.Timestamp("2012-12-01"), Decimal(20), Decimal(20), 2),
        (pd.Timestamp("2013-01-01"), Decimal("57.5"), Decimal("57.5"), 2),
        (pd.Timestamp("2013-02-01"), Decimal(220), Decimal(220), 22),
    ]
    years = ask("orders", grain="year")
    assert series(years, "year", "orders") == {pd.Timestamp(2012, 1, 1): 16, pd.Timestamp(2013, 1, 1): 24}
    quarters = ask("gross_sales", grain="quarter", start="2012-01-01", end="2013-01-01")
    assert [(q.month, v) for q, v in series(quarters, "quarter", "gross_sales").items()] == [
        (1, 200),
        (4, 40),
        (10, 40),
    ]


def test_a_week_starts_on_monday_and_crosses_the_year(ask: Ask) -> None:
    weeks = ask("orders", grain="week", start="2012-12-24", end="2013-01-14")
    # Sunday 30 December belongs to the week before; 31 December, 1 and 6 January to one week.
    assert series(weeks, "week", "orders") == {pd.Timestamp(2012, 12, 24): 1, pd.Timestamp(2012, 12, 31): 3}


def test_a_period_does_not_contain_its_end(ask: Ask) -> None:
    assert ask("orders", start="2012-12-30", end="2012-12-31")["orders"].tolist() == [1]
    assert ask("orders", start="2012-12-30")["orders"].tolist() == [26]
    assert ask("orders", end="2012-12-31")["orders"].tolist() == [15]


def test_the_leap_day_is_a_day(ask: Ask) -> None:
    assert ask("orders", start="2012-02-29", end="2012-03-01")["orders"].tolist() == [2]


def test_days_are_cut_at_the_shops_midnight(ask: Ask) -> None:
    # 23:30 UTC is the same day in winter, and the next one after the clocks went forward.
    days = ask("orders", grain="day", start="2012-03-24", end="2012-04-02")
    expected = {
        pd.Timestamp(2012, 3, 24): 1,
        pd.Timestamp(2012, 3, 25): 2,
        pd.Timestamp(2012, 3, 26): 1,
        pd.Timestamp(2012, 4, 1): 1,
    }
    assert series(days, "day", "orders") == expected


def test_the_day_the_clocks_go_forward_has_23_hours(ask: Ask) -> None:
    hours = ask("orders", grain="hour", start="2012-03-25", end="2012-03-26", fill=True)
    found = series(hours, "hour", "orders")
    assert len(found) == 23
    assert pd.Timestamp(2012, 3, 25, 1) not in found
    assert {hour.hour: count for hour, count in found.items() if count} == {0: 1, 2: 1}


def test_the_hour_that_the_clocks_repeat_is_one_bucket(ask: Ask) -> None:
    hours = ask("orders", grain="hour", start="2012-10-28", end="2012-10-29", fill=True)
    assert len(hours) == 24
    assert series(hours, "hour", "orders")[pd.Timestamp(2012, 10, 28, 1)] == 2


def test_a_series_has_no_bucket_for_days_without_events_unless_it_is_filled(ask: Ask) -> None:
    summer = {"start": "2012-04-01", "end": "2012-08-01"}
    assert series(ask("net_sales", grain="month", **summer), "month", "net_sales") == {pd.Timestamp(2012, 4, 1): 40}
    filled = ask(["net_sales", "orders", "aov", "cost_of_goods"], grain="month", **summer, fill=True)
    assert filled["net_sales"].tolist() == [40, 0, 0, 0]
    assert filled["orders"].tolist() == [1, 0, 0, 0]
    assert filled["aov"].isna().tolist() == [False, True, True, True]
    assert filled["cost_of_goods"].isna().tolist() == [False, True, True, True]


def test_a_filled_series_has_every_bucket_for_every_group(ask: Ask) -> None:
    filled = ask("gross_sales", by="country", grain="month", start="2012-01-01", end="2012-04-01", fill=True)
    found = [(None if pd.isna(c) else c, m.month, v) for c, m, v in filled.itertuples(index=False)]
    assert found == [
        ("DE", 1, 0), ("DE", 2, 70), ("DE", 3, 0),
        ("FR", 1, 10), ("FR", 2, 0), ("FR", 3, 0),
        ("GB", 1, 60), ("GB", 2, 10), ("GB", 3, 40),
        (None, 1, 10), (None, 2, 0), (None, 3, 0),
    ]  # fmt: skip


def test_a_series_is_not_filled_where_nothing_was_recorded(ask: Ask) -> None:
    days = ask("orders", grain="day", start="2013-02-20", end="2013-03-10", fill=True)["day"]
    assert [day.day for day in days] == [20, 21, 22]
    days = ask("orders", grain="day", start="2011-12-25", end="2012-01-04", fill=True)
    assert series(days, "day", "orders") == {pd.Timestamp(2012, 1, 2): 1, pd.Timestamp(2012, 1, 3): 0}
    assert len(ask("orders", grain="day", start="2020-01-01", end="2020-02-01", fill=True)) == 0


@pytest.mark.parametrize(("grain", "count"), [("day", 418), ("week", 60), ("month", 14), ("quarter", 5), ("year", 2)])
def test_a_series_without_a_period_is_filled_from_the_first_to_the_last_day(ask: Ask, grain: str, count: int) -> None:
    # 2 January 2012 (a Monday) to 22 February 2013 (a Friday): 365 + 53 days.
    filled = ask("units", grain=grain, fill=True)
    assert len(filled) == count
    assert filled["units"].sum() == 47
