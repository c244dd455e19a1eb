"""Predicting what customers will do: lifetime value, churn risk, and how far such predictions can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecombi.customers import bgnbd, gamma_gamma
from ecombi.customers.bgnbd import BgNbd, Floats
from ecombi.customers.gamma_gamma import GammaGamma
from ecombi.errors import NotEnoughHistoryError

Worth = Literal["margin", "net_sales"]
"""What a purchase is worth."""

FEWEST_REPEATERS: Final = 50
"""Customers with a second purchase day that a fit needs at least."""

_STEP_DAYS: Final = 30
_DAYS_PER_WEEK: Final = 7.0
_DAYS_PER_YEAR: Final = 365.0


@dataclass(frozen=True, kw_only=True)
class _Counts:
    """Histories that occur, each once: weeks, and which customer has which."""

    x: Floats
    t_x: Floats
    age: Floats
    customers: Floats
    of_customer: npt.NDArray[np.intp]

    @classmethod
    def of(cls, history: pd.DataFrame) -> _Counts:
        grouped = history.groupby(["frequency", "recency_days", "age_days"])
        counts = grouped.size()
        x, recency_days, age_days = (counts.index.get_level_values(n).to_numpy(dtype="float64") for n in range(3))
        return cls(
            x=x,
            t_x=recency_days / _DAYS_PER_WEEK,
            age=age_days / _DAYS_PER_WEEK,
            customers=counts.to_numpy().astype("float64"),
            of_customer=grouped.ngroup().to_numpy().astype("intp"),
        )


def fit_purchases(history: pd.DataFrame) -> BgNbd:
    """Fit how often customers order, to an answer of `PURCHASE_HISTORY`.

    Raises:
        NotEnoughHistoryError: Too few customers came back.
        ModelError: The search found no best parameters.
    """
    _enough(int((history["frequency"] > 0).sum()), "came back on another day")
    counts = _Counts.of(history)
    return bgnbd.fit(counts.x, counts.t_x, counts.age, counts.customers)


def fit_worth(history: pd.DataFrame, worth: Worth = "margin") -> GammaGamma:
    """Fit what a purchase is worth, to an answer of `PURCHASE_HISTORY`.

    Raises:
        NotEnoughHistoryError: Too few customers came back and brought something, or no cost is known.
        ModelError: The search found no best parameters.
    """
    frequency, values = _worth(history, worth)
    known = (frequency > 0) & (values > 0)
    if (frequency > 0).any() and history[f"{worth}_per_purchase"].isna().all():
        raise NotEnoughHistoryError(
            "No margin is known, because no product that customers came back for has a cost. Load costs, or ask for "
            "worth='net_sales'."
        )
    _enough(int(known.sum()), f"came back on another day with {worth.replace('_', ' ')} above 0")
    return gamma_gamma.fit(frequency[known], values[known])


def lifetime_values(
    history: pd.DataFrame, *, horizon_days: int, discount_rate: float, worth: Worth = "margin"
) -> pd.DataFrame:
    """Predict what each customer brings in the days after the history.

    The value is the sum over spans of 30 days of the orders expected in the span × what a purchase is expected to be
    worth ÷ (1 + discount_rate)^(years to the end of the span).

    Args:
        history: An answer of `PURCHASE_HISTORY`.
        horizon_days: How many days ahead.
        discount_rate: A year; 0.1 is 10%.
        worth: What a purchase is worth.

    Returns:
        One row per customer: customer_id, expected_purchases, expected_worth, lifetime_value (floats).
    """
    counts, model = _Counts.of(history), fit_purchases(history)
    spend = fit_worth(history, worth)
    ends = [*range(_STEP_DAYS, horizon_days, _STEP_DAYS), horizon_days]
    before = np.zeros_like(counts.x)
    discounted = np.zeros_like(counts.x)
    for end in ends:
        expected = model.expected_purchases(counts.x, counts.t_x, counts.age, end / _DAYS_PER_WEEK)
        discounted += (expected - before) / (1 + discount_rate) ** (end / _DAYS_PER_YEAR)
        before = expected
    expected_worth = spend.expected_value(*_worth(history, worth))
    return pd.DataFrame(
        {
            "customer_id": history["customer_id"].to_numpy(),
            "expected_purchases": before[counts.of_customer],
            "expected_worth": expected_worth,
            "lifetime_value": discounted[counts.of_customer] * expected_worth,
        }
    )


def churn_risks(history: pd.DataFrame, *, horizon_days: int) -> pd.DataFrame:
    """Predict how likely each customer is to place no order in the days after the history; see `BgNbd.no_purchase`.

    Returns:
        One row per customer: customer_id, alive (probability of not having left), churn_risk (of no order).
    """
    counts, model = _Counts.of(history), fit_purchases(history)
    alive = model.alive(counts.x, counts.t_x, counts.age)
    risk = model.no_purchase(counts.x, counts.t_x, counts.age, horizon_days / _DAYS_PER_WEEK)
    return pd.DataFrame(
        {
            "customer_id": history["customer_id"].to_numpy(),
            "alive": alive[counts.of_customer],
            "churn_risk": risk[counts.of_customer],
        }
    )


def reliability(predicted: pd.Series[float], happened: pd.Series[float], *, bins: int = 10) -> pd.DataFrame:
    """Hold predictions against what happened: where they can be trusted, both columns agree in every row.

    Args:
        predicted: One prediction per customer, for example churn_risk.
        happened: What came, in the same order: 0 or 1, or a number.
        bins: Groups of equal size by prediction; equal predictions share a group, the lower one.

    Returns:
        One row per group that has a customer, lowest predictions first: bin (from 1), customers, predicted and happened
        (means).
    """
    lower = predicted.rank(method="min").to_numpy() - 1
    group = np.floor(lower * bins / max(len(predicted), 1)).astype("int64") + 1
    frame = pd.DataFrame({"bin": group, "predicted": predicted.to_numpy(), "happened": happened.to_numpy()})
    grouped = frame.groupby("bin")
    means = grouped[["predicted", "happened"]].mean()
    means.insert(0, "customers", grouped.size())
    return means.reset_index()


def _worth(history: pd.DataFrame, worth: Worth) -> tuple[Floats, Floats]:
    """Return how many purchases each customer came back for, and what one was worth: 0 where that is not known."""
    values = history[f"{worth}_per_purchase"].to_numpy(dtype="float64")
    return history["frequency"].to_numpy(dtype="float64"), np.nan_to_num(values, nan=0.0)


def _enough(repeaters: int, what: str) -> None:
    if repeaters < FEWEST_REPEATERS:
        raise NotEnoughHistoryError(
            f"{repeaters} customers {what}, and a prediction needs at least {FEWEST_REPEATERS}. "
            "Take a later as_of, or load an older part of the shop's history."
        )
