"""Frames of what an engine answered: exact decimals, and whole numbers that can be missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.extensions import ExtensionArray
from pandas.api.internals import (  # type: ignore[import-not-found]  # what Arrow builds frames with; without stubs
    create_dataframe_from_blocks,
)
from pandas.arrays import DatetimeArray

_TEXT: Final = pd.StringDtype(na_value=np.nan)
_WHOLE: Final = pd.Int64Dtype()
_PLAIN: Final = frozenset({pa.int64(), pa.float64()})
"""Types that are the same in NumPy."""
_SECONDS: Final = pa.timestamp("s")
_SECOND: Final = np.dtype("M8[s]")
_MOMENTS: Final[Any] = DatetimeArray


def frame_of(columns: Mapping[str, pa.ChunkedArray], gaps: Collection[str]) -> pd.DataFrame:
    """Return a frame with exact decimals, and whole numbers that can be missing in the columns `gaps`.

    As Arrow's own does, but that looks for an index, metadata and types which are not here: for the few rows that
    people read, it takes longer than the rows.
    """
    blocks = []
    for place, (name, column) in enumerate(columns.items()):
        values = _values(column, _extension(column.type, missing=name in gaps))
        # A block for each column; pandas lays the numbers of one out as a row.
        blocks.append((values.reshape(1, -1) if isinstance(values, np.ndarray) else values, np.array([place])))
    # A view, as whoever gets the frame may give the index of its columns a name.
    names = _names(tuple(columns)).view()
    rows = len(column) if columns else 0
    frame: pd.DataFrame = create_dataframe_from_blocks(blocks, pd.RangeIndex(rows), names)
    return frame


def _extension(kind: pa.DataType, *, missing: bool) -> Any:
    """Return the type pandas adds to those of NumPy for a column, as its stubs do not know it; None: it needs none."""
    if pa.types.is_decimal(kind):
        return pd.ArrowDtype(kind)
    if pa.types.is_string(kind):
        return _TEXT
    return _WHOLE if missing and pa.types.is_int64(kind) else None


def _values(column: pa.ChunkedArray, extension: Any) -> ExtensionArray | np.ndarray:
    if extension is not None:
        values: ExtensionArray = extension.__from_arrow__(column)
        return values
    # Copies, as what Arrow holds cannot be written to.
    if column.type in _PLAIN:
        return np.array(column.to_numpy())
    if column.type == _SECONDS:
        # Pandas would look for a time zone first.
        moments: ExtensionArray = _MOMENTS._simple_new(np.array(column.to_numpy()), dtype=_SECOND)
        return moments
    series = column.to_pandas()
    return np.array(series) if isinstance(series.dtype, np.dtype) else series.array.copy()


@lru_cache(maxsize=1024)
def _names(names: tuple[str, ...]) -> pd.Index:
    return pd.Index(names)
