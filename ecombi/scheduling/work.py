"""What a schedule starts: a report for each row policy among its readers, or a pipeline in a process of its own."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from ecombi.errors import RunConflict, Transient
from ecombi.project import project_root
from ecombi.reports import find
from ecombi.runs.once import run_asked
from ecombi.runs.post import Post
from ecombi.runs.recipients import Audience, audiences, read_roles
from ecombi.runs.record import Run, State
from ecombi.runs.recovery import LOST
from ecombi.runs.runner import Runner, exit_error
from ecombi.scheduling.declaration import Schedule
from ecombi.scheduling.line import Done, End
from ecombi.scheduling.readiness import data_ready

logger = logging.getLogger(__name__)

_TRY_AGAIN_CODE: Final = 75
_WORKERS: Final = 2


class ScheduledWork:
    """Does what schedules say in one workspace; threads may share it.

    Args:
        runner: Runs the reports.
        workers: How many reports of one schedule run at the same time.
    """

    def __init__(self, runner: Runner, *, workers: int = _WORKERS) -> None:
        self._runner = runner
        self._workers = workers
        self._project = project_root(runner.settings.project)
        self._post = Post(runner.settings, runner.store, clock=runner.clock)
        self._active: dict[str, list[str] | subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def __call__(self, schedule: Schedule, due: datetime) -> Done:
        """Run the report for all of its readers and mail it, or run the pipeline."""
        if schedule.pipeline is not None:
            return self._pipeline(schedule, due)
        ended = self._reports(schedule, due)
        title = find(str(schedule.report), self._project).title
        for audience, run in ended:
            self._post.deliver(run, title, audience.readers)
        failed = [run for _, run in ended if run.state is not State.SUCCEEDED]
        if not failed:
            # Whoever has been sent his letter is not sent it again.
            waiting = [run for audience, run in ended if self._post.waiting(run, audience.readers)]
            return Done(end=End.TRY_AGAIN if waiting else End.DONE, said=[*waiting, ended[0][1]][0].run_id)
        return Done(end=End.TRY_AGAIN if all(map(_may_pass, failed)) else End.FAILED, said=failed[0].run_id)

    def ready(self, schedule: Schedule, due: datetime) -> bool:
        """Whether the snapshot is far enough for it."""
        if schedule.when is None:
            return True
        day = schedule.as_of(due) - timedelta(days=1)
        return data_ready(self._runner.settings, day, schedule.when.data_ready)

    def cancel(self, schedule: Schedule) -> None:
        """Cancel the runs of a report, or ask a pipeline to end."""
        with self._lock:
            active = self._active.get(schedule.name, [])
        if isinstance(active, subprocess.Popen):
            active.terminate()
            return
        for run_id in active:
            try:
                self._runner.store.cancel(run_id, at=self._runner.clock())
            except RunConflict:
                # It has just ended by itself.
                logger.info("run=%s had ended before it could be cancelled", run_id)

    def _reports(self, schedule: Schedule, due: datetime) -> list[tuple[Audience, Run]]:
        # What a killed scheduler was running holds the key that its successor needs.
        self._runner.recover()
        heard = audiences(schedule.recipients, read_roles(self._project) if schedule.recipients else {})
        asked = [(audience, self._ask(schedule, due, audience)) for audience in heard]
        with self._as_active(schedule, [run.run_id for _, run in asked]):
            ended = run_asked(self._runner, [run for _, run in asked], workers=self._workers)
        return [(audience, run) for (audience, _), run in zip(asked, ended, strict=True)]

    def _ask(self, schedule: Schedule, due: datetime, audience: Audience) -> Run:
        when = due.astimezone(UTC).isoformat(timespec="seconds")
        run, _ = self._runner.request(
            str(schedule.report),
            schedule.parameters,
            trigger="schedule",
            as_of=schedule.as_of(due),
            identity=audience.identity,
            idempotency_key=f"schedule:{schedule.name}:{when}:{audience.identity.policy_hash}",
            out=audience.folder(self._runner.settings.workspace / "reports"),
        )
        return run

    def _pipeline(self, schedule: Schedule, due: datetime) -> Done:
        """Run the very command that cron would: what it needs of memory goes with it."""
        command = [sys.executable, "-m", "ecombi", "run", str(schedule.pipeline), "--quiet"]
        command += ["--as-of", schedule.as_of(due).isoformat()]
        environment = {**os.environ, **self._runner.settings.environment()}
        # A group of its own: Ctrl-C is for the scheduler, which lets what runs come to its end.
        with (
            subprocess.Popen(  # noqa: S603 - a pipeline of this project, by its name
                command, env=environment, stdout=subprocess.DEVNULL, process_group=0
            ) as process,
            self._as_active(schedule, process),
        ):
            code = process.wait()
        if code == 0:
            return Done(end=End.DONE, said="done")
        return Done(end=End.TRY_AGAIN if code == _TRY_AGAIN_CODE else End.FAILED, said=f"exit code {code}", code=code)

    @contextmanager
    def _as_active(self, schedule: Schedule, active: list[str] | subprocess.Popen[bytes]) -> Iterator[None]:
        with self._lock:
            self._active[schedule.name] = active
        try:
            yield
        finally:
            with self._lock:
                del self._active[schedule.name]


def _may_pass(run: Run) -> bool:
    """Whether a run failed of something that passes by itself: its process was killed, or a server was away."""
    lost = run.failure is not None and run.failure.kind == LOST
    return lost or isinstance(exit_error(run), Transient)
