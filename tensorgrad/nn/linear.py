"""Layers that are one product."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..arguments import floating_dtype, generator, positive_int, yes_or_no
from ..derivatives.arrays import as_numbers
from ..functions import bilinear, linear
from ..module import Module
from ..tensor import Tensor
from .init import uniform

__all__ = ["Bilinear", "Identity", "Linear"]


class Identity(Module):
    """What it is called with, whatever it is made with: a place that is kept free in a network.

    >>> Identity()(3.0)
    3.0
    """

    def __init__(self, *args: Any, **kwargs: Any):
        pass

    def forward(self, x: Any) -> Any:
        return x


class Linear(Module):
    """y = x W^T + b, as `torch.nn.Linear`.

    Args:
        in_features, out_features: the lengths of the last axis of x and of y.
        bias: whether b is added.
        rng: a `numpy.random.Generator` or a seed, which makes the initial numbers repeatable. W and b are drawn from
            -1 / sqrt(in_features) to 1 / sqrt(in_features), evenly.
        dtype: of the parameters, float64 or another floating one.

    Called with x of shape (..., in_features), it gives (..., out_features). Its parameters are `weight` of shape
    (out_features, in_features), and `bias` of shape (out_features,), or None.

    Raises:
        ValueError: a number of features isn't a positive int, or x has another shape.
        TypeError: bias isn't a bool, the dtype isn't floating, rng is neither a Generator nor a seed, x isn't numbers.

    >>> Linear(3, 4, rng=0)(np.ones((5, 3))).shape
    (5, 4)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: DTypeLike = np.float64,
    ):
        self.in_features = positive_int("Linear: in_features", in_features)
        self.out_features = positive_int("Linear: out_features", out_features)
        rng, dtype = generator("Linear: rng", rng), floating_dtype("Linear: dtype", dtype)
        limit = 1 / math.sqrt(self.in_features)
        self.weight = uniform((self.out_features, self.in_features), limit, rng, dtype, "weight")
        self.bias = (
            uniform((self.out_features,), limit, rng, dtype, "bias") if yes_or_no("Linear: bias", bias) else None
        )

    def forward(self, x: Any) -> Any:
        x = x if isinstance(x, Tensor) else as_numbers("Linear", "the input", x)
        if x.shape[-1:] != (self.in_features,):
            raise ValueError(f"{self!r}: the input must have the shape (..., {self.in_features}), not {x.shape}")
        return x @ self.weight.T if self.bias is None else linear(x, self.weight.T, self.bias)

    def extra_repr(self) -> str:
        return f"{self.in_features}, {self.out_features}, bias={self.bias is not None}"


class Bilinear(Module):
    """y[k] = x1 W[k] x2 + b[k], as `torch.nn.Bilinear`.

    Args:
        in1_features, in2_features, out_features: the lengths of the last axis of x1, of x2 and of y.
        bias: whether b is added.
        rng: a `numpy.random.Generator` or a seed, which makes the initial numbers repeatable. W and b are drawn from
            -1 / sqrt(in1_features) to 1 / sqrt(in1_features), evenly.
        dtype: of the parameters, float64 or another floating one.

    Called with x1 of shape (..., in1_features) and x2 of shape (..., in2_features), it gives (..., out_features). Its
    parameters are `weight` of shape (out_features, in1_features, in2_features), and `bias` of shape (out_features,), or
    None.

    Raises:
        ValueError: a number of features isn't a positive int, or x1 or x2 has another shape.
        TypeError: bias isn't a bool, the dtype isn't floating, rng is neither a Generator nor a seed, x1 or x2 isn't
            numbers.

    >>> Bilinear(3, 4, 2, rng=0)(np.ones((5, 3)), np.ones((5, 4))).shape
    (5, 2)
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: DTypeLike = np.float64,
    ):
        self.in1_features = positive_int("Bilinear: in1_features", in1_features)
        self.in2_features = positive_int("Bilinear: in2_features", in2_features)
        self.out_features = positive_int("Bilinear: out_features", out_features)
        rng, dtype = generator("Bilinear: rng", rng), floating_dtype("Bilinear: dtype", dtype)
        limit, shape = 1 / math.sqrt(self.in1_features), (self.out_features, self.in1_features, self.in2_features)
        self.weight = uniform(shape, limit, rng, dtype, "weight")
        self.bias = (
            uniform((self.out_features,), limit, rng, dtype, "bias") if yes_or_no("Bilinear: bias", bias) else None
        )

    def forward(self, x1: Any, x2: Any) -> Any:
        return bilinear(x1, x2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"{self.in1_features}, {self.in2_features}, {self.out_features}, bias={self.bias is not None}"
