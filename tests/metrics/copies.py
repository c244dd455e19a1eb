"""A shop that holds only some rows of another one: what somebody who may see no others must be told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from ecombi.backends.warehouse import Warehouse
from ecombi.etl.marts import build_marts
from ecombi.metrics.state import LAST_DAY
from ecombi.schema import tables
from tests.metrics.conftest import opened

AT = datetime(2026, 11, 1, 6, tzinfo=UTC)


def copied(original: Warehouse, folder: Path, rows: Mapping[str, str]) -> Warehouse:
    """Copy loaded tables into a new warehouse.

    Args:
        original: Where the rows are.
        folder: Where they go.
        rows: Table -> the condition its rows pass, as SQL, or a whole SELECT; one not named is copied whole.
    """
    copy = opened(folder)
    [last_day] = original.arrow("SELECT value FROM facts WHERE name = $name", {"name": LAST_DAY})["value"].to_pylist()
    with copy.build() as build:
        for table in (*tables.LOADED, *tables.HISTORY, tables.shop, tables.loads):
            wanted = rows.get(table.name, "true")
            kept = original.arrow(
                wanted if wanted.startswith("SELECT") else f"SELECT * FROM {table.name} WHERE {wanted}", {}
            )
            build.connection.register("kept", kept)
            build.connection.execute(f"INSERT INTO {table.name} BY NAME SELECT * FROM kept")
            build.connection.unregister("kept")
        build_marts(build)
        # Up to which day the records go is no secret: it is that of the whole shop.
        build.connection.execute("UPDATE facts SET value = ? WHERE name = ?", [last_day, LAST_DAY])
        build.publish(at=AT)
    return copy
