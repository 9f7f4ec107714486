"""Roots and fixed points: what of scipy.optimize solves equations, with derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from ..derivatives.arrays import as_array
from .implicit import Problem
from .recording import constant, one_at_a_time
from .solver_calls import call_solver


@one_at_a_time
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
    problem = Problem("root", fun, args)
    pairs = jac is True
    options = constant("root", "options", options)
    result = call_solver(
        scipy.optimize.root,
        problem.pair if pairs else problem,
        problem.start(x0),
        (),
        method,
        True if pairs else problem.plain(jac),
        constant("root", "tol", tol),
        callback,
        options,
    )
    if problem.gives_tensors:
        f = problem.first_of_pairs() if pairs else problem.f
        result.x = problem.solution(f, result.x, "" if result.success else str(result.message))
    return result


@one_at_a_time
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
    problem = Problem("fixed_point", func, args)
    x = call_solver(scipy.optimize.fixed_point, problem, problem.start(x0), (), xtol, maxiter, method)
    return problem.solution(lambda x, *own: as_array(problem.f(x, *own)) - x, x) if problem.gives_tensors else x


@one_at_a_time
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
    problem = Problem("root_scalar", f, args)
    if fprime2 is True:
        raise ValueError("root_scalar: fprime2 must be a function, or None; f may return the first derivative alone")
    result = call_solver(
        scipy.optimize.root_scalar,
        problem.pair if fprime is True else problem,
        (),
        method,
        bracket and [problem.number(b) for b in bracket],
        True if fprime is True else problem.plain(fprime),
        problem.plain(fprime2),
        problem.number(x0),
        problem.number(x1),
        xtol,
        rtol,
        maxiter,
        options,
    )
    if problem.gives_tensors:
        function = problem.first_of_pairs() if fprime is True else problem.f
        result.root = problem.solution(function, result.root, "" if result.converged else str(result.flag))
    return result


def _bracketed(solver: Callable, f: Callable, a: Any, b: Any, args: Any, settings: dict, full_output: bool) -> Any:
    problem = Problem(solver.__name__, f, args)
    x, info = call_solver(solver, problem, problem.number(a), problem.number(b), (), full_output=True, **settings)
    if problem.gives_tensors:
        x = info.root = problem.solution(problem.f, x, "" if info.converged else str(info.flag))
    return (x, info) if full_output else x


_RTOL = 4 * np.finfo(float).eps


@one_at_a_time
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


@one_at_a_time
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


@one_at_a_time
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
    problem = Problem("newton", func, args)
    x0 = problem.start(x0)
    x0 = x0.item() if x0.ndim == 0 else x0
    x, *info = call_solver(
        scipy.optimize.newton,
        problem,
        x0,
        problem.plain(fprime),
        (),
        tol,
        maxiter,
        problem.plain(fprime2),
        None if x1 is None else problem.start(x1),
        rtol,
        True,
        disp,
    )
    if problem.gives_tensors:
        converged = bool(np.all(info[0] if len(info) > 1 else info[0].converged))
        x = problem.solution(problem.f, x, "" if converged else "the iteration has not converged")
        if len(info) == 1:
            info[0].root = x
    return (x, *info) if full_output else x
