"""Cross-entropies of classes: of logits, and of the logarithms of probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import integer, probability
from ..derivatives import derivative
from ..derivatives.arrays import ARRAYS, all_lie, array_in, whole
from ..derivatives.formulas import formula
from ..derivatives.softmax import log_softmax, log_softmax_parts, places, softmax
from ..errors import unknown_length
from ..tensor import Tensor, data_of
from .reduction import (
    checked,
    class_numbers,
    class_weights,
    each,
    in_dtype_of,
    reduced,
    reduced_by_weight,
    require_ints,
    weight_of_each,
)

__all__ = ["softmax_cross_entropy", "cross_entropy", "nll_loss"]

# Softmax cross-entropy -----------------------------------------------------------------------------------------------


@formula(
    lambda logits, labels, reduction, smoothing=0.0: (
        "reduced(-sum(q * log_softmax(logits), axis=-1), reduction)"
        if np.all(np.isfinite(logits))
        else "reduced(-sum(where(q == 0, 0, q * log_softmax(logits)), axis=-1), reduction)"
    ),
    q="_as_rows(labels, logits.shape[-1], smoothing)",
)
def _softmax_cross_entropy(logits: Any, labels: Any, reduction: str, smoothing: float = 0.0) -> tuple[Any, Any]:
    """-sum(q * log(softmax(logits))), the logarithm being shifted - log_total. Saves the softmax.

    q is labels, being rows; of class numbers, 1 - smoothing for the class, and smoothing shared by all.
    """
    p, shifted, log_total = log_softmax_parts(logits)
    if labels.ndim < logits.ndim and type(logits) in ARRAYS and type(labels) in ARRAYS:
        expected = shifted.ravel()[places(labels, shifted.shape[-1])]
        if smoothing:
            expected = (1 - smoothing) * expected + smoothing * np.mean(shifted, axis=-1)
        return reduced(log_total.reshape(labels.shape) - expected, reduction), p
    q = _as_rows(labels, logits.shape[-1], smoothing)
    log_p = np.where(q != 0, shifted - log_total, 0)  # 0 log(0) = 0
    return reduced(-np.sum(q * log_p, axis=-1), reduction), p


_ONE_HOT = "where(expand_dims(labels, -1) == arange(classes), 1.0, 0.0)"


@formula(
    lambda labels, classes, smoothing=0.0: (
        "labels"
        if labels.dtype.kind not in "iu"
        else f"{_ONE_HOT} * (1 - smoothing) + smoothing / classes"
        if smoothing
        else _ONE_HOT
    )
)
def _as_rows(labels: Any, classes: int, smoothing: float = 0.0) -> Any:
    """Class numbers, being ints, as rows that are True for the class, or nearly so; rows as they are."""
    if labels.dtype.kind not in "iu":
        return labels
    rows = np.expand_dims(labels, -1) == np.arange(classes, like=labels)
    return rows * (1 - smoothing) + smoothing / classes if smoothing else rows


@formula(
    lambda g, y, logits, labels, reduction, smoothing=0.0, saved=None: (
        "(p - q) * _each_row(g, logits, reduction)"
        if labels.ndim < logits.ndim
        else "(p * sum(q, axis=-1, keepdims=True) - q) * _each_row(g, logits, reduction)"
    ),
    p="softmax(logits)",
    q="_as_rows(labels, logits.shape[-1], smoothing)",
)
def _softmax_cross_entropy_gradient(g, y, logits, labels, reduction, smoothing=0.0, saved=None):  # type: ignore[no-untyped-def]
    """(p - q) of each row, times its g."""
    g = _each_row(g, logits, reduction)
    p = softmax(logits) if saved is None else saved
    if labels.ndim == logits.ndim:
        return (p * np.sum(labels, axis=-1, keepdims=True) - labels) * g
    if type(p) not in ARRAYS or type(labels) not in ARRAYS or isinstance(g, Tensor):
        return (p - _as_rows(labels, p.shape[-1], smoothing)) * g  # not all kinds of arrays can be indexed by arrays
    d = np.multiply(p, g, order="C")  # or ravel would copy
    if smoothing:
        d -= g * (smoothing / p.shape[-1])
        g = g * (1 - smoothing)
    d.ravel()[places(labels, d.shape[-1])] -= g if np.ndim(g) == 0 else g[..., 0]
    return d


@formula(
    lambda g, logits, reduction: (
        "expand_dims(g, -1)"
        if reduction == "none"
        else f"each(g, {logits.size // max(logits.shape[-1], 1)}, reduction)"
    )
)
def _each_row(g: Any, logits: Any, reduction: str) -> Any:
    g = each(g, logits.size // max(logits.shape[-1], 1), reduction)
    return np.expand_dims(g, -1) if reduction == "none" else g


_recorded_softmax_cross_entropy = derivative(
    _softmax_cross_entropy,
    _softmax_cross_entropy_gradient,
    lambda g, y, logits, labels, reduction, smoothing=0.0, saved=None: (
        -log_softmax(logits) * _each_row(g, logits, reduction)
    ),
    saves=True,
)


def _check_classes(name: str, labels: Any, shape: tuple[int, ...]) -> None:
    """An error, unless labels are rows of probabilities, or class numbers, for logits of this shape."""
    if labels.shape == shape:
        rows = data_of(labels)
        if not (np.all(whole(rows >= 0)) and np.allclose(whole(np.sum(rows, axis=-1)), 1, atol=1e-4)):
            raise ValueError(
                f"{name}: labels have the shape {shape} of the logits, so rows of labels must be probabilities: none "
                f"negative, each row with the sum 1"
            )
        return
    if labels.shape != shape[:-1]:
        raise ValueError(
            f"{name}: for logits of shape {shape}, labels are class numbers of shape {shape[:-1]} or rows of "
            f"probabilities of shape {shape}, not of shape {labels.shape}{unknown_length(shape, labels.shape)}"
        )
    require_ints(name, "labels", labels)
    if not all_lie(labels, 0, shape[-1] - 1):
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


# As PyTorch has it: classes on axis 1, weights, classes to be ignored ------------------------------------------------


def _classes_last(name: str, x: Any) -> Any:
    """(N, C, d1, ...) as a view (N, d1, ..., C); (C,) and (N, C) as they are."""
    if not x.ndim:
        raise ValueError(f"{name}: input needs an axis of classes: the shape (C,), (N, C) or (N, C, d1, ...), not ()")
    return x if x.ndim <= 2 else np.moveaxis(x, 1, -1)


def _example_weights(labels: Any, kept: Any, weight: Any, like: Any) -> Any:
    """The weight of each example: that of its class, or 1, and 0 if it doesn't count. None if all are 1."""
    if weight is None:
        return None if kept is None else kept.astype(like.dtype)
    of_class = weight_of_each(weight, labels)
    return of_class if kept is None else np.where(kept, of_class, 0)


def _reduced_with(losses: Any, w: Any, reduction: str) -> Any:
    """The reduction of losses that have these weights; one without weight is 0, even if it is infinite."""
    if w is None:
        return reduced(losses, reduction)
    if np.any(whole(data_of(w) == 0)):
        losses = np.where(w == 0, 0, losses)
    return reduced_by_weight(losses * w, w, reduction)


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """-log(p) of the class in target, with p = softmax(input) over the classes: what a classifier is trained with.

    In general it is -sum(w q log(p)) over the classes, where q is 1 for the class in target and else 0, or the
    probabilities in target, and w the weights of the classes.

    Args:
        input: logits, of shape (N, C), or (C,), or (N, C, d1, ...): the classes are on axis 1. Real numbers, as they
            leave the network.
        target: class numbers, as ints, of the shape of the input without the axis of classes; they are copied. Or
            probabilities, as floats, of the shape of the input.
        weight: (C,), the weight of each class, or None.
        ignore_index: class numbers that are this don't count.
        reduction: 'mean', 'sum' or 'none' (which gives a loss for each example). The mean over class numbers is
            weighted, sum(loss) / sum(weight of each class in target); that over probabilities isn't. If no
            example counts, it is nan, as in PyTorch.
        label_smoothing: e from 0 to 1: q becomes (1 - e) q + e / C (Szegedy et al., 2015, arXiv:1512.00567).

    Raises:
        ValueError: shapes don't fit, a class number or an option is out of range, unknown reduction.
        TypeError: class numbers that aren't ints, probabilities that aren't floats, or an input that isn't real
            numbers.

    >>> from tensorgrad import Tensor
    >>> cross_entropy(Tensor([[0.0, 0.0], [0.0, 100.0]]), [0, 1])
    Tensor(0.34657359)
    >>> cross_entropy(Tensor([[0.0, 0.0], [0.0, 100.0]]), [0, -100], weight=[3.0, 1.0])
    Tensor(0.69314718)
    """
    name = "cross_entropy"
    input, target = checked(name, "input", input, "target", target, reduction)
    ignore_index = integer(f"{name}: ignore_index", ignore_index)
    smoothing = probability(f"{name}: label_smoothing", label_smoothing)
    logits = _classes_last(name, input)
    classes = logits.shape[-1]
    if weight is not None:
        weight = class_weights(name, weight, classes, logits)

    if target.shape == input.shape:
        if target.dtype.kind != "f" or ignore_index >= 0:
            what = "ignore_index is for class numbers" if target.dtype.kind == "f" else f"not {target.dtype}"
            raise TypeError(
                f"{name}: target has the shape {input.shape} of the input, so it must be probabilities, as floats: "
                f"{what}"
            )
        q = in_dtype_of(logits, _classes_last(name, target))
        q = q if not smoothing else q * (1 - smoothing) + smoothing / classes
        return _recorded_softmax_cross_entropy(logits, q if weight is None else q * weight, reduction)

    labels, kept = class_numbers(name, target, logits.shape, ignore_index)
    w = _example_weights(labels, kept, weight, logits)
    if weight is None or not smoothing:
        if w is None:
            return _recorded_softmax_cross_entropy(logits, labels, reduction, smoothing)
        return _reduced_with(_recorded_softmax_cross_entropy(logits, labels, "none", smoothing), w, reduction)

    # Each class has its weight also where it has but its share of the smoothing.
    q = in_dtype_of(logits, _as_rows(labels, classes, smoothing)) * weight
    losses: Any = _recorded_softmax_cross_entropy(logits, q, "none")
    losses = losses if kept is None else np.where(kept, losses, 0)
    return reduced_by_weight(losses, w, reduction)


# What an element of each row is, and back: the elements in their places, in rows of zeros


@formula("sum(where(expand_dims(labels, -1) == arange(x.shape[-1]), x, 0), axis=-1)")
def _picked(x: Any, labels: Any) -> Any:
    if type(x) in ARRAYS and type(labels) in ARRAYS:
        return x.ravel()[places(labels, x.shape[-1])]
    return np.sum(np.where(_as_rows(labels, x.shape[-1]), x, 0), axis=-1)


@formula("where(expand_dims(labels, -1) == arange(classes), expand_dims(g, -1), 0)")
def _placed(g: Any, labels: Any, classes: int) -> Any:
    if type(g) in ARRAYS and type(labels) in ARRAYS:
        rows = np.zeros((*labels.shape, classes), g.dtype, like=array_in(g, labels))
        rows.ravel()[places(labels, classes)] = g
        return rows
    return np.where(_as_rows(labels, classes), np.expand_dims(g, -1), 0)


picked: Any = derivative(
    _picked, formula("_placed(g, labels, x.shape[-1])")(lambda g, y, x, labels: placed(g, labels, x.shape[-1]))
)
placed: Any = derivative(_placed, formula("_picked(h, labels)")(lambda h, y, g, labels, classes: picked(h, labels)))


def nll_loss(input: Any, target: Any, weight: Any = None, ignore_index: int = -100, reduction: str = "mean") -> Any:
    """The negative of the input at the class in target, where the input is the logarithms of probabilities.

    After `log_softmax` it is `cross_entropy`, which is faster, and more exact, as one.

    Args:
        input: log(p), of shape (N, C), or (C,), or (N, C, d1, ...): the classes are on axis 1.
        target: class numbers, as ints, of the shape of the input without the axis of classes; they are copied.
        weight: (C,), the weight of each class, or None.
        ignore_index: class numbers that are this don't count.
        reduction: 'mean', 'sum' or 'none' (which gives a loss for each example). The mean is weighted, sum(loss) /
            sum(weight of each class in target). If no example counts, it is nan, as in PyTorch.

    Raises:
        ValueError: shapes don't fit, a class number is out of range, unknown reduction.
        TypeError: class numbers that aren't ints, or an input that isn't real numbers.

    >>> from tensorgrad import Tensor
    >>> nll_loss(Tensor(np.log([[0.5, 0.5], [0.25, 0.75]])), [0, 0])
    Tensor(1.03972077)
    """
    name = "nll_loss"
    input, target = checked(name, "input", input, "target", target, reduction)
    ignore_index = integer(f"{name}: ignore_index", ignore_index)
    log_p = _classes_last(name, input)
    if weight is not None:
        weight = class_weights(name, weight, log_p.shape[-1], log_p)
    labels, kept = class_numbers(name, target, log_p.shape, ignore_index)
    return _reduced_with(-picked(log_p, labels), _example_weights(labels, kept, weight, log_p), reduction)
