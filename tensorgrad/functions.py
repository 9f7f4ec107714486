"""Functions that NumPy has no name for: activations, the sums of exponentials behind a softmax, and convolution.

Each takes a Tensor or an array: a Tensor is recorded, an array gives an array. Those that PyTorch has as methods are
methods of Tensor too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .arguments import is_int
from .derivatives.activations import leaky_relu, normal_cdf, relu, sigmoid, softplus, tanh_cdf
from .derivatives.arrays import as_numbers
from .derivatives.convolution import correlate, output_size
from .derivatives.products import linear as linear_of_arrays
from .derivatives.softmax import log_softmax, logsumexp, softmax
from .errors import explained
from .tensor import Tensor

__all__ = [
    "relu", "leaky_relu", "sigmoid", "softplus", "silu", "gelu", "tanh", "softmax", "log_softmax", "logsumexp",
    "linear", "conv2d",
]  # fmt: skip

# Activations made of others ------------------------------------------------------------------------------------------


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


# A layer -------------------------------------------------------------------------------------------------------------


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


# Convolution ---------------------------------------------------------------------------------------------------------

_LARGEST = 2**31 - 1  # stride, padding or dilation: what is added up of them is a C integer still


def _pair(name: str, value: Any, least: int) -> tuple[int, int]:
    pair = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(pair) != 2 or not all(is_int(v) and least <= v <= _LARGEST for v in pair):
        raise ValueError(f"conv2d: {name} must be an int from {least} to {_LARGEST}, or a pair of them, not {value!r}")
    return int(pair[0]), int(pair[1])


def _check_convolution(x: Any, weight: Any, bias: Any, geometry: tuple) -> None:
    _, padding, _, groups = geometry
    if x.ndim != 4 or weight.ndim != 4:
        raise ValueError(
            f"conv2d: x must be (N, C, H, W) and weight (out, C / groups, kH, kW), not {x.shape} and {weight.shape}; "
            f"expand_dims gives a single image its N"
        )
    if not weight.size:
        raise ValueError(
            f"conv2d: there is nothing in the filters of shape {weight.shape}; each length must be positive"
        )
    if x.shape[1] % groups or weight.shape[0] % groups:
        raise ValueError(
            f"conv2d: groups={groups!r} must divide the {x.shape[1]} channels of x and the {weight.shape[0]} of y"
        )
    if x.shape[1] != weight.shape[1] * groups:
        raise ValueError(
            f"conv2d: x of shape {x.shape} has {x.shape[1]} channels, but weight of shape {weight.shape} with "
            f"groups={groups} takes {weight.shape[1] * groups}"
        )
    if min(output_size(x.shape[2:], weight.shape[2:], geometry)) < 1:
        raise ValueError(
            f"conv2d: the filters of shape {weight.shape} are larger than x of shape {x.shape}, padded by {padding}"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(
            f"conv2d: bias must have the shape {weight.shape[:1]}, one number an output channel, not {bias.shape}"
        )


def conv2d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """Slide filters over images: at each place, the sum of the products of what lies under the filter.

    Args:
        x: (N, C, H, W) images.
        weight: (out, C / groups, kH, kW) filters.
        bias: (out,), or None.
        stride, padding, dilation: an int, or a pair for height and width; zeros are padded on all four sides.
        groups: split the channels into this many groups, each with filters of its own.

    Returns:
        (N, out, oH, oW) with oH = floor((H + 2 padding - dilation (kH - 1) - 1) / stride) + 1, and oW alike, as
        `torch.nn.functional.conv2d`.

    Raises:
        ValueError: shapes that don't fit, or a stride, padding, dilation or groups out of range.
        TypeError: x, weight or bias aren't numbers.

    >>> from tensorgrad import Tensor, conv2d
    >>> conv2d(np.ones((1, 1, 4, 4)), Tensor(np.ones((2, 1, 3, 3))), padding=1).shape
    (1, 2, 4, 4)
    """
    x, weight = as_numbers("conv2d", "x", x), as_numbers("conv2d", "weight", weight)
    bias = None if bias is None else as_numbers("conv2d", "bias", bias)
    if not is_int(groups) or groups < 1:
        raise ValueError(f"conv2d: groups must be a positive int, not {groups!r}")
    geometry = (_pair("stride", stride, 1), _pair("padding", padding, 0), _pair("dilation", dilation, 1), int(groups))
    _check_convolution(x, weight, bias, geometry)
    y = correlate(x, weight, geometry)
    return y if bias is None else y + np.reshape(bias, (-1, 1, 1))
