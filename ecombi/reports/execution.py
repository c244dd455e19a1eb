"""Runs a notebook from top to bottom in a kernel of its own: the only caller of papermill."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from ecombi import errors
from ecombi.errors import DeadlinePassed, KernelNotStarted, NotebookFailed, NotebookMustWait, RunCancelled
from ecombi.reports.client import PromptClient
from ecombi.reports.guard import MARK, Guard
from ecombi.reports.kernel import kernel_manager
from ecombi.reports.listening import Listener
from ecombi.reports.parameters import Value
from ecombi.reports.scratch import scratch

_LOOK_SECONDS = 0.2
"""How often limits are looked at."""

_LOOKS = 50

_KILLED_SECONDS = 15.0
"""How long a run whose kernel was killed may take to notice it."""

_OUTPUT_SECONDS = 60
"""How long outputs may lag behind the cell that made them."""

_OURS = threading.local()


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """A notebook that was run.

    Attributes:
        notebook: With its outputs, as far as it came.
        failure: Why it did not come to its end.
    """

    notebook: NotebookNode
    failure: NotebookFailed | None = None


@dataclass(slots=True)
class _Watch:
    """What is known about a run while it goes; the hooks are called by nbclient."""

    listener: Listener
    notebook: NotebookNode | None = None
    index: int = 0
    _began: float = 0.0
    _line: str = ""

    @property
    def cells(self) -> list[NotebookNode]:
        """The cells, without the marks that papermill puts beside one that failed."""
        found = self.notebook.cells if self.notebook is not None else []
        return [cell for cell in found if "papermill-error-cell-tag" not in cell.metadata.get("tags", [])]

    def number(self, index: int) -> int:
        """Count as the author does: without the cell that holds the given values."""
        return sum(not _injected(cell) for cell in self.cells[: index + 1])

    def on_start(self, notebook: NotebookNode) -> None:
        self.notebook = notebook

    def on_cell(self, *, cell: NotebookNode, cell_index: int, **_: object) -> None:
        self.index, self._began = cell_index, time.monotonic()
        if not _injected(cell):
            self.listener.cell_started(self.number(cell_index), self.number(len(self.cells)))

    def on_cell_done(self, *, cell: NotebookNode, cell_index: int, **_: object) -> None:
        if self._line:
            self.write("\n")
        if not _injected(cell):
            seconds = time.monotonic() - self._began
            self.listener.cell_ended(self.number(cell_index), self.number(len(self.cells)), seconds)

    def write(self, text: str) -> None:
        """Take up what a cell prints: papermill writes it as to a file."""
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self.listener.printed(self.number(self.index), line)

    def flush(self) -> None:
        """Nothing is held back but an unfinished line."""


@dataclass(slots=True)
class _Execution:
    """One run in a thread of its own, watched by the thread that wants it: two event loops never meet."""

    source: Path
    values: Mapping[str, Value]
    environment: Mapping[str, str]
    guard: Guard
    watch: _Watch
    fork: bool
    result: NotebookNode | None = None
    error: BaseException | None = None
    thread: threading.Thread = field(init=False)

    def run(self) -> Executed:
        self.thread = threading.Thread(target=self._work, name=f"report {self.source.stem}", daemon=True)
        self.thread.start()
        try:
            while self.thread.is_alive() and self.guard.passed is None:
                self.thread.join(_LOOK_SECONDS)
                if self.thread.is_alive():
                    self.guard.check()
            self._end()
        except BaseException:
            self.guard.passed = self.guard.passed or "cancelled"
            self._end()
            raise
        return self._outcome()

    def _end(self) -> None:
        """Wait for the end of a run whose kernel was killed, however late it started."""
        end = time.monotonic() + _KILLED_SECONDS
        while self.thread.is_alive() and time.monotonic() < end:
            self.guard.check()
            self.thread.join(_LOOK_SECONDS)
        if self.result is None:
            self.guard.kill()

    def _work(self) -> None:
        _OURS.quiet = True
        try:
            self.result = self._papermill()
        except BaseException as error:  # noqa: BLE001  # raised again by the thread that waits
            self.error = error
        finally:
            ensure_event_loop().close()

    def _papermill(self) -> NotebookNode:
        import papermill

        with scratch("report") as folder:
            executed: NotebookNode = papermill.execute_notebook(
                nbformat.read(self.source, as_version=4),  # type: ignore[no-untyped-call]
                None,
                parameters=dict(self.values),
                kernel_name="python3",
                language="python",
                progress_bar=False,
                start_timeout=max(1, int(min(60, self.guard.left))),
                kernel_manager_class=self._manager(folder),
                shutdown_kernel="immediate",
                iopub_timeout=_OUTPUT_SECONDS,
                on_notebook_start=self.watch.on_start,
                on_cell_execute=self.watch.on_cell,
                on_cell_executed=self.watch.on_cell_done,
                stdout_file=self.watch,
            )
        return executed

    def _manager(self, folder: Path) -> type[Any]:
        base: Any = kernel_manager(folder, self.environment, memory=self.guard.memory, fork=self.fork)
        guard, listener = self.guard, self.watch.listener

        class WatchedManager(base):  # type: ignore[misc]
            """Says which process the kernel is."""

            def __init__(self, **given: object) -> None:
                super().__init__(client_factory=PromptClient, **given)

            async def start_kernel(self, **given: object) -> None:
                await super().start_kernel(**given)
                guard.kernel_started(self.provisioner.pid, self.provisioner.keeper)
                listener.kernel_started(self.provisioner.pid)

            async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
                # The stock one looks ten times a second whether the kernel has ended, so it is to have ended before.
                guard.kill()
                for _ in range(_LOOKS):
                    if not await self.is_alive():
                        break
                    await asyncio.sleep(_LOOK_SECONDS / _LOOKS)
                await super().shutdown_kernel(now=now, restart=restart)

        return WatchedManager

    def _outcome(self) -> Executed:
        if self.error is None and self.result is not None:
            return Executed(notebook=self.result, failure=self._incomplete(self.result))
        if self.guard.passed == "cancelled":
            number = self.watch.number(self.watch.index)
            where = f"in cell {number}" if number else "before its first cell"
            raise RunCancelled(f"Report {self.source.stem} was cancelled {where}.")
        if self.watch.notebook is None and self.guard.passed is None:
            if isinstance(self.error, RuntimeError | TimeoutError):
                raise KernelNotStarted(
                    f"Report {self.source.stem}: its kernel did not start: {self.error}"
                ) from self.error
            raise self.error or RuntimeError("The run has no outcome.")
        return Executed(notebook=self._partial(), failure=self._failure())

    def _partial(self) -> NotebookNode:
        if self.watch.notebook is None:
            self.watch.notebook = nbformat.read(self.source, as_version=4)  # type: ignore[no-untyped-call]
        return self.watch.notebook

    def _failure(self) -> NotebookFailed:
        import papermill

        index, kind = self.watch.index, NotebookFailed
        if self.guard.passed is not None:
            what = self.guard.words
            kind = DeadlinePassed if self.guard.passed == "deadline" else NotebookFailed
        elif isinstance(self.error, papermill.PapermillExecutionError):
            what, kind = _raised(self.error.ename, self.error.evalue)
            index = self.error.cell_index
        elif isinstance(self.error, DeadKernelError):
            what = "the kernel died; most often it ran out of memory"
        elif isinstance(self.error, CellTimeoutError):
            what = f"its outputs did not arrive within {_OUTPUT_SECONDS} seconds"
        else:
            raise self.error or RuntimeError("The run has no outcome.")
        failure = self._said(what, index, kind)
        failure.__cause__ = self.error
        return failure

    def _incomplete(self, executed: NotebookNode) -> NotebookFailed | None:
        # papermill takes a notebook that calls exit() half-way for a finished one.
        for index, cell in enumerate(executed.cells):
            if any(output.output_type == "error" for output in cell.get("outputs", ())):
                return self._said("the notebook stopped itself before its end", index)
        return None

    def _said(self, what: str, index: int, kind: type[NotebookFailed] = NotebookFailed) -> NotebookFailed:
        number = self.watch.number(index)
        words = f"Report {self.source.stem}: cell {number} failed: {what}"
        return kind(words, cell=number, source=str(self.watch.cells[index].source))


def attempt(
    notebook: Path,
    values: Mapping[str, Value],
    *,
    environment: Mapping[str, str],
    deadline: float,
    memory: int | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    listener: Listener | None = None,
    fork: bool = True,
) -> Executed:
    """Run a notebook with checked values for its parameters. Writes nothing. Several threads may do so at once.

    Args:
        notebook: The notebook; it stays as it is.
        values: A value for each parameter it declares.
        environment: Variables set for the kernel only.
        deadline: Seconds for the whole run; the kernel is killed then, with all it started.
        memory: Bytes that the kernel and all it starts may take; it is killed above.
        cancelled: Asked a few times a second; the kernel is killed when it says yes.
        listener: Hears what happens.
        fork: Whether the kernel may be forked from a process that has its imports done.

    Raises:
        KernelNotStarted: Not even at the second try.
        RunCancelled: `cancelled` said yes.
    """
    _silence()
    guard = Guard(deadline, memory, cancelled)

    def once() -> Executed:
        watch = _Watch(listener or Listener())
        return _Execution(notebook, values, {**environment, MARK: guard.mark}, guard, watch, fork).run()

    try:
        return once()
    except KernelNotStarted:
        # Most often it lost the race for a network port; a second one finds another.
        return once()


def execute(
    notebook: Path, values: Mapping[str, Value], *, environment: Mapping[str, str], deadline: float
) -> NotebookNode:
    """Run a notebook as `attempt` does, and return it with its outputs.

    Raises:
        NotebookFailed: A cell raised, the kernel died, or the deadline passed.
        ReportError: The kernel did not start.
    """
    executed = attempt(notebook, values, environment=environment, deadline=deadline)
    if executed.failure is not None:
        raise executed.failure
    return executed.notebook


def _injected(cell: NotebookNode) -> bool:
    return "injected-parameters" in cell.metadata.get("tags", [])


def _raised(name: str, words: str) -> tuple[str, type[NotebookFailed]]:
    """Say what a cell raised, without the traceback, which stays in the kept notebook."""
    # Our own errors need no name before their words.
    found = getattr(errors, name, None)
    if isinstance(found, type) and issubclass(found, errors.EcombiError):
        return words, NotebookMustWait if issubclass(found, errors.Transient) else NotebookFailed
    return f"{name}: {words}", NotebookFailed


def _silence() -> None:
    """Silence papermill's log in our threads: what matters in it is raised, and it takes our parameters for unknown."""
    # A filter is there once however often it is added.
    logging.getLogger("papermill").addFilter(_not_ours)


def _not_ours(_record: logging.LogRecord) -> bool:
    return not getattr(_OURS, "quiet", False)
