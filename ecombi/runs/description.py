"""All that is known of a run, in the order in which people ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from ecombi.runs.record import Run


def describe(run: Run, folder: Path, warnings: Sequence[str] = ()) -> dict[str, object]:
    """Return what is known of a run by name; what is not known is left out.

    Args:
        run: The run.
        folder: Where its outputs are, or would be.
        warnings: What a reader will miss, and why.
    """
    failure, pinned, request = run.failure, run.pinned, run.request
    known: dict[str, object] = {
        "run": run.run_id,
        "report": request.report,
        "state": run.state.value,
        "warning": "\n".join(warnings) or None,
        "error": failure.message if failure else None,
        "error kind": failure.kind if failure else None,
        "error cell": failure.cell if failure else None,
        "error source": failure.source if failure else None,
        "cell": f"{run.cell} of {run.cells}" if run.cell else None,
        "trigger": request.trigger,
        "of run": request.source_run,
        "requested": _time(run.requested_at),
        "not before": _time(run.not_before),
        "started": _time(run.started_at),
        "ended": _time(run.ended_at),
        "to end since": _time(run.cancel_requested_at),
        "attempt": f"{run.attempt} of at most {request.attempts_allowed}",
        "deadline": f"{request.deadline_seconds} s",
        "memory": f"{request.memory_bytes / 1024**3:g} GB" if request.memory_bytes else None,
        "host": f"{run.owner.host}, process {run.owner.pid}" if run.owner else None,
        "kernel": run.kernel_pid,
        "identity": request.identity,
        "snapshot": pinned.snapshot if pinned else None,
        "published": _time(pinned.snapshot_at) if pinned else None,
        "code": pinned.code_version if pinned else None,
        "packages": pinned.lock_hash if pinned else None,
        "key": request.idempotency_key,
        "documents": str(request.folder / request.stem) + ".*",
        "folder": str(folder) if folder.exists() else None,
    }
    values = {f"-p {name}": value for name, value in request.parameters.items()}
    return {name: value for name, value in {**known, **values}.items() if value is not None}


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")
