"""Batched: a stack of arrays that acts as one of them. What is done to it is done to each, in one call of NumPy.

Rules are written in NumPy's functions, so they take a batch of gradients as they take one, and a whole Jacobian is
computed in a single backward walk. Elementwise functions and products are broadcast over the batch; the functions at
the end of this file have their axes counted from behind the first; any other is called once for each array.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index
from numpy.lib.mixins import NDArrayOperatorsMixin

from .derivatives import CREATION
from .memory import is_kept_by_one
from .node import Node


class NotBatchable(TypeError, AttributeError):
    """What was asked for can't be done with a batch of arrays at once, but with each of them."""


class Batched(NDArrayOperatorsMixin):
    """A batch of arrays, stacked along the first axis of one. Its shape is that of each.

    >>> batch = Batched(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    >>> batch.shape
    (2,)
    >>> (batch * 10).sum().stack
    array([ 30.,  70., 110.])

    Raises:
        NotBatchable: it was to become one array, one number or one bool, or has no such attribute.
    """

    __slots__ = ("stack",)

    def __init__(self, stack: np.ndarray):
        self.stack = stack

    shape = property(lambda self: self.stack.shape[1:])
    ndim = property(lambda self: self.stack.ndim - 1)
    size = property(lambda self: self.stack[0].size)
    dtype = property(lambda self: self.stack.dtype)
    real = property(lambda self: Batched(self.stack.real))
    imag = property(lambda self: Batched(self.stack.imag))
    T = property(lambda self: np.transpose(self))
    mT = property(lambda self: np.swapaxes(self, -1, -2))

    @property
    def base(self) -> Any:
        """None if nobody else holds the memory, as an array has it."""
        stack = self.stack
        return None if is_kept_by_one(stack) else stack

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", (None,))[0]
        if out is not None:  # batch += something
            if not isinstance(out, Batched):
                raise NotBatchable(f"{ufunc.__name__}: a batch doesn't fit into one array")
            out.stack[...] = self.__array_ufunc__(ufunc, method, *inputs, **kwargs).stack
            return out
        if any(isinstance(v, Batched) for v in kwargs.values()):
            return _one_by_one(getattr(ufunc, method), inputs, kwargs)
        if method == "__call__" and (
            ufunc.signature is None or (ufunc is np.matmul and min(map(np.ndim, inputs)) >= 2)
        ):
            y = ufunc(*_aligned(inputs), **kwargs)
            return tuple(map(Batched, y)) if type(y) is tuple else Batched(y)
        if method == "at" and isinstance(inputs[0], Batched):
            target, index, *values = inputs
            for array, *parts in _each((target, *values)):
                ufunc.at(array, index, *parts)
            return None
        return _one_by_one(getattr(ufunc, method), inputs, kwargs)

    def __array_function__(self, func: Callable, types: Any, args: tuple, kwargs: dict) -> Any:
        if kwargs.get("out") is not None:
            raise NotBatchable(f"{func.__name__}: a batch isn't written into out=")
        if func in CREATION and not any(_counts([args, kwargs])):  # np.eye(3, like=batch): one array, the same for all
            return func(*args, **kwargs, like=self.stack)
        return _BATCHED.get(func, lambda *a, **k: _one_by_one(func, a, k))(*args, **kwargs)

    @staticmethod
    def __record__(primitive: Any, args: tuple, kwargs: dict) -> Any:
        """One of the library's own functions: as it is written, or if that can't be done with a batch, for each. A
        Tensor among the arguments records it, around the batch."""
        for arg in args:
            if isinstance(arg, Node):
                return arg.__record__(primitive, args, kwargs)
        try:
            return primitive.output(*args, **kwargs)
        except NotBatchable:
            return _one_by_one(primitive.output, args, kwargs)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotBatchable("a batch of arrays is not one array")

    def __bool__(self) -> bool:
        raise NotBatchable("a batch of arrays has no single truth value")

    def __float__(self) -> float:
        raise NotBatchable("a batch of arrays is not one number")

    __int__ = __index__ = __complex__ = __float__

    def __getattr__(self, name: str) -> Any:
        raise NotBatchable(f"a batch of arrays has no attribute {name!r}")

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Batched:
        if _keeps_order(index):
            return Batched(self.stack[_behind(index)])
        return _one_by_one(lambda array: array[index], (self,), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        if _keeps_order(index) and not any(_counts(index)):
            if isinstance(value, Batched):  # which has as many axes as what it is assigned to
                value = _aligned([value, self.stack[0][index]])[0]
            self.stack[_behind(index)] = value
            return
        for array, part in _each((self, value)):
            array[index] = part

    def reshape(self, *shape: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)

    def sum(self, axis: Any = None, **kwargs: Any) -> Any:
        return np.sum(self, axis=axis, **kwargs)

    def astype(self, dtype: Any) -> Batched:
        return Batched(self.stack.astype(dtype))

    def copy(self) -> Batched:
        return Batched(self.stack.copy())

    def ravel(self) -> Any:
        return np.reshape(self, -1)

    def conj(self) -> Batched:
        return Batched(self.stack.conj())

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        return np.swapaxes(self, axis1, axis2)

    def dot(self, other: Any) -> Any:
        return np.dot(self, other)


def _aligned(arrays: Any) -> list:
    """Arrays that broadcast: batches get axes of length 1 behind the first, to have as many as the one with most."""
    depth = max(map(np.ndim, arrays))
    return [
        a.stack.reshape(len(a.stack), *(1,) * (depth - a.ndim), *a.shape) if isinstance(a, Batched) else a
        for a in arrays
    ]


def _one_by_one(func: Callable, args: Any, kwargs: dict) -> Any:
    """func of each array of the batch, stacked again."""
    return _together([func(*a, **k) for a, k in _each((tuple(args), kwargs))])


def _each(values: Any) -> list:
    """The values for each place of the batch, also in lists, tuples and dicts."""
    n = next(_counts(values))
    return [_at(values, i) for i in range(n)]


def _counts(value: Any) -> Any:
    """The length of each batch in value."""
    if isinstance(value, Batched):
        yield len(value.stack)
    elif isinstance(value, (list, tuple, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _counts(part)


def _at(value: Any, i: int) -> Any:
    """value for place i of the batch."""
    if isinstance(value, Batched):
        return value.stack[i : i + 1].reshape(value.shape)  # a view, of 0-d too
    if isinstance(value, dict):
        return {key: _at(part, i) for key, part in value.items()}
    return type(value)(_at(part, i) for part in value) if type(value) in (list, tuple) else value


def _together(results: list) -> Any:
    """The results for the places of a batch, as a batch."""
    first = results[0]
    if isinstance(first, (np.ndarray, np.generic)):
        return Batched(np.stack(results))
    if isinstance(first, (list, tuple)):
        parts = [_together(list(part)) for part in zip(*results, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    raise NotBatchable(f"results of type {type(first).__name__} make no batch")


def _keeps_order(index: Any) -> bool:
    """Whether the axes that an index makes stay in their place behind a further first axis. Those of several arrays
    with a slice between them wouldn't: NumPy puts them first."""
    parts = index if isinstance(index, tuple) else (index,)
    basic = [isinstance(p, slice) or p is None or p is Ellipsis for p in parts]
    return not any(np.ndim(p) for p in parts if not isinstance(p, slice)) or not any(basic) or basic.count(False) == 1


def _behind(index: Any) -> tuple:
    return (slice(None), *(index if isinstance(index, tuple) else (index,)))


# Functions with axes: counted from behind the first ------------------------------------------------------------------


def _axes(axis: Any, ndim: int) -> Any:
    """axis (None for all), where the array is one deeper."""
    axis = tuple(range(ndim)) if axis is None else axis
    if isinstance(axis, (int, np.integer)):
        return normalize_axis_index(int(axis), ndim) + 1
    return tuple(normalize_axis_index(a, ndim) + 1 for a in axis)


def _along(func: Callable) -> Callable:
    def batched(a: Any, axis: Any = None, **kwargs: Any) -> Any:
        if not isinstance(a, Batched) or any(_counts(kwargs)) or not (a.ndim or axis is None):
            return _one_by_one(func, (a,), {"axis": axis, **kwargs})
        return Batched(func(a.stack, axis=_axes(axis, a.ndim), **kwargs))

    return batched


def _cumulative(func: Callable) -> Callable:
    along = _along(func)
    return lambda a, axis=None, **kwargs: (
        along(np.reshape(a, -1), 0, **kwargs) if axis is None else along(a, axis, **kwargs)
    )


def _filled(func: Callable) -> Callable:
    def batched(a: Batched, dtype: Any = None, *, shape: Any = None, **kwargs: Any) -> Batched:
        shape = a.shape if shape is None else (shape,) if np.ndim(shape) == 0 else tuple(shape)
        return Batched(func(a.stack, dtype=dtype, shape=(len(a.stack), *shape)))

    return batched


def _reshape(a: Batched, /, shape: Any, order: str = "C", **kwargs: Any) -> Batched:
    if order != "C":
        return _one_by_one(np.reshape, (a, shape), {"order": order})
    return Batched(np.reshape(a.stack, (len(a.stack), *((shape,) if np.ndim(shape) == 0 else shape))))


def _expand_dims(a: Batched, axis: Any) -> Batched:
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    return Batched(np.expand_dims(a.stack, _axes(tuple(axes), a.ndim + len(axes))))


def _squeeze(a: Batched, axis: Any = None) -> Batched:
    axis = tuple(i for i, n in enumerate(a.shape) if n == 1) if axis is None else axis
    return Batched(np.squeeze(a.stack, _axes(axis, a.ndim)))


def _broadcast_to(a: Batched, shape: Any, subok: bool = False) -> Batched:
    shape = (shape,) if np.ndim(shape) == 0 else tuple(shape)
    return Batched(np.broadcast_to(_aligned([a, np.empty(shape)])[0], (len(a.stack), *shape)))


def _transpose(a: Batched, axes: Any = None) -> Batched:
    return Batched(np.transpose(a.stack, (0, *_axes(range(a.ndim)[::-1] if axes is None else axes, a.ndim))))


def _concatenate(arrays: Any, axis: int = 0, **kwargs: Any) -> Any:
    n = next(_counts(list(arrays)))
    stacks = [a.stack if isinstance(a, Batched) else np.broadcast_to(a, (n, *np.shape(a))) for a in arrays]
    return Batched(np.concatenate(stacks, axis=_axes(axis, stacks[0].ndim - 1), **kwargs))


def _einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    inputs, arrow, result = subscripts.partition("->")
    spare = sorted(set(string.ascii_letters) - set(subscripts))
    if not arrow or "." in subscripts or not spare:
        return _one_by_one(np.einsum, (subscripts, *operands), kwargs)
    terms = [spare[0] + t if isinstance(x, Batched) else t for t, x in zip(inputs.split(","), operands, strict=True)]
    stacks = [x.stack if isinstance(x, Batched) else x for x in operands]
    return Batched(np.einsum(f"{','.join(terms)}->{spare[0]}{result}", *stacks, **kwargs))


def _dot(a: Any, b: Any) -> Any:
    return np.matmul(a, b) if np.ndim(a) == 2 == np.ndim(b) else _one_by_one(np.dot, (a, b), {})


_BATCHED: dict[Callable, Callable] = {
    **{func: _along(func) for func in (np.sum, np.mean, np.prod, np.max, np.min, np.any, np.all, np.flip)},
    **{func: _cumulative(func) for func in (np.cumsum, np.cumprod)},
    **{func: _filled(func) for func in (np.zeros_like, np.ones_like, np.empty_like)},
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a: a.size,
    np.iscomplexobj: lambda a: a.dtype.kind == "c",
    np.isrealobj: lambda a: a.dtype.kind != "c",
    np.real: lambda a: a.real,
    np.imag: lambda a: a.imag,
    np.copy: lambda a, *args, **kwargs: a.copy(),
    np.where: lambda *arrays: Batched(np.where(*_aligned(arrays))),
    np.swapaxes: lambda a, axis1, axis2: Batched(np.swapaxes(a.stack, *_axes((axis1, axis2), a.ndim))),
    np.moveaxis: lambda a, source, destination: Batched(
        np.moveaxis(a.stack, _axes(source, a.ndim), _axes(destination, a.ndim))
    ),
    np.reshape: _reshape,
    np.expand_dims: _expand_dims,
    np.squeeze: _squeeze,
    np.broadcast_to: _broadcast_to,
    np.transpose: _transpose,
    np.concatenate: _concatenate,
    np.einsum: _einsum,
    np.dot: _dot,
    np.diagonal: lambda a, offset=0, axis1=0, axis2=1: Batched(
        np.diagonal(a.stack, offset, *_axes((axis1, axis2), a.ndim))
    ),
}
