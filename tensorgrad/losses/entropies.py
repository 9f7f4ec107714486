"""Cross-entropies of probabilities, and of the logits that they are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives import derivative
from ..derivatives.activations import sigmoid, sigmoid_of_parts, sigmoid_parts
from ..derivatives.arrays import whole
from ..derivatives.softmax import log_softmax, log_softmax_parts, places, softmax
from ..tensor import Tensor, data_of
from .reduction import alike, all_lie, checked, each, reduced

__all__ = ["sigmoid_cross_entropy", "softmax_cross_entropy"]

# Sigmoid cross-entropy -----------------------------------------------------------------------------------------------


def _sigmoid_cross_entropy(logits: Any, labels: Any, reduction: str) -> tuple[Any, Any]:
    """x ([x >= 0] - y) + log(1 + exp(-|x|)): equal to the definition; nothing overflows, nothing cancels. Saves what a
    sigmoid is made of."""
    positive, z = sigmoid_parts(logits)
    loss = positive - labels
    loss *= logits
    loss += np.log1p(z)
    return reduced(loss, reduction), (positive, z)


def _sigmoid_cross_entropy_gradient(g, y, logits, labels, reduction, saved=None):  # type: ignore
    """(sigmoid(logits) - labels) * g: of a mean, the n-th part."""
    p = sigmoid(logits) if saved is None else sigmoid_of_parts(*saved)
    return (p - labels) * each(g, logits.size, reduction)


_recorded_sigmoid_cross_entropy = derivative(
    _sigmoid_cross_entropy,
    _sigmoid_cross_entropy_gradient,
    lambda g, y, logits, labels, reduction, saved=None: each(g, logits.size, reduction) * -logits,
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
    logits, labels = checked(name, "logits", logits, "labels", labels, reduction)
    labels = alike(name, "logits", logits, "labels", labels)
    if not all_lie(data_of(labels), 0, 1):
        raise ValueError(f"{name}: labels must lie from 0 to 1 (for classes -1 and 1, pass (labels + 1) / 2)")
    return _recorded_sigmoid_cross_entropy(logits, labels, reduction)


# Softmax cross-entropy -----------------------------------------------------------------------------------------------


def _softmax_cross_entropy(logits: Any, labels: Any, reduction: str) -> tuple[Any, Any]:
    """-sum(labels * log(softmax(logits))), the logarithm being shifted - log_total. Saves the softmax."""
    p, shifted, log_total = log_softmax_parts(logits)
    if labels.ndim < logits.ndim and type(logits) is type(labels) is np.ndarray:
        loss = log_total.reshape(labels.shape) - shifted.ravel()[places(labels, shifted.shape[-1])]
        return reduced(loss, reduction), p
    labels = _as_rows(labels, logits.shape[-1])
    log_p = np.where(labels != 0, shifted - log_total, 0)  # 0 log(0) = 0
    return reduced(-np.sum(labels * log_p, axis=-1), reduction), p


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
    g = each(g, logits.size // max(logits.shape[-1], 1), reduction)
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
    elif not all_lie(labels, 0, shape[-1] - 1):
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
    logits, labels = checked(name, "logits", logits, "labels", labels, reduction)
    if not logits.ndim:
        raise ValueError(f"{name}: logits need an axis of classes, (..., classes), not the shape ()")
    _check_classes(name, labels, logits.shape)
    if labels.ndim < logits.ndim:
        labels = labels.copy()  # the caller may fill the array with the next batch before backward
    elif labels.dtype != logits.dtype:
        labels = labels.astype(logits.dtype)
    return _recorded_softmax_cross_entropy(logits, labels, reduction)
