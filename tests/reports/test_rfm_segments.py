"""The segment report on five customers scored by hand on two days."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ecombi.customers.segments import SEGMENTS
from ecombi.reports.segments import ACTIONS, flows
from tests.reports.asked import Asked, ask
from tests.reports.people_shop import LEDGER
from tests.reports.shops import opened


@pytest.fixture(scope="session")
def segments(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """The report, compared with 30 days earlier."""
    return ask("rfm_segments", {"back": "30"}, opened(tmp_path_factory.mktemp("segments"), {"ledger": LEDGER}))


def test_customers_are_put_into_segments(segments: Asked) -> None:
    # Scores r, f, m: ann 5 5 5, ben 4 3 3, eve 3 1 4, dan 2 3 2, cleo 1 1 1.
    assert segments.figure("day") == date(2012, 4, 11)
    assert sorted(segments.rows("segments", "segment", "customers", "net_sales")) == [
        ("At risk", 1, Decimal(30)),
        ("Champions", 1, Decimal(60)),
        ("Hibernating", 1, Decimal(10)),
        ("Need attention", 1, Decimal(50)),
        ("Potential loyalists", 1, Decimal(40)),
    ]
    assert (
        "5 customers have ordered so far. Champions are 20.0% of them and brought 31.6% of net sales." in segments.text
    )


def test_customers_are_followed_from_one_day_to_the_other(segments: Asked) -> None:
    # On 12 March ann 3 3 4, ben 1 1 2, cleo 2 1 1, dan 4 3 3; eve had not ordered.
    assert segments.figure("earlier_day") == date(2012, 3, 12)
    assert sorted(segments.rows("moves")) == [
        ("Hibernating", "Hibernating", 1),
        ("Hibernating", "Potential loyalists", 1),
        ("Loyal customers", "Champions", 1),
        ("Not a customer yet", "Need attention", 1),
        ("Potential loyalists", "At risk", 1),
    ]
    assert "1 slipped away" in segments.text
    assert "1 came back from there" in segments.text


def test_what_a_segment_lost_and_gained_gives_what_it_has(segments: Asked) -> None:
    by_segment = {row[0]: row[1:] for row in segments.rows("flows")}
    # were in it, left, came over, first order, are in it
    assert by_segment["Hibernating"] == (2, 1, 0, 0, 1)
    assert by_segment["Potential loyalists"] == (1, 1, 1, 0, 1)
    assert by_segment["Need attention"] == (0, 0, 0, 1, 1)
    for before, left, came, new, now in by_segment.values():
        assert before - left + came + new == now


def test_flows_of_no_customers_are_zero() -> None:
    assert not flows({}).drop(columns="segment").to_numpy().any()


def test_every_segment_has_something_to_do() -> None:
    assert set(ACTIONS) == {segment.name for segment in SEGMENTS}
