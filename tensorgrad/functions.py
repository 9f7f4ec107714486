"""Functions that NumPy has no name for: activations, and the sums of exponentials behind a softmax.

Each takes a Tensor or an array: a Tensor is recorded, an array gives an array. Those that PyTorch has as methods are
methods of Tensor too.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .derivatives import with_rules
from .derivatives.convolution import correlate, output_size
from .derivatives.elementwise import sigmoid
from .derivatives.products import linear
from .derivatives.reductions import ones, restore, sum_rows
from .tensor import Tensor

__all__ = [
    "relu", "leaky_relu", "sigmoid", "softplus", "silu", "gelu", "tanh", "softmax", "log_softmax", "logsumexp",
    "linear", "conv2d",
]  # fmt: skip


@with_rules(lambda g, y, x: g * one_where_positive(y))
def relu(x: Any) -> Any:
    """max(x, 0), elementwise, of any shape; its slope at 0 is 0.

    >>> relu(Tensor([-1.0, 0.0, 2.0]))
    Tensor([0. 0. 2.])
    """
    if type(x) is np.ndarray and x.dtype.char in "fd" and x.size <= _FEW:
        return np.maximum(x, _zeros(x.shape, x.strides, x.dtype))
    return np.maximum(x, 0)


def one_where_positive(y: Any) -> Any:
    """1 where y > 0, else 0. Floats are multiplied in 0.7 of the time that floats and bools take, the cast included."""
    positive = y > 0.0  # a float, which NumPy takes 0.15 us sooner than an int
    return positive.view(np.int8).astype(y.dtype) if type(positive) is np.ndarray else positive


_FEW = 65_536


@functools.lru_cache(maxsize=32)
def _zeros(shape: tuple[int, ...], strides: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """np.maximum of two arrays in the same order in memory takes 3.0 us where that of an array and a number takes 9.4
    (128 x 128, float64). Of a million numbers it takes no less, so zeros are kept for few alone, 16 MB at most."""
    slowest_first = np.argsort(strides)[::-1]
    zeros = np.zeros([shape[i] for i in slowest_first], dtype)
    zeros.flags.writeable = False
    return zeros.transpose(np.argsort(slowest_first))


@with_rules(lambda g, y, x, negative_slope=0.01: np.where(x > 0, g, g * negative_slope))
def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """x where x > 0, else negative_slope * x, elementwise.

    >>> leaky_relu(Tensor([-1.0, 2.0]))
    Tensor([-0.01  2.  ])
    """
    return np.where(np.greater(x, 0), x, np.multiply(x, negative_slope))


def tanh(x: Any) -> Any:
    """`numpy.tanh`, under the name that stands beside the other activations."""
    return np.tanh(x)


@with_rules(lambda g, y, x: g * sigmoid(x))
def softplus(x: Any) -> Any:
    """log(1 + exp(x)), elementwise, without overflow; a smooth relu.

    >>> softplus(Tensor([-1e4, 0.0, 1e4]))
    Tensor([0.00000000e+00 6.93147181e-01 1.00000000e+04])
    """
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def silu(x: Any) -> Any:
    """x * sigmoid(x), elementwise, also known as swish (Elfwing, Uchibe and Doya, 2017, arXiv:1702.03118).

    >>> silu(Tensor([-1e4, 0.0, 1e4]))
    Tensor([   -0.     0. 10000.])
    """
    return np.multiply(x, sigmoid(x))


def gelu(x: Any, approximate: str = "none") -> Any:
    """x * Phi(x), elementwise, Phi the normal distribution function (Hendrycks and Gimpel, 2016, arXiv:1606.08415).

    Args:
        approximate: 'none' for Phi itself, 'tanh' for 0.5 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), which is faster
            and within 5e-4.

    Raises:
        ValueError: another approximate.

    >>> gelu(Tensor([-1.0, 0.0, 1.0]))
    Tensor([-0.15865525  0.          0.84134475])
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate must be 'none' or 'tanh', not {approximate!r}")
    return np.multiply(x, normal_cdf(x) if approximate == "none" else tanh_cdf(x))


_SLOPE, _CUBE = math.sqrt(8 / math.pi), 0.044715


@with_rules(lambda g, y, x: g * y * (1 - y) * (_SLOPE + 3 * _CUBE * _SLOPE * x * x))
def tanh_cdf(x: Any) -> Any:
    """What stands for Phi in gelu's approximation, sigmoid(sqrt(8 / pi) (x + 0.044715 x^3)), written with tanh."""
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


@with_rules(lambda g, y, x: g * np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi)))
def normal_cdf(x: Any) -> Any:
    """Phi, the distribution function of the standard normal distribution, elementwise, with all its digits in the tail.

    >>> normal_cdf(Tensor([-20.0, 0.0, 20.0]))
    Tensor([2.75362412e-89 5.00000000e-01 1.00000000e+00])
    """
    t = np.minimum(np.abs(x), 40.0)
    if t.dtype == np.float16:  # whose range P and Q exceed
        return normal_cdf(x.astype(np.float32)).astype(np.float16)
    near = np.round(t * 16) / 16  # its square is exact, so that exp gets t^2 without a rounding that it would magnify
    tail = np.exp(-0.5 * near * near) * np.exp(0.5 * (near - t) * (near + t)) * (_horner(_P, t) / _horner(_Q, t))
    return np.where(np.greater(x, 0), 1 - tail, tail)


def _horner(coefficients: tuple[float, ...], t: Any) -> Any:
    """The polynomial with these coefficients, from the highest power down, at t."""
    y = np.full_like(t, coefficients[0])
    for c in coefficients[1:]:
        y *= t
        y += c
    return y


# Sums of exponentials ------------------------------------------------------------------------------------------------


def _exponentials(x: Any, axis: Any, keep_shifted: bool = False) -> tuple[Any, Any, Any, Any, Any]:
    """m, x - m (if it is to be kept), z = exp(x - m), t = sum(z) and log(t), with m the largest element along the axis,
    so that exp can't overflow.

    A row of -inf has an m of -inf, but is shifted by 0, and has a t of 1, to divide by.
    """
    x = x if hasattr(x, "ndim") else np.asarray(x)
    x = x if x.dtype.kind in "fc" else x.astype(np.float64)
    if type(x) is np.ndarray and x.dtype.char in "fd" and x.ndim and x.size and axis in (-1, x.ndim - 1):
        parts = _exponentials_of_rows(x, keep_shifted)
        if parts:
            return parts
    top = x.max(axis=axis, keepdims=True, **({} if x.size else {"initial": -np.inf}))
    shifted = x - np.where(np.isfinite(top), top, 0).astype(x.dtype)
    z = np.exp(shifted)
    total = np.where(top == -np.inf, 1, z.sum(axis=axis, keepdims=True)).astype(z.dtype)
    # Just above 1, log1p of the sum without the 1 has more digits: an error of one ulp in total is one of less than 5
    # ulp in log(total) from 1.25 on.
    rest = np.sum(z - (z == 1), axis=axis, keepdims=True)
    return top, shifted, z, total, np.where(total < 1.25, np.log1p(np.minimum(rest, 1)), np.log(total))


def _exponentials_of_rows(x: Any, keep_shifted: bool) -> tuple[Any, Any, Any, Any, Any] | None:
    """The same along the last axis, unless a row has no finite maximum, in 0.4 of the time (128 rows of 10): argmax
    takes a fifth of the time of max, BLAS a fifth of that of sum. The largest z, which is 1, is left out of the sum, so
    that log1p has all its digits."""
    n = x.shape[-1]
    rows = np.ascontiguousarray(x).reshape(-1, n)
    largest = places(rows.argmax(axis=1), n)
    top = rows.ravel()[largest]
    if not math.isfinite(sum_rows(top)):
        return None
    shifted = rows - top[:, None]
    z = np.exp(shifted) if keep_shifted else np.exp(shifted, out=shifted)
    z.ravel()[largest] = 0
    rest = z.dot(ones(n, z.dtype)) if n <= 1024 else np.sum(z, axis=1)  # of many numbers NumPy's sum is more exact
    z.ravel()[largest] = 1
    column = (*x.shape[:-1], 1)
    total, log_total = (part.reshape(column) for part in (1 + rest, np.log1p(rest)))
    return top.reshape(column), shifted.reshape(x.shape), z.reshape(x.shape), total, log_total


def places(columns: Any, n: int) -> Any:
    """Where an element of each row of n stands, counted through all rows, given its column."""
    return columns.astype(np.intp, copy=False) + _row_starts(columns.size, n).reshape(columns.shape)


@functools.lru_cache(maxsize=16)
def _row_starts(m: int, n: int) -> np.ndarray:
    """Where each of m rows of n numbers begins."""
    return np.arange(0, m * n, n)


def log_softmax_parts(x: Any) -> tuple[Any, Any, Any]:
    """p, s and t of an array's last axis: p = softmax(x), log(p) = s - t, for little more than the price of one."""
    _, shifted, z, total, log_total = _exponentials(x, -1, keep_shifted=True)
    z /= total
    return z, shifted, log_total


@with_rules(lambda g, y, x, axis=-1: y * (g - np.sum(g * y, axis=axis, keepdims=True)))
def softmax(x: Any, axis: Any = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis (or a tuple of axes; None for all), of x's shape, without overflow.

    >>> softmax(Tensor([1e4, 0.0, 1e4]))
    Tensor([0.5 0.  0.5])
    """
    _, _, z, total, _ = _exponentials(x, axis)
    z /= total
    return z


@with_rules(lambda g, y, x, axis=-1: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True))
def log_softmax(x: Any, axis: Any = -1) -> Any:
    """log(softmax(x)) along an axis (or a tuple of axes; None for all), exact where softmax itself rounds to 0.

    >>> log_softmax(Tensor([1e4, 0.0]))
    Tensor([     0. -10000.])
    """
    _, shifted, _, _, log_total = _exponentials(x, axis, keep_shifted=True)
    shifted -= log_total
    return shifted


@with_rules(lambda g, y, x, axis=None, keepdims=False: restore(g, x, axis, keepdims) * softmax(x, axis))
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) along an axis (or a tuple of axes; None for all), without overflow; -inf for a row of -inf.

    >>> logsumexp(Tensor([1e4, 1e4]))
    Tensor(10000.69314718)
    """
    top, _, _, _, log_total = _exponentials(x, axis)
    y = log_total + top
    return y if keepdims else np.squeeze(y, axis)


# Convolution ---------------------------------------------------------------------------------------------------------


def _pair(name: str, value: Any, least: int) -> tuple[int, int]:
    pair = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(pair) != 2 or not all(isinstance(v, int | np.integer) and v >= least for v in pair):
        raise ValueError(f"conv2d: {name} must be an int of at least {least}, or a pair of them, not {value!r}")
    return int(pair[0]), int(pair[1])


def _check_convolution(x: Any, weight: Any, bias: Any, geometry: tuple) -> None:
    _, padding, _, groups = geometry
    if x.ndim != 4 or weight.ndim != 4:
        raise ValueError(
            f"conv2d: x must be (N, C, H, W) and weight (out, C / groups, kH, kW), not {x.shape} and {weight.shape}; "
            f"expand_dims gives a single image its N"
        )
    if not isinstance(groups, int) or groups < 1 or x.shape[1] % groups or weight.shape[0] % groups:
        raise ValueError(
            f"conv2d: groups={groups!r} must divide the {x.shape[1]} channels of x and the {weight.shape[0]} of y"
        )
    if x.shape[1] != weight.shape[1] * groups:
        raise ValueError(
            f"conv2d: x of shape {x.shape} has {x.shape[1]} channels, but weight of shape {weight.shape} with "
            f"groups={groups} takes {weight.shape[1] * groups}"
        )
    if min(output_size(x.shape[2:], weight.shape[2:], geometry)) < 1:
        raise ValueError(
            f"conv2d: the filters of shape {weight.shape} are larger than x of shape {x.shape}, padded by {padding}"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(
            f"conv2d: bias must have the shape {weight.shape[:1]}, one number an output channel, not {bias.shape}"
        )


def conv2d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """Slide filters over images: at each place, the sum of the products of what lies under the filter.

    Args:
        x: (N, C, H, W) images.
        weight: (out, C / groups, kH, kW) filters.
        bias: (out,), or None.
        stride, padding, dilation: an int, or a pair for height and width; zeros are padded on all four sides.
        groups: split the channels into this many groups, each with filters of its own.

    Returns:
        (N, out, oH, oW) with oH = floor((H + 2 padding - dilation (kH - 1) - 1) / stride) + 1, and oW alike, as
        `torch.nn.functional.conv2d`.

    Raises:
        ValueError: shapes that don't fit, or a stride, padding, dilation or groups out of range.

    >>> conv2d(np.ones((1, 1, 4, 4)), Tensor(np.ones((2, 1, 3, 3))), padding=1).shape
    (1, 2, 4, 4)
    """
    x, weight, bias = (a if a is None or hasattr(a, "shape") else np.asarray(a, float) for a in (x, weight, bias))
    geometry = (_pair("stride", stride, 1), _pair("padding", padding, 0), _pair("dilation", dilation, 1), groups)
    _check_convolution(x, weight, bias, geometry)
    y = correlate(x, weight, geometry)
    return y if bias is None else y + np.reshape(bias, (-1, 1, 1))


for _name in ("relu", "sigmoid", "softmax", "log_softmax", "logsumexp"):
    setattr(Tensor, _name, globals()[_name])
