"""ecombi: a notebook-driven analytics workspace for e-commerce.

>>> import ecombi
>>> ws = ecombi.open_workspace()
>>> ws.query("net_sales", by=["country"], grain="month")

Importing reads, opens and logs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecombi.workspace import Workspace, open_workspace

__all__ = ["Workspace", "__version__", "open_workspace"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name in {"Workspace", "open_workspace"}:
        from ecombi import workspace

        return getattr(workspace, name)
    raise AttributeError(f"module 'ecombi' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
