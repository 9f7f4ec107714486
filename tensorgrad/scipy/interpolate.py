"""scipy.interpolate with derivatives: curves through points, and tables on grids.

An object is made of points and values, arrays or Tensors, and called with points. Its value is SciPy's. It has
derivatives with respect to the values, the points where it is called, and for curves the points that they go through.
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np
import scipy.interpolate

from ..derivatives.arrays import as_array, rows_of
from ..errors import no_derivative
from ..tensor import data_of
from .composing import composed, derived_from
from .curves import Akima1DInterpolator, CubicHermiteSpline, CubicSpline, Interpolator, PchipInterpolator, along_axis
from .recording import absent, constant, holds_recording
from .splines import b_spline_through, column

__all__ = [
    "Akima1DInterpolator", "CubicHermiteSpline", "CubicSpline", "PchipInterpolator", "RegularGridInterpolator",
    "interp1d", "interpn",
]  # fmt: skip

__getattr__ = absent("scipy.interpolate", __all__)


# Curves through points -----------------------------------------------------------------------------------------------

ORDERS = {"zero": 0, "slinear": 1, "quadratic": 2, "cubic": 3}  # the kinds of interp1d that are splines


def neighbour(kind: str, x: Any, at: Any) -> Any:
    """Which of the points x has the value at others: the nearest one, or that before or behind."""
    last = len(x) - 1
    if kind == "previous":
        return np.clip(np.searchsorted(x, at, "right") - 1, 0, last)
    if kind == "next":
        return np.clip(np.searchsorted(x, at, "left"), 0, last)
    middles = x[1:] / 2 + x[:-1] / 2
    return np.clip(np.searchsorted(middles, at, "left" if kind == "nearest" else "right"), 0, last)


def through(kind: Any, x: Any, y: Any, at: Any) -> Any:
    """interp1d's curve through the points (x, y), of two dimensions y, going on beyond its ends."""
    if kind in ORDERS or isinstance(kind, int):
        return b_spline_through(x, y, ORDERS.get(kind, kind), at)
    if kind != "linear" or len(x) == 1:
        i = neighbour("nearest" if kind == "linear" else kind, data_of(x), data_of(at))
        return rows_of(y, i) + 0 * column(at - rows_of(x, i))
    i = np.clip(np.searchsorted(x, at), 1, len(x) - 1) - 1
    start, end = rows_of(x, i), rows_of(x, i + 1)
    return rows_of(y, i) + (rows_of(y, i + 1) - rows_of(y, i)) * column((at - start) / (end - start))


def _interp1d(
    x: Any, y: Any, at: Any, kind: Any, axis: int, bounds_error: Any, fill_value: Any, assume_sorted: bool
) -> Any:
    made = scipy.interpolate.interp1d(x, y, kind, axis, True, bounds_error, fill_value, assume_sorted)
    return made(at)


def _interp1d_formula(
    x: Any, y: Any, at: Any, kind: Any, axis: int, bounds_error: Any, fill_value: Any, assume_sorted: bool
) -> Any:
    if not assume_sorted:
        order = np.argsort(x, kind="stable")
        x, y = x[order], np.take(y, order, axis)
    rest = np.delete(y.shape, axis)
    if isinstance(fill_value, str):  # 'extrapolate', which the steps do to one side only
        outside = {"previous": (np.nan, None), "next": (None, np.nan)}.get(kind, (None, None))
    else:
        outside = fill_value if isinstance(fill_value, tuple) and len(fill_value) == 2 else (fill_value, fill_value)
    below, above = [v if v is None else np.reshape(np.broadcast_to(v, rest), -1) for v in outside]

    def curve(y: Any, at: Any) -> Any:
        value = through(kind, x, y, at)
        value = value if below is None else np.where(column(at < x[0]), below, value)
        return value if above is None else np.where(column(at > x[-1]), above, value)

    return along_axis(curve, y, at, axis)


_interpolated = derived_from(_interp1d_formula, _interp1d, True, True, True, linear=(1,))


class interp1d(Interpolator):
    """`scipy.interpolate.interp1d`: a curve through points, of a kind that SciPy has, of arrays and Tensors.

    Args:
        x: points (n,).
        y: values, n along `axis`.
        kind: 'linear', 'nearest', 'nearest-up', 'previous', 'next', 'zero', 'slinear', 'quadratic', 'cubic', or the
            degree of a spline.
        fill_value: what is beyond the ends, a number or array, a pair for both ends, or 'extrapolate'. A constant.
        bounds_error, assume_sorted, copy: as in SciPy.

    Raises:
        ValueError: as SciPy's; also of a point beyond the ends, unless bounds_error=False or fill_value='extrapolate'.
        TypeError: a Tensor in fill_value requires a gradient.

    >>> from tensorgrad import Tensor
    >>> y = Tensor([0.0, 1.0, 4.0])
    >>> interp1d([0.0, 1.0, 2.0], y)(1.25).backward()
    >>> y.grad
    array([0.  , 0.75, 0.25])
    """

    def __init__(
        self, x: Any, y: Any, kind: Any = "linear", axis: int = -1, copy: bool = True, bounds_error: Any = None,
        fill_value: Any = np.nan, assume_sorted: bool = False,
    ):  # fmt: skip
        fill_value = constant("interp1d", "fill_value", fill_value)
        self._settings = (kind, axis, bounds_error, fill_value, assume_sorted)
        self._keep(
            lambda x, y: scipy.interpolate.interp1d(x, y, kind, axis, copy, bounds_error, fill_value, assume_sorted),
            x, y,
        )  # fmt: skip

    def __call__(self, x: Any) -> Any:
        """The curve at points x, of any shape: an array of y's shape with that of x in the place of the axis."""
        return _interpolated(*self._given, x, *self._settings) if self._records(x) else self._made(x)


# Tables on grids -----------------------------------------------------------------------------------------------------


def _on_grid(values: Any, xi: Any, points: Any, method: str, bounds_error: bool, fill_value: Any) -> Any:
    made = scipy.interpolate.RegularGridInterpolator(points, values, method, bounds_error, fill_value)
    return made(xi)


def _on_grid_formula(values: Any, xi: Any, points: Any, method: str, bounds_error: bool, fill_value: Any) -> Any:
    """At a point, the values at the corners of the cell that it is in, each by how near it is along each axis."""
    trailing = values.ndim - len(points)
    corners, outside = [], False
    for k, grid in enumerate(points):
        at, backwards = xi[:, k], len(grid) > 1 and grid[0] > grid[-1]
        grid = grid[::-1] if backwards else grid
        last = max(len(grid) - 2, 0)
        i = np.clip(np.searchsorted(grid, at, "right") - 1, 0, last)
        j = np.minimum(i + 1, len(grid) - 1)
        start = rows_of(grid, i)
        width = rows_of(grid, j) - start
        share = (at - start) / np.where(width == 0, 1, width)
        if method == "nearest":
            share = np.where(share <= 0.5, 0.0, 1.0) + 0 * share
        outside = outside | (at < grid[0]) | (at > grid[-1])
        i, j = (len(grid) - 1 - i, len(grid) - 1 - j) if backwards else (i, j)
        corners.append([(i, 1 - share), (j, share)])
    y: Any = 0
    for corner in product(*corners):
        weight = prod([share for _, share in corner])
        y = y + np.reshape(weight, (-1, *[1] * trailing)) * values[tuple(place for place, _ in corner)]
    if fill_value is not None:
        y = np.where(np.reshape(outside, (-1, *[1] * trailing)), fill_value, y)
    return y


on_grid = derived_from(_on_grid_formula, _on_grid, True, True, linear=(0,))


class RegularGridInterpolator(Interpolator):
    """`scipy.interpolate.RegularGridInterpolator`: values between those on a grid, of arrays and Tensors.

    Args:
        points: the grid's coordinates along each axis, constants: a tuple of arrays, in increasing or decreasing order.
        values: an array of the grid's shape, which may have further axes.
        method: 'linear' or 'nearest' have derivatives; SciPy's others take arrays only.
        bounds_error, fill_value: as in SciPy; fill_value is a constant.

    Raises:
        ValueError: as SciPy's.
        TypeError: another method was called with Tensors, or points or fill_value require a gradient.

    >>> from tensorgrad import grad
    >>> grad(lambda v: RegularGridInterpolator(([0.0, 1.0], [0.0, 2.0]), v)([[0.25, 1.0]])[0])(np.eye(2))
    array([[0.375, 0.375],
           [0.125, 0.125]])
    """

    def __init__(
        self, points: Any, values: Any, method: str = "linear", bounds_error: bool = True, fill_value: Any = np.nan,
        **solver: Any,
    ):  # fmt: skip
        points = tuple(np.array(constant("RegularGridInterpolator", "points", p), float) for p in points)
        fill_value = constant("RegularGridInterpolator", "fill_value", fill_value)
        self._settings, self._method = (bounds_error, fill_value), method
        self._points = points
        self._keep(
            lambda values: scipy.interpolate.RegularGridInterpolator(
                points, values, method, bounds_error, fill_value, **solver
            ),
            values,
        )

    def __call__(self, xi: Any, method: Any = None, **settings: Any) -> Any:
        """The values at points.

        Args:
            xi: points (..., ndim), or a tuple of coordinates that broadcast.
            method: another one than the object was made with.

        Returns:
            An array of the shape of xi without its last axis, and the further axes of the values.
        """
        if not self._records(xi):
            return self._made(xi, method, **settings)
        method = method or self._method
        if method not in ("linear", "nearest") or settings.get("nu") is not None:
            raise no_derivative(f"RegularGridInterpolator: method={method!r}", "'linear' and 'nearest' have one")
        if isinstance(xi, tuple):
            xi = np.stack(np.broadcast_arrays(*map(as_array, xi)), -1)
        elif np.ndim(xi := as_array(xi)) < 2:
            xi = np.reshape(xi, (-1, 1) if len(self._points) == 1 else (1, -1))
        (values,) = self._given
        y = on_grid(values, np.reshape(xi, (-1, xi.shape[-1])), self._points, method, *self._settings)
        return np.reshape(y, (*xi.shape[:-1], *y.shape[1:]))


@composed(scipy.interpolate.interpn, pairs="points")
def interpn(points: Any, values: Any, xi: Any, method: str, bounds_error: bool, fill_value: Any) -> Any:
    if holds_recording(points):
        points = constant("interpn", "points", points)
    return RegularGridInterpolator(points, values, method, bounds_error, fill_value)(xi)


interpn.__doc__ = """`scipy.interpolate.interpn`: values between those on a grid, as of `RegularGridInterpolator`.

>>> from tensorgrad import Tensor
>>> interpn(([0.0, 1.0], [0.0, 2.0]), Tensor(np.eye(2)), [[0.25, 1.0]])
Tensor([0.5])
"""
