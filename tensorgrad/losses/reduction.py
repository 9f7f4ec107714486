"""What losses share: what they are given, checked, and how the losses of the examples become one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..derivatives.arrays import ARRAYS, all_lie, as_numbers, whole
from ..derivatives.chunked import require_known, same_shape
from ..derivatives.formulas import formula
from ..derivatives.shapes import broadcasts_to
from ..errors import unknown_length
from ..tensor import Tensor, data_of


@formula(lambda loss, reduction: {"mean": "mean(loss)", "sum": "sum(loss)", "none": "loss"}[reduction])
def reduced(loss: Any, reduction: str) -> Any:
    if reduction == "none":
        return loss
    total = np.add.reduce(loss, axis=None) if type(loss) in ARRAYS else np.sum(loss)  # less overhead than np.sum
    if reduction != "mean":
        return total
    require_known("reduction='mean'", loss.size)
    return total / loss.size


@formula("share(g, n) if reduction == 'mean' else g")
def each(g: Any, n: int, reduction: str) -> Any:
    """The gradient of each of n losses, from that of their reduction."""
    if type(g) in ARRAYS and not g.ndim:
        g = g.item() if type(g) is np.ndarray else g.number()  # a Python number leaves float32 what it is
    if reduction != "mean":
        return g
    require_known("reduction='mean'", n)
    return share(g, n)


@formula("g / n", n="n", note="n is the number of losses that the mean is of.")
def share(g: Any, n: int) -> Any:
    return g / max(n, 1)


def require_reduction(name: str, reduction: Any, choices: tuple[str, ...] = ("mean", "sum", "none")) -> None:
    if not isinstance(reduction, str) or reduction not in choices:
        *most, last = map(repr, choices)
        raise ValueError(f"{name}: reduction must be {', '.join(most)} or {last}, not {reduction!r}")


def real(name: str, what: str, value: Any) -> Any:
    """The argument, given with its name, as a Tensor or array of real numbers, or an error."""
    if type(value) is Tensor and value._data.dtype.kind == "f":
        return value
    return as_numbers(name, what, value, "f")


def checked(name: str, first: str, predictions: Any, second: str, targets: Any, reduction: str) -> tuple[Any, Any]:
    """Both, given with their names, as Tensors or arrays of real numbers, the second perhaps of ints; or an error."""
    require_reduction(name, reduction)
    if type(predictions) is not Tensor or predictions._data.dtype.kind != "f":
        predictions = as_numbers(name, first, predictions, "f")
    if type(targets) not in ARRAYS or targets.dtype.kind not in "fiu":
        targets = as_numbers(name, second, targets, "fbiu")
    return predictions, targets


def in_dtype_of(a: Any, b: Any) -> Any:
    """b in a's dtype."""
    return b if b.dtype is a.dtype or b.dtype == a.dtype else b.astype(a.dtype)


def alike(name: str, first: str, a: Any, second: str, b: Any) -> Any:
    """b, of a's shape, in a's dtype."""
    require_shape(name, first, a, second, b)
    return in_dtype_of(a, b)


# Losses that are weighted, and of labels ------------------------------------------------------------------------------


def weighted(name: str, losses: Any, weight: Any, reduction: str) -> Any:
    """The reduction of the losses, each times a weight that broadcasts to their shape; None is 1."""
    return reduced(losses if weight is None else losses * broadcast_weight(name, "weight", weight, losses), reduction)


def broadcast_weight(name: str, what: str, weight: Any, losses: Any) -> Any:
    """A weight as real numbers in the dtype of the losses, whose shape broadcasts to theirs, or an error."""
    weight = real(name, what, weight)
    if not broadcasts_to(weight.shape, losses.shape):
        raise ValueError(
            f"{name}: {what} of shape {weight.shape} doesn't broadcast to the input's shape {losses.shape}"
        )
    return in_dtype_of(losses, weight)


def reduced_by_weight(losses: Any, weight: Any, reduction: str) -> Any:
    """The reduction of losses that have been multiplied by these weights: the mean is sum(losses) / sum(weight).

    If all weights are 0, that is nan, as in PyTorch, and the gradient 0.
    """
    if reduction != "mean":
        return reduced(losses, reduction)
    total = np.sum(weight)
    mean = np.sum(losses) / np.where(total == 0, 1, total)
    return mean + np.where(total == 0, math.nan, 0 * total) if np.any(whole(data_of(total)) == 0) else mean


def class_weights(name: str, weight: Any, classes: int, like: Any) -> Any:
    """One weight for each class, in the dtype of another array, or an error."""
    weight = real(name, "weight", weight)
    if weight.shape != (classes,):
        raise ValueError(
            f"{name}: weight must have one number for each of the {classes} classes of the input, the shape "
            f"({classes},), not {weight.shape}"
        )
    return in_dtype_of(like, weight)


def weight_of_each(weight: Any, labels: Any) -> Any:
    """The weight of each example's class."""
    if type(labels) in ARRAYS:
        return weight[labels]
    return np.reshape(np.take_along_axis(weight, np.reshape(labels, (-1,)), axis=0), labels.shape)


def require_ints(name: str, what: str, labels: Any) -> None:
    """An error, with a way out, unless the class numbers are ints."""
    if labels.dtype.kind not in "iu":
        array = f"{what}.data" if type(labels) is Tensor else what
        raise TypeError(f"{name}: class numbers must be ints, not {labels.dtype}; use {array}.astype(int)")


def class_numbers(name: str, target: Any, shape: tuple[int, ...], ignore_index: int | None) -> tuple[Any, Any]:
    """A copy of the class numbers of examples, of an array of this shape with its classes last; and which of them
    count, None for all. Those that don't are 0. Or an error.

    (A copy, since the caller may fill the array with the next batch before backward.)
    """
    classes = shape[-1]
    if target.shape != shape[:-1]:
        raise ValueError(
            f"{name}: input has {classes} classes and examples of shape {shape[:-1]}, so the class numbers in target "
            f"must have the shape {shape[:-1]}, not {target.shape}"
        )
    require_ints(name, "target", target)
    kept = None
    if ignore_index is not None and (0 <= ignore_index < classes or not all_lie(target, 0, classes - 1)):
        kept = target != ignore_index
        target = np.where(kept, target, 0)
    if not all_lie(target, 0, classes - 1):
        ignored = "" if kept is None else f", or be ignore_index, {ignore_index}"
        raise ValueError(
            f"{name}: for the {classes} classes of the input, class numbers in target must lie from 0 to {classes - 1}"
            f"{ignored}, not from {whole(target).min()} to {whole(target).max()}"
        )
    return (target.copy() if kept is None else target), kept


def labels_of_sign(name: str, target: Any) -> None:
    """An error, unless all are 1 or -1."""
    if not np.all(whole(np.abs(data_of(target)) == 1)):
        raise ValueError(f"{name}: each number in target must be 1 or -1 (for classes 0 and 1, pass 2 * target - 1)")


def require_shape(name: str, first: str, a: Any, second: str, b: Any) -> None:
    """An error that names both shapes, unless they are the same."""
    if a.shape != b.shape and not same_shape(a.shape, b.shape):
        text = f"{name}: {second} must have the shape {a.shape} of the {first}, not {b.shape}; reshape one"
        raise ValueError(text + unknown_length(a.shape, b.shape))
