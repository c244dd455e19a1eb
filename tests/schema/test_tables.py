"""Every table says its grain, its key, and the meaning of each column."""

from __future__ import annotations

import pytest
from sqlalchemy import BigInteger

from ecombi.metrics.definitions import Unit
from ecombi.metrics.rollups import ROLLUPS, DistinctRollup
from ecombi.schema import tables


@pytest.mark.parametrize("table", tables.metadata.sorted_tables, ids=lambda table: table.name)
def test_table_is_described(table):
    assert table.comment.startswith("One row")
    assert set(tables.key_of(table)) <= set(table.columns.keys())
    for column in table.columns:
        assert column.comment, column.name


def test_every_table_is_loaded_built_or_bookkeeping():
    listed = {*tables.LOADED, *tables.HISTORY, *tables.BUILT, *tables.BOOKKEEPING}
    assert listed == set(tables.metadata.sorted_tables)


def test_money_has_four_decimals():
    for table in tables.metadata.sorted_tables:
        for column in table.columns:
            if column.name.endswith("amount") or column.name == "unit_cost":
                # A sum of rows has more digits than a row.
                digits = 28 if table in tables.BUILT and column.name != "unit_cost" else 18
                assert (column.type.precision, column.type.scale) == (digits, 4), f"{table.name}.{column.name}"


def test_money_says_its_currency():
    everything = [*tables.metadata.sorted_tables, *(rollup.table for rollup in ROLLUPS.values())]
    money = [column for table in everything for column in table.columns if getattr(column.type, "scale", None) == 4]
    assert len(money) > 40
    for column in money:
        assert "in the shop's currency" in column.comment.lower() or "shop currency" in column.comment, str(column)


@pytest.mark.parametrize("rollup", ROLLUPS.values(), ids=lambda rollup: rollup.name)
def test_a_rollup_is_described_and_holds_exact_sums(rollup):
    assert rollup.table.comment.startswith(f"Rollup of {rollup.mart.table.name}: one row per basis, ")
    key = ("basis", "day", *rollup.dimensions)
    if isinstance(rollup, DistinctRollup):
        key = ("basis", "scope", *key[1:], "previous_day")
    assert tables.key_of(rollup.table) == key
    for column in rollup.table.columns:
        assert column.comment, column.name
    for measure in rollup.measures:
        kind = rollup.table.c[measure.name].type
        exact = isinstance(kind, BigInteger) or (kind.precision, kind.scale) == (28, 4)
        assert exact, f"{rollup.name}.{measure.name}"
        assert isinstance(kind, BigInteger) == (measure.unit is not Unit.MONEY)


def test_what_was_replaced_has_the_columns_of_what_replaced_it():
    for table in tables.LOADED:
        twin = tables.history_of(table)
        if twin is not None:
            assert list(twin.columns.keys()) == [*table.columns.keys(), "replaced_by"]
