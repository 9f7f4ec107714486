"""What lies beyond the ends of an array: how a filter continues it, and the way back of the gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives import derivative
from ..derivatives.formulas import formula
from ..derivatives.indexing import Scattered, along

# How names of scipy.ndimage (and 'fill', 'symm' of scipy.signal) continue a b c d
MODES = {
    "reflect": "reflect", "grid-mirror": "reflect", "symm": "reflect",  # d c b a | a b c d | d c b a
    "mirror": "mirror",                                                 # d c b   | a b c d |   c b a
    "nearest": "nearest",                                               # a a a a | a b c d | d d d d
    "wrap": "wrap", "grid-wrap": "wrap",                                # a b c d | a b c d | a b c d
    "constant": "constant", "grid-constant": "constant", "fill": "constant",
}  # fmt: skip


def source(places: Any, n: int, mode: str) -> Any:
    """Which of n elements stands at these places, some of them below 0 or above n - 1."""
    if mode == "nearest":
        return np.clip(places, 0, n - 1)
    if mode == "wrap":
        return np.mod(places, n)
    if mode == "mirror":
        around = np.mod(places, max(2 * n - 2, 1))
        return np.minimum(around, 2 * n - 2 - around)
    around = np.mod(places, 2 * n)
    return np.minimum(around, 2 * n - 1 - around)


_PADDING = {"reflect": "symmetric", "mirror": "reflect", "nearest": "edge", "wrap": "wrap", "constant": "constant"}


def _extended_text(x: Any, widths: Any, mode: str, cval: Any = 0.0) -> str:
    """As NumPy's pad, which has other names for the modes."""
    if not np.ndim(x) or not np.any(widths):
        return "x"
    mode = "constant" if not np.size(x) else MODES[mode]
    said = f"constant_values={cval!r}" if mode == "constant" else f"mode={_PADDING[mode]!r}"
    return f"pad(x, {[tuple(map(int, pair)) for pair in widths]}, {said})"


@formula(_extended_text)
def extended(x: Any, widths: Any, mode: str, cval: Any = 0.0) -> Any:
    """x with so many elements more before and behind it, along each axis."""
    mode = MODES[mode]
    if mode == "constant" or not np.size(x):
        return np.pad(x, widths, constant_values=cval) if np.ndim(x) else x
    for axis, (before, behind) in enumerate(widths):
        if before or behind:
            n = x.shape[axis]
            x = np.take(x, source(np.arange(-before, n + behind), n, mode), axis)
    return x


def _folded(g: Any, widths: Any, mode: str) -> Any:
    """The transpose of `extended`: what was added to an array is taken away, and goes to the elements it came from."""
    mode = MODES[mode]
    for axis, (before, behind) in enumerate(widths):
        n = g.shape[axis] - before - behind
        inner = g[along(axis, slice(before, before + n))]
        if n and (before or behind) and mode != "constant":
            beyond = np.r_[-before:0, n : n + behind]
            border = np.take(g, beyond + before, axis)
            inner = Scattered(border, along(axis, source(beyond, n, mode)), inner.shape, True).add_to(inner.copy())
        g = inner
    return g.copy()  # no view of the gradient, which others have too


folded = derivative(_folded, lambda h, y, g, widths, mode: extended(h, widths, mode))  # readers know it by its name
