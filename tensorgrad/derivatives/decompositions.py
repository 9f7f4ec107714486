"""Decompositions: Cholesky, QR, eigenvalues and eigenvectors, singular values and vectors.

Sources: M. B. Giles, An extended collection of matrix derivative results for forward and reverse mode algorithmic
differentiation, 2008; J. Townsend, Differentiating the singular value decomposition, 2016; M. Seeger et al.,
Auto-differentiating linear algebra, arXiv:1710.08717; S. F. Walter and L. Lehmann, Algorithmic differentiation of
linear algebra functions with application in optimum experimental design, arXiv:1001.1654.

Where a function reads one triangle of a symmetric (or Hermitian) matrix, the gradient is symmetric (or Hermitian), so
that a step along it leaves the matrix so.

Eigenvectors and singular vectors are determined up to a sign, complex ones up to a phase; a loss must not depend on it.
Where values coincide, their vectors are an arbitrary basis of the space that they span. Functions of the values alone
have their gradient there too, but not their second derivatives, for which the vectors are needed. The gradient of a
loss that uses those vectors can't be computed from the gradients of the values w and of this one choice of vectors V,
not even where it exists, as it does for V f(w) V^H. Such a loss gets an error, not a number.
"""

import numpy as np

from .arbitrary import clearly_nonzero, raise_if_arbitrary, raise_if_coinciding, size_of
from .arrays import ARRAYS, eye, is_chunked, is_complex, whole
from .chunked import either, reduced_qr, reduced_svd
from .formulas import formula
from .matrices import H, conj, conjugated, diagonal_matrix
from .products import flip
from .table import composed, computed_by, derivative, with_rules

QRResult, SVDResult = type(np.linalg.qr(np.eye(1))), type(np.linalg.svd(np.eye(1)))


def hermitian(a):
    """The Hermitian part of matrices; of real ones the symmetric part."""
    return (a + H(a)) / 2

def upper_half(a):
    """The upper triangle of matrices with half of their diagonal."""
    return (np.triu(a) + np.triu(a, 1)) / 2

# Triangular factors --------------------------------------------------------------------------------------------------


@formula("conj(s + H(s)) / 2", l="H(y) if upper else y", m="H(l) @ (flip(g) if upper else conj(g))",
         p="(tril(m) + tril(m, -1)) / 2", s="inv(H(l)) @ p @ inv(l)")
@conjugated
def cholesky_gradient(g, y, a, /, *, upper=False):
    """The Hermitian part of L^-H P L^-1, where P is the lower half of L^H G. Seeger et al., section 4.1."""
    lower, g = (H(y), H(g)) if upper else (y, g)
    p = flip(upper_half(flip(H(lower) @ g)))
    x = np.linalg.solve(H(lower), p)
    return hermitian(H(np.linalg.solve(H(lower), H(x))))


derivative(np.linalg.cholesky, cholesky_gradient)
computed_by(np.linalg.cholesky)(either(np.linalg.cholesky))


def without_complement(name, q, g, k):
    """The first k columns of a unitary matrix, and their gradient, with the part that comes through the other columns.

    Those span the orthogonal complement of the first, whatever their choice: dQ2 = -Q1 dQ1^H Q2.
    """
    if q.shape[-1] == k:
        return q, g
    q1, q2, g1, g2 = q[..., :k], q[..., k:], g[..., :k], g[..., k:]
    inner = H(q2) @ g2
    arbitrary = clearly_nonzero(inner - H(inner), size_of(inner))
    raise_if_arbitrary(arbitrary, inner, name, f"the vectors after the first {k}")
    return q1, g1 - q2 @ (H(g2) @ q1)


def rank_of(a):
    return min(a.shape[-2:])


@formula(lambda g, y, a, mode: "conj(concatenate([x, q @ conj(g[1][..., rank_of(a):])], axis=-1))"
         if a.shape[-1] > a.shape[-2] else "conj((b + q @ (m + H(m))) @ H(inv(r)))",
         q="y[0] if y[0].shape[-1] == rank_of(a) else y[0][..., :rank_of(a)]",
         r="y[1] if y[1].shape[-2] == y[1].shape[-1] else y[1][..., :rank_of(a), :rank_of(a)]",
         p="conj(g[0]) if y[0].shape[-1] == rank_of(a) else "
           "conj(g[0][..., :rank_of(a)]) - y[0][..., rank_of(a):] @ (flip(g[0][..., rank_of(a):]) @ q)",
         b="p + a[..., rank_of(a):] @ flip(g[1][..., rank_of(a):]) if a.shape[-1] > a.shape[-2] else p",
         s="conj(g[1] if y[1].shape[-2] == y[1].shape[-1] else g[1][..., :rank_of(a), :rank_of(a)]) @ H(r) - H(q) @ b",
         m="(triu(s) + triu(s, 1)) / 2", x="(b + q @ (m + H(m))) @ H(inv(r))")
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
    return QRResult(*reduced_qr(a, mode)) if is_chunked(a) else np.linalg.qr(a, mode)


@composed(np.linalg.qr)
def np_qr(a, mode="reduced"):
    if mode == "r":
        return qr(a, "reduced").R
    if mode not in ("reduced", "complete"):
        raise TypeError(f"qr: mode={mode!r} has no derivative in tensorgrad; use 'reduced', 'complete' or 'r'")
    return qr(a, mode)


# Eigenvalues and singular values -------------------------------------------------------------------------------------


def ratio(name, x, d, cotangent, x_size, d_size):
    """x / d. Where d is 0 up to rounding: 0 if the cotangent is 0 there, too; nan if not, as there is no gradient."""
    zero = np.abs(d) <= 100 * np.finfo(d.dtype).eps * d_size
    arbitrary = zero & clearly_nonzero(cotangent, x_size)
    if not hasattr(x, "__record__"):  # one array alone; in a batch the nan tells
        raise_if_coinciding(arbitrary, x, name)
    return x * np.where(zero, np.where(arbitrary, np.nan, 0), 1 / np.where(zero, 1, d))


def over_differences(name, x, w, cotangent, x_size):
    """x_ij / (w_j - w_i), and 0 on the diagonal."""
    other = ~eye(w.shape[-1], bool, w)
    gap = np.expand_dims(w, -2) - np.expand_dims(w, -1)
    return ratio(name, x * other, gap, cotangent * other, x_size, size_of(w[..., None]))


def both_triangles(x):
    """|x_ij| + |x_ji|, which is 0 only where both are: the difference x_ij - x_ji may cancel."""
    return np.abs(x) + flip(np.abs(x))


def is_zero(g):
    """Whether g is an array of zeros, as it is for an output that wasn't used."""
    return type(g) in ARRAYS and not g.any()


def diagonal_of(a):
    return np.diagonal(a, 0, -2, -1)


def raise_if_phases_count(name, x, size):
    """An error if the loss depends on the phases of complex vectors; x is the product of them and their gradients."""
    if is_complex(x):
        vectors = "singular vectors" if name == "svd" else "eigenvectors"
        phases = clearly_nonzero(np.imag(diagonal_of(x)), size[..., 0])
        raise_if_arbitrary(phases, x, name, f"the phases of the {vectors}")


# In formulas, numbers that coincide up to rounding, as in `ratio`
_E = "2.22e-14 * max(abs({}), axis=-1)[..., None, None]"


@formula(lambda g, y, a, UPLO="L": "conj(v @ (diagonal_matrix(g[0]) + k) @ H(v))" if np.any(whole(g[1])) else
         "conj(v @ diagonal_matrix(g[0]) @ H(v))",
         w="y[0]", v="y[1]", x="H(v) @ conj(g[1])", d="w[..., None, :] - w[..., :, None]", e=_E.format("w"),
         k="where(abs(d) > e, (x - H(x)) / (2 * d), 0)")
@conjugated
def eigh_gradient(g, y, a, UPLO="L"):
    """V (diag(g_w) + K) V^H, where k_ij = (x_ij - conj(x_ji)) / 2 (w_j - w_i) and X = V^H G_V. Giles, section 3.1."""
    (gw, gv), (w, v) = g, y
    if is_zero(gv):
        return (v * gw[..., None, :]) @ H(v)
    x = H(v) @ gv
    size = size_of(x)
    raise_if_phases_count("eigh", x, size)
    k = over_differences("eigh", (x - H(x)) / 2, w, both_triangles(x), size)
    return v @ (diagonal_matrix(gw) + k) @ H(v)


@formula(lambda g, y, a: "conj(inv(H(v)) @ (diagonal_matrix(conj(g[0])) + k) @ H(v))" if np.any(whole(g[1])) else
         "conj(inv(H(v)) @ diagonal_matrix(conj(g[0])) @ H(v))",
         w="y[0]", v="y[1]", x="H(v) @ conj(g[1])", z="x - H(v) @ v * expand_dims(real(diagonal_of(x)), -2)",
         d="conj(w)[..., None, :] - conj(w)[..., :, None]", e=_E.format("w"), k="where(abs(d) > e, z / d, 0)")
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
        size = size_of(x)
        raise_if_phases_count("eig", x, size)
        x_fixed = x - H(v) @ v * np.expand_dims(np.real(diagonal_of(x)), -2)  # at fixed lengths of the columns
        k = k + over_differences("eig", x_fixed, conj(w), both_triangles(x) + np.abs(x_fixed), size)
    return np.linalg.solve(H(v), k @ H(v))


def _svd_formula(g, y, a, full_matrices):
    if not np.any(whole(g[0])) and not np.any(whole(g[2])):
        return "conj(u @ diagonal_matrix(g[1]) @ H(v))"
    beyond = " + where(s[..., None, :] > e, (p - u @ b) / s[..., None, :], 0) @ H(v)" * (a.shape[-2] > a.shape[-1])
    beyond += " + u @ H(where(s[..., None, :] > e, (q - v @ c) / s[..., None, :], 0))" * (a.shape[-1] > a.shape[-2])
    return f"conj(u @ (diagonal_matrix(g[1]) + k) @ H(v){beyond})"


@formula(_svd_formula, s="y[1]",
         u="y[0] if y[0].shape[-1] == rank_of(a) else y[0][..., :rank_of(a)]",
         v="H(y[2] if y[2].shape[-2] == rank_of(a) else y[2][..., :rank_of(a), :])",
         p="conj(g[0]) if y[0].shape[-1] == rank_of(a) else "
           "conj(g[0][..., :rank_of(a)]) - y[0][..., rank_of(a):] @ (flip(g[0][..., rank_of(a):]) @ u)",
         q="flip(g[2]) if y[2].shape[-2] == rank_of(a) else "
           "flip(g[2][..., :rank_of(a), :]) - H(y[2][..., rank_of(a):, :]) @ (conj(g[2][..., rank_of(a):, :]) @ v)",
         b="H(u) @ p", c="H(v) @ q", m="b + c", n="b - c",
         d="s[..., None, :] - s[..., :, None]", t="s[..., None, :] + s[..., :, None]", e=_E.format("s"),
         k="where(abs(d) > e, (m - H(m)) / (2 * d), 0) + where(t > e, (n - H(n)) / (2 * t), 0)")
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
    size, s_size = size_of(a) + size_of(b), size_of(s[..., None])
    raise_if_phases_count("svd", a + b, size)
    plus, minus = ((x - H(x)) / 2 for x in (a + b, a - b))
    sums = np.expand_dims(s, -2) + np.expand_dims(s, -1)
    k = over_differences("svd", plus, s, both_triangles(a) + both_triangles(b), size)
    k = k + ratio("svd", minus, sums, minus, size, s_size)

    def complement(u, gu, a):
        """(1 - U U^H) G_U / s, the part of the gradient outside of the space of U."""
        x = gu - u @ a
        return ratio("svd", x, s[..., None, :], x, size_of(gu), s_size)

    d = u @ (diagonal_matrix(gs) + k) @ H(v)
    if u.shape[-2] > s.shape[-1]:
        d = d + complement(u, gu, a) @ H(v)
    if v.shape[-2] > s.shape[-1]:
        d = d + u @ H(complement(v, gv, b))
    return d


derivative(np.linalg.eigh, eigh_gradient)
derivative(np.linalg.eig,  eig_gradient)


@with_rules(svd_gradient)
def svd(a, full_matrices):
    return SVDResult(*reduced_svd(a, full_matrices)) if is_chunked(a) else np.linalg.svd(a, full_matrices)




@composed(np.linalg.svd)
def np_svd(a, full_matrices=True, compute_uv=True, hermitian=False):
    if not hermitian:
        whole = svd(a, full_matrices and compute_uv)
        return whole if compute_uv else whole.S
    w, v = np.linalg.eigh(a)
    if not compute_uv:
        return np.flip(np.sort(np.abs(w), axis=-1), -1)
    order = np.flip(np.argsort(np.abs(w), axis=-1), -1)
    w, v = np.take_along_axis(w, order, -1), np.take_along_axis(v, order[..., None, :], -1)
    return SVDResult(v, np.abs(w), H(np.where((w < 0)[..., None, :], -v, v)))


@composed(np.linalg.svdvals)
def svdvals(x, /):
    return np.linalg.svd(x, compute_uv=False)


@composed(np.linalg.eigvals)
def eigvals(a):
    return np.linalg.eig(a).eigenvalues


@composed(np.linalg.eigvalsh)
def eigvalsh(a, UPLO="L"):
    return np.linalg.eigh(a, UPLO).eigenvalues


