"""Functions that make arrays: of floats Tensors that require no gradient, of integers and booleans NumPy's arrays.

So what a program makes and fills by assignment can be filled with Tensors that require a gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..derivatives.arrays import as_array
from ..derivatives.creation import is_tensor
from ..tensor import Tensor, data_of
from .wrapping import of_tensors, tensors

arange, eye, linspace = of_tensors(np.arange), of_tensors(np.eye), of_tensors(np.linspace)
zeros, ones, empty = of_tensors(np.zeros), of_tensors(np.ones), of_tensors(np.empty)
zeros_like, ones_like, empty_like = of_tensors(np.zeros_like), of_tensors(np.ones_like), of_tensors(np.empty_like)
full_like = of_tensors(np.full_like)
meshgrid, tril, triu = of_tensors(np.meshgrid), of_tensors(np.tril), of_tensors(np.triu)


def full(shape: Any, fill_value: Any, *, dtype: DTypeLike | None = None, device: Any = None) -> Any:
    """An array filled with a number, or with a Tensor of one element, whose gradient is the sum over all.

    >>> full((2,), Tensor(3.0)), full(2, 3)
    (Tensor([3. 3.]), array([3, 3]))
    """
    require_cpu("full", device)
    like: dict[str, Any] = {"like": fill_value} if isinstance(fill_value, Tensor) else {}
    return tensors(np.full(shape, fill_value, dtype=dtype, **like))


def asarray(obj: Any, /, *, dtype: DTypeLike | None = None, device: Any = None, copy: bool | None = None) -> Any:
    """An array of the namespace: a Tensor stays one, lists of Tensors are stacked, and their gradients flow back.

    Args:
        obj: a Tensor, an array, a number, or nested lists of them.
        dtype: of integers or booleans it gives an ndarray: what is rounded is constant almost everywhere.
        device: "cpu", or None.
        copy: True copies, False raises a ValueError where a copy is needed.

    >>> x = Tensor([1.0, 2.0])
    >>> asarray(x) is x
    True
    >>> asarray([x[0], 3.0, x[1]]), asarray([1, 2])
    (Tensor([1. 3. 2.]), array([1, 2]))
    """
    require_cpu("asarray", device)
    if not is_tensor(obj):
        return tensors(np.asarray(obj, dtype=dtype, copy=copy))
    if copy is False and not isinstance(obj, Tensor):
        raise ValueError("asarray: a list can't become an array without a copy; leave out copy=False")
    x = as_array(obj)
    if dtype is None or x.dtype == dtype:
        return x.copy() if copy and x is obj else x
    if copy is False:
        raise ValueError(f"asarray: {x.dtype} can't become {np.dtype(dtype)} without a copy; leave out copy=False")
    return astype(x, dtype)


def astype(x: Any, dtype: DTypeLike, /, *, copy: bool = True, device: Any = None) -> Any:
    """x in another dtype; of integers and booleans an ndarray, of floats a Tensor.

    The gradient of a Tensor comes back in the dtype of x. What becomes an integer or a boolean is constant almost
    everywhere, so it has none. A complex Tensor becomes no real one: take its real part.

    >>> x = Tensor([0.5, 1.5])
    >>> astype(x, np.float32), astype(x, np.int64), astype(x > 1, np.float64)
    (Tensor([0.5 1.5], dtype=float32), array([0, 1]), Tensor([0. 1.]))
    """
    require_cpu("astype", device)
    dtype = np.dtype(dtype)
    if x.dtype.kind == "c" and dtype.kind in "fiu":
        raise TypeError(f"astype: {x.dtype} can't become {dtype}; take real(x) first")
    if isinstance(x, Tensor) and dtype.kind in "fc":
        return x.astype(dtype, copy=copy)
    return tensors(data_of(x).astype(dtype, copy=copy))


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Any:
    """An array of another library; a Tensor that requires a gradient is an error, for none would come back.

    >>> from_dlpack(np.array([1.0, 2.0]))
    Tensor([1. 2.])
    """
    require_cpu("from_dlpack", device)
    y = np.from_dlpack(x)
    return tensors(y.copy() if copy else y)


def require_cpu(function: str, device: Any) -> None:
    """An error for any other device than NumPy's one."""
    if device not in ("cpu", None):
        raise ValueError(f"{function}: the device is 'cpu', not {device!r}")
