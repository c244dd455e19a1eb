"""Dashboards: each a folder with its state (traits), data (frames) and view (widgets), and a notebook of one cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecombi.dashboards.showing import show

__all__ = ["show"]


def __getattr__(name: str) -> object:
    # Importing the name loads widgets and charts: only who shows a dashboard pays.
    if name == "show":
        from ecombi.dashboards import showing

        return showing.show
    raise AttributeError(f"module 'ecombi.dashboards' has no attribute {name!r}")
