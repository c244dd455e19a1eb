"""Fill rates, OTIF, perfect orders and parcels, worked out by hand from eight orders and their parcels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from ecombi.metrics.answers import Answers
from ecombi.schema.periods import Period
from tests.metrics.loaded import ENGINES, Database, answers_on, figure, figures, sheet
from tests.metrics.small_shops import Rows, sale

# o9 was placed after the last recorded parcel left: it is in no figure, but makes November final.
ORDERS = [
    sale("o1", "2026-11-02", "20.00", qty=2, country="GB", channel="web"),
    sale("o2", "2026-11-03", "30.00", qty=3, country="DE", channel="app"),
    sale("o3", "2026-11-03", "10.00", qty=1, country="DE", channel="web"),
    sale("o4", "2026-11-04", "20.00", qty=2, country="GB", channel="web"),
    sale("o5", "2026-11-20", "10.00", qty=1, country="DE", channel="app"),
    sale("o7", "2026-11-26", "10.00", qty=1, country="DE", channel="web"),
    sale("o8", "2026-11-21", "40.00", qty=4, country="GB", channel="web"),
    sale("o9", "2026-11-30", "10.00", qty=1, country="GB", channel="web"),
]
# o1 leaves in two parcels on one day, the rest of o2 is late, nothing was sent for o3, o4 was lost, o5 arrived damaged,
# o7 is not due yet, o8 is one unit short.
PARCELS = sheet(
    "shipments",
    """
shipment_id order_id carrier country shipped_at promised_on delivered_at ordered_qty shipped_qty cost_amount is_documented is_undamaged
p1          o1       Swift   GB      11-02      11-05       11-04        2           1           3.00        -             true
p2          o1       Swift   GB      11-02      11-05       11-05        2           1           3.00        true          -
p3          o2       Post    DE      11-03      11-06       11-05        3           2           5.00        true          true
p4          o2       Post    DE      11-10      11-06       11-14        3           1           4.00        true          true
p5          o4       Swift   GB      11-04      11-07       -            2           2           2.50        -             -
p6          o5       Post    DE      11-20      11-23       11-22        1           1           1.00        true          false
p7          o7       Post    DE      11-29      12-02       -            1           1           6.00        -             -
p8          o8       Swift   GB      11-21      11-25       11-24        4           3           2.00        true          true
""",  # noqa: E501 - a table is as wide as it is
)


@pytest.fixture(scope="module", params=ENGINES)
def answers(
    request: pytest.FixtureRequest, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Answers]:
    rows: dict[str, Rows] = {"ledger": ORDERS, "shipments": PARCELS}
    with answers_on(request.param, database, tmp_path_factory.mktemp("delivery"), rows) as opened:
        yield opened


def test_fill_rate_is_what_left_at_once_of_what_was_ordered(answers: Answers) -> None:
    # o1 2 of 2, o2 2 of 3, o3 0 of 1, o4 2 of 2, o5 1 of 1, o8 3 of 4; o7 is too young.
    assert figure(answers, "fill_rate") == pytest.approx(10 / 13)
    assert figures(answers, "fill_rate", by="country") == {"DE": pytest.approx(3 / 5), "GB": pytest.approx(7 / 8)}
    assert figure(answers, "order_fill_rate") == pytest.approx(3 / 6)


def test_orders_whose_first_parcel_may_still_leave_are_no_part_of_the_fill_rate(answers: Answers) -> None:
    young = Period(date(2026, 11, 24), date(2026, 12, 1))
    assert figure(answers, "fill_rate", young) is None
    assert figure(answers, "order_fill_rate", young) is None


def test_a_late_open_order_is_due_and_an_order_due_tomorrow_is_not(answers: Answers) -> None:
    # o1, o2, o4 (lost), o5, o8; o3 has no promised day, o7 is promised for December.
    assert figure(answers, "orders_due", None) == 5
    assert figure(answers, "orders_due", Period(date(2026, 11, 7), date(2026, 11, 8))) == 1
    assert figure(answers, "otif", Period(date(2026, 11, 7), date(2026, 11, 8))) == 0


def test_otif_counts_orders_that_are_both(answers: Answers) -> None:
    assert figure(answers, "on_time_rate") == pytest.approx(3 / 5)  # o1, o5, o8
    assert figure(answers, "in_full_rate") == pytest.approx(3 / 5)  # o1, o2, o5
    assert figure(answers, "otif") == pytest.approx(2 / 5)  # o1, o5; not 3/5 × 3/5
    assert figures(answers, "otif", by="country") == {"DE": pytest.approx(1 / 2), "GB": pytest.approx(1 / 3)}
    assert figures(answers, "otif", by="channel") == {"app": pytest.approx(1 / 2), "web": pytest.approx(1 / 3)}


def test_nothing_due_has_no_rate(answers: Answers) -> None:
    nothing = Period(date(2026, 11, 15), date(2026, 11, 20))
    for metric in ("on_time_rate", "in_full_rate", "otif", "perfect_order_rate", "parcel_on_time_rate"):
        assert figure(answers, metric, nothing) is None


def test_a_perfect_order_has_all_four_parts(answers: Answers) -> None:
    # o5 arrived damaged; what nobody recorded of o1 counts as right.
    assert figure(answers, "perfect_order_rate") == pytest.approx(1 / 5)


def test_parcels_count_on_the_day_they_left_or_arrived(answers: Answers) -> None:
    assert figure(answers, "parcels") == 8
    assert figures(answers, "parcels", by="carrier") == {"Post": 4, "Swift": 4}
    assert figure(answers, "delivered_parcels") == 6
    assert figure(answers, "parcels", Period(date(2026, 11, 2), date(2026, 11, 5))) == 4
    assert figure(answers, "delivered_parcels", Period(date(2026, 11, 2), date(2026, 11, 5))) == 1


def test_a_parcel_on_its_way_is_late_once_its_day_is_over(answers: Answers) -> None:
    # p5 never arrived, p4 came late; p7 is not due yet.
    assert figure(answers, "parcel_on_time_rate", None) == pytest.approx(5 / 7)
    assert figures(answers, "parcel_on_time_rate", None, by="lane") == {
        "Post to DE": pytest.approx(2 / 3),
        "Swift to GB": pytest.approx(3 / 4),
    }


def test_transit_is_taken_from_parcels_that_arrived(answers: Answers) -> None:
    # 2, 3, 2, 4, 2, 3 days.
    assert figure(answers, "transit_days") == pytest.approx(16 / 6)
    # In order 2, 2, 2, 3, 3, 4; nine tenths of the way from the first to the sixth is half way from 3 to 4.
    assert figure(answers, "transit_days_p90") == pytest.approx(3.5)
    assert figures(answers, "transit_days_p90", by="carrier") == {
        "Post": pytest.approx(2 + 0.8 * 2),
        "Swift": pytest.approx(3.0),
    }


def test_shipping_cost_by_carrier_lane_and_channel(answers: Answers) -> None:
    assert figure(answers, "shipping_cost") == Decimal("26.5000")
    assert figures(answers, "shipping_cost", by="channel") == {"app": Decimal("10.0000"), "web": Decimal("16.5000")}
    assert figure(answers, "cost_per_parcel") == pytest.approx(26.5 / 8)
    assert figures(answers, "cost_per_parcel", by="carrier") == {
        "Post": pytest.approx(4.0),
        "Swift": pytest.approx(2.625),
    }
