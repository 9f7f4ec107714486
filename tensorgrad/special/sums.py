"""Sums of exponentials, with SciPy's arguments: softmax, its logarithm, and log-sum-exp with factors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functions
from ..derivatives.arrays import as_array, as_numbers
from ..derivatives.formulas import formula
from ..derivatives.table import with_rules


def softmax(x: Any, axis: Any = None) -> Any:
    """exp(x) / sum(exp(x)) along an axis (or a tuple of axes; None, the default as in SciPy, for all)."""
    return functions.softmax(as_array(x), axis)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """log(softmax(x)) along an axis (or a tuple of axes; None, the default as in SciPy, for all)."""
    return functions.log_softmax(as_array(x), axis)


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """log(sum(b * exp(a))) along an axis (or a tuple of axes; None for all), without overflow.

    Args:
        b: factors, which broadcast with a; 1 by default.
        return_sign: return the logarithm of the sum's absolute value, and the sum's sign. Without it, the logarithm
            of a negative sum is nan.

    >>> from tensorgrad import Tensor
    >>> logsumexp(Tensor([1e4, 1e4]), b=[3.0, -1.0])  # 1e4 + log(2)
    Tensor(10000.69314718)
    """
    if b is None and not return_sign:
        return functions.logsumexp(as_array(a), axis, keepdims)
    a, factors = as_numbers("logsumexp", "a", a, "f"), as_numbers("logsumexp", "b", 1.0 if b is None else b, "f")
    if not hasattr(b, "dtype"):  # numbers leave float32 what it is
        factors = factors.astype(a.dtype)
    a, factors = np.broadcast_arrays(a, factors)
    total, top = _logsumexp(a, factors, axis)
    if not keepdims:
        total, top = np.squeeze(total, axis), np.squeeze(top, axis)
    size, nothing = np.abs(total) if return_sign else total, total == 0
    with np.errstate(invalid="ignore"):
        y = np.log(np.where(nothing, 1, size)) + top
    y = np.where(nothing, -np.inf, y)
    return (y, np.sign(total)) if return_sign else y


@formula(
    lambda a, top: (
        "exp(a - top)" if np.all((a - top <= 80) | (a == np.inf)) else "exp(where(a == inf, inf, minimum(a - top, 80)))"
    )
)
def scaled_exp(a: Any, top: Any) -> Any:
    """exp(a - top), where a is larger by so much that it could overflow only where its factor is 0."""
    return np.exp(np.where(np.isposinf(a), np.inf, np.minimum(a - top, 80)))  # exp(80) is finite in float32 too


# log(total) + top doesn't depend on top. So the rules treat top as a constant, and ignore its gradient g[1].
@with_rules(
    lambda g, y, a, b, axis: g[0] * b * scaled_exp(a, y[1]),
    lambda g, y, a, b, axis: g[0] * scaled_exp(a, y[1]),
)
def _logsumexp(a: Any, b: Any, axis: Any) -> tuple[Any, Any]:
    """sum(b * exp(a - top)), and top: the largest a whose factor b isn't 0. Both keep the axes that are summed over."""
    top = np.max(a, axis=axis, keepdims=True, where=b != 0, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    return np.sum(b * scaled_exp(a, top), axis=axis, keepdims=True), top
