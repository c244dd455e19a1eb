"""Runs a notebook from top to bottom in a kernel of its own: the only caller of papermill."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from ecombi import errors
from ecombi.errors import NotebookFailed, ReportError
from ecombi.reports.kernel import kernel_manager
from ecombi.reports.parameters import Value

Progress: TypeAlias = Callable[[float], None]
"""Called with how much of the notebook is done, 0 to 1."""


class _NotStarted(ReportError):
    """The kernel was gone before the first cell."""


class ExecutionFailed(NotebookFailed):
    """A cell failed; `partial` is the notebook up to there."""

    def __init__(self, message: str, *, cell: int, source: str, partial: NotebookNode) -> None:
        super().__init__(message, cell=cell, source=source)
        self.partial = partial


@dataclass(slots=True)
class _Watch:
    """What a run tells about itself while it goes."""

    deadline: float
    progress: Progress | None
    total: int
    notebook: NotebookNode | None = None
    index: int = -1
    done: int = 0
    started: float = field(default_factory=time.monotonic)

    def remaining(self, _cell: NotebookNode | None = None) -> float:
        # nbclient takes 0 for no limit.
        return max(self.started + self.deadline - time.monotonic(), 0.001)

    def on_start(self, notebook: NotebookNode) -> None:
        self.notebook = notebook

    def on_cell(self, *, cell_index: int, **_: object) -> None:
        self.index = cell_index

    def on_cell_done(self, **_: object) -> None:
        self.done += 1
        if self.progress:
            self.progress(self.done / self.total)


def execute(
    notebook: Path,
    values: Mapping[str, Value],
    *,
    environment: Mapping[str, str],
    deadline: float,
    progress: Progress | None = None,
) -> NotebookNode:
    """Run a notebook with checked values for its parameters, and return it with its outputs. Writes nothing.

    Args:
        notebook: The notebook; it stays as it is.
        values: A value for each parameter it declares.
        environment: Variables set for the kernel only.
        deadline: Seconds for the whole run; the kernel is killed then.
        progress: Told after each code cell.

    Raises:
        ExecutionFailed: A cell raised, the kernel died, or the deadline passed.
        ReportError: The kernel did not start.
    """
    started = time.monotonic()
    try:
        return _execute(notebook, values, environment, deadline, progress)
    except _NotStarted:
        # Most often it lost the race for a network port; a second one finds another.
        left = max(deadline - (time.monotonic() - started), 0.001)
        return _execute(notebook, values, environment, left, progress)


def _execute(
    notebook: Path,
    values: Mapping[str, Value],
    environment: Mapping[str, str],
    deadline: float,
    progress: Progress | None,
) -> NotebookNode:
    source = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    # One more code cell than the author wrote: papermill's own, with the values.
    watch = _Watch(deadline, progress, total=sum(c.cell_type == "code" for c in source.cells) + 1)
    with tempfile.TemporaryDirectory(prefix="ecombi-report-", ignore_cleanup_errors=True) as scratch, _quiet():
        import papermill

        try:
            executed: NotebookNode = papermill.execute_notebook(
                source,
                None,
                parameters=dict(values),
                kernel_name="python3",
                language="python",
                progress_bar=False,
                start_timeout=max(1, int(min(60, deadline))),
                kernel_manager_class=kernel_manager(Path(scratch), environment),
                shutdown_kernel="immediate",
                timeout_func=watch.remaining,
                on_notebook_start=watch.on_start,
                on_cell_execute=watch.on_cell,
                on_cell_complete=watch.on_cell_done,
            )
        except papermill.PapermillExecutionError as error:
            # The traceback stays in the kept notebook. Our own errors need no name of a class before their words.
            what = error.evalue if error.ename in errors.__dict__ else f"{error.ename}: {error.evalue}"
            raise _failure(notebook, watch, what, error.cell_index) from error
        except CellTimeoutError as error:
            raise _failure(
                notebook, watch, f"the report was not done after {deadline:g} seconds, so it was stopped"
            ) from error
        except DeadKernelError as error:
            raise _failure(notebook, watch, "the kernel died; most often it ran out of memory") from error
        except (RuntimeError, TimeoutError) as error:
            raise _NotStarted(f"Report {notebook.stem}: its kernel did not start: {error}") from error
    _check_complete(notebook, watch, executed)
    return executed


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence papermill's log: what matters in it is raised, and it takes parameters with our types for unknown."""
    papermill_log = logging.getLogger("papermill")

    def nothing(_record: logging.LogRecord) -> bool:
        return False

    papermill_log.addFilter(nothing)
    try:
        yield
    finally:
        papermill_log.removeFilter(nothing)


def _check_complete(notebook: Path, watch: _Watch, executed: NotebookNode) -> None:
    # papermill takes a notebook that calls exit() half-way for a finished one.
    for index, cell in enumerate(executed.cells):
        if any(output.output_type == "error" for output in cell.get("outputs", ())):
            raise _failure(notebook, watch, "the notebook stopped itself before its end", index)


def _failure(notebook: Path, watch: _Watch, what: str, index: int | None = None) -> ExecutionFailed:
    index = watch.index if index is None else index
    partial = watch.notebook if watch.notebook is not None else nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    ours = [cell for cell in partial.cells if "papermill-error-cell-tag" not in cell.metadata.get("tags", [])]
    source = str(ours[index].source)
    # Count as the author does: without the cell that holds the given values.
    number = sum("injected-parameters" not in cell.metadata.get("tags", []) for cell in ours[: index + 1])
    message = f"Report {notebook.stem}: cell {number} failed: {what}"
    return ExecutionFailed(message, cell=number, source=source, partial=partial)
