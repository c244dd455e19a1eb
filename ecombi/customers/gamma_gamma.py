"""The gamma-gamma model: what a purchase of each customer is worth.

Fader & Hardie 2013, The Gamma-Gamma Model of Monetary Value: purchases of a customer vary around a mean of their own,
ν ~ Gamma(q, v) sets the scale of Gamma(p, ν) amounts. It takes worth and number of purchases for unrelated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import gammaln, psi

from ecombi.errors import ModelError

Floats = npt.NDArray[np.float64]

_BOUND = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GammaGamma:
    """A fitted model. Money is in the shop's currency.

    Attributes:
        p: Shape of the amounts.
        q: Shape of the customers' scales; above 1, so that there is a mean.
        v: Scale of the customers' scales, money.
        correlation: Of frequency and worth among the customers it was fitted to; the model takes it for 0.
        log_likelihood: Of the amounts it was fitted to.
    """

    p: float
    q: float
    v: float
    correlation: float
    log_likelihood: float

    @property
    def mean(self) -> float:
        """What a purchase is worth over all customers: p·v ÷ (q − 1)."""
        return self.p * self.v / (self.q - 1)

    def expected_value(self, x: Floats, worth: Floats) -> Floats:
        """Return what a purchase of each customer is expected to be worth.

        A customer's own mean is drawn towards that of all, the more the fewer purchases it rests on. The mean of all
        stands for who has not come back, and for who brought nothing or less, which the model has no place for.
        """
        known = (x > 0) & (worth > 0)
        x, worth = np.where(known, x, 0.0), np.where(known, worth, 0.0)
        found: Floats = self.p * (self.v + x * worth) / (self.p * x + self.q - 1)
        return found


def fit(x: Floats, worth: Floats) -> GammaGamma:
    """Fit the three parameters by maximum likelihood.

    Args:
        x: Purchases behind each mean, at least 1.
        worth: Mean worth of a customer's purchases, above 0.

    Raises:
        ModelError: The search found no best parameters, or such as give no mean.
    """
    scale = float(worth.mean())
    found = minimize(
        _loss, np.zeros(3), args=(x, worth / scale), jac=True, method="L-BFGS-B", bounds=[(-_BOUND, _BOUND)] * 3
    )
    if not found.success:
        raise ModelError(f"The spend model could not be fitted: {found.message}. Try a longer history.")
    p, q, v = (float(value) for value in np.exp(found.x))
    if q <= 1:
        raise ModelError(
            f"Spend differs so much between customers that it has no mean (q is {q:.3f}, and must be above 1). "
            "Leave out the few largest customers, or take a longer history."
        )
    spread = float(worth.std()) > 0 and float(x.std()) > 0
    return GammaGamma(
        p=p,
        q=q,
        v=v * scale,
        correlation=float(np.corrcoef(x, worth)[0, 1]) if spread else 0.0,
        log_likelihood=-float(found.fun) * len(x) - len(x) * float(np.log(scale)),
    )


def _loss(logs: Floats, x: Floats, worth: Floats) -> tuple[float, Floats]:
    """Return minus the mean log-likelihood (eq. 1a) and its gradient, in the logarithms of the parameters."""
    p, q, v = np.exp(logs)
    total = x * worth + v
    log_likelihood = (
        gammaln(p * x + q)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(v)
        + (p * x - 1) * np.log(worth)
        + p * x * np.log(x)
        - (p * x + q) * np.log(total)
    )
    slopes = np.stack(
        [
            x * (psi(p * x + q) - psi(p * x) + np.log(worth) + np.log(x) - np.log(total)),
            psi(p * x + q) - psi(q) + np.log(v) - np.log(total),
            q / v - (p * x + q) / total,
        ]
    )
    return -float(log_likelihood.mean()), -slopes.mean(axis=1) * np.exp(logs)
