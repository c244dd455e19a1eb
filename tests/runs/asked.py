"""Requests and processes for tests of the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ecombi.runs.record import Failure, Owner, Pinned, Request

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HERE = Owner(host="here", pid=11, started="1000.5")
THERE = Owner(host="there", pid=22, started="2000.5")
GONE = Failure(kind="BackendUnavailable", message="The server is gone.", cell=3, source="answers.show()")
PINNED = Pinned(snapshot=7, snapshot_at=NOON, code_version="c0de", lock_hash="10c4")


def after(seconds: float) -> datetime:
    """Return a moment after noon."""
    return NOON + timedelta(seconds=seconds)


def request(stem: str = "daily-sales", **changes: Any) -> Request:
    """Return a request for a report."""
    asked = {"report": "daily-sales", "parameters": {}, "folder": Path("/reports"), "trigger": "report"}
    return Request(**{**asked, "stem": stem, **changes})
