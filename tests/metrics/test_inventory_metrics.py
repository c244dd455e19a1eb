"""Stock, turnover, sell-through and stock-outs, worked out by hand from four evenings of three products."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from ecombi.errors import MetricError
from ecombi.metrics.answers import Answers
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.stock_outs import stock_outs
from ecombi.schema.periods import Period
from tests.metrics.loaded import ENGINES, NOVEMBER, Database, answers_on, figure, figures, sheet
from tests.metrics.small_shops import Rows, sale

# a is oversold on the third, b is gone after the third, c comes on the fourth.
STOCK = sheet(
    "inventory_daily",
    """
day   sku on_hand committed incoming unit_cost
11-01 a   4       0         0        2.00
11-01 b   6       0         0        5.00
11-02 a   2       0         5        2.00
11-02 b   6       2         0        5.00
11-03 a   -1      0         5        2.00
11-03 b   3       3         0        5.00
11-04 a   9       1         0        3.00
11-04 c   1       0         7        10.00
""",
)
SALES = [
    sale("o1", "2026-11-02", "9.00", qty=3, sku="a", cost_amount=Decimal("6.00")),
    sale("o2", "2026-11-03", "30.00", qty=3, sku="b", cost_amount=Decimal("15.00")),
    sale("o3", "2026-11-04", "8.00", qty=2, sku="a", cost_amount=Decimal("5.00")),
    sale("o4", "2026-11-30", "7.00", qty=1, sku="service"),
]
PRODUCTS = sheet("products", "sku name category\na Ant Small\nb Bee Small\nc Cow Large")
RECEIPTS = sheet(
    "purchase_orders",
    """
po_id sku supplier_id ordered_on requested_on confirmed_on received_on ordered_qty received_qty unit_cost
q1    a   s           10-20      11-03        -            11-04       10          10           3.00
q2    b   s           10-20      11-03        -            10-31       6           6            5.00
q3    c   s           11-02      11-20        -            -           7           0            10.00
""",
)
THREE_DAYS = Period(date(2026, 11, 2), date(2026, 11, 5))


def day(number: int) -> Period:
    return Period(date(2026, 11, number), date(2026, 11, number + 1))


@pytest.fixture(scope="module", params=ENGINES)
def answers(
    request: pytest.FixtureRequest, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Answers]:
    rows: dict[str, Rows] = {
        "ledger": SALES,
        "products": PRODUCTS,
        "inventory_daily": STOCK,
        "purchase_orders": RECEIPTS,
    }
    with answers_on(request.param, database, tmp_path_factory.mktemp("inventory"), rows) as opened:
        yield opened


def test_stock_is_that_of_the_last_evening(answers: Answers) -> None:
    stock = {name: figure(answers, name, THREE_DAYS) for name in ("on_hand", "committed", "available", "incoming")}
    assert stock == {"on_hand": 10, "committed": 1, "available": 9, "incoming": 7}
    assert figures(answers, "available", THREE_DAYS, by="product") == {"a": 8, "c": 1}
    assert figures(answers, "available", THREE_DAYS, by="category") == {"Small": 8, "Large": 1}
    assert list(figures(answers, "on_hand", THREE_DAYS, grain="day").values()) == [8, 2, 10]
    assert list(figures(answers, "available", THREE_DAYS, grain="day").values()) == [6, -1, 9]


def test_stock_nobody_recorded_has_no_value(answers: Answers) -> None:
    october = Period(date(2026, 10, 1), date(2026, 11, 1))
    for metric in ("on_hand", "stock_value", "average_stock_value", "inventory_turnover", "stock_out_rate"):
        assert figure(answers, metric, october) is None
    for metric in ("days_of_inventory", "sell_through", "percent_sold", "sold_share"):
        assert figure(answers, metric, october) is None


def test_negative_stock_is_worth_nothing_and_is_flagged(answers: Answers) -> None:
    assert figure(answers, "stock_value", day(3)) == Decimal("15.0000")  # not −1 × 2.00 + 3 × 5.00
    assert figure(answers, "stock_value", THREE_DAYS) == Decimal("37.0000")
    assert figure(answers, "negative_stock_days", THREE_DAYS) == 1
    assert figures(answers, "negative_stock_days", THREE_DAYS, by="product") == {"a": 1}


def test_average_stock_is_that_of_every_evening(answers: Answers) -> None:
    # 34, 15 and 37; (first + last) ÷ 2 would be 35.50.
    assert figure(answers, "average_stock_value", THREE_DAYS) == pytest.approx(86 / 3)
    parts = figures(answers, "average_stock_value", THREE_DAYS, by="product")
    assert parts == {"a": pytest.approx(31 / 3), "b": pytest.approx(45 / 3), "c": pytest.approx(10 / 3)}
    assert figures(answers, "average_stock_value", THREE_DAYS, by="category") == {
        "Small": pytest.approx(76 / 3),
        "Large": pytest.approx(10 / 3),
    }


def test_turnover_and_days_in_inventory_tell_the_same(answers: Answers) -> None:
    # 26.00 of goods sold from 28.67 on average.
    turnover = figure(answers, "inventory_turnover", THREE_DAYS)
    assert turnover == pytest.approx(26 / (86 / 3))
    assert figure(answers, "days_in_inventory", THREE_DAYS) == pytest.approx(86 / 26)
    assert figure(answers, "days_in_inventory", THREE_DAYS) == pytest.approx(3 / turnover)
    assert figures(answers, "inventory_turnover", THREE_DAYS, by="product") == {
        "a": pytest.approx(11 / (31 / 3)),
        "b": pytest.approx(15 / 15),
        "c": None,
    }
    assert figure(answers, "days_in_inventory", day(1)) is None


def test_stock_outs_count_the_days_a_product_was_listed(answers: Answers) -> None:
    # a on the third (oversold) and b on the third (all of it committed), of a three, b two and c one.
    assert figure(answers, "stock_out_days", THREE_DAYS) == 2
    assert figure(answers, "stock_out_rate", THREE_DAYS) == pytest.approx(2 / 6)
    assert figures(answers, "stock_out_rate", THREE_DAYS, by="product") == {
        "a": pytest.approx(1 / 3),
        "b": pytest.approx(1 / 2),
        "c": 0.0,
    }


def test_stock_outs_weigh_what_is_wanted(answers: Answers) -> None:
    days = {"start": THREE_DAYS.start, "end": THREE_DAYS.end}
    # a: 5 sold on 2 days in stock, 1 of 3 days out. b: 3 sold on 1 day in stock, 1 of 2 days out. Nobody wants c.
    by_product = answers.analyse(stock_outs, values=days, options={"by": "product"})
    assert by_product[["part", "lost_units", "demand_stock_out_rate"]].to_numpy().tolist() == [
        ["b", pytest.approx(3.0), pytest.approx(1 / 2)],
        ["a", pytest.approx(2.5), pytest.approx(1 / 3)],
        ["c", 0.0, pytest.approx(float("nan"), nan_ok=True)],
    ]
    by_category = answers.analyse(stock_outs, values=days, options={"by": "category"})
    assert by_category[["part", "products", "listed_days", "stock_out_days"]].to_numpy().tolist() == [
        ["Small", 2, 5, 2],
        ["Large", 1, 1, 0],
    ]
    [shop] = answers.analyse(stock_outs, values=days).to_dict("records")
    assert shop["stock_out_rate"] == pytest.approx(2 / 6)
    assert shop["demand_stock_out_rate"] == pytest.approx((2.5 + 3) / (7.5 + 6))


def test_what_was_never_in_stock_has_no_known_demand(answers: Answers) -> None:
    the_third = {"start": day(3).start, "end": day(3).end}
    [shop] = answers.analyse(stock_outs, values=the_third).to_dict("records")
    assert (shop["products"], shop["never_in_stock"], shop["stock_out_rate"]) == (2, 2, 1.0)
    assert math.isnan(shop["lost_units"])
    assert math.isnan(shop["demand_stock_out_rate"])


def test_stock_outs_by_an_unknown_part_are_refused(answers: Answers) -> None:
    with pytest.raises(MetricError, match=r"cannot be shown by 'produkt'.*product"):
        answers.analyse(stock_outs, values={"start": day(3).start, "end": day(3).end}, options={"by": "produkt"})


def test_days_of_inventory_leave_out_the_days_without_stock(answers: Answers) -> None:
    # a sold 5 on two days in stock: 8 available last 3.2 days; over all three days it would be 4.8.
    products = figures(answers, "days_of_inventory", THREE_DAYS, by="product")
    assert products == {"a": pytest.approx(3.2), "b": None, "c": None}
    # All: 8 sold ÷ (3 days × 4 of 6) = 4 a day.
    assert figure(answers, "days_of_inventory", THREE_DAYS) == pytest.approx(9 / 4)


def test_days_of_inventory_without_sales_or_stock_have_no_value(answers: Answers) -> None:
    assert figure(answers, "days_of_inventory", day(1)) is None
    assert figure(answers, "days_of_inventory", day(3)) is None


def test_sell_through_percent_sold_and_sold_share_are_three_things(answers: Answers) -> None:
    # 8 sold; 10 on hand on the evening of the first; 10 received; 10 left.
    assert figure(answers, "sell_through", THREE_DAYS) == pytest.approx(8 / 20)
    assert figure(answers, "percent_sold", THREE_DAYS) == pytest.approx(8 / 10)
    assert figure(answers, "sold_share", THREE_DAYS) == pytest.approx(8 / 18)
    products = figures(answers, "sell_through", THREE_DAYS, by="product")
    assert products == {"a": pytest.approx(5 / 14), "b": pytest.approx(3 / 6)}


def test_percent_sold_can_exceed_one_and_be_negative(answers: Answers) -> None:
    a = {"where": {"product": "a"}}
    assert figure(answers, "percent_sold", THREE_DAYS, **a) == pytest.approx(5 / 4)
    assert figure(answers, "percent_sold", day(4), **a) == pytest.approx(-2.0)
    opening = figures(answers, "percent_sold", THREE_DAYS, grain="day")
    assert list(opening.values()) == [pytest.approx(3 / 10), pytest.approx(3 / 8), pytest.approx(2 / 2)]


def test_a_filter_says_what_the_part_says(answers: Answers) -> None:
    # c is listed on one of the three days: 10.00 on one and nothing on two.
    for metric in ("average_stock_value", "inventory_turnover", "days_in_inventory", "days_of_inventory"):
        for by in ("product", "category"):
            for part, value in figures(answers, metric, THREE_DAYS, by=by).items():
                assert figure(answers, metric, THREE_DAYS, where={by: part}) == pytest.approx(value), (metric, part)
    assert figure(answers, "average_stock_value", THREE_DAYS, where={"product": "c"}) == pytest.approx(10 / 3)


def test_a_weekday_has_days_of_its_own(answers: Answers) -> None:
    # Monday 2 to Wednesday 4 November: one of each.
    assert figures(answers, "average_stock_value", THREE_DAYS, by="weekday") == {1: 34.0, 2: 15.0, 3: 37.0}
    assert figure(answers, "average_stock_value", THREE_DAYS, where={"weekday": 3}) == pytest.approx(37.0)
    by_both = figures(answers, "average_stock_value", THREE_DAYS, by=["product", "weekday"])
    assert (by_both["a", 1], by_both["c", 3]) == (4.0, 10.0)
    assert figures(answers, "days_of_inventory", THREE_DAYS, by="weekday")[3] == pytest.approx(9 / 2)


EVERY_DAY = [sale(f"d{n}", f"2026-11-{n:02d}", "5.00", sku="a", cost_amount=Decimal("2.00")) for n in range(1, 31)]


def recorded(*days: int) -> Rows:
    """Ten units at 2.00 on each of these evenings of November."""
    lines = "\n".join(f"11-{day:02d} a 10 0 0 2.00" for day in days)
    return sheet("inventory_daily", f"day sku on_hand committed incoming unit_cost\n{lines}")


@pytest.mark.parametrize("days", [range(1, 31), range(21, 31), [2, 9, 16, 23, 30], [15]])
@pytest.mark.parametrize("engine", ENGINES)
def test_how_often_stock_is_recorded_changes_no_pace(
    engine: str, days: list[int], database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # One a day from ten: they last ten days, and lie ten days. Cost of 60.00 from 20.00 turns over three times.
    rows = {"ledger": EVERY_DAY, "inventory_daily": recorded(*days)}
    with answers_on(engine, database, tmp_path_factory.mktemp("weekly"), rows) as answers:
        for period in (NOVEMBER, Period(date(2026, 11, 1), date(2027, 1, 1)), None):
            assert figure(answers, "days_of_inventory", period) == pytest.approx(10.0)
            assert figure(answers, "days_in_inventory", period) == pytest.approx(10.0)
            assert figure(answers, "inventory_turnover", period) == pytest.approx(3.0)
        for never in (Period(date(2027, 2, 1), date(2027, 3, 1)), Period(date(2026, 1, 1), date(2026, 2, 1))):
            assert figure(answers, "days_of_inventory", never) is None
            assert figure(answers, "days_in_inventory", never) is None
        compared = answers.run(
            MetricQuery.of("days_of_inventory", start="2026-11-16", end="2026-12-01", compare="previous")
        )
        # The range before has the same stock and pace where an evening of it is recorded.
        before = compared["days_of_inventory_before"].iloc[0]
        assert before == pytest.approx(10.0) if min(days) < 16 else math.isnan(before)
