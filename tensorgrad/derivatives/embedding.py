"""Rows of a matrix, taken by number, and the reverse: rows added up by number. Each is the other's gradient."""

from typing import Any

import numpy as np

from .arrays import ARRAYS, arange, in_one_call, is_chunked
from .formulas import by_name
from .indexing import Scattered
from .table import derivative

_FEW = 8  # rows with the same number are added one after the other, and more than these by one sum


def _begins(ordered: Any) -> Any:
    """Where each group of equal numbers begins, in numbers that ascend."""
    return np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))


def _groups(numbers: Any) -> tuple[Any, Any, Any]:
    """An order in which equal numbers stand together, where each group of them begins in it, and how large it is."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    begins = _begins(ordered)
    return order, begins, np.diff(begins, append=len(numbers))


def _sums(g: np.ndarray, numbers: np.ndarray, total: np.ndarray) -> None:
    """Write the sum of the rows of g that have a number into the row of that number.

    `np.add.at` does that row by row, which takes several times as long. Here equal numbers are brought together. Of
    small groups the first rows are written at once, the second are added, and so on; a large group is a sum.
    """
    order, begins, sizes = _groups(numbers)
    targets = numbers[order[begins]]
    small = np.flatnonzero(sizes <= _FEW)
    for k in range(_FEW):
        small = small[sizes[small] > k]
        rows = g[order[begins[small] + k]]
        if k:
            total[targets[small]] += rows
        else:
            total[targets[small]] = rows
    for i in np.flatnonzero(sizes > _FEW).tolist():
        np.add.reduce(g[order[begins[i] : begins[i] + sizes[i]]], axis=0, out=total[targets[i]])


@in_one_call
@by_name("in row i the sum of the rows whose index is i")
def _add_rows(g: Any, indices: Any, count: int, skipped: int | None = None) -> Any:
    """(count, D): row i is the sum of the rows of g (..., D) whose index is i; row `skipped` is zero."""
    if type(g) not in ARRAYS or type(indices) not in ARRAYS:
        total = Scattered(g, indices, (count, g.shape[-1])).array()
    else:
        total = np.zeros((count, g.shape[-1]), g.dtype)
        if indices.size:
            _sums(g.reshape(indices.size, g.shape[-1]), indices.ravel(), total)
    if skipped is not None:
        total[skipped] = 0
    return total


def _rows(x: Any, indices: Any) -> Any:
    """x[indices], also of Dask's arrays, which take a row of numbers."""
    if not is_chunked(x):
        return np.take(x, indices, axis=0)
    return np.reshape(np.take(x, np.reshape(indices, (-1,)), axis=0), (*np.shape(indices), *x.shape[1:]))


@by_name("the rows at these indices")
def _take_rows(x: Any, indices: Any, skipped: int | None = None) -> Any:
    """The rows of x (count, D) at the indices (...), (..., D); zeros for the index `skipped`."""
    rows = _rows(x, indices)
    return rows if skipped is None else np.where(np.expand_dims(indices == skipped, -1), 0, rows)


add_rows = derivative(
    _add_rows, lambda h, y, g, indices, count, skipped=None: take_rows(h, indices, skipped)
)  # linear in g, as the other is in x
take_rows = derivative(
    _take_rows, lambda g, y, x, indices, skipped=None: add_rows(g, indices, x.shape[0], skipped)
)


@by_name("the rows of the table at these indices")
def _lookup(weight: Any, indices: Any, skipped: int | None = None, by_frequency: bool = False) -> Any:
    return _rows(weight, indices)


def _lookup_gradient(
    g: Any, y: Any, weight: Any, indices: Any, skipped: int | None = None, by_frequency: bool = False
) -> Any:
    """The rows of g added up, but for those of the index that is skipped; by_frequency, each is a mean in their
    place."""
    if by_frequency:
        counts = add_rows(np.ones((indices.size, 1), g.dtype), np.reshape(indices, (-1,)), weight.shape[0])
        g = g / np.take(counts, indices, axis=0)
    return add_rows(g, indices, weight.shape[0], skipped)


lookup = derivative(_lookup, _lookup_gradient)


# The largest of the rows of each bag ---------------------------------------------------------------------------------


@by_name("in row i the largest numbers of the rows in bag i")
def _largest(rows: Any, bags: Any, count: int) -> Any:
    """(count, D): in row i the largest numbers of the rows (n, D) that are in bag i; zeros for an empty one."""
    total = np.zeros((count, rows.shape[1]), rows.dtype, like=rows)
    if bags.size:
        begins = _begins(bags)
        if type(rows) in ARRAYS:
            total[bags[begins]] = np.maximum.reduceat(rows, begins, axis=0)
        else:  # CuPy has no reduceat
            total[bags[begins]] = rows[begins]
            np.maximum.at(total, bags, rows)
    return total


def _largest_gradient(g: Any, y: Any, rows: Any, bags: Any, count: int) -> Any:
    """g for the first of the largest numbers, as PyTorch has it, and 0 for the others."""
    return take_rows(g, bags) * first_largest(y, rows, bags) if bags.size else np.zeros_like(rows)


@by_name("1 at the first of the largest numbers of each bag, 0 elsewhere")
def first_largest(y: Any, rows: Any, bags: Any) -> Any:
    """Where in each bag the first of its largest numbers is."""
    begins = _begins(bags)
    n, is_largest = len(bags), rows == np.take(y, bags, axis=0)
    places = np.where(is_largest, np.expand_dims(arange(n, bags), -1), n)
    lengths = np.diff(begins, append=n)
    if type(places) in ARRAYS:
        first = np.minimum.reduceat(places, begins, axis=0)
    else:  # CuPy has no reduceat
        first = places[begins]
        np.minimum.at(first, np.repeat(arange(len(begins), begins), lengths), places)
    return (places == np.repeat(first, lengths, axis=0)) & is_largest


largest = derivative(_largest, _largest_gradient)
