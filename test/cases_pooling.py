"""Cases of pooling, each window by itself beside NumPy's functions."""

import math

import numpy as np
from cases import case, positive, x

from tensorgrad import functions as f
from tensorgrad.derivatives.pooling import (
    at_maxima,
    max_windows,
    put,
    sum_windows,
    to_maxima,
    to_windows,
)


def members(n, windows):
    """For each window on an axis of n, which elements are in it."""
    if len(windows) == 1:
        (m,) = windows
        return [list(range(i * n // m, -(-(i + 1) * n // m))) for i in range(m)]
    kernel, stride, padding, dilation, m = windows
    every = [[i * stride - padding + t * dilation for t in range(kernel)] for i in range(m)]
    return [[j for j in window if 0 <= j < n] for window in every]


def of_windows(reduce):
    """The function of the windows of one axis that reduces each."""

    def along(a, axis, windows):
        parts = [reduce(np.take(a, window, axis), axis=axis) for window in members(a.shape[axis], windows)]
        return np.stack(parts, axis=a.ndim + axis)

    return along


def spread(g, axis, windows, n):
    y = np.zeros((*g.shape[:axis], n, *g.shape[g.ndim + axis + 1 :]), g.dtype)
    for i, window in enumerate(members(n, windows)):
        for j in window:
            np.moveaxis(y, axis, 0)[j] += np.moveaxis(g, axis, 0)[i]
    return y


A = np.random.default_rng(0).permutation(15).reshape(3, 5) / 2


def places(axis, windows):
    """Where in A the maxima of its windows are, along an axis."""
    found = []
    for window in members(A.shape[axis], windows):
        found.append(np.take(window, np.argmax(np.take(A, window, axis), axis)))
    return np.stack(found, axis=A.ndim + axis)


def with_maxima(windows):
    return A, of_windows(np.max)(A, -1, windows), -1, windows


def picked(a, _, y, axis, windows):
    return np.take_along_axis(a, places(axis, windows), axis)


def brought(g, a, y, axis, windows):
    dx = np.zeros(a.shape, g.dtype)
    for i, j in np.ndindex(g.shape):
        dx[i, places(axis, windows)[i, j]] += g[i, j]
    return dx


WINDOWS = [(2, 2, 0, 1, 2), (3, 2, 1, 1, 3), (2, 1, 0, 2, 3), (3,), (2, 3, 0, 1, 2)]
for windows in WINDOWS:
    case(max_windows, x(2, 5), -1, windows, like=of_windows(np.max))
    case(sum_windows, x(5, 2, layout="F"), -2, windows, like=of_windows(np.sum))
    case(to_windows, x(2, windows[-1]), -1, windows, 5, like=spread)
    case(to_maxima, x(3, windows[-1]), *with_maxima(windows), like=brought)
    case(at_maxima, x(3, 5), *with_maxima(windows), like=picked)
case(max_windows, x(2, 18), -1, (9, 9, 0, 1, 2), like=of_windows(np.max))  # long ones, side by side
case(sum_windows, x(18, 2), -2, (9, 9, 0, 1, 2), like=of_windows(np.sum))
case(
    put, x(2, 2), np.array([[0, 3], [2, 1]]), 4,
    like=lambda a, index, n: np.stack([np.bincount(i, v, n).astype(a.dtype) for v, i in zip(a, index, strict=True)]),
)  # fmt: skip


def of_blocks(reduce):
    """The reduced blocks of 2 along each of the last axes, of even length."""

    def pooled(a, *args, axes=None, **kwargs):
        axes = a.ndim - 1
        split = [n for size in a.shape[1:] for n in (size // 2, 2)]
        return reduce(a.reshape(a.shape[0], *split), axis=tuple(range(2, 2 + 2 * axes, 2)))

    return pooled


for axes, shape in {1: (2, 4), 2: (2, 2, 4), 3: (1, 2, 2, 4)}.items():
    case(getattr(f, f"max_pool{axes}d"), x(*shape), 2, like=of_blocks(np.max))
    case(getattr(f, f"avg_pool{axes}d"), x(*shape), 2, like=of_blocks(np.mean))
    case(
        getattr(f, f"lp_pool{axes}d"),
        positive(*shape),
        2,
        2,
        like=of_blocks(lambda a, axis: np.sqrt(np.sum(a * a, axis))),
    )
    halves = tuple(n // 2 for n in shape[1:])
    case(getattr(f, f"adaptive_avg_pool{axes}d"), x(*shape), halves, like=of_blocks(np.mean))
    case(getattr(f, f"adaptive_max_pool{axes}d"), x(*shape), halves, like=of_blocks(np.max))
    index = np.arange(math.prod(halves)).reshape(1, *halves)
    case(
        getattr(f, f"max_unpool{axes}d"), x(1, *halves), index, 2,
        like=lambda a, index, kernel: np.pad(
            a.reshape(1, -1), ((0, 0), (0, a.size * (2 ** (a.ndim - 1) - 1)))
        ).reshape(1, *[2 * n for n in a.shape[1:]]),
    )  # fmt: skip
case(f.adaptive_avg_pool2d, x(2, 3, 4), 1, like=lambda a, m: np.mean(a, axis=(1, 2), keepdims=True))
case(
    f.avg_pool1d, x(2, 4), 3, 1, 1, False, False,
    like=lambda a, *args: np.stack([a[:, max(i - 1, 0) : i + 2].mean(axis=1) for i in range(4)], axis=1),
)  # fmt: skip
case(f.lp_pool1d, x(2, 4), math.inf, 2, like=lambda a, p, k: of_blocks(np.max)(np.abs(a)))
