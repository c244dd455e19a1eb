"""One shop: its warehouse, its metrics, its sources."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from copy import copy
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ecombi.backends.warehouse import Snapshot, Warehouse, open_warehouse
from ecombi.errors import AccessDenied, EmptyWarehouse
from ecombi.metrics.catalogue import CATALOGUE, Catalogue
from ecombi.metrics.policy import NOBODY, OWNER, Identity
from ecombi.metrics.query import MetricQuery, instant
from ecombi.metrics.rollups import TABLES
from ecombi.project import project_root
from ecombi.schema.periods import Grain, Period
from ecombi.schema.shop import Shop
from ecombi.settings import Settings, load_settings
from ecombi.workspace.loading import Loading
from ecombi.workspace.quarantine import Quarantine
from ecombi.workspace.questions import analyses, explained
from ecombi.workspace.usage import named_in

if TYPE_CHECKING:
    from ecombi.customers import Customers
    from ecombi.inventory import Inventory
    from ecombi.metrics.analysis import Analysis
    from ecombi.metrics.answers import Answers
    from ecombi.metrics.definitions import Metric
    from ecombi.metrics.movement import Movement
    from ecombi.metrics.result import AnalysisResult, Result


def open_workspace(path: str | Path | None = None, **settings: object) -> Workspace:
    """Open a shop's workspace. Nothing is created or connected to until it is needed.

    Args:
        path: Its folder. None: ECOMBI_WORKSPACE, or `workspace` in the current folder.
        settings: Fields of `ecombi.settings.Settings` that win over the environment.

    Raises:
        ConfigurationError: A setting has a value that cannot work.
    """
    if path is not None:
        settings["workspace"] = Path(path)
    read = load_settings(**settings)
    return Workspace(read, OWNER if read.identity is None else Identity.from_json(read.identity))


class Workspace:
    """One shop. Close it, or use it in a `with` block, to let go of files and connections.

    Attributes:
        settings: The settings it was opened with.
        path: Its folder, absolute.
        project: Folder of the notebooks, dashboards, pipelines and parameters.
        warehouse: Where its tables are.
        identity: Who asks for figures; see `seen_by`.
    """

    def __init__(self, settings: Settings, identity: Identity = OWNER) -> None:
        self.settings = settings.model_copy(update={"workspace": settings.workspace.absolute()})
        self.path: Path = self.settings.workspace
        self.project: Path = project_root(settings.project)
        self.warehouse: Warehouse = open_warehouse(self.settings, TABLES)
        self.identity = identity
        self._catalogue = CATALOGUE

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of files and connections."""
        self.warehouse.close()

    # Figures

    def query(
        self,
        metrics: str | Sequence[str],
        *,
        by: str | Sequence[str] = (),
        grain: str | Grain | None = None,
        start: str | date | None = None,
        end: str | date | None = None,
        basis: str = "booked",
        compare: str | Period | tuple[str | date, str | date] | None = None,
        elapsed: bool = False,
        where: Mapping[str, object] | None = None,
        without: Mapping[str, object] | None = None,
        fill: bool = False,
        as_of: str | date | None = None,
    ) -> Result:
        """Ask for metrics, cut by dimensions and time.

        Args:
            metrics: One name or several; `ws.metrics` lists them.
            by: Dimensions, for example country, channel or product; `ws.metrics.dimensions` lists them.
            grain: hour, day, week, month, quarter or year; None for one figure over the whole period.
            start: First day, in the shop's time zone. None: the first there is.
            end: The day after the last one. None: up to the last there is.
            basis: "booked" counts an event when it happened, "ordered" when its order was placed.
            compare: "previous", "year_ago" or "same_weekdays" puts the figures of that period beside each figure; any
                other range does too, given as its first day and its end.
            elapsed: Asks for the final days of the period only, and compares with the same part of the other one.
            where: Dimension -> the values that count; None among them is the unknown one.
            without: Dimension -> the values that do not count, while all others do.
            fill: Adds the time buckets in which nothing happened.
            as_of: Answers with what had been loaded by the end of that day, or by that aware time.

        Returns:
            A tidy DataFrame: a column per dimension, one for the time bucket, one per metric; money as exact decimals,
            a ratio without a denominator as no value. It carries its passport.

        Raises:
            MetricError: An unknown or impossible metric, dimension or filter.
            PeriodError: An impossible day, period, grain or comparison.
            EmptyWarehouse: Nothing has been loaded.
        """
        question = MetricQuery.of(
            metrics,
            by=by,
            grain=grain,
            start=start,
            end=end,
            basis=basis,
            compare=compare,
            elapsed=elapsed,
            where=where,
            without=without,
            fill=fill,
            as_of=None if as_of is None else instant(as_of, self.shop.time_zone),
        )
        return self.answers.run(question)

    @cached_property
    def answers(self) -> Answers:
        """What answers questions, for the identity of this workspace.

        Raises:
            EmptyWarehouse: Nothing has been loaded.
        """
        # pandas is imported by who asks for figures, not by who loads.
        from ecombi.metrics.answers import Answers

        return Answers(
            self.warehouse,
            self.shop,
            catalogue=self._catalogue,
            identity=self.identity,
            known_at=self.settings.known_at,
        )

    def seen_by(self, identity: Identity | None) -> Workspace:
        """Return the workspace as somebody sees it, on the same warehouse and memory.

        Args:
            identity: Who asks; None, as when nobody is signed in, may see no rows.
        """
        seen = copy(self)
        seen.identity = identity or NOBODY
        seen.__dict__["answers"] = self.answers.seen_by(seen.identity)
        return seen

    # Questions no single metric answers

    @property
    def customers(self) -> Customers:
        """Questions about customers: scores, cohorts, purchase patterns, journeys, lifetime value, churn risk."""
        from ecombi.customers import Customers

        return Customers(self.answers.analyse)

    @property
    def inventory(self) -> Inventory:
        """Questions about stock, demand and suppliers: what to reorder, classes, scorecards, replays."""
        from ecombi.inventory import Inventory

        return Inventory(self.answers.analyse)

    def why(
        self,
        metric: str = "net_sales",
        *,
        start: str | date,
        end: str | date,
        compare: str | Period | tuple[str | date, str | date] = "previous",
        by: str | Sequence[str] = (),
        basis: str = "booked",
        where: Mapping[str, object] | None = None,
    ) -> Movement:
        """Say why net sales moved: the exact change taken apart by volume, price, mix, discounts, returns, and parts.

        Args:
            metric: net_sales; no other metric can be taken apart so.
            start: First day, in the shop's time zone.
            end: The day after the last one.
            compare: What it is compared with; see `query`.
            by: Dimensions whose values are listed with what each added.
            basis: See `query`.
            where: See `query`.

        Raises:
            MetricError: Another metric, or an unknown dimension or filter.
            PeriodError: An impossible day, period or comparison.
        """
        from ecombi.metrics.decomposition import explain

        question = MetricQuery.of(metric, by=by, start=start, end=end, compare=compare, basis=basis, where=where)
        return explain(question, self.answers.run)

    def bridge(self, start: str | date, end: str | date) -> AnalysisResult:
        """Lead from the net sales ordered in a period to those booked in it, line by line, exactly.

        Args:
            start: First day, in the shop's time zone.
            end: The day after the last one.

        Raises:
            PeriodError: An impossible day or period.
        """
        from ecombi.metrics.bridge import bridge

        return self._over(bridge, start, end)

    def payouts(self, start: str | date, end: str | date) -> AnalysisResult:
        """List what each payout of the payment providers is made of; see `ecombi.metrics.payouts`.

        Raises:
            PeriodError: An impossible day or period.
        """
        from ecombi.metrics.payouts import payouts

        return self._over(payouts, start, end)

    def payment_differences(self, start: str | date, end: str | date) -> AnalysisResult:
        """List the orders of a period whose payments differ from what the ledger says they were charged.

        Raises:
            PeriodError: An impossible day or period.
        """
        from ecombi.metrics.payouts import payment_differences

        return self._over(payment_differences, start, end)

    @property
    def deliveries(self) -> AnalysisResult:
        """What was delivered, one row per file or table, and what became of its rows."""
        from ecombi.metrics.deliveries import DELIVERIES

        return self.answers.analyse(DELIVERIES)

    @property
    def held_back(self) -> AnalysisResult:
        """The rows that were held back, counted by delivery, rule and column; `quarantine` has the rows themselves."""
        from ecombi.metrics.deliveries import HELD_BACK

        return self.answers.analyse(HELD_BACK)

    def _over(self, analysis: Analysis, start: str | date, end: str | date) -> AnalysisResult:
        period = Period.of(start, end)
        return self.answers.analyse(analysis, values={"start": period.start, "end": period.end})

    def explain(self, name: str) -> Metric | Analysis:
        """Return what a metric or an analysis means: formula, unit, what it leaves out, version, owner, source.

        Raises:
            UnknownMetricError: Neither a metric nor an analysis.
        """
        return self.metrics[name] if name in self.metrics else explained(name)

    @property
    def analyses(self) -> Mapping[str, Analysis]:
        """Every analysis by name; `ws.answers.analyse` computes one, and the methods here those most asked for."""
        return analyses()

    @property
    def metrics(self) -> Catalogue:
        """Every metric: formula, unit, what it leaves out. Completes in a notebook: `ws.metrics.net_sales`."""
        return self._catalogue

    def with_metrics(self, *metrics: Metric) -> Workspace:
        """Return the workspace with further metrics, for this session: on the same warehouse and memory.

        Raises:
            MetricError: A name is taken already.
        """
        seen = copy(self)
        seen._catalogue = self._catalogue.with_metrics(*metrics)
        seen.__dict__["answers"] = self.answers.with_catalogue(seen._catalogue)
        return seen

    def where_used(self, name: str) -> list[str]:
        """Return what names a metric or an analysis: metrics computed from it, reports, dashboards, guides.

        Raises:
            UnknownMetricError: Neither a metric nor an analysis.
        """
        self.explain(name)
        built = [f"metric {metric.name}" for metric in self.metrics.built_on(name)] if name in self.metrics else []
        return [*built, *named_in(self.project, name)]

    def values(self, dimension: str) -> list[str]:
        """Return the known values of a dimension, in order."""
        return self.answers.values(dimension)

    @cached_property
    def shop(self) -> Shop:
        """The shop's name, currency and time zone.

        Raises:
            EmptyWarehouse: Nothing has been loaded.
        """
        rows = self.warehouse.arrow("SELECT name, currency, time_zone FROM shop").to_pylist()
        if not rows:
            raise EmptyWarehouse("Nothing has been loaded yet. Start with: ecombi load")
        return Shop(**rows[0])

    @property
    def coverage(self) -> Period:
        """The days the ledger covers, from its first event to its last.

        Raises:
            EmptyWarehouse: Nothing has been loaded.
        """
        return self.answers.coverage()

    @property
    def snapshot(self) -> Snapshot | None:
        """The published state that figures come from now; None before the first load."""
        return self.warehouse.snapshot()

    # Rows

    def ledger(self, *, by: Sequence[str] = ("kind",), where: Sequence[str] = ()) -> list[dict[str, object]]:
        """Tie the ledger out: rows, quantity, exact amount, customers and orders per group.

        Args:
            by: Columns of the ledger, or a grain of its event date.
            where: Conditions such as "qty>0", "customer_id known", "order_id not-starts C".

        Raises:
            ConfigurationError: An unknown column or condition.
            AccessDenied: The identity may not see every row.
            EmptyWarehouse: Nothing has been loaded.
        """
        self._whole("the ledger's rows")
        from ecombi.etl.totals import ledger_totals

        return ledger_totals(self.warehouse, by=by, where=where)

    @property
    def quarantine(self) -> Quarantine:
        """The rows that were held back.

        Raises:
            AccessDenied: The identity may not see every row.
        """
        self._whole("the rows that were held back")
        return Quarantine(self.warehouse, self.loading)

    @property
    def loading(self) -> Loading:
        """Loading data into the shop.

        Raises:
            AccessDenied: The identity may not see every row.
        """
        self._whole("what was loaded")
        return Loading(self.path, self.project, self.warehouse)

    def _whole(self, what: str) -> None:
        if not self.identity.unlimited:
            raise AccessDenied(
                f"{self.identity.name} may see {self.identity.words}: not {what}, which cannot be divided that way."
            )

    def __repr__(self) -> str:
        return f"Workspace({str(self.path)!r}, warehouse={self.warehouse.safe_url!r})"

    def _repr_html_(self) -> str:
        snapshot = self.snapshot
        if snapshot is None:
            said = "Nothing has been loaded yet. Start with <code>ecombi load</code>."
        else:
            shop = f"{html.escape(self.shop.name)}, {self.shop.currency}, {self.shop.time_zone}"
            said = f"{shop}; {self.coverage}; snapshot {snapshot.number}"
        return f"<p><b>ecombi workspace</b> <code>{html.escape(str(self.path))}</code><br>{said}</p>"
