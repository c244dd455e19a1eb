"""Orders promised and order lines filled, by hand: nothing sent, cancelled, moved, exchanged, other shops."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from ecombi.metrics.answers import Answers
from ecombi.schema.periods import Period
from tests.metrics.loaded import ENGINES, NOVEMBER, Database, answers_on, figure, figures, sheet
from tests.metrics.small_shops import Rows, event, sale


def _line(order: str, on: str, line: str | None, sku: str, qty: int = 1, **rest: object) -> dict[str, object]:
    return sale(order, on, f"{10 * qty}.00", line_id=line, sku=sku, qty=qty, country="GB", **rest)


def _cancelled(order: str, on: str, ordered: str) -> dict[str, object]:
    return event("return", order, on, "-10.00", ordered=ordered, line_id="1", sku="mug", qty=-1, country="GB")


# a: the lamp follows in a second parcel, and a card is added two weeks later. b: one line, the rest of it late by the
# order's promise though not by its parcel's. c: nothing sent. d: cancelled before its promised day. e: cancelled after.
# f: nobody promised the order, and its parcel does not say what it holds. g: two lines of one product, one was sent.
# h: the ledger has no line for it. m: of a market place whose parcels nobody records. z: after the last parcel.
ORDERS = [
    _line("a", "2026-11-02", "1", "mug", 2),
    _line("a", "2026-11-02", "2", "lamp"),
    _line("a", "2026-11-16", "3", "card", ordered="2026-11-02"),
    _line("b", "2026-11-03", "1", "mug", 3),
    _line("c", "2026-11-04", "1", "mug"),
    _line("d", "2026-11-04", "1", "mug"),
    _cancelled("d", "2026-11-06", "2026-11-04"),
    _line("e", "2026-11-05", "1", "mug"),
    _cancelled("e", "2026-11-12", "2026-11-05"),
    _line("f", "2026-11-09", "1", "mug", 2),
    _line("g", "2026-11-10", "1", "mug"),
    _line("g", "2026-11-10", "2", "mug"),
    _line("h", "2026-11-12", None, "card"),
    _line("m", "2026-11-06", "1", "mug", source="market"),
    _line("z", "2026-11-30", "1", "mug"),
]
PARCELS = sheet(
    "shipments",
    """
shipment_id order_id carrier country shipped_at promised_on delivered_at ordered_qty shipped_qty cost_amount
a1          a        Swift   GB      11-02      11-06       11-04        3           2           1.00
a2          a        Swift   GB      11-05      11-06       11-06        3           1           1.00
b1          b        Swift   GB      11-03      11-05       11-05        3           2           1.00
b2          b        Swift   GB      11-07      11-10       11-09        3           1           1.00
f1          f        Swift   GB      11-09      11-12       11-11        2           2           1.00
g1          g        Swift   GB      11-10      11-12       11-12        2           1           1.00
h1          h        Swift   GB      11-12      11-14       11-13        1           1           1.00
""",
)
HELD = sheet(
    "shipment_lines",
    """
shipment_id line_id sku  qty shipped_at
a1          1       mug  2   11-02
a2          2       lamp 1   11-05
b1          1       mug  2   11-03
b2          1       mug  1   11-07
g1          1       mug  1   11-10
h1          card    card 1   11-12
""",
)
PROMISES = sheet(
    "promises",
    """
order_id made_at promised_on
a        11-02   11-06
b        11-03   11-05
c        11-04   11-07
d        11-04   11-08
e        11-05   11-09
g        11-10   11-12
h        11-12   11-14
m        11-06   11-09
z        11-30   12-02
""",
)


@pytest.fixture(scope="module", params=ENGINES)
def answers(
    request: pytest.FixtureRequest, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Answers]:
    rows: dict[str, Rows] = {
        "ledger": ORDERS,
        "shipments": PARCELS,
        "shipment_lines": HELD,
        "promises": PROMISES,
    }
    with answers_on(request.param, database, tmp_path_factory.mktemp("promises"), rows) as opened:
        yield opened


def test_an_order_is_due_on_its_promised_day_whether_anything_was_sent_or_not(answers: Answers) -> None:
    # a, b, c, e, f, g, h; d was cancelled in time.
    assert figure(answers, "orders_due") == 7
    by_day = figures(answers, "orders_due", grain="day")
    assert {str(day)[8:10]: orders for day, orders in by_day.items()} == {
        "05": 1, "06": 1, "07": 1, "09": 1, "12": 2, "14": 1,
    }  # fmt: skip


def test_the_promise_of_the_order_counts_and_not_a_later_one_of_a_parcel(answers: Answers) -> None:
    assert figure(answers, "on_time_rate", Period(date(2026, 11, 5), date(2026, 11, 6))) == 0  # b
    assert figure(answers, "parcel_on_time_rate", Period(date(2026, 11, 5), date(2026, 11, 11))) == 1  # its parcels


def test_orders_of_which_nothing_was_sent_count_against_otif(answers: Answers) -> None:
    assert figure(answers, "on_time_rate") == pytest.approx(4 / 7)  # a, f, g (what was sent), h
    assert figure(answers, "in_full_rate") == pytest.approx(4 / 7)  # a, b, f, h
    assert figure(answers, "otif") == pytest.approx(3 / 7)  # a, f, h
    assert figure(answers, "perfect_order_rate") == pytest.approx(3 / 7)


def test_a_line_is_filled_when_all_of_it_leaves_with_the_first_parcel(answers: Answers) -> None:
    # a 1 of 2, b 0 of 1, c, d, e 0 of 1 each, g 1 of 2, h 1 of 1; f does not say.
    assert figure(answers, "line_fill_rate") == pytest.approx(3 / 9)
    # Units: a 2 of 3, b 2 of 3, c, d, e 0 of 1 each, f 2 of 2, g 1 of 2, h 1 of 1. Orders: f and h.
    assert figure(answers, "fill_rate") == pytest.approx(8 / 14)
    assert figure(answers, "order_fill_rate") == pytest.approx(2 / 8)


def test_orders_of_a_source_without_parcels_are_in_no_figure(answers: Answers) -> None:
    for metric in ("orders_due", "otif", "fill_rate", "line_fill_rate"):
        assert set(figures(answers, metric, by="store")) == {"test"}


def test_the_last_seven_days_may_still_be_sent(answers: Answers) -> None:
    for metric in ("line_fill_rate", "fill_rate"):
        assert figure(answers, metric, Period(date(2026, 11, 24), NOVEMBER.end)) is None
