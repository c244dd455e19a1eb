"""A report is a notebook with one parameters cell and a YAML of the same stem; what is wrong is named, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecombi.errors import ReportError, UnknownReportError
from ecombi.reports import find, names, records
from tests.reports.conftest import WriteReport, notebook


def test_a_report_knows_its_parameters_in_the_order_of_the_notebook(write_report: WriteReport) -> None:
    project = write_report(
        parameters="day: Day | None = None\n"
        'basis: Literal["booked", "ordered"] = "booked"\n'
        "top: int = 10\n"
        "only: list[str] = []",
        yaml="""
title: Tiny
description: Says its label.
key: [day]
parameters:
  only: {description: Countries., choices: [EIRE, France]}
  top: {description: How many., minimum: 1, maximum: 50}
  basis: {description: Which date.}
  day: {description: The day., from_as_of: -1}
""",
    )
    report = find("tiny", project)
    assert [(p.name, p.kind, p.optional, p.default) for p in report.parameters] == [
        ("day", "Day", True, None),
        ("basis", "str", False, "booked"),
        ("top", "int", False, 10),
        ("only", "list[str]", False, []),
    ]
    assert report.parameters[1].choices == ("booked", "ordered")
    assert report.bind({"only": "EIRE"})["only"] == ["EIRE"]
    assert [row["values"] for row in records(project)] == [
        "a day written YYYY-MM-DD, or left empty",
        "one of booked, ordered",
        "a whole number from 1 to 50",
        "taken from EIRE, France",
    ]


def test_outputs_are_named_by_the_key_parameters_that_have_a_value(write_report: WriteReport) -> None:
    project = write_report(
        parameters="start: Day | None = None\nend: Day | None = None",
        yaml="title: T\ndescription: D\nkey: [start, end]\n"
        "parameters: {start: {description: s}, end: {description: e}}",
    )
    report = find("tiny", project)
    assert report.stem(report.bind({})) == "tiny"
    assert report.stem(report.bind({"start": "2011-01-01", "end": "2011-12-01"})) == "tiny-2011-01-01-2011-12-01"


@pytest.mark.parametrize("name", ["tinny", "../../etc/passwd", "tiny.ipynb", "", "tiny\n", "/tiny", "\ud800"])
def test_an_unknown_report_is_refused_with_the_nearest_names(write_report: WriteReport, name: str) -> None:
    with pytest.raises(UnknownReportError, match=r"There is no report .*tiny") as caught:
        find(name, write_report())
    assert "\n" not in str(caught.value)


def test_a_project_without_reports_has_none(tmp_path: Path) -> None:
    assert names(tmp_path) == ()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("label = 'x'", "line 1 of the parameters cell is not of the form 'name: type = default'"),
        ("label: str = 'x'\nimport os", "line 2 of the parameters cell is not of the form"),
        ("label: str", "not of the form"),
        ("label.x: str = 'x'", "not of the form"),
        ("label: str = f()", "must be a plain value, not a calculation"),
        ("label: str = __import__('os').name", "must be a plain value"),
        ("label: Path = 'x'", "has type Path. Types: str, int"),
        ("label: list[int] = []", r"has type list\[int\]"),
        ("label: int | str = 1", r"has type int \| str"),
        ("label: Literal[1, 2] = 1", r"has type Literal\[1, 2\]"),
        ("label: int = 'x'", "the default of parameter label is 'x'; it must be a whole number"),
        ("label: str = None", "the default of parameter label is None; it must be a text"),
        ("label: Day = '2011-02-30'", "must be a day written YYYY-MM-DD"),
        ("label: str = 'x'\nlabel: str = 'y'", "declared twice"),
        ("_label: str = 'x'", "a parameter cannot be called '_label'"),
        ("ｌabeł: str = 'x'", "a parameter cannot be called"),
        ("json: str = 'x'", "a parameter cannot be called 'json'"),
        ("label: str = 'x", "line 1 of the parameters cell is not Python"),
    ],
)
def test_a_parameters_cell_that_breaks_a_rule_is_named(
    write_report: WriteReport, parameters: str, message: str
) -> None:
    project = write_report(parameters=parameters)
    with pytest.raises(ReportError, match=message):
        find("tiny", project)


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("title: T\ndescription: D\nparameters: {}", "do not agree on label"),
        (
            "title: T\ndescription: D\nparameters: {label: {description: x}, more: {description: y}}",
            "do not agree on more",
        ),
        ("description: D\nparameters: {label: {description: x}}", "tiny.yml: title: Field required"),
        ("title: T\ndescription: D\nparameters: {label: {meaning: x}}", "tiny.yml: parameters.label"),
        (
            "title: T\ndescription: D\nparameters: {label: {description: x}}\nkey: [label]",
            "the key can only hold days and numbers",
        ),
        (
            "title: T\ndescription: D\nparameters: {label: {description: x}}\nkey: [nothing]",
            "the key can only hold days and numbers",
        ),
        ("title: [", "not readable as YAML"),
        ("", "tiny.yml: the file"),
    ],
)
def test_a_yaml_that_does_not_fit_is_named(write_report: WriteReport, yaml: str, message: str) -> None:
    project = write_report(yaml=yaml or " ")
    with pytest.raises(ReportError, match=message):
        find("tiny", project)


def test_a_notebook_needs_exactly_one_parameters_cell(write_report: WriteReport) -> None:
    project = write_report()
    path = project / "notebooks/reports/tiny.ipynb"
    path.write_text(notebook(), encoding="utf-8")
    with pytest.raises(ReportError, match="exactly one cell must have the tag 'parameters'; 0 have it"):
        find("tiny", project)
    path.write_text("not json", encoding="utf-8")
    with pytest.raises(ReportError, match="is not a notebook"):
        find("tiny", project)


def test_a_report_without_its_yaml_is_not_a_report(write_report: WriteReport) -> None:
    project = write_report()
    (project / "parameters/reports/tiny.yml").unlink()
    with pytest.raises(ReportError, match=r"has no file .*tiny\.yml"):
        find("tiny", project)
