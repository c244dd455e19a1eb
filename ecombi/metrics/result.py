"""Answers: a table of figures that carries its own passport."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa

from ecombi.metrics.definitions import Unit
from ecombi.metrics.display import result_html
from ecombi.metrics.passport import Passport
from ecombi.metrics.shapes import Shape
from ecombi.schema.periods import Grain
from ecombi.schema.shop import Shop

MONEY = pa.decimal128(18, 4)
"""As in the ledger, so that figures can be multiplied and divided exactly: Arrow refuses more than 38 digits."""

_WIDE = pa.decimal128(38, 4)


class Result(pd.DataFrame):
    """Figures, one row per combination of dimensions and time bucket, in the order of the key columns, unknown last.

    Columns: the dimensions (text; weekday and hour_of_day int64), the time bucket named like the grain (datetime64, on
    the shop's clock), the metrics. Money is an exact decimal, a count int64 (Int64 where compared, as it may have no
    value), a ratio float64 with NaN for no value. Where compared, `m_before` and `m_change` follow each metric `m`.

    What is computed from a result is a plain DataFrame: the passport speaks of these figures only.
    """

    _metadata = ["passport"]  # noqa: RUF012 - the name and type pandas reads
    passport: Passport

    @property
    def _constructor(self) -> Callable[..., pd.DataFrame]:
        return pd.DataFrame

    def _repr_html_(self) -> str:
        return result_html(self, self.passport)


def result_of(table: pa.Table, passport: Passport, shape: Shape) -> Result:
    """Turn what the engine answered into a result, column by column, never row by row."""
    ordered = table.sort_by([(key, "ascending") for key in shape.keys]) if shape.keys else table
    fields = _fields(shape)
    typed = _typed(ordered, fields)
    frame = typed.to_pandas(types_mapper=lambda kind: pd.ArrowDtype(kind) if pa.types.is_decimal(kind) else None)
    if shape.compared:
        counts = [field.name for field in fields if pa.types.is_int64(field.type) and field.name not in shape.keys]
        frame = frame.assign(
            **{name: typed[name].to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get) for name in counts}
        )
    result = Result(_without_skipped_hours(frame, shape, passport.shop))
    result.passport = passport
    return result


def _typed(table: pa.Table, fields: list[pa.Field]) -> pa.Table:
    named = table.select([field.name for field in fields])
    try:
        return named.cast(pa.schema(fields))
    except pa.ArrowInvalid:
        # Sums of 10^14 and more: the widest decimal holds them.
        wide = [field.with_type(_WIDE) if field.type == MONEY else field for field in fields]
        return named.cast(pa.schema(wide))


def _without_skipped_hours(frame: pd.DataFrame, shape: Shape, shop: Shop) -> pd.DataFrame:
    """Leave out the hour that the clocks skip in spring: filled, it would show as an hour without sales."""
    if not shape.fill or shape.grain is not Grain.HOUR or frame.empty:
        return frame
    first_of_two = np.ones(len(frame), dtype=bool)
    hours = frame[Grain.HOUR.value].dt.tz_localize(shop.time_zone, ambiguous=first_of_two, nonexistent="NaT")
    existing: pd.DataFrame = frame.loc[hours.notna().to_numpy()]
    return existing.reset_index(drop=True)


def _fields(shape: Shape) -> list[pa.Field]:
    types = {"string": pa.string(), "int64": pa.int64()}
    fields = [pa.field(dimension.name, types[dimension.type]) for dimension in shape.by]
    if shape.grain is not None:
        fields.append(pa.field(shape.grain.value, pa.timestamp("s")))
    for metric in shape.metrics:
        kind = pa.float64() if not metric.exact else pa.int64() if metric.unit is Unit.COUNT else MONEY
        fields.append(pa.field(metric.name, kind))
        if shape.compared:
            fields += [pa.field(f"{metric.name}_before", kind), pa.field(f"{metric.name}_change", pa.float64())]
    return fields
