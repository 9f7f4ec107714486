"""Cases of decompositions: of single matrices and stacks of them, square and not, real and complex.

A function that reads one triangle of its matrix is given a symmetric (Hermitian) one. Of vectors that are determined up
to a phase, the absolute values are compared.
"""

import numpy as np
from cases import case, x

from tensorgrad.derivatives.decompositions import qr, svd


def adjoint(a):
    return np.conj(np.swapaxes(a, -1, -2))


def symmetric(f, a, *args, **kwargs):
    return f(a + adjoint(a), *args, **kwargs)


def positive_definite(f, a, **kwargs):
    return f(a @ adjoint(a) + np.identity(a.shape[-1], like=a), **kwargs)


def without_phases(of):
    """The same call, with the absolute values of complex results."""

    def call(f, a, *args, **kwargs):
        y = of(f, a, *args, **kwargs)
        return [np.abs(part) if part.dtype.kind == "c" else part for part in y]

    return call


def plain(f, *args, **kwargs):
    return f(*args, **kwargs)


C = {"dtype": complex}

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
