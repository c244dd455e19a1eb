"""What nobody recorded has no value, and what can still change is said to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from ecombi.backends.warehouse import open_warehouse
from ecombi.metrics.answers import Answers
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.rollups import TABLES
from ecombi.reports import graphs
from ecombi.reports.recorded import Unrecorded, known
from ecombi.reports.settled import settled, unfinished
from ecombi.settings import load_settings
from tests.metrics.small_shops import SHOP, Ask, asking, only, publish_rows, sale, visit

LEDGER = [sale("o1", "2012-04-02", "10.00", customer_id="ann"), sale("o2", "2012-05-31", "10.00", customer_id="ben")]
SESSIONS = [
    visit("s1", "2012-05-02", steps=(0.1, 0.2, 0.3, 0.4), order_id="o1"),
    visit("s2", "2012-05-30", steps=(0.1, 0.2, 0.3)),
]
MAY = {"start": "2012-05-01", "end": "2012-06-01"}
APRIL = {"start": "2012-04-01", "end": "2012-05-01"}


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """A shop with sales, and visits from May on; no advertising."""
    with asking(tmp_path_factory.mktemp("recorded"), None, {"ledger": LEDGER, "sessions": SESSIONS}) as asked:
        yield asked


def test_a_figure_of_records_that_do_not_exist_has_no_value_and_says_why(ask: Ask) -> None:
    result = known(ask(["net_sales", "ad_spend", "mer", "sessions"], **MAY))
    assert only(result) == {"net_sales": Decimal(10), "ad_spend": None, "mer": None, "sessions": 2}
    spend = result.passport.metrics[1]
    assert isinstance(spend, Unrecorded)
    assert spend.null_rule == "Advertising costs are not recorded."


def test_days_from_before_the_records_began_have_no_value(ask: Ask) -> None:
    result = known(ask("sessions", **APRIL))
    assert only(result) == {"sessions": None}
    assert result.passport.metrics[0].null_rule == "Visits are recorded for 2–30 May 2012 only."


def test_days_that_count_without_records_are_named(ask: Ask) -> None:
    said = unfinished(ask("sessions", start="2012-04-01", end="2012-06-01")).html
    assert "Visits are recorded from 2 May 2012 on; the days before count without them." in said
    assert "Visits are recorded up to 30 May 2012; the days after it count without them." in said


def test_where_all_is_recorded_nothing_changes(ask: Ask) -> None:
    result = ask("sessions", **MAY)
    assert known(result) is result
    assert "Nothing: every day is final" in unfinished(ask("net_sales", **MAY)).html


def test_new_customers_of_a_shop_that_names_nobody_are_not_zero(tmp_path: Path) -> None:
    with asking(tmp_path, None, {"ledger": [sale("o1", "2012-05-02", "10.00")]}) as asked:
        found = only(known(asked(["orders", "guest_orders", "new_customers", "customers"], **MAY)))
    assert found == {"orders": 1, "guest_orders": 1, "new_customers": None, "customers": None}


def test_a_series_keeps_what_has_had_its_time(ask: Ask) -> None:
    # The last final day is 31 May: a checkout of the 30th can still be completed.
    by_day = ask("checkout_abandonment_rate", grain="day", **MAY, fill=True)
    kept = dict(zip(by_day["day"].dt.date, settled(by_day)["checkout_abandonment_rate"], strict=True))
    assert kept[date(2012, 5, 2)] == 0.0
    assert pd.isna(kept[date(2012, 5, 30)])


def test_an_earlier_line_lies_under_the_days_it_has_records_of(ask: Ask) -> None:
    # The records begin on 2 April; 1 April has no place in the line, so the 2nd stays the second.
    may, april = ask("net_sales", grain="day", **MAY, fill=True), ask("net_sales", grain="day", **APRIL, fill=True)
    drawn = graphs.trend("net_sales", [(may, ask("net_sales", **MAY)), (april, ask("net_sales", **APRIL))], "Net").html
    assert '<path class="before" fill="none" stroke="currentColor" d="M1,0.00L2,100.00' in drawn
    assert "recorded in part" in drawn


def test_a_day_loaded_before_its_end_is_said_to_be_open(tmp_path: Path) -> None:
    noon = datetime(2012, 5, 20, 12, tzinfo=UTC)
    warehouse = open_warehouse(load_settings(workspace=tmp_path), TABLES)
    publish_rows(warehouse, {"ledger": [sale("o1", "2012-05-19", "10.00"), sale("o2", "2012-05-20T09:00", "10.00")]},
                 loaded_at=noon)  # fmt: skip
    ask = Answers(warehouse, SHOP)
    days = {"start": "2012-05-18", "end": "2012-05-21"}
    total = ask.run(MetricQuery.of("net_sales", **days))
    by_day = ask.run(MetricQuery.of("net_sales", grain="day", fill=True, **days))
    warehouse.close()

    assert "From 20 May 2012 on, rows may still come." in unfinished(total).html
    drawn = graphs.trend("net_sales", [(by_day, total)], "Net").html
    assert 'class="now open"' in drawn
    assert "Dashed: not final" in drawn
