"""The BG/NBD model: how often customers order while they are customers, and whether they still are.

Fader, Hardie & Lee 2005, "Counting Your Customers" the Easy Way, Marketing Science 24(2): orders of a customer come at
a rate λ ~ Gamma(r, α) per week, and after each one the customer leaves with probability p ~ Beta(a, b).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import gammaln, hyp2f1, psi

from ecombi.errors import ModelError

Floats = npt.NDArray[np.float64]

_BOUND = 12.0
"""Logarithms of the parameters stay within this, so that no exponential overflows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BgNbd:
    """A fitted model. Time is in weeks.

    Attributes:
        r: Shape of the order rates.
        alpha: Scale of the order rates, weeks: r ÷ alpha orders a week on average.
        a: First parameter of the leaving probabilities.
        b: Second parameter: a ÷ (a + b) leave after an order on average.
        log_likelihood: Of the history it was fitted to.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float

    def expected_purchases(self, x: Floats, t_x: Floats, age: Floats, weeks: float) -> Floats:
        """Return the orders each customer is expected to place in the weeks after the history, eq. 10.

        Euler's transformation of the hypergeometric function keeps its arguments small where there are many orders.
        """
        # At a = 1 the formula is 0 ÷ 0; next to it, it is right to nine digits.
        a = self.a if abs(self.a - 1) > 1e-7 else 1 + 1e-7
        z = weeks / (self.alpha + age + weeks)
        total = a + self.b + x - 1
        grown = 1 - (1 - z) ** (a - 1) * hyp2f1(a + self.b - 1 - self.r, a - 1, total, z)
        expected: Floats = total / (a - 1) * grown * self.alive(x, t_x, age)
        return np.maximum(expected, 0.0)

    def alive(self, x: Floats, t_x: Floats, age: Floats) -> Floats:
        """Return the probability that each customer has not left; 1 for who never came back, by the model."""
        stays = (self.r + x) * np.log((self.alpha + age) / (self.alpha + t_x))
        with np.errstate(over="ignore"):
            left = np.where(x > 0, self.a / (self.b + np.maximum(x, 1) - 1) * np.exp(stays), 0.0)
        found: Floats = 1 / (1 + left)
        return found

    def no_purchase(self, x: Floats, t_x: Floats, age: Floats, weeks: float) -> Floats:
        """Return the probability of no order in the weeks after the history.

        A customer who has not left has, by the likelihood of eq. 3, a rate λ ~ Gamma(r + x, α + T), and places no order
        in t weeks with probability E[exp(−λt)] = ((α + T) ÷ (α + T + t))^(r + x).
        """
        silent = ((self.alpha + age) / (self.alpha + age + weeks)) ** (self.r + x)
        found: Floats = 1 - self.alive(x, t_x, age) * (1 - silent)
        return found


def fit(x: Floats, t_x: Floats, age: Floats, weights: Floats) -> BgNbd:
    """Fit the four parameters by maximum likelihood.

    Args:
        x: Repeat purchases.
        t_x: Weeks from the first to the last purchase; 0 where x is 0.
        age: Weeks from the first purchase to the end of the history.
        weights: Customers with that history.

    Raises:
        ModelError: The search found no best parameters.
    """
    found = minimize(
        _loss, np.zeros(4), args=(x, t_x, age, weights), jac=True, method="L-BFGS-B", bounds=[(-_BOUND, _BOUND)] * 4
    )
    if not found.success:
        raise ModelError(f"The order model could not be fitted: {found.message}. Try a longer history.")
    r, alpha, a, b = (float(value) for value in np.exp(found.x))
    return BgNbd(r=r, alpha=alpha, a=a, b=b, log_likelihood=-float(found.fun) * float(weights.sum()))


def _loss(logs: Floats, x: Floats, t_x: Floats, age: Floats, weights: Floats) -> tuple[float, Floats]:
    """Return minus the mean log-likelihood (eq. 6) and its gradient, in the logarithms of the parameters."""
    r, alpha, a, b = np.exp(logs)
    again, late = x > 0, np.maximum(x, 1) - 1
    stays = -(r + x) * np.log(alpha + age)
    leaves = np.where(again, np.log(a) - np.log(b + late) - (r + x) * np.log(alpha + t_x), -np.inf)
    both = np.logaddexp(stays, leaves)
    stay, leave = np.exp(stays - both), np.exp(leaves - both)
    log_likelihood = (
        gammaln(r + x)
        - gammaln(r)
        + r * np.log(alpha)
        + gammaln(a + b)
        + gammaln(b + x)
        - gammaln(b)
        - gammaln(a + b + x)
        + both
    )
    slopes = np.stack(
        [
            psi(r + x) - psi(r) + np.log(alpha) - stay * np.log(alpha + age) - leave * np.log(alpha + t_x),
            r / alpha - (r + x) * (stay / (alpha + age) + leave / (alpha + t_x)),
            psi(a + b) - psi(a + b + x) + leave / a,
            psi(a + b) + psi(b + x) - psi(b) - psi(a + b + x) - leave * again / (b + late),
        ]
    )
    total = weights.sum()
    return -float(weights @ log_likelihood) / total, -(slopes @ weights) / total * np.exp(logs)
