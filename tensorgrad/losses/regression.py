"""Losses of predictions that are numbers: of the differences, input - target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arguments import non_negative, positive_number
from ..derivatives import derivative
from ..derivatives.formulas import formula
from .reduction import alike, checked, each, real, reduced, reduced_by_weight

__all__ = ["l1_loss", "smooth_l1_loss", "huber_loss", "mse_loss"]


def _of_differences(loss: Callable, slope: Callable, name: str) -> Callable:
    """A recorded function of (input, target, reduction, *settings), given loss(input - target, *settings), elementwise,
    and the derivative of that."""

    @formula("reduced(loss(d, *settings), reduction)", d="input - target")
    def func(input: Any, target: Any, reduction: str, *settings: Any) -> Any:
        return reduced(loss(input - target, *settings), reduction)

    @formula("slope(d, *settings) * each(g, input.size, reduction)", d="input - target")
    def gradient(g, y, input, target, reduction, *settings):  # type: ignore[no-untyped-def]
        return each(g, input.size, reduction) * slope(input - target, *settings)

    @formula("-gradient(g, y, input, target, reduction, *settings)")
    def gradient_of_target(g, y, input, target, reduction, *settings):  # type: ignore[no-untyped-def]
        return gradient(g, y, target, input, reduction, *settings)  # for the slope is odd

    func.__name__ = name
    return derivative(func, gradient, gradient_of_target)


# At a kink, |d| = beta, second derivatives are those of the outer side, as PyTorch has it.
_l1 = _of_differences(np.abs, np.sign, "l1_loss")
_squares = _of_differences(lambda d: np.multiply(d, d), lambda d: 2 * d, "mse_loss")
_smooth_l1 = _of_differences(
    formula("where(abs(d) < beta, d**2 / (2 * beta), abs(d) - beta / 2)")(
        lambda d, beta: np.where(np.abs(d) < beta, d * d * (0.5 / beta), np.abs(d) - 0.5 * beta)
    ),
    formula("where(abs(d) < beta, d / beta, sign(d))")(
        lambda d, beta: np.where(np.abs(d) < beta, d * (1 / beta), np.sign(d))
    ),
    "smooth_l1_loss",
)
_huber = _of_differences(
    formula("where(abs(d) < delta, d**2 / 2, delta * (abs(d) - delta / 2))")(
        lambda d, delta: np.where(np.abs(d) < delta, 0.5 * d * d, delta * (np.abs(d) - 0.5 * delta))
    ),
    lambda d, delta: np.where(np.abs(d) < delta, d, delta * np.sign(d)),
    "huber_loss",
)


def _weight_of(name: str, first: str, input: Any, weight: Any) -> Any:
    """The weight of each loss, of the input's shape, in its dtype, or an error."""
    return alike(name, first, input, "weight", real(name, "weight", weight))


def mse_loss(predictions: Any, targets: Any, reduction: str = "mean", weight: Any = None) -> Any:
    """The squared difference, (predictions - targets)**2.

    Args:
        predictions, targets: any shape, the same for both.
        reduction: 'mean', 'sum' or 'none'.
        weight: None, or of the same shape: each loss is multiplied by its weight, and the mean is then that of the
            weights, sum(weight * loss) / sum(weight).

    Raises:
        ValueError: shapes differ, or the reduction is unknown.
        TypeError: predictions, targets or weight aren't real numbers.

    >>> from tensorgrad import Tensor
    >>> mse_loss(Tensor([1.0, 2.0]), [1.0, 4.0])
    Tensor(2.)
    """
    name = "mse_loss"
    predictions, targets = checked(name, "predictions", predictions, "targets", targets, reduction)
    targets = alike(name, "predictions", predictions, "targets", targets)
    if weight is None:
        return _squares(predictions, targets, reduction)
    weight = _weight_of(name, "predictions", predictions, weight)
    return reduced_by_weight(_squares(predictions, targets, "none") * weight, weight, reduction)


def l1_loss(input: Any, target: Any, reduction: str = "mean", weight: Any = None) -> Any:
    """The absolute difference, abs(input - target); its slope at 0 is 0.

    Args:
        input, target: any shape, the same for both.
        reduction: 'mean', 'sum' or 'none'.
        weight: None, or of the same shape: each loss is multiplied by its weight, and the mean is then that of the
            weights, sum(weight * loss) / sum(weight).

    Raises:
        ValueError: shapes differ, or the reduction is unknown.
        TypeError: input, target or weight aren't real numbers.

    >>> from tensorgrad import Tensor
    >>> l1_loss(Tensor([1.0, 2.0]), [1.0, 4.0])
    Tensor(1.)
    """
    name = "l1_loss"
    input, target = checked(name, "input", input, "target", target, reduction)
    target = alike(name, "input", input, "target", target)
    if weight is None:
        return _l1(input, target, reduction)
    weight = _weight_of(name, "input", input, weight)
    return reduced_by_weight(_l1(input, target, "none") * weight, weight, reduction)


def smooth_l1_loss(input: Any, target: Any, reduction: str = "mean", beta: float = 1.0) -> Any:
    """d^2 / (2 beta) where d = abs(input - target) < beta, else d - beta / 2 (Girshick, 2015, arXiv:1504.08083).

    Args:
        input, target: any shape, the same for both.
        reduction: 'mean', 'sum' or 'none'.
        beta: where the parabola ends; not negative. With 0 it is the absolute difference.

    Raises:
        ValueError: shapes differ, beta is negative, or the reduction is unknown.
        TypeError: input or target aren't real numbers.

    >>> from tensorgrad import Tensor
    >>> smooth_l1_loss(Tensor([0.5, 3.0]), [0.0, 0.0], reduction="none")
    Tensor([0.125 2.5  ])
    """
    name = "smooth_l1_loss"
    input, target = checked(name, "input", input, "target", target, reduction)
    target = alike(name, "input", input, "target", target)
    beta = non_negative(f"{name}: beta", beta)
    return _smooth_l1(input, target, reduction, beta) if beta else _l1(input, target, reduction)


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None) -> Any:
    """d^2 / 2 where d = abs(input - target) < delta, else delta (d - delta / 2) (Huber, 1964).

    Args:
        input, target: any shape, the same for both.
        reduction: 'mean', 'sum' or 'none'.
        delta: where the parabola ends; positive.
        weight: None, or of the same shape: each loss is multiplied by its weight. (The mean stays that over all
            elements, as in PyTorch, where it differs from that of mse_loss.)

    Raises:
        ValueError: shapes differ, delta isn't positive, or the reduction is unknown.
        TypeError: input, target or weight aren't real numbers.

    >>> from tensorgrad import Tensor
    >>> huber_loss(Tensor([0.5, 3.0]), [0.0, 0.0], reduction="none", delta=2.0)
    Tensor([0.125 4.   ])
    """
    name = "huber_loss"
    input, target = checked(name, "input", input, "target", target, reduction)
    target = alike(name, "input", input, "target", target)
    delta = positive_number(f"{name}: delta", delta)
    if weight is None:
        return _huber(input, target, reduction, delta)
    return reduced(_huber(input, target, "none", delta) * _weight_of(name, "input", input, weight), reduction)
