"""scipy.ndimage with derivatives: correlations with weights, the filters that are made of them, and interpolation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.ndimage
from numpy.lib.array_utils import normalize_axis_index

from ..derivatives.arrays import as_array
from ..derivatives.formulas import formula
from ..tensor import data_of
from .composing import composed
from .correlations import (
    along_axis,
    along_axis_text,
    axes_of,
    convolve,
    convolve1d,
    correlate,
    correlate1d,
    each,
    of_input,
    require_dtype,
)
from .recording import absent, constant, recorded
from .sampling import affine_transform, map_coordinates, shift, spline_filter, spline_filter1d, zoom

__all__ = [
    "correlate", "convolve", "correlate1d", "convolve1d", "gaussian_filter", "gaussian_filter1d", "uniform_filter",
    "uniform_filter1d", "sobel", "prewitt", "laplace", "gaussian_laplace", "spline_filter1d", "spline_filter",
    "map_coordinates", "affine_transform", "shift", "zoom",
]  # fmt: skip

__getattr__ = absent("scipy.ndimage", __all__)

# Filters made of correlations ----------------------------------------------------------------------------------------


def _kernel_text(sigma: Any, order: int, truncate: float, radius: Any) -> str | None:
    radius = int(truncate * float(sigma) + 0.5) if radius is None else radius
    weights = f"exp(-(arange({-radius}, {radius + 1}) ** 2) / (2 * sigma**2))"
    return None if order else f"{weights} / sum({weights})"


@formula(_kernel_text)
def _gaussian_kernel(sigma: Any, order: int, truncate: float, radius: Any) -> Any:
    """SciPy's weights of a Gaussian filter, or of its derivative of an order: what it makes of a single 1."""
    radius = int(truncate * float(sigma) + 0.5) if radius is None else radius
    if not isinstance(radius, int | np.integer) or radius < 0:
        raise ValueError(f"radius must be an int, 0 or more, not {radius!r}")
    impulse = (np.arange(2 * radius + 1) == radius).astype(float)
    return scipy.ndimage.gaussian_filter1d(impulse, float(sigma), order=order, mode="constant", radius=radius)


@formula(
    lambda g, y, sigma, order, truncate, radius: (
        "sum(g * (y * (x**2 - sum(k * x**2)) / sigma**3 + order * (x * l / sigma**3 - y / sigma)))"
        if order
        else "sum(g * y * (x**2 - sum(y * x**2))) / sigma**3"
    ),
    x="arange(-(len(y) // 2), len(y) // 2 + 1)",
    k="gaussian_kernel(sigma, 0, truncate, len(y) // 2)",
    l="gaussian_kernel(sigma, order - 1, truncate, len(y) // 2)",
)
def _of_sigma(g: Any, y: Any, sigma: Any, order: int, truncate: float, radius: Any) -> Any:
    """k_m = (-1 / s)^m He_m(x / s) k_0, with k_0 = exp(-x^2 / (2 s^2)) divided by its sum, has the derivative

    k_m (x^2 - sum(k_0 x^2)) / s^3 + m (x k_(m-1) / s^3 - k_m / s), since He_m' = m He_(m-1) (DLMF 18.9.27)."""
    radius = len(y) // 2
    x = np.arange(-radius, radius + 1.0)
    square = x * x - np.sum(gaussian_kernel(sigma, 0, truncate, radius) * x * x)
    slope = gaussian_kernel(sigma, order, truncate, radius) * square / sigma**3
    if order:
        lower = gaussian_kernel(sigma, order - 1, truncate, radius)
        slope = slope + order * (x * lower / sigma**3 - gaussian_kernel(sigma, order, truncate, radius) / sigma)
    return np.sum(g * slope)


gaussian_kernel: Callable = recorded(_gaussian_kernel, _of_sigma)


@composed(scipy.ndimage.gaussian_filter1d)
def gaussian_filter1d(
    input: Any,
    sigma: Any,
    axis: int,
    order: int,
    output: Any,
    mode: str,
    cval: Any,
    truncate: float,
    radius: Any,
) -> Any:
    """The number of weights goes by sigma, and is held as it is by a derivative with respect to sigma."""
    weights = gaussian_kernel(sigma, order, truncate, radius)
    return correlate1d(input, np.flip(weights), axis, output, mode, cval, 0)


@composed(scipy.ndimage.gaussian_filter)
def gaussian_filter(
    input: Any, sigma: Any, order: Any = 0, output: Any = None, mode: Any = "reflect", cval: Any = 0.0,
    truncate: float = 4.0, radius: Any = None, axes: Any = None,
) -> Any:  # fmt: skip
    axes = axes_of(axes, np.ndim(input))
    output = require_dtype("gaussian_filter", output)
    settings = zip(axes, *[each(value, axes) for value in (sigma, order, mode, radius)], strict=True)
    chosen = [setting for setting in settings if data_of(setting[1]) > 1e-15]
    for axis, width, derivative_order, beyond, size in chosen:
        input = gaussian_filter1d(input, width, axis, derivative_order, output, beyond, cval, truncate, radius=size)
    return input if chosen else unfiltered(input, output)


def unfiltered(input: Any, output: Any) -> Any:
    """A copy, where no axis was left to filter."""
    return as_array(input).astype(output or input.dtype)


@formula(along_axis_text("of_input(g, full({shape}, 1 / {length}), {origins}, mode)"))
def _uniform_input(
    g: Any, y: Any, input: Any, size: int, axis: int = -1, output: Any = None, mode: str = "reflect", cval: Any = 0.0,
    origin: int = 0,
) -> Any:  # fmt: skip
    shape, origins = along_axis(size, axis, origin, g.ndim)
    return of_input(g, np.full(shape, 1 / size), origins, mode)


_uniform_filter1d = recorded(scipy.ndimage.uniform_filter1d, _uniform_input)


@composed(scipy.ndimage.uniform_filter1d)
def uniform_filter1d(
    input: Any, size: int, axis: int = -1, output: Any = None, mode: str = "reflect", cval: Any = 0.0, origin: int = 0
) -> Any:
    return _uniform_filter1d(input, size, axis, require_dtype("uniform_filter1d", output), mode, cval, origin)


@composed(scipy.ndimage.uniform_filter)
def uniform_filter(input: Any, size: Any, output: Any, mode: Any, cval: Any, origin: Any, axes: Any = None) -> Any:
    axes = axes_of(axes, np.ndim(input))
    output, size = require_dtype("uniform_filter", output), constant("uniform_filter", "size", size)
    settings = zip(axes, *[each(value, axes) for value in (size, origin, mode)], strict=True)
    chosen = [setting for setting in settings if setting[1] > 1]
    for axis, length, start, beyond in chosen:
        input = uniform_filter1d(input, int(length), axis, output, beyond, cval, start)
    return input if chosen else unfiltered(input, output)


def differences(name: str, input: Any, axis: int, output: Any, mode: Any, cval: Any, across: list[int]) -> Any:
    """Differences along one axis, smoothed along the others."""
    output, axis = require_dtype(name, output), normalize_axis_index(axis, np.ndim(input))
    modes = each(mode, range(np.ndim(input)))
    y = correlate1d(input, [-1, 0, 1], axis, output, modes[axis], cval)
    for other in range(y.ndim):
        y = y if other == axis else correlate1d(y, across, other, output, modes[other], cval)
    return y


@composed(scipy.ndimage.prewitt)
def prewitt(input: Any, axis: int, output: Any, mode: Any, cval: Any) -> Any:
    return differences("prewitt", input, axis, output, mode, cval, [1, 1, 1])


@composed(scipy.ndimage.sobel)
def sobel(input: Any, axis: int, output: Any, mode: Any, cval: Any) -> Any:
    return differences("sobel", input, axis, output, mode, cval, [1, 2, 1])


@composed(scipy.ndimage.laplace)
def laplace(input: Any, output: Any, mode: Any, cval: Any, axes: Any = None) -> Any:
    output, axes = require_dtype("laplace", output), axes_of(axes, np.ndim(input))
    terms = [
        correlate1d(input, [1, -2, 1], axis, output, m, cval) for axis, m in zip(axes, each(mode, axes), strict=True)
    ]
    return sum(terms[1:], terms[0]) if terms else unfiltered(input, output)


def gaussian_derivatives(
    name: str, order: int, input: Any, sigma: Any, output: Any, mode: Any, cval: Any, axes: Any, settings: dict
) -> list:
    """The derivatives of an order along each axis, of the input smoothed along all of them."""
    output, ndim = require_dtype(name, output), np.ndim(input)
    axes = axes_of(axes, ndim)
    widths = dict(zip(axes, each(sigma, axes), strict=True))
    sigma = [widths.get(i, 0) for i in range(ndim)] if len(axes) < ndim else each(sigma, axes)
    return [
        gaussian_filter(input, sigma, [order * (i == axis) for i in range(ndim)], output, m, cval, **settings)
        for axis, m in zip(axes, each(mode, axes), strict=True)
    ]


@composed(scipy.ndimage.gaussian_laplace)
def gaussian_laplace(
    input: Any, sigma: Any, output: Any, mode: Any, cval: Any, axes: Any = None, kwargs: Any = None
) -> Any:
    terms = gaussian_derivatives("gaussian_laplace", 2, input, sigma, output, mode, cval, axes, kwargs or {})
    return sum(terms[1:], terms[0]) if terms else unfiltered(input, output)
