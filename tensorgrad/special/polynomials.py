"""Orthogonal polynomials (18.9.15 to 18.9.28): the derivative of one is another of a degree less. And Tricomi's and
Wright's functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives.formulas import formula
from .ufuncs import partials, ufuncs

eval_jacobi, eval_legendre, eval_gegenbauer = ufuncs("eval_jacobi eval_legendre eval_gegenbauer")
eval_chebyt, eval_chebyu, eval_chebyc, eval_chebys = ufuncs("eval_chebyt eval_chebyu eval_chebyc eval_chebys")
eval_genlaguerre, eval_laguerre = ufuncs("eval_genlaguerre eval_laguerre")
eval_hermite, eval_hermitenorm = ufuncs("eval_hermite eval_hermitenorm")
eval_sh_jacobi, eval_sh_legendre = ufuncs("eval_sh_jacobi eval_sh_legendre")
eval_sh_chebyt, eval_sh_chebyu = ufuncs("eval_sh_chebyt eval_sh_chebyu")
hyperu, wright_bessel, log_wright_bessel = ufuncs("hyperu wright_bessel log_wright_bessel")


@formula(lambda n: "where(n == 0, 0, n - 1)" if np.any(np.equal(n, 0)) else "n - 1")
def less(n: Any) -> Any:
    """The degree n - 1, and 0 for the constant of degree 0, whose derivative has a factor n."""
    return np.where(np.equal(n, 0), 0, n - 1)


# fmt: off
partials(eval_jacobi,      "n alpha beta x", None, None, None,
         lambda g, y, n, a, b, x: g * (n + a + b + 1) / 2 * eval_jacobi(n - 1, a + 1, b + 1, x))
partials(eval_sh_jacobi,   "n p q x", None, None, None,
         lambda g, y, n, p, q, x: g * n * eval_sh_jacobi(less(n), p + 2, q + 1, x))
partials(eval_legendre,    "n x", None, lambda g, y, n, x: g * (n + 1) / 2 * eval_jacobi(n - 1, 1, 1, x))
partials(eval_sh_legendre, "n x", None, lambda g, y, n, x: g * (n + 1) * eval_jacobi(n - 1, 1, 1, 2 * x - 1))
partials(eval_gegenbauer,  "n alpha x", None, None,
         lambda g, y, n, a, x: g * 2 * a * eval_gegenbauer(n - 1, a + 1, x))
partials(eval_chebyt,      "n x", None, lambda g, y, n, x: g * n * eval_chebyu(n - 1, x))
partials(eval_chebyu,      "n x", None, lambda g, y, n, x: g * 2 * eval_gegenbauer(n - 1, 2, x))
partials(eval_chebyc,      "n x", None, lambda g, y, n, x: g * n * eval_chebys(n - 1, x))
partials(eval_chebys,      "n x", None, lambda g, y, n, x: g * eval_gegenbauer(n - 1, 2, x / 2))
partials(eval_sh_chebyt,   "n x", None, lambda g, y, n, x: g * 2 * n * eval_chebyu(n - 1, 2 * x - 1))
partials(eval_sh_chebyu,   "n x", None, lambda g, y, n, x: g * 4 * eval_gegenbauer(n - 1, 2, 2 * x - 1))
partials(eval_genlaguerre, "n alpha x", None, None,
         lambda g, y, n, a, x: -g * eval_genlaguerre(n - 1, a + 1, x))
partials(eval_laguerre,    "n x", None, lambda g, y, n, x: -g * eval_genlaguerre(n - 1, 1, x))
partials(eval_hermite,     "n x", None, lambda g, y, n, x: g * 2 * n * eval_hermite(less(n), x))
partials(eval_hermitenorm, "n x", None, lambda g, y, n, x: g * n * eval_hermitenorm(less(n), x))

partials(hyperu,        "a b x", None, None, lambda g, y, a, b, x: -g * a * hyperu(a + 1, b + 1, x))  # 13.3.22
partials(wright_bessel, "a b x", None, None, lambda g, y, a, b, x: g * wright_bessel(a, a + b, x))  # 10.46.1
partials(log_wright_bessel, "a b x", None, None,
         lambda g, y, a, b, x: g * np.exp(log_wright_bessel(a, a + b, x) - y))
