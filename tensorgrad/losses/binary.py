"""Cross-entropies of yes-or-no predictions: of logits, and of probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives import derivative
from ..derivatives.activations import sigmoid, sigmoid_of_parts, sigmoid_parts, softplus
from ..derivatives.arrays import all_lie
from ..derivatives.formulas import formula
from ..tensor import data_of
from .reduction import alike, broadcast_weight, checked, each, reduced, weighted

__all__ = [
    "sigmoid_cross_entropy", "binary_cross_entropy", "binary_cross_entropy_with_logits", "multilabel_soft_margin_loss",
    "soft_margin_loss",
]  # fmt: skip

# Of logits -----------------------------------------------------------------------------------------------------------


@formula("reduced(log1p(exp(-abs(logits))) + maximum(logits, 0) - logits * labels, reduction)")
def _sigmoid_cross_entropy(logits: Any, labels: Any, reduction: str) -> tuple[Any, Any]:
    """x ([x >= 0] - y) + log(1 + exp(-|x|)): equal to the definition; nothing overflows, nothing cancels. Saves what a
    sigmoid is made of."""
    positive, z = sigmoid_parts(logits)
    loss = positive - labels
    loss *= logits
    loss += np.log1p(z)
    return reduced(loss, reduction), (positive, z)


@formula("(p - labels) * each(g, logits.size, reduction)", p="sigmoid(logits)")
def _sigmoid_cross_entropy_gradient(g, y, logits, labels, reduction, saved=None):  # type: ignore[no-untyped-def]
    """(sigmoid(logits) - labels) * g: of a mean, the n-th part."""
    p = sigmoid(logits) if saved is None else sigmoid_of_parts(*saved)
    return (p - labels) * each(g, logits.size, reduction)


_recorded_sigmoid_cross_entropy = derivative(
    _sigmoid_cross_entropy,
    _sigmoid_cross_entropy_gradient,
    lambda g, y, logits, labels, reduction, saved=None: -logits * each(g, logits.size, reduction),
    saves=True,
)


def _probabilities(name: str, what: str, labels: Any) -> Any:
    if not all_lie(data_of(labels), 0, 1):
        raise ValueError(f"{name}: {what} must lie from 0 to 1 (for classes -1 and 1, pass ({what} + 1) / 2)")
    return labels


def sigmoid_cross_entropy(logits: Any, labels: Any, reduction: str = "mean") -> Any:
    """The cross-entropy of yes-or-no predictions, -y log(p) - (1 - y) log(1 - p) with p = sigmoid(logits).

    Args:
        logits: any shape; real numbers, as they leave the network.
        labels: the same shape; from 0 to 1.
        reduction: 'mean', 'sum' or 'none'.

    Raises:
        ValueError: shapes differ, a label is outside 0 to 1, or the reduction is unknown.
        TypeError: logits or labels aren't real numbers.

    >>> from tensorgrad import Tensor
    >>> sigmoid_cross_entropy(Tensor([0.0, 100.0]), [1, 1])
    Tensor(0.34657359)
    """
    name = "sigmoid_cross_entropy"
    logits, labels = checked(name, "logits", logits, "labels", labels, reduction)
    labels = _probabilities(name, "labels", alike(name, "logits", logits, "labels", labels))
    return _recorded_sigmoid_cross_entropy(logits, labels, reduction)


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, reduction: str = "mean", pos_weight: Any = None
) -> Any:
    """-pos_weight y log(p) - (1 - y) log(1 - p), elementwise, with p = sigmoid(input) and y the target.

    Without weights it is `sigmoid_cross_entropy`.

    Args:
        input: any shape; logits, as they leave the network.
        target: the same shape; from 0 to 1.
        weight: None, or a factor for each loss; its shape broadcasts to that of the input.
        reduction: 'mean' over all elements, 'sum' or 'none'.
        pos_weight: None, or the weight of a yes; its shape broadcasts to that of the input.

    Raises:
        ValueError: shapes don't fit, a target is outside 0 to 1, or the reduction is unknown.
        TypeError: one of them isn't real numbers.

    >>> from tensorgrad import Tensor
    >>> binary_cross_entropy_with_logits(Tensor([0.0, 100.0]), [1, 1], pos_weight=3.0)
    Tensor(1.03972077)
    """
    name = "binary_cross_entropy_with_logits"
    input, target = checked(name, "input", input, "target", target, reduction)
    target = _probabilities(name, "target", alike(name, "input", input, "target", target))
    if pos_weight is None:
        if weight is None:
            return _recorded_sigmoid_cross_entropy(input, target, reduction)
        return weighted(name, _recorded_sigmoid_cross_entropy(input, target, "none"), weight, reduction)
    pos_weight = broadcast_weight(name, "pos_weight", pos_weight, input)
    losses = pos_weight * target * softplus(-input) + (1 - target) * softplus(input)
    return weighted(name, losses, weight, reduction)


def multilabel_soft_margin_loss(input: Any, target: Any, weight: Any = None, reduction: str = "mean") -> Any:
    """The mean over classes, each of which may be there or not, of -y log(p) - (1 - y) log(1 - p), p = sigmoid(input).

    Args:
        input: (N, C), or (C,); logits. More axes may stand before that of the classes, the last.
        target: the same shape; y, from 0 to 1.
        weight: None, or a factor for each class, (C,).
        reduction: 'mean', 'sum' or 'none' (which gives the shape (N,)).

    Raises:
        ValueError: shapes don't fit, a target is outside 0 to 1, or the reduction is unknown.
        TypeError: one of them isn't real numbers.

    >>> from tensorgrad import Tensor
    >>> multilabel_soft_margin_loss(Tensor([[0.0, 100.0]]), [[1, 1]])
    Tensor(0.34657359)
    """
    name = "multilabel_soft_margin_loss"
    input, target = checked(name, "input", input, "target", target, reduction)
    target = _probabilities(name, "target", alike(name, "input", input, "target", target))
    if not input.ndim:
        raise ValueError(f"{name}: input needs an axis of classes, (N, C) or (C,), not the shape ()")
    losses = weighted(name, _recorded_sigmoid_cross_entropy(input, target, "none"), weight, "none")
    return reduced(np.mean(losses, axis=-1), reduction)


def soft_margin_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """log(1 + exp(-y x)), elementwise, without overflow: the cross-entropy of logits x for classes y of 1 and -1.

    Args:
        input: any shape.
        target: the same shape; 1 or -1.
        reduction: 'mean', 'sum' or 'none'.

    Raises:
        ValueError: shapes differ, or the reduction is unknown.
        TypeError: input or target aren't real numbers.

    >>> from tensorgrad import Tensor
    >>> soft_margin_loss(Tensor([0.0, 100.0]), [1, 1])
    Tensor(0.34657359)
    """
    name = "soft_margin_loss"
    input, target = checked(name, "input", input, "target", target, reduction)
    target = alike(name, "input", input, "target", target)
    return reduced(softplus(-target * input), reduction)


# Of probabilities ----------------------------------------------------------------------------------------------------

_LEAST_LOG, _LEAST_SPREAD = -100.0, 1e-12  # PyTorch's, so that a probability of 0 costs no more than 100


def _log_and_log1m(p: Any) -> tuple[Any, Any]:
    """log(p) and log(1 - p), neither below -100."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(p), _LEAST_LOG), np.maximum(np.log1p(-p), _LEAST_LOG)


@formula("maximum(p * (1 - p), 1e-12)")
def _spread(p: Any) -> Any:
    return np.maximum(p * (1 - p), _LEAST_SPREAD)


@formula("maximum(log1p(-p), -100) - maximum(log(p), -100)")
def _negative_logit(p: Any) -> Any:
    log_p, log_1m = _log_and_log1m(p)
    return log_1m - log_p


negative_logit = derivative(_negative_logit, lambda g, y, p: -g / _spread(p))


@formula("reduced(-target * maximum(log(input), -100) - (1 - target) * maximum(log1p(-input), -100), reduction)")
def _binary_cross_entropy(input: Any, target: Any, reduction: str) -> Any:
    log_p, log_1m = _log_and_log1m(input)
    return reduced((target - 1) * log_1m - target * log_p, reduction)


_recorded_binary_cross_entropy = derivative(
    _binary_cross_entropy,
    lambda g, y, input, target, reduction: each(g, input.size, reduction) * (input - target) / _spread(input),
    formula("each(g, input.size, reduction) * _negative_logit(input)")(
        lambda g, y, input, target, reduction: each(g, input.size, reduction) * negative_logit(input)
    ),
)


def binary_cross_entropy(input: Any, target: Any, weight: Any = None, reduction: str = "mean") -> Any:
    """-y log(p) - (1 - y) log(1 - p), elementwise, with p the input and y the target.

    A logarithm counts as -100 at least, and p (1 - p), by which its slope is divided, as 1e-12. Of logits,
    `binary_cross_entropy_with_logits` has no need of that.

    Args:
        input: any shape; probabilities, from 0 to 1.
        target: the same shape; from 0 to 1.
        weight: None, or a factor for each loss; its shape broadcasts to that of the input.
        reduction: 'mean' over all elements, 'sum' or 'none'.

    Raises:
        ValueError: shapes don't fit, an input or target is outside 0 to 1, or the reduction is unknown.
        TypeError: one of them isn't real numbers.

    >>> from tensorgrad import Tensor
    >>> binary_cross_entropy(Tensor([0.5, 0.0]), [1, 1], reduction="none")
    Tensor([  0.69314718 100.        ])
    """
    name = "binary_cross_entropy"
    input, target = checked(name, "input", input, "target", target, reduction)
    target = _probabilities(name, "target", alike(name, "input", input, "target", target))
    if not all_lie(data_of(input), 0, 1):
        raise ValueError(f"{name}: input must be probabilities, from 0 to 1; for logits, use {name}_with_logits")
    if weight is None:
        return _recorded_binary_cross_entropy(input, target, reduction)
    return weighted(name, _recorded_binary_cross_entropy(input, target, "none"), weight, reduction)
