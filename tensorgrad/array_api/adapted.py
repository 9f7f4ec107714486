"""Functions that NumPy, or an older one, has with other arguments than the standard, or not for Tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import data_of
from .wrapping import tensors


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """x with what is less than min or more than max moved there; None is no bound.

    >>> from tensorgrad import Tensor
    >>> clip(Tensor([1.0, 2.0, 3.0]), max=2)
    Tensor([1. 2. 2.])
    """
    return tensors(np.positive(x) if min is None and max is None else np.clip(x, min, max))


def reshape(x: Any, /, shape: int | tuple[int, ...], *, copy: bool | None = None) -> Any:
    """The elements of x in another shape; copy=False raises a ValueError where they have to be copied."""
    y = tensors(np.reshape(x, shape))
    shared = y.size == 0 or np.may_share_memory(data_of(y), data_of(x))
    if copy is False and not shared:
        raise ValueError(f"reshape: shape {x.shape} can't become {shape} without a copy; leave out copy=False")
    return y.copy() if copy and shared else y


def count_nonzero(x: Any, /, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """How many elements of x aren't zero; in an array, also where an older NumPy gives an int."""
    count = np.count_nonzero(x, axis=axis, keepdims=keepdims)
    return np.intp(count) if isinstance(count, int) else count


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The indices that sort x along an axis; equal elements stay in their order.

    >>> argsort(np.array([1.0, 3.0, 1.0]), descending=True)
    array([1, 0, 2])
    """
    if not descending:
        return np.argsort(x, axis=axis, stable=stable)
    # the sort of the reversed array, reversed, keeps the order of equals
    last = x.shape[axis] - 1
    return last - np.flip(np.argsort(np.flip(x, axis=axis), axis=axis, stable=True), axis=axis)


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """x sorted along an axis.

    >>> sort(np.array([1.0, 3.0, 2.0]), descending=True)
    Tensor([3. 2. 1.])
    """
    y = np.sort(x, axis=axis, stable=stable)
    return tensors(np.flip(y, axis=axis) if descending else y)


def unique_all(x: Any, /) -> Any:
    """The distinct elements of x in ascending order, where each stands first, which makes up x, and how often.

    The gradient of an element goes to where it stands first. (Almost everywhere all are distinct.)

    >>> from tensorgrad import Tensor
    >>> unique_all(Tensor([3.0, 1.0, 3.0])).values
    Tensor([1. 3.])
    """
    found = np.unique_all(data_of(x))
    return found._replace(values=tensors(np.reshape(x, -1)[found.indices]))


def unique_counts(x: Any, /) -> Any:
    """The distinct elements of x, and how often each is there."""
    found = np.unique_counts(data_of(x))
    return found._replace(values=unique_values(x))


def unique_inverse(x: Any, /) -> Any:
    """The distinct elements of x, and which of them stands where."""
    found = np.unique_inverse(data_of(x))
    return found._replace(values=unique_values(x))


def unique_values(x: Any, /) -> Any:
    """The distinct elements of x in ascending order."""
    return unique_all(x).values
