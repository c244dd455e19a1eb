"""The order model and the spend model against their own definitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import check_grad
from scipy.stats import beta, gamma

from ecombi.customers import bgnbd, gamma_gamma
from ecombi.customers.bgnbd import BgNbd
from ecombi.customers.gamma_gamma import GammaGamma
from ecombi.customers.prediction import churn_risks, fit_worth, lifetime_values, reliability
from ecombi.errors import ModelError, NotEnoughHistoryError

MODEL = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426, log_likelihood=0.0)
SPEND = GammaGamma(p=6.25, q=3.74, v=15.44, correlation=0.0, log_likelihood=0.0)

histories = st.integers(0, 60).flatmap(
    lambda x: st.tuples(st.just(x), st.floats(0.2, 80) if x else st.just(0.0), st.floats(0, 80))
).map(lambda h: tuple(np.array([value], dtype="float64") for value in (h[0], h[1], h[1] + h[2])))  # fmt: skip


def _prior_mean(power: int, more: int) -> float:
    """Mean of p^more (1 − p)^power over the customers."""
    p = beta(MODEL.a, MODEL.b)
    return quad(lambda v: v**more * (1 - v) ** power * p.pdf(v), 0, 1)[0]


def _rates(x: int, weeks: float, *, silent: float = 0.0) -> float:
    """Mean of λ^x e^(−λ·weeks) (1 − e^(−λ·silent)), or without the last factor, over the customers."""
    rate = gamma(MODEL.r, scale=1 / MODEL.alpha)

    def value(v: float) -> float:
        return float(v**x * np.exp(-v * weeks) * (1 - np.exp(-v * silent) if silent else 1.0) * rate.pdf(v))

    return quad(value, 0, 0.2)[0] + quad(value, 0.2, np.inf)[0]


@pytest.mark.parametrize(("x", "t_x", "age"), [(0, 0.0, 38.86), (1, 1.71, 38.86), (2, 30.43, 38.86), (6, 20.0, 21.0)])
def test_probabilities_are_those_of_the_likelihood(x: int, t_x: float, age: float) -> None:
    # L = (1 − p)^x λ^x e^(−λT) + [x > 0] p (1 − p)^(x−1) λ^x e^(−λ t_x), the first term being that of who has not left.
    stayed = _prior_mean(x, 0) * _rates(x, age)
    left = _prior_mean(x - 1, 1) * _rates(x, t_x) if x else 0.0
    orders = _prior_mean(x, 0) * _rates(x, age, silent=13.0)
    one = tuple(np.array([value]) for value in (float(x), t_x, age))
    assert MODEL.alive(*one)[0] == pytest.approx(stayed / (stayed + left), rel=1e-5)
    assert MODEL.no_purchase(*one, 13.0)[0] == pytest.approx(1 - orders / (stayed + left), rel=1e-5)


def test_expected_purchases_are_those_of_the_likelihood() -> None:
    # Who has not left is expected to order (1 − e^(−λpt)) ÷ p times in t weeks; e^(−λpt) is, over their rates λ ~
    # Gamma(r + x, α + T), ((α + T) ÷ (α + T + pt))^(r + x) on average.
    x, t_x, age, weeks = 2, 30.43, 38.86, 39.0
    left = beta(MODEL.a, MODEL.b + x)

    def value(p: float) -> float:
        silent = ((MODEL.alpha + age) / (MODEL.alpha + age + p * weeks)) ** (MODEL.r + x)
        return float((1 - silent) / p * left.pdf(p))

    alone = quad(value, 0, 0.01)[0] + quad(value, 0.01, 1)[0]
    one = tuple(np.array([value]) for value in (float(x), t_x, age))
    assert MODEL.expected_purchases(*one, weeks)[0] == pytest.approx(alone * MODEL.alive(*one)[0], rel=1e-5)


def test_nothing_breaks_where_the_formula_divides_by_zero() -> None:
    one = (np.array([2.0]), np.array([30.43]), np.array([38.86]))
    near, at = (
        BgNbd(r=0.243, alpha=4.414, a=a, b=2.426, log_likelihood=0.0).expected_purchases(*one, 39.0)[0]
        for a in (1.0001, 1.0)
    )
    assert at == pytest.approx(near, rel=1e-3)


@given(history=histories, weeks=st.floats(0.1, 100), longer=st.floats(1.01, 3))
def test_more_time_means_more_orders(history: tuple[np.ndarray, ...], weeks: float, longer: float) -> None:
    soon, late = (MODEL.expected_purchases(*history, w)[0] for w in (weeks, weeks * longer))
    assert 0 < soon < late
    silent_soon, silent_late = (MODEL.no_purchase(*history, w)[0] for w in (weeks, weeks * longer))
    assert 0 < silent_late <= silent_soon <= 1
    # One order at least is no likelier than the number of orders says.
    assert 1 - silent_soon <= soon + 1e-12


@given(history=histories, waited=st.floats(0.1, 50))
def test_waiting_longer_is_no_good_sign(history: tuple[np.ndarray, ...], waited: float) -> None:
    x, t_x, age = history
    assert MODEL.no_purchase(x, t_x, age + waited, 13.0)[0] >= MODEL.no_purchase(x, t_x, age, 13.0)[0] - 1e-12


def _simulated(seed: int, customers: int) -> pd.DataFrame:
    """Histories of customers of the published model, day by day."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(MODEL.r, 1 / MODEL.alpha, customers)
    leave = rng.beta(MODEL.a, MODEL.b, customers)
    age = rng.integers(20 * 7, 40 * 7, customers)
    frequency = np.zeros(customers, dtype="int64")
    recency = np.zeros(customers, dtype="int64")
    for n in range(customers):
        at = 0.0
        while rng.random() > 0 and (at := at + rng.exponential(1 / rate[n])) * 7 < age[n]:
            frequency[n] += 1
            recency[n] = int(at * 7)
            if rng.random() < leave[n]:
                break
    scale = rng.gamma(SPEND.q, 1 / SPEND.v, customers)
    mean = rng.gamma(SPEND.p * np.maximum(frequency, 1), 1 / (scale * np.maximum(frequency, 1)))
    return pd.DataFrame(
        {
            "customer_id": [f"c{n:05d}" for n in range(customers)],
            "frequency": frequency,
            "recency_days": recency,
            "age_days": age,
            "net_sales_per_purchase": np.where(frequency > 0, mean, np.nan),
            "margin_per_purchase": np.nan,
        }
    )


def test_gradients_are_the_slopes() -> None:
    history = _simulated(3, 200)
    x, t_x, age = (history[name].to_numpy(dtype="float64") for name in ("frequency", "recency_days", "age_days"))
    ones = np.ones_like(x)

    def gap(loss: object, at: list[float], *args: object) -> float:
        assert callable(loss)
        return check_grad(lambda v: loss(v, *args)[0], lambda v: loss(v, *args)[1], np.array(at))

    assert gap(bgnbd._loss, [-1.4, 1.5, -0.2, 0.9], x, t_x / 7, age / 7, ones) < 1e-5
    again = x > 0
    worth = history["net_sales_per_purchase"].to_numpy()[again]
    assert gap(gamma_gamma._loss, [1.8, 1.3, 2.7], x[again], worth) < 1e-5


def test_equal_histories_may_be_counted_instead_of_repeated() -> None:
    x, t_x, age = np.array([0.0, 2.0, 1.0]), np.array([0.0, 9.0, 4.0]), np.array([20.0, 11.0, 30.0])
    weights = np.array([5.0, 3.0, 2.0])
    times = weights.astype("int64")
    counted = bgnbd._loss(np.zeros(4), x, t_x, age, weights)
    repeated = bgnbd._loss(np.zeros(4), np.repeat(x, times), np.repeat(t_x, times), np.repeat(age, times), np.ones(10))
    assert counted[0] == pytest.approx(repeated[0], rel=1e-12)
    assert counted[1] == pytest.approx(repeated[1], rel=1e-9)


def test_a_simulated_shop_gives_its_parameters_back() -> None:
    history = _simulated(1, 8000)
    x, t_x, age = (history[name].to_numpy(dtype="float64") for name in ("frequency", "recency_days", "age_days"))
    model = bgnbd.fit(x, t_x / 7, age / 7, np.ones_like(x))
    assert model.r / model.alpha == pytest.approx(MODEL.r / MODEL.alpha, rel=0.1)
    assert model.a / (model.a + model.b) == pytest.approx(MODEL.a / (MODEL.a + MODEL.b), rel=0.15)
    assert fit_worth(history, "net_sales").mean == pytest.approx(SPEND.mean, rel=0.05)


def test_a_customers_worth_lies_between_their_own_mean_and_that_of_all() -> None:
    x, own = np.array([1.0, 10.0, 0.0, 3.0]), np.array([100.0, 100.0, 0.0, -5.0])
    found = SPEND.expected_value(x, own)
    # By hand: 6.25 × (15.44 + 100) ÷ (6.25 + 2.74) = 80.26; × (15.44 + 1000) ÷ (62.5 + 2.74) = 97.28.
    assert found == pytest.approx([80.26, 97.28, SPEND.mean, SPEND.mean], abs=0.01)
    assert SPEND.mean == pytest.approx(6.25 * 15.44 / 2.74)


def test_the_currency_does_not_matter() -> None:
    history = _simulated(2, 2000)
    cents = history.assign(net_sales_per_purchase=history["net_sales_per_purchase"] * 100)
    one, hundred = fit_worth(history, "net_sales"), fit_worth(cents, "net_sales")
    assert hundred.mean == pytest.approx(100 * one.mean, rel=1e-3)
    assert hundred.p == pytest.approx(one.p, rel=1e-2)


def test_predictions_keep_the_customers_in_place() -> None:
    history = _simulated(4, 500)
    turned = history.iloc[::-1].reset_index(drop=True)
    for predict in (
        lambda h: churn_risks(h, horizon_days=90).set_index("customer_id"),
        lambda h: lifetime_values(h, horizon_days=90, discount_rate=0.1, worth="net_sales").set_index("customer_id"),
    ):
        there, back = predict(history), predict(turned)
        pd.testing.assert_frame_equal(there, back.loc[there.index], rtol=1e-9)


def test_unknown_costs_are_named() -> None:
    with pytest.raises(NotEnoughHistoryError, match=r"No margin is known.*Load costs, or ask for worth='net_sales'"):
        fit_worth(_simulated(5, 500), "margin")


def test_spend_without_a_mean_is_named() -> None:
    # A customer's mean is v ÷ scale, and a scale near 0 is common where q is 0.4.
    rng = np.random.default_rng(6)
    x = np.full(3000, 20.0)
    worth = rng.gamma(6.0 * x, 1 / (rng.gamma(0.4, 1, x.size) * x))
    with pytest.raises(ModelError, match=r"Spend differs so much between customers"):
        gamma_gamma.fit(x, worth)


def test_reliability_by_hand() -> None:
    predicted = pd.Series([0.9, 0.1, 0.5, 0.1, 0.7])
    happened = pd.Series([1.0, 0.0, 1.0, 1.0, 1.0])
    found = reliability(predicted, happened, bins=2)
    # Two share 0.1, so 0, 0 and 2 lie below the first three: 1 + floor(2 × 2 ÷ 5) = 1.
    assert found.to_dict("list") == {
        "bin": [1, 2],
        "customers": [3, 2],
        "predicted": [pytest.approx(0.7 / 3), pytest.approx(0.8)],
        "happened": [pytest.approx(2 / 3), 1.0],
    }
