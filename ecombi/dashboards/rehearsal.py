"""Playing a dashboard through before anybody looks: modules are loaded then, and statements written."""

from __future__ import annotations

import threading
from importlib import import_module

from ecombi.errors import EcombiError
from ecombi.workspace import open_workspace

ENOUGH = threading.Event()
"""Set when the reader is here: the rest is learned as it comes."""


def rehearse(name: str) -> None:
    """Load what a dashboard loads at first, and with one filter of each kind, and forget the figures.

    A workspace without figures, or one that cannot be read, is nothing to rehearse with: the reader is told in words.

    Args:
        name: Folder of the dashboard.
    """
    from ecombi.dashboards.desk import Desk

    data, state = (import_module(f"ecombi.dashboards.{name}.{part}") for part in ("data", "state"))
    try:
        with open_workspace() as workspace:
            desk = Desk(workspace)
            desk.turn()
            for chosen in state.rehearsals(desk):
                question = chosen.ask(desk)
                for load in data.LOADS:
                    if ENOUGH.is_set():
                        return
                    load(desk, question)
    except EcombiError:
        return
