"""The gamma function and its kin (chapter 5): factorials, binomial coefficients, beta, polygamma, zeta."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

from ..batch import applied
from ..derivatives import derivative, with_rules
from ..derivatives.arrays import as_array, as_numbers, in_one_call, whole
from ..derivatives.formulas import by_name, formula
from ..engine import holds_node
from ..tensor import data_of
from .ufuncs import UfuncProbe, partials, require_constant, ufuncs

gamma, gammaln, loggamma, rgamma, digamma, psi = ufuncs("gamma gammaln loggamma rgamma digamma psi")
beta, betaln, binom, poch = ufuncs("beta betaln binom poch")
zeta = inspect.unwrap(scipy.special.zeta)

# Where poles of psi meet zeros, or other poles -----------------------------------------------------------------------


@formula(
    lambda y, z: (
        "-y * digamma(z)"
        if np.all(np.isfinite(digamma(z)))
        else "where(z.real < 0.5, gamma(1 - z) * (cos(pi * z) - sin(pi * z) * digamma(1 - z) / pi), -y * digamma(z))"
    )
)
def rgamma_slope(y: Any, z: Any) -> Any:
    """-psi(z) / gamma(z), in the left half of the plane by the reflections 5.5.3 and 5.5.4, where the poles cancel."""
    left = np.real(z) < 0.5
    a, b = np.where(left, 1 - z, 1), np.where(left, 1, z)
    reflected = gamma(a) * (np.cos(math.pi * z) - np.sin(math.pi * z) * digamma(a) / math.pi)
    return np.where(left, reflected, -y * digamma(b))


@formula(
    lambda y, n, k: (
        "y * digamma(n - k + 1)"
        if np.all(np.isfinite(digamma(n - k + 1)))
        else "where(n - k < -0.5, y * digamma(k - n) + cos(pi * (n - k)) * beta(n + 1, k - n), y * digamma(n - k + 1))"
    )
)
def binom_slope(y: Any, n: Any, k: Any) -> Any:
    """y psi(n - k + 1), where y = binom(n, k). By 5.5.4, y psi(u) = y psi(1 - u) - y pi cot(pi u)."""
    left = n - k < -0.5
    a = np.where(left, k - n, n - k + 1)
    cot = np.cos(math.pi * (n - k)) * beta(np.where(left, n + 1, 1), np.where(left, k - n, 1))
    return y * digamma(a) + np.where(left, cot, 0)


@formula(
    lambda y, n, k: (
        "y * digamma(k + 1)"
        if np.all(np.isfinite(digamma(k + 1)))
        else "where(k < -0.5, y * digamma(-k) + cos(pi * k) * beta(n + 1, -k), y * digamma(k + 1))"
    )
)
def mirrored_slope(y: Any, n: Any, k: Any) -> Any:
    """That of the same number as binom(n, n - k): y psi(k + 1)."""
    return binom_slope(y, n, n - k)


@formula(
    lambda y, z, m: (
        "y * (digamma(z + m) - digamma(z))"
        if np.all(np.isfinite(digamma(z + m) - digamma(z)))
        else "where((z < 0.5) & (z + m < 0.5) & (m == floor(m)), y * (digamma(1 - z - m) - digamma(1 - z)), "
        "where(z < 0.5, y * (digamma(z + m) - digamma(1 - z)) + cos(pi * z) * gamma(1 + m) * beta(z + m, 1 - z), "
        "y * (digamma(z + m) - digamma(z))))"
    )
)
def poch_slope(y: Any, z: Any, m: Any) -> Any:
    """y (psi(z + m) - psi(z)), where y = poch(z, m), in the same way; for a whole m the two cot are the same."""
    left = z < 0.5
    both = left & (z + m < 0.5) & (m == np.floor(m))
    one = left & ~both
    a, b = np.where(one, z, 0.25), np.where(one, m, 0.5)
    cot = np.cos(math.pi * a) * gamma(1 + b) * beta(a + b, 1 - a)
    difference = digamma(np.where(both, 1 - z - m, z + m)) - digamma(np.where(left, 1 - z, z))
    return y * difference + np.where(one, cot, 0)


# fmt: off
derivative(gamma,    lambda g, y, z: g * y * digamma(z))
derivative(gammaln,  lambda g, y, x: g * digamma(x))
derivative(loggamma, lambda g, y, z: g * digamma(z))
derivative(rgamma,   lambda g, y, z: g * rgamma_slope(y, z))
derivative(digamma,  lambda g, y, z: g * polygamma(1, z))
derivative(beta,     lambda g, y, a, b: g * y * (digamma(a) - digamma(a + b)),
                     lambda g, y, a, b: g * y * (digamma(b) - digamma(a + b)))
derivative(betaln,   lambda g, y, a, b: g * (digamma(a) - digamma(a + b)),
                     lambda g, y, a, b: g * (digamma(b) - digamma(a + b)))
derivative(binom,    lambda g, y, x, k: g * (y * digamma(x + 1) - binom_slope(y, x, k)),
                     lambda g, y, x, k: g * (binom_slope(y, x, k) - mirrored_slope(y, x, k)))
derivative(poch,     lambda g, y, z, m: g * poch_slope(y, z, m),
                     lambda g, y, z, m: g * y * digamma(z + m))
partials(zeta(1, UfuncProbe()), "x q", None, lambda g, y, x, q: -g * x * zeta(x + 1, q))  # 25.11.17
# fmt: on


# What is no ufunc in SciPy -------------------------------------------------------------------------------------------


def _polygamma(n: Any, x: Any) -> Any:
    """psi for n = 0, else (-1)**(n + 1) n! zeta(n + 1, x) (25.11.12), as SciPy computes it."""
    return np.where(n == 0, psi(x), (-1.0) ** (n + 1) * gamma(n + 1.0) * zeta(n + 1, x))


_recorded_polygamma: Callable = derivative(_polygamma, None, lambda g, y, n, x: g * _recorded_polygamma(n + 1, x))


def polygamma(n: Any, x: Any) -> Any:
    """The n-th derivative of digamma, elementwise, as `scipy.special.polygamma`.

    Raises:
        TypeError: n is a Tensor that requires a gradient.

    >>> float(polygamma(1, 1.0)) * 6  # pi**2
    9.86960440108936
    """
    n, x = as_numbers("polygamma", "n", n), as_numbers("polygamma", "x", x)
    require_constant("polygamma", "n", n)
    return _recorded_polygamma(data_of(n), x)


by_name("")(polygamma)  # no decorator: type checkers must know it above


def multigammaln(a: Any, d: Any) -> Any:
    """The logarithm of the multivariate gamma function in d dimensions, elementwise, as `scipy.special.multigammaln`:
    pi**(d (d - 1) / 4) times the product of gamma(a - j / 2) for j = 0, ..., d - 1 (35.3.4).

    Raises:
        TypeError: d is a Tensor that requires a gradient.
        ValueError: d isn't a positive integer, or not all of a is above (d - 1) / 2.

    >>> float(multigammaln(2.5, 3))
    1.8809954616117743
    """
    require_constant("multigammaln", "d", d)
    a, d = as_numbers("multigammaln", "a", a), data_of(d)
    if np.ndim(d) or np.asarray(d).dtype.kind not in "iuf" or d != np.floor(d) or d < 1:
        raise ValueError(f"multigammaln: d must be a positive integer, not {d!r}")
    if np.any(whole(a <= 0.5 * (d - 1))):
        raise ValueError(f"multigammaln: all of a must be above (d - 1) / 2 = {0.5 * (d - 1)}, not {data_of(a)}")
    return sum((gammaln(a - 0.5 * j) for j in range(int(d))), d * (d - 1) * 0.25 * np.log(np.pi))


def counted(N: Any, k: Any) -> Any:
    """Where comb and perm count; elsewhere they are 0."""
    return (k <= N) & (N >= 0) & (k >= 0)


def inside(g: Any, N: Any, k: Any) -> tuple[Any, Any, Any]:
    """The same, with g 0 and other numbers where they don't count."""
    counts = counted(N, k)
    return np.where(counts, g, 0), np.where(counts, N, 1), np.where(counts, k, 0)


def comb_gradients(g: Any, N: Any, k: Any) -> tuple[Any, Any]:
    """Those of N and k, as binom has them."""
    g, N, k = inside(g, N, k)
    y = binom(N, k)
    slope = binom_slope(y, N, k)
    return g * (y * digamma(N + 1) - slope), g * (slope - mirrored_slope(y, N, k))


def perm_gradients(g: Any, N: Any, k: Any) -> tuple[Any, Any]:
    """Those of N and k, as poch has them."""
    g, N, k = inside(g, N, k)
    y = poch(N - k + 1, k)
    slope = poch_slope(y, N - k + 1, k)
    return g * slope, g * (y * digamma(N + 1) - slope)


def where_counted(text: str) -> Callable:
    """The formula of a rule, with 0 where comb and perm don't count."""
    return formula(lambda g, y, N, k: text if np.all(counted(N, k)) else f"where(counted(N, k), {text}, 0)")


@with_rules(
    where_counted("g * (y * digamma(N + 1) - binom_slope(y, N, k))")(lambda g, y, N, k: comb_gradients(g, N, k)[0]),
    where_counted("g * (binom_slope(y, N, k) - mirrored_slope(y, N, k))")(
        lambda g, y, N, k: comb_gradients(g, N, k)[1]
    ),
)
def _comb(N: Any, k: Any) -> Any:
    return np.where(counted(N, k), binom(N, k), 0)


@with_rules(
    where_counted("g * y * (digamma(N + 1) - digamma(N - k + 1))")(lambda g, y, N, k: perm_gradients(g, N, k)[0]),
    where_counted("g * y * digamma(N - k + 1)")(lambda g, y, N, k: perm_gradients(g, N, k)[1]),
)
def _perm(N: Any, k: Any) -> Any:
    return np.where(counted(N, k), poch(N - k + 1, k), 0)


def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:
    """In how many ways k of N things are chosen, elementwise, as `scipy.special.comb`: `binom`, but 0 for k < 0 and for
    k > N.

    Raises:
        TypeError: exact or repetition with a Tensor.

    >>> from tensorgrad import Tensor
    >>> comb(Tensor([4.0, 1.0]), 2)
    Tensor([6. 0.])
    """
    if not holds_node([N, k]):
        return applied(in_one_call(scipy.special.comb), (N, k), {"exact": exact, "repetition": repetition})
    if exact or repetition:
        raise TypeError("comb: exact and repetition take no Tensors; with repetition, write binom(N + k - 1, k)")
    N, k = as_numbers("comb", "N", N), as_numbers("comb", "k", k)
    return _comb(as_array(N), as_array(k))


def perm(N: Any, k: Any, exact: bool = False) -> Any:
    """In how many ways k of N things are put in a row, elementwise, as `scipy.special.perm`: `poch(N - k + 1, k)`, but
    0 for k < 0 and for k > N.

    Raises:
        TypeError: exact with a Tensor.

    >>> from tensorgrad import Tensor
    >>> perm(Tensor([4.0, 1.0]), 2)
    Tensor([12.  0.])
    """
    if not holds_node([N, k]):
        return applied(in_one_call(scipy.special.perm), (N, k), {"exact": exact})
    if exact:
        raise TypeError("perm: exact takes no Tensors, for they are floating; leave it out")
    N, k = as_numbers("perm", "N", N), as_numbers("perm", "k", k)
    return _perm(as_array(N), as_array(k))
