"""The receipt of a run: everything needed to say what was run, and to run it again."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final

from ecombi.runs.folders import FILES
from ecombi.runs.pinning import warehouse_of
from ecombi.runs.record import Failure, Pinned, Run, State
from ecombi.runs.versions import packages
from ecombi.settings import Settings

SCHEMA: Final = 1


def receipt(
    run: Run,
    pinned: Pinned,
    outputs: Mapping[str, str | bytes],
    *,
    spans: Mapping[int, float],
    snapshots: tuple[int, ...],
    settings: Settings,
    at: datetime,
    result: Mapping[str, object] | None = None,
    failure: Failure | None = None,
    state: State = State.SUCCEEDED,
    warnings: Sequence[str] = (),
) -> str:
    """Write the receipt of a run.

    Args:
        run: The run, in its last attempt.
        pinned: What it was computed from.
        outputs: What it made, by kind.
        spans: Seconds each cell took.
        snapshots: The snapshots that what it declared was read from.
        settings: What it ran with.
        at: When it was done.
        result: What it declared.
        failure: Why it did not succeed.
        state: How it ended.
        warnings: What a reader will miss, and why.
    """
    said: dict[str, Any] = {
        "schema": SCHEMA,
        "run": run.run_id,
        "report": run.request.report,
        "state": state,
        "failure": None if failure is None else _failure(failure),
        "warnings": list(warnings),
        "trigger": run.request.trigger,
        "source_run": run.request.source_run,
        "parameters": dict(run.request.parameters),
        "identity": run.request.identity,
        "warehouse": warehouse_of(settings),
        "known_at": None if settings.known_at is None else settings.known_at.isoformat(),
        "snapshot": pinned.snapshot,
        "snapshot_at": None if pinned.snapshot_at is None else pinned.snapshot_at.isoformat(),
        "snapshots_read": list(snapshots),
        "code_version": pinned.code_version,
        "lock_hash": pinned.lock_hash,
        "ecombi": version("ecombi"),
        "python": platform.python_version(),
        "host": run.owner.host if run.owner else None,
        "attempt": run.attempt,
        "requested_at": run.requested_at.isoformat(),
        "started_at": None if run.started_at is None else run.started_at.isoformat(),
        "ended_at": at.isoformat(),
        "cells": {str(cell): round(seconds, 4) for cell, seconds in sorted(spans.items())},
        "result_sha256": None if result is None else result_hash(result),
        "outputs": {kind: {"file": FILES[kind], "sha256": sha256(of)} for kind, of in outputs.items()},
        "packages": dict(packages()),
    }
    return json.dumps(said, indent=1, ensure_ascii=False) + "\n"


def failure_in(said: Mapping[str, Any]) -> Failure | None:
    """Read why a run did not succeed from its receipt."""
    found = said["failure"]
    return None if found is None else Failure(**found)


def result_hash(document: Mapping[str, object]) -> str:
    """Return a hash of what was declared, whatever the order of names and the spaces in its file."""
    declared = {name: document[name] for name in ("figures", "tables")}
    return sha256(json.dumps(declared, sort_keys=True, ensure_ascii=False))


def sha256(content: str | bytes) -> str:
    """Return the hash of a file's content."""
    return hashlib.sha256(content.encode("utf-8") if isinstance(content, str) else content).hexdigest()


def _failure(failure: Failure) -> dict[str, object]:
    return {"kind": failure.kind, "message": failure.message, "cell": failure.cell, "source": failure.source}
