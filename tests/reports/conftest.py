"""A tiny project to test the running of reports, and the project's own reports on a shop added up by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ecombi.reports import find, run
from ecombi.settings import load_settings
from tests.reports.document import Document
from tests.reports.hand_shop import open_shop

PROJECT = Path(__file__).parents[2]


def cell(source: str, *, tags: tuple[str, ...] = (), kind: str = "code") -> dict[str, Any]:
    """A notebook cell as the file has it."""
    made: dict[str, Any] = {"cell_type": kind, "metadata": {"tags": list(tags)}, "source": source}
    return made | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def notebook(*cells: dict[str, Any]) -> str:
    """A notebook file of those cells."""
    numbered = [{"id": f"cell-{number}", **made} for number, made in enumerate(cells)]
    return json.dumps({"cells": numbered, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


WriteReport = Callable[..., Path]


@pytest.fixture
def write_report(tmp_path: Path) -> WriteReport:
    """Write a report named `tiny` from the code of its cells; returns the project's folder."""
    project = tmp_path / "project"
    (project / "notebooks" / "reports").mkdir(parents=True)
    (project / "parameters" / "reports").mkdir(parents=True)

    def write(*code: str, parameters: str = 'label: str = "plain"', yaml: str | None = None) -> Path:
        names = [line.split(":")[0] for line in parameters.splitlines()]
        notes = yaml or "title: Tiny\ndescription: Says its label.\nparameters:\n" + "".join(
            f"  {name}: {{description: Any text.}}\n" for name in names
        )
        imports = "from typing import Literal\nfrom ecombi.reports import Day"
        cells = [
            cell("# Tiny", kind="markdown"),
            cell(imports),
            cell(parameters, tags=("parameters",)),
            *map(cell, code),
        ]
        (project / "notebooks" / "reports" / "tiny.ipynb").write_text(notebook(*cells), encoding="utf-8")
        (project / "parameters" / "reports" / "tiny.yml").write_text(notes, encoding="utf-8")
        return project

    return write


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Workspace of the shop added up by hand."""
    return open_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="session")
def daily(shop: Path) -> Document:
    """The daily report of Saturday."""
    done = run(find("daily_sales", PROJECT), {"day": "2026-10-31"}, settings=load_settings(workspace=shop))
    assert done.html == shop / "reports" / "daily_sales-2026-10-31.html"
    return Document(done.html)


@pytest.fixture(scope="session")
def performance(shop: Path) -> Document:
    """The product report of October."""
    done = run(
        find("product_performance", PROJECT),
        {"start": "2026-10-01", "end": "2026-11-01"},
        settings=load_settings(workspace=shop),
    )
    assert done.html == shop / "reports" / "product_performance-2026-10-01-2026-11-01.html"
    return Document(done.html)
