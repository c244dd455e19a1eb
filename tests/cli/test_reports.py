"""Reports from the command line: where a cell fails, the exit code, the cell and its source say so."""

from __future__ import annotations

import shutil

import pytest

from ecombi.cli import main
from tests.conftest import ROOT
from tests.reports.conftest import cell, notebook


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of its own with one report, `broken`, whose last cell divides by zero."""
    folder = tmp_path / "project"
    for name in ("dashboards", "pipelines", "notebooks/reports", "parameters/reports"):
        (folder / name).mkdir(parents=True)
    shutil.copy(ROOT / "pipelines" / "nightly.py", folder / "pipelines")
    cells = (
        cell("label: str = 'none'", tags=("parameters",)),
        cell("whole, parts = 1, 0"),
        cell("share = whole / parts"),
    )
    (folder / "notebooks" / "reports" / "broken.ipynb").write_text(notebook(*cells))
    (folder / "parameters" / "reports" / "broken.yml").write_text(
        "title: Broken\ndescription: Fails.\nparameters:\n  label: {description: Any text.}\n"
    )
    monkeypatch.setenv("ECOMBI_PROJECT", str(folder))
    return folder


def test_a_failing_cell_gives_its_number_and_source_and_a_code_of_its_own(
    project, small_shop, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "out"
    monkeypatch.setattr("sys.argv", ["ecombi", "report", "broken", "--out", str(out), "--workspace", str(small_shop)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 5
    assert said.out == ""
    for words in ("cell 3 failed", "ZeroDivisionError", "share = whole / parts"):
        assert words in said.err
    assert [file.name for file in out.iterdir()] == ["broken.failed.ipynb"]


def test_a_pipeline_ends_with_the_code_of_the_report_that_failed(project, small_shop, monkeypatch, capsys):
    nightly = project / "pipelines" / "nightly.py"
    steps = nightly.read_text()
    for ours, broken in (
        (
            'REPORTS = ("daily_sales", "product_performance", "inventory_replenishment", "data_quality")',
            'REPORTS = ("broken",)',
        ),
        ('"daily_sales": {"day": last.isoformat()}', '"broken": {}'),
    ):
        assert ours in steps
        steps = steps.replace(ours, broken)
    nightly.write_text(steps)
    monkeypatch.setattr("sys.argv", ["ecombi", "run", "nightly", "--workspace", str(small_shop)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 5
    assert "share = whole / parts" in capsys.readouterr().err
