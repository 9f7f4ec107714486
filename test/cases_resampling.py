"""Cases of resampling, beside the sums that define it, one element after the other."""

import math

import numpy as np
from cases import case, x

from tensorgrad import functions as f
from tensorgrad.derivatives.resampling import resample


def weights(kind):
    """The matrix from n elements to m, by its definition."""
    mode, n, m, scale, align_corners, _ = kind
    a = np.zeros((m, n))
    for i in range(m):
        if mode == "nearest":
            a[i, min(math.floor(i * scale), n - 1)] = 1
        elif mode == "linear":
            place = max(i * scale if align_corners else (i + 0.5) * scale - 0.5, 0)
            first = math.floor(place)
            a[i, first] += 1 - (place - first)
            a[i, min(first + 1, n - 1)] += place - first
        else:
            place = (i + 0.5) * scale - 0.5
            for j in range(math.floor(place) - 1, math.floor(place) + 3):
                t, b = abs(place - j), -0.75
                near, far = (b + 2) * t**3 - (b + 3) * t**2 + 1, b * (t**3 - 5 * t**2 + 8 * t - 4)
                a[i, min(max(j, 0), n - 1)] += near if t < 1 else far
    return a


def product(a, axis, kind, transposed):
    matrix = weights(kind).astype(a.real.dtype)
    matrix = matrix.T if transposed else matrix
    return np.moveaxis(np.tensordot(matrix, a, (1, a.ndim + axis)), 0, a.ndim + axis)


def plane(mode):
    def both(a, size, scale_factor=None, name=None):
        for axis, m in zip((-2, -1), size, strict=True):
            n = a.shape[axis]
            a = product(a, axis, (mode, n, m, n / m, False, False), False)
        return a

    return both


for kind in [
    ("nearest", 3, 5, 0.6, False, False), ("linear", 3, 5, 0.6, False, False), ("linear", 5, 3, 2.0, True, False),
    ("cubic", 4, 6, 2 / 3, False, False),
]:  # fmt: skip
    n, m = kind[1:3]
    case(resample, x(2, n), -1, kind, False, like=product)
    case(resample, x(m, 2, layout="F"), -2, kind, True, like=product)
    case(resample, x(2, n, 2, layout="strided"), -2, kind, False, like=product)
case(resample, x(3, dtype=complex), -1, ("linear", 3, 5, 0.6, False, False), False, like=product)
case(f.interpolate, x(1, 1, 2, 3), (3, 4), like=plane("nearest"))
case(f.interpolate, x(1, 1, 2, 3), (3, 4), None, "bilinear", like=plane("linear"))
case(f.interpolate, x(1, 2, 3, 2, layout="readonly"), (2, 3), None, "bicubic", like=plane("cubic"))
case(
    f.pixel_shuffle, x(4, 1, 2), 2,
    like=lambda a, r: np.array([[[a[2 * (i % 2) + j % 2, i // 2, j // 2] for j in range(4)] for i in range(2)]]),
)  # fmt: skip
case(
    f.pixel_unshuffle, x(1, 2, 4), 2,
    like=lambda a, r: np.array([[[a[0, c // 2, 2 * j + c % 2] for j in range(2)]] for c in range(4)]),
)  # fmt: skip
case(f.channel_shuffle, x(1, 4, 2), 2, like=lambda a, groups: a[:, [0, 2, 1, 3]])
