"""Arrow columns out of arrays of whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecombi.sources.simulated.columns import NONE, Ints

SUBUNITS = 100
"""A penny in units of the fourth decimal."""


def money(pennies: Ints) -> pa.Array:
    """Return pennies as exact decimals of four places, NONE as null."""
    return decimal(np.where(pennies == NONE, NONE, pennies * SUBUNITS), scale=4)


def decimal(units: Ints, *, scale: int) -> pa.Array:
    """Return whole units of the last of `scale` places as decimals of 18 digits, NONE as null."""
    null = units == NONE
    words = np.empty((len(units), 2), np.int64)
    words[:, 0] = np.where(null, 0, units)
    words[:, 1] = words[:, 0] >> 63
    return pa.Array.from_buffers(pa.decimal128(18, scale), len(units), [_valid(null), pa.py_buffer(words)])


def whole(values: Ints) -> pa.Array:
    """Return whole numbers, NONE as null."""
    return pa.array(values, mask=values == NONE)


def instants(seconds: Ints) -> pa.Array:
    """Return UTC seconds as timestamps, NONE as null."""
    null = seconds == NONE
    return pa.array(np.where(null, 0, seconds) * 1_000_000, mask=null).view(pa.timestamp("us"))


def days(first: date, number: Ints) -> pa.Array:
    """Return day numbers as dates, NONE as null."""
    null = number == NONE
    since = (first - date(1970, 1, 1)).days
    return pa.array(np.where(null, 0, number + since).astype(np.int32), mask=null).view(pa.date32())


def names(values: Sequence[str], position: Ints) -> pa.Array:
    """Return the value at each position, NONE as null."""
    null = position == NONE
    return pa.DictionaryArray.from_arrays(
        pa.array(np.where(null, 0, position), mask=null), pa.array(values, pa.string())
    )


def identities(*parts: str | Ints | pa.Array) -> pa.Array:
    """Join fixed texts and columns to one text per row; null where a column is NONE."""
    texts = [
        pa.scalar(part)
        if isinstance(part, str)
        else pc.cast(whole(part), pa.string())
        if isinstance(part, np.ndarray)
        else pc.cast(part, pa.string())
        for part in parts
    ]
    return texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, "")


def _valid(null: np.ndarray) -> pa.Buffer | None:
    return pa.array(~null).buffers()[1] if null.any() else None
