"""Minima: what of scipy.optimize minimises, with derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from ..derivatives.arrays import as_array
from ..errors import no_derivative
from .implicit import Problem
from .recording import constant, one_at_a_time
from .solver_calls import call_solver

_SQRT_EPS = float(np.finfo(float).eps) ** 0.5
_TAKE_NO_GRADIENT = {"nelder-mead", "powell", "cobyla", "cobyqa"}


@one_at_a_time
def minimize(
    fun: Callable,
    x0: Any,
    args: Any = (),
    method: Any = None,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    tol: Any = None,
    callback: Any = None,
    options: Any = None,
) -> Any:
    """Where fun(x, *args) is least, by SciPy's `minimize`, with its arguments and its result.

    `result.x` has derivatives of any order in `args` and in the Tensors that fun closes over; in x0 it is zero. It is
    where the slope of fun is zero, so they are those of `root` for the slope: one costs a Hessian. What lies on a bound
    stays there: its derivative is zero (where the slope is zero there too, that is the derivative of one side).
    `result.fun` has derivatives, too; the other fields of the result are constants.

    Args:
        fun: takes x of shape (n,) and args, returns one number (with jac=True, that and the gradient). For a derivative
            it must be differentiable twice, also if the method doesn't use it.
        jac: as SciPy has it. If it is None, fun depends on Tensors, and the method takes a gradient, then the method
            gets fun's own; of plain arrays it is left to SciPy, which takes differences.
        bounds: numbers.
        constraints: not together with Tensors that require a gradient.
        Others: SciPy's. With method "trust-constr", or one of your own, no bounds if a gradient is required.

    Returns:
        SciPy's result object, in which x, and fun, are Tensors if they depend on Tensors.

    Raises:
        TypeError: constraints, or bounds that the derivative can't go by, together with a Tensor that requires a
            gradient.
        RuntimeError: in the backward pass, if the method reports no success: a tolerance may be too small for it.
        LinAlgError: in the backward pass, if the Hessian is singular at the minimum.

    >>> from tensorgrad import grad
    >>> def fun(x, a):
    ...     return (x[0] - a) ** 2 + (x[1] - x[0] * a) ** 2
    >>> slope = grad(lambda a: minimize(fun, [0.0, 0.0], args=(a,)).x[1])(3.0)  # of a**2
    >>> bool(np.isclose(slope, 6.0))
    True
    """
    problem = Problem("minimize", fun, args)
    pairs = jac is True
    f = problem.first_of_pairs() if pairs else problem.f
    x0 = np.atleast_1d(problem.start(x0))
    bounds, options = constant("minimize", "bounds", bounds), constant("minimize", "options", options)
    if jac is None and not (callable(method) or str(method).lower() in _TAKE_NO_GRADIENT):
        problem(x0)  # finds what fun closes over
        gradient: Any = problem.plain_slope(f) if problem.gives_tensors else None
    else:
        gradient = True if pairs else problem.plain(jac)
    result = call_solver(
        scipy.optimize.minimize,
        problem.pair if pairs else problem,
        x0,
        (),
        method,
        gradient,
        problem.plain(hess),
        problem.plain(hessp),
        bounds,
        constraints,
        tol,
        callback,
        options,
    )
    if not problem.gives_tensors:
        return result
    if problem.requires_gradient:
        if not isinstance(constraints, (tuple, list)) or len(constraints):
            raise no_derivative("minimize", "with constraints, its rule doesn't know them")
        if bounds is not None and (callable(method) or str(method).lower() == "trust-constr"):
            raise no_derivative("minimize", f"with method {method!r}, what lies on a bound isn't known; take L-BFGS-B")
    fixed = _on_bounds(result.x, bounds)
    x = problem.solution(
        _held(problem.slope(f), result.x, fixed), result.x, "" if result.success else str(result.message)
    )
    result.x, result.fun = x, f(x, *problem.tensors)
    return result


def _held(f: Callable, at: np.ndarray, fixed: Any) -> Callable:
    """The equations f = 0, where some elements of x are fixed at what they are."""
    return (lambda x, *own: np.where(fixed, x - at, f(x, *own))) if np.any(fixed) else f


def _on_bounds(x: np.ndarray, bounds: Any) -> Any:
    """Which elements of x lie on a bound."""
    if bounds is None:
        return np.zeros(x.shape, bool)
    if isinstance(bounds, scipy.optimize.Bounds):
        low, high = bounds.lb, bounds.ub
    else:
        low, high = (
            np.array([sign * np.inf if b[i] is None else b[i] for b in bounds], float) for i, sign in enumerate((-1, 1))
        )
    near = 1e-10 * (1 + np.abs(x))
    return (x <= low + near) | (x >= high - near)


@one_at_a_time
def minimize_scalar(
    fun: Callable,
    bracket: Any = None,
    bounds: Any = None,
    args: Any = (),
    method: Any = None,
    tol: Any = None,
    options: Any = None,
) -> Any:
    """Where a function of one number is least, by SciPy's `minimize_scalar`; with derivatives as `minimize` has them.

    The method "bounded" never quite reaches a bound: what is within its tolerance of one, and would go beyond by a step
    of Newton's method, counts as on it.

    >>> from tensorgrad import grad
    >>> slope = grad(lambda a: minimize_scalar(lambda x, a: np.cosh(x - a**2), args=(a,)).x)(1.5)
    >>> bool(np.isclose(slope, 3.0))
    True
    """
    problem = Problem("minimize_scalar", fun, args)
    bounds = constant("minimize_scalar", "bounds", bounds)
    result = call_solver(scipy.optimize.minimize_scalar, problem, bracket, bounds, (), method, tol, options)
    if problem.gives_tensors:
        slope = problem.slope(problem.f)
        tolerance = (tol or (options or {}).get("xatol", 1e-5)) + _SQRT_EPS * abs(float(result.x))  # as SciPy's
        fixed = bounds is not None and _meets_bounds(problem.plain_slope(problem.f), result.x, bounds, tolerance)
        x = problem.solution(
            _held(slope, np.asarray(result.x), fixed), result.x, "" if result.success else str(result.message)
        )
        result.x, result.fun = x, problem.f(x, *problem.tensors)
    return result


def _meets_bounds(slope: Callable, x: float, bounds: Any, tolerance: float) -> bool:
    """Whether a minimum is where it is since it can't go beyond a bound."""
    low, high = bounds
    d, step = float(slope(np.asarray(x))), 10 * tolerance
    other = float(slope(np.asarray(x + (step if x - low < high - x else -step))))
    curvature = abs(other - d) / step
    return (x - low < step and d > curvature * (x - low)) or (high - x < step and -d > curvature * (high - x))


@one_at_a_time
def least_squares(
    fun: Callable,
    x0: Any,
    jac: Any = "2-point",
    bounds: Any = (-np.inf, np.inf),
    method: str = "trf",
    ftol: Any = 1e-8,
    xtol: Any = 1e-8,
    gtol: Any = 1e-8,
    x_scale: Any = None,
    loss: Any = "linear",
    f_scale: float = 1.0,
    diff_step: Any = None,
    tr_solver: Any = None,
    tr_options: Any = None,
    jac_sparsity: Any = None,
    max_nfev: Any = None,
    verbose: int = 0,
    args: Any = (),
    kwargs: Any = None,
    **options: Any,
) -> Any:
    """Where the sum of squares of fun(x, *args, **kwargs) is least, by SciPy's `least_squares`.

    `result.x` has derivatives as `minimize` has them, from the Hessian of the sum of squares; so have `result.fun` and
    `result.cost`. The other fields of the result are constants.

    Args:
        fun: takes x of shape (n,), returns an array of residuals.
        bounds: numbers.
        loss: "linear", if a gradient is required.
        Others: SciPy's.

    >>> from tensorgrad import jacobian
    >>> t = np.array([0.0, 1.0, 2.0])
    >>> fit = lambda y: least_squares(lambda x: x[0] + x[1] * t - y, [0.0, 0.0]).x
    >>> jacobian(fit)(np.array([1.0, 2.0, 4.0])).round(6) + 0.0  # the pseudoinverse of a straight line's matrix
    array([[ 0.833333,  0.333333, -0.166667],
           [-0.5     ,  0.      ,  0.5     ]])
    """
    problem = Problem("least_squares", fun, args, kwargs)
    bounds = bounds if isinstance(bounds, scipy.optimize.Bounds) else constant("least_squares", "bounds", bounds)
    if x_scale is not None:
        options["x_scale"] = x_scale
    result = call_solver(
        scipy.optimize.least_squares,
        problem,
        problem.start(x0),
        problem.plain(jac),
        bounds,
        method,
        ftol,
        xtol,
        gtol,
        loss=loss,
        f_scale=f_scale,
        diff_step=diff_step,
        tr_solver=tr_solver,
        tr_options=tr_options or {},
        jac_sparsity=jac_sparsity,
        max_nfev=max_nfev,
        verbose=verbose,
        **options,
    )
    if not problem.gives_tensors:
        return result
    if not (isinstance(loss, str) and loss == "linear") and problem.requires_gradient:
        raise no_derivative("least_squares", f"with loss={loss!r}, its rule knows the linear one")

    def cost(x: Any, *own: Any) -> Any:
        return np.sum(as_array(problem.f(x, *own)) ** 2) / 2

    slope = _held(problem.slope(cost), result.x, result.active_mask != 0)
    x = problem.solution(slope, result.x, "" if result.success else str(result.message))
    result.x, result.fun = x, as_array(problem.f(x, *problem.tensors))
    result.cost = np.sum(result.fun**2) / 2
    return result
