"""Bessel functions (10.6, 10.29): the derivative of one lies between its neighbours. And Airy functions (9.2)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives import derivative
from ..derivatives.arrays import is_complex
from .ufuncs import partials, product, ufuncs

jv, yv, iv, kv, hankel1, hankel2 = ufuncs("jv yv iv kv hankel1 hankel2")
jve, yve, ive, kve, hankel1e, hankel2e = ufuncs("jve yve ive kve hankel1e hankel2e")
j0, j1, y0, y1, yn, i0, i1, k0, k1, kn = ufuncs("j0 j1 y0 y1 yn i0 i1 k0 k1 kn")
i0e, i1e, k0e, k1e, airy = ufuncs("i0e i1e k0e k1e airy")

# jve and yve have a factor exp(-|Im z|), ive has exp(-|Re z|): they aren't holomorphic -------------------------------


def of_imag(g: Any, y: Any, z: Any) -> Any:
    """What the factor exp(-|Im z|) of y adds to the gradient: dL = Re(g y) d(-|Im z|), and d(Im z) = Re(-i dz)."""
    return 1j * np.sign(np.imag(z)) * np.real(g * y) if is_complex(z) else 0


def of_real(g: Any, y: Any, z: Any) -> Any:
    """What the factor exp(-|Re z|) adds."""
    return -np.sign(np.real(z)) * np.real(g * y)


# fmt: off
partials(jv,       "v z", None, lambda g, y, v, z: g * (jv(v - 1, z) - jv(v + 1, z)) / 2)
partials(yv,       "v z", None, lambda g, y, v, z: g * (yv(v - 1, z) - yv(v + 1, z)) / 2)
partials(iv,       "v z", None, lambda g, y, v, z: g * (iv(v - 1, z) + iv(v + 1, z)) / 2)
partials(kv,       "v z", None, lambda g, y, v, z: -g * (kv(v - 1, z) + kv(v + 1, z)) / 2)
partials(jve,      "v z", None, lambda g, y, v, z: g * (jve(v - 1, z) - jve(v + 1, z)) / 2 + of_imag(g, y, z))
partials(yve,      "v z", None, lambda g, y, v, z: g * (yve(v - 1, z) - yve(v + 1, z)) / 2 + of_imag(g, y, z))
partials(ive,      "v z", None, lambda g, y, v, z: g * (ive(v - 1, z) + ive(v + 1, z)) / 2 + of_real(g, y, z))
partials(kve,      "v z", None, lambda g, y, v, z: g * (y - (kve(v - 1, z) + kve(v + 1, z)) / 2))
partials(hankel1,  "v z", None, lambda g, y, v, z: g * (hankel1(v - 1, z) - hankel1(v + 1, z)) / 2)
partials(hankel2,  "v z", None, lambda g, y, v, z: g * (hankel2(v - 1, z) - hankel2(v + 1, z)) / 2)
partials(hankel1e, "v z", None, lambda g, y, v, z: g * ((hankel1e(v - 1, z) - hankel1e(v + 1, z)) / 2 - 1j * y))
partials(hankel2e, "v z", None, lambda g, y, v, z: g * ((hankel2e(v - 1, z) - hankel2e(v + 1, z)) / 2 + 1j * y))
partials(yn,       "n x", None, lambda g, y, n, x: g * (yv(n - 1, x) - yv(n + 1, x)) / 2)
partials(kn,       "n x", None, lambda g, y, n, x: -g * (kv(n - 1, x) + kv(n + 1, x)) / 2)

derivative(j0,  lambda g, y, x: -g * j1(x))
derivative(j1,  lambda g, y, x: g * (j0(x) - jv(2, x)) / 2)
derivative(y0,  lambda g, y, x: -g * y1(x))
derivative(y1,  lambda g, y, x: g * (y0(x) - yv(2, x)) / 2)
derivative(i0,  lambda g, y, x: g * i1(x))
derivative(i1,  lambda g, y, x: g * (i0(x) + iv(2, x)) / 2)
derivative(k0,  lambda g, y, x: -g * k1(x))
derivative(k1,  lambda g, y, x: -g * (k0(x) + kv(2, x)) / 2)
derivative(i0e, lambda g, y, x: g * (i1e(x) - np.sign(x) * y))
derivative(i1e, lambda g, y, x: g * ((i0e(x) + ive(2, x)) / 2 - np.sign(x) * y))
derivative(k0e, lambda g, y, x: g * (y - k1e(x)))
derivative(k1e, lambda g, y, x: g * (y - (k0e(x) + kve(2, x)) / 2))

# y = (Ai, Ai', Bi, Bi'). Where Bi overflows and isn't used, it doesn't spoil the gradient of Ai.
derivative(airy, lambda g, y, z: product(g[0], y[1]) + z * product(g[1], y[0])
                                 + product(g[2], y[3]) + z * product(g[3], y[2]))
