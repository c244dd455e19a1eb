"""Runs a report: values are checked, the notebook is executed, notebook and HTML are put in place."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING

from ecombi.errors import NotebookFailed, ReportError
from ecombi.reports.catalogue import Report, find, names
from ecombi.reports.output import publish
from ecombi.settings import Settings

if TYPE_CHECKING:
    from nbformat import NotebookNode

DEADLINE_SECONDS = 900.0
"""How long a whole report may take where the caller does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRun:
    """A report that was run.

    Attributes:
        report: Its name.
        notebook: The executed notebook.
        html: The document without code.
        seconds: How long it took.
        cells: Code cells executed, the one with the given values included.
    """

    report: str
    notebook: Path
    html: Path
    seconds: float
    cells: int

    def record(self) -> dict[str, object]:
        """Return the run as plain data."""
        return {
            "report": self.report,
            "html": str(self.html),
            "notebook": str(self.notebook),
            "seconds": round(self.seconds, 2),
            "cells": self.cells,
        }


def run(
    report: Report,
    values: Mapping[str, object],
    *,
    settings: Settings,
    out: Path | None = None,
    as_of: date | None = None,
    progress: Callable[[str, float], None] | None = None,
    deadline: float = DEADLINE_SECONDS,
) -> ReportRun:
    """Run a report and write NAME.ipynb and NAME.html, or NAME-KEY where its key parameters have values.

    Args:
        report: From `find`.
        values: By parameter name; texts are read as the parameter's type.
        settings: Which workspace and warehouse it reports on.
        out: Folder to write to; absent: reports/ in the workspace.
        as_of: The day up to which, and not including it, things are known; the default of parameters that follow it.
        progress: Called with the name of the step and how much of it is done, 0 to 1.
        deadline: Seconds for the whole run; its kernel is killed then.

    Raises:
        ParameterError: A value is unknown, missing or ill-typed; nothing was started.
        NotebookFailed: A cell failed. Earlier outputs stay; the notebook up to there is kept as NAME.failed.ipynb.
        ReportError: The kernel did not start, or the folder cannot be written.
    """
    bound = report.bind(values, as_of=as_of)
    # From here on it takes seconds, and the imports are heavy: a refused value must not pay for them.
    from ecombi.reports.execution import ExecutionFailed, execute
    from ecombi.reports.html import as_html

    started = time.monotonic()
    folder, stem = _folder(settings.workspace, out), report.stem(bound)
    kept = folder / f"{stem}.failed.ipynb"
    step = f"report {report.name}"
    try:
        executed = execute(
            report.notebook,
            bound,
            environment=settings.environment(),
            deadline=deadline,
            progress=(lambda done: progress(step, done)) if progress else None,
        )
    except ExecutionFailed as error:
        publish({kept: _text(error.partial)})
        message = f"{error}\n\n{indent(error.source, '    ')}\n\nThe notebook up to there is kept as {kept}"
        raise NotebookFailed(message, cell=error.cell, source=error.source) from error
    notebook, html = folder / f"{stem}.ipynb", folder / f"{stem}.html"
    publish({html: as_html(executed, title=report.title), notebook: _text(executed)})
    kept.unlink(missing_ok=True)
    cells = sum(cell.cell_type == "code" for cell in executed.cells)
    return ReportRun(report=report.name, notebook=notebook, html=html, seconds=time.monotonic() - started, cells=cells)


def records(project_root: Path) -> list[dict[str, object]]:
    """List the reports of a project with their parameters, one record per parameter, for printing."""
    rows: list[dict[str, object]] = []
    for report in (find(name, project_root) for name in names(project_root)):
        rows += [
            {
                "report": report.name,
                "parameter": p.name,
                "values": p.expects,
                "default": "required" if p.required else p.default,
                "meaning": p.description,
            }
            for p in report.parameters
        ] or [
            {"report": report.name, "parameter": None, "values": None, "default": None, "meaning": report.description}
        ]
    return rows


def _text(notebook: NotebookNode) -> str:
    import nbformat

    return str(nbformat.writes(notebook))  # type: ignore[no-untyped-call]


def _folder(workspace: Path, out: Path | None) -> Path:
    folder = (out or workspace / "reports").resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError(f"The reports cannot be written to {folder}: {error.strerror}.") from error
    return folder
