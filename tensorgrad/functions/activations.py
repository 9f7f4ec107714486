"""Activations that are made of others."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..derivatives.activations import normal_cdf, sigmoid, tanh_cdf
from ..derivatives.arrays import as_numbers
from ..tensor import Tensor

__all__ = ["tanh", "silu", "gelu"]


def tanh(x: Any) -> Any:
    """`numpy.tanh`, under the name that stands beside the other activations; of a list of Tensors too.

    Raises:
        TypeError: x isn't numbers.
    """
    return np.tanh(x if type(x) is Tensor else as_numbers("tanh", "x", x))


def silu(x: Any) -> Any:
    """x * sigmoid(x), elementwise, also known as swish (Elfwing, Uchibe and Doya, 2017, arXiv:1702.03118).

    Raises:
        TypeError: x isn't real numbers.

    >>> from tensorgrad import Tensor, silu
    >>> silu(Tensor([-1e4, 0.0, 1e4]))
    Tensor([   -0.     0. 10000.])
    """
    if type(x) is not Tensor or x._data.dtype.kind != "f":
        x = as_numbers("silu", "x", x, "f")
    return np.multiply(x, sigmoid(x))


def gelu(x: Any, approximate: str = "none") -> Any:
    """x * Phi(x), elementwise, Phi the normal distribution function (Hendrycks and Gimpel, 2016, arXiv:1606.08415).

    Args:
        approximate: 'none' for Phi itself, 'tanh' for 0.5 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), which is faster
            and within 5e-4.

    Raises:
        ValueError: another approximate.
        TypeError: x isn't real numbers.

    >>> from tensorgrad import Tensor, gelu
    >>> gelu(Tensor([-1.0, 0.0, 1.0]))
    Tensor([-0.15865525  0.          0.84134475])
    """
    if not isinstance(approximate, str) or approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate must be 'none' or 'tanh', not {approximate!r}")
    if type(x) is not Tensor or x._data.dtype.kind != "f":
        x = as_numbers("gelu", "x", x, "f")
    return np.multiply(x, normal_cdf(x) if approximate == "none" else tanh_cdf(x))
