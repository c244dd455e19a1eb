"""Into the quarantine and out of it: rows as they were delivered, with what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from ecombi.sources import Staged


def _first_fault(staged: Staged) -> str:
    return f"(SELECT DISTINCT ON (source_row) * FROM {staged.rejected} ORDER BY source_row, rule)"


def hold(connection: duckdb.DuckDBPyConnection, staged: Staged, noted: Mapping[str, object]) -> None:
    """Put the rejected rows into the quarantine.

    Args:
        connection: The builder.
        staged: The delivery they came in.
        noted: run_id, source, delivery, fingerprint, at (naive UTC) and load_id.
    """
    connection.execute(
        f"""
        INSERT INTO quarantine
            (run_id, source, delivery, fingerprint, source_row, rule, column_name, value, reason, raw, quarantined_at,
             load_id)
        SELECT $run_id, $source, $delivery, $fingerprint, source_row, rule, column_name, value, reason, raw, $at,
               $load_id
        FROM {_first_fault(staged)} JOIN {staged.raw} USING (source_row)
        """,
        dict(noted),
    )


def release(connection: duckdb.DuckDBPyConnection, staged: Staged, noted: Mapping[str, object]) -> None:
    """Mark rows that came through when they were tried again, and say of the others why they are still held back.

    Args:
        connection: The builder.
        staged: The rows tried again.
        noted: source, delivery, fingerprint, at (naive UTC) and load_id.
    """
    held = "v.rule IS NOT NULL"
    connection.execute(
        f"""
        UPDATE quarantine q SET
            load_id = $load_id,
            replayed_at = CASE WHEN {held} THEN NULL ELSE $at END,
            rule = CASE WHEN {held} THEN v.rule ELSE q.rule END,
            column_name = CASE WHEN {held} THEN v.column_name ELSE q.column_name END,
            value = CASE WHEN {held} THEN v.value ELSE q.value END,
            reason = CASE WHEN {held} THEN v.reason ELSE q.reason END
        FROM (SELECT * FROM (SELECT source_row FROM {staged.raw}) LEFT JOIN {_first_fault(staged)} USING (source_row)) v
        WHERE q.source = $source AND q.delivery = $delivery AND q.fingerprint = $fingerprint
          AND q.source_row = v.source_row
        """,
        {name: value for name, value in noted.items() if name != "run_id"},
    )
