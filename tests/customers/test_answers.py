"""Customers asked about through a workspace's answers: on a real warehouse, with a passport, by somebody's eyes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from ecombi.backends.warehouse import open_warehouse
from ecombi.customers import ANALYSES, Customers
from ecombi.errors import AccessDenied
from ecombi.metrics.answers import Answers
from ecombi.metrics.policy import NOBODY, Identity
from ecombi.metrics.rollups import TABLES
from ecombi.settings import load_settings
from tests.customers.conftest import records
from tests.metrics import tiny_shop
from tests.metrics.conftest import publish


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """The tiny shop."""
    settings = load_settings(workspace=tmp_path_factory.mktemp("tiny"), database_url=None)
    warehouse = open_warehouse(settings, TABLES)
    publish(warehouse, tiny_shop.ledger_rows(), tiny_shop.PRODUCTS)
    yield Answers(warehouse, tiny_shop.SHOP)
    warehouse.close()


@pytest.fixture(scope="module")
def customers(answers: Answers) -> Customers:
    """Its customers, as the owner sees them."""
    return Customers(answers.analyse)


def test_scores_of_a_day(customers: Customers) -> None:
    answer = customers.rfm("2012-04-01")
    assert answer.passport.params == {"as_of": date(2012, 4, 1)}
    found = answer.set_index("customer_id")
    # c01: o01 20 − 10 returned, o05 10, o12 40 placed in the night to 1 April, London time.
    assert found.loc["c01", ["recency_days", "frequency"]].tolist() == [51, 2]
    assert found.loc["c01", "monetary_value"] == Decimal(20)
    assert set(found["as_of"]) == {date(2012, 4, 1)}


def test_scores_of_today_are_read_from_the_table_kept_after_each_load(customers: Customers) -> None:
    stored, computed = customers.rfm(), customers.rfm("2013-02-23")
    assert stored.passport.tables == ("customer_scores",)
    assert len(stored) == 12
    assert stored.equals(computed)


def test_cohorts_know_what_is_final(customers: Customers) -> None:
    found = customers.cohorts()
    january = found[found["cohort"] == date(2012, 1, 1)]
    # c01, c02 and c03; loaded on 1 March 2013 with the last event on 22 February: February is not over.
    assert records(january, "age", "size", "customers")[:3] == [(0, 3, 3), (1, 3, 1), (2, 3, 0)]
    assert records(january, "age", "size", "customers")[-1] == (13, 3, None)


def test_money_is_exact_and_a_rate_is_a_float(customers: Customers) -> None:
    found = customers.segments("2013-02-23")
    assert found["net_sales"].sum() == Decimal("490.50")
    assert found["share"].sum() == pytest.approx(1.0)
    assert found["net_sales"].is_monotonic_decreasing


def test_whoever_may_see_some_customers_has_these_compared(answers: Answers) -> None:
    french = Customers(answers.seen_by(Identity.of("ada", countries=["FR"])).analyse)
    assert records(french.rfm(), "customer_id", "frequency", "r") == [("c03", 1, 1), ("c10", 1, 2), ("c11", 1, 2)]


def test_scores_are_refused_with_what_they_rest_on(answers: Answers) -> None:
    blind = Customers(answers.seen_by(Identity.of("bob", hidden=["net_amount"])).analyse)
    with pytest.raises(AccessDenied, match="rests on net_amount"):
        blind.rfm()


def test_nobody_sees_nobody(answers: Answers) -> None:
    hidden = Customers(answers.seen_by(NOBODY).analyse)
    for found in (hidden.rfm(), hidden.cohorts(), hidden.basket_pairs(), hidden.purchase_history("2013-01-01")):
        assert found.empty


def test_every_analysis_says_what_its_columns_mean() -> None:
    for name, analysis in ANALYSES.items():
        assert analysis.name == name
        assert set(analysis.keys) <= set(analysis.fields)
        assert {column.removeprefix("-") for column in analysis.order} <= set(analysis.fields)
        assert all(field.meaning.endswith((".", "!")) for field in analysis.fields.values())
        assert analysis.question.endswith("?")
        assert name in analysis.describe()
