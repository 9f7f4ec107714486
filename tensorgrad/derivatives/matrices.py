"""Matrices and stacks of them, (..., m, n): inverses, equations, determinants, and the products of numpy.linalg.

Sources: M. B. Giles, An extended collection of matrix derivative results for forward and reverse mode algorithmic
differentiation, 2008; and those named beside the rules. The rules hold at any order of derivative.
"""

import functools
import itertools
import operator

import numpy as np

from .arrays import as_arrays, eye, given, is_complex, largest, whole
from .chunked import either
from .formulas import by_name, formula
from .layouts import as_copy_of
from .products import conj, flip
from .reductions import axes_of
from .table import composed, derivative, with_rules


@formula("swapaxes(conj(a), -1, -2)")
def H(a):
    """Matrices transposed and conjugated."""
    return flip(conj(a))


@formula(lambda d: "diag(d)" if d.ndim == 1 else "expand_dims(d, -1) * identity(d.shape[-1])")
def diagonal_matrix(d):
    """Matrices with the vectors d on their diagonals."""
    return np.expand_dims(d, -1) * eye(d.shape[-1], d.dtype, d)


def conjugated(rule):
    """The rule of the table for one in the form of the literature, dL = Re tr(G^H dA): conjugates g and the result."""

    @functools.wraps(rule)
    def wrapped(g, y, a, *args, **kwargs):
        g = tuple(map(conj, g)) if isinstance(g, tuple) else conj(g)
        return conj(rule(g, y, a, *args, **kwargs))

    return wrapped


# Inverses and equations ----------------------------------------------------------------------------------------------


def solve_b(g, y, a, b):
    """B = A X: the gradient of B is A^-T G. A b of one dimension is a vector, also beside a stack of matrices."""
    if b.ndim > 1:
        return np.linalg.solve(flip(a), g)
    return np.linalg.solve(flip(a), np.expand_dims(g, -1))[..., 0]


def solve_a(g, y, a, b):
    """-A^-T G X^T."""
    db = solve_b(g, y, a, b)
    if b.ndim > 1:
        return -db @ flip(y)
    return -np.expand_dims(db, -1) * np.expand_dims(y, -2)


derivative(np.linalg.solve, solve_a, solve_b)
derivative(np.linalg.inv,   lambda g, y, a: -flip(y) @ g @ flip(y))


@formula(lambda g, y, a, rcond=None, hermitian=False, *, rtol=None: "conj((d + H(d)) / 2)" if hermitian else
         "conj(r - a @ y @ r + s - s @ y @ a - H(y) @ conj(g) @ H(y))",
         r="flip(g) @ y @ H(y)", s="H(y) @ y @ flip(g)", d="r - a @ y @ r + s - s @ y @ a - H(y) @ conj(g) @ H(y)")
@conjugated
def pinv_gradient(g, y, a, rcond=None, hermitian=False, *, rtol=None):
    """dP = -P dA P + P P^H dA^H (1 - A P) + (1 - P A) dA^H P^H P, where the rank stays the same.

    G. H. Golub and V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose
    variables separate, 1973, eq. 4.12.
    """
    p, ph, gh = y, H(y), H(g)
    x = gh @ p @ ph
    z = ph @ p @ gh
    d = x - a @ (p @ x) + z - (z @ p) @ a - ph @ g @ ph
    return (d + H(d)) / 2 if hermitian else d


@with_rules(pinv_gradient)
def pinv(a, rcond=None, hermitian=False, **rtol):
    return either(np.linalg.pinv)(a, **given(rcond=rcond, hermitian=hermitian or None), **rtol)


@composed(np.linalg.pinv)
def np_pinv(a, rcond=None, hermitian=False, *, rtol=np._NoValue):
    """Where a limit leaves out more than rounding errors, the rank of a isn't that of its pseudo-inverse, and the
    gradient comes from the singular vectors."""
    y = pinv(a, rcond, hermitian, **({} if rtol is np._NoValue else {"rtol": rtol}))
    limit = rcond if rtol is np._NoValue else rtol
    if limit is None or not a.size:
        return y
    u, s, vh = np.linalg.svd(a, False, **given(hermitian=hermitian or None))
    limit = limit if np.ndim(limit) == 0 else np.expand_dims(limit, -1)
    kept = s > limit * largest(s, axis=-1, keepdims=True)
    least = np.min(np.where(kept, s, np.inf), axis=-1, keepdims=True)
    if np.all(whole(kept | (s <= np.finfo(s.dtype).eps ** 0.5 * least))):
        return y
    return (H(vh) * np.expand_dims(np.where(kept, 1 / np.where(kept, s, 1), 0), -2)) @ H(u)


@composed(np.linalg.lstsq)
def lstsq(a, b, rcond=None):
    """x = P b, with the pseudo-inverse P of a; and, as NumPy gives them, residuals, rank and singular values."""
    a, b = as_arrays(a, b)
    if a.ndim != 2 or b.ndim not in (1, 2) or len(a) != len(b):
        raise np.linalg.LinAlgError(
            f"lstsq: shapes {a.shape} and {b.shape} don't match; it takes (m, n) and (m,), or (m, n) and (m, k)"
        )
    dtype = np.result_type(a, b, np.float32)
    a, b = (x if x.dtype == dtype else x.astype(dtype) for x in (a, b))
    is_limit = rcond is not None and 0 < rcond < 1  # beyond, LAPACK takes the precision for the limit
    if not is_limit:
        rcond = float(np.finfo(dtype).eps) * (max(a.shape) if rcond is None else 1)
    s = np.linalg.svd(a, compute_uv=False)
    rank = np.sum(s > rcond * largest(s), dtype=np.int32)
    x = (np.linalg.pinv if is_limit else pinv)(a, rcond) @ b
    away = b - a @ x
    squares = np.sum(np.real(conj(away) * away), axis=0, keepdims=b.ndim == 1)
    return x, squares if rank == a.shape[1] < a.shape[0] else squares[:0], rank, s


@composed(np.linalg.tensorsolve)
def tensorsolve(a, b, axes=None):
    a, b = as_arrays(a, b)
    if axes is not None:
        last = axes_of(tuple(axes), a.ndim)
        a = np.transpose(a, [i for i in range(a.ndim) if i not in last] + list(last))
    shape = a.shape[b.ndim :]
    n = int(np.prod(shape))
    if a.size != n * n or b.size != n:
        raise np.linalg.LinAlgError(
            f"tensorsolve: shapes {a.shape} and {b.shape} don't match: of a, the first {b.ndim} axes and the "
            f"others (where axes= moves some to) must both have the size of b"
        )
    return np.reshape(np.linalg.solve(np.reshape(a, (n, n)), np.ravel(b)), shape)


@composed(np.linalg.tensorinv)
def tensorinv(a, ind=2):
    if ind <= 0:
        raise ValueError(f"tensorinv: ind is the number of the first axes, at least 1, not {ind}")
    n = int(np.prod(a.shape[ind:]))
    return np.reshape(np.linalg.inv(np.reshape(a, (n, -1))), a.shape[ind:] + a.shape[:ind])


@with_rules(lambda g, y, a: np.zeros_like(g))
def identity_like(a):
    return as_copy_of(np.zeros_like(a) + eye(a.shape[-1], a.dtype, a), a)


@composed(np.linalg.matrix_power)
def matrix_power(a, n):
    """By repeated squaring; negative powers are powers of the inverse."""
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(f"matrix_power: matrices must be square, not of shape {a.shape}")
    if operator.index(n) == 0:
        return identity_like(a)
    if n < 0:
        return np.linalg.matrix_power(np.linalg.inv(a), -n)
    half = np.linalg.matrix_power(a, n // 2) if n > 1 else None
    return a if half is None else half @ half if n % 2 == 0 else half @ half @ a


# Determinants --------------------------------------------------------------------------------------------------------


@formula(lambda a, y: "cofactors_by_svd(a)" if safe_inverse(a) is None else "y[..., None, None] * flip(inv(a))")
def cofactors(a, y):
    """det(A) A^-T, where y is det(A). Of matrices near to singular ones it is made of products of singular values."""
    inverse = safe_inverse(a)
    return cofactors_by_svd(a) if inverse is None else y[..., None, None] * flip(inverse)


def safe_inverse(a):
    """The inverse; None of a matrix near to a singular one."""
    limit = float(np.finfo(a.dtype).eps) ** (-1 / 3)
    try:
        inverse = np.linalg.inv(a)
    except np.linalg.LinAlgError:  # a singular matrix
        return None
    condition = largest(np.abs(a), (-2, -1)) * largest(np.abs(inverse), (-2, -1))
    return inverse if np.all(condition < limit) else None


@by_name("the products of the singular values, without those at these indices")
def products_of_others(s, *left_out):
    """The product of the last axis of s, without the elements that stand at these indices."""
    k = np.arange(s.shape[-1], like=s)
    skip = functools.reduce(np.logical_or, (k == np.expand_dims(i, -1) for i in left_out))
    return np.prod(np.where(skip, 1, s.reshape(*s.shape[:-1], *[1] * (skip.ndim - 1), -1)), axis=-1)


def cofactors_by_svd_gradient(g, y, a):
    """With A = U S V^H, dA = U E V^H: the cofactors change by det(U V^H) conj(U) D conj(V^H), where d_ij = -e_ji p_ij,
    d_ii = sum_j e_jj p_ij, and p_ij (0 for i = j) is the product of all singular values but s_i and s_j."""
    u, s, vh = np.linalg.svd(a)
    i = np.arange(s.shape[-1], like=s)
    p = products_of_others(s, i[:, None], i) * (i[:, None] != i)
    d = (np.linalg.det(u) * np.linalg.det(vh))[..., None, None] * (H(u) @ g @ H(vh))
    e = diagonal_matrix((p @ np.diagonal(d, 0, -2, -1)[..., None])[..., 0]) - flip(d * p)
    return conj(u) @ e @ conj(vh)


@with_rules(cofactors_by_svd_gradient)
def cofactors_by_svd(a):
    u, s, vh = np.linalg.svd(a)
    others = products_of_others(s, np.arange(s.shape[-1], like=s))
    return (np.linalg.det(u) * np.linalg.det(vh))[..., None, None] * ((conj(u) * others[..., None, :]) @ conj(vh))


derivative(np.linalg.det, lambda g, y, a: g[..., None, None] * cofactors(a, y))


def slogdet_gradient(g, y, a):
    """d log|det A| = Re tr(A^-1 dA); a complex sign s turns by ds = i s Im tr(A^-1 dA)."""
    (g_sign, g_log), (sign, _) = g, y
    if is_complex(sign):
        g_log = g_log + 1j * np.imag(g_sign * sign)
    return g_log[..., None, None] * flip(np.linalg.inv(a))


derivative(np.linalg.slogdet, slogdet_gradient)


# Products ------------------------------------------------------------------------------------------------------------


def chain(arrays, lengths):
    """The product of matrices in the cheapest order. Matrix i is lengths[i] by lengths[i + 1].

    Dynamic programming over the places where a chain is divided: Cormen et al., Introduction to algorithms, 15.2.
    """

    @functools.cache
    def best(i, j):
        """The cost of the product of the matrices i to j - 1, and where it is divided."""
        if j == i + 1:
            return 0, i
        return min((best(i, k)[0] + best(k, j)[0] + lengths[i] * lengths[k] * lengths[j], k) for k in range(i + 1, j))

    def product(i, j):
        if j == i + 1:
            return arrays[i]
        k = best(i, j)[1]
        return product(i, k) @ product(k, j)

    return product(0, len(arrays))


@composed(np.linalg.multi_dot)
def multi_dot(arrays, *, out=None):
    arrays = as_arrays(*arrays)
    shapes = [a.shape for a in arrays]
    if (
        len(arrays) < 2
        or any(a.ndim != 2 for a in arrays[1:-1])
        or not {arrays[0].ndim, arrays[-1].ndim} <= {1, 2}
        or any(a[-1] != b[0] for a, b in itertools.pairwise(shapes))
    ):
        raise ValueError(
            f"multi_dot: shapes {', '.join(map(str, shapes))} don't match: it takes two or more matrices, each with as "
            f"many columns as the next has rows; the first and the last may be vectors"
        )
    ends = [a.shape[i] if a.ndim == 2 else 1 for a, i in ((arrays[0], 0), (arrays[-1], 1))]
    return chain(arrays, [ends[0], *[shape[0] for shape in shapes[1:]], ends[1]])


@composed(np.linalg.matmul)
def matmul(x1, x2, /):
    return np.matmul(x1, x2)


@composed(np.linalg.tensordot)
def tensordot(x1, x2, /, *, axes=2):
    return np.tensordot(x1, x2, axes)


@composed(np.linalg.outer)
def outer(x1, x2, /):
    x1, x2 = as_arrays(x1, x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(f"outer: vectors are needed, not shapes {x1.shape} and {x2.shape}; np.outer flattens")
    return np.multiply(np.expand_dims(x1, 1), x2)
