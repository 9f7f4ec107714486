"""Attention: how much each query asks for each key."""

from typing import Any

import numpy as np

from .arrays import ARRAYS
from .formulas import formula
from .products import flip
from .table import with_rules


@with_rules(lambda g, y, query, key, bias, scale: np.matmul(g, key) * scale,
            lambda g, y, query, key, bias, scale: np.matmul(flip(g), query) * scale,
            lambda g, y, query, key, bias, scale: g)
@formula("scale * query @ flip(key) + (0 if bias is None else bias)")
def attention_scores(query: Any, key: Any, bias: Any, scale: float) -> Any:
    """scale * query @ key.T + bias as one operation, without further arrays of its shape.

    Args:
        query, key: (..., L, E) and (..., S, E)
        bias: of a shape that broadcasts to (..., L, S), -inf where a query doesn't see a key; or None

    Returns:
        (..., L, S)

    >>> from tensorgrad import Tensor
    >>> attention_scores(Tensor([[1.0, 2.0]]), np.ones((3, 2)), None, 0.5)
    Tensor([[1.5 1.5 1.5]])
    """
    y = np.matmul(query * scale, flip(key))
    if bias is None:
        return y
    if type(y) not in ARRAYS or np.broadcast_shapes(y.shape, bias.shape) != y.shape or y.dtype != bias.dtype:
        return y + bias
    y += bias
    return y
