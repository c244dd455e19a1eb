"""What notebooks ask about the inventory, one method per question."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol

from ecombi.errors import MetricError
from ecombi.inventory.classes import CELLS, CLASSES, WEEKS
from ecombi.inventory.concentration import A_UP_TO, B_UP_TO, check_thresholds
from ecombi.inventory.demand import DEMAND, WINDOW_DAYS
from ecombi.inventory.history import PRODUCT_DAYS, PURCHASE_RECEIPTS
from ecombi.inventory.late_lines import LATE_LINES
from ecombi.inventory.lateness import metrics as metrics_of_lateness
from ecombi.inventory.positions import STOCK_DAY
from ecombi.inventory.receipts import RECEIPTS
from ecombi.inventory.reorder import REORDER
from ecombi.inventory.safety import z_of
from ecombi.inventory.suppliers import SUPPLIERS
from ecombi.metrics.analysis import Analysis
from ecombi.metrics.definitions import Metric
from ecombi.schema.periods import parse_day

if TYPE_CHECKING:
    from ecombi.inventory.advice import ReplayAdvice
    from ecombi.metrics.result import AnalysisResult

Day = str | date
Value = date | int | float | str
Option = int | float | str | bool
Basis = Literal["requested", "first_confirmed", "last_confirmed"]


class Analyse(Protocol):
    """Computes an analysis on a warehouse."""

    def __call__(
        self,
        analysis: Analysis,
        *,
        values: Mapping[str, Value],
        options: Mapping[str, Option],
        as_of: datetime | None = None,
    ) -> AnalysisResult:
        """Answer with these bound values and options, from what had been loaded by `as_of`."""


class Inventory:
    """Questions about stock, demand and suppliers.

    Every method takes `until`, the first day that does not count, and `known_by`, aware: it answers from what had been
    loaded by then, not from all that is known now.

    Args:
        analyse: Computes an analysis.
    """

    def __init__(self, analyse: Analyse) -> None:
        self._analyse = analyse

    def reorder(
        self,
        until: Day | None = None,
        *,
        service_level: float = 0.95,
        review_days: int = 7,
        cover_days: int = 30,
        window_days: int = WINDOW_DAYS,
        receipts: int = RECEIPTS,
        known_by: datetime | None = None,
    ) -> AnalysisResult:
        """Say what to order now.

        Args:
            until: See the class; None: the day after the last recorded evening.
            service_level: Share of replenishment cycles without a stock-out, more than 0 and less than 1.
            review_days: Days between two looks at the stock; 0 where it is looked at all the time.
            cover_days: Days of demand an order is meant to last beyond lead time and review.
            window_days: Days demand is measured over.
            receipts: How many of a supplier's last deliveries its lead time is taken from.
            known_by: See the class.

        Returns:
            One row per product with stock; see `reorder.REORDER`.

        Raises:
            MetricError: An argument is out of range.
            PeriodError: until is not a day.
        """
        _at_least("review_days", review_days, 0)
        _at_least("cover_days", cover_days, 0)
        _at_least("window_days", window_days, 2)
        _at_least("receipts", receipts, 2)
        kept = until is None and known_by is None and (window_days, receipts) == (WINDOW_DAYS, RECEIPTS)
        values: dict[str, Value] = {
            "until": date.max if kept else self._end(until, known_by),
            "z": z_of(service_level),
            "review_days": review_days,
            "cover_days": cover_days,
        }
        options = {"window_days": window_days, "receipts": receipts, "kept": kept}
        return self._analyse(REORDER, values=values, options=options, as_of=known_by)

    def demand(
        self, until: Day | None = None, *, window_days: int = WINDOW_DAYS, known_by: datetime | None = None
    ) -> AnalysisResult:
        """Measure the demand of each product on a day, days without stock left out.

        Args:
            until: See the class; None: the first day that is not final.
            window_days: Days before it that demand is measured over.
            known_by: See the class.

        Returns:
            One row per product with a sale or recorded stock; see `demand.DEMAND`.

        Raises:
            MetricError: window_days is out of range.
            PeriodError: until is not a day.
        """
        _at_least("window_days", window_days, 2)
        return self._analyse(
            DEMAND, values={"until": _day(until)}, options={"window_days": window_days}, as_of=known_by
        )

    def classes(
        self,
        until: Day | None = None,
        *,
        by: Literal["net_sales", "margin"] = "net_sales",
        weeks: int = WEEKS,
        a_up_to: float = float(A_UP_TO),
        b_up_to: float = float(B_UP_TO),
        x_up_to: float = 0.5,
        y_up_to: float = 1.0,
        known_by: datetime | None = None,
    ) -> AnalysisResult:
        """Class each product by what it brings (ABC) and by how evenly it sells (XYZ).

        Args:
            until: See the class; None: the first day that is not final.
            by: What a product brings: its net sales, or its margin.
            weeks: Weeks before `until` that are looked at.
            a_up_to: Share of the whole that class A reaches.
            b_up_to: Share of the whole that classes A and B reach.
            x_up_to: Largest coefficient of variation of the weekly units in class X.
            y_up_to: The largest in class Y.
            known_by: See the class.

        Returns:
            One row per product; see `classes.CLASSES`. `class_cells` sums them up.

        Raises:
            MetricError: An argument is out of range.
            PeriodError: until is not a day.
        """
        given = (_day(until), by, weeks, a_up_to, b_up_to, x_up_to, y_up_to)
        return self._classed(CLASSES, *given, known_by)

    def class_cells(
        self,
        until: Day | None = None,
        *,
        by: Literal["net_sales", "margin"] = "net_sales",
        weeks: int = WEEKS,
        a_up_to: float = float(A_UP_TO),
        b_up_to: float = float(B_UP_TO),
        x_up_to: float = 0.5,
        y_up_to: float = 1.0,
        known_by: datetime | None = None,
    ) -> AnalysisResult:
        """Count products, net sales and stock in each of the nine classes; arguments as of `classes`."""
        given = (_day(until), by, weeks, a_up_to, b_up_to, x_up_to, y_up_to)
        return self._classed(CELLS, *given, known_by)

    def suppliers(
        self,
        until: Day | None = None,
        *,
        basis: Basis,
        days: Literal["calendar", "working"] = "calendar",
        window_days: int = 364,
        known_by: datetime | None = None,
    ) -> AnalysisResult:
        """Measure how long suppliers take, how reliable they are, and what they cost.

        Args:
            until: See the class; None: the first day that is not final.
            basis: The day deliveries are held to: "requested", "first_confirmed" or "last_confirmed".
            days: What lead times are counted in: "calendar" days, or "working" days from Monday to Friday.
            window_days: Days before `until` that are looked at.
            known_by: See the class.

        Returns:
            One row per supplier; see `suppliers.SUPPLIERS`.

        Raises:
            MetricError: An unknown basis or kind of day.
            PeriodError: until is not a day.
        """
        _at_least("window_days", window_days, 1)
        options = {"basis": basis, "days": days, "window_days": window_days}
        return self._analyse(SUPPLIERS, values={"until": _day(until)}, options=options, as_of=known_by)

    def late_lines(
        self, until: Day | None = None, *, basis: Basis, window_days: int = 364, known_by: datetime | None = None
    ) -> AnalysisResult:
        """List the purchase order lines that came late, and the evenings their product was out of stock meanwhile.

        Args:
            until: See the class; None: the first day that is not final.
            basis: The day deliveries are held to, as for `suppliers`.
            window_days: Days before `until` on which they were due.
            known_by: See the class.

        Returns:
            One row per line; see `late_lines.LATE_LINES`.

        Raises:
            MetricError: An unknown basis.
            PeriodError: until is not a day.
        """
        _at_least("window_days", window_days, 1)
        options = {"basis": basis, "window_days": window_days}
        return self._analyse(LATE_LINES, values={"until": _day(until)}, options=options, as_of=known_by)

    def lateness(self, basis: Basis) -> tuple[Metric, ...]:
        """Return the metrics late_lines, late_amount, days_late and supplier_fill_rate on a basis.

        They are for a session: `ws = ws.with_metrics(*ws.inventory.lateness("requested"))`.

        Args:
            basis: The day deliveries are held to, as for `suppliers`.
        """
        return metrics_of_lateness(basis)

    def replay(
        self,
        until: Day | None = None,
        *,
        days: int = 180,
        service_level: float = 0.95,
        review_days: int = 7,
        cover_days: int = 30,
        window_days: int = WINDOW_DAYS,
        estimate: Literal["expected", "poisson"] = "expected",
        unmet: Literal["lost", "waits"] = "lost",
        seed: int = 0,
        known_by: datetime | None = None,
    ) -> ReplayAdvice:
        """Replay history under a reorder rule: what it would have done, beside what happened.

        Args:
            until: See the class; None: the day after the last recorded evening.
            days: Days to replay, fewer where less is recorded; demand is measured from `window_days` before them.
            service_level: As for `reorder`.
            review_days: As for `reorder`, at least 1.
            cover_days: As for `reorder`.
            window_days: As for `reorder`.
            estimate: Demand of days that nobody saw it on: the "expected" one of days with stock, or "poisson" draws.
            unmet: What becomes of demand that finds nothing: it is "lost", or "waits" for the next delivery.
            seed: Of the draws: the same seed gives the same advice.
            known_by: See the class.

        Returns:
            Both in figures, and a sentence that says them.

        Raises:
            MetricError: An argument is out of range, or there is nothing to replay.
            PeriodError: until is not a day.
        """
        from ecombi.inventory.advice import advise
        from ecombi.inventory.rules import ReorderRule

        _at_least("days", days, 1)
        rule = ReorderRule(
            service_level=service_level, review_days=review_days, cover_days=cover_days, window_days=window_days
        )
        values: dict[str, Value] = {"until": self._end(until, known_by)}
        past = self._analyse(PRODUCT_DAYS, values=values, options={"window_days": window_days + days}, as_of=known_by)
        lines = self._analyse(PURCHASE_RECEIPTS, values=values, options={}, as_of=known_by)
        return advise(past, lines, rule, estimate=estimate, unmet=unmet, seed=seed)

    def _end(self, until: Day | None, known_by: datetime | None) -> date:
        """Return the day asked for, or the one after the last recorded evening."""
        if until is not None:
            return parse_day(until)
        last = self._analyse(STOCK_DAY, values={}, options={}, as_of=known_by)["last_evening"].iloc[0]
        return parse_day(last) + timedelta(days=1) if isinstance(last, date) else date.max

    def _classed(
        self,
        analysis: Analysis,
        until: date,
        by: str,
        weeks: int,
        a_up_to: float,
        b_up_to: float,
        x_up_to: float,
        y_up_to: float,
        known_by: datetime | None,
    ) -> AnalysisResult:
        _at_least("weeks", weeks, 2)
        check_thresholds(a_up_to, b_up_to)
        if not 0 <= x_up_to <= y_up_to:
            raise MetricError(
                f"Class X up to {x_up_to} and Y up to {y_up_to} make no classes. Use coefficients of variation in "
                "rising order, for example 0.5 and 1.0."
            )
        values: dict[str, Value] = {
            "until": until,
            "a_up_to": a_up_to,
            "b_up_to": b_up_to,
            "x_up_to": x_up_to,
            "y_up_to": y_up_to,
        }
        return self._analyse(analysis, values=values, options={"weeks": weeks, "by": by}, as_of=known_by)


def _day(until: Day | None) -> date:
    """Return the day asked for; the last there is where none is: the first day that is not final comes before it."""
    return date.max if until is None else parse_day(until)


def _at_least(what: str, value: int, lowest: int) -> None:
    if value < lowest:
        raise MetricError(f"{what} is {value}. Give a whole number of {lowest} or more.")
