"""The standard's extension `linalg`: NumPy's functions, which Tensors record."""

import numpy as np

from .wrapping import of_tensors

__all__ = [
    "cholesky", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv", "matmul", "matrix_norm",
    "matrix_power", "matrix_rank", "matrix_transpose", "outer", "pinv", "qr", "slogdet", "solve", "svd", "svdvals",
    "tensordot", "trace", "vecdot", "vector_norm",
]  # fmt: skip

globals().update({name: of_tensors(getattr(np.linalg, name)) for name in __all__})
