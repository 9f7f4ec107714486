"""Sums, means and extremes of what isn't nan. What is nan is left out, and gets no gradient."""

import numpy as np

from .arrays import given, whole
from .chunked import in_chunks
from .layouts import as_copy_of, as_reduced_from
from .table import composed


def filled(a, value):
    return as_copy_of(np.where(np.isnan(a), value, a), a)


@composed(np.nansum)
def nansum(a, axis=None, dtype=None, out=None, keepdims=False, initial=np._NoValue, where=True):
    return np.sum(filled(a, 0), axis=axis, dtype=dtype, keepdims=keepdims, **given(initial=initial, where=where))


@composed(np.nanprod)
def nanprod(a, axis=None, dtype=None, out=None, keepdims=False, initial=np._NoValue, where=True):
    return np.prod(filled(a, 1), axis=axis, dtype=dtype, keepdims=keepdims, **given(initial=initial, where=where))


@composed(np.nancumsum)
def nancumsum(a, axis=None, dtype=None, out=None):
    return np.cumsum(filled(a, 0), axis=axis, dtype=dtype)


@composed(np.nancumprod)
def nancumprod(a, axis=None, dtype=None, out=None):
    return np.cumprod(filled(a, 1), axis=axis, dtype=dtype)


def sum_without_nan(a, axis, dtype, keepdims, where):
    """a with zeros in the place of what is left out; its sum; and of how many elements."""
    some = ~np.isnan(a) & where
    x = as_copy_of(np.where(some, a, 0), a)
    total = np.sum(x, axis=axis, dtype=dtype, keepdims=keepdims)
    return x, total, np.sum(some, axis=axis, keepdims=keepdims).astype(total.real.dtype)


@composed(np.nanmean)
def nanmean(a, axis=None, dtype=None, out=None, keepdims=False, *, where=True):
    x, total, n = sum_without_nan(a, axis, dtype, keepdims, where)
    return as_reduced_from(total / n, x, axis)


@composed(np.nanvar)
def nanvar(
    a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=np._NoValue, correction=np._NoValue
):
    x, total, n = sum_without_nan(a, axis, dtype, True, where)
    away = np.where(~np.isnan(a) & where, x - (total / n if mean is np._NoValue else mean), 0)
    squares = away * away if np.isrealobj(away) else np.real(away) ** 2 + np.imag(away) ** 2
    free = n - (ddof if correction is np._NoValue else correction)
    y = np.sum(squares, axis=axis, dtype=dtype, keepdims=True) / np.maximum(free, 0)
    y = y if keepdims else np.squeeze(y, tuple(range(a.ndim)) if axis is None else axis)
    return as_reduced_from(y, x, axis)


@composed(np.nanstd)
def nanstd(*args, **kwargs):
    y = nanvar(*args, **kwargs)
    zero = y == 0  # where a root has no slope, and std none either
    return np.where(zero, 0, np.sqrt(np.where(zero, 1, y)))


def nan_extremum(extremum, lowest, a, axis, keepdims, initial, where):
    y = extremum(np.where(np.isnan(a), lowest, a), axis=axis, keepdims=keepdims, **given(initial=initial, where=where))
    some = initial is not None or np.any(~np.isnan(a), axis=axis, keepdims=keepdims)
    return y if not in_chunks(y) and np.all(whole(some)) else np.where(some, y, np.nan)


@composed(np.nanmax)
def nanmax(a, axis=None, out=None, keepdims=False, initial=None, where=True):
    return nan_extremum(np.max, -np.inf, a, axis, keepdims, initial, where)


@composed(np.nanmin)
def nanmin(a, axis=None, out=None, keepdims=False, initial=None, where=True):
    return nan_extremum(np.min, np.inf, a, axis, keepdims, initial, where)
