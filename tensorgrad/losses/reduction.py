"""What losses share: what they are given, checked, and how the losses of the examples become one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives.arrays import as_numbers, whole
from ..tensor import Tensor

_lowest, _highest = np.minimum.reduce, np.maximum.reduce


def reduced(loss: Any, reduction: str) -> Any:
    if reduction == "none":
        return loss
    total = np.add.reduce(loss, axis=None) if type(loss) is np.ndarray else np.sum(loss)  # less overhead than np.sum
    return total / loss.size if reduction == "mean" else total


def all_lie(values: Any, lowest: float, highest: float) -> bool:
    """Whether lowest <= values <= highest; of nan they don't."""
    if not values.size:
        return True
    if type(values) is np.ndarray:  # without arrays of bools
        return bool(_lowest(values, axis=None) >= lowest and _highest(values, axis=None) <= highest)
    return bool(np.all(whole((values >= lowest) & (values <= highest))))


def each(g: Any, n: int, reduction: str) -> Any:
    """The gradient of each of n losses, from that of their reduction."""
    if type(g) is np.ndarray and not g.ndim:
        g = g.item()  # a Python number leaves float32 what it is
    return g / max(n, 1) if reduction == "mean" else g


def checked(name: str, first: str, predictions: Any, second: str, targets: Any, reduction: str) -> tuple[Any, Any]:
    """Both, given with their names, as Tensors or arrays of real numbers, or an error."""
    if not isinstance(reduction, str) or reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction must be 'mean', 'sum' or 'none', not {reduction!r}")
    if type(predictions) is not Tensor or predictions._data.dtype.kind != "f":
        predictions = as_numbers(name, first, predictions, "f")
    if type(targets) is not np.ndarray or targets.dtype.kind not in "fiu":
        targets = as_numbers(name, second, targets, "fbiu")
    return predictions, targets


def alike(name: str, first: str, a: Any, second: str, b: Any) -> Any:
    """b, of a's shape, in a's dtype."""
    if a.shape != b.shape:
        raise ValueError(f"{name}: {second} must have the shape {a.shape} of the {first}, not {b.shape}; reshape one")
    return b if b.dtype is a.dtype or b.dtype == a.dtype else b.astype(a.dtype)
