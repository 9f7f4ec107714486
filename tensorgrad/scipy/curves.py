"""The curves of scipy.interpolate that are made of cubic pieces, as objects that may be made of Tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.interpolate
from numpy.lib.array_utils import normalize_axis_index

from ..batch import holds_batch, one_by_one
from ..derivatives.arrays import as_array, real_array, recorder_in
from ..derivatives.formulas import by_name
from ..tensor import data_of
from .composing import derived_from
from .recording import constant, holds_recording
from .splines import cubic, local_slopes, monotone_slopes, natural_slopes


def along_axis(curve: Callable, y: Any, at: Any, axis: int) -> Any:
    """curve(y, at) of y with two axes and at with one, of y along an axis and at of any shape."""
    axis = normalize_axis_index(axis, y.ndim)
    rest = y.shape[:axis] + y.shape[axis + 1 :]
    flat = np.reshape(np.moveaxis(y, axis, 0), (y.shape[axis], -1))
    value = np.reshape(curve(flat, np.reshape(at, -1)), (*at.shape, *rest))
    return np.moveaxis(value, range(at.ndim), range(axis, axis + at.ndim))


class Interpolator:
    """What the classes of this module share: SciPy's object, made of the data, and what it was made from."""

    _made: Any  # SciPy's object
    _given: tuple  # arrays or Tensors

    def _keep(self, made: Callable, *given: Any) -> None:
        """Copies of what was given, as it is now, and SciPy's object of it."""
        self._given = tuple(np.copy(as_array(v)) for v in given)
        data = tuple(map(data_of, self._given))
        if not holds_batch(data):
            self._made = made(*map(real_array, data))
            return
        of_each: list[Any] = []  # which see whether the data are right, and are otherwise alike
        one_by_one(lambda *arrays: of_each.append(made(*arrays)), data)
        self._made = of_each[0]

    def _records(self, *arguments: Any) -> bool:
        values = (*self._given, *arguments)
        return holds_recording(values) or recorder_in(*values) is not None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._records():
            kind = type(self).__name__
            raise AttributeError(
                f"{kind}: of Tensors there is no {name!r}; make it of tensor.data to leave the graph, or call it"
            )
        return getattr(self._made, name)


# Piecewise cubic curves ----------------------------------------------------------------------------------------------


def spline_conditions(bc_type: Any) -> tuple:
    """SciPy's conditions at the ends as pairs (1 or 2, derivative), or names."""
    names = {"clamped": (1, 0.0), "natural": (2, 0.0)}
    both = (bc_type, bc_type) if isinstance(bc_type, str) else bc_type
    given = [names.get(c, c) if isinstance(c, str) else c for c in both]
    return tuple(c if isinstance(c, str) else (c[0], np.reshape(c[1], -1)) for c in given)


# For each class: SciPy's object, and the slopes at its points
CURVES: dict[str, tuple[Callable, Callable]] = {
    "cubic": (
        lambda x, y, dydx, axis, bc_type: scipy.interpolate.CubicSpline(x, y, axis, bc_type),
        lambda x, y, dydx, axis, bc_type: natural_slopes(x, y, spline_conditions(bc_type)),
    ),
    "pchip": (
        lambda x, y, dydx, axis, bc_type: scipy.interpolate.PchipInterpolator(x, y, axis),
        lambda x, y, dydx, axis, bc_type: monotone_slopes(x, y),
    ),
    "akima": (
        lambda x, y, dydx, axis, method: scipy.interpolate.Akima1DInterpolator(x, y, axis, method=method),
        lambda x, y, dydx, axis, method: local_slopes(x, y, method),
    ),
    "hermite": (
        lambda x, y, dydx, axis, bc_type: scipy.interpolate.CubicHermiteSpline(x, y, dydx, axis),
        lambda x, y, dydx, axis, bc_type: dydx,
    ),
}


@by_name("the value of the piecewise cubic curve through the points")
def _piecewise_cubic(
    x: Any, y: Any, dydx: Any, at: Any, kind: str, axis: int, bc_type: Any, nu: int, extrapolate: Any
) -> Any:
    return CURVES[kind][0](x, y, dydx, axis, bc_type)(at, nu, extrapolate)


def _formula(x: Any, y: Any, dydx: Any, at: Any, kind: str, axis: int, bc_type: Any, nu: int, extrapolate: Any) -> Any:
    def curve(y: Any, at: Any) -> Any:
        slopes = CURVES[kind][1](x, y, dydx_rows, axis, bc_type)
        return cubic(x, y, slopes, at, nu, extrapolate)

    dydx_rows = None
    if dydx is not None:
        dydx_rows = np.reshape(np.moveaxis(dydx, axis, 0), (len(x), -1))
    return along_axis(curve, y, at, axis)


def _integral(x: Any, y: Any, dydx: Any, a: Any, b: Any, kind: str, axis: int, bc_type: Any, extrapolate: Any) -> Any:
    return CURVES[kind][0](x, y, dydx, axis, bc_type).integrate(a, b, extrapolate)


def _integral_formula(
    x: Any, y: Any, dydx: Any, a: Any, b: Any, kind: str, axis: int, bc_type: Any, extrapolate: Any
) -> Any:
    until = [_formula(x, y, dydx, end, kind, axis, bc_type, -1, extrapolate) for end in (a, b)]
    return until[1] - until[0]


def _only_of_one(text: str) -> Callable[..., str | None]:
    """A formula for a single curve."""

    def of(g: Any, y: Any, x: Any, y_: Any, *args: Any, **_: Any) -> str | None:
        return None if np.ndim(y_) > 1 else f"real({text})" if np.iscomplexobj(y_) else text

    return of


piecewise_cubic = derived_from(
    _formula,
    _piecewise_cubic,
    *(True, True, True, True),
    texts={3: _only_of_one("g * curve(x, y_, dydx, at, kind, axis, bc_type, nu + 1, extrapolate)")},
    curve=_piecewise_cubic,
)
integral = derived_from(
    _integral_formula,
    _integral,
    *(True, True, True, True, True),
    texts={
        3: _only_of_one("-g * curve(x, y_, dydx, a, kind, axis, bc_type, 0, extrapolate)"),
        4: _only_of_one("g * curve(x, y_, dydx, b, kind, axis, bc_type, 0, extrapolate)"),
    },
    curve=_piecewise_cubic,
)


class PiecewiseCubic(Interpolator):
    """A curve of cubic pieces: its value and derivatives at points, and its integral."""

    _kind: str
    _bc_type: Any = None

    def _set(self, x: Any, y: Any, dydx: Any, axis: int, extrapolate: Any) -> None:
        make = CURVES[self._kind][0]
        if dydx is None:
            self._keep(lambda x, y: make(x, y, None, axis, self._bc_type), x, y)
        else:
            self._keep(lambda x, y, dydx: make(x, y, dydx, axis, self._bc_type), x, y, dydx)
        if extrapolate is not None:
            self._made.extrapolate = extrapolate
        self._axis = axis

    def _points(self) -> tuple:
        return self._given if len(self._given) == 3 else (*self._given, None)

    def _beyond(self, extrapolate: Any) -> Any:
        extrapolate = self._made.extrapolate if extrapolate is None else extrapolate
        return extrapolate if extrapolate == "periodic" else bool(extrapolate)

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """The curve at points x, of any shape, or its derivative of the order nu.

        Args:
            extrapolate: whether it goes on beyond its ends: True, False (it is nan there), or 'periodic'. None: as the
                object was made.

        Returns:
            The values, of y's shape with that of x in the place of the axis.
        """
        if not self._records(x):
            return self._made(x, nu, extrapolate)
        if nu < 0:
            raise ValueError(f"{type(self).__name__}: nu must be 0 or more, not {nu}")
        return piecewise_cubic(*self._points(), x, self._kind, self._axis, self._bc_type, nu, self._beyond(extrapolate))

    def derivative(self, nu: int = 1) -> Derivative:
        """The derivative of the order nu, a curve that is called as this one is."""
        return Derivative(self, nu)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """The integral from a to b, numbers or Tensors of one."""
        if not self._records(a, b):
            return self._made.integrate(a, b, extrapolate)
        a, b = as_array(a), as_array(b)
        return integral(*self._points(), a, b, self._kind, self._axis, self._bc_type, self._beyond(extrapolate))


class Derivative(Interpolator):
    """The derivative of a curve."""

    def __init__(self, curve: PiecewiseCubic, nu: int):
        self._curve, self._nu = curve, nu
        self._given, self._made = curve._given, curve._made.derivative(nu)

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """Its value at points x, or its derivative of the order nu."""
        if not self._records(x):
            return self._made(x, nu, extrapolate)
        return self._curve(x, nu + self._nu, extrapolate)

    def derivative(self, nu: int = 1) -> Derivative:
        """Its derivative of the order nu."""
        return Derivative(self._curve, self._nu + nu)


class CubicSpline(PiecewiseCubic):
    """`scipy.interpolate.CubicSpline`: the smoothest curve of cubic pieces through points, of arrays and Tensors.

    Args:
        x: points (n,), increasing.
        y: values, n along `axis`.
        bc_type: the conditions at the ends, as SciPy has them: 'not-a-knot', 'clamped', 'natural', 'periodic', or a
            pair of these or of (1, slope), (2, second derivative), which are constants.
        extrapolate: see `__call__`.

    Raises:
        ValueError: as SciPy's.
        TypeError: a Tensor in bc_type requires a gradient.

    >>> from tensorgrad import Tensor
    >>> y = Tensor([0.0, 1.0, 4.0, 9.0])
    >>> CubicSpline([0.0, 1.0, 2.0, 3.0], y)(1.5).backward()
    >>> y.grad
    array([-0.0625,  0.5625,  0.5625, -0.0625])
    """

    _kind = "cubic"

    def __init__(self, x: Any, y: Any, axis: int = 0, bc_type: Any = "not-a-knot", extrapolate: Any = None):
        self._bc_type = constant("CubicSpline", "bc_type", bc_type)
        self._set(x, y, None, axis, extrapolate)


class PchipInterpolator(PiecewiseCubic):
    """`scipy.interpolate.PchipInterpolator`: a curve of cubic pieces that is monotone where its points are.

    >>> from tensorgrad import grad
    >>> grad(PchipInterpolator([0.0, 1.0, 2.0], [0.0, 1.0, 4.0]))(1.5)
    array(3.125)
    """

    _kind = "pchip"

    def __init__(self, x: Any, y: Any, axis: int = 0, extrapolate: Any = None):
        self._set(x, y, None, axis, extrapolate)


class Akima1DInterpolator(PiecewiseCubic):
    """`scipy.interpolate.Akima1DInterpolator`: a curve of cubic pieces that the points around a piece determine.

    Args:
        method: 'akima' or 'makima'.
        extrapolate: as in `CubicSpline`, but that None is False.

    >>> from tensorgrad import grad
    >>> grad(Akima1DInterpolator([0.0, 1.0, 2.0], [0.0, 1.0, 4.0]))(1.5)
    array(3.)
    """

    _kind = "akima"

    def __init__(self, x: Any, y: Any, axis: int = 0, *, method: str = "akima", extrapolate: Any = None):
        self._bc_type = method
        self._set(x, y, None, axis, extrapolate)


class CubicHermiteSpline(PiecewiseCubic):
    """`scipy.interpolate.CubicHermiteSpline`: the curve of cubic pieces with values y and slopes dydx at points x.

    >>> from tensorgrad import grad
    >>> grad(lambda slopes: CubicHermiteSpline([0.0, 1.0], [0.0, 1.0], slopes)(0.5))(np.array([1.0, 1.0]))
    array([ 0.125, -0.125])
    """

    _kind = "hermite"

    def __init__(self, x: Any, y: Any, dydx: Any, axis: int = 0, extrapolate: Any = None):
        self._set(x, y, dydx, axis, extrapolate)
