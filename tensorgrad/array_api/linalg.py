"""The standard's extension `linalg`: NumPy's functions, which Tensors record."""

import numpy as np

from .wrapping import functions

NAMES = """
    cholesky cross det diagonal eig eigh eigvals eigvalsh inv matmul matrix_norm matrix_power matrix_rank
    matrix_transpose outer pinv qr slogdet solve svd svdvals tensordot trace vecdot vector_norm
"""

globals().update(functions(np.linalg, NAMES))
