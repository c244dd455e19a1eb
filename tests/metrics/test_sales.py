"""The sales metrics on the tiny shop: every figure is added up by hand."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from tests.metrics.conftest import Ask

JANUARY = {"start": "2012-01-01", "end": "2012-02-01"}
FEBRUARY = {"start": "2012-02-01", "end": "2012-03-01"}
MARCH = {"start": "2012-03-01", "end": "2012-04-01"}


def only(frame: pd.DataFrame) -> dict[str, object]:
    [row] = frame.to_dict("records")
    return row


def by(frame: pd.DataFrame, key: str, metric: str) -> dict[object, object]:
    keys = [None if pd.isna(k) else k for k in frame[key].tolist()]
    return dict(zip(keys, frame[metric].tolist(), strict=True))


def test_every_metric_of_the_whole_shop(ask: Ask) -> None:
    figures = only(
        ask(["gross_sales", "discounts", "returns", "net_sales", "tax", "shipping", "duties", "total_sales"])
    )
    assert figures == {
        "gross_sales": Decimal("557.5"),
        "discounts": Decimal("7"),
        "returns": Decimal("50"),
        "net_sales": Decimal("500.5"),
        "tax": Decimal("18.6"),
        "shipping": Decimal("0"),
        "duties": Decimal("1.5"),
        "total_sales": Decimal("520.6"),
    }
    counts = only(ask(["orders", "units", "units_returned", "return_rate", "aov"]))
    assert counts == {
        "orders": 40,
        "units": 47,
        "units_returned": 2,
        "return_rate": pytest.approx(2 / 47),
        "aov": 13.7625,
    }
    margin = only(ask(["cost_of_goods", "gross_margin", "gross_margin_rate", "cost_coverage"]))
    assert margin == {
        "cost_of_goods": Decimal("248"),
        "gross_margin": Decimal("252.5"),
        "gross_margin_rate": pytest.approx(252.5 / 500.5),
        "cost_coverage": pytest.approx(483 / 500.5),  # all but the cards and the relic: 500.5 − 10 − 7.5
    }


def test_january_has_tax_shipping_and_duties_in_total_sales(ask: Ask) -> None:
    # 76 net + 13.20 tax + 1.50 duties + (3 + 5 − 5) shipping
    figures = only(ask(["net_sales", "tax", "duties", "shipping", "total_sales", "aov", "cost_coverage"], **JANUARY))
    assert figures == {
        "net_sales": Decimal("76"),
        "tax": Decimal("13.2"),
        "duties": Decimal("1.5"),
        "shipping": Decimal("3"),
        "total_sales": Decimal("93.7"),
        "aov": 19.0,
        "cost_coverage": pytest.approx(66 / 76),  # 20 + 40 − 4 + 10, of 76 with the cards
    }


def test_a_return_counts_when_it_happened_or_when_it_was_ordered(ask: Ask) -> None:
    metrics = ["returns", "net_sales", "tax", "units_returned"]
    assert only(ask(metrics, **JANUARY))["returns"] == 0
    assert only(ask(metrics, **FEBRUARY)) == {
        "returns": Decimal(10),
        "net_sales": Decimal(67),
        "tax": Decimal("13.4"),
        "units_returned": 1,
    }
    assert only(ask(metrics, **JANUARY, basis="ordered")) == {
        "returns": Decimal(10),
        "net_sales": Decimal(66),
        "tax": Decimal("11.2"),
        "units_returned": 1,
    }
    assert only(ask(metrics, **FEBRUARY, basis="ordered"))["returns"] == Decimal(40)


def test_a_later_return_does_not_move_the_average_order_value(ask: Ask) -> None:
    booked, ordered = (only(ask("aov", **FEBRUARY, basis=basis))["aov"] for basis in ("booked", "ordered"))
    assert booked == ordered == pytest.approx(77 / 3)


def test_an_order_of_gift_cards_only_is_no_order_and_no_sale(ask: Ask) -> None:
    figures = only(ask(["orders", "gross_sales", "total_sales", "units"], start="2012-02-14", end="2012-02-15"))
    assert figures == {"orders": 0, "gross_sales": 0, "total_sales": 0, "units": 0}


def test_fees_corrections_chargebacks_and_write_offs_are_in_no_metric(ask: Ask) -> None:
    everything = [
        "gross_sales",
        "discounts",
        "returns",
        "net_sales",
        "shipping",
        "tax",
        "duties",
        "total_sales",
        "units",
    ]
    figures = only(ask([*everything, "units_returned"], start="2013-01-10", end="2013-01-21"))
    assert set(figures.values()) == {0}


def test_scrapped_goods_keep_their_cost_in(ask: Ask) -> None:
    # 4 mugs sold at cost 4; the lamp that came back was scrapped at cost 0.
    figures = only(ask(["net_sales", "cost_of_goods", "gross_margin", "gross_margin_rate"], **MARCH))
    assert (figures["net_sales"], figures["cost_of_goods"], figures["gross_margin"]) == (0, 16, -16)
    assert math.isnan(figures["gross_margin_rate"])


def test_cost_coverage_is_of_net_sales(ask: Ask) -> None:
    # Discounts and returns count with the goods they are of, so what has a cost is covered whole.
    coverage = by(ask("cost_coverage", by="product"), "product", "cost_coverage")
    assert coverage == {"card": 0, "lamp": 1, "mug": 1, "relic": 0}
    # March: 40 sold and 40 came back.
    assert math.isnan(only(ask("cost_coverage", **MARCH))["cost_coverage"])
    # February by the day of the order: o05 10, o06 40 − 40, o07 30 − 3, all with a cost.
    assert only(ask("cost_coverage", **FEBRUARY, basis="ordered")) == {"cost_coverage": 1}


def test_goods_without_any_known_cost_have_no_margin(ask: Ask) -> None:
    figures = only(ask(["cost_of_goods", "gross_margin", "cost_coverage"], where={"product": ["relic"]}))
    assert figures["cost_of_goods"] is None
    assert figures["gross_margin"] is None
    assert figures["cost_coverage"] == 0


def test_days_without_events_are_0_for_sums_and_no_value_for_ratios(ask: Ask) -> None:
    figures = only(
        ask(["net_sales", "orders", "aov", "return_rate", "cost_of_goods"], start="2012-06-01", end="2012-07-01")
    )
    assert (figures["net_sales"], figures["orders"]) == (0, 0)
    assert math.isnan(figures["aov"])
    assert math.isnan(figures["return_rate"])
    assert figures["cost_of_goods"] is None


def test_an_order_in_two_categories_counts_once_in_each_and_once_in_the_total(ask: Ask) -> None:
    period = {"start": "2013-01-01", "end": "2013-02-01"}
    assert by(ask("orders", by="category", **period), "category", "orders") == {"Home": 1, "Kitchen": 1, None: 1}
    assert only(ask("orders", **period)) == {"orders": 2}


def test_customers_are_new_once_and_returning_ever_after(ask: Ask) -> None:
    january = ask(["gross_sales", "orders"], by="customer_type", **JANUARY)
    assert by(january, "customer_type", "gross_sales") == {"guest": 10, "new": 70}
    assert by(january, "customer_type", "orders") == {"guest": 1, "new": 3}
    # Booked in February: the return belongs to an order that was its customer's first.
    february = ask("net_sales", by="customer_type", **FEBRUARY)
    assert by(february, "customer_type", "net_sales") == {"new": 57, "returning": 10}


def test_unknown_countries_and_products_are_kept_as_a_group(ask: Ask) -> None:
    assert by(ask("gross_sales", by="country", **JANUARY), "country", "gross_sales") == {"FR": 10, "GB": 60, None: 10}
    assert by(ask("gross_sales", by="category", **JANUARY), "category", "gross_sales") == {
        "Home": 40,
        "Kitchen": 30,
        None: 10,
    }
    assert by(ask("shipping", by="product", **JANUARY), "product", "shipping") == {None: 3}


def test_filters_take_values_and_the_unknown(ask: Ask) -> None:
    assert only(ask("gross_sales", **JANUARY, where={"country": ["FR", None]})) == {"gross_sales": 20}
    assert only(ask("gross_sales", **JANUARY, where={"country": [None]})) == {"gross_sales": 10}
    assert only(ask("gross_sales", **JANUARY, where={"country": "GB", "category": ["Home"]})) == {"gross_sales": 40}
    assert only(ask("gross_sales", **JANUARY, where={"customer_type": ["guest"]})) == {"gross_sales": 10}
    assert only(ask("gross_sales", where={"product_name": ["Lamp"], "channel": ["web"]})) == {"gross_sales": 160}
    assert only(ask("gross_sales", where={"country": ["Atlantis' --"]})) == {"gross_sales": 0}


def test_weekdays_and_hours_are_those_of_the_shop(ask: Ask) -> None:
    days = ask("orders", by="weekday", **MARCH)  # Saturday 24, Sunday 25 twice, Monday 26
    assert by(days, "weekday", "orders") == {1: 1, 6: 1, 7: 2}
    hours = ask("orders", by="hour_of_day", **MARCH)
    assert by(hours, "hour_of_day", "orders") == {0: 2, 2: 1, 23: 1}
    assert only(ask("orders", **MARCH, where={"weekday": ["7"], "hour_of_day": [2]})) == {"orders": 1}
