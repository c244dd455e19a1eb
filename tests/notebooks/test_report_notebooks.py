"""Every report notebook imports and narrates: it defines nothing, adds nothing up, stores nothing."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from ecombi.reports import find, names

PROJECT = Path(__file__).parents[2]
REPORTS = names(PROJECT)

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
FLOW = (ast.For, ast.While, ast.Try, ast.With, ast.If, ast.Global, ast.Delete, ast.AugAssign)
ADDING_UP = {
    "sum",
    "mean",
    "count",
    "groupby",
    "agg",
    "aggregate",
    "cumsum",
    "merge",
    "pivot_table",
    "apply",
    "sql",
    "arrow",
    "eval",
    "exec",
}
IMPORTED = {"ecombi", "ecombi.reports", "typing"}
SQL = re.compile(
    r"\b(select\b.+\bfrom|insert\s+into|group\s+by|create\s+table|delete\s+from)\b", re.IGNORECASE | re.DOTALL
)


def cells(source: str) -> list[dict[str, Any]]:
    """The cells of a notebook."""
    listed: list[dict[str, Any]] = json.loads(source)["cells"]
    return listed


def broken_rules(source: str) -> set[str]:
    """What a notebook does that a report must not."""
    broken = set()
    for cell in cells(source):
        text = "".join(cell["source"])
        if cell["cell_type"] != "code":
            continue
        if cell["outputs"] or cell["execution_count"] is not None:
            broken.add("stored output")
        if SQL.search(text):
            broken.add("SQL")
        if text.lstrip().startswith(("%", "!")):
            broken.add("magic")
            continue
        for node in ast.walk(ast.parse(text)):
            broken |= _broken_by(node)
    return broken


def _broken_by(node: ast.AST) -> set[str]:
    if isinstance(node, DEFINITIONS):
        return {"definition"}
    if isinstance(node, FLOW):
        return {"flow"}
    if (
        isinstance(node, ast.Attribute | ast.Name)
        and (node.attr if isinstance(node, ast.Attribute) else node.id) in ADDING_UP
    ):
        return {"adding up"}
    imported = (
        [a.name for a in node.names]
        if isinstance(node, ast.Import)
        else [node.module]
        if isinstance(node, ast.ImportFrom)
        else []
    )
    return {"import"} if set(imported) - IMPORTED else set()


def test_there_are_reports() -> None:
    assert set(REPORTS) >= {"daily_sales", "product_performance"}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_imports_and_narrates(name: str) -> None:
    report = find(name, PROJECT)  # its parameters and its YAML agree, or this raises
    source = report.notebook.read_text(encoding="utf-8")
    assert broken_rules(source) == set()
    kinds = [cell["cell_type"] for cell in cells(source)]
    assert kinds[0] == "markdown"
    assert "".join(cells(source)[0]["source"]).startswith(f"# {report.title}")
    assert len({cell["id"] for cell in cells(source)}) == len(kinds)


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_can_be_run_without_values_or_says_which_it_needs(name: str) -> None:
    report = find(name, PROJECT)
    needed = {p.name for p in report.parameters if p.required}
    assert needed or set(report.bind({})) == {p.name for p in report.parameters}
    assert all(p.description.endswith((".", "?")) for p in report.parameters)


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("def total(x):\n    return x", "definition"),
        ("total = lambda x: x", "definition"),
        ("class Total: ...", "definition"),
        ("ws.warehouse.arrow(question)", "adding up"),
        ("result['net_sales'].sum()", "adding up"),
        ("result.groupby('country')", "adding up"),
        ("sum(result['net_sales'])", "adding up"),
        ("question = 'select amount from ledger'", "SQL"),
        ("import pandas", "import"),
        ("from ecombi.backends import warehouse", "import"),
        ("for day in range(3):\n    day", "flow"),
        ("%run other.ipynb", "magic"),
    ],
)
def test_the_rules_are_noticed_when_broken(code: str, rule: str) -> None:
    made = {"cells": [{"cell_type": "code", "source": code, "outputs": [], "execution_count": None}]}
    assert rule in broken_rules(json.dumps(made))


def test_the_blocks_of_reports_add_nothing_up_either() -> None:
    for path in sorted((PROJECT / "ecombi" / "reports").glob("*.py")):
        called = {
            node.func.attr
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert not called & (ADDING_UP - {"count", "aggregate"}), path
