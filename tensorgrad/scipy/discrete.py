"""Discrete distributions: a table of the scores in their parameters, see univariate.py. k has no derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..derivatives.formulas import by_name
from ..special import digamma
from .density_formulas import ones
from .quantile_grads import beta_quantile_grad
from .univariate import Discrete, Shape


def betabinom_a(k: Any, n: Any, a: Any, b: Any) -> Any:
    return digamma(k + a) - digamma(n + a + b) - digamma(a) + digamma(a + b)


def betabinom_b(k: Any, n: Any, a: Any, b: Any) -> Any:
    return betabinom_a(n - k, n, b, a)


def sum_of_tail(score: Callable, k: Any, n: Any, a: Any, b: Any) -> Any:
    """-(dF / dshape) / f as a sum over the shorter tail of betabinom, as the sum over both is 0."""
    steps = np.arange(np.max(n) + 1).reshape(-1, *(1,) * max(map(np.ndim, (k, n, a, b))))
    upper = k * (a + b) >= n * a
    places = np.where(upper, k + 1 + steps, k - steps)
    there = (places >= 0) & (places <= n)
    places = np.where(there, places, 0)
    f = np.exp(np.where(there, betabinom.logpmf(places, n, a, b) - betabinom.logpmf(k, n, a, b), -np.inf))
    return np.where(upper, 1, -1) * np.sum(f * score(places, n, a, b), axis=0)


@by_name(
    "the derivative of the distribution function by a, divided by the probability at k, as a sum over the shorter tail"
)
def sum_of_tail_a(k: Any, n: Any, a: Any, b: Any) -> Any:
    return sum_of_tail(betabinom_a, k, n, a, b)


@by_name(
    "the derivative of the distribution function by b, divided by the probability at k, as a sum over the shorter tail"
)
def sum_of_tail_b(k: Any, n: Any, a: Any, b: Any) -> Any:
    return sum_of_tail(betabinom_b, k, n, a, b)


# fmt: off

WHOLE = Shape(None)  # how many trials there are

# F(k) is an incomplete gamma or beta function (8.17.24), whose derivative is its density: a multiple of that of k
poisson = Discrete("poisson",
    Shape(lambda k, mu: k / mu - 1,
          lambda k, mu: ones(k), edges=(0,)))
bernoulli = Discrete("bernoulli",
    Shape(lambda k, p: k / p - (1 - k) / (1 - p),
          lambda k, p: (1 - k) / (1 - p), edges=(0, 1)))
binom = Discrete("binom", WHOLE,
    Shape(lambda k, n, p: k / p - (n - k) / (1 - p),
          lambda k, n, p: (n - k) / (1 - p), edges=(0, 1)))
geom = Discrete("geom",
    Shape(lambda k, p: 1 / p - (k - 1) / (1 - p),
          lambda k, p: -k / p, edges=(1,)))
nbinom = Discrete("nbinom",
    Shape(lambda k, n, p: digamma(k + n) - digamma(n) + np.log(p),
          lambda k, n, p: (n + k) / p * beta_quantile_grad(0, p, n, k + 1)),
    Shape(lambda k, n, p: n / p - k / (1 - p),
          lambda k, n, p: -(n + k) / p, edges=(1,)))
betabinom: Any = Discrete("betabinom", WHOLE,
    Shape(betabinom_a, sum_of_tail_a),
    Shape(betabinom_b, sum_of_tail_b))
