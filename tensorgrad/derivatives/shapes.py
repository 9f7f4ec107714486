"""Functions that reshape, reorder, repeat, join and split: the gradient goes back to where each element came from."""

import itertools
import math

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .arrays import as_array, as_arrays, inside
from .chunked import copy_of, in_chunks, piece_in_chunks, places
from .formulas import formula
from .layouts import index_order, inverse, is_contiguous, memory_axes
from .reductions import axes_of
from .table import composed, constant, derivative, each, views


def numbers(x):
    """Settings such as axes, lengths or orders as Python numbers, also if given as an array; a Tensor is an error."""
    if isinstance(x, list | tuple):
        return [numbers(v) for v in x]
    if hasattr(x, "__record__"):
        raise TypeError("axes, lengths, places and orders are plain numbers, not a Tensor; its data are tensor.data")
    return x.tolist() if hasattr(x, "tolist") else x


def broadcasts_to(shape, whole):
    """Whether an array of that shape broadcasts to the whole shape."""
    try:
        return np.broadcast_shapes(shape, whole) == whole
    except ValueError:
        return False


def ones_in(shape, axis):
    """The axes that np.squeeze takes away."""
    return tuple(i for i, n in enumerate(shape) if n == 1) if axis is None else axis


# Reshaping -----------------------------------------------------------------------------------------------------------

derivative(np.reshape,      lambda g, y, a, shape=None, order="C", *, copy=None, newshape=None:
                            np.reshape(g, a.shape, **({} if order == "C" else {"order": order})))
derivative(np.expand_dims,  lambda g, y, a, axis:
                            np.squeeze(g, axis) if in_chunks(g) else np.reshape(g, a.shape))
derivative(np.squeeze,      lambda g, y, a, axis=None:
                            np.expand_dims(g, ones_in(a.shape, axis)) if in_chunks(g) else np.reshape(g, a.shape))
derivative(np.broadcast_to, lambda g, y, array, shape, subok=False: g)  # the engine sums over the new axes


def shape_at_least(ndim, shape):
    """The shape with axes of length 1 added: behind, but a vector is made a row."""
    shape = (1,) * (ndim >= 2 and len(shape) == 1) + shape
    return shape + (1,) * (ndim - len(shape))


def at_least(ndim, arys):
    found = [a if a.ndim >= ndim else np.reshape(a, shape_at_least(ndim, a.shape)) for a in as_arrays(*arys)]
    return found[0] if len(found) == 1 else tuple(found)


composed(np.atleast_1d)(lambda *arys: at_least(1, arys))
composed(np.atleast_2d)(lambda *arys: at_least(2, arys))
composed(np.atleast_3d)(lambda *arys: at_least(3, arys))


@composed(np.ravel)
def ravel(a, order="C"):
    if order == "K":
        y = np.reshape(np.transpose(a, memory_axes(a)), (-1,))
    else:
        y = np.reshape(a, (-1,), **({} if order == "C" else {"order": order}))
    return y if is_contiguous(y) else np.copy(y)  # where np.reshape gives a view of other memory, np.ravel gives a copy


def _flatten(a):
    return np.reshape(a.copy(), -1)


copied_row = derivative(_flatten, lambda g, y, a: np.reshape(g, a.shape))


def flatten(a, order="C"):
    """All elements in a row, always a copy: a Tensor's method, for NumPy has no function of this name."""
    if not isinstance(order, str):
        raise TypeError(f"flatten: order must be 'C', 'F', 'A' or 'K', not of type {type(order).__name__}")
    if order not in ("C", "F", "A", "K"):
        raise ValueError(f"flatten: order must be 'C', 'F', 'A' or 'K', not {order!r}")
    if order == "K":
        return copied_row(np.transpose(a, memory_axes(a)))
    return copied_row(np.transpose(a) if index_order(a, order) == "F" else a)


@composed(np.broadcast_arrays)
def broadcast_arrays(*args, subok=False):
    args = as_arrays(*args)
    shape = np.broadcast_shapes(*map(np.shape, args))
    return tuple(a if a.shape == shape else np.broadcast_to(a, shape) for a in args)


# Reordering axes -----------------------------------------------------------------------------------------------------


derivative(np.transpose, lambda g, y, a, axes=None:
                         np.transpose(g, None if axes is None else inverse(axes_of(tuple(axes), a.ndim))))
derivative(np.swapaxes,  lambda g, y, a, axis1, axis2: np.swapaxes(g, axis1, axis2))
derivative(np.moveaxis,  lambda g, y, a, source, destination: np.moveaxis(g, destination, source))
if hasattr(np, "matrix_transpose"):
    derivative(np.matrix_transpose, lambda g, y, x: np.swapaxes(g, -1, -2))
    derivative(np.linalg.matrix_transpose, lambda g, y, x: np.swapaxes(g, -1, -2))


@composed(np.rollaxis)
def rollaxis(a, axis, start=0):
    axis, start = normalize_axis_index(axis, a.ndim), start + a.ndim if start < 0 else start
    return np.moveaxis(a, axis, start - 1 if start > axis else start)


# Reordering and repeating elements -----------------------------------------------------------------------------------

derivative(np.flip,   lambda g, y, m, axis=None: np.flip(g, axis))
derivative(np.fliplr, lambda g, y, m: np.fliplr(g))
derivative(np.flipud, lambda g, y, m: np.flipud(g))
derivative(np.rot90,  lambda g, y, m, k=1, axes=(0, 1): np.rot90(g, -k, axes))


def roll_gradient(g, y, a, shift, axis=None):
    return np.roll(g, tuple(-s for s in shift) if isinstance(shift, tuple | list) else -shift, axis)


derivative(np.roll, roll_gradient)


@composed(np.repeat)
def repeat(a, repeats, axis=None):
    if axis is None:
        a, axis = np.reshape(a, (-1,)), 0
    return np.take(a, np.repeat(places(a.shape[axis], a), repeats), axis=axis)


@composed(np.tile)
def tile(A, reps):
    reps = numbers(reps)
    reps = (reps,) if np.ndim(reps) == 0 else tuple(reps)
    shape = (1,) * (len(reps) - A.ndim) + A.shape
    reps = (1,) * (len(shape) - len(reps)) + reps
    if all(n == 1 for n in reps):
        return np.reshape(copy_of(A), shape)
    pairs = [n for pair in zip(reps, shape, strict=True) for n in pair]
    apart = np.broadcast_to(np.reshape(A, [n for s in shape for n in (1, s)]), pairs)
    return np.reshape(copy_of(apart, order="C"), [r * s for r, s in zip(reps, shape, strict=True)])


@composed(np.resize)
def resize(a, new_shape):
    a, new_shape = np.ravel(as_array(a)), numbers(new_shape)
    size = int(np.prod(new_shape))
    if size < 0:
        raise ValueError(f"resize: lengths must not be negative, as in {new_shape}")
    y = a[places(size, a) % a.size] if a.size else np.zeros(size, a.dtype, like=inside(a))
    return np.reshape(y, new_shape)


# Joining and splitting -----------------------------------------------------------------------------------------------


@formula("concatenate(arrays, axis=axis)")
def _join(axis, starts, cast, *arrays):
    return np.concatenate(arrays, axis=axis, **cast)


def piece(i, g, y, axis, starts, cast, *arrays):
    if starts[-1] != starts[-1]:  # unknown before it is computed
        return piece_in_chunks(i, g, axis, arrays)
    return g[(slice(None),) * axis + (slice(starts[i], starts[i + 1]),)]


join = derivative(_join, None, None, None, each(piece))
MANY = 100


@composed(np.concatenate, *([np.concat] if hasattr(np, "concat") else []))
def concatenate(arrays, /, axis=0, out=None, *, dtype=None, casting="same_kind"):
    arrays = as_arrays(*arrays)
    if axis is None:
        arrays, axis = [np.ravel(a) for a in arrays], 0
    shapes = [a.shape for a in arrays]
    ndim = len(shapes[0])
    if any(len(s) != ndim for s in shapes) or not -ndim <= axis < ndim:
        raise ValueError(
            f"concatenate: arrays of shapes {', '.join(map(str, shapes))} don't join along axis {axis}; "
            f"they need the same number of dimensions, and that axis (stack makes a new one)"
        )
    axis %= ndim
    # A rule gets all arguments of its function, so the pieces of one join of n arrays cost n * n. Many are joined in
    # groups first; but not large ones, of which a second copy costs more.
    if len(arrays) > MANY and sum(map(math.prod, shapes)) < 10 * len(arrays) ** 2:
        step = max(MANY, -(-len(arrays) // MANY))
        groups = [arrays[i : i + step] for i in range(0, len(arrays), step)]
        arrays = [np.concatenate(group, axis, dtype=dtype, casting=casting) for group in groups]
        return np.concatenate(arrays, axis, dtype=dtype, casting=casting)
    starts = [0]
    for shape in shapes:
        starts.append(starts[-1] + shape[axis])
    cast = {} if dtype is None and casting == "same_kind" else {"dtype": dtype, "casting": casting}
    if cast and casting == "same_kind" and in_chunks(arrays[0]):  # Dask's doesn't know dtype=
        arrays, cast = [a if a.dtype == dtype else a.astype(dtype) for a in arrays], {}
    return join(axis, starts, cast, *arrays)


@composed(np.stack)
def stack(arrays, axis=0, out=None, *, dtype=None, casting="same_kind"):
    arrays = as_arrays(*arrays)
    shapes = [a.shape for a in arrays]
    if any(s != shapes[0] for s in shapes):
        raise ValueError(f"stack: all arrays must have the same shape, not {', '.join(map(str, shapes))}")
    return np.concatenate([np.expand_dims(a, axis) for a in arrays], axis=axis, out=out, dtype=dtype, casting=casting)


@composed(np.vstack)
def vstack(tup, *, dtype=None, casting="same_kind"):
    return np.concatenate([np.atleast_2d(a) for a in as_arrays(*tup)], 0, dtype=dtype, casting=casting)


@composed(np.hstack)
def hstack(tup, *, dtype=None, casting="same_kind"):
    arrays = [np.atleast_1d(a) for a in as_arrays(*tup)]
    return np.concatenate(arrays, 0 if arrays[0].ndim == 1 else 1, dtype=dtype, casting=casting)


@composed(np.dstack)
def dstack(tup):
    return np.concatenate([np.atleast_3d(a) for a in as_arrays(*tup)], 2)


@composed(np.column_stack)
def column_stack(tup):
    return np.concatenate([a if a.ndim > 1 else np.reshape(a, (-1, 1)) for a in as_arrays(*tup)], 1)


@composed(np.append)
def append(arr, values, axis=None):
    return np.concatenate([arr, values], axis=axis)


@composed(np.array_split)
def array_split(ary, indices_or_sections, axis=0):
    ary, indices_or_sections = as_array(ary), numbers(indices_or_sections)
    axis = normalize_axis_index(axis, ary.ndim)
    n = ary.shape[axis]
    if np.ndim(indices_or_sections):
        edges = [0, *indices_or_sections, n]
    else:
        if indices_or_sections < 1:
            raise ValueError(f"array_split: the number of parts must be at least 1, not {indices_or_sections}")
        small, larger = divmod(n, indices_or_sections)
        edges = [i * small + min(i, larger) for i in range(indices_or_sections + 1)]
    cut = (slice(None),) * axis
    return [ary[(*cut, slice(a, b))] for a, b in itertools.pairwise(edges)]


@composed(np.split)
def split(ary, indices_or_sections, axis=0):
    ary, indices_or_sections = as_array(ary), numbers(indices_or_sections)
    if not np.ndim(indices_or_sections) and indices_or_sections > 0 and ary.shape[axis] % indices_or_sections:
        raise ValueError(
            f"split: an axis of length {ary.shape[axis]} doesn't divide into {indices_or_sections} equal parts; "
            f"array_split makes unequal ones"
        )
    return np.array_split(ary, indices_or_sections, axis)


@composed(np.hsplit)
def hsplit(ary, indices_or_sections):
    return np.split(ary, indices_or_sections, 0 if ary.ndim == 1 else 1)


@composed(np.vsplit)
def vsplit(ary, indices_or_sections):
    return np.split(ary, indices_or_sections, 0)


@composed(np.dsplit)
def dsplit(ary, indices_or_sections):
    return np.split(ary, indices_or_sections, 2)


@composed(np.unstack) if hasattr(np, "unstack") else lambda f: f
def unstack(x, /, *, axis=0):
    return tuple(np.moveaxis(x, axis, 0))


views(
    np.reshape, np.expand_dims, np.squeeze, np.broadcast_to, np.transpose, np.swapaxes, np.moveaxis,
    np.flip, np.fliplr, np.flipud, np.rot90,
)  # fmt: skip
if hasattr(np, "matrix_transpose"):
    views(np.matrix_transpose, np.linalg.matrix_transpose)

constant(np.shape, np.ndim, np.size, np.iscomplexobj, np.may_share_memory, np.shares_memory)
