"""What an analysis says to somebody, and of an earlier day: nothing that may not be seen or was not known."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

import ecombi
from ecombi.errors import AccessDenied, MetricError
from ecombi.metrics.answers import Answers
from ecombi.metrics.policy import NOBODY, Identity
from ecombi.metrics.result import AnalysisResult
from ecombi.metrics.shapes import Scope
from ecombi.metrics.tables import Tables
from ecombi.schema import tables
from ecombi.workspace import Workspace
from ecombi.workspace.questions import analyses
from tests.metrics.asked import ASKED, VALUES
from tests.metrics.conftest import FIRST_LOAD
from tests.metrics.copies import copied

pytestmark = pytest.mark.xdist_group("whole_shop")

EACH = pytest.mark.parametrize(("name", "options"), ASKED, ids=[f"{name}-{options}" for name, options in ASKED])
GERMANY_AND_FRANCE = Identity.of("regional", countries=["Germany", "France"])
OF_NO_COUNTRY = {
    *("stock_outs", "reorder", "demand", "classes", "class_cells", "suppliers", "product_days", "purchase_receipts"),
    *("stock_day", "late_lines", "deliveries", "held_back"),
}
"""Analyses of stock, suppliers and files, whose rows belong to no country."""
ROLLED_UP = [name for name, analysis in analyses().items() if "rollup" in analysis.options]


def told(answers: Answers, name: str, options: dict[str, object], **question: object) -> AnalysisResult:
    analysis = analyses()[name]
    values = {bound: VALUES[bound] for bound in analysis.bound if bound != "final_until"}
    return answers.analyse(analysis, values=values, options=options, **question)


def equal(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(wanted), rtol=1e-9)


@pytest.fixture(scope="module")
def answers(whole_shop: dict[str, Workspace]) -> Answers:
    return whole_shop["duckdb"].answers


@pytest.fixture(scope="module")
def regional(answers: Answers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """A shop that only ever sold to Germany and France."""
    there = "country IN ('Germany', 'France')"
    orders = f"order_id IN (SELECT order_id FROM orders WHERE {there})"
    rows = {"ledger": there, "sessions": there, "shipments": there, "payments": orders, "reviews": orders}
    warehouse = copied(answers.warehouse, tmp_path_factory.mktemp("regional"), rows)
    yield Answers(warehouse, answers.shop)
    warehouse.close()


@pytest.fixture(scope="module")
def after_the_first_load(whole_shop: dict[str, Workspace]) -> Iterator[Answers]:
    """The shop as it was published first."""
    with ecombi.open_workspace(whole_shop["duckdb"].path, snapshot=1) as workspace:
        yield workspace.answers


@EACH
def test_somebody_of_two_countries_is_told_what_a_shop_of_these_would_say(
    answers: Answers, regional: Answers, name: str, options: dict[str, object]
) -> None:
    seen = answers.seen_by(GERMANY_AND_FRANCE)
    if name in OF_NO_COUNTRY:
        with pytest.raises(AccessDenied, match="does not say which rows are theirs"):
            told(seen, name, options)
    else:
        equal(told(seen, name, options), told(regional, name, options))


@EACH
def test_nobody_is_told_any_figure(whole_shop: dict[str, Workspace], name: str, options: dict[str, object]) -> None:
    found, other = (told(workspace.answers.seen_by(NOBODY), name, options) for workspace in whole_shop.values())
    # Empty columns too have the same types on both engines.
    equal(other, found)
    figures = [column for column, field in analyses()[name].fields.items() if field.unit and column != "position"]
    assert (found[figures].isna() | (found[figures] == 0)).all(axis=None)
    assert found.passport.identity == NOBODY


@EACH
def test_an_analysis_of_an_earlier_day_is_what_it_was(
    answers: Answers, after_the_first_load: Answers, name: str, options: dict[str, object]
) -> None:
    equal(told(answers, name, options, as_of=FIRST_LOAD), told(after_the_first_load, name, options))


@pytest.mark.parametrize("name", ROLLED_UP)
def test_a_rollup_is_not_had_by_asking_for_it(answers: Answers, after_the_first_load: Answers, name: str) -> None:
    nobody = told(answers.seen_by(NOBODY), name, {"rollup": True})
    assert "products_by_day" not in nobody.passport.tables
    equal(nobody, told(answers.seen_by(NOBODY), name, {}))
    then = told(answers, name, {"rollup": True}, as_of=FIRST_LOAD)
    equal(then, told(after_the_first_load, name, {"rollup": False}))
    assert told(answers, name, {"rollup": True}).passport.options["rollup"] is True


def test_costs_that_are_hidden_are_in_no_rollup_either(answers: Answers) -> None:
    blind = answers.seen_by(Identity.of("clerk", hidden=["cost_amount"]))
    for options in ({"by": "margin"}, {"by": "margin", "rollup": True}):
        with pytest.raises(AccessDenied, match="it rests on cost_amount, which you may not see"):
            told(blind, "classes", options)


def test_what_is_kept_of_now_is_never_read_for_an_earlier_day() -> None:
    then = Tables(Scope(as_of=True))
    assert then.kept(tables.customer_scores) is None
    for table in (tables.customer_scores, tables.product_positions):
        with pytest.raises(MetricError, match="how things stand now"):
            then[table]
