"""Which part of a line is dashed: tiny_shop was loaded on 1 March 2013, its last event is of Friday 22 February."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ecombi.dashboards.desk import Desk
from ecombi.dashboards.sales import data, trends
from ecombi.dashboards.sales.state import SalesState
from ecombi.widgets.trend import Trend
from ecombi.workspace import open_workspace
from tests.metrics import tiny_shop
from tests.metrics.conftest import opened, publish


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("tiny")
    warehouse = opened(folder)
    publish(warehouse, tiny_shop.ledger_rows(), tiny_shop.PRODUCTS)
    warehouse.close()
    with open_workspace(folder) as ws:
        yield Desk(ws)


def shown(desk: Desk, first: str, last: str):
    state = SalesState()
    state.query = f"period=custom&from={first}&to={last}"
    question = state.ask(desk)
    figures = data.trend(desk, question)
    content = trends.net_sales(Trend(), figures, question, False)
    return trends.drawn_series(figures, question), str(content.body)


@pytest.mark.parametrize(
    ("first", "last", "unfinished"),
    [
        ("2012-11-26", "2013-02-17", 0),
        # Two days of the week of the 18th may still come.
        ("2012-11-26", "2013-02-24", 1),
        # All its days are final, but the period ends within the week.
        ("2012-11-26", "2013-02-20", 1),
        ("2013-02-01", "2013-02-22", 0),
    ],
)
def test_a_step_whose_days_are_not_all_there_is_dashed_and_said(tiny, first, last, unfinished):
    drawn, legend = shown(tiny, first, last)
    assert drawn.open == unfinished
    assert ("Last week not finished" in legend) == bool(unfinished)


def test_all_days_a_late_source_can_still_change_are_dashed(desk):
    # This shop's one load came before its events: none of the seven days is final.
    drawn, legend = shown(desk, "2026-10-25", "2026-10-31")
    assert drawn.open == 7
    assert "Last 7 days not finished" in legend
