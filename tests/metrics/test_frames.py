"""Frames of Arrow tables: the types pandas gives them, and values that can be written to."""

from __future__ import annotations

from datetime import UTC, date
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest

from ecombi.metrics.frames import frame_of

MONEY = pa.decimal128(18, 4)
DAY = pd.Timestamp("2026-11-01")
COLUMNS = {
    "text": (pa.array(["a", None]), "b"),
    "whole": (pa.array([1, 2]), 3),
    "missing": (pa.array([1, None]), 3),
    "money": (pa.array([Decimal("1.5000"), None], MONEY), Decimal("2.0000")),
    "rate": (pa.array([0.5, None]), 0.25),
    "bucket": (pa.array([DAY, None], pa.timestamp("s")), pd.Timestamp("2026-12-01")),
    "at": (pa.array([DAY, None], pa.timestamp("us", tz="UTC")), pd.Timestamp("2026-12-01", tz=UTC)),
    "day": (pa.array([date(2026, 11, 1), None]), date(2026, 12, 1)),
    "whether": (pa.array([True, False]), False),
}
TABLE = pa.table({name: values for name, (values, _) in COLUMNS.items()})


def columns_of(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return dict(zip(table.column_names, table.columns, strict=True))


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_a_frame_is_that_of_arrow_but_for_money_and_missing_counts(rows: int) -> None:
    table = TABLE.slice(0, rows)
    types = {MONEY: pd.ArrowDtype(MONEY)}
    expected = table.to_pandas(types_mapper=types.get)
    expected["missing"] = table["missing"].to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)

    pd.testing.assert_frame_equal(frame_of(columns_of(table), ["missing"]), expected)


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_can_be_written_to_and_the_table_stays(name: str) -> None:
    frame = frame_of(columns_of(TABLE), ["missing"])
    new = COLUMNS[name][1]

    frame.loc[0, name] = new

    assert frame.loc[0, name] == new
    assert TABLE[name][0].as_py() != new


def test_naming_the_columns_of_one_frame_names_no_other() -> None:
    frame_of(columns_of(TABLE), []).columns.name = "figures"

    assert frame_of(columns_of(TABLE), []).columns.name is None
