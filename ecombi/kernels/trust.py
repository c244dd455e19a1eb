"""Who is trusted with what: kernels of different classes never come from the same process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_FIGURES: Final = (
    "numpy",
    "pandas",
    "pyarrow.compute",
    "duckdb",
    "ibis",
    "ibis.backends.sql.compilers.duckdb",
    "sqlglot",
    "ecombi.metrics.answers",
    "ecombi.metrics.compiler",
    "ecombi.backends.warehouse.duckdb",
    "ecombi.workspace",
)
"""What every kernel needs that asks for figures."""

PRELOADS: Final[Mapping[str, tuple[str, ...]]] = {
    "dashboards": (
        *_FIGURES,
        "ecombi.dashboards.rehearsal",
        "ecombi.dashboards.showing",
        "ecombi.dashboards.sales.data",
        "ecombi.dashboards.sales.state",
        "ecombi.dashboards.sales.view",
        "ecombi.server.kernel",
    ),
    "jobs": (
        *_FIGURES,
        "ecombi.reports",
        "ecombi.reports.blocks",
        "ecombi.reports.graphs",
        "ecombi.reports.tables",
        "ecombi.customers",
        "ecombi.inventory",
    ),
    "notebooks": (*_FIGURES, "ipywidgets"),
}
"""Class -> the modules its kernels find imported: by name, as they lie above this package."""

KEPT: Final = frozenset({"jobs"})
"""Classes of whose kernels nothing may be left: what they start and leave is taken in, and ends with them."""

REHEARSALS: Final[Mapping[str, str]] = {"dashboards": "ecombi.dashboards.rehearsal"}
"""Class -> the module that plays through what its kernels will do.

Its `rehearse` may connect, as it runs in a process of its own; its `learn` takes what that returns, where kernels are
forked from, and may only compute.
"""
