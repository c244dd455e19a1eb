"""Finds the runs of processes that are gone, ends what they left running, and finishes or marks them."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime

from ecombi.errors import ReportError, UnknownRunError
from ecombi.reports.scratch import sweep
from ecombi.runs.folders import RunFolders
from ecombi.runs.processes import is_gone, kill_leftovers, this_process
from ecombi.runs.receipt import failure_in
from ecombi.runs.record import Failure, Owner, Run, State
from ecombi.runs.store import RunStore

logger = logging.getLogger(__name__)

LOST = "lost"

_ALL = 1_000_000_000


def recover(store: RunStore, folders: RunFolders, *, active: Collection[str], at: datetime) -> list[Run]:
    """Take over every run whose process is gone, waiting or running. Any number of processes may do so at once.

    A run whose outputs are complete is finished; any other one is marked failed, as lost. Folders that those processes
    worked in, wherever they are, are removed.

    Args:
        store: Where runs are recorded.
        folders: Their outputs.
        active: The runs that this process works on.
        at: Now.

    Returns:
        The runs that were taken over, as they are now.
    """
    me, found = this_process(), []
    for run in store.running():
        if run.owner is None or run.run_id in active or not is_gone(run, at=at):
            continue
        if adopted := store.adopt(run.run_id, run.owner, me, at=at):
            found.append(_settle(store, folders, adopted, run.owner, at=at))
    for run in store.list(states=[State.QUEUED], limit=_ALL):
        if run.owner is not None and is_gone(run, at=at):
            found += _drop(store, run, run.owner, at=at)
    for run_id in folders.half_filled():
        _tidy(store, folders, run_id)
    # Last, so that whoever worked in them has ended.
    sweep()
    return found


def _drop(store: RunStore, run: Run, owner: Owner, *, at: datetime) -> list[Run]:
    words = (
        f"The process that was to run it, number {owner.pid} on {owner.host}, was ended before it began. "
        f"Run it again with: ecombi runs retry {run.run_id}"
    )
    dropped = store.drop(run.run_id, owner, Failure(kind=LOST, message=words), at=at)
    return [dropped] if dropped else []


def _settle(store: RunStore, folders: RunFolders, run: Run, before: Owner, *, at: datetime) -> Run:
    me = this_process()
    if before.host == me.host and (killed := kill_leftovers(run)):
        logger.warning("run=%s killed what its runner left: %d processes", run.run_id, killed)
    folders.tidy(run)
    try:
        said = folders.receipt(run.run_id)
        outputs = {} if said is None else folders.publish(run)
    except ReportError as error:
        return store.fail(run.run_id, me, Failure(kind=type(error).__name__, message=str(error)), at=at)
    if said is None:
        words = (
            f"The process that ran it, number {before.pid} on {before.host}, was ended before it was done. "
            f"Run it again with: ecombi runs retry {run.run_id}"
        )
        failure: Failure | None = Failure(kind=LOST, message=words, cell=run.cell)
    else:
        failure = failure_in(said)
    if failure is None:
        return store.succeed(run.run_id, me, at=at, outputs=outputs)
    return store.fail(run.run_id, me, failure, at=at, state=State.FAILED if said is None else State(said["state"]))


def _tidy(store: RunStore, folders: RunFolders, run_id: str) -> None:
    try:
        run = store.get(run_id)
    except UnknownRunError:
        # Another application database may know it.
        return
    if run.run_id == run_id and run.state.ended:
        folders.tidy(run)
