"""Equations of banded matrices and of Toeplitz matrices, whose rules solve others of the same kind; and eigenvalues of
tridiagonal ones.

A banded matrix is kept by its diagonals, one in a row: a_ij is in row u + i - j and column j, where u is the number of
diagonals above the main one.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import scipy.linalg

from ..derivatives.decompositions import diagonal_of, eigh_gradient
from ..derivatives.formulas import by_name, formula
from ..derivatives.products import conj, flip, matmul_left, matmul_right
from .composing import composed, named, with_tuples
from .equations import columns, minus_outer, solved
from .recording import with_derivative
from .special_matrices import toeplitz

# Banded matrices -----------------------------------------------------------------------------------------------------


def shifted(v: Any, k: int) -> Any:
    """v_(j+k) along the last axis, and 0 beyond its ends."""
    n = v.shape[-1]
    if k == 0:
        return v
    if abs(k) >= n:
        return np.zeros_like(v)
    nothing = np.zeros_like(v[..., : abs(k)])
    return np.concatenate([v[..., k:], nothing] if k > 0 else [nothing, v[..., :k]], axis=-1)


@by_name("the diagonals of the matrix, as the rows of a band")
def in_band(a: Any, below: int, above: int) -> Any:
    """The diagonals of square matrices as SciPy takes them, of which a formula speaks; the rules need no matrix."""
    n, axes = a.shape[-1], [(0, 0)] * (a.ndim - 2)
    rows = [
        np.pad(np.diagonal(a, k, -2, -1), [*axes, (max(k, 0), max(-k, 0))])[..., :n]
        for k in range(above, -below - 1, -1)
    ]
    return np.stack(rows, axis=-2)


@by_name("the band of the transposed matrix")
def transposed_band(below: int, above: int, ab: Any) -> Any:
    """The band of A^T: its diagonals in the opposite order, each moved to its columns."""
    return np.stack([shifted(ab[..., above - k, :], k) for k in range(-below, above + 1)], axis=-2)


def in_columns(x: Any, b: Any) -> Any:
    """(..., k, n): the k right-hand sides (or one, of a b of one dimension) as rows."""
    return np.expand_dims(x, -2) if b.ndim == 1 else flip(x)


@formula(
    lambda g, y, ab, b, l_and_u, **_: solved(
        f"_solve_banded(transposed_band({l_and_u[0]}, {l_and_u[1]}, ab)", g, b, False, l_and_u=l_and_u[::-1]
    )
)
def band_b(g: Any, y: Any, ab: Any, b: Any, l_and_u: tuple, **settings: Any) -> Any:
    below, above = l_and_u
    solver = partial(_solve_banded, transposed_band(below, above, ab), l_and_u=(above, below), **settings)
    return columns(solver, g, b)


@formula(
    lambda g, y, ab, b, l_and_u, **_: (
        f"in_band(minus_outer(band_b(g, y, ab, b, {l_and_u}), y, b), {l_and_u[0]}, {l_and_u[1]})"
    )
)
def band_ab(g: Any, y: Any, ab: Any, b: Any, l_and_u: tuple, **settings: Any) -> Any:
    """The diagonals of -db x^T."""
    below, above = l_and_u
    db, x = in_columns(band_b(g, y, ab, b, l_and_u, **settings), b), in_columns(y, b)
    return np.stack([-np.sum(shifted(db, -k) * x, axis=-2) for k in range(above, -below - 1, -1)], axis=-2)


@named(scipy.linalg.solve_banded)
def _solve_band(ab: Any, b: Any, l_and_u: tuple, **settings: Any) -> Any:
    return scipy.linalg.solve_banded(l_and_u, ab, b, **settings)


_solve_banded = with_derivative(_solve_band, band_ab, band_b)


@composed(scipy.linalg.solve_banded, "ab", "b")
def solve_banded(l_and_u: tuple, ab: Any, b: Any, **settings: Any) -> Any:
    below, above = map(int, l_and_u)
    return _solve_banded(ab, b, l_and_u=(below, above), **settings)


# Hermitian ones, of which the lower or the upper diagonals are kept ---------------------------------------------------


@formula(lambda g, y, ab, b, lower=False, **_: solved("_solveh_banded(ab", g, b, True, lower=lower))
def hermitian_band_b(g: Any, y: Any, ab: Any, b: Any, lower: bool = False, **settings: Any) -> Any:
    return conj(columns(partial(_solveh_banded, ab, lower=lower, **settings), conj(g), b))


@formula(
    lambda g, y, ab, b, lower=False, **_: (
        f"in_band((d + conj(flip(d))) * (1 - eye({ab.shape[-1]}) / 2), "
        f"{ab.shape[-2] - 1 if lower else 0}, {0 if lower else ab.shape[-2] - 1})"
    ),
    d="minus_outer(hermitian_band_b(g, y, ab, b, lower), y, b)",
)
def hermitian_band_ab(g: Any, y: Any, ab: Any, b: Any, lower: bool = False, **settings: Any) -> Any:
    """The diagonals of G + G^H, where G = -db x^T; half of the main one, of which only the real part is read."""
    db, x = in_columns(hermitian_band_b(g, y, ab, b, lower=lower, **settings), b), in_columns(y, b)
    distances = range(ab.shape[-2]) if lower else range(1 - ab.shape[-2], 1)
    rows = [-np.sum(shifted(db, k) * x + conj(db * shifted(x, k)), axis=-2) for k in distances]
    main = 0 if lower else -1
    rows[main] = rows[main] / 2
    return np.stack(rows, axis=-2)


_solveh_banded = with_derivative(scipy.linalg.solveh_banded, hermitian_band_ab, hermitian_band_b)


@composed(scipy.linalg.solveh_banded, "ab", "b")
def solveh_banded(ab: Any, b: Any, **settings: Any) -> Any:
    return _solveh_banded(ab, b, **settings)


# Eigenvalues of symmetric tridiagonal matrices: d on the diagonal, e beside it ----------------------------------------

_eigh_tridiagonal = with_derivative(
    with_tuples(scipy.linalg.eigh_tridiagonal),
    lambda g, y, d, e, **_: diagonal_of(eigh_gradient(g, y, None)),
    lambda g, y, d, e, **_: 2 * np.diagonal(eigh_gradient(g, y, None), -1, -2, -1),
)


@composed(scipy.linalg.eigh_tridiagonal, "d", "e")
def eigh_tridiagonal(d: Any, e: Any, eigvals_only: bool = False, select: Any = "a", **settings: Any) -> Any:
    if select not in ("a", "all", 0):
        raise TypeError(f"eigh_tridiagonal: select={select!r} has no derivative in tensorgrad; choose from all values")
    w, v = _eigh_tridiagonal(d, e, **settings)
    return w if eigvals_only else (w, v)


@composed(scipy.linalg.eigvalsh_tridiagonal, "d", "e")
def eigvalsh_tridiagonal(d: Any, e: Any, **settings: Any) -> Any:
    return eigh_tridiagonal(d, e, eigvals_only=True, **settings)


# Toeplitz matrices, of which SciPy gets a column and a row ------------------------------------------------------------


def ends(a: Any) -> tuple:
    """The first column and the first row."""
    return a[..., :, 0], a[..., 0, :]


@named(scipy.linalg.solve_toeplitz)
def _solve_with_toeplitz(a: Any, b: Any, **settings: Any) -> Any:
    return scipy.linalg.solve_toeplitz(ends(a), b, **settings)


@named(scipy.linalg.matmul_toeplitz)
def _multiply_by_toeplitz(a: Any, x: Any, **settings: Any) -> Any:
    return scipy.linalg.matmul_toeplitz(ends(a), x, **settings)


@formula(
    lambda g, y, a, b, **_: (
        "_solve_toeplitz(flip(a), expand_dims(g, -1))[..., 0]"
        if b.ndim == 1 and g.ndim > 1
        else "_solve_toeplitz(flip(a), g)"
    )
)
def toeplitz_b(g: Any, y: Any, a: Any, b: Any, **settings: Any) -> Any:
    return columns(partial(_solve_toeplitz, flip(a), **settings), g, b)


@formula("minus_outer(toeplitz_b(g, y, a, b), y, b)")
def toeplitz_a(g: Any, y: Any, a: Any, b: Any, **settings: Any) -> Any:
    return minus_outer(toeplitz_b(g, y, a, b, **settings), y, b)


_solve_toeplitz = with_derivative(_solve_with_toeplitz, toeplitz_a, toeplitz_b)
_matmul_toeplitz = with_derivative(
    _multiply_by_toeplitz,
    lambda g, y, a, x, **_: matmul_left(g, y, a, x),
    lambda g, y, a, x, **_: matmul_right(g, y, a, x),
)


def toeplitz_of(c_or_cr: Any) -> Any:
    """The whole matrix of a column, or of a tuple of a column and a row."""
    return toeplitz(*c_or_cr) if isinstance(c_or_cr, tuple) else toeplitz(c_or_cr)


@composed(scipy.linalg.solve_toeplitz, "b", pairs="c_or_cr")
def solve_toeplitz(c_or_cr: Any, b: Any, **settings: Any) -> Any:
    return _solve_toeplitz(toeplitz_of(c_or_cr), b, **settings)


@composed(scipy.linalg.matmul_toeplitz, "x", pairs="c_or_cr")
def matmul_toeplitz(c_or_cr: Any, x: Any, **settings: Any) -> Any:
    return _matmul_toeplitz(toeplitz_of(c_or_cr), x, **settings)
