"""What a notebook publishes is what is collected: exact, typed, and compared to the last row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbclient import NotebookClient

import ecombi
from ecombi.errors import ReportError
from ecombi.reports import days, report
from ecombi.reports.html import as_html
from ecombi.reports.results import MIME, Declared, collect, differences, message
from ecombi.schema.periods import Grain, Period
from ecombi.workspace import Workspace

NOON = datetime.fromisoformat("2026-10-31T12:00")
SATURDAY = Period.of("2026-10-31", "2026-11-01")


@pytest.fixture(scope="module")
def ws(shop: Path) -> Iterator[Workspace]:
    """The shop added up by hand."""
    with ecombi.open_workspace(shop) as opened:
        yield opened


def executed(*cells: dict[str, object] | None) -> nbformat.NotebookNode:
    """A notebook of one code cell for each message, after a heading."""
    made = [nbformat.v4.new_markdown_cell("# Title")]
    for published in cells:
        data = {MIME: json.loads(json.dumps(message(published)))} if published is not None else {"text/plain": "x"}
        made.append(nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("display_data", data)]))
    return nbformat.v4.new_notebook(cells=made)


def declared(**named: object) -> Declared:
    """What is collected of one call of publish()."""
    return collect(executed(named))


def document(**named: object) -> dict[str, Any]:
    """Result.json of one call of publish(), as it is read from a file."""
    made = declared(**named).document(report="tiny", parameters={"day": "2026-10-31"}, snapshot=3)
    read: dict[str, Any] = json.loads(json.dumps(made, allow_nan=False))
    return read


def test_a_result_of_one_row_is_a_table_and_its_figures(ws: Workspace) -> None:
    today = ws.query(["net_sales", "orders", "return_rate"], compare="previous", **days.between(SATURDAY))
    found = declared(today=today)
    assert found.figure("today.net_sales") == Decimal(46)
    assert found.figure("today.net_sales_before") == Decimal(40)
    assert found.figure("today.orders") == 2
    assert found.figure("today.net_sales_change") == pytest.approx(0.15)
    assert found.rows("today")[0]["orders"] == 2
    assert found.snapshots == (today.passport.snapshot,)
    assert document(today=today)["figures"]["today.net_sales"] == {
        "value": "46", "type": "decimal", "unit": "GBP", "label": "Net sales",
    }  # fmt: skip
    assert document(today=today)["figures"]["today.orders"] == {
        "value": "2", "type": "integer", "unit": "count", "label": "Orders",
    }  # fmt: skip


def test_a_result_with_keys_is_a_table_however_many_rows_it_has(ws: Workspace) -> None:
    by_country = ws.query("net_sales", by="country", **days.between(SATURDAY))
    only_france = ws.query("net_sales", by="country", where={"country": "FR"}, **days.between(SATURDAY))
    found = declared(by_country=by_country, only_france=only_france)
    assert found.rows("by_country") == [
        {"country": "FR", "net_sales": Decimal(36)},
        {"country": "GB", "net_sales": Decimal(10)},
    ]
    assert found.figures == {}
    assert document(by_country=by_country)["tables"]["by_country"] == {
        "columns": [
            {"name": "country", "label": "Country", "type": "text", "unit": None},
            {"name": "net_sales", "label": "Net sales", "type": "decimal", "unit": "GBP"},
        ],
        "rows": [["FR", "36"], ["GB", "10"]],
    }


@pytest.mark.parametrize(
    ("grain", "first"),
    [("day", date(2026, 10, 31)), ("week", date(2026, 10, 26)), ("hour", datetime.fromisoformat("2026-10-31T09:00"))],
)
def test_a_time_bucket_is_a_day_or_an_hour(ws: Workspace, grain: str, first: object) -> None:
    found = declared(series=ws.query("net_sales", grain=grain, **days.between(SATURDAY)))
    assert found.rows("series")[0][grain] == first


def test_the_table_of_an_analysis_has_its_units(ws: Workspace) -> None:
    found = document(bridge=ws.bridge("2026-10-31", "2026-11-01"))["tables"]["bridge"]
    assert [(column["name"], column["type"], column["unit"]) for column in found["columns"]] == [
        ("position", "integer", "count"),
        ("line", "text", None),
        ("kind", "text", None),
        ("amount", "decimal", "GBP"),
        ("running_total", "decimal", "GBP"),
    ]
    assert found["rows"][0] == ["1", "ordered in the period", None, "56", "56"]
    assert found["rows"][-1] == ["14", "booked in the period", None, "46", "46"]


@pytest.mark.parametrize(
    ("value", "kind", "written"),
    [
        (7, "integer", "7"), (2**80, "integer", str(2**80)), (np.int64(-3), "integer", "-3"),
        (Decimal("46.0000"), "decimal", "46"), (Decimal("-0.50"), "decimal", "-0.5"),
        (Decimal("100"), "decimal", "100"), (Decimal("1E+3"), "decimal", "1000"), (Decimal("-0.00"), "decimal", "0"),
        (0.1, "number", 0.1), (np.float64(2), "number", 2.0), (float("nan"), "number", None),
        ("", "text", ""), ("<b>é</b>", "text", "<b>é</b>"),
        (date(2026, 10, 31), "day", "2026-10-31"), (NOON, "time", "2026-10-31T12:00:00"),
        (datetime(2026, 10, 31, tzinfo=UTC), "time", "2026-10-31T00:00:00+00:00"),
        (pd.Timestamp("2026-10-31"), "time", "2026-10-31T00:00:00"),
        (True, "boolean", True), (np.bool_(False), "boolean", False), (None, "text", None), (pd.NA, "text", None),
        (pd.NaT, "text", None), (Grain.DAY, "text", "day"),
    ],
)  # fmt: skip
def test_a_plain_value_is_a_figure_of_its_type(value: object, kind: str, written: object) -> None:
    assert document(at_risk=value)["figures"] == {
        "at_risk": {"value": written, "type": kind, "unit": None, "label": "At risk"}
    }


def test_a_frame_is_a_table_whatever_its_columns_hold() -> None:
    frame = pd.DataFrame(
        {
            "exact": pd.array([Decimal("1.5"), None], dtype=pd.ArrowDtype(pa.decimal128(18, 4))),
            "whole": pd.array([1, None], dtype="Int64"),
            "ratio": [0.5, float("nan")],
            "day": pd.to_datetime(["2026-10-31", None]),
            "seen_at": pd.to_datetime(["2026-10-31T12:00", None]),
            "paid_on": pd.Series([date(2026, 10, 31), None], dtype=object),
            "cut": pd.Categorical(["a", None]),
            "nothing": pd.Series([None, None], dtype=object),
            "final": [True, False],
        }
    )
    found = document(frame=frame)["tables"]["frame"]
    assert [column["type"] for column in found["columns"]] == [
        "decimal", "integer", "number", "day", "time", "day", "text", "text", "boolean",
    ]  # fmt: skip
    assert found["rows"] == [
        ["1.5", "1", 0.5, "2026-10-31", "2026-10-31T12:00:00", "2026-10-31", "a", None, True],
        [None, None, None, None, None, None, None, None, False],
    ]
    assert document(frame=frame.iloc[:0])["tables"]["frame"]["rows"] == []


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([1, 2], "x cannot be published as it is: list"),
        ({"a": 1}, "x cannot be published as it is: dict"),
        (b"x", "x cannot be published as it is: bytes"),
        (pd.Series([1]), "x cannot be published as it is: Series"),
        (pd.DataFrame({"a": [1, "b"]}), r"x\.a cannot be published as it is: mixed-integer"),
        (pd.DataFrame({"a": [[1], [2]]}), r"x\.a cannot be published as it is: mixed"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "The columns of x are a, a"),
        (pd.DataFrame({1: [2]}), "Give each a name of its own, a text"),
        (pd.DataFrame({"a": range(100_001)}), "x has 100,001 rows; a report declares at most 100,000"),
        (float("inf"), "x is inf, which JSON has no way to write"),
        (Decimal("Infinity"), "x is Infinity"),
        ("\ud800", "cannot be written as UTF-8"),
    ],
)
def test_what_cannot_be_written_exactly_is_refused_outside_a_notebook_too(value: object, words: str) -> None:
    with pytest.raises(ReportError, match=words):
        report.publish(x=value)


@pytest.mark.parametrize("name", ["Net", "net sales", "net.sales", "_x", "é", "", "1a"])
def test_a_name_is_in_snake_case(name: str) -> None:
    with pytest.raises(ReportError, match="Use small letters, digits and _"):
        report.publish(**{name: 1})


def test_a_name_is_published_once() -> None:
    assert collect(executed({"a": 1}, None, {"b": 2})).figure("b") == 2
    with pytest.raises(ReportError, match="a was published twice: in cell 2 and in cell 4"):
        collect(executed({"a": 1}, None, {"a": 2}))


def test_what_claims_to_be_a_result_is_checked() -> None:
    notebook = executed({"a": 1})
    notebook.cells[1].outputs[0].data[MIME]["published"]["a"]["figures"][""]["value"] = "seven"
    with pytest.raises(ReportError, match="Cell 2 has an output that is not a result"):
        collect(notebook)


def test_a_name_that_came_another_way_is_checked_too() -> None:
    notebook = executed({"a": 1})
    published = notebook.cells[1].outputs[0].data[MIME]["published"]
    published["../a"] = published.pop("a")
    with pytest.raises(ReportError, match="Cell 2 has an output that is not a result"):
        collect(notebook)


def test_snapshots_of_all_results_are_told() -> None:
    notebook = executed({"a": 1}, {"b": 1})
    for cell, number in zip(notebook.cells[1:], (8, 7), strict=True):
        next(iter(cell.outputs[0].data[MIME]["published"].values()))["snapshot"] = number
    assert collect(notebook).snapshots == (7, 8)


def test_a_document_is_read_back() -> None:
    made = document(a=Decimal("1.25"), rows=pd.DataFrame({"sku": ["mug"]}))
    again = Declared.of(made)
    assert (again.figure("a"), again.rows("rows"), again.snapshots) == (Decimal("1.25"), [{"sku": "mug"}], (3,))
    assert again.document(report="tiny", parameters={"day": "2026-10-31"}, snapshot=3) == made
    with pytest.raises(ReportError, match="No figure 'rows' was published"):
        again.figure("rows")
    with pytest.raises(ReportError, match="has schema 2"):
        Declared.of({**made, "schema": 2})
    with pytest.raises(ReportError, match="not the result of a report"):
        Declared.of({**made, "figures": []})


def test_equal_results_have_no_difference() -> None:
    rows = pd.DataFrame({"sku": ["mug", "lamp"], "share": [0.1 + 0.2, 0.7]})
    almost = pd.DataFrame({"sku": ["mug", "lamp"], "share": [0.3, 0.7]})
    assert 0.1 + 0.2 != 0.3
    assert differences(document(a=Decimal("2.50"), rows=rows), document(a=Decimal("2.5"), rows=almost)) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"a": Decimal("2.50")}, {"a": Decimal("2.51")}, ['figures.a.value: "2.5" before, "2.51" now']),
        ({"a": 1}, {"a": None}, [
            'figures.a.value: "1" before, nothing now', 'figures.a.type: "integer" before, "text" now',
        ]),
        ({"a": 1}, {}, [
            'figures.a: {"value": "1", "type": "integer", "unit": null, "label": "A"} before, nothing now',
        ]),
        ({"a": 0.1}, {"a": 0.1 * (1 + 2e-9)}, ["figures.a.value: 0.1 before, 0.1000000002 now"]),
        ({"t": pd.DataFrame({"s": ["x", "y"], "n": [1, 2]})}, {"t": pd.DataFrame({"s": ["x", "y"], "n": [1, 3]})}, [
            'tables.t.rows[1].n: "2" before, "3" now',
        ]),
        ({"t": pd.DataFrame({"n": [1, 2]})}, {"t": pd.DataFrame({"n": [2, 1]})}, [
            'tables.t.rows[0].n: "1" before, "2" now', 'tables.t.rows[1].n: "2" before, "1" now',
        ]),
        ({"t": pd.DataFrame({"n": [1]})}, {"t": pd.DataFrame({"n": [1, 2]})}, [
            'tables.t.rows[1]: nothing before, {"n": "2"} now',
        ]),
    ],
)  # fmt: skip
def test_what_differs_is_said_exactly(before: dict[str, Any], after: dict[str, Any], said: list[str]) -> None:
    assert list(map(str, differences(document(**before), document(**after)))) == said


def test_other_snapshots_and_parameters_differ_too() -> None:
    one = declared(a=1).document(report="tiny", parameters={"top": 1}, snapshot=3)
    two = declared(a=1).document(report="tiny", parameters={"top": 2}, snapshot=4)
    assert [d.path for d in differences(one, two)] == ["parameters.top", "snapshot"]


@settings(deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False) | st.integers() | st.floats(allow_nan=False, width=64))
def test_every_number_comes_back_as_it_was(value: Decimal | float) -> None:
    if value in (float("inf"), float("-inf")):
        return
    found = declared(x=value).figure("x")
    assert found == value
    assert type(found) is type(value)


def test_a_notebook_shows_nothing_of_what_it_publishes() -> None:
    source = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("from ecombi.reports import report\nreport.publish(secret_name=7)")]
    )
    ran = NotebookClient(source, timeout=300).execute()
    assert [list(output.data) for output in ran.cells[0].outputs] == [[MIME]]
    assert collect(ran).figure("secret_name") == 7
    assert "secret_name" not in as_html(ran, title="T")
