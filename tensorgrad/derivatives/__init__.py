"""The derivatives of NumPy's functions, a module per subject. See `table` for what a rule is."""

from . import (
    activations,
    assembling,
    calculus,
    convolution,
    creation,
    decompositions,
    distances,
    einsum,
    elementwise,
    fft,
    indexing,
    inplace,
    matrices,
    norms,
    out,
    polynomials,
    products,
    reductions,
    shapes,
    softmax,
    statistics,
    unsupported,
    without_nan,
)
from .methods import METHODS
from .table import (
    COMPOSED,
    CONSTANT,
    CREATION,
    NON_DIFFERENTIABLE,
    OWN,
    TABLE,
    Primitive,
    composed,
    constant,
    derivative,
    each,
    non_differentiable,
    with_rules,
)

__all__ = [
    "COMPOSED", "CONSTANT", "CREATION", "METHODS", "NON_DIFFERENTIABLE", "OWN", "TABLE",
    "Primitive", "composed", "constant", "derivative", "each", "non_differentiable", "with_rules",
    "elementwise", "activations", "reductions", "softmax", "statistics", "shapes", "indexing", "assembling",
    "products", "einsum", "convolution", "matrices", "decompositions", "norms", "distances",
    "fft", "polynomials", "calculus", "creation", "inplace", "out", "without_nan", "unsupported",
]  # fmt: skip
