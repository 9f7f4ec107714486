"""Elements picked, and put, along an axis by indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import dim_is_axis, is_int
from ..derivatives.arrays import all_lie, array_in, as_numbers, grid, whole
from ..derivatives.assigning import Place, assign
from ..derivatives.indexing import scatter as put_into_zeros
from ..derivatives.shapes import broadcasts_to
from ..tensor import Tensor, data_of

__all__ = ["gather", "scatter", "scatter_add", "index_select", "masked_fill"]


def _numbers(name: str, what: str, x: Any) -> Any:
    return x if type(x) is Tensor else as_numbers(name, what, x)


def _checked(name: str, x: Any, axis: Any, index: Any) -> tuple[Any, int, Any]:
    """x as numbers, the axis counted from the first, and a copy of the index as ints that lie within x; or an error."""
    x = _numbers(name, "x", x)
    if not is_int(axis) or not -x.ndim <= axis < x.ndim:
        raise ValueError(
            f"{name}: axis must be an int from {-x.ndim} to {x.ndim - 1}, for x of shape {x.shape}, not {axis!r}"
        )
    axis, index = int(axis) % x.ndim, data_of(as_numbers(name, "index", index, "biuf"))
    if not index.size and index.dtype.kind == "f":  # []
        index = index.astype(int)
    if index.dtype.kind not in "iu":
        raise TypeError(f"{name}: index must be ints, not {index.dtype}")
    n = x.shape[axis]
    if not all_lie(index, 0, n - 1):
        raise ValueError(
            f"{name}: index must lie from 0 to {n - 1}, for axis {axis} of x of shape {x.shape}, not from "
            f"{whole(index).min()} to {whole(index).max()}"
        )
    return x, axis, index.copy()


def _places(name: str, x: Any, axis: int, index: Any) -> tuple:
    """The index of all places that index[i, j, k] names, such as [index[i, j, k], j, k] along axis 0."""
    fits = index.ndim == x.ndim and all(
        i <= n or k == axis for k, (i, n) in enumerate(zip(index.shape, x.shape, strict=True))
    )
    if not fits:
        raise ValueError(
            f"{name}: index must have the dimensions of x, and no length that is more than that of x but along axis "
            f"{axis}; x has the shape {x.shape}, index {index.shape}"
        )
    places = grid(index.shape, index)
    places[axis] = index
    return tuple(places)


def _in_dtype_of(name: str, x: Any, what: str, value: Any) -> Any:
    """The value in x's dtype, or an error if that can't hold it."""
    if value.dtype.kind == "c" and x.dtype.kind != "c":
        raise TypeError(f"{name}: {what} is complex, but x is not, of dtype {x.dtype}")
    return value if value.dtype == x.dtype else value.astype(x.dtype)


def _source(name: str, x: Any, index: Any, src: Any) -> Any:
    """The part of src that the index speaks of."""
    src = _numbers(name, "src", src)
    if src.ndim != index.ndim or any(n < i for n, i in zip(src.shape, index.shape, strict=True)):
        raise ValueError(
            f"{name}: src must have the dimensions of index, and no smaller length; index has the shape {index.shape}, "
            f"src {src.shape}"
        )
    src = src if src.shape == index.shape else src[tuple(map(slice, index.shape))]
    return _in_dtype_of(name, x, "src", src)


@dim_is_axis
def gather(x: Any, axis: int, index: Any) -> Any:
    """Along an axis, the elements that an index names: for axis 0, y[i, j] = x[index[i, j], j].

    Args:
        x: an array of any shape, with one dimension at least.
        axis: along which.
        index: ints that aren't negative, with as many dimensions as x, and no length that is more than that of x, but
            along the axis.

    Returns:
        The shape of index.

    Raises:
        ValueError: shapes that don't fit, an axis or an index out of range.
        TypeError: x isn't numbers, or the index isn't ints.

    >>> gather(Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, [[0, 0], [1, 0]])
    Tensor([[1. 1.]
            [4. 3.]])
    """
    x, axis, index = _checked("gather", x, axis, index)
    return x[_places("gather", x, axis, index)]


@dim_is_axis
def scatter(x: Any, axis: int, index: Any, src: Any) -> Any:
    """A copy of x in which elements are replaced: for axis 0, y[index[i, j], j] = src[i, j].

    Where a place is named several times, what is written last counts, as in NumPy.

    Args:
        x: an array of any shape, with one dimension at least.
        axis: along which.
        index: ints that aren't negative, with as many dimensions as x, and no length that is more than that of x, but
            along the axis.
        src: as many dimensions, and no length smaller than that of the index; or one number.

    Raises:
        ValueError: shapes that don't fit, an axis or an index out of range.
        TypeError: x or src aren't numbers, or complex for a real x, or the index isn't ints.

    >>> scatter(Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, [[0], [1]], [[-1.0], [-2.0]])
    Tensor([[-1.  2.]
            [ 3. -2.]])
    """
    x, axis, index = _checked("scatter", x, axis, index)
    places = _places("scatter", x, axis, index)
    src = _numbers("scatter", "src", src)
    if not src.ndim and array_in(data_of(x)) is not None:  # a number, of its kind
        src = np.asarray(src, like=data_of(x)) if type(src) is np.ndarray else src
    src = _source("scatter", x, index, src) if src.ndim else _in_dtype_of("scatter", x, "src", src)
    return assign(src, x, Place(places))


@dim_is_axis
def scatter_add(x: Any, axis: int, index: Any, src: Any) -> Any:
    """x, with elements of another array added: for axis 0, y[index[i, j], j] += src[i, j]. What meets adds up.

    Args:
        x: an array of any shape, with one dimension at least.
        axis: along which.
        index: ints that aren't negative, with as many dimensions as x, and no length that is more than that of x, but
            along the axis.
        src: as many dimensions, and no length smaller than that of the index.

    Raises:
        ValueError: shapes that don't fit, an axis or an index out of range.
        TypeError: x or src aren't numbers, or complex for a real x, or the index isn't ints.

    >>> scatter_add(Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, [[0, 0], [1, 0]], np.ones((2, 2)))
    Tensor([[3. 2.]
            [4. 5.]])
    """
    x, axis, index = _checked("scatter_add", x, axis, index)
    places, src = _places("scatter_add", x, axis, index), _source("scatter_add", x, index, src)
    return x + put_into_zeros(src, places, x.shape)


@dim_is_axis
def index_select(x: Any, axis: int, index: Any) -> Any:
    """Along an axis, the slices that an index names: for axis 0, y[i] = x[index[i]].

    Args:
        x: an array of any shape, with one dimension at least.
        axis: along which.
        index: (n,), ints that aren't negative; or one.

    Raises:
        ValueError: an axis or an index out of range, or an index of more dimensions.
        TypeError: x isn't numbers, or the index isn't ints.

    >>> index_select(Tensor([[1.0, 2.0], [3.0, 4.0]]), 0, [1, 1])
    Tensor([[3. 4.]
            [3. 4.]])
    """
    x, axis, index = _checked("index_select", x, axis, index)
    if index.ndim > 1:
        raise ValueError(f"index_select: index must be (n,) or one int, not of shape {index.shape}; gather takes more")
    return np.take(x, np.reshape(index, (-1,)), axis=axis)


def masked_fill(x: Any, mask: Any, value: Any) -> Any:
    """x, with a number in the places in which a mask is True.

    Args:
        x: an array of any shape.
        mask: bools, of a shape that broadcasts to that of x.
        value: one number.

    Raises:
        ValueError: a mask that doesn't broadcast to x, or a value that is more than one number.
        TypeError: x or value aren't numbers, or complex for a real x, or the mask isn't bools.

    >>> masked_fill(Tensor([1.0, 2.0, 3.0]), [False, True, False], 0.0)
    Tensor([1. 0. 3.])
    """
    name = "masked_fill"
    x, mask, value = _numbers(name, "x", x), as_numbers(name, "mask", mask, "biuf"), _numbers(name, "value", value)
    if mask.dtype != bool:
        raise TypeError(f"{name}: mask must be bools, not {mask.dtype}")
    if value.ndim:
        raise ValueError(f"{name}: value must be one number, not of shape {value.shape}")
    if not broadcasts_to(mask.shape, x.shape):
        raise ValueError(f"{name}: mask of shape {mask.shape} doesn't broadcast to the shape {x.shape} of x")
    return np.where(mask, _in_dtype_of(name, x, "value", value), x)
