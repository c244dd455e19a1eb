"""Answers: a table of figures that carries its own passport, names the rows behind each figure, and can draw itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from ecombi.errors import MetricError
from ecombi.metrics.definitions import Measure, Metric, Unit
from ecombi.metrics.display import analysis_html, result_html
from ecombi.metrics.frames import frame_of
from ecombi.metrics.passport import AnalysisPassport, Cell, Passport
from ecombi.metrics.shapes import Shape
from ecombi.schema.periods import Grain
from ecombi.schema.shop import Shop

if TYPE_CHECKING:
    from ecombi.metrics.answers import Answers

MONEY = pa.decimal128(18, 4)
"""As in the ledger, so that figures can be multiplied and divided exactly: Arrow refuses more than 38 digits."""

_WIDE = pa.decimal128(38, 4)
_COUNT, _RATIO, _BUCKET = pa.int64(), pa.float64(), pa.timestamp("s")
_KEYS: Mapping[str, pa.DataType] = {"string": pa.string(), "int64": pa.int64()}


class Result(pd.DataFrame):
    """Figures, one row per combination of dimensions and time bucket, in the order of the key columns, unknown last.

    Columns: the dimensions (text; weekday and hour_of_day int64), the time bucket named like the grain (datetime64, on
    the shop's clock), the metrics. Money is an exact decimal, a count int64 (Int64 where it may have no value), a ratio
    float64 with NaN for no value. Where compared, `m_before` and `m_change` follow each metric `m`.

    What is computed from a result is a plain DataFrame: the passport speaks of these figures only.
    """

    _metadata = ["passport", "_answers"]  # noqa: RUF012 - the name and type pandas reads
    passport: Passport
    _answers: Answers | None

    @property
    def _constructor(self) -> Callable[..., pd.DataFrame]:
        return pd.DataFrame

    def rows(self, cell: Cell = 0, *, metric: str | None = None, before: bool = False) -> pd.DataFrame:
        """Return the rows of the warehouse that a figure is computed from: they sum to it exactly.

        Args:
            cell: The row of this result, by the values of its keys or by position.
            metric: The figure's metric; needed where the result has several.
            before: The rows of the other range, where compared.

        Returns:
            One row per row of the metric's mart, with all of its columns that may be seen; a metric over several marts
            has one `mart` after the other.

        Raises:
            MetricError: No such row or metric, or the result has been taken out of its session.
        """
        from ecombi.metrics.evidence import rows_behind

        return rows_behind(self._asked(), self, cell, metric, before=before)

    def restated(self) -> pd.DataFrame:
        """Return the figures that have changed since the period was closed: as first answered, now, and the difference.

        The period is closed by the first load that brought events on or after its end. No rows: nothing has changed, or
        the period is still open.

        Raises:
            MetricError: The result has been taken out of its session.
        """
        from ecombi.metrics.restating import restated

        return restated(self._asked(), self)

    def plot(self) -> object:  # type: ignore[override]  # pandas draws with matplotlib, we with widgets
        """Return a chart of this result for a notebook, below its title: lines over time, else bars.

        Raises:
            MetricError: There is nothing to draw.
        """
        from ecombi.metrics.drawing import draw

        return draw(self, self.passport)

    def _asked(self) -> Answers:
        answers: Answers | None = getattr(self, "_answers", None)
        if answers is None:
            raise MetricError("This result was taken out of its session. Ask the workspace again, then look behind it.")
        return answers

    def __reduce__(self) -> tuple[object, ...]:
        # Connections stay behind.
        return (_restored, (pd.DataFrame(self), replace(self.passport, narrow=None)))

    def _repr_html_(self) -> str:
        return result_html(self, self.passport)


class AnalysisResult(pd.DataFrame):
    """The table of an analysis: its columns, types as in a `Result`, and its passport."""

    _metadata = ["passport"]  # noqa: RUF012 - the name and type pandas reads
    passport: AnalysisPassport

    @property
    def _constructor(self) -> Callable[..., pd.DataFrame]:
        return pd.DataFrame

    def __reduce__(self) -> tuple[object, ...]:
        return (_analysis_result, (pd.DataFrame(self), self.passport))

    def _repr_html_(self) -> str:
        return analysis_html(self, self.passport)


def _restored(frame: pd.DataFrame, passport: Passport) -> Result:
    from ecombi.metrics.evidence import passport_of

    result = Result(frame)
    result.passport = replace(passport, narrow=lambda metric, cell: passport_of(result, cell, metric))
    result._answers = None
    return result


def _analysis_result(frame: pd.DataFrame, passport: AnalysisPassport) -> AnalysisResult:
    result = AnalysisResult(frame)
    result.passport = passport
    return result


def result_of(table: pa.Table, passport: Passport, shape: Shape, answers: Answers | None = None) -> Result:
    """Turn what the engine answered into a result, column by column, never row by row."""
    ordered = table.sort_by([(key, "ascending") for key in shape.keys]) if table.num_rows > 1 else table
    typed = _typed(ordered, _types(shape))
    gaps = [name for metric in shape.metrics for name in (metric.name, f"{metric.name}_before")
            if shape.compared or _can_be_missing(metric)]  # fmt: skip
    frame = frame_of(typed, gaps)
    result = _restored(_without_skipped_hours(frame, shape, passport.shop), passport)
    result._answers = answers
    return result


def analysed(table: pa.Table, passport: AnalysisPassport) -> AnalysisResult:
    """Turn the table of an analysis into a result, in its order; rows that tie come in the order of their keys."""
    analysis = passport.analysis
    order = [
        *analysis.order,
        *(key for key in analysis.keys if key not in {n.removeprefix("-") for n in analysis.order}),
    ]
    by = [(name.removeprefix("-"), "descending" if name.startswith("-") else "ascending") for name in order]
    ordered = table.sort_by(by) if by else table
    units = {name: found.unit for name, found in analysis.fields.items()}
    for name, unit in units.items():
        if unit is Unit.MONEY and pa.types.is_integer(ordered.schema.field(name).type):
            # PostgreSQL does not say either whether zeros are of money.
            ordered = ordered.set_column(ordered.column_names.index(name), name, ordered[name].cast(_WIDE))
    typed = _typed(ordered, {name: _analysed_type(ordered[name], unit) for name, unit in units.items()})
    frame = frame_of(typed, [name for name, column in typed.items() if column.null_count])
    return _analysis_result(frame, passport)


def _analysed_type(column: pa.ChunkedArray, unit: Unit | None) -> pa.DataType:
    found = column.type
    if unit is Unit.MONEY and pa.types.is_decimal(found):
        return MONEY
    if pa.types.is_integer(found):
        return pa.int64()
    # PostgreSQL does not say whether a number without a value would have been a whole one.
    if pa.types.is_decimal(found) and (found.scale == 0 or column.null_count == len(column)):
        return pa.int64()
    return found


def _can_be_missing(metric: Metric) -> bool:
    """Whether an exact figure can have no value."""
    if isinstance(metric, Measure):
        return metric.nothing is None
    return any(_can_be_missing(part) for part in metric.parts)


def _typed(table: pa.Table, types: Mapping[str, pa.DataType]) -> dict[str, pa.ChunkedArray]:
    try:
        return {name: _cast(table[name], kind) for name, kind in types.items()}
    except pa.ArrowInvalid:
        # Sums of 10^14 and more: the widest decimal holds them.
        return {name: _cast(table[name], _WIDE if kind == MONEY else kind) for name, kind in types.items()}


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    return column if column.type == kind else column.cast(kind)


def _without_skipped_hours(frame: pd.DataFrame, shape: Shape, shop: Shop) -> pd.DataFrame:
    """Leave out the hour that the clocks skip in spring: filled, it would show as an hour without sales."""
    if not shape.fill or shape.grain is not Grain.HOUR or frame.empty:
        return frame
    first_of_two = np.ones(len(frame), dtype=bool)
    hours = frame[Grain.HOUR.value].dt.tz_localize(shop.time_zone, ambiguous=first_of_two, nonexistent="NaT")
    existing: pd.DataFrame = frame.loc[hours.notna().to_numpy()]
    return existing.reset_index(drop=True)


def _types(shape: Shape) -> dict[str, pa.DataType]:
    """Return the columns of an answer, in their order."""
    types: dict[str, pa.DataType] = {dimension.name: _KEYS[dimension.type] for dimension in shape.by}
    if shape.grain is not None:
        types[shape.grain.value] = _BUCKET
    for metric in shape.metrics:
        kind = _RATIO if not metric.exact else MONEY if metric.unit is Unit.MONEY else _COUNT
        types[metric.name] = kind
        if shape.compared:
            types |= {f"{metric.name}_before": kind, f"{metric.name}_change": _RATIO}
    return types
