"""What a load did, in figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """One delivery. rows_in = rows_new + rows_known + rows_quarantined.

    Attributes:
        source: Name of the source or mapping.
        delivery: File name or table name.
        rows_in: Rows delivered.
        rows_new: Rows loaded for the first time, or in a new version.
        rows_known: Rows that were in the warehouse already.
        rows_quarantined: Rows held back.
        rows_duplicate: Rows equal in every column to an earlier one of the delivery; in rows_new or rows_known too.
        seconds: How long it took.
        skipped: True where exactly these bytes were loaded before, so that nothing was done.
    """

    source: str
    delivery: str
    rows_in: int
    rows_new: int
    rows_known: int
    rows_quarantined: int
    rows_duplicate: int
    seconds: float
    skipped: bool = False

    def record(self) -> dict[str, object]:
        """Return the report as plain data."""
        return {**asdict(self), "seconds": round(self.seconds, 2)}
