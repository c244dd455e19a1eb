"""What a run is computed from, fixed when it starts: the snapshot, the code, the packages, and whose eyes see it."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import Final

from ecombi.backends.warehouse import Snapshot, open_warehouse
from ecombi.backends.warehouse.snapshots import Snapshots
from ecombi.errors import BackendError
from ecombi.project import project_root
from ecombi.runs.processes import MARK
from ecombi.runs.record import Pinned, Request
from ecombi.runs.versions import CodeStore, lock_hash
from ecombi.settings import Settings

_NOT_FOR_KERNELS: Final = {"ECOMBI_STATE_URL": "", "ECOMBI_SMTP_URL": ""}
"""A notebook needs no password but the warehouse's."""


def keeps_snapshots(settings: Settings) -> bool:
    """Whether an earlier snapshot can be read; a server holds the newest one only."""
    return settings.database_url is None


def kept_snapshots(settings: Settings) -> list[Snapshot]:
    """Return the snapshots that can be read, the newest first."""
    if not keeps_snapshots(settings):
        with closing(open_warehouse(settings)) as warehouse:
            found = warehouse.snapshot()
            return [] if found is None else [found]
    # Reading which there are needs no engine, and the engine takes long to import.
    grace = timedelta(seconds=settings.snapshot_grace_seconds)
    return Snapshots(settings.workspace.absolute() / "warehouse", settings.keep_snapshots, grace).published()


def warehouse_of(settings: Settings) -> str:
    """Return where the data are, without a password."""
    if keeps_snapshots(settings):
        return f"duckdb:{settings.workspace.absolute() / 'warehouse'}"
    with closing(open_warehouse(settings)) as warehouse:
        return warehouse.safe_url


def pin(settings: Settings, code: CodeStore, report: str) -> Pinned:
    """Fix what a run of a report is computed from.

    Raises:
        BackendError: ECOMBI_SNAPSHOT names one that is not kept, or which there are cannot be read.
    """
    kept = kept_snapshots(settings)
    if settings.snapshot is not None:
        kept = [snapshot for snapshot in kept if snapshot.number == settings.snapshot]
        if not kept:
            raise BackendError(f"Snapshot {settings.snapshot} is not kept any more.")
    current = kept[0] if kept else None
    return Pinned(
        snapshot=current.number if current else None,
        snapshot_at=current.published_at if current else None,
        code_version=code.keep(project_root(settings.project), report),
        lock_hash=lock_hash(),
    )


def environment(settings: Settings, request: Request, *, snapshot: int | None, run_id: str) -> dict[str, str]:
    """Return the variables of a kernel that sees one snapshot with the eyes of whom the run is for."""
    seen = settings.model_copy(
        update={
            "snapshot": snapshot if keeps_snapshots(settings) else None,
            "identity": request.identity or settings.identity,
            "project": project_root(settings.project),
        }
    )
    return {**seen.environment(), **_NOT_FOR_KERNELS, MARK: run_id}
