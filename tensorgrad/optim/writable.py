"""What optimisers write into where arrays can't be written into, as those in chunks, which are computed later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..derivatives.arrays import is_chunked


class Writable(np.lib.mixins.NDArrayOperatorsMixin):
    """Holds an array, and passes for it; what is written into it takes that array's place.

    >>> kept = Writable(np.array([1.0, 2.0]))
    >>> kept += 1
    >>> kept.array
    array([2., 3.])
    """

    def __init__(self, array: Any):
        self.array = array

    shape = property(lambda self: self.array.shape)
    ndim = property(lambda self: self.array.ndim)
    dtype = property(lambda self: self.array.dtype)

    def astype(self, dtype: Any) -> Writable:
        return Writable(self.array.astype(dtype))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = (), **kwargs: Any) -> Any:
        where = inside(kwargs.pop("where", True))
        y = getattr(ufunc, method)(*map(inside, inputs), **kwargs)
        if not out:
            return Writable(y)
        (target,) = out
        if where is not True:
            y = np.where(where, y, target.array)
        target.array = y if y.dtype == target.dtype else y.astype(target.dtype)
        return target

    def __array_function__(self, func: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        return Writable(func(*map(inside, args), **{name: inside(value) for name, value in kwargs.items()}))

    def __setitem__(self, index: Any, value: Any) -> None:
        if index is not Ellipsis:
            raise TypeError("an array in chunks is written into as a whole")
        self.array = np.broadcast_to(inside(value), self.shape).astype(self.dtype)


def inside(value: Any) -> Any:
    """The array in a Writable; anything else as it is."""
    return value.array if isinstance(value, Writable) else value


def writable(data: Any) -> Any:
    """The array itself if it can be written into, else in a Writable; an error, if neither will do."""
    if type(data) is np.ndarray or not is_chunked(data):
        return data
    if data.dtype.kind == "c":
        raise TypeError("complex parameters in chunks aren't optimised; make them of a real and an imaginary one")
    return Writable(data)
