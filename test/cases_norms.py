"""Cases of norms, of vectors and of matrices, and of condition numbers."""

import numpy as np
from cases import case, x

from tensorgrad.derivatives.norms import length, p_norm


def plus(n):
    """Called with a + n times the identity, so that the matrix is far from a singular one."""
    return lambda f, a, *args, **kwargs: f(a + n * np.identity(a.shape[-1], like=a), *args, **kwargs)


C = {"dtype": complex}

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
