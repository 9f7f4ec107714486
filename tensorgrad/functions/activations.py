"""Activations."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import dim_is_axis, is_int, non_negative, one_of, real_number, yes_or_no
from ..derivatives import activations, piecewise
from ..derivatives.activations import leaky_relu
from ..derivatives.arrays import as_numbers, inside
from ..tensor import Tensor
from .randomness import drawn, source

__all__ = [
    "tanh", "silu", "gelu", "mish", "softplus", "softsign", "tanhshrink", "logsigmoid", "glu",
    "elu", "selu", "celu", "relu6", "hardtanh", "hardsigmoid", "hardswish", "threshold", "softshrink", "hardshrink",
    "prelu", "rrelu",
]  # fmt: skip


def _real(name: str, x: Any) -> Any:
    """x, if it is real numbers."""
    return x if type(x) is Tensor and x._data.dtype.kind == "f" else as_numbers(name, "x", x, "f")


# Smooth --------------------------------------------------------------------------------------------------------------


def tanh(x: Any) -> Any:
    """`numpy.tanh`, under the name that stands beside the other activations; of a list of Tensors too.

    Raises:
        TypeError: x isn't numbers.

    >>> tanh([-1.0, 0.0, 1.0])
    array([-0.76159416,  0.        ,  0.76159416])
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
    x = _real("silu", x)
    return activations.silu(x)


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
    one_of("gelu: approximate", approximate, ("none", "tanh"))
    x = _real("gelu", x)
    return activations.gelu(x) if approximate == "none" else activations.tanh_gelu(x)


def mish(x: Any) -> Any:
    """x * tanh(softplus(x)), elementwise (Misra, 2019, arXiv:1908.08681).

    Raises:
        TypeError: x isn't real numbers.

    >>> from tensorgrad import Tensor
    >>> mish(Tensor([-1.0, 0.0, 1.0]))
    Tensor([-0.30340146  0.          0.86509839])
    """
    return activations.mish(_real("mish", x))


def softplus(x: Any, beta: float = 1.0, threshold: float | None = None) -> Any:
    """log(1 + exp(beta x)) / beta, elementwise, without overflow; a smooth relu.

    Args:
        beta: any number but 0; the larger, the nearer to relu.
        threshold: where beta x is larger, x itself, with the slope 1. None for the formula everywhere. (PyTorch's
            default is 20, where x differs from the formula by 2e-9.)

    Raises:
        ValueError: beta is 0 or no number, or threshold is none.
        TypeError: x isn't real numbers.

    >>> from tensorgrad import Tensor, softplus
    >>> softplus(Tensor([-1e4, 0.0, 1e4]))
    Tensor([0.00000000e+00 6.93147181e-01 1.00000000e+04])
    """
    x, beta = _real("softplus", x), real_number("softplus: beta", beta)
    if beta == 0:
        raise ValueError("softplus: beta must not be 0, which it divides by")
    end = None if threshold is None else real_number("softplus: threshold", threshold)
    return activations.softplus(x, end) if beta == 1 else activations.softplus(x * beta, end) / beta


def softsign(x: Any) -> Any:
    """x / (1 + |x|), elementwise.

    Raises:
        TypeError: x isn't real numbers.

    >>> softsign([-1.0, 0.0, 3.0])
    array([-0.5 ,  0.  ,  0.75])
    """
    return activations.softsign(_real("softsign", x))


def tanhshrink(x: Any) -> Any:
    """x - tanh(x), elementwise.

    Raises:
        TypeError: x isn't real numbers.

    >>> tanhshrink([0.0, 20.0])
    array([ 0., 19.])
    """
    x = _real("tanhshrink", x)
    return x - np.tanh(x)


def logsigmoid(x: Any) -> Any:
    """log(sigmoid(x)), elementwise, without overflow, and exact where sigmoid itself rounds to 0.

    Raises:
        TypeError: x isn't real numbers.

    >>> logsigmoid([-1e4, 0.0])
    array([-1.00000000e+04, -6.93147181e-01])
    """
    return activations.logsigmoid(_real("logsigmoid", x))


@dim_is_axis
def glu(x: Any, axis: int = -1) -> Any:
    """a * sigmoid(b), where a and b are the halves of x along an axis: a gated linear unit (Dauphin, Fan, Auli and
    Grangier, 2016, arXiv:1612.08083).

    Args:
        x: the axis has an even length; it is halved.
        axis: an int, also called `dim`.

    Raises:
        ValueError: the length is odd.
        numpy.exceptions.AxisError: x has no such axis.
        TypeError: x isn't real numbers, or axis isn't an int.

    >>> glu([[1.0, 2.0, 0.0, 1e4]])
    array([[0.5, 2. ]])
    """
    x = _real("glu", x)
    if not is_int(axis):
        raise TypeError(f"glu: axis must be an int, not {axis!r}")
    if not -x.ndim <= axis < x.ndim:
        raise np.exceptions.AxisError(f"glu: x of shape {x.shape} has no axis {axis}")
    if x.shape[axis] % 2:
        raise ValueError(f"glu: axis {axis} of x, which is halved, must have an even length, not that of {x.shape}")
    return activations.glu(x, int(axis))


# Made of an exponential and a line -----------------------------------------------------------------------------------

# So chosen that mean 0 and variance 1 are a fixed point (Klambauer et al., 2017, arXiv:1706.02515, equation 14).
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where x > 0, else alpha (exp(x) - 1), elementwise; its slope at 0 is alpha (Clevert, Unterthiner and
    Hochreiter, 2015, arXiv:1511.07289).

    Raises:
        ValueError: alpha isn't a number.
        TypeError: x isn't real numbers.

    >>> elu([-1e4, 0.0, 2.0])
    array([-1.,  0.,  2.])
    """
    return piecewise.elu(_real("elu", x), real_number("elu: alpha", alpha), 1.0, 1.0)


def selu(x: Any) -> Any:
    """1.0507 elu(x, alpha=1.6733), elementwise: the numbers are such that layers keep mean 0 and variance 1
    (Klambauer, Unterthiner, Mayr and Hochreiter, 2017, arXiv:1706.02515).

    Raises:
        TypeError: x isn't real numbers.

    >>> selu([-1e4, 0.0, 1.0])
    array([-1.75809934,  0.        ,  1.05070099])
    """
    return piecewise.elu(_real("selu", x), _SELU_ALPHA, _SELU_SCALE, 1.0)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """x where x > 0, else alpha (exp(x / alpha) - 1), elementwise: an `elu` whose slope at 0 is 1 (Barron, 2017,
    arXiv:1704.07483).

    Raises:
        ValueError: alpha is 0 or isn't a number.
        TypeError: x isn't real numbers.

    >>> celu([-1e4, 0.0, 2.0], alpha=0.5)
    array([-0.5,  0. ,  2. ])
    """
    x, alpha = _real("celu", x), real_number("celu: alpha", alpha)
    if alpha == 0:
        raise ValueError("celu: alpha must not be 0, which x is divided by")
    return piecewise.elu(x, alpha, 1.0, 1 / alpha)


# Made of constants and lines: with the slope of PyTorch's at a kink --------------------------------------------------


def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """x, but not below min_val or above max_val, elementwise; its slope at these two is 0.

    Raises:
        ValueError: min_val is larger than max_val, or one of them isn't a number.
        TypeError: x isn't real numbers.

    >>> hardtanh([-3.0, 0.5, 3.0])
    array([-1. ,  0.5,  1. ])
    """
    low, high = real_number("hardtanh: min_val", min_val), real_number("hardtanh: max_val", max_val)
    if low > high:
        raise ValueError(f"hardtanh: min_val={min_val!r} must not be larger than max_val={max_val!r}")
    return piecewise.hardtanh(_real("hardtanh", x), low, high)


def relu6(x: Any) -> Any:
    """min(max(x, 0), 6), elementwise; its slope at 0 and 6 is 0 (Krizhevsky, Convolutional deep belief networks on
    CIFAR-10, 2010).

    Raises:
        TypeError: x isn't real numbers.

    >>> relu6([-1.0, 3.0, 7.0])
    array([0., 3., 6.])
    """
    return piecewise.hardtanh(_real("relu6", x), 0.0, 6.0)


def hardsigmoid(x: Any) -> Any:
    """relu6(x + 3) / 6, elementwise: a sigmoid of three lines; its slope at -3 and 3 is 0.

    Raises:
        TypeError: x isn't real numbers.

    >>> hardsigmoid([-4.0, 0.0, 1.5])
    array([0.  , 0.5 , 0.75])
    """
    return piecewise.hardsigmoid(_real("hardsigmoid", x))


def hardswish(x: Any) -> Any:
    """x * hardsigmoid(x), elementwise; its slope at -3 is 0, and at 3 it is 1 (Howard et al., 2019, arXiv:1905.02244).

    Raises:
        TypeError: x isn't real numbers.

    >>> hardswish([-4.0, 1.5, 4.0])
    array([-0.   ,  1.125,  4.   ])
    """
    return piecewise.hardswish(_real("hardswish", x))


def threshold(x: Any, threshold: float, value: float) -> Any:
    """x where x > threshold, else the value, elementwise; its slope at the threshold is 0.

    Raises:
        ValueError: threshold or value isn't a number.
        TypeError: x isn't real numbers.

    >>> threshold([0.0, 1.0, 2.0], 1, -5)
    array([-5., -5.,  2.])
    """
    x, value = _real("threshold", x), real_number("threshold: value", value)
    return piecewise.threshold(x, real_number("threshold: threshold", threshold), value)


def softshrink(x: Any, lambd: float = 0.5) -> Any:
    """x moved by lambd towards 0, and no further, elementwise; its slope from -lambd to lambd is 0.

    Raises:
        ValueError: lambd isn't a number, or is negative.
        TypeError: x isn't real numbers.

    >>> softshrink([-2.0, 0.25, 2.0])
    array([-1.5,  0. ,  1.5])
    """
    return piecewise.softshrink(_real("softshrink", x), non_negative("softshrink: lambd", lambd))


def hardshrink(x: Any, lambd: float = 0.5) -> Any:
    """x, but 0 from -lambd to lambd, elementwise.

    Raises:
        ValueError: lambd isn't a number.
        TypeError: x isn't real numbers.

    >>> hardshrink([-2.0, 0.25, 2.0])
    array([-2.,  0.,  2.])
    """
    return piecewise.hardshrink(_real("hardshrink", x), real_number("hardshrink: lambd", lambd))


def prelu(x: Any, weight: Any) -> Any:
    """x where x > 0, else weight * x, elementwise: a `leaky_relu` that learns its slope (He, Zhang, Ren and Sun, 2015,
    arXiv:1502.01852).

    Args:
        x: any shape; with several weights (N, C, ...).
        weight: one number, of shape () or (1,), or one for each channel, (C,).

    Raises:
        ValueError: weight has another shape.
        TypeError: x or weight isn't real numbers.

    >>> from tensorgrad import Tensor
    >>> prelu(Tensor([[-1.0, -1.0], [2.0, 3.0]]), [0.25, 0.5])
    Tensor([[-0.25 -0.5 ]
            [ 2.    3.  ]])
    """
    x, weight = _real("prelu", x), as_numbers("prelu", "weight", weight, "f")
    if weight.shape not in ((), (1,), x.shape[1:2]):
        raise ValueError(
            f"prelu: weight must be one number, or one for each of the channels, axis 1 of x of shape {x.shape}; "
            f"it has the shape {weight.shape}"
        )
    return piecewise.prelu(x, np.reshape(weight, (-1,) + (1,) * (x.ndim - 2) if weight.size != 1 else ()))


def rrelu(x: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, *, rng: Any = None) -> Any:
    """x where x > 0, else a slope times x, elementwise (Xu, Wang, Chen and Li, 2015, arXiv:1505.00853).

    Args:
        lower, upper: between which the slopes are drawn, evenly, one for each number of x.
        training: False for the slope (lower + upper) / 2.
        rng: a `numpy.random.Generator`, which goes on with each call, and inside `vmap` with each example; or a seed,
            which gives the same each time.

    Raises:
        ValueError: lower or upper isn't a number, or lower is the larger.
        TypeError: x isn't real numbers, training isn't a bool, or rng neither a Generator nor a seed.

    >>> rrelu([-1.0, 2.0])
    array([-0.22916667,  2.        ])
    """
    x, rng = _real("rrelu", x), source("rrelu: rng", rng)
    low, high = real_number("rrelu: lower", lower), real_number("rrelu: upper", upper)
    if low > high:
        raise ValueError(f"rrelu: lower={lower!r} must not be larger than upper={upper!r}")
    if not yes_or_no("rrelu: training", training):
        return leaky_relu(x, (low + high) / 2)
    return piecewise.prelu(x, drawn(inside(x), rng, lambda rng, shape: rng.uniform(low, high, shape), x.ndim))
