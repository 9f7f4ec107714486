"""The derivatives of NumPy's functions, topic by topic. See `table` for what a rule is."""

from . import (
    assembling,
    calculus,
    elementwise,
    fft,
    indexing,
    linalg,
    polynomials,
    products,
    reductions,
    refusals,
    shapes,
    statistics,
)
from .methods import METHODS
from .table import (
    COMPOSED,
    CONSTANT,
    OWN,
    REFUSED,
    TABLE,
    Primitive,
    composed,
    constant,
    derivative,
    each,
    refused,
    with_rules,
)

__all__ = [
    "COMPOSED", "CONSTANT", "METHODS", "OWN", "REFUSED", "TABLE",
    "Primitive", "composed", "constant", "derivative", "each", "refused", "with_rules",
    "assembling", "calculus", "elementwise", "fft", "indexing", "linalg", "polynomials", "products", "reductions",
    "refusals", "shapes", "statistics",
]  # fmt: skip
