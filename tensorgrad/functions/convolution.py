"""Convolution in one, two and three dimensions, its transpose, and windows as columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import each_axis, one_of, positive_int
from ..derivatives import convolution as rules
from ..derivatives.arrays import as_numbers
from ..derivatives.convolution import correlate, input_gradient, output_size, transposed_size

__all__ = [
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "unfold", "fold",
]  # fmt: skip

_AXES = {1: "L", 2: "H, W", 3: "D, H, W"}
_KERNEL = {1: "k", 2: "kH, kW", 3: "kD, kH, kW"}


# What arguments must be ----------------------------------------------------------------------------------------------


def require_images(name: object, axes: int, x: Any, channels: int | None = None) -> None:
    """An error, if x is neither (N, C, ...) nor one image, (C, ...). `name` may be a layer, which the error shows."""
    if x.ndim not in (axes + 1, axes + 2) or channels not in (None, x.shape[-axes - 1]):
        c = "C" if channels is None else channels
        raise ValueError(f"{name}: x must be (N, {c}, {_AXES[axes]}) or ({c}, {_AXES[axes]}), not {x.shape}")


def batch_of(name: str, axes: int, x: Any) -> tuple[Any, bool]:
    """x as (N, C, ...), and whether it was one image, (C, ...), without N."""
    require_images(name, axes, x)
    alone = x.ndim == axes + 1
    return (np.expand_dims(x, 0) if alone else x), alone


def _checked(name: str, axes: int, x: Any, weight: Any, bias: Any, groups: Any, transposed: bool) -> tuple:
    """x, weight and bias as arrays that fit together, whether x was one image, and groups."""
    x, weight = as_numbers(name, "x", x), as_numbers(name, "weight", weight)
    bias = None if bias is None else as_numbers(name, "bias", bias)
    groups = positive_int(f"{name}: groups", groups)
    layout = "(in, out / groups, " if transposed else "(out, in / groups, "
    x, alone = batch_of(name, axes, x)
    if weight.ndim != axes + 2 or not weight.size:
        raise ValueError(
            f"{name}: weight must be {layout}{_KERNEL[axes]}), with no length of 0, not of shape {weight.shape}"
        )
    inside, outside = (weight.shape[0], weight.shape[1] * groups)[:: 1 if transposed else -1]
    if weight.shape[0] % groups or x.shape[1] % groups:
        raise ValueError(
            f"{name}: groups={groups} must divide the {x.shape[1]} channels of x, and the first length of weight, "
            f"{weight.shape[0]}"
        )
    if x.shape[1] != inside:
        raise ValueError(
            f"{name}: x of shape {x.shape} has {x.shape[1]} channels, but weight of shape {weight.shape} with "
            f"groups={groups} takes {inside}"
        )
    if bias is not None and bias.shape != (outside,):
        raise ValueError(
            f"{name}: bias must have the shape {(outside,)}, one number an output channel, not {bias.shape}"
        )
    return x, weight, bias, alone, groups


def _require_places(name: str, x: Any, kernel: tuple[int, ...], geometry: tuple) -> None:
    """An error, if filters of these lengths have no place in x."""
    if min(output_size(x.shape[2:], kernel, geometry)) < 1:
        raise ValueError(
            f"{name}: the filters of lengths {kernel}, with dilation {geometry[2]}, are larger than x of shape "
            f"{x.shape}, padded by {geometry[1]}"
        )


# Convolution ---------------------------------------------------------------------------------------------------------


def widths_of(name: str, padding: Any, kernel: tuple[int, ...], stride: tuple, dilation: tuple) -> list[tuple]:
    """How many zeros are put before and after each axis. 'same' are so many that a result is as long as x, dilation
    (k - 1) in all, and the odd one comes after."""
    if not isinstance(padding, str):
        return [(p, p) for p in each_axis(f"{name}: padding", padding, len(kernel), 0)]
    one_of(f"{name}: padding, if it isn't ints,", padding, ("same", "valid"))
    if padding == "same" and set(stride) != {1}:
        raise ValueError(f"{name}: with padding='same' stride must be 1, not {stride}")
    total = [d * (k - 1) if padding == "same" else 0 for k, d in zip(kernel, dilation, strict=True)]
    return [(n // 2, n - n // 2) for n in total]


def _conv(name: str, axes: int, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any,
          groups: Any) -> Any:  # fmt: skip
    x, weight, bias, alone, groups = _checked(name, axes, x, weight, bias, groups, transposed=False)
    kernel = weight.shape[2:]
    stride = each_axis(f"{name}: stride", stride, axes, 1)
    dilation = each_axis(f"{name}: dilation", dilation, axes, 1)
    widths = widths_of(name, padding, kernel, stride, dilation)
    if any(before != after for before, after in widths):  # for filters of even lengths
        x = np.pad(x, [(0, 0), (0, 0), *[(0, after - before) for before, after in widths]])
    geometry = (stride, tuple(before for before, _ in widths), dilation, groups)
    _require_places(name, x, kernel, geometry)
    y = correlate(x, weight, bias, geometry)
    return y[0] if alone else y


def conv1d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """Slide filters along signals: y[n, o, i] = bias[o] + sum_{c, k} weight[o, c, k] x[n, c, stride i + dilation k].

    Args:
        x: (N, C, L) signals, or one, (C, L).
        weight: (out, C / groups, k) filters.
        bias: (out,), or None.
        stride, dilation: an int.
        padding: how many zeros stand at both ends, 'valid' for none, or 'same' for as many as give y the length of x.
        groups: split the channels into this many groups, each with filters of its own.

    Returns:
        (N, out, oL) with oL = floor((L + 2 padding - dilation (k - 1) - 1) / stride) + 1, or (out, oL), as
        `torch.nn.functional.conv1d`.

    Raises:
        ValueError: shapes that don't fit, or a stride, padding, dilation or groups out of range.
        TypeError: x, weight or bias aren't numbers.

    >>> from tensorgrad.functions import conv1d
    >>> conv1d(np.array([[1.0, 2.0, 4.0, 8.0]]), np.array([[[-1.0, 1.0]]]))
    array([[1., 2., 4.]])
    """
    return _conv("conv1d", 1, x, weight, bias, stride, padding, dilation, groups)


def conv2d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """Slide filters over images: at each place, the sum of the products of what lies under the filter.

    Args:
        x: (N, C, H, W) images, or one, (C, H, W).
        weight: (out, C / groups, kH, kW) filters.
        bias: (out,), or None.
        stride, dilation: an int, or a pair for height and width.
        padding: the same, how many zeros stand on all four sides; 'valid' for none, or 'same' for as many as give y
            the height and width of x.
        groups: split the channels into this many groups, each with filters of its own.

    Returns:
        (N, out, oH, oW) with oH = floor((H + 2 padding - dilation (kH - 1) - 1) / stride) + 1, and oW alike, or
        (out, oH, oW), as `torch.nn.functional.conv2d`.

    Raises:
        ValueError: shapes that don't fit, or a stride, padding, dilation or groups out of range.
        TypeError: x, weight or bias aren't numbers.

    >>> from tensorgrad import Tensor, conv2d
    >>> conv2d(np.ones((1, 1, 4, 4)), Tensor(np.ones((2, 1, 3, 3))), padding=1).shape
    (1, 2, 4, 4)
    """
    return _conv("conv2d", 2, x, weight, bias, stride, padding, dilation, groups)


def conv3d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """Slide filters through volumes, or the frames of films: `conv2d` with a third axis.

    Args:
        x: (N, C, D, H, W) volumes, or one, (C, D, H, W).
        weight: (out, C / groups, kD, kH, kW) filters.
        bias: (out,), or None.
        stride, dilation: an int, or three for depth, height and width.
        padding: the same, how many zeros stand on all sides; 'valid' for none, or 'same' for as many as give y the
            lengths of x.
        groups: split the channels into this many groups, each with filters of its own.

    Returns:
        (N, out, oD, oH, oW) with oD = floor((D + 2 padding - dilation (kD - 1) - 1) / stride) + 1, and the others
        alike, or (out, oD, oH, oW), as `torch.nn.functional.conv3d`.

    Raises:
        ValueError: shapes that don't fit, or a stride, padding, dilation or groups out of range.
        TypeError: x, weight or bias aren't numbers.

    >>> from tensorgrad import Tensor
    >>> from tensorgrad.functions import conv3d
    >>> conv3d(np.ones((1, 1, 4, 4, 4)), Tensor(np.ones((2, 1, 3, 3, 3))), padding="same").shape
    (1, 2, 4, 4, 4)
    """
    return _conv("conv3d", 3, x, weight, bias, stride, padding, dilation, groups)


# Its transpose -------------------------------------------------------------------------------------------------------


def require_less(name: str, output_padding: tuple, stride: tuple, dilation: tuple) -> None:
    if any(m >= max(s, d) for m, s, d in zip(output_padding, stride, dilation, strict=True)):
        raise ValueError(
            f"{name}: output_padding must be smaller than stride or dilation, not {output_padding} with stride "
            f"{stride} and dilation {dilation}"
        )


def _conv_transpose(name: str, axes: int, x: Any, weight: Any, bias: Any, stride: Any, padding: Any,
                    output_padding: Any, groups: Any, dilation: Any) -> Any:  # fmt: skip
    """The gradient of the convolution with these filters by its images, where x is the gradient that arrives."""
    x, weight, bias, alone, groups = _checked(name, axes, x, weight, bias, groups, transposed=True)
    kernel = weight.shape[2:]
    stride = each_axis(f"{name}: stride", stride, axes, 1)
    padding = each_axis(f"{name}: padding", padding, axes, 0)
    more = each_axis(f"{name}: output_padding", output_padding, axes, 0)
    dilation = each_axis(f"{name}: dilation", dilation, axes, 1)
    require_less(name, more, stride, dilation)
    if any(m >= s for m, s in zip(more, stride, strict=True)):  # a place more, with nothing in it
        x = np.pad(x, [(0, 0), (0, 0), *[(0, m // s) for m, s in zip(more, stride, strict=True)]])
        more = tuple(m % s for m, s in zip(more, stride, strict=True))
    geometry = (stride, padding, dilation, groups)
    size = tuple(n + m for n, m in zip(transposed_size(x.shape[2:], kernel, geometry), more, strict=True))
    if min(size) < 1:
        raise ValueError(
            f"{name}: there is nothing left of the result: x of shape {x.shape} with filters of lengths {kernel} and "
            f"padding {padding} gives lengths {size}"
        )
    y = input_gradient(x, weight, size, geometry)
    y = y if bias is None else y + np.reshape(bias, (-1, *(1,) * axes))
    return y[0] if alone else y


def conv_transpose1d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: int = 1,
    dilation: Any = 1,
) -> Any:  # fmt: skip
    """The transpose of `conv1d`: each number of a signal lays the filters, times itself, into a longer one, which adds
    up: y[n, o, stride i + dilation k - padding] += weight[c, o, k] x[n, c, i].

    It is the gradient of `conv1d` by its signals (Zeiler et al., "Deconvolutional networks", 2010).

    Args:
        x: (N, C, L) signals, or one, (C, L).
        weight: (C, out / groups, k) filters.
        bias: (out,), or None.
        stride, dilation: an int.
        padding: how many places are cut off at both ends of y.
        output_padding: how many more of the last are kept; below stride or dilation.
        groups: split the channels into this many groups, each with filters of its own.

    Returns:
        (N, out, oL) with oL = (L - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1, or (out, oL), as
        `torch.nn.functional.conv_transpose1d`.

    Raises:
        ValueError: shapes that don't fit, or a stride, padding, output_padding, dilation or groups out of range.
        TypeError: x, weight or bias aren't numbers.

    >>> from tensorgrad.functions import conv_transpose1d
    >>> conv_transpose1d(np.array([[1.0, 0.0, 2.0]]), np.array([[[1.0, 2.0, 3.0]]]), stride=2)
    array([[1., 2., 3., 0., 2., 4., 6.]])
    """
    return _conv_transpose("conv_transpose1d", 1, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: int = 1,
    dilation: Any = 1,
) -> Any:  # fmt: skip
    """The transpose of `conv2d`: each number of an image lays the filters, times itself, into a larger one, which adds
    up.

    It is the gradient of `conv2d` by its images (Zeiler et al., "Deconvolutional networks", 2010).

    Args:
        x: (N, C, H, W) images, or one, (C, H, W).
        weight: (C, out / groups, kH, kW) filters.
        bias: (out,), or None.
        stride, dilation: an int, or a pair for height and width.
        padding: the same, how many places are cut off on all four sides of y.
        output_padding: the same, how many more of the last are kept; below stride or dilation.
        groups: split the channels into this many groups, each with filters of its own.

    Returns:
        (N, out, oH, oW) with oH = (H - 1) stride - 2 padding + dilation (kH - 1) + output_padding + 1, and oW alike, or
        (out, oH, oW), as `torch.nn.functional.conv_transpose2d`.

    Raises:
        ValueError: shapes that don't fit, or a stride, padding, output_padding, dilation or groups out of range.
        TypeError: x, weight or bias aren't numbers.

    >>> from tensorgrad import Tensor
    >>> from tensorgrad.functions import conv_transpose2d
    >>> conv_transpose2d(np.ones((1, 2, 4, 4)), Tensor(np.ones((2, 3, 3, 3))), stride=2, padding=1).shape
    (1, 3, 7, 7)
    """
    return _conv_transpose("conv_transpose2d", 2, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: int = 1,
    dilation: Any = 1,
) -> Any:  # fmt: skip
    """The transpose of `conv3d`: `conv_transpose2d` with a third axis.

    Args:
        x: (N, C, D, H, W) volumes, or one, (C, D, H, W).
        weight: (C, out / groups, kD, kH, kW) filters.
        bias: (out,), or None.
        stride, dilation: an int, or three for depth, height and width.
        padding: the same, how many places are cut off on all sides of y.
        output_padding: the same, how many more of the last are kept; below stride or dilation.
        groups: split the channels into this many groups, each with filters of its own.

    Returns:
        (N, out, oD, oH, oW) with oD = (D - 1) stride - 2 padding + dilation (kD - 1) + output_padding + 1, and the
        others alike, or (out, oD, oH, oW), as `torch.nn.functional.conv_transpose3d`.

    Raises:
        ValueError: shapes that don't fit, or a stride, padding, output_padding, dilation or groups out of range.
        TypeError: x, weight or bias aren't numbers.

    >>> from tensorgrad import Tensor
    >>> from tensorgrad.functions import conv_transpose3d
    >>> conv_transpose3d(np.ones((2, 4, 4, 4)), Tensor(np.ones((2, 3, 2, 2, 2))), stride=2).shape
    (3, 8, 8, 8)
    """
    return _conv_transpose("conv_transpose3d", 3, x, weight, bias, stride, padding, output_padding, groups, dilation)


# Windows as columns --------------------------------------------------------------------------------------------------


def _window_geometry(name: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> tuple[tuple, tuple]:
    kernel = each_axis(f"{name}: kernel_size", kernel_size, 2, 1)
    stride = each_axis(f"{name}: stride", stride, 2, 1)
    padding = each_axis(f"{name}: padding", padding, 2, 0)
    return kernel, (stride, padding, each_axis(f"{name}: dilation", dilation, 2, 1), 1)


def unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """The windows that a filter sees as it slides over images, each as a column: a convolution is the product of its
    filters, as rows, with them.

    Args:
        x: (N, C, H, W) images, or one, (C, H, W).
        kernel_size: the height and width of the windows, an int or a pair.
        dilation, padding, stride: an int or a pair, as of `conv2d`.

    Returns:
        (N, C kH kW, L) for L places, row by row, or (C kH kW, L), as `torch.nn.functional.unfold`.

    Raises:
        ValueError: a shape that doesn't fit, or a kernel_size, dilation, padding or stride out of range.
        TypeError: x isn't numbers.

    >>> from tensorgrad.functions import unfold
    >>> unfold(np.arange(6.0).reshape(1, 2, 3), (2, 2))
    array([[0., 1.],
           [1., 2.],
           [3., 4.],
           [4., 5.]])
    """
    return unfolded("unfold", x, kernel_size, dilation, padding, stride)


def unfolded(name: str, x: Any, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> Any:
    """`unfold`, in the name of the function or layer that errors are to speak of."""
    kernel, geometry = _window_geometry(name, kernel_size, dilation, padding, stride)
    x, alone = batch_of(name, 2, as_numbers(name, "x", x))
    _require_places(name, x, kernel, geometry)
    y = rules.unfold(x, kernel, geometry)
    return y[0] if alone else y


def fold(x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Columns back in their places in images, where windows that overlap are added up: the transpose of `unfold`.

    Args:
        x: (N, C kH kW, L), or (C kH kW, L): L windows, row by row.
        output_size: the height and width of the images, an int or a pair.
        kernel_size: the height and width of the windows, an int or a pair.
        dilation, padding, stride: an int or a pair, as of `conv2d`.

    Returns:
        (N, C, H, W), or (C, H, W), as `torch.nn.functional.fold`.

    Raises:
        ValueError: a shape that doesn't fit, or an output_size, kernel_size, dilation, padding or stride out of range.
        TypeError: x isn't numbers.

    >>> from tensorgrad.functions import fold
    >>> fold(np.ones((4, 2)), (2, 3), (2, 2))
    array([[[1., 2., 1.],
            [1., 2., 1.]]])
    """
    return folded("fold", x, output_size, kernel_size, dilation, padding, stride)


def folded(name: str, x: Any, output_size: Any, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> Any:
    """`fold`, in the name of the function or layer that errors are to speak of."""
    kernel, geometry = _window_geometry(name, kernel_size, dilation, padding, stride)
    size = each_axis(f"{name}: output_size", output_size, 2, 1)
    x = as_numbers(name, "x", x)
    if x.ndim not in (2, 3) or x.shape[-2] % (kernel[0] * kernel[1]) or not x.shape[-2]:
        raise ValueError(
            f"{name}: x must be (N, C kH kW, L) or (C kH kW, L) for windows of {kernel[0]} x {kernel[1]}, not {x.shape}"
        )
    places = rules.output_size(size, kernel, geometry)
    if min(places) < 1 or x.shape[-1] != places[0] * places[1]:
        raise ValueError(
            f"{name}: x of shape {x.shape} has {x.shape[-1]} windows, but images of output_size={size} have "
            f"{' x '.join(str(max(n, 0)) for n in places)} with kernel_size={kernel}, stride={geometry[0]}, "
            f"padding={geometry[1]} and dilation={geometry[2]}"
        )
    alone = x.ndim == 2
    y = rules.fold(np.expand_dims(x, 0) if alone else x, size, kernel, geometry)
    return y[0] if alone else y
