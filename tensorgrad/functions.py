"""Functions that NumPy has no name for: activations, and the sums of exponentials behind a softmax.

Each takes a Tensor or an array: a Tensor is recorded, an array gives an array. Those that PyTorch has as methods are
methods of Tensor too.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .derivatives import derivative
from .derivatives.elementwise import sigmoid as _sigmoid
from .derivatives.products import linear as _linear
from .tensor import Tensor

__all__ = [
    "relu", "leaky_relu", "sigmoid", "softplus", "silu", "gelu", "tanh", "softmax", "log_softmax", "logsumexp", "linear",
]  # fmt: skip

# fmt: off
_relu       = derivative(lambda x: np.maximum(x, 0),
                         lambda g, y, x: g * (y > 0))
_leaky_relu = derivative(lambda x, slope: np.where(x > 0, x, x * slope),
                         lambda g, y, x, slope: np.where(x > 0, g, g * slope))
_softplus   = derivative(lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
                         lambda g, y, x: g * _sigmoid(x))
# fmt: on


def _floating(x: Any) -> Any:
    """Lists and ints as arrays of floats; Tensors and arrays of floats as they are."""
    if isinstance(x, Tensor):
        return x
    x = x if hasattr(x, "__array_function__") else np.asarray(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


def relu(x: Any) -> Any:
    """max(x, 0), elementwise, of any shape; its slope at 0 is 0.

    >>> relu(Tensor([-1.0, 0.0, 2.0]))
    Tensor([0. 0. 2.])
    """
    return _relu(_floating(x))


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """x where x > 0, else negative_slope * x, elementwise.

    >>> leaky_relu(Tensor([-1.0, 2.0]))
    Tensor([-0.01  2.  ])
    """
    return _leaky_relu(_floating(x), negative_slope)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), elementwise, without overflow: of -1e4 it is 0, of 1e4 it is 1.

    >>> sigmoid(Tensor([-1e4, 0.0, 1e4]))
    Tensor([0.  0.5 1. ])
    """
    return _sigmoid(_floating(x))


def tanh(x: Any) -> Any:
    """`numpy.tanh`, under the name that stands beside the other activations."""
    return np.tanh(x)


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), elementwise, without overflow; a smooth relu.

    >>> softplus(Tensor([-1e4, 0.0, 1e4]))
    Tensor([0.00000000e+00 6.93147181e-01 1.00000000e+04])
    """
    return _softplus(_floating(x))


def silu(x: Any) -> Any:
    """x * sigmoid(x), elementwise, also known as swish (Elfwing, Uchibe and Doya, 2017, arXiv:1702.03118).

    >>> silu(Tensor([-1e4, 0.0, 1e4]))
    Tensor([-0.e+00  0.e+00  1.e+04])
    """
    x = _floating(x)
    return x * _sigmoid(x)


def gelu(x: Any, approximate: str = "none") -> Any:
    """x * Phi(x), elementwise, with Phi the normal distribution function (Hendrycks and Gimpel, 2016, arXiv:1606.08415).

    Args:
        approximate: 'none' for Phi itself, 'tanh' for 0.5 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), which is faster
            and within 5e-4.

    Raises:
        ValueError: another approximate.

    >>> gelu(Tensor([-1.0, 0.0, 1.0]))
    Tensor([-0.15865525  0.          0.84134475])
    """
    x = _floating(x)
    if approximate == "none":
        return x * normal_cdf(x)
    if approximate == "tanh":
        return x * (0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))
    raise ValueError(f"gelu: approximate must be 'none' or 'tanh', not {approximate!r}")


def _normal_cdf(x: Any) -> Any:
    return np.vectorize(lambda v: 0.5 * math.erfc(-v / math.sqrt(2)), otypes=[x.dtype])(x)


normal_cdf = derivative(_normal_cdf, lambda g, y, x: g * np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi)))


# Sums of exponentials ------------------------------------------------------------------------------------------------


def _shift(x: Any, axis: Any) -> Any:
    """The largest element along the axis, which taken away keeps exp from overflowing; 0 if all are -inf."""
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    return np.where(np.isfinite(top), top, 0).astype(x.dtype)


def _softmax_of(x: Any, axis: Any) -> Any:
    z = np.exp(x - _shift(x, axis))
    total = np.sum(z, axis=axis, keepdims=True)
    return z / np.where(total == 0, 1, total)


def _logsumexp_of(x: Any, axis: Any, keepdims: bool) -> Any:
    top = _shift(x, axis)
    total = np.sum(np.exp(x - top), axis=axis, keepdims=True)
    with np.errstate(divide="ignore"):  # a row of -inf: log(0) is its right value
        y = np.log(total) + top
    return y if keepdims else np.squeeze(y, axis if axis is None or isinstance(axis, tuple) else (axis,))


def _log_softmax_of(x: Any, axis: Any) -> Any:
    shifted = x - _shift(x, axis)
    total = np.sum(np.exp(shifted), axis=axis, keepdims=True)
    return shifted - np.log(np.where(total == 0, 1, total))


def _expanded(g: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    return g if keepdims else np.expand_dims(g, axis if axis is not None else tuple(range(x.ndim)))


# fmt: off
_softmax     = derivative(_softmax_of,     lambda g, y, x, axis: y * (g - np.sum(g * y, axis=axis, keepdims=True)))
_log_softmax = derivative(_log_softmax_of, lambda g, y, x, axis: g - _softmax(x, axis) * np.sum(g, axis=axis, keepdims=True))
_logsumexp   = derivative(_logsumexp_of,   lambda g, y, x, axis, keepdims: _expanded(g, x, axis, keepdims) * _softmax(x, axis))
# fmt: on


def softmax(x: Any, axis: Any = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis (or a tuple of axes; None for all), of x's shape, without overflow.

    >>> softmax(Tensor([1e4, 0.0, 1e4]))
    Tensor([0.5 0.  0.5])
    """
    return _softmax(_floating(x), axis)


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """log(softmax(x)) along an axis (or a tuple of axes; None for all), exact where softmax itself rounds to 0.

    >>> log_softmax(Tensor([1e4, 0.0]))
    Tensor([     0. -10000.])
    """
    return _log_softmax(_floating(x), axis)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) along an axis (or a tuple of axes; None for all), without overflow; -inf for a row of -inf.

    >>> logsumexp(Tensor([1e4, 1e4]))
    Tensor(10000.69314718)
    """
    return _logsumexp(_floating(x), axis, keepdims)


def linear(x: Any, weight: Any, bias: Any) -> Any:
    """x @ weight + bias as one operation.

    Args:
        x: (..., n)
        weight: (n, m), or (n,)
        bias: (m,), or ()

    Returns:
        (..., m), or (...)

    >>> linear(np.ones((4, 2)), Tensor(np.ones((2, 3))), Tensor(np.zeros(3))).shape
    (4, 3)
    """
    return _linear(x, weight, bias)


for _name in ("relu", "sigmoid", "softmax", "log_softmax", "logsumexp"):
    setattr(Tensor, _name, globals()[_name])
