"""What the namespace's functions give: of floats Tensors, of integers and booleans NumPy's own arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import Tensor


def tensors(y: Any) -> Any:
    """y with each array of floats in it made a Tensor that requires no gradient, also in tuples and lists.

    >>> tensors((np.array([1.0, 2.0]), np.array([3, 4])))
    (Tensor([1. 2.]), array([3, 4]))
    """
    if isinstance(y, np.ndarray | np.generic):
        return Tensor(np.asarray(y), requires_grad=False) if y.dtype.kind in "fc" else y
    if isinstance(y, tuple):
        parts = map(tensors, y)
        return type(y)(*parts) if hasattr(y, "_fields") else tuple(parts)
    return [tensors(part) for part in y] if isinstance(y, list) else y


def of_tensors(func: Callable) -> Callable:
    """NumPy's function, which Tensors record, with results that are Tensors wherever they are floats."""

    @functools.wraps(func)
    def function(*args: Any, **kwargs: Any) -> Any:
        y = func(*args, **kwargs)
        return y if type(y) is Tensor else tensors(y)

    return function
