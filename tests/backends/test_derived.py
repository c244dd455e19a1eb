"""Derived tables follow their declaration from one build to the next, on every engine."""

from __future__ import annotations

import shutil

import pytest
from sqlalchemy import BigInteger, Column, Double, MetaData, Numeric, String, Table

from ecombi.backends.warehouse import open_warehouse
from ecombi.settings import Settings
from tests.backends import shop


def _totals(*columns: Column[object], key: tuple[str, ...] = ("country",)) -> Table:
    country = Column("country", String, comment="Country.")
    return Table("totals", MetaData(), country, *columns, comment="One row per country.", info={"key": key})


def _qty(kind: object = BigInteger) -> Column[object]:
    return Column("qty", kind, nullable=False, comment="Units.")


def _amount(scale: int = 4) -> Column[object]:
    return Column("amount", Numeric(28, scale), comment="Money.")


def _entries(*, required: bool) -> Column[object]:
    return Column("entries", BigInteger, nullable=not required, comment="Rows.")


OLD = _totals(_qty(), _amount())


def _publish_old(settings: Settings) -> None:
    warehouse = open_warehouse(settings, (OLD,))
    with warehouse.build() as build:
        build.connection.execute("INSERT INTO totals VALUES ('Iceland', 3, 1.5), (NULL, 4, 2.5)")
        build.publish(at=shop.NOON)
    warehouse.close()


@pytest.mark.parametrize(
    ("new", "kept"),
    [
        (_totals(_qty(), _amount()), 2),
        # A column that may be null is added, and is null.
        (_totals(_qty(), _amount(), _entries(required=False)), 2),
        (_totals(_qty(), _amount(), _entries(required=True)), 0),
        (_totals(_qty(), _amount(), Column("sku", String, comment="Sku."), key=("country", "sku")), 0),
        (_totals(_qty()), 0),
        (_totals(_qty(Double), _amount()), 0),
        (_totals(_qty(), _amount(scale=2)), 0),
    ],
    ids=["same", "gained", "gained required", "gained key", "lost", "other type", "other scale"],
)
@pytest.mark.parametrize("copy", ["kept", "lost"])
def test_a_derived_table_in_another_form_is_made_anew(settings: Settings, new: Table, kept: int, copy: str) -> None:
    _publish_old(settings)
    if copy == "lost":
        shutil.rmtree(settings.workspace / "warehouse" / "server", ignore_errors=True)
    warehouse = open_warehouse(settings, (new,))
    with warehouse.build() as build:
        names = [name for name, *_ in build.connection.execute("SELECT * FROM totals").description]
        assert sorted(names) == sorted(new.columns.keys())
        assert build.connection.execute("SELECT count(*) FROM totals").fetchall() == [(kept,)]
        build.connection.execute("DELETE FROM totals")
        count = ", entries" if "entries" in new.columns else ""
        build.connection.execute(
            f"INSERT INTO totals (country, qty{count}) "
            f"SELECT country, qty{count} FROM (VALUES ('Iceland', 5, 1), ('Chile', 6, 1)) AS t(country, qty, entries)"
        )
        build.publish(at=shop.NOON)
    answer = warehouse.arrow("SELECT country, sum(qty) AS qty FROM totals GROUP BY country ORDER BY country")
    assert answer.to_pylist() == [{"country": "Chile", "qty": 6}, {"country": "Iceland", "qty": 5}]
    warehouse.close()


def test_a_table_that_is_new_holds_the_rows_of_earlier_loads_too(settings: Settings) -> None:
    first = open_warehouse(settings, shop.DERIVED)
    shop.publish(first, rows=3)
    first.close()
    per_load = Table(
        "per_load",
        MetaData(),
        Column("load_id", BigInteger, nullable=False, comment="The load."),
        comment="One row per load.",
        info={"key": ("load_id",)},
    )
    warehouse = open_warehouse(settings, (*shop.DERIVED, per_load))
    with warehouse.build() as build:
        shop.load(build)
        build.connection.execute("INSERT INTO per_load SELECT load_id FROM loads")
        build.publish(at=shop.NOON)
    assert warehouse.arrow("SELECT load_id FROM per_load ORDER BY load_id")["load_id"].to_pylist() == [1, 2]
    warehouse.close()
