"""Runs reports as recorded jobs: at most once, within limits, again after errors that pass, whole outputs or none."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Final

from ecombi import errors
from ecombi.errors import (
    EcombiError,
    NotebookFailed,
    ReportError,
    RunCancelled,
    RunConflict,
    UnknownReportError,
    did_you_mean,
)
from ecombi.project import project_root
from ecombi.reports.catalogue import find, names
from ecombi.reports.leaks import refuse_secrets
from ecombi.reports.parameters import shown
from ecombi.reports.runner import folder_for, kept
from ecombi.reports.secrets import known_secrets
from ecombi.runs import recovery
from ecombi.runs.folders import FILES, RunFolders, target_of
from ecombi.runs.processes import this_process
from ecombi.runs.pulse import Pulse
from ecombi.runs.record import ATTEMPTS, DEADLINE_SECONDS, MEMORY_BYTES, Request, Run, State
from ecombi.runs.store import RunStore
from ecombi.runs.versions import CodeStore
from ecombi.runs.work import Progress, Work
from ecombi.settings import Settings

if TYPE_CHECKING:
    from ecombi.metrics.policy import Identity

_POLL_SECONDS: Final = 0.2
_RECOVER_SECONDS: Final = 5.0
_ALL: Final = 1_000_000_000


class Runner:
    """Runs reports of one workspace; threads may share it.

    Args:
        settings: Which workspace, warehouse and project.
        store: Where runs are recorded.
        clock: Tells the time, aware.
        pdf: Whether runs make a PDF too, where Chromium is on the machine; it takes a second or two.
        backoff: Seconds before the second attempt; four times as long before each later one.
        fork: Whether kernels may be forked from a process that has its imports done.

    Attributes:
        settings: As given, the workspace absolute.
        store: As given.
        folders: The outputs of runs.
        code: The code of past runs.
        clock: As given.
    """

    def __init__(
        self,
        settings: Settings,
        store: RunStore,
        *,
        clock: Callable[[], datetime],
        pdf: bool = True,
        backoff: float = 2.0,
        fork: bool = True,
    ) -> None:
        self.settings = settings.model_copy(update={"workspace": settings.workspace.absolute()})
        self.store = store
        self.clock = clock
        self.folders = RunFolders(self.settings.workspace / "runs")
        self.code = CodeStore(self.folders.root / "code")
        self._pulse = Pulse(store, clock)
        self._work = Work(
            self.settings,
            store,
            self.folders,
            self.code,
            Pulse(store, clock),
            clock,
            pdf=pdf,
            backoff=backoff,
            fork=fork,
        )

    def recover(self) -> list[Run]:
        """Finish or mark the runs of processes that are gone, and end what they left running; for every start.

        Returns:
            The runs that were taken over, as they are now.
        """
        return recovery.recover(self.store, self.folders, active=self._pulse.runs, at=self.clock())

    def request(
        self,
        report: str,
        values: Mapping[str, object],
        *,
        trigger: str,
        as_of: date | None = None,
        identity: Identity | None = None,
        idempotency_key: str | None = None,
        concurrency_key: str | None = None,
        out: Path | None = None,
        deadline: int = DEADLINE_SECONDS,
        attempts: int = ATTEMPTS,
        memory: int | None = MEMORY_BYTES,
    ) -> tuple[Run, bool]:
        """Record that a report is wanted; nothing is started.

        Args:
            report: Its name.
            values: Its parameters by name; texts are read as their type.
            trigger: What asks: report, pipeline, schedule, backfill.
            as_of: The day that parameters which follow it begin from.
            identity: Whose eyes it is for; None: the owner's. Outputs of others have the hash of what they may see
                in their name.
            idempotency_key: Where a run that has not failed has it, that run is returned.
            concurrency_key: Runs with the same one wait for each other; None: those with the same outputs.
            out: Folder for the outputs; None: reports/ in the workspace.
            deadline: Seconds for all attempts together.
            attempts: How often it is tried where an error may pass.
            memory: Bytes for its kernel and all it starts; None: no limit.

        Returns:
            The run, and whether it is a new one.

        Raises:
            UnknownReportError: There is no such report.
            ParameterError: A value is unknown, missing, ill-typed, or the value of a secret.
            ReportError: The folder cannot be written, or that of secrets cannot be read.
        """
        found = find(report, project_root(self.settings.project))
        bound = found.bind(values, as_of=as_of)
        refuse_secrets(bound, known_secrets(self.settings))
        limited = identity is not None and not identity.unlimited
        request = Request(
            report=report,
            parameters=bound,
            stem=f"{found.stem(bound)}-{identity.policy_hash}" if identity and limited else found.stem(bound),
            folder=folder_for(self.settings.workspace, out),
            trigger=trigger,
            identity=identity.to_json() if identity and limited else None,
            idempotency_key=idempotency_key,
            concurrency_key=concurrency_key,
            deadline_seconds=deadline,
            attempts_allowed=attempts,
            memory_bytes=memory,
        )
        return self.store.add(request, at=self.clock(), by=this_process())

    def known(self, report: str) -> str:
        """Return the name of a report that there is, or was when a run of it was recorded.

        Raises:
            UnknownReportError: Neither; the message has the nearest names.
        """
        known = {*names(project_root(self.settings.project)), *self.store.reports()}
        if report not in known:
            said = f"There is no report {shown(report)}, and no run of one is recorded."
            raise UnknownReportError(f"{said} {did_you_mean(report[:80], known)}")
        return report

    def retry(self, run_id: str) -> Run:
        """Ask for a run that has ended once more, with the same parameters, on the data there are now.

        A queued run is returned as it is: whoever asked for it may be gone.

        Raises:
            UnknownRunError: There is no such run.
            RunConflict: It has not ended, or another run does its work already.
        """
        run = self.store.get(run_id)
        if run.state is State.QUEUED:
            return run
        if run.state is State.RUNNING:
            raise RunConflict(f"Run {run.run_id} is running. Wait for its end, or cancel it first.")
        # A success keeps its key: what asks with it again is to find it.
        key = None if run.state is State.SUCCEEDED else run.request.idempotency_key
        again = replace(run.request, trigger="retry", source_run=run.run_id, idempotency_key=key)
        asked, new = self.store.add(again, at=self.clock(), by=this_process())
        if not new:
            raise RunConflict(f"Run {asked.run_id} has done or is doing the work of {run.run_id} ({asked.state}).")
        return asked

    def run(self, run_id: str, *, progress: Progress | None = None) -> Run:
        """Run a queued run to its end, all attempts. One that runs elsewhere is waited for.

        Args:
            run_id: Its number.
            progress: Told after each cell how much is done, by the seconds that cells took in earlier runs.

        Returns:
            The run with the state it ended in; a report that failed raises nothing. Where another run holds its
            concurrency key for as long as the deadline, it is cancelled.

        Raises:
            BackendUnavailable: The application database cannot be reached.
        """
        return self._to_end(run_id, progress, Event())

    def run_next(self, *, only: Collection[str] | None = None, progress: Progress | None = None) -> Run | None:
        """Run the oldest queued run that can be started to its end; None where there is none."""
        claimed = self.store.claim_next(this_process(), at=self.clock(), only=only)
        if claimed is None:
            return None
        self._work.once(claimed, progress, Event())
        return self.run(claimed.run_id, progress=progress)

    def run_all(self, run_ids: Sequence[str], *, workers: int, progress: Progress | None = None) -> list[Run]:
        """Run several runs to their end, some at once, in threads of this process.

        Returns:
            The runs in the order given.

        Raises:
            KeyboardInterrupt: Ctrl-C; those that had begun are cancelled.
        """
        from concurrent.futures import ThreadPoolExecutor

        stop = Event()
        with ThreadPoolExecutor(max_workers=max(workers, 1), thread_name_prefix="run") as pool:
            running = [pool.submit(self._to_end, run_id, progress, stop) for run_id in run_ids]
            try:
                return [future.result() for future in running]
            except BaseException:
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def output(self, run: Run, kind: str) -> Path:
        """Return the file of one output of a run: html, pdf, xlsx, notebook, result, receipt or failed.

        Raises:
            ReportError: The run has none of that kind.
        """
        path = self.folders.of(run.run_id) / FILES.get(kind, "?")
        if kind not in FILES or not path.exists():
            there = [name for name, file in FILES.items() if (self.folders.of(run.run_id) / file).exists()]
            known = f"It has {', '.join(there)}." if there else f"It is {run.state} and has no outputs."
            raise ReportError(f"Run {run.run_id} has no {kind}. {known}")
        return path

    def describe(self, run: Run) -> dict[str, object]:
        """Return all that is known of a run, for printing; what is not known is left out."""
        from ecombi.runs.description import describe

        return describe(run, self.folders.of(run.run_id), self.store.warnings(run))

    def prune(self, *, before: datetime) -> list[str]:
        """Remove what is kept of runs that ended before then: records, folders, and code that no other run has.

        Published documents stay.

        Returns:
            The numbers of the runs.
        """
        removed = self.store.prune(before=before)
        for run_id in removed:
            self.folders.remove(run_id)
        if removed:
            left = self.store.list(limit=_ALL)
            self.code.prune({run.pinned.code_version for run in left if run.pinned is not None})
        return removed

    def _to_end(self, run_id: str, progress: Progress | None, stop: Event) -> Run:
        run = self.store.get(run_id)
        began = looked = time.monotonic()
        while not run.state.ended and not stop.is_set():
            if claimed := self.store.claim(run.run_id, this_process(), at=self.clock()):
                self._work.once(claimed, progress, stop)
            elif time.monotonic() - began > run.request.deadline_seconds:
                return self._give_up(run)
            else:
                stop.wait(_POLL_SECONDS)
            if time.monotonic() - looked > _RECOVER_SECONDS:
                looked = time.monotonic()
                self.recover()
            run = self.store.get(run.run_id)
        return run

    def _give_up(self, run: Run) -> Run:
        if run.state is not State.QUEUED:
            return run
        words = f"It waited {run.request.deadline_seconds} seconds for another run of {run.request.exclusive}."
        self.store.note(run.run_id, "note", words, at=self.clock())
        return self.store.cancel(run.run_id, at=self.clock())


def exit_error(run: Run) -> EcombiError | None:
    """Return the error that a run stands for; None where it succeeded."""
    if run.state is State.SUCCEEDED:
        return None
    if not run.state.ended:
        return RunConflict(f"Run {run.run_id} is still {run.state}.")
    if run.failure is None:
        return RunCancelled(f"Run {run.run_id} was cancelled.")
    kind = getattr(errors, run.failure.kind, None)
    if not (isinstance(kind, type) and issubclass(kind, EcombiError)):
        kind = NotebookFailed
    if issubclass(kind, NotebookFailed):
        failure = kind(run.failure.message, cell=run.failure.cell or 0, source=run.failure.source or "")
        return kept(failure, target_of(run, "failed")) if run.failure.source else failure
    # Some errors want more than words; what they would say besides is in the words already.
    error = kind.__new__(kind)
    error.args = (run.failure.message,)
    return error
