"""Cases of linear algebra: single matrices, stacks and broadcast ones, square and not, real and complex.

A function that reads one triangle of its matrix is given a symmetric (Hermitian) one. Of vectors that are determined up
to a phase, the absolute values are compared.
"""

import numpy as np
from cases import case, x

from tensorgrad.derivatives.linalg import cofactors_by_svd, length, p_norm, qr, svd


def plus(n):
    """Called with a + n times the identity, so that the matrix is far from a singular one."""
    return lambda f, a, *args, **kwargs: f(a + n * np.eye(a.shape[-1]), *args, **kwargs)


def adjoint(a):
    return np.conj(np.swapaxes(a, -1, -2))


def symmetric(f, a, *args, **kwargs):
    return f(a + adjoint(a), *args, **kwargs)


def positive_definite(f, a, **kwargs):
    return f(a @ adjoint(a) + np.eye(a.shape[-1]), **kwargs)


def without_phases(of):
    """The same call, with the absolute values of complex results."""

    def call(f, a, *args, **kwargs):
        y = of(f, a, *args, **kwargs)
        return [np.abs(part) if part.dtype.kind == "c" else part for part in y]

    return call


def plain(f, *args, **kwargs):
    return f(*args, **kwargs)


C = {"dtype": complex}

# Inverses and equations

for a, b in [
    (x(3, 3), x(3)),
    (x(3, 3), x(3, 2)),
    (x(2, 3, 3), x(3)),
    (x(2, 3, 3), x(3, 1)),
    (x(2, 1, 2, 2), x(3, 2, 4)),
    (x(2, 2, layout="F"), x(4, 2, 3)),
    (x(3, 3, **C), x(3, **C)),
    (x(2, 2, 2, **C), x(2, 1)),
    (x(2, 2), x(2, 3, **C)),
    (x(0, 0), x(0, 2)),
]:
    case(np.linalg.solve, a, b, of=plus(5))
case(np.linalg.solve, np.array([[2.0, 1.0], [0.0, 3.0]]), x(2, 3))
case(np.linalg.solve, x(2, 2), np.array([1.0, 2.0]), of=plus(5))

for a in (x(3, 3), x(2, 1, 2, 2), x(1, 1), x(0, 0), x(3, 3, **C), x(2, 2, layout="strided")):
    case(np.linalg.inv, a, of=plus(5))

for shape in [(3, 2), (2, 3), (2, 2), (2, 4, 3), (0, 2)]:
    case(np.linalg.pinv, x(*shape))
    case(np.linalg.pinv, x(*shape, **C))
case(np.linalg.pinv, x(3, 2), rcond=1e-10)
case(np.linalg.pinv, x(3, 2), rtol=1e-10)
case(np.linalg.pinv, x(3, 3), 1e-12, True, of=symmetric)
case(np.linalg.pinv, x(2, 2, **C), hermitian=True, of=symmetric)
case(np.linalg.pinv, x(4, 2), x(2, 3), of=lambda f, a, b: f(a @ b, 1e-5))  # of rank 2

case(np.linalg.lstsq, x(4, 2), x(4))
case(np.linalg.lstsq, x(4, 2), x(4, 3), rcond=None)
case(np.linalg.lstsq, x(2, 4), x(2), 1e-10)
case(np.linalg.lstsq, x(3, 3), x(3, 1), rcond=-1)
case(np.linalg.lstsq, x(4, 2, **C), x(4, 2, **C))
case(np.linalg.lstsq, x(4, 2), np.arange(4.0))
case(np.linalg.lstsq, np.vander([0.0, 1.0, 2.0, 4.0], 3), x(4))
case(np.linalg.lstsq, x(4, 2), x(2, 3), x(4), of=lambda f, a, b, c: f(a @ b, c, 1e-5)[:3])  # of rank 2

case(np.linalg.tensorsolve, x(2, 3, 6), x(2, 3), of=lambda f, a, b: f(a + 3 * np.eye(6).reshape(2, 3, 6), b))
case(np.linalg.tensorsolve, x(2, 6, 3), x(2, 3), axes=(1,))
case(np.linalg.tensorsolve, x(4, 2, 2, **C), x(4, **C))
case(np.linalg.tensorinv, x(2, 3, 6))
case(np.linalg.tensorinv, x(4, 2, 2), ind=1)

for n in (-3, -2, -1, 0, 1, 2, 3, 5, 6):
    case(np.linalg.matrix_power, x(3, 3), n, of=plus(3))
case(np.linalg.matrix_power, x(2, 2, 2, **C), -2, of=plus(3))
case(np.linalg.matrix_power, x(2, 3, 3), 4)

# Determinants

for a in (x(3, 3), x(2, 3, 3), x(1, 1), x(0, 0), x(2, 2, **C)):
    case(np.linalg.det, a)
    case(np.linalg.slogdet, a)
case(np.linalg.slogdet, x(2, 3, 3, **C))
case(np.linalg.det, x([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]))
case(np.linalg.det, x([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [1.0, 0.0, 3.0]]))
case(np.linalg.det, x([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [3.0, 6.0, 9.0]]))  # of rank 1
case(np.linalg.det, x(3, 3), of=lambda f, a: f(0 * a))
case(np.linalg.det, x([[[1.0, 2.0], [2.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]], [[1.0, 2.0], [3.0, 5.0]]]))
case(np.linalg.det, x([[1.0, 1j], [1j, -1.0]], **C))
for a in (x(3, 3), x(2, 4, 4, **C)):
    case(cofactors_by_svd, a, like=lambda a: np.linalg.det(a)[..., None, None] * np.swapaxes(np.linalg.inv(a), -1, -2))

# Triangular factors

for a in (x(3, 3), x(2, 2, 3, 3), x(0, 0), x(3, 3, **C), x(2, 3, 3, layout="F")):
    case(np.linalg.cholesky, a, of=positive_definite)
    case(np.linalg.cholesky, a, upper=True, of=positive_definite)

for shape in [(3, 3), (4, 2), (2, 4), (2, 4, 3)]:
    for kind in ({}, C):
        case(np.linalg.qr, x(*shape, **kind))
        case(np.linalg.qr, x(*shape, **kind), mode="r")
case(np.linalg.qr, x(3, 3, **C), "complete")
case(np.linalg.qr, x(2, 3), mode="complete")
case(qr, x(4, 2), "reduced", like=np.linalg.qr)


def of_complete(f, a, mode):
    """What of a complete Q doesn't depend on the choice of its last columns."""
    q, r = f(a, mode)
    rest = q[..., a.shape[-1] :]
    return [q[..., : a.shape[-1]], rest @ adjoint(rest), r]


case(np.linalg.qr, x(4, 2), "complete", of=of_complete)
case(np.linalg.qr, x(2, 3, 2, **C), "complete", of=of_complete)

# Eigenvalues

for a in (x(3, 3), x(2, 3, 3), x(1, 1), x(0, 0)):
    case(np.linalg.eigh, a, of=symmetric)
    case(np.linalg.eigvalsh, a, of=symmetric)
for a in (x(3, 3, **C), x(2, 2, 2, **C)):
    case(np.linalg.eigh, a, of=without_phases(symmetric))
    case(np.linalg.eigvalsh, a, of=symmetric)
case(np.linalg.eigh, x(3, 3), "U", of=symmetric)
case(np.linalg.eigh, x(3, 3, **C), UPLO="U", of=without_phases(symmetric))
case(np.linalg.eigvalsh, x(3, 3), UPLO="U", of=symmetric)

real = x([[1.0, 0.5, 0.2], [0.1, 2.0, 0.3], [-0.2, 0.4, 3.5]])  # its eigenvalues are real
turning = x([[1.0, -2.0, 0.2], [1.5, 1.0, 0.3], [-0.2, 0.4, 3.5]])  # these are not
case(np.linalg.eig, real, of=without_phases(plain))  # since NumPy 2.5 complex, with phases, too
case(np.linalg.eig, turning, of=without_phases(plain))
case(np.linalg.eig, x(2, 3, 3, **C), of=without_phases(plain))
for a in (real, turning, x(2, 3, 3, **C), x(4, 4)):
    case(np.linalg.eigvals, a)

# Singular values

for shape in [(3, 3), (4, 2), (2, 4), (2, 3, 2), (1, 1), (2, 2, 3)]:
    case(np.linalg.svd, x(*shape), full_matrices=False)
    case(np.linalg.svd, x(*shape, **C), False, of=without_phases(plain))
    case(np.linalg.svd, x(*shape), compute_uv=False)
    case(np.linalg.svdvals, x(*shape, **C))
case(np.linalg.svd, x(3, 3))
case(np.linalg.svd, x(2, 3, 3, **C), of=without_phases(plain))
case(np.linalg.svd, x(3, 3), hermitian=True, of=symmetric)
case(np.linalg.svd, x(2, 3, 3), True, False, True, of=symmetric)
case(np.linalg.svd, x(3, 3, **C), hermitian=True, of=without_phases(symmetric))
case(svd, x(3, 2), False, like=np.linalg.svd)


def of_full(f, a):
    """What of full U and V doesn't depend on the choice of their last columns."""
    u, s, vh = f(a)
    k = s.shape[-1]
    u1, u2, v1, v2 = u[..., :k], u[..., k:], vh[..., :k, :], vh[..., k:, :]
    return [u1 * s[..., None, :] @ v1, u1 @ v1, u2 @ adjoint(u2), adjoint(v2) @ v2, np.abs(u1), np.abs(v1)]


for shape in [(4, 2), (2, 4), (2, 3, 2)]:
    case(np.linalg.svd, x(*shape), of=of_full)
    case(np.linalg.svd, x(*shape, **C), of=of_full)

# Norms

ORDERS = (None, 1, 2, 3, 2.5, 0.5, -1, -2, np.inf, -np.inf)
for p in ORDERS:
    case(np.linalg.norm, x(4), p)
    case(np.linalg.norm, x(2, 3), ord=p, axis=0, keepdims=True)
    case(np.linalg.norm, x(3, **C), p)
    if p is not None:
        case(np.linalg.vector_norm, x(2, 3), ord=p)
        case(np.linalg.vector_norm, x(2, 3, 2), ord=p, axis=(0, -1), keepdims=True)
for p in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
    case(np.linalg.norm, x(3, 2), p, (0, 1))
    case(np.linalg.norm, x(2, 2, 3), ord=p, axis=(2, 0), keepdims=True)
    case(np.linalg.norm, x(2, 3, **C), p)
    if p is not None:
        case(np.linalg.matrix_norm, x(2, 3, 2), ord=p)
        case(np.linalg.matrix_norm, x(2, 3), ord=p, keepdims=True)
for v in (x(), x(1), x(2, 3, 2), x(2, 3, layout="F"), x(0)):
    case(np.linalg.norm, v)
    case(np.linalg.vector_norm, v)
case(np.linalg.norm, x(2, 3), axis=-1)
case(np.linalg.norm, x(2, 3, 2), None, None, True)
case(np.linalg.norm, x([0.0, 1.0, -2.0]), 3, twice=False)  # the third derivative jumps at 0: no differences
case(np.linalg.vector_norm, x(2, 3), keepdims=True)
case(np.linalg.matrix_norm, x(2, 2, 2))
case(length, x(2, 3), (0,), True, like=lambda a, axis, keepdims: np.linalg.norm(a, axis=axis, keepdims=keepdims))
case(p_norm, x(3), 3, (0,), False, like=lambda a, p, axis, keepdims: np.linalg.norm(a, p))

for p in (None, 2, -2, "fro", "nuc", 1, -1, np.inf, -np.inf):
    case(np.linalg.cond, x(3, 3), p, of=plus(5))
case(np.linalg.cond, x(2, 3, 2))
case(np.linalg.cond, x(2, 2, 2, **C), "fro", of=lambda f, a, p: f(a, p).real)  # a complex number in NumPy 2.0

# Products

case(np.linalg.multi_dot, [x(2, 3), x(3, 4)])
case(np.linalg.multi_dot, [x(3), x(3, 4), x(4)])
case(np.linalg.multi_dot, [x(2, 3), x(3, 1), x(1, 4), x(4, 2)])
case(np.linalg.multi_dot, (x(2, 5, **C), x(5, 2), np.ones((2, 3)), x(3)))
case(np.linalg.multi_dot, [x(3), x(3)])

for f in (np.linalg.vecdot, np.vecdot):
    case(f, x(3), x(3))
    case(f, x(2, 1, 3), x(4, 3))
    case(f, x(3, 2), x(3, 2), axis=0)
    case(f, x(2, 3, **C), x(3, **C))
    case(f, x(2, 3), np.array([1.0, 2.0, 3.0j]))
if hasattr(np, "matvec"):
    case(np.matvec, x(2, 3), x(3))
    case(np.matvec, x(2, 3, **C), x(4, 3, **C))
    case(np.matvec, np.ones((2, 3)), x(3))
    case(np.vecmat, x(2), x(2, 3))
    case(np.vecmat, x(4, 2, **C), x(2, 3, **C))
    case(np.vecmat, np.array([1.0, 2.0j]), x(2, 3))

case(np.linalg.matmul, x(2, 2, 3), x(3, 2))
case(np.linalg.tensordot, x(2, 3), x(3, 2), axes=1)
case(np.linalg.tensordot, x(2, 3), x(2, 3, **C))
case(np.linalg.outer, x(2), x(3))
case(np.linalg.outer, x(2, **C), [1.0, 2.0])
case(np.linalg.cross, x(3), x(3))
case(np.linalg.cross, x(2, 3), x(3, **C))
case(np.linalg.cross, x(3, 2), x(3, 2), axis=0)
