"""What was delivered, what of it was held back and why, and the checks that all of it passed."""

from __future__ import annotations

from html import escape

from ecombi.metrics.result import AnalysisResult
from ecombi.reports import figures
from ecombi.reports.blocks import Block, state
from ecombi.reports.figures import Row
from ecombi.reports.grid import Column, captioned, finding, table
from ecombi.reports.listings import Columns, listing, shown_of


def received(found: AnalysisResult, title: str, *, top: int) -> Block:
    """Show what became of the rows of each delivery, the last one first, and whether each is accounted for.

    Args:
        found: `ws.deliveries`.
        title: Heading.
        top: How many deliveries at most.
    """
    rows = figures.rows(found)
    columns: Columns = {
        "Delivery": ("delivery", "source"),
        "Loaded": "loaded_at",
        "Rows in": "rows_in",
        "New": "rows_new",
        "Known already": "rows_known",
        "Held back": "rows_quarantined",
        "Equal rows kept": "rows_duplicate",
    }
    lost = [row for row in rows if not _accounted(row)]
    said = (
        f"In {len(lost):,} of {len(rows):,} deliveries rows are not accounted for."
        if lost
        else f"In {_all(len(rows))}, rows in = new + known already + held back."
    )
    shown = listing(found, title, rows[:top], columns, low=("Loaded", "Known already", "Equal rows kept"))
    return Block(shown + finding(said, shown_of(min(top, len(rows)), len(rows))))


def held_back(found: AnalysisResult, title: str, *, top: int) -> Block:
    """Show the rows held back by the rule they broke, most rows first.

    Args:
        found: `ws.held_back`.
        title: Heading.
        top: How many rules at most.
    """
    rows = figures.rows(found)
    if not rows:
        return Block(state(f"{title}: none. Every row that was delivered is in the figures."))
    columns: Columns = {
        "Rule": "rule",
        "Column": "column_name",
        "Delivery": ("delivery", "source"),
        "Rows": "rows",
        "For example": "example",
        "What is wrong": "reason",
    }
    shown = listing(found, title, rows[:top], columns, low=("Column", "For example", "What is wrong"))
    return Block(shown + finding(_advice(), shown_of(min(top, len(rows)), len(rows))))


def rows_held(found: AnalysisResult) -> int:
    """Return how many rows are held back now."""
    return sum(int(str(row["rows"])) for row in figures.rows(found))


def checks(title: str) -> Block:
    """Show what was checked before the figures were published: had one check failed, they would not be here."""
    from ecombi.etl.checks import all_checks

    found = all_checks()
    keys = [check for check in found if check.name.endswith("_unique")]
    listed = [(check.name, check.meaning) for check in found if check not in keys]
    listed.append(("keys", f"In each of {len(keys):,} tables, no two rows have the same key."))
    columns = [
        Column("What must hold", [escape(meaning) for _, meaning in listed], ""),
        Column("Check", [f'<span class="code">{escape(name)}</span>' for name, _ in listed], "lo"),
    ]
    said = f"All {len(found):,} checks held: a load that fails one publishes nothing."
    return Block(captioned(title, "before each publication", table(columns)) + finding(said))


def check_count() -> int:
    """Return how many checks a publication passes."""
    from ecombi.etl.checks import all_checks

    return len(all_checks())


def _accounted(row: Row) -> bool:
    parts = (row["rows_new"], row["rows_known"], row["rows_quarantined"])
    return int(str(row["rows_in"])) == sum(int(str(part)) for part in parts)


def _advice() -> str:
    again = "<code>ecombi quarantine replay</code>"
    return f"They are in no figure. Mend the export or its mapping, then try them again: {again}."


def _all(count: int) -> str:
    return "this delivery" if count == 1 else f"all {count:,} deliveries"
