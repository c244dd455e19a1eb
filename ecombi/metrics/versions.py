"""Fingerprints of what definitions compute: none changes without a new version and a line in the changelog."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import ibis
import sqlglot
from sqlglot.optimizer import optimize

from ecombi.errors import MetricError
from ecombi.metrics.analysis import Analysis
from ecombi.metrics.definitions import Counted, Formula, Metric, needed
from ecombi.metrics.marts import ONLY, Basis, Mart
from ecombi.metrics.parameters import parameter, to_sql
from ecombi.metrics.rows import with_dimensions
from ecombi.metrics.tables import DERIVED, Tables, unbound
from ecombi.schema import tables as schema

if TYPE_CHECKING:
    import ibis.expr.types as ir

Definition = Metric | Analysis

COMPILER: Final = ", ".join(f"{name} {version(name)}" for name in ("ibis-framework", "sqlglot"))
"""Fingerprints are of SQL, so those of two compilers cannot be compared."""

_PROSE: Final = frozenset(
    {
        *("name", "label", "direction", "description", "formula", "example", "source", "definition_version", "owner"),
        "no_value",
    }
)
_COLUMNS: Final[dict[str, object]] = {
    name: {column: str(kind) for column, kind in unbound(table).schema().items()}
    for name, table in schema.metadata.tables.items()
}
_ROWS: Final = frozenset({"mart", "kinds", "where", "needs", "value", "dated", "compute"})
"""What the SQL says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """What a version of a definition computed."""

    version: int
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What every definition computed when the lock was written.

    Attributes:
        compiler: What wrote the SQL then.
        definitions: Name -> its version and fingerprint.
    """

    compiler: str
    definitions: Mapping[str, Locked]

    @classmethod
    def read(cls, text: str) -> Lock:
        """Read a lock from its JSON."""
        found = json.loads(text)
        listed = ((name, *entry.split()) for name, entry in found["definitions"].items())
        return cls(
            compiler=found["compiler"],
            definitions={name: Locked(version=int(version), fingerprint=printed) for name, version, printed in listed},
        )

    def text(self) -> str:
        """Return it as JSON, a line per definition."""
        listed = {name: f"{entry.version} {entry.fingerprint}" for name, entry in sorted(self.definitions.items())}
        return json.dumps({"compiler": self.compiler, "definitions": listed}, indent=1) + "\n"


EMPTY: Final = Lock(compiler=COMPILER, definitions={})
"""The lock before the first definition."""


def fingerprint(definition: Definition) -> str:
    """Return what stands for what a definition computes: equal for equal definitions, whatever they are called."""
    return sha256(computed(definition).encode()).hexdigest()[:16]


def computed(definition: Definition) -> str:
    """Return what a definition computes, as JSON: which rows and values, their sign, dates and composition.

    Everything that moves a figure is in it, down to how derived tables are made of the loaded ones and to the parts of
    parts; names, words and owners are not. A condition that means the same but is written in another way may differ.
    """
    return json.dumps(_facts(definition), sort_keys=True, indent=1)


def problems(definitions: Iterable[Definition], lock: Lock, changelog: str) -> list[str]:
    """Return what is wrong, a sentence or two each: changes without a version or a word, and a lock out of date."""
    now = _listed(definitions)
    found = [f"Definition {name} is in the lock and nowhere else. Renew it." for name in lock.definitions.keys() - now]
    if lock.compiler != COMPILER:
        found.append(
            f"The lock was written with {lock.compiler}, and this is {COMPILER}: fingerprints of the two cannot be "
            "compared. Renew it in a change in which no definition changes."
        )
    for name, definition in now.items():
        number, locked = definition.definition_version, lock.definitions.get(name)
        found += [_unsaid(name, n) for n in range(2, number + 1) if not _is_said(name, n, changelog)]
        if locked is None or locked.version < number:
            found.append(f"{name} is not in the lock as definition {number}. Renew it.")
        elif locked.version > number:
            found.append(_went_back(name, locked.version, number))
        elif lock.compiler == COMPILER and locked.fingerprint != fingerprint(definition):
            found.append(_unversioned(name, number))
    return sorted(found)


def renewed(definitions: Iterable[Definition], lock: Lock) -> Lock:
    """Return the lock of what the definitions compute now.

    Raises:
        MetricError: One of them computes something else under the version it had, or its version went back.
    """
    now = {
        name: Locked(version=definition.definition_version, fingerprint=fingerprint(definition))
        for name, definition in _listed(definitions).items()
    }
    refused = []
    for name, entry in now.items():
        locked = lock.definitions.get(name, entry)
        if entry.version < locked.version:
            refused.append(_went_back(name, locked.version, entry.version))
        elif lock.compiler == COMPILER and entry.version == locked.version and entry != locked:
            refused.append(_unversioned(name, entry.version))
    if refused:
        raise MetricError("\n".join(refused))
    return Lock(compiler=COMPILER, definitions=now)


def _listed(definitions: Iterable[Definition]) -> dict[str, Definition]:
    listed: dict[str, Definition] = {}
    for definition in definitions:
        if listed.setdefault(definition.name, definition) is not definition:
            raise MetricError(f"There are two definitions named {definition.name}. Rename one.")
    return listed


def _is_said(name: str, number: int, changelog: str) -> bool:
    return re.search(rf"^- `{name}` definition {number}: \S", changelog, re.MULTILINE) is not None


def _unsaid(name: str, number: int) -> str:
    return f"CHANGELOG.md does not say what is new in {name}. Add a line: - `{name}` definition {number}: ..."


def _unversioned(name: str, number: int) -> str:
    return (
        f"{name} computes something else than definition {number} did. Give it definition_version={number + 1} and "
        f"CHANGELOG.md a line: - `{name}` definition {number + 1}: ..."
    )


def _went_back(name: str, locked: int, number: int) -> str:
    return f"{name} went back from definition {locked} to {number}. Versions only count up."


@cache
def _facts(definition: Definition) -> dict[str, object]:
    """Return what a definition computes, as plain data."""
    if isinstance(definition, Analysis):
        return _facts_of_analysis(definition)
    kind = type(definition)
    facts: dict[str, object] = {"type": kind.__name__}
    for known in fields(definition):
        value = getattr(definition, known.name)
        default = known.default_factory() if known.default_factory is not MISSING else known.default
        # What is left at its default is not listed, so a field that is new changes nothing.
        if known.name not in _PROSE | _ROWS and value != default:
            facts[known.name] = _plain(value)
    if isinstance(definition, Counted):
        facts["sql"] = _sql(_rows(definition))
    elif isinstance(definition, Formula):
        terms = ibis.table({f"term_{n}": "float64" for n, _ in enumerate(definition.terms)}, name="terms")
        facts["sql"] = _sql(terms.select(value=definition.compute(*(terms[name] for name in terms.columns))))
    return facts


def _facts_of_analysis(analysis: Analysis) -> dict[str, object]:
    bound = {name: parameter(name, kind) for name, kind in analysis.bound.items()}
    built = analysis.build(Tables(), **bound, **analysis.options)
    return {
        "type": "Analysis",
        "sql": _sql(built.select(*analysis.fields)),
        "units": {name: known.unit for name, known in analysis.fields.items()},
        "keys": analysis.keys,
        "order": analysis.order,
        "bound": dict(analysis.bound),
        "options": dict(analysis.options),
    }


def _plain(value: object) -> object:
    if isinstance(value, Metric):
        return _facts(value)
    if isinstance(value, Mart):
        return value.table.name
    if isinstance(value, frozenset):
        return sorted(value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _rows(measure: Counted) -> ir.Table:
    """Return the value and the days of each row that counts."""
    rows = with_dimensions(unbound(measure.mart.table), measure.mart.table, needed((measure,)), Tables())
    if measure.kinds:
        rows = rows.filter(rows["kind"].isin(sorted(measure.kinds)))
    if measure.where is not None:
        rows = rows.filter(measure.where(rows))
    value = getattr(measure, "value", None)
    roles = {measure.dated} if measure.dated else {*Basis, ONLY}
    days = {
        f"{role}_on": ibis.coalesce(*(rows[day] for day in measure.mart.columns(role)))
        for role in measure.mart.days
        if role in roles
    }
    if value is None:
        return rows.select(value=ibis.literal(1), **days)
    return rows.select(value=rows[value] if isinstance(value, str) else value(rows), **days)


def _sql(rows: ir.Table) -> str:
    """Write an expression in its plainest SQL, from the loaded tables on, without columns that nothing reads."""
    sql = to_sql(rows, "duckdb")
    derived = ", ".join(f'"{name}" AS ({made})' for name, made in _derived_in(sql).items())
    whole = f"WITH {derived} SELECT * FROM ({sql})" if derived else sql
    return str(optimize(whole, schema=_COLUMNS, dialect="duckdb").sql(dialect="duckdb"))


def _derived_in(sql: str) -> dict[str, str]:
    """Return the derived tables that an SQL rests on and how each is made, those made of others after them."""
    read = {table.name for table in sqlglot.parse_one(sql, dialect="duckdb").find_all(sqlglot.exp.Table)}
    return {name: made for table in sorted(read & DERIVED.keys()) for name, made in _made(table).items()}


@cache
def _made(table: str) -> dict[str, str]:
    sql = to_sql(DERIVED[table](Tables()), "duckdb")
    return {**_derived_in(sql), table: sql}
