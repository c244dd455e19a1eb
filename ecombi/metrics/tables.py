"""The tables of the warehouse as ibis expressions: as they are, as they were known on a day, as far as one may see."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import ibis
import ibis.expr.types as ir
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, Numeric, SmallInteger, String, Table

from ecombi.errors import AccessDenied, MetricError
from ecombi.metrics import derived
from ecombi.metrics.fulfilments import fulfilments
from ecombi.metrics.parameters import parameter
from ecombi.metrics.purchases import goods_receipts, purchase_lines
from ecombi.schema import tables as schema

if TYPE_CHECKING:
    from ecombi.metrics.shapes import Filter, Scope

# SQLAlchemy's SmallInteger and BigInteger are Integers, so they come first.
_TYPES: Final = (
    (BigInteger, "int64"),
    (SmallInteger, "int16"),
    (Integer, "int32"),
    (Boolean, "boolean"),
    (Date, "date"),
    (DateTime, "timestamp"),
    (String, "string"),
)

_OPEN: Final = frozenset({"products", "suppliers", "shop"})
"""Tables that say what things are called: they are for everybody."""

_MERGED: Final = frozenset({"customers", "cohort_months"})
"""Derived tables whose rows sum over what a policy divides: they are derived anew from what may be seen."""

_OF_NOW: Final = frozenset({"customer_scores", "product_positions", "facts"})
"""Tables computed after each load that no expression here makes anew for an earlier day."""

DERIVED: Final[Mapping[str, Callable[[Tables], ir.Table]]] = {
    "orders": derived.orders,
    "saleless_orders": derived.saleless_orders,
    "customers": derived.customers,
    "fulfilments": fulfilments,
    "purchase_lines": purchase_lines,
    "goods_receipts": goods_receipts,
    "cohort_months": derived.cohort_months,
    "days_loaded": derived.days_loaded,
}
"""Table -> its rows, from other tables."""

_SIMPLER: Final[Mapping[str, Callable[[Tables], ir.Table]]] = {"orders": derived.sold}
"""Derived table -> its rows with those columns alone that are known without much ado."""


class Tables:
    """Gives each table as an expression, by attribute: `t.orders`.

    Args:
        scope: As of which load, and whose eyes; None: everything as it is now.
    """

    def __init__(self, scope: Scope | None = None) -> None:
        self._scope = scope
        self._known: dict[str, ir.Table] = {}

    def __getattr__(self, name: str) -> ir.Table:
        if name.startswith("_") or name not in schema.metadata.tables:
            raise AttributeError(f"There is no table {name!r}.")
        return self[schema.metadata.tables[name]]

    def __getitem__(self, table: Table) -> ir.Table:
        """Return the rows of a table that were known and may be seen.

        Raises:
            AccessDenied: Its rows do not say what the policy divides them by.
        """
        if table.name not in self._known:
            self._known[table.name] = self._shown(self._allowed(table))
        return self._known[table.name]

    def kept(self, table: Table) -> ir.Table | None:
        """Return a table that says how things stand now; None where that is not known yet or not for all to see.

        Whoever gets none computes it from the other tables.
        """
        if self._scope is not None and self._scope.as_of:
            return None
        try:
            return self[table]
        except AccessDenied:
            return None

    def names(self, table: Table, columns: Collection[str]) -> ir.Table:
        """Return a table that only says what rows belong to: as it was known, whoever asks, but for hidden columns.

        Args:
            table: The table.
            columns: Those that will be read; there may be more.
        """
        return self._shown(self._as_known(table, columns))

    def _shown(self, rows: ir.Table) -> ir.Table:
        hidden = [name for name in rows.columns if self._scope and name in self._scope.out_of_sight]
        return rows.drop(*hidden) if hidden else rows

    def _as_known(self, table: Table, columns: Collection[str] = ()) -> ir.Table:
        """Return the rows that were known, whoever asks; with these columns at least, if any are named."""
        if self._scope is None or not self._scope.as_of:
            return unbound(table)
        if columns and table.name in _SIMPLER:
            simpler = _SIMPLER[table.name](self._unrestricted())
            if {*columns} <= {*simpler.columns}:
                return simpler
        if table.name in DERIVED:
            return DERIVED[table.name](self._unrestricted())
        if table.name in _OF_NOW:
            raise MetricError(f"{table.name} says how things stand now, and not how they stood on an earlier day.")
        if "load_id" not in table.columns:
            return unbound(table)
        last = parameter("as_of_load", "int32")
        rows = unbound(table)
        known = rows.filter(rows["load_id"] <= last)
        history = schema.history_of(table)
        if history is None:
            return known
        older = unbound(history)
        replaced = older.filter((older["load_id"] <= last) & (older["replaced_by"] > last))
        return ibis.union(known, replaced.select(*known.columns))

    def _unrestricted(self) -> Tables:
        return Tables(self._scope.unrestricted()) if self._scope else self

    def _allowed(self, table: Table) -> ir.Table:
        scope = self._scope
        if scope is None or table.name in _OPEN or not (scope.policy or scope.nothing):
            return self._as_known(table)
        if scope.nothing:
            return unbound(table).filter(ibis.literal(False))
        if table.name in _MERGED:
            return DERIVED[table.name](Tables(replace(scope, hidden=frozenset())))
        rows = self._as_known(table)
        for condition in scope.policy:
            rows = self._only(rows, table, condition)
        return rows

    def _only(self, rows: ir.Table, table: Table, condition: Filter) -> ir.Table:
        """Keep the rows whose value of a dimension may be seen."""
        dimension = condition.dimension
        lookup = dimension.lookup(table)
        if lookup is None:
            if dimension.column not in table.columns:
                raise AccessDenied(
                    f"You may see some values of {dimension.label.lower()} only, and {table.name} does not say "
                    f"which rows are theirs. Ask whoever administers the workspace."
                )
            return rows.filter(condition.passes(rows[dimension.column], "policy_"))
        names = self._unrestricted()._as_known(lookup.table)
        allowed = names.filter(condition.passes(names[dimension.column], "policy_"))
        return rows.semi_join(allowed, lookup.key)


@contextmanager
def in_sight(scope: Scope, what: str) -> Iterator[None]:
    """Put into words that what is built here needs a hidden column, which these tables do not have.

    Raises:
        AccessDenied: It does.
    """
    try:
        yield
    except (AttributeError, ibis.common.exceptions.IbisError) as error:
        if not scope.hidden:
            raise
        raise AccessDenied(
            f"{what} cannot be shown: it rests on {', '.join(sorted(scope.hidden))}, which you may not see."
        ) from error


def unbound(table: Table) -> ir.Table:
    """Return a table as ibis knows it: names and types, no rows."""

    def kind(column_type: object) -> str:
        if isinstance(column_type, Numeric):
            return f"decimal({column_type.precision}, {column_type.scale})"
        return next(name for known, name in _TYPES if isinstance(column_type, known))

    return ibis.table({column.name: kind(column.type) for column in table.columns}, name=table.name)
