"""Sorting, in descending order too, which NumPy doesn't know; and the distinct elements of an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .wrapping import tensors


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

    >>> unique_all(Tensor([3.0, 1.0, 3.0])).values
    Tensor([1. 3.])
    """
    found = np.unique_all(x.data if isinstance(x, Tensor) else x)
    return found._replace(values=tensors(np.reshape(x, -1)[found.indices]))


def unique_counts(x: Any, /) -> Any:
    """The distinct elements of x, and how often each is there."""
    found = np.unique_counts(x.data if isinstance(x, Tensor) else x)
    return found._replace(values=unique_values(x))


def unique_inverse(x: Any, /) -> Any:
    """The distinct elements of x, and which of them stands where."""
    found = np.unique_inverse(x.data if isinstance(x, Tensor) else x)
    return found._replace(values=unique_values(x))


def unique_values(x: Any, /) -> Any:
    """The distinct elements of x in ascending order."""
    return unique_all(x).values
