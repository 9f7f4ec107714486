"""Batched: a stack of arrays that acts as one of them. What is done to it is done to each, in one call of NumPy.

Rules are written in NumPy's functions, so they take a batch as they take an array: a function that was written for one
example runs on many (`vmap`), and a whole Jacobian is computed in a single backward walk. Elementwise functions are
broadcast over the batch, and others follow the batching rules of batching.py. What has none, or can't be done with all
arrays at once, is done with each.

Each batch has a *level*, that of the call that made it; calls nest, and so do batches. In an operation on batches of
several levels the highest comes first: the others are parts of its stack. Levels are orders of nodes: what is older
than a level existed before its call, and so is the same for all arrays of the batch. The gradient of such a node is the
sum over the batch.
"""

from __future__ import annotations

import copy
import math
import operator
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .derivatives import COMPOSED, CREATION, derivative
from .derivatives.arrays import full
from .derivatives.chunked import copy_of
from .derivatives.indexing import Scattered
from .memory import is_kept_by_one
from .node import Node


class NotBatchable(TypeError):
    """What was asked for can't be done with a batch of arrays at once, but with each of them."""


class NoAttribute(NotBatchable, AttributeError):
    """The same, for an attribute."""


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

    __slots__ = ("stack", "level", "__weakref__")

    def __init__(self, stack: Any, level: int = 0):
        self.stack, self.level = stack, level

    shape = property(lambda self: self.stack.shape[1:])
    ndim = property(lambda self: self.stack.ndim - 1)
    size = property(lambda self: math.prod(self.shape))
    dtype = property(lambda self: self.stack.dtype)
    strides = property(lambda self: self.stack.strides[1:])
    itemsize = property(lambda self: self.dtype.itemsize)
    nbytes = property(lambda self: self.size * self.itemsize)  # of each
    real = property(lambda self: np.real(self))
    imag = property(lambda self: np.imag(self))
    T = property(lambda self: np.transpose(self))
    mT = property(lambda self: np.swapaxes(self, -1, -2))

    @property
    def base(self) -> Any:
        """None if nobody else holds the memory, as an array has it."""
        stack = self.stack
        return None if is_kept_by_one(stack) else stack

    # NumPy's protocols

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any([isinstance(value, Node) for value in inputs]):
            return NotImplemented  # a Tensor around a batch records
        outs = kwargs.pop("out", (None,))
        if outs[0] is not None or len(outs) > 1:  # batch += something
            return WRITING["out"](getattr(ufunc, method), ufunc.__name__, inputs, kwargs, outs)
        if method == "at":
            return WRITING["at"](ufunc, *inputs)
        rule = BATCHING.get(ufunc) if method == "__call__" else UFUNC_METHODS.get(method)
        if rule is None and method == "__call__" and ufunc.signature is None:
            rule = elementwise
        try:
            if rule is not None and not (kwargs and holds_batch(kwargs)):
                return rule(highest_level(inputs), ufunc, *inputs, **kwargs)
            if method == "__call__" and ufunc in COMPOSED:
                return _composed(ufunc, inputs, kwargs)
        except NotBatchable:
            pass
        return one_by_one(getattr(ufunc, method), inputs, kwargs)

    def __array_function__(self, func: Callable, types: Any, args: tuple, kwargs: dict) -> Any:
        if any([issubclass(kind, Node) for kind in types]):
            return NotImplemented
        if kwargs.get("out") is not None:
            return WRITING["out"](func, func.__name__, args, kwargs, kwargs.pop("out"))
        if func in IN_PLACE:
            return WRITING["in place"](func, args, kwargs)
        if func in CREATION and not holds_batch([args, kwargs]):  # np.eye(3, like=batch): one array, the same for all
            return func(*args, **kwargs, like=self.stack)
        rule = BATCHING.get(func)
        try:
            if rule is not None:
                return rule(highest_level([args, kwargs]), func, *args, **kwargs)
            if func in COMPOSED:
                return _composed(func, args, kwargs)
        except NotBatchable:
            pass
        return one_by_one(func, args, kwargs)

    @staticmethod
    def __record__(primitive: Any, args: tuple, kwargs: dict) -> Any:
        """One of the library's own functions: as it is written, or if that can't be done with a batch, for each. A
        Tensor among the arguments records it, around the batch."""
        for arg in args:
            if isinstance(arg, Node):
                return arg.__record__(primitive, args, kwargs)
        return applied(primitive.output, args, kwargs)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotBatchable(
            f"a batch of arrays is not one array: join them by np.stack, multiply by array @ x, assign into "
            f"np.zeros_like(x). {INSIDE_VMAP}"
        )

    def __bool__(self) -> bool:
        raise NotBatchable(f"a batch of arrays has no single truth value. {INSIDE_VMAP}")

    def __float__(self) -> float:
        raise NotBatchable(f"a batch of arrays is not one number. {INSIDE_VMAP}")

    __int__ = __index__ = __complex__ = __float__

    def item(self, *index: Any) -> Any:
        raise NotBatchable(f"a batch of arrays is not one number. {INSIDE_VMAP}")

    tolist = item

    def __format__(self, spec: str) -> str:
        return str(self.item()) if spec else repr(self)

    def __getattr__(self, name: str) -> Any:
        func = getattr(np, name, None) if name in METHODS else None
        if func is None:
            raise NoAttribute(f"a batch of arrays has no attribute {name!r}. {INSIDE_VMAP}")
        return lambda *args, **kwargs: func(self, *args, **kwargs)

    def __repr__(self) -> str:
        count = self.stack.shape[0]
        return f"<a batch of {count} {'array' if count == 1 else 'arrays'} of shape {self.shape}, dtype {self.dtype}>"

    # What arrays have

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a batch of 0-d arrays")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        return BATCHING[operator.getitem](self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        WRITING["index"](self, index, value)

    def reshape(self, *shape: Any, **kwargs: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, **kwargs)

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)

    def astype(self, dtype: Any, **kwargs: Any) -> Batched:
        return Batched(self.stack.astype(dtype, **kwargs), self.level)

    def copy(self, order: str = "C") -> Batched:
        return Batched(self.stack.copy(), self.level)

    __copy__ = copy

    def __deepcopy__(self, memo: dict) -> Batched:
        return self.copy()

    def ravel(self) -> Any:
        return np.reshape(self, -1)

    flatten = ravel

    def conj(self) -> Batched:
        return Batched(self.stack.conj(), self.level)


INSIDE_VMAP = (
    "Inside of vmap, and where a rule computes many derivatives at a time, a function runs once for all examples: "
    "np.where(condition, a, b) chooses for each, Tensor(array, requires_grad=False)[i] picks for each from an array "
    "that is the same for all, and what stands outside of vmap can look at one"
)
METHODS = {
    "sum", "mean", "prod", "max", "min", "any", "all", "std", "var", "argmax", "argmin", "argsort", "cumsum", "cumprod",
    "round", "clip", "repeat", "squeeze", "trace", "take", "swapaxes", "diagonal", "dot", "nonzero", "searchsorted",
    "choose", "compress", "argpartition",
}  # fmt: skip
LIKE_AN_ARGUMENT = "Begin with an array that is like an argument, such as np.zeros_like(x) or np.zeros(shape, like=x)"
IN_PLACE = {np.put, np.put_along_axis, np.putmask, np.place, np.copyto, np.fill_diagonal}  # they give None
BATCHING: dict[Any, Callable] = {}  # rules, filled by batching.py
UFUNC_METHODS: dict[str, Callable] = {}  # the same for methods of ufuncs: reduce, accumulate
WRITING: dict[str, Callable] = {}  # what writes into batches, filled by batch_writing.py


# Levels --------------------------------------------------------------------------------------------------------------


def levels_of(value: Any) -> tuple[int, ...]:
    """The levels of a batch, the highest first; also of one in a Tensor, or of several in a tuple. Of arrays, none."""
    if type(value) is tuple:
        return tuple([level for part in value for level in levels_of(part)])
    data = value._data if isinstance(value, Node) else value
    found = []
    while type(data) is Batched:
        found.append(data.level)
        data = data.stack
    return tuple(found)


def batches_in(value: Any) -> list[Batched]:
    """The batches in a value, and in their stacks: in lists, tuples and dicts, and in Tensors."""
    kind = type(value)
    if kind is Batched:
        return [value, *batches_in(value.stack)] if type(value.stack) is Batched else [value]
    if kind is np.ndarray or kind is int or kind is float or kind is bool or value is None:
        return []
    if isinstance(value, (list, tuple)):
        return [found for part in value for found in batches_in(part)]
    if isinstance(value, dict):
        return [found for part in value.values() for found in batches_in(part)]
    return batches_in(value._data) if isinstance(value, Node) else []


def holds_batch(value: Any) -> bool:
    return bool(batches_in(value))


def highest_level(values: Any) -> int:
    """The highest level of the batches among values."""
    return max([found.level for found in batches_in(values)])


def mapped(value: Any, level: int) -> bool:
    """Whether value is a batch of this level, which is the highest there is."""
    return type(value) is Batched and value.level == level


# Into a batch and out of it, and sums over it: these record, and are each other's derivatives ------------------------


def _batch(x: Any, axis: int, level: int, size: int | None = None) -> Batched:
    if type(x) is Batched and x.level > level:
        return Batched(_batch(x.stack, axis + 1, level), x.level)
    return Batched(x if axis == 0 else np.moveaxis(x, axis, 0), level)


def _unbatch(x: Any, axis: int, level: int, size: int) -> Any:
    if type(x) is Batched and x.level > level:
        return Batched(_unbatch(x.stack, axis + 1, level, size), x.level)
    if type(x) is Batched and x.level == level:
        return x.stack if axis == 0 else np.moveaxis(x.stack, 0, axis)
    x = np.expand_dims(x, axis)  # the same for all
    return copy_of(np.broadcast_to(x, (*x.shape[:axis], size, *x.shape[axis + 1 :])))


def _sum_batch(x: Batched, level: int) -> Any:
    if x.level > level:
        return Batched(_sum_batch(x.stack, level), x.level)
    return np.sum(x.stack, axis=0)


def _spread(x: Any, level: int, size: int) -> Batched:
    return _batch(_unbatch(x, 0, level, size), 0, level)


def size_of(value: Any, level: int) -> int:
    """How many arrays a batch of this level has, in a value that holds one."""
    return next(b for b in batches_in(value) if b.level == level).stack.shape[0]


# batch: the arrays along an axis (which isn't negative) as a batch. unbatch: a batch as one array, with the arrays
# along an axis; what is no batch of that level is the same for all of `size` arrays. spread: what is the same for all,
# as a batch, that is added up; lift: the same, with a gradient for each.
batch: Any = derivative(_batch, lambda g, y, x, axis, level, size: unbatch(g, axis, level, size))
unbatch: Any = derivative(
    _unbatch,
    lambda g, y, x, axis, level, size: batch(g, axis, level, size) if level in levels_of(x) else np.sum(g, axis=axis),
)
sum_batch: Any = derivative(_sum_batch, lambda g, y, x, level: spread(g, level, size_of(x, level)))
lift: Any = derivative(_spread, lambda g, y, x, level, size: g)
spread: Any = derivative(
    _spread, lambda g, y, x, level, size: sum_batch(g, level) if level in levels_of(g) else g * size
)


# One by one ----------------------------------------------------------------------------------------------------------


def one_by_one(func: Callable, args: Any, kwargs: dict | None = None) -> Any:
    """func of each array of the batches of the highest level, with the results in batches of that level again.

    Tensors among the arguments that hold batches are taken apart, and put together again, as operations that record.

    Raises:
        NotBatchable: the results have different shapes, or are no arrays.
    """
    kwargs = kwargs or {}
    first = max(batches_in([args, kwargs]), key=lambda b: b.level)
    level, size = first.level, first.stack.shape[0]
    given = [taken_apart([tuple(args), kwargs], level, size)]
    if not size:  # nothing to call it with: the shape of the results is that for some numbers
        ones = placed(given, 0, level, 0)[0]
        return _together([applied(func, *ones)], level, 0)
    places = (placed(given, i, level, size)[0] for i in range(size))
    return _together([applied(func, *place) for place in places], level, size)


class _Rows:
    """A recorded array, of which each example has a row."""

    __slots__ = ("array",)

    def __init__(self, array: Any):
        self.array = array


def taken_apart(value: Any, level: int, size: int) -> Any:
    """value with rows in the place of nodes that hold a batch, and of those that are the same for all and newer than
    the batch, which have a gradient for each array. (That of an older one is the sum.)"""
    if isinstance(value, Node):
        if value._data.dtype.kind not in "fc":  # one of several outputs, which has no gradient
            return value._data
        same = level not in levels_of(value)
        if same and not (value._requires_grad and value._order > level):
            return value
        held = lift(value, level, size) if same else np.copy(value)  # type: ignore[call-overload]
        return _Rows(unbatch(held, 0, level, size))
    if isinstance(value, dict):
        return {key: taken_apart(part, level, size) for key, part in value.items()}
    return type(value)([taken_apart(p, level, size) for p in value]) if type(value) in (list, tuple) else value


def applied(func: Callable, args: Any, kwargs: dict | None = None) -> Any:
    """func(*args, **kwargs): of batches at once if it can, else one by one."""
    try:
        return func(*args, **(kwargs or {}))
    except Exception as error:  # of a user's function, which need not take batches
        return retried(error, func, args, kwargs)


def retried(error: Exception, func: Callable, args: Any, kwargs: dict | None = None) -> Any:
    """What func gives one by one, where it has failed on batches. If that was not because of the batches, it fails
    again; and where there are none, the error is raised."""
    if not holds_batch([args, kwargs]):
        raise error
    return one_by_one(func, args, kwargs)


def placed(value: Any, i: int, level: int, size: int) -> Any:
    """value for place i of the batch, where nodes have been taken apart."""
    if mapped(value, level):
        if not size:
            return full(value.shape, 1, value.dtype, value.stack)
        return np.reshape(value.stack[i : i + 1], value.shape)  # a view, of 0-d too
    if type(value) is _Rows:
        array = value.array
        return array[i] if size else np.ones(array.shape[1:], array.dtype)
    if isinstance(value, dict):
        return {key: placed(part, i, level, size) for key, part in value.items()}
    return type(value)(placed(part, i, level, size) for part in value) if type(value) in (list, tuple) else value


def _together(results: list, level: int, size: int) -> Any:
    """The results for the places of a batch, as a batch."""
    first = results[0]
    if isinstance(first, Scattered):
        results = [part.array() for part in results]
        first = results[0]
    if isinstance(first, dict):
        new = copy.copy(first)
        new.update({key: _together([result[key] for result in results], level, size) for key in first})
        return new
    if isinstance(first, (list, tuple)):
        parts = [_together(list(part), level, size) for part in zip(*results, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    if first is None or isinstance(first, (str, np.dtype)):
        return first if all(result == first for result in results) else results
    if not isinstance(first, (np.ndarray, np.generic, Node, Batched, bool, int, float, complex)):
        raise NotBatchable(f"results of type {type(first).__name__} make no batch")
    shapes = sorted({np.shape(result) for result in results})
    if len(shapes) > 1:
        raise NotBatchable(
            f"the results for the arrays of a batch have different shapes, such as {shapes[0]} and {shapes[-1]}, so "
            f"they make no batch. {INSIDE_VMAP}"
        )
    stacked = np.stack(results)
    return batch(stacked if size else stacked[:0], 0, level, size)


# Elementwise ---------------------------------------------------------------------------------------------------------


def aligned(level: int, arrays: Any) -> list:
    """Arrays that broadcast: batches get axes of length 1 behind the first, to have as many as the one with most."""
    depth = max(map(np.ndim, arrays))
    return [stack_of(a, depth) if mapped(a, level) else a for a in arrays]


def stack_of(a: Batched, ndim: int) -> Any:
    """The stack of a batch, of which each array has so many axes: further ones of length 1, or fewer, come first."""
    missing = ndim - a.ndim
    if not missing:
        return a.stack
    return np.reshape(a.stack, (a.stack.shape[0], *(1,) * missing, *a.shape[max(-missing, 0) :]))


def elementwise(level: int, func: Callable, *arrays: Any, **kwargs: Any) -> Any:
    """Broadcast over the batch."""
    y = func(*aligned(level, arrays), **kwargs)
    return tuple([Batched(part, level) for part in y]) if type(y) is tuple else Batched(y, level)


_running = threading.local()  # the functions that are being composed of others, in each thread


def _composed(func: Callable, args: tuple, kwargs: dict) -> Any:
    """A function as the table composes it of others; one that is among these others itself is called for each array."""
    running = _running.__dict__.setdefault("functions", set())
    if func in running:
        raise NotBatchable(f"{func} within itself")
    running.add(func)
    try:
        return COMPOSED[func](*args, **kwargs)
    finally:
        running.discard(func)
