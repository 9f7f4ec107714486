"""Tables whose rows are looked up by number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arguments import LARGEST, is_int, non_negative, norm_order, one_of, yes_or_no
from ..derivatives.arrays import ARRAYS, all_lie, arange, as_numbers, whole
from ..derivatives.embedding import add_rows, largest, lookup
from ..tensor import Tensor, data_of

__all__ = ["embedding", "embedding_bag", "one_hot"]


def _indices(name: str, what: str, value: Any, count: int | None = None, of: str = "") -> Any:
    """An array of ints from 0 to below the count, or an error."""
    array = as_numbers(name, what, value, "iufc")
    if isinstance(value, list | tuple) and not array.size:
        array = array.astype(int)  # of an empty list, too
    if isinstance(array, Tensor) or array.dtype.kind not in "iu":
        raise TypeError(f"{name}: {what} must be ints, not {array.dtype}")
    if not all_lie(array, 0, math.inf if count is None else count - 1):
        numbers = whole(array)
        wrong = numbers.min() if numbers.min() < 0 else numbers.max()
        wanted = "not be negative" if count is None else f"be from 0 to {count - 1}{of}"
        raise IndexError(f"{name}: {what} must {wanted}, but {wrong} is among them")
    return array


def _table(name: str, weight: Any) -> Any:
    weight = as_numbers(name, "weight", weight, "f")
    if weight.ndim != 2:
        raise ValueError(f"{name}: weight must have the shape (rows, width), not {weight.shape}")
    return weight


def padding_row(where: str, value: Any, count: int) -> int | None:
    """The number of a row, counted from the end where it is negative; None stays None."""
    if value is None:
        return None
    if not is_int(value) or not -count <= value < count:
        raise ValueError(f"{where} must be None or an int from {-count} to {count - 1}, not {value!r}")
    return int(value) % count


def largest_norm(where: str, value: Any) -> float | None:
    return None if value is None else non_negative(where, value)


def _shorten(name: str, weight: Any, indices: Any, max_norm: float, norm_type: float) -> None:
    """Scale the rows of weight that are looked up, and whose norm is above max_norm, down to it: in place."""
    table, rows = data_of(weight), np.unique(whole(indices))
    if type(table) not in ARRAYS or not table.flags.writeable:
        raise ValueError(f"{name}: max_norm changes weight in place, but this one can't be written into")
    norms = np.linalg.norm(table[rows], ord=norm_type, axis=1)
    long = norms > max_norm
    table[rows[long]] *= (max_norm / (norms[long] + 1e-7)).astype(table.dtype)[:, None]


def embedding(
    x: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
) -> Any:
    """Row x[i, ...] of a table for each number in x, as `torch.nn.functional.embedding`.

    Args:
        x: (...) ints from 0 to below the number of rows.
        weight: (rows, width).
        padding_idx: the number of a row that gets no gradient, counted from the end where it is negative.
        max_norm: before they are looked up, rows with a larger norm are scaled down to this one, in place: in the array
            of a Tensor too, whose graph isn't told. So look them up before the table is used for something else.
        norm_type: the p of the norm (sum |w|^p)^(1/p).
        scale_grad_by_freq: whether the gradient of a row is divided by how often it is in x.

    Returns:
        (..., width)

    Raises:
        IndexError: a number in x is no row's.
        ValueError: weight isn't a matrix, or an argument is out of its range.
        TypeError: x isn't ints, weight isn't real numbers, or scale_grad_by_freq isn't a bool.

    >>> from tensorgrad import Tensor
    >>> weight = Tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    >>> embedding([2, 0, 2], weight).sum().backward()
    >>> weight.grad
    array([[1., 1.],
           [0., 0.],
           [2., 2.]])
    """
    weight = _table("embedding", weight)
    x = _indices("embedding", "x", x, weight.shape[0], f" for a weight of shape {weight.shape}")
    padding_idx = padding_row("embedding: padding_idx", padding_idx, weight.shape[0])
    max_norm, norm_type = largest_norm("embedding: max_norm", max_norm), norm_order("embedding: norm_type", norm_type)
    by_frequency = yes_or_no("embedding: scale_grad_by_freq", scale_grad_by_freq)
    if max_norm is not None:
        _shorten("embedding", weight, x, max_norm, norm_type)
    return lookup(weight, x, padding_idx, by_frequency)


def _bags(x: Any, offsets: Any, include_last_offset: bool) -> tuple[Any, int]:
    """The number of the bag of each element, and how many bags there are; or an error."""
    if x.ndim == 2:
        if offsets is not None:
            raise ValueError("embedding_bag: where x has two dimensions, its rows are the bags; leave out offsets")
        count, length = x.shape
        return np.repeat(arange(count, x), length), count
    if x.ndim != 1:
        raise ValueError(f"embedding_bag: x must have the shape (bags, length), or (n,) with offsets, not {x.shape}")
    if offsets is None:
        raise ValueError("embedding_bag: where x has one dimension, offsets must tell where each bag begins")
    offsets = _indices("embedding_bag", "offsets", offsets)
    n = x.shape[0]
    bad = offsets.ndim != 1 or not len(offsets) or offsets[0] != 0 or np.any(np.diff(offsets) < 0) or offsets[-1] > n
    if bad or (include_last_offset and offsets[-1] != n):
        last = f", and end in {n}" if include_last_offset else ""
        raise ValueError(
            f"embedding_bag: offsets must begin with 0, ascend, and not exceed {n}{last}, for x of shape {x.shape}; "
            f"not {offsets}"
        )
    ends = offsets[1:] if include_last_offset else np.append(offsets[1:], n)
    starts = offsets[: len(ends)]
    return np.repeat(arange(len(ends), ends), ends - starts), len(ends)


def embedding_bag(
    x: Any,
    weight: Any,
    offsets: Any = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Any:
    """The sums, means or maxima of bags of rows of a table, as `torch.nn.functional.embedding_bag`.

    Args:
        x: (bags, length) ints from 0 to below the number of rows, or (n,), the bags one after the other.
        weight: (rows, width).
        offsets: (bags,) where in x each bag begins, if x is (n,). An empty bag gives zeros.
        max_norm, norm_type: as of `embedding`.
        scale_grad_by_freq: as of `embedding`; not with 'max'.
        mode: 'sum', 'mean' or 'max'.
        per_sample_weights: of x's shape, by which the rows are multiplied, for 'sum'; or None.
        include_last_offset: whether offsets have one number more, the end of the last bag.
        padding_idx: the number of a row that is left out of all bags, counted from the end where it is negative.

    Returns:
        (bags, width)

    Raises:
        IndexError: a number in x is no row's.
        ValueError: shapes or offsets that don't fit, or an argument is out of its range.
        TypeError: x or offsets aren't ints, the others aren't real numbers, or a flag isn't a bool.

    >>> weight = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    >>> embedding_bag([1, 2, 0], weight, offsets=[0, 2], mode="sum")
    array([[6., 8.],
           [0., 1.]])
    """
    name = "embedding_bag"
    weight = _table(name, weight)
    count = weight.shape[0]
    x = _indices(name, "x", x, count, f" for a weight of shape {weight.shape}")
    mode = one_of(f"{name}: mode", mode, ("sum", "mean", "max"))
    padding_idx = padding_row(f"{name}: padding_idx", padding_idx, count)
    max_norm, norm_type = largest_norm(f"{name}: max_norm", max_norm), norm_order(f"{name}: norm_type", norm_type)
    by_frequency = yes_or_no(f"{name}: scale_grad_by_freq", scale_grad_by_freq)
    if by_frequency and mode == "max":
        raise ValueError(f"{name}: scale_grad_by_freq isn't defined for the mode 'max'")
    bags, many = _bags(x, offsets, yes_or_no(f"{name}: include_last_offset", include_last_offset))
    if per_sample_weights is not None:
        per_sample_weights = _weights(per_sample_weights, x, mode)
    if max_norm is not None:
        _shorten(name, weight, x, max_norm, norm_type)
    x = np.reshape(x, (-1,))
    if padding_idx is not None:
        kept = np.flatnonzero(x != padding_idx)
        x, bags = x[kept], bags[kept]
        per_sample_weights = None if per_sample_weights is None else per_sample_weights[kept]
    rows = lookup(weight, x, None, by_frequency)
    if mode == "max":
        return largest(rows, bags, many)
    if per_sample_weights is not None:
        rows = rows * np.expand_dims(per_sample_weights, 1)
    total = add_rows(rows, bags, many)
    if mode == "mean":
        total = total / np.maximum(np.bincount(bags, minlength=many), 1).astype(total.dtype)[:, None]
    return total


def _weights(value: Any, x: Any, mode: str) -> Any:
    """per_sample_weights as a vector, or an error."""
    value = as_numbers("embedding_bag", "per_sample_weights", value, "f")
    if mode != "sum":
        raise ValueError(f"embedding_bag: per_sample_weights are for the mode 'sum', not {mode!r}")
    if value.shape != x.shape:
        raise ValueError(f"embedding_bag: per_sample_weights must have x's shape {x.shape}, not {value.shape}")
    return np.reshape(value, (-1,))


def one_hot(x: Any, num_classes: int = -1) -> Any:
    """1 in the place of each number, and 0 in the other places: (..., num_classes) ints, of x (...), as
    `torch.nn.functional.one_hot`.

    Args:
        x: ints from 0 to below num_classes.
        num_classes: -1 for one more than the largest number in x.

    Raises:
        ValueError: num_classes is neither -1 nor a positive int, or x is empty and tells none.
        IndexError: a number in x is negative, or not below num_classes.
        TypeError: x isn't ints.

    >>> one_hot([2, 0])
    array([[0, 0, 1],
           [1, 0, 0]])
    """
    if not is_int(num_classes) or not (num_classes == -1 or 1 <= num_classes <= LARGEST):
        raise ValueError(f"one_hot: num_classes must be an int from 1 to {LARGEST}, or -1, not {num_classes!r}")
    x = _indices("one_hot", "x", x, None if num_classes == -1 else int(num_classes))
    if num_classes == -1:
        if not x.size:
            raise ValueError("one_hot: x is empty, so num_classes must be given")
        num_classes = int(whole(x).max()) + 1
    return (np.expand_dims(x, -1) == arange(num_classes, x)).astype(np.int64)
