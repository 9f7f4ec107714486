"""Factorizations of matrices: Cholesky, LU, QR, eigenvalues, singular values, polar.

Where a triangle of a matrix is read, gradients are those of its elements, and 0 in the other. Vectors that are
determined up to a sign or a phase, and values that coincide: see tensorgrad/derivatives/decompositions.py, whose rules
these are where they exist.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from ..derivatives.arrays import in_one_call, rows_of
from ..derivatives.decompositions import (
    cholesky_gradient,
    eig_gradient,
    eigh_gradient,
    hermitian,
    qr_gradient,
    svd_gradient,
)
from ..derivatives.formulas import by_name, formula
from ..derivatives.layouts import in_order
from ..derivatives.matrices import H
from ..derivatives.products import conj, flip
from ..tensor import data_of
from .composing import composed, named, require_finite, with_tuples
from .equations import as_read, permutation, rows_at, solve_triangular, with_ones
from .matrix_equations import solve_continuous_lyapunov
from .recording import with_derivative

# Triangular factors --------------------------------------------------------------------------------------------------

_cholesky = with_derivative(
    scipy.linalg.cholesky, lambda g, y, a, lower=False, **_: cholesky_gradient(g, y, a, upper=not lower)
)


@composed(scipy.linalg.cholesky, "a")
def cholesky(a: Any, lower: bool = False, **settings: Any) -> Any:
    return _cholesky(as_read(a, "her", lower), lower=lower, **settings)


LEAVES_THE_OTHER = bool(scipy.linalg.cho_factor(np.eye(2) + 1)[0][1, 0])  # as SciPy does before 1.18


@composed(scipy.linalg.cho_factor, "a")
def cho_factor(a: Any, lower: bool = False, **settings: Any) -> tuple:
    """The factor, and in the other triangle what SciPy leaves there; and `lower`, of each matrix of a stack."""
    c = cholesky(a, lower, **settings)
    if LEAVES_THE_OTHER:
        c = c + (np.triu(a, 1) if lower else np.tril(a, -1))
        c = flip(in_order(flip(c)))  # each by columns, as SciPy gives it
    return c, lower if a.ndim == 2 else np.full(a.shape[:-2], lower)


# A = P L U, with the rows of A in another order ----------------------------------------------------------------------


def _lu_text(gl: Any, gu: Any, low: Any, u: Any) -> str:
    k, m, n = low.shape[-1], low.shape[-2], u.shape[-1]
    if m > k:
        first = f"of_square(gl[..., :{k}, :], gu - flip(low[..., {k}:, :]) @ r, low[..., :{k}, :], u)"
        return f"concatenate([{first}, r], axis=-2)"
    if n > k:
        first = f"of_square(gl - t @ flip(u[..., {k}:]), gu[..., :{k}], low, u[..., :{k}])"
        return f"concatenate([{first}, t], axis=-1)"
    return "of_square(gl, gu, low, u)"


@formula(
    _lu_text,
    r="gl[..., low.shape[-1] :, :] @ flip(inv(u))",
    t="flip(inv(low)) @ gu[..., low.shape[-1] :]",
)
def lu_gradient(gl: Any, gu: Any, low: Any, u: Any) -> Any:
    """The gradient of B = L U: L^-T [tril(L^T G_L, -1) + triu(G_U U^T)] U^-T.

    For L^-1 dL and dU U^-1 are the two triangles of L^-1 dB U^-1. Of a tall B = [B1; B2], with L = [L1; L2], B1 = L1 U
    is factored, and L2 = B2 U^-1 follows; of a wide one, [B1 B2] with U = [U1 U2], B1 = L U1 is, and U2 = L^-1 B2.
    """
    k, m, n = low.shape[-1], low.shape[-2], u.shape[-1]
    if m > k:
        rest = flip(solve_triangular(u, flip(gl[..., k:, :])))
        first = lu_gradient(gl[..., :k, :], gu - flip(low[..., k:, :]) @ rest, low[..., :k, :], u)
        return np.concatenate([first, rest], axis=-2)
    if n > k:
        rest = solve_triangular(low, gu[..., k:], **UNIT)
        first = lu_gradient(gl - rest @ flip(u[..., k:]), gu[..., :k], low, u[..., :k])
        return np.concatenate([first, rest], axis=-1)
    return of_square(gl, gu, low, u)


UNIT: dict[str, Any] = {"lower": True, "unit_diagonal": True, "trans": 1}


@formula("flip(inv(low)) @ (tril(flip(low) @ gl, -1) + triu(gu @ flip(u))) @ flip(inv(u))")
def of_square(gl: Any, gu: Any, low: Any, u: Any) -> Any:
    inner = np.tril(flip(low) @ gl, -1) + np.triu(gu @ flip(u))
    return flip(solve_triangular(u, flip(solve_triangular(low, inner, **UNIT))))


@formula(
    lambda g, y, a, **_: (
        f"rows_at(lu_gradient(tril(g[0], -1)[..., :{min(a.shape[-2:])}], triu(g[0])[..., :{min(a.shape[-2:])}, :], "
        f"low[..., :{min(a.shape[-2:])}], u[..., :{min(a.shape[-2:])}, :]), p)"
    ),
    low="with_ones(y[0])",
    u="triu(y[0])",
    p="argsort(permutation(y[1], a.shape[-2]), axis=-1)",
)
def lu_factor_gradient(g: Any, y: Any, a: Any, **_: Any) -> Any:
    (g, _piv), (lu, piv) = g, y
    k = min(a.shape[-2:])
    low, u = with_ones(lu)[..., :k], np.triu(lu)[..., :k, :]
    gb = lu_gradient(np.tril(g, -1)[..., :k], np.triu(g)[..., :k, :], low, u)
    return rows_at(gb, np.argsort(permutation(data_of(piv), a.shape[-2]), axis=-1))


@formula("rows_at(lu_gradient(g[1], g[2], y[1], y[2]), y[0])")
def lu_rows_gradient(g: Any, y: Any, a: Any, **_: Any) -> Any:
    """A[i] = (L U)[p[i]]"""
    (_gp, gl, gu), (p, low, u) = g, y
    return rows_at(lu_gradient(gl, gu, low, u), data_of(p))


@formula(
    "rows_at(lu_gradient(rows_at(g[0], back), g[1], rows_at(y[0], back), y[1]), p)",
    p="order_of_rows(a)",
    back="argsort(p, axis=-1)",
)
def lu_permuted_gradient(g: Any, y: Any, a: Any, **_: Any) -> Any:
    """A = (P L) U, with the order of rows that SciPy finds again."""
    (gl, gu), (low, u) = g, y
    p = order_of_rows(data_of(a))
    back = np.argsort(p, axis=-1)
    return rows_at(lu_gradient(rows_at(gl, back), gu, rows_at(low, back), u), p)


@by_name("the order of the rows after pivoting, P of P L U")
def order_of_rows(a: Any) -> Any:
    """P of P L U, as indices."""
    return in_one_call(_lu)(a)[0]


def _lu(a: Any, **settings: Any) -> tuple:
    return scipy.linalg.lu(a, p_indices=True, **settings)


@named(scipy.linalg.lu)
def _lu_in_order(a: Any, **settings: Any) -> tuple:
    return scipy.linalg.lu(a, permute_l=True, **settings)


_lu_factor = with_derivative(with_tuples(scipy.linalg.lu_factor), lu_factor_gradient)
_lu_rows = with_derivative(_lu, lu_rows_gradient)
_lu_permuted = with_derivative(_lu_in_order, lu_permuted_gradient)


@composed(scipy.linalg.lu_factor, "a")
def lu_factor(a: Any, **settings: Any) -> tuple:
    return _lu_factor(a, **settings)


@composed(scipy.linalg.lu, "a")
def lu(a: Any, permute_l: bool = False, p_indices: bool = False, **settings: Any) -> tuple:
    if permute_l:
        return _lu_permuted(a, **settings)
    p, low, u = _lu_rows(a, **settings)
    if p_indices:
        return p, low, u
    return rows_of(np.eye(a.shape[-2], dtype=np.real(data_of(a)).dtype), p), low, u


# Q R -----------------------------------------------------------------------------------------------------------------


@formula(
    lambda g, y, a, **_: (
        "qr_gradient(g, y, a, None)"
        if len(y) == 2
        else "take_columns(qr_gradient(g[:2], y[:2], take_columns(a, y[2]), None), argsort(y[2], axis=-1))"
    )
)
def scipy_qr_gradient(g: Any, y: Any, a: Any, **_: Any) -> Any:
    """A = Q R, or A[:, p] = Q R: the columns go back to their places."""
    if len(y) == 2:
        return qr_gradient(g, y, a, None)
    p = data_of(y[2])
    da = qr_gradient(g[:2], y[:2], take_columns(a, p), None)
    return take_columns(da, np.argsort(p, axis=-1))


@formula(lambda a, p: "take(a, p, axis=-1)" if p.ndim == 1 else "take_along_axis(a, expand_dims(p, -2), axis=-1)")
def take_columns(a: Any, p: Any) -> Any:
    return flip(rows_at(flip(a), p))


_qr = with_derivative(with_tuples(scipy.linalg.qr), scipy_qr_gradient)


@composed(scipy.linalg.qr, "a")
def qr(a: Any, mode: str = "full", **settings: Any) -> tuple:
    """A tuple also of a single R, as SciPy 1.18 gives it for a stack, too."""
    if mode == "r":
        _, *rest = _qr(a, mode="full", **settings)
        return tuple(rest)
    if mode not in ("full", "economic"):
        raise TypeError(f"qr: mode={mode!r} has no derivative in tensorgrad; use 'full', 'economic' or 'r'")
    return _qr(a, mode=mode, **settings)


# Eigenvalues ---------------------------------------------------------------------------------------------------------


def eigh_b(g: Any, y: Any, a: Any, b: Any, **_: Any) -> Any:
    """A V = B V W, where V^H B V = 1: the Hermitian part of -(V W V^H B G_A + conj(V X V^H) / 2), X = V^H G_V.

    Of V, the part that turns its columns into each other is that of a, whose gradient is G_A; with w_j dB for dA it
    gives the first term. The second is what keeps the lengths V^H B V, which change by V^H dB V.
    """
    w, v = y
    da, gv = conj(eigh_gradient(g, y, a)), conj(g[1])
    return conj(-hermitian((v * w[..., None, :]) @ (H(v) @ b @ da) + v @ (H(v) @ gv) @ H(v) / 2))


_eigh = with_derivative(with_tuples(scipy.linalg.eigh), lambda g, y, a, **_: eigh_gradient(g, y, a))
_eigh_of_two = with_derivative(with_tuples(scipy.linalg.eigh), lambda g, y, a, b, **_: eigh_gradient(g, y, a), eigh_b)


@composed(scipy.linalg.eigh, "a", "b")
def eigh(
    a: Any,
    b: Any = None,
    lower: bool = True,
    eigvals_only: bool = False,
    type: int = 1,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    **settings: Any,
) -> Any:
    if b is not None and type != 1:
        raise TypeError(
            f"eigh: type={type} has no derivative in tensorgrad; with the matrices B A B and B, type 1 has the values "
            f"and vectors of type 2; with A and the inverse of B, those of type 3"
        )
    a = as_read(a, "her", lower)
    w, v = (
        _eigh(a, lower=lower, **settings)
        if b is None
        else _eigh_of_two(a, as_read(b, "her", lower), lower=lower, **settings)
    )
    if subset_by_index is not None or subset_by_value is not None:
        chosen = chosen_values(data_of(w), subset_by_index, subset_by_value)
        w, v = w[..., chosen], v[..., chosen]
    return w if eigvals_only else (w, v)


def chosen_values(w: np.ndarray, by_index: Any, by_value: Any) -> slice:
    """Where among all eigenvalues, in ascending order, those of a subset are."""
    if by_index is not None and by_value is not None:
        raise ValueError("eigh: eigenvalues are chosen by index or by value, not both")
    if by_index is not None:
        low, high = by_index
        if not 0 <= low <= high < w.shape[-1]:
            raise ValueError(f"eigh: subset_by_index={by_index}, but there are {w.shape[-1]} eigenvalues")
        return slice(low, high + 1)
    low, high = by_value
    if not low < high:
        raise ValueError(f"eigh: subset_by_value={by_value} is no interval")
    if w.ndim > 1:
        raise TypeError("eigh: subset_by_value has no derivative of a stack of matrices; take one by one")
    return slice(*np.searchsorted(w, [low, high], side="right"))


@composed(scipy.linalg.eigvalsh, "a", "b")
def eigvalsh(a: Any, b: Any = None, **settings: Any) -> Any:
    return eigh(a, b, eigvals_only=True, **settings)


_eig = with_derivative(with_tuples(scipy.linalg.eig), lambda g, y, a, **_: eig_gradient(g, y, a))


@composed(scipy.linalg.eig, "a")
def eig(a: Any, b: None = None, left: bool = False, right: bool = True, **settings: Any) -> Any:
    if b is not None or left or settings.get("homogeneous_eigvals"):
        raise TypeError("eig: b, left=True and homogeneous_eigvals=True have no derivative in tensorgrad")
    w, v = _eig(a, **settings)
    return (w, v) if right else w


@composed(scipy.linalg.eigvals, "a")
def eigvals(a: Any, b: None = None, **settings: Any) -> Any:
    return eig(a, b, right=False, **settings)


# Singular values, and the polar factors ------------------------------------------------------------------------------

_svd = with_derivative(with_tuples(scipy.linalg.svd), lambda g, y, a, **_: svd_gradient(g, y, a, None))


@composed(scipy.linalg.svd, "a")
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, **settings: Any) -> Any:
    u, s, vh = _svd(a, full_matrices=full_matrices and compute_uv, **settings)
    return (u, s, vh) if compute_uv else s


@composed(scipy.linalg.svdvals, "a")
def svdvals(a: Any, **settings: Any) -> Any:
    return svd(a, compute_uv=False, **settings)


def polar_gradient(g: Any, y: Any, a: Any) -> Any:
    """U (G_P + 2 Y) + (1 - U U^H) G_U P^-1, where P Y + Y P is the skew part of U^H G_U - G_P P, G_P being Hermitian.

    For dU = U O + (1 - U U^H) dA P^-1 and dP = U^H dA - O P, where P O + O P = U^H dA - dA^H U: N. J. Higham,
    Functions of matrices, 2008, section 8.3, has the equation.
    """
    (gu, gp), (u, p) = g, y
    gu, gp = conj(gu), hermitian(conj(gp))
    x = H(u) @ gu - gp @ p
    d = u @ (gp + 2 * solve_continuous_lyapunov(p, (x - H(x)) / 2))
    if a.shape[-2] > a.shape[-1]:
        away = gu - u @ (H(u) @ gu)
        d = d + H(np.linalg.solve(p, H(away)))
    return conj(d)


_polar = with_derivative(with_tuples(scipy.linalg.polar), polar_gradient)


@composed(scipy.linalg.polar, "a")
def polar(a: Any, side: str = "right") -> tuple:
    """A = U P = P' U, where P' = U P U^H. The rule is that of U P for a tall matrix; a wide one is transposed."""
    if side not in ("right", "left"):
        raise ValueError(f"polar: side must be 'right' or 'left', not {side!r}")
    wide = a.shape[-2] < a.shape[-1]
    u, p = _polar(H(a) if wide else a)
    if wide == (side == "right"):
        p = u @ p @ H(u)
    return in_order(H(u) if wide else u), in_order(p)


@composed(scipy.linalg.orthogonal_procrustes, "A", "B")
def orthogonal_procrustes(A: Any, B: Any, check_finite: bool = True) -> tuple:
    """The unitary factor of A^H B, which brings A R nearest to B; and the sum of its singular values."""
    require_finite(check_finite, A, B)
    if A.shape[-2:] != B.shape[-2:]:
        raise ValueError(f"orthogonal_procrustes: shapes {A.shape} and {B.shape} differ")
    r, p = polar(H(A) @ B)
    return r, np.real(np.linalg.trace(p))
