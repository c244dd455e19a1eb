"""From texts to typed values: one pass in SQL that also says, of each row that does not fit, what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecombi.sources.files import sql
from ecombi.sources.files.expressions import SQL_TYPES, Scope, Term
from ecombi.sources.files.mapping import ROW_ID, Column, FileKind, Lookup, Mapping
from ecombi.sources.files.types import cleaned, email_key, expected, typed, without_emails

if TYPE_CHECKING:
    import duckdb

PARSED = "file_parsed"

_PROBLEM = "STRUCT(rule VARCHAR, column_name VARCHAR, value VARCHAR, reason VARCHAR)"


@dataclass(frozen=True, slots=True)
class Parser:
    """What one kind of file needs to become typed rows.

    Attributes:
        mapping: The whole mapping.
        kind: The kind of file.
        columns: The file's columns from left to right.
    """

    mapping: Mapping
    kind: FileKind
    columns: tuple[str, ...]

    def scope(self) -> Scope:
        """Return the columns that rows of this file can be made of, as PARSED names them."""
        terms = {name: Term(_value(name), column.type) for name, column in self.kind.columns.items()}
        for lookup in self.kind.lookups:
            for name, column in self.mapping.kept(lookup.from_):
                terms[f"{lookup.from_}.{name}"] = Term(_looked_up(lookup.from_, name), column.type)
        terms[ROW_ID] = Term(ROW_ID, "text")
        return Scope(terms, self.mapping.shop.time_zone, f"{self.mapping.name}, file {self.kind.name}")

    def run(self, connection: duckdb.DuckDBPyConnection, raw: str) -> None:
        """Fill PARSED from a table of texts: source_row, row_id, v_<column>..., problem.

        Args:
            connection: Has `raw`, and the table lookups.
            raw: source_row and c0, c1... from left to right.
        """
        source = f"({self._typed(raw)})"
        for lookup in self.kind.lookups:
            source = self._joined(source, lookup)
        texts = ", ".join(_text(name) for name in self.kind.columns)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {PARSED} AS SELECT * EXCLUDE ({texts}), "
            f"{self._identity()} AS {ROW_ID}, {self._problem()} AS problem FROM {source}"
        )

    def kept(self, position: int) -> str:
        """Compile what the quarantine keeps of a column of RAW: of an e-mail address its key alone."""
        mine = [column for column in self.kind.columns.values() if column.from_ == self.columns[position]]
        if any(column.type == "email" for column in mine):
            return f"coalesce({email_key(f'c{position}')}, c{position})"
        return f"c{position}"

    def kept_line(self) -> str:
        """Compile what the quarantine keeps of a line that is no row."""
        private = any(column.type == "email" for column in self.kind.columns.values())
        return without_emails("line") if private else "line"

    def _typed(self, raw: str) -> str:
        form, zone = self.kind.format, self.mapping.shop.time_zone
        texts, values = [], []
        for name, column in self.kind.columns.items():
            found = column.from_ in self.columns
            text = cleaned(f"c{self.columns.index(column.from_)}", column) if found else "CAST(NULL AS VARCHAR)"
            texts.append(f"{text} AS {_text(name)}")
            values.append(f"{typed(_text(name), column, form, zone)} AS {_value(name)}")
        return f"SELECT *, {', '.join(values)} FROM (SELECT source_row, {', '.join(texts)} FROM {raw})"

    def _joined(self, source: str, lookup: Lookup) -> str:
        columns = ", ".join(
            f"CAST(l.content ->> '$.{name}' AS {SQL_TYPES[column.type]}) AS {_looked_up(lookup.from_, name)}"
            for name, column in self.mapping.kept(lookup.from_)
        )
        kept = f"source = {sql.text(self.mapping.name)} AND lookup = {sql.text(lookup.from_)}"
        return f"""(
            SELECT s.*, {columns}, l.lookup_key IS NOT NULL AS {_found(lookup.from_)}
            FROM {source} s LEFT JOIN (SELECT lookup_key, content FROM lookups WHERE {kept}) l
            ON l.lookup_key = CAST(s.{self._lookup_key(lookup)} AS VARCHAR))"""

    def _lookup_key(self, lookup: Lookup) -> str:
        return self.scope().column(lookup.on).sql

    def _identity(self) -> str:
        if self.kind.key:
            return f"concat_ws(':', {', '.join(_value(name) for name in self.kind.key)})"
        # What the row says and not how it is written, so that a re-formatted export is known again.
        values = [f"coalesce(CAST({_value(name)} AS VARCHAR), chr(30))" for name in sorted(self.kind.columns)]
        return f"md5(concat_ws(chr(31), {', '.join(values)}))"

    def _problem(self) -> str:
        """Compile the first thing that is wrong with a row, as a struct; null where nothing is."""
        cases = [case for name, column in self.kind.columns.items() for case in self._column_cases(name, column)]
        for lookup in self.kind.lookups:
            if lookup.required:
                column = self.kind.columns[lookup.on].from_ if lookup.on in self.kind.columns else lookup.on
                key = f"CAST({self._lookup_key(lookup)} AS VARCHAR)"
                reason = f"is not among the {lookup.from_} loaded so far. Load those, then replay the quarantine"
                cases.append(_case(f"NOT {_found(lookup.from_)}", f"not_in_{lookup.from_}", column, key, reason))
        return f"CAST(CASE {' '.join(cases)} WHEN FALSE THEN NULL END AS {_PROBLEM})"

    def _column_cases(self, name: str, column: Column) -> Iterator[str]:
        # A server cannot store it, and an export that has one is damaged.
        shown = f"replace({_text(name)}, chr(0), '\ufffd')"
        if column.type == "email":
            shown = f"coalesce({_value(name)}, {shown})"
        yield _case(f"contains({_text(name)}, chr(0))", "nul_character", column.from_, shown, "has a NUL character")
        if column.type != "text":
            broken = f"{_text(name)} IS NOT NULL AND {_value(name)} IS NULL"
            reason = expected(column, self.kind.format)
            yield _case(broken, f"unreadable_{column.type}", column.from_, _text(name), reason)
        visits = (name for rows in self.kind.rows if rows.steps for name in (rows.one_per, rows.at))
        keys = (*(self.kind.key or ()), self.kind.keep.key if self.kind.keep else None, *visits)
        if column.required or name in keys:
            yield _case(f"{_text(name)} IS NULL", "missing_value", column.from_, "NULL", "is empty")


def _case(condition: str, rule: str, column: str, value: str, reason: str) -> str:
    said = f"concat({sql.text(column)}, ' ''' || {value} || '''', {sql.text(f' {reason}.')})"
    struct = f"rule: {sql.text(rule)}, column_name: {sql.text(column)}, value: {value}, reason: {said}"
    return f"WHEN {condition} THEN {{{struct}}}"


def _text(name: str) -> str:
    return f"t_{name}"


def _value(name: str) -> str:
    return f"v_{name}"


def _looked_up(lookup: str, name: str) -> str:
    return sql.name(f"l_{lookup}_{name}")


def _found(lookup: str) -> str:
    return sql.name(f"found_{lookup}")
