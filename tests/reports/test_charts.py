"""Charts start at zero, have round ticks, break at gaps and carry their finding in words."""

from __future__ import annotations

import re
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecombi.reports.charts import Number, Series, column_chart, line_chart, waterfall_chart


def write(value: Number) -> str:
    """A number as it is."""
    return f"{value:g}"


def ticks(html: str) -> list[float]:
    """The axis labels of a chart."""
    return [float(text) for text in re.findall(r'<text x="-8"[^>]*>([^<]*)</text>', html)]


def chart(*values: Number | None) -> str:
    """A line chart of one series."""
    line = Series(label="now", total="", values=values)
    return line_chart([line], [str(n) for n in range(len(values))], write=write, summary="x")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((Decimal("98.5"), Decimal(12)), [0, 25, 50, 75, 100]),
        ((3, 8), [0, 2, 4, 6, 8]),
        ((-40, 60), [-50, -25, 0, 25, 50, 75]),
        ((-9, -1), [-10, -7.5, -5, -2.5, 0]),
        ((0, 0), [0, 0.25]),
        ((), [0, 0.25]),
        ((127169,), [0, 50000, 100000, 150000]),
    ],
)
def test_ticks_are_round_and_zero_is_among_them(values: tuple[Number, ...], expected: list[float]) -> None:
    assert ticks(chart(*values)) == expected


@given(st.lists(st.floats(-1e12, 1e12, allow_nan=False), max_size=40))
def test_every_value_is_inside_the_ticks(values: list[float]) -> None:
    marks = ticks(chart(*values))
    assert 0 in marks
    assert 2 <= len(marks) <= 7
    slack = 1e-5 * (marks[-1] - marks[0])  # of how the test writes the ticks
    assert marks[0] <= min([0, *values]) + slack
    assert marks[-1] >= max([0, *values]) - slack


def test_a_line_breaks_where_there_is_no_value() -> None:
    (path,) = re.findall(r'<path class="now"[^>]* d="([^"]*)"', chart(0, 50, None, 100, 25))
    assert path == "M0,100.00L1,50.00M3,0.00L4,75.00"


def test_columns_rise_from_zero_and_fall_below_it() -> None:
    html = column_chart([50, None, -50], ["a", "b", "c"], write=write, summary="x")
    boxes = re.findall(r'<rect class="col"[^>]* x="([\d.]+)%" y="([\d.]+)%" width="([\d.]+)%" height="([\d.]+)%"', html)
    assert [(y, height) for _, y, _, height in boxes] == [("0.00", "50.00"), ("50.00", "50.00")]


def test_what_comes_from_data_is_text_and_the_drawing_is_well_formed() -> None:
    hostile = "<script>&\"'"
    html = line_chart(
        [
            Series(label=hostile, total=hostile, values=[1, 2]),
            Series(label="b", total="", values=[2, 1], role="before"),
        ],
        [hostile, "2"],
        write=lambda value: hostile,
        summary=hostile,
    )
    assert "<script" not in html
    ET.fromstring(f"<div>{html}</div>")
    ET.fromstring(column_chart([1], [hostile], write=lambda value: hostile, summary=hostile))


def test_what_is_not_final_is_dashed_from_the_last_final_point_on() -> None:
    line = Series(label="now", total="", values=[0, 50, 100], final=2)
    html = line_chart([line], ["a", "b", "c"], write=write, summary="x")
    assert re.findall(r'<path class="([^"]*)"[^>]* d="([^"]*)"', html) == [
        ("now", "M0,100.00L1,50.00"),
        ("now open", "M1,50.00L2,0.00"),
    ]


def test_a_series_of_which_nothing_is_final_is_dashed_whole() -> None:
    line = Series(label="now", total="", values=[100, 50], final=0)
    html = line_chart([line], ["a", "b"], write=write, summary="x")
    assert re.findall(r'<path class="([^"]*)"', html) == ["now open"]


def test_each_step_of_a_waterfall_begins_where_the_one_before_ended() -> None:
    html = waterfall_chart(
        [("more", 100), ("none", 0), ("less", -50)], ("change", 50), write=write, label=write, summary="x"
    )
    boxes = re.findall(r'<rect class="wf (\w+)"[^>]* y="([\d.]+)%" width="[\d.]+%" height="([\d.]+)%"', html)
    assert boxes == [
        ("up", "0.00", "100.00"),
        ("down", "0.00", "0.00"),
        ("down", "0.00", "50.00"),
        ("all", "50.00", "50.00"),
    ]
    assert re.findall(r'<text class="ink halo"[^>]*>([^<]*)</text>', html) == ["+100", "0", "-50", "+50"]
    ET.fromstring(f"<div>{html}</div>")
