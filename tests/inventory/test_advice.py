"""What a rule would have done, beside what happened."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from ecombi.errors import MetricError
from ecombi.inventory.advice import ReplayAdvice
from ecombi.inventory.deliveries import lead_times, under_way
from ecombi.inventory.recorded import Recorded, recorded
from ecombi.inventory.rules import ReorderRule
from ecombi.inventory.safety import reorder_point
from tests.inventory.conftest import Shop, day, evenings, event, line, rows_of, sales

START = day("03-02")


def seen(units: list[int], mornings: list[int | None]) -> Recorded:
    known = np.array([[m is not None for m in mornings]])
    return Recorded(
        products=("mug",),
        start=START,
        units=np.array([units], np.int64),
        moved=np.zeros((1, len(units)), np.int64),
        morning=np.array([[m or 0 for m in mornings]], np.int64),
        morning_known=known,
        evening=np.zeros((1, len(units)), np.int64),
        listed=known,
        unit_cost=(Decimal(2),),
    )


def test_demand_that_nobody_saw_is_the_rate_of_the_other_days() -> None:
    # Days that count: 2, 1 and 0 (there was stock), and 3 (sold although there was none): 1.5 a day. Four days were
    # empty: 1.5, 3, 4.5, 6 in whole units. Nobody recorded the last morning: what was sold stands.
    past = seen([2, 1, 0, 0, 0, 3, 0, 0, 0], [5, 3, 2, 0, 0, 0, 0, -1, None])
    assert past.counts.tolist() == [[True, True, True, False, False, True, False, False, False]]
    assert past.demand().tolist() == [[2, 1, 0, 1, 2, 3, 1, 2, 0]]


def test_drawn_demand_has_that_rate_and_depends_on_the_seed_alone() -> None:
    past = seen([3, 3, *[0] * 2000], [9, 9, *[0] * 2000])
    drawn = past.demand("poisson", seed=1)
    assert (drawn == past.demand("poisson", seed=1)).all()
    assert (drawn != past.demand("poisson", seed=2)).any()
    assert drawn[0, :2].tolist() == [3, 3]
    # The mean of 2,000 draws lies within 4 standard errors, 4 × √(3 ÷ 2,000).
    assert drawn[0, 2:].mean() == pytest.approx(3, abs=0.155)


def test_a_product_that_was_never_there_is_not_wanted() -> None:
    assert seen([0, 0], [0, 0]).demand().tolist() == [[0, 0]]


def test_recorded_lays_out_days_and_gaps() -> None:
    frame = pd.DataFrame(
        [
            ("pot", day("03-02"), 1, 0, 4, Decimal("3.00")),
            ("mug", day("03-01"), 0, 0, 9, Decimal("1.00")),
            ("mug", day("03-03"), 2, -1, 6, Decimal("1.50")),
        ],
        columns=["product", "day", "units", "moved", "available", "unit_cost"],
    )
    past = recorded(frame)
    assert (past.products, past.start, past.unit_cost) == (("mug", "pot"), day("03-02"), (Decimal("1.5"), Decimal(3)))
    assert past.units.tolist() == [[0, 2], [1, 0]]
    assert past.moved.tolist() == [[0, -1], [0, 0]]
    assert past.morning.tolist() == [[9, 0], [0, 4]]
    assert past.morning_known.tolist() == [[True, False], [False, True]]
    assert past.listed.tolist() == [[False, True], [True, False]]
    assert past.evening.tolist() == [[0, 6], [4, 0]]


def lines(*rows: tuple[str, str, str, str, str | None, int, int]) -> pd.DataFrame:
    names = ["purchase_order", "product", "supplier", "ordered_on", "received_on", "ordered_qty", "received_qty"]
    frame = pd.DataFrame(rows, columns=names)
    for name in ("ordered_on", "received_on"):
        frame[name] = [day(text) if isinstance(text, str) else None for text in frame[name]]
    return frame


def test_lead_times_of_deliveries_before_the_first_day() -> None:
    found = lead_times(
        lines(
            ("P1", "mug", "S1", "02-01", "02-09", 1, 1),
            ("P1", "pot", "S1", "02-01", "02-09", 1, 1),
            ("P2", "mug", "S1", "02-10", "02-22", 1, 1),
            # Received after the first day: known to the draws only.
            ("P3", "mug", "S1", "02-20", "03-12", 1, 1),
            ("P4", "jar", "S2", "02-01", "02-09", 1, 1),
            ("P5", "mug", "S1", "02-25", None, 1, 0),
        ),
        ("jar", "mug", "new", "pot"),
        START,
    )
    # S1 took 8 and 12 days; one delivery of S2 says nothing about the spread.
    assert found.mean.tolist() == pytest.approx([np.nan, 10.0, np.nan, 10.0], nan_ok=True)
    assert found.sd.tolist() == pytest.approx([np.nan, 8**0.5, np.nan, 8**0.5], nan_ok=True)
    assert [each.tolist() for each in found.recorded] == [[8], [8, 12, 20], [0], [8, 12, 20]]


def test_drawn_lead_times_are_recorded_ones() -> None:
    took = [np.array([8, 12, 20]), np.array([0])]
    found = lead_times(lines(("P1", "mug", "S1", "02-01", None, 1, 0)), ("a", "b"), START)
    drawn = type(found)(mean=found.mean, sd=found.sd, recorded=took).draw(300, seed=7)
    assert set(drawn[0].tolist()) == {8, 12, 20}
    # A day at least: what is ordered in the evening arrives the next morning at the earliest.
    assert set(drawn[1].tolist()) == {1}


def test_what_was_under_way_on_the_first_morning() -> None:
    arriving, pending = under_way(
        lines(
            ("P1", "mug", "S1", "02-01", "03-01", 10, 10),
            ("P2", "mug", "S1", "02-01", "03-02", 10, 9),
            ("P3", "mug", "S1", "02-01", "03-03", 5, 5),
            ("P4", "mug", "S1", "02-01", "03-05", 7, 6),
            ("P5", "mug", "S1", "02-01", None, 4, 0),
            ("P6", "mug", "S1", "03-02", "03-03", 99, 99),
            ("P7", "jar", "S1", "02-01", "03-03", 99, 99),
            # Six of ten were there on the first morning.
            ("P8", "mug", "S1", "02-01", "03-01", 10, 6),
            ("P8", "mug", "S1", "02-01", "03-04", 10, 4),
        ),
        ("mug", "pot"),
        START,
        3,
    )
    assert arriving.tolist() == [[9, 5, 4], [0, 0, 0]]
    # 9 + 5 + 4, and 7 and 4 that do not arrive in the three days.
    assert pending.tolist() == [29, 0]


def test_levels_are_those_of_the_formula_on_each_evening() -> None:
    rule = ReorderRule(service_level=0.95, review_days=7, cover_days=30, window_days=3)
    units = np.array([[50, 80, 100, 120, 7]])
    counts = np.array([[True, True, True, True, False]])
    found = rule.levels(units, counts, np.array([7.0]), np.array([2.0]))
    # The first evening is that of the fourth day: 80, 100, 120. On the fifth, 100 and 120 count.
    given = {"lead": 7.0, "lead_sd": 2.0, "z": 1.6448536269514722, "review": 7.0}
    expected = [
        reorder_point(demand=100.0, demand_sd=20.0, **given),
        reorder_point(demand=110.0, demand_sd=200**0.5, **given),
    ]
    assert found.reorder_point[0].tolist() == pytest.approx(expected)
    assert found.order_up_to[0].tolist() == pytest.approx([expected[0] + 3000, expected[1] + 3300])
    assert found.review_days == 7


def test_levels_need_two_days_and_a_lead_time() -> None:
    rule = ReorderRule(window_days=2)
    units, counts = np.full((2, 3), 5), np.array([[True, False, False], [True, True, True]])
    found = rule.levels(units, counts, np.array([7.0, np.nan]), np.array([2.0, np.nan]))
    assert np.isnan(found.reorder_point).all()


@pytest.mark.parametrize("wrong", [{"review_days": 0}, {"cover_days": -1}, {"window_days": 1}])
def test_a_rule_that_cannot_be_followed_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(MetricError, match="cannot be followed"):
        ReorderRule(**wrong)  # type: ignore[arg-type]


def load_out_of_stock(shop: Shop) -> None:
    """Mugs: 1 a day sold in the window of two days and on the next, then none are left for five days of six.

    They arrive after 2 days. The evening before the replay is 3 March.
    """
    first = day("03-01")
    shop.load(
        "inventory_daily",
        [
            *evenings("mug", first, [3, 2, 1, 0, 0, 0, 0, 0, 7]),
            # Pots come from a supplier with one delivery, and jars have no stock recorded on the evening before.
            *evenings("pot", first, [1] * 9),
            *evenings("jar", day("03-05"), [1] * 5),
        ],
    )
    shop.load("ledger", sales("mug", {day("03-02"): 1, day("03-03"): 1, day("03-04"): 1}))
    shop.load(
        "purchase_orders",
        [
            line("P1", "mug", "S1", day("02-01"), day("02-03")),
            line("P2", "mug", "S1", day("02-02"), day("02-04")),
            line("P3", "pot", "S2", day("02-01"), day("02-03")),
        ],
    )


RULE = {"days": 6, "window_days": 2, "service_level": 0.5, "review_days": 1, "cover_days": 1}


def test_a_rule_beside_what_happened(shop: Shop) -> None:
    load_out_of_stock(shop)
    found = shop.inventory.replay(**RULE)  # type: ignore[arg-type]
    # The replay goes from the evening of 1 with 1 wanted each day (nobody saw it from the 5th on). The demand of the
    # last two days that count is 1 ± 0, so the reorder point is 1 × (2 + 1) = 3 and the level 4; no day counts in the
    # windows from the 6th on, and one in that of the 5th. Evening of the 4th: 0, orders 4, there on the 6th. Then 0
    # (1 unmet), 3, 2, 1, 0.
    assert (found.start, found.end, found.products, found.left_out) == (day("03-04"), day("03-10"), 1, 2)
    # Evenings as it happened: 0, 0, 0, 0, 0, 7.
    assert found.stock_out_rate_before == pytest.approx(5 / 6)
    assert found.stock_out_rate == pytest.approx(3 / 6)
    assert (found.stock_value_before, found.stock_value) == (Decimal("2.3333"), Decimal("2.0000"))
    assert (found.unmet_units_before, found.unmet_units) == (5, 1)
    assert rows_of(
        found.by_product, "product", "stock_out_days_before", "stock_out_days", "orders", "ordered_units"
    ) == [("mug", 5, 3, 1, 4)]
    expected = "With this rule you would have had 50.0% stock-out days instead of 83.3% for 14% less stock."
    assert str(found) == found.sentence == expected


def test_the_same_seed_gives_the_same_advice(duck: Shop) -> None:
    load_out_of_stock(duck)
    first, second = (duck.inventory.replay(**RULE, estimate="poisson", seed=3) for _ in range(2))  # type: ignore[arg-type]
    assert first.by_product.equals(second.by_product)
    assert first.sentence == second.sentence


def test_goods_that_came_back_are_there(shop: Shop) -> None:
    load_out_of_stock(shop)
    shop.load(
        "ledger",
        [
            event("return", "mug", day("03-05"), -2, "-2", "-1"),
            # Scrapped goods do not come back, and goods are written off when there are some.
            event("return", "mug", day("03-05"), -9, "-9", "0"),
            event("stock_write_off", "mug", day("03-09"), -1),
        ],
    )
    found = shop.inventory.replay(**RULE)  # type: ignore[arg-type]
    # Evenings: 0, then 0 − 0 + 2 = 2, 2 + 4 − 1 = 5, 4, 3, 3 − 1 − 1 = 1.
    assert rows_of(found.by_product, "stock_out_days", "stock_days") == [(1, 15)]


def test_a_record_shorter_than_the_window_is_refused(duck: Shop) -> None:
    load_out_of_stock(duck)
    with pytest.raises(MetricError, match="recorded on 8 days, but the rule needs 56"):
        duck.inventory.replay(days=3)


def test_without_two_deliveries_there_is_nothing_to_replay(duck: Shop) -> None:
    duck.load("inventory_daily", evenings("mug", day("03-01"), [3, 2, 1, 1]))
    duck.load("purchase_orders", [line("P1", "mug", "S1", day("02-01"), day("02-03"))])
    with pytest.raises(MetricError, match="two deliveries of its supplier before that day"):
        duck.inventory.replay(days=1, window_days=2)


def test_a_shop_without_stock_has_nothing_to_replay(duck: Shop) -> None:
    with pytest.raises(MetricError, match="no recorded stock to replay"):
        duck.inventory.replay()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("100", "111", "2.1% stock-out days instead of 6.4% for 11% more stock."),
        ("100", "100.2", "2.1% stock-out days instead of 6.4% for as much stock."),
        ("0", "5", "2.1% stock-out days instead of 6.4%."),
    ],
)
def test_the_sentence_says_the_figures(before: str, after: str, words: str) -> None:
    advice = ReplayAdvice(
        rule=ReorderRule(),
        start=START,
        end=START + timedelta(days=1),
        products=1,
        left_out=0,
        stock_out_rate_before=0.064,
        stock_out_rate=0.021,
        stock_value_before=Decimal(before),
        stock_value=Decimal(after),
        unmet_units_before=0,
        unmet_units=0,
        by_product=pd.DataFrame(),
    )
    assert advice.sentence == f"With this rule you would have had {words}"
