"""What the documentation and deploy/ say about cron and Airflow fits the commands."""

from __future__ import annotations

import ast
import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ecombi.cli import exit_code
from ecombi.errors import EmptyWarehouse, WarehouseBusy
from ecombi.scheduling.declaration import read_schedules
from tests.conftest import ROOT

DAG = ROOT / "deploy" / "airflow" / "ecombi_dag.py"
PAGE = (ROOT / "docs" / "how-to" / "cron-and-airflow.md").read_text("utf-8")
AS_OF = "{{ data_interval_end.in_timezone('Europe/London') | ds }}"
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


def crontab() -> tuple[dict[str, str], str]:
    """The variables of the crontab on the page, and its command as cron hands it to the shell."""
    [block] = [block for block in PAGE.split("```") if "30 5 * * *" in block]
    *assigned, line = block.strip().splitlines()
    variables = dict(one.split("=", 1) for one in assigned if "=" in one)
    return variables, line.split(maxsplit=5)[5].replace("\\%", "%")


@pytest.fixture
def stand_in(tmp_path) -> Callable[..., Path]:
    """Write a program `ecombi` that notes what it is given, and ends with one exit code after the other."""

    def write(*codes: int) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        (tmp_path / "codes").write_text("".join(f"{code}\n" for code in codes))
        for name, does in {
            "ecombi": f'echo "$ECOMBI_WORKSPACE $*" >> {tmp_path}/asked\n'
            f"code=$(head -n 1 {tmp_path}/codes); sed -i 1d {tmp_path}/codes; exit $code",
            "sleep": f'echo "sleep $*" >> {tmp_path}/asked',
        }.items():
            (folder / name).write_text(f"#!/bin/sh\n{does}\n")
            (folder / name).chmod(0o755)
        return folder

    return write


@pytest.mark.parametrize(("codes", "times"), [([0], 1), ([5], 1), ([75, 0], 2), ([75, 75], 2)])
def test_the_crontab_line_tries_again_once_where_that_helps(tmp_path, stand_in, codes, times):
    variables, command = crontab()
    path = variables["PATH"].replace("/opt/ecombi/bin", str(stand_in(*codes)))
    assert path != variables["PATH"]
    environment = {**variables, "PATH": path}
    done = subprocess.run(["/bin/sh", "-c", command], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (codes[-1] == 0)
    assert done.stderr == done.stdout == ""
    london = datetime.now(ZoneInfo("Europe/London")).date()
    said = (tmp_path / "asked").read_text().splitlines()
    asked = f"/srv/shop run nightly --quiet --as-of {london}"
    assert said == [asked, *["sleep 600", asked] * (times - 1)]


def test_a_pipeline_needs_no_variable_but_its_workspace(tmp_path):
    done = subprocess.run(
        ["/bin/sh", "-c", f"{shlex.quote(sys.executable)} -m ecombi run hourly --quiet"],
        env={"ECOMBI_WORKSPACE": str(tmp_path / "shop"), "PYTHONPATH": str(ROOT)},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == exit_code(EmptyWarehouse("nothing loaded")) == 6
    assert "Nothing has been loaded" in done.stderr


class Retried(Exception):
    """Stands in for the error that Airflow tries again after."""


class Refused(Exception):
    """Stands in for the error that fails a task at once."""


@pytest.fixture
def dags(monkeypatch) -> dict[str, dict[str, Any]]:
    """Read the DAG with stand-ins for what it takes from Airflow; each DAG with its options and its command."""
    found: dict[str, dict[str, Any]] = {}

    class Hook:
        def run_command(self, command: list[str]) -> SimpleNamespace:
            return SimpleNamespace(exit_code=subprocess.run(command, check=False).returncode)

    def dag(**options: Any) -> Callable[..., Any]:
        return lambda make: lambda: found.update({make.__name__: {**options, "run": make}})

    modules = {
        "pendulum": {"datetime": lambda *day, tz: datetime(*day, tzinfo=ZoneInfo(tz))},
        "airflow.providers.standard.hooks.subprocess": {"SubprocessHook": Hook},
        "airflow.sdk": {"dag": dag, "task": lambda **options: lambda do: do},
        "airflow.sdk.exceptions": {"AirflowException": Retried, "AirflowFailException": Refused},
    }
    for name, members in modules.items():
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(**members))
    runpy.run_path(str(DAG))
    return found


@pytest.mark.parametrize(("code", "raised"), [(0, None), (5, Refused), (4, Refused), (75, Retried)])
@pytest.mark.parametrize("pipeline", ["nightly", "weekly"])
def test_a_task_of_the_dag_ends_as_its_command_does(tmp_path, monkeypatch, stand_in, dags, code, raised, pipeline):
    monkeypatch.setenv("PATH", str(stand_in(code)), prepend=":")
    with pytest.raises(raised) if raised else nullcontext():
        dags[f"ecombi_{pipeline}"]["run"]()
    assert (tmp_path / "asked").read_text().split() == [
        *filter(None, [os.environ.get("ECOMBI_WORKSPACE")]), "run", pipeline, "--as-of", *AS_OF.split(),
    ]  # fmt: skip


def test_the_dag_is_due_when_the_schedules_of_the_project_are(dags):
    ours = read_schedules(ROOT, zone="Europe/London")
    assert {name: made["schedule"] for name, made in dags.items()} == {
        f"ecombi_{name}": ours[name].cron for name in ("nightly", "weekly")
    }
    assert all(not made["catchup"] and made["max_active_runs"] == 1 for made in dags.values())


@pytest.mark.parametrize("pipeline", sorted(PIPELINES))
def test_every_pipeline_is_on_the_page(pipeline):
    assert f"ecombi run {pipeline}" in PAGE
