"""Results on stdout: a table for people, CSV and JSON for programs. Nothing exact becomes a float on its way."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from ecombi.cli.options import Format
from ecombi.errors import BackendError

if TYPE_CHECKING:
    import pandas as pd

Record = Mapping[str, object]


def plain(value: object) -> object:
    """Return `value` as JSON can hold it: decimals as exact text, dates in ISO form, no value as null."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, Decimal):
        return exact(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def exact(amount: Decimal) -> str:
    """Write a decimal with every digit it has and at least two after the point."""
    whole, _, fraction = f"{amount:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0'):0<2}"


def frame_records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Return a frame's rows as plain values: decimals stay exact, a midnight becomes its day, no value is None."""
    columns = {str(name): [_scalar(value) for value in frame[name].tolist()] for name in frame.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _scalar(value: object) -> object:
    # pandas' own "no value" objects are the only ones here that differ from themselves or have no truth.
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return None
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else value.isoformat()
    return value


def write(records: Sequence[Record], form: Format) -> None:
    """Write records to stdout. JSON is a list of records and nothing else.

    Raises:
        BackendError: Stdout is a file on a full disk.
    """
    if form is Format.JSON:
        rows = [{name: plain(value) for name, value in record.items()} for record in records]
        text = json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
    else:
        text = _csv(records) if form is Format.CSV else _table(records)
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # Python would try to write the rest once more when it ends.
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        # A reader who has seen enough (`ecombi query … | head`) is no failure.
        if not isinstance(error, BrokenPipeError):
            raise BackendError(f"The result cannot be written: {error.strerror}.") from error


def _csv(records: Sequence[Record]) -> str:
    out = io.StringIO()
    if records:
        writer = csv.DictWriter(out, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: plain(value) for name, value in record.items()} for record in records)
    return out.getvalue()


def _cell(value: object) -> str:
    shown = plain(value)
    if shown is None:
        return "–"
    if isinstance(value, Decimal):
        whole, _, fraction = exact(value).partition(".")
        return f"{int(whole):,}.{fraction}" if not whole.startswith("-0") else f"{whole}.{fraction}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4f}"
    return str(shown).replace("\n", " ")


def _table(records: Sequence[Record]) -> str:
    if not records:
        return "No rows.\n"
    names = list(records[0])
    cells = [[_cell(record[name]) for name in names] for record in records]
    widths = [max(len(name), *(len(row[i]) for row in cells)) for i, name in enumerate(names)]
    right = [all(isinstance(record[name], int | float | Decimal | None) for record in records) for name in names]

    def line(values: Sequence[str]) -> str:
        fitted = (
            text.rjust(width) if left_pad else text.ljust(width)
            for text, width, left_pad in zip(values, widths, right, strict=True)
        )
        return "  ".join(fitted).rstrip() + "\n"

    return line(names) + line(["-" * width for width in widths]) + "".join(line(row) for row in cells)
