"""Every table says its grain, its key, and the meaning of each column."""

from __future__ import annotations

import pytest

from ecombi.schema import tables


@pytest.mark.parametrize("table", tables.metadata.sorted_tables, ids=lambda table: table.name)
def test_table_is_described(table):
    assert table.comment.startswith(("One row", "Rollup: one row"))
    assert set(tables.key_of(table)) <= set(table.columns.keys())
    for column in table.columns:
        assert column.comment, column.name


def test_every_table_is_loaded_built_or_bookkeeping():
    listed = {*tables.LOADED, *tables.BUILT, *tables.BOOKKEEPING}
    assert listed == set(tables.metadata.sorted_tables)


def test_money_has_four_decimals():
    for table in tables.metadata.sorted_tables:
        for column in table.columns:
            if column.name.endswith("amount") or column.name == "unit_cost":
                # A sum of rows has more digits than a row.
                digits = 28 if table is tables.sales_daily else 18
                assert (column.type.precision, column.type.scale) == (digits, 4), f"{table.name}.{column.name}"
