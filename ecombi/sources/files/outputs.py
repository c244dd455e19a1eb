"""From typed rows to rows of the warehouse: one view per entry of the mapping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecombi.errors import MappingError
from ecombi.schema import tables
from ecombi.sources import Output
from ecombi.sources.columns import delivered
from ecombi.sources.files import sql
from ecombi.sources.files.expressions import Scope, Term
from ecombi.sources.files.mapping import ROW_ID, KindRule, Mapping, Rows, row_name
from ecombi.sources.files.parsing import PARSED, Parser
from ecombi.sources.files.visits import Visits, compile_visits

if TYPE_CHECKING:
    import duckdb

REJECTED = "file_rejected"
DUPLICATES = "file_duplicates"
GOOD = "file_good"

_TABLES = {table.name: table for table in tables.LOADED}
_CALCULATED = "cannot be worked out exactly: the result has more than 14 digits before or 4 after the decimal mark"


@dataclass(frozen=True, slots=True)
class Compiled:
    """One entry of the mapping as SQL over PARSED.

    Attributes:
        rows: The entry.
        columns: Column of the table -> what it is set to.
        when: Which rows it takes.
        visits: Of an entry with steps, what makes sessions of its rows.
    """

    rows: Rows
    columns: dict[str, Term]
    when: str
    visits: Visits | None = None


def compile_rows(parser: Parser) -> list[Compiled]:
    """Compile every entry of a kind of file.

    Raises:
        MappingError: A column does not exist, is of a type that does not fit, or a required one is not set.
    """
    base = parser.scope()
    found = []
    for position, rows in enumerate(parser.kind.rows):
        scope = Scope(base.terms, base.zone, f"{base.place}, rows {position + 1} ({rows.table})")
        table = _TABLES[rows.table]
        columns = {name: scope.value(value, table.c[name].type) for name, value in rows.set.items()}
        if rows.table == "ledger":
            columns = _ledger_columns(scope, parser.mapping, rows, columns, first=position == _first_ledger(parser))
        visits = compile_visits(scope, rows, columns) if rows.steps else None
        _require(scope, rows, visits.columns if visits else columns)
        found.append(Compiled(rows, columns, scope.condition(rows.when), visits))
    return found


def _first_ledger(parser: Parser) -> int:
    return next(position for position, rows in enumerate(parser.kind.rows) if rows.table == "ledger")


def _ledger_columns(
    scope: Scope, mapping: Mapping, rows: Rows, columns: dict[str, Term], *, first: bool
) -> dict[str, Term]:
    suffix = "" if first else f" || {sql.text(':' + str(row_name(rows)))}"
    defaults = {
        "source_id": Term(f"{ROW_ID}{suffix}", "text"),
        "kind": Term(_kind(scope, rows.kind or ()), "text"),
        "currency": Term(sql.text(mapping.shop.currency), "text"),
        "fx_to_shop": Term("CAST(1 AS DECIMAL(18,8))", "rate"),
    }
    if "event_at" in columns:
        defaults["order_at"] = columns["event_at"]
    return {**defaults, **columns}


def _kind(scope: Scope, kind: str | tuple[KindRule, ...]) -> str:
    if isinstance(kind, str):
        return sql.text(kind)
    cases = " ".join(f"WHEN {scope.condition(rule.when)} THEN {sql.text(rule.kind)}" for rule in kind)
    return f"CASE {cases} END"


def _require(scope: Scope, rows: Rows, columns: dict[str, Term]) -> None:
    table = _TABLES[rows.table]
    missing = [name for name in delivered(table) if not table.c[name].nullable and name not in columns]
    if missing:
        raise MappingError(f"{scope.place}: set {', '.join(missing)}; {rows.table} cannot do without.")


def lay_out(connection: duckdb.DuckDBPyConnection, parser: Parser, compiled: list[Compiled]) -> list[Output]:
    """Make REJECTED, DUPLICATES and the views of every entry, from PARSED."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {REJECTED} AS
        SELECT source_row, problem.rule, problem.column_name, problem.value, problem.reason
        FROM {PARSED} WHERE problem IS NOT NULL
        """
    )
    for part in compiled:
        _reject_inexact(connection, part)
    _reject_left_over(connection, parser, compiled)
    _number_repeats(connection, keyed=parser.kind.key is not None)
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {GOOD} AS "
        f"SELECT p.* FROM {PARSED} p ANTI JOIN {REJECTED} r ON r.source_row = p.source_row"
    )
    outputs = [_output(connection, part, position, parser) for position, part in enumerate(compiled)]
    kept = _kept(connection, parser)
    return [*([kept] if kept else []), *outputs]


def _reject(connection: duckdb.DuckDBPyConnection, condition: str, rule: str, column: str, reason: str) -> None:
    connection.execute(
        f"INSERT INTO {REJECTED} SELECT source_row, {sql.text(rule)}, {column}, NULL, {sql.text(reason)} "
        f"FROM {PARSED} p WHERE {condition} AND source_row NOT IN (SELECT source_row FROM {REJECTED})"
    )


def _reject_inexact(connection: duckdb.DuckDBPyConnection, part: Compiled) -> None:
    for name, term in part.columns.items():
        if term.inputs:
            known = " AND ".join(f"{column} IS NOT NULL" for column in term.inputs)
            condition = f"({part.when}) AND {known} AND ({term.sql}) IS NULL"
            _reject(connection, condition, "inexact_result", sql.text(name), f"{name} {_CALCULATED}.")


def _reject_left_over(connection: duckdb.DuckDBPyConnection, parser: Parser, compiled: list[Compiled]) -> None:
    """Hold back rows that no entry takes: a mapping that forgets some must be noticed."""
    if parser.kind.keep:
        return
    taken = " OR ".join(f"({part.when})" for part in compiled if part.rows.accounts)
    _reject(
        connection,
        f"NOT ({taken})",
        "no_rule_fits",
        "NULL",
        "No entry of the mapping takes this row. Add one, or widen a condition.",
    )


def _number_repeats(connection: duckdb.DuckDBPyConnection, *, keyed: bool) -> None:
    """Number rows of equal content among each other, so that all are kept, and known again the next time."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {DUPLICATES} (source_row BIGINT, repeat BIGINT)")
    if keyed:
        return
    connection.execute(
        f"""
        INSERT INTO {DUPLICATES}
        WITH repeated AS (SELECT {ROW_ID} FROM {PARSED} WHERE problem IS NULL GROUP BY {ROW_ID} HAVING count(*) > 1)
        SELECT source_row, repeat FROM (
            SELECT source_row, row_number() OVER (PARTITION BY {ROW_ID} ORDER BY source_row) AS repeat
            FROM {PARSED} SEMI JOIN repeated USING ({ROW_ID}))
        WHERE repeat > 1
        """
    )
    connection.execute(
        f"UPDATE {PARSED} SET {ROW_ID} = {ROW_ID} || '-' || d.repeat "
        f"FROM {DUPLICATES} d WHERE d.source_row = {PARSED}.source_row"
    )


def _output(connection: duckdb.DuckDBPyConnection, part: Compiled, position: int, parser: Parser) -> Output:
    rows, view = part.rows, f"file_output_{position}"
    if part.visits:
        parts = f"file_parts_{position}"
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {part.visits.body(GOOD)}")
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {parts} AS {part.visits.parts(GOOD)}")
        return Output(table=rows.table, relation=view, per_row=False, unique=True, parts=parts)
    if rows.one_per is None:
        columns = ", ".join(f"{term.sql} AS {sql.name(name)}" for name, term in part.columns.items())
        body = f"SELECT source_row, {columns} FROM {GOOD} WHERE {part.when}"
    else:
        body = _summed_up(parser.scope(), part)
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {body}")
    by_content = rows.table == "ledger" and parser.kind.key is None
    return Output(
        table=rows.table, relation=view, per_row=rows.one_per is None, unique=by_content or rows.one_per is not None
    )


def _summed_up(scope: Scope, part: Compiled) -> str:
    """Compile an entry with one_per: of equally frequent values the first in the alphabet counts."""
    key = scope.column(str(part.rows.one_per)).sql
    columns = []
    for name, value in part.rows.set.items():
        term = part.columns[name]
        columns.append(f"{_frequent(term.sql) if value.most_frequent else f'min({term.sql})'} AS {sql.name(name)}")
    return (
        f"SELECT min(source_row) AS source_row, {', '.join(columns)} FROM {GOOD} "
        f"WHERE {key} IS NOT NULL AND {part.when} GROUP BY {key}"
    )


def _frequent(column: str) -> str:
    entries = f"map_entries(histogram({column}))"
    return f"list_min([{{'less': -CAST(entry.value AS BIGINT), 'name': entry.key}} for entry in {entries}]).name"


def _kept(connection: duckdb.DuckDBPyConnection, parser: Parser) -> Output | None:
    keep = parser.kind.keep
    if keep is None:
        return None
    scope = parser.scope()
    content = ", ".join(f"{sql.text(name)}, CAST({scope.column(name).sql} AS VARCHAR)" for name in keep.columns)
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW file_kept AS SELECT source_row, {sql.text(keep.as_)} AS lookup, "
        f"CAST({scope.column(keep.key).sql} AS VARCHAR) AS lookup_key, "
        f"CAST(json_object({content}) AS VARCHAR) AS content FROM {GOOD}"
    )
    return Output(table="lookups", relation="file_kept")
