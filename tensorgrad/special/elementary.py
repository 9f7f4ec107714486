"""Logistic functions, exponentials and powers, entropies, losses that grow slowly, and the transformations of Box and
Cox."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..derivatives import derivative
from ..derivatives.arrays import is_complex
from ..derivatives.elementwise import LN2, LN10, divide_safely, power_base, power_exponent
from ..derivatives.formulas import formula
from .ufuncs import ratio, ufuncs

DEGREE = math.pi / 180
# fmt: off

# Logistic functions, exponentials, powers, and angles in degrees -----------------------------------------------------

expit, logit, log_expit, expm1, log1p, cosm1, powm1 = ufuncs("expit logit log_expit expm1 log1p cosm1 powm1")
exp2, exp10, exprel, cbrt, hyp1f1 = ufuncs("exp2 exp10 exprel cbrt hyp1f1")
sindg, cosdg, tandg, cotdg = ufuncs("sindg cosdg tandg cotdg")

derivative(expit,     lambda g, y, x: g * y * expit(-x))
derivative(logit,     lambda g, y, x: g / (x * (1 - x)))
derivative(log_expit, lambda g, y, x: g * expit(-x))
derivative(expm1,     lambda g, y, x: g * np.exp(x))
derivative(log1p,     lambda g, y, x: g / (1 + x))
derivative(cosm1,     lambda g, y, x: -g * np.sin(x))
derivative(powm1,     lambda g, y, x1, x2: power_base(g, y + 1, x1, x2),
                      lambda g, y, x1, x2: power_exponent(g, np.power(x1, x2), x1, x2))
derivative(exp2,      lambda g, y, x: g * y * LN2)
derivative(exp10,     lambda g, y, x: g * y * LN10)
derivative(exprel,    lambda g, y, x: g * hyp1f1(2, 3, x) / 2)  # exprel(x) = M(1, 2, x), 13.6.2 and 13.3.15
derivative(cbrt,      lambda g, y, x: g / (3 * y * y))
derivative(sindg,     lambda g, y, x: g * DEGREE * cosdg(x))
derivative(cosdg,     lambda g, y, x: -g * DEGREE * sindg(x))
derivative(tandg,     lambda g, y, x: g * DEGREE * (1 + y * y))
derivative(cotdg,     lambda g, y, x: -g * DEGREE * (1 + y * y))


# Entropies: x log(y), and 0 where x is 0 -----------------------------------------------------------------------------

entr, rel_entr, kl_div, xlogy, xlog1py = ufuncs("entr rel_entr kl_div xlogy xlog1py")


def undefined(x1: Any, x2: Any, zero: float) -> Any:
    """Where x1 is 0 and the logarithm isn't defined; `zero` is the x2 at which it is -inf."""
    return (x1 == 0) & (x2 == zero if is_complex(x2) else x2 <= zero)


@formula(
    lambda x1, x2, zero: (
        "where(undefined(x1, x2, zero), zero + 1, x2)" if np.any(undefined(x1, x2, zero)) else "x2"
    )
)
def defined(x1: Any, x2: Any, zero: float) -> Any:
    """x2, and where it is undefined a number at which the logarithm is 0, as it counts in PyTorch."""
    return np.where(undefined(x1, x2, zero), zero + 1, x2)


_BOTH = "(x1 == 0) & (x2 == 0)"


@formula(lambda x1, x2: f"where({_BOTH}, 0, log(x1 / x2))" if np.any((x1 == 0) & (x2 == 0)) else "log(x1 / x2)")
def log_ratio(x1: Any, x2: Any) -> Any:
    """log(x1 / x2), and 0 where both are 0."""
    both = (x1 == 0) & (x2 == 0)
    return np.log(np.where(both, 1, x1)) - np.log(np.where(both, 1, x2))


@formula(lambda x1, x2: "where((x1 == 0) & (x2 == 0), 0, 1)" if np.any((x1 == 0) & (x2 == 0)) else "1")
def one_unless_zeros(x1: Any, x2: Any) -> Any:
    return (x1 != 0) | (x2 != 0)


derivative(xlogy,    lambda g, y, x1, x2: g * np.log(defined(x1, x2, 0)),
                     lambda g, y, x1, x2: g * ratio(x1, x2))
derivative(xlog1py,  lambda g, y, x1, x2: g * np.log1p(defined(x1, x2, -1)),
                     lambda g, y, x1, x2: g * ratio(x1, 1 + x2))
derivative(entr,     lambda g, y, x: -g * (np.log(x) + 1))
derivative(rel_entr, lambda g, y, x1, x2: g * (log_ratio(x1, x2) + one_unless_zeros(x1, x2)),
                     lambda g, y, x1, x2: -g * ratio(x1, x2))
derivative(kl_div,   lambda g, y, x1, x2: g * log_ratio(x1, x2),
                     lambda g, y, x1, x2: g * (1 - ratio(x1, x2)))


# Losses: squares, which go over into straight lines ------------------------------------------------------------------

huber, pseudo_huber = ufuncs("huber pseudo_huber")


@formula("where(h == 0, 0, (h - delta) ** 2 / h)", h="hypot(delta, r)")
def pseudo_huber_slope(delta: Any, r: Any) -> Any:
    """The derivative of y = delta^2 (sqrt(1 + (r / delta)^2) - 1) in delta: (h - delta)^2 / h, h^2 = delta^2 + r^2."""
    h = np.hypot(delta, r)
    return divide_safely(np.square(r * divide_safely(r, h + delta)), h)


derivative(huber,        lambda g, y, delta, r: g * np.where(np.abs(r) < delta, 0, np.abs(r) - delta),
                         lambda g, y, delta, r: g * np.where(np.abs(r) < delta, r, delta * np.sign(r)))
derivative(pseudo_huber, lambda g, y, delta, r: g * pseudo_huber_slope(delta, r),
                         lambda g, y, delta, r: g * delta * divide_safely(r, np.hypot(delta, r)))


# The transformations of Box and Cox: (x**lmbda - 1) / lmbda = u exprel(lmbda u), where u = log(x) ---------------------

boxcox, boxcox1p, inv_boxcox, inv_boxcox1p = ufuncs("boxcox boxcox1p inv_boxcox inv_boxcox1p")


def boxcox_slope(u: Any, lmbda: Any) -> Any:
    """The derivative in lmbda, also at lmbda = 0."""
    return u * u * hyp1f1(2, 3, lmbda * u) / 2


@formula(
    lambda zero, y, u, lmbda: (
        "where(zero, -y / lmbda, boxcox_slope(u, lmbda))" if np.any(zero) else "boxcox_slope(u, lmbda)"
    )
)
def slope_from(zero: Any, y: Any, u: Any, lmbda: Any) -> Any:
    """The same; where x is zero, so that u would be -inf, y is -1 / lmbda."""
    at_zero = -np.where(zero, y, 0) / np.where(zero, lmbda, 1)
    return np.where(zero, at_zero, boxcox_slope(u, lmbda))


@formula("x")  # what the logarithm is at its pole doesn't count
def apart(x: Any, pole: float) -> Any:
    return np.where(x == pole, pole + 1, x)


@formula("-(x ** (1 - lmbda)) * boxcox_slope(u, lmbda)", u="y / exprel(log1p(lmbda * y))")
def inverse_slope(x: Any, y: Any, lmbda: Any) -> Any:
    """The derivative in lmbda of the solution x of boxcox(x, lmbda) = y; its logarithm is log(1 + lmbda y) / lmbda."""
    return -np.power(x, 1 - lmbda) * boxcox_slope(y / exprel(np.log1p(lmbda * y)), lmbda)


derivative(boxcox,       lambda g, y, x, lmbda: g * np.power(x, lmbda - 1),
                         lambda g, y, x, lmbda: g * slope_from(x == 0, y, np.log(apart(x, 0)), lmbda))
derivative(boxcox1p,     lambda g, y, x, lmbda: g * np.power(1 + x, lmbda - 1),
                         lambda g, y, x, lmbda: g * slope_from(x == -1, y, np.log1p(apart(x, -1)), lmbda))
derivative(inv_boxcox,   lambda g, y, x, lmbda: g * np.power(y, 1 - lmbda),
                         lambda g, y, x, lmbda: g * inverse_slope(y, x, lmbda))
derivative(inv_boxcox1p, lambda g, y, x, lmbda: g * np.power(1 + y, 1 - lmbda),
                         lambda g, y, x, lmbda: g * inverse_slope(1 + y, x, lmbda))
