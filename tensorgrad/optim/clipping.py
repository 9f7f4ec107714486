"""Gradients held within bounds, between backward and an optimiser's step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..arguments import non_negative, yes_or_no
from ..derivatives.arrays import ARRAYS, as_numbers
from ..derivatives.locks import locked
from ..gradients import accumulating
from ..memory import changes
from ..node import orders
from ..tensor import Tensor


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Any:
    """Scale all gradients by min(1, max_norm / (norm + 1e-6)), in place, where norm is that of all of them together
    (Pascanu, Mikolov and Bengio, 2012, arXiv:1211.5063).

    Args:
        parameters: Tensors, or one. Those without a gradient are passed over.
        max_norm: not negative; with math.inf, nothing changes, if the norm is finite.
        norm_type: p of the p-norm, (sum |g|**p)**(1/p), not negative; math.inf for the largest |g|.
        error_if_nonfinite: whether a norm that is infinite or nan is an error; else the gradients become 0 or nan.

    Returns:
        The norm before: a number; or a Tensor, where gradients are Tensors, of backward(create_graph=True): these
        aren't changed in place, but become scaled ones, which go on recording.

    Raises:
        TypeError: parameters aren't Tensors.
        ValueError: max_norm is negative, or norm_type is none; or the norm isn't finite, if that is to be an error.

    >>> from tensorgrad import Tensor
    >>> w = Tensor([3.0, 4.0])
    >>> (w * w).sum().backward()
    >>> float(clip_grad_norm_([w], max_norm=1.0))
    10.0
    >>> w.grad.round(4)
    array([0.6, 0.8])
    """
    params = _tensors("clip_grad_norm_", parameters)
    max_norm = _number_or_inf("clip_grad_norm_: max_norm", max_norm)
    norm_type = _order("clip_grad_norm_: norm_type", norm_type)
    yes_or_no("clip_grad_norm_: error_if_nonfinite", error_if_nonfinite)
    return locked(accumulating, _clip_norm, params, max_norm, norm_type, error_if_nonfinite)


def _clip_norm(params: list[Tensor], max_norm: float, norm_type: float, error_if_nonfinite: bool) -> Any:
    norm = _total_norm([p._grad for p in params if p._grad is not None], norm_type)
    if error_if_nonfinite and not math.isfinite(norm):
        raise ValueError(
            f"clip_grad_norm_: the gradients of parameters have the norm {float(norm)}, so they can't be clipped"
        )
    scale = max_norm / (norm + 1e-6)
    if scale >= 1 or not params:
        return norm
    for p in params:
        if isinstance(p._grad, Tensor) or isinstance(scale, Tensor):
            p._grad = None if p._grad is None else p._grad * scale
        elif p._grad is not None:
            _changed(p._grad)
            p._grad *= scale
    return norm


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Bring each number of all gradients between -clip_value and clip_value, in place.

    Args:
        parameters: Tensors, or one. Those without a gradient are passed over.
        clip_value: not negative; with math.inf, nothing changes.

    Gradients that are Tensors, of backward(create_graph=True), become clipped ones, which go on recording.

    Raises:
        TypeError: parameters aren't Tensors, or one is complex.
        ValueError: clip_value is negative or no number.

    >>> from tensorgrad import Tensor
    >>> w = Tensor([3.0, 0.25])
    >>> (w * w).sum().backward()
    >>> clip_grad_value_([w], 1.0)
    >>> w.grad
    array([1. , 0.5])
    """
    params = _tensors("clip_grad_value_", parameters)
    clip_value = _number_or_inf("clip_grad_value_: clip_value", clip_value)
    if any(p.dtype.kind == "c" for p in params):
        raise TypeError("clip_grad_value_: parameters must be real, for complex numbers have no order")
    locked(accumulating, _clip_values, params, clip_value)


def _clip_values(params: list[Tensor], most: float) -> None:
    for p in params:
        if isinstance(p._grad, Tensor):
            p._grad = np.clip(p._grad, -most, most)
        elif p._grad is not None:
            _changed(p._grad)
            np.clip(p._grad, -most, most, out=p._grad)


def get_total_norm(tensors: Any, norm_type: float = 2.0, error_if_nonfinite: bool = False) -> Any:
    """The p-norm of all numbers in several arrays or Tensors, as if they were one vector.

    Args:
        tensors: arrays or Tensors, or one.
        norm_type: p of the p-norm, (sum |x|**p)**(1/p), not negative; math.inf for the largest |x|.
        error_if_nonfinite: whether a norm that is infinite or nan is an error.

    Raises:
        TypeError: tensors aren't arrays of numbers.
        ValueError: norm_type is none; or the norm isn't finite, if that is to be an error.

    >>> float(get_total_norm([np.array([3.0]), np.array([[0.0], [4.0]])]))
    5.0
    """
    is_one = isinstance(tensors, Tensor | np.ndarray)
    if not is_one and not isinstance(tensors, list | tuple):
        raise TypeError(f"get_total_norm: tensors must be a list of arrays, not {tensors!r}")
    arrays = [as_numbers("get_total_norm", "tensors", t) for t in ([tensors] if is_one else tensors)]
    norm_type = _order("get_total_norm: norm_type", norm_type)
    yes_or_no("get_total_norm: error_if_nonfinite", error_if_nonfinite)
    norm = _total_norm(arrays, norm_type)
    if error_if_nonfinite and not math.isfinite(norm):
        raise ValueError(f"get_total_norm: tensors have the norm {float(norm)}, which isn't finite")
    return norm


def _total_norm(arrays: list[Any], p: float) -> Any:
    """The norm of the norms."""
    norms = [_norm(a, p) for a in arrays if a.size]
    return _norm(np.stack(norms), p) if norms else np.float64(0)


def _norm(a: Any, p: float) -> Any:
    if p == 2 and type(a) in ARRAYS:
        return np.sqrt(np.vdot(a, a).real)
    return np.linalg.norm(np.ravel(a), p)


def _tensors(where: str, parameters: Any) -> list[Tensor]:
    if isinstance(parameters, Tensor):
        return [parameters]
    if not isinstance(parameters, Iterable) or isinstance(parameters, np.ndarray | str):
        raise TypeError(f"{where}: parameters must be Tensors, as model.parameters() gives them, not {parameters!r}")
    found = [*parameters]
    for p in found:
        if not isinstance(p, Tensor):
            raise TypeError(f"{where}: parameters must be Tensors, as model.parameters() gives them, not {p!r}")
    return [*dict.fromkeys(found)]  # each once


def _number_or_inf(where: str, value: Any) -> float:
    """A number of which infinity is one, and nan is none."""
    if isinstance(value, float | np.floating) and value == math.inf:
        return math.inf
    return non_negative(where, value)


def _order(where: str, value: Any) -> float:
    """A number, or infinity; also as text, as float() reads it."""
    return math.inf if isinstance(value, str) and value == "inf" else _number_or_inf(where, value)


def _changed(grad: Any) -> None:
    """Note that a gradient is changed in place, for graphs that have used it as a constant."""
    changes.note(grad, (next(orders), "", None))
