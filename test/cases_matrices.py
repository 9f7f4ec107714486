"""Cases of inverses, equations, determinants and products, of matrices and stacks of them, real and complex."""

import numpy as np
from cases import case, x

from tensorgrad.derivatives.matrices import cofactors_by_svd


def plus(n):
    """Called with a + n times the identity, so that the matrix is far from a singular one."""
    return lambda f, a, *args, **kwargs: f(a + n * np.identity(a.shape[-1], like=a), *args, **kwargs)


def symmetric(f, a, *args, **kwargs):
    """Called with a symmetric (Hermitian) matrix."""
    return f(a + np.conj(np.swapaxes(a, -1, -2)), *args, **kwargs)


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


def three_values(f, a, *args, **kwargs):
    """Called with matrices that have singular values near 4, 2 and 0.5, so that a limit may leave some of them out."""
    return f(a / 5 + np.array([[4.0, 0.0, 0.0], [0.0, 0.0, -2.0], [0.0, 0.5, 0.0]], like=a), *args, **kwargs)


case(np.linalg.pinv, x(3, 3), 0.3, of=three_values)
case(np.linalg.pinv, x(2, 3, 3), rtol=np.array([0.3, 0.7]), of=three_values)
case(np.linalg.pinv, x(3, 3, **C), rcond=0.7, of=three_values)
case(
    np.linalg.pinv, x(3, 3), 0.3, True, of=lambda f, *args: symmetric(lambda a, *more: three_values(f, a, *more), *args)
)

case(np.linalg.lstsq, x(4, 2), x(4))
case(np.linalg.lstsq, x(4, 2), x(4, 3), rcond=None)
case(np.linalg.lstsq, x(2, 4), x(2), 1e-10)
case(np.linalg.lstsq, x(3, 3), x(3, 1), rcond=-1)
case(np.linalg.lstsq, x(3, 3), x(3, 2), rcond=0.3, of=three_values)
case(np.linalg.lstsq, x(3, 2), x(3), rcond=1.5)  # no limit: LAPACK takes the precision for it
case(np.linalg.lstsq, x(4, 2, **C), x(4, 2, **C))
case(np.linalg.lstsq, x(4, 2), np.arange(4.0))
case(np.linalg.lstsq, np.vander([0.0, 1.0, 2.0, 4.0], 3), x(4))
case(np.linalg.lstsq, x(4, 2), x(2, 3), x(4), of=lambda f, a, b, c: f(a @ b, c, 1e-5)[:3])  # of rank 2

case(
    np.linalg.tensorsolve, x(2, 3, 6), x(2, 3), of=lambda f, a, b: f(a + 3 * np.identity(6, like=a).reshape(2, 3, 6), b)
)
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
case(np.vecdot, x(2, 3), x(3), keepdims=True)
case(np.vecdot, x(4, 3, 2, **C), x(3, 2), axis=-2, keepdims=True)
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
