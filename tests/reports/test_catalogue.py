"""A report is a notebook with one parameters cell and a YAML of the same stem; what is wrong is named, and where."""

from __future__ import annotations

from datetime import date
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
        ("list: str = 'x'", "cannot be called 'list', as Python calls something of its own"),
        ("get_ipython: str = 'x'", "cannot be called 'get_ipython', as Python"),
        ("label: str = {[]: 1}", "must be a plain value, not a calculation"),
        (f"label: int = {'-' * 5000}1", "the parameters cell is not Python: maximum recursion"),
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
        ("title: 2026-13-45", "not readable as YAML: month must be"),
        ("? [title]\n: x", "not readable as YAML"),
        ("[" * 5000, "not readable as YAML: maximum recursion depth"),
        ("", "tiny.yml: the file"),
    ],
)
def test_a_yaml_that_does_not_fit_is_named(write_report: WriteReport, yaml: str, message: str) -> None:
    project = write_report(yaml=yaml or " ")
    with pytest.raises(ReportError, match=message):
        find("tiny", project)


@pytest.mark.parametrize(
    ("parameters", "notes", "message"),
    [
        ("x: str = 'a'", "minimum: 1", "is of type str, which has no minimum or maximum. Types with a range: int"),
        ("x: bool = True", "maximum: 1", "is of type bool, which has no minimum"),
        ("x: Day = '2026-01-01'", "minimum: 20260101", "is a day, so its minimum and maximum are days"),
        ("x: int = 1", "maximum: 2026-01-01", "is no day, so its minimum and maximum are numbers"),
        ("x: int = 1", "{minimum: 2, maximum: 1}", "has a minimum of 2.0, above its maximum of 1.0"),
        ("x: Day = '2026-01-01'", "{minimum: 2026-01-02, maximum: 2026-01-01}", "above its maximum of 2026-01-01"),
        ("x: float = 1.0", "minimum: .nan", "parameters.x.minimum.float: Input should be a finite number"),
        ("x: float = 1.0", "maximum: .inf", "parameters.x.maximum.float: Input should be a finite number"),
        ("x: int = 1", "choices: ['1']", "is of type int; only texts have choices"),
        ("x: int = 1", "from_as_of: 0", "is of type int; only a day follows the as-of day"),
        (
            "x: Day = '2025-12-31'",
            "minimum: 2026-01-01",
            "the default of parameter x is '2025-12-31'; it must be a day",
        ),
        (
            "x: list[str] = []",
            "minimum: 1",
            "the default of parameter x is .*; it must be texts .*, at least 1 of them",
        ),
        ("x: str = 'secret://mail'", "{}", "the default of parameter x is 'secret://mail'; it must be a text"),
        ("x: Secret = 'hunter2'", "{}", "it must be the name of a secret written secret://NAME"),
    ],
)
def test_notes_that_a_type_has_no_use_for_are_named(
    write_report: WriteReport, parameters: str, notes: str, message: str
) -> None:
    said = notes.strip("{}")
    yaml = f"title: T\ndescription: D\nparameters: {{x: {{description: x{', ' if said else ''}{said}}}}}"
    with pytest.raises(ReportError, match=message):
        find("tiny", write_report(parameters=parameters, yaml=yaml))


@pytest.mark.parametrize(
    "code",
    [
        "import ecombi as label", "from os import path as label", "import label.inside", "label = 1",
        "for label in (): ...", "a, (b, *label) = 1, (2,)", "with open('x') as label: ...", "(label := 1)",
        "label += 1",
    ],
)  # fmt: skip
def test_a_name_that_another_cell_uses_is_no_parameter(write_report: WriteReport, code: str) -> None:
    with pytest.raises(ReportError, match="a parameter cannot be called 'label': another cell uses that name"):
        find("tiny", write_report(code))
    assert find("tiny", write_report("%matplotlib inline\nlabel = 1", "print(label)\nx.label = 1")).name == "tiny"


def test_ranges_of_days_and_lists_and_secrets_are_read(write_report: WriteReport) -> None:
    yaml = """
title: T
description: D
parameters:
  since: {description: x, minimum: 2020-01-01, maximum: "2026-12-31"}
  tags: {description: x, minimum: 1, maximum: 2}
  token: {description: x}
"""
    lines = 'since: Day = "2020-01-01"\ntags: list[str] = ["a"]\ntoken: Secret | None = None'
    since, tags, token = find("tiny", write_report(parameters=lines, yaml=yaml)).parameters
    assert (since.minimum, since.maximum) == (date(2020, 1, 1), date(2026, 12, 31))
    assert tags.expects == "texts with commas between them, 1 to 2 of them"
    assert (token.kind, token.optional) == ("Secret", True)


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
