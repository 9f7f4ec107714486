"""Maxima and sums of windows that slide along an axis. Of windows on several axes they are those of one axis after the
other.

`windows` is (kernel, stride, padding, dilation, count), or (count,) for those of adaptive pooling, of which the i-th
goes from floor(i n / count) to ceil((i + 1) n / count). An axis is counted from the last, -1.

The t-th elements of all windows are a slice of the array, a *tap*. So a maximum of windows is one of as many slices as
a window has elements, and nothing is copied.
"""

import functools
import math

import numpy as np

from .arrays import ARRAYS, called_beside, inside, is_chunked, whole
from .chunked import copy_of
from .formulas import by_name
from .table import derivative

ALL = slice(None)
LONG = 8  # a window from here on


@functools.lru_cache(maxsize=256)
def taps(n, windows):
    """Which windows have a t-th element, and where on an axis of n these are: a pair of slices for each t.

    What lies in the padding is left out.

    >>> taps(5, (2, 2, 1, 1, 3))
    ((slice(1, 3, None), slice(1, 4, 2)), (slice(None, None, None), slice(0, 5, 2)))
    """
    if len(windows) == 1:
        return tuple(_adaptive_taps(n, *windows))
    kernel, stride, padding, dilation, count = windows
    pairs = []
    for t in range(kernel):
        place = t * dilation - padding  # of the first window's t-th element
        first, last = max(-(place // stride), 0), min((n - 1 - place) // stride, count - 1)
        if first <= last:
            ins = slice(place + first * stride, place + last * stride + 1, stride)
            pairs.append((ALL if last - first == count - 1 else slice(first, last + 1), ins))
    return tuple(pairs)


def _adaptive_taps(n, count):
    """The windows are alike after every count / gcd(n, count)."""
    common = math.gcd(n, count)
    period, step = count // common, n // common
    for i in range(period):
        for place in range(i * n // count, -(-(i + 1) * n // count)):
            yield (
                ALL if period == 1 else slice(i, None, period),
                slice(place, place + (common - 1) * step + 1, step),
            )


def is_disjoint(windows):
    """Whether no element is in two windows."""
    return len(windows) > 1 and windows[1] > (windows[0] - 1) * windows[3]


def is_tiled(n, windows):
    """Whether each element of an axis of n is in one window."""
    if len(windows) == 1:  # those of adaptive pooling are such that overlap
        return False
    kernel, stride, padding, dilation, count = windows
    return kernel == stride and dilation == 1 and not padding and kernel * count == n


def are_long(x, windows, axis):
    """Whether windows that stand side by side have many elements."""
    return windows[0] > LONG and is_tiled(x.shape[axis], windows)


def rows_of(x, axis, windows):
    """An axis of windows side by side as two: that of the windows, and that of their elements."""
    return np.reshape(x, (*x.shape[:axis], windows[-1], windows[0], *x.shape[x.ndim + axis + 1 :]))


def at(axis, part):
    """The index of a slice of an axis."""
    return (..., part, *(ALL,) * (-1 - axis))


def like(x, axis, n, value):
    """An array of one value, of x's kind, dtype and order of memory, with n on the axis; any numbers if it is None."""
    shape = (*x.shape[:axis], n, *x.shape[x.ndim + axis + 1 :])
    y = np.empty_like(x, shape=shape)
    if value is not None:
        y[...] = value
    return y


REDUCTIONS = {np.maximum: np.max, np.minimum: np.min, np.add: np.sum}  # as CuPy has them


def _over_windows(ufunc, nothing, x, axis, windows):
    """The elements of each window put together by a ufunc of two."""
    if are_long(x, windows, axis):  # then NumPy's own loop is faster
        return REDUCTIONS[ufunc](rows_of(x, axis, windows), axis=axis)
    pairs = taps(x.shape[axis], windows)
    everywhere = [x[at(axis, ins)] for outs, ins in pairs if outs is ALL]
    if len(everywhere) > 1:
        y = ufunc(everywhere[0], everywhere[1])
    else:
        y = copy_of(everywhere[0]) if everywhere else like(x, axis, windows[-1], nothing)
    for part in everywhere[2:]:
        ufunc(y, part, out=y)
    for outs, ins in pairs:
        if outs is not ALL:
            place = at(axis, outs)
            if type(y) in ARRAYS:
                ufunc(y[place], x[at(axis, ins)], out=y[place])
            else:  # of which a part may be no view
                y[place] = ufunc(y[place], x[at(axis, ins)])
    return y


# Sums, and the reverse: a number to every element of its window. Both are linear, and each the other's gradient ------


@by_name("the sum of each window along the axis")
def _sum_windows(x, axis, windows):
    return _over_windows(np.add, 0, x, axis, windows)


@by_name("each number to all elements of its window, added up where windows overlap")
def _to_windows(g, axis, windows, n):
    disjoint = is_disjoint(windows)
    x = like(g, axis, n, None if is_tiled(n, windows) else 0)
    for outs, ins in taps(n, windows):
        if disjoint:
            x[at(axis, ins)] = g[at(axis, outs)]
        else:
            x[at(axis, ins)] += g[at(axis, outs)]
    return x


sum_windows = derivative(_sum_windows, lambda g, y, x, axis, windows: to_windows(g, axis, windows, x.shape[axis]))
to_windows = derivative(_to_windows, lambda h, x, g, axis, windows, n: sum_windows(h, axis, windows))

# Maxima. The gradient goes to the first maximum of a window; where there is nan, to the last nan, as in PyTorch ------


def hits(x, y, axis, windows):
    """For each tap in turn, its two indices, and which windows have their maximum y there."""
    pairs = [(at(axis, outs), at(axis, ins), outs is ALL) for outs, ins in taps(x.shape[axis], windows)]
    nans = _last_nans(x, y, pairs)
    unseen = y == y
    for t, (outs, ins, complete) in enumerate(pairs, 1):
        hit = unseen[outs]
        if t < len(pairs) or not complete:
            hit = hit & (x[ins] == y[outs])
            unseen[outs] ^= hit
        yield outs, ins, hit if nans is None else hit | nans[t - 1]


def _last_nans(x, y, pairs):
    """For each tap, which windows have their last nan there; None if there is no nan."""
    unseen = np.isnan(y)
    if not is_chunked(unseen) and not np.any(whole(unseen)):
        return None
    found = []
    for outs, ins, _ in reversed(pairs):
        found.append(unseen[outs] & np.isnan(x[ins]))
        unseen[outs] ^= found[-1]
    return found[::-1]


def places_in_rows(a, x, y, axis, windows):
    """Where in long windows side by side the first maximum is; None where it is told tap by tap."""
    if type(a) in ARRAYS and type(x) in ARRAYS and are_long(x, windows, axis) and not np.any(np.isnan(y)):
        return np.argmax(rows_of(x, axis, windows), axis=axis, keepdims=True)
    return None


@by_name("the largest number of each window along the axis")
def _max_windows(x, axis, windows):
    return _over_windows(np.maximum, -math.inf, x, axis, windows)


@by_name("each number to where its window has its maximum, added up")
def _to_maxima(g, x, y, axis, windows):
    """Each number to where its window has its maximum."""
    places = places_in_rows(g, x, y, axis, windows)
    if places is not None:
        rows = np.zeros((*x.shape[:axis], windows[-1], windows[0], *x.shape[x.ndim + axis + 1 :]), g.dtype, like=g)
        np.put_along_axis(rows, places, np.expand_dims(g, axis), axis)
        return rows.reshape(x.shape)
    prototype = x if type(g) in ARRAYS else g  # one may be a batch
    dx = called_beside((g,), np.empty_like, prototype, dtype=g.dtype, shape=x.shape)
    disjoint = is_disjoint(windows)
    if not is_tiled(x.shape[axis], windows):
        dx[...] = 0
    for outs, ins, hit in hits(x, y, axis, windows):
        if disjoint and type(dx) in ARRAYS:
            np.multiply(g[outs], hit, out=dx[ins])
        elif disjoint:
            dx[ins] = g[outs] * hit
        else:
            dx[ins] += g[outs] * hit
    return dx


@by_name("the numbers where the windows have their maxima")
def _at_maxima(a, x, y, axis, windows):
    """Of an array like x, what stands where x has the maxima y of its windows."""
    places = places_in_rows(a, x, y, axis, windows)
    if places is not None:
        return np.take_along_axis(rows_of(a, axis, windows), places, axis).reshape(y.shape)
    prototype = y if type(a) in ARRAYS else a
    found = called_beside((a,), np.zeros_like, prototype, dtype=a.dtype, shape=y.shape)
    for outs, ins, hit in hits(x, y, axis, windows):
        found[outs] += a[ins] * hit
    return found


max_windows = derivative(_max_windows, lambda g, y, x, *where: to_maxima(g, inside(x), inside(y), *where))
to_maxima = derivative(_to_maxima, lambda h, dx, g, *where: at_maxima(h, *where))
at_maxima = derivative(_at_maxima, lambda g, found, a, *where: to_maxima(g, *where))


# Numbers back to where maxima were -----------------------------------------------------------------------------------


@by_name("zeros, with the numbers at these places of the last axis")
def _put(x, index, n):
    y = np.zeros_like(x, shape=(*x.shape[:-1], n))
    np.put_along_axis(y, index, x, -1)
    return y


put = derivative(_put, lambda g, y, x, index, n: np.take_along_axis(g, index, -1))
