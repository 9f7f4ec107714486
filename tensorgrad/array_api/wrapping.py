"""What the namespace's functions give: of floats Tensors, of integers and booleans NumPy's own arrays."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from ..leaving import called_function
from ..tensor import Tensor
from ..versions import is_scalar


class Namespace(ModuleType):
    """A module that says what to do, where a library prints it since it was given arrays of several namespaces."""

    def __repr__(self) -> str:
        mixed = called_function(sys._getframe(1))
        if not mixed:
            return super().__repr__()
        return (
            f"<module {self.__name__!r}; {mixed} got or made plain arrays beside Tensors, and takes arrays of one "
            f"kind: make yours Tensors by Tensor(array, requires_grad=False), or pass tensor.data to leave the graph "
            f"on purpose>"
        )


def tensors(y: Any) -> Any:
    """y with each array of floats in it made a Tensor that requires no gradient, also in tuples and lists.

    A Tensor that is a scalar, as NumPy's sums are, is made an array without axes, which can be assigned into.

    >>> tensors((np.array([1.0, 2.0]), np.array([3, 4])))
    (Tensor([1. 2.]), array([3, 4]))
    """
    if type(y) is Tensor:
        return np.copy(y) if is_scalar(y) else y
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
        return tensors(func(*args, **kwargs))

    return function


def functions(module: ModuleType, names: str) -> dict[str, Callable]:
    """Those of a module of NumPy, by name; without what the installed NumPy doesn't have."""
    return {name: of_tensors(getattr(module, name)) for name in names.split() if hasattr(module, name)}
