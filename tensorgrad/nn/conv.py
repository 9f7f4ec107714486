"""Convolutions and their transposes, as `torch.nn` has them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from ..arguments import each_axis, floating_dtype, generator, one_of, positive_int, yes_or_no
from ..derivatives.arrays import as_numbers
from ..derivatives.convolution import transposed_size
from ..functions import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d
from ..functions.convolution import require_images, require_less, widths_of
from ..functions.padding import padded
from ..module import Module
from .init import uniform

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]


class _Filters(Module):
    """What a convolution and its transpose have in common."""

    axes: ClassVar[int]
    function: ClassVar[Callable[..., Any]]
    padding: Any

    def set_sizes(self, in_channels: Any, out_channels: Any, kernel_size: Any, stride: Any, dilation: Any,
                  groups: Any) -> None:  # fmt: skip
        name, axes = type(self).__name__, self.axes
        self.in_channels = positive_int(f"{name}: in_channels", in_channels)
        self.out_channels = positive_int(f"{name}: out_channels", out_channels)
        self.kernel_size = each_axis(f"{name}: kernel_size", kernel_size, axes, 1)
        self.stride = each_axis(f"{name}: stride", stride, axes, 1)
        self.dilation = each_axis(f"{name}: dilation", dilation, axes, 1)
        self.groups = positive_int(f"{name}: groups", groups)
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{name}: groups={groups} must divide in_channels={in_channels} and out_channels={out_channels}"
            )

    def make_parameters(self, first: int, second: int, bias: Any, rng: Any, dtype: Any) -> None:
        """weight of shape (first, second, *kernel_size) and bias, drawn evenly."""
        name = type(self).__name__
        rng, dtype = generator(f"{name}: rng", rng), floating_dtype(f"{name}: dtype", dtype)
        limit = 1 / math.sqrt(second * math.prod(self.kernel_size))
        self.weight = uniform((first, second, *self.kernel_size), limit, rng, dtype, "weight")
        has_bias = yes_or_no(f"{name}: bias", bias)
        self.bias = uniform((self.out_channels,), limit, rng, dtype, "bias") if has_bias else None

    def checked(self, x: Any) -> Any:
        x = as_numbers(type(self).__name__, "x", x)
        require_images(self, self.axes, x, self.in_channels)
        return x

    def extra_repr(self) -> str:
        none, one = (0,) * self.axes, (1,) * self.axes
        usual = {
            "padding": none,
            "dilation": one,
            "output_padding": none,
            "groups": 1,
            "bias": True,
            "padding_mode": "zeros",
        }
        given = {**usual, **vars(self), "bias": self.bias is not None}
        unusual = [f"{name}={given[name]!r}" for name, value in usual.items() if given[name] != value]
        sizes = [f"{self.in_channels}, {self.out_channels}", f"kernel_size={self.kernel_size}", f"stride={self.stride}"]
        return ", ".join(sizes + unusual)


# Convolutions --------------------------------------------------------------------------------------------------------


class _Convolution(_Filters):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        rng: Any = None,
        dtype: DTypeLike = np.float64,
    ):
        self.set_sizes(in_channels, out_channels, kernel_size, stride, dilation, groups)
        name = type(self).__name__
        self.widths = widths_of(name, padding, self.kernel_size, self.stride, self.dilation)
        self.padding = padding if isinstance(padding, str) else tuple(before for before, _ in self.widths)
        self.padding_mode = one_of(f"{name}: padding_mode", padding_mode, ("zeros", "reflect", "replicate", "circular"))
        self.make_parameters(self.out_channels, self.in_channels // self.groups, bias, rng, dtype)

    def forward(self, x: Any) -> Any:
        x, padding = self.checked(x), self.padding
        if self.padding_mode != "zeros":
            last_first = [width for pair in reversed(self.widths) for width in pair]
            x, padding = padded(type(self).__name__, x, last_first, self.padding_mode), 0
        return self.function(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv1d(_Convolution):
    """y[n, o, i] = bias[o] + sum_{c, k} weight[o, c, k] x[n, c, stride i + dilation k], as `torch.nn.Conv1d`.

    Args:
        in_channels, out_channels: how many channels x and y have.
        kernel_size, stride, dilation: an int.
        padding: how much longer x is made at both ends; 'valid' for nothing, 'same' for as much as gives y the length
            of x.
        groups: split the channels into this many groups, each with filters of its own.
        bias: whether a bias is added.
        padding_mode: what x is made longer by: 'zeros', 'reflect' (in a mirror), 'replicate' (the last number) or
            'circular' (from the other end).
        rng: a `numpy.random.Generator` or a seed. weight and bias are drawn evenly from -1 / sqrt(n) to 1 / sqrt(n),
            n = in_channels / groups * kernel_size.
        dtype: of the parameters, float64 or another floating one.

    Called with x of shape (N, in_channels, L) or (in_channels, L), it gives (N, out_channels, oL) or (out_channels,
    oL), oL = floor((L + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1. Its parameters are `weight` of shape
    (out_channels, in_channels / groups, kernel_size), and `bias` of shape (out_channels,), or None.

    Raises:
        ValueError: an argument out of range, or x has another shape or is too short.
        TypeError: bias isn't a bool, the dtype isn't floating, rng is neither a Generator nor a seed, x isn't numbers.

    >>> Conv1d(2, 4, 3, padding="same", rng=0)(np.ones((5, 2, 8))).shape
    (5, 4, 8)
    """

    axes, function = 1, staticmethod(conv1d)


class Conv2d(_Convolution):
    """Filters slide over images: y[n, o] = bias[o] + sum_c weight[o, c] * x[n, c], where * is a cross-correlation, as
    `torch.nn.Conv2d`. (LeCun et al., "Gradient-based learning applied to document recognition", 1998.)

    Args:
        in_channels, out_channels: how many channels x and y have.
        kernel_size, stride, dilation: an int, or a pair for height and width.
        padding: the same, how much wider x is made on all four sides; 'valid' for nothing, 'same' for as much as gives
            y the height and width of x.
        groups: split the channels into this many groups, each with filters of its own.
        bias: whether a bias is added.
        padding_mode: what x is made wider by: 'zeros', 'reflect' (in a mirror), 'replicate' (the last number) or
            'circular' (from the other end).
        rng: a `numpy.random.Generator` or a seed. weight and bias are drawn evenly from -1 / sqrt(n) to 1 / sqrt(n),
            n = in_channels / groups * kH * kW.
        dtype: of the parameters, float64 or another floating one.

    Called with x of shape (N, in_channels, H, W) or (in_channels, H, W), it gives (N, out_channels, oH, oW) or
    (out_channels, oH, oW), oH = floor((H + 2 padding - dilation (kH - 1) - 1) / stride) + 1, and oW alike. Its
    parameters are `weight` of shape (out_channels, in_channels / groups, kH, kW), and `bias` of shape (out_channels,),
    or None.

    Raises:
        ValueError: an argument out of range, or x has another shape or is too small.
        TypeError: bias isn't a bool, the dtype isn't floating, rng is neither a Generator nor a seed, x isn't numbers.

    >>> Conv2d(1, 4, 3, padding=1, rng=0)(np.ones((5, 1, 8, 8))).shape
    (5, 4, 8, 8)
    """

    axes, function = 2, staticmethod(conv2d)


class Conv3d(_Convolution):
    """`Conv2d` with a third axis, as `torch.nn.Conv3d`.

    Args:
        in_channels, out_channels: how many channels x and y have.
        kernel_size, stride, dilation: an int, or three for depth, height and width.
        padding: the same, how much wider x is made on all sides; 'valid' for nothing, 'same' for as much as gives y the
            lengths of x.
        groups: split the channels into this many groups, each with filters of its own.
        bias: whether a bias is added.
        padding_mode: what x is made wider by: 'zeros', 'reflect' (in a mirror), 'replicate' (the last number) or
            'circular' (from the other end).
        rng: a `numpy.random.Generator` or a seed. weight and bias are drawn evenly from -1 / sqrt(n) to 1 / sqrt(n),
            n = in_channels / groups * kD * kH * kW.
        dtype: of the parameters, float64 or another floating one.

    Called with x of shape (N, in_channels, D, H, W) or (in_channels, D, H, W), it gives (N, out_channels, oD, oH, oW)
    or (out_channels, oD, oH, oW), oD = floor((D + 2 padding - dilation (kD - 1) - 1) / stride) + 1, and the others
    alike. Its parameters are `weight` of shape (out_channels, in_channels / groups, kD, kH, kW), and `bias` of shape
    (out_channels,), or None.

    Raises:
        ValueError: an argument out of range, or x has another shape or is too small.
        TypeError: bias isn't a bool, the dtype isn't floating, rng is neither a Generator nor a seed, x isn't numbers.

    >>> Conv3d(1, 2, (1, 3, 3), stride=(1, 2, 2), rng=0)(np.ones((5, 1, 4, 9, 9))).shape
    (5, 2, 4, 4, 4)
    """

    axes, function = 3, staticmethod(conv3d)


# Transposed convolutions ---------------------------------------------------------------------------------------------


class _TransposedConvolution(_Filters):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        *,
        rng: Any = None,
        dtype: DTypeLike = np.float64,
    ):
        self.set_sizes(in_channels, out_channels, kernel_size, stride, dilation, groups)
        name = type(self).__name__
        self.padding = each_axis(f"{name}: padding", padding, self.axes, 0)
        self.output_padding = each_axis(f"{name}: output_padding", output_padding, self.axes, 0)
        require_less(name, self.output_padding, self.stride, self.dilation)
        self.padding_mode = one_of(f"{name}: padding_mode", padding_mode, ("zeros",))
        self.make_parameters(self.in_channels, self.out_channels // self.groups, bias, rng, dtype)

    def forward(self, x: Any, output_size: Any = None) -> Any:
        x = self.checked(x)
        more = self.output_padding if output_size is None else self.padding_for(output_size, x)
        return self.function(
            x, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation
        )  # fmt: skip

    def padding_for(self, output_size: Any, x: Any) -> tuple[int, ...]:
        """The output_padding that gives y these lengths."""
        name, axes = type(self).__name__, self.axes
        many = tuple(output_size) if isinstance(output_size, list | tuple) else output_size
        if isinstance(many, tuple) and len(many) == x.ndim:  # with those of the batch and the channels
            many = many[-axes:]
        size = each_axis(f"{name}: output_size", many, axes, 1)
        geometry = (self.stride, self.padding, self.dilation)
        least = list(transposed_size(x.shape[-axes:], self.kernel_size, geometry))
        if not all(0 <= n - m < s for n, m, s in zip(size, least, self.stride, strict=True)):
            most = [m + s - 1 for m, s in zip(least, self.stride, strict=True)]
            raise ValueError(
                f"{name}: output_size for x of shape {x.shape} must be from {least} to {most}, not {output_size!r}"
            )
        return tuple(n - m for n, m in zip(size, least, strict=True))


class ConvTranspose1d(_TransposedConvolution):
    """y[n, o, stride i + dilation k - padding] += weight[c, o, k] x[n, c, i] for all c, i and k, and bias[o], as
    `torch.nn.ConvTranspose1d`: the gradient of `Conv1d` by its input, which makes a signal longer.

    Args:
        in_channels, out_channels: how many channels x and y have.
        kernel_size, stride, dilation: an int.
        padding: how many places are cut off at both ends of y.
        output_padding: how many more of the last are kept; below stride or dilation.
        groups: split the channels into this many groups, each with filters of its own.
        bias: whether a bias is added.
        padding_mode: 'zeros', there is no other.
        rng: a `numpy.random.Generator` or a seed. weight and bias are drawn evenly from -1 / sqrt(n) to 1 / sqrt(n),
            n = out_channels / groups * kernel_size.
        dtype: of the parameters, float64 or another floating one.

    Called with x of shape (N, in_channels, L) or (in_channels, L), it gives (N, out_channels, oL) or (out_channels,
    oL), oL = (L - 1) stride - 2 padding + dilation (kernel_size - 1) + output_padding + 1. With `output_size`, an int
    or a list, output_padding is what gives that length. Its parameters are `weight` of shape (in_channels, out_channels
    / groups, kernel_size), and `bias` of shape (out_channels,), or None.

    Raises:
        ValueError: an argument out of range, x has another shape, or it can't give the output_size.
        TypeError: bias isn't a bool, the dtype isn't floating, rng is neither a Generator nor a seed, x isn't numbers.

    >>> ConvTranspose1d(4, 2, 3, stride=2, rng=0)(np.ones((5, 4, 8))).shape
    (5, 2, 17)
    """

    axes, function = 1, staticmethod(conv_transpose1d)


class ConvTranspose2d(_TransposedConvolution):
    """Each number of an image lays the filters, times itself, into a larger one, which adds up, as
    `torch.nn.ConvTranspose2d`: the gradient of `Conv2d` by its input (Zeiler et al., "Deconvolutional networks", 2010).

    Args:
        in_channels, out_channels: how many channels x and y have.
        kernel_size, stride, dilation: an int, or a pair for height and width.
        padding: the same, how many places are cut off on all four sides of y.
        output_padding: the same, how many more of the last are kept; below stride or dilation.
        groups: split the channels into this many groups, each with filters of its own.
        bias: whether a bias is added.
        padding_mode: 'zeros', there is no other.
        rng: a `numpy.random.Generator` or a seed. weight and bias are drawn evenly from -1 / sqrt(n) to 1 / sqrt(n),
            n = out_channels / groups * kH * kW.
        dtype: of the parameters, float64 or another floating one.

    Called with x of shape (N, in_channels, H, W) or (in_channels, H, W), it gives (N, out_channels, oH, oW) or
    (out_channels, oH, oW), oH = (H - 1) stride - 2 padding + dilation (kH - 1) + output_padding + 1, and oW alike. With
    `output_size`, an int or a list, output_padding is what gives these lengths. Its parameters are `weight` of shape
    (in_channels, out_channels / groups, kH, kW), and `bias` of shape (out_channels,), or None.

    Raises:
        ValueError: an argument out of range, x has another shape, or it can't give the output_size.
        TypeError: bias isn't a bool, the dtype isn't floating, rng is neither a Generator nor a seed, x isn't numbers.

    >>> up = ConvTranspose2d(4, 2, 3, stride=2, padding=1, rng=0)
    >>> up(np.ones((5, 4, 8, 8))).shape
    (5, 2, 15, 15)
    >>> up(np.ones((5, 4, 8, 8)), output_size=(16, 16)).shape
    (5, 2, 16, 16)
    """

    axes, function = 2, staticmethod(conv_transpose2d)


class ConvTranspose3d(_TransposedConvolution):
    """`ConvTranspose2d` with a third axis, as `torch.nn.ConvTranspose3d`.

    Args:
        in_channels, out_channels: how many channels x and y have.
        kernel_size, stride, dilation: an int, or three for depth, height and width.
        padding: the same, how many places are cut off on all sides of y.
        output_padding: the same, how many more of the last are kept; below stride or dilation.
        groups: split the channels into this many groups, each with filters of its own.
        bias: whether a bias is added.
        padding_mode: 'zeros', there is no other.
        rng: a `numpy.random.Generator` or a seed. weight and bias are drawn evenly from -1 / sqrt(n) to 1 / sqrt(n),
            n = out_channels / groups * kD * kH * kW.
        dtype: of the parameters, float64 or another floating one.

    Called with x of shape (N, in_channels, D, H, W) or (in_channels, D, H, W), it gives (N, out_channels, oD, oH, oW)
    or (out_channels, oD, oH, oW), oD = (D - 1) stride - 2 padding + dilation (kD - 1) + output_padding + 1, and the
    others alike. With `output_size`, an int or a list, output_padding is what gives these lengths. Its parameters are
    `weight` of shape (in_channels, out_channels / groups, kD, kH, kW), and `bias` of shape (out_channels,), or None.

    Raises:
        ValueError: an argument out of range, x has another shape, or it can't give the output_size.
        TypeError: bias isn't a bool, the dtype isn't floating, rng is neither a Generator nor a seed, x isn't numbers.

    >>> ConvTranspose3d(4, 2, 2, stride=2, rng=0)(np.ones((5, 4, 3, 4, 5))).shape
    (5, 2, 6, 8, 10)
    """

    axes, function = 3, staticmethod(conv_transpose3d)
