"""A folder of Parquet files that have the warehouse's own columns, as the simulated shop writes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Table

from ecombi.errors import SourceError, SourceSchemaError, did_you_mean
from ecombi.schema import tables
from ecombi.schema.periods import time_zone
from ecombi.sources import LONGEST_SETTLING, Delivery, Output, Shop, Staged
from ecombi.sources.columns import delivered, duckdb_type

if TYPE_CHECKING:
    import duckdb

_HAPPENED = {
    "ledger": "event_at",
    "sessions": "started_at",
    "payments": "paid_at",
    "inventory_daily": "day",
    "purchase_orders": "ordered_on",
    "receipts": "received_on",
    "shipments": "shipped_at",
    "shipment_lines": "shipped_at",
    "promises": "made_at",
    "ad_spend": "day",
    "reviews": "created_at",
}
"""Table -> the column that says when a row came to be. Tables that are not here are delivered whole."""

_LATER: dict[str, dict[str, tuple[str, str]]] = {
    "sessions": {
        **{name: (name, "NULL") for name in ("viewed_at", "added_at", "checkout_at", "completed_at", "ended_at")},
        "order_id": ("completed_at", "NULL"),
    },
    "purchase_orders": {
        "confirmed_on": ("confirmed_on", "NULL"),
        "last_confirmed_on": ("confirmed_on", "NULL"),
        "received_on": ("received_on", "NULL"),
        "received_qty": ("received_on", "0"),
    },
    "shipments": {
        "delivered_at": ("delivered_at", "NULL"),
        "is_documented": ("delivered_at", "NULL"),
        "is_undamaged": ("delivered_at", "NULL"),
    },
}
"""Table -> column that is written later than its row -> when that happens, and what stands there before."""


class CanonicalSource:
    """Parquet files in `folder/<table>/`, and `folder/shop.json` with name, currency, time_zone and settle_hours.

    Args:
        name: Name of the source.
        folder: The folder.
        until: Only what happened before this day of the shop is delivered, so that a shop can be loaded day by day.

    Raises:
        SourceError: The folder or its shop.json cannot be read.
    """

    def __init__(self, name: str, folder: Path, *, until: date | None = None) -> None:
        self.folder = folder
        self.until = until
        self._name = name
        try:
            content = json.loads((folder / "shop.json").read_text(encoding="utf-8"))
            self._shop = Shop(name=content["name"], currency=content["currency"], time_zone=content["time_zone"])
            self._settle_hours: int = content.get("settle_hours", 0)
        except OSError as error:
            raise SourceError(f"{folder} holds no shop: {error.strerror} ({folder / 'shop.json'}).") from error
        except (KeyError, ValueError) as error:
            raise SourceError(f"{folder / 'shop.json'} is damaged: it needs name, currency and time_zone.") from error
        if type(self._settle_hours) is not int or not 0 <= self._settle_hours <= LONGEST_SETTLING:
            raise SourceError(
                f"{folder / 'shop.json'} has settle_hours {self._settle_hours!r}. "
                f"It must be a whole number of hours from 0 to {LONGEST_SETTLING}."
            )

    @property
    def name(self) -> str:
        """Name of the source."""
        return self._name

    @property
    def shop(self) -> Shop:
        """The shop in shop.json."""
        return self._shop

    @property
    def settle_hours(self) -> int:
        """As shop.json says; 0 where it says nothing."""
        return self._settle_hours

    def deliveries(self) -> Sequence[Delivery]:
        """Return one delivery per table that has files."""
        found = [(table, sorted((self.folder / table.name).glob("*.parquet"))) for table in tables.LOADED]
        return [TableDelivery(table, tuple(files), self._shop, self.until) for table, files in found if files]

    def held_back(self, delivery: str, fingerprint: str, relation: str) -> Delivery:
        """Return quarantined rows of one table as a delivery."""
        table = next((table for table in tables.LOADED if table.name == delivery), None)
        if table is None:
            raise SourceSchemaError(f"There is no table {delivery!r} to try rows again for.")
        return HeldBack(table, fingerprint, relation)


@dataclass(frozen=True)
class TableDelivery:
    """All files of one table."""

    table: Table
    files: tuple[Path, ...]
    shop: Shop
    until: date | None = None

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the files' bytes and of the day up to which they count."""
        digest = hashlib.sha256(f"{self.name} {self.until if self.name in _HAPPENED else None}".encode())
        for file in self.files:
            with file.open("rb") as handle:
                digest.update(hashlib.file_digest(handle, "sha256").digest())
        return digest.hexdigest()

    def stage(self, connection: duckdb.DuckDBPyConnection) -> Staged:
        """Lay the rows out as views over the files: nothing is copied, whatever their size."""
        import duckdb

        try:
            return self._stage(connection)
        except duckdb.Error as error:
            raise SourceSchemaError(f"The files of {self.name} cannot be read: {str(error).splitlines()[0]}") from error

    def _stage(self, connection: duckdb.DuckDBPyConnection) -> Staged:
        listed = [str(file) for file in self.files]
        counted = connection.execute(
            "SELECT file_name, num_rows FROM parquet_file_metadata($files)", {"files": listed}
        ).fetchall()
        rows_of = {str(name): int(rows) for name, rows in counted}
        first, starts = 0, []
        for name in listed:
            starts.append(f"WHEN {_literal(name)} THEN {first}")
            first += rows_of[name]
        files = ", ".join(_literal(name) for name in listed)
        scan = f"read_parquet([{files}], file_row_number = true, filename = true)"
        present = self._present(connection, scan)
        number = f"CASE filename {' '.join(starts)} END + file_row_number + 1"
        columns = ", ".join(f"{self._as_known(name, present)} AS {name}" for name in present)
        bound = self._bound()
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW canonical_rows AS "
            f"SELECT {number} AS source_row, {columns} FROM {scan} WHERE {bound}"
        )
        rows_in = first
        if bound != "TRUE":
            (rows_in,) = connection.execute(f"SELECT count(*) FROM {scan} WHERE {bound}").fetchall()[0]
        return _staged(connection, self.table, present, int(rows_in))

    def _present(self, connection: duckdb.DuckDBPyConnection, scan: str) -> list[str]:
        """Return the columns the files have, once they are known to fit the table."""
        described = connection.execute(f"DESCRIBE SELECT * EXCLUDE (filename, file_row_number) FROM {scan}").fetchall()
        found = {str(row[0]): str(row[1]) for row in described if row[0] != "source_row"}
        wanted = [name for name in delivered(self.table) if name != "source_row"]
        for name, kind in found.items():
            if name not in wanted:
                raise SourceSchemaError(
                    f"The files of {self.name} have a column {name!r}. {did_you_mean(name, wanted)}"
                )
            meant = duckdb_type(self.table.c[name].type)
            if not _fits(kind, meant):
                raise SourceSchemaError(f"Column {name} of the files of {self.name} is {kind}; it must be {meant}.")
        for name in wanted:
            if name not in found and not self.table.c[name].nullable:
                raise SourceSchemaError(
                    f"The files of {self.name} have no column {name!r}. {did_you_mean(name, found)}"
                )
        return list(found)

    def _bound(self) -> str:
        return "TRUE" if self.name not in _HAPPENED else self._before(_HAPPENED[self.name])

    def _before(self, column: str) -> str:
        """Return the condition that `column` is before the day `until` of the shop."""
        if self.until is None:
            return "TRUE"
        if duckdb_type(self.table.c[column].type) == "DATE":
            return f"{column} < DATE '{self.until}'"
        midnight = datetime.combine(self.until, time(), time_zone(self.shop.time_zone)).astimezone(UTC)
        return f"{column} < TIMESTAMP '{midnight:%Y-%m-%d %H:%M:%S}'"

    def _as_known(self, name: str, present: Sequence[str]) -> str:
        """Return the column as it was known on the day `until`: what is written later is not there yet."""
        kind = duckdb_type(self.table.c[name].type)
        later = _LATER.get(self.name, {}).get(name)
        if later is None or self.until is None or later[0] not in present:
            return f"CAST({name} AS {kind})"
        happened, before = later
        return f"CAST(CASE WHEN {self._before(happened)} THEN {name} ELSE {before} END AS {kind})"


@dataclass(frozen=True)
class HeldBack:
    """Rows of one table that were quarantined."""

    table: Table
    fingerprint: str
    relation: str

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    def stage(self, connection: duckdb.DuckDBPyConnection) -> Staged:
        """Lay the rows out again, from their JSON."""
        names = [name for name in delivered(self.table) if name != "source_row"]
        columns = ", ".join(
            f"CAST(raw ->> '$.{name}' AS {duckdb_type(self.table.c[name].type)}) AS {name}" for name in names
        )
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE canonical_again AS SELECT source_row, {columns} FROM {self.relation}; "
            "CREATE OR REPLACE TEMP VIEW canonical_rows AS SELECT * FROM canonical_again"
        )
        (rows,) = connection.execute(f"SELECT count(*) FROM {self.relation}").fetchall()[0]
        return _staged(connection, self.table, names, int(rows))


def _staged(connection: duckdb.DuckDBPyConnection, table: Table, columns: Sequence[str], rows_in: int) -> Staged:
    # Texts, because a JSON number may lose digits of an amount.
    members = ", ".join(f"{_literal(name)}, CAST({name} AS VARCHAR)" for name in columns)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE canonical_rejected
            (source_row BIGINT, rule VARCHAR, column_name VARCHAR, value VARCHAR, reason VARCHAR);
        CREATE OR REPLACE TEMP TABLE canonical_duplicates (source_row BIGINT);
        CREATE OR REPLACE TEMP VIEW canonical_good AS
            SELECT s.* FROM canonical_rows s ANTI JOIN canonical_rejected r ON r.source_row = s.source_row;
        CREATE OR REPLACE TEMP VIEW canonical_raw AS
            SELECT source_row, CAST(json_object({members}) AS VARCHAR) AS raw FROM canonical_rows
        """
    )
    return Staged(
        rows_in=rows_in,
        outputs=[Output(table=table.name, relation="canonical_good")],
        rejected="canonical_rejected",
        raw="canonical_raw",
        duplicates="canonical_duplicates",
    )


_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")


def _fits(kind: str, meant: str) -> bool:
    """Say whether a column of a file loses nothing as the type that is meant."""
    if meant.startswith("DECIMAL"):
        return kind in _WHOLE[:3] or (
            kind.startswith("DECIMAL") and _scale(kind) <= _scale(meant) and _width(kind) <= 18
        )
    if meant == "VARCHAR":
        return kind == "VARCHAR" or kind.startswith("ENUM")
    return (
        kind == meant
        or (kind in _WHOLE and meant in _WHOLE)
        or (meant == "TIMESTAMP" and kind in ("TIMESTAMP_S", "TIMESTAMP_MS"))
    )


def _width(kind: str) -> int:
    return int(kind.removeprefix("DECIMAL(").split(",")[0])


def _scale(kind: str) -> int:
    return int(kind.rstrip(")").split(",")[1])


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
