"""SciPy's linear algebra, with derivatives of any order: its names, its arguments, its values.

Matrices are real or complex, also stacks of them, (..., m, n), where SciPy takes these (most since 1.16). Where a
function reads a part of its matrix, as one triangle of a symmetric one, only the elements of that part have a gradient.
(Those of numpy.linalg are symmetric here.)

    >>> import numpy as np
    >>> from tensorgrad import Tensor
    >>> a = Tensor([[4.0, 2.0], [2.0, 3.0]])
    >>> c, lower = cho_factor(a, lower=True)
    >>> logdet = 2 * np.sum(np.log(np.diagonal(c)))
    >>> logdet.backward()
    >>> a.grad  # [[3, -2], [-2, 4]] / 8, in one triangle
    array([[ 0.375,  0.   ],
           [-0.5  ,  0.5  ]])

A function of SciPy that isn't here is an error that says so.
"""

from scipy.linalg import LinAlgError, LinAlgWarning

from .banded_equations import (
    eigh_tridiagonal,
    eigvalsh_tridiagonal,
    matmul_toeplitz,
    solve_banded,
    solve_toeplitz,
    solveh_banded,
)
from .equations import cho_solve, det, inv, lstsq, lu_solve, norm, pinv, pinvh, solve, solve_triangular
from .factorizations import (
    cho_factor,
    cholesky,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    lu,
    lu_factor,
    orthogonal_procrustes,
    polar,
    qr,
    svd,
    svdvals,
)
from .matrix_equations import (
    solve_continuous_are,
    solve_continuous_lyapunov,
    solve_discrete_are,
    solve_discrete_lyapunov,
    solve_sylvester,
)
from .matrix_functions import (
    coshm,
    cosm,
    expm,
    expm_frechet,
    fractional_matrix_power,
    logm,
    sinhm,
    sinm,
    sqrtm,
    tanhm,
    tanm,
)
from .recording import absent
from .special_matrices import (
    block_diag,
    circulant,
    companion,
    convolution_matrix,
    fiedler,
    hankel,
    khatri_rao,
    leslie,
    toeplitz,
)

__all__ = [
    "LinAlgError", "LinAlgWarning", "block_diag", "cho_factor", "cho_solve", "cholesky", "circulant", "companion",
    "convolution_matrix", "coshm", "cosm", "det", "eig", "eigh", "eigh_tridiagonal", "eigvals", "eigvalsh",
    "eigvalsh_tridiagonal", "expm", "expm_frechet", "fiedler", "fractional_matrix_power", "hankel", "inv",
    "khatri_rao", "leslie", "logm", "lstsq", "lu", "lu_factor", "lu_solve", "matmul_toeplitz", "norm",
    "orthogonal_procrustes", "pinv", "pinvh", "polar", "qr", "sinhm", "sinm", "solve", "solve_banded",
    "solve_continuous_are", "solve_continuous_lyapunov", "solve_discrete_are", "solve_discrete_lyapunov",
    "solve_sylvester", "solve_toeplitz", "solve_triangular", "solveh_banded", "sqrtm", "svd", "svdvals", "tanhm",
    "tanm", "toeplitz",
]  # fmt: skip

__getattr__ = absent("scipy.linalg", __all__)
