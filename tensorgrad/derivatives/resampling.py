"""Axes resampled: brought to another length, by interpolation. On one axis that is a linear map, y = A x, of which each
row has few numbers; its gradient is that of the transposed matrix.

`kind` is (mode, n, m, scale, align_corners, antialias): from n to m, with `scale` elements of x for one of y. Sources:
R. Keys, Cubic convolution interpolation for digital image processing (1981), of cubic; and the triangle and the cubic
stretched by the scale for antialias, as image libraries have it.
"""

import functools
import math

import numpy as np

from .arrays import ARRAYS, contiguous, whole
from .formulas import by_name
from .table import derivative

BLOCK = 64  # rows, and the least lines for which dense blocks of them pay
KEPT_LENGTH = 2048


# The matrix -----------------------------------------------------------------------------------------------------------


def triangle(t):
    return np.maximum(1 - np.abs(t), 0)


def cubic(t, a):
    """Keys' kernel: 1 at 0, and 0 at all other integers."""
    t = np.abs(t)
    near = ((a + 2) * t - (a + 3)) * t * t + 1
    far = ((t - 5) * t + 8) * t * a - 4 * a
    return np.where(t < 1, near, np.where(t < 2, far, 0))


def _nearest(kind):
    """x[floor(i scale)], or of the middle of y's element, counted in float32 as PyTorch does."""
    mode, n, m, scale, _, _ = kind
    place = (np.arange(m) + np.float64(0.5 if mode == "nearest-exact" else 0)) * scale
    return np.minimum(np.floor(place.astype(np.float32)), n - 1)[:, None].astype(np.intp), np.ones((m, 1))


def _smooth(kind):
    """The 2 or 4 neighbours of a place between the elements, by their distances; beyond the ends, the last ones."""
    mode, n, m, scale, align_corners, _ = kind
    place = np.arange(m) * scale if align_corners else (np.arange(m) + 0.5) * scale - 0.5
    if mode == "linear":
        place = np.maximum(place, 0)
    first = np.floor(place)
    steps = np.arange(2) if mode == "linear" else np.arange(-1, 3)
    away = (place - first)[:, None] - steps
    weights = triangle(away) if mode == "linear" else cubic(away, -0.75)
    return np.clip(first[:, None].astype(np.intp) + steps, 0, n - 1), weights


def _antialiased(kind):
    """All elements under a kernel that is as wide as an element of y, if that is the wider; what lies beyond the ends
    doesn't count."""
    mode, n, m, scale, _, _ = kind
    wide = max(scale, 1.0)
    support = wide * (1 if mode == "linear" else 2)
    middle = scale * (np.arange(m) + 0.5)
    first = np.maximum((middle - support + 0.5).astype(np.intp), 0)
    stop = np.minimum((middle + support + 0.5).astype(np.intp), n)
    index = first[:, None] + np.arange(max(int(np.max(stop - first, initial=1)), 1))
    away = (index - middle[:, None] + 0.5) / wide
    weights = np.where(index < stop[:, None], triangle(away) if mode == "linear" else cubic(away, -0.5), 0)
    return np.minimum(index, n - 1), weights / np.sum(weights, axis=1, keepdims=True)


def _area(kind):
    """The mean of the elements from floor(i n / m) to ceil((i + 1) n / m)."""
    _, n, m, *_ = kind
    first, stop = np.arange(m) * n // m, -(-(np.arange(m) + 1) * n // m)
    index = first[:, None] + np.arange((stop - first).max())
    return np.minimum(index, n - 1), (index < stop[:, None]) / (stop - first)[:, None]


PLAIN = {"nearest": _nearest, "nearest-exact": _nearest, "linear": _smooth, "cubic": _smooth, "area": _area}


def kept(func):
    """Decorator: the last results are kept, for axes that aren't long."""
    cached = functools.lru_cache(maxsize=32)(func)
    return lambda kind, *args: (cached if max(kind[1:3]) <= KEPT_LENGTH else func)(kind, *args)


@kept
def matrix(kind, transposed):
    """The numbers of A that aren't zero, and where: rows, columns, numbers, sorted by rows."""
    mode, n, m, *_, antialias = kind
    columns, numbers = (_antialiased if antialias else PLAIN[mode])(kind)
    places = (np.arange(m)[:, None] * n + columns)[numbers != 0]
    places, which = np.unique(places, return_inverse=True)
    numbers = np.bincount(which, numbers[numbers != 0], len(places))
    rows, columns = np.divmod(places, n)
    if not transposed:
        return rows, columns, numbers
    order = np.argsort(columns, kind="stable")
    return columns[order], rows[order], numbers[order]


@kept
def gathering(kind, transposed):
    """A as index and weight of shape (k, m): y is the sum over k of weight[k] x[index[k]]; and which rows are empty."""
    rows, columns, numbers = matrix(kind, transposed)
    m = kind[1] if transposed else kind[2]
    count = np.bincount(rows, minlength=m)
    k = np.arange(len(rows)) - (np.cumsum(count) - count)[rows]
    index, weight = np.zeros((max(int(count.max(initial=1)), 1), m), np.intp), None
    index[:, rows[k == 0]] = columns[k == 0]
    index[k, rows] = columns
    if not np.all(numbers == 1) or np.any(count != len(index)):
        weight = np.zeros(index.shape)
        weight[k, rows] = numbers
    return index, weight, np.flatnonzero(count == 0)


@kept
def blocks(kind, transposed, dtype):
    """A as dense blocks along its diagonal: of so many rows, the columns that they need, and the numbers."""
    rows, columns, numbers = matrix(kind, transposed)
    n, m = (kind[2], kind[1]) if transposed else (kind[1], kind[2])
    found = []
    height = m if max(n, m) <= 2 * BLOCK else max(min(BLOCK, BLOCK * m // n), 1)
    for top in range(0, m, height):
        some = slice(*np.searchsorted(rows, [top, top + height]))
        left, right = (columns[some].min(), columns[some].max() + 1) if columns[some].size else (0, 1)
        block = np.zeros((min(height, m - top), right - left), dtype)
        block[rows[some] - top, columns[some] - left] = numbers[some]
        found.append((slice(top, top + len(block)), slice(left, right), block))
    return found


# Its product with an axis ---------------------------------------------------------------------------------------------


@by_name("interpolation along the axis, a product with a matrix of weights; transposed, with that matrix transposed")
def _resample(x, axis, kind, transposed):
    if type(x) not in ARRAYS or x.dtype.char not in "fd" or not x.size:
        return _gathered(x, axis, kind, transposed)
    order = sorted(range(x.ndim), key=lambda i: -x.strides[i])  # of memory
    z = contiguous(x.transpose(order))
    place = order.index(x.ndim + axis)
    before, n, after = math.prod(z.shape[:place]), z.shape[place], math.prod(z.shape[place + 1 :])
    lines = z.reshape(before, n, after)
    y = _product(lines, kind, transposed)
    y = _gathered(lines, -2, kind, transposed) if y is None else y
    y = y.reshape(*z.shape[:place], y.shape[1], *z.shape[place + 1 :])
    return y.transpose(np.argsort(order))


def _product(lines, kind, transposed):
    """By blocks; None where it is better gathered: an element alone, few lines, or numbers that aren't finite, which
    times 0 are nan."""
    before, _, after = lines.shape
    if (kind[0].startswith("nearest") and not transposed) or before * after < BLOCK:
        return None
    m = kind[1] if transposed else kind[2]
    y = np.empty((before, m, after), lines.dtype, like=lines)
    with np.errstate(over="ignore", invalid="ignore"):
        for rows, columns, block in blocks(kind, transposed, lines.dtype):
            if after == 1:
                np.matmul(lines[:, columns, 0], block.T, out=y[:, rows, 0])
            else:
                np.matmul(block, lines[:, columns], out=y[:, rows])
        total = np.sum(lines if lines.size < y.size else y)
    return y if np.isfinite(total) else None


def _gathered(x, axis, kind, transposed):
    """As the sum over k of weight[k] x[index[k]]."""
    index, weight, empty = gathering(kind, transposed)
    behind = (slice(None),) * (-1 - axis)
    y = None
    for k in range(len(index)):
        part = x[(..., like(x, index[k]), *behind)]
        if weight is not None:
            part = part * like(x, weight[k].reshape(-1, *(1,) * len(behind)).astype(x.real.dtype))
        y = part if y is None else y + part
    if len(empty):
        y[(..., like(x, empty), *behind)] = 0
    return y


def like(x, array):
    """The array, as one of x's kind."""
    return array if type(whole(x)) in ARRAYS else np.asarray(array.tolist(), dtype=array.dtype, like=x)


resample = derivative(
    _resample, lambda g, y, x, axis, kind, transposed: resample(g, axis, kind, not transposed)
)
