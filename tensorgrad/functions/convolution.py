"""Convolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import is_int
from ..derivatives.arrays import as_numbers
from ..derivatives.convolution import correlate, output_size

__all__ = ["conv2d"]

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
