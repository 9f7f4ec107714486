"""Interpolation between the elements of an array, as scipy.ndimage has it: by B-splines, of order 0 to 5.

The value at a point is the sum of w(c - i) x[i] over the order + 1 elements i near its coordinate c, where w is the
B-spline of that order, along each axis. For orders above 1, x is filtered before, so that the sum meets the elements.
"""

from __future__ import annotations

import math
from functools import reduce
from itertools import product
from typing import Any

import numpy as np
import scipy.ndimage
from numpy.lib.array_utils import normalize_axis_index

from .boundaries import source
from .composing import composed, derived_from
from .correlations import require_dtype
from .recording import recorded

PADDING = 12  # how many elements SciPy puts around an array whose spline has no exact condition at its ends


def b_spline(u: Any, order: int) -> Any:
    """The B-spline of an order n at distances u from its middle,

    sum_k (-1)^k C(n + 1, k) max(u + (n + 1)/2 - k, 0)^n / n! (Unser, Splines: a perfect fit for signal and image
    processing, 1999)."""
    if order == 0:
        return 1 + 0 * u  # of the nearest element
    if order == 1:
        return 1 - u * np.where(u < 0, -1, 1)
    terms = [
        (-1) ** k * math.comb(order + 1, k) * np.maximum(u + ((order + 1) / 2 - k), 0) ** order
        for k in range(order + 1)
    ]
    return sum(terms[1:], terms[0]) / math.factorial(order)


def within(c: Any, n: int, mode: str) -> Any:
    """The coordinate between 0 and n - 1 (for some modes, a little more) that c stands for."""
    if mode in ("constant", "grid-constant", "nearest"):
        return c
    if n == 1:
        return 0 * c
    if mode == "wrap":  # the last element is where the first one would be again; from below it is met, from above not
        laps = np.where(c < 0, np.floor(-c / (n - 1)) + 1, np.where(c > n - 1, -np.floor(c / (n - 1)), 0))
        return c + (n - 1) * laps
    if mode == "grid-wrap":
        return c - n * np.floor(c / n)
    period, last = (2 * n - 2, n - 1) if mode == "mirror" else (2 * n, n - 0.5)
    c = c - period * np.floor(c / period)
    return np.where(c > last, 2 * last - c, c)


def neighbours(c: Any, n: int, order: int, mode: str) -> list[tuple[Any, Any, Any]]:
    """For each element near c: where it stands, whether it is one, and its weight."""
    c = within(c, n, mode)
    first = np.floor(c if order % 2 else c + 0.5) - order // 2
    by = {"reflect": "reflect", "grid-mirror": "reflect", "grid-wrap": "wrap", "nearest": "nearest"}.get(mode, "mirror")
    found = []
    for place in (first + k for k in range(order + 1)):
        inside = (place >= 0) & (place <= n - 1) if mode == "grid-constant" else True
        found.append((source(place, n, by).astype(int), inside, b_spline(c - place, order)))
    return found


def sampled(
    input: Any, coordinates: Any, output: Any = None, order: int = 3, mode: str = "constant", cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:  # fmt: skip
    """map_coordinates, of a checked call."""
    x, inside = input, True
    if mode == "constant":
        for c, n in zip(coordinates, x.shape, strict=True):
            inside = inside & (c >= 0) & (c <= n - 1)
        coordinates = np.where(inside, coordinates, 0)
    if prefilter and order > 1:
        if mode in ("nearest", "grid-constant"):
            settings = {"constant_values": cval} if mode == "grid-constant" else {"mode": "edge"}
            x, coordinates = np.pad(x, PADDING, **settings), coordinates + PADDING
        x = spline_filter(x, order, np.result_type(x.dtype, np.float64), mode)
    along = [neighbours(c, n, order, mode) for c, n in zip(coordinates, x.shape, strict=True)]
    y, elements = 0, np.reshape(x, -1)
    for corner in product(*along):
        values = elements[np.ravel_multi_index([place for place, _, _ in corner], x.shape)]
        exists = [exist for _, exist, _ in corner if exist is not True]
        values = np.where(reduce(np.logical_and, exists), values, cval) if exists else values
        y = y + math.prod([weight for _, _, weight in corner]) * values
    return y if inside is True else np.where(inside, y, cval)


_map_coordinates = derived_from(sampled, scipy.ndimage.map_coordinates, True, True, linear=(0,))


@composed(scipy.ndimage.map_coordinates)
def map_coordinates(
    input: Any, coordinates: Any, output: Any, order: int, mode: str, cval: Any, prefilter: bool
) -> Any:
    output = require_dtype("map_coordinates", output)
    return _map_coordinates(input, coordinates, output, order, mode, cval, prefilter)


# The filter of splines is a matrix along each axis -------------------------------------------------------------------


def _filter_transposed(
    g: Any, y: Any, input: Any, order: int = 3, axis: int = -1, output: Any = np.float64, mode: str = "mirror"
) -> Any:
    axis = normalize_axis_index(axis, g.ndim)
    matrix = scipy.ndimage.spline_filter1d(np.eye(g.shape[axis]), order, 0, mode=mode)
    return np.moveaxis(np.tensordot(matrix.T, g, (1, axis)), 0, axis)


_spline_filter1d = recorded(scipy.ndimage.spline_filter1d, _filter_transposed)


@composed(scipy.ndimage.spline_filter1d)
def spline_filter1d(input: Any, order: int, axis: int, output: Any, mode: str) -> Any:
    return _spline_filter1d(input, order, axis, require_dtype("spline_filter1d", output), mode)


@composed(scipy.ndimage.spline_filter)
def spline_filter(input: Any, order: int, output: Any, mode: str) -> Any:
    if not 2 <= order <= 5:
        raise RuntimeError(f"spline_filter: order must be 2 to 5, not {order}")
    for axis in range(np.ndim(input)):
        input = spline_filter1d(input, order, axis, output, mode)
    return input


# Transforms of the coordinates ---------------------------------------------------------------------------------------


def _grid(shape: Any) -> Any:
    """The coordinates of all elements: (ndim, *shape)."""
    return np.indices(shape, float)


def beside(v: Any, grid: Any) -> Any:
    """A number for each axis, to broadcast with the coordinates of all elements."""
    return np.reshape(v, (-1, *[1] * (grid.ndim - 1)))


def transformed(
    input: Any, matrix: Any, offset: Any = 0.0, output_shape: Any = None, output: Any = None, order: int = 3,
    mode: str = "constant", cval: Any = 0.0, prefilter: bool = True,
) -> Any:  # fmt: skip
    """affine_transform, of a checked call: the element at o is the input at matrix @ o + offset."""
    n = input.ndim
    if matrix.ndim == 2 and matrix.shape[1] == n + 1:
        matrix, offset = matrix[:n, :n], matrix[:n, n]
    grid = _grid(input.shape if output_shape is None else output_shape)
    turned = np.tensordot(matrix, grid, 1) if matrix.ndim == 2 else beside(matrix, grid) * grid
    coordinates = turned + beside(np.broadcast_to(offset, (n,)), grid)
    return sampled(input, coordinates, None, order, mode, cval, prefilter)


def shifted(
    input: Any, shift: Any, output: Any = None, order: int = 3, mode: str = "constant", cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:  # fmt: skip
    """shift, of a checked call."""
    grid = _grid(input.shape)
    coordinates = grid - beside(np.broadcast_to(shift, (input.ndim,)), grid)
    return sampled(input, coordinates, None, order, mode, cval, prefilter)


def zoomed(
    input: Any, zoom: Any, output: Any = None, order: int = 3, mode: str = "constant", cval: Any = 0.0,
    prefilter: bool = True, *, grid_mode: bool = False,
) -> Any:  # fmt: skip
    """zoom, of a checked call: the first and the last element stay such, or with grid_mode their outer edges."""
    factors = np.broadcast_to(zoom, (input.ndim,))
    shape = [round(n * float(factor)) for n, factor in zip(input.shape, factors, strict=True)]
    sizes = zip(input.shape, shape, strict=True)
    steps = np.array([n / m if grid_mode else (n - 1) / (m - 1) if m != 1 else 1 for n, m in sizes])
    grid = _grid(shape)
    coordinates = beside(steps, grid) * (grid + 0.5) - 0.5 if grid_mode else beside(steps, grid) * grid
    return sampled(input, coordinates, None, order, mode, cval, prefilter)


_affine_transform = derived_from(transformed, scipy.ndimage.affine_transform, True, True, True, linear=(0,))
_shift = derived_from(shifted, scipy.ndimage.shift, True, True, linear=(0,))


_zoom = derived_from(zoomed, scipy.ndimage.zoom, True, linear=(0,))


@composed(scipy.ndimage.affine_transform)
def affine_transform(
    input: Any, matrix: Any, offset: Any, output_shape: Any, output: Any, order: int, mode: str, cval: Any,
    prefilter: bool,
) -> Any:  # fmt: skip
    output = require_dtype("affine_transform", output)
    return _affine_transform(input, matrix, offset, output_shape, output, order, mode, cval, prefilter)


@composed(scipy.ndimage.shift)
def shift(input: Any, shift: Any, output: Any, order: int, mode: str, cval: Any, prefilter: bool) -> Any:
    return _shift(input, shift, require_dtype("shift", output), order, mode, cval, prefilter)


@composed(scipy.ndimage.zoom)
def zoom(input: Any, zoom: Any, output: Any, order: int, mode: str, cval: Any, prefilter: bool, grid_mode: bool) -> Any:
    output = require_dtype("zoom", output)
    return _zoom(input, zoom, output, order, mode, cval, prefilter, grid_mode=grid_mode)
