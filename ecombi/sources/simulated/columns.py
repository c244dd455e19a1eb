"""Tables as arrays of equal length, and rows that wait until their time has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NONE = np.iinfo(np.int64).min
"""Stands for null in a column of whole numbers."""


def integers(values: object) -> Ints:
    """Return the values as whole numbers of 64 bits."""
    return np.asarray(values, dtype=np.int64)


class Columns:
    """Base of the row sets: a frozen dataclass whose fields are arrays of equal length."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))  # type: ignore[arg-type]

    def take(self, index: Ints | Bools | slice) -> Self:
        """Return the rows at `index`: positions, a mask or a slice."""
        return type(self)(*(getattr(self, f.name)[index] for f in fields(self)))  # type: ignore[arg-type]

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """Return the rows of all parts, in their order; there must be at least one part."""
        names = [f.name for f in fields(cls)]  # type: ignore[arg-type]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True, slots=True)
class Timed(Columns):
    """Rows that become known at an instant.

    Attributes:
        at: UTC seconds since 1970.
    """

    at: Ints


T = TypeVar("T", bound=Timed)


class Later(Generic[T]):
    """Rows made ahead of their time. What never comes due is never written: nothing later than the end exists."""

    def __init__(self) -> None:
        self._parts: list[T] = []

    def push(self, rows: T) -> None:
        """Keep rows until they are due."""
        if len(rows):
            self._parts.append(rows)

    def pop(self, before: int) -> T | None:
        """Hand out the rows before that instant in order of time, once; null where there are none."""
        due, waiting = [], []
        for rows in self._parts:
            ready = rows.at < before
            if ready.all():
                due.append(rows)
                continue
            waiting.append(rows.take(~ready))
            if ready.any():
                due.append(rows.take(ready))
        self._parts = waiting
        if not due:
            return None
        rows = type(due[0]).concat(due)
        return rows.take(np.argsort(rows.at, kind="stable"))
