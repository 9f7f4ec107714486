"""scipy.optimize with derivatives: where a function is zero, or least, as a function of what it depends on.

The values are SciPy's. The derivatives are those of the solution itself, by the implicit function theorem: in `args`,
where Tensors may be in structures, and in the Tensors and parameters of Modules that a function closes over, to any
order. They are as right as the solution is: ask for it to a small tolerance. Where the search begins makes no
difference to where it ends, so the derivative in x0, or in the ends of a bracket, is zero.

The functions that are given are called as SciPy calls them, with plain arrays; write them in NumPy's functions, for
when a derivative is computed, they are called with Tensors too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from ..closures import OuterTensors, is_recorded, requires_gradient, with_args
from ..derivatives.arrays import as_array
from ..errors import no_derivative
from ..tensor import data_of
from .implicit import slope_of, solution
from .recording import absent, constant

__all__ = [
    "root", "fixed_point", "root_scalar", "brentq", "bisect", "newton", "minimize", "minimize_scalar", "least_squares",
]  # fmt: skip

__getattr__ = absent("scipy.optimize", __all__)


class _Problem:
    """A user's function with its arguments, for SciPy, and what it depends on."""

    def __init__(self, name: str, f: Callable, args: Any, kwargs: Any = None):
        self.name, self._args, self._kwargs = name, args, kwargs
        self.f, self.tensors = with_args(f, args, kwargs)
        self._arrays = [t.data for t in self.tensors]
        self._used = OuterTensors()

    def __call__(self, *values: Any) -> Any:
        """f, of plain arrays."""
        return self._used.call(self.f, *values, *self._arrays)

    def plain(self, f: Any) -> Any:
        """Another function of the same arguments, of plain arrays; anything else as it is."""
        if not callable(f):
            return f
        bound, _ = with_args(f, self._args, self._kwargs)
        return lambda *values: self._used.call(bound, *values, *self._arrays)

    def pair(self, x: Any) -> tuple:
        """What f gives, if that is a pair, of plain arrays."""
        return self._used.call_for_several(self.f, x, *self._arrays)

    def first_of_pairs(self) -> Callable:
        """The first of the pair that f gives, as a function of Tensors."""
        return lambda *values: self.f(*values)[0]

    @property
    def is_recorded(self) -> bool:
        return is_recorded(self.tensors, self._used.found)

    @property
    def requires_gradient(self) -> bool:
        return requires_gradient(self.tensors, self._used.found)

    def solution(self, f: Callable, x: Any, failure: str = "") -> Any:
        """x, that solves f(x, *tensors) = 0, as a Tensor."""
        return solution(self.name, f, x, self.tensors, self._used.found, failure)

    def slope(self, f: Callable) -> Callable:
        """The gradient by x, of Tensors."""
        return slope_of(self.name, f)

    def plain_slope(self, f: Callable) -> Callable:
        """The gradient by x, of plain arrays."""
        slope = self.slope(f)
        return lambda x: data_of(slope(x, *self._arrays))


def _start(name: str, x0: Any) -> np.ndarray:
    """Where a search begins: the data, for the derivative is zero."""
    x0 = np.asarray(data_of(as_array(x0)))
    if x0.dtype.kind not in "fc":
        x0 = x0.astype(float)
    return x0


# Roots ---------------------------------------------------------------------------------------------------------------


def root(
    fun: Callable,
    x0: Any,
    args: Any = (),
    method: str = "hybr",
    jac: Any = None,
    tol: Any = None,
    callback: Any = None,
    options: Any = None,
) -> Any:
    """A root of a system of n equations, fun(x, *args) = 0, by SciPy's `root`, with its arguments and its result.

    `result.x` has derivatives of any order in `args` and in the Tensors that fun closes over; in x0 it is zero. One
    costs a Jacobian of n rows, and the solution of n linear equations. The other fields of the result are constants.

    Args:
        fun: takes x of shape (n,) and args, returns n numbers (with jac=True, these and the Jacobian).
        Others: SciPy's.

    Returns:
        SciPy's result object, in which x is a Tensor if it depends on Tensors.

    Raises:
        RuntimeError: in the backward pass, if the solver had not converged.
        LinAlgError: in the backward pass, if the Jacobian is singular at the root.

    >>> from tensorgrad import grad
    >>> def circle_and_line(x, r):
    ...     return [x[0]**2 + x[1]**2 - r**2, x[0] - x[1]]
    >>> slope = grad(lambda r: root(circle_and_line, [1.0, 1.0], args=(r,)).x[0])(2.0)  # of r / sqrt(2)
    >>> bool(np.isclose(slope, 0.5**0.5))
    True
    """
    problem = _Problem("root", fun, args)
    pairs = jac is True
    options = constant("root", "options", options)
    result = scipy.optimize.root(
        problem.pair if pairs else problem, _start("root", x0), (), method, True if pairs else problem.plain(jac),
        constant("root", "tol", tol), callback, options,
    )  # fmt: skip
    if problem.is_recorded:
        f = problem.first_of_pairs() if pairs else problem.f
        result.x = problem.solution(f, result.x, "" if result.success else str(result.message))
    return result


def fixed_point(
    func: Callable, x0: Any, args: Any = (), xtol: float = 1e-8, maxiter: int = 500, method: str = "del2"
) -> Any:
    """A fixed point, func(x, *args) = x, by SciPy's `fixed_point`; with derivatives as `root` has them.

    Returns:
        x, of the shape of x0: an array or a float, or if it depends on Tensors a Tensor.

    >>> from tensorgrad import grad
    >>> slope = grad(lambda a: fixed_point(lambda x, a: (x + a / x) / 2, 1.0, args=(a,)))(4.0)  # of sqrt(a)
    >>> bool(np.isclose(slope, 0.25))
    True
    """
    problem = _Problem("fixed_point", func, args)
    x = scipy.optimize.fixed_point(problem, _start("fixed_point", x0), (), xtol, maxiter, method)
    return problem.solution(lambda x, *own: as_array(problem.f(x, *own)) - x, x) if problem.is_recorded else x


def root_scalar(
    f: Callable,
    args: Any = (),
    method: Any = None,
    bracket: Any = None,
    fprime: Any = None,
    fprime2: Any = None,
    x0: Any = None,
    x1: Any = None,
    xtol: Any = None,
    rtol: Any = None,
    maxiter: Any = None,
    options: Any = None,
) -> Any:
    """A root of a function of one number, by SciPy's `root_scalar`; `result.root` has derivatives as `root` has them.

    With fprime=True f returns the value and the derivative.

    >>> from tensorgrad import grad
    >>> slope = grad(lambda a: root_scalar(lambda x, a: x**3 - a, args=(a,), bracket=(0, 9)).root)(8.0)
    >>> bool(np.isclose(slope, 1 / 12))  # of the cube root of a
    True
    """
    problem = _Problem("root_scalar", f, args)
    if fprime2 is True:
        raise ValueError("root_scalar: fprime2 must be a function, or None; f may return the first derivative alone")
    result = scipy.optimize.root_scalar(
        problem.pair if fprime is True else problem, (), method, bracket and [float(data_of(b)) for b in bracket],
        True if fprime is True else problem.plain(fprime), problem.plain(fprime2), _number(x0), _number(x1), xtol, rtol,
        maxiter, options,
    )  # fmt: skip
    if problem.is_recorded:
        function = problem.first_of_pairs() if fprime is True else problem.f
        result.root = problem.solution(function, result.root, "" if result.converged else str(result.flag))
    return result


def _number(x: Any) -> Any:
    return None if x is None else float(data_of(x))


def _bracketed(solver: Callable, f: Callable, a: Any, b: Any, args: Any, settings: dict, full_output: bool) -> Any:
    problem = _Problem(solver.__name__, f, args)
    x, info = solver(problem, float(data_of(a)), float(data_of(b)), (), full_output=True, **settings)
    if problem.is_recorded:
        x = info.root = problem.solution(problem.f, x, "" if info.converged else str(info.flag))
    return (x, info) if full_output else x


_RTOL = 4 * np.finfo(float).eps


def brentq(
    f: Callable, a: Any, b: Any, args: Any = (), xtol: float = 2e-12, rtol: float = _RTOL, maxiter: int = 100,
    full_output: bool = False, disp: bool = True,
) -> Any:  # fmt: skip
    """A root of f(x, *args) between a and b, by SciPy's `brentq`; with derivatives as `root` has them.

    >>> from tensorgrad import grad
    >>> grad(grad(lambda a: brentq(lambda x: x**2 - a, 0, 9)))(4.0)  # of sqrt(a)
    array(-0.03125)
    """
    settings = {"xtol": xtol, "rtol": rtol, "maxiter": maxiter, "disp": disp}
    return _bracketed(scipy.optimize.brentq, f, a, b, args, settings, full_output)


def bisect(
    f: Callable, a: Any, b: Any, args: Any = (), xtol: float = 2e-12, rtol: float = _RTOL, maxiter: int = 100,
    full_output: bool = False, disp: bool = True,
) -> Any:  # fmt: skip
    """A root of f(x, *args) between a and b, by SciPy's `bisect`; with derivatives as `root` has them.

    >>> from tensorgrad import grad
    >>> bool(np.isclose(grad(lambda a: bisect(lambda x: x**2 - a, 0, 9))(4.0), 0.25))
    True
    """
    settings = {"xtol": xtol, "rtol": rtol, "maxiter": maxiter, "disp": disp}
    return _bracketed(scipy.optimize.bisect, f, a, b, args, settings, full_output)


def newton(
    func: Callable,
    x0: Any,
    fprime: Any = None,
    args: Any = (),
    tol: float = 1.48e-8,
    maxiter: int = 50,
    fprime2: Any = None,
    x1: Any = None,
    rtol: float = 0.0,
    full_output: bool = False,
    disp: bool = True,
) -> Any:
    """A root of func(x, *args), by SciPy's `newton`; with derivatives as `root` has them.

    x0 may be an array: then there is a root for each element.

    >>> from tensorgrad import grad
    >>> slope = grad(lambda a: newton(lambda x: x**2 - a, np.ones(2)).sum())(np.array([4.0, 9.0]))
    >>> bool(np.allclose(slope, [1 / 4, 1 / 6]))
    True
    """
    problem = _Problem("newton", func, args)
    x0 = _start("newton", x0)
    x0 = float(x0) if x0.ndim == 0 else x0
    x, *info = scipy.optimize.newton(
        problem, x0, problem.plain(fprime), (), tol, maxiter, problem.plain(fprime2), x1 if x1 is None else data_of(x1),
        rtol, True, disp,
    )  # fmt: skip
    if problem.is_recorded:
        converged = bool(np.all(info[0] if len(info) > 1 else info[0].converged))
        x = problem.solution(problem.f, x, "" if converged else "the iteration has not converged")
        if len(info) == 1:
            info[0].root = x
    return (x, *info) if full_output else x


# Minima --------------------------------------------------------------------------------------------------------------

_TAKE_NO_GRADIENT = {"nelder-mead", "powell", "cobyla", "cobyqa"}


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
        bounds: numbers. constraints: not together with Tensors that require a gradient.
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
    problem = _Problem("minimize", fun, args)
    pairs = jac is True
    f = problem.first_of_pairs() if pairs else problem.f
    x0 = np.atleast_1d(_start("minimize", x0))
    bounds, options = constant("minimize", "bounds", bounds), constant("minimize", "options", options)
    if jac is None and not (callable(method) or str(method).lower() in _TAKE_NO_GRADIENT):
        problem(x0)  # finds what fun closes over
        gradient = problem.plain_slope(f) if problem.is_recorded else None
    else:
        gradient = True if pairs else problem.plain(jac)
    result = scipy.optimize.minimize(
        problem.pair if pairs else problem, x0, (), method, gradient,
        problem.plain(hess), problem.plain(hessp), bounds, constraints, tol, callback, options,
    )  # fmt: skip
    if not problem.is_recorded:
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
    problem = _Problem("minimize_scalar", fun, args)
    bounds = constant("minimize_scalar", "bounds", bounds)
    result = scipy.optimize.minimize_scalar(problem, bracket, bounds, (), method, tol, options)
    if problem.is_recorded:
        slope = problem.slope(problem.f)
        tolerance = tol or (options or {}).get("xatol", 1e-5)
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
        bounds: numbers. loss: "linear", if a gradient is required.
        Others: SciPy's.

    >>> from tensorgrad import jacobian
    >>> t = np.array([0.0, 1.0, 2.0])
    >>> fit = lambda y: least_squares(lambda x: x[0] + x[1] * t - y, [0.0, 0.0]).x
    >>> jacobian(fit)(np.array([1.0, 2.0, 4.0])).round(6) + 0.0  # the pseudoinverse of a straight line's matrix
    array([[ 0.833333,  0.333333, -0.166667],
           [-0.5     ,  0.      ,  0.5     ]])
    """
    problem = _Problem("least_squares", fun, args, kwargs)
    bounds = bounds if isinstance(bounds, scipy.optimize.Bounds) else constant("least_squares", "bounds", bounds)
    if x_scale is not None:
        options["x_scale"] = x_scale
    result = scipy.optimize.least_squares(
        problem, _start("least_squares", x0), problem.plain(jac), bounds, method, ftol, xtol, gtol, loss=loss,
        f_scale=f_scale, diff_step=diff_step, tr_solver=tr_solver, tr_options=tr_options or {},
        jac_sparsity=jac_sparsity, max_nfev=max_nfev, verbose=verbose, **options,
    )  # fmt: skip
    if not problem.is_recorded:
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
