"""Answering questions on a warehouse: plan, read from one snapshot, remember, explain."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from ecombi.errors import BackendError, EmptyWarehouse, did_you_mean
from ecombi.metrics.catalogue import CATALOGUE, Catalogue
from ecombi.metrics.marts import LEDGER, MARTS, Basis
from ecombi.metrics.memory import Memory
from ecombi.metrics.passport import AnalysisPassport, Passport
from ecombi.metrics.planner import Parameter, Plan, bound_by, bound_in, plan, scope_of
from ecombi.metrics.policy import OWNER, Identity
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.result import AnalysisResult, Result, analysed, result_of
from ecombi.metrics.shapes import Scope, Shape
from ecombi.metrics.state import Known, known_of
from ecombi.schema.periods import Period

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from ecombi.backends.warehouse import Snapshot, Warehouse
    from ecombi.metrics.analysis import Analysis
    from ecombi.schema.shop import Shop

_EMPTY: Final = "Nothing has been loaded yet. Load a shop first, for example with: ecombi load simulated"
_NOTHING_SEEN: Final = "Nothing has been loaded that {} may see. Are the allowed values written as the data have them?"
_ATTEMPTS: Final = 5
_RESTLESS: Final = f"The warehouse was published {_ATTEMPTS} times while one question was answered. Ask again."


class _HasSql(Protocol):
    """What can be read from a warehouse."""

    @property
    def sql(self) -> str:
        """With $name placeholders."""

    @property
    def params(self) -> dict[str, Parameter]:
        """Their values."""


_Planned = TypeVar("_Planned", bound=_HasSql)


class Answers:
    """Answers questions on one warehouse, for one identity.

    Attributes:
        warehouse: Where the figures are.
        shop: Whose figures.
        catalogue: Where names are looked up.
        identity: Who asks.
        memory: The answers that were given; share it between identities, as its keys say whose they are.
        known_at: Where a question does not say as of when: aware; None is now.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        shop: Shop,
        *,
        catalogue: Catalogue = CATALOGUE,
        identity: Identity = OWNER,
        memory: Memory | None = None,
        known_at: datetime | None = None,
    ) -> None:
        self.warehouse = warehouse
        self.shop = shop
        self.catalogue = catalogue
        self.identity = identity
        self.memory = memory if memory is not None else Memory()
        self.known_at = known_at
        self._lock = threading.Lock()
        self._known: tuple[Snapshot, Known] | None = None

    def seen_by(self, identity: Identity) -> Answers:
        """Return the same for somebody else's eyes, on the same memory."""
        return self._with(identity=identity)

    def with_catalogue(self, catalogue: Catalogue) -> Answers:
        """Return the same with other names, on the same memory."""
        return self._with(catalogue=catalogue)

    def _with(self, *, identity: Identity | None = None, catalogue: Catalogue | None = None) -> Answers:
        return Answers(
            self.warehouse,
            self.shop,
            catalogue=catalogue or self.catalogue,
            identity=identity or self.identity,
            memory=self.memory,
            known_at=self.known_at,
        )

    def run(self, query: MetricQuery) -> Result:
        """Answer a question from the current snapshot.

        Raises:
            MetricError: The question cannot be answered; the subclass and the words say why.
            AccessDenied: The identity may not see what it rests on.
            EmptyWarehouse: Nothing has been published yet.
        """
        if query.as_of is None and self.known_at is not None:
            query = replace(query, as_of=self.known_at)

        def planning(now: Known) -> Plan:
            then = now if query.as_of is None else now.at(query.as_of)
            asked = query.finished(then.final_until) if then.final_until else query
            return plan(asked, self.warehouse.dialect, catalogue=self.catalogue, known=now, identity=self.identity)

        planned, now, table, snapshot = self._answered(planning)
        asked = planned.query
        passport = Passport(
            query=asked,
            metrics=planned.shape.metrics,
            shop=self.shop,
            engine=self.warehouse.dialect,
            warehouse=self.warehouse.safe_url,
            tables=planned.tables,
            sql=planned.sql,
            params=planned.params,
            snapshot=snapshot.number,
            published_at=snapshot.published_at,
            identity=self.identity,
            known=now if query.as_of is None else now.at(query.as_of),
            notes=tuple(self._misspelt(asked)) if (asked.where or asked.without) and _is_empty(table, planned) else (),
        )
        return result_of(table, passport, planned.shape, self)

    def analyse(
        self,
        analysis: Analysis,
        *,
        values: Mapping[str, Parameter] | None = None,
        options: Mapping[str, int | float | str | bool] | None = None,
        as_of: datetime | None = None,
    ) -> AnalysisResult:
        """Compute an analysis on the current snapshot.

        Args:
            analysis: What to compute.
            values: A value for each name it binds; `final_until` is known.
            options: What differs from its own options.
            as_of: With what had been loaded by then, aware; None: with all that is known now.

        Raises:
            MetricError: A value or option it does not have, or one that is missing.
            AccessDenied: The identity may not see what it rests on.
            EmptyWarehouse: Nothing has been published yet.
        """
        from ecombi.metrics.analysing import BoundAnalysis, compile_analysis, settled

        as_of = as_of or self.known_at
        scope = scope_of(self.identity, self.catalogue, as_of=as_of)

        def planning(now: Known) -> BoundAnalysis:
            given = dict(options or {})
            if "rollup" in analysis.options:
                # A rollup holds all that is known now, for everybody's eyes: nobody else gets it by asking for it.
                usable = scope == Scope() and "products_by_day" in now.built
                given["rollup"] = usable and bool(given.get("rollup", True))
            chosen = settled(analysis, given)
            compiled = compile_analysis(analysis, chosen, scope, self.warehouse.dialect)
            known = bound_in(now, self.identity, self.catalogue, as_of=as_of)
            params = compiled.bind({**(values or {}), **known})
            return BoundAnalysis(options=chosen, sql=compiled.sql, params=params, tables=compiled.tables)

        planned, now, table, snapshot = self._answered(planning)
        passport = AnalysisPassport(
            analysis=analysis,
            options=dict(planned.options),
            shop=self.shop,
            engine=self.warehouse.dialect,
            warehouse=self.warehouse.safe_url,
            tables=planned.tables,
            sql=planned.sql,
            params=planned.params,
            snapshot=snapshot.number,
            published_at=snapshot.published_at,
            identity=self.identity,
            known=now if as_of is None else now.at(as_of),
        )
        return analysed(table, passport)

    def plan(self, query: MetricQuery) -> Plan:
        """Plan a question without running it."""
        return plan(query, self.warehouse.dialect, catalogue=self.catalogue, known=self.known(), identity=self.identity)

    def values(self, dimension: str) -> list[str]:
        """Return the known values of a dimension, in order, as texts that filters take.

        Raises:
            UnknownDimensionError: No dimension of that name.
            EmptyWarehouse: Nothing has been published yet.
        """
        from ecombi.metrics.compiler import compile_values

        found = self.catalogue.dimension(dimension)
        mart = next((mart for mart in MARTS if found.fits(mart)), LEDGER)
        scope, params = self._seen()
        shape = Shape(metrics=(), by=(found,), scope=scope, built=self.known().built)
        sql = compile_values(found, mart, shape, self.warehouse.dialect)
        listed = self.read(sql, params)[0][found.name].to_pylist()
        return [str(value) for value in sorted(listed)]

    def coverage(self, basis: Basis = Basis.BOOKED) -> Period:
        """Return the days from the first to the last event of the ledger.

        Raises:
            EmptyWarehouse: Nothing has been published yet, or the ledger has no event.
        """
        from ecombi.metrics.compiler import compile_coverage

        scope, params = self._seen()
        shape = Shape(metrics=(), basis=basis, scope=scope, built=self.known().built)
        sql = compile_coverage(LEDGER, basis.value, shape, self.warehouse.dialect)
        [days] = self.read(sql, params)[0].to_pylist()
        if days["first"] is None:
            raise EmptyWarehouse(_EMPTY if self.identity.unlimited else _NOTHING_SEEN.format(self.identity.name))
        return Period(days["first"].date(), days["end"].date())

    def _seen(self) -> tuple[Scope, dict[str, Parameter]]:
        """Return what may be seen and is known, and the values that say so."""
        scope = scope_of(self.identity, self.catalogue, as_of=self.known_at)
        return scope, bound_in(self.known(), self.identity, self.catalogue, as_of=self.known_at)

    def warehouse_number(self) -> int | None:
        """Return the number of the current snapshot."""
        snapshot = self.warehouse.snapshot()
        return snapshot.number if snapshot else None

    def known(self) -> Known:
        """Return what is known of the current snapshot; read once for each.

        Raises:
            EmptyWarehouse: Nothing has been published yet.
        """
        return self._known_with()[1]

    def _known_with(self) -> tuple[Snapshot, Known]:
        """Return the current snapshot and what is known of it."""
        for _ in range(_ATTEMPTS):
            snapshot = self.warehouse.snapshot()
            if snapshot is None:
                raise EmptyWarehouse(_EMPTY)
            with self._lock:
                if self._known is not None and self._known[0] == snapshot:
                    return self._known
            found = (snapshot, known_of(self.warehouse, self.shop))
            if self.warehouse.snapshot() == snapshot:
                with self._lock:
                    self._known = found
                return found
        raise BackendError(_RESTLESS)

    def _answered(self, planning: Callable[[Known], _Planned]) -> tuple[_Planned, Known, pa.Table, Snapshot]:
        """Plan with what is known of a snapshot and read from that very one; again where another was published."""
        for _ in range(_ATTEMPTS):
            snapshot, known = self._known_with()
            planned = planning(known)
            table, read = self.read(planned.sql, planned.params, snapshot)
            if read == snapshot:
                return planned, known, table, read
        raise BackendError(_RESTLESS)

    def bound(self, query: MetricQuery) -> dict[str, Parameter]:
        """Return every value that SQL about a question may name."""
        return bound_by(query, self.catalogue, self.known(), self.identity)

    def read(
        self, sql: str, params: Mapping[str, Parameter], current: Snapshot | None = None
    ) -> tuple[pa.Table, Snapshot]:
        """Read rows and the snapshot they are of: read again where a new one was published in between.

        Args:
            sql: With $name placeholders.
            params: Their values; others than the SQL names are left out.
            current: The snapshot there was a moment ago, where it is known.
        """
        from ecombi.metrics.parameters import names_in

        params = {name: params[name] for name in sorted(names_in(sql))}
        before = current or self.warehouse.snapshot()
        for _ in range(_ATTEMPTS):
            if before is not None:
                key = (before.number, before.published_at, self.identity.policy_hash, sql, tuple(params.items()))
                kept = self.memory.get(key)
                if kept is not None:
                    return kept, before
            table = self.warehouse.arrow(sql, params)
            after = self.warehouse.snapshot()
            if after is None:
                raise EmptyWarehouse(_EMPTY)
            if after == before:
                self.memory.keep(key, table)
                return table, after
            before = after
        raise BackendError(_RESTLESS)

    def _misspelt(self, query: MetricQuery) -> Iterator[str]:
        """Say which texts asked for are no value of their dimension: nothing found may mean a typo."""
        for name, asked in (*query.where, *query.without):
            dimension = self.catalogue.dimension(name)
            texts = [str(value) for value in asked if value is not None] if dimension.type == "string" else []
            known = set(self.values(name)) if texts else set()
            for text in texts:
                if known and text not in known:
                    nearest = did_you_mean(text, known)
                    yield f"Nothing is recorded with the {dimension.label.lower()} {text!r}. {nearest}"


def _is_empty(table: pa.Table, planned: Plan) -> bool:
    """Whether there is no figure but 0."""
    import pyarrow.compute as pc

    figures = (table[metric.name] for metric in planned.shape.metrics)
    return not any(pc.any(pc.not_equal(column, pc.cast(0, column.type))).as_py() for column in figures)
