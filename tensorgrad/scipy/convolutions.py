"""The convolutions and correlations of scipy.signal.

y = x * h is linear in x and linear in h: the gradient of x is g correlated with h, that of h is g correlated with x. A
mode shows a part of the full convolution, so its gradient is that of the full one, with zeros in what wasn't shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.signal
from numpy.lib.array_utils import normalize_axis_tuple

from ..derivatives.formulas import formula
from .boundaries import extended, folded
from .recording import recorded


def _in_full_text(g: Any, in1: Any, in2: Any, mode: str, axes: Any = None, later: bool = False) -> str:
    widths = missing(g, in1, in2, mode, axes, later)
    return f"pad(g, {widths})" if np.any(widths) else "g"


@formula(_in_full_text)
def in_full(g: Any, in1: Any, in2: Any, mode: str, axes: Any = None, later: bool = False) -> Any:
    """g in its place in the full convolution, with zeros around it.

    `later`: 'same' begins one element later if in2 has an even length, as it does in correlate2d.
    """
    return np.pad(g, missing(g, in1, in2, mode, axes, later)) if g.ndim and g.size else g


def missing(g: Any, in1: Any, in2: Any, mode: str, axes: Any, later: bool) -> list[tuple[int, int]]:
    """How many zeros stand before and behind it, along each axis."""
    if not (g.ndim and g.size):
        return []
    axes = range(g.ndim) if axes is None else normalize_axis_tuple(axes, g.ndim)
    widths = []
    for axis, (n, m, shown) in enumerate(zip(np.shape(in1), np.shape(in2), g.shape, strict=True)):
        full = n + m - 1 if axis in axes else max(n, m)
        before = 0 if mode == "full" else m // 2 if later and mode == "same" else (full - shown) // 2
        widths.append((before, full - shown - before))
    return widths


def correlated(convolution: Callable, g: Any, x: Any, like: Any, axes: Any = None, **settings: Any) -> Any:
    """sum_k g[i + k] x[k], the gradient of `like`. To an empty convolution it has no part."""
    if not (g.size and np.size(x)):
        return np.sum(g) * np.zeros(np.shape(like))
    if axes is not None:
        settings["axes"] = axes
    return convolution(g, np.flip(x, axes), mode="valid", **settings)


def _text_of_convolution(x: str, like: str) -> Callable[..., str]:
    """sum_k g[i + k] x[k], the gradient of `like`, as a formula: a convolution with x reversed."""

    def text(g: Any, y: Any, in1: Any, in2: Any, mode: str = "full", **settings: Any) -> str:
        if not (np.size(g) and np.size({"in1": in1, "in2": in2}[x])):
            return f"sum(g) * zeros(shape({like}))"
        axes = settings.get("axes")
        said = "" if axes is None else f", axes={axes!r}"
        turned = f"flip({x})" if axes is None else f"flip({x}, {axes!r})"
        return f"function(in_full(g, in1, in2, mode{said}), {turned}, mode='valid'{said})"

    return text


def convolution(func: Callable) -> Callable:
    """scipy.signal's convolve, fftconvolve, oaconvolve, recorded."""

    @formula(_text_of_convolution("in2", "in1"))
    def of_first(g: Any, y: Any, in1: Any, in2: Any, mode: str = "full", **settings: Any) -> Any:
        return correlated(function, in_full(g, in1, in2, mode, settings.get("axes")), in2, in1, **settings)

    @formula(_text_of_convolution("in1", "in2"))
    def of_second(g: Any, y: Any, in1: Any, in2: Any, mode: str = "full", **settings: Any) -> Any:
        return correlated(function, in_full(g, in1, in2, mode, settings.get("axes")), in1, in2, **settings)

    function = recorded(func, of_first, of_second)
    return function


convolve = convolution(scipy.signal.convolve)
fftconvolve = convolution(scipy.signal.fftconvolve)
oaconvolve = convolution(scipy.signal.oaconvolve)


# A correlation is the convolution with conj(in2) reversed ------------------------------------------------------------


def _correlate_first(g: Any, y: Any, in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    return convolve(in_full(g, in1, in2, mode), np.conj(in2), "valid", method)


def _correlate_second(g: Any, y: Any, in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    return np.conj(np.flip(convolve(in_full(g, in1, in2, mode), np.flip(in1), "valid", method)))


correlate = recorded(scipy.signal.correlate, _correlate_first, _correlate_second)


# Two dimensions, with a choice of what lies beyond the ends -----------------------------------------------------------


def _of_image(g: Any, in1: Any, in2: Any, mode: str, boundary: str, later: bool) -> Any:
    """The gradient of in1 in in1 * in2."""
    full = in_full(g, in1, in2, mode, later=later)
    if mode == "valid" or boundary == "fill":
        return convolve2d(full, np.flip(in2), "valid")
    return folded(convolve2d(full, np.flip(in2)), reach(in2), boundary)


def _of_kernel(g: Any, in1: Any, in2: Any, mode: str, boundary: str, fillvalue: Any, later: bool) -> Any:
    """The gradient of in2 in in1 * in2."""
    full = in_full(g, in1, in2, mode, later=later)
    if mode == "valid":
        return convolve2d(full, np.flip(in1), "valid")
    return np.flip(convolve2d(extended(in1, reach(in2), boundary, fillvalue), np.flip(full), "valid"))


def reach(in2: Any) -> list[tuple[int, int]]:
    """How many elements beyond the ends a full convolution with in2 meets."""
    return [(m - 1, m - 1) for m in np.shape(in2)]


def _convolve2d_first(
    g: Any, y: Any, in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    return _of_image(g, in1, in2, mode, boundary, later=False)


def _convolve2d_second(
    g: Any, y: Any, in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    return _of_kernel(g, in1, in2, mode, boundary, fillvalue, later=False)


def _correlate2d_first(
    g: Any, y: Any, in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    return _of_image(g, in1, np.conj(np.flip(in2)), mode, boundary, later=True)


def _correlate2d_second(
    g: Any, y: Any, in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    return np.conj(np.flip(_of_kernel(g, in1, np.conj(np.flip(in2)), mode, boundary, fillvalue, later=True)))


convolve2d: Callable = recorded(scipy.signal.convolve2d, _convolve2d_first, _convolve2d_second)
correlate2d: Callable = recorded(scipy.signal.correlate2d, _correlate2d_first, _correlate2d_second)
