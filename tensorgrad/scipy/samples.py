"""Integrals of samples: trapezoid, simpson, cumulative_trapezoid, cumulative_simpson of scipy.integrate.

The values are SciPy's; the derivatives are those of the formulas, which stand here in NumPy's functions.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate

from ..closures import Call, is_recorded
from ..derivatives.elementwise import divide_safely
from ..derivatives.formulas import formula as with_text
from ..tensor import Tensor
from .recording import recorded

# Formulas, along the last axis ---------------------------------------------------------------------------------------


def _along_last(y: Any, x: Any, dx: Any, axis: int) -> tuple[Any, Any]:
    """The samples, and the distances between them, which broadcast to one less."""
    if x is not None:
        h = np.diff(x) if np.ndim(x) == 1 else np.diff(np.moveaxis(x, axis, -1))
    else:
        h = dx if np.ndim(dx) == 0 else np.moveaxis(dx, axis, -1)
    y = np.moveaxis(y, axis, -1)
    return y, np.broadcast_to(h, (*y.shape[:-1], y.shape[-1] - 1))


def _trapezoids(y: Any, h: Any) -> Any:
    return h * (y[..., 1:] + y[..., :-1]) / 2


def _both(y0: Any, y1: Any, y2: Any, h0: Any, h1: Any) -> Any:
    """The integral of the parabola through three points, h0 and h1 apart (Simpson's rule for uneven distances). A ratio
    to a distance of 0 counts as 0."""
    h = h0 + h1
    middle = divide_safely(h * h, h0 * h1)
    return h / 6 * (y0 * (2 - divide_safely(h1, h0)) + y1 * middle + y2 * (2 - divide_safely(h0, h1)))


def _second(y0: Any, y1: Any, y2: Any, h0: Any, h1: Any) -> Any:
    """The integral of the same parabola over h1 alone (Cartwright, Simpson's rule cumulative integration with MS Excel
    and irregularly-spaced data, 2017, eq. 8, mirrored)."""
    h = h0 + h1
    return (
        divide_safely(2 * h1 * h1 + 3 * h0 * h1, 6 * h) * y2
        + divide_safely(h1 * h1 + 3 * h0 * h1, 6 * h0) * y1
        - divide_safely(h1 * h1 * h1, 6 * h0 * h) * y0
    )


def _triples(y: Any, h: Any) -> tuple:
    """Each three neighbours, and the distances between them."""
    return y[..., :-2], y[..., 1:-1], y[..., 2:], h[..., :-1], h[..., 1:]


def _trapezoid_formula(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    return np.sum(_trapezoids(*_along_last(y, x, dx, axis)), axis=-1)


def _simpson_formula(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y, h = _along_last(y, x, dx, axis)
    n = y.shape[-1]
    if n == 2:
        return np.sum(_trapezoids(y, h), axis=-1)
    triples = _triples(y, h)
    total = np.sum(_both(*[part[..., : n - 2 - (n % 2 == 0) : 2] for part in triples]), axis=-1)
    return total if n % 2 else total + _second(*[part[..., -1] for part in triples])


def _cumulated(y: Any, integrals: Any, initial: Any, axis: int) -> Any:
    """Sums of the integrals up to each sample, and `initial` in front, if it isn't None."""
    sums = np.cumsum(integrals, axis=-1)
    if initial is not None:
        initial = initial if np.ndim(initial) == 0 else np.moveaxis(initial, axis, -1)
        sums = np.concatenate([np.broadcast_to(initial, (*y.shape[:-1], 1)), initial + sums], axis=-1)
    return np.moveaxis(sums, -1, axis)


def _cumulative_trapezoid_formula(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None) -> Any:
    y, h = _along_last(y, x, dx, axis)
    return _cumulated(y, _trapezoids(y, h), initial, axis)


def _cumulative_simpson_formula(y: Any, x: Any = None, dx: Any = 1.0, initial: Any = None, axis: int = -1) -> Any:
    """The parabola through i, i + 1 and i + 2 for the interval after an even i and for that after the next; the last
    interval belongs to the last three points."""
    y, h = _along_last(y, x, dx, axis)
    if y.shape[-1] < 3:
        return _cumulated(y, _trapezoids(y, h), initial, axis)
    y0, y1, y2, h0, h1 = _triples(y, h)
    first, second = _second(y2, y1, y0, h1, h0), _second(y0, y1, y2, h0, h1)
    before = np.concatenate([second[..., :1], second[..., :-1]], axis=-1)
    even = np.arange(first.shape[-1]) % 2 == 0
    integrals = np.concatenate([np.where(even, first, before), second[..., -1:]], axis=-1)
    return _cumulated(y, integrals, initial, axis)


# Rules ---------------------------------------------------------------------------------------------------------------


# What readers are shown: an integral is linear in the samples, with the integrals of unit vectors as its weights

_LATER = "flip(cumsum(flip({}))) * (f[1:] + f[:-1]) / 2"


def _distances(f: Any, x: Any, dx: Any) -> str | None:
    """How to call an integral with the same distances for all samples; None if they differ, along other axes."""
    if x is None:
        return "dx=dx" if np.ndim(dx) == 0 else None
    return "x=x" if np.ndim(x) == 1 else None


def _text_of_integral(
    i: int, integral: Callable, f: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, **_: Any
) -> str | None:
    distances = _distances(f, x, dx)
    if i == 0 and distances:
        weights = f"integral(eye({np.shape(f)[axis]}), {distances})"
        last = axis % np.ndim(f) == np.ndim(f) - 1
        return f"expand_dims(g, -1) * {weights}" if last else f"moveaxis(expand_dims(g, -1) * {weights}, -1, axis)"
    if i == 1 and np.ndim(f) == 1 and integral is scipy.integrate.trapezoid:
        return "g * (pad(f[1:] + f[:-1], (1, 0)) - pad(f[1:] + f[:-1], (0, 1))) / 2"
    return "sum(g * y) / dx" if i == 2 and distances and dx != 0 else None


def _text_of_cumulated(
    i: int, integral: Callable, f: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None, **_: Any
) -> str | None:
    distances, begins = _distances(f, x, dx), initial is not None
    if i == 0 and distances:
        weights = f"integral(eye({np.shape(f)[axis]}), {distances}{', initial=0' if begins else ''}).T"
        last = axis % np.ndim(f) == np.ndim(f) - 1
        return f"g @ {weights}" if last else f"moveaxis(moveaxis(g, axis, -1) @ {weights}, -1, axis)"
    if i == 1 and np.ndim(f) == 1 and integral is scipy.integrate.cumulative_trapezoid:
        c = "d" if begins else "c"
        return f"pad({c}, (1, 0)) - pad({c}, (0, 1))"
    if i == 2 and distances and dx != 0:
        return "sum(g * (y - initial)) / dx" if begins else "sum(g * y) / dx"
    if i == 3:
        return "sum(g)" if np.ndim(initial) == 0 else "sum(g, axis=axis, keepdims=True)"
    return None


def _through(func: Callable, formula: Callable, i: int) -> Callable:
    """The rule of the i-th argument of func: the gradient through a formula in NumPy's functions."""

    def rule(g: Any, y: Any, *args: Any, axis: int = -1, **settings: Any) -> Any:
        places = [k for k, arg in enumerate(args) if k == i or isinstance(arg, Tensor)]

        def of(*values: Any) -> Any:
            given = dict(zip(places, values, strict=True))
            return formula(*[given.get(k, arg) for k, arg in enumerate(args)], axis=axis, **settings)

        call = Call(formula.__name__.strip("_").removesuffix("_formula"), of, [args[k] for k in places])
        return call.pullback([g], (), is_recorded(g, args))[places.index(i)]

    kind, of_scipy = inspect.Parameter.POSITIONAL_OR_KEYWORD, getattr(scipy.integrate, func.__name__.lstrip("_"))
    names = [inspect.Parameter(name, kind) for name in ("g", "y", "f")]  # f, the samples, since y is the integral
    settings = [p.replace(kind=kind) for p in list(inspect.signature(func).parameters.values())[1:]]
    function = inspect.Parameter("integral", inspect.Parameter.KEYWORD_ONLY, default=of_scipy)
    signature = rule.__signature__ = inspect.Signature([*names, *settings, function])  # type: ignore[attr-defined]
    text_of = _text_of_cumulated if of_scipy.__name__.startswith("cumulative") else _text_of_integral

    def text(*args: Any, **kwargs: Any) -> str | None:
        return text_of(i, **signature.bind(*args, **kwargs).arguments)

    return with_text(text, c=_LATER.format("g"), d=_LATER.format("g[1:]"))(rule)


def _simpson(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    return scipy.integrate.simpson(y, x=x, dx=dx, axis=axis)


def _cumulative_simpson(y: Any, x: Any = None, dx: Any = 1.0, initial: Any = None, axis: int = -1) -> Any:
    return scipy.integrate.cumulative_simpson(y, x=x, dx=dx, axis=axis, initial=initial)


def _recorded(func: Callable, formula: Callable, n: int) -> Callable:
    return recorded(func, *[_through(func, formula, i) for i in range(n)])


_recorded_trapezoid = _recorded(scipy.integrate.trapezoid, _trapezoid_formula, 3)
_recorded_simpson = _recorded(_simpson, _simpson_formula, 3)
_recorded_cumulative_trapezoid = _recorded(scipy.integrate.cumulative_trapezoid, _cumulative_trapezoid_formula, 3)
_recorded_cumulative_simpson = _recorded(_cumulative_simpson, _cumulative_simpson_formula, 4)

# What users call -----------------------------------------------------------------------------------------------------


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of samples y at x, or dx apart, by the trapezoidal rule; with derivatives in y, x and dx.

    y has shape (..., n, ...) with the samples along `axis`; x has shape (n,) or that of y. The result lacks that axis.

    >>> from tensorgrad import grad
    >>> grad(trapezoid, argnum=1)([1.0, 2.0, 4.0], np.array([0.0, 1.0, 3.0]))
    array([-1.5, -1.5,  3. ])
    """
    return _recorded_trapezoid(y, x, dx, axis=axis)


def simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of samples y at x, or dx apart, by Simpson's rule; with derivatives in y, x and dx.

    Shapes are as for `trapezoid`. Of an even number of samples the last interval is that of the parabola through the
    last three.

    >>> from tensorgrad import grad
    >>> grad(simpson)(np.array([1.0, 2.0, 4.0]))
    array([0.33333333, 1.33333333, 0.33333333])
    """
    return _recorded_simpson(y, x, dx, axis=axis)


def cumulative_trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: float | None = None) -> Any:
    """The integrals of samples up to each of them, by the trapezoidal rule; with derivatives in y, x and dx.

    One less than there are samples, or with initial=0 as many.

    >>> from tensorgrad import jacobian
    >>> jacobian(cumulative_trapezoid)(np.array([1.0, 2.0, 4.0]))
    array([[0.5, 0.5, 0. ],
           [0.5, 1. , 0.5]])
    """
    return _recorded_cumulative_trapezoid(y, x, dx, axis=axis, initial=initial)


def cumulative_simpson(y: Any, *, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None) -> Any:
    """The integrals of samples up to each of them, by Simpson's rule; with derivatives in y, x, dx and initial.

    One less than there are samples; with `initial`, which is added to all, it stands in front.

    >>> from tensorgrad import jacobian
    >>> jacobian(cumulative_simpson)(np.array([1.0, 2.0, 4.0]))
    array([[ 0.41666667,  0.66666667, -0.08333333],
           [ 0.33333333,  1.33333333,  0.33333333]])
    """
    return _recorded_cumulative_simpson(y, x, dx, initial, axis=axis)
