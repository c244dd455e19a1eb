"""Charts of results draw the figures of the result, in full: a shop that can be added up by hand, see tiny_shop."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import pytest

with warnings.catch_warnings():
    # The chart library sets traits in a way that its own dependency has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    import bqplot

from ecombi.errors import MetricError
from ecombi.workspace import Workspace, open_workspace
from tests.metrics import tiny_shop
from tests.metrics.conftest import opened, publish

QUARTER = {"start": "2012-01-01", "end": "2012-04-01"}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The tiny shop, loaded on 1 March 2013 with events up to 22 February."""
    folder = tmp_path_factory.mktemp("drawn")
    warehouse = opened(folder)
    publish(warehouse, tiny_shop.ledger_rows(), tiny_shop.PRODUCTS)
    warehouse.close()
    with open_workspace(folder) as ws:
        yield ws


def drawn(ws: Workspace, *metrics: str, **question: object) -> tuple[bqplot.Figure, str]:
    """Return the chart of an answer, and what stands above it as plain text."""
    above, figure = ws.query(list(metrics), **question).plot().children
    text = re.sub(r"<style>.*?</style>|<[^>]+>", " ", above.value, flags=re.DOTALL)
    return figure, " ".join(text.replace("&emsp;", " ").split())


def months(mark: bqplot.Mark) -> list[str]:
    return [str(month) for month in np.asarray(mark.x).astype("datetime64[M]")]


def test_a_line_has_a_point_for_each_bucket(tiny: Workspace) -> None:
    figure, above = drawn(tiny, "net_sales", grain="month", **QUARTER)
    [line] = figure.marks
    assert (months(line), list(line.y)) == (["2012-01", "2012-02", "2012-03"], [76.0, 67.0, 0.0])
    assert line.line_style == "solid"
    assert above == "Net sales, GBP 1 Jan – 31 Mar 2012; booked: each event on the day it happened"


def test_the_first_of_several_metrics_is_drawn(tiny: Workspace) -> None:
    figure, above = drawn(tiny, "orders", "net_sales", grain="month", **QUARTER)
    assert list(figure.marks[0].y) == [4.0, 3.0, 4.0]
    assert above.startswith("Orders 1 Jan")


def test_compared_the_other_range_lies_below_in_grey(tiny: Workspace) -> None:
    figure, above = drawn(
        tiny, "net_sales", grain="month", start="2012-02-01", end="2012-04-01", compare=("2012-10-01", "2012-12-01")
    )
    before, now = figure.marks
    assert (list(now.y), list(before.y)) == ([67.0, 0.0], [20.0, 0.0])
    assert months(before) == months(now)
    assert now.colors != before.colors
    assert above.endswith("━ This period ━ Before: 1 Oct – 30 Nov 2012")


def test_each_part_has_its_line_the_largest_on_top_and_a_bucket_without_rows_is_zero(tiny: Workspace) -> None:
    figure, above = drawn(tiny, "gross_sales", by="country", grain="month", **QUARTER)
    # GB 20 + 40, 10, 4 × 10; DE nothing, 40 + 30, nothing; FR and unknown 10 in January.
    lines = {tuple(line.y) for line in figure.marks}
    assert lines == {(60.0, 10.0, 40.0), (0.0, 70.0, 0.0), (10.0, 0.0, 0.0)}
    assert tuple(figure.marks[-1].y) == (60.0, 10.0, 40.0)
    assert len({line.colors[0] for line in figure.marks}) == 4
    assert re.findall(r"━ (\S+)", above)[:2] == ["GB", "DE"]
    assert set(re.findall(r"━ (\S+)", above)[2:]) == {"FR", "(unknown)"}


def test_a_rate_without_a_value_is_a_hole_and_not_zero(tiny: Workspace) -> None:
    figure, _ = drawn(tiny, "gross_margin_rate", by="country", grain="month", **QUARTER)
    germany = next(line for line in figure.marks if np.isnan(line.y[0]) and not np.isnan(line.y[1]))
    # 67 − (25 + 12) in February; in March only a return.
    assert germany.y[1] == pytest.approx(30 / 67)


def test_a_bucket_that_is_not_final_is_dashed(tiny: Workspace) -> None:
    # Final up to Friday the 22nd: the last of the three weeks still has two days to come.
    figure, above = drawn(tiny, "net_sales", grain="week", start="2013-02-04", end="2013-02-25")
    solid, dashed = figure.marks
    assert (solid.line_style, list(solid.y)) == ("solid", [70.0, 70.0])
    # The dashed part begins at the last final week, so that the line has no gap.
    assert (dashed.line_style, list(dashed.y)) == ("dashed", [70.0, 50.0])
    assert above.endswith("┅ not final yet")


@pytest.mark.parametrize(
    ("start", "end", "net_sales"), [("2012-01-01", "2012-02-01", 76.0), ("2013-02-01", "2013-03-01", 220.0)]
)
def test_one_bucket_is_a_point_final_or_not(tiny: Workspace, start: str, end: str, net_sales: float) -> None:
    figure, _ = drawn(tiny, "net_sales", grain="month", start=start, end=end)
    [point] = figure.marks
    assert isinstance(point, bqplot.Scatter)
    assert list(point.y) == [net_sales]


def test_parts_are_bars_the_largest_first(tiny: Workspace) -> None:
    figure, _ = drawn(tiny, "gross_sales", by="country", start="2012-02-01", end="2012-03-01")
    [bars] = figure.marks
    assert (list(bars.x), list(bars.y)) == (["DE", "GB"], [70.0, 10.0])
    # Drawn upwards, so the first name is the last of the scale.
    assert bars.scales["x"].domain == ["GB", "DE"]
    assert (bars.scales["y"].min, bars.scales["y"].max) == (0.0, 80.0)


def test_a_part_without_a_name_is_unknown(tiny: Workspace) -> None:
    figure, _ = drawn(tiny, "gross_sales", by="country", start="2012-01-01", end="2012-02-01")
    assert sorted(figure.marks[0].x) == ["(unknown)", "FR", "GB"]


def test_hours_keep_their_order(tiny: Workspace) -> None:
    figure, _ = drawn(tiny, "orders", by="hour_of_day", start="2012-01-01", end="2012-02-01")
    [bars] = figure.marks
    assert (list(bars.x), list(bars.y)) == (["10", "12", "18", "23"], [1.0, 1.0, 1.0, 1.0])


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({}, "A single figure cannot be drawn"),
        ({"by": "country", "start": "2009-01-01", "end": "2009-02-01"}, "There is nothing to draw"),
        ({"grain": "day", "start": "2009-01-01", "end": "2009-02-01"}, "There is nothing to draw"),
    ],
)
def test_what_cannot_be_drawn_is_said(tiny: Workspace, question: dict[str, str], words: str) -> None:
    with pytest.raises(MetricError, match=words):
        tiny.query("net_sales", **question).plot()


def test_the_figures_stay_as_they_were(tiny: Workspace) -> None:
    result = tiny.query("net_sales", grain="month", **QUARTER)
    result.plot()
    assert list(result["net_sales"]) == [Decimal(76), Decimal(67), Decimal(0)]
