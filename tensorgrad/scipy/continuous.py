"""Continuous distributions: a table of the scores of their standard densities, see univariate.py.

The densities are SciPy's, whose reference gives each; special functions are numbered as in the NIST Digital Library of
Mathematical Functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..special import digamma, expit, i0e, i1e, log_ndtr, xlogy
from ..special.distributions import hazard
from .density_formulas import ones, zeros
from .quantile_grads import beta_quantile_grad, gamma_quantile_grad, t_quantile_grad, t_score, vonmises_quantile_grad
from .univariate import Continuous, Shape


def f_quantile_grad(which: int, z: Any, m: Any, n: Any) -> Any:
    """z = (n / m) w / (1 - w), where w has the beta distribution of m / 2 and n / 2."""
    w, rest = m * z / (m * z + n), n / (m * z + n)
    direct = -z / m if which == 0 else z / n
    return direct + 0.5 * n / (m * rest * rest) * beta_quantile_grad(which, w, m / 2, n / 2)


def skew(z: Any, a: Any) -> Any:
    """The derivative of log(ndtr(x)) at x = a z."""
    return hazard(a * z, log_ndtr(a * z))


def size_of(z: Any) -> Any:
    """|z|, but for 0 a small number: what it is used for is multiplied by 0 there, and must be finite."""
    return np.maximum(np.abs(z), 1e-30)


def gennorm_quantile_grad(z: Any, b: Any) -> Any:
    """|z|**b has the gamma distribution of 1 / b."""
    size = size_of(z)
    w = size**b
    return -z * (np.log(size) + gamma_quantile_grad(w, 1 / b) / (b * b * w)) / b


def log_invgauss_grad(z: Any, mu: Any) -> Any:
    """log(-dF / dmu), where F(z) = ndtr((z / mu - 1) / sqrt(z)) + exp(2 / mu) ndtr(-(z / mu + 1) / sqrt(z))."""
    return np.log(2 / mu**2) + 2 / mu + log_ndtr(-(z / mu + 1) / np.sqrt(z))


def squared_distance(z: Any, c: Any) -> Any:
    """|exp(i z) - c|^2"""
    return 1 + c * c - 2 * c * np.cos(z)


def laplace_hazard(z: Any) -> Any:
    """f / F, which is 1 up to 0, and 1 / (2 exp(z) - 1) from there on."""
    w = np.exp(-np.maximum(z, 0))
    return w / (2 - w)


# fmt: off

# On the whole line ---------------------------------------------------------------------------------------------------

norm = Continuous("norm",         lambda z: -z,
               lower=             lambda z: hazard(z, log_ndtr(z)),
               upper=             lambda z: hazard(-z, log_ndtr(-z)))
cauchy = Continuous("cauchy",     lambda z: -2 * z / (1 + z * z))
laplace = Continuous("laplace",   lambda z: -np.sign(z),
               lower=             laplace_hazard,
               upper=             lambda z: laplace_hazard(-z))
logistic = Continuous("logistic", lambda z: -np.tanh(z / 2),
               lower=             lambda z: expit(-z),
               upper=             lambda z: expit(z))
gumbel_r = Continuous("gumbel_r", lambda z: np.expm1(-z),
               lower=             lambda z: np.exp(-z))
gumbel_l = Continuous("gumbel_l", lambda z: -np.expm1(z),
               upper=             lambda z: np.exp(z))
t = Continuous("t",               lambda z, df: -(1 + 1 / df) * z / (1 + z * z / df),
               Shape(             lambda z, df: t_score(np.log1p(z * z / df), df), t_quantile_grad))
skewnorm = Continuous("skewnorm", lambda z, a: a * skew(z, a) - z,
               Shape(             lambda z, a: z * skew(z, a),
                                  lambda z, a: skew(z, a) / (1 + a * a)))
gennorm = Continuous("gennorm",   lambda z, b: -b * np.sign(z) * size_of(z) ** (b - 1),
               Shape(             lambda z, b: 1 / b + digamma(1 / b) / b**2 - xlogy(np.abs(z) ** b, np.abs(z)),
                                  gennorm_quantile_grad))
vonmises = Continuous("vonmises", lambda z, kappa: -kappa * np.sin(z),
               Shape(             lambda z, kappa: np.cos(z) - i1e(kappa) / i0e(kappa),  # 10.29.3
                                  vonmises_quantile_grad))

# On the positive numbers ---------------------------------------------------------------------------------------------

expon = Continuous("expon",             lambda z: -ones(z),
               upper=                   lambda z: ones(z))
halfnorm = Continuous("halfnorm",       lambda z: -z,
               upper=                   lambda z: hazard(-z, log_ndtr(-z)))
halfcauchy = Continuous("halfcauchy",   lambda z: -2 * z / (1 + z * z))
rayleigh = Continuous("rayleigh",       lambda z: 1 / z - z,
               upper=                   lambda z: z)
maxwell = Continuous("maxwell",         lambda z: 2 / z - z)
gamma = Continuous("gamma",             lambda z, a: (a - 1) / z - 1,
               Shape(                   lambda z, a: np.log(z) - digamma(a), gamma_quantile_grad))
invgamma = Continuous("invgamma",       lambda z, a: (1 / z - a - 1) / z,
               Shape(                   lambda z, a: -np.log(z) - digamma(a),
                                        lambda z, a: -z * z * gamma_quantile_grad(1 / z, a)))
chi2 = Continuous("chi2",               lambda z, df: (df / 2 - 1) / z - 0.5,
               Shape(                   lambda z, df: (np.log(z / 2) - digamma(df / 2)) / 2,
                                        lambda z, df: gamma_quantile_grad(z / 2, df / 2)))
invgauss: Any = Continuous("invgauss",  lambda z, mu: (1 / z - 3) / (2 * z) - 1 / (2 * mu**2),
               Shape(                   lambda z, mu: (z - mu) / mu**3,
                                        lambda z, mu: np.exp(log_invgauss_grad(z, mu) - invgauss.logpdf(z, mu))))
lognorm = Continuous("lognorm",         lambda z, s: -(1 + np.log(z) / s**2) / z,
               Shape(                   lambda z, s: np.log(z) ** 2 / s**3 - 1 / s,
                                        lambda z, s: z * np.log(z) / s),
               lower=                   lambda z, s: skew(np.log(z), 1 / s) / (s * z),
               upper=                   lambda z, s: skew(np.log(z), -1 / s) / (s * z))
pareto = Continuous("pareto",           lambda z, b: -(b + 1) / z,
               Shape(                   lambda z, b: 1 / b - np.log(z),
                                        lambda z, b: -z * np.log(z) / b),
               upper=                   lambda z, b: b / z)
weibull_min = Continuous("weibull_min", lambda z, c: (c - 1 - c * z**c) / z,
               Shape(                   lambda z, c: 1 / c + np.log(z) * (1 - z**c),
                                        lambda z, c: -z * np.log(z) / c),
               upper=                   lambda z, c: c * z ** (c - 1))
invweibull = Continuous("invweibull",   lambda z, c: (c * z**-c - c - 1) / z,
               Shape(                   lambda z, c: 1 / c + np.log(z) * (z**-c - 1),
                                        lambda z, c: -z * np.log(z) / c),
               lower=                   lambda z, c: c * z ** (-c - 1))
fisk = Continuous("fisk",               lambda z, c: (-1 - c * np.tanh(c / 2 * np.log(z))) / z,
               Shape(                   lambda z, c: 1 / c - np.log(z) * np.tanh(c / 2 * np.log(z)),
                                        lambda z, c: -z * np.log(z) / c),
               lower=                   lambda z, c: c / z * expit(-c * np.log(z)),
               upper=                   lambda z, c: c / z * expit(c * np.log(z)))
f = Continuous("f",                     lambda z, m, n: (m / 2 - 1) / z - (m + n) * m / (n + m * z) / 2,
               Shape(                   lambda z, m, n: (np.log(m / n * z) - np.log1p(m / n * z) + 1
                                                         - (m + n) * z / (n + m * z)
                                                         - digamma(m / 2) + digamma((m + n) / 2)) / 2,
                                        lambda z, m, n: f_quantile_grad(0, z, m, n)),
               Shape(                   lambda z, m, n: ((m + n) * m * z / (n + m * z) / n - m / n - np.log1p(m / n * z)
                                                         - digamma(n / 2) + digamma((m + n) / 2)) / 2,
                                        lambda z, m, n: f_quantile_grad(1, z, m, n)))

# On an interval ------------------------------------------------------------------------------------------------------

uniform = Continuous("uniform",     lambda z: zeros(z))
powerlaw = Continuous("powerlaw",   lambda z, a: (a - 1) / z,
               Shape(               lambda z, a: 1 / a + np.log(z),
                                    lambda z, a: -z * np.log(z) / a),
               lower=               lambda z, a: a / z)
wrapcauchy = Continuous("wrapcauchy", lambda z, c: -2 * c * np.sin(z) / squared_distance(z, c),
               Shape(               lambda z, c: 2 * (np.cos(z) - c) / squared_distance(z, c) - 2 * c / (1 - c * c),
                                    lambda z, c: -2 * np.sin(z) / (1 - c * c)))
beta = Continuous("beta",           lambda z, a, b: (a - 1) / z - (b - 1) / (1 - z),
               Shape(               lambda z, a, b: np.log(z) - digamma(a) + digamma(a + b),
                                    lambda z, a, b: beta_quantile_grad(0, z, a, b)),
               Shape(               lambda z, a, b: np.log1p(-z) - digamma(b) + digamma(a + b),
                                    lambda z, a, b: beta_quantile_grad(1, z, a, b)))
truncnorm: Any = Continuous("truncnorm", lambda z, a, b: -z,
               Shape(               lambda z, a, b: truncnorm.pdf(a, a, b),
                                    lambda z, a, b: truncnorm.pdf(a, a, b)
                                                    * np.exp(truncnorm.logsf(z, a, b) - truncnorm.logpdf(z, a, b))),
               Shape(               lambda z, a, b: -truncnorm.pdf(b, a, b),
                                    lambda z, a, b: truncnorm.pdf(b, a, b)
                                                    * np.exp(truncnorm.logcdf(z, a, b) - truncnorm.logpdf(z, a, b))),
               support=lambda a, b: (a, b))
