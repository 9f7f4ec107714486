"""Integrals: the error function and its kin (chapter 7), exponential, sine and cosine integrals (6), the dilogarithm
(25.12), elliptic (19) and hypergeometric functions (13, 15); and Lambert's W (4.13), the inverse of one."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

from ..derivatives import derivative
from ..derivatives.arrays import is_complex
from ..derivatives.formulas import by_name, formula
from .ufuncs import UfuncProbe, partials, product, ufuncs

SQRT_PI = math.sqrt(math.pi)

# The error function and its kin --------------------------------------------------------------------------------------

erf, erfc, erfcx, erfi, erfinv, erfcinv = ufuncs("erf erfc erfcx erfi erfinv erfcinv")
dawsn, wofz, fresnel = ufuncs("dawsn wofz fresnel")


@by_name("the sum of (2k − 1)!! / sᵏ over k = 1, 2, ..., the asymptotic series of the integral")
def series(s: Any) -> Any:
    """The sum of (2k - 1)!! / s^k over k from 1 on (7.12.1): eight terms give all digits for |s| > 1300."""
    total = 0.0
    for k in range(15, 0, -2):
        total = k * (1 + total) / s
    return total


_SERIES = "series(s) is 1 / s + 3 / s^2 + 15 / s^3 + ..., with the double factorials of odd numbers."


@formula(
    lambda far, z, sign, near: "where(far, series(2 * sign * z**2), near)" if np.any(far) else "near",
    note=lambda far, z, sign, near: _SERIES if np.any(far) else "",
)
def by_series(far: Any, z: Any, sign: int, near: Any) -> Any:
    """near, and where z is far out series(2 sign z^2): near is a difference that has lost its digits there."""
    return np.where(far, series(2 * sign * np.square(np.where(far, z, 26))), near)


def is_far(z: Any, towards: Any) -> Any:
    """Where the series gives all digits. It holds in one half of the plane, where `towards` isn't negative."""
    return (np.abs(z) > 26) & (towards >= 0)


@formula(
    lambda y, z: (
        "1 - 2 * z * y"
        if is_complex(z) or np.all(abs(z) <= 26)
        else "where(abs(z) > 26, -series(2 * z**2), 1 - 2 * z * y)"
    ),
    note=lambda y, z: "" if is_complex(z) or np.all(abs(z) <= 26) else _SERIES,
)
def dawsn_slope(y: Any, z: Any) -> Any:
    """1 - 2 z y, from the definition 7.2.5."""
    near = 2 * z * y - 1
    return -near if is_complex(z) else -by_series(np.abs(z) > 26, z, 1, near)


# fmt: off
derivative(erf,     lambda g, y, z: g * (2 / SQRT_PI) * np.exp(-(z * z)))
derivative(erfc,    lambda g, y, z: g * (-2 / SQRT_PI) * np.exp(-(z * z)))
derivative(erfi,    lambda g, y, z: g * (2 / SQRT_PI) * np.exp(z * z))
derivative(erfinv,  lambda g, y, x: g * (SQRT_PI / 2) * np.exp(y * y))
derivative(erfcinv, lambda g, y, x: g * (-SQRT_PI / 2) * np.exp(y * y))
derivative(erfcx,   lambda g, y, z:
                    g * (2 / SQRT_PI) * by_series(is_far(z, np.real(z)), z, -1, SQRT_PI * z * y - 1))
derivative(wofz,    lambda g, y, z:
                    g * (-2j / SQRT_PI) * by_series(is_far(z, np.imag(z)), z, 1, -1j * SQRT_PI * z * y - 1))  # 7.10.2
derivative(dawsn,   lambda g, y, z: g * dawsn_slope(y, z))
derivative(fresnel, lambda g, y, z: product(g[0], np.sin(math.pi / 2 * z * z))
                                    + product(g[1], np.cos(math.pi / 2 * z * z)))
# fmt: on


# Exponential, sine and cosine integrals, the dilogarithm, Lambert's W -------------------------------------------------

expi, exp1, expn, sici, shichi, spence, wrightomega = ufuncs("expi exp1 expn sici shichi spence wrightomega")
exprel = ufuncs("exprel")[0]
lambertw = inspect.unwrap(scipy.special.lambertw)


@by_name("the integral of exp(−x t) / tⁿ over t from 1 to ∞")
def _exponential_integral(n: Any, x: Any) -> Any:
    """E_n(x) of whole n, negative ones by the recurrence 8.19.12."""
    y = expn(np.maximum(n, 0), x)
    for k in range(1, 1 - int(np.min(n))):
        y = np.where(n <= -k, (np.exp(-x) + k * y) / x, y)
    return y


exponential_integral: Callable = derivative(
    _exponential_integral, None, lambda g, y, n, x: -g * exponential_integral(n - 1, x)
)


@formula(lambda z: "where(z == 0, 1, sinh(z) / z)" if np.any(z == 0) else "sinh(z) / z")
def sinhc(z: Any) -> Any:
    """sinh(z) / z"""
    y = np.sinc(z * (1j / math.pi))
    return y if is_complex(z) else np.real(y)


@formula(lambda z, g: "where((z == 0) & (g == 0), 1, z)" if np.any((z == 0) & (g == 0)) else "z")
def apart(z: Any, g: Any) -> Any:
    """z, and 1 in the place of a pole that no gradient comes to."""
    return np.where((z == 0) & (g == 0), 1, z)


@formula(lambda z: "where(z == 1, -1, log(z) / (1 - z))" if np.any(z == 1) else "log(z) / (1 - z)")
def spence_slope(z: Any) -> Any:
    """log(z) / (1 - z), which is -1 at z = 1."""
    if not is_complex(z):
        return -1 / exprel(np.log(z))
    one = z == 1
    return np.where(one, -1, np.log(z) / np.where(one, 1, 1 - z))


# fmt: off
derivative(expi,        lambda g, y, x: g * np.exp(x) / x)
derivative(exp1,        lambda g, y, z: -g * np.exp(-z) / z)
partials(expn, "n x",   None, lambda g, y, n, x: -g * exponential_integral(n - 1, x))  # 8.19.13
derivative(sici,        lambda g, y, x: g[0] * np.sinc(x * (1 / math.pi)) + g[1] * np.cos(x) / apart(x, g[1]))
derivative(shichi,      lambda g, y, x: g[0] * sinhc(x) + g[1] * np.cosh(x) / apart(x, g[1]))
derivative(spence,      lambda g, y, z: g * spence_slope(z))
derivative(wrightomega, lambda g, y, z: g * y / (1 + y))
partials(lambertw(UfuncProbe()), "z k tol",
                        lambda g, y, z, k, tol: g * np.exp(-y) / (1 + y), None, None)  # 4.13.4


# Hypergeometric functions (13.3.15, 15.5.1, 16.3.1), and complete elliptic integrals (19.5.1, 19.5.2, 15.8.1) ---------

hyp0f1, hyp1f1, hyp2f1, ellipk, ellipkm1, ellipe = ufuncs("hyp0f1 hyp1f1 hyp2f1 ellipk ellipkm1 ellipe")
ellipkinc, ellipeinc, ellipj = ufuncs("ellipkinc ellipeinc ellipj")

partials(hyp0f1, "v z",     None, lambda g, y, v, z: g / v * hyp0f1(v + 1, z))
partials(hyp1f1, "a b x",   None, None, lambda g, y, a, b, x: g * (a / b) * hyp1f1(a + 1, b + 1, x))
partials(hyp2f1, "a b c z", None, None, None,
                            lambda g, y, a, b, c, z: g * (a * b / c) * hyp2f1(a + 1, b + 1, c + 1, z))
derivative(ellipk,          lambda g, y, m: g * (math.pi / 8) * hyp2f1(0.5, 0.5, 2, m) / (1 - m))
derivative(ellipkm1,        lambda g, y, p: g * (-math.pi / 8) * hyp2f1(0.5, 0.5, 2, 1 - p) / p)
derivative(ellipe,          lambda g, y, m: g * (-math.pi / 8) * hyp2f1(0.5, 1.5, 2, m))

# Incomplete ones in the amplitude (19.2.4, 19.2.5), and Jacobi's (22.13.1): y = (sn, cn, dn, am)
partials(ellipkinc, "phi m", lambda g, y, phi, m: g / np.sqrt(1 - m * np.sin(phi) ** 2), None)
partials(ellipeinc, "phi m", lambda g, y, phi, m: g * np.sqrt(1 - m * np.sin(phi) ** 2), None)
partials(ellipj,    "u m",   lambda g, y, u, m: g[0] * y[1] * y[2] - g[1] * y[0] * y[2]
                                                - g[2] * m * y[0] * y[1] + g[3] * y[2], None)
