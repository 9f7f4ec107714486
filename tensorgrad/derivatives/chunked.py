"""Arrays in chunks, as Dask's are: what isn't computed before it is asked for, and lacks some of NumPy's functions.

What is here says these functions by others that such an array has. Nothing is computed meanwhile: a result is a chunked
array again. Where its shape is unknown (a nan in it), so is that of its gradient.
"""

import functools
import operator
import sys

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .arrays import arange, eye, is_chunked, is_complex, real_like


def in_chunks(x):
    """Whether x is one, or a Tensor that holds one."""
    return type(x) is not np.ndarray and is_chunked(getattr(x, "_data", x) if hasattr(x, "__record__") else x)


def is_unknown(shape):
    """Whether a length in the shape isn't known before the array is computed."""
    return any(n != n for n in shape)


def same_shape(a, b):
    """Whether two shapes are the same, as far as is known."""
    return a == b or (len(a) == len(b) and all(m == n or (m != m and n != n) for m, n in zip(a, b, strict=True)))


def dask():
    """Dask, which is imported where there are arrays of its: rules import NumPy alone."""
    return sys.modules["dask"]


def at_once(func, shape, dtype, *args):
    """func(*args) as one task, which gets its arrays as a whole: a chunked array of that shape."""
    return dask().array.from_delayed(dask().delayed(func, pure=True)(*args), shape, dtype)


def along_lines(func, axis, dtype, *arrays, length=None, **options):
    """func(*blocks, axis=axis, **options) of blocks that hold an axis as a whole; its result has `length` there, by
    default that of the first array. Of arrays that aren't chunked, func of them."""
    if not is_chunked(arrays[0]):
        return func(*arrays, axis=axis, **options)
    arrays = [np.asarray(a, like=arrays[0]).rechunk({axis: -1}) for a in arrays]
    first, others = arrays[0], {i: c for i, c in enumerate(arrays[0].chunks) if i != axis}
    rest = [a.rechunk({i: c for i, c in others.items() if a.shape[i] != 1}) for a in arrays[1:]]
    chunks = tuple((length,) if i == axis and length is not None else c for i, c in enumerate(first.chunks))
    return first.map_blocks(func, *rest, axis=axis, dtype=dtype, chunks=chunks, **options)


def require_known(where, n):
    """An error, if a number of elements isn't known before an array is computed."""
    if n != n:
        raise ValueError(f"{where}: an array of unknown length; call compute_chunk_sizes() of it first")


def ones_of(a, dtype):
    """Ones of a's shape, which may be unknown."""
    return a.map_blocks(np.ones_like, dtype=dtype)


def in_a_row(x):
    """np.reshape(x, (-1,)), also of one axis of unknown length."""
    return x if in_chunks(x) and x.ndim == 1 else np.reshape(x, (-1,))


def expand_dims(a, axis):
    """np.expand_dims(a, axis), also of a chunked array of unknown shape."""
    if not is_chunked(a) or not is_unknown(a.shape):
        return np.expand_dims(a, axis)
    axes = axis if isinstance(axis, tuple) else (axis,)
    ndim = a.ndim + len(axes)
    new = {normalize_axis_index(i, ndim) for i in axes}
    return a[tuple(None if i in new else slice(None) for i in range(ndim))]


def piece_in_chunks(i, g, axis, arrays):
    """The chunks of a gradient g that belong to the i-th of arrays that were joined."""
    if not is_chunked(g) or g.numblocks[axis] != sum(a.numblocks[axis] for a in arrays):
        raise ValueError("concatenate: where lengths are unknown, the gradient must have the chunks of the result")
    first = sum(a.numblocks[axis] for a in arrays[:i])
    return g.blocks[(slice(None),) * axis + (slice(first, first + arrays[i].numblocks[axis]),)]


def places(n, like):
    """The integers from 0 to n - 1, as an index of `like`: an ndarray for an array in chunks, which takes that best."""
    return np.arange(n) if in_chunks(like) else arange(n, like)


# Functions of NumPy's -------------------------------------------------------------------------------------------------


def copy_of(a, order="K"):
    """np.copy(a, order), of any array or Tensor."""
    return a.copy() if is_chunked(a) else np.copy(a) if order == "K" else np.copy(a, order=order)


def full_like(a, fill_value, dtype=None, order="K", subok=True, shape=None, **device):
    a = real_like(a, a.dtype if dtype is None else dtype)
    return np.full_like(a, fill_value, dtype=dtype, **({} if shape is None else {"shape": shape}))


def argsort(a, axis=-1, kind=None, order=None, *, stable=None, **options):
    if axis is None:
        a, axis = np.reshape(a, (-1,)), 0
    axis, stable = normalize_axis_index(axis, a.ndim), {} if stable is None else {"stable": stable}
    return along_lines(np.argsort, axis, np.intp, a, kind=kind, **stable, **options)


def argpartition(a, kth, axis=-1, kind="introselect", order=None):
    if axis is None:
        a, axis = np.reshape(a, (-1,)), 0
    return along_lines(np.argpartition, normalize_axis_index(axis, a.ndim), np.intp, a, kth=kth, kind=kind)


def searchsorted(a, v, side="left", sorter=None):
    """Dask's own takes its arrays alone."""
    like = a if is_chunked(a) else v
    a, v = (x if is_chunked(x) else np.asarray(x, like=like) for x in (a, v))
    return np.searchsorted(a, v, side=side, sorter=sorter)


def reduced_svd(a, full_matrices):
    require_reduced("svd", "full_matrices=False", full_matrices and a.shape[0] != a.shape[1])
    return dask().array.linalg.svd(a)


def reduced_qr(a, mode):
    require_reduced("qr", "mode='reduced'", mode != "reduced")
    return dask().array.linalg.qr(a)


def require_reduced(name, what, otherwise):
    if otherwise:
        raise TypeError(f"{name}: of an array in chunks only the reduced form is computed; pass {what}")


def pinv(a, rcond=None, hermitian=False, *, rtol=None):
    u, s, vh = dask().array.linalg.svd(a)
    limit = rcond if rcond is not None else 1e-15 if rtol is None else rtol
    kept = s > limit * np.max(s)
    return np.conj(vh).T * np.where(kept, 1 / np.where(kept, s, 1), 0) @ np.conj(u).T


def cholesky(a, /, *, upper=False):
    """Dask's own gives the upper triangle where NumPy's gives the lower."""
    return dask().array.linalg.cholesky(a, lower=not upper)


INSTEAD = {
    np.copy: lambda a, order="K", subok=False: a.copy(),
    np.eye: lambda N, M=None, k=0, dtype=float, order="C", *, like, **device: eye(N, dtype, like, M, k),
    np.full_like: full_like, np.argsort: argsort, np.argpartition: argpartition,
    np.linalg.cholesky: cholesky, np.linalg.pinv: pinv, np.searchsorted: searchsorted,
    np.isrealobj: lambda x: not is_complex(x), np.iscomplexobj: is_complex,
}  # fmt: skip


# What Dask's functions fail at, such as initial= and where=, which they don't know: tried after that, with its arrays


def masked(a, where, value):
    return a if where is True else np.where(where, a, value)


def chunked_sum(a, axis=None, dtype=None, out=None, keepdims=False, initial=0, where=True):
    return np.sum(masked(a, where, 0), axis=axis, dtype=dtype, keepdims=keepdims) + initial


def chunked_prod(a, axis=None, dtype=None, out=None, keepdims=False, initial=1, where=True):
    return np.prod(masked(a, where, 1), axis=axis, dtype=dtype, keepdims=keepdims) * initial


def chunked_max(func, lowest, pair, a, axis=None, out=None, keepdims=False, initial=None, where=True):
    if initial is None and where is not True:
        raise ValueError("a maximum or minimum with where= needs initial=, what it is where there is no element")
    y = func(masked(a, where, initial), axis=axis, keepdims=keepdims)
    return y if initial is None else pair(y, initial)


def chunked_mean(a, axis=None, dtype=None, out=None, keepdims=False, *, where=True):
    n = np.sum(np.broadcast_to(where, a.shape), axis=axis, keepdims=keepdims)
    return chunked_sum(a, axis, dtype, keepdims=keepdims, where=where) / n


def chunked_var(
    a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=True, mean=None, correction=None
):
    n = np.sum(np.broadcast_to(where, a.shape), axis=axis, keepdims=keepdims)
    away = np.abs(a - (chunked_mean(a, axis, dtype, keepdims=True, where=where) if mean is None else mean)) ** 2
    free = n - (ddof if correction is None else correction)
    return chunked_sum(away, axis, dtype, keepdims=keepdims, where=where) / np.where(free > 0, free, 0)


def chunked_std(a, *args, **kwargs):
    return np.sqrt(chunked_var(a, *args, **kwargs))


def chunked_getitem(a, index):
    parts = index if type(index) is tuple else (index,)
    ndims = [np.ndim(i) for i in parts if not isinstance(i, slice) and i is not None and i is not Ellipsis]
    if sum(map(bool, ndims)) <= 1 >= max(ndims, default=0):
        return None  # such Dask has taken, and what it says is what is wrong
    if type(index) is not tuple or len(index) != a.ndim or any(isinstance(i, slice) or i is None for i in index):
        raise TypeError("an array in chunks takes arrays of places for one axis, or for all of its axes")
    shape = np.broadcast_shapes(*map(np.shape, index))
    return np.zeros_like(a, shape=shape) if 0 in shape else a.vindex[index]


def chunked_reshape(a, shape, order="C", **options):
    if order != "C":
        raise TypeError(f"reshape: an array in chunks has no order in memory to read it in; leave out order={order!r}")
    try:
        return a.reshape(shape)
    except NotImplementedError:  # where chunks would have to be divided otherwise
        return a.rechunk(-1).reshape(shape)


def reshaped(a, shape):
    """a.reshape(shape)"""
    return chunked_reshape(a, shape) if is_chunked(a) else a.reshape(shape)


_highest = functools.partial(chunked_max, np.max, -np.inf, np.maximum)
_lowest = functools.partial(chunked_max, np.min, np.inf, np.minimum)
OTHERWISE = {
    np.sum: chunked_sum, np.prod: chunked_prod, np.mean: chunked_mean, np.var: chunked_var, np.std: chunked_std,
    np.max: _highest, np.min: _lowest, np.amax: _highest, np.amin: _lowest, np.reshape: chunked_reshape,
    np.expand_dims: expand_dims, operator.getitem: chunked_getitem,
}  # fmt: skip


def done_otherwise(func, args, kwargs):
    """What a function of NumPy's gives of a chunked array by other functions than its own, or None."""
    otherwise = OTHERWISE.get(func) if args and is_chunked(args[0]) else None
    return None if otherwise is None else otherwise(*args, **(kwargs or {}))


def either(func):
    """func, which of a chunked array is computed by what stands here for it."""
    instead = INSTEAD[func]

    @functools.wraps(func)
    def chosen(a, *args, **kwargs):
        return (instead if is_chunked(a) else func)(a, *args, **kwargs)

    return chosen


def require_function(func, a):
    """An error, if a's library lacks a function of NumPy's: Dask then warns, and computes the array to call NumPy's."""
    if func in INSTEAD or not hasattr(func, "__module__") or not type(a).__module__.startswith("dask."):
        return
    names = [*func.__module__.split(".")[1:], func.__name__]
    own = functools.reduce(lambda owner, name: getattr(owner, name, None), names, dask().array)
    if (own is None or own is func) and func not in getattr(dask().array.core, "_HANDLED_FUNCTIONS", ()):
        raise TypeError(
            f"{func.__module__}.{func.__name__}: Dask has no such function for its arrays; write it by "
            f"others, give one of your own its rules with tensorgrad.derivative, or compute the array first"
        )
