"""Each function of tensorgrad.special, and its first and second derivatives, beside mpmath at 34 digits.

mpmath computes the functions by other ways than SciPy, and differentiates them numerically. The points lie where the
function is ordinary, and where two formulas of a rule meet, or one of them loses its digits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from tensorgrad import Tensor
from tensorgrad.engine import backpropagate

special = pytest.importorskip("tensorgrad.special")
pytestmark = pytest.mark.slow

# Functions as mpmath has them ----------------------------------------------------------------------------------------


def gamma_p(a, x):
    return mp.gammainc(a, 0, x, regularized=True)


def gamma_q(a, x):
    return mp.gammainc(a, x, regularized=True)


def beta_i(a, b, x):
    return mp.betainc(a, b, 0, x, regularized=True)


def student(n, t):
    tail = beta_i(n / 2, mp.mpf(1) / 2, n / (n + t * t)) / 2
    return tail if t < 0 else 1 - tail


def fisher(m, n, x):
    return beta_i(m / 2, n / 2, m * x / (m * x + n))


def normal_quantile(p):
    return -mp.sqrt(2) * mp.erfinv(1 - 2 * p)


def owen(h, a):
    return mp.quad(lambda t: mp.exp(-h * h * (1 + t * t) / 2) / (1 + t * t), [0, a]) / (2 * mp.pi)


def log_multigamma(a, d):
    return d * (d - 1) / 4 * mp.log(mp.pi) + sum(mp.loggamma(a - mp.mpf(j) / 2) for j in range(int(d)))


def rising(z, m):
    return mp.rf(z, m) if m == int(m) and m > 0 else mp.gammaprod([z + m], [z])


def huber(delta, r):
    return r * r / 2 if abs(r) <= delta else delta * (abs(r) - delta / 2)


def box_cox(x, lmbda):
    return mp.log(x) if lmbda == 0 else mp.expm1(lmbda * mp.log(x)) / lmbda


def inverse_box_cox(y, lmbda):
    return mp.exp(y) if lmbda == 0 else mp.exp(mp.log1p(lmbda * y) / lmbda)


def points(*values):
    return [(v,) for v in values]


# name: the function, the points, and which arguments have a derivative (all, if it doesn't say)
GAMMA_POINTS = [(0.5, 0.3), (1.0, 0.3), (7.0, 3.0), (7.0, 20.0), (100.0, 90.0), (3.0, 1e-3)]
BETA_POINTS = [(0.5, 0.5, 0.3), (1.0, 1.0, 0.3), (2.0, 7.0, 0.9), (30.0, 20.0, 0.6), (1.0, 0.3, 0.999)]
BOX_POINTS = [
    (2.0, 0.5), (2.0, 0.0), (2.0, 1e-9), (2.0, -1e-5), (0.01, 3.0), (5.0, -2.0), (1.0, 0.3), (1.0 + 1e-10, 0.5),
]  # fmt: skip
INVERSE_BOX_POINTS = [(2.0, 0.5), (2.0, 0.0), (2.0, 1e-9), (2.0, -1e-5), (-0.3, 3.0), (0.0, 0.3), (1e-10, 0.5)]
ORDERS = [(0, 0.3), (2.5, 4.0), (-0.7, 3.0)]
LINE = points(-30.0, -0.5, 0.0, 0.3, 4.0, 30.0)
POLYNOMIALS = [(1, 0.3), (3, -0.7), (4, 0.9)]
FUNCTIONS: dict[str, tuple] = {
    "eval_legendre": (mp.legendre, POLYNOMIALS, [1]),
    "eval_chebyt": (mp.chebyt, POLYNOMIALS, [1]),
    "eval_chebyu": (mp.chebyu, POLYNOMIALS, [1]),
    "eval_chebyc": (lambda n, x: 2 * mp.chebyt(n, x / 2), POLYNOMIALS, [1]),
    "eval_chebys": (lambda n, x: mp.chebyu(n, x / 2), POLYNOMIALS, [1]),
    "eval_hermite": (mp.hermite, POLYNOMIALS, [1]),
    "eval_laguerre": (lambda n, x: mp.laguerre(n, 0, x), POLYNOMIALS, [1]),
    "eval_genlaguerre": (mp.laguerre, [(3, 0.5, 0.7), (2, 1.5, 3.0)], [2]),
    "eval_gegenbauer": (mp.gegenbauer, [(3, 0.5, 0.7), (4, 1.5, -0.3)], [2]),
    "eval_jacobi": (mp.jacobi, [(3, 0.5, 1.5, 0.7), (4, 1.0, 2.0, -0.3)], [3]),
    "eval_sh_legendre": (lambda n, x: mp.legendre(n, 2 * x - 1), POLYNOMIALS, [1]),
    "eval_sh_chebyt": (lambda n, x: mp.chebyt(n, 2 * x - 1), POLYNOMIALS, [1]),
    "eval_sh_chebyu": (lambda n, x: mp.chebyu(n, 2 * x - 1), POLYNOMIALS, [1]),
    "ber": (lambda x: mp.ber(0, x), points(0.5, 3.0)),
    "bei": (lambda x: mp.bei(0, x), points(0.5, 3.0)),
    "ker": (lambda x: mp.ker(0, x), points(0.5, 3.0)),
    "kei": (lambda x: mp.kei(0, x), points(0.5, 3.0)),
    "struve": (mp.struveh, [(0.5, 0.7), (2, 3.0)], [1]),
    "modstruve": (mp.struvel, [(0.5, 0.7), (2, 3.0)], [1]),
    "hyperu": (mp.hyperu, [(0.5, 1.5, 0.7)], [2]),  # at (2, 0.5, 3) SciPy is right to 4e-12 alone
    "ellipkinc": (mp.ellipf, [(0.7, 0.3), (1.2, -1.0)], [0]),
    "ellipeinc": (mp.ellipe, [(0.7, 0.3), (1.2, -1.0)], [0]),
    "pdtr": (lambda k, m: mp.gammainc(k + 1, m, mp.inf, regularized=True), [(2, 0.7), (5, 4.0)], [1]),
    "pdtrc": (lambda k, m: mp.gammainc(k + 1, 0, m, regularized=True), [(2, 0.7), (5, 4.0)], [1]),
    "bdtr": (lambda k, n, p: mp.betainc(n - k, k + 1, 0, 1 - p, regularized=True), [(2, 5, 0.3), (1, 7, 0.6)], [2]),
    "bdtrc": (lambda k, n, p: mp.betainc(k + 1, n - k, 0, p, regularized=True), [(2, 5, 0.3), (1, 7, 0.6)], [2]),
    "nbdtr": (lambda k, n, p: mp.betainc(n, k + 1, 0, p, regularized=True), [(2, 5, 0.3), (1, 7, 0.6)], [2]),
    "nbdtrc": (lambda k, n, p: mp.betainc(k + 1, n, 0, 1 - p, regularized=True), [(2, 5, 0.3), (1, 7, 0.6)], [2]),
    "expit": (lambda x: 1 / (1 + mp.exp(-x)), [*LINE, (300.0,)]),
    "logit": (lambda x: mp.log(x) - mp.log1p(-x), points(1e-3, 0.3, 0.5, 0.999)),
    "log_expit": (lambda x: -mp.log1p(mp.exp(-x)), [*LINE, (300.0,)]),
    "expm1": (mp.expm1, LINE),
    "log1p": (mp.log1p, points(-0.99, -1e-9, 0.0, 3.0, 1e6)),
    "cosm1": (lambda x: mp.cos(x) - 1, points(-3.0, 0.0, 1e-6, 0.5, 20.0)),
    "powm1": (lambda x, y: x**y - 1, [(1.0 + 1e-9, 0.5), (2.0, 3.0), (0.3, -2.0), (1e-3, 1e-9)]),
    "exp2": (lambda x: mp.mpf(2) ** x, LINE),
    "exp10": (lambda x: mp.mpf(10) ** x, LINE),
    "exprel": (lambda x: mp.hyp1f1(1, 2, x), [*LINE, (-700.0,), (1e-7,), (300.0,)]),
    "cbrt": (mp.cbrt, points(0.3, 8.0)),
    "sindg": (lambda x: mp.sin(x * mp.pi / 180), LINE),
    "cosdg": (lambda x: mp.cos(x * mp.pi / 180), LINE),
    "tandg": (lambda x: mp.tan(x * mp.pi / 180), LINE),
    "cotdg": (lambda x: mp.cot(x * mp.pi / 180), points(-30.0, 3.0, 100.0)),
    "entr": (lambda x: -x * mp.log(x), points(1e-3, 0.3, 1.0, 5.0)),
    "rel_entr": (lambda x, y: x * mp.log(x / y), [(0.3, 0.2), (5.0, 5.0), (2.0, 9.0)]),
    "kl_div": (lambda x, y: x * mp.log(x / y) - x + y, [(0.3, 0.2), (5.0, 5.0), (2.0, 9.0)]),
    "xlogy": (lambda x, y: x * mp.log(y), [(0.0, 2.0), (3.0, 0.1), (-2.0, 5.0)]),
    "xlog1py": (lambda x, y: x * mp.log1p(y), [(0.0, 2.0), (3.0, -0.9), (2.0, 1e-12), (0.0, -0.5)]),
    "huber": (huber, [(1.0, 0.3), (1.0, 3.0), (1.0, -3.0), (0.2, 0.0)]),
    "pseudo_huber": (
        lambda d, r: d * d * (mp.sqrt(1 + (r / d) ** 2) - 1),
        [(1.0, 0.3), (1.0, 1e-3), (1.0, -300.0), (1e3, 2.0), (1e-2, 2.0)],
    ),
    "boxcox": (box_cox, BOX_POINTS),
    "boxcox1p": (lambda x, lmbda: box_cox(1 + x, lmbda), [(x - 1, lmbda) for x, lmbda in BOX_POINTS]),
    "inv_boxcox": (inverse_box_cox, INVERSE_BOX_POINTS),
    "inv_boxcox1p": (lambda y, lmbda: inverse_box_cox(y, lmbda) - 1, INVERSE_BOX_POINTS),
    "erf": (mp.erf, points(-5.0, 0.0, 0.3, 5.0)),
    "erfc": (mp.erfc, points(-5.0, 0.0, 0.3, 5.0, 20.0)),
    "erfcx": (lambda x: mp.exp(x * x) * mp.erfc(x), points(-5.0, 0.0, 1.0, 20.0, 25.9, 26.1, 1e3)),
    "erfi": (mp.erfi, points(-5.0, 0.0, 0.3, 20.0)),
    "dawsn": (
        lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
        points(-1e3, -26.1, -25.9, 0.0, 0.3, 10.0, 26.1),
    ),
    "erfinv": (mp.erfinv, points(-0.99, 0.0, 0.3, 0.999)),
    "erfcinv": (lambda x: mp.erfinv(1 - x), points(1e-3, 0.3, 1.0, 1.9)),
    "ndtr": (mp.ncdf, points(-10.0, 0.0, 3.0)),
    "ndtri": (normal_quantile, points(1e-3, 0.3, 0.5, 0.99)),
    "log_ndtr": (lambda x: mp.log(mp.erfc(-x / mp.sqrt(2)) / 2), points(-1e3, -37.0, -1e-9, 0.0, 1e-9, 2.0)),
    "ndtri_exp": (lambda x: normal_quantile(mp.exp(x)), points(-20.0, -3.0, -0.1, -1e-2)),
    "owens_t": (owen, [(1.3, -0.5)]),
    "gamma": (mp.gamma, points(0.1, 3.3, 50.0, -0.3, -5.5, -20.7)),
    "gammaln": (lambda x: mp.log(abs(mp.gamma(x))), points(1e-2, 3.3, 1e5, -0.3, -5.5)),
    "loggamma": (mp.loggamma, points(1e-2, 3.3, 1e5)),
    "rgamma": (mp.rgamma, points(-20.0, -5.5, -3.0, -3.0 + 1e-9, -1.0, 0.0, 0.499, 0.5, 1.0, 20.0)),
    "digamma": (mp.digamma, points(0.1, 3.3, 1e5, -0.3, -5.5)),
    "polygamma": (lambda n, x: mp.polygamma(int(n), x), [(0, 1.3), (1, 1.3), (2, 0.2), (3, -0.6), (5, 40.0)], [1]),
    "multigammaln": (log_multigamma, [(2.5, 3), (1.2, 1), (9.0, 5)], [0]),
    "zeta": (mp.zeta, [(2.0, 0.3), (3.5, 10.0), (1.1, 2.0)], [1]),
    "beta": (mp.beta, [(0.3, 2.0), (5.0, 7.0), (100.0, 0.1)]),
    "betaln": (lambda a, b: mp.log(mp.beta(a, b)), [(0.3, 2.0), (5.0, 7.0)]),
    "binom": (
        mp.binomial,
        [
            (3.0, 5.0),
            (0.0, 4.0),
            (4.0, 4.0),
            (2.5, 5.0),
            (7.3, 2.2),
            (3.0, -1.0),
            (1.0 + 1e-9, 4.0),
            (2.5, 4.1),
            (200.0, 203.0),
            (-0.5, 3.0),
            (-2.5, 4.0),
        ],
    ),
    "comb": (mp.binomial, [(5.3, 2.0), (7.3, 2.2), (4.5, 4.0)]),
    "poch": (
        rising,
        [(-5.0, 3.0), (0.0, 3.0), (-1.0, 3.0), (2.3, 1.7), (-4.3, 0.7), (0.3, -0.6), (-1.0, 2.5), (-2.3, -2.0)],
        [0],
    ),
    "perm": (lambda n, k: mp.gammaprod([n + 1], [n - k + 1]), [(5.3, 2.0), (7.3, 2.2), (4.5, 4.0)]),
    "gammainc": (gamma_p, GAMMA_POINTS, [1]),
    "gammaincc": (gamma_q, GAMMA_POINTS, [1]),
    "chdtr": (lambda v, x: gamma_p(v / 2, x / 2), GAMMA_POINTS, [1]),
    "chdtrc": (lambda v, x: gamma_q(v / 2, x / 2), GAMMA_POINTS, [1]),
    "gdtr": (lambda a, b, x: gamma_p(b, a * x), [(1.3, *p) for p in GAMMA_POINTS], [0, 2]),
    "gdtrc": (lambda a, b, x: gamma_q(b, a * x), [(1.3, *p) for p in GAMMA_POINTS], [0, 2]),
    "betainc": (beta_i, BETA_POINTS, [2]),
    "betaincc": (lambda a, b, x: 1 - beta_i(a, b, x), BETA_POINTS, [2]),
    "stdtr": (student, [(1.0, 0.3), (3.0, -2.0), (100.0, 1.0), (2.0, 30.0)], [1]),
    "fdtr": (fisher, [(1.0, 1.0, 0.3), (2.0, 3.0, 4.0), (10.0, 7.0, 0.1)], [2]),
    "fdtrc": (lambda m, n, x: 1 - fisher(m, n, x), [(1.0, 1.0, 0.3), (2.0, 3.0, 4.0), (10.0, 7.0, 0.1)], [2]),
    "expi": (mp.ei, points(-20.0, -1.0, 0.1, 2.0, 50.0)),
    "exp1": (mp.e1, points(1e-2, 0.1, 2.0, 50.0)),
    "expn": (lambda n, x: mp.expint(int(n), x), [(0, 0.3), (1, 0.3), (2, 5.0), (7, 30.0), (3, 1e-2)], [1]),
    "spence": (lambda z: mp.polylog(2, 1 - z), points(0.01, 0.5, 0.999, 1.0, 1.5)),
    "lambertw": (
        lambda z, k: mp.re(mp.lambertw(z, int(k))),
        [(-0.3, 0), (0.0, 0), (1e-3, 0), (1.0, 0), (1e3, 0), (-0.2, -1), (-1e-3, -1), (2.0, 1), (-3.0, -2)],
        [0],
    ),
    "wrightomega": (lambda z: mp.lambertw(mp.exp(z)), LINE),
    "hyp0f1": (mp.hyp0f1, [(0.5, 2.0), (3.0, -4.0), (1.0, 0.0)], [1]),
    "hyp1f1": (mp.hyp1f1, [(0.5, 1.7, 2.0), (3.0, 1.2, -4.0), (1.0, 2.0, 0.0)], [2]),
    "hyp2f1": (mp.hyp2f1, [(0.5, -0.4, 1.7, 0.8), (1.0, 2.0, 3.0, 0.0)], [3]),
    "ellipk": (mp.ellipk, points(-1e3, -1.0, -1e-9, 0.0, 0.5, 0.99)),
    "ellipkm1": (lambda p: mp.ellipk(1 - p), points(1e-3, 0.3, 1.0, 5.0)),
    "ellipe": (mp.ellipe, points(-1e3, -1.0, -1e-9, 0.0, 0.5, 0.99)),
    "jv": (mp.besselj, ORDERS, [1]),
    "yv": (mp.bessely, ORDERS, [1]),
    "iv": (mp.besseli, ORDERS, [1]),
    "kv": (mp.besselk, ORDERS, [1]),
    "jve": (mp.besselj, ORDERS, [1]),
    "yve": (mp.bessely, ORDERS, [1]),
    "ive": (lambda v, x: mp.besseli(v, x) * mp.exp(-abs(x)), [*ORDERS, (1, 500.0), (1, -3.0)], [1]),
    "kve": (lambda v, x: mp.besselk(v, x) * mp.exp(x), [*ORDERS, (1, 400.0)], [1]),
    "yn": (mp.bessely, [(2, 0.3)], [1]),
    "kn": (mp.besselk, [(2, 0.3)], [1]),
}
for n in (0, 1):
    FUNCTIONS[f"j{n}"] = (lambda x, n=n: mp.besselj(n, x), points(-3.0, 0.0, 1.0, 50.0))
    FUNCTIONS[f"y{n}"] = (lambda x, n=n: mp.bessely(n, x), points(0.1, 3.0))
    FUNCTIONS[f"i{n}"] = (lambda x, n=n: mp.besseli(n, x), points(-3.0, 0.0, 1.0, 50.0))
    FUNCTIONS[f"k{n}"] = (lambda x, n=n: mp.besselk(n, x), points(0.1, 3.0))
    FUNCTIONS[f"i{n}e"] = (lambda x, n=n: mp.besseli(n, x) * mp.exp(-abs(x)), points(-3.0, 1.0, 400.0))
    FUNCTIONS[f"k{n}e"] = (lambda x, n=n: mp.besselk(n, x) * mp.exp(x), points(0.1, 400.0))

# name: the distribution that it inverts, and the points
QUANTILES: dict[str, tuple] = {
    "gammaincinv": (gamma_p, [(0.5, 0.3), (7.0, 0.9)]),
    "gammainccinv": (gamma_q, [(0.5, 0.3), (7.0, 0.9)]),
    "betaincinv": (beta_i, [(0.5, 0.5, 0.3), (2.0, 7.0, 0.9)]),
    "betainccinv": (lambda a, b, x: 1 - beta_i(a, b, x), [(0.5, 0.5, 0.3), (2.0, 7.0, 0.9)]),
    "chdtri": (lambda v, x: gamma_q(v / 2, x / 2), [(1.0, 0.3), (7.0, 0.9)]),
    "stdtrit": (student, [(1.0, 0.3), (7.0, 0.9)]),
    "fdtri": (fisher, [(1.0, 3.0, 0.3), (2.0, 7.0, 0.9)]),
}

COMPLEX: dict[str, tuple] = {
    "erf": (mp.erf, 0.7 - 0.4j),
    "wofz": (lambda z: mp.exp(-z * z) * mp.erfc(-1j * z), 0.7 + 0.4j, 20 + 17j, 3 - 0.5j),
    "erfcx": (lambda z: mp.exp(z * z) * mp.erfc(z), 0.7 + 0.4j, 17 - 20j),
    "gamma": (mp.gamma, 0.7 - 0.4j),
    "loggamma": (mp.loggamma, 0.7 - 0.4j),
    "rgamma": (mp.rgamma, 0.7 - 0.4j, -3.2 + 0.3j),
    "expi": (mp.ei, 0.7 - 0.4j),
    "exp1": (mp.e1, 0.7 - 0.4j),
    "spence": (lambda z: mp.polylog(2, 1 - z), 0.7 - 0.4j),
    "wrightomega": (lambda z: mp.lambertw(mp.exp(z)), 0.7 - 0.4j),
    "lambertw": (mp.lambertw, 0.7 - 0.4j),
}
SEVERAL: dict[str, tuple] = {
    "sici": ((mp.si, mp.ci), 0.3, 8.0),
    "shichi": ((mp.shi, mp.chi), 0.3, 8.0),
    "fresnel": ((mp.fresnels, mp.fresnelc), -0.3, 2.7),
    "airy": (
        (mp.airyai, lambda x: mp.airyai(x, derivative=1), mp.airybi, lambda x: mp.airybi(x, derivative=1)),
        -3.0,
        0.0,
        4.0,
    ),
}

# The comparisons -----------------------------------------------------------------------------------------------------


def derivatives(y: Tensor, x: Tensor) -> list[float]:
    """The first and the second derivative of (the real part of) y in x."""
    first = backpropagate(y, np.ones_like(y.data), create_graph=True)[x]
    recorded = isinstance(first, Tensor) and first.requires_grad
    second = backpropagate(first, np.ones_like(first.data))[x] if recorded else 0.0
    return [np.real(first.data if isinstance(first, Tensor) else first), np.real(second)]


def assert_close(ours: list, exact: list) -> None:
    """All but the last few digits agree; a zero among larger numbers is one up to rounding."""
    largest = min(1.0, max(float(abs(e)) for e in exact))
    for a, b, rtol in zip(ours, exact, (1e-12, 2e-12, 1e-10), strict=True):
        atol = 1e-13 * largest if abs(b) < 1e-16 * largest else 0
        np.testing.assert_allclose(float(a), float(b), rtol=rtol, atol=atol)


def exact_derivatives(f: Callable, x: Any) -> list:
    step = mp.mpf(10) ** -9 * (abs(x) if abs(x) > 1e-3 else 1e-3)
    return [f(mp.mpf(x)), mp.diff(f, mp.mpf(x), h=step), mp.diff(f, mp.mpf(x), 2, h=step)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_function_and_two_derivatives(name: str):
    f, where, *which = FUNCTIONS[name]
    for args in where:
        for i in which[0] if which else range(len(args)):
            x = Tensor(args[i])
            y = getattr(special, name)(*(x if j == i else a for j, a in enumerate(args)))
            with mp.workdps(34):
                exact = exact_derivatives(
                    lambda u, args=args, i=i: mp.re(f(*(u if j == i else mp.mpf(a) for j, a in enumerate(args)))),
                    args[i],
                )
            assert_close([np.real(y.data), *derivatives(y, x)], exact)


@pytest.mark.parametrize("name", QUANTILES)
def test_a_quantile_and_two_derivatives(name: str):
    """By the derivatives of the distribution: y' = 1 / F'(y), y'' = -F''(y) y'^3."""
    f, where = QUANTILES[name]
    for *fixed, p in where:
        x = Tensor(p)
        y = getattr(special, name)(*fixed, x)
        with mp.workdps(34):
            value, slope, bend = exact_derivatives(lambda u, fixed=fixed: f(*map(mp.mpf, fixed), u), y.item())
        assert abs(value - p) < 1e-11
        assert_close([p, *derivatives(y, x)], [p, 1 / slope, -bend / slope**3])


@pytest.mark.parametrize("name", COMPLEX)
def test_of_complex_numbers(name: str):
    """The derivative of a holomorphic function f: L = Re(f) has the gradient conj(f')."""
    f, *where = COMPLEX[name]
    for z in where:
        x = Tensor(z)
        y = getattr(special, name)(x)
        y.backward()
        with mp.workdps(34):
            exact = [f(mp.mpc(z)), mp.diff(f, mp.mpc(z))]
        np.testing.assert_allclose([y.item(), np.conj(x.grad)], [complex(v) for v in exact], rtol=1e-11)


@pytest.mark.parametrize("name", SEVERAL)
def test_of_several_results(name: str):
    functions, *where = SEVERAL[name]
    for value in where:
        for k, f in enumerate(functions):
            x = Tensor(value)
            y = getattr(special, name)(x)[k]
            with mp.workdps(34):
                exact = exact_derivatives(f, value)
            assert_close([y.data, *derivatives(y, x)], exact)


def test_every_function_is_compared():
    compared = FUNCTIONS.keys() | QUANTILES.keys() | COMPLEX.keys() | SEVERAL.keys()
    of_others = {"psi", "softmax", "log_softmax", "logsumexp", "hankel1", "hankel2", "hankel1e", "hankel2e"}
    by_differences = {  # compared with differences alone, in cases_special.py
        "bdtri", "beip", "berp", "ellipj", "eval_hermitenorm", "eval_sh_jacobi", "gdtrix", "it2i0k0", "it2j0y0",
        "it2struve0", "itairy", "iti0k0", "itj0y0", "itmodstruve0", "itstruve0", "keip", "kelvin", "kerp",
        "log_wright_bessel", "nbdtri", "nrdtrimn", "nrdtrisd", "pbdv", "pbvv", "pbwa", "pdtri", "wright_bessel",
    }  # fmt: skip
    # The same as digamma, functions.py's, and made of jv and yv
    assert set(special.__all__) - compared - by_differences == of_others
