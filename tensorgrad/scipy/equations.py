"""Linear equations, inverses, determinants and norms.

Rules are those of numpy.linalg where they exist. What is added is how SciPy is called: transposed systems, factored
matrices, and structures, of which SciPy reads a part of the matrix alone. That part is taken out first (`as_read`), so
gradients are 0 where nothing is read, and a triangle that stands for both has the gradients of both.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.linalg

from ..derivatives import matrices as numpys
from ..derivatives.arrays import as_array, in_one_call
from ..derivatives.decompositions import diagonal_of
from ..derivatives.elementwise import divide_safely
from ..derivatives.formulas import by_name, formula
from ..derivatives.matrices import H, cofactors, diagonal_matrix, pinv_gradient
from ..derivatives.products import conj, flip
from ..tensor import data_of
from .composing import composed, named, require_finite
from .recording import with_derivative


def as_read(a: Any, structure: str | None, lower: bool = False) -> Any:
    """The matrix that SciPy takes `a` for, if it reads a part of it: of a Hermitian one a triangle, and the real part
    of the diagonal."""
    if structure in ("her", "hermitian", "pos", "positive definite"):
        half = np.tril(a, -1) if lower else np.triu(a, 1)
        return half + H(half) + diagonal_matrix(np.real(diagonal_of(a)))
    if structure in ("sym", "symmetric"):
        half = np.tril(a, -1) if lower else np.triu(a, 1)
        return half + flip(half) + diagonal_matrix(diagonal_of(a))
    if structure in ("lower triangular", "upper triangular"):
        return np.tril(a) if structure[0] == "l" else np.triu(a)
    if structure == "tridiagonal":
        return np.triu(np.tril(a, 1), -1)
    return diagonal_matrix(diagonal_of(a)) if structure == "diagonal" else a


def triangle(lower: bool) -> str:
    return "lower triangular" if lower else "upper triangular"


# Inverses and determinants -------------------------------------------------------------------------------------------

_inv = with_derivative(scipy.linalg.inv, lambda g, y, a, **_: -flip(y) @ g @ flip(y))
_det = with_derivative(scipy.linalg.det, lambda g, y, a, **_: g[..., None, None] * cofactors(a, y))


@composed(scipy.linalg.inv, "a")
def inv(a: Any, assume_a: str | None = None, lower: bool = False, **settings: Any) -> Any:
    if assume_a is None and not lower:
        return _inv(a, **settings)
    return _inv(as_read(a, assume_a, lower), assume_a=assume_a, lower=lower, **settings)


@composed(scipy.linalg.det, "a")
def det(a: Any, **settings: Any) -> Any:
    return _det(a, **settings)


def ranks(name: str, s: Any, shape: tuple, atol: float | None, rtol: float | None) -> tuple[Any, Any, bool]:
    """Of singular values: the limit below which they count as 0, relative to the largest; how many are above it; and
    whether those below are more than rounding errors."""
    size, eps = np.max(s, axis=-1, initial=0), np.finfo(s.dtype).eps
    atol, rtol = 0.0 if atol is None else atol, max(shape[-2:]) * eps if rtol is None else rtol
    if atol < 0 or rtol < 0:
        raise ValueError(f"{name}: atol and rtol must not be negative, as {atol} and {rtol}")
    kept = s > (atol + size * rtol)[..., None]
    least = np.min(np.where(kept, s, np.inf), axis=-1, keepdims=True, initial=np.inf)
    cut = bool(np.any(~kept & (s > eps**0.5 * least)))
    return divide_safely(atol, size) + rtol, np.sum(kept, axis=-1), cut


_pinv = with_derivative(scipy.linalg.pinv, lambda g, y, a, **_: pinv_gradient(g, y, a))
_pinvh = with_derivative(scipy.linalg.pinvh, lambda g, y, a, **_: pinv_gradient(g, y, a, hermitian=True))


@composed(scipy.linalg.pinv, "a")
def pinv(
    a: Any, atol: float | None = None, rtol: float | None = None, return_rank: bool = False, **settings: Any
) -> Any:
    """Where a limit cuts off a part of the matrix, the rule is that of NumPy's, from the singular vectors."""
    limit, rank, cut = ranks("pinv", np.linalg.svdvals(data_of(a)), a.shape, atol, rtol)
    y = np.linalg.pinv(a, rtol=limit) if cut else _pinv(a, atol=atol, rtol=rtol, **settings)
    return (y, rank) if return_rank else y


@composed(scipy.linalg.pinvh, "a")
def pinvh(
    a: Any,
    atol: float | None = None,
    rtol: float | None = None,
    lower: bool = True,
    return_rank: bool = False,
    **settings: Any,
) -> Any:
    a = as_read(a, "her", lower)
    limit, rank, cut = ranks("pinvh", np.abs(np.linalg.eigvalsh(data_of(a))), a.shape, atol, rtol)
    if cut:
        y = np.linalg.pinv(a, rtol=limit, hermitian=True)
    else:
        y = _pinvh(a, atol=atol, rtol=rtol, lower=lower, **settings)
    return (y, rank if a.ndim > 2 else int(rank)) if return_rank else y


# Norms ---------------------------------------------------------------------------------------------------------------


def _norm(a: Any, **settings: Any) -> Any:
    return np.asarray(scipy.linalg.norm(a, **settings), np.real(a).dtype)  # SciPy gives a float, of float32 too


_length = with_derivative(_norm, lambda g, y, a, **_: g * divide_safely(conj(a), y))


@composed(scipy.linalg.norm, "a")
def norm(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True) -> Any:
    """NumPy's norm. The length of a vector is SciPy's, which doesn't overflow where squares would."""
    if a.ndim == 1 and ord in (None, 2) and axis is None and not keepdims:
        return _length(a, check_finite=check_finite)
    require_finite(check_finite, a)
    return np.linalg.norm(a, ord, axis, keepdims)


# Equations -----------------------------------------------------------------------------------------------------------


def minus_outer(db: Any, x: Any, b: Any) -> Any:
    """-db x^T, of each right-hand side, in a sum. A b of one dimension is a vector."""
    return -np.expand_dims(db, -1) * np.expand_dims(x, -2) if b.ndim == 1 else -db @ flip(x)


def solve_b(g: Any, y: Any, a: Any, b: Any, transposed: bool = False, **_: Any) -> Any:
    return numpys.solve_b(g, y, flip(a) if transposed else a, b)


def solve_a(g: Any, y: Any, a: Any, b: Any, transposed: bool = False, **_: Any) -> Any:
    da = minus_outer(solve_b(g, y, a, b, transposed), y, b)
    return flip(da) if transposed else da


_solve = with_derivative(scipy.linalg.solve, solve_a, solve_b)


@composed(scipy.linalg.solve, "a", "b")
def solve(a: Any, b: Any, assume_a: str | None = None, lower: bool = False, **settings: Any) -> Any:
    a, b = np.atleast_2d(a), np.atleast_1d(b)
    if b.shape[max(b.ndim - 2, 0)] != a.shape[-1]:  # one equation, as SciPy takes it, would be solved for every row
        raise ValueError(f"solve: shapes {a.shape} and {b.shape} don't match: b has a row for each column of a")
    settings |= {} if assume_a is None else {"assume_a": assume_a, "lower": lower}
    return _solve(as_read(a, assume_a, lower), b, **settings)


def solved(solver: str, g: Any, b: Any, conjugate: bool, **said: Any) -> str:
    """The formula of the gradient of b, by the solver, whose name and first argument are given; a vector b has one of
    vectors, as in `columns`. Where the transpose is the conjugate, the solution is the conjugate of conj(g)'s."""
    right = "conj(g)" if conjugate else "g"
    of_vectors = b.ndim == 1 and g.ndim > 1
    settings = "".join(f", {name}={value}" for name, value in said.items())
    found = f"{solver}, {f'expand_dims({right}, -1)' if of_vectors else right}{settings})" + "[..., 0]" * of_vectors
    return f"conj({found})" if conjugate else found


def columns(solver: Callable, g: Any, b: Any, **settings: Any) -> Any:
    """solver(g), for the gradient g of a solution with b; that of a vector b is one of vectors, also beside a stack."""
    if b.ndim > 1 or g.ndim == 1:
        return solver(g, **settings)
    return solver(np.expand_dims(g, -1), **settings)[..., 0]


NAMED_TRANSPOSES = {"N": 0, "T": 1, "C": 2}


@formula(
    lambda g, y, a, b, trans=0, lower=False, unit_diagonal=False, **_: solved(
        "_solve_triangular(a",
        g,
        b,
        trans == 2,
        trans=0 if trans == 2 else 1 - trans,
        lower=lower,
        unit_diagonal=unit_diagonal,
    )
)
def solve_triangular_b(
    g: Any, y: Any, a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False, **settings: Any
) -> Any:
    """M^-T g, where M is A, A^T or A^H: the rule of equations. A^H has the transpose conj(A)."""
    solver = partial(_solve_triangular, a, lower=lower, unit_diagonal=unit_diagonal, **settings)
    if trans == 2:
        return conj(columns(solver, conj(g), b, trans=0))
    return columns(solver, g, b, trans=1 - trans)


@formula(lambda dm, trans: ("dm", "flip(dm)", "H(dm)")[trans])
def of_transposed(dm: Any, trans: int) -> Any:
    """The gradient of A, of that of A, A^T or A^H."""
    return (dm, flip(dm), H(dm))[trans] if trans else dm


@formula(
    lambda g, y, a, b, trans=0, lower=False, unit_diagonal=False, **_: (
        f"of_transposed(minus_outer(solve_triangular_b(g, y, a, b, {trans}, lower={lower}, "
        f"unit_diagonal={unit_diagonal}), y, b), {trans})"
    )
)
def solve_triangular_a(g: Any, y: Any, a: Any, b: Any, trans: Any = 0, **settings: Any) -> Any:
    return of_transposed(minus_outer(solve_triangular_b(g, y, a, b, trans, **settings), y, b), trans)


_solve_triangular = with_derivative(scipy.linalg.solve_triangular, solve_triangular_a, solve_triangular_b)


@composed(scipy.linalg.solve_triangular, "a", "b")
def solve_triangular(
    a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False, **settings: Any
) -> Any:
    if unit_diagonal:
        a = np.tril(a, -1) if lower else np.triu(a, 1)
    trans = int(NAMED_TRANSPOSES.get(trans, trans))
    settings |= {"lower": lower, "unit_diagonal": unit_diagonal}
    return _solve_triangular(as_read(a, triangle(lower)), b, trans=trans, **settings)


@composed(scipy.linalg.lstsq, "a", "b")
def lstsq(
    a: Any, b: Any, cond: float | None = None, check_finite: bool = True, lapack_driver: str | None = None
) -> tuple:
    """x = P b, with the pseudo-inverse P of a; and, as SciPy gives them, residues, rank and singular values."""
    require_finite(check_finite, a, b)
    if a.ndim != 2:
        raise ValueError(f"lstsq: a stack of matrices, of shape {a.shape}, has no derivative here; solve one by one")
    x, residues, rank, s = np.linalg.lstsq(a, b, -1 if cond is None else cond)
    if lapack_driver == "gelsy":
        return x, np.empty(0, x.dtype), int(rank), None
    return x, residues[0] if b.ndim == 1 and len(residues) else residues, int(rank), s


# Equations of factored matrices --------------------------------------------------------------------------------------


@formula(lambda g, y, c, b, lower, **_: solved("_cho_solve(c", g, b, True, lower=lower))
def cho_solve_b(g: Any, y: Any, c: Any, b: Any, lower: bool, **settings: Any) -> Any:
    """A^-T g; A is Hermitian, so its transpose is its conjugate."""
    return conj(columns(partial(_cho_solve, c, lower=lower, **settings), conj(g), b))


@formula(
    lambda g, y, c, b, lower, **settings: "(da + H(da)) @ conj(c)" if lower else "conj(c) @ (da + H(da))",
    da="minus_outer(cho_solve_b(g, y, c, b, lower=lower), y, b)",
)
def cho_solve_c(g: Any, y: Any, c: Any, b: Any, lower: bool, **settings: Any) -> Any:
    """A = L L^H, where L is c or c^H: with the gradient G of A, that of L is (G + G^H) conj(L)."""
    da = minus_outer(cho_solve_b(g, y, c, b, lower=lower, **settings), y, b)
    return (da + H(da)) @ conj(c) if lower else conj(c) @ (da + H(da))


@named(scipy.linalg.cho_solve)
def _cho_solve_packed(c: Any, b: Any, lower: bool, **settings: Any) -> Any:
    return scipy.linalg.cho_solve((c, lower), b, **settings)


_cho_solve = with_derivative(_cho_solve_packed, cho_solve_c, cho_solve_b)


@composed(scipy.linalg.cho_solve, "b", pairs="c_and_lower")
def cho_solve(c_and_lower: tuple, b: Any, **settings: Any) -> Any:
    c, lower = c_and_lower
    if np.any(lower) != np.all(lower):
        raise ValueError("cho_solve: a stack of factors must be of lower ones alone, or of upper ones")
    lower = bool(np.all(lower))
    return _cho_solve(as_read(as_array(c), triangle(lower)), b, lower=lower, **settings)


@by_name("the order of the rows after all interchanges of the factorization")
@in_one_call
def permutation(piv: Any, m: int) -> np.ndarray:
    """The order of the m rows after row i was interchanged with row piv[i], for one i after the other."""
    rows = np.broadcast_to(np.arange(m), (*piv.shape[:-1], m)).copy()
    for i in range(piv.shape[-1]):
        j, here = piv[..., i, None], rows[..., i, None].copy()
        rows[..., i, None] = np.take_along_axis(rows, j, -1)
        np.put_along_axis(rows, j, here, -1)
    return rows


@formula(lambda a, p: "take(a, p, axis=-2)" if p.ndim == 1 else "take_along_axis(a, expand_dims(p, -1), axis=-2)")
def rows_at(a: Any, p: np.ndarray) -> Any:
    """The rows p of matrices."""
    if p.ndim == 1:
        return np.take(a, p, axis=-2)
    return np.take_along_axis(a, np.broadcast_to(p[..., None], (*a.shape[:-2], p.shape[-1], 1)), -2)


@formula(
    lambda g, y, lu, b, trans, piv, **_: solved(
        "_lu_solve(lu", g, b, trans == 2, piv="piv", trans=0 if trans == 2 else 1 - trans
    )
)
def lu_solve_b(g: Any, y: Any, lu: Any, b: Any, trans: int, piv: Any, **settings: Any) -> Any:
    solver = partial(_lu_solve, lu, piv=piv, **settings)
    if trans == 2:
        return conj(columns(solver, conj(g), b, trans=0))
    return columns(solver, g, b, trans=1 - trans)


@formula(
    "tril(d @ flip(triu(lu)), -1) + triu(flip(with_ones(lu)) @ d)",
    da="of_transposed(minus_outer(lu_solve_b(g, y, lu, b, trans, piv=piv), y, b), trans)",
    d="rows_at(da, permutation(piv, lu.shape[-2]))",
)
def lu_solve_lu(g: Any, y: Any, lu: Any, b: Any, trans: int, piv: Any, **settings: Any) -> Any:
    """A = P L U: with G = P^T dA, the gradients of L and U are G U^T and L^T G."""
    db = lu_solve_b(g, y, lu, b, trans, piv, **settings)
    da = of_transposed(minus_outer(db, y, b), trans)
    d = rows_at(da, permutation(piv, lu.shape[-2]))
    return np.tril(d @ flip(np.triu(lu)), -1) + np.triu(flip(with_ones(lu)) @ d)


@formula("tril(lu, -1) + eye(lu.shape[-2], lu.shape[-1])")
def with_ones(lu: Any) -> Any:
    """The lower triangle, with ones on its diagonal."""
    return np.tril(lu, -1) + np.eye(*lu.shape[-2:], dtype=lu.dtype, like=lu)


@named(scipy.linalg.lu_solve)
def _lu_solve_packed(lu: Any, b: Any, piv: Any, trans: int, **settings: Any) -> Any:
    return scipy.linalg.lu_solve((lu, piv), b, trans, **settings)


_lu_solve = with_derivative(_lu_solve_packed, lu_solve_lu, lu_solve_b)


@composed(scipy.linalg.lu_solve, "b", pairs="lu_and_piv")
def lu_solve(lu_and_piv: tuple, b: Any, trans: int = 0, **settings: Any) -> Any:
    lu, piv = lu_and_piv
    return _lu_solve(as_array(lu), b, piv=np.asarray(piv), trans=int(trans), **settings)
