"""The functions of `scipy.special`, with derivatives: importing this module enters their rules. Needs SciPy.

Most are ufuncs, which NumPy dispatches: after `import tensorgrad.special`, `scipy.special.erf(tensor)` works, and
`from tensorgrad.special import erf` gives the same function. `logsumexp`, `softmax`, `log_softmax` and `polygamma` are
not: SciPy's own would take the data of a Tensor and lose the graph, so take those of this module, which have the same
arguments.

>>> from tensorgrad import Tensor
>>> from tensorgrad.special import gammaln, logsumexp
>>> x = Tensor([1.0, 2.0, 3.0])
>>> logsumexp(gammaln(x)).backward()
>>> x.grad  # softmax(gammaln(x)) * digamma(x)
array([-0.14430392,  0.10569608,  0.46139217])

The formulas are those of the NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov, by chapter.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

try:
    import scipy.special
    from scipy.special import (
        beta,
        betaln,
        digamma,
        entr,
        erf,
        erfc,
        erfcinv,
        erfcx,
        erfinv,
        expit,
        gamma,
        gammaln,
        i0,
        i0e,
        i1,
        i1e,
        j0,
        j1,
        kl_div,
        log_expit,
        log_ndtr,
        loggamma,
        logit,
        ndtr,
        ndtri,
        psi,
        rel_entr,
        xlog1py,
        xlogy,
    )
except ImportError as error:
    raise ImportError("tensorgrad.special needs SciPy: pip install scipy") from error

from . import functions
from .derivatives import derivative
from .derivatives.elementwise import divide_safely
from .derivatives.shapes import as_array

__all__ = [
    "expit", "logit", "log_expit", "softmax", "log_softmax", "logsumexp",
    "erf", "erfc", "erfcx", "erfinv", "erfcinv", "ndtr", "ndtri", "log_ndtr",
    "gamma", "gammaln", "loggamma", "digamma", "psi", "polygamma", "beta", "betaln",
    "entr", "rel_entr", "kl_div", "xlogy", "xlog1py",
    "i0", "i1", "i0e", "i1e", "j0", "j1",
]  # fmt: skip

SQRT_PI, SQRT_2PI = math.sqrt(math.pi), math.sqrt(2 * math.pi)
# fmt: off

# Logistic functions --------------------------------------------------------------------------------------------------

derivative(expit,     lambda g, y, x: g * y * (1 - y))
derivative(logit,     lambda g, y, x: g / (x * (1 - x)))
derivative(log_expit, lambda g, y, x: g * expit(-x))


# The error function and the normal distribution (chapter 7) ----------------------------------------------------------

derivative(erf,      lambda g, y, x: g * (2 / SQRT_PI) * np.exp(-x * x))
derivative(erfc,     lambda g, y, x: g * (-2 / SQRT_PI) * np.exp(-x * x))
derivative(erfcx,    lambda g, y, x: g * (2 * x * y - 2 / SQRT_PI))
derivative(erfinv,   lambda g, y, x: g * (SQRT_PI / 2) * np.exp(y * y))
derivative(erfcinv,  lambda g, y, x: g * (-SQRT_PI / 2) * np.exp(y * y))
derivative(ndtr,     lambda g, y, x: g * (1 / SQRT_2PI) * np.exp(-0.5 * x * x))
derivative(ndtri,    lambda g, y, x: g * SQRT_2PI * np.exp(0.5 * y * y))
derivative(log_ndtr, lambda g, y, x: g * (1 / SQRT_2PI) * np.exp(-0.5 * x * x - y))


# The gamma function and its kin (chapter 5) --------------------------------------------------------------------------

derivative(gamma,    lambda g, y, z: g * y * digamma(z))
derivative(gammaln,  lambda g, y, x: g * digamma(x))
derivative(loggamma, lambda g, y, z: g * digamma(z))
derivative(digamma,  lambda g, y, z: g * polygamma(1, z))
derivative(beta,     lambda g, y, a, b: g * y * (digamma(a) - digamma(a + b)),
                     lambda g, y, a, b: g * y * (digamma(b) - digamma(a + b)))
derivative(betaln,   lambda g, y, a, b: g * (digamma(a) - digamma(a + b)),
                     lambda g, y, a, b: g * (digamma(b) - digamma(a + b)))


# Entropies: x log(y), and 0 where x is 0 -----------------------------------------------------------------------------

derivative(xlogy,    lambda g, y, x1, x2: g * np.log(np.where((x1 == 0) & (x2 <= 0), 1, x2)),
                     lambda g, y, x1, x2: g * divide_safely(x1, x2))
derivative(xlog1py,  lambda g, y, x1, x2: g * np.log1p(x2),
                     lambda g, y, x1, x2: g * divide_safely(x1, 1 + x2))
derivative(entr,     lambda g, y, x: -g * (np.log(x) + 1))
derivative(rel_entr, lambda g, y, x1, x2: g * (np.log(x1 / x2) + 1),
                     lambda g, y, x1, x2: -g * x1 / x2)
derivative(kl_div,   lambda g, y, x1, x2: g * np.log(x1 / x2),
                     lambda g, y, x1, x2: g * (1 - x1 / x2))


# Bessel functions (10.6 and 10.29): the slope of one lies between its neighbours --------------------------------------

bessel_i: Callable = derivative(
    lambda x, n: scipy.special.iv(n, x),
    lambda g, y, x, n: g * (bessel_i(x, n - 1) + bessel_i(x, n + 1)) / 2)
bessel_ie: Callable = derivative(
    lambda x, n: scipy.special.ive(n, x),
    lambda g, y, x, n: g * ((bessel_ie(x, n - 1) + bessel_ie(x, n + 1)) / 2 - np.sign(x) * y))
bessel_j: Callable = derivative(
    lambda x, n: scipy.special.jv(n, x),
    lambda g, y, x, n: g * (bessel_j(x, n - 1) - bessel_j(x, n + 1)) / 2)

derivative(i0,  lambda g, y, x: g * i1(x))
derivative(i1,  lambda g, y, x: g * (i0(x) + bessel_i(x, 2)) / 2)
derivative(i0e, lambda g, y, x: g * (i1e(x) - np.sign(x) * y))
derivative(i1e, lambda g, y, x: g * ((i0e(x) + bessel_ie(x, 2)) / 2 - np.sign(x) * y))
derivative(j0,  lambda g, y, x: -g * j1(x))
derivative(j1,  lambda g, y, x: g * (j0(x) - bessel_j(x, 2)) / 2)
# fmt: on


# What NumPy doesn't dispatch -----------------------------------------------------------------------------------------


def _polygamma(n: Any, x: Any) -> Any:
    """The n-th derivative of digamma, elementwise, as `scipy.special.polygamma`; n is a constant.

    >>> float(polygamma(1, 1.0)) * 6  # pi**2
    9.86960440108936
    """
    return scipy.special.polygamma(n, x)


polygamma: Callable = derivative(_polygamma, None, lambda g, y, n, x: g * polygamma(np.add(n, 1), x))


def softmax(x: Any, axis: Any = None) -> Any:
    """exp(x) / sum(exp(x)) along an axis (or a tuple of axes; None, the default as in SciPy, for all)."""
    return functions.softmax(x, axis)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """log(softmax(x)) along an axis (or a tuple of axes; None, the default as in SciPy, for all)."""
    return functions.log_softmax(x, axis)


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """log(sum(b * exp(a))) along an axis (or a tuple of axes; None for all), without overflow.

    Args:
        b: factors, which broadcast with a; 1 by default.
        return_sign: return the logarithm of the sum's absolute value, and the sum's sign. Without it, the logarithm
            of a negative sum is nan.

    >>> from tensorgrad import Tensor
    >>> logsumexp(Tensor([1e4, 1e4]), b=[3.0, -1.0])  # 1e4 + log(2)
    Tensor(10000.69314718)
    """
    if b is None and not return_sign:
        return functions.logsumexp(a, axis, keepdims)
    a, b = np.broadcast_arrays(as_array(a), as_array(1.0 if b is None else b))
    total, top = scaled_sum(a, b, axis)
    if not keepdims:
        total, top = np.squeeze(total, axis), np.squeeze(top, axis)
    size, nothing = np.abs(total) if return_sign else total, total == 0
    with np.errstate(invalid="ignore"):
        y = np.log(np.where(nothing, 1, size)) + top
    y = np.where(nothing, -np.inf, y)
    return (y, np.sign(total)) if return_sign else y


def scaled_exp(a: Any, top: Any) -> Any:
    """exp(a - top), where a is larger by so much that it could overflow only where its factor is 0."""
    return np.exp(np.minimum(a - top, 80))  # exp(80) is finite in float32 too


def _scaled_sum(a: Any, b: Any, axis: Any) -> tuple[Any, Any]:
    """sum(b * exp(a - top)), and top: the largest a whose factor b isn't 0. Both keep the axes that are summed over."""
    top = np.max(a, axis=axis, keepdims=True, where=b != 0, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    return np.sum(b * scaled_exp(a, top), axis=axis, keepdims=True), top


# log(total) + top doesn't depend on top. So the rules treat top as a constant, and ignore its gradient g[1].
scaled_sum: Callable = derivative(
    _scaled_sum,
    lambda g, y, a, b, axis: g[0] * b * scaled_exp(a, y[1]),
    lambda g, y, a, b, axis: g[0] * scaled_exp(a, y[1]),
)
