"""Derivatives of distributions far out in their tails, and in their shape parameters, beside mpmath."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases_scipy_stats import CONTINUOUS, DISCRETE
from helpers import close, gradient

from tensorgrad import Tensor, grad

mp: Any = pytest.importorskip("mpmath").mp
stats = pytest.importorskip("tensorgrad.scipy.stats")


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(40):
        yield


def slope(f: Any, x: float) -> Any:
    return mp.diff(f, x, h=mp.mpf(10) ** -12)


# Far out -------------------------------------------------------------------------------------------------------------


def tail_of_gamma(x: Any, a: Any) -> tuple:
    return -(x ** (a - 1)) * mp.exp(-x), mp.gammainc(a, x)


def head_of_gamma(x: Any, a: Any) -> tuple:
    return x ** (a - 1) * mp.exp(-x), mp.gammainc(a, 0, x)


def head_of_beta(x: Any, a: Any, b: Any) -> tuple:
    return x ** (a - 1) * (1 - x) ** (b - 1), mp.betainc(a, b, 0, x)


def tail_of_chi2(x: Any, df: Any) -> tuple:
    density, integral = tail_of_gamma(x / 2, df / 2)
    return density / 2, integral


def head_of_invgamma(x: Any, a: Any) -> tuple:
    density, integral = tail_of_gamma(1 / x, a)
    return -density / x**2, integral


def head_of_lognorm(x: Any, s: Any) -> tuple:
    return mp.npdf(mp.log(x) / s) / (s * x), mp.ncdf(mp.log(x) / s)


FAR_OUT = [
    ("norm", "logcdf", (-40.0,), lambda x: (mp.npdf(x), mp.ncdf(x))),
    ("norm", "logcdf", (5.0,), lambda x: (mp.npdf(x), mp.ncdf(x))),
    ("norm", "logsf", (37.0,), lambda x: (-mp.npdf(x), mp.ncdf(-x))),
    ("halfnorm", "logsf", (100.0,), lambda x: (-mp.npdf(x), mp.ncdf(-x))),
    ("gamma", "logsf", (30.0, 2.5), tail_of_gamma),
    ("gamma", "logsf", (3e3, 2.5), tail_of_gamma),
    ("gamma", "logcdf", (1e-200, 2.5), head_of_gamma),
    ("chi2", "logsf", (4e3, 3.0), tail_of_chi2),
    ("invgamma", "logcdf", (2e-4, 2.5), head_of_invgamma),
    ("beta", "logcdf", (1e-12, 100.0, 2.0), head_of_beta),
    ("lognorm", "logcdf", (1e-20, 0.7), head_of_lognorm),
    ("t", "logsf", (1e100, 5.0), lambda x, df: (-df, x)),
    ("pareto", "logsf", (1e200, 5.0), lambda x, b: (-b, x)),
    ("laplace", "logcdf", (-800.0,), lambda x: (1, 1)),
    ("gumbel_l", "logsf", (7.0,), lambda x: (-mp.exp(x), 1)),
]


@pytest.mark.parametrize("name, method, args, density_and_integral", FAR_OUT)
def test_derivatives_of_logarithms_keep_their_digits(name: str, method: str, args: tuple, density_and_integral: Any):
    """Also where the tail itself, and so SciPy's logarithm of it, has underflowed."""
    x = Tensor(args[0])
    getattr(getattr(stats, name), method)(x, *args[1:]).backward()
    density, integral = density_and_integral(*map(mp.mpf, args))
    close(x.grad, float(density / integral), rtol=5e-13, atol=0)


def test_derivatives_in_shapes_far_out():
    def log_gamma_tail(a):
        return mp.log(mp.gammainc(a, 3000) / mp.gamma(a))

    def log_beta_head(a):
        return mp.log(mp.betainc(a, 2, 0, mp.mpf(1e-12)) / mp.beta(a, 2))

    a = gradient(lambda a: stats.gamma.logsf(3e3, a), np.array(2.5))
    close(a, float(slope(log_gamma_tail, 2.5)), rtol=1e-11)
    a = gradient(lambda a: stats.beta.logcdf(1e-12, a, 2.0), np.array(100.0))
    close(a, float(slope(log_beta_head, 100)), rtol=1e-11)


@pytest.mark.parametrize("k, mu", [(5, 20.0), (3, 900.0), (700, 2000.0)])
def test_discrete_tails_that_underflow(k: int, mu: float):
    def log_cdf(mu):
        terms = [mp.exp(-mu + j * mp.log(mu) - mp.loggamma(j + 1)) for j in range(k + 1)]
        return mp.log(mp.fsum(terms))

    close(gradient(lambda mu: stats.poisson.logcdf(k, mu), np.array(mu)), float(slope(log_cdf, mu)), rtol=1e-11)


@pytest.mark.parametrize("df", [1e3, 1e6, 1e8])
def test_students_density_with_many_degrees_of_freedom(df: float):
    """Its derivative in df is a difference of nearly equal numbers."""
    z = mp.mpf(1.5)

    def log_density(df):
        return mp.loggamma((df + 1) / 2) - mp.loggamma(df / 2) - mp.log(df) / 2 - (df + 1) / 2 * mp.log1p(z * z / df)

    found = gradient(lambda df: stats.t.logpdf(1.5, df), np.array(df))
    close(found, float(slope(log_density, df)), rtol=1e-11, atol=0)


# In shape parameters that have no closed form ------------------------------------------------------------------------


@pytest.mark.parametrize("a", [1e-3, 0.5, 3.0, 40.0, 1e3])
def test_gamma_in_its_shape(a: float):
    for x in a * np.array([1e-3, 0.3, 0.99, 1.01, 2.0, 8.0]):
        upper = x > a
        f, limits = (stats.gamma.sf, (x,)) if upper else (stats.gamma.cdf, (0, x))
        exact = slope(lambda a, limits=limits: mp.gammainc(a, *limits, regularized=True), a)
        found = gradient(lambda a, x=x, f=f: f(x, a), np.array(a))
        close(found, float(exact), rtol=1e-11, atol=1e-300)


@pytest.mark.parametrize("a", [0.01, 3.0, 1e3])
def test_gamma_twice_in_its_shape(a: float):
    for x in a * np.array([0.3, 0.99, 1.01, 2.0]):
        upper = x > a
        f, limits = (stats.gamma.sf, (x,)) if upper else (stats.gamma.cdf, (0, x))
        step = mp.mpf(10) ** -14
        exact = mp.diff(lambda a, limits=limits: mp.gammainc(a, *limits, regularized=True), a, 2, h=step)
        close(grad(grad(lambda a, x=x, f=f: f(x, a)))(a), float(exact), rtol=1e-11, atol=1e-300)


@pytest.mark.parametrize("a, b", [(0.02, 0.7), (0.5, 0.5), (2.0, 3.0), (60.0, 5.0), (8.0, 300.0)])
def test_beta_in_its_shapes(a: float, b: float):
    for x in (1e-3, 0.1, 0.5, 0.8, 0.99):
        upper = (a + b) * x > a
        f = stats.beta.sf if upper else stats.beta.cdf

        def integral(a, b, x=x, upper=upper):
            return (mp.betainc(b, a, 0, 1 - mp.mpf(x)) if upper else mp.betainc(a, b, 0, x)) / mp.beta(a, b)

        found = gradient(lambda a, b, x=x, f=f: f(x, a, b), np.array(a), np.array(b))
        close(found[0], float(slope(lambda a, integral=integral: integral(a, b), a)), rtol=1e-10, atol=1e-300)
        close(found[1], float(slope(lambda b, integral=integral: integral(a, b), b)), rtol=1e-10, atol=1e-300)


@pytest.mark.parametrize("df", [0.3, 1.0, 4.0, 50.0, 1e4])
def test_student_in_its_degrees_of_freedom(df: float):
    for t in (-3.0, -0.2, 0.5, 1.01, 20.0):

        def tail(df, square=t * t):
            return mp.betainc(df / 2, 0.5, 0, df / (df + mp.mpf(square))) / mp.beta(df / 2, 0.5) / 2

        exact = float(slope(tail, df)) * (1 if t < 0 else -1)
        close(gradient(lambda df, t=t: stats.t.cdf(t, df), np.array(df)), exact, rtol=1e-10, atol=1e-300)


@pytest.mark.parametrize("kappa", [1.0, *(pytest.param(k, marks=pytest.mark.slow) for k in (0.01, 30.0, 400.0))])
def test_von_mises_in_its_concentration(kappa: float):
    for x in (-3.0, -1.0, -0.05, 0.02, 0.4, 2.5, 2 * np.pi + 0.3):
        u = mp.mpf(x) - 2 * mp.pi * mp.nint(mp.mpf(x) / (2 * mp.pi))

        def from_zero(kappa, u=u):
            parts = [u * j / 8 for j in range(9)]
            return mp.quad(lambda s: mp.exp(kappa * (mp.cos(s) - 1)), parts) * mp.exp(kappa) / mp.besseli(0, kappa)

        exact = slope(from_zero, kappa) / (2 * mp.pi)
        found = gradient(lambda kappa, x=x: stats.vonmises.cdf(x, kappa), np.array(kappa))
        close(found, float(exact), rtol=1e-9, atol=1e-16)


@pytest.mark.parametrize(
    "name, i", [("gamma", 0), ("beta", 0), ("beta", 1), ("t", 0), ("f", 0), ("vonmises", 0), ("nbinom", 0)]
)
def test_third_derivatives_in_shapes(name: str, i: int):
    parameters = {**CONTINUOUS, **DISCRETE}[name]

    def f(p):
        return getattr(stats, name).cdf(2 if name == "nbinom" else 0.7, *parameters[:i], p, *parameters[i + 1 :])

    p, h, second = parameters[i], 1e-3, grad(grad(f))
    expected = (8 * (second(p + h) - second(p - h)) - second(p + 2 * h) + second(p - 2 * h)) / (12 * h)
    close(grad(grad(grad(f)))(p), expected, rtol=1e-6)
