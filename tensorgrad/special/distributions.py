"""Incomplete gamma and beta functions (chapter 8), and the distributions made of them; the normal distribution.

The derivative of a distribution is its density, that of a quantile one over the density there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..derivatives import derivative, with_rules
from ..derivatives.formulas import formula
from .ufuncs import partials, product, ufuncs

SQRT_2PI = math.sqrt(2 * math.pi)

gammainc, gammaincc, gammaincinv, gammainccinv = ufuncs("gammainc gammaincc gammaincinv gammainccinv")
betainc, betaincc, betaincinv, betainccinv = ufuncs("betainc betaincc betaincinv betainccinv")
chdtr, chdtrc, chdtri, gdtr, gdtrc = ufuncs("chdtr chdtrc chdtri gdtr gdtrc")
stdtr, stdtrit, fdtr, fdtrc, fdtri = ufuncs("stdtr stdtrit fdtr fdtrc fdtri")
ndtr, ndtri, log_ndtr, ndtri_exp, owens_t = ufuncs("ndtr ndtri log_ndtr ndtri_exp owens_t")
pdtr, pdtrc, pdtri, bdtr, bdtrc, bdtri, nbdtr, nbdtrc, nbdtri = ufuncs(
    "pdtr pdtrc pdtri bdtr bdtrc bdtri nbdtr nbdtrc nbdtri"
)
gdtrix, nrdtrimn, nrdtrisd = ufuncs("gdtrix nrdtrimn nrdtrisd")
gammaln, betaln, poch, xlogy, xlog1py, erf, erfcx = ufuncs("gammaln betaln poch xlogy xlog1py erf erfcx")
gamma, beta = ufuncs("gamma beta")  # for formulas

# Densities -----------------------------------------------------------------------------------------------------------


@formula(lambda p: "where(p == 0, 0, p - 1)" if np.any(p == 0) else "p - 1")
def one_less(p: Any) -> Any:
    """The exponent of the derivative p x**(p - 1), where `product` makes it 0 for p = 0, also at x = 0."""
    return np.where(p == 0, 0, p - 1)


@formula("g * (product(p, x ** one_less(p) * exp(c - x)) - y)")
def gamma_form_slope(g: Any, y: Any, x: Any, p: Any, c: Any) -> Any:
    return g * (product(p, gamma_form(x, one_less(p), c)) - y)


@with_rules(gamma_form_slope)
@formula("x**p * exp(c - x)")
def gamma_form(x: Any, p: Any, c: Any) -> Any:
    """x**p exp(c - x)"""
    return np.exp(xlogy(p, x) - x + c)


@formula(
    "g * (product(p, x ** one_less(p) * u**q) + product(q * r, x**p * u ** one_less(q))) * exp(c)",
    u="1 + r * x",
)
def beta_form_slope(g: Any, y: Any, x: Any, p: Any, q: Any, r: Any, c: Any) -> Any:
    inner = product(p, beta_form(x, one_less(p), q, r, c))
    return g * (inner + product(q * r, beta_form(x, p, one_less(q), r, c)))


@with_rules(beta_form_slope)
@formula("x**p * (1 + r * x) ** q * exp(c)")
def beta_form(x: Any, p: Any, q: Any, r: Any, c: Any) -> Any:
    """x**p (1 + r x)**q exp(c)"""
    return np.exp(xlogy(p, x) + xlog1py(q, r * x) + c)


@formula(
    lambda a, x: (
        "x ** (a - 1) * exp(-x) / gamma(a)"
        if np.all((x < 700) & (a < 100))
        else "exp((a - 1) * log(x) - x - gammaln(a))"
    )
)
def gamma_density(a: Any, x: Any) -> Any:
    """The derivative of gammainc in x (8.8.13)."""
    return gamma_form(x, a - 1, -gammaln(a))


@formula(
    lambda a, b, x: (
        "x ** (a - 1) * (1 - x) ** (b - 1) / beta(a, b)"
        if np.all((a < 100) & (b < 100))
        else "exp((a - 1) * log(x) + (b - 1) * log1p(-x) - betaln(a, b))"
    )
)
def beta_density(a: Any, b: Any, x: Any) -> Any:
    """The derivative of betainc in x (8.17.1)."""
    return beta_form(x, a - 1, b - 1, -1, -betaln(a, b))


@formula("(m / n) ** (m / 2) * x ** (m / 2 - 1) * (1 + m / n * x) ** (-(m + n) / 2) / beta(m / 2, n / 2)")
def f_density(m: Any, n: Any, x: Any) -> Any:
    """The derivative of fdtr(m, n, x) = betainc(m / 2, n / 2, m x / (m x + n))."""
    return beta_form(x, m / 2 - 1, -(m + n) / 2, m / n, m / 2 * np.log(m / n) - betaln(m / 2, n / 2))


_STUDENT = "poch(df / 2, 1 / 2) / sqrt(pi * df) * (1 + t**2 / df) ** (-(df + 1) / 2)"


@formula(lambda df, t: f"where(isinf(df), normal_density(t), {_STUDENT})" if np.any(np.isinf(df)) else _STUDENT)
def t_density(df: Any, t: Any) -> Any:
    """Student's density; with infinitely many degrees of freedom the normal one."""
    normal = np.isinf(df)
    n = np.where(normal, 1, df)
    student = poch(n / 2, 0.5) / np.sqrt(n * math.pi) * np.exp(-(n + 1) / 2 * np.log1p(t * t / n))
    return np.where(normal, normal_density(t), student)


@formula("exp(-(x**2) / 2) / sqrt(2 * pi)")
def normal_density(x: Any) -> Any:
    return np.exp(-0.5 * x * x) / SQRT_2PI


@formula("exp(-(x**2) / 2 - log_cdf) / sqrt(2 * pi)")
def hazard(x: Any, log_cdf: Any) -> Any:
    """normal_density(x) / ndtr(x), from the logarithm of ndtr(x); for x < 0 by 7.8.1, without loss of digits."""
    right = np.real(x) > 0
    a, b = np.where(right, x, 0), np.where(right, 0, x)
    upper = np.exp(-0.5 * a * a - np.where(right, log_cdf, 0)) / SQRT_2PI
    return np.where(right, upper, math.sqrt(2 / math.pi) / erfcx(-b * math.sqrt(0.5)))


# Distributions and quantiles -----------------------------------------------------------------------------------------

# fmt: off
partials(gammainc,     "a x", None, lambda g, y, a, x: g * gamma_density(a, x))
partials(gammaincc,    "a x", None, lambda g, y, a, x: -g * gamma_density(a, x))
partials(gammaincinv,  "a y", None, lambda g, y, a, p: g / gamma_density(a, y))
partials(gammainccinv, "a y", None, lambda g, y, a, p: -g / gamma_density(a, y))
partials(betainc,      "a b x", None, None, lambda g, y, a, b, x: g * beta_density(a, b, x))
partials(betaincc,     "a b x", None, None, lambda g, y, a, b, x: -g * beta_density(a, b, x))
partials(betaincinv,   "a b y", None, None, lambda g, y, a, b, p: g / beta_density(a, b, y))
partials(betainccinv,  "a b y", None, None, lambda g, y, a, b, p: -g / beta_density(a, b, y))
partials(chdtr,        "v x", None, lambda g, y, v, x: g * 0.5 * gamma_density(v / 2, x / 2))
partials(chdtrc,       "v x", None, lambda g, y, v, x: g * -0.5 * gamma_density(v / 2, x / 2))
partials(chdtri,       "v p", None, lambda g, y, v, p: g * -2 / gamma_density(v / 2, y / 2))
partials(gdtr,         "a b x", lambda g, y, a, b, x: g * x * gamma_density(b, a * x),
                       None,    lambda g, y, a, b, x: g * a * gamma_density(b, a * x))
partials(gdtrc,        "a b x", lambda g, y, a, b, x: -g * x * gamma_density(b, a * x),
                       None,    lambda g, y, a, b, x: -g * a * gamma_density(b, a * x))
partials(stdtr,        "df t", None, lambda g, y, df, t: g * t_density(df, t))
partials(stdtrit,      "df p", None, lambda g, y, df, p: g / t_density(df, y))
partials(fdtr,         "dfn dfd x", None, None, lambda g, y, m, n, x: g * f_density(m, n, x))
partials(fdtrc,        "dfn dfd x", None, None, lambda g, y, m, n, x: -g * f_density(m, n, x))
partials(fdtri,        "dfn dfd p", None, None, lambda g, y, m, n, p: g / f_density(m, n, y))

# Of counts: k is rounded down
partials(pdtr,   "k m", None, lambda g, y, k, m: -g * gamma_density(np.floor(k) + 1, m))
partials(pdtrc,  "k m", None, lambda g, y, k, m: g * gamma_density(np.floor(k) + 1, m))
partials(pdtri,  "k p", None, lambda g, y, k, p: -g / gamma_density(np.floor(k) + 1, y))
partials(bdtr,   "k n p", None, None, lambda g, y, k, n, p: -g * beta_density(np.floor(k) + 1, n - np.floor(k), p))
partials(bdtrc,  "k n p", None, None, lambda g, y, k, n, p: g * beta_density(np.floor(k) + 1, n - np.floor(k), p))
partials(bdtri,  "k n y", None, None, lambda g, y, k, n, p: -g / beta_density(np.floor(k) + 1, n - np.floor(k), y))
partials(nbdtr,  "k n p", None, None, lambda g, y, k, n, p: g * beta_density(n, np.floor(k) + 1, p))
partials(nbdtrc, "k n p", None, None, lambda g, y, k, n, p: -g * beta_density(n, np.floor(k) + 1, p))
partials(nbdtri, "k n y", None, None, lambda g, y, k, n, p: g / beta_density(n, np.floor(k) + 1, y))
partials(gdtrix,       "a b p", lambda g, y, a, b, p: -g * y / a,
                       None,    lambda g, y, a, b, p: g / (a * gamma_density(b, a * y)))
derivative(nrdtrimn,   lambda g, y, p, std, x: -g * std / normal_density(ndtri(p)),
                       lambda g, y, p, std, x: -g * ndtri(p),
                       lambda g, y, p, std, x: g)
derivative(nrdtrisd,   lambda g, y, mn, p, x: -g / ndtri(p),
                       lambda g, y, mn, p, x: -g * y / (ndtri(p) * normal_density(ndtri(p))),
                       lambda g, y, mn, p, x: g / ndtri(p))

derivative(ndtr,       lambda g, y, x: g * normal_density(x))
derivative(ndtri,      lambda g, y, x: g / normal_density(y))
derivative(log_ndtr,   lambda g, y, x: g * hazard(x, y))
derivative(ndtri_exp,  lambda g, y, x: g / hazard(y, x))
derivative(owens_t,    lambda g, y, h, a: -g * normal_density(h) * erf(a * h * math.sqrt(0.5)) / 2,
                       lambda g, y, h, a: g * np.exp(-0.5 * h * h * (1 + a * a)) / (2 * math.pi * (1 + a * a)))
