"""Elementwise functions: each rule is the derivative one finds in a table of school calculus, times g."""

import math

import numpy as np

from .activations import sigmoid  # noqa: F401 (version 0.1.0 had it here, and its pickles name it)
from .arrays import ARRAYS, in_one_call, is_chunked, is_complex, largest, whole
from .arrays import inside as array_inside
from .chunked import either
from .formulas import by_name, formula
from .table import composed, computed_by, constant, derivative, views, with_rules

LN2, LN10 = math.log(2), math.log(10)  # plain floats: in NumPy 2 they leave a float32 a float32


@formula("where(b != 0, a / b, 0)")
def divide_safely(a, b):
    zero = b == 0
    return np.where(zero, 0, a) / np.where(zero, 1, b)


# Arithmetic ----------------------------------------------------------------------------------------------------------

derivative(np.add,        lambda g, y, x1, x2: g,
                          lambda g, y, x1, x2: g)
derivative(np.subtract,   lambda g, y, x1, x2: g,
                          lambda g, y, x1, x2: -g)
derivative(np.multiply,   lambda g, y, x1, x2: g * x2,
                          lambda g, y, x1, x2: g * x1)
derivative(np.divide,     lambda g, y, x1, x2: g / x2,
                          lambda g, y, x1, x2: -g * y / x2)
derivative(np.remainder,  lambda g, y, x1, x2: g,
                          lambda g, y, x1, x2: -g * np.floor_divide(x1, x2))
derivative(np.fmod,       lambda g, y, x1, x2: g,
                          lambda g, y, x1, x2: -g * np.trunc(np.divide(x1, x2)))
derivative(np.negative,   lambda g, y, x: -g)
derivative(np.positive,   lambda g, y, x: g)
derivative(np.reciprocal, lambda g, y, x: -g * y * y)
derivative(np.square,     lambda g, y, x: g * (2 * x))
derivative(np.sqrt,       lambda g, y, x: g * 0.5 / y)
derivative(np.cbrt,       lambda g, y, x: g / (3 * y * y))


@formula(lambda g, y, x1, x2: "g * x2 * x1 ** (x2 - 1)" if type(x2) in (int, float) and x2 else
         "where(x2 != 0, g * x2 * x1 ** (x2 - 1), 0)")
def power_base(g, y, x1, x2):
    if np.ndim(x2) == 0 and not hasattr(x2, "dtype"):  # a Python number: no masks needed
        return g * (x2 * power(x1, x2 - 1)) if x2 != 0 else np.zeros_like(g)
    zero = x2 == 0
    if type(y) not in ARRAYS:  # it may be recorded, and away from x1 = 0 the derivative of this in x2 isn't 0
        zero = zero & ~(np.abs(x1) >= np.finfo(y.dtype).tiny)
    return g * np.where(zero, 0, x2) * np.power(np.where(zero, 1, x1), x2 - 1.0)


@formula("g * times_log(y, x1, x2, 1)")
def power_exponent(g, y, x1, x2):
    return g * (times_log(y, x1, x2, 1) if type(y) in ARRAYS else power_log(x1, x2, 1))


@formula("where((x1 == 0) & (x2 >= 0), 0, y * log(x1 + 0j if is_complex(y) and not is_complex(x1) else x1) ** n)")
def times_log(y, x1, x2, n):
    zero = (x1 == 0) & (x2 >= 0)
    log = np.log(np.where(zero, 1, x1 + 0j if is_complex(y) else x1))
    return np.where(zero, 0, y) * (log if n == 1 else log**n)


def power_log_base(g, y, x1, x2, n):
    """x1**(x2 - 1) log(x1)**(n - 1) (x2 log(x1) + n)"""
    less = power_log(x1, x2 - 1, n - 1) if n > 1 else np.power(x1, x2 - 1)
    return g * (x2 * power_log(x1, x2 - 1, n) + n * less)


@with_rules(power_log_base, lambda g, y, x1, x2, n: g * power_log(x1, x2, n + 1))
def power_log(x1, x2, n):
    """x1**x2 * log(x1)**n, the n-th derivative of x1**x2 in x2. Its own derivatives hold at 0, too: those of a product
    of a power and a logarithm would be 0 times infinity."""
    return times_log(np.power(x1, x2), x1, x2, n)


derivative(np.power,       power_base, power_exponent)
derivative(np.float_power, power_base, power_exponent)


@computed_by(np.power)
@formula("x1 ** x2")
def power(x1, x2, **kwargs):
    """x1**x2; third and fourth powers as products, since NumPy is slow at powers of negative numbers."""
    if type(x1) in ARRAYS and type(x2) is int and 3 <= x2 <= 4 and not kwargs:
        y = x1 * x1
        y *= x1 if x2 == 3 else y
        return y
    return np.power(x1, x2, **kwargs) if kwargs else x1**x2


# Exponentials and logarithms -----------------------------------------------------------------------------------------

derivative(np.exp,   lambda g, y, x: g * y)
derivative(np.exp2,  lambda g, y, x: g * y * LN2)
derivative(np.expm1, lambda g, y, x: g * np.exp(x))
derivative(np.log,   lambda g, y, x: g / x)
derivative(np.log2,  lambda g, y, x: g / (x * LN2))
derivative(np.log10, lambda g, y, x: g / (x * LN10))
derivative(np.log1p, lambda g, y, x: g / (1 + x))


# Trigonometric and hyperbolic functions, and their inverses ----------------------------------------------------------

derivative(np.sin,     lambda g, y, x: g * np.cos(x))
derivative(np.cos,     lambda g, y, x: -g * np.sin(x))
derivative(np.tan,     lambda g, y, x: g * (1 + y * y))
derivative(np.arcsin,  lambda g, y, x: g / np.sqrt(1 - x * x))
derivative(np.arccos,  lambda g, y, x: -g / np.sqrt(1 - x * x))
derivative(np.arctan,  lambda g, y, x: g / (1 + x * x))
derivative(np.sinh,    lambda g, y, x: g * np.cosh(x))
derivative(np.cosh,    lambda g, y, x: g * np.sinh(x))
derivative(np.tanh,    lambda g, y, x: g * (1 - y * y))
derivative(np.arcsinh, lambda g, y, x: g / np.sqrt(x * x + 1))
derivative(np.arccosh, lambda g, y, x: g / (np.sqrt(x - 1) * np.sqrt(x + 1)))
derivative(np.arctanh, lambda g, y, x: g / (1 - x * x))
derivative(np.arctan2, lambda g, y, x1, x2: g * divide_safely(x2, x1 * x1 + x2 * x2),
                       lambda g, y, x1, x2: -g * divide_safely(x1, x1 * x1 + x2 * x2))
derivative(np.hypot,   lambda g, y, x1, x2: g * divide_safely(x1, y),
                       lambda g, y, x1, x2: g * divide_safely(x2, y))
derivative(np.deg2rad, lambda g, y, x: g * (math.pi / 180))
derivative(np.radians, lambda g, y, x: g * (math.pi / 180))
derivative(np.rad2deg, lambda g, y, x: g * (180 / math.pi))
derivative(np.degrees, lambda g, y, x: g * (180 / math.pi))


@formula("where(x != 0, (cos(pi * x) - sinc(x)) / x, 0)")
def sinc_slope(x):
    """(cos(pi x) - sinc(x)) / x; near 0, where that is 0 / 0, its series: sum (-1)^k pi^2k 2k x^(2k-1) / (2k+1)!"""
    near = np.abs(x) < 0.1
    u, v = np.where(near, x, 0), np.where(near, 1, x)
    terms = ((-1) ** k * math.pi ** (2 * k) * 2 * k / math.factorial(2 * k + 1) for k in range(1, 10))
    series = sum(c * u ** (2 * k - 1) for k, c in enumerate(terms, 1))
    return np.where(near, series, (np.cos(math.pi * v) - np.sinc(v)) / v)


derivative(np.sinc, lambda g, y, x: g * sinc_slope(x))


@in_one_call
def i0_steps(x):
    """In how many steps a quarter of a period of exp(x cos(t)) is summed."""
    size = 1e4 if is_chunked(x) else float(largest(np.abs(x)))
    return 4 * int(8 + math.sqrt(size if size < 1e4 else 1e4))  # beyond, and of nan, sinh gives inf and nan anyway


@by_name("")
def i0_slope(x):
    """The Bessel function I1(x), the mean of cos(t) exp(x cos(t)) over a period: equal steps are exact to all bits."""
    n = int(i0_steps(array_inside(x)))
    points = np.arange(n, like=x) * (math.pi / 2 / n) + math.pi / 4 / n  # a quarter of the period is enough
    c = np.cos(points).astype(x.dtype)
    return np.mean(c * np.sinh(np.expand_dims(x, -1) * c), axis=-1)


derivative(np.i0, lambda g, y, x: g * i0_slope(x))


# Piecewise functions: equal arguments share the gradient -------------------------------------------------------------

derivative(np.absolute, lambda g, y, x: g * slope_of_absolute(x))
derivative(np.fabs,     lambda g, y, x: g * slope_of_absolute(x))
derivative(np.maximum,  lambda g, y, x1, x2: for_larger(g, x1, x2),
                        lambda g, y, x1, x2: for_larger(g, x2, x1))
derivative(np.minimum,  lambda g, y, x1, x2: for_larger(g, x2, x1),
                        lambda g, y, x1, x2: for_larger(g, x1, x2))
derivative(np.fmax,     lambda g, y, x1, x2: for_picked(g, y, x1, x2),
                        lambda g, y, x1, x2: for_picked(g, y, x2, x1))
derivative(np.fmin,     lambda g, y, x1, x2: for_picked(g, y, x1, x2),
                        lambda g, y, x1, x2: for_picked(g, y, x2, x1))
derivative(np.copysign, lambda g, y, x1, x2: g * np.sign(x1) * np.sign(y),
                        lambda g, y, x1, x2: np.zeros_like(g))
derivative(np.heaviside, None,  # constant almost everywhere
                         lambda g, y, x1, x2: np.where(np.equal(x1, 0), g, 0))


def slope_of_absolute(x):
    """sign(x) of a real x; of a complex one conj(x) / |x|. 0 at 0."""
    return divide_safely(np.conj(x), np.abs(x)) if is_complex(x) else np.sign(x)


@formula("where(a < b, 0, where(a == b, g / 2, g))")
def for_larger(g, a, b):
    return g * 0.5 * ((~(a < b)).astype(np.int8) + ~(a <= b))  # counts halves; all beside a nan, as PyTorch has it


@formula("where(a != y, 0, where(b == y, g / 2, g))")
def for_picked(g, y, a, b):
    return g * 0.5 * ((a == y).astype(np.int8) + ((a == y) & (b != y)))


derivative(np.where, None, lambda g, y, condition, x, y_: np.where(condition, g, 0),
                           lambda g, y, condition, x, y_: np.where(condition, 0, g))


def _clip(a, a_min, a_max):
    return np.clip(a, a_min, a_max)


def inside(a, a_min, a_max):
    return (True if a_min is None else a >= a_min) & (True if a_max is None else a <= a_max)


clip = derivative(
    _clip,
    lambda g, y, a, a_min, a_max: g * inside(a, a_min, a_max),
    lambda g, y, a, a_min, a_max: g * (a < a_min) * (True if a_max is None else a_min < a_max),
    lambda g, y, a, a_min, a_max: g * ((a > a_max) | (False if a_min is None else a_min >= a_max)),
)


@composed(np.clip)
def np_clip(a, a_min=None, a_max=None, out=None, *, min=None, max=None):
    if (a_min is not None and min is not None) or (a_max is not None and max is not None):
        raise ValueError("clip: a limit is given twice; pass a_min and a_max, or min and max")
    return clip(a, a_min if min is None else min, a_max if max is None else max)


# Complex numbers: dL = Re(g dy), see table.py ------------------------------------------------------------------------

derivative(np.conjugate, lambda g, y, x: np.conj(g))
derivative(np.real,      lambda g, y, val: g)
derivative(np.imag,      lambda g, y, val: g * -1j)


@composed(np.angle)
def angle(z, deg=False):
    y = np.arctan2(np.imag(z) if is_complex(z) else 0, np.real(z))
    return y * (180 / math.pi) if deg else y


@composed(np.sign)
def sign(x, /):
    """Of a real x a constant, of a complex one x / |x|."""
    return divide_safely(x, np.abs(x)) if is_complex(x) else 2 * np.heaviside(x, 0.5) - 1


@composed(np.real_if_close)
def real_if_close(a, tol=100):
    if not is_complex(a):
        return a
    return np.real(a) if np.all(whole(np.abs(np.imag(a)) < (tol * np.finfo(a.dtype).eps if tol > 1 else tol))) else a


# The parts of a floating-point number ---------------------------------------------------------------------------------

derivative(np.ldexp,     lambda g, y, x1, x2: np.ldexp(g, x2))
derivative(np.nextafter, lambda g, y, x1, x2: g,
                         lambda g, y, x1, x2: np.zeros_like(g))
derivative(np.frexp,     lambda g, y, x: np.ldexp(g[0], -np.frexp(x)[1]))

fraction = derivative(lambda x: np.modf(x)[0], lambda g, y, x: g)


@composed(np.modf)
def modf(x, /):
    return fraction(x), np.trunc(x)


@composed(np.divmod)
def np_divmod(x1, x2, /):
    return np.floor_divide(x1, x2), np.remainder(x1, x2)


# Copies and casts: the engine gives each gradient the dtype of its array ---------------------------------------------

derivative(np.copy, lambda g, y, a, order="K", subok=False: g)
computed_by(np.copy)(either(np.copy))


def _astype(x, dtype):
    return x.astype(dtype)


astype = derivative(_astype, lambda g, y, x, dtype: g)


@composed(np.astype) if hasattr(np, "astype") else lambda f: f
def np_astype(x, dtype, /, *, copy=True, device=None):
    return x if not copy and x.dtype == dtype else astype(x, dtype)


views(np.real, np.imag)


# Constant almost everywhere ------------------------------------------------------------------------------------------

constant(
    np.floor, np.ceil, np.trunc, np.rint, np.fix, np.round, np.around, np.floor_divide,
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
    np.logical_and, np.logical_or, np.logical_xor, np.logical_not,
    np.isnan, np.isinf, np.isfinite, np.isneginf, np.isposinf, np.isclose, np.allclose, np.array_equal, np.array_equiv,
    np.isreal, np.iscomplex, np.isrealobj, np.iscomplexobj, np.signbit, np.spacing,
    np.result_type, np.can_cast, np.common_type, np.min_scalar_type,
)  # fmt: skip
