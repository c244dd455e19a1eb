"""Where rows come from: what a source gives the loader, the same for a merchant's files and for the simulated shop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ecombi.schema.shop import Shop

if TYPE_CHECKING:
    import duckdb

__all__ = ["LONGEST_SETTLING", "UNREADABLE_LINE", "Delivery", "Output", "Shop", "Source", "Staged"]

LONGEST_SETTLING = 366 * 24
"""The most hours a source may give its days to settle."""

UNREADABLE_LINE = "unreadable_line"
"""Rule broken by a line that is no row at all: its raw form is the line, and it cannot be replayed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Rows for one table of the warehouse.

    Attributes:
        table: Name of the table; see ecombi.schema.tables.
        relation: A view or table with any of that table's columns, under their names and types, and `source_row`.
            Columns the loader computes are left out. Rows named in `Staged.rejected` are not in it, also when they are
            added there later.
        per_row: False where a row sums up several delivered ones: it is loaded, but accounts for none of them, unless
            `parts` says for which.
        unique: True where no two rows can have the same key.
        parts: Where a row is made of several delivered ones and accounts for them: a relation of their source_row and
            the columns of the table's key.
    """

    table: str
    relation: str
    per_row: bool = True
    unique: bool = False
    parts: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A delivery laid out in temporary relations of one connection.

    Attributes:
        rows_in: Rows delivered, counted by the reader and not from the relations below.
        outputs: What to load, in this order.
        rejected: Table of rows held back: source_row, rule, column_name, value, reason. The loader adds its own.
        raw: Relation of rows as delivered: source_row, raw (a JSON object as text).
        duplicates: Table of source_row: kept rows that equal an earlier one of the delivery. The loader adds its own.
    """

    rows_in: int
    outputs: Sequence[Output]
    rejected: str
    raw: str
    duplicates: str


class Delivery(Protocol):
    """One file, or one table, that is loaded as a whole."""

    @property
    def name(self) -> str:
        """File name or table name."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the delivered bytes and of the mapping that reads them, in hex."""

    def stage(self, connection: duckdb.DuckDBPyConnection) -> Staged:
        """Lay the delivery out as temporary relations, replacing those of an earlier delivery.

        Raises:
            SourceError: The delivery cannot be read.
        """


class Source(Protocol):
    """A named origin of deliveries for one shop."""

    @property
    def name(self) -> str:
        """Name, the first half of every row's identity."""

    @property
    def shop(self) -> Shop:
        """The shop the rows belong to."""

    @property
    def settle_hours(self) -> int:
        """Hours after the end of a day in the shop's zone until all its rows have come; 0 where they come at once."""

    def deliveries(self) -> Sequence[Delivery]:
        """Return what there is to load, in the order to load it.

        Raises:
            SourceError: A file is missing or of the wrong kind.
        """

    def held_back(self, delivery: str, fingerprint: str, relation: str) -> Delivery:
        """Return a delivery made of rows that were quarantined earlier, to be tried again.

        Args:
            delivery: Name of the delivery they came in.
            fingerprint: Its fingerprint.
            relation: Table with source_row and raw, as `Staged.raw` gave them.
        """
