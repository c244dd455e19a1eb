"""The cohort report on five customers followed by hand, in a month that is not over."""

from __future__ import annotations

from datetime import date

import pytest

from tests.reports.asked import Asked, ask
from tests.reports.people_shop import LEDGER
from tests.reports.shops import opened

JANUARY, FEBRUARY, MARCH = date(2012, 1, 1), date(2012, 2, 1), date(2012, 3, 1)


@pytest.fixture(scope="session")
def cohorts(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """The report as it is without values."""
    return ask("cohort_retention", {}, opened(tmp_path_factory.mktemp("cohorts"), {"ledger": LEDGER}))


def test_each_cohort_is_followed_until_what_is_not_known_yet(cohorts: Asked) -> None:
    third = pytest.approx(1 / 3)
    assert cohorts.rows("cohorts", "cohort", "age", "size", "retention") == [
        (JANUARY, 0, 3, 1.0),
        (JANUARY, 1, 3, third),
        (JANUARY, 2, 3, third),
        # Ann has ordered in April; but April is not over.
        (JANUARY, 3, 3, None),
        (FEBRUARY, 0, 1, 1.0),
        (FEBRUARY, 1, 1, 1.0),
        (FEBRUARY, 2, 1, None),
        (MARCH, 0, 1, 1.0),
        (MARCH, 1, 1, None),
    ]
    assert cohorts.text.count("not yet") >= 3
    assert "Of the customers who first ordered in Feb 2012, 100.0% ordered again 1 month later." in cohorts.text


def test_repeat_rates_count_customers_who_have_had_their_days(cohorts: Asked) -> None:
    # Ann and Dan of the four of January and February; of 90 days only Ann has had her time.
    rates = [cohorts.figure(f"repeat_rates.repeat_rate_{days}_days") for days in (30, 60, 90)]
    assert rates == [pytest.approx(0.5), pytest.approx(0.5), pytest.approx(1.0)]


def test_a_month_is_judged_when_its_last_customer_has_had_the_days(cohorts: Asked) -> None:
    third = pytest.approx(1 / 3)
    assert cohorts.rows("repeat_rates_by_month") == [
        (JANUARY, third, third, None),
        (FEBRUARY, 1.0, None, None),
        (MARCH, None, None, None),
    ]


def test_the_days_between_orders_are_measured(cohorts: Asked) -> None:
    # First to second: 25, 26 and 65 days; nine in ten is 26 + 0.8 × 39. Ann's third order came 65 days later.
    assert cohorts.rows("days_between_orders", "order_number", "intervals", "median_days", "p90_days") == [
        (2, 3, pytest.approx(26), pytest.approx(57.2)),
        (3, 1, pytest.approx(65), pytest.approx(65)),
    ]
    assert "half placed their second order within 26 days and nine in ten within 57 days" in cohorts.text
