"""Statistics: averages, order statistics, covariance."""

import math
import warnings

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from .arrays import arange, array_in, arrays_or_none, as_array, as_arrays, full, grid, inside, is_complex, whole
from .chunked import copy_of, in_chunks
from .chunked_index import take_lines
from .layouts import along_axes, copy_axes, inverse, is_contiguous, memory_axes
from .reductions import count
from .shapes import numbers
from .table import composed, derivative

# Averages and spreads ------------------------------------------------------------------------------------------------


def weights_along(weights, a, axis):
    """Weights of one value per element along `axis`, in a shape that broadcasts to a's."""
    weights = as_array(weights, a)
    if weights.shape == a.shape:
        return weights
    if axis is None:
        raise TypeError(f"weights of shape {weights.shape} for an array of shape {a.shape}: give their axis")
    axes = normalize_axis_tuple(axis, a.ndim)
    if weights.shape != tuple(a.shape[i] for i in axes):
        raise ValueError(f"weights of shape {weights.shape} don't fit axis {axis} of an array of shape {a.shape}")
    weights = np.transpose(weights, inverse(axes))
    return np.reshape(weights, [n if i in axes else 1 for i, n in enumerate(a.shape)])


@composed(np.average)
def average(a, axis=None, weights=None, returned=False, *, keepdims=False):
    if weights is None:
        a = as_array(a)
        y = np.mean(a, axis=axis, keepdims=keepdims)
        total = full(y.shape, count(a, axis), y.dtype, y)
    else:
        a, weights = as_arrays(a, weights)
        weights = weights_along(weights, a, axis)
        dtype = np.result_type(a.dtype, weights.dtype, *[float] * (a.dtype.kind in "biu"))
        total = np.sum(weights, axis=axis, dtype=dtype, keepdims=keepdims)
        if np.any(whole(total == 0)):
            raise ZeroDivisionError("average: the weights add up to zero")
        y = np.sum(np.multiply(a, weights), axis=axis, keepdims=keepdims) / total
    if not returned:
        return y
    return y, total if total.shape == y.shape else copy_of(np.broadcast_to(total, y.shape))


@composed(np.ptp)
def ptp(a, axis=None, out=None, keepdims=False):
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


derivative(np.bincount, None, lambda g, y, x, weights=None, minlength=0: g[x])


@composed(np.cov)
def cov(m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, dtype=None):
    ddof = int(not bias) if ddof is None else numbers(ddof)
    m, y, fweights, aweights = arrays_or_none(m, y, numbers(fweights), aweights)
    parts = [variables(part, rowvar) for part in (m, y) if part is not None]
    rows = np.concatenate(parts, dtype=np.result_type(*parts, float) if dtype is None else dtype)
    check_weights(rows.shape[1], ddof, fweights, aweights)
    weights = aweights if fweights is None else fweights if aweights is None else np.multiply(fweights, aweights)
    mean, total = np.average(rows, axis=1, weights=weights, returned=True)
    # About their own mean, n values have n - 1 degrees of freedom; with aweights a, sum(w) - sum(w a) / sum(w)
    lost = ddof if aweights is None or ddof == 0 else ddof * np.sum(np.multiply(weights, aweights)) / total[0]
    free = (rows.shape[1] if weights is None else total[0]) - lost
    if free <= 0:
        warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=4)
        free = 0.0
    deviations = rows - np.expand_dims(mean, 1)
    other = np.conj(deviations if weights is None else np.multiply(deviations, weights))
    return np.squeeze(deviations @ other.T / free)


def check_weights(n, ddof, fweights, aweights):
    if ddof != int(ddof) or (fweights is not None and np.any(whole(fweights != np.round(fweights)))):
        raise ValueError(f"cov: ddof and fweights are counts, whole numbers, not {ddof} and {fweights}")
    for name, weights in (("fweights", fweights), ("aweights", aweights)):
        if weights is not None and (weights.shape != (n,) or np.any(whole(weights < 0))):
            raise ValueError(f"cov: {name} must be {n} numbers, none negative, one for each observation; not {weights}")


def variables(m, rowvar):
    """The variables of cov, one a row."""
    if m.ndim > 2:
        raise ValueError(f"cov: takes one or two dimensions, not shape {m.shape}")
    return np.atleast_2d(m) if rowvar or m.ndim < 2 else m.T


@composed(np.corrcoef)
def corrcoef(x, y=None, rowvar=True, *, dtype=None):
    c = np.cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    deviation = np.sqrt(np.real(np.diag(c)))
    c = c / np.expand_dims(deviation, 1) / deviation
    return c if is_complex(c) else np.clip(c, -1, 1)


# Order statistics: each sorted row is interpolated at a position, which NumPy computes from the indices 0, 1, 2, ... --


def as_rows(a, axis):
    """a with the reduced axes flattened into a last one."""
    axes = tuple(sorted(normalize_axis_tuple(range(a.ndim) if axis is None else axis, a.ndim)))
    rest = tuple(i for i in range(a.ndim) if i not in axes)
    return np.reshape(np.transpose(a, rest + axes), (*(a.shape[i] for i in rest), count(a, axes)))


def sorted_rows(a, axis, weights=None):
    """The rows of a sorted; each element's index in its row, nan for a nan; and the weights in the order of the
    elements."""
    rows = as_rows(a, axis)
    order = np.argsort(rows, axis=-1)
    rows = np.take_along_axis(rows, order, axis=-1)
    index = np.where(np.isnan(rows), np.nan, arange(rows.shape[-1], rows).astype(rows.real.dtype))
    if weights is not None:
        weights = as_rows(np.broadcast_to(weights_along(weights, a, axis), a.shape), axis)
        take = take_lines if in_chunks(rows) else np.take_along_axis
        weights = take(np.asarray(weights, like=order), order, -1)
    return rows, index, weights


def pick(rows, index):
    """The element at one index of each row, or more where index has more axes in front; nan where index is nan."""
    if not rows.shape[-1]:
        return np.sum(rows, axis=-1) + index
    missing = np.isnan(index)
    if in_chunks(rows):
        return np.where(missing, np.nan, of_lines(rows, np.where(missing, 0, index).astype(int)))
    return np.where(missing, np.nan, rows[(*grid(rows.shape[:-1], rows), np.where(missing, 0, index).astype(int))])


def of_lines(rows, index):
    """rows[..., index], with an index for each row, or more in front, by a function of lines."""
    extra = index.ndim - rows.ndim + 1
    many = math.prod(index.shape[:extra])
    places = np.moveaxis(np.reshape(index, (many, *index.shape[extra:])), 0, -1)
    return np.reshape(np.moveaxis(np.take_along_axis(rows, places, -1), -1, 0), index.shape)


def restored(y, a, axis, keepdims, extra=0):
    """y, which has `extra` axes in front, with the reduced axes of a if these are to be kept."""
    if not keepdims:
        return y
    axes = normalize_axis_tuple(range(a.ndim) if axis is None else axis, a.ndim)
    return np.expand_dims(y, tuple(extra + i for i in axes))


def middle(func, axes_of, a, axis, keepdims):
    rows, index, _ = sorted_rows(a, axis)
    position = func(index, axis=-1)
    y = (pick(rows, np.floor(position)) + pick(rows, np.ceil(position))) / 2
    if not is_contiguous(a):  # in NumPy it is the mean of the middle of a sorted copy
        y = along_axes(y, [i for i in axes_of(as_rows(inside(a), axis)) if i < y.ndim])
    return restored(y, a, axis, keepdims)


@composed(np.median)
def median(a, axis=None, out=None, overwrite_input=False, keepdims=False):
    return middle(np.median, copy_axes, a, axis, keepdims)


@composed(np.nanmedian)
def nanmedian(a, axis=None, out=None, overwrite_input=False, keepdims=False):
    return middle(np.nanmedian, memory_axes, a, axis, keepdims)


# The position of the quantile q among n elements is const + q (n + span), kept between the first and the last (Hyndman
# and Fan, Sample quantiles in statistical packages, 1996). By the methods that aren't here it is a step function of q.
SPANS = {
    "linear": -1, "interpolated_inverted_cdf": 0, "hazen": 0, "weibull": 1,
    "median_unbiased": 1 / 3, "normal_unbiased": 1 / 4,
}  # fmt: skip


def _positions(index, q, func, method, weights):
    given = {} if weights is None else {"weights": weights}
    return func(index, q, axis=-1, method=method, **given)


def positions_gradient(g, y, index, q, func, method, weights):
    n = np.count_nonzero(~np.isnan(index), axis=-1)
    slope = (n + SPANS[method]) * ((y > 0) & (y < n - 1)) if method in SPANS else np.zeros_like(g)
    return np.sum(g * slope, axis=tuple(range(np.ndim(q), g.ndim)))


positions = derivative(_positions, None, positions_gradient, None, None, None)


def quantiles(func, a, q, axis, keepdims, method, weights):
    like = array_in(a, q)
    a, q = as_array(a, like), q if np.isscalar(q) else as_array(q, None if in_chunks(like) else like)
    rows, index, weights = sorted_rows(a, axis, weights)
    position = as_array(positions(index, q, func, method, weights), index)
    low = np.floor(position)
    part = position - low
    last = np.count_nonzero(~np.isnan(index), axis=-1) - 1
    high = np.minimum(low + (1 if method in SPANS else part > 0), last)
    start = pick(rows, low)
    return restored(start + (pick(rows, high) - start) * part, a, axis, keepdims, np.ndim(q))


@composed(np.quantile)
def quantile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, *, weights=None):
    return quantiles(np.quantile, a, q, axis, keepdims, method, weights)


@composed(np.nanquantile)
def nanquantile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, *, weights=None):
    return quantiles(np.nanquantile, a, q, axis, keepdims, method, weights)


@composed(np.percentile)
def percentile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, *, weights=None):
    return quantiles(np.quantile, a, hundredth(a, q), axis, keepdims, method, weights)


@composed(np.nanpercentile)
def nanpercentile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, *, weights=None):
    return quantiles(np.nanquantile, a, hundredth(a, q), axis, keepdims, method, weights)


def hundredth(a, q):
    return (q if np.isscalar(q) else as_array(q, array_in(a, q))) / 100
