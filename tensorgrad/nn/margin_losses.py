"""Losses that are 0 where something is far enough on its right side, as modules: each keeps the options of a function,
and calls it. The functions, of which `functions` has each, say more about shapes and values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import functions as f
from ..arguments import is_int, non_negative, norm_order, positive_number, real_number, yes_or_no
from ..losses.margins import require_distance
from .losses import Loss

__all__ = [
    "HingeEmbeddingLoss", "MarginRankingLoss", "CosineEmbeddingLoss", "TripletMarginLoss",
    "TripletMarginWithDistanceLoss", "MultiMarginLoss", "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss",
    "SoftMarginLoss",
]  # fmt: skip


# Of pairs and triplets -----------------------------------------------------------------------------------------------


class HingeEmbeddingLoss(Loss):
    """x where y is 1, max(0, margin - x) where y is -1, as `torch.nn.HingeEmbeddingLoss`.

    Called with input, distances x, and target, y, of the same shape.

    Raises:
        ValueError: margin isn't finite, the reduction is unknown, shapes differ, a target is neither 1 nor -1.
        TypeError: input or target aren't real numbers.

    >>> HingeEmbeddingLoss(reduction="none")([0.25, 0.25, 2.0], [1, -1, -1])
    array([0.25, 0.75, 0.  ])
    """

    def __init__(self, margin: float = 1.0, reduction: str = "mean"):
        super().__init__(reduction)
        self.margin = real_number("HingeEmbeddingLoss: margin", margin)

    def forward(self, input: Any, target: Any) -> Any:
        return f.hinge_embedding_loss(input, target, self.margin, self.reduction)


class MarginRankingLoss(Loss):
    """max(0, margin - y (x1 - x2)), as `torch.nn.MarginRankingLoss`.

    Called with x1, x2 and target, y, all of the same shape.

    Raises:
        ValueError: margin isn't finite, the reduction is unknown, or shapes differ.
        TypeError: one of the three isn't real numbers.

    >>> MarginRankingLoss(reduction="none")([3.0, 1.0], [1.0, 3.0], [1, 1])
    array([0., 2.])
    """

    def __init__(self, margin: float = 0.0, reduction: str = "mean"):
        super().__init__(reduction)
        self.margin = real_number("MarginRankingLoss: margin", margin)

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        return f.margin_ranking_loss(input1, input2, target, self.margin, self.reduction)


class CosineEmbeddingLoss(Loss):
    """1 - cos where y is 1, max(0, cos - margin) where y is -1, as `torch.nn.CosineEmbeddingLoss`.

    Called with x1 and x2 of shape (N, D) or (D,), of which cos is the cosine, and target, y, of shape (N,) or ().

    Raises:
        ValueError: margin isn't finite, the reduction is unknown, shapes don't fit, a target is neither 1 nor -1.
        TypeError: one of the three isn't real numbers.

    >>> CosineEmbeddingLoss(reduction="none")([[1.0, 0.0], [1.0, 0.0]], [[0.0, 2.0], [3.0, 0.0]], [1, 1]).round(4)
    array([1., 0.])
    """

    def __init__(self, margin: float = 0.0, reduction: str = "mean"):
        super().__init__(reduction)
        self.margin = real_number("CosineEmbeddingLoss: margin", margin)

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        return f.cosine_embedding_loss(input1, input2, target, self.margin, self.reduction)


class TripletMarginLoss(Loss):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), as `torch.nn.TripletMarginLoss`.

    Args:
        margin: by how much nearer the positive should be.
        p: d(a, b) is the p-norm of a - b + eps.
        eps: is added to the differences.
        swap: whether d(positive, negative) counts in the place of d(anchor, negative) where it is smaller.
        reduction: 'mean', 'sum' or 'none'.

    Called with anchor, positive and negative, all of the same shape, (N, D) or (D,).

    Raises:
        ValueError: an option out of range, or shapes differ.
        TypeError: swap isn't a bool, or one of the three isn't real numbers.

    >>> TripletMarginLoss(eps=0.0)([[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 2.0]]).item()
    4.0
    """

    def __init__(
        self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False, reduction: str = "mean"
    ):
        super().__init__(reduction)
        self.margin = positive_number("TripletMarginLoss: margin", margin)
        self.p = norm_order("TripletMarginLoss: p", p)
        self.eps, self.swap = non_negative("TripletMarginLoss: eps", eps), yes_or_no("TripletMarginLoss: swap", swap)

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        return f.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap, self.reduction
        )


class TripletMarginWithDistanceLoss(Loss):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), as `torch.nn.TripletMarginWithDistanceLoss`.

    Args:
        distance_function: d, a function of two Tensors or arrays; None is `pairwise_distance`.
        margin: by how much nearer the positive should be.
        swap: whether d(positive, negative) counts in the place of d(anchor, negative) where it is smaller.
        reduction: 'mean', 'sum' or 'none'.

    Called with anchor, positive and negative, all of the same shape.

    Raises:
        ValueError: margin isn't positive, the reduction is unknown, or shapes differ.
        TypeError: distance_function can't be called, swap isn't a bool, or one of the three isn't real numbers.

    >>> loss = TripletMarginWithDistanceLoss(distance_function=lambda a, b: abs(a - b).max(axis=-1))
    >>> loss([[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 2.0]]).item()
    3.0
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Any, Any], Any] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ):
        super().__init__(reduction)
        name = "TripletMarginWithDistanceLoss"
        require_distance(name, distance_function)
        self.distance_function = distance_function
        self.margin, self.swap = positive_number(f"{name}: margin", margin), yes_or_no(f"{name}: swap", swap)

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        return f.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )


# Of classes ----------------------------------------------------------------------------------------------------------


class MultiMarginLoss(Loss):
    """The sum over other classes j of w max(0, margin - x[y] + x[j])^p / C, as `torch.nn.MultiMarginLoss`.

    Args:
        p: 1 or 2.
        margin: by how much the score of the class should be larger than the others.
        weight: (C,), the weight w of each class in target, or None. A buffer.
        reduction: 'mean', 'sum' or 'none'.

    Called with input, scores x of shape (N, C) or (C,), and class numbers y of shape (N,) or ().

    Raises:
        ValueError: an option out of range, shapes that don't fit, class numbers out of range.
        TypeError: class numbers aren't ints, weight or input aren't real numbers.

    >>> MultiMarginLoss()([[0.5, 1.0, -2.0]], [0]).item()
    0.5
    """

    weight: Any

    def __init__(self, p: int = 1, margin: float = 1.0, weight: Any = None, reduction: str = "mean"):
        super().__init__(reduction)
        if not is_int(p) or p not in (1, 2):
            raise ValueError(f"MultiMarginLoss: p must be 1 or 2, not {p!r}")
        self.p, self.margin = int(p), real_number("MultiMarginLoss: margin", margin)
        self._keep_weight("weight", weight, of_classes=True)

    def forward(self, input: Any, target: Any) -> Any:
        return f.multi_margin_loss(input, target, self.p, self.margin, self.weight, self.reduction)


class MultiLabelMarginLoss(Loss):
    """The sum over classes y in target, and j that aren't, of max(0, 1 - x[y] + x[j]) / C, as
    `torch.nn.MultiLabelMarginLoss`.

    Called with input, scores x of shape (N, C) or (C,), and target of the same shape: in each row class numbers, those
    before the first that is -1.

    >>> MultiLabelMarginLoss()([[0.5, 1.0, -0.25]], [[1, 2, -1]]).item()
    0.75
    """

    def forward(self, input: Any, target: Any) -> Any:
        return f.multilabel_margin_loss(input, target, self.reduction)


class MultiLabelSoftMarginLoss(Loss):
    """The mean over classes of -y log(p) - (1 - y) log(1 - p), p = sigmoid(input), as
    `torch.nn.MultiLabelSoftMarginLoss`.

    Args:
        weight: (C,), a factor for each class, or None. A buffer.
        reduction: 'mean', 'sum' or 'none'.

    Called with input, logits of shape (N, C) or (C,), and target, y from 0 to 1, of the same shape.

    Raises:
        ValueError: an unknown reduction, shapes that don't fit, a target outside 0 to 1.
        TypeError: weight, input or target aren't real numbers.

    >>> MultiLabelSoftMarginLoss(reduction="none")([[0.0, 1000.0]], [[1, 1]])
    array([0.34657359])
    """

    weight: Any

    def __init__(self, weight: Any = None, reduction: str = "mean"):
        super().__init__(reduction)
        self._keep_weight("weight", weight)

    def forward(self, input: Any, target: Any) -> Any:
        return f.multilabel_soft_margin_loss(input, target, self.weight, self.reduction)


class SoftMarginLoss(Loss):
    """log(1 + exp(-y x)), as `torch.nn.SoftMarginLoss`.

    Called with input, x, and target, y of 1 or -1, of the same shape.

    >>> SoftMarginLoss(reduction="none")([0.0, 1000.0], [1, 1])
    array([0.69314718, 0.        ])
    """

    def forward(self, input: Any, target: Any) -> Any:
        return f.soft_margin_loss(input, target, self.reduction)
