"""The funnel and acquisition report on visits, orders and advertisements counted by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.metrics.small_shops import sale, visit
from tests.reports.asked import Asked, ask
from tests.reports.shops import opened

LEDGER = [
    sale("z1", "2012-03-31", "10.00", customer_id="zoe"),
    sale("a1", "2012-05-02", "30.00", customer_id="ann"),
    sale("b1", "2012-05-29", "20.00", customer_id="ben"),
    sale("c1", "2012-05-31", "10.00", customer_id="cleo"),
]
WEB, APP = {"channel": "web"}, {"channel": "app"}
SESSIONS = [
    visit("s0", "2012-04-10", traffic_source="direct", device="mobile", **WEB),
    visit("s1", "2012-05-02", steps=(0.1, 0.2, 0.3, 0.4), traffic_source="paid_search", device="mobile",
          order_id="a1", **WEB),
    visit("s2", "2012-05-03", steps=(0.1, 0.2, 0.3), traffic_source="direct", device="desktop", **WEB),
    visit("s3", "2012-05-04", steps=(0.1, 0.2), traffic_source="social", device="mobile", **APP),
    visit("s4", "2012-05-05", steps=(0.1,), traffic_source="direct", device="mobile", **WEB),
    visit("s5", "2012-05-06", traffic_source="email", device="desktop", **WEB),
    # less than eight days before the last final day: their checkouts are not judged yet
    visit("s6", "2012-05-28", steps=(0.1, 0.2, 0.3), traffic_source="paid_search", device="mobile", **WEB),
    visit("s7", "2012-05-29", steps=(0.1, 0.2, 0.3, 0.4), traffic_source="direct", device="desktop",
          order_id="b1", **WEB),
    visit("s8", "2012-05-30", steps=(0.1, 0.2), traffic_source="direct", device="desktop", is_bot=True, **WEB),
]  # fmt: skip


def spent(campaign: str, source: str, amount: str, shown: int, clicked: int) -> dict[str, object]:
    """What a campaign cost on 2 May."""
    return {
        "day": date(2012, 5, 2),
        "campaign": campaign,
        "traffic_source": source,
        "spend_amount": Decimal(amount),
        "impressions": shown,
        "clicks": clicked,
    }


SPEND = [spent("Brand", "paid_search", "8.00", 800, 20), spent("Gifts", "social", "4.00", 1000, 5)]


@pytest.fixture(scope="session")
def may(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """The report of May 2012."""
    shop = opened(tmp_path_factory.mktemp("funnel"), {"ledger": LEDGER, "sessions": SESSIONS, "ad_spend": SPEND})
    return ask("funnel_acquisition", {"start": "2012-05-01", "end": "2012-06-01"}, shop)


def test_each_step_of_the_funnel_is_counted(may: Asked) -> None:
    steps = ("sessions", "sessions_viewed", "sessions_added", "sessions_checkout", "sessions_completed")
    assert may.figures(*(f"funnel.{step}" for step in steps)) == [7, 6, 5, 4, 2]
    assert may.figure("funnel.conversion_rate") == pytest.approx(2 / 7)
    assert may.figures("funnel_before.sessions", "funnel_before.sessions_viewed") == [1, 0]


def test_the_step_that_loses_most_is_named(may: Asked) -> None:
    # 2 of 4 checkouts, against 1 of 7, 1 of 6 and 1 of 5 at the steps before.
    assert "Most is lost at one step: 2 checkouts did not end in an order (50.0%)." in may.text


def test_the_funnel_is_cut_by_channel_and_device(may: Asked) -> None:
    assert may.rows("by_channel", "channel", "sessions", "conversion_rate") == [
        ("app", 1, 0.0),
        ("web", 6, pytest.approx(1 / 3)),
    ]
    assert may.rows("by_device", "device", "sessions", "conversion_rate") == [
        ("desktop", 3, pytest.approx(1 / 3)),
        ("mobile", 4, pytest.approx(1 / 4)),
    ]
    assert "web turns most visits into orders, 33.3%, and app fewest, 0.0%; all together it is 28.6%." in may.text


def test_young_checkouts_are_not_judged_yet(may: Asked) -> None:
    # One of the two checkouts before 24 May was completed; the one of the 28th still can be.
    assert may.figure("abandoned.checkout_abandonment_rate") == pytest.approx(1 / 2)
    by_day = dict(may.rows("abandoned_over_time", "day", "checkout_abandonment_rate"))
    assert by_day[date(2012, 5, 3)] == 1.0
    assert by_day[date(2012, 5, 28)] is None
    assert "Counts days up to 23 May 2012 only: a later one takes 8 more days until it is settled." in may.text


def test_advertising_is_set_against_what_it_brought(may: Asked) -> None:
    assert may.figures("now.ad_spend", "now.new_customers") == [Decimal(12), 3]
    # 12 ÷ 3 customers; 60 of net sales ÷ 12; 30 from paid search ÷ 12.
    rates = [may.figure(name) for name in ("now.cac", "now.mer", "acquisition.roas")]
    assert rates == [pytest.approx(4), pytest.approx(5), pytest.approx(2.5)]
    paid = may.rows("by_paid_source", "traffic_source", "ad_spend", "new_customers", "cac", "roas")
    assert ("paid_search", Decimal(8), 1, pytest.approx(8), pytest.approx(3.75)) in paid
    assert ("social", Decimal(4), 0, None, pytest.approx(0)) in paid


def test_customers_who_came_by_themselves_are_told_apart(may: Asked) -> None:
    assert "Paid search brought £3.75 of sales for each £1 spent, Social £0.00." in may.text
    # Ben came directly, and nobody knows how Cleo came.
    assert "2 new customers came from elsewhere" in may.text


def test_campaigns_are_listed(may: Asked) -> None:
    assert may.rows("campaigns", "campaign", "ad_spend", "clicks") == [
        ("Brand", Decimal(8), 20),
        ("Gifts", Decimal(4), 5),
    ]


def test_spend_of_a_month_without_records_is_not_known_rather_than_zero(may: Asked) -> None:
    assert may.figures("period_before.ad_spend", "period_before.cac", "period_before.sessions") == [None, None, 1]
    assert "a_year_earlier.sessions" not in may.declared.figures
    assert "Advertising costs are recorded from 2 May 2012 on; the days before count without them." in may.text
