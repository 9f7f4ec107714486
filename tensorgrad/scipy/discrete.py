"""Discrete distributions: a table of the scores in their parameters, see univariate.py. k has no derivative."""

from __future__ import annotations

import numpy as np

from ..special import digamma
from ..special.ufuncs import ratio
from .moves import beta_move
from .univariate import Discrete, Shape

# fmt: off

WHOLE = Shape(None)  # how many trials there are

# F(k) is an incomplete gamma or beta function (8.17.24), whose derivative is its density: a multiple of that of k
poisson = Discrete("poisson",
    Shape(lambda k, mu: ratio(k, mu) - 1,
          lambda k, mu: np.ones(np.shape(k))))
bernoulli = Discrete("bernoulli",
    Shape(lambda k, p: ratio(k, p) - ratio(1 - k, 1 - p),
          lambda k, p: ratio(1 - k, 1 - p)))
binom = Discrete("binom", WHOLE,
    Shape(lambda k, n, p: ratio(k, p) - ratio(n - k, 1 - p),
          lambda k, n, p: ratio(n - k, 1 - p)))
geom = Discrete("geom",
    Shape(lambda k, p: 1 / p - ratio(k - 1, 1 - p),
          lambda k, p: -k / p))
nbinom = Discrete("nbinom",
    Shape(lambda k, n, p: digamma(k + n) - digamma(n) + np.log(p),
          lambda k, n, p: (n + k) / p * beta_move(0, p, n, k + 1)),
    Shape(lambda k, n, p: n / p - ratio(k, 1 - p),
          lambda k, n, p: -(n + k) / p))
betabinom = Discrete("betabinom", WHOLE,
    Shape(lambda k, n, a, b: digamma(k + a) - digamma(n + a + b) - digamma(a) + digamma(a + b)),
    Shape(lambda k, n, a, b: digamma(n - k + b) - digamma(n + a + b) - digamma(b) + digamma(a + b)))
