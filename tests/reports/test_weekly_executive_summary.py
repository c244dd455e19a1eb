"""The weekly executive summary on a shop added up by hand: each figure, and each cent of why it moved."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ecombi.settings import Settings
from tests.metrics.small_shops import event, sale
from tests.reports.asked import Asked, ask
from tests.reports.shops import opened

GB = {"country": "GB", "channel": "web", "sku": "mug"}
FR = {"country": "FR", "channel": "app", "sku": "lamp"}

# Week of 14 May 2012: gross 66.00 + 40.00, discount 4.00, return 10.00: net 92.00; 7 units; cost 24 + 25 − 4 = 45.00.
# The week before: 40.00 + 40.00 = 80.00 for 5 units. 52 weeks earlier: 50.00 for 5 units.
LEDGER = [
    sale("y1", "2011-05-16", "50.00", qty=5, customer_id="dan", cost_amount=Decimal("20"), **GB),
    sale("b1", "2012-05-07", "40.00", qty=4, customer_id="ann", cost_amount=Decimal("16"), **GB),
    sale("b2", "2012-05-13", "40.00", customer_id="ben", cost_amount=Decimal("25"), **FR),
    sale("w1", "2012-05-14", "66.00", qty=6, customer_id="ann", cost_amount=Decimal("24"), **GB),
    sale("w2", "2012-05-16", "40.00", customer_id="cleo", cost_amount=Decimal("25"), **FR),
    event("discount", "w2", "2012-05-16", "-4.00", customer_id="cleo", cost_amount=Decimal(0), **FR),
    event("return", "b1", "2012-05-20", "-10.00", ordered="2012-05-07", qty=-1, customer_id="ann",
          cost_amount=Decimal("-4"), **GB),
    # the first two days of the next week; what the lamp cost is not known
    sale("n1", "2012-05-22", "11.00", customer_id="ann", cost_amount=Decimal("4"), **GB),
    sale("n2", "2012-05-22", "40.00", customer_id="ben", **FR),
]  # fmt: skip
PRODUCTS = [
    {"sku": "mug", "name": "Mug", "category": "Kitchen"},
    {"sku": "lamp", "name": "Lamp", "category": "Home"},
]


@pytest.fixture(scope="session")
def shop_of_weeks(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The shop's settings."""
    return opened(tmp_path_factory.mktemp("weeks"), {"ledger": LEDGER, "products": PRODUCTS})


@pytest.fixture(scope="session")
def week(shop_of_weeks: Settings) -> Asked:
    """The report without a week: the last one that is over."""
    return ask("weekly_executive_summary", {}, shop_of_weeks)


@pytest.fixture(scope="session")
def unfinished(shop_of_weeks: Settings) -> Asked:
    """The report of a week of which two days have records."""
    return ask("weekly_executive_summary", {"week": "2012-05-25"}, shop_of_weeks)


def test_the_last_week_that_is_over_is_added_up(week: Asked) -> None:
    assert week.figures("first_day", "last_day", "days_missing") == [date(2012, 5, 14), date(2012, 5, 20), 0]
    assert week.figures("week.net_sales", "week.orders", "week.gross_margin", "week.new_customers") == [
        Decimal(92),
        2,
        Decimal(47),
        1,
    ]
    # (66 + 36) ÷ 2; 1 unit of 7 came back.
    assert week.figure("week.aov") == pytest.approx(51)
    assert week.figure("week.return_rate") == pytest.approx(1 / 7)
    assert week.figures("week_before.net_sales", "year_ago.net_sales") == [Decimal(80), Decimal(50)]


def test_the_causes_sum_to_the_change_to_the_cent(week: Asked) -> None:
    # The week before sold at 80 ÷ 5 = 16: (7 − 5) × 16 = 32 of volume. At its own price before each, (6 − 4) × 10 = 20,
    # so the mix is 20 − 32. Mugs went from 10 to 11: 6 × 1.
    assert week.rows("causes", "against", "cause", "amount") == [
        ("the week before", "volume", Decimal(32)),
        ("the week before", "mix", Decimal(-12)),
        ("the week before", "price", Decimal(6)),
        ("the week before", "discounts", Decimal(-4)),
        ("the week before", "returns", Decimal(-10)),
        # 50 ÷ 5 = 10: (7 − 5) × 10; the lamp is new, so its 40 are units: 10 + 40 − 20.
        ("a year ago", "volume", Decimal(20)),
        ("a year ago", "mix", Decimal(30)),
        ("a year ago", "price", Decimal(6)),
        ("a year ago", "discounts", Decimal(-4)),
        ("a year ago", "returns", Decimal(-10)),
    ]
    assert week.rows("changes", "against", "change") == [("the week before", 12), ("a year ago", 42)]


def test_the_parts_sum_to_the_change_too(week: Asked) -> None:
    assert week.rows("added_since_the_week_before") == [
        ("country", "GB", 40, 56, 16),
        ("country", "FR", 40, 36, -4),
        ("channel", "web", 40, 56, 16),
        ("channel", "app", 40, 36, -4),
        ("category", "Kitchen", 40, 56, 16),
        ("category", "Home", 40, 36, -4),
    ]


def test_the_narrative_says_what_the_figures_say(week: Asked) -> None:
    assert "Net sales rose by £12.00 or 15.0% against the week before, from £80.00 to £92.00 ." in week.text
    assert "It came from more units ( +£32.00 )" in week.text
    assert "Against it went a cheaper mix of products ( −£12.00 ) and more returns ( −£10.00 )." in week.text
    assert "The rest comes to +£2.00 : higher prices and larger discounts." in week.text
    assert "By country: GB +£16.00 and FR −£4.00 ." in week.text
    assert "Net sales rose by £42.00 or 84.0% against a year ago, from £50.00 to £92.00 ." in week.text


def test_what_nobody_recorded_is_not_known_rather_than_zero(week: Asked) -> None:
    unknown = ["week.conversion_rate", "week.contribution_margin", "delivery.parcels", "stock.stock_value"]
    assert week.figures(*unknown) == [None] * 4
    assert "Conversion rate Not known. Visits are not recorded." in week.text
    assert "Parcels Not known. Parcels are not recorded." in week.text


def test_a_week_that_is_not_over_meets_the_same_days(unfinished: Asked) -> None:
    assert unfinished.figures("first_day", "last_day", "days_missing") == [date(2012, 5, 21), date(2012, 5, 22), 5]
    # Monday and Tuesday of both weeks: 51.00 against 66.00.
    assert unfinished.figures("week.net_sales", "week_before.net_sales") == [Decimal(51), Decimal(66)]
    assert "The week is not over: 2 days of 7 have records, up to 22 May 2012." in unfinished.text


def test_an_unknown_cost_is_said_beside_the_margin(unfinished: Asked) -> None:
    assert unfinished.figure("cost_coverage.cost_coverage") == pytest.approx(11 / 51)
    assert "Cost of goods Known for 21.6% of net sales." in unfinished.text


def test_weeks_from_before_the_records_are_not_compared_with(unfinished: Asked) -> None:
    # The 23 and 24 May 2011 are recorded: nothing was sold.
    assert unfinished.figure("year_ago.net_sales") == Decimal(0)
