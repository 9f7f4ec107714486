"""Activations as layers: each is the function of its name, with the numbers that it was made with.

`inplace` is of no effect; it is here for programs that are written for PyTorch.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import functions
from ..arguments import (
    dim_is_axis,
    floating_dtype,
    generator,
    is_int,
    non_negative,
    one_of,
    positive_int,
    real_number,
    yes_or_no,
)
from ..module import Module
from ..tensor import Tensor

__all__ = [
    "ReLU", "LeakyReLU", "Sigmoid", "Tanh", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "ReLU6", "Hardtanh",
    "Hardswish", "Hardsigmoid", "Softsign", "Softshrink", "Hardshrink", "Tanhshrink", "Threshold", "LogSigmoid",
    "PReLU", "RReLU", "GLU", "Softplus",
]  # fmt: skip


class Activation(Module):
    """An activation whose settings are its attributes, under the names that the function has."""

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in vars(self).items() if name not in ("training", "rng"))


class _InPlace(Activation):
    """An activation without settings but for `inplace`."""

    def __init__(self, inplace: bool = False):
        yes_or_no(f"{type(self).__name__}: inplace", inplace)


# Without settings ----------------------------------------------------------------------------------------------------


class ReLU(_InPlace):
    """max(x, 0): `functions.relu`.

    >>> ReLU()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def forward(self, x: Any) -> Any:
        return functions.relu(x)


class ReLU6(_InPlace):
    """min(max(x, 0), 6): `functions.relu6`.

    >>> ReLU6()(np.array([-1.0, 7.0]))
    array([0., 6.])
    """

    def forward(self, x: Any) -> Any:
        return functions.relu6(x)


class SELU(_InPlace):
    """scale elu(x, alpha), with the numbers that keep mean 0 and variance 1: `functions.selu`.

    >>> SELU()(np.array([-1e4, 1.0]))
    array([-1.75809934,  1.05070099])
    """

    def forward(self, x: Any) -> Any:
        return functions.selu(x)


class SiLU(_InPlace):
    """x sigmoid(x): `functions.silu`.

    >>> SiLU()(np.array([0.0, 1e4]))
    array([    0., 10000.])
    """

    def forward(self, x: Any) -> Any:
        return functions.silu(x)


class Mish(_InPlace):
    """x tanh(softplus(x)): `functions.mish`.

    >>> Mish()(np.array([0.0, 1e4]))
    array([    0., 10000.])
    """

    def forward(self, x: Any) -> Any:
        return functions.mish(x)


class Hardswish(_InPlace):
    """x hardsigmoid(x): `functions.hardswish`.

    >>> Hardswish()(np.array([1.5, 4.0]))
    array([1.125, 4.   ])
    """

    def forward(self, x: Any) -> Any:
        return functions.hardswish(x)


class Hardsigmoid(_InPlace):
    """min(max(x + 3, 0), 6) / 6: `functions.hardsigmoid`.

    >>> Hardsigmoid()(np.array([-4.0, 0.0]))
    array([0. , 0.5])
    """

    def forward(self, x: Any) -> Any:
        return functions.hardsigmoid(x)


class Sigmoid(Activation):
    """1 / (1 + exp(-x)): `functions.sigmoid`.

    >>> Sigmoid()(np.array([-1e4, 0.0]))
    array([0. , 0.5])
    """

    def forward(self, x: Any) -> Any:
        return functions.sigmoid(x)


class LogSigmoid(Activation):
    """log(sigmoid(x)): `functions.logsigmoid`.

    >>> LogSigmoid()(np.array([0.0, 1e4]))
    array([-0.69314718,  0.        ])
    """

    def forward(self, x: Any) -> Any:
        return functions.logsigmoid(x)


class Tanh(Activation):
    """tanh(x): `functions.tanh`.

    >>> Tanh()(np.array([0.0, 1e4]))
    array([0., 1.])
    """

    def forward(self, x: Any) -> Any:
        return functions.tanh(x)


class Tanhshrink(Activation):
    """x - tanh(x): `functions.tanhshrink`.

    >>> Tanhshrink()(np.array([0.0, 20.0]))
    array([ 0., 19.])
    """

    def forward(self, x: Any) -> Any:
        return functions.tanhshrink(x)


class Softsign(Activation):
    """x / (1 + |x|): `functions.softsign`.

    >>> Softsign()(np.array([-1.0, 3.0]))
    array([-0.5 ,  0.75])
    """

    def forward(self, x: Any) -> Any:
        return functions.softsign(x)


# With settings -------------------------------------------------------------------------------------------------------


class LeakyReLU(Activation):
    """x where x > 0, else negative_slope x: `functions.leaky_relu`.

    >>> LeakyReLU(0.1)(np.array([-1.0, 2.0]))
    array([-0.1,  2. ])
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False):
        self.negative_slope = real_number("LeakyReLU: negative_slope", negative_slope)
        yes_or_no("LeakyReLU: inplace", inplace)

    def forward(self, x: Any) -> Any:
        return functions.leaky_relu(x, self.negative_slope)


class ELU(Activation):
    """x where x > 0, else alpha (exp(x) - 1): `functions.elu`.

    >>> ELU(0.5)(np.array([-1e4, 2.0]))
    array([-0.5,  2. ])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False):
        self.alpha = real_number("ELU: alpha", alpha)
        yes_or_no("ELU: inplace", inplace)

    def forward(self, x: Any) -> Any:
        return functions.elu(x, self.alpha)


class CELU(Activation):
    """x where x > 0, else alpha (exp(x / alpha) - 1): `functions.celu`.

    >>> CELU(0.5)(np.array([-1e4, 2.0]))
    array([-0.5,  2. ])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False):
        self.alpha = real_number("CELU: alpha", alpha)
        if self.alpha == 0:
            raise ValueError("CELU: alpha must not be 0, which x is divided by")
        yes_or_no("CELU: inplace", inplace)

    def forward(self, x: Any) -> Any:
        return functions.celu(x, self.alpha)


class GELU(Activation):
    """x Phi(x), with Phi the normal distribution function, or approximate='tanh' for one of it: `functions.gelu`.

    >>> GELU()(np.array([-1.0, 1.0]))
    array([-0.15865525,  0.84134475])
    """

    def __init__(self, approximate: str = "none"):
        self.approximate = one_of("GELU: approximate", approximate, ("none", "tanh"))

    def forward(self, x: Any) -> Any:
        return functions.gelu(x, self.approximate)


class Softplus(Activation):
    """log(1 + exp(beta x)) / beta, and x itself where beta x > threshold: `functions.softplus`. With None as the
    threshold, it is the formula everywhere.

    >>> Softplus()(np.array([0.0, 1e4]))
    array([6.93147181e-01, 1.00000000e+04])
    """

    def __init__(self, beta: float = 1.0, threshold: float | None = 20.0):
        self.beta = real_number("Softplus: beta", beta)
        if self.beta == 0:
            raise ValueError("Softplus: beta must not be 0, which it divides by")
        self.threshold = None if threshold is None else real_number("Softplus: threshold", threshold)

    def forward(self, x: Any) -> Any:
        return functions.softplus(x, self.beta, self.threshold)


class Hardtanh(Activation):
    """x, but not below min_val or above max_val: `functions.hardtanh`.

    >>> Hardtanh()(np.array([-3.0, 0.5]))
    array([-1. ,  0.5])
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False):
        self.min_val = real_number("Hardtanh: min_val", min_val)
        self.max_val = real_number("Hardtanh: max_val", max_val)
        if self.min_val > self.max_val:
            raise ValueError(f"Hardtanh: min_val={min_val!r} must not be larger than max_val={max_val!r}")
        yes_or_no("Hardtanh: inplace", inplace)

    def forward(self, x: Any) -> Any:
        return functions.hardtanh(x, self.min_val, self.max_val)


class Threshold(Activation):
    """x where x > threshold, else the value: `functions.threshold`.

    >>> Threshold(1, -5)(np.array([1.0, 2.0]))
    array([-5.,  2.])
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False):
        self.threshold = real_number("Threshold: threshold", threshold)
        self.value = real_number("Threshold: value", value)
        yes_or_no("Threshold: inplace", inplace)

    def forward(self, x: Any) -> Any:
        return functions.threshold(x, self.threshold, self.value)


class Softshrink(Activation):
    """x moved by lambd towards 0, and no further: `functions.softshrink`.

    >>> Softshrink()(np.array([-2.0, 0.25]))
    array([-1.5,  0. ])
    """

    def __init__(self, lambd: float = 0.5):
        self.lambd = non_negative("Softshrink: lambd", lambd)

    def forward(self, x: Any) -> Any:
        return functions.softshrink(x, self.lambd)


class Hardshrink(Activation):
    """x, but 0 from -lambd to lambd: `functions.hardshrink`.

    >>> Hardshrink()(np.array([-2.0, 0.25]))
    array([-2.,  0.])
    """

    def __init__(self, lambd: float = 0.5):
        self.lambd = real_number("Hardshrink: lambd", lambd)

    def forward(self, x: Any) -> Any:
        return functions.hardshrink(x, self.lambd)


class PReLU(Module):
    """x where x > 0, else weight x, with one slope, or one for each channel, that is learned: `functions.prelu`.

    Args:
        num_parameters: 1, or the number of channels, axis 1 of x.
        init: what the slopes are at first.
        dtype: of the weight, float64 or another floating one.

    Its parameter is `weight`, of shape (num_parameters,).

    >>> PReLU()(np.array([-1.0, 2.0]))
    Tensor([-0.25  2.  ])
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, dtype: DTypeLike = np.float64):
        self.num_parameters = positive_int("PReLU: num_parameters", num_parameters)
        init, dtype = real_number("PReLU: init", init), floating_dtype("PReLU: dtype", dtype)
        self.weight = Tensor(np.full(self.num_parameters, init, dtype), name="weight")

    def forward(self, x: Any) -> Any:
        return functions.prelu(x, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class RReLU(Activation):
    """x where x > 0, else a slope times x, drawn for each number while the layer is trained, and (lower + upper) / 2
    after `eval()`: `functions.rrelu`.

    Args:
        lower, upper: between which the slopes are drawn, evenly.
        rng: a `numpy.random.Generator` or a seed, which makes repeatable what is drawn.

    >>> RReLU(0.1, 0.3).eval()(np.array([-1.0, 2.0]))
    array([-0.2,  2. ])
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False, *, rng: Any = None):
        self.lower, self.upper = real_number("RReLU: lower", lower), real_number("RReLU: upper", upper)
        if self.lower > self.upper:
            raise ValueError(f"RReLU: lower={lower!r} must not be larger than upper={upper!r}")
        yes_or_no("RReLU: inplace", inplace)
        self.rng = generator("RReLU: rng", rng)

    def forward(self, x: Any) -> Any:
        return functions.rrelu(x, self.lower, self.upper, self.training, rng=self.rng)


class GLU(Activation):
    """a sigmoid(b), where a and b are the halves of x along an axis: `functions.glu`.

    >>> GLU()(np.array([1.0, 2.0, 0.0, 1e4]))
    array([0.5, 2. ])
    """

    @dim_is_axis
    def __init__(self, axis: int = -1):
        if not is_int(axis):
            raise TypeError(f"GLU: axis must be an int, not {axis!r}")
        self.axis = int(axis)

    def forward(self, x: Any) -> Any:
        return functions.glu(x, self.axis)
