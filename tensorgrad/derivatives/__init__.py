"""The derivatives of NumPy's functions, topic by topic. See `table` for what a rule is."""

from . import elementwise, fft, indexing, products, reductions, shapes
from .table import COMPOSED, CONSTANT, REFUSED, TABLE, Primitive, composed, constant, derivative, each, refused, with_rules

__all__ = [
    "COMPOSED", "CONSTANT", "REFUSED", "TABLE", "Primitive", "composed", "constant", "derivative", "each", "refused", "with_rules",
    "elementwise", "fft", "indexing", "products", "reductions", "shapes",
]  # fmt: skip
