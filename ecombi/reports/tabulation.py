"""Turns what a notebook publishes into plain figures and tables: exact values as text, each with its type and unit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from ecombi.errors import ReportError
from ecombi.metrics.areas import DIMENSIONS
from ecombi.metrics.definitions import Unit
from ecombi.metrics.passport import AnalysisPassport, Passport
from ecombi.metrics.result import AnalysisResult, Result
from ecombi.reports.declared import Column, Figure, Published, Table, Type, Written
from ecombi.schema.periods import Grain

MOST_ROWS: Final = 100_000
"""A table with more is data, not a result of a report."""

_TYPES: Final[Mapping[str, Type]] = {
    "boolean": "boolean",
    "integer": "integer",
    "decimal": "decimal",
    "floating": "number",
    "string": "text",
    "empty": "text",
    "date": "day",
    "datetime": "time",
    "datetime64": "time",
}
_DAYS: Final = {grain.value for grain in Grain if grain is not Grain.HOUR}
_WORKS: Final = "a result, a DataFrame, a number, a text, a day, a time, true or false, or None"


def published(name: str, value: object) -> Published:
    """Return what is published under a name.

    Raises:
        ReportError: It is neither a table nor a plain value, or something in it cannot be written exactly.
    """
    if not isinstance(value, pd.DataFrame):
        return Published(figures={"": _figure(name, value)})
    table = _table(name, value)
    if not isinstance(value, Result | AnalysisResult):
        return Published(table=table)
    figures = {
        f".{column.name}": Figure(value=written, type=column.type, unit=column.unit, label=column.label)
        for row in (table.rows if _has_no_keys(value.passport) else ())
        for column, written in zip(table.columns, row, strict=True)
    }
    return Published(figures=figures, table=table, snapshot=value.passport.snapshot)


def _has_no_keys(passport: Passport | AnalysisPassport) -> bool:
    """Whether there is one row whatever the records say."""
    if isinstance(passport, AnalysisPassport):
        return not passport.analysis.keys
    return not passport.query.by and passport.query.grain is None


def _figure(name: str, value: object) -> Figure:
    plain = value.item() if isinstance(value, np.generic) else value
    if plain is None or plain is pd.NA or plain is pd.NaT or (isinstance(plain, float) and np.isnan(plain)):
        return Figure(value=None, type="number" if isinstance(plain, float) else "text", label=_words(name))
    kind = _kind(name, pd.Series([plain], dtype=object))
    return Figure(value=_written(name, plain, kind), type=kind, label=_words(name))


def _table(name: str, frame: pd.DataFrame) -> Table:
    if len(frame) > MOST_ROWS:
        raise ReportError(
            f"{name} has {len(frame):,} rows; a report declares at most {MOST_ROWS:,}. Publish the first."
        )
    labels = [str(label) for label in frame.columns]
    if len(set(labels)) < len(labels) or not all(isinstance(label, str) for label in frame.columns):
        raise ReportError(f"The columns of {name} are {', '.join(labels)}. Give each a name of its own, a text.")
    said = _said(frame)
    columns, values = [], []
    for label in labels:
        place = f"{name}.{label}"
        kind = _kind(place, frame[label])
        words, unit = said.get(label, (_words(label), None))
        columns.append(Column(name=label, label=words, type=kind, unit=unit))
        missing = frame[label].isna()
        listed = zip(frame[label].astype(object).tolist(), missing, strict=True)
        values.append([None if absent else _written(place, found, kind) for found, absent in listed])
    return Table(columns=tuple(columns), rows=tuple(zip(*values, strict=True)))


def _said(frame: pd.DataFrame) -> dict[str, tuple[str, str | None]]:
    """Return the label and the unit of each column that the frame's passport speaks of."""
    if isinstance(frame, AnalysisResult):
        fields, currency = frame.passport.analysis.fields, frame.passport.shop.currency
        return {name: (_words(name), _unit(found.unit, currency)) for name, found in fields.items()}
    if not isinstance(frame, Result):
        return {}
    said: dict[str, tuple[str, str | None]] = {}
    for dimension in frame.passport.query.by:
        said[dimension] = DIMENSIONS[dimension].label, None
    for metric in frame.passport.metrics:
        unit = _unit(metric.unit, frame.passport.shop.currency)
        said[metric.name] = metric.label, unit
        said[f"{metric.name}_before"] = f"{metric.label}, before", unit
        said[f"{metric.name}_change"] = f"{metric.label}, change", Unit.RATE.value
    return said


def _unit(unit: Unit | None, currency: str) -> str | None:
    if unit is None:
        return None
    return currency if unit is Unit.MONEY else unit.value


def _kind(place: str, values: pd.Series[Any]) -> Type:
    found = values.astype(object) if isinstance(values.dtype, pd.CategoricalDtype) else values
    inferred = infer_dtype(found, skipna=True)
    if inferred not in _TYPES:
        sort = type(values.iloc[0]).__name__ if len(values) == 1 else inferred
        raise ReportError(f"{place} cannot be published as it is: {sort}. What can be: {_WORKS}.")
    if inferred == "datetime64" and values.name in _DAYS and (values.dropna() == values.dropna().dt.normalize()).all():
        return "day"
    return _TYPES[inferred]


def _written(place: str, value: object, kind: Type) -> Written:
    match value:
        case bool() | np.bool_():
            return bool(value)
        case Decimal() if value.is_finite():
            return _shortest(value)
        case datetime():
            return value.date().isoformat() if kind == "day" else value.isoformat()
        case date():
            return value.isoformat()
        case float() if np.isfinite(value):
            return float(value)
        case str():
            return _encodable(place, str(value))
        case int() | np.integer():
            return str(int(value))
    raise ReportError(f"{place} is {value}, which JSON has no way to write. Publish None where there is no value.")


def _shortest(value: Decimal) -> str:
    """Write a decimal the same way whatever its scale: 46.0000 is 46, -0.50 is -0.5."""
    text = f"{value:f}"
    short = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if short == "-0" else short


def _encodable(place: str, text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ReportError(f"{place} holds a text that cannot be written as UTF-8: {text!a}.") from None
    return text


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
