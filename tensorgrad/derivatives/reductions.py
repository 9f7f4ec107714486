"""Reductions and cumulative functions: a gradient of the smaller shape is spread over the axes that were reduced."""

import functools

import numpy as np

from .arrays import ARRAYS, full, inside, is_chunked, is_complex
from .chunked import OTHERWISE, expand_dims, in_chunks, is_unknown, ones_of, require_known
from .elementwise import divide_safely
from .formulas import by_name, formula
from .table import composed, constant, derivative


def axes_of(axis, ndim):
    """axis as NumPy takes it (None, an int, a tuple; negative ones too), as a tuple of axes counted from the front."""
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    for a in axes:
        if not -ndim <= a < ndim:
            raise np.exceptions.AxisError(a, ndim)
    return tuple(a + ndim if a < 0 else a for a in axes)


def leading(axis, ndim):
    """Whether these axes are the first ones: then what is reduced along them broadcasts as it is."""
    return sorted(axes_of(axis, ndim)) == list(range(len(axes_of(axis, ndim))))


def count(a, axis):
    """How many elements of a are reduced to one."""
    n = 1
    for i in axes_of(axis, a.ndim):
        n *= a.shape[i]
    return n


@formula("g if keepdims or leading(axis, a.ndim) else expand_dims(g, axis)")
def restore(g, a, axis, keepdims):
    """g with the reduced axes of a put back, of length 1."""
    return g if keepdims or not a.ndim else expand_dims(g, axes_of(axis, a.ndim))


@formula("where(where, broadcast_to(restore(g, a, axis, keepdims), a.shape), 0)")
def spread(g, a, axis, keepdims, where=True):
    """g with the shape of a, and 0 where `where` left an element out."""
    g, shape = restore(g, a, axis, keepdims), a.shape
    if type(a) is not np.ndarray and is_unknown(shape):
        g = g * ones_of(inside(a), g.dtype)
    else:
        g = np.broadcast_to(g, shape)
    return g if where is True else np.where(where, g, 0)


KEPT_LENGTH = 131_072  # of the ones that are kept, at most 16 arrays of 1 MB


@functools.lru_cache(maxsize=16)
def ones(n, dtype):
    return np.ones(n, dtype)


@formula("sum(g, axis=0)")
def sum_rows(g):
    """The sum over the first axis of a matrix, by BLAS, which is faster than np.sum where rows are short."""
    if type(g) in ARRAYS and g.dtype.char in "fd":
        n = len(g)
        row = ones(n, g.dtype) if n <= KEPT_LENGTH else np.ones(n, g.dtype)
        return row.dot(g) if type(g) is np.ndarray else np.dot(row, g)
    return np.sum(g, axis=0)


# Sums and means ------------------------------------------------------------------------------------------------------

derivative(np.sum, lambda g, y, a, axis=None, dtype=None, out=None, keepdims=False, initial=0, where=True:
           spread(g, a, axis, keepdims, where))


@formula(lambda a, axis, where: "count(a, axis)" if where is True else
         "sum(broadcast_to(where, a.shape), axis=axis, keepdims=True)")
def how_many(a, axis, where):
    """The number of elements of each mean: a number, or an array that keeps the reduced axes if a mask says so."""
    if where is True:
        n = count(a, axis)
        return n if n == n else np.sum(ones_of(inside(a), a.real.dtype), axis=axis, keepdims=True)
    return np.sum(np.broadcast_to(np.asarray(where, like=a), a.shape), axis=axis, keepdims=True, dtype=a.real.dtype)


@formula("spread(restore(g, a, axis, keepdims) / n, a, axis, True, where)", n="how_many(a, axis, where)")
def mean_gradient(g, y, a, axis=None, dtype=None, out=None, keepdims=False, where=True):
    """g / n: for each of the n elements of a mean the same."""
    n = how_many(a, axis, where)
    return spread(restore(g, a, axis, keepdims) / n, a, axis, True, where)


derivative(np.mean, mean_gradient)


@formula("mean(a, axis=axis, keepdims=not leading(axis, a.ndim), where=where)")
def mean_of(a, axis, where):
    """The mean, with the reduced axes kept."""
    if where is True:
        return np.mean(a, axis=axis, keepdims=True)
    func = OTHERWISE[np.mean] if is_chunked(a) else np.mean
    return func(a, axis=axis, keepdims=True, where=where)


_AWAY = {"m": "mean_of(a, axis, where) if mean is None else mean", "n": "how_many(a, axis, where)"}


@formula("where(where, restore(g, a, axis, keepdims) * 2 * conj(a - m) / "
         "(n - (ddof if correction is None else correction)), 0)", **_AWAY)
def var_gradient(
    g, y, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=None, correction=None
):
    """d var / d a = 2 (a - mean) / (n - ddof)."""
    n = how_many(a, axis, where) - (ddof if correction is None else correction)
    away = a - (mean_of(a, axis, where) if mean is None else mean)
    away = np.conj(away) if is_complex(away) else away
    return spread(restore(g, a, axis, keepdims) * 2 / n, a, axis, True, where) * away


@formula("where(where, restore(divide_safely(g, y), a, axis, keepdims) * conj(a - m) / "
         "(n - (ddof if correction is None else correction)), 0)", **_AWAY)
@functools.wraps(var_gradient)
def std_gradient(g, y, *args, **kwargs):
    """std = sqrt(var), and 0 where that is 0."""
    return var_gradient(divide_safely(g, 2 * y), y, *args, **kwargs)


derivative(np.var, var_gradient)
derivative(np.std, std_gradient)


# Maxima and minima ---------------------------------------------------------------------------------------------------


@formula("where((a == restore(y, a, axis, keepdims)) & where, restore(g, a, axis, keepdims) / k, 0)",
         k="sum((a == restore(y, a, axis, keepdims)) & where, axis=axis, keepdims=not leading(axis, a.ndim))")
def extremum_gradient(g, y, a, axis=None, out=None, keepdims=False, initial=None, where=True):
    """k elements that equal the maximum (or minimum) y get 1/k each."""
    same = (a == restore(y, a, axis, keepdims)) if where is True else (a == restore(y, a, axis, keepdims)) & where
    ties = np.maximum(np.sum(same, axis=axis, keepdims=True), 1)
    return restore(g, a, axis, keepdims) * (1 / ties).astype(g.dtype) * same


for extremum in dict.fromkeys([np.max, np.min, np.amax, np.amin]):
    derivative(extremum, extremum_gradient)


# Products and cumulative functions -----------------------------------------------------------------------------------


@formula("flip(cumsum(flip(g, axis), axis=axis), axis)")
def reverse_cumsum(g, axis):
    if in_chunks(g) and is_unknown(g.shape):
        return np.sum(g, axis=axis, keepdims=True) - np.cumsum(g, axis=axis) + g
    return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)


def cumsum_gradient(g, y, a, axis=None, dtype=None, out=None):
    if axis is None:
        g = reverse_cumsum(g, 0)
        return g if a.ndim == 1 else np.reshape(g, a.shape)
    return reverse_cumsum(g, axis)


derivative(np.cumsum, cumsum_gradient)


def shifted(a, steps, axis, fill):
    """a moved `steps` towards the end of the axis (towards its front if negative); what comes in is `fill`."""
    n = a.shape[axis]
    keep = [slice(None)] * a.ndim
    keep[axis] = slice(0, max(n - steps, 0)) if steps > 0 else slice(min(-steps, n), n)
    gap = list(a.shape)
    gap[axis] = min(abs(steps), n)
    parts = [full(gap, fill, a.dtype, a), a[tuple(keep)]]
    return np.concatenate(parts if steps > 0 else parts[::-1], axis=axis)


@formula(lambda g, y, a, axis=None, dtype=None, out=None: "cumprod_slope(g, a, axis)" if np.any(np.equal(a, 0)) else
         f"reshape(reverse_cumsum(g * y, {0 if axis is None else axis}), a.shape) / a")
def cumprod_gradient(g, y, a, axis=None, dtype=None, out=None):
    """Without a division, so right at zeros and at any order.

    With y_k = a_0 ... a_k, the gradient of a_j is (a_0 ... a_{j-1}) r_j, where r_j = g_j + a_{j+1} r_{j+1}. All r_j
    come from log2(n) steps of doubling: a scan of the affine maps r -> g + a r (Blelloch, Prefix sums and their
    applications, 1990).
    """
    return cumprod_slope(g, a, axis)


@by_name("the gradient of the cumulative product along the axis, by the rule of products, right at zeros, too")
def cumprod_slope(g, a, axis):
    if axis is None or not a.ndim:
        return np.reshape(cumprod_slope(g, np.reshape(a, (-1,)), 0), a.shape)
    before = np.cumprod(shifted(a, 1, axis, 1), axis=axis)
    r, factor, step = g, shifted(a, -1, axis, 0), 1
    while step < a.shape[axis]:
        r = r + factor * shifted(r, -step, axis, 0)
        factor = factor * shifted(factor, -step, axis, 0)
        step *= 2
    return before * r


derivative(np.cumprod, cumprod_gradient)


@formula("spread(g * initial, a, axis, keepdims, where) * product_of_others(a, axis=axis, where=where)")
def prod_gradient(g, y, a, axis=None, dtype=None, out=None, keepdims=False, initial=1, where=True):
    """The product of the others: what stands before each element times what stands after it, without a division."""
    axis = axis if a.ndim else None  # NumPy takes axis 0 of a single number
    return spread(g * initial, a, axis, keepdims, where) * product_of_others(a, axis, where)


@by_name("for each element, the product of the other elements along the axis")
def product_of_others(a, axis=None, where=True):
    require_known("prod", count(a, axis))
    axes = axes_of(axis, a.ndim)
    left = tuple(i for i in range(a.ndim) if i not in axes)
    order = left + axes  # the reduced axes last, and flattened into one
    rows = np.transpose(np.where(where, a, 1) if where is not True else a, order)
    flat = np.reshape(rows, (*rows.shape[: len(left)], count(a, axis)))
    before = np.cumprod(shifted(flat, 1, -1, 1), axis=-1)
    after = np.flip(np.cumprod(np.flip(shifted(flat, -1, -1, 1), -1), axis=-1), -1)
    return np.transpose(np.reshape(before * after, rows.shape), np.argsort(order).tolist())


derivative(np.prod, prod_gradient)


@composed(np.cumulative_sum) if hasattr(np, "cumulative_sum") else lambda f: f
def cumulative_sum(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
    return cumulative(np.cumsum, 0, x, axis, dtype, include_initial)


@composed(np.cumulative_prod) if hasattr(np, "cumulative_prod") else lambda f: f
def cumulative_prod(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
    return cumulative(np.cumprod, 1, x, axis, dtype, include_initial)


def cumulative(func, start, x, axis, dtype, include_initial):
    if axis is None:
        if x.ndim > 1:
            raise ValueError(f"cumulative: axis= must be given for an array of {x.ndim} dimensions")
        axis = 0
    y = func(x, axis=axis, dtype=dtype)
    if include_initial:
        first = list(y.shape)
        first[axis] = 1
        y = np.concatenate([np.full_like(y, start, shape=first), y], axis=axis)
    return y


constant(
    np.argmax, np.argmin, np.argsort, np.argpartition, np.argwhere, np.all, np.any, np.nanargmax, np.nanargmin,
    np.count_nonzero, np.nonzero, np.flatnonzero, np.searchsorted, np.lexsort, np.digitize,
)  # fmt: skip
