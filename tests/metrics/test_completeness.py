"""Which days are final, and what is said of those that are not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ecombi.errors import PeriodError
from ecombi.metrics.answers import Answers
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.state import Known, Load
from ecombi.schema.periods import Period
from tests.metrics.conftest import opened
from tests.metrics.small_shops import SHOP, publish_rows, sale

LOADED = datetime(2012, 11, 20, 6, tzinfo=UTC)
LINES = [
    *(sale(f"a{n}", f"2012-10-{n:02d}", "10.00") for n in range(1, 32)),
    *(sale(f"b{n}", f"2012-11-{n:02d}", "20.00") for n in range(1, 21)),
    sale("y", "2011-11-05", "30.00"),
]
NOVEMBER = {"start": "2012-11-01", "end": "2012-12-01"}


def loaded(source: str, at: datetime, hours: int = 0, number: int = 1) -> Load:
    return Load(load_id=number, source=source, at=at, settle_hours=hours, last_day=at.date())


def known(*loads: Load, last_day: date = date(2012, 11, 20), zone: str = "UTC") -> Known:
    return Known(loads=loads, last_day=last_day, zone=zone)


def test_a_day_is_final_once_it_was_loaded_after_its_end() -> None:
    assert known(loaded("shop", LOADED)).final_until == date(2012, 11, 20)
    assert known(loaded("shop", LOADED.replace(hour=0))).final_until == date(2012, 11, 20)
    # What lies after the last recorded day is not known.
    assert known(loaded("shop", LOADED), last_day=date(2012, 11, 14)).final_until == date(2012, 11, 15)


@pytest.mark.parametrize(("hours", "until"), [(6, 20), (7, 19), (30, 19), (31, 18), (24 * 14, 6)])
def test_rows_are_given_their_hours_to_settle(hours: int, until: int) -> None:
    assert known(loaded("shop", LOADED, hours)).final_until == date(2012, 11, until)


def test_the_slowest_source_decides_by_its_latest_load() -> None:
    earlier = loaded("mail", LOADED - timedelta(days=9))
    assert known(loaded("shop", LOADED), earlier).final_until == date(2012, 11, 11)
    again = loaded("mail", LOADED - timedelta(days=2), 24, 2)
    assert known(loaded("shop", LOADED), earlier, again).final_until == date(2012, 11, 17)


def test_days_end_on_the_shops_clock() -> None:
    late = datetime(2012, 11, 19, 23, 30, tzinfo=UTC)
    assert known(loaded("shop", late), zone="Europe/Berlin").final_until == date(2012, 11, 20)
    assert known(loaded("shop", late), zone="Europe/London").final_until == date(2012, 11, 19)
    assert known(loaded("shop", late), zone="America/New_York").final_until == date(2012, 11, 19)


def test_nothing_is_final_where_nothing_was_loaded() -> None:
    assert Known().final_until is None
    assert replace(known(loaded("shop", LOADED)), last_day=None).final_until is None
    assert known(loaded("shop", LOADED)).at(LOADED - timedelta(seconds=1)).final_until is None


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    warehouse = opened(tmp_path_factory.mktemp("completeness"))
    publish_rows(warehouse, {"ledger": LINES}, loaded_at=LOADED)
    yield Answers(warehouse, SHOP)
    warehouse.close()


def test_unfinished_buckets_are_marked(answers: Answers) -> None:
    weeks = answers.run(MetricQuery.of("net_sales", grain="week", **NOVEMBER))
    passport = weeks.passport
    assert passport.unfinished_from == date(2012, 11, 20)
    assert [passport.is_unfinished(day.date()) for day in weeks["week"]] == [False, False, False, True]
    assert dict(passport.lines())["Unfinished"].startswith("from 20 Nov 2012")
    assert dict(passport.lines())["Final"] == "every day up to 19 Nov 2012"
    shown = weeks._repr_html_()
    assert shown.count(", unfinished</td>") == 1
    done = answers.run(MetricQuery.of("net_sales", grain="week", start="2012-11-01", end="2012-11-20"))
    assert "Unfinished" not in dict(done.passport.lines())
    assert "unfinished" not in done._repr_html_()


@pytest.mark.parametrize(
    ("compare", "other", "before"),
    [
        (None, None, None),
        ("previous", Period(date(2012, 10, 1), date(2012, 10, 20)), 190),
        ("year_ago", Period(date(2011, 11, 1), date(2011, 11, 20)), 30),
        ("same_weekdays", Period(date(2011, 11, 3), date(2011, 11, 22)), 30),
        (("2012-10-10", "2012-11-09"), Period(date(2012, 10, 10), date(2012, 10, 29)), 190),
        (("2012-10-10", "2012-10-15"), Period(date(2012, 10, 10), date(2012, 10, 15)), 50),
    ],
)
def test_the_elapsed_part_is_compared_with_the_same_part(
    answers: Answers, compare: object, other: Period | None, before: int | None
) -> None:
    found = answers.run(MetricQuery.of("net_sales", compare=compare, elapsed=True, **NOVEMBER))
    assert (found.passport.start, found.passport.end) == (date(2012, 11, 1), date(2012, 11, 20))
    assert found["net_sales"].tolist() == [19 * 20]
    assert found.passport.compared == other
    assert found.passport.unfinished_from is None
    if other is not None:
        assert found["net_sales_before"].tolist() == [before]


def test_a_period_that_is_over_is_compared_as_a_whole(answers: Answers) -> None:
    october = {"start": "2012-10-01", "end": "2012-11-01", "compare": "previous"}
    whole, elapsed = (answers.run(MetricQuery.of("orders", elapsed=e, **october)) for e in (False, True))
    assert elapsed["orders"].tolist() == whole["orders"].tolist() == [31]
    assert elapsed.passport.compared == whole.passport.compared


def test_where_no_day_is_final_the_last_final_one_is_named(answers: Answers) -> None:
    with pytest.raises(
        PeriodError, match=r"No day of the period from 2012-11-20 to 2012-11-30 is final yet.*2012-11-19"
    ):
        answers.run(MetricQuery.of("orders", start="2012-11-20", end="2012-12-01", elapsed=True))
    with pytest.raises(PeriodError, match="give both a start and an end"):
        MetricQuery.of("orders", start="2012-11-20", elapsed=True)


def test_hours_to_settle_are_read_from_the_loads(tmp_path: Path) -> None:
    warehouse = opened(tmp_path)
    publish_rows(warehouse, {"ledger": LINES}, loaded_at=LOADED)
    with warehouse.build() as build:
        build.connection.execute("UPDATE loads SET settle_hours = 48")
        build.publish(at=LOADED)
    assert Answers(warehouse, SHOP).known().final_until == date(2012, 11, 18)
    warehouse.close()
