"""Layers that compare vectors."""

from __future__ import annotations

from typing import Any

from ..arguments import dim_is_axis, is_int, non_negative, norm_order, yes_or_no
from ..functions import cosine_similarity, pairwise_distance
from ..module import Module

__all__ = ["CosineSimilarity", "PairwiseDistance"]


class CosineSimilarity(Module):
    """The cosine of the angle between vectors, sum(x1 x2) / (|x1| |x2|), as `torch.nn.CosineSimilarity`.

    Args:
        axis: along which the vectors lie; it goes. dim= is another name of it.
        eps: the least length that is divided by.

    Called with x1 and x2, whose shapes broadcast.

    Raises:
        ValueError: axis isn't an int, eps is negative, or shapes don't fit.
        TypeError: x1 or x2 aren't real numbers.

    >>> CosineSimilarity()([[1.0, 0.0], [1.0, 1.0]], [[0.0, 2.0], [3.0, 3.0]])
    array([0., 1.])
    """

    @dim_is_axis
    def __init__(self, axis: int = 1, eps: float = 1e-8):
        if not is_int(axis):
            raise ValueError(f"CosineSimilarity: axis must be an int, not {axis!r}")
        self.axis, self.eps = int(axis), non_negative("CosineSimilarity: eps", eps)

    def forward(self, x1: Any, x2: Any) -> Any:
        return cosine_similarity(x1, x2, self.axis, self.eps)

    def extra_repr(self) -> str:
        return f"axis={self.axis}, eps={self.eps}"


class PairwiseDistance(Module):
    """The p-norm of x1 - x2 + eps along the last axis, as `torch.nn.PairwiseDistance`.

    Args:
        p: the order of the norm; inf is the largest difference.
        eps: is added to each difference.
        keepdims: whether the last axis stays, with the length 1. keepdim= is another name of it.

    Called with x1 and x2 of shape (N, D) or (D,), it gives (N,) or ().

    Raises:
        ValueError: p is no number, eps is negative, or shapes don't fit.
        TypeError: keepdims isn't a bool, x1 or x2 aren't real numbers.

    >>> PairwiseDistance(eps=0.0)([[0.0, 0.0]], [[3.0, 4.0]])
    array([5.])
    """

    @dim_is_axis
    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdims: bool = False):
        self.p, self.eps = norm_order("PairwiseDistance: p", p), non_negative("PairwiseDistance: eps", eps)
        self.keepdims = yes_or_no("PairwiseDistance: keepdims", keepdims)

    def forward(self, x1: Any, x2: Any) -> Any:
        return pairwise_distance(x1, x2, self.p, self.eps, self.keepdims)

    def extra_repr(self) -> str:
        return f"p={self.p}, eps={self.eps}, keepdims={self.keepdims}"
