"""Arrays with a border of one number around them."""

import numpy as np

from .table import derivative


def inner(shape, widths):
    """The index of what lies inside the border: of the last axes, one for each pair of widths."""
    sizes = shape[len(shape) - len(widths) :]
    return (..., *(slice(before, n - after) for n, (before, after) in zip(sizes, widths, strict=True)))


def _with_border(x, widths, value):
    first = x.ndim - len(widths)
    shape = (*x.shape[:first], *(n + sum(pair) for n, pair in zip(x.shape[first:], widths, strict=True)))
    y = np.zeros_like(x, shape=shape)  # in x's order of memory
    if value:
        y[...] = value
    y[inner(shape, widths)] = x
    return y


with_border = derivative(_with_border, lambda g, y, x, widths, value: g[inner(y.shape, widths)])
