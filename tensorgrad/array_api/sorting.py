"""Sorting in descending order, which NumPy's functions don't know, and ..."""

from __future__ import annotations

from typing import Any

import numpy as np

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


def expand_dims(x: Any, /, *, axis: int | tuple[int, ...] = 0) -> Any:
    """x with new axes of length 1."""
    return tensors(np.expand_dims(x, axis))
