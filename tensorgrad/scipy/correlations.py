"""The correlations and convolutions of scipy.ndimage, with weights along one axis or several.

They are linear in the input and in the weights. The transpose of a correlation, on zeros, is the convolution with the
same weights; what it gives beyond the ends goes back to the elements that stood there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.ndimage
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..derivatives.arrays import as_array
from ..derivatives.formulas import formula
from .boundaries import extended, folded
from .composing import composed
from .convolutions import convolve as full_convolve
from .recording import recorded


def each(value: Any, axes: Any) -> list:
    """A setting for each axis: one for all, or a sequence of them."""
    if isinstance(value, list | tuple) or (hasattr(value, "ndim") and value.ndim):
        values = list(value)
        if len(values) != len(axes):
            raise RuntimeError(f"sequence argument must have length equal to the number of axes, {len(axes)}")
        return values
    return [value] * len(axes)


def axes_of(axes: Any, ndim: int) -> tuple[int, ...]:
    return tuple(range(ndim)) if axes is None else normalize_axis_tuple(axes, ndim)


def require_dtype(name: str, output: Any) -> Any:
    """What stands for output=, if it is None or a floating dtype."""
    if output is None:
        return None
    if isinstance(output, np.ndarray) or hasattr(output, "__record__"):
        raise TypeError(f"{name}: output= would overwrite an array, which the graph can't follow; use the result")
    if np.dtype(output).kind not in "fc":
        raise TypeError(f"{name}: output={output!r} has no derivative; a Tensor is floating")
    return np.dtype(output)


# Correlation ---------------------------------------------------------------------------------------------------------


def reach(lengths: Any, origins: Any) -> list[tuple[int, int]]:
    """How far weights reach beyond the first and the last element of each axis."""
    before = [n // 2 + origin for n, origin in zip(lengths, origins, strict=True)]
    return [(k, n - 1 - k) for n, k in zip(lengths, before, strict=True)]


def _of_input_text(g: Any, weights: Any, origins: Any, mode: str) -> str:
    widths = reach(weights.shape, origins)
    if not g.ndim or not np.any(widths):
        return f"convolve(g, conj(weights), mode='constant', origin={origins})"
    inner = f"convolve(pad(g, {widths}), conj(weights), mode='constant', origin={origins})"
    return f"folded({inner}, {widths}, mode)"


@formula(
    _of_input_text,
    note="folded: what lies beyond the ends is added to what it is a copy of, and cut off.",
)
def of_input(g: Any, weights: Any, origins: Any, mode: str) -> Any:
    """The transpose of a correlation with weights that have an axis for each of g."""
    widths = reach(weights.shape, origins)
    wide = np.pad(g, widths) if g.ndim else g
    return folded(convolve(wide, np.conj(weights), mode="constant", origin=origins), widths, mode)


@formula(
    lambda g, x, shape, origins, mode, cval: (
        f"conj(full_convolve(extended(x, {reach(shape, origins)}, mode, cval), flip(g), 'valid'))"
        if g.size
        else f"sum(g) * zeros({shape})"
    )
)
def of_weights(g: Any, x: Any, shape: Any, origins: Any, mode: str, cval: Any) -> Any:
    """sum_i g[i] x[i + j], with what lies beyond the ends of x."""
    if not g.size:
        return np.sum(g) * np.zeros(shape)
    return np.conj(full_convolve(extended(x, reach(shape, origins), mode, cval), np.flip(g), "valid"))


def along_axis(length: int, axis: int, origin: Any, ndim: int) -> tuple[list[int], list[int]]:
    """Shape and origins of weights along one axis, as weights in all dimensions."""
    axis = normalize_axis_index(axis, ndim)
    return [length if i == axis else 1 for i in range(ndim)], [origin if i == axis else 0 for i in range(ndim)]


def along_axes(shape: Any, axes: Any, origin: Any, ndim: int) -> tuple[list[int], list[int]]:
    """The same of weights along some axes. Weights have theirs in the order of the array, origins in that of `axes`."""
    axes = axes_of(axes, ndim)
    origins = each(origin, axes)
    if len(axes) < ndim:
        placed = dict(zip(axes, origins, strict=True))
        origins = [placed.get(i, 0) for i in range(ndim)]
    if len(shape) != len(axes):
        raise RuntimeError(f"weights of {len(shape)} dimensions are applied along {len(axes)} axes")
    sizes = iter(shape)
    return [next(sizes) if i in axes else 1 for i in range(ndim)], origins


def along_axis_text(text: str) -> Callable[..., str]:
    """The formula of a rule of correlate1d, with the shape and the origins of its weights."""

    def text_of(g: Any, y: Any, input: Any, weights: Any, axis: int = -1, output: Any = None, mode: str = "reflect",
                cval: Any = 0.0, origin: int = 0) -> str:  # fmt: skip
        length = weights if isinstance(weights, int) else len(weights)
        shape, origins = along_axis(length, axis, origin, g.ndim)
        return text.format(length=length, shape=shape, origins=origins)

    return text_of


def along_axes_text(text: str) -> Callable[..., str]:
    """The same of correlate."""

    def text_of(g: Any, y: Any, input: Any, weights: Any, output: Any = None, mode: str = "reflect", cval: Any = 0.0,
                origin: Any = 0, *, axes: Any = None) -> str:  # fmt: skip
        shape, origins = along_axes(np.shape(weights), axes, origin, g.ndim)
        return text.format(length=np.shape(weights), shape=shape, origins=origins)

    return text_of


_TO_INPUT = "of_input(g, reshape(weights, {shape}), {origins}, mode)"
_TO_WEIGHTS = "reshape(of_weights(g, input, {shape}, {origins}, mode, cval), {length})"


@formula(along_axis_text(_TO_INPUT))
def _correlate1d_input(
    g: Any, y: Any, input: Any, weights: Any, axis: int = -1, output: Any = None, mode: str = "reflect",
    cval: Any = 0.0, origin: int = 0,
) -> Any:  # fmt: skip
    shape, origins = along_axis(len(weights), axis, origin, g.ndim)
    return of_input(g, np.reshape(weights, shape), origins, mode)


@formula(along_axis_text(_TO_WEIGHTS))
def _correlate1d_weights(
    g: Any, y: Any, input: Any, weights: Any, axis: int = -1, output: Any = None, mode: str = "reflect",
    cval: Any = 0.0, origin: int = 0,
) -> Any:  # fmt: skip
    shape, origins = along_axis(len(weights), axis, origin, g.ndim)
    return np.reshape(of_weights(g, input, shape, origins, mode, cval), len(weights))


@formula(along_axes_text(_TO_INPUT))
def _correlate_input(
    g: Any, y: Any, input: Any, weights: Any, output: Any = None, mode: str = "reflect", cval: Any = 0.0,
    origin: Any = 0, *, axes: Any = None,
) -> Any:  # fmt: skip
    shape, origins = along_axes(np.shape(weights), axes, origin, g.ndim)
    return of_input(g, np.reshape(weights, shape), origins, mode)


@formula(along_axes_text(_TO_WEIGHTS))
def _correlate_weights(
    g: Any, y: Any, input: Any, weights: Any, output: Any = None, mode: str = "reflect", cval: Any = 0.0,
    origin: Any = 0, *, axes: Any = None,
) -> Any:  # fmt: skip
    shape, origins = along_axes(np.shape(weights), axes, origin, g.ndim)
    return np.reshape(of_weights(g, input, shape, origins, mode, cval), np.shape(weights))


_correlate1d = recorded(scipy.ndimage.correlate1d, _correlate1d_input, _correlate1d_weights)
_correlate = recorded(scipy.ndimage.correlate, _correlate_input, _correlate_weights)


@composed(scipy.ndimage.correlate1d)
def correlate1d(
    input: Any, weights: Any, axis: int = -1, output: Any = None, mode: str = "reflect", cval: Any = 0.0,
    origin: int = 0,
) -> Any:  # fmt: skip
    return _correlate1d(input, weights, axis, require_dtype("correlate1d", output), mode, cval, origin)


@composed(scipy.ndimage.correlate)
def correlate(
    input: Any, weights: Any, output: Any = None, mode: str = "reflect", cval: Any = 0.0, origin: Any = 0,
    axes: Any = None,
) -> Any:  # fmt: skip
    some = {} if axes is None else {"axes": axes}  # SciPy before 1.15 has all axes only
    return _correlate(input, weights, require_dtype("correlate", output), mode, cval, origin, **some)


def turned(origins: Any, shape: Any) -> list[int]:
    """Where weights begin that were reversed: the middle of an even number of them is one further."""
    return [-origin - (n % 2 == 0) for origin, n in zip(origins, shape, strict=True)]


@composed(scipy.ndimage.convolve1d)
def convolve1d(input: Any, weights: Any, axis: int, output: Any, mode: str, cval: Any, origin: int) -> Any:
    weights = np.conj(np.flip(as_array(weights)))  # correlate1d conjugates them again
    (origin,) = turned([origin], np.shape(weights))
    return correlate1d(input, weights, axis, output, mode, cval, origin)


@composed(scipy.ndimage.convolve)
def convolve(input: Any, weights: Any, output: Any, mode: str, cval: Any, origin: Any, axes: Any = None) -> Any:
    weights = np.conj(np.flip(as_array(weights)))
    shape, origins = along_axes(np.shape(weights), axes, origin, np.ndim(input))
    return correlate(input, np.reshape(weights, shape), output, mode, cval, turned(origins, shape))
