"""Loss functions, each one operation with one rule.

All take `reduction`: 'mean' over the examples (for mse_loss and sigmoid_cross_entropy: over all elements), 'sum', or
'none' for the loss of each. Targets are constants unless they are Tensors; a list of Tensors is stacked. The loss has
the predictions' dtype.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .derivatives import derivative
from .derivatives.activations import sigmoid, sigmoid_of_parts, sigmoid_parts
from .derivatives.arrays import as_numbers, whole
from .derivatives.softmax import log_softmax, log_softmax_parts, places, softmax
from .tensor import Tensor, data_of

__all__ = ["sigmoid_cross_entropy", "softmax_cross_entropy", "mse_loss"]

_lowest, _highest = np.minimum.reduce, np.maximum.reduce


def _reduced(loss: Any, reduction: str) -> Any:
    if reduction == "none":
        return loss
    total = np.add.reduce(loss, axis=None) if type(loss) is np.ndarray else np.sum(loss)  # less overhead than np.sum
    return total / loss.size if reduction == "mean" else total


def _all_lie(values: Any, lowest: float, highest: float) -> bool:
    """Whether lowest <= values <= highest; of nan they don't."""
    if not values.size:
        return True
    if type(values) is np.ndarray:  # without arrays of bools
        return bool(_lowest(values, axis=None) >= lowest and _highest(values, axis=None) <= highest)
    return bool(np.all(whole((values >= lowest) & (values <= highest))))


def _each(g: Any, n: int, reduction: str) -> Any:
    """The gradient of each of n losses, from that of their reduction."""
    if type(g) is np.ndarray and not g.ndim:
        g = g.item()  # a Python number leaves float32 what it is
    return g / max(n, 1) if reduction == "mean" else g


def _checked(name: str, first: str, predictions: Any, second: str, targets: Any, reduction: str) -> tuple[Any, Any]:
    """Both, given with their names, as Tensors or arrays of real numbers, or an error."""
    if not isinstance(reduction, str) or reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction must be 'mean', 'sum' or 'none', not {reduction!r}")
    if type(predictions) is not Tensor or predictions._data.dtype.kind != "f":
        predictions = as_numbers(name, first, predictions, "f")
    if type(targets) is not np.ndarray or targets.dtype.kind not in "fiu":
        targets = as_numbers(name, second, targets, "fbiu")
    return predictions, targets


def _alike(name: str, first: str, a: Any, second: str, b: Any) -> Any:
    """b, of a's shape, in a's dtype."""
    if a.shape != b.shape:
        raise ValueError(f"{name}: {second} must have the shape {a.shape} of the {first}, not {b.shape}; reshape one")
    return b if b.dtype is a.dtype or b.dtype == a.dtype else b.astype(a.dtype)


# Sigmoid cross-entropy -----------------------------------------------------------------------------------------------


def _sigmoid_cross_entropy(logits: Any, labels: Any, reduction: str) -> tuple[Any, Any]:
    """x ([x >= 0] - y) + log(1 + exp(-|x|)): equal to the definition; nothing overflows, nothing cancels. Saves what a
    sigmoid is made of."""
    positive, z = sigmoid_parts(logits)
    loss = positive - labels
    loss *= logits
    loss += np.log1p(z)
    return _reduced(loss, reduction), (positive, z)


def _sigmoid_cross_entropy_gradient(g, y, logits, labels, reduction, saved=None):  # type: ignore
    """(sigmoid(logits) - labels) * g: of a mean, the n-th part."""
    p = sigmoid(logits) if saved is None else sigmoid_of_parts(*saved)
    return (p - labels) * _each(g, logits.size, reduction)


_recorded_sigmoid_cross_entropy = derivative(
    _sigmoid_cross_entropy,
    _sigmoid_cross_entropy_gradient,
    lambda g, y, logits, labels, reduction, saved=None: _each(g, logits.size, reduction) * -logits,
    saves=True,
)


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
    logits, labels = _checked(name, "logits", logits, "labels", labels, reduction)
    labels = _alike(name, "logits", logits, "labels", labels)
    if not _all_lie(data_of(labels), 0, 1):
        raise ValueError(f"{name}: labels must lie from 0 to 1 (for classes -1 and 1, pass (labels + 1) / 2)")
    return _recorded_sigmoid_cross_entropy(logits, labels, reduction)


# Softmax cross-entropy -----------------------------------------------------------------------------------------------


def _softmax_cross_entropy(logits: Any, labels: Any, reduction: str) -> tuple[Any, Any]:
    """-sum(labels * log(softmax(logits))), the logarithm being shifted - log_total. Saves the softmax."""
    p, shifted, log_total = log_softmax_parts(logits)
    if labels.ndim < logits.ndim and type(logits) is type(labels) is np.ndarray:
        loss = log_total.reshape(labels.shape) - shifted.ravel()[places(labels, shifted.shape[-1])]
        return _reduced(loss, reduction), p
    labels = _as_rows(labels, logits.shape[-1])
    log_p = np.where(labels != 0, shifted - log_total, 0)  # 0 log(0) = 0
    return _reduced(-np.sum(labels * log_p, axis=-1), reduction), p


def _as_rows(labels: Any, classes: int) -> Any:
    """Class numbers, being ints, as rows that are True for the class; rows as they are."""
    if labels.dtype.kind not in "iu":
        return labels
    return np.expand_dims(labels, -1) == np.arange(classes, like=labels)


def _softmax_cross_entropy_gradient(g, y, logits, labels, reduction, saved=None):  # type: ignore
    """(p - labels) of each row, times its g."""
    g = _each_row(g, logits, reduction)
    p = softmax(logits) if saved is None else saved
    if labels.ndim == logits.ndim:
        return (p * np.sum(labels, axis=-1, keepdims=True) - labels) * g
    if type(p) is not np.ndarray or type(labels) is not np.ndarray or isinstance(g, Tensor):
        return (p - _as_rows(labels, p.shape[-1])) * g  # not all kinds of arrays can be indexed by arrays
    d = np.multiply(p, g, order="C")  # or ravel would copy
    d.ravel()[places(labels, d.shape[-1])] -= g if np.ndim(g) == 0 else g[..., 0]
    return d


def _each_row(g: Any, logits: Any, reduction: str) -> Any:
    g = _each(g, logits.size // max(logits.shape[-1], 1), reduction)
    return np.expand_dims(g, -1) if reduction == "none" else g


_recorded_softmax_cross_entropy = derivative(
    _softmax_cross_entropy,
    _softmax_cross_entropy_gradient,
    lambda g, y, logits, labels, reduction, saved=None: -log_softmax(logits) * _each_row(g, logits, reduction),
    saves=True,
)


def _check_classes(name: str, labels: Any, shape: tuple[int, ...]) -> None:
    if labels.shape == shape:
        rows = data_of(labels)
        if not (np.all(whole(rows >= 0)) and np.allclose(whole(np.sum(rows, axis=-1)), 1, atol=1e-4)):
            raise ValueError(
                f"{name}: labels have the shape {shape} of the logits, so rows of labels must be probabilities: none "
                f"negative, each row with the sum 1"
            )
    elif labels.shape != shape[:-1]:
        raise ValueError(
            f"{name}: for logits of shape {shape}, labels are class numbers of shape {shape[:-1]} or rows of "
            f"probabilities of shape {shape}, not of shape {labels.shape}"
        )
    elif labels.dtype.kind not in "iu":
        way_out = "labels.data.astype(int)" if type(labels) is Tensor else "labels.astype(int)"
        raise TypeError(f"{name}: class numbers must be ints, not {labels.dtype}; use {way_out}")
    elif not _all_lie(labels, 0, shape[-1] - 1):
        raise ValueError(
            f"{name}: for the {shape[-1]} classes of logits of shape {shape}, class numbers must lie from 0 to "
            f"{shape[-1] - 1}, not from {whole(labels).min()} to {whole(labels).max()}"
        )


def softmax_cross_entropy(logits: Any, labels: Any, reduction: str = "mean") -> Any:
    """The cross-entropy -sum(p log(softmax(logits))) over the classes, the last axis.

    Args:
        logits: (..., classes)
        labels: (...) class numbers, as ints, which are copied; or (..., classes) rows of probabilities p.
        reduction: 'mean', 'sum' or 'none' (which gives the shape (...)).

    Raises:
        ValueError: shapes don't fit, a class number is out of range, a row isn't of probabilities, unknown reduction.
        TypeError: class numbers that aren't ints, or logits that aren't real numbers.

    >>> from tensorgrad import Tensor
    >>> softmax_cross_entropy(Tensor([[0.0, 0.0], [0.0, 100.0]]), [0, 1])
    Tensor(0.34657359)
    """
    name = "softmax_cross_entropy"
    logits, labels = _checked(name, "logits", logits, "labels", labels, reduction)
    if not logits.ndim:
        raise ValueError(f"{name}: logits need an axis of classes, (..., classes), not the shape ()")
    _check_classes(name, labels, logits.shape)
    if labels.ndim < logits.ndim:
        labels = labels.copy()  # the caller may fill the array with the next batch before backward
    elif labels.dtype != logits.dtype:
        labels = labels.astype(logits.dtype)
    return _recorded_softmax_cross_entropy(logits, labels, reduction)


# Mean squared error --------------------------------------------------------------------------------------------------


def _mse_loss(predictions: Any, targets: Any, reduction: str) -> Any:
    away = predictions - targets
    return _reduced(np.multiply(away, away), reduction)


_recorded_mse_loss = derivative(
    _mse_loss,
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
        TypeError: predictions or targets aren't real numbers.

    >>> from tensorgrad import Tensor
    >>> mse_loss(Tensor([1.0, 2.0]), [1.0, 4.0])
    Tensor(2.)
    """
    name = "mse_loss"
    predictions, targets = _checked(name, "predictions", predictions, "targets", targets, reduction)
    return _recorded_mse_loss(predictions, _alike(name, "predictions", predictions, "targets", targets), reduction)
