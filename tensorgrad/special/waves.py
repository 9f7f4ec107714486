"""Solutions of wave equations: Kelvin (10.61), Struve (11.4), Mathieu (28.2, 28.20), parabolic cylinder (12.2, 12.14) and
spheroidal functions (30.2). And integrals of Bessel and Struve functions.

Where SciPy gives a function with its derivative, that of the derivative is read off the differential equation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..derivatives import derivative
from .bessel import airy, i0, j0, k0, y0
from .ufuncs import partials, product, ratio, ufuncs

ber, bei, berp, beip, ker, kei, kerp, keip = ufuncs("ber bei berp beip ker kei kerp keip")
struve, modstruve, itstruve0, it2struve0, itmodstruve0 = ufuncs("struve modstruve itstruve0 it2struve0 itmodstruve0")
itj0y0, it2j0y0, iti0k0, it2i0k0, itairy = ufuncs("itj0y0 it2j0y0 iti0k0 it2i0k0 itairy")
pbdv, pbvv, pbwa = ufuncs("pbdv pbvv pbwa")
mathieu_a, mathieu_b, mathieu_cem, mathieu_sem = ufuncs("mathieu_a mathieu_b mathieu_cem mathieu_sem")
mathieu_modcem1, mathieu_modcem2 = ufuncs("mathieu_modcem1 mathieu_modcem2")
mathieu_modsem1, mathieu_modsem2 = ufuncs("mathieu_modsem1 mathieu_modsem2")

kelvin, pro_cv, obl_cv = ufuncs("kelvin pro_cv obl_cv")
pro_ang1, pro_rad1, pro_rad2, obl_ang1, obl_rad1 = ufuncs("pro_ang1 pro_rad1 pro_rad2 obl_ang1 obl_rad1")

RADIAN = np.pi / 180


def beip_over(x: Any) -> Any:
    """bei'(x) / x, which is 1/2 at 0."""
    return np.where(x == 0, 0.5, ratio(beip(x), x))


def solution(factor: Callable, step: float = 1.0) -> Callable:
    """The rule in x of a ufunc that gives (w, w'), where w'' = factor(..., x) w. One unit of x are `step` of theirs."""
    return lambda g, y, *args: step * (product(g[0], y[1]) + product(g[1], factor(*args) * y[0]))


def spheroidal(constants: Callable, sign: int = 1) -> Callable:
    """The rule in x of a ufunc that gives (w, w'), where, with a = sign, and the characteristic value k,

        (1 - a x^2) w'' = 2 a x w' - a (k - c^2 x^2 - m^2 / (1 - a x^2)) w.

    constants: gives a k and a c^2 of m, n and c.
    """

    def rule(g: Any, y: Any, m: Any, n: Any, c: Any, x: Any) -> Any:
        k, c2 = constants(m, n, c)
        room = 1 - sign * x * x
        slope = (2 * sign * x * y[1] - (k - c2 * x * x - sign * m * m / room) * y[0]) / room
        return product(g[0], y[1]) + product(g[1], slope)

    return rule


# fmt: off
derivative(ber,  lambda g, y, x: g * berp(x))
derivative(bei,  lambda g, y, x: g * beip(x))
derivative(ker,  lambda g, y, x: g * kerp(x))
derivative(kei,  lambda g, y, x: g * keip(x))
derivative(berp, lambda g, y, x: -g * (bei(x) + ratio(y, x)))  # (ber + i bei)'' = i (ber + i bei) - (ber + i bei)' / x
derivative(beip, lambda g, y, x: g * (ber(x) - beip_over(x)))
derivative(kerp, lambda g, y, x: -g * (kei(x) + y / x))
derivative(keip, lambda g, y, x: g * (ker(x) - y / x))

partials(struve,    "v x", None, lambda g, y, v, x: g * (struve(v - 1, x) - ratio(v * y, x)))
partials(modstruve, "v x", None, lambda g, y, v, x: g * (modstruve(v - 1, x) - ratio(v * y, x)))

derivative(itstruve0,    lambda g, y, x: g * struve(0, x))
derivative(it2struve0,   lambda g, y, x: -g * struve(0, x) / x)
derivative(itmodstruve0, lambda g, y, x: g * modstruve(0, x))
derivative(itj0y0,  lambda g, y, x: product(g[0], j0(x)) + product(g[1], y0(x)))
derivative(iti0k0,  lambda g, y, x: product(g[0], i0(x)) + product(g[1], k0(x)))
derivative(it2j0y0, lambda g, y, x: g[0] * ratio(1 - j0(x), x) - product(g[1], y0(x) / x))
derivative(it2i0k0, lambda g, y, x: g[0] * ratio(i0(x) - 1, x) - product(g[1], k0(x) / x))
derivative(itairy,  lambda g, y, x: product(g[0], airy(x)[0]) + product(g[1], airy(x)[2])
                                    + product(g[2], airy(-x)[0]) + product(g[3], airy(-x)[2]))

partials(pbdv, "v x", None, solution(lambda v, x: x * x / 4 - v - 0.5))
partials(pbvv, "v x", None, solution(lambda v, x: x * x / 4 - v - 0.5))
partials(pbwa, "a x", None, solution(lambda a, x: a - x * x / 4))
partials(mathieu_cem, "m q x", None, None, solution(lambda m, q, x: 2 * q * np.cos(2 * RADIAN * x) - mathieu_a(m, q), RADIAN))
partials(mathieu_sem, "m q x", None, None, solution(lambda m, q, x: 2 * q * np.cos(2 * RADIAN * x) - mathieu_b(m, q), RADIAN))
partials(mathieu_modcem1, "m q x", None, None, solution(lambda m, q, x: mathieu_a(m, q) - 2 * q * np.cosh(2 * x)))
partials(mathieu_modcem2, "m q x", None, None, solution(lambda m, q, x: mathieu_a(m, q) - 2 * q * np.cosh(2 * x)))
partials(mathieu_modsem1, "m q x", None, None, solution(lambda m, q, x: mathieu_b(m, q) - 2 * q * np.cosh(2 * x)))
partials(mathieu_modsem2, "m q x", None, None, solution(lambda m, q, x: mathieu_b(m, q) - 2 * q * np.cosh(2 * x)))

# y = (Be, Ke, Be', Ke')
derivative(kelvin, lambda g, y, x: product(g[0], y[2]) + product(g[1], y[3])
                                   + product(g[2], 1j * y[0] - y[2] / x) + product(g[3], 1j * y[1] - y[3] / x))

for prolate in (pro_ang1, pro_rad1, pro_rad2):
    partials(prolate, "m n c x", None, None, None, spheroidal(lambda m, n, c: (pro_cv(m, n, c), c * c)))
partials(obl_ang1,    "m n c x", None, None, None, spheroidal(lambda m, n, c: (obl_cv(m, n, c), -c * c)))
partials(obl_rad1,    "m n c x", None, None, None, spheroidal(lambda m, n, c: (-obl_cv(m, n, c), -c * c), -1))
