"""What broadcasting did in the forward pass, undone in the backward pass, for every function; gradients added up."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

from .batch import levels_of, size_of, spread, sum_batch
from .derivatives.arrays import ARRAYS, as_0d, is_chunked, whole
from .derivatives.chunked import same_shape
from .derivatives.indexing import Scattered
from .derivatives.reductions import sum_rows
from .memory import is_owned, own_copy


def unbroadcast(d: Any, node: Any, name: str, keep: tuple[int, ...] = ()) -> Any:
    """The gradient d in the shape and dtype of its node, which an operation of this name has used.

    A node that is older than a batch was the same for all of it, so its gradient is the sum over the batch: but for
    batches of gradients, whose levels are to be kept.
    """
    if type(d) is tuple:  # of a function with several outputs
        return tuple([part if part is None else sum_batches(part, node, keep) for part in d])
    if isinstance(d, Scattered):
        d = d.array()
    data = node._data
    shape = data.shape
    if type(d) in ARRAYS:
        if d.dtype is data.dtype and d.shape == shape:  # as one by index, whose zeros are there now
            return as_0d(d) if isinstance(d, np.generic) else d
        if d.dtype is data.dtype and shape and data.size and d.shape[-len(shape) :] == shape:
            return sum_rows(d.reshape(-1, data.size)).reshape(shape)  # only leading axes to sum over
    else:
        d = sum_batches(d, node, keep)
    if not hasattr(d, "dtype") or isinstance(d, np.generic):
        d = as_0d(d)
    if d.shape != shape:
        extra = d.ndim - len(shape)
        ones = tuple(i + extra for i, n in enumerate(shape) if n == 1 and d.shape[i + extra] != 1) if extra >= 0 else ()
        if extra > 0 or ones:
            d = d.sum(axis=(*range(extra), *ones), keepdims=bool(ones))
            d = d.reshape(shape) if ones and extra else d
        if not same_shape(d.shape, shape):
            raise ValueError(f"a rule of {name} gave a gradient of shape {d.shape} for an argument of shape {shape}")
    if d.dtype != data.dtype:
        if d.dtype.kind == "c" and data.dtype.kind != "c":
            d = d.real
        d = d.astype(data.dtype)
    return as_0d(d) if isinstance(d, np.generic) else d


def with_batches_of(data: Any, grad: Any) -> tuple[Any, tuple[int, ...]]:
    """The gradient of data, a batch of gradients if data are one; and the levels of the batches that it has beside."""
    if type(data) is tuple:
        parts = [g if g is None else with_batches_of(part, g)[0] for part, g in zip(data, grad, strict=True)]
        return tuple(parts), tuple(set(levels_of(grad)) - set(levels_of(data)))
    found, wanted = levels_of(grad), levels_of(data)
    for level in wanted:
        if level not in found:
            grad = spread(grad, level, size_of(data, level))
    return grad, tuple(set(found) - set(wanted))


def sum_batches(d: Any, node: Any, keep: tuple[int, ...]) -> Any:
    """d, summed over the batches that are newer than the node."""
    for level in levels_of(d):
        if level > node._order and level not in keep:
            d = sum_batch(d, level)
    return d


def accumulate(a: Any, b: Any, create_graph: bool) -> Any:
    """a + b, into the buffer of a where nobody else can see it.

    The sum lies in memory as a does in either case: what is computed of it is rounded in that order, no matter who
    sees a.
    """
    if type(a) is tuple:
        return tuple(p if q is None else q if p is None else p + q for p, q in zip(a, b, strict=True))
    if not create_graph and type(a) is ndarray is type(b) and is_owned(a):
        a += b
        return a
    if not create_graph and type(a) in ARRAYS and type(a) is type(b) and a.strides != b.strides:
        return np.add(a, b, out=np.empty_like(a))
    total = a + b
    return as_0d(total) if isinstance(total, np.generic) else total


def accumulate_part(a: Any, b: Scattered) -> Any:
    """The same for a gradient by index."""
    if type(a) is not type(b.g) or levels_of(a) != levels_of(b.g) or is_chunked(whole(a)):
        return a + b.array()
    return b.add_to(a if is_owned(a) else own_copy(a))


def can_be_accumulated(d: Any, node: Any, keep: tuple[int, ...]) -> bool:
    """Whether a gradient by index can be added to that of the node as it is, without a sum over a batch."""
    return isinstance(d, Scattered) and sum_batches(d.g, node, keep) is d.g
