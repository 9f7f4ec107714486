"""What functions are given, as arrays: lists, lists of Tensors, and numbers."""

import functools
import operator
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from .formulas import formula

Function = TypeVar("Function", bound=Callable[..., Any])

# Types that do all that NumPy's own array does: methods, out=, assignment, views with strides. What is written for that
# asks `type(x) in ARRAYS`, what knows its memory `type(x) is np.ndarray`.
ARRAYS: set[type] = {np.ndarray}


def array_in(*values):
    """The first array that isn't NumPy's own, also in lists: what others must be like. None if there is none."""
    for value in values:
        found = array_in(*value) if isinstance(value, list | tuple) else value
        if hasattr(found, "__array_function__") and not issubclass(type(found), np.ndarray):
            return found
    return None


def recorder_in(*values):
    """The first array that writes down what is called with it, also in lists and dicts; None if there is none."""
    for value in values:
        if isinstance(value, list | tuple):
            value = recorder_in(*value)
        elif type(value) is dict:
            value = recorder_in(*value.values())
        if hasattr(value, "record_call"):
            return value
    return None


def in_one_call(func: Function) -> Function:
    """Decorator: for compile, which writes down calls of NumPy's functions, func is one of these. It is for what
    computes beside NumPy, as SciPy does, or goes by what the numbers are; func changes none of its arguments."""

    @functools.wraps(func)
    def called(*args, **kwargs):
        return called_beside((args, kwargs), func, *args, **kwargs)

    return called  # type: ignore[return-value]


def called_beside(values, func, *args, **kwargs):
    """func(*args, **kwargs), which compile takes note of if there is a recorder among the values."""
    recorder = recorder_in(*values)
    return func(*args, **kwargs) if recorder is None else recorder.record_call(func, args, kwargs)


_NO_ARRAYS = (np.dtype, type)  # though they have an ndim


def is_array(x):
    """Whether x is an array, a number of NumPy's or a Tensor."""
    return hasattr(x, "ndim") and hasattr(x, "dtype") and not isinstance(x, _NO_ARRAYS)


def is_chunked(x):
    """Whether x is an array in chunks, as Dask's are; a Tensor is none, whatever it holds."""
    return hasattr(x, "map_blocks") and hasattr(x, "numblocks")


def is_complex(x):
    """Whether x has complex numbers: np.iscomplexobj, which not every kind of array has."""
    return x.dtype.kind == "c" if hasattr(x, "dtype") else np.iscomplexobj(x)


def as_array(x, like=None):
    """x itself if it is an array or a Tensor; of a list an array, of the kind of `like`, and where it holds Tensors or
    other arrays than NumPy's, these stacked."""
    if isinstance(x, list | tuple):
        other = array_in(x)
        if other is not None:
            return np.stack([as_array(v, other) for v in x])
    return x if is_array(x) else np.asarray(x, like=inside(like))


@formula("x")
def inside(x):
    """The array in a Tensor, so that `like=` makes arrays (like a Tensor, NumPy makes Tensors); else x as it is."""
    return getattr(x, "data", x) if hasattr(x, "__record__") else x


def as_0d(x):
    """A number of NumPy's, or of Python's, as an array of no axes."""
    return np.asarray(x, like=x) if hasattr(x, "__array_function__") else np.asarray(x)


def conj(x):
    """The conjugate of complex numbers, a number as an array of no axes; real ones as they are."""
    y = np.conj(x) if x.dtype.kind == "c" else x
    return as_0d(y) if isinstance(y, np.generic) else y


@formula("x")
def contiguous(x):
    """An array, in C order: itself, or a copy."""
    return np.ascontiguousarray(x, like=x)


def rows_of(table, index):
    """table[index], which compile also takes note of where the table is a constant."""
    return called_beside((index,), operator.getitem, table, index) if type(table) is np.ndarray else table[index]


def real_array(x):
    """The array that a recorder stands for; anything else as it is."""
    return getattr(x, "underlying", x)


def strided(x, shape, strides):
    """A view of x with these strides, to be read alone."""
    as_strided = np.lib.stride_tricks.as_strided
    if type(x) is np.ndarray:
        return as_strided(x, shape, strides, writeable=False)
    return called_beside((x,), as_strided, x, shape, strides, writeable=False)


@formula("x")
def whole(x):
    """All numbers of a batch of arrays, as one array; an array as it is."""
    while hasattr(x, "stack"):
        x = x.stack
    return x


_lowest, _highest = np.minimum.reduce, np.maximum.reduce


def all_lie(values, lowest, highest):
    """Whether lowest <= values <= highest; of nan they don't."""
    if not values.size:
        return True
    if type(values) is np.ndarray:  # without arrays of bools
        return bool(_lowest(values, axis=None) >= lowest and _highest(values, axis=None) <= highest)
    return bool(np.all(whole((values >= lowest) & (values <= highest))))


@formula("arange(n)")
def arange(n, like):
    """The integers from 0 to n - 1, in an array of the kind of `like`."""
    return np.arange(n, like=inside(like))


# NumPy's own full, ones and eye hand a device= on to arrays of other kinds, and CuPy's don't know that


def real_like(a, dtype):
    """a, whose like an array of this dtype is to be; of a complex one of Dask's, which makes real ones with a warning
    that it casts, its real part."""
    return a.real if is_chunked(a) and a.dtype.kind == "c" and np.dtype(dtype).kind != "c" else a


@formula("full(shape, value)")
def full(shape, value, dtype, like):
    """An array filled with a value, of the kind of `like`."""
    return np.full_like(real_like(whole(inside(like)), dtype), value, dtype=dtype, order="C", shape=shape)


@formula("identity(n)")
def eye(n, dtype, like, m=None, k=0):
    """np.eye(n, m, k), in an array of the kind of `like`."""
    m, like = n if m is None else m, inside(like)
    if type(like) in ARRAYS:
        return np.eye(n, m, k, dtype, like=like)
    return (arange(m, like) == np.expand_dims(arange(n, like) + k, 1)).astype(dtype)


@formula("max(x, axis=axis, keepdims=keepdims)")
def largest(x, axis=None, keepdims=False):
    """The largest of numbers that aren't negative; 0 if there are none. (CuPy has no np.max(x, initial=0).)"""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    reduce = np.max if all(x.shape[i] != 0 for i in axes) else np.sum
    return reduce(x, axis=axis, keepdims=keepdims)


def given(**settings):
    """Keyword arguments, without those that have NumPy's defaults: other libraries don't have them all."""
    left_out = (None, np._NoValue)
    return {n: v for n, v in settings.items() if not any(v is x for x in left_out) and not (n == "where" and v is True)}


def grid(shape, like):
    """The indices of all elements of an array, one array for each axis; they broadcast."""
    return [
        np.reshape(arange(n, like), [-1 if i == k else 1 for k in range(len(shape))])
        for i, n in enumerate(shape)
    ]


def as_arrays(*values):
    """The same of several, all of one kind."""
    if all([is_array(x) for x in values]):
        return values
    like = array_in(*values)
    return [as_array(x, like) for x in values]


def arrays_or_none(*values):
    """The same, where None stays None."""
    like = array_in(*values)
    return [x if x is None else as_array(x, like) for x in values]


# Functions of our own, which NumPy's checks don't stand before --------------------------------------------------------


def computes_otherwise(kind):
    """Whether this is a subclass of ndarray that doesn't compute as it does. (np.ma is looked at for subclasses alone,
    since NumPy imports it then.)"""
    return kind is not np.ndarray and issubclass(kind, np.ndarray) and issubclass(kind, (np.ma.MaskedArray, np.matrix))


def require_no_subclass(kind, where):
    if computes_otherwise(kind):
        raise TypeError(f"{where}: a {kind.__name__} isn't supported; pass np.asarray(data), or data.filled(value)")


def is_plain_array(x):
    """Whether x is an array or a Tensor: no class, which has an array's attributes too, and no subclass of ndarray that
    computes otherwise."""
    return hasattr(x, "__array_function__") and not isinstance(x, type) and not computes_otherwise(type(x))


def is_floating(x, kinds="f"):
    """Whether x, given to a function that is recorded, which gets arrays, is one of such floats already."""
    if type(x) is np.ndarray:
        return x.dtype.kind in kinds
    return is_plain_array(x) and x.dtype.kind in kinds


def as_numbers(name, what, value, kinds="fc"):
    """The argument `what` of the function `name`, as an array or Tensor with a dtype of one of the kinds.

    Lists are made arrays, those of Tensors stacked; ints and bools become float64, if their kind isn't among the kinds.
    What isn't numbers is a TypeError, and so are complex ones where real ones are meant, and masked arrays; rows of
    different lengths are a ValueError.
    """
    array = value if type(value) is np.ndarray or is_plain_array(value) else _converted(name, what, value)
    if array.dtype.kind in kinds:
        return array
    if array.dtype.kind in "biu":
        return array.astype(np.float64)
    made_of = "" if array is value else f", made of a {type(value).__name__}"
    raise TypeError(f"{name}: {what} must be {'' if 'c' in kinds else 'real '}numbers, not {array.dtype}{made_of}")


def _converted(name, what, value):
    """An array of what isn't one; rows of different lengths, and Tensors beside other things, make none."""
    require_no_subclass(type(value), name)
    try:
        return as_array(value) if isinstance(value, list | tuple) else np.asarray(value)
    except RecursionError:
        raise ValueError(f"{name}: {what} can't be made an array: it holds itself") from None
    except (ValueError, TypeError) as error:
        kind = ValueError if isinstance(error, ValueError) else TypeError
        hint = "; pad the rows to one length" if "inhomogeneous" in str(error) else ""
        raise kind(f"{name}: {what} can't be made an array: {error}{hint}") from error
