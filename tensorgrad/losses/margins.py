"""Losses that are 0 where something is far enough on its right side: by a margin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arguments import is_int, non_negative, norm_order, positive_number, real_number, yes_or_no
from ..derivatives.activations import relu
from ..derivatives.arrays import all_lie, whole
from ..derivatives.distances import distance, not_below
from .reduction import (
    alike,
    checked,
    class_numbers,
    class_weights,
    labels_of_sign,
    real,
    reduced,
    require_ints,
    require_reduction,
    require_shape,
    weight_of_each,
)

__all__ = [
    "hinge_embedding_loss", "margin_ranking_loss", "cosine_embedding_loss", "triplet_margin_loss",
    "triplet_margin_with_distance_loss", "multi_margin_loss", "multilabel_margin_loss",
]  # fmt: skip


# Of pairs ------------------------------------------------------------------------------------------------------------


def hinge_embedding_loss(input: Any, target: Any, margin: float = 1.0, reduction: str = "mean") -> Any:
    """x where y is 1, max(0, margin - x) where y is -1: for distances x of what is alike, or isn't.

    Args:
        input: any shape; the distances x.
        target: the same shape; y, 1 or -1.
        margin: how far apart what isn't alike should be.
        reduction: 'mean', 'sum' or 'none'.

    Raises:
        ValueError: shapes differ, a target is neither 1 nor -1, margin isn't finite, or the reduction is unknown.
        TypeError: input or target aren't real numbers.

    >>> from tensorgrad import Tensor
    >>> hinge_embedding_loss(Tensor([0.25, 0.25, 2.0]), [1, -1, -1], reduction="none")
    Tensor([0.25 0.75 0.  ])
    """
    name = "hinge_embedding_loss"
    input, target = checked(name, "input", input, "target", target, reduction)
    target = alike(name, "input", input, "target", target)
    labels_of_sign(name, target)
    margin = real_number(f"{name}: margin", margin)
    return reduced(np.where(target == 1, input, not_below(margin - input, 0)), reduction)


def margin_ranking_loss(input1: Any, input2: Any, target: Any, margin: float = 0.0, reduction: str = "mean") -> Any:
    """max(0, margin - y (x1 - x2)), elementwise: x1 should be larger than x2 where y is 1, smaller where it is -1.

    Args:
        input1, input2: any shape, the same for both; x1 and x2.
        target: the same shape; y, 1 or -1.
        margin: by how much.
        reduction: 'mean', 'sum' or 'none'.

    Raises:
        ValueError: shapes differ, margin isn't finite, or the reduction is unknown.
        TypeError: input1, input2 or target aren't real numbers.

    >>> from tensorgrad import Tensor
    >>> margin_ranking_loss(Tensor([3.0, 1.0]), [1.0, 3.0], [1, 1], reduction="none")
    Tensor([0. 2.])
    """
    name = "margin_ranking_loss"
    input1, target = checked(name, "input1", input1, "target", target, reduction)
    input2 = alike(name, "input1", input1, "input2", real(name, "input2", input2))
    target = alike(name, "input1", input1, "target", target)
    margin = real_number(f"{name}: margin", margin)
    return reduced(not_below(margin - target * (input1 - input2), 0), reduction)


_LEAST_SQUARE = 1e-12  # PyTorch's: is added to each sum of squares, so that a vector of zeros has a cosine


def cosine_embedding_loss(input1: Any, input2: Any, target: Any, margin: float = 0.0, reduction: str = "mean") -> Any:
    """1 - cos where y is 1, max(0, cos - margin) where y is -1, with cos the cosine of the angle between x1 and x2.

    Args:
        input1, input2: (N, D), or (D,); x1 and x2.
        target: (N,), or (); y, 1 or -1.
        margin: which cosine is small enough for what isn't alike.
        reduction: 'mean', 'sum' or 'none'.

    Raises:
        ValueError: shapes that don't fit, a target that is neither 1 nor -1, margin that isn't finite, an unknown
            reduction.
        TypeError: input1, input2 or target aren't real numbers.

    >>> from tensorgrad import Tensor
    >>> cosine_embedding_loss(Tensor([[1.0, 0.0], [1.0, 1.0]]), [[0.0, 2.0], [3.0, 3.0]], [1, -1], reduction="none")
    Tensor([1. 1.])
    """
    name = "cosine_embedding_loss"
    input1, target = checked(name, "input1", input1, "target", target, reduction)
    input2 = alike(name, "input1", input1, "input2", real(name, "input2", input2))
    if input1.ndim not in (1, 2) or target.shape != input1.shape[:-1]:
        raise ValueError(
            f"{name}: input1 and input2 must be (N, D) and target (N,), or (D,) and (), not {input1.shape} and "
            f"{target.shape}"
        )
    labels_of_sign(name, target)
    margin = real_number(f"{name}: margin", margin)
    squares = [np.sum(x * x, axis=-1) + _LEAST_SQUARE for x in (input1, input2)]
    cos = np.sum(input1 * input2, axis=-1) / np.sqrt(squares[0] * squares[1])
    return reduced(np.where(target == 1, 1 - cos, not_below(cos - margin, 0)), reduction)


# Of triplets ---------------------------------------------------------------------------------------------------------


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), with d(a, b) the p-norm of a - b + eps.

    (Balntas et al., Learning local feature descriptors with triplets and shallow convolutional neural networks, 2016.)

    Args:
        anchor, positive, negative: (N, D), or (D,); each row of the second should be nearer to that of the first than
            that of the third is.
        margin: by how much; positive.
        p: the order of the norm.
        eps: is added to the differences.
        swap: whether d(positive, negative) counts in the place of d(anchor, negative) where it is smaller.
        reduction: 'mean', 'sum' or 'none' (which gives the shape (N,)).

    Raises:
        ValueError: shapes differ, margin isn't positive, eps is negative, or the reduction is unknown.
        TypeError: one of the three isn't real numbers, swap isn't a bool.

    >>> from tensorgrad import Tensor
    >>> triplet_margin_loss(Tensor([[0.0, 0.0]]), [[3.0, 4.0]], [[0.0, 2.0]])
    Tensor(3.9999996)
    """
    name = "triplet_margin_loss"
    p, eps = norm_order(f"{name}: p", p), non_negative(f"{name}: eps", eps)
    return _of_triplets(name, anchor, positive, negative, lambda a, b: distance(a, b, p, eps), margin, swap, reduction)


def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), with a distance d of one's own.

    Args:
        anchor, positive, negative: any shape, the same for all.
        distance_function: d, a function of two Tensors or arrays; None is `pairwise_distance`.
        margin, swap, reduction: as of `triplet_margin_loss`.

    Raises:
        ValueError: shapes differ, margin isn't positive, or the reduction is unknown.
        TypeError: one of the three isn't real numbers, distance_function can't be called, swap isn't a bool.

    >>> from tensorgrad import Tensor
    >>> def largest(a, b):
    ...     return np.max(np.abs(a - b), axis=-1)
    >>> triplet_margin_with_distance_loss(Tensor([[0.0, 0.0]]), [[3.0, 4.0]], [[0.0, 2.0]], distance_function=largest)
    Tensor(3.)
    """
    name = "triplet_margin_with_distance_loss"
    require_distance(name, distance_function)
    return _of_triplets(name, anchor, positive, negative, distance_function or distance, margin, swap, reduction)


def require_distance(name: str, function: Any) -> None:
    """An error, unless it is a function, or None."""
    if function is not None and (not callable(function) or isinstance(function, type)):
        raise TypeError(f"{name}: distance_function must be a function of two arrays, not {function!r}")


def _of_triplets(
    name: str, anchor: Any, positive: Any, negative: Any, d: Callable, margin: Any, swap: Any, reduction: Any
) -> Any:
    require_reduction(name, reduction)
    anchor = real(name, "anchor", anchor)
    positive = alike(name, "anchor", anchor, "positive", real(name, "positive", positive))
    negative = alike(name, "anchor", anchor, "negative", real(name, "negative", negative))
    if not anchor.ndim:
        raise ValueError(f"{name}: anchor, positive and negative must be (N, D) or (D,), not ()")
    margin = positive_number(f"{name}: margin", margin)
    near, far = d(anchor, positive), d(anchor, negative)
    if yes_or_no(f"{name}: swap", swap):
        far = np.minimum(far, d(positive, negative))
    return reduced(not_below(near - far + margin, 0), reduction)


# Of classes ----------------------------------------------------------------------------------------------------------


def multi_margin_loss(
    input: Any, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None, reduction: str = "mean"
) -> Any:
    """The sum over the other classes j of w max(0, margin - x[y] + x[j])^p / C, with y the class in target.

    (Crammer and Singer, On the algorithmic implementation of multiclass kernel-based vector machines, 2001.)

    Args:
        input: (N, C), or (C,); the scores x.
        target: (N,), or (); class numbers, as ints, which are copied.
        p: 1 or 2.
        margin: by how much the score of the class should be larger than the others.
        weight: (C,), the weight w of each class in target, or None.
        reduction: 'mean' over the examples, 'sum' or 'none'.

    Raises:
        ValueError: shapes don't fit, a class number or an option is out of range, unknown reduction.
        TypeError: class numbers that aren't ints, or an input that isn't real numbers.

    >>> from tensorgrad import Tensor
    >>> multi_margin_loss(Tensor([[0.5, 1.0, -2.0]]), [0])
    Tensor(0.5)
    """
    name = "multi_margin_loss"
    input, target = checked(name, "input", input, "target", target, reduction)
    if input.ndim not in (1, 2):
        raise ValueError(f"{name}: input must be (N, C) or (C,), not {input.shape}")
    if not is_int(p) or p not in (1, 2):
        raise ValueError(f"{name}: p must be 1 or 2, not {p!r}")
    margin, classes = real_number(f"{name}: margin", margin), input.shape[-1]
    labels, _ = class_numbers(name, target, input.shape, None)
    others = np.expand_dims(labels, -1) != np.arange(classes, like=labels)
    x_y = np.take_along_axis(input, np.expand_dims(labels, -1), axis=-1)
    excess = np.where(others, relu(margin - x_y + input), 0)
    losses = np.sum(excess if p == 1 else excess * excess, axis=-1) / classes
    if weight is not None:
        losses = losses * weight_of_each(class_weights(name, weight, classes, input), labels)
    return reduced(losses, reduction)


def multilabel_margin_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """The sum over classes y that are in target, and j that aren't, of max(0, 1 - (x[y] - x[j])) / C.

    Args:
        input: (N, C), or (C,); the scores x.
        target: the same shape; in each row class numbers, as ints, which are copied: those before the first that is -1.
        reduction: 'mean' over the examples, 'sum' or 'none'.

    Raises:
        ValueError: shapes differ, a class number is out of range, or the reduction is unknown.
        TypeError: class numbers that aren't ints, or an input that isn't real numbers.

    >>> from tensorgrad import Tensor
    >>> multilabel_margin_loss(Tensor([[0.5, 1.0, -0.25]]), [[1, 2, -1]])  # ((1 - 0.5) + (1 + 0.75)) / 3
    Tensor(0.75)
    """
    name = "multilabel_margin_loss"
    input, target = checked(name, "input", input, "target", target, reduction)
    require_shape(name, "input", input, "target", target)
    if input.ndim not in (1, 2):
        raise ValueError(f"{name}: input must be (N, C) or (C,), not {input.shape}")
    classes = input.shape[-1]
    require_ints(name, "target", target)
    if not all_lie(target, -1, classes - 1):
        raise ValueError(
            f"{name}: for {classes} classes, numbers in target must lie from -1, which ends a row, to {classes - 1}, "
            f"not from {whole(target).min()} to {whole(target).max()}"
        )
    given = np.cumprod(target >= 0, axis=-1) == 1
    labels = np.where(given, target, 0)
    named = np.expand_dims(labels, -1) == np.arange(classes, like=labels)  # (..., place in target, class)
    others = ~np.any(named & np.expand_dims(given, -1), axis=-2)
    pairs = np.expand_dims(given, -1) & np.expand_dims(others, -2)
    x_y = np.expand_dims(np.take_along_axis(input, labels, axis=-1), -1)
    excess = np.where(pairs, relu(1 - (x_y - np.expand_dims(input, -2))), 0)
    return reduced(np.sum(excess, axis=(-2, -1)) / classes, reduction)
