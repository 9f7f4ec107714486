"""Layers that are one product."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives.arrays import as_numbers
from ..derivatives.products import linear as linear_of_arrays
from ..errors import explained
from ..tensor import Tensor

__all__ = ["linear"]


def linear(x: Any, weight: Any, bias: Any) -> Any:
    """x @ weight + bias as one operation, without a second array for the sum.

    Args:
        x: (..., n), or a sparse matrix of SciPy, (m, n)
        weight: (n, m), or (n,)
        bias: (m,), or ()

    Returns:
        (..., m), or (...)

    Raises:
        ValueError: shapes that don't fit.
        TypeError: x, weight or bias aren't numbers.

    >>> from tensorgrad import Tensor, linear
    >>> linear(np.ones((4, 2)), Tensor(np.ones((2, 3))), Tensor(np.zeros(3))).shape
    (4, 3)
    """
    if type(x) is not Tensor and (type(x) is not np.ndarray or x.dtype.kind != "f") and not hasattr(x, "tocsr"):
        x = as_numbers("linear", "x", x)
    if type(weight) is not Tensor or type(bias) is not Tensor:
        weight, bias = as_numbers("linear", "weight", weight), as_numbers("linear", "bias", bias)
    if bias.ndim >= weight.ndim:  # what is added would be more than one number for each output
        raise ValueError(
            f"linear: for weight of shape {weight.shape}, bias must have the shape {weight.shape[1:]}, not {bias.shape}"
        )
    try:
        return linear_of_arrays(x, weight, bias)
    except ValueError as error:
        raise explained(error, "linear", (x, weight, bias)) from error
