"""Answering questions on a warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecombi.errors import BackendError, EmptyWarehouse, did_you_mean
from ecombi.metrics.catalogue import CATALOGUE, Catalogue
from ecombi.metrics.marts import LEDGER, Basis
from ecombi.metrics.passport import Passport
from ecombi.metrics.planner import Plan, plan
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.result import Result, result_of
from ecombi.schema.periods import Period
from ecombi.schema.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from ecombi.backends.warehouse import Snapshot, Warehouse

_EMPTY = "Nothing has been loaded yet. Load a shop first, for example with: ecombi load simulated"
_ATTEMPTS = 5


def run(query: MetricQuery, warehouse: Warehouse, shop: Shop, *, catalogue: Catalogue = CATALOGUE) -> Result:
    """Answer a question from the current snapshot.

    Raises:
        MetricError: The question cannot be answered; the subclass and the words say why.
        EmptyWarehouse: Nothing has been published yet.
    """
    planned = plan(query, warehouse.dialect, catalogue=catalogue)
    table, snapshot = _read(planned, warehouse)
    passport = Passport(
        query=query,
        metrics=planned.shape.metrics,
        shop=shop,
        engine=warehouse.dialect,
        warehouse=warehouse.safe_url,
        tables=planned.tables,
        sql=planned.sql,
        params=planned.params,
        snapshot=snapshot.number,
        published_at=snapshot.published_at,
        notes=tuple(_misspelt(query, warehouse, catalogue)) if _is_empty(table, planned) else (),
    )
    return result_of(table, passport, planned.shape)


def values(dimension: str, warehouse: Warehouse, *, catalogue: Catalogue = CATALOGUE) -> list[str]:
    """Return the known values of a dimension, in order, as texts that filters take.

    Raises:
        UnknownDimensionError: No dimension of that name.
        EmptyWarehouse: Nothing has been published yet.
    """
    from ecombi.metrics.compiler import compile_values

    found = catalogue.dimension(dimension)
    listed = warehouse.arrow(compile_values(found, LEDGER, warehouse.dialect))[found.name].to_pylist()
    return [str(value) for value in sorted(listed)]


def coverage(warehouse: Warehouse, basis: Basis = Basis.BOOKED) -> Period:
    """Return the days from the first to the last event of the ledger.

    Raises:
        EmptyWarehouse: Nothing has been published yet, or the ledger has no event.
    """
    from ecombi.metrics.compiler import compile_coverage

    [days] = warehouse.arrow(compile_coverage(LEDGER, basis, warehouse.dialect)).to_pylist()
    if days["first"] is None:
        raise EmptyWarehouse(_EMPTY)
    return Period(days["first"].date(), days["end"].date())


def _is_empty(table: pa.Table, planned: Plan) -> bool:
    """Whether there is no figure but 0."""
    import pyarrow.compute as pc

    figures = (table[metric.name] for metric in planned.shape.metrics)
    return not any(pc.any(pc.not_equal(column, pc.cast(0, column.type))).as_py() for column in figures)


def _misspelt(query: MetricQuery, warehouse: Warehouse, catalogue: Catalogue) -> Iterator[str]:
    """Say which texts asked for are no value of their dimension: nothing found may mean nothing happened, or a typo."""
    for name, asked in query.where:
        dimension = catalogue.dimension(name)
        texts = [str(value) for value in asked if value is not None] if dimension.type == "string" else []
        known = set(values(name, warehouse, catalogue=catalogue)) if texts else set()
        for text in texts:
            if known and text not in known:
                yield f"Nothing is recorded with the {dimension.label.lower()} {text!r}. {did_you_mean(text, known)}"


def _read(planned: Plan, warehouse: Warehouse) -> tuple[pa.Table, Snapshot]:
    """Read the figures and the snapshot they are of: read again where a new one was published in between."""
    before = warehouse.snapshot()
    for _ in range(_ATTEMPTS):
        table = warehouse.arrow(planned.sql, planned.params)
        after = warehouse.snapshot()
        if after is None:
            raise EmptyWarehouse(_EMPTY)
        if after == before:
            return table, after
        before = after
    raise BackendError(f"The warehouse was published {_ATTEMPTS} times while one question was answered. Ask again.")
