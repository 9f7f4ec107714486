"""Kelvin functions (10.61), Struve functions (11.4), parabolic cylinder functions (12.2, 12.14), and integrals of
Bessel and Struve functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..derivatives import derivative
from ..derivatives.formulas import formula
from .bessel import airy, i0, j0, k0, y0
from .ufuncs import partials, product, ratio, ufuncs

ber, bei, berp, beip, ker, kei, kerp, keip = ufuncs("ber bei berp beip ker kei kerp keip")
struve, modstruve, itstruve0, it2struve0, itmodstruve0 = ufuncs("struve modstruve itstruve0 it2struve0 itmodstruve0")
itj0y0, it2j0y0, iti0k0, it2i0k0, itairy = ufuncs("itj0y0 it2j0y0 iti0k0 it2i0k0 itairy")
kelvin, pbdv, pbvv, pbwa = ufuncs("kelvin pbdv pbvv pbwa")


@formula(lambda x: "where(x == 0, 1 / 2, beip(x) / x)" if np.any(x == 0) else "beip(x) / x")
def beip_over(x: Any) -> Any:
    """bei'(x) / x, which is 1/2 at 0."""
    return np.where(x == 0, 0.5, ratio(beip(x), x))


def solution(factor: Callable) -> Callable:
    """The rule in x of a ufunc that gives (w, w'), where w'' = factor(v, x) w."""
    return lambda g, y, v, x: product(g[0], y[1]) + product(g[1], factor(v, x) * y[0])


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

# y = (Be, Ke, Be', Ke')
derivative(kelvin, lambda g, y, x: product(g[0], y[2]) + product(g[1], y[3])
                                   + product(g[2], 1j * y[0] - y[2] / x) + product(g[3], 1j * y[1] - y[3] / x))
