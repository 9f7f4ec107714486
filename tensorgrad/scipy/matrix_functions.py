"""Functions of matrices: exponential, logarithm, powers, sine and their kin.

The derivative of f at A in the direction E is L(A, E), and f([[A, E], [0, A]]) = [[f(A), L(A, E)], [0, f(A)]]. Since
sum(g * L(A, E)) = sum(L(A^T, g) * E), the gradient is L(A^T, g). N. J. Higham, Functions of matrices, 2008, chapter 3,
(3.16) and theorem 3.4.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg

from ..derivatives.arrays import inside
from ..derivatives.formulas import by_name, formula
from ..derivatives.layouts import in_order
from ..derivatives.products import flip
from .composing import composed, with_tuples
from .equations import solve
from .matrix_equations import solve_sylvester
from .recording import with_derivative


def _blocks_text(a: Any, e: Any) -> str:
    shape = np.broadcast_shapes(a.shape, e.shape)
    left, right = (name if x.shape == shape else f"broadcast_to({name}, {shape})" for name, x in (("a", a), ("e", e)))
    return f"block([[{left}, {right}], [zeros_like({left}), {left}]])"


@formula(_blocks_text)
def blocks(a: Any, e: Any) -> Any:
    """[[a, e], [0, a]]"""
    a, e = (a, e) if a.shape == e.shape else np.broadcast_arrays(a, e)
    top, bottom = np.concatenate([a, e], axis=-1), np.concatenate([np.zeros_like(a), a], axis=-1)
    return np.concatenate([top, bottom], axis=-2)


@formula("f(blocks(a, e))[..., : a.shape[-1], a.shape[-1] :]")
def directional(f: Callable, a: Any, e: Any) -> Any:
    """L(a, e). It is linear in e, which is scaled to the size of a, so that f takes no other number of steps for it."""
    size, e_size = (np.max(np.abs(inside(x)), axis=(-2, -1), keepdims=True, initial=0) for x in (a, e))
    scale = np.where((size > 0) & (e_size > 0), e_size / np.where(size > 0, size, 1), 1)
    n = a.shape[-1]
    return f(blocks(a, e / scale))[..., :n, n:] * scale


# The exponential -----------------------------------------------------------------------------------------------------

_expm = with_derivative(scipy.linalg.expm, lambda g, y, A: directional(expm, flip(A), g))


def square(name: str, a: Any) -> Any:
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ValueError(f"{name}: matrices must be square, not of shape {a.shape}")
    return a


@composed(scipy.linalg.expm, "A")
def expm(A: Any) -> Any:
    return _expm(np.reshape(A, (1, 1)) if A.size == 1 and A.ndim < 2 else square("expm", A))


def frechet_a(g: Any, y: Any, A: Any, E: Any, **_: Any) -> Any:
    """exp(A) and L(A, E) are the upper blocks of exp([[A, E], [0, A]]), in which A is in two places."""
    upper, n = np.concatenate(g, axis=-1), A.shape[-1]
    d = directional(expm, flip(blocks(A, E)), np.concatenate([upper, np.zeros_like(upper)], axis=-2))
    return d[..., :n, :n] + d[..., n:, n:]


_frechet = with_derivative(
    with_tuples(scipy.linalg.expm_frechet), frechet_a, lambda g, y, A, E, **_: directional(expm, flip(A), g[1])
)


@composed(scipy.linalg.expm_frechet, "A", "E")
def expm_frechet(A: Any, E: Any, compute_expm: bool = True, **settings: Any) -> Any:
    exponential, frechet = _frechet(A, E, **settings)
    return (exponential, frechet) if compute_expm else frechet


# Sine and cosine, as SciPy makes them of the exponential --------------------------------------------------------------


@composed(scipy.linalg.cosm, "A")
def cosm(A: Any) -> Any:
    if np.isrealobj(A):
        y = np.real(expm(1j * A))
        return y if A.ndim == 2 else in_order(y)
    return (expm(1j * A) + expm(-1j * A)) / 2


@composed(scipy.linalg.sinm, "A")
def sinm(A: Any) -> Any:
    if np.isrealobj(A):
        y = np.imag(expm(1j * A))
        return y if A.ndim == 2 else in_order(y)
    return (expm(1j * A) - expm(-1j * A)) * -0.5j


@composed(scipy.linalg.coshm, "A")
def coshm(A: Any) -> Any:
    return (expm(A) + expm(-A)) / 2


@composed(scipy.linalg.sinhm, "A")
def sinhm(A: Any) -> Any:
    return (expm(A) - expm(-A)) / 2


@composed(scipy.linalg.tanm, "A")
def tanm(A: Any) -> Any:
    return solve(cosm(A), sinm(A))


@composed(scipy.linalg.tanhm, "A")
def tanhm(A: Any) -> Any:
    return solve(coshm(A), sinhm(A))


# Powers and the logarithm --------------------------------------------------------------------------------------------


@functools.wraps(scipy.linalg.sqrtm)
def _root(A: Any) -> Any:
    y = scipy.linalg.sqrtm(A)
    return y.astype({"g": "d", "G": "D"}.get(y.dtype.char, y.dtype), copy=False)  # SciPy 1.14 gives long doubles


# X^2 = A, so X dX + dX X = dA
_sqrtm = with_derivative(_root, lambda g, y, A: solve_sylvester(flip(y), flip(y), g))


@composed(scipy.linalg.sqrtm, "A")
def sqrtm(A: Any) -> Any:
    return _sqrtm(square("sqrtm", A))


NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)  # on [-1, 1]; enough for |X - 1| <= 1 / 4 in double precision


@by_name("the Fréchet derivative of the matrix logarithm at A in the direction E")
def logm_frechet(A: Any, E: Any) -> Any:
    """L(A, E), after as many square roots as bring A near to the identity: log A = 2 log X, and X dX + dX X = dA.

    There it is the integral of (1 + t (X - 1))^-1 E (1 + t (X - 1))^-1 from 0 to 1, Higham, (11.10), which by Gauss's
    formula is the derivative of a Pade approximant: A. H. Al-Mohy, N. J. Higham and S. D. Relton, Computing the Frechet
    derivative of the matrix logarithm and estimating the condition number, 2013. The logarithm of a matrix of blocks
    would have each eigenvalue twice, those below 0 by rounding errors on both sides of the branch cut.
    """
    x, e, one, factor = A, E, np.eye(A.shape[-1]), 1.0
    while factor < 2**60 and np.any(largest_row(inside(x) - one) > 1 / 4):
        x = _sqrtm(x)
        e, factor = solve_sylvester(x, x, e), 2 * factor
    total = np.zeros_like(e)
    for t, weight in zip((NODES + 1) / 2, WEIGHTS / 2, strict=True):
        near = one + t * (x - one)
        total = total + weight * flip(np.linalg.solve(flip(near), flip(np.linalg.solve(near, e))))
    return factor * total


def largest_row(a: Any) -> Any:
    """The norm of inf of each matrix."""
    return np.max(np.sum(np.abs(a), axis=-1), axis=-1, initial=0)


_logm = with_derivative(scipy.linalg.logm, lambda g, y, A: logm_frechet(flip(A), g))


@composed(scipy.linalg.logm, "A")
def logm(A: Any) -> Any:
    return _logm(square("logm", A))


def power_gradient(g: Any, y: Any, A: Any, t: Any) -> Any:
    """A^t = exp(t log A)"""
    log = logm(A)
    return logm_frechet(flip(A), t * directional(expm, flip(t * log), g))


_power = with_derivative(
    scipy.linalg.fractional_matrix_power, power_gradient, lambda g, y, A, t: np.sum(g * (logm(A) @ y))
)


@composed(scipy.linalg.fractional_matrix_power, "A", "t")
def fractional_matrix_power(A: Any, t: Any) -> Any:
    """A whole power needs no root, and has a derivative also where A is singular."""
    square("fractional_matrix_power", A)
    if not hasattr(t, "__record__") and t == int(t):
        return np.linalg.matrix_power(A, int(t))
    return _power(A, t)
