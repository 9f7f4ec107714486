"""Equations for a matrix X: those of Sylvester, Lyapunov and Riccati.

X is a linear function of the right-hand side, so the gradient of that solves the adjoint equation, which is of the same
kind; what multiplies X gets the product of that gradient and X. An equation of Riccati is linear in a small change of
X, and then it is one of Lyapunov, of the closed loop.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg

from ..derivatives.decompositions import hermitian
from ..derivatives.matrices import H
from ..derivatives.products import conj, flip
from .composing import composed
from .recording import recorded, with_derivative


def of_one_kind(*arrays: Any) -> list[np.ndarray]:
    """All complex, if one of them is.

    SciPy 1.17 is wrong where a real matrix with complex eigenvalues meets a complex one: it gives the real Schur form,
    which has blocks of 2 by 2, to a solver that takes it for triangular.
    """
    arrays = tuple(map(np.asarray, arrays))
    if not any(map(np.iscomplexobj, arrays)):
        return list(arrays)
    return [a.astype(np.result_type(a, np.complex64)) for a in arrays]


# A X + X B = Q -------------------------------------------------------------------------------------------------------


def sylvester_q(g: Any, y: Any, a: Any, b: Any, q: Any) -> Any:
    return solve_sylvester(flip(a), flip(b), g)


@functools.wraps(scipy.linalg.solve_sylvester)
def _solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    return scipy.linalg.solve_sylvester(*of_one_kind(a, b, q))


solve_sylvester = recorded(
    _solve_sylvester,
    lambda g, y, a, b, q: -sylvester_q(g, y, a, b, q) @ flip(y),
    lambda g, y, a, b, q: -flip(y) @ sylvester_q(g, y, a, b, q),
    sylvester_q,
)


# A X + X A^H = Q -----------------------------------------------------------------------------------------------------


def continuous_q(g: Any, y: Any, a: Any, q: Any) -> Any:
    return solve_continuous_lyapunov(flip(a), g)


def continuous_a(g: Any, y: Any, a: Any, q: Any) -> Any:
    """With the gradient G of Q: A is in the equation twice, -G X^T - (G^H) conj(X)."""
    gq = continuous_q(g, y, a, q)
    return -(gq @ flip(y) + H(gq) @ conj(y))


@functools.wraps(scipy.linalg.solve_continuous_lyapunov)
def _solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    return scipy.linalg.solve_continuous_lyapunov(*of_one_kind(a, q))


solve_continuous_lyapunov = recorded(_solve_continuous_lyapunov, continuous_a, continuous_q)


# A X A^H - X + Q = 0 -------------------------------------------------------------------------------------------------


def discrete_q(g: Any, y: Any, a: Any, q: Any, method: str | None = None) -> Any:
    return solve_discrete_lyapunov(flip(a), g, method)


def discrete_a(g: Any, y: Any, a: Any, q: Any, method: str | None = None) -> Any:
    gq = discrete_q(g, y, a, q, method)
    return gq @ conj(a) @ flip(y) + H(gq) @ conj(a @ y)


@functools.wraps(scipy.linalg.solve_discrete_lyapunov)
def _solve_discrete_lyapunov(a: Any, q: Any, method: str | None = None) -> Any:
    return scipy.linalg.solve_discrete_lyapunov(*of_one_kind(a, q), method)


solve_discrete_lyapunov = recorded(_solve_discrete_lyapunov, discrete_a, discrete_q)


# Riccati: X is Hermitian, and so must Q and R be ----------------------------------------------------------------------


def continuous_loop(g: Any, x: Any, a: Any, b: Any, q: Any, r: Any) -> tuple:
    """X A + A^H X - X B R^-1 B^H X + Q = 0, with K = R^-1 B^H X and the closed loop A - B K."""
    k = np.linalg.solve(r, H(b) @ x)
    return k, x, solve_continuous_lyapunov(a - b @ k, -hermitian(conj(g)))


def discrete_loop(g: Any, x: Any, a: Any, b: Any, q: Any, r: Any) -> tuple:
    """A^H X A - X - A^H X B K + Q = 0, with K = (R + B^H X B)^-1 B^H X A and the closed loop A - B K."""
    k = np.linalg.solve(r + H(b) @ x @ b, H(b) @ x @ a)
    loop = a - b @ k
    return k, x @ loop, solve_discrete_lyapunov(loop, hermitian(conj(g)))


def riccati(func: Callable, loop: Callable) -> Callable:
    """SciPy's function, with its rules. With the gradient Y of Q, those of A, B and R are 2 P Y, -2 P Y K^H and
    K Y K^H, where P is X, or X (A - B K) in discrete time: what dA multiplies in the equation of dX.

    T.-C. Kao and G. Hennequin, Automatic differentiation of Sylvester, Lyapunov, and algebraic Riccati equations,
    arXiv:2011.11430.
    """

    def of_a(g: Any, y: Any, *args: Any, **_: Any) -> Any:
        _k, p, dq = loop(g, y, *args)
        return conj(2 * p @ dq)

    def of_b(g: Any, y: Any, *args: Any, **_: Any) -> Any:
        k, p, dq = loop(g, y, *args)
        return conj(-2 * p @ dq @ H(k))

    def of_r(g: Any, y: Any, *args: Any, **_: Any) -> Any:
        k, _p, dq = loop(g, y, *args)
        return conj(k @ dq @ H(k))

    primitive = with_derivative(func, of_a, of_b, lambda g, y, *args, **_: conj(loop(g, y, *args)[-1]), of_r)

    @composed(func, "a", "b", "q", "r", reason="only a, b, q and r have derivatives")
    def solution(a: Any, b: Any, q: Any, r: Any, e: None = None, s: None = None, balanced: bool = True) -> Any:
        if e is not None or s is not None:
            raise TypeError(f"{func.__name__}: with e or s there is no derivative in tensorgrad; leave them out")
        return primitive(a, b, q, r, balanced=balanced)

    return solution


solve_continuous_are = riccati(scipy.linalg.solve_continuous_are, continuous_loop)
solve_discrete_are = riccati(scipy.linalg.solve_discrete_are, discrete_loop)
