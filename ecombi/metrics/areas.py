"""Every metric and dimension there is: each public literal of an area's module is in it by itself."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import get_annotations
from types import ModuleType
from typing import Final, TypeVar

from ecombi.metrics import (
    customers,
    delivery,
    dimensions,
    inventory,
    marketing,
    parcels,
    payments,
    purchasing,
    reliability,
    sales,
    visits,
)
from ecombi.metrics.definitions import Metric
from ecombi.metrics.dimensions import Dimension

_T = TypeVar("_T", Metric, Dimension)

AREAS: Final = {
    "Sales": sales,
    "Visits": visits,
    "Customers": customers,
    "Marketing": marketing,
    "Inventory": inventory,
    "Delivery": delivery,
    "Parcels": parcels,
    "Purchasing": purchasing,
    "Supplier reliability": reliability,
    "Payments": payments,
}
"""Area as people call it -> the module of its metrics."""


def _literals(module: ModuleType, kind: type[_T]) -> dict[str, _T]:
    return {
        value.name: value
        for name, value in vars(module).items()
        if isinstance(value, kind) and not name.startswith("_") and _own(module, name)
    }


def _own(module: ModuleType, name: str) -> bool:
    """Whether a name is defined in the module, not imported into it to build on."""
    return name in get_annotations(module)


METRICS: Final[Mapping[str, Metric]] = {
    name: metric for module in AREAS.values() for name, metric in _literals(module, Metric).items()
}
DIMENSIONS: Final[Mapping[str, Dimension]] = _literals(dimensions, Dimension)
