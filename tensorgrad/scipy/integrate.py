"""scipy.integrate with derivatives: integrals of functions and of samples, and differential equations.

The functions that are given, integrands and right-hand sides, are called as SciPy calls them, with plain numbers and
arrays; write them in NumPy's functions, for when a derivative is computed, they are called with Tensors too. What they
close over is found: Tensors, parameters of Modules; what `args` holds, in structures too, is an argument like others.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.integrate

from ..batch import Batched, NotBatchable
from ..closures import Call, Differentiable, OuterTensors, is_recorded, record, requires_gradient, with_args
from ..derivatives.arrays import as_array
from ..errors import no_derivative
from ..tensor import Tensor, data_of
from .adjoint import Solution, Solver, require_real
from .recording import absent, constant, one_at_a_time
from .samples import cumulative_simpson, cumulative_trapezoid, simpson, trapezoid
from .solver_calls import Releasable, call_solver

__all__ = [
    "trapezoid", "simpson", "cumulative_trapezoid", "cumulative_simpson", "quad", "odeint", "solve_ivp",
]  # fmt: skip

__getattr__ = absent("scipy.integrate", __all__)


def _vector(value: Any) -> Any:
    """An array of floats, of one axis."""
    value = as_array(value)
    value = value if value.dtype.kind in "fc" else value.astype(float)
    return np.reshape(value, -1) if value.ndim == 0 else value


# Integrals of functions ----------------------------------------------------------------------------------------------


class _Integral(Differentiable):
    """The integral of f(x, *parts) from a to b: a number or a vector. `known` are values of f at some places."""

    def __init__(self, f: Callable, outer: Sequence[Any], settings: dict, known: Sequence[tuple[float, Any]] = ()):
        self.f, self.outer, self.settings, self.known = f, outer, settings, known

    def value(self, parts: Sequence[Any]) -> Any:
        a, b, *parts = parts
        own = parts[: len(parts) - len(self.outer)]
        return _integral_of_vector(lambda x: data_of(self.f(x, *own)), a, b, self.settings)

    def gradients(self, g: Any, y: Any, parts: Sequence[Any]) -> Sequence[Any]:
        if isinstance(g, Batched):
            raise NotBatchable("quad: the integrals of a batch are computed one by one")
        a, b, *parts = parts
        own = parts[: len(parts) - len(self.outer)]
        recorded = is_recorded(a, b, parts)
        self._require_the_same([data_of(part) for part in own])
        ends = [self._at(-g, a, own, recorded), self._at(g, b, own, recorded)]
        if not parts:
            return ends
        values = [data_of(part) for part in (g, *own)]
        limits = data_of(a), data_of(b)
        if limits[0] == limits[1]:
            flat = np.zeros(sum([part.size for part in parts]))
        else:
            flat = _integral_of_vector(lambda x: data_of(self._weighted(x, *values)), *limits, self.settings)
        if recorded or is_recorded(g):
            flat = record("quad", flat, [a, b, g, *parts], _Integral(self._weighted, self.outer, self.settings))
        sizes = np.cumsum([int(np.prod(np.shape(part))) for part in parts])[:-1]
        return ends + [np.reshape(d, np.shape(p)) for d, p in zip(np.split(flat, sizes), parts, strict=True)]

    def _require_the_same(self, own: Sequence[Any]) -> None:
        """An error, if f isn't the function any more that was integrated."""
        for x, y in self.known:
            if not np.allclose(data_of(self.f(x, *own)), y, rtol=1e-9, atol=0, equal_nan=True):
                raise RuntimeError(
                    "quad: in the backward pass the function gives other numbers than when it was integrated: a "
                    "variable or an array that it uses has changed since, as one of a loop does. Pass that in args, "
                    "bind it, as in lambda x, k=k: ..., or go backward before it changes"
                )

    def _at(self, g: Any, x: Any, own: Sequence[Any], recorded: bool) -> Any:
        """The product of g and f at a limit; nothing at infinity."""
        if not math.isfinite(data_of(x)):
            return None
        value = self.f(x if isinstance(x, Tensor) else float(x), *own)
        return np.sum(g * (value if recorded else data_of(value)))

    def _weighted(self, x: Any, g: Any, *own: Any) -> Any:
        """The gradients of the sum of g * f(x, *own) by what f depends on, in one vector."""
        first = [x] if isinstance(x, Tensor) else []
        call = Call("quad", lambda *a: as_array(self.f(*(a if first else (x, *a)))), [*first, *own])
        grads = call.pullback([g], self.outer, is_recorded(x, g, own))[len(first) :]
        like = [*own, *self.outer]
        zeros = [np.zeros(p.shape) if d is None else d for d, p in zip(grads, like, strict=True)]
        return np.concatenate([np.ravel(d) for d in zeros])


def _integral_of_vector(f: Callable, a: Any, b: Any, settings: dict) -> Any:
    value, error, info = scipy.integrate.quad_vec(
        lambda x: np.asarray(f(x), float), float(a), float(b), norm="max", full_output=True, **settings
    )
    if not info.success:
        warnings.warn(
            f"quad: an integral for a derivative is right to {error:.1e} only: {info.message}",
            scipy.integrate.IntegrationWarning,
            stacklevel=2,
        )
    return np.asarray(value)


@one_at_a_time
def quad(
    func: Any,
    a: Any,
    b: Any,
    args: Any = (),
    full_output: Any = 0,
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
    limit: int = 50,
    points: Any = None,
    weight: Any = None,
    wvar: Any = None,
    wopts: Any = None,
    maxp1: int = 50,
    limlst: int = 50,
    complex_func: bool = False,
) -> tuple:
    """The integral of func(x, *args) from a to b, and an estimate of its error: `(y, error)`, as SciPy's `quad`.

    y has derivatives of any order in the limits (Leibniz' rule; an infinite one has none), in `args`, and in the
    Tensors that func closes over: those are integrals again, of the derivatives of func, of the same absolute and
    relative tolerance.

    Args:
        func: takes a float and args, returns a number.
        a, b: the limits, numbers or Tensors of one; they may be infinite.
        args: a tuple of whatever func takes; Tensors in it may be in structures.
        points: where func is irregular, constants: fixed when a derivative is taken.
        weight, wvar, wopts, complex_func: not with derivatives.
        Others: SciPy's.

    Returns:
        As SciPy's; y is a float, or if it depends on Tensors a Tensor of shape ().

    Raises:
        TypeError: a weight or a complex function together with a Tensor that requires a gradient.

    >>> from tensorgrad import grad
    >>> grad(lambda k: quad(lambda x: np.exp(-k * x), 0, np.inf)[0])(2.0)  # of 1 / k
    array(-0.25)
    >>> grad(lambda b: quad(np.sin, 0, b)[0])(np.pi / 2)
    array(1.)
    """
    f, tensors = with_args("quad", func, args)
    used, arrays = OuterTensors(), [t.data for t in tensors]
    settings = {"full_output": full_output, "epsabs": epsabs, "epsrel": epsrel, "limit": limit, "points": points}
    settings |= {"weight": weight, "wvar": wvar, "wopts": wopts, "maxp1": maxp1, "limlst": limlst}
    settings = {name: constant("quad", name, value) for name, value in settings.items()}

    known: list[tuple[float, Any]] = []

    def number(x: float) -> Any:
        y = used.call(f, x, *arrays)
        if len(known) < 3:
            known.append((x, np.array(y)))
        return y.item() if isinstance(y, np.ndarray) and y.size == 1 else y

    limits = [float(data_of(limit)) for limit in (a, b)]
    value, *rest = scipy.integrate.quad(number, *limits, **settings, complex_func=complex_func)
    if not used.called:  # over no distance at all
        number(limits[0])
    if not (is_recorded(a, b, tensors) or used.any_tensor):
        return value, *rest
    if (weight is not None or complex_func) and requires_gradient(a, b, tensors, used.found):
        raise no_derivative("quad", "with a weight, or a complex function, its rules don't know it")
    derived = {"epsabs": epsabs, "epsrel": epsrel, "points": settings["points"]}
    parts = [as_array(end) for end in (a, b)] + tensors + used.found
    require_real("quad", *parts)
    return record("quad", np.asarray(value), parts, _Integral(f, used.found, derived, known)), *rest


# Differential equations ----------------------------------------------------------------------------------------------


def _tolerance(tolerance: Any, n: int) -> Any:
    """The tolerances of a system of n numbers, given those of the equation; where they are many, the least for all that
    is added."""
    if np.ndim(tolerance) == 0:
        return tolerance
    return np.concatenate([tolerance, np.full(n - len(tolerance), np.min(tolerance))])


def _lsoda(rtol: Any, atol: Any, settings: dict) -> Solver:
    """The solver that odeint is, for adjoint systems."""

    def solve(f: Callable, y0: np.ndarray, times: np.ndarray) -> np.ndarray:
        n = len(y0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", scipy.integrate.ODEintWarning)
            ys, info = scipy.integrate.odeint(
                f, y0, times, tfirst=True, full_output=True,
                rtol=_tolerance(rtol, n), atol=_tolerance(atol, n), **settings,
            )  # fmt: skip
        _require_solved("odeint", _failure(info))
        return ys

    return solve


def _failure(info: dict) -> str:
    """Why odeint failed, if it did."""
    return "" if info["message"].startswith(("Integration successful", "Nothing was done")) else info["message"]


def _require_solved(name: str, failure: str) -> None:
    if failure:
        raise RuntimeError(
            f"{name}: the adjoint system, from which the derivative is computed, isn't solved: {failure}"
        )


@one_at_a_time
def odeint(
    func: Callable,
    y0: Any,
    t: Any,
    args: Any = (),
    Dfun: Callable | None = None,
    col_deriv: Any = 0,
    full_output: Any = 0,
    ml: int | None = None,
    mu: int | None = None,
    rtol: Any = None,
    atol: Any = None,
    tcrit: Any = None,
    h0: float = 0.0,
    hmax: float = 0.0,
    hmin: float = 0.0,
    ixpr: Any = 0,
    mxstep: int = 0,
    mxhnil: int = 0,
    mxordn: int = 12,
    mxords: int = 5,
    printmessg: Any = 0,
    tfirst: bool = False,
) -> Any:
    """The solution of dy/dt = func(y, t, *args) at the times t, from y0 at the first of them, as SciPy's `odeint`.

    It has derivatives of any order in y0, in the times, in `args`, and in the Tensors that func closes over, by the
    adjoint method (see `adjoint`): for a gradient the equation is solved once more, backward, together with its
    adjoint, whose tolerances are these too. What the derivatives are right to follows from rtol and atol. The memory
    doesn't grow with the steps.

    Args:
        func: takes y, of shape (n,), t and args (t first with tfirst=True), returns dy/dt: an array, a Tensor or a list
            of n numbers. When a derivative is computed, y is a Tensor.
        y0: of shape (n,), or a number. Real; all is computed in float64.
        t: of shape (m,), increasing or decreasing.
        args: a tuple of whatever func takes; Tensors in it may be in structures.
        Dfun, ml, mu, tcrit, h0, hmin: for the solution; they don't hold for its adjoint.
        Others: SciPy's.

    Returns:
        y, of shape (m, n): an array, or a Tensor if it depends on Tensors. With full_output `(y, info)`.

    Raises:
        TypeError: something that is complex requires a gradient.
        RuntimeError: in the backward pass, if the solver failed before, or does so on the adjoint.

    >>> from tensorgrad import grad
    >>> def decay(y, t, k):
    ...     return -k * y
    >>> y = odeint(decay, [1.0], [0.0, 1.0], args=(2.0,))
    >>> dy = grad(lambda k: odeint(decay, [1.0], [0.0, 1.0], args=(k,))[-1, 0])(2.0)  # of exp(-k)
    >>> bool(np.allclose(y[-1], np.exp(-2), atol=1e-6)), bool(np.allclose(dy, -np.exp(-2), atol=1e-6))
    (True, True)
    """
    y0, times = _vector(y0), _vector(t)
    f, tensors = with_args("odeint", func if tfirst else lambda t, y, *args: func(y, t, *args), args)
    used, arrays = OuterTensors(), [x.data for x in tensors]
    settings = {"hmax": hmax, "mxstep": mxstep, "mxhnil": mxhnil, "mxordn": mxordn, "mxords": mxords}
    tolerances = constant("odeint", "rtol", rtol), constant("odeint", "atol", atol)
    settings = {name: constant("odeint", name, value) for name, value in settings.items()}
    own: dict[str, Any] = {"ml": ml, "mu": mu, "h0": h0, "hmin": hmin, "ixpr": ixpr, "printmessg": printmessg}
    own["tcrit"] = constant("odeint", "tcrit", tcrit)
    if Dfun is not None:
        slopes, _ = with_args("odeint", Dfun if tfirst else lambda t, y, *args: Dfun(y, t, *args), args)
        own |= {"Dfun": lambda t, y: used.call(slopes, t, y, *arrays), "col_deriv": col_deriv}
    ys, info = scipy.integrate.odeint(
        lambda t, y: used.call(f, t, y, *arrays), data_of(y0), data_of(times), tfirst=True, full_output=True,
        rtol=tolerances[0], atol=tolerances[1], **settings, **own,
    )  # fmt: skip
    if not used.called and len(times):  # no time has passed
        used.call(f, float(data_of(times[0])), data_of(y0), *arrays)
    if is_recorded(y0, times, tensors) or used.any_tensor:
        adjoint, precision = _lsoda(*tolerances, settings), 1.49e-8 if rtol is None else float(np.max(rtol))
        solution = Solution("odeint", f, len(tensors), used.found, adjoint, precision, _failure(info))
        ys = solution.recorded(ys, y0, times, tensors)
    return (ys, info) if full_output else ys


def _stepper(method: Any, settings: dict) -> Solver:
    """The solver that solve_ivp is, for adjoint systems."""

    def solve(f: Callable, y0: np.ndarray, times: np.ndarray) -> np.ndarray:
        options = dict(settings)
        if "atol" in options:
            options["atol"] = _tolerance(options["atol"], len(y0))
        if "rtol" in options:
            options["rtol"] = _tolerance(options["rtol"], len(y0))
        solution = call_solver(scipy.integrate.solve_ivp, f, (times[0], times[-1]), y0, method, t_eval=times, **options)
        _require_solved("solve_ivp", "" if solution.success else solution.message)
        return solution.y.T

    return solve


@one_at_a_time
def solve_ivp(
    fun: Callable,
    t_span: Any,
    y0: Any,
    method: Any = "RK45",
    t_eval: Any = None,
    dense_output: bool = False,
    events: Any = None,
    vectorized: bool = False,
    args: Any = None,
    **options: Any,
) -> Any:
    """The solution of dy/dt = fun(t, y, *args) from y0, by SciPy's `solve_ivp`, with its arguments and its result.

    `result.y` has derivatives of any order, by the adjoint method as in `odeint`, in y0, in the ends of t_span, in
    t_eval, in `args`, and in the Tensors that fun closes over. Without t_eval it is y at the steps that the solver
    chose: the first and the last of these times are those of t_span, and those between are constants.

    Args:
        fun: takes t, y of shape (n,), and args, returns dy/dt.
        t_span: two numbers, or Tensors of one, or an array of two.
        y0: of shape (n,). Real, if derivatives are taken.
        t_eval: times within t_span. y(t_eval) doesn't depend on the end of t_span: make t_eval of it where it should.
        dense_output, events: not together with Tensors that require a gradient.
        options: SciPy's. Of these rtol, atol and max_step hold for the adjoint, as the method does.

    Returns:
        SciPy's result object, in which y, of shape (n, m), is a Tensor if it depends on Tensors; t is an array.

    Raises:
        TypeError: dense_output, events, or a complex y0 together with a Tensor that requires a gradient; or t_eval with
            an end of t_span that requires one.
        RuntimeError: in the backward pass, if the solver failed before, or does so on the adjoint.

    >>> from tensorgrad import jacobian
    >>> def swing(t, y, w):
    ...     return [y[1], -(w**2) * y[0]]
    >>> end = lambda w: solve_ivp(swing, (0, 1), [1.0, 0.0], args=(w,), rtol=1e-9, atol=1e-9).y[0, -1]
    >>> bool(np.allclose(jacobian(end)(2.0), -np.sin(2.0)))  # of cos(w)
    True
    """
    start, stop = t_span
    y0 = _vector(y0)
    args = None if args is None else tuple(args)
    f, tensors = with_args("solve_ivp", fun, args or ())
    used, arrays = OuterTensors(), [x.data for x in tensors]
    options = {name: constant("solve_ivp", name, value) for name, value in options.items()}
    given = dict(options)
    if callable(given.get("jac")):
        slopes, _ = with_args("solve_ivp", given["jac"], args or ())
        given["jac"] = Releasable(lambda t, y: used.call(slopes, t, y, *arrays))
    times = None if t_eval is None else data_of(as_array(t_eval))
    result = call_solver(
        scipy.integrate.solve_ivp, lambda t, y: used.call(f, t, y, *arrays), (data_of(start), data_of(stop)),
        data_of(y0), method, times, dense_output, _events(events, args), vectorized, **given,
    )  # fmt: skip
    if not (is_recorded(y0, start, stop, t_eval, tensors) or used.any_tensor):
        return result
    if (dense_output or events is not None) and requires_gradient(y0, start, stop, t_eval, tensors, used.found):
        raise no_derivative("solve_ivp", "with dense_output or events, these would be constants")
    first, last = (np.reshape(as_array(end), (1,)) for end in (start, stop))
    if t_eval is None:
        times, ys = np.concatenate([first, result.t[1:-1], last])[: len(result.t)], result.y.T
    else:
        if requires_gradient(stop):
            raise no_derivative(
                "solve_ivp: the end of t_span", "y(t_eval) doesn't depend on it; make t_eval of it, as a Tensor"
            )
        times = np.concatenate([first, as_array(t_eval)])[: len(result.t) + 1]
        ys = np.concatenate([[data_of(y0)], result.y.T])
    kept = {name: value for name, value in options.items() if name in ("rtol", "atol", "max_step")}
    failure, precision = "" if result.success else result.message, float(np.max(options.get("rtol", 1e-3)))
    solution = Solution("solve_ivp", f, len(tensors), used.found, _stepper(method, kept), precision, failure)
    y = solution.recorded(np.ascontiguousarray(ys), y0, times, tensors)
    result.y = y.T if t_eval is None else y[1:].T
    return result


def _events(events: Any, args: Any) -> Any:
    """The events of plain arrays, with their arguments."""
    if events is None or args is None:
        return events
    several = events if isinstance(events, (list, tuple)) else [events]
    bound = []
    for event in several:

        def function(t: float, y: Any, event: Callable = event) -> Any:
            return event(t, y, *args)

        for name in ("terminal", "direction"):
            if hasattr(event, name):
                setattr(function, name, getattr(event, name))
        bound.append(function)
    return bound
