"""The figures of the sales dashboard, against a shop added up by hand.

In the seven days to 31 October 2026: sales 100.00, discounts 4.00, returns 10.00 (of an order of the 24th), net 86.00;
3 orders, 7 units sold, 1 returned; cost 16 + 8 + 25 − 4 = 45.00. In the seven days before: net 50.00.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from ecombi.dashboards.desk import Desk
from ecombi.dashboards.sales import data
from ecombi.dashboards.sales.state import SalesState


def state(query: str = "period=7d") -> SalesState:
    made = SalesState()
    made.query = query
    return made


def total(desk: Desk, query: str = "period=7d", metric: str = "net_sales"):
    return data.kpi(desk, state(query).ask(desk), metric).total[metric].iloc[0]


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("net_sales", 86),
        ("orders", 3),
        ("aov", 32.0),
        ("units", 7),
        ("gross_margin_rate", 41 / 86),
        ("return_rate", 1 / 7),
    ],
)
def test_every_kpi_is_the_figure_of_the_ledger(desk, metric, value):
    assert float(total(desk, metric=metric)) == pytest.approx(float(value))


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("period=7d&country=FR", 36),
        ("period=7d&channel=web", 50),
        ("period=7d&category=Home", 36),
        ("period=7d&country=FR&country=GB", 86),
        ("period=7d&basis=ordered", 96),
        ("period=custom&from=2026-10-31&to=2026-10-31", 46),
        ("period=month", 136),
        ("period=all", 239),
    ],
)
def test_each_choice_changes_the_figure_to_the_right_one(desk, query, value):
    assert total(desk, query) == Decimal(value)


def test_the_comparison_is_with_the_days_before(desk):
    figures = data.kpi(desk, state().ask(desk), "net_sales").total
    assert figures["net_sales_before"].iloc[0] == Decimal(50)
    assert figures["net_sales_change"].iloc[0] == pytest.approx(0.72)


def test_a_line_has_every_day_and_adds_up_to_the_total(desk):
    steps = data.trend(desk, state().ask(desk)).steps
    assert [int(value) for value in steps["net_sales"]] == [0, 0, 0, 0, 0, 40, 46]


def test_parts_come_largest_first_and_add_up(desk):
    found = data.breakdown(desk, state().ask(desk), "country", top=7)
    assert [(row.country, int(row.net_sales)) for row in found.parts.itertuples()] == [("GB", 50), ("FR", 36)]
    assert found.others == 0


def test_what_is_left_over_is_asked_for_with_its_rates(desk):
    found = data.products(desk, state("period=all").ask(desk), top=1)
    assert [row.product for row in found.parts.itertuples()] == ["mug", "lamp", "relic"]
    assert (found.top, found.others) == (1, 2)
    # A lamp and a relic, none returned; the lamp cost 25, what the relic cost is not known.
    [rest] = found.rest.to_dict("records")
    assert (rest["net_sales"], rest["units"], rest["return_rate"]) == (Decimal(36 + 23), 2, 0.0)
    assert rest["gross_margin_rate"] == pytest.approx((59 - 25) / 59)
    assert found.results == [found.result, found.total, found.rest]


def test_where_few_parts_are_left_each_has_its_row(desk):
    found = data.products(desk, state("period=all").ask(desk), top=2)
    assert (found.top, found.others, found.rest) == (3, 0, None)


def test_what_is_left_over_keeps_to_the_filters(desk):
    asked = state("period=all&category=Kitchen&category=Home&category=").ask(desk)
    found = data.breakdown(desk, asked, "category", top=1)
    assert [value for value in found.parts["category"] if isinstance(value, str)] == ["Kitchen", "Home"]
    assert (found.others, found.rest["net_sales"].iloc[0]) == (2, Decimal(59))


def test_the_unknown_part_can_be_among_those_shown(desk):
    asked = state("period=all").ask(desk)
    beyond = desk.ask(asked.beyond("category", [None, "Kitchen"]), ("net_sales",))
    assert beyond["net_sales"].iloc[0] == Decimal(36)
    narrowed = state("period=all&category=Kitchen&category=Home&category=").ask(desk)
    assert narrowed.beyond("category", [None, "Kitchen"]).where == {"category": ("Home",)}


def test_average_orders_count_the_weekdays_there_are(desk):
    averages = data.weekday_hours(data.rhythm(desk, state("period=month").ask(desk)))
    # Five Saturdays in October 2026: orders on the 24th at 10:00 and the 31st at 10:00 twice, on the shop's clock.
    assert averages[(6, 10)] == pytest.approx(3 / 5)


def test_a_product_has_its_own_figures(desk):
    asked = state("period=7d&product=mug").ask(desk)
    found = data.product(desk, asked)
    assert found.name == "Mug & saucer"
    assert found.series.total["net_sales"].iloc[0] == Decimal(50)
    assert data.product(desk, state().ask(desk)) is None


def test_the_same_question_is_asked_once(desk):
    asked = state().ask(desk)
    assert desk.ask(asked, ("net_sales",)) is desk.ask(asked, ("net_sales",))
