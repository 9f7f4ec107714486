"""Losses of predictions that are numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives import derivative
from .reduction import alike, checked, each, reduced

__all__ = ["mse_loss"]


def _mse_loss(predictions: Any, targets: Any, reduction: str) -> Any:
    away = predictions - targets
    return reduced(np.multiply(away, away), reduction)


_recorded_mse_loss = derivative(
    _mse_loss,
    lambda g, y, predictions, targets, reduction: each(g, predictions.size, reduction) * (2 * (predictions - targets)),
    lambda g, y, predictions, targets, reduction: each(g, predictions.size, reduction) * (2 * (targets - predictions)),
)


def mse_loss(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """The squared difference, (predictions - targets)**2.

    Args:
        predictions, targets: any shape, the same for both.
        reduction: 'mean', 'sum' or 'none'.

    Raises:
        ValueError: shapes differ, or the reduction is unknown.
        TypeError: predictions or targets aren't real numbers.

    >>> from tensorgrad import Tensor
    >>> mse_loss(Tensor([1.0, 2.0]), [1.0, 4.0])
    Tensor(2.)
    """
    name = "mse_loss"
    predictions, targets = checked(name, "predictions", predictions, "targets", targets, reduction)
    return _recorded_mse_loss(predictions, alike(name, "predictions", predictions, "targets", targets), reduction)
