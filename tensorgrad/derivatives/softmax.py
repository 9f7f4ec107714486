"""Sums of exponentials: softmax and its logarithm, log-sum-exp of many numbers and of two; none of them overflows."""

import functools
from typing import Any

import numpy as np

from .activations import sigmoid
from .arrays import ARRAYS, as_numbers, contiguous, is_floating
from .elementwise import LN2
from .formulas import formula
from .reductions import KEPT_LENGTH, ones, restore, sum_rows
from .signatures import dim_is_axis
from .table import derivative, with_rules

# Of two numbers ------------------------------------------------------------------------------------------------------


@formula(lambda a, b, y: "sigmoid(a - b)" if np.all(np.isfinite(y)) and np.all(np.isfinite(a)) else
         "where(y == -inf, 0, where(a == b, 1 / 2, sigmoid(a - b)))")
def logaddexp_share(a, b, y):
    """The part of a in log(e**a + e**b), a sigmoid of the difference, which can't overflow at any order."""
    same = np.isinf(a) & (a == b)
    return sigmoid(np.where(same, 0, a) - np.where(same, 0, b)) * (y != -np.inf)


derivative(np.logaddexp,  lambda g, y, x1, x2: g * logaddexp_share(x1, x2, y),
                          lambda g, y, x1, x2: g * logaddexp_share(x2, x1, y))
derivative(np.logaddexp2, lambda g, y, x1, x2: g * logaddexp_share(x1 * LN2, x2 * LN2, y),
                          lambda g, y, x1, x2: g * logaddexp_share(x2 * LN2, x1 * LN2, y))


# Along axes ----------------------------------------------------------------------------------------------------------


def _exponentials(x: Any, axis: Any, keep_shifted: bool = False) -> tuple[Any, Any, Any, Any, Any]:
    """m, x - m (if it is to be kept), z = exp(x - m), t = sum(z) and log(t), with m the largest element along the axis,
    so that exp can't overflow.

    Where all of x is -inf, so is m, but 0 is subtracted, and t is set to 1, so that dividing by it gives 0.
    """
    is_last = isinstance(axis, int) and x.ndim and axis in (-1, x.ndim - 1)
    if is_last and type(x) in ARRAYS and x.dtype.char in "fd" and x.size:
        parts = _exponentials_of_rows(x, keep_shifted)
        if parts:
            return parts
    top = x.max(axis=axis, keepdims=True) if x.size else x.sum(axis=axis, keepdims=True) - np.inf
    shifted = x - np.where(np.isfinite(top), top, 0).astype(x.dtype)
    z = np.exp(shifted)
    total = np.where(top == -np.inf, 1, z.sum(axis=axis, keepdims=True)).astype(z.dtype)
    # Just above 1, log1p of the sum without the 1 has more digits: an error of one ulp in total is one of less than 5
    # ulp in log(total) from 1.25 on.
    rest = np.sum(z - (z == 1), axis=axis, keepdims=True)
    return top, shifted, z, total, np.where(total < 1.25, np.log1p(np.minimum(rest, 1)), np.log(total))


def _exponentials_of_rows(x: Any, keep_shifted: bool) -> tuple[Any, Any, Any, Any, Any] | None:
    """The same along the last axis, unless a row has no finite maximum: faster for short rows, by argmax in place of
    max, and BLAS in place of sum. The largest z, which is 1, is left out of the sum, so that log1p has all its digits.
    """
    n = x.shape[-1]
    rows = contiguous(x).reshape(-1, n)
    largest = places(rows.argmax(axis=1), n)
    top = rows.ravel()[largest]
    if not np.isfinite(sum_rows(top)):
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
    m = columns.size
    starts = kept_starts(m, n) if m <= KEPT_LENGTH else row_starts(m, n)
    return columns.astype(np.intp, copy=False) + starts.reshape(columns.shape)


def row_starts(m: int, n: int) -> np.ndarray:
    """Where each of m rows of n numbers begins."""
    return np.arange(0, m * n, n)


kept_starts = functools.lru_cache(maxsize=16)(row_starts)  # at most 16 arrays of 1 MB


def log_softmax_parts(x: Any) -> tuple[Any, Any, Any]:
    """p, s and t of an array's last axis: p = softmax(x), and log(p) = s - t."""
    _, shifted, z, total, log_total = _exponentials(x, -1, keep_shifted=True)
    z /= total
    return z, shifted, log_total


@formula("y * (g - sum(g * y, axis=axis, keepdims=axis is not None and x.ndim > 1))")
def softmax_gradient(g, y, x, axis=-1):
    """y * (g - sum(g * y)), the sum along the axis."""
    if type(g) in ARRAYS and type(y) in ARRAYS and y.dtype.kind == "f" and axis in (-1, y.ndim - 1):
        dx = g - np.vecdot(g, y)[..., None]
        dx *= y
        return dx
    return y * (g - np.sum(g * y, axis=axis, keepdims=True))


@dim_is_axis
@with_rules(softmax_gradient)
@formula("z / sum(z, axis=axis, keepdims=axis is not None and x.ndim > 1)",
         z="exp(x - max(x, axis=axis, keepdims=axis is not None and x.ndim > 1))")
def softmax(x: Any, axis: Any = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis (or a tuple of axes; None for all), also called `dim`, without
    overflow.

    >>> from tensorgrad import Tensor, softmax
    >>> softmax(Tensor([1e4, 0.0, 1e4]))
    Tensor([0.5 0.  0.5])
    """
    if not is_floating(x, "fc"):
        return softmax(as_numbers("softmax", "x", x), axis)
    _, _, z, total, _ = _exponentials(x, axis)
    z /= total
    return z


@dim_is_axis
@with_rules(lambda g, y, x, axis=-1: y * (np.sum(g * y, axis=axis, keepdims=True) - g))
def softmin(x: Any, axis: Any = -1) -> Any:
    """softmax(-x) along an axis (or a tuple of axes; None for all), also called `dim`.

    >>> softmin([0.0, 0.0, 1e4])
    array([0.5, 0.5, 0. ])
    """
    if not is_floating(x, "fc"):
        return softmin(as_numbers("softmin", "x", x), axis)
    return softmax(-x, axis)


@dim_is_axis
@with_rules(lambda g, y, x, axis=-1: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True))
@formula("s - log(sum(exp(s), axis=axis, keepdims=axis is not None and x.ndim > 1))",
         s="x - max(x, axis=axis, keepdims=axis is not None and x.ndim > 1)")
def log_softmax(x: Any, axis: Any = -1) -> Any:
    """log(softmax(x)) along an axis (or a tuple of axes; None for all), also called `dim`, exact where softmax
    itself rounds to 0.

    >>> from tensorgrad import Tensor, log_softmax
    >>> log_softmax(Tensor([1e4, 0.0]))
    Tensor([     0. -10000.])
    """
    if not is_floating(x, "fc"):
        return log_softmax(as_numbers("log_softmax", "x", x), axis)
    _, shifted, _, _, log_total = _exponentials(x, axis, keep_shifted=True)
    shifted -= log_total
    return shifted


@dim_is_axis
@with_rules(lambda g, y, x, axis=None, keepdims=False: restore(g, x, axis, keepdims) * softmax(x, axis=axis))
@formula("(m if keepdims or axis is None or x.ndim < 2 else squeeze(m, axis)) + "
         "log(sum(exp(x - m), axis=axis, keepdims=keepdims))",
         m="max(x, axis=axis, keepdims=axis is not None and x.ndim > 1)")
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) along an axis, also called `dim` (or a tuple of axes; None for all), without overflow; -inf for
    a row of -inf.

    >>> from tensorgrad import Tensor, logsumexp
    >>> logsumexp(Tensor([1e4, 1e4]))
    Tensor(10000.69314718)
    """
    if not isinstance(keepdims, bool | int | np.bool):
        raise TypeError(f"logsumexp: keepdims must be True or False, not {keepdims!r}")
    if not is_floating(x, "fc"):
        return logsumexp(as_numbers("logsumexp", "x", x), axis, keepdims)
    top, _, _, _, log_total = _exponentials(x, axis)
    y = log_total + top
    return y if keepdims else np.squeeze(y, axis)
