"""A project of small notebooks and a runner for them, for tests that start real kernels."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from ecombi.backends.state import open_state
from ecombi.runs.record import Run
from ecombi.runs.runner import Runner
from ecombi.runs.store import RunStore
from ecombi.settings import load_settings
from tests.reports.conftest import cell, notebook

PATIENCE = 60.0
"""Seconds that anything may take on a slow machine."""


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def write_report(project: Path, *code: str, name: str = "tiny", parameters: str = 'label: str = "plain"') -> Path:
    """Write a report of these cells into a project; returns the project."""
    for folder in ("notebooks/reports", "parameters/reports", "dashboards", "pipelines"):
        (project / folder).mkdir(parents=True, exist_ok=True)
    head = [cell(f"# {name}", kind="markdown"), cell("from ecombi.reports import Day, Secret, report, reveal")]
    cells = [*head, cell(parameters, tags=("parameters",)), *map(cell, code)]
    (project / "notebooks" / "reports" / f"{name}.ipynb").write_text(notebook(*cells), encoding="utf-8")
    declared = {line.split(":")[0]: {"description": "Any."} for line in parameters.splitlines()}
    notes = {"title": name, "description": "Says its label.", "parameters": declared}
    (project / "parameters" / "reports" / f"{name}.yml").write_text(json.dumps(notes), encoding="utf-8")
    return project


@contextmanager
def open_runner(folder: Path, *, pdf: bool = False, fork: bool = True, **settings: object) -> Iterator[Runner]:
    """Open a runner of the workspace folder/shop and the project folder/project; it tries again at once."""
    read = load_settings(**{"workspace": folder / "shop", "project": folder / "project", **settings})
    state = open_state(read)
    try:
        yield Runner(read, RunStore(state), clock=now, pdf=pdf, backoff=0.05, fork=fork)
    finally:
        state.close()


def asked(runner: Runner, label: str = "plain", **given: Any) -> Run:
    """Ask for the report `tiny`."""
    run, _ = runner.request(given.pop("report", "tiny"), {"label": label}, **{"trigger": "report", **given})
    return run


def done(runner: Runner, label: str = "plain", **given: Any) -> Run:
    """Ask for the report `tiny` and run it to its end."""
    return runner.run(asked(runner, label, **given).run_id)


def told(runner: Runner, run: Run, kind: str) -> list[str]:
    """What happened in a run, of one kind."""
    return [event.text for _, event in runner.store.events(run.run_id) if event.kind == kind]


def published(run: Run) -> dict[str, Path]:
    """The files beside each other where people look, by ending; hidden ones too."""
    stem = run.request.stem
    return {path.name.removeprefix(stem): path for path in run.request.folder.iterdir() if stem in path.name}


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(what: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Poll a condition."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.02)
    return False
