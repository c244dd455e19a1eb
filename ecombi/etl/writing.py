"""Writing a staged delivery into the builder's tables, in SQL over whole tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
from sqlalchemy import Table

from ecombi.errors import SourceSchemaError, did_you_mean
from ecombi.etl.rules import RULES
from ecombi.schema import tables
from ecombi.sources import Output, Staged
from ecombi.sources.columns import computed, delivered, duckdb_type

_INSIDE = """
    n.started_at >= t.started_at AND n.ended_at <= t.ended_at
    AND (n.started_at, n.ended_at) IS DISTINCT FROM (t.started_at, t.ended_at)
"""
"""A delivered visit n is a part of the known one t: of an export that begins or ends within it."""
_TORN = """
    (n.started_at > t.started_at AND n.ended_at > t.ended_at)
    OR (n.started_at < t.started_at AND n.ended_at < t.ended_at)
"""
"""Neither of the two holds the other."""
_TABLES = {table.name: table for table in (*tables.LOADED, tables.lookups)}


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes one delivery.

    Attributes:
        connection: The builder.
        source: Name of the source.
        zone: The shop's time zone.
        load_id: Identity of this load.
        at: Naive UTC; when rows become known.
    """

    connection: duckdb.DuckDBPyConnection
    source: str
    zone: str
    load_id: int
    at: datetime

    def hold_back(self, staged: Staged) -> None:
        """Add to `staged.rejected` the rows that a table cannot take."""
        for output in staged.outputs:
            if output.per_row:
                self._hold_back_misfits(staged, output)
            elif output.parts and self._holds(output.table):
                self._hold_back_torn(staged, output)
        for position, output in enumerate(staged.outputs):
            if self._repeats_keys(output, position):
                self._hold_back_contradictions(staged, output, position)
            if output.table == "ledger" and not output.unique and self._holds("ledger", f"source = '{self.source}'"):
                self._hold_back_rewriting(staged, output)
        events = [o for o in staged.outputs if o.table == "ledger" and "order_id" in self._columns(o)]
        if events and self._holds("ledger", f"source <> '{self.source}'"):
            self._hold_back_orders_of_others(staged, events)

    def write(self, staged: Staged) -> tuple[int, int]:
        """Write the rows that are left, and add to `staged.duplicates` those delivered twice under one key.

        Returns:
            How many delivered rows gave something new, and how many nothing new.
        """
        counted, fresh = [], []
        for position, output in enumerate(staged.outputs):
            once = self._first_of_each_key(staged, output, position)
            if output.parts and self._holds(output.table):
                once = f"(SELECT s.* FROM {once} s ANTI JOIN {self._overlapping(output, _INSIDE)} o USING (source_row))"
            written = self._append(output, once) if output.table == "ledger" else self._upsert(output, once, position)
            if output.per_row:
                counted.append(output.relation)
                fresh.append(written)
            elif output.parts:
                counted.append(output.parts)
                fresh.append(self._parts_of(output, written) if written != once else output.parts)
        new = self._distinct_rows(fresh)
        return new, self._distinct_rows(counted) - new

    def count(self, relation: str) -> int:
        """Count the rows of a relation."""
        (rows,) = self.connection.execute(f"SELECT count(*) FROM {relation}").fetchall()[0]
        return int(rows)

    def _parts_of(self, output: Output, written: str) -> str:
        """Return a relation of the delivered rows that some of an output's rows are made of."""
        return f"(SELECT source_row FROM {output.parts} SEMI JOIN {written} USING ({self._delivered_key(output)}))"

    def _distinct_rows(self, relations: Sequence[str]) -> int:
        if len(relations) == 1:
            # Every delivered row stands in it at most once.
            return self.count(relations[0])
        union = " UNION ".join(f"SELECT source_row FROM {relation}" for relation in relations)
        return self.count(f"({union})") if relations else 0

    def _columns(self, output: Output) -> list[str]:
        found = self.connection.execute(f"DESCRIBE {output.relation}").fetchall()
        names = [str(row[0]) for row in found if row[0] != "source_row" or output.table == "ledger"]
        table = _TABLES[output.table]
        for name in names:
            if name not in table.columns:
                nearest = did_you_mean(name, delivered(table))
                raise SourceSchemaError(f"{self.source} delivers {name!r} for {table.name}. {nearest}")
        return names

    def _hold_back_misfits(self, staged: Staged, output: Output) -> None:
        values = {**self._values(output), "source_row": "s.source_row"}
        rows = ", ".join(f"{value} AS {name}" for name, value in values.items())
        cases = " ".join(_misfits(output.table))
        if cases:
            self.connection.execute(
                f"""
                INSERT INTO {staged.rejected}
                SELECT source_row, p.rule, p.name, p.value,
                       concat(p.name, ' ''' || p.value || '''', p.reason, ': {output.table} cannot take this row.')
                FROM (SELECT source_row, CASE {cases} END AS p FROM (SELECT {rows} FROM {output.relation} s) delivered)
                WHERE p IS NOT NULL
                """
            )

    def _hold_back_torn(self, staged: Staged, output: Output) -> None:
        """Hold back the events of a visit of which the warehouse has another part: neither is the whole."""
        self.connection.execute(
            f"""
            INSERT INTO {staged.rejected}
            SELECT source_row, 'torn_visit', 'session_id', session_id,
                   concat('The visit ', session_id, ' is in the warehouse with an earlier or a later part. '
                          'Deliver all of its events in one file.')
            FROM {output.parts} SEMI JOIN {self._overlapping(output, _TORN)} USING (session_id)
            """
        )

    def _overlapping(self, output: Output, how: str) -> str:
        """Return the relation of the delivered visits that lie so to what is known of them."""
        return (
            f"(SELECT n.source_row, n.session_id FROM {output.relation} n "
            f"JOIN {output.table} t ON t.session_id = n.session_id WHERE {how})"
        )

    def _repeats_keys(self, output: Output, position: int) -> bool:
        """Note the rows that share their key with others, and say whether there are any."""
        repeated, keys = f"repeated_{position}", self._delivered_key(output)
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {repeated} (source_row BIGINT)")
        if output.unique:
            return False
        several = f"SELECT {keys} FROM {output.relation} GROUP BY ALL HAVING count(*) > 1"
        if self._holds(f"({several})"):
            self.connection.execute(
                f"INSERT INTO {repeated} SELECT source_row FROM {output.relation} SEMI JOIN ({several}) USING ({keys})"
            )
        return self._holds(repeated)

    def _hold_back_contradictions(self, staged: Staged, output: Output, position: int) -> None:
        """Of rows with one key the first counts: those with other content are held back."""
        keys = self._delivered_key(output)
        content = ", ".join(f'"{name}"' for name in self._columns(output) if name != "source_row")
        self.connection.execute(
            f"""
            INSERT INTO {staged.rejected}
            SELECT source_row, 'contradicting_key', '{output.table}', key,
                   concat('Row ', first_row, ' has the same {keys} (', key, ') but other content.')
            FROM (
                SELECT source_row, concat_ws(', ', {keys}) AS key, row({content}) AS content,
                       first_value(source_row) OVER same AS first_row, first_value(row({content})) OVER same AS first
                FROM {output.relation} SEMI JOIN repeated_{position} USING (source_row)
                WINDOW same AS (PARTITION BY {keys} ORDER BY source_row))
            WHERE content IS DISTINCT FROM first
            """
        )

    def _hold_back_rewriting(self, staged: Staged, output: Output) -> None:
        """Hold back events that are in the ledger with other figures: it is never rewritten silently."""
        figures = ("kind", "event_at", "qty", "amount")
        new, old = (", ".join(f"{side}.{name}" for name in figures) for side in "sl")
        self.connection.execute(
            f"""
            INSERT INTO {staged.rejected}
            SELECT s.source_row, 'contradicting_key', 'ledger', s.source_id,
                   concat('The ledger has ', s.source_id, ' with other figures, from load ', l.load_id,
                          '. It is never rewritten: deliver a correction as a row of its own.')
            FROM {output.relation} s JOIN ledger l ON l.source = '{self.source}' AND l.source_id = s.source_id
            WHERE row({new}) IS DISTINCT FROM row({old})
            """
        )

    def _hold_back_orders_of_others(self, staged: Staged, events: Sequence[Output]) -> None:
        """Hold back every event of an order whose number another source has sold under: they would become one order."""
        sold = " UNION ".join(
            f"SELECT s.order_id FROM {output.relation} s WHERE {self._values(output)['kind']} = 'sale'"
            for output in events
        )
        self.connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE orders_of_others AS
            SELECT order_id, min(source) AS source FROM ledger
            WHERE source <> '{self.source}' AND kind = 'sale' AND order_id IN (
                ({sold}) EXCEPT SELECT order_id FROM ledger WHERE source = '{self.source}' AND kind = 'sale')
            GROUP BY order_id
            """
        )
        for output in events:
            self.connection.execute(
                f"""
                INSERT INTO {staged.rejected}
                SELECT source_row, 'order_of_another_source', 'order_id', order_id,
                       concat('The ledger has an order ', order_id, ' of the source ', o.source, '. Where it is '
                              'another one, give the numbers of this source a prefix in its mapping, '
                              'order_id: {{join: [...], prefix: ...}}, and replay the quarantine.')
                FROM {output.relation} JOIN orders_of_others o USING (order_id)
                """
            )

    def _first_of_each_key(self, staged: Staged, output: Output, position: int) -> str:
        """Return a relation that has each key once, noting the rows left out as duplicates."""
        if not self._holds(f"repeated_{position}"):
            return output.relation
        repeats, keys = f"repeats_{position}", self._delivered_key(output)
        self.connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE {repeats} AS
            SELECT source_row FROM (
                SELECT source_row, row_number() OVER (PARTITION BY {keys} ORDER BY source_row) AS repeat
                FROM {output.relation} SEMI JOIN repeated_{position} USING (source_row))
            WHERE repeat > 1;
            INSERT INTO {staged.duplicates} BY NAME SELECT source_row FROM {repeats}
            """
        )
        return f"(SELECT o.* FROM {output.relation} o ANTI JOIN {repeats} r ON r.source_row = o.source_row)"

    def _delivered_key(self, output: Output) -> str:
        table = _TABLES[output.table]
        return ", ".join(name for name in tables.key_of(table) if name not in computed(table))

    def _values(self, output: Output) -> dict[str, str]:
        """Return, for each column of the table, the SQL that gives it from the relation `s`."""
        table, present = _TABLES[output.table], self._columns(output)
        found = {}
        for column in table.columns:
            value = f's."{column.name}"' if column.name in present else "NULL"
            found[column.name] = f"CAST({value} AS {duckdb_type(column.type)})"
        for name, (origin, part) in tables.COMPUTED.get(table.name, {}).items():
            local = f"timezone('{self.zone}', timezone('UTC', s.{origin}))"
            found[name] = f"CAST({local} AS DATE)" if part == "day" else f"CAST(hour({local}) AS SMALLINT)"
        constants = {
            "source": f"'{self.source}'",
            "load_id": str(self.load_id),
            "loaded_at": f"TIMESTAMP '{self.at}'",
        }
        return {name: constants.get(name, value) for name, value in found.items()}

    def _append(self, output: Output, once: str) -> str:
        """Append the events that are not in the ledger yet; returns a relation of the rows they came from."""
        values, known = self._values(output), ""
        if self._holds("ledger", f"source = '{self.source}'"):
            ids = f"SELECT source_id FROM ledger WHERE source = '{self.source}'"
            known = f"ANTI JOIN ({ids}) k ON k.source_id = s.source_id"
        # In the order of time, so that a reader of some days skips the blocks of all others.
        self.connection.execute(
            f"INSERT INTO ledger ({', '.join(values)}) "
            f"SELECT {', '.join(values.values())} FROM {once} s {known} ORDER BY s.event_at"
        )
        return f"(SELECT source_row FROM ledger WHERE load_id = {self.load_id})"

    def _upsert(self, output: Output, once: str, position: int) -> str:
        """Write rows that are new or differ from those of the same key; returns a relation of where they came from."""
        table, values = _TABLES[output.table], self._values(output)
        history = tables.history_of(table)
        columns, selected = ", ".join(values), ", ".join(f"{value} AS {name}" for name, value in values.items())
        if not self._holds(table.name):
            self.connection.execute(f"INSERT INTO {table.name} ({columns}) SELECT {selected} FROM {once} s")
            return once
        same_key = " AND ".join(f"t.{name} = n.{name}" for name in tables.key_of(table))
        content = [name for name in values if name != "load_id"]
        new, old = (", ".join(f"{side}.{name}" for name in content) for side in "nt")
        changed = f"changed_{position}"
        self.connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE {changed} AS
            SELECT n.* FROM (SELECT s.source_row, {selected} FROM {once} s) n LEFT JOIN {table.name} t ON {same_key}
            WHERE t.load_id IS NULL OR row({new}) IS DISTINCT FROM row({old});
            {self._keep_replaced(table, history, changed, same_key) if history is not None else ""}
            DELETE FROM {table.name} t USING {changed} n WHERE {same_key};
            INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {changed}
            """
        )
        return changed

    def _keep_replaced(self, table: Table, history: Table, changed: str, same_key: str) -> str:
        """Compile what moves the versions that are about to be replaced; one of this very load was never known."""
        columns = ", ".join(f"t.{column.name}" for column in table.columns)
        return (
            f"INSERT INTO {history.name} BY NAME SELECT {columns}, {self.load_id} AS replaced_by "
            f"FROM {table.name} t JOIN {changed} n ON {same_key} WHERE t.load_id < {self.load_id};"
        )

    def _holds(self, table: str, condition: str = "TRUE") -> bool:
        return self.count(f"(SELECT 1 FROM {table} WHERE {condition} LIMIT 1)") > 0


def _misfits(table: str) -> Iterator[str]:
    """Yield a case for each fault that a row of the table can have; the first that fits is told."""
    form = "WHEN {broken} THEN {{rule: '{rule}', name: '{name}', value: {value}, reason: '{reason}'}}"
    for name in delivered(_TABLES[table]):
        if not _TABLES[table].c[name].nullable:
            yield form.format(
                broken=f"{name} IS NULL", rule=f"missing_{name}", name=name, value="NULL", reason=" is empty"
            )
    for rule in RULES.get(table, ()):
        value, reason = f"CAST({rule.column} AS VARCHAR)", " " + rule.reason.replace("'", "''")
        yield form.format(broken=rule.broken, rule=rule.name, name=rule.column, value=value, reason=reason)
