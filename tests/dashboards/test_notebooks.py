"""The notebooks of dashboards: one cell, no stored output, and a folder of three files behind each."""

from __future__ import annotations

import json

import pytest

from ecombi.dashboards.showing import NAMES
from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "dashboards").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_one_cell_without_outputs_that_shows_its_dashboard(path):
    [cell] = json.loads(path.read_text("utf-8"))["cells"]
    assert (cell["cell_type"], cell["outputs"], cell["execution_count"]) == ("code", [], None)
    assert "".join(cell["source"]) == f'from ecombi.dashboards import show\n\nshow("{path.stem}")'


def test_every_dashboard_has_its_notebook_and_its_three_files():
    assert [path.stem for path in NOTEBOOKS] == sorted(NAMES)
    for name in NAMES:
        folder = ROOT / "ecombi" / "dashboards" / name
        assert all((folder / f"{part}.py").is_file() for part in ("state", "data", "view"))


def test_states_and_data_know_no_widgets_and_views_ask_nothing():
    for name in NAMES:
        folder = ROOT / "ecombi" / "dashboards" / name
        for part in ("state", "data"):
            assert "widgets" not in (folder / f"{part}.py").read_text("utf-8")
        for path in folder.glob("*.py"):
            code = path.read_text("utf-8")
            assert all(word not in code for word in ("SELECT ", "groupby", ".sum(", ".agg(")), path
            assert path.stem == "data" or ".ask(" not in code.replace("state.ask(", "") or path.stem == "state"
