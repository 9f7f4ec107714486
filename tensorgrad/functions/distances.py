"""Distances and angles between vectors, and vectors of length 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import dim_is_axis, is_int, non_negative, norm_order, yes_or_no
from ..derivatives import distances as of_arrays
from ..derivatives.arrays import as_numbers, inside
from ..derivatives.distances import at_least, not_below
from ..errors import explained
from ..tensor import Tensor

__all__ = ["pairwise_distance", "cosine_similarity", "normalize", "cdist", "pdist"]


def _real(name: str, what: str, x: Any) -> Any:
    return x if type(x) is Tensor and x._data.dtype.kind == "f" else as_numbers(name, what, x, "f")


def _one_axis(name: str, axis: Any, shape: tuple[int, ...]) -> int:
    ndim = len(shape)
    if not is_int(axis) or not -ndim <= axis < ndim:
        wanted = f"an int from {-ndim} to {ndim - 1}" if ndim else "one of x, which has none"
        raise ValueError(f"{name}: axis must be {wanted}, for the shape {shape}, not {axis!r}")
    return int(axis)


def _require_broadcasting(name: str, x1: Any, x2: Any) -> tuple[int, ...]:
    """The shape that both have together, or an error that names both."""
    try:
        return np.broadcast_shapes(x1.shape, x2.shape)
    except ValueError as error:
        raise explained(error, name, (x1, x2)) from error


@dim_is_axis
def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdims: bool = False) -> Any:
    """The p-norm of x1 - x2 + eps along the last axis.

    Args:
        x1, x2: (N, D), or (D,), or any shapes that broadcast.
        p: the order of the norm; inf is the largest difference.
        eps: is added to each difference. With 0, the distance of equal vectors is 0, and so is its gradient.
        keepdims: whether the last axis stays, with the length 1.

    Raises:
        ValueError: shapes that don't broadcast, p that is no number, or a negative eps.
        TypeError: x1 or x2 aren't real numbers, keepdims isn't a bool.

    >>> pairwise_distance(Tensor([[0.0, 0.0]]), [[3.0, 4.0]], eps=0.0)
    Tensor([5.])
    """
    name = "pairwise_distance"
    x1, x2 = _real(name, "x1", x1), _real(name, "x2", x2)
    if not _require_broadcasting(name, x1, x2):
        raise ValueError(f"{name}: x1 and x2 need an axis of numbers to be compared, (..., D), not the shape ()")
    p, eps = norm_order(f"{name}: p", p), non_negative(f"{name}: eps", eps)
    return of_arrays.distance(x1, x2, p, eps, yes_or_no(f"{name}: keepdims", keepdims))


@dim_is_axis
def cosine_similarity(x1: Any, x2: Any, axis: int = 1, eps: float = 1e-8) -> Any:
    """The cosine of the angle between vectors, sum(x1 x2) / (|x1| |x2|), where a length counts as eps at least.

    Args:
        x1, x2: shapes that broadcast.
        axis: along which the vectors lie; it goes.
        eps: the least length. (Its slope stays that of the length.)

    Raises:
        ValueError: shapes that don't broadcast, an axis that isn't there, or a negative eps.
        TypeError: x1 or x2 aren't real numbers.

    >>> cosine_similarity(Tensor([[1.0, 0.0], [1.0, 1.0]]), [[0.0, 2.0], [3.0, 3.0]])
    Tensor([0. 1.])
    """
    name = "cosine_similarity"
    x1, x2 = _real(name, "x1", x1), _real(name, "x2", x2)
    shape = _require_broadcasting(name, x1, x2)
    axis, eps = _one_axis(name, axis, shape) % len(shape), non_negative(f"{name}: eps", eps)
    # counted from behind, as shapes broadcast
    units = [
        x
        / at_least(np.linalg.norm(np.broadcast_to(x, shape) if x.shape != shape else x, axis=axis, keepdims=True), eps)
        for x in (x1, x2)
    ]
    return np.sum(units[0] * units[1], axis=axis)


@dim_is_axis
def normalize(x: Any, p: float = 2.0, axis: Any = 1, eps: float = 1e-12) -> Any:
    """x / max(norm(x), eps): vectors of length 1.

    Args:
        x: any shape.
        p: the order of the norm.
        axis: along which the vectors lie, or several such axes in a tuple.
        eps: the least number that is divided by: a vector of zeros stays one.

    Raises:
        ValueError: an axis that isn't there, p that is no number, or a negative eps.
        TypeError: x isn't real numbers.

    >>> normalize(Tensor([[3.0, 4.0], [0.0, 0.0]]))
    Tensor([[0.6 0.8]
            [0.  0. ]])
    """
    name = "normalize"
    x, p = _real(name, "x", x), norm_order(f"{name}: p", p)
    several = axis if isinstance(axis, tuple) else (axis,)
    several = tuple(_one_axis(name, a, x.shape) for a in several)
    if len({a % x.ndim for a in several}) < len(several) or not several:
        raise ValueError(f"{name}: axis must be an int, or a tuple of different ints, not {axis!r}")
    eps = non_negative(f"{name}: eps", eps)
    length = np.linalg.vector_norm(x, axis=several if len(several) > 1 else several[0], keepdims=True, ord=p)
    return x / not_below(length, eps)


def _require_rows(name: str, what: str, x: Any) -> Any:
    x = _real(name, what, x)
    if x.ndim < 2:
        raise ValueError(f"{name}: {what} must be (..., m, n), rows of n numbers, not of shape {x.shape}")
    return x


def cdist(x1: Any, x2: Any, p: float = 2.0) -> Any:
    """The distance of each row of x1 from each row of x2: the p-norm of their difference.

    Args:
        x1: (..., m, n).
        x2: (..., r, n); what stands before broadcasts.
        p: the order of the norm, not negative; inf is the largest difference, 0 the number of those that aren't 0,
            which has no gradient, and is an array. Of inf, several that are largest share the gradient; PyTorch gives
            each all of it.

    Returns:
        (..., m, r). Where a distance is 0, so is its gradient.

    Raises:
        ValueError: shapes that don't fit, or p that is no such number.
        TypeError: x1 or x2 aren't real numbers.

    >>> cdist(Tensor([[0.0, 0.0], [3.0, 4.0]]), [[0.0, 0.0]])
    Tensor([[0.]
            [5.]])
    """
    name = "cdist"
    x1, x2 = _require_rows(name, "x1", x1), _require_rows(name, "x2", x2)
    try:
        np.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
        fits = x1.shape[-1] == x2.shape[-1]
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"{name}: x1 and x2 must be (..., m, n) and (..., r, n), not {x1.shape} and {x2.shape}")
    if (p := norm_order(f"{name}: p", p)) < 0:
        raise ValueError(f"{name}: p must not be negative; it is {p}")
    return of_arrays.distances(x1, x2, p)


def pdist(x: Any, p: float = 2.0) -> Any:
    """The distance of each row from each later one, (0, 1), (0, 2), ..., (1, 2), ...: what `cdist(x, x)` has above its
    diagonal.

    Args:
        x: (m, n).
        p: the order of the norm, not negative.

    Returns:
        (m (m - 1) / 2,)

    Raises:
        ValueError: x isn't a matrix, or p no such number.
        TypeError: x isn't real numbers.

    >>> pdist(Tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
    Tensor([5.         1.         4.24264069])
    """
    name = "pdist"
    x = _require_rows(name, "x", x)
    if x.ndim != 2:
        raise ValueError(f"{name}: x must be (m, n), not of shape {x.shape}")
    if (p := norm_order(f"{name}: p", p)) < 0:
        raise ValueError(f"{name}: p must not be negative; it is {p}")
    rows, later = (np.asarray(i, like=inside(x)) for i in np.triu_indices(len(x), 1))
    return of_arrays.distance(x[rows], x[later], p, 0.0)
