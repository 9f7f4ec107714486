"""The methods of ufuncs, each written once for all ufuncs of two arguments. (The method `at` is in ufunc_at.py.)

    np.add.reduce(a)             a[0] + a[1] + ...
    np.add.accumulate(a)         the sums of a[:1], a[:2], ...
    np.add.reduceat(a, [0, 4])   the sums of a[0:4] and a[4:]
    np.add.outer(a, b)           a[i] + b[j]
"""

from collections.abc import Callable

import numpy as np

from .arrays import as_array, as_arrays, full, given
from .chunked import copy_of
from .layouts import as_computed_from, as_reduced_from
from .reductions import axes_of, count
from .shapes import numbers
from .ufunc_at import at

# The ufuncs whose method has a function of its own in NumPy; the others are applied to one element after another.
REDUCTIONS = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min}
ACCUMULATIONS = {np.add: np.cumsum, np.multiply: np.cumprod}


def partial_results(ufunc, elements, masks=None, start=None):
    """a, f(a, b), f(f(a, b), c), ... of the elements a, b, c, ...; those where a mask is False are left out."""
    results = [] if start is None else [start]
    for i, x in enumerate(elements):
        y = ufunc(results[-1], x) if results else x
        results.append(y if masks is None else np.where(masks[i], y, results[-1]))
    return results


def ones(a):
    """Ones of a's shape, dtype and kind, and no Tensor: with them NumPy's own method checks the arguments."""
    return full(a.shape, 1, a.dtype, a)


def cast(a, dtype):
    return a if dtype is None else a.astype(dtype)


def reduce(ufunc, a, axis=0, dtype=None, keepdims=False, initial=None, where=True):
    if hasattr(where, "__record__") and where.dtype.kind != "b":
        raise TypeError(f"{ufunc.__name__}: where= takes bools, such as tensor > 0, and no Tensor, which is floating")
    options = {} if initial is None else {"initial": initial}
    if ufunc in REDUCTIONS:
        return REDUCTIONS[ufunc](cast(a, dtype), axis=axis, keepdims=keepdims, **given(where=where), **options)
    like = ufunc.reduce(ones(a), axis, dtype, None, keepdims, **given(where=where), **options)
    n, axes = count(a, axis), axes_of(axis, a.ndim)
    if not n:
        return like

    def elements(a):
        """The reduced axes as one, the first."""
        front = np.moveaxis(a, axes, range(len(axes)))
        return np.reshape(front, (n, *front.shape[len(axes) :]))

    masks = None if where is True else elements(np.broadcast_to(as_array(where, a), a.shape))
    results = partial_results(ufunc, elements(cast(a, dtype)), masks, ufunc.identity if initial is None else initial)
    y = copy_of(results[0]) if len(results) == 1 else results[-1]  # a single element is a view of a
    return np.reshape(as_reduced_from(y, a, axes), np.shape(like))


def accumulate(ufunc, a, axis=0, dtype=None):
    if ufunc in ACCUMULATIONS:
        return ACCUMULATIONS[ufunc](a, axis=axis, dtype=dtype)
    ufunc.accumulate(ones(a), axis, dtype)
    if not a.shape[axis]:
        return copy_of(cast(a, dtype))
    elements = np.moveaxis(cast(a, dtype), axis, 0)
    return as_computed_from(np.stack(partial_results(ufunc, elements), axis), a)


def reduceat(ufunc, a, indices, axis=0, dtype=None):
    indices = numbers(indices)
    ufunc.reduceat(np.ones(a.shape, a.dtype), indices, axis, dtype)
    elements = np.moveaxis(cast(a, dtype), axis, 0)
    ends = [*indices[1:], len(elements)]
    parts = [elements[i : max(i + 1, end)] for i, end in zip(indices, ends, strict=True)]
    return as_computed_from(np.stack([reduce(ufunc, part) for part in parts], axis), a, axes_of(axis, a.ndim)[0])


def outer(ufunc, a, b, **kwargs):
    a, b = as_arrays(a, b)
    return ufunc(np.reshape(a, a.shape + (1,) * b.ndim), b, **kwargs)


METHODS: dict[str, Callable] = {
    "reduce": reduce, "accumulate": accumulate, "reduceat": reduceat, "outer": outer, "at": at,
}
