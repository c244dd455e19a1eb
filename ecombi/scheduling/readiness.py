"""Whether the published snapshot is far enough for a run."""

from __future__ import annotations

from datetime import date
from typing import Literal

from ecombi.errors import EmptyWarehouse
from ecombi.metrics.state import known_of
from ecombi.settings import Settings
from ecombi.workspace import Workspace


def data_ready(settings: Settings, day: date, needed: Literal["day", "final"]) -> bool:
    """Say whether a day can be reported on.

    Args:
        settings: Which workspace.
        day: The day.
        needed: day: the records reach it; final: every source was loaded after its end and had its hours to settle.

    Raises:
        BackendError: The warehouse cannot be read.
    """
    with Workspace(settings) as ws:
        try:
            known = known_of(ws.warehouse, ws.shop)
        except EmptyWarehouse:
            return False
    if needed == "final":
        return known.final_until is not None and day < known.final_until
    return known.last_day is not None and day <= known.last_day
