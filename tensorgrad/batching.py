"""Batching rules: how functions of NumPy are done with a batch of arrays in one call. (JAX has the name from `vmap`.)

    rule(level, func, *args, **kwargs)

gets the arguments of the function, with batches of the highest level among them, and gives a batch. Most functions
count axes, and count them from behind the first here. A function without a rule is composed of others (the table tells
how), or is called for each array; so is one whose rule raises NotBatchable.
"""

from __future__ import annotations

import functools
import inspect
import math
import operator
import string
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from .batch import (
    BATCHING,
    UFUNC_METHODS,
    Batched,
    NotBatchable,
    aligned,
    elementwise,
    highest_level,
    holds_batch,
    mapped,
    one_by_one,
    stack_of,
)
from .derivatives.arrays import as_array


def rule_of(*funcs: Callable) -> Callable:
    """Decorator: the rule of these functions."""

    def enter(rule: Callable) -> Callable:
        BATCHING.update(dict.fromkeys(funcs, rule))
        return rule

    return enter


def one_each() -> NotBatchable:
    return NotBatchable("not at once")


# Axes, counted from behind the first ---------------------------------------------------------------------------------


def behind(axis: Any, ndim: int) -> Any:
    """An axis, or a tuple of axes, of each array, as one of the stack; None stands for all."""
    if axis is None:
        return tuple(range(1, ndim + 1))
    if isinstance(axis, (int, np.integer)):
        return normalize_axis_index(int(axis), ndim) + 1
    return tuple([a + 1 for a in normalize_axis_tuple(axis, ndim, allow_duplicate=True)])


@functools.cache
def signature_of(func: Callable) -> inspect.Signature:
    return inspect.signature(func)


def along(without: str = "all") -> Callable:
    """The rule of functions of one array along an axis. Where that is None, the function is of `all` axes, or of the
    `flat` array; some have an axis in any case, `one`."""

    def rule(level: int, func: Callable, a: Any, *args: Any, **kwargs: Any) -> Any:
        if not mapped(a, level) or holds_batch([args, kwargs]):
            raise one_each()
        bound = signature_of(func).bind(a, *args, **kwargs)
        bound.apply_defaults()
        axis, stack = bound.arguments["axis"], a.stack
        if axis is None and without == "flat":
            if kwargs.get("keepdims") is True:
                raise one_each()
            stack, axis = np.reshape(stack, (stack.shape[0], a.size)), 1
        elif not a.ndim:
            if axis is not None or without != "all":
                raise one_each()
            stack, axis = np.expand_dims(stack, 1), 1
        else:
            axis = behind(axis, a.ndim)
        given = dict(zip(list(bound.arguments)[1:], args, strict=False)) | kwargs | {"axis": axis}
        given = {key: value for key, value in given.items() if value is not np._NoValue}
        y = func(stack, **given)
        return Batched(y if a.ndim or without != "all" else np.reshape(y, (-1,)), level)

    return rule


rule_of(
    np.sum, np.prod, np.max, np.min, np.amax, np.amin, np.any, np.all, np.mean, np.var, np.std, np.count_nonzero,
    np.median, np.nanmedian,
)(along())  # fmt: skip
rule_of(np.cumsum, np.cumprod, np.argmax, np.argmin, np.sort, np.argsort)(along("flat"))
rule_of(np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft, np.unwrap)(along("one"))


@rule_of(np.flip)
def flip(level: int, func: Callable, m: Any, axis: Any = None) -> Any:
    return Batched(np.flip(m.stack, behind(axis, m.ndim)), level)


@rule_of(np.roll)
def roll(level: int, func: Callable, a: Any, shift: Any, axis: Any = None) -> Any:
    if holds_batch(shift):
        raise one_each()
    if axis is None:
        flat = np.reshape(a.stack, (a.stack.shape[0], a.size))
        return Batched(np.reshape(np.roll(flat, np.sum(shift), 1), a.stack.shape), level)
    return Batched(np.roll(a.stack, shift, behind(axis, a.ndim)), level)


@rule_of(np.squeeze)
def squeeze(level: int, func: Callable, a: Any, axis: Any = None) -> Any:
    axis = tuple(i for i, n in enumerate(a.shape) if n == 1) if axis is None else axis
    return Batched(np.squeeze(a.stack, behind(axis, a.ndim)), level)


@rule_of(np.expand_dims)
def expand_dims(level: int, func: Callable, a: Any, axis: Any) -> Any:
    axes = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    return Batched(np.expand_dims(a.stack, behind(axes, a.ndim + len(axes))), level)


@rule_of(np.swapaxes)
def swapaxes(level: int, func: Callable, a: Any, axis1: int, axis2: int) -> Any:
    return Batched(np.swapaxes(a.stack, behind(axis1, a.ndim), behind(axis2, a.ndim)), level)


@rule_of(np.moveaxis)
def moveaxis(level: int, func: Callable, a: Any, source: Any, destination: Any) -> Any:
    return Batched(np.moveaxis(a.stack, behind(source, a.ndim), behind(destination, a.ndim)), level)


@rule_of(np.transpose)
def transpose(level: int, func: Callable, a: Any, axes: Any = None) -> Any:
    axes = range(a.ndim)[::-1] if axes is None else axes
    if len(axes) != a.ndim:
        raise ValueError("axes don't match array")
    return Batched(np.transpose(a.stack, (0, *behind(tuple(axes), a.ndim))), level)


@rule_of(np.diagonal)
def diagonal(level: int, func: Callable, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return Batched(np.diagonal(a.stack, offset, behind(axis1, a.ndim), behind(axis2, a.ndim)), level)


@rule_of(np.rot90)
def rot90(level: int, func: Callable, m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    return Batched(np.rot90(m.stack, k, behind(tuple(axes), m.ndim)), level)


@rule_of(np.flipud, np.fliplr)
def flip_matrix(level: int, func: Callable, m: Any) -> Any:
    return flip(level, np.flip, m, 0 if func is np.flipud else 1)


# Shapes --------------------------------------------------------------------------------------------------------------


@rule_of(np.reshape)
def reshape(level: int, func: Callable, a: Any, /, shape: Any, order: str = "C", **kwargs: Any) -> Any:
    if order not in ("C", "A"):
        raise one_each()
    new = (shape,) if np.ndim(shape) == 0 else tuple(shape)
    if -1 in new and not a.stack.size:  # which -1 can't be told from 0 elements
        new = np.reshape(np.empty(a.shape), new).shape
    if -1 not in new and math.prod(new) != a.size:
        raise ValueError(f"cannot reshape array of size {a.size} into shape {new}")
    return Batched(np.reshape(a.stack, (a.stack.shape[0], *new)), level)


@rule_of(np.broadcast_to)
def broadcast_to(level: int, func: Callable, array: Any, shape: Any, subok: bool = False) -> Any:
    shape = (shape,) if np.ndim(shape) == 0 else tuple(shape)
    if len(shape) < array.ndim:
        raise ValueError("input operand has more dimensions than allowed by the axis remapping")
    return Batched(np.broadcast_to(stack_of(array, len(shape)), (array.stack.shape[0], *shape)), level)


@rule_of(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(level: int, func: Callable, x: Any, window_shape: Any, axis: Any = None, **kwargs: Any) -> Any:
    return Batched(func(x.stack, window_shape, behind(axis, x.ndim), **kwargs), level)


@rule_of(np.concatenate)
def concatenate(level: int, func: Callable, arrays: Any, axis: Any = 0, **kwargs: Any) -> Any:
    if holds_batch(kwargs) or axis is None or type(arrays) is Batched:
        raise one_each()
    n = next(a.stack.shape[0] for a in arrays if mapped(a, level))
    stacks = [a.stack if mapped(a, level) else np.broadcast_to(np.expand_dims(a, 0), (n, *np.shape(a))) for a in arrays]
    return Batched(np.concatenate(stacks, behind(axis, stacks[0].ndim - 1), **kwargs), level)


@rule_of(np.stack)
def stack(level: int, func: Callable, arrays: Any, axis: int = 0, **kwargs: Any) -> Any:
    if holds_batch(kwargs) or type(arrays) is Batched:
        raise one_each()
    axis = normalize_axis_index(axis, np.ndim(arrays[0]) + 1)
    return concatenate(level, np.concatenate, [np.expand_dims(a, axis) for a in arrays], axis, **kwargs)


@rule_of(np.zeros_like, np.ones_like, np.empty_like)
def made_like(
    level: int, func: Callable, a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None
) -> Any:
    shape = a.shape if shape is None else (shape,) if np.ndim(shape) == 0 else tuple(shape)
    return Batched(func(a.stack, dtype=dtype, shape=(a.stack.shape[0], *shape)), level)


@rule_of(np.copy)
def copy(level: int, func: Callable, a: Any, order: str = "K", subok: bool = False) -> Any:
    return Batched(np.copy(a.stack), level)


# Of each element -----------------------------------------------------------------------------------------------------


@rule_of(np.where)
def where(level: int, func: Callable, condition: Any, *values: Any) -> Any:
    if not values:
        raise one_each()
    return elementwise(level, func, condition, *values)


@rule_of(np.isclose)
def isclose(level: int, func: Callable, a: Any, b: Any, *args: Any, **kwargs: Any) -> Any:
    return Batched(np.isclose(*aligned(level, [a, b]), *args, **kwargs), level)


@rule_of(np.searchsorted)
def searchsorted(level: int, func: Callable, a: Any, v: Any, *args: Any, **kwargs: Any) -> Any:
    if holds_batch([a, args, kwargs]):
        raise one_each()
    return Batched(np.searchsorted(a, v.stack, *args, **kwargs), level)


@rule_of(np.tril, np.triu)
def triangle(level: int, func: Callable, m: Any, k: int = 0) -> Any:
    if m.ndim < 2:
        raise one_each()
    return Batched(func(m.stack, k), level)


@rule_of(
    np.real, np.imag, np.sinc, np.i0, np.isreal, np.iscomplex, np.isposinf, np.isneginf, np.fix, np.round, np.around
)
def of_each(level: int, func: Callable, x: Any, *args: Any, **kwargs: Any) -> Any:
    if holds_batch([args, kwargs]):
        raise one_each()
    return Batched(func(x.stack, *args, **kwargs), level)


QUESTIONS: dict[Any, Callable] = {
    np.shape: lambda level, func, a: a.shape,
    np.ndim: lambda level, func, a: a.ndim,
    np.size: lambda level, func, a, axis=None: a.size if axis is None else a.shape[axis],
    np.iscomplexobj: lambda level, func, x: x.dtype.kind == "c",
    np.isrealobj: lambda level, func, x: x.dtype.kind != "c",
    np.result_type: lambda level, func, *xs: func(*[x.dtype if mapped(x, level) else x for x in xs]),
}
BATCHING.update(QUESTIONS)


# Elements by index ----------------------------------------------------------------------------------------------------


def keeps_order(index: Any) -> bool:
    """Whether the axes that an index makes stay in their place behind a further first axis. Those of several arrays
    with a slice between them wouldn't: NumPy puts them first."""
    parts = index if isinstance(index, tuple) else (index,)
    basic = [isinstance(p, slice) or p is None or p is Ellipsis for p in parts]
    return not any(np.ndim(p) for p in parts if not isinstance(p, slice)) or not any(basic) or basic.count(False) == 1


def behind_first(index: Any) -> tuple:
    return (slice(None), *(index if isinstance(index, tuple) else (index,)))


def integers(index: Any) -> tuple | None:
    """The parts of an index, if all are integers, or arrays of them: NumPy puts their axes first. Else None."""
    parts = index if isinstance(index, tuple) else (index,)
    if any(part is None or part is Ellipsis or isinstance(part, slice) for part in parts):
        return None
    return parts if all(getattr(p, "dtype", np.dtype(type(p))).kind in "iu" for p in parts) else None


def in_stack(level: int, parts: tuple, size: int | None) -> tuple:
    """Integers that index each array of a batch of that size, as an index of the stack: the number of the array comes
    first. With size None, of one array that is the same for all."""
    depth = max(map(np.ndim, parts))
    stacks = [stack_of(part, depth) if mapped(part, level) else part for part in parts]
    return (*([] if size is None else [np.reshape(np.arange(size), (size, *(1,) * depth))]), *stacks)


def picked(a: Any, index: Any) -> Any:
    """a[index], where a is a batch, or the index holds one, or both."""
    level = highest_level([a, index])
    parts = integers(index) if holds_batch(index) else None
    if parts is not None:
        size = a.stack.shape[0] if mapped(a, level) else None
        places = in_stack(level, parts, size)
        source = a if size is None else a.stack
        return Batched(picked(source, places) if holds_batch([source, places]) else source[places], level)
    if not holds_batch(index) and keeps_order(index):
        stack = a.stack[behind_first(index)]
        is_scalar = stack.ndim == 1 and Ellipsis not in (index if isinstance(index, tuple) else (index,))
        return Batched(stack.copy() if is_scalar else stack, level)  # NumPy's scalars show no memory
    return one_by_one(lambda array, i: array[i], (a, index))


# Products ------------------------------------------------------------------------------------------------------------


@rule_of(np.matmul)
def matmul(level: int, func: Callable, a: Any, b: Any, **kwargs: Any) -> Any:
    """Of matrices a large product, where that is possible; vectors become matrices of one row or column."""
    a, b = as_array(a), as_array(b)
    rows, columns = np.ndim(a) == 1, np.ndim(b) == 1
    if not np.ndim(a) or not np.ndim(b) or kwargs:
        raise one_each()
    if a.shape[-1] != b.shape[-1 if columns else -2]:
        raise ValueError(
            f"matmul: Input operand 1 has a mismatch in its core dimension 0 (size {b.shape[-1 if columns else -2]} is "
            f"different from {a.shape[-1]})"
        )
    if not mapped(b, level) and b.ndim <= 2:  # the same for all: (n, ..., k) @ (k, m) is one product of matrices
        stack = a.stack
        y = np.matmul(np.reshape(stack, (math.prod(stack.shape[:-1]), stack.shape[-1])), b)
        return Batched(np.reshape(y, (*stack.shape[:-1], *y.shape[1:])), level)
    if not mapped(a, level) and a.ndim <= 2 and columns:
        return Batched(np.matmul(b.stack, a if rows else a.T), level)
    a = np.expand_dims(a, 0) if rows else a
    b = np.expand_dims(b, 1) if columns else b
    x, y = aligned(level, [a, b])
    y = np.multiply(x, y) if x.shape[-1] == 1 else np.matmul(x, y)
    y = y[..., 0, :] if rows else y
    return Batched(y[..., 0] if columns else y, level)


@rule_of(np.dot)
def dot(level: int, func: Callable, a: Any, b: Any) -> Any:
    if np.ndim(a) in (1, 2) and np.ndim(b) in (1, 2):
        return matmul(level, np.matmul, a, b)
    raise one_each()


@rule_of(np.einsum)
def einsum(level: int, func: Callable, subscripts: Any, *operands: Any, **kwargs: Any) -> Any:
    if not isinstance(subscripts, str):
        raise one_each()
    inputs, arrow, result = subscripts.partition("->")
    spare = sorted(set(string.ascii_letters) - set(subscripts))
    if not arrow or "." in subscripts or not spare:
        raise one_each()
    terms = [spare[0] + t if mapped(x, level) else t for t, x in zip(inputs.split(","), operands, strict=True)]
    stacks = [x.stack if mapped(x, level) else x for x in operands]
    return Batched(np.einsum(f"{','.join(terms)}->{spare[0]}{result}", *stacks, **kwargs), level)


# Linear algebra, whose functions take stacks of matrices themselves --------------------------------------------------


@rule_of(
    np.linalg.inv, np.linalg.det, np.linalg.slogdet, np.linalg.cholesky, np.linalg.eig, np.linalg.eigh,
    np.linalg.eigvals, np.linalg.eigvalsh, np.linalg.svd, np.linalg.qr, np.linalg.matrix_transpose,
    np.matrix_transpose,
)  # fmt: skip
def of_matrices(level: int, func: Callable, a: Any, *args: Any, **kwargs: Any) -> Any:
    if a.ndim < 2 or holds_batch([args, kwargs]):
        raise one_each()
    y = func(a.stack, *args, **kwargs)
    if not isinstance(y, tuple):
        return Batched(y, level)
    parts = [Batched(part, level) for part in y]
    return type(y)(*parts) if hasattr(y, "_fields") else tuple(parts)


@rule_of(np.linalg.solve)
def solve(level: int, func: Callable, a: Any, b: Any) -> Any:
    vector = np.ndim(b) == 1
    a, b = aligned(level, [a, np.expand_dims(b, 1) if vector else b])
    y = np.linalg.solve(a, b)
    return Batched(y[..., 0] if vector else y, level)


# Methods of ufuncs ---------------------------------------------------------------------------------------------------


def reduce(level: int, ufunc: np.ufunc, a: Any, axis: Any = 0, dtype: Any = None, **kwargs: Any) -> Any:
    if not a.ndim:
        raise one_each()
    return Batched(ufunc.reduce(a.stack, behind(axis, a.ndim), dtype, **kwargs), level)


def accumulate(level: int, ufunc: np.ufunc, a: Any, axis: int = 0, dtype: Any = None) -> Any:
    return Batched(ufunc.accumulate(a.stack, behind(axis, a.ndim), dtype), level)


UFUNC_METHODS.update(reduce=reduce, accumulate=accumulate)
BATCHING[operator.getitem] = picked
