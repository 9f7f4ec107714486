"""Elements picked by index, and the reverse: elements added up in the places that an index names."""

import operator

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from .arrays import ARRAYS, as_array, as_arrays, given, grid, is_chunked, is_complex
from .chunked import in_chunks, places
from .chunked_index import picked, put, take_lines
from .formulas import by_name, formula
from .layouts import as_copy_of, flat_order, in_order
from .shapes import numbers
from .table import composed, constant, derivative, views


def along(axis, index):
    """The index that picks `index` along one axis."""
    return (slice(None),) * axis + (index,)


_NAME_ONE_PLACE_ONCE = frozenset({int, slice, bool, type(None), type(Ellipsis)})


def may_repeat(index):
    """Whether an index can name an element twice: only one with an array of integers can."""
    for p in index if isinstance(index, tuple) else (index,):
        if type(p) in _NAME_ONE_PLACE_ONCE:
            continue
        if isinstance(p, list | tuple) or (np.ndim(p) and as_array(p).dtype.kind != "b"):
            return True
    return False


class Scattered:
    """The gradient of an array of which an index has read a part: `g` in the places of the index, and zeros elsewhere.

    The zeros are made when they are asked for. Where the array has a gradient already, g is added into that: so a loop
    over the rows of an array doesn't take an array of its size for each row.

    >>> part = Scattered(np.array([1.0, 2.0]), (slice(None), 1), (2, 3))
    >>> part.array()
    array([[0., 1., 0.],
           [0., 2., 0.]])
    >>> part.add_to(np.ones((2, 3)))
    array([[1., 2., 1.],
           [1., 3., 1.]])
    """

    __slots__ = ("g", "index", "shape", "repeats")

    def __init__(self, g, index, shape, repeats=None):
        self.g, self.index, self.shape = g, index, shape
        self.repeats = may_repeat(index) if repeats is None else repeats  # whether a place may be named twice

    dtype = property(lambda self: self.g.dtype)

    def add_to(self, total):
        """Add it to an array of its shape, in place, and give that back."""
        if self.repeats:
            np.add.at(total, self.index, self.g)
        else:
            total[self.index] += self.g
        return total

    def array(self):
        """The array itself."""
        g, shape = self.g, self.shape
        if is_chunked(g):
            return put(g, self.index, shape)
        out = np.zeros(shape, g.dtype, like=g) if type(g) in ARRAYS else np.zeros_like(g, shape=shape)
        if self.repeats:
            np.add.at(out, self.index, g)  # a repeated index adds up
        else:
            out[self.index] = g
        return out


def _scatter(g, index, shape):
    return Scattered(g, index, shape).array()


scatter = derivative(_scatter, lambda g, y, x, index, shape: picked(g, index))


@formula("scatter(g, index, shape)")
def scattered(g, index, shape, repeats=None):
    """g in the places of the index, and zeros elsewhere."""
    in_place = type(g) in ARRAYS or hasattr(g, "stack")  # an array, or a batch of them
    return Scattered(g, index, shape, repeats) if in_place else scatter(g, index, shape)


@formula("a[index]")
def _getitem(a, index):
    """a[:, ..., indices] in C order, in which the index alone doesn't give it."""
    return a.take(index[-1], axis=len(index) - 1) if type(a) in ARRAYS else a[index]


getitem = derivative(operator.getitem, lambda g, y, a, index: scattered(g, index, a.shape))
take_along = derivative(_getitem, lambda g, y, a, index: scattered(g, index, a.shape))


@composed(np.take)
def take(a, indices, axis=None, out=None, mode="raise"):
    given, (a, indices) = indices, as_arrays(a, indices)
    if axis is None:
        a, axis = np.reshape(a, (-1,)), 0
    if mode not in ("raise", "wrap", "clip"):
        raise ValueError(f"take: mode must be 'raise', 'wrap' or 'clip', not {mode!r}")
    if not a.ndim:  # NumPy takes a single number for a vector of one
        a = np.reshape(a, (-1,))
    axis = normalize_axis_index(axis, a.ndim)
    n = a.shape[axis]
    if indices.dtype == bool or not (indices.size or hasattr(given, "dtype")):
        indices = indices.astype(int)  # bools count as 0 and 1 here; they are no mask; and [] has no dtype
    if mode != "raise":
        indices = np.mod(indices, n) if mode == "wrap" else np.clip(indices, 0, n - 1)
    if indices.ndim != 1 and in_chunks(a):  # Dask's arrays are indexed by a row of numbers
        y = take_along(a, along(axis, np.reshape(indices, (-1,))))
        return np.reshape(y, (*a.shape[:axis], *indices.shape, *a.shape[axis + 1 :]))
    return take_along(a, along(axis, indices))


@composed(np.take_along_axis)
def take_along_axis(arr, indices, axis=-1):
    arr, indices = as_arrays(arr, indices)
    if axis is None:
        arr, axis = np.reshape(arr, (-1,)), 0
    if indices.dtype.kind not in "iu" or indices.ndim != arr.ndim:
        raise ValueError(
            f"take_along_axis: for an array of shape {arr.shape}, indices must be ints in {arr.ndim} dimensions, "
            f"not {indices.dtype} of shape {indices.shape}; np.take and arr[indices] take other shapes"
        )
    axis = normalize_axis_index(axis, arr.ndim)
    if in_chunks(arr):
        return take_lines(arr, indices, axis)
    index = grid(arr.shape, arr)
    index[axis] = indices
    return arr[tuple(index)]


@composed(np.compress)
def compress(condition, a, axis=None, out=None):
    a, condition = as_arrays(a, condition)
    return np.take(a, np.flatnonzero(condition), axis=axis, out=out)


@composed(np.extract)
def extract(condition, arr):
    arr, condition = as_arrays(arr, condition)
    return np.take(arr, np.flatnonzero(condition))


@composed(np.delete)
def delete(arr, obj, axis=None):
    arr, obj = as_array(arr), numbers(obj)
    if axis is None:
        arr, axis = np.reshape(arr, (-1,)), 0
    kept = np.delete(places(arr.shape[axis], arr), obj)
    if isinstance(obj, slice) or np.size(obj) == 1:
        return in_order(np.take(arr, kept, axis=axis), flat_order(arr))
    return arr[along(normalize_axis_index(axis, arr.ndim), kept)]


@composed(np.insert)
def insert(arr, obj, values, axis=None):
    arr, values = as_arrays(arr, values)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    axis, n = normalize_axis_index(axis, arr.ndim), arr.shape[axis]
    if isinstance(obj, slice):
        obj = places(n, arr)[obj]
    obj = as_array(obj, None if in_chunks(arr) else arr)
    obj = np.flatnonzero(obj) if obj.dtype == bool else obj
    if obj.size and obj.dtype.kind not in "iu":
        raise IndexError(f"insert: the places must be integers, a slice or bools, not of dtype {obj.dtype}")
    values = np.reshape(values, (1,) * (arr.ndim - values.ndim) + values.shape)
    if obj.ndim == 0:  # one place: the values' first axis runs along it
        values = np.moveaxis(values, 0, axis)
    many = values.shape[axis] if obj.size == 1 else obj.size
    values = np.broadcast_to(values, (*arr.shape[:axis], many, *arr.shape[axis + 1 :]))
    order = np.insert(places(n, arr), obj.astype(int), n + places(many, arr))
    y = np.take(np.concatenate([arr, values.astype(arr.dtype)], axis=axis), order, axis=axis)
    return in_order(y, flat_order(arr))


@composed(np.trim_zeros)
def trim_zeros(filt, trim="fb", axis=None):
    axes = normalize_axis_tuple(range(filt.ndim) if axis is None else axis, filt.ndim)
    for i, found in enumerate(np.nonzero(filt)):
        if i in axes:
            n = filt.shape[i]
            some = len(found) > 0
            first = (int(found.min()) if some else n) if "f" in trim.lower() else 0
            last = (int(found.max()) + 1 if some else 0) if "b" in trim.lower() else n
            filt = filt[along(i, slice(first, last))]
    return filt


# Windows that slide over an array, and the reverse: windows added up where they were taken from -----------------------


@by_name("the numbers of sliding windows, added up where the windows lie in the array")
def _add_windows(g, axes, shape):
    out, depth = np.zeros_like(g, shape=shape), len(shape)
    for place in np.ndindex(g.shape[depth:]):  # of the windows' elements; an axis may have several windows
        starts = [sum(i for i, axis in zip(place, axes, strict=True) if axis == k) for k in range(depth)]
        taken = tuple(slice(start, start + n) for start, n in zip(starts, g.shape[:depth], strict=True))
        out[taken] += g[(..., *place)]
    return out


add_windows = derivative(_add_windows, lambda g, y, x, axes, shape: windows(g, x.shape[len(shape) :], axes))
windows = np.lib.stride_tricks.sliding_window_view


def windows_gradient(g, y, x, window_shape, axis=None, *, subok=False, writeable=False):
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim, allow_duplicate=True)
    return add_windows(g, axes, x.shape)


derivative(windows, windows_gradient)


# Sorting: an index chosen in the forward pass ------------------------------------------------------------------------


def no_fields(name, order):
    if order is not None:
        raise ValueError(f"{name}: order= names fields to sort by, which numbers don't have; leave it out")


@composed(np.sort)
def sort(a, axis=-1, kind=None, order=None, *, stable=None, **options):  # with NumPy 2.5 descending=
    no_fields("sort", order)
    if axis is None:
        a, axis = np.reshape(a, (-1,)), 0
    normalize_axis_index(axis, np.ndim(a))  # of a single number, which argsort takes, an error
    y = np.take_along_axis(a, np.argsort(a, axis=axis, kind=kind, **given(stable=stable), **options), axis=axis)
    return as_copy_of(y, a)


@composed(np.partition)
def partition(a, kth, axis=-1, kind="introselect", order=None):
    no_fields("partition", order)
    if axis is None:
        a, axis = np.reshape(a, (-1,)), 0
    return as_copy_of(np.take_along_axis(a, np.argpartition(a, kth, axis=axis), axis=axis), a)


@composed(np.sort_complex)
def sort_complex(a):
    y = np.sort(a)
    return y if is_complex(y) else y.astype(complex)


# Diagonals and triangles ---------------------------------------------------------------------------------------------


def diagonal_gradient(g, y, a, offset=0, axis1=0, axis2=1):
    """g on the diagonal, and zeros beside it."""
    axis1, axis2 = normalize_axis_tuple((axis1, axis2), a.ndim)
    i, starts = places(g.shape[-1], g), {axis1: max(-offset, 0), axis2: max(offset, 0)}
    index = tuple([i + starts[k] if k in starts else slice(None) for k in range(a.ndim)])
    first = min(axis1, axis2) if abs(axis1 - axis2) == 1 else 0  # where an index of two arrays puts their axis
    return scattered(np.moveaxis(g, -1, first), index, a.shape, repeats=False)


derivative(np.diagonal, diagonal_gradient)


@composed(np.linalg.diagonal)
def linalg_diagonal(x, /, *, offset=0):
    return np.diagonal(x, offset, -2, -1)


@composed(np.diag)
def diag(v, k=0):
    if v.ndim == 2:
        return np.diagonal(v, k)
    if v.ndim != 1:
        raise ValueError(f"diag: takes one or two dimensions, not shape {v.shape}; np.diagonal takes more")
    n = len(v) + abs(k)
    i = places(len(v), v)
    return scatter(v, (i + max(-k, 0), i + max(k, 0)), (n, n))


@composed(np.diagflat)
def diagflat(v, k=0):
    return np.diag(np.ravel(v), k)


derivative(np.tril, lambda g, y, m, k=0: np.tril(g, k))
derivative(np.triu, lambda g, y, m, k=0: np.triu(g, k))

views(getitem, windows, np.diagonal)

constant(np.unravel_index, np.ravel_multi_index, np.tril_indices_from, np.triu_indices_from, np.diag_indices_from)
