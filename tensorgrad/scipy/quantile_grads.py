"""Gradients of quantiles of the gamma, beta, t and von Mises distributions by their shape parameters: integrals, for
they have no closed form. (Figurnov and others, Implicit reparameterization gradients, 2018, arXiv:1805.08498, have the
name for such gradients.)

While F(z; shape) stays the same, dz / dshape = -(dF / dshape) / f(z), where dF / dshape is the integral of
(d log f / dshape) f up to z, or minus the one from z on, as the integral over all is 0. The shorter tail is taken, in a
coordinate that makes both tails exponential (the logarithm, for the beta distribution the logit), relative to the
density at z. So nothing underflows, and no digits are lost; and as the integrand is smooth, the tanh-sinh rule
(Takahasi and Mori, Double exponential formulas for numerical integration, 1974) gives nearly all digits. What it sums
is written in functions with derivatives, so that it has derivatives itself, to any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..derivatives.formulas import by_name, formula
from ..special import digamma, hyp1f1, i0e, i1e
from ..tensor import data_of

STEP = 0.05
_s = STEP * np.arange(-64, 65)
PLACES = 1 / (1 + np.exp(-np.pi * np.sinh(_s)))  # in the unit interval
WEIGHTS = STEP * np.pi * np.cosh(_s) * PLACES / (1 + np.exp(np.pi * np.sinh(_s)))
LARGE = 2**20  # so many numbers are summed in one go
NEGLIGIBLE = -42.0  # its exponential is below 1e-18


def tail(side: Any, exponent: Callable, factor: Callable, args: Sequence[Any], reach: Any = None) -> Any:
    """The integral of factor(d, *args) * exp(exponent(d, *args)) over |d|, for d from 0 to side * reach, where side is
    1 or -1. By default the reach is infinite, and the exponent falls from 0 on, ever faster."""
    if reach is None:
        reach = end(side, exponent, [data_of(arg) for arg in args])
    axes = (1,) * max(map(np.ndim, (reach, *args)))
    at_once = max(1, LARGE // max(1, np.size(reach)))
    total: Any = 0.0
    for first in range(0, len(PLACES), at_once):
        places = PLACES[first : first + at_once].reshape(-1, *axes)
        weights = WEIGHTS[first : first + at_once].reshape(-1, *axes)
        d = side * reach * places
        total = total + np.sum(weights * reach * factor(d, *args) * np.exp(exponent(d, *args)), axis=0)
    return total


def end(side: Any, exponent: Callable, args: Sequence[Any], steps: int = 20) -> Any:
    """Where the exponential gets negligible, by bisection: roughly, unless it has an edge there."""
    low: Any = -690.0
    high: Any = 690.0  # of log(|d|)
    with np.errstate(all="ignore"):
        for _ in range(steps):
            middle = 0.5 * (low + high)
            far = exponent(side * np.exp(middle), *args) < NEGLIGIBLE
            low, high = np.where(far, low, middle), np.where(far, middle, high)
    return np.exp(high)


def log_mixed(w: Any, rest: Any, d: Any) -> Any:
    """log(rest + w exp(d)), where rest = 1 - w: without overflow, or loss of digits for a small d."""
    up = d > 0
    to = np.where(up, rest, w) * np.expm1(np.where(up, -d, d))
    return np.where(up, d, 0) + np.log1p(to)


# Gamma: z = exp(u) ---------------------------------------------------------------------------------------------------


@by_name("dz / da, where z is a fixed quantile of the gamma distribution")
def gamma_quantile_grad(z: Any, a: Any) -> Any:
    """dz / da"""
    side = np.where(z <= a, -1.0, 1.0)
    return side * z * tail(side, _gamma_exponent, _gamma_score, (z, a))


def _gamma_exponent(d: Any, z: Any, a: Any) -> Any:
    return a * d - z * np.expm1(d)


def _gamma_score(d: Any, z: Any, a: Any) -> Any:
    return np.log(z) + d - digamma(a)


# Beta: z = 1 / (1 + exp(-u)). The upper tail is the lower one of 1 - z, whose a and b are exchanged ------------------


@by_name("dz / da or dz / db, where z is a fixed quantile of the beta distribution")
def beta_quantile_grad(which: int, z: Any, a: Any, b: Any) -> Any:
    """dz / da for which = 0, dz / db for which = 1."""
    upper = (a + b) * z > a
    p, q = np.where(upper, b, a), np.where(upper, a, b)
    x, y = np.where(upper, 1 - z, z), np.where(upper, z, 1 - z)
    first = upper == bool(which)  # whether it is p by which the gradient is taken

    def score(d: Any, x: Any, y: Any, p: Any, q: Any) -> Any:
        mixed = log_mixed(x, y, d)
        return np.where(first, np.log(x) + d - digamma(p), np.log(y) - digamma(q)) - mixed + digamma(p + q)

    return np.where(upper, 1, -1) * x * y * tail(-1.0, _beta_exponent, score, (x, y, p, q))


def _beta_exponent(d: Any, x: Any, y: Any, p: Any, q: Any) -> Any:
    return p * d - (p + q) * log_mixed(x, y, d)


# Student's t: |z| = exp(u), from z outward if |z| > 1, else inward, to 0, where F is 1/2 ------------------------------


@by_name("dz / ddf, where z is a fixed quantile of Student's t distribution")
def t_quantile_grad(z: Any, df: Any) -> Any:
    """dz / ddf"""
    side = np.where(np.abs(z) > 1, 1.0, -1.0)
    return side * z * tail(side, _t_exponent, _t_score, (z * z, df))


def _t_exponent(d: Any, square: Any, df: Any) -> Any:
    return d - 0.5 * (df + 1) * log_mixed(square / (df + square), df / (df + square), 2 * d)


def _t_score(d: Any, square: Any, df: Any) -> Any:
    mixed = log_mixed(square / (df + square), df / (df + square), 2 * d)
    return t_score(np.log1p(square / df) + mixed, df)


def t_score(u: Any, df: Any) -> Any:
    """The derivative of the logarithm of Student's density in df, where u = log(1 + z^2 / df).

    With many degrees of freedom it is small, of order df^-2, and so are the three terms that are added up.
    """
    return 0.5 * (digamma_step(0.5 * df) - np.expm1(-u) / df - second_order(u))


@formula("exp(-u) - 1 + u")
def second_order(u: Any) -> Any:
    """exp(-u) - 1 + u, for a small u by 13.6.2 and 13.3.4, where the difference has lost its digits."""
    small = u < 1
    a, b = np.where(small, u, 0), np.where(small, 1, u)
    return np.where(small, 0.5 * a * a * hyp1f1(1, 3, -a), np.expm1(-b) + b)


STEPS = (1 / 8, -1 / 64, 1 / 128, -17 / 2048, 31 / 2048, -691 / 16384)  # (B_2k / k) (1 - 4^-k)


@formula("digamma(x + 1 / 2) - digamma(x) - 1 / (2 * x)")
def digamma_step(x: Any) -> Any:
    """psi(x + 1/2) - psi(x) - 1 / (2 x), for a large x by the asymptotic series (5.11.2, with 5.5.8)."""
    large = x > 20
    a, b = np.where(large, 1 / np.where(large, x, 1) ** 2, 0), np.where(large, 1, x)
    series: Any = 0.0
    for coefficient in reversed(STEPS):
        series = a * (coefficient + series)
    return np.where(large, series, digamma(b + 0.5) - digamma(b) - 0.5 / b)


# Von Mises: from z outward, to pi, where F is 1; or inward, to 0, where F is 1/2 --------------------------------------


@by_name("dz / dkappa, where z is a fixed quantile of the von Mises distribution")
def vonmises_quantile_grad(z: Any, kappa: Any) -> Any:
    """dz / dkappa"""
    z = z - 2 * np.pi * np.round(z / (2 * np.pi))
    sign = np.where(z < 0, -1.0, 1.0)
    angle = sign * z
    side = np.where(kappa * z * z > 1, 1.0, -1.0)
    reach = np.where(side > 0, np.pi - angle, angle)
    return sign * side * tail(side, _vonmises_exponent, _vonmises_score, (angle, kappa), reach)


def _vonmises_exponent(d: Any, z: Any, kappa: Any) -> Any:
    return -2 * kappa * np.sin(z + 0.5 * d) * np.sin(0.5 * d)


def _vonmises_score(d: Any, z: Any, kappa: Any) -> Any:
    return np.cos(z + d) - i1e(kappa) / i0e(kappa)
