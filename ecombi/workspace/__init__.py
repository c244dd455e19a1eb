"""The workspace: what notebooks, reports, dashboards and the command line open."""

from __future__ import annotations

from ecombi.workspace.workspace import Workspace, open_workspace

__all__ = ["Workspace", "open_workspace"]
