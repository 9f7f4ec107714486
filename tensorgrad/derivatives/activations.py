"""Activations, elementwise functions of networks that NumPy has no name for, with their rules."""

import functools
import math
from typing import Any

import numpy as np

from .arrays import ARRAYS, as_numbers, is_floating
from .blocks import in_blocks
from .formulas import by_name, formula
from .table import with_rules

# The rectifier -------------------------------------------------------------------------------------------------------


@with_rules(lambda g, y, x: g * one_where_positive(y))
@formula("maximum(x, 0)")
def relu(x: Any) -> Any:
    """max(x, 0), elementwise, of any shape; its slope at 0 is 0.

    >>> from tensorgrad import Tensor, relu
    >>> relu(Tensor([-1.0, 0.0, 2.0]))
    Tensor([0. 0. 2.])
    """
    if type(x) in ARRAYS and x.dtype.char in "fd" and x.size <= KEPT_SIZE:
        return np.maximum(x, zeros(x.shape, x.strides, x.dtype))
    if not is_floating(x):
        return relu(as_numbers("relu", "x", x, "f"))
    return np.maximum(x, 0)


@formula("y > 0")
def one_where_positive(y: Any) -> Any:
    """1 where y = relu(x) > 0, else 0; of nan 1, as PyTorch has it."""
    positive = y != 0.0  # 0.0, so that no int is to be converted
    if type(positive) not in ARRAYS:
        return positive
    return positive.view(np.int8).astype(y.dtype)  # floats times floats is faster than floats times bools


KEPT_SIZE = 65_536  # of the zeros that are kept, at most 32 arrays of 512 kB


@functools.lru_cache(maxsize=32)
def zeros(shape: tuple[int, ...], strides: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Zeros, read-only, in the same order in memory: np.maximum of two small arrays alike is faster than that of an
    array and a number."""
    slowest_first = np.argsort(strides)[::-1]
    zeros = np.zeros([shape[i] for i in slowest_first], dtype)
    zeros.flags.writeable = False
    return zeros.transpose(np.argsort(slowest_first))


@with_rules(lambda g, y, x, negative_slope=0.01: np.where(x > 0, g, g * negative_slope))
@formula("where(x > 0, x, negative_slope * x)")
def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """x where x > 0, else negative_slope * x, elementwise.

    >>> from tensorgrad import Tensor, leaky_relu
    >>> leaky_relu(Tensor([-1.0, 2.0]))
    Tensor([-0.01  2.  ])
    """
    if not is_floating(x):
        return leaky_relu(as_numbers("leaky_relu", "x", x, "f"), negative_slope)
    if type(negative_slope) is not float:  # a number of NumPy, whose dtype mustn't become that of the result
        slope = as_numbers("leaky_relu", "negative_slope", negative_slope, "f")
        if slope.ndim:
            raise ValueError(f"leaky_relu: negative_slope must be a number, not of shape {slope.shape}; use prelu")
        negative_slope = slope.astype(x.dtype)
    return np.where(np.greater(x, 0), x, np.multiply(x, negative_slope))


# The logistic function -----------------------------------------------------------------------------------------------


def sigmoid_parts(x: Any) -> tuple[Any, Any]:
    """1 where x >= 0, else 0; and exp(-|x|), which can't overflow: what a sigmoid and its logarithm are made of."""
    z = np.exp(-np.abs(x))
    return np.greater_equal(x, 0.0).astype(z.dtype), z


def sigmoid_of_parts(positive: Any, z: Any) -> Any:
    return np.maximum(positive, z) / (1.0 + z)  # z is <= 1, so this is 1 or z: faster than np.where


@with_rules(lambda g, y, x: g * y * (1 - y))
@formula("1 / (1 + exp(-x))")
def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), elementwise, without overflow: of -1e4 it is 0, of 1e4 it is 1.

    >>> from tensorgrad import Tensor, sigmoid
    >>> sigmoid(Tensor([-1e4, 0.0, 1e4]))
    Tensor([0.  0.5 1. ])
    """
    if not is_floating(x):
        return sigmoid(as_numbers("sigmoid", "x", x, "f"))
    return _sigmoid(x)


@in_blocks
def _sigmoid(x):
    return sigmoid_of_parts(*sigmoid_parts(x))


@in_blocks
def _silu_slope(g, x, s):
    return g * s * (1 + x * (1 - s))


@with_rules(lambda g, y, x, saved=None: _silu_slope(g, x, sigmoid(x) if saved is None else saved), saves=True)
@formula("x * sigmoid(x)")
def silu(x: Any) -> Any:
    """x sigmoid(x). Saves the second factor."""
    s = sigmoid(x)
    return x * s, s


def _softplus_slope(x, threshold):
    return sigmoid(x) if threshold is None else np.where(x > threshold, 1.0, sigmoid(x)).astype(x.dtype)


@with_rules(lambda g, y, x, threshold=None: g * _softplus_slope(x, threshold))
@in_blocks
@formula("maximum(x, 0) + log1p(exp(-abs(x))) if threshold is None else where(x > threshold, x, log1p(exp(x)))",
         note="It is log(1 + eˣ), written so that nothing overflows.")
def softplus(x: Any, threshold: float | None = None) -> Any:
    """log(1 + exp(x)), without overflow; x itself above the threshold, if there is one."""
    y = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    return y if threshold is None else np.where(x > threshold, x, y)


@with_rules(lambda g, y, x: g * sigmoid(-x))
@in_blocks
@formula("minimum(x, 0) - log1p(exp(-abs(x)))", note="It is log(sigmoid(x)), written so that nothing overflows.")
def logsigmoid(x: Any) -> Any:
    """log(sigmoid(x)) = -log(1 + exp(-x)), without overflow."""
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


@in_blocks
def _mish_factor(x):
    return np.tanh(softplus(x))


@in_blocks
def _mish_slope(g, x, t):
    return g * (t + x * (1 - t * t) * sigmoid(x))


@with_rules(lambda g, y, x, saved=None: _mish_slope(g, x, _mish_factor(x) if saved is None else saved), saves=True)
@formula("x * tanh(softplus(x))")
def mish(x: Any) -> Any:
    """x tanh(log(1 + exp(x))). Saves the second factor."""
    t = _mish_factor(x)
    return x * t, t


@formula("concatenate([g * s, g * a * s * (1 - s)], axis)", a="split(x, 2, axis)[0]", s="sigmoid(split(x, 2, axis)[1])")
def _glu_gradient(g, y, x, axis, saved=None):
    a, b = np.split(x, 2, axis)
    s = sigmoid(b) if saved is None else saved
    return np.concatenate([g * s, g * a * s * (1 - s)], axis)


@with_rules(_glu_gradient, saves=True)
@formula("a * sigmoid(b)", a="split(x, 2, axis)[0]", b="split(x, 2, axis)[1]")
def glu(x: Any, axis: int) -> Any:
    """a sigmoid(b) of the halves a and b of x. Saves the second factor."""
    a, b = np.split(x, 2, axis)
    s = sigmoid(b)
    return a * s, s


@with_rules(lambda g, y, x: g / (1 + np.abs(x)) / (1 + np.abs(x)))
def softsign(x: Any) -> Any:
    """x / (1 + |x|)."""
    return x / (1 + np.abs(x))


# gelu, and its factors -----------------------------------------------------------------------------------------------

_SLOPE, _CUBE = math.sqrt(8 / math.pi), 0.044715


@formula("sqrt(8 / pi) * (1 + 3 * 0.044715 * x ** 2)")
def _tanh_slope(x: Any) -> Any:
    return _SLOPE + 3 * _CUBE * _SLOPE * x * x


@with_rules(lambda g, y, x: g * y * (1 - y) * _tanh_slope(x))
@formula("(1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3))) / 2")
def tanh_cdf(x: Any) -> Any:
    """What stands for Phi in gelu's approximation, sigmoid(sqrt(8 / pi) (x + 0.044715 x^3)), written with tanh."""
    if not is_floating(x):
        return tanh_cdf(as_numbers("tanh_cdf", "x", x, "f"))
    return _tanh_cdf(x)


@in_blocks
def _tanh_cdf(x):
    y = x * x
    y *= _CUBE
    y += 1
    y *= x
    y *= _SLOPE / 2
    y = np.tanh(y)
    y += 1
    y *= 0.5
    return y


# For t >= 0, Phi(-t) = exp(-t^2 / 2) P(t) / Q(t), the coefficients from the highest power down. They were found by
# interpolation in 60 digits (mpmath) at 22 Chebyshev nodes of (t - 4) / (t + 4) for t in [0, 40], where Phi(-40) is the
# first that underflows. The quotient is within 2e-18 of the true one, in relative terms; as all coefficients are
# positive, Horner's rule loses little. Measured at 9,500 points from -37 to 9, and at 5,588 of them in float32:
# normal_cdf is off by 1.3 ulp on average and 8.5 at most.
_P = (
    0.3989422804015158, 12.45647957057926, 190.783948709867, 1865.0332702304893, 12798.155696289725, 64176.39865437565,
    237874.47813408074, 644421.5066769192, 1226753.402323317, 1495815.6470928595, 904162.9032482101,
)  # fmt: skip
_Q = (
    1.0, 31.223763894026863, 479.2244401765545, 4706.168892532388, 32556.443355875024, 165478.87354780769,
    627396.6498636378, 1767154.1450816393, 3611821.4810211346, 5087536.285942072, 4434466.536090603, 1808325.8064964202,
)  # fmt: skip
# In single precision fewer do: these are from 12 such nodes in [0, 15], and the quotient is within 2e-10.
_P32 = (0.398941964209, 5.11712699326, 30.8826420811, 107.191149983, 214.7341146, 208.755768817)
_Q32 = (1.0, 12.8266787571, 78.4130897737, 281.481594833, 614.088791352, 762.59423244, 417.511537708)


@formula("exp(-(x ** 2) / 2) / sqrt(2 * pi)")
def normal_density(x: Any) -> Any:
    return np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))


@with_rules(lambda g, y, x: g * normal_density(x))
@by_name("")
def normal_cdf(x: Any) -> Any:
    """Phi, the distribution function of the standard normal distribution, elementwise, with all its digits in the tail.

    >>> from tensorgrad import Tensor
    >>> normal_cdf(Tensor([-20.0, 0.0, 20.0]))
    Tensor([2.75362412e-89 5.00000000e-01 1.00000000e+00])
    """
    if not is_floating(x):
        return normal_cdf(as_numbers("normal_cdf", "x", x, "f"))
    return _normal_cdf(x)


@in_blocks
def _normal_cdf(x):
    t = np.minimum(np.abs(x), 40.0)
    if t.dtype == np.float16:  # whose range P and Q exceed
        return _normal_cdf(x.astype(np.float32)).astype(np.float16)
    near = np.round(t * 16) / 16  # its square is exact, so that exp gets t^2 without a rounding that it would magnify
    above, below = (_P32, _Q32) if t.dtype == np.float32 else (_P, _Q)
    tail = np.exp(-0.5 * near * near) * np.exp(0.5 * (near - t) * (near + t)) * (_horner(above, t) / _horner(below, t))
    return np.abs(np.greater(x, 0).astype(t.dtype) - tail)  # 1 - tail, or tail: faster than np.where


def _horner(coefficients: tuple[float, ...], t: Any) -> Any:
    """The polynomial with these coefficients, from the highest power down, at t."""
    y = coefficients[0] * t
    y += coefficients[1]
    for c in coefficients[2:]:
        y *= t
        y += c
    return y


@in_blocks
def _gelu_slope(g, x, p):
    return g * (p + x * normal_density(x))


@in_blocks
def _tanh_gelu_slope(g, x, p):
    return g * (p + x * p * (1 - p) * _tanh_slope(x))


@with_rules(lambda g, y, x, saved=None: _gelu_slope(g, x, normal_cdf(x) if saved is None else saved), saves=True)
@formula("x * normal_cdf(x)")
def gelu(x: Any) -> Any:
    """x Phi(x). Saves the second factor."""
    p = normal_cdf(x)
    return x * p, p


@with_rules(lambda g, y, x, saved=None: _tanh_gelu_slope(g, x, tanh_cdf(x) if saved is None else saved), saves=True)
@formula("x * tanh_cdf(x)")
def tanh_gelu(x: Any) -> Any:
    """x times what stands for Phi(x). Saves the second factor."""
    p = tanh_cdf(x)
    return x * p, p
