"""Linear algebra, of matrices and of stacks of them, (..., m, n). The rules hold at any order unless written otherwise.

Sources: M. B. Giles, An extended collection of matrix derivative results for forward and reverse mode algorithmic
differentiation, 2008; J. Townsend, Differentiating the singular value decomposition, 2016; M. Seeger et al.,
Auto-differentiating linear algebra, arXiv:1710.08717; S. F. Walter and L. Lehmann, Algorithmic differentiation of
linear algebra functions with application in optimum experimental design, arXiv:1001.1654.

Where a function reads one triangle of a symmetric (or Hermitian) matrix, the gradient is symmetric (or Hermitian), so
that a step along it leaves the matrix so.

Eigenvectors and singular vectors are determined up to a sign, complex ones up to a phase; a loss must not depend on it.
Where values coincide, nor may it depend on their vectors, each of which is an arbitrary choice from a plane or more.
Functions of the values alone have their gradient there too, but not their second derivatives, for which the vectors
are needed. (That of a loss made of V f(w) V^H, say, exists. But what reaches V and w for this one choice of V doesn't
determine it.) A loss that asks for more gets an error, not a number.
"""

import functools
import itertools

import numpy as np

from .elementwise import divide_safely, slope_of_absolute
from .products import flip
from .reductions import axes_of, restore
from .shapes import as_array
from .table import composed, constant, derivative, with_rules


def conj(a):
    return a if np.isrealobj(a) else np.conj(a)


def H(a):
    """Matrices transposed and conjugated."""
    return flip(conj(a))


def hermitian(a):
    """The Hermitian part of matrices; of real ones the symmetric part."""
    return (a + H(a)) / 2


def diagonal_matrix(d):
    """Matrices with the vectors d on their diagonals."""
    return np.expand_dims(d, -1) * np.eye(d.shape[-1], dtype=d.dtype)


def upper_half(a):
    """The upper triangle of matrices with half of their diagonal."""
    return np.triu(a) - a * (np.eye(a.shape[-1], dtype=a.dtype) / 2)


def conjugated(rule):
    """A rule in the form of the literature, dL = Re tr(G^H dA). That of the table (see there) is its conjugate."""

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


derivative(np.linalg.pinv, pinv_gradient)


@composed(np.linalg.lstsq)
def lstsq(a, b, rcond=None):
    """x = P b, with the pseudo-inverse P of a; and, as NumPy gives them, residuals, rank and singular values."""
    a, b = as_array(a), as_array(b)
    if a.ndim != 2 or b.ndim not in (1, 2) or len(a) != len(b):
        raise np.linalg.LinAlgError(
            f"lstsq: shapes {a.shape} and {b.shape} don't match; it takes (m, n) and (m,), or (m, n) and (m, k)"
        )
    dtype = np.result_type(a, b, np.float32)
    a, b = (x if x.dtype == dtype else x.astype(dtype) for x in (a, b))
    eps = np.finfo(dtype).eps
    rcond = eps * max(a.shape) if rcond is None else eps if rcond == -1 else rcond
    s = np.linalg.svdvals(a)
    rank = np.int32(np.count_nonzero(s > rcond * np.max(s, initial=0)))
    x = np.linalg.pinv(a, rcond) @ b
    off = b - a @ x
    squares = np.sum(np.real(conj(off) * off), axis=0, keepdims=b.ndim == 1)
    return x, squares if rank == a.shape[1] < a.shape[0] else squares[:0], rank, s


@composed(np.linalg.tensorsolve)
def tensorsolve(a, b, axes=None):
    a, b = as_array(a), as_array(b)
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


@composed(np.linalg.matrix_power)
def matrix_power(a, n):
    """By repeated squaring."""
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(f"matrix_power: matrices must be square, not of shape {a.shape}")
    if n == 0:
        return a * 0 + np.eye(a.shape[-1], dtype=a.dtype)
    if n < 0:
        return np.linalg.matrix_power(np.linalg.inv(a), -n)
    half = np.linalg.matrix_power(a, n // 2) if n > 1 else None
    return a if half is None else half @ half if n % 2 == 0 else half @ half @ a


# Determinants --------------------------------------------------------------------------------------------------------


def cofactors(a, y):
    """det(A) A^-T, where y is det(A). Of matrices near to singular ones it is made of products of singular values."""
    limit = float(np.finfo(a.dtype).eps) ** (-1 / 3)
    try:
        inverse = np.linalg.inv(a)
        largest = [np.max(np.abs(x), axis=(-2, -1), initial=0) for x in (a, inverse)]
        if np.all(largest[0] * largest[1] < limit):
            return y[..., None, None] * flip(inverse)
    except np.linalg.LinAlgError:
        pass
    return cofactors_by_svd(a)


def products_of_others(s, *left_out):
    """The product of the last axis of s, without the elements that stand at these indices."""
    k = np.arange(s.shape[-1])
    skip = functools.reduce(np.logical_or, (k == np.expand_dims(i, -1) for i in left_out))
    return np.prod(np.where(skip, 1, s.reshape(*s.shape[:-1], *[1] * (skip.ndim - 1), -1)), axis=-1)


def cofactors_by_svd_gradient(g, y, a):
    """With A = U S V^H, dA = U E V^H: the cofactors change by det(U V^H) conj(U) D conj(V^H), where d_ij = -e_ji p_ij,
    d_ii = sum_j e_jj p_ij, and p_ij (0 for i = j) is the product of all singular values but s_i and s_j."""
    u, s, vh = np.linalg.svd(a)
    i = np.arange(s.shape[-1])
    p = products_of_others(s, i[:, None], i) * (i[:, None] != i)
    d = (np.linalg.det(u) * np.linalg.det(vh))[..., None, None] * (H(u) @ g @ H(vh))
    e = diagonal_matrix((p @ np.diagonal(d, 0, -2, -1)[..., None])[..., 0]) - flip(d * p)
    return conj(u) @ e @ conj(vh)


@with_rules(cofactors_by_svd_gradient)
def cofactors_by_svd(a):
    u, s, vh = np.linalg.svd(a)
    others = products_of_others(s, np.arange(s.shape[-1]))
    return (np.linalg.det(u) * np.linalg.det(vh))[..., None, None] * ((conj(u) * others[..., None, :]) @ conj(vh))


derivative(np.linalg.det, lambda g, y, a: g[..., None, None] * cofactors(a, y))


def slogdet_gradient(g, y, a):
    """d log|det A| = Re tr(A^-1 dA); a complex sign s turns by ds = i s Im tr(A^-1 dA)."""
    (g_sign, g_log), (sign, _) = g, y
    if not np.isrealobj(sign):
        g_log = g_log + 1j * np.imag(g_sign * sign)
    return g_log[..., None, None] * flip(np.linalg.inv(a))


derivative(np.linalg.slogdet, slogdet_gradient)


# Triangular factors --------------------------------------------------------------------------------------------------


@conjugated
def cholesky_gradient(g, y, a, /, *, upper=False):
    """The Hermitian part of L^-H P L^-1, where P is the lower half of L^H G. Seeger et al., section 4.1."""
    lower, g = (H(y), H(g)) if upper else (y, g)
    p = flip(upper_half(flip(H(lower) @ g)))
    x = np.linalg.solve(H(lower), p)
    return hermitian(H(np.linalg.solve(H(lower), H(x))))


derivative(np.linalg.cholesky, cholesky_gradient)


# Where there can be no gradient


def largest(a):
    return np.max(np.abs(a), axis=(-2, -1), keepdims=True, initial=0)


def noticeable(x, size):
    """Whether x is surely not 0, in a computation with numbers as large as `size`, nor all of it rounding errors."""
    small = np.finfo(size.dtype).eps ** (1 / 3)
    return np.abs(x) > small * np.maximum(size, small)


def refuse(where, x, name, on):
    """An error, if somewhere x makes the loss depend on a choice. (Not while it is recorded: it may not be meant.)"""
    if type(x) is np.ndarray and np.any(where):
        raise ValueError(
            f"{name}: the loss depends on {on}, which are arbitrary, so that it has no gradient; make it of what "
            f"doesn't depend on that choice, such as values alone, absolute values, or projections V @ V.conj().T"
        )


def without_complement(name, q, g, k):
    """The first k columns of a unitary matrix, and their gradient. The others span what is orthogonal to these, and
    turn against them: dQ2 = -Q1 dQ1^H Q2."""
    if q.shape[-1] == k:
        return q, g
    q1, q2, g1, g2 = q[..., :k], q[..., k:], g[..., :k], g[..., k:]
    inner = H(q2) @ g2
    refuse(noticeable(inner - H(inner), largest(inner)), inner, name, f"the vectors after the first {k}")
    return q1, g1 - q2 @ (H(g2) @ q1)


@conjugated
def qr_gradient(g, y, a, mode):
    """[G_Q + Q (M + M^H)] R^-H, where M is the upper half of G_R R^H - Q^H G_Q. Walter and Lehmann.

    Of a wide matrix [X Y], with R = [U V], X = Q U is factored, and Y = Q V follows.
    """
    (gq, gr), (q, r) = g, y
    k = min(a.shape[-2:])
    q, gq = without_complement("qr", q, gq, k)
    u, v, gu, gv = r[..., :k, :k], r[..., :k, k:], gr[..., :k, :k], gr[..., :k, k:]
    if v.shape[-1]:
        gq = gq + a[..., k:] @ H(gv)
    m = upper_half(gu @ H(u) - H(q) @ gq)
    x = H(np.linalg.solve(u, H(gq + q @ (m + H(m)))))
    return np.concatenate([x, q @ gv], axis=-1) if v.shape[-1] else x


@with_rules(qr_gradient)
def qr(a, mode):
    return np.linalg.qr(a, mode)


@composed(np.linalg.qr)
def np_qr(a, mode="reduced"):
    if mode == "r":
        return qr(a, "reduced").R
    if mode not in ("reduced", "complete"):
        raise TypeError(f"qr: mode={mode!r} has no derivative in tensorgrad; use 'reduced', 'complete' or 'r'")
    return qr(a, mode)


# Eigenvalues and singular values -------------------------------------------------------------------------------------


def ratio(name, x, d, cotangent, x_size, d_size):
    """x / d; where d is 0 but for rounding 0, if there the cotangent is so too. If not, there is no gradient: nan."""
    zero = np.abs(d) <= 100 * np.finfo(d.dtype).eps * d_size
    bad = zero & noticeable(cotangent, x_size)
    refuse(bad, cotangent, name, "the vectors that belong to coinciding values, or to values of 0")
    return x * np.where(zero, np.where(bad, np.nan, 0), 1 / np.where(zero, 1, d))


def over_differences(name, x, w, cotangent, x_size):
    """x_ij / (w_j - w_i), and 0 on the diagonal."""
    other = ~np.eye(w.shape[-1], dtype=bool)
    gap = np.expand_dims(w, -2) - np.expand_dims(w, -1)
    return ratio(name, x * other, gap, cotangent * other, x_size, largest(w[..., None]))


def both_triangles(x):
    return np.abs(x) + flip(np.abs(x))


def is_zero(g):
    """Whether g is an array of zeros: the output that it belongs to wasn't used."""
    return type(g) is np.ndarray and not g.any()


def diagonal_of(a):
    return np.diagonal(a, 0, -2, -1)


@conjugated
def eigh_gradient(g, y, a, UPLO="L"):
    """V (diag(g_w) + K) V^H, where k_ij = (x_ij - conj(x_ji)) / 2 (w_j - w_i) and X = V^H G_V. Giles, section 3.1."""
    (gw, gv), (w, v) = g, y
    if is_zero(gv):
        return (v * gw[..., None, :]) @ H(v)
    x = H(v) @ gv
    size = largest(x)
    refuse(noticeable(np.imag(diagonal_of(x)), size[..., 0]), x, "eigh", "the phases of the eigenvectors")
    k = over_differences("eigh", (x - H(x)) / 2, w, both_triangles(x), size)
    return v @ (diagonal_matrix(gw) + k) @ H(v)


@conjugated
def eig_gradient(g, y, a):
    """V^-H (diag(g_w) + K) V^H, where K = (X - V^H V diag(Re X)) / conj(w_j - w_i) and X = V^H G_V.

    Giles, section 3.1; and since each column of V keeps the length 1: C. Boeddeker et al., On the computation of
    complex-valued gradients with application to statistically optimum beamforming, arXiv:1701.00392, section 4.5.
    """
    (gw, gv), (w, v) = g, y
    k = diagonal_matrix(gw)
    if not is_zero(gv):
        x = H(v) @ gv
        size = largest(x)
        refuse(noticeable(np.imag(diagonal_of(x)), size[..., 0]), x, "eig", "the phases of the eigenvectors")
        turn = x - H(v) @ v * np.expand_dims(np.real(diagonal_of(x)), -2)
        k = k + over_differences("eig", turn, conj(w), both_triangles(x) + np.abs(turn), size)
    return np.linalg.solve(H(v), k @ H(v))


@conjugated
def svd_gradient(g, y, a, full_matrices):
    """U (diag(g_s) + K) V^H, and what U and V have outside of each other's reach. Townsend, with his sums rearranged:

    k_ij = (a + b)_ij / (s_j - s_i) + (a - b)_ij / (s_i + s_j), where a and b are the skew parts of U^H G_U and V^H G_V.
    """
    (gu, gs, gvh), (u, s, vh) = g, y
    if is_zero(gu) and is_zero(gvh):
        return (u[..., : s.shape[-1]] * gs[..., None, :]) @ vh[..., : s.shape[-1], :]
    u, gu = without_complement("svd", u, gu, s.shape[-1])
    v, gv = without_complement("svd", H(vh), H(gvh), s.shape[-1])
    a, b = H(u) @ gu, H(v) @ gv
    size, s_size = largest(a) + largest(b), largest(s[..., None])
    refuse(noticeable(np.imag(diagonal_of(a + b)), size[..., 0]), a, "svd", "the phases of the singular vectors")
    plus, minus = ((x - H(x)) / 2 for x in (a + b, a - b))
    sums = np.expand_dims(s, -2) + np.expand_dims(s, -1)
    k = over_differences("svd", plus, s, both_triangles(a) + both_triangles(b), size)
    k = k + ratio("svd", minus, sums, minus, size, s_size)

    def beyond(u, gu, a):
        """(1 - U U^H) G_U / s."""
        x = gu - u @ a
        return ratio("svd", x, s[..., None, :], x, largest(gu), s_size)

    d = u @ (diagonal_matrix(gs) + k) @ H(v)
    if u.shape[-2] > s.shape[-1]:
        d = d + beyond(u, gu, a) @ H(v)
    if v.shape[-2] > s.shape[-1]:
        d = d + u @ H(beyond(v, gv, b))
    return d


derivative(np.linalg.eigh, eigh_gradient)
derivative(np.linalg.eig,  eig_gradient)


@with_rules(svd_gradient)
def svd(a, full_matrices):
    return np.linalg.svd(a, full_matrices)


SVDResult = type(np.linalg.svd(np.eye(1)))


@composed(np.linalg.svd)
def np_svd(a, full_matrices=True, compute_uv=True, hermitian=False):
    if not hermitian:
        whole = svd(a, full_matrices and compute_uv)
        return whole if compute_uv else whole.S
    w, v = np.linalg.eigh(a)
    order = np.flip(np.argsort(np.abs(w), axis=-1), -1)
    w, v = np.take_along_axis(w, order, -1), np.take_along_axis(v, order[..., None, :], -1)
    s = np.abs(w)
    return SVDResult(v, s, H(np.where((w < 0)[..., None, :], -v, v))) if compute_uv else s


@composed(np.linalg.svdvals)
def svdvals(x, /):
    return np.linalg.svd(x, compute_uv=False)


@composed(np.linalg.eigvals)
def eigvals(a):
    return np.linalg.eig(a).eigenvalues


@composed(np.linalg.eigvalsh)
def eigvalsh(a, UPLO="L"):
    return np.linalg.eigh(a, UPLO).eigenvalues


# Norms: their gradient is 0 where they are 0 -------------------------------------------------------------------------


def length_gradient(g, y, x, axis, keepdims):
    return restore(g, x, axis, keepdims) * divide_safely(conj(x), restore(y, x, axis, keepdims))


@with_rules(length_gradient)
def length(x, axis, keepdims):
    """The square root of the sum of squares."""
    return np.sqrt(np.sum(np.real(conj(x) * x), axis=axis, keepdims=keepdims))


def p_norm_gradient(g, y, x, p, axis, keepdims):
    """(|x| / y)^(p - 1) times the slope of |x|."""
    part = divide_safely(np.abs(x), restore(y, x, axis, keepdims))
    return restore(g, x, axis, keepdims) * slope_of_absolute(x) * np.where(x == 0, 1, part) ** (p - 1)


@with_rules(p_norm_gradient)
def p_norm(x, p, axis, keepdims):
    return np.sum(np.abs(x) ** p, axis=axis, keepdims=keepdims) ** (1 / p)


def vector_norm_along(x, p, axes, keepdims):
    if p in (None, 2):
        return length(x, axes, keepdims)
    if p == np.inf:
        return np.max(np.abs(x), axis=axes, keepdims=keepdims, initial=0)
    if p == -np.inf:
        return np.min(np.abs(x), axis=axes, keepdims=keepdims)
    if p == 1:
        return np.sum(np.abs(x), axis=axes, keepdims=keepdims)
    if p == 0:  # how many are not 0: a constant
        return np.sum((x != 0).astype(np.finfo(x.dtype).dtype), axis=axes, keepdims=keepdims)
    if isinstance(p, str):
        raise ValueError(f"norm: ord={p!r} is for matrices; vectors have numbers, inf and -inf")
    return p_norm(x, p, axes, keepdims)


def matrix_norm_along(x, p, axes, keepdims):
    if p in (None, "fro", "f"):
        return length(x, axes, keepdims)
    a = np.moveaxis(x, axes, (-2, -1))
    if p in (2, -2, "nuc"):
        candidates = np.abs(np.linalg.svdvals(a))
    elif p in (1, -1, np.inf, -np.inf):
        candidates = np.sum(np.abs(a), axis=-2 if abs(p) == 1 else -1)
    else:
        raise ValueError(f"norm: ord={p!r} is no norm of a matrix; there are 'fro', 'nuc', 1, 2, inf, -1, -2 and -inf")
    if p == "nuc":
        y = np.sum(candidates, axis=-1)
    elif p > 0:
        y = np.max(candidates, axis=-1, initial=0)
    else:
        y = np.min(candidates, axis=-1)
    return np.expand_dims(y, axes) if keepdims else y


@composed(np.linalg.norm)
def norm(x, ord=None, axis=None, keepdims=False):
    axes = axes_of(axis, x.ndim)
    if len(axes) == 1 or (axis is None and ord is None):
        return vector_norm_along(x, ord, axes, keepdims)
    if len(axes) == 2 and axes[0] != axes[1]:
        return matrix_norm_along(x, ord, axes, keepdims)
    raise ValueError(f"norm: shape {x.shape} with axis={axis} is neither a vector nor a matrix; name one or two axes")


@composed(np.linalg.matrix_norm)
def matrix_norm(x, /, *, keepdims=False, ord="fro"):
    return np.linalg.norm(x, ord, (-2, -1), keepdims)


@composed(np.linalg.vector_norm)
def vector_norm(x, /, *, axis=None, keepdims=False, ord=2):
    return vector_norm_along(x, ord, axes_of(axis, x.ndim), keepdims)


@composed(np.linalg.cond)
def cond(x, p=None):
    if p not in (None, 2, -2):
        return np.linalg.norm(x, p, (-2, -1)) * np.linalg.norm(np.linalg.inv(x), p, (-2, -1))
    s = np.linalg.svdvals(x)
    with np.errstate(divide="ignore", invalid="ignore"):
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]


constant(np.linalg.matrix_rank)


# Products ------------------------------------------------------------------------------------------------------------


def chain(arrays, lengths):
    """The product of matrices in the cheapest order, found by trying where to divide each part of the chain (Cormen et
    al., Introduction to algorithms, section 15.2). Matrix i is lengths[i] by lengths[i + 1]."""

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
    arrays = [as_array(a) for a in arrays]
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


@composed(np.linalg.vecdot, np.vecdot)
def vecdot(x1, x2, /, *, axis=-1):
    """The first vector conjugated."""
    a, b = (np.moveaxis(as_array(x), axis, -1) for x in (x1, x2))
    return np.matmul(np.expand_dims(conj(a), -2), np.expand_dims(b, -1))[..., 0, 0]


def matvec(x1, x2, /):
    return np.matmul(x1, np.expand_dims(x2, -1))[..., 0]


def vecmat(x1, x2, /):
    """The vector conjugated."""
    return np.matmul(np.expand_dims(conj(as_array(x1)), -2), x2)[..., 0, :]


if hasattr(np, "matvec"):  # since NumPy 2.2
    composed(np.matvec)(matvec)
    composed(np.vecmat)(vecmat)


@composed(np.linalg.matmul)
def matmul(x1, x2, /):
    return np.matmul(x1, x2)


@composed(np.linalg.tensordot)
def tensordot(x1, x2, /, *, axes=2):
    return np.tensordot(x1, x2, axes)


@composed(np.linalg.outer)
def outer(x1, x2, /):
    x1, x2 = as_array(x1), as_array(x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(f"outer: vectors are needed, not shapes {x1.shape} and {x2.shape}; np.outer flattens")
    return np.multiply(np.expand_dims(x1, 1), x2)


@composed(np.cross)
def cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """y_i = a_{i+1} b_{i+2} - a_{i+2} b_{i+1}, the indices modulo 3; of vectors in the plane the third component."""
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis, axis, axis)
    a, b = np.moveaxis(as_array(a), axisa, -1), np.moveaxis(as_array(b), axisb, -1)
    if not {a.shape[-1], b.shape[-1]} <= {2, 3}:
        raise ValueError(f"cross: vectors have 3 components or 2, not {a.shape[-1]} and {b.shape[-1]}; name their axis")
    if a.shape[-1] == b.shape[-1] == 2:
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    a, b = (np.concatenate([x, 0 * x[..., :1]], axis=-1) if x.shape[-1] == 2 else x for x in (a, b))
    first, second = [1, 2, 0], [2, 0, 1]
    return np.moveaxis(a[..., first] * b[..., second] - a[..., second] * b[..., first], -1, axisc)


@composed(np.linalg.cross)
def linalg_cross(x1, x2, /, *, axis=-1):
    x1, x2 = as_array(x1), as_array(x2)
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ValueError(f"cross: shapes {x1.shape} and {x2.shape} don't have the length 3 along axis {axis}")
    return np.cross(x1, x2, axis=axis)
