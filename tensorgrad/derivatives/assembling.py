"""Arrays made of parts of others: grids, blocks, choices, paddings, and functions applied to one part after another."""

import functools

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .arrays import array_in, as_array, as_arrays, is_complex, whole
from .chunked import copy_of, in_chunks, places
from .indexing import along, scatter
from .layouts import as_copy_of, flat_order, in_order, is_contiguous
from .shapes import numbers
from .table import composed

# Grids and blocks ----------------------------------------------------------------------------------------------------


@composed(np.meshgrid)
def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing must be 'xy' or 'ij', not {indexing!r}")
    n = len(xi)
    grids = [np.reshape(x, [-1 if i == k else 1 for k in range(n)]) for i, x in enumerate(as_arrays(*xi))]
    if indexing == "xy" and n > 1:
        grids = [np.swapaxes(grid, 0, 1) for grid in grids]
    grids = grids if sparse else np.broadcast_arrays(*grids)
    return tuple([copy_of(grid, order="C") for grid in grids] if copy else grids)


@composed(np.ix_)
def ix_(*args):
    args = as_arrays(*args)
    if any(a.ndim != 1 for a in args):
        raise ValueError(f"ix_: takes arrays of one dimension, not of shapes {', '.join(str(a.shape) for a in args)}")
    args = [np.flatnonzero(a) if a.dtype == bool else a for a in args]
    return np.meshgrid(*args, copy=False, sparse=True, indexing="ij")


@composed(np.block)
def block(arrays):
    if isinstance(arrays, tuple):
        raise TypeError("block: takes an array or nested lists of arrays, not tuples")
    depths = set(leaf_depths(arrays))
    if len(depths) != 1:
        raise ValueError(f"block: all arrays must be nested equally deep, not {sorted(depths)}")
    depth, like = depths.pop(), array_in(arrays)
    ndim = max(depth, *(np.ndim(leaf) for leaf in leaves(arrays)))

    def joined(part, level):
        if isinstance(part, list):
            return np.concatenate([joined(p, level + 1) for p in part], axis=level - depth)
        part = as_array(part, like)
        return np.reshape(part, (1,) * (ndim - part.ndim) + part.shape)

    y = joined(arrays, 0) if depth else copy_of(joined(arrays, 0), order="C")
    if depth * y.size <= 2 * 512 * 512:
        return y
    parts = [as_array(leaf, like) for leaf in leaves(arrays)]  # large results NumPy lays out by its own rule
    return in_order(y, "F" if not all(map(is_contiguous, parts)) and all(is_contiguous(a, "F") for a in parts) else "C")


def leaf_depths(arrays, depth=0):
    if isinstance(arrays, list):
        if not arrays:
            raise ValueError("block: an empty list is no array")
        for part in arrays:
            yield from leaf_depths(part, depth + 1)
    else:
        yield depth


def leaves(arrays):
    if isinstance(arrays, list):
        for part in arrays:
            yield from leaves(part)
    else:
        yield arrays


# Choices of values ---------------------------------------------------------------------------------------------------


@composed(np.select)
def select(condlist, choicelist, default=0):
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(f"select: {len(condlist)} conditions and {len(choicelist)} choices; give one choice for each")
    like = array_in(*condlist, *choicelist, default)
    conditions = [as_array(c, like) for c in condlist]
    if any(c.dtype != bool for c in conditions):
        raise TypeError("select: the conditions must be arrays of bools, such as x > 0")
    values = [v if type(v) in (int, float, complex) else as_array(v, like) for v in (*choicelist, default)]
    y = values[-1]
    for condition, value in zip(reversed(conditions), reversed(values[:-1]), strict=True):
        y = np.where(condition, value, y)
    dtype = np.result_type(*(getattr(v, "dtype", v) for v in values))
    return in_order(y if y.dtype == dtype else y.astype(dtype))


@composed(np.choose)
def choose(a, choices, out=None, mode="raise"):
    a, n = as_array(a, array_in(choices)), len(choices)
    if a.dtype.kind not in "biu":
        raise TypeError(f"choose: the first argument tells by integers which choice to take; its dtype is {a.dtype}")
    if mode == "raise" and np.any(whole((a < 0) | (a >= n))):
        raise ValueError(f"choose: there are choices 0 to {n - 1}, and the first argument asks for others; see mode=")
    a = np.mod(a, n) if mode == "wrap" else np.clip(a, 0, n - 1)
    return np.select([a == i for i in range(n)], list(choices))


@composed(np.piecewise)
def piecewise(x, condlist, funclist, *args, **kw):
    x = as_array(x)
    if np.isscalar(condlist) or (x.ndim and np.ndim(condlist[0]) == 0 and not isinstance(condlist[0], np.ndarray)):
        condlist = [condlist]
    conditions = [np.broadcast_to(as_array(c, x).astype(bool), x.shape) for c in condlist]
    if len(funclist) == len(conditions) + 1:
        conditions.append(~functools.reduce(np.logical_or, conditions))
    if len(funclist) != len(conditions):
        raise ValueError(f"piecewise: {len(funclist)} functions, {len(conditions)} conditions; give as many or 1 more")
    y = np.zeros_like(x)
    for condition, func in zip(conditions, funclist, strict=True):
        if in_chunks(x):  # without a look at how many elements there are
            value = func(x[condition] if x.ndim else x, *args, **kw) if callable(func) else func
            value = as_array(value, x).astype(x.dtype)
            y = np.where(condition, scatter(value, condition, x.shape) if value.ndim else value, y)
            continue
        if np.any(whole(condition)):
            value = func(x[condition], *args, **kw) if callable(func) else func
            value = np.broadcast_to(as_array(value, x), (int(np.count_nonzero(condition)),))
            y = np.where(condition, scatter(value.astype(x.dtype), condition, x.shape), y)
    return as_copy_of(y, x)


@composed(np.nan_to_num)
def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    if not copy:
        x[...] = np.nan_to_num(x, True, nan, posinf, neginf)
        return x
    if is_complex(x):
        real, imag = (np.nan_to_num(part, True, nan, posinf, neginf) for part in (np.real(x), np.imag(x)))
        return as_copy_of(real + 1j * imag, x)
    limits = np.finfo(x.dtype)
    y = np.where(np.isnan(x), nan, x)
    y = np.where(np.isposinf(y), limits.max if posinf is None else posinf, y)
    return as_copy_of(np.where(np.isneginf(y), limits.min if neginf is None else neginf, y), x)


# Padding: one axis after another, a part in front and a part behind --------------------------------------------------


@composed(np.pad)
def pad(array, pad_width, mode="constant", **kwargs):
    if callable(mode):
        raise TypeError("pad: a function as mode writes into an array, which can't be followed; use np.concatenate")
    if mode not in PADDINGS:
        raise ValueError(f"pad: mode must be one of {', '.join(PADDINGS)}, not {mode!r}")
    padding, allowed = PADDINGS[mode]
    for name in kwargs:
        if name not in allowed:
            raise ValueError(f"pad: mode {mode!r} takes no argument {name}=")
    if isinstance(pad_width, dict):
        widths = {normalize_axis_index(axis, array.ndim): numbers(width) for axis, width in pad_width.items()}
        pad_width = [np.broadcast_to(widths.get(axis, 0), 2) for axis in range(array.ndim)]
    widths = np.broadcast_to(numbers(pad_width), (array.ndim, 2))
    kind = kwargs.pop("reflect_type", "even")
    options = {name: pairs(numbers(v) if name == "stat_length" else v, array) for name, v in kwargs.items()}
    order = flat_order(array)
    if not np.any(widths):
        return copy_of(array, order)
    for axis, (before, after) in enumerate(widths.tolist()):
        if before < 0 or after < 0:
            raise ValueError(f"pad: widths must not be negative, as in {pad_width}")
        if before or after:
            here = {name: value[axis] for name, value in options.items()}
            array = padding(array, axis, before, after, mode, kind, **here)
    return in_order(array, order)


def pairs(value, array):
    """One (before, after) for each axis of the array."""
    like = None if in_chunks(array) else array  # numbers that are looked at
    return [(None, None)] * array.ndim if value is None else np.broadcast_to(as_array(value, like), (array.ndim, 2))


def joined(front, array, back, axis):
    return np.concatenate([part.astype(array.dtype) for part in (front, array, back)], axis=axis)


def repeated(value, array, axis, n):
    """A number, or an array of length 1 along the axis, n times along it."""
    return np.broadcast_to(value, (*array.shape[:axis], n, *array.shape[axis + 1 :]))


def pad_constant(array, axis, before, after, mode, kind, constant_values=(0, 0)):
    front, back = (as_array(constant_values[i], array) for i in (0, 1))
    return joined(repeated(front, array, axis, before), array, repeated(back, array, axis, after), axis)


def pad_ramp(array, axis, before, after, mode, kind, end_values=(0, 0)):
    ends = array[along(axis, 0)], array[along(axis, -1)]
    front, back = (
        np.linspace(np.broadcast_to(as_array(value, array), end.shape), end, n, endpoint=False, axis=axis)
        for value, end, n in zip((end_values[0], end_values[1]), ends, (before, after), strict=True)
    )
    return joined(front, array, np.flip(back, axis), axis)


def pad_statistic(array, axis, before, after, mode, kind, stat_length=(None, None)):
    func, n = {"maximum": np.max, "minimum": np.min, "mean": np.mean, "median": np.median}[mode], array.shape[axis]
    first, last = (n if length is None else min(int(length), n) for length in stat_length)
    front = func(array[along(axis, slice(0, first))], axis=axis, keepdims=True)
    back = func(array[along(axis, slice(n - last, n))], axis=axis, keepdims=True)
    return joined(repeated(front, array, axis, before), array, repeated(back, array, axis, after), axis)


def pad_by_index(array, axis, before, after, mode, kind):
    """With elements of the array: which ones, NumPy says by padding their indices 0, 1, 2, ... in the same way."""
    if kind == "odd" and array.shape[axis] > 1:
        return pad_odd(array, axis, before, after, mode)
    index = np.pad(places(array.shape[axis], array), (before, after), mode)
    return np.take(array, index, axis=axis)


def pad_odd(array, axis, before, after, mode):
    """Reflections in the point at each edge, 2 edge - mirror image; repeated until the padding is wide enough."""
    skip = 1 if mode == "reflect" else 0
    while before or after:
        n = array.shape[axis] - skip
        left, right = min(before, n), min(after, n)
        mirror = np.flip(array, axis)
        front = 2 * array[along(axis, slice(0, 1))] - mirror[along(axis, slice(n - left, n))]
        back = 2 * array[along(axis, slice(-1, None))] - mirror[along(axis, slice(skip, skip + right))]
        array = np.concatenate([front, array, back], axis=axis)
        before, after = before - left, after - right
    return array


PADDINGS = {
    "constant": (pad_constant, ["constant_values"]),
    "empty": (pad_constant, []),
    "linear_ramp": (pad_ramp, ["end_values"]),
    "maximum": (pad_statistic, ["stat_length"]),
    "minimum": (pad_statistic, ["stat_length"]),
    "mean": (pad_statistic, ["stat_length"]),
    "median": (pad_statistic, ["stat_length"]),
    "edge": (pad_by_index, []),
    "wrap": (pad_by_index, []),
    "reflect": (pad_by_index, ["reflect_type"]),
    "symmetric": (pad_by_index, ["reflect_type"]),
}


# A function applied to one part after another ------------------------------------------------------------------------


@composed(np.apply_along_axis)
def apply_along_axis(func1d, axis, arr, *args, **kwargs):
    arr = as_array(arr)
    axis = normalize_axis_index(axis, arr.ndim)
    vectors = np.moveaxis(arr, axis, -1)
    batch = vectors.shape[:-1]
    results = [as_array(func1d(vectors[i], *args, **kwargs), arr) for i in np.ndindex(batch)]
    if not results:
        raise ValueError(f"apply_along_axis: shape {arr.shape} has no rows along axis {axis} to apply a function to")
    each = results[0].shape
    y = np.reshape(np.stack(results), batch + each)
    new = tuple(range(len(batch), y.ndim))  # the axes of each result go where the axis was
    return np.moveaxis(y, new, tuple(axis + i for i in range(len(each))))


@composed(np.apply_over_axes)
def apply_over_axes(func, a, axes):
    a = as_array(a)
    for axis in np.atleast_1d(axes).tolist():
        axis = normalize_axis_index(axis, a.ndim)
        y = func(a, axis)
        a = y if y.ndim == a.ndim else np.expand_dims(y, axis)
    return a
