"""What the documentation and deploy/ say about cron and Airflow fits the commands."""

from __future__ import annotations

import ast
import re
import shlex

import pytest

from ecombi.cli import exit_code
from ecombi.errors import WarehouseBusy
from tests.conftest import ROOT

DAG = ROOT / "deploy" / "airflow" / "ecombi_dag.py"
PAGE = (ROOT / "docs" / "how-to" / "cron-and-airflow.md").read_text("utf-8")
PIPELINES = {path.stem for path in (ROOT / "pipelines").glob("*.py")}


def calls_of(tree: ast.Module, name: str) -> list[list[str]]:
    """The arguments of every call of a function, as they are written."""
    return [
        [ast.literal_eval(one) if isinstance(one, ast.Constant) else ast.unparse(one) for one in call.args]
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == name
    ]


def test_the_dag_calls_pipelines_that_there_are_and_retries_the_code_that_passes_by_itself():
    tree = ast.parse(DAG.read_text("utf-8"))
    compile(tree, str(DAG), "exec")
    commands = calls_of(tree, "ecombi")
    assert [command[0] for command in commands] == ["run", "run"]
    assert {command[1] for command in commands} <= PIPELINES
    assert all(command[2:] == ["--as-of", "AS_OF"] for command in commands)
    [code] = [
        ast.literal_eval(line.value)
        for line in tree.body
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "TRY_AGAIN"
    ]
    assert code == exit_code(WarehouseBusy("another process is loading"))


def test_the_crontab_line_has_five_fields_and_calls_a_pipeline():
    [line] = [line for line in PAGE.splitlines() if line.startswith("30 5 * * *")]
    command = line.split(maxsplit=5)[5]
    # Every % is escaped: a bare one would end the command.
    assert not re.search(r"(?<!\\)%", command)
    words = shlex.split(command.replace("\\%", "%"))
    assert words[:3] == ["ecombi", "run", "nightly"]
    assert "75" in words


@pytest.mark.parametrize("pipeline", sorted(PIPELINES))
def test_every_pipeline_is_on_the_page(pipeline):
    assert f"ecombi run {pipeline}" in PAGE
