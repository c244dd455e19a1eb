"""What notebooks ask about customers, one method per question."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, Protocol

from ecombi.customers.baskets import BASKET_PAIRS
from ecombi.customers.cohorts import COHORTS, CUTS
from ecombi.customers.intervals import INTERVALS
from ecombi.customers.journeys import JOURNEYS, MOST_STEPS, TRANSITIONS
from ecombi.customers.lifetime import CUSTOMER_VALUE, PURCHASE_HISTORY, PURCHASES_AFTER
from ecombi.customers.next_products import NEXT_PRODUCTS
from ecombi.customers.rfm import FIFTHS, RFM, SEGMENT_SUMMARY
from ecombi.errors import MetricError, NotEnoughHistoryError, did_you_mean
from ecombi.metrics.analysis import Analysis
from ecombi.schema.periods import Period, parse_day

if TYPE_CHECKING:
    import pandas as pd

    from ecombi.customers.bgnbd import BgNbd
    from ecombi.customers.gamma_gamma import GammaGamma
    from ecombi.customers.prediction import Worth
    from ecombi.metrics.result import AnalysisResult

Day = str | date
Value = date | int | float | str
Option = int | float | str | bool
By = Literal["product", "category"]
Touch = Literal["orders", "sessions"]
Step = Literal["channel", "traffic_source"]

_EVER: Final = Period(date.min, date.max)


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


class Customers:
    """Questions about customers. Orders of guests count for nobody.

    Every method takes `known_by`, aware: it answers from what had been loaded by then, not from all that is known now.

    Args:
        analyse: Computes an analysis.
    """

    def __init__(self, analyse: Analyse) -> None:
        self._analyse = analyse

    # Who they are

    def rfm(
        self,
        as_of: Day | None = None,
        *,
        bins: int = FIFTHS,
        top: int | None = None,
        known_by: datetime | None = None,
    ) -> AnalysisResult:
        """Score every customer by recency, frequency and monetary value.

        Args:
            as_of: Orders on or after this day are ignored; None: the day after the last order of the shop.
            bins: Number of scores, 2 to 10; the highest is best.
            top: Only so many customers, those of the greatest monetary value; None: all of them.
            known_by: See the class.

        Returns:
            One row per customer; see `rfm.RFM`. Ties share the lower score.

        Raises:
            MetricError: bins or top is out of range.
            PeriodError: as_of is not a day.
        """
        if top is not None and top < 1:
            raise MetricError(f"top is {top}. Ask for at least one customer, or leave it out for all.")
        return self._scored(RFM, as_of, bins, known_by, top=top or 0)

    def segments(self, as_of: Day | None = None, *, known_by: datetime | None = None) -> AnalysisResult:
        """Count the customers of each segment and what they are worth; arguments as of `rfm`."""
        return self._scored(SEGMENT_SUMMARY, as_of, FIFTHS, known_by)

    def customer_value(self, *, known_by: datetime | None = None) -> AnalysisResult:
        """Add up what each customer has brought: margin, the historic lifetime value, and net sales."""
        return self._analyse(CUSTOMER_VALUE, values={}, options={}, as_of=known_by)

    # Whether they come back

    def cohorts(
        self,
        *,
        grain: Literal["month", "quarter"] = "month",
        clock: Literal["calendar", "rolling"] = "calendar",
        where: Mapping[str, str | None] | None = None,
        known_by: datetime | None = None,
    ) -> AnalysisResult:
        """Follow the customers who first ordered in the same month; `cohorts.matrix` lays the answer out.

        Args:
            grain: What a cohort is: the month or the quarter of the first order.
            clock: What an age is: a calendar month or quarter, or 30 days on each customer's own clock.
            where: country, channel or traffic_source -> the value that counts; None stands for unknown.
            known_by: See the class.

        Returns:
            One row per cohort and age, from 0; no value where an age is not over for every customer of the cohort.

        Raises:
            MetricError: An unknown grain, clock or filter.
        """
        only = dict(where or {})
        for name in only:
            _one_of("A filter", name, CUTS)
        named = {name: value for name, value in only.items() if value is not None}
        modes = {f"{name}_is": "given" if name in named else "unknown" for name in only}
        options = {
            "grain": _one_of("grain", grain, ("month", "quarter")),
            "clock": _one_of("clock", clock, ("calendar", "rolling")),
            **modes,
        }
        return self._analyse(COHORTS, values=named, options=options, as_of=known_by)

    def intervals(
        self,
        *,
        by_order: bool = True,
        start: Day | None = None,
        end: Day | None = None,
        known_by: datetime | None = None,
    ) -> AnalysisResult:
        """Measure the days between one order and the next, by the number of the later one or all together."""
        values = _period(start, end)
        return self._analyse(INTERVALS, values=values, options={"by_order": by_order}, as_of=known_by)

    # What they buy

    def basket_pairs(
        self,
        *,
        min_support: float = 0.001,
        by: By = "product",
        start: Day | None = None,
        end: Day | None = None,
        known_by: datetime | None = None,
    ) -> AnalysisResult:
        """Find what is bought together: support, confidence and lift of each pair, both ways round.

        Args:
            min_support: The least share of orders a pair must be in; above 0 and up to 1.
            by: product or category.
            start: First day of the orders that count; None: the first there is.
            end: The day after the last one.
            known_by: See the class.

        Raises:
            MetricError: min_support is out of range, or by is neither of them.
            PeriodError: An impossible day or period.
        """
        if not 0 < min_support <= 1:
            raise MetricError(
                f"min_support is {min_support}. Give a share of orders above 0 and up to 1, for example 0.01."
            )
        values = {**_period(start, end), "min_support": float(min_support)}
        return self._analyse(BASKET_PAIRS, values=values, options=_by(by), as_of=known_by)

    def next_products(
        self,
        *,
        min_customers: int = 2,
        by: By = "product",
        start: Day | None = None,
        end: Day | None = None,
        known_by: datetime | None = None,
    ) -> AnalysisResult:
        """Find what customers buy second, given what they bought first; the days are those of the first order."""
        values = {**_period(start, end), "min_customers": int(min_customers)}
        return self._analyse(NEXT_PRODUCTS, values=values, options=_by(by), as_of=known_by)

    # How they come

    def journeys(
        self,
        *,
        of: Touch = "orders",
        by: Step = "channel",
        steps: int = 3,
        start: Day | None = None,
        end: Day | None = None,
        known_by: datetime | None = None,
    ) -> AnalysisResult:
        """Count the paths of the customers whose first order, or session, is in the period.

        Args:
            of: orders, or sessions of known customers.
            by: channel or traffic_source.
            steps: How many orders or sessions of each customer make the path, 1 to 10.
            start: First day; None: the first there is.
            end: The day after the last one.
            known_by: See the class.

        Raises:
            MetricError: steps is out of range, or of or by is unknown.
            PeriodError: An impossible day or period.
        """
        options = {**_touch(of, by), "steps": _between("steps", steps, 1, MOST_STEPS)}
        return self._analyse(JOURNEYS, values=_period(start, end), options=options, as_of=known_by)

    def transitions(
        self,
        *,
        of: Touch = "orders",
        by: Step = "channel",
        start: Day | None = None,
        end: Day | None = None,
        known_by: datetime | None = None,
    ) -> AnalysisResult:
        """Count which channel, or traffic source, follows which; the days are those of the later one."""
        return self._analyse(TRANSITIONS, values=_period(start, end), options=_touch(of, by), as_of=known_by)

    # What they will do

    def purchase_history(self, as_of: Day, *, known_by: datetime | None = None) -> AnalysisResult:
        """Return what predictions rest on: how often each customer had come back before `as_of`, and for how much."""
        return self._analyse(PURCHASE_HISTORY, values={"as_of": parse_day(as_of)}, options={}, as_of=known_by)

    def lifetime_value(
        self,
        as_of: Day,
        *,
        horizon_days: int = 365,
        discount_rate: float = 0.1,
        worth: Worth = "margin",
        known_by: datetime | None = None,
    ) -> pd.DataFrame:
        """Predict what each customer brings in the days from `as_of` on, from what had happened before.

        Args:
            as_of: The day the prediction is made for; nothing from it on counts.
            horizon_days: How many days ahead.
            discount_rate: A year; 0.1 is 10%.
            worth: margin or net_sales of a purchase.
            known_by: See the class.

        Returns:
            One row per customer: customer_id, expected_purchases, expected_worth, lifetime_value.

        Raises:
            MetricError: A horizon, discount rate or worth that cannot be.
            NotEnoughHistoryError: Too few customers had come back by then.
        """
        from ecombi.customers import prediction

        _one_of("worth", worth, ("margin", "net_sales"))
        _between("horizon_days", horizon_days, 1, 3650)
        if discount_rate <= -1:
            raise MetricError(f"discount_rate is {discount_rate}. Give a yearly rate above -1, for example 0.1.")
        return prediction.lifetime_values(
            self.purchase_history(as_of, known_by=known_by),
            horizon_days=horizon_days,
            discount_rate=discount_rate,
            worth=worth,
        )

    def churn_risk(self, as_of: Day, *, horizon_days: int = 90, known_by: datetime | None = None) -> pd.DataFrame:
        """Predict how likely each customer is to place no order in the days from `as_of` on.

        Returns:
            One row per customer: customer_id, alive, churn_risk.

        Raises:
            NotEnoughHistoryError: Too few customers had come back by then.
        """
        from ecombi.customers import prediction

        _between("horizon_days", horizon_days, 1, 3650)
        return prediction.churn_risks(self.purchase_history(as_of, known_by=known_by), horizon_days=horizon_days)

    def purchase_model(self, as_of: Day, *, known_by: datetime | None = None) -> BgNbd:
        """Fit how often customers order: the parameters behind `lifetime_value` and `churn_risk`.

        Raises:
            NotEnoughHistoryError: Too few customers had come back by then.
        """
        from ecombi.customers import prediction

        return prediction.fit_purchases(self.purchase_history(as_of, known_by=known_by))

    def worth_model(self, as_of: Day, *, worth: Worth = "margin", known_by: datetime | None = None) -> GammaGamma:
        """Fit what a purchase is worth; its `correlation` says how far worth goes with frequency, which it must not.

        Raises:
            NotEnoughHistoryError: Too few customers had come back by then, or no cost is known.
        """
        from ecombi.customers import prediction

        _one_of("worth", worth, ("margin", "net_sales"))
        return prediction.fit_worth(self.purchase_history(as_of, known_by=known_by), worth)

    def reliability(self, as_of: Day, *, horizon_days: int = 90, bins: int = 10) -> pd.DataFrame:
        """Hold the churn risks of a past day against what happened since, in groups of equal size by risk.

        Returns:
            One row per group: bin, customers, predicted and happened (mean risk, and share that placed no order).

        Raises:
            NotEnoughHistoryError: Too few customers had come back by then, or the horizon is not over.
        """
        from ecombi.customers import prediction

        day = parse_day(as_of)
        until = day + timedelta(days=_between("horizon_days", horizon_days, 1, 3650))
        after = self._analyse(PURCHASES_AFTER, values={"as_of": day, "until": until}, options={})
        if after["purchases"].isna().any():
            raise NotEnoughHistoryError(
                f"The {horizon_days} days from {day} are not all final yet. Take an earlier day or a shorter horizon."
            )
        risks = self.churn_risk(day, horizon_days=horizon_days)
        both = risks.merge(after, on="customer_id", validate="one_to_one")
        silent = (both["purchases"] == 0).astype("float64")
        return prediction.reliability(both["churn_risk"], silent, bins=_between("bins", bins, 2, 100))

    def _scored(
        self, analysis: Analysis, as_of: Day | None, bins: int, known_by: datetime | None, **more: Option
    ) -> AnalysisResult:
        _between("bins", bins, 2, 10)
        values: dict[str, Value] = {} if as_of is None else {"as_of": parse_day(as_of)}
        # Stored scores are those of all that is known now.
        day = "given" if values else "stored" if known_by is None else "last"
        return self._analyse(analysis, values=values, options={"bins": bins, "day": day, **more}, as_of=known_by)


def _period(start: Day | None, end: Day | None) -> dict[str, Value]:
    period = Period(
        _EVER.start if start is None else parse_day(start),
        _EVER.end if end is None else parse_day(end),
    )
    return {"start": period.start, "end": period.end}


def _by(by: str) -> dict[str, Option]:
    return {"by": _one_of("by", by, ("product", "category"))}


def _touch(of: str, by: str) -> dict[str, Option]:
    return {"of": _one_of("of", of, ("orders", "sessions")), "by": _one_of("by", by, ("channel", "traffic_source"))}


def _one_of(what: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise MetricError(f"{what} cannot be {value!r}. {did_you_mean(str(value), known)}")
    return value


def _between(what: str, value: int, lowest: int, highest: int) -> int:
    if not lowest <= value <= highest:
        raise MetricError(f"{what} is {value}. Give a whole number from {lowest} to {highest}.")
    return value
