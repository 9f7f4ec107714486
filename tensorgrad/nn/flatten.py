"""Layers that make several axes one, and one several."""

from __future__ import annotations

import math
from typing import Any

from ..arguments import dim_is_axis, is_int
from ..derivatives.arrays import as_numbers
from ..module import Module
from ..tensor import Tensor

__all__ = ["Flatten", "Unflatten"]


def _axis_of(layer: Module, what: str, axis: int, x: Any) -> int:
    """The axis counted from the first, or an error if x has none such."""
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"{layer!r}: the input of shape {x.shape} has no axis {axis}, which {what} is")
    return axis % x.ndim


class Flatten(Module):
    """Several axes as one, as `torch.nn.Flatten`.

    Args:
        start_dim, end_dim: the first and the last of these axes. All but the first, the axis of examples, if nothing is
            said.

    Called with x of any shape, it gives the same numbers, in C order.

    Raises:
        ValueError: start_dim or end_dim isn't an int, or x has no such axes, or has them in the other order.
        TypeError: x isn't numbers.

    >>> import numpy as np
    >>> Flatten()(np.ones((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1):
        for name, value in (("start_dim", start_dim), ("end_dim", end_dim)):
            if not is_int(value):
                raise ValueError(f"Flatten: {name} must be an int, not {value!r}")
        self.start_dim, self.end_dim = int(start_dim), int(end_dim)

    def forward(self, x: Any) -> Any:
        x = x if isinstance(x, Tensor) else as_numbers("Flatten", "the input", x)
        if not x.ndim:
            return x.reshape(1)
        start, end = (
            _axis_of(self, "start_dim", self.start_dim, x),
            _axis_of(self, "end_dim", self.end_dim, x),
        )
        if start > end:
            raise ValueError(f"{self!r}: of the input of shape {x.shape}, start_dim comes after end_dim")
        return x.reshape(*x.shape[:start], math.prod(x.shape[start : end + 1]), *x.shape[end + 1 :])

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """One axis as several, as `torch.nn.Unflatten`: what Flatten did, undone.

    Args:
        axis: which. dim= is another name of it.
        unflattened_size: their lengths, a tuple or list of ints; one may be -1, and is then what is left.

    Called with x of any shape, it gives the same numbers, in C order.

    Raises:
        ValueError: axis isn't an int, or x has none such, or its length isn't the product of those lengths.
        TypeError: unflattened_size isn't a tuple or list of ints, or x isn't numbers.

    >>> import numpy as np
    >>> Unflatten(1, (3, -1))(np.ones((2, 12))).shape
    (2, 3, 4)
    """

    @dim_is_axis
    def __init__(self, axis: int, unflattened_size: Any):
        if not is_int(axis):
            raise ValueError(f"Unflatten: axis must be an int, not {axis!r}")
        is_list = isinstance(unflattened_size, tuple | list) and len(unflattened_size)
        if not is_list or not all(is_int(n) and n >= -1 for n in unflattened_size):
            raise TypeError(
                f"Unflatten: unflattened_size must be a tuple of lengths, such as (3, 4), of which one may be -1, not "
                f"{unflattened_size!r}"
            )
        if sum(n == -1 for n in unflattened_size) > 1:
            raise ValueError(f"Unflatten: one length in unflattened_size may be -1, not several: {unflattened_size!r}")
        self.axis, self.unflattened_size = int(axis), tuple(int(n) for n in unflattened_size)

    def forward(self, x: Any) -> Any:
        x = x if isinstance(x, Tensor) else as_numbers("Unflatten", "the input", x)
        axis, lengths = _axis_of(self, "axis", self.axis, x), self.unflattened_size
        known = math.prod(n for n in lengths if n != -1)
        if -1 in lengths and known and x.shape[axis] % known == 0:
            lengths = tuple(x.shape[axis] // known if n == -1 else n for n in lengths)
        if math.prod(lengths) != x.shape[axis] or -1 in lengths:
            raise ValueError(
                f"{self!r}: axis {axis} of the input of shape {x.shape} isn't the product of {self.unflattened_size}"
            )
        return x.reshape(*x.shape[:axis], *lengths, *x.shape[axis + 1 :])

    def extra_repr(self) -> str:
        return f"axis={self.axis}, unflattened_size={self.unflattened_size}"
