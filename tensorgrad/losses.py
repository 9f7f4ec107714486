"""Loss functions, each one operation with one rule.

All take `reduction`: 'mean' over the examples (for mse_loss and sigmoid_cross_entropy: over all elements), 'sum', or
'none' for the loss of each. Targets are constants unless they are Tensors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .derivatives import derivative
from .functions import log_softmax, sigmoid, softmax
from .tensor import Tensor

__all__ = ["sigmoid_cross_entropy", "softmax_cross_entropy", "mse_loss"]

_lowest, _highest, _sum = np.minimum.reduce, np.maximum.reduce, np.add.reduce
_REDUCTIONS = ("mean", "sum", "none")


def _reduced(loss: Any, reduction: str) -> Any:
    if reduction == "mean":
        return _sum(loss, axis=None) / max(loss.size, 1)
    return _sum(loss, axis=None) if reduction == "sum" else loss


def _each(g: Any, n: int, reduction: str) -> Any:
    """The gradient of each of n losses, from that of their reduction."""
    return g / max(n, 1) if reduction == "mean" else g


def _check(name: str, reduction: str) -> None:
    if reduction not in _REDUCTIONS:
        raise ValueError(f"{name}: reduction must be one of {', '.join(_REDUCTIONS)}, not {reduction!r}")


def _numeric(name: str, what: str, values: Any) -> Any:
    values = values if hasattr(values, "ndim") else np.asarray(values)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"{name}: {what} must be real numbers, not {values.dtype}")
    return values


def _same_shape(name: str, a: Any, b: Any, what: str) -> None:
    if a.shape != b.shape:
        raise ValueError(f"{name}: {what} must have the shape {a.shape} of the first argument, not {b.shape}; reshape one")


# A rule of a cross-entropy can use what its loss has computed already. It is handed over as a constant argument, for
# arrays alone: a rule that is itself recorded starts from the logits, or it would lose their part in it.


def _floating(x: Any) -> Any:
    """A Tensor or an array of floats as it is; lists and ints as floats."""
    if isinstance(x, Tensor):
        return x
    x = x if hasattr(x, "__array_function__") else np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(np.float64)


def _raw(x: Any) -> Any:
    return x.data if isinstance(x, Tensor) else x


# Sigmoid cross-entropy -----------------------------------------------------------------------------------------------


def _sce(logits: Any, labels: Any, z: Any, reduction: str) -> Any:
    loss = np.maximum(logits, 0)
    loss -= logits * labels
    loss += np.log1p(z)
    return _reduced(loss, reduction)


def _sce_gradient(g: Any, y: Any, logits: Any, labels: Any, z: Any, reduction: str) -> Any:
    p = sigmoid(logits) if isinstance(logits, Tensor) else np.where(logits >= 0, 1, z) / (1 + z)
    return (p - labels) * _each(g, logits.size, reduction)


_sigmoid_cross_entropy = derivative(
    _sce,
    _sce_gradient,
    lambda g, y, logits, labels, z, reduction: _each(g, logits.size, reduction) * -logits,
)


def sigmoid_cross_entropy(logits: Any, labels: Any, reduction: str = "mean") -> Any:
    """The cross-entropy of yes-or-no predictions, -y log(p) - (1 - y) log(1 - p) with p = sigmoid(logits).

    Args:
        logits: any shape; real numbers, as they leave the network.
        labels: the same shape; from 0 to 1.
        reduction: 'mean', 'sum' or 'none'.

    Raises:
        ValueError: shapes differ, a label is outside 0 to 1, or the reduction is unknown.
        TypeError: labels aren't real numbers.

    >>> from tensorgrad import Tensor
    >>> sigmoid_cross_entropy(Tensor([0.0, 100.0]), [1, 1])
    Tensor(0.34657359)
    """
    name = "sigmoid_cross_entropy"
    _check(name, reduction)
    logits, labels = _floating(logits), _numeric(name, "labels", labels)
    _same_shape(name, logits, labels, "labels")
    if labels.size and not (_lowest(_raw(labels), axis=None) >= 0 and _highest(_raw(labels), axis=None) <= 1):
        raise ValueError(f"{name}: labels must lie from 0 to 1 (for classes -1 and 1, pass (labels + 1) / 2)")
    # max(x, 0) - x y + log(1 + exp(-|x|)): equal to the definition, and can't overflow
    return _sigmoid_cross_entropy(logits, labels, np.exp(-np.abs(_raw(logits))), reduction)


# Softmax cross-entropy -----------------------------------------------------------------------------------------------


def _smce(logits: Any, labels: Any, log_p: Any, reduction: str) -> Any:
    terms = np.zeros_like(log_p)
    np.multiply(labels, log_p, out=terms, where=labels != 0)  # 0 log(0) = 0
    return _reduced(-_sum(terms, axis=-1), reduction)


def _smce_gradient(g: Any, y: Any, logits: Any, labels: Any, log_p: Any, reduction: str) -> Any:
    p = softmax(logits) if isinstance(logits, Tensor) else np.exp(log_p)
    return (p * np.sum(labels, axis=-1, keepdims=True) - labels) * _each_row(g, logits, reduction)


def _each_row(g: Any, logits: Any, reduction: str) -> Any:
    g = _each(g, logits.size // max(logits.shape[-1], 1), reduction)
    return np.expand_dims(g, -1) if reduction == "none" else g


_softmax_cross_entropy = derivative(
    _smce,
    _smce_gradient,
    lambda g, y, logits, labels, log_p, reduction: -log_softmax(logits) * _each_row(g, logits, reduction),
)


def _rows(name: str, labels: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """labels as rows of probabilities, of the shape of the logits."""
    classes = shape[-1]
    if labels.shape == shape:
        values = _raw(labels)
        if not (np.all(values >= 0) and np.allclose(np.sum(values, axis=-1), 1, atol=1e-4)):
            raise ValueError(f"{name}: rows of labels must be probabilities: none negative, each row with the sum 1")
        return labels
    if labels.shape != shape[:-1]:
        raise ValueError(
            f"{name}: for logits of shape {shape}, labels are class numbers of shape {shape[:-1]} or rows of probabilities "
            f"of shape {shape}, not of shape {labels.shape}"
        )
    if labels.dtype.kind not in "iu":
        raise TypeError(f"{name}: class numbers must be ints, not {labels.dtype}; use labels.astype(int)")
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(f"{name}: class numbers must lie from 0 to {classes - 1}, not from {labels.min()} to {labels.max()}")
    return (np.expand_dims(labels, -1) == np.arange(classes)).astype(dtype)


def softmax_cross_entropy(logits: Any, labels: Any, reduction: str = "mean") -> Any:
    """The cross-entropy -sum(p log(softmax(logits))) over the classes, the last axis.

    Args:
        logits: (..., classes)
        labels: (...) class numbers, as ints; or (..., classes) rows of probabilities p.
        reduction: 'mean', 'sum' or 'none' (which gives the shape (...)).

    Raises:
        ValueError: shapes don't fit, a class number is out of range, a row isn't of probabilities, unknown reduction.
        TypeError: class numbers that aren't ints.

    >>> from tensorgrad import Tensor
    >>> softmax_cross_entropy(Tensor([[0.0, 0.0], [0.0, 100.0]]), [0, 1])
    Tensor(0.34657359)
    """
    name = "softmax_cross_entropy"
    _check(name, reduction)
    logits, labels = _floating(logits), _numeric(name, "labels", labels)
    if not logits.ndim:
        raise ValueError(f"{name}: logits need an axis of classes, (..., classes), not the shape ()")
    labels = _rows(name, labels, logits.shape, logits.dtype)
    return _softmax_cross_entropy(logits, labels, log_softmax(_raw(logits)), reduction)


# Mean squared error --------------------------------------------------------------------------------------------------


def _mse(predictions: Any, targets: Any, reduction: str) -> Any:
    away = predictions - targets
    return _reduced(np.multiply(away, away), reduction)


_mse_loss = derivative(
    _mse,
    lambda g, y, predictions, targets, reduction: _each(g, predictions.size, reduction) * (2 * (predictions - targets)),
    lambda g, y, predictions, targets, reduction: _each(g, predictions.size, reduction) * (2 * (targets - predictions)),
)


def mse_loss(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """The squared difference, (predictions - targets)**2.

    Args:
        predictions, targets: any shape, the same for both.
        reduction: 'mean', 'sum' or 'none'.

    Raises:
        ValueError: shapes differ, or the reduction is unknown.
        TypeError: targets aren't real numbers.

    >>> from tensorgrad import Tensor
    >>> mse_loss(Tensor([1.0, 2.0]), [1.0, 4.0])
    Tensor(2.)
    """
    _check("mse_loss", reduction)
    predictions, targets = _floating(predictions), _numeric("mse_loss", "targets", targets)
    _same_shape("mse_loss", predictions, targets, "targets")
    return _mse_loss(predictions, targets, reduction)
