"""Many arrays that pass for one: what is done to a `Rows` is done to each of its rows, in one call of NumPy.

Rules are written in NumPy's functions, so they take a stack of gradients as they take one, and a whole Jacobian flows
back through a graph in a single walk. Elementwise functions and products are broadcast over the rows; the functions at
the end of this file have their axes counted from behind the first; any other is called once for each row.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


class Rows(NDArrayOperatorsMixin):
    """A stack of arrays. Its shape is that of one of them.

    >>> rows = Rows(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    >>> rows.shape
    (2,)
    >>> (rows * 10).sum().stack
    array([ 30.,  70., 110.])
    """

    __slots__ = ("stack",)

    def __init__(self, stack: np.ndarray):
        self.stack = stack

    shape = property(lambda self: self.stack.shape[1:])
    ndim = property(lambda self: self.stack.ndim - 1)
    size = property(lambda self: self.stack[0].size)
    dtype = property(lambda self: self.stack.dtype)
    real = property(lambda self: Rows(self.stack.real))
    imag = property(lambda self: Rows(self.stack.imag))
    T = property(lambda self: np.transpose(self))
    mT = property(lambda self: np.swapaxes(self, -1, -2))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", (None,))[0]
        if out is not None:  # rows += something
            if not isinstance(out, Rows):
                raise TypeError(f"{ufunc.__name__}: rows don't fit into one array")
            out.stack[...] = self.__array_ufunc__(ufunc, method, *inputs, **kwargs).stack
            return out
        if any(isinstance(v, Rows) for v in kwargs.values()):
            return _one_by_one(getattr(ufunc, method), inputs, kwargs)
        if method == "__call__" and (
            ufunc.signature is None or (ufunc is np.matmul and min(map(np.ndim, inputs)) >= 2)
        ):
            y = ufunc(*_aligned(inputs), **kwargs)
            return tuple(map(Rows, y)) if type(y) is tuple else Rows(y)
        if method == "at" and isinstance(inputs[0], Rows):
            target, index, *values = inputs
            for row, *parts in _each((target, *values)):
                ufunc.at(row, index, *parts)
            return None
        return _one_by_one(getattr(ufunc, method), inputs, kwargs)

    def __array_function__(self, func: Callable, types: Any, args: tuple, kwargs: dict) -> Any:
        return _BATCHED.get(func, lambda *a, **k: _one_by_one(func, a, k))(*args, **kwargs)

    @staticmethod
    def __record__(primitive: Any, args: tuple, kwargs: dict) -> Any:
        """One of the library's own functions: as it is written, or if that can't be done with rows, for each."""
        try:
            return primitive.func(*args, **kwargs)
        except Exception:
            return _one_by_one(primitive.func, args, kwargs)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("many rows are not one array")

    def __bool__(self) -> bool:
        raise TypeError("many rows are not one truth")

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Rows:
        if _keeps_order(index):
            return Rows(self.stack[_behind(index)])
        return _one_by_one(lambda row: row[index], (self,), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        for row, part in _each((self, value)):
            row[index] = part

    def reshape(self, *shape: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)

    def sum(self, axis: Any = None, **kwargs: Any) -> Any:
        return np.sum(self, axis=axis, **kwargs)

    def astype(self, dtype: Any) -> Rows:
        return Rows(self.stack.astype(dtype))

    def copy(self) -> Rows:
        return Rows(self.stack.copy())

    def ravel(self) -> Any:
        return np.reshape(self, -1)

    def conj(self) -> Rows:
        return Rows(self.stack.conj())

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        return np.swapaxes(self, axis1, axis2)

    def dot(self, other: Any) -> Any:
        return np.dot(self, other)


def _aligned(arrays: Any) -> list:
    """Arrays that broadcast: those in rows get axes of length 1 behind the first, to be as deep as the deepest."""
    depth = max(map(np.ndim, arrays))
    return [
        a.stack.reshape(len(a.stack), *(1,) * (depth - a.ndim), *a.shape) if isinstance(a, Rows) else a for a in arrays
    ]


def _one_by_one(func: Callable, args: Any, kwargs: dict) -> Any:
    """func of each row, put together again."""
    return _together([func(*a, **k) for a, k in _each((tuple(args), kwargs))])


def _each(values: Any) -> list:
    """The values as each row sees them, also in lists, tuples and dicts."""
    n = next(_counts(values))
    return [_row(values, i) for i in range(n)]


def _counts(value: Any) -> Any:
    if isinstance(value, Rows):
        yield len(value.stack)
    elif isinstance(value, (list, tuple, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _counts(part)


def _row(value: Any, i: int) -> Any:
    if isinstance(value, Rows):
        return value.stack[i : i + 1].reshape(value.shape)  # a view, of 0-d too
    if isinstance(value, dict):
        return {key: _row(part, i) for key, part in value.items()}
    return type(value)(_row(part, i) for part in value) if type(value) in (list, tuple) else value


def _together(results: list) -> Any:
    first = results[0]
    if isinstance(first, (np.ndarray, np.generic)):
        return Rows(np.stack(results))
    if isinstance(first, (list, tuple)):
        parts = [_together(list(part)) for part in zip(*results, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    raise TypeError(f"rows of {type(first).__name__}")


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
    return axis % ndim + 1 if isinstance(axis, (int, np.integer)) else tuple(a % ndim + 1 for a in axis)


def _along(func: Callable) -> Callable:
    def batched(a: Any, axis: Any = None, **kwargs: Any) -> Any:
        if not isinstance(a, Rows) or any(_counts(kwargs)) or not (a.ndim or axis is None):
            return _one_by_one(func, (a,), {"axis": axis, **kwargs})
        return Rows(func(a.stack, axis=_axes(axis, a.ndim), **kwargs))

    return batched


def _cumulative(func: Callable) -> Callable:
    along = _along(func)
    return lambda a, axis=None, **kwargs: (
        along(np.reshape(a, -1), 0, **kwargs) if axis is None else along(a, axis, **kwargs)
    )


def _filled(func: Callable) -> Callable:
    def batched(a: Rows, dtype: Any = None, *, shape: Any = None, **kwargs: Any) -> Rows:
        shape = a.shape if shape is None else (shape,) if np.ndim(shape) == 0 else tuple(shape)
        return Rows(func(a.stack, dtype=dtype, shape=(len(a.stack), *shape)))

    return batched


def _reshape(a: Rows, /, shape: Any, order: str = "C", **kwargs: Any) -> Rows:
    if order != "C":
        return _one_by_one(np.reshape, (a, shape), {"order": order})
    return Rows(np.reshape(a.stack, (len(a.stack), *((shape,) if np.ndim(shape) == 0 else shape))))


def _expand_dims(a: Rows, axis: Any) -> Rows:
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    return Rows(np.expand_dims(a.stack, _axes(tuple(axes), a.ndim + len(axes))))


def _squeeze(a: Rows, axis: Any = None) -> Rows:
    axis = tuple(i for i, n in enumerate(a.shape) if n == 1) if axis is None else axis
    return Rows(np.squeeze(a.stack, _axes(axis, a.ndim)))


def _broadcast_to(a: Rows, shape: Any, subok: bool = False) -> Rows:
    shape = (shape,) if np.ndim(shape) == 0 else tuple(shape)
    return Rows(np.broadcast_to(_aligned([a, np.empty(shape)])[0], (len(a.stack), *shape)))


def _transpose(a: Rows, axes: Any = None) -> Rows:
    return Rows(np.transpose(a.stack, (0, *_axes(range(a.ndim)[::-1] if axes is None else axes, a.ndim))))


def _concatenate(arrays: Any, axis: int = 0, **kwargs: Any) -> Any:
    n = next(_counts(list(arrays)))
    stacks = [a.stack if isinstance(a, Rows) else np.broadcast_to(a, (n, *np.shape(a))) for a in arrays]
    return Rows(np.concatenate(stacks, axis=_axes(axis, stacks[0].ndim - 1), **kwargs))


def _einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    inputs, arrow, result = subscripts.partition("->")
    spare = sorted(set(string.ascii_letters) - set(subscripts))
    if not arrow or "." in subscripts or not spare:
        return _one_by_one(np.einsum, (subscripts, *operands), kwargs)
    terms = [spare[0] + t if isinstance(x, Rows) else t for t, x in zip(inputs.split(","), operands, strict=True)]
    stacks = [x.stack if isinstance(x, Rows) else x for x in operands]
    return Rows(np.einsum(f"{','.join(terms)}->{spare[0]}{result}", *stacks, **kwargs))


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
    np.where: lambda *arrays: Rows(np.where(*_aligned(arrays))),
    np.swapaxes: lambda a, i, k: Rows(np.swapaxes(a.stack, _axes(i, a.ndim), _axes(k, a.ndim))),
    np.moveaxis: lambda a, i, k: Rows(np.moveaxis(a.stack, _axes(i, a.ndim), _axes(k, a.ndim))),
    np.reshape: _reshape,
    np.expand_dims: _expand_dims,
    np.squeeze: _squeeze,
    np.broadcast_to: _broadcast_to,
    np.transpose: _transpose,
    np.concatenate: _concatenate,
    np.einsum: _einsum,
    np.dot: _dot,
}
