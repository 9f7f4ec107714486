"""Layers that are one product."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives.arrays import ARRAYS, as_numbers
from ..derivatives.products import linear as linear_of_arrays
from ..errors import explained
from ..tensor import Tensor

__all__ = ["linear", "bilinear"]


def linear(x: Any, weight: Any, bias: Any) -> Any:
    """x @ weight + bias as one operation, without a second array for the sum.

    Args:
        x: (..., n), or a sparse matrix of SciPy, (m, n)
        weight: (n, m), or (n,). (That of `torch.nn.functional.linear`, and of the layer `nn.Linear`, is (m, n): give
            weight.T.)
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
    if type(x) is not Tensor and (type(x) not in ARRAYS or x.dtype.kind != "f") and not hasattr(x, "tocsr"):
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


def bilinear(x1: Any, x2: Any, weight: Any, bias: Any = None) -> Any:
    """y[k] = sum over i, j of x1[i] weight[k, i, j] x2[j], + bias[k].

    Args:
        x1: (..., m)
        x2: (..., n); what stands before is the same as for x1.
        weight: (out, m, n)
        bias: (out,), or None

    Returns:
        (..., out)

    Raises:
        ValueError: shapes that don't fit.
        TypeError: one of them isn't numbers.

    >>> from tensorgrad import Tensor
    >>> bilinear(Tensor([[1.0, 2.0]]), [[3.0, 4.0, 5.0]], np.ones((1, 2, 3)))  # (1 + 2) (3 + 4 + 5)
    Tensor([[36.]])
    """
    x1, x2, weight = (as_numbers("bilinear", name, x) for name, x in (("x1", x1), ("x2", x2), ("weight", weight)))
    bias = None if bias is None else as_numbers("bilinear", "bias", bias)
    if weight.ndim != 3 or x1.shape[-1:] != weight.shape[1:2] or x2.shape != (*x1.shape[:-1], *weight.shape[2:]):
        raise ValueError(
            f"bilinear: x1, x2 and weight must be (..., m), (..., n) and (out, m, n), not {x1.shape}, {x2.shape} and "
            f"{weight.shape}"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"bilinear: bias must have the shape {weight.shape[:1]}, not {bias.shape}")
    out, m, n = weight.shape
    of_x1 = x1 @ weight.transpose(1, 0, 2).reshape(m, out * n)
    y = (of_x1.reshape(*x1.shape[:-1], out, n) @ np.expand_dims(x2, -1)).reshape(*x1.shape[:-1], out)
    return y if bias is None else y + bias
