"""Arrays with a border around them: of one number, or of what stands elsewhere in the array."""

import numpy as np

from .chunked import copy_of
from .formulas import by_name
from .table import derivative


def inner(shape, widths):
    """The index of what lies inside the border: of the last axes, one for each pair of widths."""
    sizes = shape[len(shape) - len(widths) :]
    return (..., *(slice(before, n - after) for n, (before, after) in zip(sizes, widths, strict=True)))


def copies(shape, widths, mode):
    """The border of each axis, and where what it shows stands, both as indices; the axes from the last to the first."""
    for axis in range(-1, -len(widths) - 1, -1):
        before, after = widths[axis]
        stop, end = shape[axis] - after, shape[axis]
        n, last = stop - before, stop - 2 - after
        sources = {
            "reflect": (slice(2 * before, before, -1), slice(stop - 2, last if last >= 0 else None, -1)),
            "replicate": (slice(before, before + 1), slice(stop - 1, stop)),
            "circular": (slice(n, n + before), slice(before, before + after)),
        }[mode]
        for width, border, source in zip((before, after), (slice(before), slice(stop, end)), sources, strict=True):
            if width:
                behind = (slice(None),) * (-1 - axis)
                yield (..., border, *behind), (..., source, *behind), axis


@by_name("the array with a border of so many elements")
def _with_border(x, widths, mode, value):
    first = x.ndim - len(widths)
    shape = (*x.shape[:first], *(n + sum(pair) for n, pair in zip(x.shape[first:], widths, strict=True)))
    y = np.zeros_like(x, shape=shape) if mode == "constant" else np.empty_like(x, shape=shape)  # in x's order of memory
    if mode == "constant" and value:
        y[...] = value
    y[inner(shape, widths)] = x
    for border, source, _ in copies(shape, widths, mode) if mode != "constant" else ():
        y[border] = y[source]
    return y


@by_name("the array without its border, each number of which is added to the one that it copies")
def _without_border(g, widths, mode):
    """The reverse: each number of the border is added to what it shows."""
    g = copy_of(g)
    for border, source, axis in reversed(list(copies(g.shape, widths, mode))):
        g[source] += np.sum(g[border], axis=axis, keepdims=True) if mode == "replicate" else g[border]
    return g[inner(g.shape, widths)]


def border_gradient(g, y, x, widths, mode, value):
    return g[inner(y.shape, widths)] if mode == "constant" else without_border(g, widths, mode)


with_border = derivative(_with_border, border_gradient)
without_border = derivative(
    _without_border, lambda h, y, g, widths, mode: with_border(h, widths, mode, 0.0)
)
