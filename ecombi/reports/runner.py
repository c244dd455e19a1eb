"""Runs a report: values are checked, the notebook is executed, its documents are made and put in place."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Final

from ecombi.errors import ConfigurationError, DeadlinePassed, NotebookFailed, PdfNotMade, ReportError, SecretLeaked
from ecombi.kernels.diet import without_grammars
from ecombi.reports.catalogue import Report, find, names
from ecombi.reports.declared import Declared
from ecombi.reports.output import publish
from ecombi.reports.parameters import Value
from ecombi.reports.secrets import known_secrets
from ecombi.settings import Settings

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from ecombi.reports.execution import Executed
    from ecombi.reports.listening import Listener

DEADLINE_SECONDS: Final = 900.0
"""How long a whole report may take where the caller does not say."""

ENDINGS: Final[Mapping[str, str]] = {
    "html": ".html",
    "notebook": ".ipynb",
    "pdf": ".pdf",
    "xlsx": ".xlsx",
    "result": ".json",
    "failed": ".failed.ipynb",
}
"""Kind of document -> how its file ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRun:
    """A report that was run.

    Attributes:
        report: Its name.
        notebook: The executed notebook.
        html: The document without code.
        result: What it declared, for programs.
        xlsx: The declared tables as a workbook, where there are any.
        pdf: The document as PDF, where that was asked for and Chromium is there.
        seconds: How long it took.
        cells: Code cells executed, the one with the given values included.
        warnings: What a reader will miss, and why.
    """

    report: str
    notebook: Path
    html: Path
    result: Path
    xlsx: Path | None
    pdf: Path | None
    seconds: float
    cells: int
    warnings: tuple[str, ...] = ()

    def record(self) -> dict[str, object]:
        """Return the run as plain data."""
        return {
            "report": self.report,
            "html": str(self.html),
            "notebook": str(self.notebook),
            "seconds": round(self.seconds, 2),
            "cells": self.cells,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What running a report made; nothing of it is stored yet.

    Attributes:
        documents: Content by kind, as in `ENDINGS`. Of a failure only the notebook up to there, as `failed`.
        notebook: With its outputs, as far as it came.
        declared: What it declared.
        result: The same, as result.json has it.
        failure: Why it did not come to its end, without any value of a secret.
        warnings: What a reader will miss, and why.
    """

    documents: Mapping[str, str | bytes]
    notebook: NotebookNode
    declared: Declared = field(default_factory=lambda: Declared(figures={}, tables={}))
    result: Mapping[str, object] = field(default_factory=dict)
    failure: NotebookFailed | None = None
    warnings: tuple[str, ...] = ()


def make(
    report: Report,
    bound: Mapping[str, Value],
    *,
    settings: Settings,
    environment: Mapping[str, str],
    deadline: float,
    snapshot: int | None = None,
    memory: int | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    listener: Listener | None = None,
    pdf: bool = False,
    fork: bool = True,
) -> Made:
    """Execute a report and make its documents. Writes nothing.

    Args:
        report: From `find`.
        bound: A checked value for each of its parameters.
        settings: Whose secrets must not get out.
        environment: Variables of the kernel.
        deadline: Seconds for the start of the kernel, the execution and the documents together.
        snapshot: The one it reads, for its result; None: what the declared figures say.
        memory: Bytes for the kernel and all it starts; None: no limit.
        cancelled: Asked a few times a second.
        listener: Hears what happens.
        pdf: Whether to make a PDF where Chromium is on the machine. One that makes none is a warning, unless the
            settings require a PDF.
        fork: Whether the kernel may be forked from a process that has its imports done.

    Raises:
        SecretLeaked: A document would hold the value of a secret.
        KernelNotStarted: The kernel was gone before the first cell.
        DeadlinePassed: The PDF was not done in time.
        ConfigurationError: A PDF is required and no Chromium is there; nothing was started.
        PdfNotMade: A PDF is required and Chromium made none.
        RunCancelled: `cancelled` said yes.
    """
    # From here on it takes seconds, and the imports are heavy: a refused value must not pay for them.
    with without_grammars():
        from ecombi.reports.execution import attempt
    from ecombi.reports.leaks import redact
    from ecombi.reports.pdf import find_browser

    browser = find_browser(settings.browser) if pdf else None
    if pdf and settings.pdf_required and browser is None:
        raise ConfigurationError(
            "ECOMBI_PDF_REQUIRED is true, but no Chromium is on the path. Install one, or name it by ECOMBI_BROWSER."
        )
    end = time.monotonic() + deadline
    executed = attempt(
        report.notebook,
        bound,
        environment=environment,
        deadline=deadline,
        memory=memory,
        cancelled=cancelled,
        listener=listener,
        fork=fork,
    )
    secrets = known_secrets(settings)
    if executed.failure is not None:
        return _failed(executed, executed.failure, secrets)
    printer = _Printer(report.name, browser, end, cancelled, required=settings.pdf_required)
    made = _documents(report, bound, executed.notebook, secrets, snapshot, printer)
    return replace(made, warnings=tuple(redact(text, secrets) for text in printer.warnings))


def run(
    report: Report,
    values: Mapping[str, object],
    *,
    settings: Settings,
    out: Path | None = None,
    as_of: date | None = None,
    progress: Callable[[str, float], None] | None = None,
    deadline: float = DEADLINE_SECONDS,
    pdf: bool = False,
) -> ReportRun:
    """Run a report and write its documents as NAME.html and so on, or NAME-KEY.html where its key has values.

    Nothing is recorded; `ecombi.runs` does that.

    Args:
        report: From `find`.
        values: By parameter name; texts are read as the parameter's type.
        settings: Which workspace and warehouse it reports on.
        out: Folder to write to; absent: reports/ in the workspace.
        as_of: The day up to which, and not including it, things are known; the default of parameters that follow it.
        progress: Called with the name of the step and how much of it is done, 0 to 1.
        deadline: Seconds for the whole run; its kernel is killed then.
        pdf: Whether to make a PDF too, where Chromium is on the machine.

    Raises:
        ParameterError: A value is unknown, missing or ill-typed; nothing was started.
        NotebookFailed: A cell failed. Earlier outputs stay; the notebook up to there is kept as NAME.failed.ipynb.
        SecretLeaked: An output holds the value of a secret; nothing was stored.
        ReportError: The kernel did not start, or the folder cannot be written.
    """
    bound = report.bind(values, as_of=as_of)
    from ecombi.reports.listening import Told

    started = time.monotonic()
    stem, folder = report.stem(bound), folder_for(settings.workspace, out)
    files = {kind: folder / f"{stem}{ending}" for kind, ending in ENDINGS.items()}
    made = make(
        report,
        bound,
        settings=settings,
        environment=settings.environment(),
        deadline=deadline,
        listener=Told(f"report {report.name}", progress),
        pdf=pdf,
    )
    publish({files[kind]: content for kind, content in made.documents.items()})
    if made.failure is not None:
        raise kept(made.failure, files["failed"]) from made.failure
    # What an earlier run left beside these is not of one piece with them.
    for kind in files.keys() - made.documents.keys():
        files[kind].unlink(missing_ok=True)
    return ReportRun(
        report=report.name,
        notebook=files["notebook"],
        html=files["html"],
        result=files["result"],
        xlsx=files["xlsx"] if "xlsx" in made.documents else None,
        pdf=files["pdf"] if "pdf" in made.documents else None,
        seconds=time.monotonic() - started,
        cells=sum(cell.cell_type == "code" for cell in made.notebook.cells),
        warnings=made.warnings,
    )


def kept(failure: NotebookFailed, notebook: Path) -> NotebookFailed:
    """Return a failure whose words show the cell's code and where the notebook is kept."""
    words = f"{failure}\n\n{indent(failure.source, '    ')}\n\nThe notebook up to there is kept as {notebook}"
    return type(failure)(words, cell=failure.cell, source=failure.source)


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


@dataclass(slots=True)
class _Printer:
    """Makes the PDF of a document, where a browser is there and can."""

    report: str
    browser: Path | None
    end: float
    cancelled: Callable[[], bool]
    required: bool
    warnings: list[str] = field(default_factory=list)

    def __call__(self, html: str) -> bytes | None:
        from ecombi.reports.pdf import SECONDS, as_pdf

        if self.browser is None:
            return None
        seconds = min(SECONDS, self.end - time.monotonic())
        try:
            return as_pdf(html, browser=self.browser, seconds=seconds, cancelled=self.cancelled)
        except PdfNotMade as error:
            if time.monotonic() >= self.end:
                words = f"Report {self.report}: its PDF was not done at its deadline, so it was stopped."
                raise DeadlinePassed(words, cell=0, source="") from error
            if self.required:
                raise
            self.warnings.append(f"There is no PDF: {error}")
            return None


def _documents(
    report: Report,
    bound: Mapping[str, Value],
    notebook: NotebookNode,
    secrets: Mapping[str, str],
    snapshot: int | None,
    as_pdf: Callable[[str], bytes | None],
) -> Made:
    from ecombi.reports.documents import render
    from ecombi.reports.results import collect

    declared = collect(notebook)
    if snapshot is None and declared.snapshots:
        snapshot = declared.snapshots[-1]
    result = declared.document(report=report.name, parameters=bound, snapshot=snapshot)
    documents = render(notebook, title=report.title, declared=declared, result=result, as_pdf=as_pdf)
    _check(documents, secrets)
    return Made(documents=documents, notebook=notebook, declared=declared, result=result)


def _failed(executed: Executed, failure: NotebookFailed, secrets: Mapping[str, str]) -> Made:
    from ecombi.reports.leaks import redact

    documents = {"failed": _text(executed.notebook)}
    _check(documents, secrets)
    told = type(failure)(redact(str(failure), secrets), cell=failure.cell, source=redact(failure.source, secrets))
    return Made(documents=documents, notebook=executed.notebook, failure=told)


def _check(documents: Mapping[str, str | bytes], secrets: Mapping[str, str]) -> None:
    from ecombi.reports.leaks import find_leaks

    leaks = find_leaks({f"report{ENDINGS[kind]}": content for kind, content in documents.items()}, secrets)
    if leaks:
        places = "; ".join(str(leak) for leak in leaks[:5])
        raise SecretLeaked(f"Nothing was stored, because {places}. Do not print, show or publish a secret.")


def _text(notebook: NotebookNode) -> str:
    import nbformat

    return str(nbformat.writes(notebook))  # type: ignore[no-untyped-call]


def folder_for(workspace: Path, out: Path | None) -> Path:
    """Make the folder that documents go to: `out`, or reports/ in the workspace.

    Raises:
        ReportError: It cannot be written.
    """
    folder = (out or workspace / "reports").resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError(f"The reports cannot be written to {folder}: {error.strerror}.") from error
    return folder
